//! The other end of a connection.

use std::net::IpAddr;
use std::net::SocketAddr;

use http::Extensions;

/// The address of the connection's other end, where the server has left it in the request.
pub(super) fn address(extensions: &Extensions) -> Option<IpAddr> {
    #[cfg(feature = "axum")]
    if let Some(peer) = super::axum::connected(extensions) {
        return Some(peer.ip().to_canonical());
    }
    extensions.get::<SocketAddr>().map(|peer| peer.ip().to_canonical())
}
