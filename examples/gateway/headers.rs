//! Headers that end at the gateway.

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

/// They speak of one connection, not of a request or an answer.
const HOP_BY_HOP: [HeaderName; 9] = [
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

/// Made anew for the upstream: its host, and a body that was read whole. What it compresses nobody can observe, so it is
/// not asked to. `traceparent` and `baggage` are the business of `llmobs::tower::inject`.
const OF_THE_REQUEST: [HeaderName; 4] = [ACCEPT_ENCODING, CONTENT_LENGTH, EXPECT, HOST];

pub(crate) fn to_upstream(headers: HeaderMap) -> HeaderMap {
    let mut headers = to_client(headers);
    OF_THE_REQUEST.iter().for_each(|name| drop(headers.remove(name)));
    headers
}

pub(crate) fn to_client(mut headers: HeaderMap) -> HeaderMap {
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> =
        named.flat_map(|list| list.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    HOP_BY_HOP.iter().chain(&named).for_each(|name| drop(headers.remove(name)));
    headers
}
