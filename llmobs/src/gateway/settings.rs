//! The settings of a layer.

use std::sync::Arc;

use http::request::Parts;

use super::endpoint::ModelEndpoint;
use crate::observer::Observer;
use crate::tower::TenantSource;

/// The default of `max_request_bytes`: 32 MiB, enough for images.
const DEFAULT_MAX_REQUEST_BYTES: usize = 32 * 1024 * 1024;

/// The settings of a layer.
#[derive(Clone)]
pub(super) struct GatewaySettings {
    pub(super) observer: Observer,
    /// Returns the endpoint of a request; `None` if the request calls no model and passes unobserved.
    pub(super) endpoint: Arc<EndpointFn>,
    /// A request with more bytes is passed on after the chunk that exceeds this number, and the rest passes unread.
    pub(super) max_request_bytes: usize,
    /// Set if the layer requests the usage of streams whose clients did not: the treatment of the frames that this
    /// adds.
    pub(super) usage_frames: Option<UsageFrames>,
    /// Set if the inner service chooses the provider, so that it is known only at the end of the operation.
    pub(super) late_provider: bool,
    /// The source of the tenant of a request; `None` for that of the server layer, or no tenant.
    pub(super) tenant: Option<TenantSource>,
    /// Set if a request whose budget is exhausted is answered with the status 429.
    #[cfg(feature = "cost")]
    pub(super) denies_over_budget: bool,
}

type EndpointFn = dyn Fn(&Parts) -> Option<ModelEndpoint> + Send + Sync;

/// The treatment of the usage frames that [`GatewayLayer::request_usage`](super::GatewayLayer::request_usage) adds to
/// streams whose clients did not request them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UsageFrames {
    /// Removes the frames from the stream, for clients that cannot handle a frame without choices.
    Removed,
    /// Passes the frames on to the clients.
    Forwarded,
}

impl GatewaySettings {
    /// Returns the default settings of a layer with this observer.
    pub(super) fn new(observer: Observer) -> Self {
        Self {
            observer,
            endpoint: Arc::new(ModelEndpoint::from_request),
            max_request_bytes: DEFAULT_MAX_REQUEST_BYTES,
            usage_frames: None,
            late_provider: false,
            tenant: None,
            #[cfg(feature = "cost")]
            denies_over_budget: false,
        }
    }
}
