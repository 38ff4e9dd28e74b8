//! The attributes of a request that OpenTelemetry's HTTP conventions define.

use http::HeaderMap;
use http::Method;
use http::Uri;
use http::Version;
use http::header::HOST;
use http::header::USER_AGENT;
use http::request::Parts;
use http::uri::Authority;

use crate::semconv::value::OTHER;

/// The label values of a request. Each field has few values, regardless of the client's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RequestLabels {
    pub(super) method: &'static str,
    pub(super) scheme: &'static str,
    pub(super) version: Option<&'static str>,
}

impl RequestLabels {
    pub(super) fn of(request: &Parts, scheme: Option<&'static str>) -> Self {
        Self {
            method: method(&request.method),
            scheme: scheme.unwrap_or_else(|| request.uri.scheme_str().map_or("http", Self::of_scheme)),
            version: version(request.version),
        }
    }

    pub(super) fn of_scheme(scheme: &str) -> &'static str {
        match scheme {
            "http" => "http",
            "https" => "https",
            _ => OTHER,
        }
    }

    /// Returns the method as used in a span name: `HTTP` for an unknown method.
    pub(super) fn verb(&self) -> &'static str {
        if self.method == OTHER { "HTTP" } else { self.method }
    }
}

/// The known methods of OpenTelemetry's HTTP conventions.
const METHODS: [&str; 10] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"];

fn method(method: &Method) -> &'static str {
    METHODS.iter().find(|known| **known == method.as_str()).copied().unwrap_or(OTHER)
}

const fn version(version: Version) -> Option<&'static str> {
    Some(match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_11 => "1.1",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => return None,
    })
}

/// Returns the host and port of the URI, or else of the `Host` header.
pub(super) fn requested_authority(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    let named = || headers.get(HOST)?.to_str().ok()?.parse().ok();
    uri.authority().cloned().or_else(named)
}

/// Removes the brackets of an IPv6 address: `[::1]` becomes `::1`.
pub(super) fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

pub(super) fn user_agent(headers: &HeaderMap) -> Option<&str> {
    headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).map(cut)
}

/// Returns the first 512 bytes of a client's text, truncated at a character boundary.
pub(super) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// The longest client text that a span contains, in bytes.
const LONGEST: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn words(method: &str, uri: &str) -> RequestLabels {
        let (parts, ()) = http::Request::builder().method(method).uri(uri).body(()).unwrap_or_default().into_parts();
        RequestLabels::of(&parts, None)
    }

    #[test]
    fn a_caller_cannot_invent_words() {
        assert_eq!(words("GET", "/").method, "GET");
        assert_eq!(words("QUERY", "/").method, "QUERY");
        assert_eq!(words("get", "/").method, "_OTHER", "methods are case-sensitive");
        assert_eq!(words("PROPFIND", "/").verb(), "HTTP");
        assert_eq!(words("GET", "https://a/").scheme, "https");
        assert_eq!(words("GET", "gopher://a/").scheme, "_OTHER");
        assert_eq!(words("GET", "/").scheme, "http");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(cut("short"), "short");
        let long = "ß".repeat(LONGEST);
        assert_eq!(cut(&long).len(), LONGEST);
        assert_eq!(cut(&format!("a{long}")).len(), LONGEST - 1);
    }
}
