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
use crate::catalog::SERIES_ATTRIBUTES;
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
use crate::series::MAX_EXTRA_LABELS;
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
    declared_names: Arc<DeclaredNames>,
    /// The operations for which a declared model has series that start at zero.
    declared_operations: Vec<OperationName>,
    models: CardinalityLimiter<ModelSeries>,
    /// A separate limiter for operation names that the conventions do not list.
    operation_names: CardinalityLimiter<Arc<str>>,
    providers: CardinalityLimiter<Arc<str>>,
    runtimes: CardinalityLimiter<Arc<str>>,
    in_flight_registry: Mutex<InFlightRegistry>,
    limits: Mutex<HashMap<(Arc<str>, State), SeriesHandle>>,
    /// Retired models, with the moment in nanoseconds from which their series may be removed.
    retired: Mutex<Vec<(Arc<ModelSeries>, u64)>>,
    /// Nanoseconds from the retirement of a model until its series may be removed.
    retired_model_ttl: u64,
    owned_registry: OnceLock<Registry>,
    #[cfg(feature = "otlp")]
    export_reporter: OnceLock<export_counts::ExportReporter>,
    attached: CompanionRegistry,
    tracer: OnceLock<BoxedTracer>,
    /// Ratio, from 0 to 1, of completed and cancelled operations that have a log event.
    pub(super) log_sample_ratio: f64,
    /// Set if the application requested the events `gen_ai.client.inference.operation.details`.
    should_emit_details: bool,
    pub(super) flight_recorder: Arc<FlightRecorder>,
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
        f.debug_struct("Inner").field("in_flight", &self.in_flight_registry().iter().count()).finish_non_exhaustive()
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
    pub(super) declared_names: DeclaredNames,
    pub(super) declared_operations: Vec<OperationName>,
    pub(super) max_undeclared_models: usize,
    pub(super) series_limit: usize,
    pub(super) retired_model_ttl: u64,
    pub(super) tracer: Option<BoxedTracer>,
    pub(super) log_sample_ratio: f64,
    pub(super) should_emit_details: bool,
    pub(super) flight_recorder: Arc<FlightRecorder>,
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
            .set(to_f64(settings.series_limit));
        let folded = || Arc::<str>::from(OTHER);
        Self {
            clock: settings.clock,
            first_token: settings.first_token,
            shutting_down: AtomicBool::new(false),
            sinks,
            declared_names: Arc::new(settings.declared_names),
            declared_operations: settings.declared_operations,
            models: CardinalityLimiter::new(settings.max_undeclared_models, ModelSeries::new(folded())),
            operation_names: CardinalityLimiter::new(MAX_NAMES, folded()),
            providers: CardinalityLimiter::new(MAX_NAMES, folded()),
            runtimes: CardinalityLimiter::new(MAX_NAMES, folded()),
            in_flight_registry: Mutex::default(),
            limits: Mutex::default(),
            retired: Mutex::default(),
            retired_model_ttl: settings.retired_model_ttl,
            owned_registry: OnceLock::new(),
            #[cfg(feature = "otlp")]
            export_reporter: OnceLock::new(),
            attached: CompanionRegistry::default(),
            tracer: settings.tracer.map_or_else(OnceLock::new, OnceLock::from),
            log_sample_ratio: settings.log_sample_ratio,
            should_emit_details: settings.should_emit_details,
            flight_recorder: settings.flight_recorder,
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
    pub(super) fn should_emit_details(&self) -> bool {
        #[cfg(feature = "content")]
        if self.gate.capture().is_on_events() {
            return true;
        }
        self.should_emit_details
    }

    /// Returns the objects of other crates that are attached to this observer: companions, which are notified of
    /// operations, and sources, which supply readings.
    pub(super) const fn attached(&self) -> &CompanionRegistry {
        &self.attached
    }

    pub(super) const fn sinks(&self) -> &Arc<Sinks> {
        &self.sinks
    }

    /// Returns the tracer for the spans of stages. The global one is resolved on first use: a tracer obtained before
    /// its provider is installed would never record anything.
    pub(super) fn tracer(&self) -> &BoxedTracer {
        self.tracer.get_or_init(|| otel::global_tracer(self.declared_names.profile))
    }

    pub(super) fn declared_names(&self) -> &DeclaredNames {
        &self.declared_names
    }

    /// Stores the Prometheus registry that the observer created because its builder was given none.
    pub(super) fn set_owned_registry(&self, registry: Registry) {
        let _ = self.owned_registry.set(registry);
    }

    /// Reports a pipeline's export counts to the sinks from now on, unless another observer does, or this one already
    /// reports a pipeline.
    #[cfg(feature = "otlp")]
    pub(super) fn report_exports(&self, exports: &Arc<export_counts::PipelineCounts>) {
        if self.export_reporter.get().is_none()
            && let Some(reporter) = exports.report_to(&self.sinks)
        {
            let _ = self.export_reporter.set(reporter);
        }
    }

    #[cfg(feature = "otlp")]
    pub(super) fn export_reporter(&self) -> Option<&export_counts::ExportReporter> {
        self.export_reporter.get()
    }

    #[cfg(feature = "prometheus")]
    pub(super) fn owned_registry(&self) -> Option<&Registry> {
        self.owned_registry.get()
    }

    /// Returns the series that an operation's metrics are recorded in.
    pub(super) fn series(
        &self,
        role: Role,
        operation: &OperationName,
        provider: &Provider,
        model: &str,
        extra: [u8; MAX_EXTRA_LABELS],
    ) -> Arc<OperationSeries> {
        let admitted = self.models.admit(model, |name| self.revive_or_create_model(name));
        if admitted.is_folded {
            self.count_folded(SERIES_ATTRIBUTES[2]);
        }
        self.series_of_model(&admitted.entry, role, operation, provider, extra)
    }

    fn series_of_model(
        &self,
        model: &ModelSeries,
        role: Role,
        operation: &OperationName,
        provider: &Provider,
        extra: [u8; MAX_EXTRA_LABELS],
    ) -> Arc<OperationSeries> {
        if let Some(found) = model.find(role, operation, provider, extra) {
            return found;
        }
        let key = SeriesKey {
            role,
            operation: match operation {
                OperationName::Other(name) => {
                    OperationName::other(self.admit_name(&self.operation_names, SERIES_ATTRIBUTES[0], name))
                }
                listed => listed.clone(),
            },
            provider: match provider {
                Provider::Other(name) => Provider::other(self.admit_name(&self.providers, SERIES_ATTRIBUTES[1], name)),
                listed => listed.clone(),
            },
            extra_label_values: extra,
        };
        model.find_or_add(key, |key| {
            OperationSeries::new(
                key,
                Arc::clone(&model.name),
                Arc::clone(&self.sinks),
                Arc::clone(&self.declared_names),
            )
        })
    }

    pub(super) fn declare_model(&self, model: &str, role: Role, provider: &Provider) {
        let model = self.models.declare(model, |name| self.revive_or_create_model(name));
        for operation in &self.declared_operations {
            self.series_of_model(&model, role, operation, provider, [0; MAX_EXTRA_LABELS]).init_to_zero();
        }
    }

    pub(super) fn retire_model(&self, model: &str) {
        if let Some(model) = self.models.retire(model) {
            let removable_at = self.clock.now().as_nanos().saturating_add(self.retired_model_ttl);
            self.retired().push((model, removable_at));
        }
        self.remove_retired_series();
    }

    /// Removes from the Prometheus page the series of retired models whose time to live has passed and that no operation
    /// uses.
    pub(super) fn remove_retired_series(&self) {
        let now = self.clock.now().as_nanos();
        self.retired().retain(|(model, removable_at)| {
            let is_removable = *removable_at <= now && !model.is_in_use();
            if is_removable {
                self.remove_model_series(&model.name);
            }
            !is_removable
        });
    }

    fn remove_model_series(&self, model: &str) {
        self.limits().retain(|(name, _), limit| {
            let is_of_model = name.as_ref() == model;
            if is_of_model {
                // OpenTelemetry keeps the series, so the gauge is set to zero.
                limit.set(0.0);
            }
            !is_of_model
        });
        self.sinks.prometheus.remove_by_label(SERIES_ATTRIBUTES[2], model);
    }

    /// Returns the series of an admitted model: those of a recently retired model with this name, or new ones.
    fn revive_or_create_model(&self, name: Arc<str>) -> Arc<ModelSeries> {
        let mut retired = self.retired();
        match retired.iter().position(|(model, _)| model.name == name) {
            Some(index) => retired.swap_remove(index).0,
            None => Arc::new(ModelSeries::new(name)),
        }
    }

    pub(super) fn set_level(&self, level: Level) {
        self.sinks.set_level(level);
    }

    pub(super) fn set_limit(&self, model: &str, state: State, operations: usize) {
        let model = Arc::clone(&self.models.admit(model, |name| self.revive_or_create_model(name)).entry.name);
        let labels = [
            Label::new(SERIES_ATTRIBUTES[2], Arc::clone(&model)),
            Label::new(llmobs_attribute::OPERATION_STATE, state.as_str()),
        ];
        self.limits()
            .entry((model, state))
            .or_insert_with(|| self.sinks.bind(RowId::OperationLimit, &labels))
            .set(to_f64(operations));
    }

    pub(super) fn record_runtime_lag(&self, runtime: &str, seconds: f64) {
        if self.sinks.is_enabled(RowId::RuntimeLag.row().level) {
            let name = Arc::<str>::from(self.admit_name(&self.runtimes, llmobs_attribute::RUNTIME_NAME, runtime));
            self.sinks
                .bind(RowId::RuntimeLag, &[Label::new(llmobs_attribute::RUNTIME_NAME, name)])
                .record(seconds, None);
        }
    }

    pub(super) fn count_anomaly(&self, anomaly: &'static str) {
        self.sinks.bind(RowId::Anomalies, &[Label::new(llmobs_attribute::ANOMALY, anomaly)]).add(1);
    }

    /// Returns a caller's moment, or `now` if the caller's lies in the future, which is counted as an anomaly.
    pub(super) fn clamp_to_now(&self, moment: Moment, now: Moment) -> Moment {
        if moment > now {
            self.count_anomaly("mark_out_of_order");
        }
        moment.min(now)
    }

    pub(super) fn count_folded(&self, label: &'static str) {
        self.sinks.bind(RowId::FoldedLabels, &[Label::new(llmobs_attribute::LABEL, label)]).add(1);
    }

    pub(super) fn in_flight_registry(&self) -> MutexGuard<'_, InFlightRegistry> {
        self.in_flight_registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn in_flight(&self) -> Vec<InFlight> {
        let operations: Vec<Arc<OperationState>> = self.in_flight_registry().iter().map(Arc::clone).collect();
        let mut all: Vec<_> = operations.iter().map(|operation| InFlight::of(operation)).collect();
        all.sort_by_key(|operation| std::cmp::Reverse(operation.age));
        all
    }

    fn retired(&self) -> MutexGuard<'_, Vec<(Arc<ModelSeries>, u64)>> {
        self.retired.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limits(&self) -> MutexGuard<'_, HashMap<(Arc<str>, State), SeriesHandle>> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit_name(&self, limiter: &CardinalityLimiter<Arc<str>>, label: &'static str, name: &str) -> String {
        let admitted = limiter.admit(name, Arc::new);
        if admitted.is_folded {
            self.count_folded(label);
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
        extra: [u8; MAX_EXTRA_LABELS],
    ) -> Option<Arc<OperationSeries>> {
        let all = self.series.read().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().find(|series| {
            let key = &series.key;
            key.role == role
                && key.operation == *operation
                && key.provider == *provider
                && key.extra_label_values == extra
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
pub(super) const fn to_f64(number: usize) -> f64 {
    number as f64
}
