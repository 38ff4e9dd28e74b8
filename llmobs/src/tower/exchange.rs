//! One HTTP request and its response, from the arrival of the request to the end of the response body.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Buf;
use http::HeaderValue;
use http::StatusCode;
use http::request::Parts;
use http::response;
use http_body::Frame;
use http_body::SizeHint;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;

use super::layer_state::LayerSettings;
use super::layer_state::LayerState;
use super::metrics::DurationLabels;
use super::metrics::HttpErrorType;
use super::propagation;
use super::request::RequestLabels;
use super::request::content_length;
use super::span;
use super::span::RequestSpan;
use super::tenant::TenantSource;
use crate::clock::Moment;
use crate::clock::duration_to_nanos;
use crate::clock::nanos_to_seconds;
use crate::clock::system_time_before_now;
use crate::error::error_of_own_status;
use crate::grpc::GrpcStatus;
use crate::grpc::is_grpc;
use crate::measurement::TraceLink;
use crate::observer::DroppedOperations;
use crate::observer::Scope;
use crate::semconv::value::ErrorType;
use crate::sink::SeriesHandle;
use crate::span::OwnedSpan;
use crate::span::ServedRequest;
use crate::unwind::has_panicked;

/// A request in flight. Dropping this value ends the request.
pub(super) struct HttpExchange {
    shared: Arc<LayerState>,
    active_requests: Arc<SeriesHandle>,
    scope: Scope,
    /// The operations that the handler has dropped, until the status of the response is known.
    dropped_operations: DroppedOperations,
    /// `None` if the layer's filter excludes the request, or if no subscriber enables the span.
    span: Option<Box<OwnedSpan>>,
    /// The connection to the first model call, if the span or the trace header depends on it.
    served_request: Option<Arc<ServedRequest>>,
    /// OpenTelemetry's context: that of the span, or else the one received with the request.
    context: Option<Context>,
    arrived_at: Moment,
    labels: RequestLabels,
    route: Option<Arc<str>>,
    status: Option<StatusCode>,
    /// Set if the request is a gRPC call.
    is_grpc_request: bool,
    /// Set if the response is gRPC, whose status arrives in the trailers.
    is_grpc_response: bool,
    grpc_status: Option<GrpcStatus>,
    /// Length of the body in bytes, if the response declares one.
    content_length: Option<u64>,
    sent_bytes: u64,
    /// Set while code of the service runs. If set at the drop, that code panicked.
    is_polling: bool,
    end: Option<ExchangeEnd>,
}

/// The ways in which a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExchangeEnd {
    /// The body ended.
    Complete,
    /// The body or the service failed.
    Failed(ErrorType),
    /// The client disconnected.
    Cancelled,
}

impl HttpExchange {
    /// Starts the observation of a request at its arrival.
    pub(super) fn start(shared: Arc<LayerState>, request: &Parts) -> Box<Self> {
        let arrived_at = shared.observer.now();
        let labels = RequestLabels::of(request, shared.settings.scheme);
        let resolved_route = resolve_route(&shared, request);
        let label = resolved_route.as_deref().map(|route| shared.metrics.route_label(route));
        // A route folded into `_OTHER` is not used in the span name either.
        let route = resolved_route.as_deref().filter(|_| label.as_ref().is_some_and(|(_, folded)| !folded));
        let received_context = propagation::extract(&request.headers);
        let is_grpc_request = is_grpc(&request.headers);
        let span = shared.settings.has_span(request).then(|| {
            let _parent = received_context.clone().map(Context::attach);
            RequestSpan { request, labels: &labels, route, settings: &shared.settings, is_grpc_request }.start()
        });
        let mut span = span.flatten();
        if let Some(span) = &mut span {
            shared.observer.set_foreign_ids(span);
        }
        let served_request = connect_to_model_call(&shared.settings, span.as_deref());
        let context = span.as_ref().and_then(|span| span.context().cloned()).or(received_context);
        let tenant = TenantSource::request_tenant(shared.settings.tenant.as_ref(), &shared.observer, request);
        let active_requests = shared.metrics.active_requests(&labels);
        active_requests.add_signed(1);
        Box::new(Self {
            scope: shared.observer.request_scope(arrived_at, served_request.clone(), tenant),
            dropped_operations: DroppedOperations::new(),
            route: label.map(|(label, _)| label),
            shared,
            active_requests,
            span,
            served_request,
            context,
            arrived_at,
            labels,
            status: None,
            is_grpc_request,
            is_grpc_response: false,
            grpc_status: None,
            content_length: None,
            sent_bytes: 0,
            is_polling: false,
            end: None,
        })
    }

    /// Runs the service inside the span, with the layer's observer as the current one.
    pub(super) fn in_handler<T>(&mut self, service: impl FnOnce() -> T) -> T {
        self.is_polling = true;
        let result = {
            let _dropped = self.dropped_operations.collect();
            let _scope = self.scope.enter();
            // Entering a span that has an OpenTelemetry context also makes that context current.
            let entered = self.span.as_ref().is_some_and(|span| span.context().is_some());
            let _context = self.context.as_ref().filter(|_| !entered).cloned().map(Context::attach);
            let _span = self.span.as_ref().map(|span| span.tracing_span().enter());
            service()
        };
        self.is_polling = false;
        result
    }

    /// Runs the body in the span's OpenTelemetry context without entering the span: entering at every poll would cost
    /// more than all other work of the layer.
    pub(super) fn in_body<T>(&mut self, body: impl FnOnce() -> T) -> T {
        self.is_polling = true;
        let result = {
            let _scope = self.scope.enter();
            let _context = self.context.clone().map(Context::attach);
            body()
        };
        self.is_polling = false;
        result
    }

    /// Records the status and the declared length of the response, ends the operations that the handler has dropped, and
    /// adds the trace header to the head.
    pub(super) fn on_response(&mut self, head: &mut response::Parts, size: &SizeHint) {
        self.status = Some(head.status);
        self.dropped_operations.end(error_of_own_status(head.status));
        self.is_grpc_response = is_grpc(&head.headers);
        self.grpc_status = match self.is_grpc_response {
            true => GrpcStatus::from_headers(&head.headers),
            // An intermediary answered instead of the gRPC service.
            false => self.is_grpc_request.then(|| GrpcStatus::from_http_status(head.status)),
        };
        self.content_length = content_length(&head.headers).or_else(|| size.exact());
        if let Some(span) = self.span.as_ref().filter(|_| !self.is_grpc_request) {
            span::set_response_status(span, head.status);
        }
        if let Some(name) = &self.shared.settings.trace_header
            && let Some(link) = self.trace_ids()
        {
            let id = link.trace_id_hex().to_string();
            head.headers.extend(HeaderValue::try_from(id).ok().map(|id| (name.clone(), id)));
        }
    }

    /// Returns the ids of the request's span, or else of the model call's, or else of the caller's.
    fn trace_ids(&self) -> Option<TraceLink> {
        let of_caller = || {
            let caller = self.context.as_ref()?.span().span_context().clone();
            caller.is_valid().then(|| TraceLink::from(&caller))
        };
        let of_call = || self.served_request.as_ref()?.call_trace();
        self.span.as_ref().and_then(|span| span.trace_ids()).or_else(of_call).or_else(of_caller)
    }

    /// Returns whether HTTP allows the response to have a body: not for `HEAD` requests, nor for status 1xx, 204 and
    /// 304.
    pub(super) fn has_body(&self) -> bool {
        let status = self.status.map_or(0, |status| status.as_u16());
        self.labels.method != "HEAD" && !matches!(status, 100..=199 | 204 | 304)
    }

    /// Counts a frame of the body. Returns the end of the request if the frame was the last one.
    pub(super) fn on_frame<D: Buf>(&mut self, frame: &Frame<D>, is_last: bool) -> Option<ExchangeEnd> {
        if let Some(data) = frame.data_ref() {
            self.sent_bytes = self.sent_bytes.saturating_add(data.remaining() as u64);
        }
        if let Some(trailers) = frame.trailers_ref().filter(|_| self.is_grpc_response) {
            self.grpc_status = GrpcStatus::from_headers(trailers).or(self.grpc_status);
        }
        // Servers that count the bytes do not poll again for the end of the body.
        (is_last || self.is_body_complete()).then(|| self.on_body_end())
    }

    /// Returns the end of a request whose body ended. A body shorter than its declared length is a failure.
    pub(super) fn on_body_end(&mut self) -> ExchangeEnd {
        if self.content_length.is_some_and(|length| self.sent_bytes < length) {
            // Fewer bytes than declared.
            return ExchangeEnd::Failed(ErrorType::Internal);
        }
        if self.is_grpc_response {
            self.grpc_status.get_or_insert(GrpcStatus::Unknown);
        }
        ExchangeEnd::Complete
    }

    /// Returns whether code of the service is running, or was left by a panic.
    pub(super) const fn is_polling(&self) -> bool {
        self.is_polling
    }

    /// Sets the end of a request whose body is dropped before its end was polled, if `nothing_is_missing` from the body
    /// and no trailers are awaited. Otherwise the drop of this value determines the end.
    pub(super) fn on_body_drop(&mut self, nothing_is_missing: bool) {
        if nothing_is_missing && !self.is_awaiting_trailers() {
            self.end = Some(self.on_body_end());
        }
    }

    pub(super) fn finish(mut self: Box<Self>, end: ExchangeEnd) {
        self.end = Some(end);
    }

    fn is_body_complete(&self) -> bool {
        self.content_length.is_some_and(|length| self.sent_bytes >= length) && !self.is_awaiting_trailers()
    }

    const fn is_awaiting_trailers(&self) -> bool {
        self.is_grpc_response && self.grpc_status.is_none()
    }

    /// Returns the end of a request that was dropped before an end was set.
    fn implicit_end(&self) -> ExchangeEnd {
        if has_panicked(self.is_polling) {
            ExchangeEnd::Failed(ErrorType::Internal)
        } else if self.shared.observer.is_shutting_down() {
            ExchangeEnd::Failed(ErrorType::Shutdown)
        } else {
            ExchangeEnd::Cancelled
        }
    }

    /// Returns the value of `error.type`, if the request failed or was cancelled. The gRPC status `CANCELLED` is not an
    /// error of the server in the RPC conventions.
    fn error_type(&self, end: ExchangeEnd) -> Option<HttpErrorType> {
        match (end, self.status, self.grpc_status) {
            (_, Some(status), _) if status.is_server_error() => Some(HttpErrorType::Status(status.as_u16())),
            (ExchangeEnd::Failed(error), ..) => Some(HttpErrorType::Named(error.as_str())),
            (_, _, Some(code)) if code.is_server_error() => Some(HttpErrorType::Named(code.name())),
            (ExchangeEnd::Cancelled, ..) if !self.is_grpc_request => {
                Some(HttpErrorType::Named(ErrorType::Cancelled.as_str()))
            }
            (ExchangeEnd::Cancelled | ExchangeEnd::Complete, ..) => None,
        }
    }
}

impl Drop for HttpExchange {
    fn drop(&mut self) {
        let end = self.end.unwrap_or_else(|| self.implicit_end());
        // Without a response, they end as the request does.
        self.dropped_operations.end(match end {
            ExchangeEnd::Failed(error) => Some(error),
            ExchangeEnd::Complete | ExchangeEnd::Cancelled => None,
        });
        let duration_nanos = duration_to_nanos(self.shared.observer.now().since(self.arrived_at));
        let error = self.error_type(end);
        self.active_requests.add_signed(-1);
        let (status, route) = (self.status.map(|status| status.as_u16()), self.route.take());
        let link = self.span.as_ref().and_then(|span| span.trace_link());
        self.shared.metrics.record_duration(
            DurationLabels { request: self.labels, route, status, error },
            nanos_to_seconds(duration_nanos),
            link,
        );
        let Some(span) = &self.span else { return };
        let code = self.grpc_status.unwrap_or(if end == ExchangeEnd::Cancelled {
            GrpcStatus::Cancelled
        } else {
            GrpcStatus::Internal
        });
        let call_error = self.served_request.as_ref().and_then(|request| request.call_error());
        let described_error = call_error.map(|error| HttpErrorType::Named(error.as_str())).or(error);
        span::set_end_attributes(span, self.is_grpc_request.then_some(code), described_error);
        match (call_error, end, error) {
            (Some(error), ..) => span.set_error_status(error),
            (_, ExchangeEnd::Failed(error), Some(HttpErrorType::Named(_))) => span.set_error_status(error),
            (_, ExchangeEnd::Cancelled, Some(HttpErrorType::Named(_))) if !self.is_grpc_request => {
                span.set_error_status(ErrorType::Cancelled)
            }
            // A status of HTTP or gRPC is the reason itself.
            (_, _, Some(_)) => span.set_error_description(""),
            (None, _, None) => {}
        }
        span.end_at(system_time_before_now(0));
    }
}

/// Returns the connection of a request to its first model call: if the span is to describe the call, or if the trace
/// header has to contain the id of the call's trace because the request has no span.
fn connect_to_model_call(settings: &LayerSettings, span: Option<&OwnedSpan>) -> Option<Arc<ServedRequest>> {
    let context = span.and_then(OwnedSpan::context);
    let is_connected = match context {
        Some(context) => settings.should_describe_model_call && context.span().is_recording(),
        None => settings.trace_header.is_some(),
    };
    is_connected.then(|| Arc::new(ServedRequest::new(context.cloned())))
}

/// Returns the route from the user's function, or else from axum's router.
fn resolve_route<'a>(shared: &LayerState, request: &'a Parts) -> Option<Cow<'a, str>> {
    match &shared.settings.route {
        Some(route) => route(request),
        #[cfg(feature = "axum")]
        None => super::axum::matched_route(&request.extensions).map(Cow::Borrowed),
        #[cfg(not(feature = "axum"))]
        None => None,
    }
}
