//! The settings of a layer, and the state that its requests share.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderName;
use http::request::Parts;

use super::metrics::HttpMetrics;
use super::tenant::TenantSource;
use crate::observer::Observer;

/// The settings of a layer.
#[derive(Clone, Default)]
pub(super) struct LayerSettings {
    pub(super) route: Option<Arc<RouteFn>>,
    pub(super) scheme: Option<&'static str>,
    pub(super) should_record_client_address: bool,
    pub(super) should_record_user_agent: bool,
    pub(super) trace_header: Option<HeaderName>,
    /// Returns whether a request has a span. `None` for all requests.
    pub(super) span_filter: Option<Arc<SpanFilter>>,
    /// The application's function for each span before it is entered.
    pub(super) on_span: Option<Arc<OnSpan>>,
    /// Set if the span of a request describes the request's first model call too.
    pub(super) should_describe_model_call: bool,
    /// The source of the tenant; `None` for no tenant.
    pub(super) tenant: Option<TenantSource>,
}

impl LayerSettings {
    /// Returns whether this request has a span.
    pub(super) fn has_span(&self, request: &Parts) -> bool {
        self.span_filter.as_ref().is_none_or(|filter| filter(request))
    }
}

type OnSpan = dyn Fn(&tracing::Span, &Parts) + Send + Sync;

type SpanFilter = dyn Fn(&Parts) -> bool + Send + Sync;

type RouteFn = dyn Fn(&Parts) -> Option<Cow<'static, str>> + Send + Sync;

/// The state that all requests of a layer share.
pub(super) struct LayerState {
    pub(super) observer: Observer,
    pub(super) metrics: Arc<HttpMetrics>,
    pub(super) settings: LayerSettings,
}
