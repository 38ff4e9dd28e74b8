//! The span of a request: the attributes known at its arrival and those set at its end. A gRPC call follows
//! OpenTelemetry's RPC conventions, any other request the HTTP conventions.

use std::fmt;
use std::net::IpAddr;

use http::StatusCode;
use http::request::Parts;
use http::uri::Authority;
use tracing::Level;
use tracing::Span;
use tracing::field::Empty;
use tracing::field::display;

use super::layer_state::LayerSettings;
use super::metrics::HttpErrorType;
use super::peer;
use super::request::RequestLabels;
use super::request::requested_authority;
use super::request::truncate;
use super::request::user_agent;
use super::request::without_brackets;
use crate::grpc::GrpcStatus;
use crate::semconv::attribute as a;
use crate::semconv::value::OTHER;
use crate::span::OwnedSpan;
use crate::span::TARGET;
use crate::span::is_in_unsampled_trace;
use crate::text::display_fn;

/// The data of an arriving request.
#[derive(Clone, Copy)]
pub(super) struct RequestSpan<'a> {
    pub(super) request: &'a Parts,
    pub(super) labels: &'a RequestLabels,
    pub(super) route: Option<&'a str>,
    pub(super) settings: &'a LayerSettings,
    pub(super) is_grpc_request: bool,
}

impl RequestSpan<'_> {
    /// Starts the span as a child of the current context, and calls the application's function before it is entered.
    /// Returns `None` if no subscriber enables level `INFO`. In an unsampled trace the span has only a name and a kind.
    pub(super) fn start(&self) -> Option<Box<OwnedSpan>> {
        if tracing::level_filters::LevelFilter::current() < Level::INFO {
            return None;
        }
        let with_attributes = !is_in_unsampled_trace();
        let span = if self.is_grpc_request { self.grpc_span(with_attributes) } else { self.http_span(with_attributes) };
        if let Some(on_span) = &self.settings.on_span {
            on_span(&span, self.request);
        }
        OwnedSpan::new(span)
    }

    fn http_span(&self, with_attributes: bool) -> Span {
        let (Parts { uri, headers, method, .. }, labels) = (self.request, self.labels);
        let (host, client) = (self.server_authority(with_attributes), self.client_address(with_attributes));
        let text = |value| if with_attributes { value } else { None };
        let agent = if self.settings.should_record_user_agent { user_agent(headers) } else { None };
        tracing::info_span!(
            target: TARGET,
            "http",
            otel.name = display(self.span_name()),
            otel.kind = "server",
            http.request.method = text(Some(labels.method)),
            http.request.method_original = text(Some(truncate(method.as_str())).filter(|_| labels.method == OTHER)),
            url.path = text(Some(truncate(uri.path()))),
            url.scheme = text(Some(labels.scheme)),
            server.address = host.as_ref().map(|host| truncate(without_brackets(host.host()))),
            server.port = host.as_ref().and_then(Authority::port_u16).map(i64::from),
            client.address = client.map(display),
            user_agent.original = text(agent),
            http.route = text(self.route),
            network.protocol.version = text(labels.version),
            http.response.status_code = Empty,
            error.type = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
            otel.status_message = Empty,
        )
    }

    fn grpc_span(&self, with_attributes: bool) -> Span {
        let (host, client) = (self.server_authority(with_attributes), self.client_address(with_attributes));
        let text = |value| if with_attributes { value } else { None };
        // The route of a call is its method name with a leading slash.
        let method = self.route.map(|route| route.trim_start_matches('/'));
        tracing::info_span!(
            target: TARGET,
            "grpc",
            otel.name = method.unwrap_or("grpc"),
            otel.kind = "server",
            rpc.system.name = text(Some("grpc")),
            rpc.method = text(method),
            server.address = host.as_ref().map(|host| truncate(without_brackets(host.host()))),
            server.port = host.as_ref().and_then(Authority::port_u16).map(i64::from),
            client.address = client.map(display),
            network.protocol.version = text(self.labels.version),
            rpc.response.status_code = Empty,
            error.type = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
            otel.status_message = Empty,
        )
    }

    fn span_name(&self) -> impl fmt::Display {
        let (verb, route) = (self.labels.span_name_method(), self.route);
        display_fn(move |f| match route {
            Some(route) => write!(f, "{verb} {route}"),
            None => f.write_str(verb),
        })
    }

    fn server_authority(&self, with_attributes: bool) -> Option<Authority> {
        if with_attributes { requested_authority(&self.request.uri, &self.request.headers) } else { None }
    }

    fn client_address(&self, with_attributes: bool) -> Option<IpAddr> {
        if with_attributes && self.settings.should_record_client_address {
            peer::peer_address(&self.request.extensions)
        } else {
            None
        }
    }
}

/// Sets the HTTP status of the response on the span. Not called for gRPC, whose status arrives later.
pub(super) fn set_response_status(span: &OwnedSpan, status: StatusCode) {
    if span.is_recording() {
        span.tracing_span().record(a::HTTP_RESPONSE_STATUS_CODE, i64::from(status.as_u16()));
    }
}

/// Sets `error.type` on the span at the end of a request, and the gRPC status of a call.
pub(super) fn set_end_attributes(span: &OwnedSpan, code: Option<GrpcStatus>, error: Option<HttpErrorType>) {
    if !span.is_recording() {
        return;
    }
    if let Some(code) = code {
        span.tracing_span().record(a::RPC_RESPONSE_STATUS_CODE, code.name());
    }
    match error {
        Some(HttpErrorType::Status(status)) => span.tracing_span().record(a::ERROR_TYPE, display(status)),
        Some(HttpErrorType::Named(name)) => span.tracing_span().record(a::ERROR_TYPE, name),
        None => return,
    };
}
