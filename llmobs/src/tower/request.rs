//! The attributes of a request that OpenTelemetry's HTTP conventions define.

use http::HeaderMap;
use http::Method;
use http::Uri;
use http::Version;
use http::header::CONTENT_LENGTH;
use http::header::HOST;
use http::header::USER_AGENT;
use http::request::Parts;
use http::uri::Authority;

use crate::semconv::value::OTHER;
use crate::text::prefix;

/// The label values of a request. Each field has few values, regardless of the client's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RequestLabels {
    pub(super) method: &'static str,
    pub(super) scheme: &'static str,
    pub(super) version: Option<&'static str>,
}

impl RequestLabels {
    /// Returns the labels of a request. `scheme`, if set, replaces the scheme of the URI. A URI without a scheme counts as
    /// `http`.
    pub(super) fn of(request: &Parts, scheme: Option<&'static str>) -> Self {
        Self {
            method: method(&request.method),
            scheme: scheme.unwrap_or_else(|| request.uri.scheme_str().map_or("http", Self::scheme_label)),
            version: version(request.version),
        }
    }

    pub(super) fn scheme_label(scheme: &str) -> &'static str {
        match scheme {
            "http" => "http",
            "https" => "https",
            _ => OTHER,
        }
    }

    /// Returns the method as used in a span name: `HTTP` for an unknown method.
    pub(super) fn span_name_method(&self) -> &'static str {
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

/// Returns the authority of the URI, or else of the `Host` header. It may contain user information, which must not be
/// recorded.
pub(super) fn requested_authority(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    let host_header = || headers.get(HOST)?.to_str().ok()?.parse().ok();
    uri.authority().cloned().or_else(host_header)
}

/// Returns the declared length of a body in bytes.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// Removes the brackets of an IPv6 address: `[::1]` becomes `::1`.
pub(super) fn without_brackets(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Returns the `User-Agent` header, truncated to 512 bytes.
pub(super) fn user_agent(headers: &HeaderMap) -> Option<&str> {
    headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).map(truncate)
}

/// Returns the first 512 bytes of a client's text, truncated at a character boundary.
pub(super) fn truncate(text: &str) -> &str {
    prefix(text, MAX_TEXT_BYTES)
}

/// The longest client text that a span contains, in bytes.
const MAX_TEXT_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn labels_of(method: &str, uri: &str) -> RequestLabels {
        let (parts, ()) = http::Request::builder().method(method).uri(uri).body(()).unwrap_or_default().into_parts();
        RequestLabels::of(&parts, None)
    }

    #[test]
    fn labels_have_known_values_only() {
        assert_eq!(labels_of("GET", "/").method, "GET");
        assert_eq!(labels_of("QUERY", "/").method, "QUERY");
        assert_eq!(labels_of("get", "/").method, "_OTHER", "methods are case-sensitive");
        assert_eq!(labels_of("PROPFIND", "/").span_name_method(), "HTTP");
        assert_eq!(labels_of("GET", "https://a/").scheme, "https");
        assert_eq!(labels_of("GET", "gopher://a/").scheme, "_OTHER");
        assert_eq!(labels_of("GET", "/").scheme, "http");
    }

    #[test]
    fn long_text_is_truncated_at_a_character_boundary() {
        assert_eq!(truncate("short"), "short");
        let long = "ß".repeat(MAX_TEXT_BYTES);
        assert_eq!(truncate(&long).len(), MAX_TEXT_BYTES);
        assert_eq!(truncate(&format!("a{long}")).len(), MAX_TEXT_BYTES - 1);
    }
}
