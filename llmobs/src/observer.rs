//! The observer: the one thing a user holds.

mod attach;
mod builder;
mod chunk;
mod collect;
#[cfg(feature = "content")]
mod content;
mod current;
mod end;
mod feedback;
mod flight_recorder;
mod gap_histogram;
mod in_flight;
mod inner;
#[cfg(feature = "content")]
mod leaving;
#[cfg(not(feature = "content"))]
#[path = "observer/nothing.rs"]
mod leaving;
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
mod told;

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
pub(crate) use self::current::arrived;
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
use crate::clock::nanos;
use crate::clock::seconds;
use crate::semconv::value::OperationName;
use crate::semconv::value::Provider;
use crate::semconv::value::State;

/// Watches the operations of a process. Cheap to clone; all clones share their instruments.
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
    core: Option<Arc<Inner>>,
    role: Role,
    provider: Provider,
}

impl Observer {
    /// Builds an observer. Set up OpenTelemetry's meter provider first, if you use one: instruments that are made
    /// before it stay silent for good.
    pub fn builder() -> ObserverBuilder<'static> {
        ObserverBuilder::new()
    }

    /// An observer that observes nothing: no operation allocates, no stream reads a clock.
    #[must_use]
    pub const fn disabled() -> Self {
        Self { core: None, role: Role::Server, provider: Provider::Other(std::borrow::Cow::Borrowed("unknown")) }
    }

    fn new(core: Arc<Inner>, role: Role, provider: Provider) -> Self {
        Self { core: Some(core), role, provider }
    }

    /// The same observer in another role, sharing all instruments: a gateway that also runs a model.
    #[must_use]
    pub fn as_role(&self, role: Role) -> Self {
        Self { role, ..self.clone() }
    }

    /// The same observer with another default provider.
    #[must_use]
    pub fn with_provider(&self, provider: Provider) -> Self {
        Self { provider, ..self.clone() }
    }

    /// Whether anything is observed.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.core.is_some()
    }

    /// What this observer's process is towards the model.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// A chat completion by this model. The model may be any caller's string: an undeclared one is bounded.
    pub fn chat<'a>(&'a self, model: &'a str) -> Start<'a> {
        self.operation(OperationName::Chat, model)
    }

    /// A text completion by this model.
    pub fn text_completion<'a>(&'a self, model: &'a str) -> Start<'a> {
        self.operation(OperationName::TextCompletion, model)
    }

    /// Embeddings by this model.
    pub fn embeddings<'a>(&'a self, model: &'a str) -> Start<'a> {
        self.operation(OperationName::Embeddings, model)
    }

    /// Any operation by this model.
    pub fn operation<'a>(&'a self, name: OperationName, model: &'a str) -> Start<'a> {
        Start::new(self, name, model)
    }

    /// The moment that it is now on this observer's clock.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.core.as_ref().map_or_else(|| Clock::system().now(), |core| core.clock.now())
    }

    /// Everything in flight, oldest first.
    #[must_use]
    pub fn in_flight(&self) -> Vec<InFlight> {
        self.core.as_ref().map_or_else(Vec::new, |core| core.in_flight())
    }

    /// What the flight recorder remembers: a line of JSON for each of the last operations that ended, oldest first, with
    /// the fields of the log event `llm_request_complete`.
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
        self.core.as_ref().map_or_else(String::new, |core| core.flight.lines())
    }

    /// Declares a model at run time: its series start at zero and keep their place.
    pub fn declare_model(&self, model: &str) {
        if let Some(core) = &self.core {
            core.declare(model, self.role, &self.provider);
        }
    }

    /// Retires a declared model: from now on it is like one that was never declared. Its series leave the Prometheus
    /// page after the grace time; operations in flight keep theirs until they end. An OpenTelemetry SDK cannot forget a
    /// series: there they stay.
    pub fn retire_model(&self, model: &str) {
        if let Some(core) = &self.core {
            core.retire(model);
        }
    }

    /// Records more or less from now on.
    pub fn set_level(&self, level: Level) {
        if let Some(core) = &self.core {
            core.set_level(level);
        }
    }

    /// Publishes how many operations of a model the service lets into a state: the size of its queue
    /// ([`State::Queued`]) or the most that run at once ([`State::Decode`]).
    pub fn set_limit(&self, model: &str, state: State, operations: usize) {
        if let Some(core) = &self.core {
            core.set_limit(model, state, operations);
        }
    }

    /// Records how late a task of an async runtime was woken, as `llmobs.runtime.lag` in seconds. A task that sleeps
    /// for a fixed time in a loop and measures how much longer it slept is enough to feed it.
    pub fn record_runtime_lag(&self, runtime: &str, lag: Duration) {
        if let Some(core) = &self.core {
            core.runtime_lag(runtime, seconds(nanos(lag)));
        }
    }

    /// Says that the service is shutting down: operations that are dropped from now on without any other sign are
    /// `failed` with `error.type` `shutdown`, and not `cancelled`.
    pub fn begin_shutdown(&self) {
        if let Some(core) = &self.core {
            core.shutting_down.store(true, Ordering::Relaxed);
        }
    }

    /// The way out for content; none for an observer that observes nothing.
    #[cfg(feature = "content")]
    #[must_use]
    pub fn gate(&self) -> Option<&crate::capture::Gate> {
        self.core.as_ref().map(|core| &core.gate)
    }

    /// What stands for an identity in a field such as `user.id`, on spans and logs: always the same, and without the key
    /// no way back. None where there is no key, so that no identity leaves instead. Never make a label of it.
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::pseudonym::MasterKey;
    /// use llmobs::pseudonym::Pseudonymizer;
    ///
    /// # let key = MasterKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|place| place as u8 * 7 + 1)).unwrap();
    /// let observer = Observer::builder().pseudonyms(Pseudonymizer::new(key)).build()?;
    /// let jane = observer.pseudonym("user.id", "jane@example.org").unwrap();
    /// assert!(jane.starts_with("k1:") && !jane.contains("jane"));
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    #[cfg(feature = "pseudonym")]
    #[must_use]
    pub fn pseudonym(&self, field: &str, identity: &str) -> Option<String> {
        self.core.as_ref()?.pseudonyms.of(field, identity)
    }

    /// The backends, for what an edge records itself.
    #[cfg(feature = "tower")]
    pub(crate) fn sinks(&self) -> Option<&Arc<crate::sink::Sinks>> {
        self.core.as_ref().map(|core| core.sinks())
    }

    /// Whether what is dropped now was cut off by the service itself.
    #[cfg(feature = "tower")]
    pub(crate) fn is_shutting_down(&self) -> bool {
        self.core.as_ref().is_some_and(|core| core.is_shutting_down())
    }

    /// Tells the backends of a pipeline's exports from now on, unless another observer does already.
    #[cfg(feature = "otlp")]
    pub(crate) fn report_exports(&self, exports: &Arc<crate::sink::export_counts::PipelineCounts>) {
        if let Some(core) = &self.core {
            core.report_exports(exports);
        }
    }

    /// The metrics in the registry that this observer owns, in the OpenMetrics text format without its end marker.
    /// Empty where the observer was given a registry.
    #[cfg(feature = "prometheus")]
    pub(crate) fn open_metrics(&self) -> String {
        let mut page = String::new();
        if let Some(registry) = self.core.as_ref().and_then(|core| core.registry()) {
            // A `String` takes whatever is written.
            let _ = prometheus_client::encoding::text::encode_registry(&mut page, registry);
        }
        page
    }
}
