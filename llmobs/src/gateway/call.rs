//! One call of a model that passes through the gateway, from the arrival of the request to the head of the response.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::header::CONTENT_ENCODING;
use http::header::CONTENT_LENGTH;
use http::header::CONTENT_TYPE;
use http::request;
use http::response;
use http_body::Body;

use super::denial::Denial;
use super::endpoint::ModelEndpoint;
use super::response_body::ResponseBody;
use super::settings::GatewaySettings;
use super::settings::UsageFrames;
use crate::clock::Moment;
use crate::observer::Operation;
use crate::observer::Start;
use crate::observer::request_arrival;
use crate::semconv::value::ErrorType;
use crate::semconv::value::OperationName;
use crate::sse::Decoder;
use crate::sse::Dialect;
use crate::sse::RequestSummary;
use crate::sse::UsageFrameFilter;
use crate::sse::WholeResponse;
use crate::sse::parse_request;
use crate::sse::request_stream_usage;
use crate::tower::TenantSource;
use crate::tower::content_length;

/// A call whose request is being read. If it is dropped before [`start`](Self::start), because the caller left or a
/// time limit passed, its operation is cancelled.
pub(super) struct PendingCall {
    settings: Arc<GatewaySettings>,
    endpoint: ModelEndpoint,
    /// The arrival of the request's head.
    arrived_at: Moment,
    /// The tenant that the request names.
    tenant: Option<Arc<str>>,
    is_started: bool,
}

impl Drop for PendingCall {
    fn drop(&mut self) {
        if !self.is_started {
            drop(self.start_builder(&RequestSummary::default()).start());
        }
    }
}

/// A call whose operation has started.
pub(super) struct RunningCall {
    pub(super) operation: Operation,
    endpoint: ModelEndpoint,
    /// Set if the usage frame is to be removed from the response.
    removes_usage: bool,
    /// The error of the request's body, if it ended early.
    request_error: Option<ErrorType>,
}

impl PendingCall {
    /// Returns the call of a request; `None` if the request calls no model or the observer is disabled.
    pub(super) fn new(settings: &Arc<GatewaySettings>, head: &request::Parts) -> Option<Self> {
        if !settings.observer.is_enabled() {
            return None;
        }
        let endpoint = (settings.endpoint)(head)?;
        let arrived_at = settings.observer.now();
        let tenant = TenantSource::request_tenant(settings.tenant.as_ref(), &settings.observer, head);
        Some(Self { settings: Arc::clone(settings), endpoint, arrived_at, tenant, is_started: false })
    }

    /// Returns the number of bytes of the request that are read before it is passed on.
    pub(super) fn max_request_bytes(&self) -> usize {
        self.settings.max_request_bytes
    }

    /// Starts the operation of a request with these parameters, unless a budget rejects it.
    fn start_operation(&self, request: &RequestSummary) -> Result<Operation, Denial> {
        let start = self.start_builder(request);
        #[cfg(feature = "cost")]
        if self.settings.denies_over_budget {
            let date = self.settings.observer.date();
            return start.try_start().map_err(|exceeded| Denial { retry_after: exceeded.retry_after(date) });
        }
        Ok(start.start())
    }

    /// Returns the builder of the operation of a request with these parameters.
    fn start_builder<'a>(&'a self, request: &'a RequestSummary) -> Start<'a> {
        let endpoint = &self.endpoint;
        let model = request.model.as_deref().or(endpoint.model.as_deref()).unwrap_or_default();
        let mut start = request.apply_to(self.settings.observer.operation(endpoint.operation.clone(), model));
        if let Some(provider) = endpoint.provider.clone() {
            start = start.provider(provider);
        }
        if let Some(tenant) = &self.tenant {
            start = start.tenant(&**tenant);
        }
        if self.settings.late_provider {
            start = start.late_provider();
        }
        // The server layer knows the arrival better, if there is one.
        if request_arrival().is_none() {
            start = start.started_at(self.arrived_at);
        }
        start
    }

    /// Starts the operation of a request with this body, adds its marker to the request's extensions, and returns the
    /// body that the inner service receives. Returns an error if a budget rejects the request. `is_complete`: whether the
    /// body was read to its end.
    pub(super) fn start(
        mut self,
        head: &mut request::Parts,
        body: Bytes,
        is_complete: bool,
        request_error: Option<ErrorType>,
    ) -> Result<(RunningCall, Bytes), Denial> {
        self.is_started = true;
        let mut request = parse_request(if is_encoded(&head.headers) { &[] } else { &body });
        request.stream = self.endpoint.is_stream_requested(request.stream);
        let operation = self.start_operation(&request)?;
        let endpoint = self.endpoint.clone();
        #[cfg(feature = "content")]
        if is_complete && endpoint.operation != OperationName::Embeddings {
            operation.marker().input(|| crate::sse::parse_input(endpoint.dialect, &body));
        }
        head.extensions.insert(operation.marker().clone());
        let mut call = RunningCall { operation, endpoint, removes_usage: false, request_error };
        let option = self.settings.usage_frames.filter(|_| is_complete && call.may_request_usage(&request));
        let Some((frames, edited)) = option.and_then(|frames| Some((frames, request_stream_usage(&body)?))) else {
            return Ok((call, body));
        };
        if head.headers.contains_key(CONTENT_LENGTH) {
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from(edited.len()));
        }
        call.removes_usage = frames == UsageFrames::Removed;
        Ok((call, edited.into()))
    }
}

impl RunningCall {
    /// Returns whether the request is one for a stream of OpenAI's format that has the option of usage.
    fn may_request_usage(&self, request: &RequestSummary) -> bool {
        let ModelEndpoint { operation, dialect, .. } = &self.endpoint;
        let has_option = matches!(operation, OperationName::Chat | OperationName::TextCompletion);
        // The Responses API, whose requests have an input, always reports the usage, and has no such option.
        *dialect == Dialect::OpenAi && has_option && request.stream == Some(true) && !request.has_input
    }

    /// Ends the operation after an error of the inner service: by the error of the request's body, which the service
    /// could not read either, else as `failed` by the upstream.
    pub(super) fn end_without_response(self) {
        match self.request_error {
            Some(error) => self.operation.end_with_error(error),
            None => self.operation.fail(ErrorType::Upstream),
        }
    }

    /// Returns the body of a response, with which the operation ends. Removes the declared length of a response from
    /// which the usage frame is removed.
    pub(super) fn into_response<B: Body<Data = Bytes>>(self, head: &mut response::Parts, body: B) -> ResponseBody<B> {
        let status = head.status.as_u16();
        if let Some(error) = self.request_error {
            self.operation.end_with_error(error);
            return ResponseBody::unobserved(body);
        }
        let content_length = content_length(&head.headers);
        let is_encoded = is_encoded(&head.headers);
        if status >= 400 || is_encoded || !self.is_stream(&head.headers) {
            let response = WholeResponse::new(self.operation, self.endpoint.dialect);
            let response = if is_encoded { response.unread() } else { response };
            return ResponseBody::whole(response, status, content_length, body);
        }
        let decoder = Decoder::new(self.endpoint.dialect);
        let decoder = content_length.into_iter().fold(decoder, Decoder::content_length);
        let filter = self.removes_usage.then(|| Box::new(UsageFrameFilter::default()));
        if filter.is_some() {
            head.headers.remove(CONTENT_LENGTH);
        }
        ResponseBody::streamed(self.operation, decoder, body, filter)
    }

    /// Returns whether a response is a stream: server-sent events, lines of JSON, or the JSON array of Gemini.
    fn is_stream(&self, headers: &HeaderMap) -> bool {
        let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        ["text/event-stream", "application/x-ndjson", "application/jsonl", "application/json-seq"]
            .iter()
            .any(|stream| media_type.eq_ignore_ascii_case(stream))
            || self.endpoint.stream == Some(true)
    }
}

/// Returns whether a body is compressed, so that it cannot be read.
fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_ENCODING).is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}
