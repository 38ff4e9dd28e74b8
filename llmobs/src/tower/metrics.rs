//! The metrics of HTTP servers.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cardinality::CardinalityLimiter;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::measurement::Label;
use crate::measurement::TraceLink;
use crate::semconv::attribute as a;
use crate::semconv::value::OTHER;
use crate::sink::SeriesHandle;
use crate::sink::Sinks;
use crate::sync::RwLock;
use crate::tower::request::RequestLabels;

/// The series of one layer.
#[derive(Debug)]
pub(super) struct HttpMetrics {
    sinks: Arc<Sinks>,
    routes: CardinalityLimiter<Arc<str>>,
    durations: RwLock<HashMap<DurationLabels, Arc<SeriesHandle>>>,
    active_requests: RwLock<HashMap<(&'static str, &'static str), Arc<SeriesHandle>>>,
}

/// The label values that identify one series of durations.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct DurationLabels {
    pub(super) request: RequestLabels,
    /// Bounded by [`HttpMetrics::route_label`].
    pub(super) route: Option<Arc<str>>,
    pub(super) status: Option<u16>,
    pub(super) error: Option<HttpErrorType>,
}

/// A value of the label `error.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum HttpErrorType {
    /// The response's status, as text.
    Status(u16),
    /// A value of a closed list.
    Named(&'static str),
}

/// The limit of duration series, below the OpenTelemetry SDK's 2,000 attribute sets. Reached only by a service that
/// invents statuses or routes.
const MAX_SERIES: usize = 1_900;

impl HttpMetrics {
    pub(super) fn new(sinks: Arc<Sinks>, routes: usize) -> Self {
        Self {
            sinks,
            routes: CardinalityLimiter::new(routes, Arc::from(OTHER)),
            durations: RwLock::default(),
            active_requests: RwLock::default(),
        }
    }

    /// Returns the route as a label, and whether it was folded into `_OTHER` because there are too many routes.
    pub(super) fn route_label(&self, route: &str) -> (Arc<str>, bool) {
        let admitted = self.routes.admit(route, Arc::new);
        if admitted.is_folded {
            self.record_folded();
        }
        (Arc::clone(&admitted.entry), admitted.is_folded)
    }

    /// Returns the up-down counter of active requests for these labels.
    pub(super) fn active_requests(&self, request: &RequestLabels) -> Arc<SeriesHandle> {
        let key = (request.method, request.scheme);
        if let Some(known) = self.active_requests.read().get(&key) {
            return Arc::clone(known);
        }
        let labels = [Label::new(a::HTTP_REQUEST_METHOD, key.0), Label::new(a::URL_SCHEME, key.1)];
        let mut all = self.active_requests.write();
        Arc::clone(all.entry(key).or_insert_with(|| Arc::new(self.sinks.bind(RowId::HttpActiveRequests, &labels))))
    }

    /// Records the duration of a request, in seconds, at its end.
    pub(super) fn record_duration(&self, labels: DurationLabels, seconds: f64, link: Option<TraceLink>) {
        self.duration_handle(labels).record(seconds, link);
    }

    fn duration_handle(&self, labels: DurationLabels) -> Arc<SeriesHandle> {
        if let Some(known) = self.durations.read().get(&labels) {
            return Arc::clone(known);
        }
        let mut all = self.durations.write();
        let labels = if all.len() < MAX_SERIES || all.contains_key(&labels) { labels } else { self.fold(&labels) };
        let handle = all
            .entry(labels)
            .or_insert_with_key(|labels| Arc::new(self.sinks.bind(RowId::HttpDuration, &labels.labels())));
        Arc::clone(handle)
    }

    /// Returns the labels of the overflow series, which keep only method and scheme: at most 33 combinations.
    fn fold(&self, labels: &DurationLabels) -> DurationLabels {
        self.record_folded();
        DurationLabels {
            request: RequestLabels { version: None, ..labels.request },
            route: Some(Arc::from(OTHER)),
            status: None,
            error: None,
        }
    }

    fn record_folded(&self) {
        self.sinks.bind(RowId::FoldedLabels, &[Label::new(llmobs_attribute::LABEL, a::HTTP_ROUTE)]).add(1);
    }
}

impl DurationLabels {
    /// Returns the labels in the order of the catalog's row.
    fn labels(&self) -> Vec<Label> {
        let mut labels = vec![
            Label::new(a::HTTP_REQUEST_METHOD, self.request.method),
            Label::new(a::URL_SCHEME, self.request.scheme),
        ];
        labels.extend(self.route.as_ref().map(|route| Label::new(a::HTTP_ROUTE, Arc::clone(route))));
        labels.extend(self.status.map(|status| Label::new(a::HTTP_RESPONSE_STATUS_CODE, status)));
        labels.extend(self.error.map(|error| match error {
            HttpErrorType::Status(status) => Label::new(a::ERROR_TYPE, Arc::<str>::from(status.to_string())),
            HttpErrorType::Named(name) => Label::new(a::ERROR_TYPE, name),
        }));
        labels.extend(self.request.version.map(|version| Label::new(a::NETWORK_PROTOCOL_VERSION, version)));
        labels
    }
}
