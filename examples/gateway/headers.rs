//! Headers that the gateway does not pass on.

use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::header::ACCEPT_ENCODING;
use axum::http::header::CONNECTION;
use axum::http::header::CONTENT_LENGTH;
use axum::http::header::EXPECT;
use axum::http::header::HOST;
use axum::http::header::PROXY_AUTHENTICATE;
use axum::http::header::PROXY_AUTHORIZATION;
use axum::http::header::TE;
use axum::http::header::TRAILER;
use axum::http::header::TRANSFER_ENCODING;
use axum::http::header::UPGRADE;

/// Hop-by-hop headers: they concern one connection, and are not forwarded.
const HOP_BY_HOP_HEADERS: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Headers that are not copied to the upstream: host and length are set again for it, and the gateway reads the body
/// completely. Without `accept-encoding` the upstream does not compress, so the answer can be observed. `traceparent`
/// and `baggage` are replaced by `llmobs::tower::inject`.
const REPLACED_REQUEST_HEADERS: [HeaderName; 4] = [ACCEPT_ENCODING, CONTENT_LENGTH, EXPECT, HOST];

pub(crate) fn to_upstream(headers: HeaderMap) -> HeaderMap {
    let mut headers = to_client(headers);
    REPLACED_REQUEST_HEADERS.iter().for_each(|name| drop(headers.remove(name)));
    headers
}

pub(crate) fn to_client(mut headers: HeaderMap) -> HeaderMap {
    let connection_headers = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let connection_headers: Vec<HeaderName> =
        connection_headers.flat_map(|list| list.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    HOP_BY_HOP_HEADERS.iter().chain(&connection_headers).for_each(|name| drop(headers.remove(name)));
    headers
}
