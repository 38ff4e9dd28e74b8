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

use super::flight::Flight;
#[cfg(feature = "content")]
use super::leaving::HookTold;
use super::live::Live;
use super::table::InFlight;
use super::table::Table;
#[cfg(feature = "content")]
use crate::capture::Gate;
use crate::cardinality::Guard;
use crate::catalog::Id;
use crate::catalog::Level;
use crate::catalog::Role;
use crate::catalog::SERIES;
use crate::catalog::own;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::companion::Attached;
use crate::instruments::EXTRA_LABELS;
use crate::instruments::Key;
use crate::instruments::Series;
use crate::instruments::Vocabulary;
#[cfg(feature = "pseudonym")]
use crate::pseudonym::Pseudonyms;
use crate::record::Label;
use crate::semconv::value::OTHER;
use crate::semconv::value::OperationName;
use crate::semconv::value::Provider;
use crate::semconv::value::State;
use crate::sink::Handle;
use crate::sink::Sinks;
#[cfg(feature = "otlp")]
use crate::sink::exports;
use crate::sink::otel;
use crate::timing::FirstToken;

pub(super) struct Core {
    pub(super) clock: Clock,
    pub(super) first_token: FirstToken,
    pub(super) shutting_down: AtomicBool,
    sinks: Arc<Sinks>,
    vocabulary: Arc<Vocabulary>,
    /// Which operations a declared model has series of at zero.
    operations: Vec<OperationName>,
    models: Guard<Model>,
    /// Names that the conventions do not list pass a guard of their own.
    names: Guard<Arc<str>>,
    providers: Guard<Arc<str>>,
    runtimes: Guard<Arc<str>>,
    table: Mutex<Table>,
    limits: Mutex<HashMap<(Arc<str>, State), Handle>>,
    /// Retired models and when their series may go.
    retired: Mutex<Vec<(Arc<Model>, u64)>>,
    grace: u64,
    registry: OnceLock<Registry>,
    #[cfg(feature = "otlp")]
    exports: OnceLock<exports::Teller>,
    attached: Attached,
    tracer: OnceLock<BoxedTracer>,
    /// Which share of the operations that went well is logged.
    pub(super) logged_share: f64,
    /// Whether somebody asked for events with the details of each operation.
    logs_details: bool,
    pub(super) flight: Arc<Flight>,
    #[cfg(feature = "content")]
    pub(super) gate: Gate,
    #[cfg(feature = "content")]
    pub(super) hook_told: HookTold,
    #[cfg(feature = "pseudonym")]
    pub(super) pseudonyms: Pseudonyms,
}

/// Short: who prints an observer does not want every series.
impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("in_flight", &self.table().iter().count()).finish_non_exhaustive()
    }
}

/// A model's series, one for each kind of operation seen.
#[derive(Debug)]
struct Model {
    name: Arc<str>,
    series: RwLock<Vec<Arc<Series>>>,
}

/// What the builder decided.
pub(super) struct Settings {
    pub(super) clock: Clock,
    pub(super) first_token: FirstToken,
    pub(super) vocabulary: Vocabulary,
    pub(super) operations: Vec<OperationName>,
    pub(super) undeclared_models: usize,
    pub(super) series_limit: usize,
    pub(super) grace: u64,
    pub(super) tracer: Option<BoxedTracer>,
    pub(super) logged_share: f64,
    pub(super) logs_details: bool,
    pub(super) flight: Arc<Flight>,
    #[cfg(feature = "content")]
    pub(super) gate: Gate,
    #[cfg(feature = "pseudonym")]
    pub(super) pseudonyms: Pseudonyms,
}

/// How many unlisted operation names, providers and runtimes may have series.
const NAMES: usize = 16;

impl Core {
    pub(super) fn new(settings: Settings, sinks: Sinks) -> Self {
        let sinks = Arc::new(sinks);
        sinks.bind(Id::SeriesLimit, &[Label::new(own::METRIC_GROUP, "all")]).set(count(settings.series_limit));
        let folded = || Arc::<str>::from(OTHER);
        Self {
            clock: settings.clock,
            first_token: settings.first_token,
            shutting_down: AtomicBool::new(false),
            sinks,
            vocabulary: Arc::new(settings.vocabulary),
            operations: settings.operations,
            models: Guard::new(settings.undeclared_models, Model::new(folded())),
            names: Guard::new(NAMES, folded()),
            providers: Guard::new(NAMES, folded()),
            runtimes: Guard::new(NAMES, folded()),
            table: Mutex::default(),
            limits: Mutex::default(),
            retired: Mutex::default(),
            grace: settings.grace,
            registry: OnceLock::new(),
            #[cfg(feature = "otlp")]
            exports: OnceLock::new(),
            attached: Attached::default(),
            tracer: settings.tracer.map_or_else(OnceLock::new, OnceLock::from),
            logged_share: settings.logged_share,
            logs_details: settings.logs_details,
            flight: settings.flight,
            #[cfg(feature = "content")]
            gate: settings.gate,
            #[cfg(feature = "content")]
            hook_told: HookTold::default(),
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
    pub(super) const fn attached(&self) -> &Attached {
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

    pub(super) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Keeps the registry of an observer that was given none.
    pub(super) fn own_registry(&self, registry: Registry) {
        let _ = self.registry.set(registry);
    }

    /// Tells the backends of a pipeline's exports from now on, unless another observer does already.
    #[cfg(feature = "otlp")]
    pub(super) fn tell_of(&self, exports: &Arc<exports::Exports>) {
        if self.exports.get().is_none()
            && let Some(teller) = exports.tell(&self.sinks)
        {
            let _ = self.exports.set(teller);
        }
    }

    #[cfg(feature = "otlp")]
    pub(super) fn exports(&self) -> Option<&exports::Teller> {
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
    ) -> Arc<Series> {
        let admitted = self.models.admit(model, |name| self.model(name));
        if admitted.folded {
            self.folded(SERIES[2]);
        }
        self.series_of(&admitted.kept, role, operation, provider, extra)
    }

    fn series_of(
        &self,
        model: &Model,
        role: Role,
        operation: &OperationName,
        provider: &Provider,
        extra: [u8; EXTRA_LABELS],
    ) -> Arc<Series> {
        if let Some(found) = model.find(role, operation, provider, extra) {
            return found;
        }
        let key = Key {
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
            Series::new(key, Arc::clone(&model.name), Arc::clone(&self.sinks), Arc::clone(&self.vocabulary))
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
            let gone = *gone_at <= now && !model.is_held();
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
    fn model(&self, name: Arc<str>) -> Arc<Model> {
        let mut retired = self.retired();
        match retired.iter().position(|(model, _)| model.name == name) {
            Some(place) => retired.swap_remove(place).0,
            None => Arc::new(Model::new(name)),
        }
    }

    pub(super) fn set_level(&self, level: Level) {
        self.sinks.set_level(level);
    }

    pub(super) fn set_limit(&self, model: &str, state: State, operations: usize) {
        let model = Arc::clone(&self.models.admit(model, |name| self.model(name)).kept.name);
        let labels = [Label::new(SERIES[2], Arc::clone(&model)), Label::new(own::STATE, state.as_str())];
        self.limits()
            .entry((model, state))
            .or_insert_with(|| self.sinks.bind(Id::Limit, &labels))
            .set(count(operations));
    }

    pub(super) fn runtime_lag(&self, runtime: &str, seconds: f64) {
        if self.sinks.is_on(Id::RuntimeLag.row().level) {
            let name = Arc::<str>::from(self.bounded(&self.runtimes, own::RUNTIME_NAME, runtime));
            self.sinks.bind(Id::RuntimeLag, &[Label::new(own::RUNTIME_NAME, name)]).record(seconds, None);
        }
    }

    pub(super) fn anomaly(&self, anomaly: &'static str) {
        self.sinks.bind(Id::Anomalies, &[Label::new(own::ANOMALY, anomaly)]).add(1);
    }

    /// Returns a moment that a caller gave, or `now` if that is still to come, which is counted: nothing has happened yet
    /// that is still to come.
    pub(super) fn not_ahead(&self, moment: Moment, now: Moment) -> Moment {
        if moment > now {
            self.anomaly("mark_out_of_order");
        }
        moment.min(now)
    }

    pub(super) fn folded(&self, label: &'static str) {
        self.sinks.bind(Id::Folded, &[Label::new(own::LABEL, label)]).add(1);
    }

    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn in_flight(&self) -> Vec<InFlight> {
        let live: Vec<Arc<Live>> = self.table().iter().map(Arc::clone).collect();
        let mut all: Vec<_> = live.iter().map(|live| InFlight::of(live)).collect();
        all.sort_by_key(|operation| std::cmp::Reverse(operation.age));
        all
    }

    fn retired(&self) -> MutexGuard<'_, Vec<(Arc<Model>, u64)>> {
        self.retired.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limits(&self) -> MutexGuard<'_, HashMap<(Arc<str>, State), Handle>> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bounded(&self, guard: &Guard<Arc<str>>, label: &'static str, name: &str) -> String {
        let admitted = guard.admit(name, Arc::new);
        if admitted.folded {
            self.folded(label);
        }
        admitted.kept.to_string()
    }

    /// The series of every model that has a place or lost it a short while ago.
    pub(super) fn all_series(&self) -> Vec<Arc<Series>> {
        let mut models = self.models.all();
        models.extend(self.retired().iter().map(|(model, _)| Arc::clone(model)));
        models.iter().flat_map(|model| model.series()).collect()
    }
}

impl Model {
    fn new(name: Arc<str>) -> Self {
        Self { name, series: RwLock::default() }
    }

    /// Whether an operation, or a marker of one, still holds a series.
    fn is_held(&self) -> bool {
        let all = self.series.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().any(|series| Arc::strong_count(series) > 1)
    }

    fn series(&self) -> Vec<Arc<Series>> {
        self.series.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn find(
        &self,
        role: Role,
        operation: &OperationName,
        provider: &Provider,
        extra: [u8; EXTRA_LABELS],
    ) -> Option<Arc<Series>> {
        let all = self.series.read().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().find(|series| {
            let key = &series.key;
            key.role == role && key.operation == *operation && key.provider == *provider && key.extra == extra
        });
        found.map(Arc::clone)
    }

    fn find_or_add(&self, key: Key, make: impl FnOnce(Key) -> Series) -> Arc<Series> {
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
