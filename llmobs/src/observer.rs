//! The [`Observer`], its builder, and the operations, steps, markers and streams that an observer records.

mod attach;
mod builder;
mod chunk;
mod collect;
#[cfg(feature = "content")]
mod content;
#[cfg(feature = "content")]
mod content_export;
#[cfg(not(feature = "content"))]
#[path = "observer/content_export_disabled.rs"]
mod content_export;
mod current;
mod end;
mod end_report;
mod feedback;
mod flight_recorder;
mod gap_histogram;
mod in_flight;
mod inner;
mod marker;
mod operation;
mod operation_state;
#[cfg(test)]
mod races;
mod start;
mod step;
mod step_builders;
mod stream;
mod times;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

pub use self::builder::ObserverBuilder;
pub use self::chunk::Chunk;
pub use self::chunk::StreamItem;
#[cfg(feature = "tower")]
pub(crate) use self::current::Scope;
pub use self::current::Scoped;
#[cfg(feature = "axum")]
pub(crate) use self::current::request_arrival;
pub use self::in_flight::InFlight;
pub use self::in_flight::WaitsFor;
use self::inner::Inner;
pub use self::marker::Marker;
pub use self::marker::Phase;
pub use self::operation::Operation;
pub use self::start::Start;
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
use crate::catalog::Level;
use crate::catalog::Role;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::clock::duration_to_nanos;
use crate::clock::nanos_to_seconds;
use crate::semconv::value::OperationName;
use crate::semconv::value::Provider;
use crate::semconv::value::State;

/// An entry point that starts operations and records their metrics, spans and log events. Cheap to clone; all clones
/// share their instruments.
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
    inner: Option<Arc<Inner>>,
    role: Role,
    provider: Provider,
}

impl Observer {
    /// Returns a builder with the default settings. Install OpenTelemetry's global meter provider, if one is used,
    /// before the observer is built: instruments that are created before the provider is installed never record
    /// anything.
    pub fn builder() -> ObserverBuilder<'static> {
        ObserverBuilder::new()
    }

    /// Returns a disabled observer: its operations do not allocate, and its streams do not read a clock.
    #[must_use]
    pub const fn disabled() -> Self {
        Self { inner: None, role: Role::Server, provider: Provider::Other(std::borrow::Cow::Borrowed("unknown")) }
    }

    fn new(inner: Arc<Inner>, role: Role, provider: Provider) -> Self {
        Self { inner: Some(inner), role, provider }
    }

    /// Returns the same observer in another role, with shared instruments. Example: a gateway that also runs a model.
    #[must_use]
    pub fn as_role(&self, role: Role) -> Self {
        Self { role, ..self.clone() }
    }

    /// Returns the same observer with another default provider.
    #[must_use]
    pub fn with_provider(&self, provider: impl Into<Provider>) -> Self {
        Self { provider: provider.into(), ..self.clone() }
    }

    /// Returns whether this observer records anything; `false` only for a [`disabled`](Self::disabled) one.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.inner.is_some()
    }

    /// Returns the role of the process: server, gateway or client.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Prepares a chat completion by this model. The name may come from a caller: only a limited number of undeclared
    /// models get separate series, see [`ObserverBuilder::max_undeclared_models`].
    pub fn chat<'a>(&'a self, model: &'a str) -> Start<'a> {
        self.operation(OperationName::Chat, model)
    }

    /// Prepares a text completion by this model.
    pub fn text_completion<'a>(&'a self, model: &'a str) -> Start<'a> {
        self.operation(OperationName::TextCompletion, model)
    }

    /// Prepares an embeddings request to this model.
    pub fn embeddings<'a>(&'a self, model: &'a str) -> Start<'a> {
        self.operation(OperationName::Embeddings, model)
    }

    /// Prepares an operation of any kind by this model.
    pub fn operation<'a>(&'a self, name: OperationName, model: &'a str) -> Start<'a> {
        Start::new(self, name, model)
    }

    /// Returns the current moment on this observer's clock.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.inner.as_ref().map_or_else(|| Clock::system().now(), |inner| inner.clock.now())
    }

    /// Returns all operations in flight, oldest first.
    #[must_use]
    pub fn in_flight(&self) -> Vec<InFlight> {
        self.inner.as_ref().map_or_else(Vec::new, |inner| inner.in_flight())
    }

    /// Returns the content of the flight recorder: one line of JSON for each of the last operations that ended, oldest
    /// first, with the fields of the log event `llm_request_complete`.
    ///
    /// ```
    /// use llmobs::Observer;
    ///
    /// let observer = Observer::builder().model("m").build()?;
    /// observer.chat("m").start().complete();
    /// assert!(observer.recent_operations().contains(r#""outcome":"completed""#));
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    #[must_use]
    pub fn recent_operations(&self) -> String {
        self.inner.as_ref().map_or_else(String::new, |inner| inner.flight_recorder.to_json_lines())
    }

    /// Declares a model at run time: its series start at zero and are never folded into `_OTHER`.
    pub fn declare_model(&self, model: &str) {
        if let Some(inner) = &self.inner {
            inner.declare_model(model, self.role, &self.provider);
        }
    }

    /// Retires a declared model: from now on, the model counts as undeclared. Its series are removed from the
    /// Prometheus page after the time set with [`ObserverBuilder::retired_model_ttl`]; operations in flight keep their
    /// series until they end. An OpenTelemetry SDK cannot remove a series, so its series remain there.
    pub fn retire_model(&self, model: &str) {
        if let Some(inner) = &self.inner {
            inner.retire_model(model);
        }
    }

    /// Sets the level, which determines how much is recorded from now on.
    pub fn set_level(&self, level: Level) {
        if let Some(inner) = &self.inner {
            inner.set_level(level);
        }
    }

    /// Records the service's limit of operations of a model in a state: the capacity of its queue ([`State::Queued`])
    /// or the maximum that run concurrently ([`State::Decode`]).
    pub fn set_limit(&self, model: &str, state: State, operations: usize) {
        if let Some(inner) = &self.inner {
            inner.set_limit(model, state, operations);
        }
    }

    /// Records how late a task of an async runtime was woken, as `llmobs.runtime.lag` in seconds. To measure the lag,
    /// run a task that sleeps for a fixed time in a loop, and pass the time by which each sleep was too long.
    pub fn record_runtime_lag(&self, runtime: &str, lag: Duration) {
        if let Some(inner) = &self.inner {
            inner.record_runtime_lag(runtime, nanos_to_seconds(duration_to_nanos(lag)));
        }
    }

    /// Declares that the service is shutting down. An operation that is dropped from now on without a marked error,
    /// finish reason or passed deadline is `failed` with `error.type` `shutdown`, not `cancelled`.
    pub fn begin_shutdown(&self) {
        if let Some(inner) = &self.inner {
            inner.shutting_down.store(true, Ordering::Relaxed);
        }
    }

    /// Returns the gate that redacts and truncates all content before export; `None` for a disabled observer.
    #[cfg(feature = "content")]
    #[must_use]
    pub fn gate(&self) -> Option<&crate::capture::Gate> {
        self.inner.as_ref().map(|inner| &inner.gate)
    }

    /// Returns the pseudonym of an identity for a field of spans and logs, for example `user.id`. The same field,
    /// identity, key and epoch always result in the same pseudonym; without the key, the identity cannot be recovered.
    /// Returns `None` if there is no key, so that the identity is not exported in its place, or if the identity is
    /// empty. Do not use a pseudonym as a metric label.
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
        self.inner.as_ref()?.pseudonyms.pseudonymize(field, identity)
    }

    /// Returns the sinks, for metrics that the HTTP layers record themselves.
    #[cfg(feature = "tower")]
    pub(crate) fn sinks(&self) -> Option<&Arc<crate::sink::Sinks>> {
        self.inner.as_ref().map(|inner| inner.sinks())
    }

    /// Returns whether the service is shutting down, so that a drop now was caused by the service itself.
    #[cfg(feature = "tower")]
    pub(crate) fn is_shutting_down(&self) -> bool {
        self.inner.as_ref().is_some_and(|inner| inner.is_shutting_down())
    }

    /// Reports a pipeline's export counts to this observer's sinks from now on, unless another observer already does.
    #[cfg(feature = "otlp")]
    pub(crate) fn report_exports(&self, exports: &Arc<crate::sink::export_counts::PipelineCounts>) {
        if let Some(inner) = &self.inner {
            inner.report_exports(exports);
        }
    }

    /// Returns the metrics of the registry that this observer owns, in the OpenMetrics text format without the final
    /// `# EOF` line. Empty if the observer was built with the application's registry.
    #[cfg(feature = "prometheus")]
    pub(crate) fn encode_open_metrics(&self) -> String {
        let mut page = String::new();
        if let Some(registry) = self.inner.as_ref().and_then(|inner| inner.owned_registry()) {
            // Writing to a `String` never fails.
            let _ = prometheus_client::encoding::text::encode_registry(&mut page, registry);
        }
        page
    }
}
