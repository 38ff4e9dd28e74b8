//! The layer and its settings.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::HeaderName;
use http::request::Parts;
use http::uri::Scheme;
use tower_layer::Layer;

use super::metrics::HttpMetrics;
use super::request::RequestLabels;
use super::service::Server;
use crate::observer::Observer;

/// Observes every HTTP request to a service until the end of the body of its response.
///
/// It records `http.server.request.duration` (in seconds) and `http.server.active_requests`, and makes the request's
/// `SERVER` span. In axum put it on with `Router::layer`: there the route is known that matched. Routes that are added
/// behind it, such as `/metrics`, are not observed.
///
/// Of what a caller wrote, the span has the path, the name of a method that nobody knows, and the host that was asked for.
/// The query is on no span, and of the headers none but what a setter asks for.
///
/// With [`Observer::disabled`] it does nothing.
#[derive(Clone)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct ServerLayer {
    observer: Observer,
    /// None where nothing is observed. Shared by every route that the layer is put around.
    meters: Option<Arc<HttpMetrics>>,
    settings: LayerSettings,
}

/// What a user decided.
#[derive(Clone, Default)]
pub(super) struct LayerSettings {
    pub(super) route: Option<Arc<RouteFn>>,
    pub(super) scheme: Option<&'static str>,
    pub(super) client_address: bool,
    pub(super) user_agent: bool,
    pub(super) trace_header: Option<HeaderName>,
}

type RouteFn = dyn Fn(&Parts) -> Option<Cow<'static, str>> + Send + Sync;

impl ServerLayer {
    /// A layer whose metrics go to this observer.
    pub fn new(observer: Observer) -> Self {
        Self { observer, meters: None, settings: LayerSettings::default() }.route_limit(100)
    }

    /// Says the route of a request, such as `/users/{id}`, where no router has left it. It has to have few values: the
    /// path is no route. Defaults to axum's `MatchedPath`, else to none.
    ///
    /// For tonic, name the methods that there are:
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::tower::ServerLayer;
    ///
    /// const METHODS: [&str; 1] = ["/inference.GRPCInferenceService/ModelInfer"];
    /// let layer = ServerLayer::new(Observer::disabled())
    ///     .route(|request| METHODS.into_iter().find(|method| *method == request.uri.path()));
    /// # let _ = layer;
    /// ```
    pub fn route<R>(mut self, route: impl Fn(&Parts) -> Option<R> + Send + Sync + 'static) -> Self
    where
        R: Into<Cow<'static, str>>,
    {
        self.settings.route = Some(Arc::new(move |request| route(request).map(Into::into)));
        self
    }

    /// How many routes get series of their own; the rest are `_OTHER`. Defaults to 100.
    pub fn route_limit(mut self, routes: usize) -> Self {
        self.meters = self.observer.sinks().map(|sinks| Arc::new(HttpMetrics::new(Arc::clone(sinks), routes)));
        self
    }

    /// The scheme by which callers reach the service, for one that stands behind a proxy that ends TLS. Defaults to
    /// that of the request, else to `http`.
    pub fn scheme(mut self, scheme: &Scheme) -> Self {
        self.settings.scheme = Some(RequestLabels::of_scheme(scheme.as_str()));
        self
    }

    /// Puts `client.address` on spans: the address of the connection's other end, whatever a header says. It is known
    /// where axum serves with `into_make_service_with_connect_info::<SocketAddr>`, or where the request has an extension
    /// of type `SocketAddr`. Defaults to not, since an address may be a person's.
    pub const fn with_client_address(mut self) -> Self {
        self.settings.client_address = true;
        self
    }

    /// Puts `user_agent.original` on spans: the header of that name, cut at 512 bytes. Defaults to not, since a caller may
    /// write there what it likes, and what programs write may tell one person from another. Calls of gRPC never have it.
    pub const fn with_user_agent(mut self) -> Self {
        self.settings.user_agent = true;
        self
    }

    /// Gives the caller the number of the trace, in a header of this name. Defaults to none.
    pub fn with_trace_header(mut self, name: HeaderName) -> Self {
        self.settings.trace_header = Some(name);
        self
    }
}

impl fmt::Debug for ServerLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerLayer").field("observer", &self.observer).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for ServerLayer {
    type Service = Server<S>;

    fn layer(&self, inner: S) -> Server<S> {
        let shared = self.meters.as_ref().map(|meters| {
            let (observer, meters) = (self.observer.clone(), Arc::clone(meters));
            Arc::new(LayerState { observer, meters, settings: self.settings.clone() })
        });
        Server::new(inner, shared)
    }
}

/// What all requests share.
pub(super) struct LayerState {
    pub(super) observer: Observer,
    pub(super) meters: Arc<HttpMetrics>,
    pub(super) settings: LayerSettings,
}
