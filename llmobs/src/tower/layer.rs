//! The layer and its settings.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::Extensions;
use http::HeaderName;
use http::request::Parts;
use http::uri::Scheme;
use tower_layer::Layer;

use super::layer_state::LayerSettings;
use super::layer_state::LayerState;
use super::metrics::HttpMetrics;
use super::request::RequestLabels;
use super::service::Server;
use super::tenant::TenantSource;
use crate::observer::Observer;

/// A Tower layer that observes every HTTP request to a service until the end of the response body.
///
/// Records `http.server.request.duration` (seconds) and `http.server.active_requests`, and creates the request's
/// `SERVER` span, unless [`without_spans`](Self::without_spans) or [`span_filter`](Self::span_filter) excludes it. In
/// axum, add the layer with `Router::layer`, which runs after routing, so the matched route is known. Routes added to
/// the router after the layer, such as `/metrics`, are not observed.
///
/// Of the client's text, the span contains the path, the name of an unknown method, and the requested host. The query
/// is never recorded. Headers are recorded only if a setter enables them.
///
/// With [`Observer::disabled`] the layer has no effect.
#[derive(Clone)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct ServerLayer {
    observer: Observer,
    /// `None` if the observer is disabled. Shared by all services that the layer wraps.
    metrics: Option<Arc<HttpMetrics>>,
    settings: LayerSettings,
}

impl ServerLayer {
    /// Creates a layer that records its metrics with this observer.
    pub fn new(observer: Observer) -> Self {
        Self { observer, metrics: None, settings: LayerSettings::default() }.route_limit(100)
    }

    /// Sets the function that returns the route of a request, such as `/users/{id}`. Replaces the default, which is
    /// axum's `MatchedPath`, or no route without the feature `axum`. A route must have few distinct values, so the path
    /// is not suitable.
    ///
    /// For tonic, return the names of the known methods:
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

    /// Sets the limit of distinct routes. Further routes are recorded as `_OTHER` in the metrics, and their spans
    /// contain no route. Defaults to 100.
    pub fn route_limit(mut self, routes: usize) -> Self {
        self.metrics = self.observer.sinks().map(|sinks| Arc::new(HttpMetrics::new(Arc::clone(sinks), routes)));
        self
    }

    /// Sets the scheme by which clients reach the service, for a service behind a proxy that terminates TLS. Defaults
    /// to the scheme in the request, otherwise to `http`. A scheme other than `http` and `https` is recorded as
    /// `_OTHER`.
    pub fn scheme(mut self, scheme: &Scheme) -> Self {
        self.settings.scheme = Some(RequestLabels::scheme_label(scheme.as_str()));
        self
    }

    /// Sets `client.address` on spans: the address of the connection's peer; forwarding headers are ignored. The
    /// address is known if axum serves with `into_make_service_with_connect_info::<SocketAddr>`, or if the request has
    /// an extension of type `SocketAddr`. Off by default, since an address may identify a person.
    pub const fn with_client_address(mut self) -> Self {
        self.settings.should_record_client_address = true;
        self
    }

    /// Sets `user_agent.original` on spans: the `User-Agent` header, truncated to 512 bytes. Off by default, since
    /// the text is under the client's control and may identify a person. Never recorded for gRPC calls.
    pub const fn with_user_agent(mut self) -> Self {
        self.settings.should_record_user_agent = true;
        self
    }

    /// Sets which requests have a span: those for which the function returns `true`. Replaces the default, all
    /// requests. A request without a span is recorded in the metrics, and the spans of its handler continue the
    /// caller's trace.
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::tower::ServerLayer;
    ///
    /// let layer = ServerLayer::new(Observer::disabled())
    ///     .span_filter(|request| !matches!(request.uri.path(), "/healthz" | "/metrics"));
    /// # let _ = layer;
    /// ```
    pub fn span_filter(mut self, has_span: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.settings.span_filter = Some(Arc::new(has_span));
        self
    }

    /// Calls a function with the new span of each request, before it is entered for the first time. It can set the
    /// parent of the span with the `set_parent` of the application's version of `tracing-opentelemetry`, if that is not
    /// the version of llmobs ([versions](crate::guide::versions)). Defaults to no function.
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::tower::ServerLayer;
    ///
    /// let layer = ServerLayer::new(Observer::disabled()).on_span(|span, request| {
    ///     let _traceparent = request.headers.get("traceparent");
    ///     // span.set_parent(propagator.extract(..));
    ///     # let _ = span;
    /// });
    /// # let _ = layer;
    /// ```
    pub fn on_span(mut self, on_span: impl Fn(&tracing::Span, &Parts) + Send + Sync + 'static) -> Self {
        self.settings.on_span = Some(Arc::new(on_span));
        self
    }

    /// Creates no spans, only metrics. The span of a model call is then the first one of the request in this process:
    /// it continues the caller's trace, or begins one. Replaces a [`span_filter`](Self::span_filter).
    pub fn without_spans(self) -> Self {
        self.span_filter(|_| false)
    }

    /// Describes the first operation of a request on the span of the request too, for trace viewers that list only the
    /// first span of each trace. Off by default, since the conventions define these attributes for other spans.
    ///
    /// The span of the request has `gen_ai.operation.name`, `gen_ai.provider.name` and `gen_ai.request.model`. If
    /// content is captured on spans, it has the text of the last input message in `input.value` and that of the answer
    /// in `output.value`, names of `OpenInference`. If the operation did not complete, `error.type` is that of the
    /// operation, and the status is Error, also for a rejected and a cancelled operation. The numbers of tokens are not
    /// set, because viewers add up those of all spans.
    pub const fn with_model_call(mut self) -> Self {
        self.settings.should_describe_model_call = true;
        self
    }

    /// Sets the function that returns the tenant of a request from its extensions, for the operations of the request that
    /// set no [tenant](crate::operation::Start::tenant). Only code of the service can set an extension, so a client cannot
    /// choose its tenant. The code that authenticates the client must run before this layer: in axum, add its layer after
    /// this one. Not called unless the observer [records tenants](crate::ObserverBuilder::tenants). Replaces
    /// [`tenant_from_trusted_header`](Self::tenant_from_trusted_header). Defaults to no tenant.
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::tower::ServerLayer;
    /// use std::sync::Arc;
    ///
    /// #[derive(Clone)]
    /// struct ApiKey { team: Arc<str> } // inserted by the code that authenticates the client
    ///
    /// let layer = ServerLayer::new(Observer::disabled())
    ///     .tenant_from_extensions(|extensions| extensions.get::<ApiKey>().map(|key| Arc::clone(&key.team)));
    /// # let _ = layer;
    /// ```
    pub fn tenant_from_extensions<T: Into<Arc<str>>>(
        mut self,
        tenant: impl Fn(&Extensions) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        self.settings.tenant = Some(TenantSource::extensions(tenant));
        self
    }

    /// Sets the header whose value is the tenant of a request, as
    /// [`tenant_from_extensions`](Self::tenant_from_extensions) does. The layer trusts the header: only use one that a
    /// proxy or a middleware sets after it has authenticated the client, and that it removes from the client's own request.
    /// Otherwise each client could count its usage for another tenant, and fill the places of all tenants with invented
    /// names. A header that occurs twice names no tenant. Defaults to no header.
    pub fn tenant_from_trusted_header(mut self, name: HeaderName) -> Self {
        self.settings.tenant = Some(TenantSource::TrustedHeader(name));
        self
    }

    /// Adds the trace id to the response, in a header of this name: that of the request's span, or without one that of
    /// its first operation, or without that the caller's. Adds no header if there is no trace id when the handler
    /// answers. Off by default.
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
        let state = self.metrics.as_ref().map(|metrics| {
            let (observer, metrics) = (self.observer.clone(), Arc::clone(metrics));
            Arc::new(LayerState { observer, metrics, settings: self.settings.clone() })
        });
        Server::new(inner, state)
    }
}
