//! The layer and its settings.

use std::fmt;
use std::sync::Arc;

use http::Extensions;
use http::HeaderName;
use http::request::Parts;
use tower_layer::Layer;

use super::endpoint::ModelEndpoint;
use super::service::Gateway;
use super::settings::GatewaySettings;
use super::settings::UsageFrames;
use crate::observer::Observer;
use crate::tower::TenantSource;

/// A Tower layer that observes the model calls that pass through a gateway or proxy. See the
/// [module](crate::gateway#what-is-observed).
#[derive(Clone)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct GatewayLayer {
    settings: Arc<GatewaySettings>,
}

impl GatewayLayer {
    /// Creates a layer that records the operations of this observer, whose role should be
    /// [`Gateway`](crate::Role::Gateway).
    pub fn new(observer: Observer) -> Self {
        Self { settings: Arc::new(GatewaySettings::new(observer)) }
    }

    /// Sets the function that returns the endpoint of a request, or `None` for a request that calls no model and is
    /// passed on unobserved. Replaces the default, [`ModelEndpoint::from_path`] for `POST` requests. Use it for paths
    /// of your own, and for the provider of each path:
    ///
    /// ```
    /// use llmobs::gateway::{GatewayLayer, ModelEndpoint};
    /// use llmobs::{Observer, Provider};
    ///
    /// let layer = GatewayLayer::new(Observer::disabled()).endpoint(|request| {
    ///     let path = request.uri.path();
    ///     let provider = if path.starts_with("/anthropic/") { Provider::Anthropic } else { Provider::OpenAi };
    ///     Some(ModelEndpoint::from_path(path)?.provider(provider))
    /// });
    /// # let _ = layer;
    /// ```
    pub fn endpoint(self, endpoint: impl Fn(&Parts) -> Option<ModelEndpoint> + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.endpoint = Arc::new(endpoint))
    }

    /// Sets the number of bytes of a request up to which it is read before it is passed on; the last frame that is read
    /// can exceed it. The rest of a longer request passes unread: its parameters are read from the first part, and its
    /// input is not captured. Defaults to 32 MiB. A limit of the size of requests is the application's.
    pub fn max_request_bytes(self, bytes: usize) -> Self {
        self.set(|settings| settings.max_request_bytes = bytes)
    }

    /// Sets `stream_options.include_usage` in requests for streams of OpenAI's chat completions and completions that do
    /// not set it, so that the upstream reports the tokens of every stream. The option changes the body and the
    /// `Content-Length` of the request, so a signature over the body becomes invalid. `frames` determines whether the
    /// clients receive the additional frames. By default requests are not changed.
    pub fn request_usage(self, frames: UsageFrames) -> Self {
        self.set(|settings| settings.usage_frames = Some(frames))
    }

    /// Declares that the inner service chooses the provider, or changes it for a fallback, with
    /// [`Marker::provider`](crate::Marker::provider). The span of the operation then carries the provider that
    /// answered; it is set at the end, so a sampler cannot read it. By default, the span carries the provider of the
    /// endpoint.
    pub fn late_provider(self) -> Self {
        self.set(|settings| settings.late_provider = true)
    }

    /// Sets the function that returns the tenant of a request from its extensions, for its operation. Only code of the service can set an extension, so a client cannot
    /// choose its tenant. The code that authenticates the client must run before this layer: in axum, add its layer after
    /// this one. Not called unless the observer [records tenants](crate::ObserverBuilder::tenants). Replaces
    /// [`tenant_from_trusted_header`](Self::tenant_from_trusted_header). Defaults to no tenant.
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::gateway::GatewayLayer;
    /// use std::sync::Arc;
    ///
    /// #[derive(Clone)]
    /// struct ApiKey { team: Arc<str> } // inserted by the code that authenticates the client
    ///
    /// let layer = GatewayLayer::new(Observer::disabled())
    ///     .tenant_from_extensions(|extensions| extensions.get::<ApiKey>().map(|key| Arc::clone(&key.team)));
    /// # let _ = layer;
    /// ```
    pub fn tenant_from_extensions<T: Into<Arc<str>>>(
        self,
        tenant: impl Fn(&Extensions) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        self.set(|settings| settings.tenant = Some(TenantSource::extensions(tenant)))
    }

    /// Sets the header whose value is the tenant of a request, as
    /// [`tenant_from_extensions`](Self::tenant_from_extensions) does. The layer trusts the header: only use one that a
    /// proxy or a middleware sets after it has authenticated the client, and that it removes from the client's own request.
    /// Otherwise each client could count its usage for another tenant, and fill the places of all tenants with invented
    /// names. A header that occurs twice names no tenant. Defaults to no header.
    pub fn tenant_from_trusted_header(self, name: HeaderName) -> Self {
        self.set(|settings| settings.tenant = Some(TenantSource::TrustedHeader(name)))
    }

    /// Sets that a request whose [budget](crate::ObserverBuilder::budgets) is exhausted is answered with the status 429 and
    /// `Retry-After`, the seconds until the period of the budget ends, and that the inner service is not called. Its operation
    /// is `rejected` with `budget_exceeded`. The number of input tokens is not known before the answer, so nothing is
    /// reserved: the limit may be exceeded by the costs of the requests in flight. By default, every request passes.
    #[cfg(feature = "cost")]
    pub fn deny_over_budget(self) -> Self {
        self.set(|settings| settings.denies_over_budget = true)
    }

    fn set(mut self, change: impl FnOnce(&mut GatewaySettings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl fmt::Debug for GatewayLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayLayer").field("observer", &self.settings.observer).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for GatewayLayer {
    type Service = Gateway<S>;

    fn layer(&self, inner: S) -> Gateway<S> {
        Gateway::new(inner, Arc::clone(&self.settings))
    }
}
