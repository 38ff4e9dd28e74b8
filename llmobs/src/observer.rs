//! The [`Observer`], the object that an application holds to record its model calls, its builder, and the operations
//! (model calls), steps (work around them), markers (handles for other threads) and streams that an observer records.
//!
//! The types that applications hold are thin: they call the functions of `engine`, which record what happens to the
//! values in `state`.

mod attempt;
mod chunk;
#[cfg(feature = "content")]
mod content;
#[cfg(not(feature = "content"))]
#[path = "observer/content_disabled.rs"]
mod content;
mod current;
mod engine;
mod marker;
mod operation;
mod operation_scope;
mod phase;
mod producer_guard;
#[cfg(test)]
mod races;
mod start;
mod state;
mod step;
mod step_builders;
mod stream;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::Duration;
#[cfg(all(feature = "cost", feature = "gateway"))]
use std::time::SystemTime;

pub use self::attempt::Attempt;
pub use self::chunk::Chunk;
pub use self::chunk::StreamItem;
#[cfg(feature = "tower")]
pub(crate) use self::current::Scope;
pub use self::current::Scoped;
#[cfg(any(feature = "axum", feature = "gateway"))]
pub(crate) use self::current::request_arrival;
use self::engine::build::build;
use self::engine::collect_objectives::attainment;
#[cfg(feature = "tower")]
pub(crate) use self::engine::dropped::DroppedOperations;
use self::engine::evaluation::record_late_evaluation;
use self::engine::settings::Settings;
pub use self::marker::Marker;
pub use self::operation::Operation;
pub use self::operation_scope::OperationFuture;
#[cfg(feature = "macros")]
pub use self::operation_scope::OperationScope;
pub use self::phase::Phase;
pub use self::producer_guard::ProducerGuard;
pub use self::start::Start;
pub use self::state::in_flight::InFlight;
pub use self::state::in_flight::WaitsFor;
use self::state::observer_parts::ObserverParts;
use self::state::tenant_registry::TenantSettings;
#[cfg(feature = "tokio")]
pub(crate) use self::state::watched_runtimes::BusyRuntime;
pub use self::step::Step;
pub use self::step_builders::CreateAgent;
pub use self::step_builders::Database;
pub use self::step_builders::ExecuteTool;
pub use self::step_builders::InvokeAgent;
pub use self::step_builders::InvokeWorkflow;
pub use self::step_builders::Retrieval;
pub use self::stream::Described;
pub use self::stream::ItemReader;
pub use self::stream::ObservedStream;
pub use self::stream::SelfDescribing;
use crate::admission::AdmissionBuilder;
use crate::backend::BackendBuilder;
#[cfg(feature = "content")]
use crate::capture::Gate;
use crate::catalog::Buckets;
use crate::catalog::Level;
use crate::catalog::Profile;
use crate::catalog::Role;
#[cfg(feature = "testing")]
use crate::catalog::Row;
use crate::catalog::SERIES_ATTRIBUTES;
use crate::catalog::View;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::clock::duration_to_nanos;
use crate::companion::Companion;
use crate::companion::DeviceSource;
#[cfg(feature = "cost")]
use crate::cost::Budgets;
#[cfg(feature = "cost")]
use crate::cost::PriceBook;
use crate::engine::EngineBuilder;
use crate::error::BuildError;
use crate::event::Evaluation;
use crate::measurement::SpanIds;
use crate::measurement::SpanIdsSource;
use crate::metric;
use crate::metric::Handle;
use crate::metric::Metric;
use crate::metric::Observable;
use crate::metric::RegisterError;
use crate::metric::Sample;
use crate::metric::Synchronous;
use crate::objective::Attainment;
use crate::objective::Objective;
use crate::objective::Window;
#[cfg(feature = "pseudonym")]
use crate::pseudonym::Pseudonymizer;
use crate::record;
use crate::record::Finished;
use crate::record::RecordFields;
use crate::record::Records;
use crate::record::Started;
use crate::semconv::value::OperationName;
use crate::semconv::value::Provider;
use crate::semconv::value::State;
use crate::sink::otel::LoggerProviderRef;
use crate::sink::otel::MeterProviderRef;
use crate::sink::otel::TracerProviderRef;
use crate::sink::prometheus::EnabledView;
use crate::sink::prometheus::RegistryMut;
#[cfg(feature = "tower")]
use crate::span::OwnedSpan;
#[cfg(feature = "tower")]
use crate::span::ServedRequest;
use crate::timing::FirstToken;

/// The entry point of the library: it starts operations (model calls) and steps (work around them), and records their
/// metrics, spans and log events. Cheap to clone; all clones share their instruments.
///
/// ```
/// use llmobs::{ErrorType, Observer, Role, Usage};
///
/// let observer = Observer::builder().role(Role::Server).model("smollm2-135m").build()?;
/// let operation = observer.chat("smollm2-135m").max_tokens(64).start();
/// operation.marker().usage(Usage::new().input(12).output(34));
/// operation.complete();
/// assert!(observer.in_flight().is_empty());
/// # Ok::<(), llmobs::BuildError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Observer {
    parts: ObserverParts,
}

impl Observer {
    /// Returns a builder of an observer with the default settings. Install OpenTelemetry's global meter provider, if
    /// one is used, before the observer is built: instruments that are created before the provider is installed never
    /// record anything.
    pub fn builder() -> ObserverBuilder<'static> {
        ObserverBuilder { settings: Settings::new() }
    }

    /// Returns a disabled observer, which records nothing: its operations do not allocate, and its streams do not read
    /// a clock.
    #[must_use]
    pub const fn disabled() -> Self {
        Self { parts: ObserverParts::disabled() }
    }

    /// Returns the same observer in another role, with shared instruments. Example: a gateway that also runs a model.
    #[must_use]
    pub fn as_role(&self, role: Role) -> Self {
        Self { parts: ObserverParts { role, ..self.parts.clone() } }
    }

    /// Returns the same observer with another provider for the operations that do not set one, with shared instruments.
    #[must_use]
    pub fn with_provider(&self, provider: impl Into<Provider>) -> Self {
        Self { parts: ObserverParts { provider: provider.into(), ..self.parts.clone() } }
    }

    /// Returns whether this observer records anything; `false` only for a [`disabled`](Self::disabled) one.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.parts.inner.is_some()
    }

    /// Returns the role of this observer: server, gateway or client.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.parts.role
    }

    /// Prepares a chat completion by this model; [`Start::start`] starts it. The name may come from a caller: only a
    /// limited number of undeclared models get separate series, the sets of label values of a metric, see
    /// [`ObserverBuilder::max_undeclared_models`].
    pub fn chat<'a>(&'a self, model: &'a str) -> Start<'a> {
        self.operation(OperationName::Chat, model)
    }

    /// Prepares a text completion by this model, as [`chat`](Self::chat) does for a chat completion.
    pub fn text_completion<'a>(&'a self, model: &'a str) -> Start<'a> {
        self.operation(OperationName::TextCompletion, model)
    }

    /// Prepares an embeddings request to this model.
    pub fn embeddings<'a>(&'a self, model: &'a str) -> Start<'a> {
        self.operation(OperationName::Embeddings, model)
    }

    /// Prepares an operation of any kind by this model.
    pub fn operation<'a>(&'a self, name: OperationName, model: &'a str) -> Start<'a> {
        Start::new(&self.parts, name, model)
    }

    /// Prepares the handle of an inference engine that runs this model, for the scheduler of the engine;
    /// [`EngineBuilder::build`] returns it ([engines](crate::engine)).
    pub fn engine<'a>(&'a self, model: &'a str) -> EngineBuilder<'a> {
        EngineBuilder::new(self.parts.inner.as_ref().map(|inner| &inner.engines), model)
    }

    /// Prepares the health of a backend, a provider of a model, for failover; [`BackendBuilder::build`] returns its handle
    /// ([backends](crate::backend)). The names may come from a caller: as on other metrics, those over the limits are
    /// `_OTHER`, and their backends are one.
    pub fn backend<'a>(&'a self, provider: impl Into<Provider>, model: &'a str) -> BackendBuilder<'a> {
        let provider = provider.into();
        let registry =
            self.parts.inner.as_ref().map(|inner| (&inner.backends, inner.models.label_values(&provider, model)));
        BackendBuilder::new(registry, provider, model)
    }

    /// Returns how many operations of a kind and model met an objective over a window before now, at every level of
    /// detail, for admission and failover without a query of Prometheus. `model` is the label value, such as `_OTHER` for
    /// the models over the limit. Operations of all providers, roles and labels count. Returns `None` if the objective
    /// judged no such operation in the window, and for a disabled observer. Reads a number of atomics and takes the lock of
    /// the models: call it once a second and not for each request.
    ///
    /// ```
    /// use llmobs::objective::Window;
    /// use llmobs::semconv::value::OperationName;
    /// use llmobs::{ErrorType, Objective, Observer};
    ///
    /// let observer = Observer::builder().model("m").objective(Objective::new("availability").target(0.9)).build()?;
    /// observer.chat("m").start().complete();
    /// observer.chat("m").start().fail(ErrorType::Inference);
    /// let attainment = observer.attainment("m", OperationName::Chat, "availability", Window::FiveMinutes).unwrap();
    /// assert_eq!((attainment.good(), attainment.bad(), attainment.ratio()), (1, 1, 0.5));
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    #[must_use]
    pub fn attainment(
        &self,
        model: &str,
        operation: impl Into<OperationName>,
        objective: &str,
        window: Window,
    ) -> Option<Attainment> {
        attainment(self.parts.inner.as_ref()?, model, &operation.into(), objective, window)
    }

    /// Prepares the handle of the admission control in front of this model, which records its decisions;
    /// [`AdmissionBuilder::build`] returns it ([admission](crate::admission)). The model is a name of the application, never
    /// of a request.
    pub fn admission<'a>(&'a self, model: &'a str) -> AdmissionBuilder<'a> {
        AdmissionBuilder::new(self.parts.inner.as_ref().map(|inner| &inner.admissions), model)
    }

    /// Returns the current moment on this observer's clock; on the system's monotonic clock if the observer is
    /// disabled.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.parts.inner.as_ref().map_or_else(|| Clock::system().now(), |inner| inner.clock.now())
    }

    /// Returns the current date of this observer's clock.
    #[cfg(all(feature = "cost", feature = "gateway"))]
    pub(crate) fn date(&self) -> SystemTime {
        self.parts.inner.as_ref().map_or_else(|| Clock::system().date(), |inner| inner.clock.date())
    }

    /// Returns a snapshot of each operation in flight, which has started and not ended, oldest first; none for a
    /// disabled observer.
    #[must_use]
    pub fn in_flight(&self) -> Vec<InFlight> {
        self.parts.inner.as_ref().map_or_else(Vec::new, |inner| inner.in_flight())
    }

    /// Returns the content of the flight recorder, which holds the last operations that ended: one line of JSON for
    /// each, oldest first, with the fields of the log event `llm_request_complete`.
    /// [`ObserverBuilder::flight_recorder`] sets their number. Empty for a disabled observer.
    ///
    /// ```
    /// use llmobs::Observer;
    ///
    /// let observer = Observer::builder().model("m").build()?;
    /// observer.chat("m").start().complete();
    /// assert!(observer.recent_operations().contains(r#""llmobs.operation.outcome":"completed""#));
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    #[must_use]
    pub fn recent_operations(&self) -> String {
        self.parts.inner.as_ref().map_or_else(String::new, |inner| inner.flight_recorder.to_json_lines())
    }

    /// Declares a model at run time, as [`ObserverBuilder::model`] does: its series, in the role and with the provider
    /// of this observer, start at zero and are never folded into `_OTHER`. The
    /// [`series_limit`](ObserverBuilder::series_limit) is not checked again.
    pub fn declare_model(&self, model: &str) {
        if let Some(inner) = &self.parts.inner {
            inner.models.declare(model, self.parts.role, &self.parts.provider);
        }
    }

    /// Retires a declared model: from now on, the model counts as undeclared. Its series are removed from the
    /// Prometheus page after the time set with [`ObserverBuilder::retired_model_ttl`], but not while an operation in
    /// flight, a marker, an engine or an admission uses them. An OpenTelemetry SDK cannot remove a series, so its series remain
    /// there. Does nothing for a model that is not declared.
    pub fn retire_model(&self, model: &str) {
        if let Some(inner) = &self.parts.inner {
            inner.retire_model(model);
        }
    }

    /// Forgets a tenant, from now on: its series are removed from the Prometheus page, and their values added to those of
    /// `_OTHER`, in which its operations in flight are recorded; the sums over all tenants remain. If it was declared, it
    /// is undeclared from then on; a later operation of the tenant is that of a new one. An OpenTelemetry SDK cannot remove
    /// a series, so its series remain there.
    pub fn forget_tenant(&self, name: &str) {
        if let Some(inner) = &self.parts.inner {
            inner.forget_tenant(name);
        }
    }

    /// Sets the level, which determines how much is recorded from now on.
    pub fn set_level(&self, level: Level) {
        if let Some(inner) = &self.parts.inner {
            inner.set_level(level);
        }
    }

    /// Records the service's limit of operations of a model in a state, in `llmobs.operation.limit`: the capacity of
    /// its queue ([`State::Queued`]) or the maximum that run concurrently ([`State::Decode`]). llmobs does not enforce
    /// the limit. That of an undeclared model without separate series is recorded for the model `_OTHER`.
    pub fn set_limit(&self, model: &str, state: State, operations: usize) {
        if let Some(inner) = &self.parts.inner {
            inner.models.set_limit(model, state, operations);
        }
    }

    /// Records the time by which a task of an async runtime was woken too late, as `llmobs.runtime.lag` in seconds. For
    /// tokio, `llmobs::runtime::watch` (feature `tokio`) measures it. For others, run a task that sleeps for a fixed
    /// time in a loop, and pass the time by which each sleep was too long. Call it when the task is woken: the lag that
    /// ends now may be the cause of a pause in a stream (`llmobs.stall.events`). `runtime` is the name of the runtime;
    /// after 16 names, further ones are recorded as `_OTHER`.
    pub fn record_runtime_lag(&self, runtime: &str, lag: Duration) {
        if let Some(inner) = &self.parts.inner {
            inner.record_runtime_lag(runtime, duration_to_nanos(lag));
        }
    }

    /// Reads the busy time of an async runtime at each collection, until the runtime is dropped.
    #[cfg(feature = "tokio")]
    pub(crate) fn watch_runtime(&self, name: &str, runtime: Weak<dyn BusyRuntime>) {
        if let Some(inner) = &self.parts.inner {
            inner.watch_runtime(name, runtime);
        }
    }

    /// Declares that the service is shutting down, permanently. An operation that is dropped from now on without a
    /// marked error, panic, finish reason or passed deadline is `failed` with `error.type` `shutdown`, not `cancelled`.
    /// Writes the state file of budgets, if there is one.
    pub fn begin_shutdown(&self) {
        if let Some(inner) = &self.parts.inner {
            inner.shutting_down.store(true, Ordering::Relaxed);
            #[cfg(feature = "cost")]
            if let Some(budgets) = inner.costs.as_ref().and_then(|books| books.budgets.as_ref()) {
                budgets.flush();
            }
        }
    }

    /// Returns the gate that redacts and truncates all content before export; `None` for a disabled observer.
    #[cfg(feature = "content")]
    #[must_use]
    pub fn gate(&self) -> Option<&Gate> {
        self.parts.inner.as_ref().map(|inner| inner.content.gate())
    }

    /// Returns the pseudonym of an identity for a field of spans and logs, for example `user.id`. The same field,
    /// identity, key and epoch (a period that the [`Pseudonymizer`] names, such as a month) always result in the same
    /// pseudonym; without the key, the identity cannot be recovered. Returns `None` if there is no key, so that the
    /// identity is not exported in its place, if the identity is empty or white space, or if the observer is disabled.
    /// Do not use a pseudonym as a metric label, except as a tenant: see [`Start::tenant_pseudonym`].
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::pseudonym::MasterKey;
    /// use llmobs::pseudonym::Pseudonymizer;
    ///
    /// # let key = MasterKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|index| index as u8 * 7 + 1)).unwrap();
    /// let observer = Observer::builder().pseudonyms(Pseudonymizer::new(key)).build()?;
    /// let jane = observer.pseudonym("user.id", "jane@example.org").unwrap();
    /// assert!(jane.starts_with("k1:") && !jane.contains("jane"));
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    #[cfg(feature = "pseudonym")]
    #[must_use]
    pub fn pseudonym(&self, field: &str, identity: &str) -> Option<String> {
        self.parts.inner.as_ref()?.pseudonyms.pseudonymize(field, identity)
    }

    /// Prepares a search for documents in this data source, a step; `start` of the returned builder starts it.
    pub fn retrieval<'a>(&'a self, data_source: &'a str) -> Retrieval<'a> {
        Retrieval::new(&self.parts, data_source)
    }

    /// Prepares a call of this tool, a step.
    pub fn execute_tool<'a>(&'a self, tool: &'a str) -> ExecuteTool<'a> {
        ExecuteTool::new(&self.parts, tool)
    }

    /// Prepares a run of this agent, a step that contains operations and other steps.
    pub fn invoke_agent<'a>(&'a self, agent: &'a str) -> InvokeAgent<'a> {
        InvokeAgent::new(&self.parts, agent)
    }

    /// Prepares the creation of this agent at the observer's provider, a step.
    pub fn create_agent<'a>(&'a self, agent: &'a str) -> CreateAgent<'a> {
        CreateAgent::new(&self.parts, agent)
    }

    /// Prepares a run of this workflow, a step that contains operations and other steps.
    pub fn invoke_workflow<'a>(&'a self, workflow: &'a str) -> InvokeWorkflow<'a> {
        InvokeWorkflow::new(&self.parts, workflow)
    }

    /// Prepares a database operation, for example `search`, on a collection of a database, a step. `system` is the name
    /// of the database in the database conventions, for example `postgresql` or `qdrant`.
    pub fn database<'a>(&'a self, system: &'a str, operation: &'a str, collection: &'a str) -> Database<'a> {
        Database::new(&self.parts, system, operation, collection)
    }

    /// Records an evaluation of an answer whose operation has ended, found by the identifier that was passed to
    /// [`Marker::response_id`]: emits a log event `gen_ai.evaluation.result`, and counts the evaluation if its name and
    /// label were declared with [`ObserverBuilder::evaluation`]. While the flight recorder holds the operation, the
    /// event is in the operation's trace and the evaluation is counted for its model. Later, the event has no trace,
    /// and the model is `_OTHER`.
    pub fn record_evaluation<'a>(&self, response_id: &str, evaluation: impl Into<Evaluation<'a>>) {
        record_late_evaluation(&self.parts, response_id, &evaluation.into());
    }

    /// Makes this observer the global one of the process. The global observer can be set only once.
    ///
    /// # Errors
    ///
    /// Returns this observer as the error if a global observer was set before.
    pub fn set_global(self) -> Result<(), Self> {
        current::set_global(self.parts).map_err(|parts| Self { parts })
    }

    /// Returns the observer of the current [`scope`](Self::scope), or of the request that `llmobs::tower::ServerLayer`
    /// observes on this thread, whichever is the inner one; else the global one; else a disabled one. A spawned task
    /// inherits neither a scope nor a request.
    #[must_use]
    pub fn current() -> Self {
        Self { parts: current::current() }
    }

    /// Runs a future with this observer as the [`current`](Self::current) one, at every poll.
    ///
    /// ```
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// use llmobs::Observer;
    ///
    /// let observer = Observer::builder().model("m").build()?;
    /// observer.scope(async { Observer::current().chat("m").start().complete() }).await;
    /// assert!(!Observer::current().is_enabled(), "the scope is over");
    /// # Ok::<(), llmobs::BuildError>(())
    /// # }).unwrap();
    /// ```
    pub fn scope<F: Future>(&self, future: F) -> Scoped<F> {
        Scoped::new(self.parts.clone(), future)
    }

    /// Attaches a companion, an object of another crate, which is notified of every start, mark and end of an operation
    /// from now on, until the last `Arc` to it is dropped: of an operation that started before, only of its later marks
    /// and its end. A disabled observer ignores it.
    pub fn attach_companion<C: Companion>(&self, companion: &Arc<C>) {
        if let Some(inner) = &self.parts.inner {
            let weak: Weak<C> = Arc::downgrade(companion);
            inner.attached().register_companion(weak);
        }
    }

    /// Attaches a device source, an object of another crate, until the last `Arc` to it is dropped. At every collection
    /// it returns the devices, such as GPUs, whose metrics a [view](View) shows, with the labels by which the view
    /// identifies them. A disabled observer ignores it.
    pub fn attach_device_source<S: DeviceSource>(&self, source: &Arc<S>) {
        if let Some(inner) = &self.parts.inner {
            let weak: Weak<S> = Arc::downgrade(source);
            inner.attached().register_device_source(weak);
        }
    }

    /// Registers a metric of another crate and returns the handle that records it. When every clone of the handle and
    /// every series of them is dropped, the metric can be registered again, and its counters continue. The handle of a
    /// disabled observer records nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is in use in OpenTelemetry or on the Prometheus page, or if an attribute of a
    /// metric with the labels of an operation is also a label of this observer.
    pub fn register<K: Synchronous, const N: usize>(
        &self,
        metric: &'static Metric<K, N>,
    ) -> Result<Handle<K, N>, RegisterError> {
        let Some(inner) = &self.parts.inner else { return Ok(Handle::new(None)) };
        let row = metric.row();
        let own = row.attributes.strip_prefix(&SERIES_ATTRIBUTES);
        if let Some(attribute) = own.and_then(|own| inner.declared_names().find_label(own)) {
            return Err(RegisterError::LabelInUse { name: row.name, attribute });
        }
        metric::register(inner.sinks(), row).map(|registration| Handle::new(Some(registration)))
    }

    /// Registers an observable metric of another crate, whose values are read and not recorded. At each collection,
    /// `read` returns its values from the source, one for each series; it must not block, and must not record values.
    /// When the last `Arc` to the source is dropped, the metric can be registered again. A disabled observer reads
    /// nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is in use in OpenTelemetry or on the Prometheus page.
    pub fn register_observable<K: Observable, S: Send + Sync + 'static, const N: usize>(
        &self,
        metric: &'static Metric<K, N>,
        source: &Arc<S>,
        read: impl Fn(&S) -> Vec<Sample<N>> + Send + Sync + 'static,
    ) -> Result<(), RegisterError> {
        match &self.parts.inner {
            Some(inner) => metric::register_observable(inner.sinks(), metric, source, read),
            None => Ok(()),
        }
    }

    /// Counts an anomaly, an observation that cannot be true, in `llmobs.self.anomalies`; `name` is the kind of
    /// anomaly.
    pub fn record_anomaly(&self, name: &'static str) {
        if let Some(inner) = &self.parts.inner {
            inner.count_anomaly(name);
        }
    }

    /// Returns the rows, the descriptions of metrics, that other crates registered; none for a disabled observer.
    #[cfg(feature = "testing")]
    pub(crate) fn registered_rows(&self) -> Vec<&'static Row> {
        self.parts.inner.as_ref().map_or_else(Vec::new, |inner| inner.sinks().registered_rows())
    }

    /// Returns the scope of a request that arrived at this moment: entered, it makes this observer current and the
    /// arrival the start of the first operation, connects that operation to `served_request`, if set, and makes `tenant`
    /// the tenant of operations that set none.
    #[cfg(feature = "tower")]
    pub(crate) fn request_scope(
        &self,
        arrived: Moment,
        served_request: Option<Arc<ServedRequest>>,
        tenant: Option<Arc<str>>,
    ) -> Scope {
        Scope::for_request(self.parts.clone(), arrived, served_request, tenant)
    }

    /// Returns whether this observer records tenants.
    #[cfg(feature = "tower")]
    pub(crate) fn has_tenants(&self) -> bool {
        self.parts.inner.as_ref().is_some_and(|inner| inner.tenants.is_some())
    }

    /// Sets the ids of a span that only a layer of another version of OpenTelemetry has received.
    #[cfg(feature = "tower")]
    pub(crate) fn set_foreign_ids(&self, span: &mut OwnedSpan) {
        if let Some(inner) = &self.parts.inner {
            inner.spans.set_foreign_ids(span);
        }
    }

    /// Returns the sinks, the backends of recorded values, for metrics that the HTTP layers record themselves; `None`
    /// for a disabled observer.
    #[cfg(feature = "tower")]
    pub(crate) fn sinks(&self) -> Option<&Arc<crate::sink::Sinks>> {
        self.parts.inner.as_ref().map(|inner| inner.sinks())
    }

    /// Returns whether the service declared its shutdown, so that a drop now was caused by the service itself; `false`
    /// for a disabled observer.
    #[cfg(feature = "tower")]
    pub(crate) fn is_shutting_down(&self) -> bool {
        self.parts.inner.as_ref().is_some_and(|inner| inner.is_shutting_down())
    }

    /// Reports a pipeline's export counts (items sent and dropped) to this observer's sinks from now on, unless this
    /// observer already reports a pipeline.
    #[cfg(feature = "otlp")]
    pub(crate) fn report_exports(&self, exports: &Arc<crate::sink::export_counts::PipelineCounts>) {
        if let Some(inner) = &self.parts.inner {
            inner.report_exports(exports);
        }
    }

    /// Returns the metrics of the registry that this observer owns, in the OpenMetrics text format without the final `#
    /// EOF` line. Empty if the observer is disabled or was built with the application's registry.
    #[cfg(feature = "prometheus")]
    pub(crate) fn encode_open_metrics(&self) -> String {
        let mut page = String::new();
        if let Some(registry) = self.parts.inner.as_ref().and_then(|inner| inner.owned_registry()) {
            // Writing to a `String` never fails.
            let _ = prometheus_client::encoding::text::encode_registry(&mut page, registry);
        }
        page
    }
}

/// The settings of an [`Observer`]. A setting in code overrides the environment, and the environment overrides the
/// default.
#[derive(Debug)]
#[must_use = "a builder observes nothing until `build` is called"]
pub struct ObserverBuilder<'a> {
    settings: Settings<'a>,
}

impl<'a> ObserverBuilder<'a> {
    /// Sets the role of the process: server, gateway or client. Defaults to [`Role::Server`].
    pub const fn role(mut self, role: Role) -> Self {
        self.settings.role = role;
        self
    }

    /// Sets the provider of the models: a [`Provider`], or the name of a self-hosted engine, such as `"candle"`. An
    /// operation can override it. Defaults to `unknown`.
    pub fn provider(mut self, provider: impl Into<Provider>) -> Self {
        self.settings.provider = provider.into();
        self
    }

    /// Declares a model: its series, the sets of label values of its metrics, start at zero, and it is never folded
    /// into `_OTHER`. May be called repeatedly. Defaults to none.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.settings.models.push(model.into());
        self
    }

    /// Declares several models, as [`model`](Self::model) does.
    pub fn models<M: Into<String>>(mut self, models: impl IntoIterator<Item = M>) -> Self {
        self.settings.models.extend(models.into_iter().map(Into::into));
        self
    }

    /// Sets the maximum number of undeclared models with separate series; further models are recorded as `_OTHER`.
    /// Defaults to 0 in the server role, so that requests for models that do not exist create no series. In the other
    /// roles, defaults to 32, or to the largest smaller number that fits the [`series_limit`](Self::series_limit).
    pub const fn max_undeclared_models(mut self, models: usize) -> Self {
        self.settings.max_undeclared_models = Some(models);
        self
    }

    /// Sets the operations for which a declared model has series that start at zero. Defaults to chat.
    pub fn operations(mut self, operations: impl IntoIterator<Item = OperationName>) -> Self {
        self.settings.operations = operations.into_iter().collect();
        self
    }

    /// Declares a label that the application adds to the metrics of operations, and all its values, 1 to 255.
    /// [`Start::label`] sets the value of an operation. At most four labels can be declared. Defaults to none.
    pub fn label<V: Into<String>>(mut self, name: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        self.settings.labels.push((name.into(), values.into_iter().map(Into::into).collect()));
        self
    }

    /// Records the costs of operations, at the prices of this book: in `llmobs.cost.usd` and `llmobs.tenant.cost.usd`, on the
    /// span, in the log event and in the record. Defaults to no prices, and no costs ([guide](crate::guide::cost)).
    #[cfg(feature = "cost")]
    pub fn prices(mut self, book: PriceBook) -> Self {
        self.settings.costs.prices = Some(book);
        self
    }

    /// Sets the budgets that limit the costs of operations, in addition to those of the overlays of the
    /// [prices](Self::prices), which are required. [`Start::try_start`] asks them. Defaults to no budgets.
    #[cfg(feature = "cost")]
    pub fn budgets(mut self, budgets: Budgets) -> Self {
        self.settings.costs.budgets = Some(budgets);
        self
    }

    /// Sets whether the span of an operation has the attributes `gen_ai.usage.cost.amount`, `.currency` and `.source` in
    /// profile `latest`, beside `llmobs.cost.usd`. Defaults to `false`: the conventions have not released them.
    #[cfg(feature = "cost")]
    pub fn usage_cost_attributes(mut self, enabled: bool) -> Self {
        self.settings.costs.has_usage_cost_attributes = enabled;
        self
    }

    /// Records tenants, the plans, teams or keys on whose behalf operations run, and declares these names. Their series on
    /// `llmobs.tenant.operations` and `llmobs.tenant.tokens` start at zero, and they are never folded into `_OTHER` or
    /// retired; pass no name to record only undeclared tenants. [`Start::tenant`] sets the tenant of an operation. May be
    /// called repeatedly. Defaults to no tenants and no such metrics ([guide](crate::guide::tenants)).
    pub fn tenants<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.tenant_settings().declared.extend(names.into_iter().map(Into::into));
        self
    }

    /// Records tenants, and sets the maximum number of undeclared tenants with separate series; further tenants are
    /// recorded as `_OTHER`. Defaults to 200.
    pub fn max_undeclared_tenants(mut self, tenants: usize) -> Self {
        self.tenant_settings().max_undeclared = tenants;
        self
    }

    /// Records tenants, and sets the time after which an undeclared tenant is retired, from the end of its last operation:
    /// at the next collection, its series are removed from the Prometheus page, their values are added to those of
    /// `_OTHER`, and its place is free for another tenant. A tenant with operations in flight is never retired. Defaults
    /// to 24 hours.
    pub fn idle_tenant_ttl(mut self, ttl: Duration) -> Self {
        self.tenant_settings().idle_ttl = ttl;
        self
    }

    /// Records tenants, and sets whether the log event `llm_request_complete`, the flight recorder and the operations in
    /// flight contain the tenant. Defaults to `false`.
    pub fn log_tenants(mut self, enabled: bool) -> Self {
        self.tenant_settings().is_logged = enabled;
        self
    }

    /// Declares the names of phases, parts of an operation that the application times, for
    /// [`Marker::phase`](crate::Marker::phase). May be called repeatedly. Defaults to none.
    pub fn phases<P: Into<String>>(mut self, phases: impl IntoIterator<Item = P>) -> Self {
        self.settings.phases.extend(phases.into_iter().map(Into::into));
        self
    }

    /// Declares an evaluation of answers and all labels that it may result in, such as `up` and `down`, for
    /// [`Marker::feedback`](crate::Marker::feedback). May be called repeatedly. Defaults to none.
    pub fn evaluation<L: Into<String>>(mut self, name: impl Into<String>, labels: impl IntoIterator<Item = L>) -> Self {
        self.settings.evaluations.push((name.into(), labels.into_iter().map(Into::into).collect()));
        self
    }

    /// Adds an objective, limits that an operation must meet to count as good, by which every operation is judged. Its
    /// limits become exact bucket bounds. May be called repeatedly. Defaults to none.
    pub fn objective(mut self, objective: Objective) -> Self {
        self.settings.objectives.push(objective);
        self
    }

    /// Sets the rule that determines which token counts as the first, at which the time to first token ends. Defaults
    /// to [`FirstToken::Generated`].
    pub const fn first_token(mut self, rule: FirstToken) -> Self {
        self.settings.first_token = rule;
        self
    }

    /// Sets the resolution of the histograms. Defaults to [`Buckets::Default`].
    pub const fn buckets(mut self, buckets: Buckets) -> Self {
        self.settings.buckets = buckets;
        self
    }

    /// Sets the level, which determines how much is recorded. Defaults to [`Level::Core`] in the gateway role, else to
    /// [`Level::Standard`].
    pub const fn level(mut self, level: Level) -> Self {
        self.settings.level = Some(level);
        self
    }

    /// Sets the version of the conventions whose metric set is recorded. Defaults to [`Profile::Latest`] if the
    /// environment variable `OTEL_SEMCONV_STABILITY_OPT_IN` lists `gen_ai_latest_experimental`, else to
    /// [`Profile::V1_41`].
    pub const fn profile(mut self, profile: Profile) -> Self {
        self.settings.profile = Some(profile);
        self
    }

    /// Sets the maximum number of label sets of one metric that the backend keeps; [`build`](Self::build) returns an
    /// error if the settings permit more. Defaults to 2,000, the limit of the OpenTelemetry SDK.
    pub const fn series_limit(mut self, sets: usize) -> Self {
        self.settings.series_limit = sets;
        self
    }

    /// Sets the time for which the series of a retired model remain on the Prometheus page, from the call of
    /// [`Observer::retire_model`]. Defaults to five minutes.
    pub const fn retired_model_ttl(mut self, ttl: Duration) -> Self {
        self.settings.retired_model_ttl = ttl;
        self
    }

    /// Sets the clock from which all times are read, for tests. Defaults to the system's monotonic clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Sets the registry that the Prometheus metrics are registered in, `&mut registry`; its prefix and labels apply to
    /// them. Defaults to a separate registry of the observer, which `llmobs::prometheus::page` renders.
    pub fn registry<'b>(self, registry: impl Into<RegistryMut<'b>>) -> ObserverBuilder<'b>
    where
        'a: 'b,
    {
        ObserverBuilder { settings: Settings { registry: Some(registry.into()), ..self.shorten_lifetime().settings } }
    }

    /// Adds a view, a table of another system's names: data of the Prometheus page also appears under these names.
    /// Observable metrics of other crates do so at any level, other metrics only if the level includes them. May be
    /// called repeatedly. Defaults to no view.
    pub fn view(self, view: &'static View) -> Self {
        self.add_view(EnabledView::new(view, false))
    }

    /// Adds a view, as [`view`](Self::view) does, and removes the rows (metrics) that it shows from the Prometheus page
    /// under their llmobs names. OpenTelemetry still receives them. Defaults to no view.
    pub fn replace_with_view(self, view: &'static View) -> Self {
        self.add_view(EnabledView::new(view, true))
    }

    /// Sets the provider of the OpenTelemetry meter, `&provider`. Defaults to the provider that is global when `build`
    /// is called.
    pub fn meter_provider<'b>(self, provider: impl Into<MeterProviderRef<'b>>) -> ObserverBuilder<'b>
    where
        'a: 'b,
    {
        ObserverBuilder {
            settings: Settings { meter_provider: Some(provider.into()), ..self.shorten_lifetime().settings },
        }
    }

    /// Sets the tracer provider for the spans of an operation's stages (queue, prefill, decode) at level
    /// [`Full`](Level::Full), `&provider`. All other spans are created through `tracing`. Defaults to the global
    /// provider.
    pub fn tracer_provider<'b>(self, provider: impl Into<TracerProviderRef<'b>>) -> ObserverBuilder<'b>
    where
        'a: 'b,
    {
        ObserverBuilder {
            settings: Settings { tracer_provider: Some(provider.into()), ..self.shorten_lifetime().settings },
        }
    }

    /// Sets the logger provider for the events that may contain content, `&provider`:
    /// `gen_ai.client.inference.operation.details` and `gen_ai.client.operation.exception`. Their content is structured
    /// there, as the conventions define. Defaults to the provider of the pipeline that is installed with
    /// `otlp::init`; without a provider, both are emitted as `tracing` events, with content as JSON text.
    pub fn logger_provider<'b>(self, provider: impl Into<LoggerProviderRef<'b>>) -> ObserverBuilder<'b>
    where
        'a: 'b,
    {
        ObserverBuilder {
            settings: Settings { logger_provider: Some(provider.into()), ..self.shorten_lifetime().settings },
        }
    }

    /// Sets the function that returns the trace id and span id of a `tracing` span, for a process whose spans are
    /// exported by another version of `tracing-opentelemetry` than that of llmobs. The ids are then in log events and
    /// exemplars, as they are without this function for the version of llmobs. Called once for the span of each
    /// operation and of each HTTP request, and with the current span for an operation that has no span or whose span
    /// has no ids; not for a span that a layer of the version of llmobs has received. Defaults to no function
    /// ([versions](crate::guide::versions)).
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::otel::SpanIds;
    ///
    /// let observer = Observer::builder().model("m").span_ids(|span| {
    ///     // let context = span.context(); // of the application's `OpenTelemetrySpanExt`
    ///     // let ids = context.span().span_context();
    ///     // Some(SpanIds::new(ids.trace_id().to_bytes(), ids.span_id().to_bytes(), ids.is_sampled()))
    ///     # let _ = span;
    ///     # Some(SpanIds::new([1; 16], [2; 8], true))
    /// });
    /// # let _ = observer.build()?;
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    pub fn span_ids(mut self, ids: impl Fn(&tracing::Span) -> Option<SpanIds> + Send + Sync + 'static) -> Self {
        self.settings.spans.ids = Some(SpanIdsSource::new(ids));
        self
    }

    /// Starts no spans, neither for operations nor for steps; metrics and log events remain. For a process whose client
    /// library starts `gen_ai` spans itself, so that backends do not add up the usage of both, and for a process that
    /// exports no spans. The spans of HTTP requests are set by
    /// `llmobs::tower::ServerLayer`, which has a setter of the same name.
    pub const fn without_spans(mut self) -> Self {
        self.settings.spans.is_disabled = true;
        self
    }

    /// Sets the ratio, from 0 to 1, of completed and cancelled operations for which a log event `llm_request_complete`
    /// is emitted. Operations that failed, were rejected or missed an objective always have an event. Each event
    /// contains the ratio at which it was sampled. Defaults to 1.
    pub const fn log_sample_ratio(mut self, ratio: f64) -> Self {
        self.settings.log_sample_ratio = ratio;
        self
    }

    /// Sets whether each operation except embeddings has an event `gen_ai.client.inference.operation.details` of level
    /// DEBUG with the attributes of its span, for applications that keep logs but no traces. Defaults to `false`, as
    /// the conventions require; a [`capture`](Self::capture) mode that exports content on events enables them too.
    pub const fn operation_details(mut self, enabled: bool) -> Self {
        self.settings.should_emit_details = enabled;
        self
    }

    /// Sets the number of ended operations that the flight recorder holds, at about 400 bytes each. Defaults to 4,096;
    /// 0 disables the flight recorder.
    pub const fn flight_recorder(mut self, operations: usize) -> Self {
        self.settings.flight_recorder_capacity = operations;
        self
    }

    /// Sets the folder of the flight recorder's files, `llmobs-*.jsonl`. The folder must exist; if a file cannot be
    /// written, an error is logged. A file is written when a thread panics, or when the burn rate of an objective is
    /// too high: of the last 128 judged operations (at least 32), the misses would spend the error budget of a month in
    /// two days, or are half of all. At most one file is written for each of the two reasons in five minutes, on a
    /// separate thread; for a panic of the main thread, or a panic that aborts the process, the file is written before
    /// the process ends. The folder holds at most 16 of these files: the oldest are removed, including those of earlier
    /// processes. Sets a panic hook that calls the previous one. Defaults to none: the flight recorder is then
    /// available only through [`Observer::recent_operations`].
    pub fn flight_recorder_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.flight_recorder_folder = Some(folder.into());
        self
    }

    /// Sets a callback that receives the record of every operation that ends, in whatever way, exactly once: for billing and
    /// audit. It runs on the thread that ends the operation, after the metrics and outside of every lock, so it should not
    /// block. A panic in it is caught and counted in `llmobs.self.dropped` (signal `record`). If the callback itself starts
    /// and ends operations, their records follow when it has returned; a callback that does so for each record never
    /// returns. A callback that owns a clone of the observer keeps the observer alive, so it should use
    /// [`Observer::current`]. Records that wait in a channel are available with [`on_end_channel`](Self::on_end_channel).
    /// Called again, replaces the callback. Defaults to none ([guide](crate::guide::records)).
    ///
    /// ```
    /// use llmobs::Observer;
    ///
    /// let (lines, written) = std::sync::mpsc::channel();
    /// let observer = Observer::builder()
    ///     .model("m")
    ///     .on_end(move |record| {
    ///         let _ = lines.send(record.to_json());
    ///     })
    ///     .build()?;
    /// drop(observer.chat("m").start());
    /// assert!(written.try_recv().unwrap().contains(r#""llmobs.operation.outcome":"cancelled""#));
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    pub fn on_end(mut self, callback: impl Fn(Finished) + Send + Sync + 'static) -> Self {
        self.settings.records.on_end = Some(Box::new(callback));
        self
    }

    /// Adds a channel in which the records of all operations wait that have ended, at most `capacity` of them, and returns
    /// its receiving end. The thread that ends an operation never waits for the reader: a record that finds the channel full
    /// is dropped and counted in `llmobs.self.dropped` (signal `record`), and leaves a hole in the
    /// [sequence numbers](Finished::sequence). Called again, replaces the channel, and closes the one before. A capacity of
    /// 0 is an error of [`build`](Self::build). Defaults to no channel.
    ///
    /// ```
    /// use llmobs::Observer;
    ///
    /// let (builder, mut records) = Observer::builder().model("m").on_end_channel(1_024);
    /// let observer = builder.build()?;
    /// let reader = std::thread::spawn(move || records.iter().filter(|record| record.error_type().is_none()).count());
    /// observer.chat("m").start().complete();
    /// drop(observer); // closes the channel
    /// assert_eq!(reader.join().unwrap(), 1);
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    pub fn on_end_channel(mut self, capacity: usize) -> (Self, Records) {
        let (sender, records) = record::channel(capacity);
        self.settings.records.channel = Some(sender);
        (self, records)
    }

    /// Sets a callback that receives a notice of every operation that starts, before [`Start::start`] returns. The record of
    /// its end has the same [id](Started::id), so that an operation whose record was lost in a crash can be found. It runs
    /// under the rules of [`on_end`](Self::on_end). Called again, replaces the callback. Defaults to none.
    pub fn on_start(mut self, callback: impl Fn(Started) + Send + Sync + 'static) -> Self {
        self.settings.records.on_start = Some(Box::new(callback));
        self
    }

    /// Sets which values that may identify a person are included in records, and in which form: the identifiers of the
    /// response and the conversation, and the values of the declared labels. Defaults to none of them.
    pub const fn record_fields(mut self, fields: RecordFields) -> Self {
        self.settings.records.fields = fields;
        self
    }

    /// Sets the destination of content: a mode, or a [`Gate`] with further settings. Defaults to the value of
    /// [the environment variable](crate::capture::ContentCapture::VARIABLE), else content is not captured.
    /// Details events are emitted if the mode exports content on events.
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::capture::ContentCapture;
    /// use llmobs::capture::Gate;
    /// use llmobs::capture::ContentLimits;
    ///
    /// let observer = Observer::builder().capture(ContentCapture::Spans).build()?;
    /// let gate = Gate::builder().capture(ContentCapture::Events).limits(ContentLimits::default().part(2_048));
    /// let observer = Observer::builder().capture(gate).build()?;
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    #[cfg(feature = "content")]
    pub fn capture(mut self, gate: impl Into<Gate>) -> Self {
        self.settings.content.set_gate(gate.into());
        self
    }

    /// Sets the source of [pseudonyms](Observer::pseudonym). Defaults to pseudonyms under the key in
    /// [the environment](Pseudonymizer::from_environment), else none.
    #[cfg(feature = "pseudonym")]
    pub fn pseudonyms(mut self, pseudonyms: Pseudonymizer) -> Self {
        self.settings.pseudonyms = Some(pseudonyms);
        self
    }

    /// Builds the observer.
    ///
    /// # Errors
    ///
    /// Returns an error if a setting is invalid, if the settings permit more series than the
    /// [`series_limit`](Self::series_limit), if the [`registry`](Self::registry) already has an observer, if the given
    /// [`meter_provider`](Self::meter_provider) records nothing, if OpenTelemetry's API has bound instruments and its
    /// SDK has none, or if the key of pseudonyms in the environment is invalid. The message of the error names the
    /// setter to change. A global meter provider that records nothing is not an error, since Prometheus may be the only
    /// backend; it is reported in a log event.
    pub fn build(self) -> Result<Observer, BuildError> {
        build(self.settings).map(|parts| Observer { parts })
    }

    /// Returns the settings of tenants; from the first call on, the observer records tenants.
    fn tenant_settings(&mut self) -> &mut TenantSettings {
        self.settings.tenants.get_or_insert_default()
    }

    /// Adds a view. The same view, if added before, is replaced, so that no view is on a page twice.
    fn add_view(mut self, added: EnabledView) -> Self {
        self.settings.views.retain(|other| !other.has_same_view(added));
        self.settings.views.push(added);
        self
    }

    fn shorten_lifetime<'b>(self) -> ObserverBuilder<'b>
    where
        'a: 'b,
    {
        self
    }
}
