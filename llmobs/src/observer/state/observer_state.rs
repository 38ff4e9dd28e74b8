//! The state that all clones of an observer share: the sinks, the model registry and the in-flight registry.

use crate::sync::Mutex;
use crate::sync::MutexGuard;
use std::fmt;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use opentelemetry::global::BoxedTracer;
use prometheus_client::registry::Registry;

use super::flight_recorder::FlightRecorder;
use super::in_flight::InFlight;
use super::in_flight::InFlightRegistry;
use super::model_registry::MAX_NAMES;
use super::model_registry::ModelRegistry;
use super::model_registry::admit_name;
use super::model_registry::count_folded;
use crate::cardinality::CardinalityLimiter;
use crate::catalog::Level;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::companion::CompanionRegistry;
use crate::measurement::Label;
use crate::number::count_to_f64;
use crate::observer::content::ContentGate;
use crate::observer::content::ContentSettings;
#[cfg(feature = "pseudonym")]
use crate::pseudonym::Pseudonymizer;
use crate::semconv::value::OTHER;
use crate::semconv::value::OperationName;
use crate::series::DeclaredNames;
use crate::sink::Sinks;
#[cfg(feature = "otlp")]
use crate::sink::export_counts;
use crate::sink::otel;
use crate::timing::FirstToken;

/// The state that all clones of an observer share.
pub(crate) struct ObserverState {
    pub(crate) clock: Clock,
    pub(crate) first_token: FirstToken,
    pub(crate) shutting_down: AtomicBool,
    sinks: Arc<Sinks>,
    declared_names: Arc<DeclaredNames>,
    pub(crate) models: ModelRegistry,
    runtimes: CardinalityLimiter<Arc<str>>,
    in_flight_registry: Mutex<InFlightRegistry>,
    owned_registry: OnceLock<Registry>,
    #[cfg(feature = "otlp")]
    export_reporter: OnceLock<export_counts::ExportReporter>,
    attached: CompanionRegistry,
    tracer: OnceLock<BoxedTracer>,
    /// Ratio, from 0 to 1, of completed and cancelled operations that have a log event.
    pub(crate) log_sample_ratio: f64,
    /// Set if the application requested the events `gen_ai.client.inference.operation.details`.
    should_emit_details: bool,
    pub(crate) flight_recorder: Arc<FlightRecorder>,
    pub(crate) content: Arc<ContentGate>,
    #[cfg(feature = "pseudonym")]
    pub(crate) pseudonyms: Pseudonymizer,
}

/// Omits the series: their number would make the output unreadable.
impl fmt::Debug for ObserverState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObserverState")
            .field("in_flight", &self.in_flight_registry().iter().count())
            .finish_non_exhaustive()
    }
}

/// The validated settings of the builder.
pub(crate) struct ObserverSettings {
    pub(crate) clock: Clock,
    pub(crate) first_token: FirstToken,
    pub(crate) declared_names: DeclaredNames,
    pub(crate) declared_operations: Vec<OperationName>,
    pub(crate) max_undeclared_models: usize,
    pub(crate) series_limit: usize,
    pub(crate) retired_model_ttl: u64,
    pub(crate) tracer: Option<BoxedTracer>,
    pub(crate) log_sample_ratio: f64,
    pub(crate) should_emit_details: bool,
    pub(crate) flight_recorder: Arc<FlightRecorder>,
    pub(crate) content: ContentSettings,
    #[cfg(feature = "pseudonym")]
    pub(crate) pseudonyms: Pseudonymizer,
}

impl ObserverState {
    pub(crate) fn new(settings: ObserverSettings, sinks: Sinks) -> Self {
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
        Self {
            clock: settings.clock,
            first_token: settings.first_token,
            shutting_down: AtomicBool::new(false),
            content: Arc::new(ContentGate::new(settings.content, Arc::clone(&sinks))),
            sinks,
            declared_names,
            models,
            runtimes: CardinalityLimiter::new(MAX_NAMES, Arc::from(OTHER)),
            in_flight_registry: Mutex::default(),
            owned_registry: OnceLock::new(),
            #[cfg(feature = "otlp")]
            export_reporter: OnceLock::new(),
            attached: CompanionRegistry::default(),
            tracer: settings.tracer.map_or_else(OnceLock::new, OnceLock::from),
            log_sample_ratio: settings.log_sample_ratio,
            should_emit_details: settings.should_emit_details,
            flight_recorder: settings.flight_recorder,
            #[cfg(feature = "pseudonym")]
            pseudonyms: settings.pseudonyms,
        }
    }

    pub(crate) fn is_shutting_down(&self) -> bool {
        self.shutting_down.load(Ordering::Relaxed)
    }

    /// Returns whether details events are emitted: if requested, or if content is captured on events.
    pub(crate) fn should_emit_details(&self) -> bool {
        self.should_emit_details || self.content.is_on_events()
    }

    /// Returns the objects of other crates that are attached to this observer: companions, which are notified of
    /// operations, and sources of the devices that views show.
    pub(crate) const fn attached(&self) -> &CompanionRegistry {
        &self.attached
    }

    pub(crate) const fn sinks(&self) -> &Arc<Sinks> {
        &self.sinks
    }

    /// Returns the tracer for the spans of stages. The global one is resolved on first use: a tracer obtained before
    /// its provider is installed would never record anything.
    pub(crate) fn tracer(&self) -> &BoxedTracer {
        self.tracer.get_or_init(|| otel::global_tracer(self.declared_names.profile))
    }

    pub(crate) fn declared_names(&self) -> &DeclaredNames {
        &self.declared_names
    }

    /// Stores the Prometheus registry that the observer created because its builder was given none.
    pub(crate) fn set_owned_registry(&self, registry: Registry) {
        let _ = self.owned_registry.set(registry);
    }

    /// Reports a pipeline's export counts to the sinks from now on, unless another observer does, or this one already
    /// reports a pipeline.
    #[cfg(feature = "otlp")]
    pub(crate) fn report_exports(&self, exports: &Arc<export_counts::PipelineCounts>) {
        if self.export_reporter.get().is_none()
            && let Some(reporter) = exports.report_to(&self.sinks)
        {
            let _ = self.export_reporter.set(reporter);
        }
    }

    #[cfg(feature = "otlp")]
    pub(crate) fn export_reporter(&self) -> Option<&export_counts::ExportReporter> {
        self.export_reporter.get()
    }

    #[cfg(feature = "prometheus")]
    pub(crate) fn owned_registry(&self) -> Option<&Registry> {
        self.owned_registry.get()
    }

    /// Retires a declared model, and removes the series of those retired earlier whose time to live has passed.
    pub(crate) fn retire_model(&self, model: &str) {
        self.models.retire(model, self.clock.now().as_nanos());
        self.remove_retired_series();
    }

    /// Removes the series of retired models whose time to live has passed from the Prometheus page.
    pub(crate) fn remove_retired_series(&self) {
        self.models.remove_retired_series(self.clock.now().as_nanos());
    }

    pub(crate) fn set_level(&self, level: Level) {
        self.sinks.set_level(level);
    }

    pub(crate) fn record_runtime_lag(&self, runtime: &str, seconds: f64) {
        if self.sinks.is_enabled(RowId::RuntimeLag.row().level) {
            let name = admit_name(&self.sinks, &self.runtimes, llmobs_attribute::RUNTIME_NAME, runtime);
            let name = Arc::<str>::from(name);
            self.sinks
                .bind(RowId::RuntimeLag, &[Label::new(llmobs_attribute::RUNTIME_NAME, name)])
                .record(seconds, None);
        }
    }

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

    pub(crate) fn count_folded(&self, label: &'static str) {
        count_folded(&self.sinks, label);
    }

    pub(crate) fn in_flight_registry(&self) -> MutexGuard<'_, InFlightRegistry> {
        self.in_flight_registry.lock()
    }

    pub(crate) fn in_flight(&self) -> Vec<InFlight> {
        let operations: Vec<_> = self.in_flight_registry().iter().map(Arc::clone).collect();
        let mut all: Vec<_> = operations.iter().map(|operation| InFlight::of(&**operation)).collect();
        all.sort_by_key(|operation| std::cmp::Reverse(operation.age));
        all
    }
}
