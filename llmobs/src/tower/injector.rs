//! Propagation of the trace context into outgoing requests.

use http::HeaderMap;
use http::Request;
use http::header::HOST;

use super::propagation;
use super::propagation::BAGGAGE;
use super::request::without_brackets;

/// Writes the current trace context into a request, as W3C `traceparent` and `tracestate`, and removes the request's
/// `baggage` header: a model provider must not receive data about the application's users. To send baggage to named
/// hosts, use [`Injector`].
///
/// Without a current span the trace headers are not changed. For a `reqwest::Request`, pass `request.headers_mut()`.
///
/// ```
/// let mut request = http::Request::builder().uri("https://api.openai.com/v1/chat/completions");
/// request = request.header("baggage", "user.id=42");
/// let mut request = request.body(())?;
/// llmobs::tower::inject(&mut request);
/// assert!(!request.headers().contains_key("baggage"));
/// # Ok::<(), http::Error>(())
/// ```
pub fn inject(request: &mut impl OutgoingRequest) {
    let headers = request.headers_mut();
    headers.remove(BAGGAGE);
    propagation::inject(headers, false);
}

/// An outgoing request, or only its headers, for [`inject`]: `http::Request` and `http::HeaderMap`.
pub trait OutgoingRequest {
    /// Returns the headers of the request.
    fn headers_mut(&mut self) -> &mut HeaderMap;
}

impl<B> OutgoingRequest for Request<B> {
    fn headers_mut(&mut self) -> &mut HeaderMap {
        Self::headers_mut(self)
    }
}

impl OutgoingRequest for HeaderMap {
    fn headers_mut(&mut self) -> &mut HeaderMap {
        self
    }
}

/// Writes the current trace context into requests, and the baggage into requests to allowed hosts.
///
/// ```
/// use llmobs::tower::Injector;
///
/// let injector = Injector::new().baggage_to("retrieval.internal").baggage_to(".svc.cluster.local");
/// let mut request = http::Request::builder().uri("http://cache.svc.cluster.local/").header("baggage", "a=1").body(())?;
/// injector.inject(&mut request);
/// assert!(request.headers().contains_key("baggage"));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "an injector does nothing until `inject` is called"]
pub struct Injector {
    baggage_hosts: Vec<String>,
}

impl Injector {
    /// Creates an injector that sends baggage to no host.
    pub const fn new() -> Self {
        Self { baggage_hosts: Vec::new() }
    }

    /// Adds a host that receives the baggage, without a port and in upper or lower case. A name with a leading dot
    /// matches every subdomain, but not the domain itself: `.svc.local` matches `a.svc.local`, not `svc.local`. Can be
    /// called repeatedly. Defaults to no host.
    pub fn baggage_to(mut self, host: impl Into<String>) -> Self {
        self.baggage_hosts.push(host.into());
        self
    }

    /// Writes the current trace context into a request, and the current baggage in place of the request's if the host
    /// is allowed. For any other host, removes the request's `baggage` header. The host is that of the URI, or without
    /// one that of the `Host` header. Without a current span the trace headers are not changed, and without current
    /// baggage an allowed host receives that of the request.
    pub fn inject<B>(&self, request: &mut Request<B>) {
        let may_have_baggage = self.may_receive_baggage(request);
        if !may_have_baggage {
            request.headers_mut().remove(BAGGAGE);
        }
        propagation::inject(request.headers_mut(), may_have_baggage);
    }

    fn may_receive_baggage<B>(&self, request: &Request<B>) -> bool {
        // A client connects to the host of the URI, so the `Host` header counts only if the URI has none.
        let host_header = || request.headers().get(HOST)?.to_str().ok()?.parse::<http::uri::Authority>().ok();
        let Some(authority) = request.uri().authority().cloned().or_else(host_header) else { return false };
        let host = without_brackets(authority.host()).trim_end_matches('.');
        self.baggage_hosts.iter().any(|allowed| match allowed.strip_prefix('.') {
            Some(domain) => is_subdomain(host, domain),
            None => host.eq_ignore_ascii_case(allowed),
        })
    }
}

/// Returns whether a host is a subdomain: `a.svc.local` is below `svc.local`, `evilsvc.local` is not.
fn is_subdomain(host: &str, domain: &str) -> bool {
    let Some(dot) = host.len().checked_sub(domain.len() + 1) else { return false };
    host.as_bytes()[dot] == b'.' && host.as_bytes()[dot + 1..].eq_ignore_ascii_case(domain.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows_baggage(injector: &Injector, uri: &str, host: Option<&str>) -> bool {
        let mut request = Request::new(());
        *request.uri_mut() = uri.parse().unwrap_or_default();
        if let Some(host) = host.and_then(|host| host.parse().ok()) {
            request.headers_mut().insert(HOST, host);
        }
        injector.may_receive_baggage(&request)
    }

    #[test]
    fn baggage_is_sent_to_allowed_hosts_only() {
        let injector = Injector::new().baggage_to("Cache.internal").baggage_to(".svc.local").baggage_to("::1");
        for (uri, host, expected) in [
            ("http://cache.internal:8080/x", None, true),
            ("http://cache.internal./x", None, true),
            ("http://CACHE.INTERNAL/x", None, true),
            ("http://a.cache.internal/x", None, false),
            ("http://a.b.SVC.local/x", None, true),
            ("http://svc.local/x", None, false),
            ("http://evilsvc.local/x", None, false),
            ("http://api.openai.com/cache.internal", None, false),
            ("http://cache.internal@api.openai.com/", None, false),
            ("http://[::1]:80/", None, true),
            ("/x", Some("cache.internal"), true),
            ("/x", Some("api.openai.com"), false),
            ("/x", None, false),
            ("http://api.openai.com/x", Some("cache.internal"), false),
        ] {
            assert_eq!(allows_baggage(&injector, uri, host), expected, "{uri} {host:?}");
        }
        assert!(!allows_baggage(&Injector::new(), "http://cache.internal/", None));
    }
}
