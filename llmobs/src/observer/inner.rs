//! The state that all clones of an observer share: the sinks, the cardinality limiters and the in-flight registry.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use opentelemetry::global::BoxedTracer;
use prometheus_client::registry::Registry;

#[cfg(feature = "content")]
use super::content_export::ReportedHookDrops;
use super::flight_recorder::FlightRecorder;
use super::in_flight::InFlight;
use super::in_flight::InFlightRegistry;
use super::operation_state::OperationState;
#[cfg(feature = "content")]
use crate::capture::Gate;
use crate::cardinality::CardinalityLimiter;
use crate::catalog::Level;
use crate::catalog::Role;
use crate::catalog::RowId;
use crate::catalog::SERIES;
use crate::catalog::llmobs_attribute;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::companion::CompanionRegistry;
use crate::measurement::Label;
#[cfg(feature = "pseudonym")]
use crate::pseudonym::Pseudonymizer;
use crate::semconv::value::OTHER;
use crate::semconv::value::OperationName;
use crate::semconv::value::Provider;
use crate::semconv::value::State;
use crate::series::DeclaredNames;
use crate::series::EXTRA_LABELS;
use crate::series::OperationSeries;
use crate::series::SeriesKey;
use crate::sink::SeriesHandle;
use crate::sink::Sinks;
#[cfg(feature = "otlp")]
use crate::sink::export_counts;
use crate::sink::otel;
use crate::timing::FirstToken;

pub(super) struct Inner {
    pub(super) clock: Clock,
    pub(super) first_token: FirstToken,
    pub(super) shutting_down: AtomicBool,
    sinks: Arc<Sinks>,
    vocabulary: Arc<DeclaredNames>,
    /// The operations for which a declared model has series that start at zero.
    operations: Vec<OperationName>,
    models: CardinalityLimiter<ModelSeries>,
    /// A separate limiter for operation names that the conventions do not list.
    names: CardinalityLimiter<Arc<str>>,
    providers: CardinalityLimiter<Arc<str>>,
    runtimes: CardinalityLimiter<Arc<str>>,
    table: Mutex<InFlightRegistry>,
    limits: Mutex<HashMap<(Arc<str>, State), SeriesHandle>>,
    /// Retired models, with the moment in nanoseconds from which their series may be removed.
    retired: Mutex<Vec<(Arc<ModelSeries>, u64)>>,
    /// Nanoseconds from the retirement of a model until its series may be removed.
    grace: u64,
    registry: OnceLock<Registry>,
    #[cfg(feature = "otlp")]
    exports: OnceLock<export_counts::ExportReporter>,
    attached: CompanionRegistry,
    tracer: OnceLock<BoxedTracer>,
    /// Ratio, from 0 to 1, of completed and cancelled operations that have a log event.
    pub(super) log_sample_ratio: f64,
    /// Set if the application requested the events `gen_ai.client.inference.operation.details`.
    logs_details: bool,
    pub(super) flight: Arc<FlightRecorder>,
    #[cfg(feature = "content")]
    pub(super) gate: Gate,
    #[cfg(feature = "content")]
    pub(super) reported_hook_drops: ReportedHookDrops,
    #[cfg(feature = "pseudonym")]
    pub(super) pseudonyms: Pseudonymizer,
}

/// Omits the series: their number would make the output unreadable.
impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("in_flight", &self.table().iter().count()).finish_non_exhaustive()
    }
}

/// The series of a model, one for each combination of role, operation, provider and labels that has occurred.
#[derive(Debug)]
struct ModelSeries {
    name: Arc<str>,
    series: RwLock<Vec<Arc<OperationSeries>>>,
}

/// The validated settings of the builder.
pub(super) struct ObserverSettings {
    pub(super) clock: Clock,
    pub(super) first_token: FirstToken,
    pub(super) vocabulary: DeclaredNames,
    pub(super) operations: Vec<OperationName>,
    pub(super) max_undeclared_models: usize,
    pub(super) series_limit: usize,
    pub(super) grace: u64,
    pub(super) tracer: Option<BoxedTracer>,
    pub(super) log_sample_ratio: f64,
    pub(super) logs_details: bool,
    pub(super) flight: Arc<FlightRecorder>,
    #[cfg(feature = "content")]
    pub(super) gate: Gate,
    #[cfg(feature = "pseudonym")]
    pub(super) pseudonyms: Pseudonymizer,
}

/// The number of operation names and of providers that the conventions do not list, and of runtimes, that get separate
/// series. Further ones share one.
const MAX_NAMES: usize = 16;

impl Inner {
    pub(super) fn new(settings: ObserverSettings, sinks: Sinks) -> Self {
        let sinks = Arc::new(sinks);
        sinks
            .bind(RowId::SeriesLimit, &[Label::new(llmobs_attribute::METRIC_GROUP, "all")])
            .set(count(settings.series_limit));
        let folded = || Arc::<str>::from(OTHER);
        Self {
            clock: settings.clock,
            first_token: settings.first_token,
            shutting_down: AtomicBool::new(false),
            sinks,
            vocabulary: Arc::new(settings.vocabulary),
            operations: settings.operations,
            models: CardinalityLimiter::new(settings.max_undeclared_models, ModelSeries::new(folded())),
            names: CardinalityLimiter::new(MAX_NAMES, folded()),
            providers: CardinalityLimiter::new(MAX_NAMES, folded()),
            runtimes: CardinalityLimiter::new(MAX_NAMES, folded()),
            table: Mutex::default(),
            limits: Mutex::default(),
            retired: Mutex::default(),
            grace: settings.grace,
            registry: OnceLock::new(),
            #[cfg(feature = "otlp")]
            exports: OnceLock::new(),
            attached: CompanionRegistry::default(),
            tracer: settings.tracer.map_or_else(OnceLock::new, OnceLock::from),
            log_sample_ratio: settings.log_sample_ratio,
            logs_details: settings.logs_details,
            flight: settings.flight,
            #[cfg(feature = "content")]
            gate: settings.gate,
            #[cfg(feature = "content")]
            reported_hook_drops: ReportedHookDrops::default(),
            #[cfg(feature = "pseudonym")]
            pseudonyms: settings.pseudonyms,
        }
    }

    pub(super) fn is_shutting_down(&self) -> bool {
        self.shutting_down.load(Ordering::Relaxed)
    }

    /// Returns whether details events are emitted: if requested, or if content is captured on events.
    #[cfg_attr(not(feature = "content"), expect(clippy::missing_const_for_fn, reason = "not const with that feature"))]
    pub(super) fn logs_details(&self) -> bool {
        #[cfg(feature = "content")]
        if self.gate.capture().is_on_events() {
            return true;
        }
        self.logs_details
    }

    /// Returns the objects of other crates that are attached to this observer: companions, which are notified of operations,
    /// and sources, which supply readings.
    pub(super) const fn attached(&self) -> &CompanionRegistry {
        &self.attached
    }

    pub(super) const fn sinks(&self) -> &Arc<Sinks> {
        &self.sinks
    }

    /// Returns the tracer for the spans of stages. The global one is resolved on first use: a tracer obtained before
    /// its provider is installed would never record anything.
    pub(super) fn tracer(&self) -> &BoxedTracer {
        self.tracer.get_or_init(|| otel::global_tracer(self.vocabulary.profile))
    }

    pub(super) fn vocabulary(&self) -> &DeclaredNames {
        &self.vocabulary
    }

    /// Stores the Prometheus registry that the observer created because its builder was given none.
    pub(super) fn set_owned_registry(&self, registry: Registry) {
        let _ = self.registry.set(registry);
    }

    /// Reports a pipeline's export counts to the sinks from now on, unless another observer does, or this one already
    /// reports a pipeline.
    #[cfg(feature = "otlp")]
    pub(super) fn report_exports(&self, exports: &Arc<export_counts::PipelineCounts>) {
        if self.exports.get().is_none()
            && let Some(teller) = exports.report_to(&self.sinks)
        {
            let _ = self.exports.set(teller);
        }
    }

    #[cfg(feature = "otlp")]
    pub(super) fn exports(&self) -> Option<&export_counts::ExportReporter> {
        self.exports.get()
    }

    #[cfg(feature = "prometheus")]
    pub(super) fn registry(&self) -> Option<&Registry> {
        self.registry.get()
    }

    /// Returns the series that an operation's metrics are recorded in.
    pub(super) fn series(
        &self,
        role: Role,
        operation: &OperationName,
        provider: &Provider,
        model: &str,
        extra: [u8; EXTRA_LABELS],
    ) -> Arc<OperationSeries> {
        let admitted = self.models.admit(model, |name| self.model(name));
        if admitted.folded {
            self.folded(SERIES[2]);
        }
        self.series_of(&admitted.entry, role, operation, provider, extra)
    }

    fn series_of(
        &self,
        model: &ModelSeries,
        role: Role,
        operation: &OperationName,
        provider: &Provider,
        extra: [u8; EXTRA_LABELS],
    ) -> Arc<OperationSeries> {
        if let Some(found) = model.find(role, operation, provider, extra) {
            return found;
        }
        let key = SeriesKey {
            role,
            operation: match operation {
                OperationName::Other(name) => OperationName::other(self.bounded(&self.names, SERIES[0], name)),
                listed => listed.clone(),
            },
            provider: match provider {
                Provider::Other(name) => Provider::other(self.bounded(&self.providers, SERIES[1], name)),
                listed => listed.clone(),
            },
            extra,
        };
        model.find_or_add(key, |key| {
            OperationSeries::new(key, Arc::clone(&model.name), Arc::clone(&self.sinks), Arc::clone(&self.vocabulary))
        })
    }

    pub(super) fn declare(&self, model: &str, role: Role, provider: &Provider) {
        let model = self.models.declare(model, |name| self.model(name));
        for operation in &self.operations {
            self.series_of(&model, role, operation, provider, [0; EXTRA_LABELS]).start_at_zero();
        }
    }

    pub(super) fn retire(&self, model: &str) {
        if let Some(model) = self.models.retire(model) {
            let gone_at = self.clock.now().as_nanos().saturating_add(self.grace);
            self.retired().push((model, gone_at));
        }
        self.forget_retired();
    }

    /// Removes from the Prometheus page the series of retired models whose grace time has passed and that no operation uses.
    pub(super) fn forget_retired(&self) {
        let now = self.clock.now().as_nanos();
        self.retired().retain(|(model, gone_at)| {
            let gone = *gone_at <= now && !model.is_in_use();
            if gone {
                self.forget(&model.name);
            }
            !gone
        });
    }

    fn forget(&self, model: &str) {
        self.limits().retain(|(of, _), limit| {
            let gone = of.as_ref() == model;
            if gone {
                // OpenTelemetry keeps the series, so the gauge is set to zero.
                limit.set(0.0);
            }
            !gone
        });
        self.sinks.prometheus.forget(SERIES[2], model);
    }

    /// Returns the series of an admitted model: those of a recently retired model with this name, or new ones.
    fn model(&self, name: Arc<str>) -> Arc<ModelSeries> {
        let mut retired = self.retired();
        match retired.iter().position(|(model, _)| model.name == name) {
            Some(place) => retired.swap_remove(place).0,
            None => Arc::new(ModelSeries::new(name)),
        }
    }

    pub(super) fn set_level(&self, level: Level) {
        self.sinks.set_level(level);
    }

    pub(super) fn set_limit(&self, model: &str, state: State, operations: usize) {
        let model = Arc::clone(&self.models.admit(model, |name| self.model(name)).entry.name);
        let labels = [Label::new(SERIES[2], Arc::clone(&model)), Label::new(llmobs_attribute::STATE, state.as_str())];
        self.limits()
            .entry((model, state))
            .or_insert_with(|| self.sinks.bind(RowId::OperationLimit, &labels))
            .set(count(operations));
    }

    pub(super) fn runtime_lag(&self, runtime: &str, seconds: f64) {
        if self.sinks.is_enabled(RowId::RuntimeLag.row().level) {
            let name = Arc::<str>::from(self.bounded(&self.runtimes, llmobs_attribute::RUNTIME_NAME, runtime));
            self.sinks
                .bind(RowId::RuntimeLag, &[Label::new(llmobs_attribute::RUNTIME_NAME, name)])
                .record(seconds, None);
        }
    }

    pub(super) fn anomaly(&self, anomaly: &'static str) {
        self.sinks.bind(RowId::Anomalies, &[Label::new(llmobs_attribute::ANOMALY, anomaly)]).add(1);
    }

    /// Returns a caller's moment, or `now` if the caller's lies in the future, which is counted as an anomaly.
    pub(super) fn clamp_to_now(&self, moment: Moment, now: Moment) -> Moment {
        if moment > now {
            self.anomaly("mark_out_of_order");
        }
        moment.min(now)
    }

    pub(super) fn folded(&self, label: &'static str) {
        self.sinks.bind(RowId::FoldedLabels, &[Label::new(llmobs_attribute::LABEL, label)]).add(1);
    }

    pub(super) fn table(&self) -> MutexGuard<'_, InFlightRegistry> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn in_flight(&self) -> Vec<InFlight> {
        let live: Vec<Arc<OperationState>> = self.table().iter().map(Arc::clone).collect();
        let mut all: Vec<_> = live.iter().map(|live| InFlight::of(live)).collect();
        all.sort_by_key(|operation| std::cmp::Reverse(operation.age));
        all
    }

    fn retired(&self) -> MutexGuard<'_, Vec<(Arc<ModelSeries>, u64)>> {
        self.retired.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limits(&self) -> MutexGuard<'_, HashMap<(Arc<str>, State), SeriesHandle>> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bounded(&self, guard: &CardinalityLimiter<Arc<str>>, label: &'static str, name: &str) -> String {
        let admitted = guard.admit(name, Arc::new);
        if admitted.folded {
            self.folded(label);
        }
        admitted.entry.to_string()
    }

    /// Returns the series of all models, including recently retired ones.
    pub(super) fn all_series(&self) -> Vec<Arc<OperationSeries>> {
        let mut models = self.models.all();
        models.extend(self.retired().iter().map(|(model, _)| Arc::clone(model)));
        models.iter().flat_map(|model| model.series()).collect()
    }
}

impl ModelSeries {
    fn new(name: Arc<str>) -> Self {
        Self { name, series: RwLock::default() }
    }

    /// Returns whether an operation or a marker still uses a series of this model.
    fn is_in_use(&self) -> bool {
        let all = self.series.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().any(|series| Arc::strong_count(series) > 1)
    }

    fn series(&self) -> Vec<Arc<OperationSeries>> {
        self.series.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn find(
        &self,
        role: Role,
        operation: &OperationName,
        provider: &Provider,
        extra: [u8; EXTRA_LABELS],
    ) -> Option<Arc<OperationSeries>> {
        let all = self.series.read().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().find(|series| {
            let key = &series.key;
            key.role == role && key.operation == *operation && key.provider == *provider && key.extra == extra
        });
        found.map(Arc::clone)
    }

    fn find_or_add(&self, key: SeriesKey, make: impl FnOnce(SeriesKey) -> OperationSeries) -> Arc<OperationSeries> {
        let mut all = self.series.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = all.iter().find(|series| series.key == key) {
            return Arc::clone(found);
        }
        let series = Arc::new(make(key));
        all.push(Arc::clone(&series));
        series
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
pub(super) const fn count(things: usize) -> f64 {
    things as f64
}
