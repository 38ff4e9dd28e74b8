//! One HTTP request and its response, from the arrival of the request to the end of the response body.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Buf;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::response;
use http_body::Frame;
use http_body::SizeHint;
use opentelemetry::Context;

use super::grpc::GrpcStatus;
use super::grpc::is_grpc;
use super::layer::LayerState;
use super::metrics::DurationLabels;
use super::metrics::HttpErrorType;
use super::propagation;
use super::request::RequestLabels;
use super::span;
use super::span::RequestSpan;
use crate::clock::Moment;
use crate::clock::ago;
use crate::clock::nanos;
use crate::clock::seconds;
use crate::observer::Scope;
use crate::semconv::value::ErrorType;
use crate::sink::SeriesHandle;
use crate::span::OwnedSpan;

/// A request in flight. Dropping this value ends the request.
pub(super) struct HttpExchange {
    shared: Arc<LayerState>,
    active: Arc<SeriesHandle>,
    scope: Scope,
    span: Option<Box<OwnedSpan>>,
    /// OpenTelemetry's context: that of the span, or else the one received with the request.
    context: Option<Context>,
    arrived: Moment,
    labels: RequestLabels,
    route: Option<Arc<str>>,
    status: Option<StatusCode>,
    /// Set if the request is a gRPC call.
    is_grpc_request: bool,
    /// Set if the response is gRPC, whose status arrives in the trailers.
    has_trailers: bool,
    code: Option<GrpcStatus>,
    /// Length of the body in bytes, if the response declares one.
    length: Option<u64>,
    sent: u64,
    /// Set while code of the service runs. If set at the drop, that code panicked.
    polling: bool,
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
    pub(super) fn open(shared: Arc<LayerState>, request: &Parts) -> Box<Self> {
        let arrived = shared.observer.now();
        let words = RequestLabels::of(request, shared.settings.scheme);
        let found = route(&shared, request);
        let label = found.as_deref().map(|route| shared.meters.route(route));
        // A route folded into `_OTHER` is not used in the span name either.
        let route = found.as_deref().filter(|_| label.as_ref().is_some_and(|(_, folded)| !folded));
        let came_with = propagation::extract(&request.headers);
        let is_call = is_grpc(&request.headers);
        let held = {
            let _parent = came_with.clone().map(Context::attach);
            RequestSpan { request, labels: &words, route, settings: &shared.settings, is_grpc_request: is_call }.open()
        };
        let context = held.as_ref().and_then(|held| held.context().cloned()).or(came_with);
        let active = shared.meters.active(&words);
        active.shift(1);
        Box::new(Self {
            scope: Scope::of_request(shared.observer.clone(), arrived),
            route: label.map(|(label, _)| label),
            shared,
            active,
            span: held,
            context,
            arrived,
            labels: words,
            status: None,
            is_grpc_request: is_call,
            has_trailers: false,
            code: None,
            length: None,
            sent: 0,
            polling: false,
            end: None,
        })
    }

    /// Runs the service inside the span, with the layer's observer as the current one.
    pub(super) fn in_handler<T>(&mut self, service: impl FnOnce() -> T) -> T {
        self.polling = true;
        let result = {
            let _scope = self.scope.enter();
            // Entering a span that has an OpenTelemetry context also makes that context current.
            let entered = self.span.as_ref().is_some_and(|held| held.context().is_some());
            let _context = self.context.as_ref().filter(|_| !entered).cloned().map(Context::attach);
            let _span = self.span.as_ref().map(|held| held.span().enter());
            service()
        };
        self.polling = false;
        result
    }

    /// Runs the body in the span's OpenTelemetry context without entering the span: entering at every poll would cost
    /// more than all other work of the layer.
    pub(super) fn in_body<T>(&mut self, body: impl FnOnce() -> T) -> T {
        self.polling = true;
        let result = {
            let _scope = self.scope.enter();
            let _context = self.context.clone().map(Context::attach);
            body()
        };
        self.polling = false;
        result
    }

    /// Records the head of the response: status, declared length and the trace header.
    pub(super) fn answered(&mut self, head: &mut response::Parts, size: &SizeHint) {
        self.status = Some(head.status);
        self.has_trailers = is_grpc(&head.headers);
        self.code = match self.has_trailers {
            true => GrpcStatus::of(&head.headers),
            // An intermediary answered instead of the gRPC service.
            false => self.is_grpc_request.then(|| GrpcStatus::of_http(head.status)),
        };
        self.length = declared_length(&head.headers).or_else(|| size.exact());
        let Some(held) = &self.span else { return };
        if !self.is_grpc_request {
            span::answered(held, head.status);
        }
        if let (Some(name), Some(link)) = (&self.shared.settings.trace_header, held.ids()) {
            let id = format!("{:032x}", u128::from_be_bytes(link.trace_id));
            head.headers.extend(HeaderValue::try_from(id).ok().map(|id| (name.clone(), id)));
        }
    }

    /// Returns whether HTTP allows the response to have a body: not for `HEAD` requests, nor for status 1xx, 204 and
    /// 304.
    pub(super) fn has_body(&self) -> bool {
        let status = self.status.map_or(0, |status| status.as_u16());
        self.labels.method != "HEAD" && !matches!(status, 100..=199 | 204 | 304)
    }

    /// Counts a frame of the body. Returns the end of the request if the frame was the last one.
    pub(super) fn passed<D: Buf>(&mut self, frame: &Frame<D>, is_last: bool) -> Option<ExchangeEnd> {
        if let Some(data) = frame.data_ref() {
            self.sent = self.sent.saturating_add(data.remaining() as u64);
        }
        if let Some(trailers) = frame.trailers_ref().filter(|_| self.has_trailers) {
            self.code = GrpcStatus::of(trailers).or(self.code);
        }
        // Servers that count the bytes do not poll again for the end of the body.
        (is_last || self.is_body_complete()).then(|| self.ended())
    }

    /// Returns the end of a request whose body ended. A body shorter than its declared length is a failure.
    pub(super) fn ended(&mut self) -> ExchangeEnd {
        if self.length.is_some_and(|length| self.sent < length) {
            // Fewer bytes than declared.
            return ExchangeEnd::Failed(ErrorType::Internal);
        }
        if self.has_trailers {
            self.code.get_or_insert(GrpcStatus::UNKNOWN);
        }
        ExchangeEnd::Complete
    }

    /// Returns whether code of the service is running, or was left by a panic.
    pub(super) const fn is_polling(&self) -> bool {
        self.polling
    }

    /// Ends the request when its body is dropped early. With `nothing_is_missing` the body was complete.
    pub(super) fn on_body_drop(&mut self, nothing_is_missing: bool) {
        if nothing_is_missing && !self.waits_for_trailers() {
            self.end = Some(self.ended());
        }
    }

    pub(super) fn finish(mut self: Box<Self>, end: ExchangeEnd) {
        self.end = Some(end);
    }

    fn is_body_complete(&self) -> bool {
        self.length.is_some_and(|length| self.sent >= length) && !self.waits_for_trailers()
    }

    const fn waits_for_trailers(&self) -> bool {
        self.has_trailers && self.code.is_none()
    }

    /// Returns the end of a request that was dropped before an end was set.
    fn dropped(&self) -> ExchangeEnd {
        if self.polling || std::thread::panicking() {
            ExchangeEnd::Failed(ErrorType::Internal)
        } else if self.shared.observer.is_shutting_down() {
            ExchangeEnd::Failed(ErrorType::Shutdown)
        } else {
            ExchangeEnd::Cancelled
        }
    }

    /// Returns the value of `error.type`, if the request failed or was cancelled.
    fn fault(&self, end: ExchangeEnd) -> Option<HttpErrorType> {
        match (end, self.status, self.code) {
            (_, Some(status), _) if status.is_server_error() => Some(HttpErrorType::Status(status.as_u16())),
            (ExchangeEnd::Failed(error), ..) => Some(HttpErrorType::Named(error.as_str())),
            (_, _, Some(code)) if code.is_server_error() => Some(HttpErrorType::Named(code.name())),
            (ExchangeEnd::Cancelled, ..) => Some(HttpErrorType::Named(ErrorType::Cancelled.as_str())),
            (ExchangeEnd::Complete, ..) => None,
        }
    }
}

impl Drop for HttpExchange {
    fn drop(&mut self) {
        let end = self.end.unwrap_or_else(|| self.dropped());
        let took = nanos(self.shared.observer.now().since(self.arrived));
        let error = self.fault(end);
        self.active.shift(-1);
        let (status, route) = (self.status.map(|status| status.as_u16()), self.route.take());
        let link = self.span.as_ref().and_then(|held| held.exemplar());
        self.shared.meters.ended(DurationLabels { request: self.labels, route, status, error }, seconds(took), link);
        let Some(held) = &self.span else { return };
        let code = self.code.unwrap_or(if end == ExchangeEnd::Cancelled {
            GrpcStatus::CANCELLED
        } else {
            GrpcStatus::INTERNAL
        });
        span::ended(held, self.is_grpc_request.then_some(code), error);
        match (end, error) {
            (_, Some(HttpErrorType::Status(_))) => span::failed(held),
            (ExchangeEnd::Failed(error), _) => held.fail(error),
            (_, Some(HttpErrorType::Named(_))) if self.code.is_some_and(GrpcStatus::is_server_error) => {
                span::failed(held)
            }
            _ => {}
        }
        held.end(ago(0));
    }
}

/// Returns the route from the user's function, or else from axum's router.
fn route<'a>(shared: &LayerState, request: &'a Parts) -> Option<Cow<'a, str>> {
    match &shared.settings.route {
        Some(route) => route(request),
        #[cfg(feature = "axum")]
        None => super::axum::matched_route(&request.extensions).map(Cow::Borrowed),
        #[cfg(not(feature = "axum"))]
        None => None,
    }
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}
