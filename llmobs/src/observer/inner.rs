//! What all clones of an observer share: the backends, the guards, the table of what is in flight.

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

use super::flight_recorder::FlightRecorder;
use super::in_flight::InFlight;
use super::in_flight::InFlightRegistry;
#[cfg(feature = "content")]
use super::leaving::ReportedHookDrops;
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
    /// Which operations a declared model has series of at zero.
    operations: Vec<OperationName>,
    models: CardinalityLimiter<ModelSeries>,
    /// Names that the conventions do not list pass a guard of their own.
    names: CardinalityLimiter<Arc<str>>,
    providers: CardinalityLimiter<Arc<str>>,
    runtimes: CardinalityLimiter<Arc<str>>,
    table: Mutex<InFlightRegistry>,
    limits: Mutex<HashMap<(Arc<str>, State), SeriesHandle>>,
    /// Retired models and when their series may go.
    retired: Mutex<Vec<(Arc<ModelSeries>, u64)>>,
    grace: u64,
    registry: OnceLock<Registry>,
    #[cfg(feature = "otlp")]
    exports: OnceLock<export_counts::ExportReporter>,
    attached: CompanionRegistry,
    tracer: OnceLock<BoxedTracer>,
    /// Which share of the operations that went well is logged.
    pub(super) log_sample_ratio: f64,
    /// Whether somebody asked for events with the details of each operation.
    logs_details: bool,
    pub(super) flight: Arc<FlightRecorder>,
    #[cfg(feature = "content")]
    pub(super) gate: Gate,
    #[cfg(feature = "content")]
    pub(super) reported_hook_drops: ReportedHookDrops,
    #[cfg(feature = "pseudonym")]
    pub(super) pseudonyms: Pseudonymizer,
}

/// Short: who prints an observer does not want every series.
impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("in_flight", &self.table().iter().count()).finish_non_exhaustive()
    }
}

/// A model's series, one for each kind of operation seen.
#[derive(Debug)]
struct ModelSeries {
    name: Arc<str>,
    series: RwLock<Vec<Arc<OperationSeries>>>,
}

/// What the builder decided.
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

/// How many unlisted operation names, providers and runtimes may have series.
const NAMES: usize = 16;

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
            names: CardinalityLimiter::new(NAMES, folded()),
            providers: CardinalityLimiter::new(NAMES, folded()),
            runtimes: CardinalityLimiter::new(NAMES, folded()),
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

    /// Whether each operation has an event with its details: where it is asked for, and where events have content.
    #[cfg_attr(not(feature = "content"), expect(clippy::missing_const_for_fn, reason = "with content it is not"))]
    pub(super) fn logs_details(&self) -> bool {
        #[cfg(feature = "content")]
        if self.gate.capture().on_events() {
            return true;
        }
        self.logs_details
    }

    /// Who follows the operations, and who gives values of rows that are not ours.
    pub(super) const fn attached(&self) -> &CompanionRegistry {
        &self.attached
    }

    pub(super) const fn sinks(&self) -> &Arc<Sinks> {
        &self.sinks
    }

    /// What makes the spans of parts that are over. The process-wide one is taken when it is first needed: one that
    /// was taken before its provider was set would record nothing for good.
    pub(super) fn tracer(&self) -> &BoxedTracer {
        self.tracer.get_or_init(|| otel::global_tracer(self.vocabulary.profile))
    }

    pub(super) fn vocabulary(&self) -> &DeclaredNames {
        &self.vocabulary
    }

    /// Keeps the registry of an observer that was given none.
    pub(super) fn set_owned_registry(&self, registry: Registry) {
        let _ = self.registry.set(registry);
    }

    /// Tells the backends of a pipeline's exports from now on, unless another observer does already.
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

    /// The series that an operation's facts go to.
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

    /// Forgets the series of models whose grace time is over and that nobody holds any more.
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
                // OpenTelemetry forgets nothing, and a later limit starts from zero.
                limit.set(0.0);
            }
            !gone
        });
        self.sinks.prometheus.forget(SERIES[2], model);
    }

    /// What stands beside a name that gets a place: what it had, if it was retired a short while ago.
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

    /// Returns a moment that a caller gave, or `now` if that is still to come, which is counted: nothing has happened yet
    /// that is still to come.
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

    /// The series of every model that has a place or lost it a short while ago.
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

    /// Whether an operation, or a marker of one, still holds a series.
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
