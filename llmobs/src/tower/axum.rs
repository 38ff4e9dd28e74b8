//! The axum parts of the server layer. Types of the pre-1.0 crate `axum` appear in public signatures only here.

mod extract;
mod sse;

use std::net::SocketAddr;

use ::axum::extract::ConnectInfo;
use ::axum::extract::MatchedPath;
use http::Extensions;

pub use self::extract::CurrentObserver;
pub use self::extract::RequestArrival;
pub use self::sse::Events;
pub use self::sse::ObservedEvents;
pub use self::sse::sse;

/// Returns the route that axum's router matched.
pub(super) fn matched_route(extensions: &Extensions) -> Option<&str> {
    extensions.get::<MatchedPath>().map(MatchedPath::as_str)
}

/// Returns the peer address, if the service was made with `into_make_service_with_connect_info`.
pub(super) fn connected_peer(extensions: &Extensions) -> Option<SocketAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer)
}
