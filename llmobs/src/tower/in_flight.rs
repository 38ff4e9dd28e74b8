//! The page that lists the operations in flight.

mod html;
mod json;

use std::convert::Infallible;
use std::future::Ready;
use std::future::ready;
use std::net::IpAddr;
use std::task::Context;
use std::task::Poll;

use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::Response;
use http::StatusCode;
use http::Version;
use http::header;
use tower_service::Service;

use super::peer;
use super::request::requested_authority;
use super::request::without_brackets;
use crate::observer::InFlight;
use crate::observer::Observer;
use crate::observer::WaitsFor;

/// A service that lists every operation in flight, oldest first: as an HTML table for browsers, otherwise as JSON.
/// The page contains no content. Methods other than `GET` and `HEAD` receive 405.
///
/// By default, only requests from the same machine are answered; others receive 403. The peer address and the requested
/// host must both be loopback (the host check stops DNS rebinding from a web page), no proxy header may be present, and
/// the version must be HTTP/1.1 or later. The peer address is known if axum serves with
/// `into_make_service_with_connect_info::<SocketAddr>()`, or if the request has an extension of type `SocketAddr`.
/// Without a known address, every request is refused.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::Router;
/// use llmobs::Observer;
/// use llmobs::tower::InFlightPage;
///
/// let observer = Observer::builder().model("m").build()?;
/// let app: Router = Router::new().route_service("/debug/llmobs", InFlightPage::new(observer));
/// # let _ = app;
/// # }
/// # Ok::<(), llmobs::BuildError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a page does nothing until it is added to a router"]
pub struct InFlightPage {
    observer: Observer,
    is_open_to_all: bool,
}

impl InFlightPage {
    /// Creates the page of this observer, for requests from the same machine only.
    pub const fn new(observer: Observer) -> Self {
        Self { observer, is_open_to_all: false }
    }

    /// Answers requests from any address. Put authentication in front of the page.
    pub const fn open_to_all(mut self) -> Self {
        self.is_open_to_all = true;
        self
    }

    fn respond<B>(&self, request: &Request<B>) -> Response<String> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return error_response(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD requests are answered\n");
        }
        if !self.is_open_to_all && !is_local(request) {
            return error_response(StatusCode::FORBIDDEN, "only requests from this machine are answered\n");
        }
        let operations = self.observer.in_flight();
        let (kind, body) = if wants_html(request.headers()) {
            ("text/html; charset=utf-8", html::render(&operations))
        } else {
            ("application/json", json::render(&operations))
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(html::CONTENT_SECURITY_POLICY));
        response
    }
}

impl<B> Service<Request<B>> for InFlightPage {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.respond(&request)))
    }
}

fn error_response(status: StatusCode, message: &str) -> Response<String> {
    let mut response = Response::new(message.to_owned());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// Returns whether a request comes from this machine, names it as the only host, and has not passed a proxy.
fn is_local<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let is_local_peer = peer::peer_address(request.extensions()).is_some_and(|peer| peer.is_loopback());
    is_local_peer
        && !is_proxied(request)
        && headers.get_all(header::HOST).iter().count() <= 1
        && requested_authority(request.uri(), headers).is_some_and(|host| is_loopback(without_brackets(host.host())))
}

/// Returns whether a proxy may have passed the request on: it has a header that proxies and content networks add, or
/// the version HTTP/1.0, in which nginx forwards by default, without any such header.
fn is_proxied<B>(request: &Request<B>) -> bool {
    const HEADERS: [&str; 10] = [
        "cf-connecting-ip",
        "fastly-client-ip",
        "forwarded",
        "true-client-ip",
        "via",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-envoy-external-address",
        "x-original-forwarded-for",
        "x-real-ip",
    ];
    let is_added = |name: &str| name.starts_with("x-forwarded") || HEADERS.contains(&name);
    request.version() < Version::HTTP_11 || request.headers().keys().any(|name| is_added(name.as_str()))
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Returns whether the `Accept` headers name `text/html` with at least the quality of `application/json`.
///
/// `text/html,*/*;q=0.8` selects HTML. An empty header, `*/*` and `text/html;q=0.5, application/json` select JSON.
fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (mut html, mut json) = (0.0_f32, 0.0_f32);
    for range in accept.flat_map(|value| value.split(',')) {
        let (kind, parameters) = range.split_once(';').unwrap_or((range, ""));
        let quality = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
        let quality = quality.map_or(1.0, |quality| quality.trim().parse().unwrap_or(0.0));
        match kind.trim() {
            "text/html" => html = html.max(quality),
            "application/json" => json = json.max(quality),
            _ => {}
        }
    }
    html > 0.0 && html >= json
}

/// Returns the name of the party that an operation waits for.
const fn waits_for(operation: &InFlight) -> &'static str {
    match operation.waits_for {
        WaitsFor::Preparation => "itself",
        WaitsFor::Queue => "queue",
        WaitsFor::Engine => "engine",
        WaitsFor::Consumer => "reader",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_receive_html_and_other_clients_json() {
        let wants = |accept: &str| {
            wants_html(&HeaderMap::from_iter([(
                header::ACCEPT,
                HeaderValue::from_str(accept).unwrap_or_else(|_| HeaderValue::from_static("")),
            )]))
        };
        assert!(wants("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        for accept in ["", "*/*", "application/json", "text/html;q=0", "text/html;q=0.5, application/json", "text/*"] {
            assert!(!wants(accept), "{accept}");
        }
        assert!(!wants_html(&HeaderMap::new()));
    }

    #[test]
    fn only_loopback_hosts_are_local() {
        for host in ["localhost", "LocalHost", "127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "evil.example", "localhost.evil.example", "0.0.0.0", "10.0.0.1", "::"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
