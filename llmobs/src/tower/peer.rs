//! The address of a connection's peer.

use std::net::IpAddr;
use std::net::SocketAddr;

use http::Extensions;

/// Returns the address of the connection's peer, if the server stored it in the request's extensions.
pub(super) fn peer_address(extensions: &Extensions) -> Option<IpAddr> {
    #[cfg(feature = "axum")]
    if let Some(peer) = super::axum::connected_peer(extensions) {
        return Some(peer.ip().to_canonical());
    }
    extensions.get::<SocketAddr>().map(|peer| peer.ip().to_canonical())
}
