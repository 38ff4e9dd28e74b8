//! The state that all clones of an observer share: the sinks (the backends of recorded values), the model registry, the
//! in-flight registry and the settings. The functions in `observer::engine` read and change it.

use std::fmt;
use std::sync::Arc;
use std::sync::OnceLock;
#[cfg(feature = "tokio")]
use std::sync::Weak;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use opentelemetry::global::BoxedTracer;
use prometheus_client::registry::Registry;

#[cfg(feature = "cost")]
use super::cost_books::CostBooks;
#[cfg(feature = "cost")]
use super::cost_books::CostSettings;
use super::flight_recorder::FlightRecorder;
use super::in_flight::InFlight;
use super::in_flight::InFlightRegistry;
use super::model_registry::MAX_NAMES;
use super::model_registry::ModelRegistry;
use super::model_registry::admit_name;
use super::model_registry::count_folded;
use super::tenant_registry::TenantRegistry;
use super::tenant_registry::TenantSettings;
#[cfg(feature = "tokio")]
use super::watched_runtimes::BusyRuntime;
#[cfg(feature = "tokio")]
use super::watched_runtimes::WatchedRuntimes;
use crate::admission::AdmissionRegistry;
use crate::backend::BackendRegistry;
use crate::cardinality::CardinalityLimiter;
use crate::catalog::Level;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::clock::nanos_to_seconds;
use crate::companion::CompanionRegistry;
use crate::engine::EngineRegistry;
use crate::error::BuildError;
use crate::measurement::Label;
use crate::number::count_to_f64;
use crate::observer::content::ContentGate;
use crate::observer::content::ContentSettings;
#[cfg(feature = "pseudonym")]
use crate::pseudonym::Pseudonymizer;
use crate::record::RecordSettings;
use crate::record::Recorder;
use crate::semconv::value::OTHER;
use crate::semconv::value::OperationName;
use crate::series::DeclaredNames;
use crate::sink::Sinks;
#[cfg(feature = "otlp")]
use crate::sink::export_counts;
use crate::sink::otel;
use crate::sink::otel::EventLogger;
use crate::span::SpanSettings;
use crate::sync::Mutex;
use crate::sync::MutexGuard;
use crate::timing::FirstToken;
use crate::timing::RecentTime;

/// The state that all clones of an observer share. Exists from `build` until the last clone, operation and marker (a
/// handle that records what happens to an operation) are dropped.
pub(crate) struct ObserverState {
    /// The clock of all moments, monotonic unless a test sets another one.
    pub(crate) clock: Clock,
    /// The rule that determines which token ends the time to first token.
    pub(crate) first_token: FirstToken,
    /// Set by `Observer::begin_shutdown`, and never cleared.
    pub(crate) shutting_down: AtomicBool,
    sinks: Arc<Sinks>,
    declared_names: Arc<DeclaredNames>,
    /// The models and their series.
    pub(crate) models: ModelRegistry,
    /// The tenants and their series; `None` if the observer records no tenants.
    pub(crate) tenants: Option<TenantRegistry>,
    /// The inference engines whose schedulers hold a handle.
    pub(crate) engines: EngineRegistry,
    /// The backends whose health is known.
    pub(crate) backends: BackendRegistry,
    /// The admissions whose admission controls hold a handle.
    pub(crate) admissions: AdmissionRegistry,
    /// The names of async runtimes, limited to `MAX_NAMES`.
    runtimes: CardinalityLimiter<Arc<str>>,
    /// The time for which tasks of async runtimes were late.
    runtime_lag: RecentTime,
    /// The async runtimes whose busy time is read at collection.
    #[cfg(feature = "tokio")]
    watched_runtimes: WatchedRuntimes,
    in_flight_registry: Mutex<InFlightRegistry>,
    /// The Prometheus registry of the observer; empty if the application passed one to the builder.
    owned_registry: OnceLock<Registry>,
    #[cfg(feature = "otlp")]
    export_reporter: OnceLock<export_counts::ExportReporter>,
    /// The companions and device sources of other crates.
    attached: Arc<CompanionRegistry>,
    /// The tracer for the spans of an operation's stages (queue, prefill, decode); the global one is set at first use.
    tracer: OnceLock<BoxedTracer>,
    /// The logger of events that may contain content; `None` if they are `tracing` events.
    pub(crate) logger: Option<EventLogger>,
    /// Ratio, from 0 to 1, of completed and cancelled operations that have a log event.
    pub(crate) log_sample_ratio: f64,
    /// The settings of spans: if none are started, and the source of their ids in another version of OpenTelemetry.
    pub(crate) spans: SpanSettings,
    /// Set if the application requested the events `gen_ai.client.inference.operation.details`.
    should_emit_details: bool,
    /// The last operations that ended.
    pub(crate) flight_recorder: Arc<FlightRecorder>,
    /// The recorder that delivers the records of operations; `None` if the application receives none.
    pub(crate) recorder: Option<Box<Recorder>>,
    /// The prices and budgets; `None` if the observer has no prices.
    #[cfg(feature = "cost")]
    pub(crate) costs: Option<Box<CostBooks>>,
    /// The gate that all content passes, and the metrics of content.
    pub(crate) content: Arc<ContentGate>,
    /// The source of pseudonyms of identities, such as user ids.
    #[cfg(feature = "pseudonym")]
    pub(crate) pseudonyms: Pseudonymizer,
}

/// Prints only the number of operations in flight: the rest, above all the series, would make the output unreadable.
impl fmt::Debug for ObserverState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObserverState")
            .field("in_flight", &self.in_flight_registry().iter().count())
            .finish_non_exhaustive()
    }
}

/// The validated settings of the builder, without those of the sinks.
pub(crate) struct ObserverSettings {
    /// The clock of all moments.
    pub(crate) clock: Clock,
    /// The rule that determines which token ends the time to first token.
    pub(crate) first_token: FirstToken,
    /// The labels, phases, evaluations and objectives that the application named, and the version of the conventions.
    pub(crate) declared_names: DeclaredNames,
    /// The operations for which a declared model has series that start at zero.
    pub(crate) declared_operations: Vec<OperationName>,
    /// The maximum number of undeclared models with separate series.
    pub(crate) max_undeclared_models: usize,
    /// The maximum number of label sets of one metric that the backend keeps, for the metric
    /// `llmobs.self.series.limit`.
    pub(crate) series_limit: usize,
    /// Nanoseconds from the retirement of a model until its series may be removed.
    pub(crate) retired_model_ttl: u64,
    /// The settings of tenants; `None` if the observer records no tenants.
    pub(crate) tenants: Option<TenantSettings>,
    /// The tracer for the spans of an operation's stages (queue, prefill, decode); `None` uses the global one.
    pub(crate) tracer: Option<BoxedTracer>,
    /// The logger of events that may contain content; `None` if they are `tracing` events.
    pub(crate) logger: Option<EventLogger>,
    /// Ratio, from 0 to 1, of completed and cancelled operations that have a log event.
    pub(crate) log_sample_ratio: f64,
    /// The settings of spans: if none are started, and the source of their ids in another version of OpenTelemetry.
    pub(crate) spans: SpanSettings,
    /// Set if the application requested the events `gen_ai.client.inference.operation.details`.
    pub(crate) should_emit_details: bool,
    /// The flight recorder, which stores the last operations that ended.
    pub(crate) flight_recorder: Arc<FlightRecorder>,
    /// The callbacks and the channel for the records of operations.
    pub(crate) records: RecordSettings,
    /// The settings of costs.
    #[cfg(feature = "cost")]
    pub(crate) costs: CostSettings,
    /// The content settings, from which the gate is created.
    pub(crate) content: ContentSettings,
    /// The source of pseudonyms of identities.
    #[cfg(feature = "pseudonym")]
    pub(crate) pseudonyms: Pseudonymizer,
}

impl ObserverState {
    /// Returns the state of a new observer, without models and operations, and records the series limit. Returns an
    /// error if the budgets are not valid.
    pub(crate) fn new(settings: ObserverSettings, sinks: Sinks) -> Result<Self, BuildError> {
        let sinks = Arc::new(sinks);
        sinks
            .bind(RowId::SeriesLimit, &[Label::new(llmobs_attribute::METRIC_GROUP, "all")])
            .set(count_to_f64(settings.series_limit));
        let declared_names = Arc::new(settings.declared_names);
        let models = ModelRegistry::new(
            Arc::clone(&sinks),
            Arc::clone(&declared_names),
            settings.declared_operations,
            settings.max_undeclared_models,
            settings.retired_model_ttl,
        );
        let attached = Arc::<CompanionRegistry>::default();
        let recorder = Recorder::new(
            settings.records,
            #[cfg(feature = "pseudonym")]
            settings.pseudonyms.clone(),
            &sinks,
            settings.clock.clone(),
        );
        let now = settings.clock.now().as_nanos();
        #[cfg(feature = "cost")]
        let costs = CostBooks::new(settings.costs, &sinks, &settings.clock)
            .map_err(|error| BuildError::InvalidBudgets { reason: error.to_string() })?;
        Ok(Self {
            recorder,
            #[cfg(feature = "cost")]
            costs,
            tenants: settings.tenants.map(|tenants| TenantRegistry::new(Arc::clone(&sinks), &tenants, now)),
            admissions: AdmissionRegistry::new(Arc::clone(&sinks), settings.series_limit),
            engines: EngineRegistry::new(Arc::clone(&sinks), settings.clock.clone(), Arc::clone(&attached)),
            backends: BackendRegistry::new(Arc::clone(&sinks), settings.clock.clone()),
            clock: settings.clock,
            first_token: settings.first_token,
            shutting_down: AtomicBool::new(false),
            content: Arc::new(ContentGate::new(settings.content, Arc::clone(&sinks))),
            sinks,
            declared_names,
            models,
            runtimes: CardinalityLimiter::new(MAX_NAMES, Arc::from(OTHER)),
            runtime_lag: RecentTime::new(),
            #[cfg(feature = "tokio")]
            watched_runtimes: WatchedRuntimes::default(),
            in_flight_registry: Mutex::default(),
            owned_registry: OnceLock::new(),
            #[cfg(feature = "otlp")]
            export_reporter: OnceLock::new(),
            attached,
            tracer: settings.tracer.map_or_else(OnceLock::new, OnceLock::from),
            logger: settings.logger,
            log_sample_ratio: settings.log_sample_ratio,
            spans: settings.spans,
            should_emit_details: settings.should_emit_details,
            flight_recorder: settings.flight_recorder,
            #[cfg(feature = "pseudonym")]
            pseudonyms: settings.pseudonyms,
        })
    }

    /// Returns whether the application declared that the service is shutting down.
    pub(crate) fn is_shutting_down(&self) -> bool {
        self.shutting_down.load(Ordering::Relaxed)
    }

    /// Returns whether details events are emitted: if requested, or if content is captured on events.
    pub(crate) fn should_emit_details(&self) -> bool {
        self.should_emit_details || self.content.is_on_events()
    }

    /// Returns the objects of other crates that are attached to this observer: companions, which are notified of
    /// operations, and sources of the devices that views show.
    pub(crate) fn attached(&self) -> &CompanionRegistry {
        &self.attached
    }

    /// Returns the sinks: OpenTelemetry and the Prometheus page.
    pub(crate) const fn sinks(&self) -> &Arc<Sinks> {
        &self.sinks
    }

    /// Returns the tracer for the spans of an operation's stages (queue, prefill, decode). The global one is resolved
    /// on first use: a tracer obtained before its provider is installed would never record anything.
    pub(crate) fn tracer(&self) -> &BoxedTracer {
        self.tracer.get_or_init(|| otel::global_tracer(self.declared_names.profile))
    }

    /// Returns the labels, phases, evaluations and objectives that the application named, and the profile: the version
    /// of the OpenTelemetry GenAI conventions.
    pub(crate) fn declared_names(&self) -> &DeclaredNames {
        &self.declared_names
    }

    /// Stores the Prometheus registry that the observer created because its builder was given none.
    pub(crate) fn set_owned_registry(&self, registry: Registry) {
        let _ = self.owned_registry.set(registry);
    }

    /// Reports a pipeline's export counts to the sinks from now on, unless this observer already reports a pipeline.
    #[cfg(feature = "otlp")]
    pub(crate) fn report_exports(&self, exports: &Arc<export_counts::PipelineCounts>) {
        self.export_reporter.get_or_init(|| exports.report_to(&self.sinks));
    }

    /// Returns the reporter of a pipeline's export counts; `None` if this observer reports no pipeline.
    #[cfg(feature = "otlp")]
    pub(crate) fn export_reporter(&self) -> Option<&export_counts::ExportReporter> {
        self.export_reporter.get()
    }

    /// Returns the Prometheus registry of the observer; `None` if the application passed one to the builder.
    #[cfg(feature = "prometheus")]
    pub(crate) fn owned_registry(&self) -> Option<&Registry> {
        self.owned_registry.get()
    }

    /// Retires a declared model from now on, and removes the series of models retired earlier whose time to live has
    /// passed.
    pub(crate) fn retire_model(&self, model: &str) {
        self.models.retire(model, self.clock.now().as_nanos());
        self.remove_retired_series();
    }

    /// Forgets a tenant.
    pub(crate) fn forget_tenant(&self, name: &str) {
        if let Some(tenants) = &self.tenants {
            tenants.forget(name);
        }
    }

    /// Retires the tenants that have been idle for their time to live.
    pub(crate) fn retire_idle_tenants(&self) {
        if let Some(tenants) = &self.tenants {
            tenants.retire_idle(self.clock.now().as_nanos());
        }
    }

    /// Removes the series of retired models whose time to live has passed and that are not in use from the Prometheus
    /// page.
    pub(crate) fn remove_retired_series(&self) {
        let is_in_use = |model: &str| self.engines.has_model(model) || self.admissions.has_model(model);
        for model in &self.models.remove_retired_series(self.clock.now().as_nanos(), is_in_use) {
            self.engines.forget_model(model);
            self.backends.forget_model(model);
        }
    }

    /// Sets the level, which determines the metrics that are recorded from now on.
    pub(crate) fn set_level(&self, level: Level) {
        self.sinks.set_level(level);
    }

    /// Records the nanoseconds by which a task of an async runtime was woken too late, until now, if the level includes the
    /// metric. After 16 names, further runtimes are recorded as `_OTHER`.
    pub(crate) fn record_runtime_lag(&self, runtime: &str, nanos: u64) {
        if self.sinks.is_enabled(RowId::Stall.row().level) {
            let now = self.clock.now().as_nanos();
            self.runtime_lag.add(now.saturating_sub(nanos), now);
        }
        if self.sinks.is_enabled(RowId::RuntimeLag.row().level) {
            let name = self.runtime_name(runtime);
            self.sinks
                .bind(RowId::RuntimeLag, &[Label::new(llmobs_attribute::RUNTIME_NAME, name)])
                .record(nanos_to_seconds(nanos), None);
        }
    }

    /// Returns the nanoseconds from `from` to `to`, in nanoseconds, for which a task of an async runtime was late. Includes
    /// that of a watched runtime whose probe is late and has not run yet.
    pub(crate) fn runtime_lag_within(&self, from: u64, to: u64) -> u64 {
        let recorded = self.runtime_lag.within(from, to);
        #[cfg(feature = "tokio")]
        let overdue = self.watched_runtimes.overdue_since().map_or(0, |since| to.saturating_sub(since.max(from)));
        #[cfg(not(feature = "tokio"))]
        let overdue = 0;
        (recorded + overdue).min(to.saturating_sub(from))
    }

    /// Reads the busy time of an async runtime at each collection, until the runtime is dropped.
    #[cfg(feature = "tokio")]
    pub(crate) fn watch_runtime(&self, name: &str, runtime: Weak<dyn BusyRuntime>) {
        self.watched_runtimes.add(self.runtime_name(name), runtime);
    }

    /// Returns the async runtimes whose busy time is read at collection.
    #[cfg(feature = "tokio")]
    pub(crate) const fn watched_runtimes(&self) -> &WatchedRuntimes {
        &self.watched_runtimes
    }

    /// Returns the name of an async runtime as a label value, limited to `MAX_NAMES`.
    fn runtime_name(&self, runtime: &str) -> Arc<str> {
        admit_name(&self.sinks, &self.runtimes, llmobs_attribute::RUNTIME_NAME, runtime).into()
    }

    /// Counts an anomaly, a measurement that cannot be true, in `llmobs.self.anomalies`; `anomaly` names its kind.
    pub(crate) fn count_anomaly(&self, anomaly: &'static str) {
        self.sinks.count_anomaly(anomaly);
    }

    /// Returns a caller's moment, or `now` if the caller's lies in the future, which is counted as an anomaly.
    pub(crate) fn clamp_to_now(&self, moment: Moment, now: Moment) -> Moment {
        if moment > now {
            self.count_anomaly("mark_out_of_order");
        }
        moment.min(now)
    }

    /// Counts a value of `label` that was replaced by `_OTHER` or omitted, in `llmobs.self.folded_labels`.
    pub(crate) fn count_folded(&self, label: &'static str) {
        count_folded(&self.sinks, label);
    }

    /// Locks and returns the in-flight registry: all operations that have started and not ended.
    pub(crate) fn in_flight_registry(&self) -> MutexGuard<'_, InFlightRegistry> {
        self.in_flight_registry.lock()
    }

    /// Returns a snapshot of each operation in flight, oldest first.
    pub(crate) fn in_flight(&self) -> Vec<InFlight> {
        let operations: Vec<_> = self.in_flight_registry().iter().map(Arc::clone).collect();
        let mut all: Vec<_> = operations.iter().map(|operation| InFlight::of(&**operation)).collect();
        all.sort_by_key(|operation| std::cmp::Reverse(operation.age));
        all
    }
}
