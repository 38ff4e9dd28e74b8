//! One request and its response, from the arrival of the one to the end of the other.

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

/// A request that has not ended. Dropping it ends it.
pub(super) struct HttpExchange {
    shared: Arc<LayerState>,
    active: Arc<SeriesHandle>,
    scope: Scope,
    span: Option<Box<OwnedSpan>>,
    /// OpenTelemetry's: that of the span, else what the request came with.
    context: Option<Context>,
    arrived: Moment,
    labels: RequestLabels,
    route: Option<Arc<str>>,
    status: Option<StatusCode>,
    /// The request is a call of gRPC.
    is_grpc_request: bool,
    /// The answer is one of gRPC's, whose status comes behind it.
    has_trailers: bool,
    code: Option<GrpcStatus>,
    /// How many bytes the body has, if the answer says so.
    length: Option<u64>,
    sent: u64,
    /// Code of the service runs; still so at the drop means that it panicked.
    polling: bool,
    end: Option<ExchangeEnd>,
}

/// How a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExchangeEnd {
    /// With the end of the body.
    Complete,
    /// With a body or a service that broke.
    Failed(ErrorType),
    /// With a caller that left.
    Cancelled,
}

impl HttpExchange {
    /// A request arrives.
    pub(super) fn open(shared: Arc<LayerState>, request: &Parts) -> Box<Self> {
        let arrived = shared.observer.now();
        let words = RequestLabels::of(request, shared.settings.scheme);
        let found = route(&shared, request);
        let label = found.as_deref().map(|route| shared.meters.route(route));
        // A route without a place is no name for a span either.
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

    /// Runs the service: under the span, with the layer's observer as the current one.
    pub(super) fn in_handler<T>(&mut self, service: impl FnOnce() -> T) -> T {
        self.polling = true;
        let result = {
            let _scope = self.scope.enter();
            // Who enters a span that has a context of its own is in it.
            let entered = self.span.as_ref().is_some_and(|held| held.context().is_some());
            let _context = self.context.as_ref().filter(|_| !entered).cloned().map(Context::attach);
            let _span = self.span.as_ref().map(|held| held.span().enter());
            service()
        };
        self.polling = false;
        result
    }

    /// Runs the body: in the span's context, but not under it, since entering it at every poll costs more than all the
    /// rest.
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

    /// The answer has begun.
    pub(super) fn answered(&mut self, head: &mut response::Parts, size: &SizeHint) {
        self.status = Some(head.status);
        self.has_trailers = is_grpc(&head.headers);
        self.code = match self.has_trailers {
            true => GrpcStatus::of(&head.headers),
            // Something in between has answered in the service's place.
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

    /// Whether the answer's body is sent, whatever it holds.
    pub(super) fn has_body(&self) -> bool {
        let status = self.status.map_or(0, |status| status.as_u16());
        self.labels.method != "HEAD" && !matches!(status, 100..=199 | 204 | 304)
    }

    /// A frame of the body has passed. Tells how the request ends, if it was the last.
    pub(super) fn passed<D: Buf>(&mut self, frame: &Frame<D>, is_last: bool) -> Option<ExchangeEnd> {
        if let Some(data) = frame.data_ref() {
            self.sent = self.sent.saturating_add(data.remaining() as u64);
        }
        if let Some(trailers) = frame.trailers_ref().filter(|_| self.has_trailers) {
            self.code = GrpcStatus::of(trailers).or(self.code);
        }
        // Who counts the bytes does not come back for the end.
        (is_last || self.is_body_complete()).then(|| self.ended())
    }

    /// The body has come to its end.
    pub(super) fn ended(&mut self) -> ExchangeEnd {
        if self.length.is_some_and(|length| self.sent < length) {
            // The caller was promised more.
            return ExchangeEnd::Failed(ErrorType::Internal);
        }
        if self.has_trailers {
            self.code.get_or_insert(GrpcStatus::UNKNOWN);
        }
        ExchangeEnd::Complete
    }

    /// Whether code of the service runs, or ran and did not return.
    pub(super) const fn is_polling(&self) -> bool {
        self.polling
    }

    /// The body is dropped before its end was seen.
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

    /// How it ends when nothing has said so.
    fn dropped(&self) -> ExchangeEnd {
        if self.polling || std::thread::panicking() {
            ExchangeEnd::Failed(ErrorType::Internal)
        } else if self.shared.observer.is_shutting_down() {
            ExchangeEnd::Failed(ErrorType::Shutdown)
        } else {
            ExchangeEnd::Cancelled
        }
    }

    /// What goes into `error.type`.
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

/// The route that the user's rule or the router says.
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
