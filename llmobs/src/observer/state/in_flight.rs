//! The operations in flight, the model calls that have not ended: their identity, age and state, and the party that
//! each waits for. Collections (readings of the metrics) and `Observer::in_flight` read them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::nanos_to_seconds;
use crate::measurement::TraceLink;
use crate::semconv::value::State;
use crate::series::OperationSeries;
use crate::timing::Marks;

/// An operation in flight, with the properties that a collection reads.
pub(crate) trait InFlightOperation: Send + Sync + fmt::Debug {
    /// Returns the series that the operation's metrics are recorded in.
    fn series(&self) -> &Arc<OperationSeries>;
    /// Returns all moments marked so far, with the current time as the time of reading.
    fn marks_now(&self) -> Marks;
    /// Returns the number of output tokens that the stream has carried.
    fn streamed_tokens(&self) -> u64;
    /// Returns the number of times that the engine scheduled the operation again after the first time.
    fn preemptions(&self) -> u32;
    /// Returns the id of the engine whose step first named the operation; `None` before.
    fn engine_id(&self) -> Option<Arc<str>>;
    /// Returns the ids of the operation's span if it is sampled.
    fn trace_link(&self) -> Option<TraceLink>;
    /// Returns the tenant; `None` unless the application chose that a snapshot contains it.
    fn logged_tenant(&self) -> Option<Arc<str>>;
}

/// The in-flight registry: all operations of an observer that have started and not ended. An operation is identified by
/// its index; the index of a removed operation is used again.
#[derive(Debug, Default)]
pub(crate) struct InFlightRegistry {
    slots: Vec<Option<Arc<dyn InFlightOperation>>>,
    free_slots: Vec<usize>,
}

impl InFlightRegistry {
    /// Adds an operation at its start. Returns its index, for `remove`.
    #[inline]
    pub(crate) fn insert(&mut self, operation: Arc<dyn InFlightOperation>) -> usize {
        if let Some(slot) = self.free_slots.pop() {
            self.slots[slot] = Some(operation);
            return slot;
        }
        self.slots.push(Some(operation));
        self.slots.len() - 1
    }

    /// Removes the operation at an index at its end. Has no effect if it was removed before.
    #[inline]
    pub(crate) fn remove(&mut self, slot: usize) {
        if self.slots[slot].take().is_some() {
            self.free_slots.push(slot);
        }
    }

    /// Returns all operations in flight, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<dyn InFlightOperation>> {
        self.slots.iter().flatten()
    }
}

/// A snapshot of one operation in flight, a model call that has started and not ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct InFlight {
    /// The value of `gen_ai.operation.name`.
    pub operation: String,
    /// The value of `gen_ai.provider.name`.
    pub provider: String,
    /// The value of `gen_ai.request.model`, limited to the label values of the metrics: `_OTHER` for a folded model.
    pub model: String,
    /// The state of the operation at the snapshot, such as queued.
    pub state: State,
    /// The time from the start of the operation to the snapshot.
    pub age: Duration,
    /// The time from the last mark or token, or from the start before any, to the snapshot, without the time for which
    /// the consumer was away. A long silence shows an engine or an upstream that has stalled.
    pub silence: Duration,
    /// Number of output tokens that the stream has carried; 0 without a stream.
    pub tokens: u64,
    /// Output tokens of the stream per second, from the first token to the snapshot, including the time for which the
    /// consumer was away; `None` before the first token.
    pub tokens_per_second: Option<f64>,
    /// The party that the operation waits for.
    pub waits_for: WaitsFor,
    /// Number of preemptions: how often the engine scheduled the operation again after the first time.
    pub preemptions: u32,
    /// The id of the engine whose step first [named](crate::engine::EngineStep::add_sequence) the operation, as in
    /// `llmobs.engine.id`; `None` before, and for an engine that names no operations.
    pub engine_id: Option<String>,
    /// The id of the sampled trace that the operation belongs to, as 32 hexadecimal digits; `None` without one.
    pub trace_id: Option<String>,
    /// The value of `llmobs.tenant.name`; `None` unless [`ObserverBuilder::log_tenants`](crate::ObserverBuilder::log_tenants)
    /// is set.
    pub tenant: Option<String>,
}

/// The party that an operation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitsFor {
    /// The application, which prepares the operation before the engine's queue.
    Preparation,
    /// The engine's queue.
    Queue,
    /// The engine or the upstream.
    Engine,
    /// The consumer, which took an item and has not polled for the next one.
    Consumer,
}

impl InFlight {
    /// Returns a snapshot of an operation as of now.
    pub(crate) fn of(operation: &dyn InFlightOperation) -> Self {
        let series = operation.series();
        let marks = operation.marks_now();
        let now = marks.now;
        let state = marks.state(series.key.role.is_remote());
        let tokens = operation.streamed_tokens();
        let since_first_token = marks.first_token.map(|first| now.saturating_sub(first)).filter(|time| *time > 0);
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 tokens")]
        let rate = since_first_token.map(|time| tokens as f64 / nanos_to_seconds(time));
        Self {
            operation: series.key.operation.as_str().to_owned(),
            provider: series.key.provider.as_str().to_owned(),
            model: series.model.to_string(),
            state,
            age: Duration::from_nanos(marks.age()),
            silence: Duration::from_nanos(marks.silence()),
            tokens,
            tokens_per_second: rate,
            waits_for: match state {
                State::Preparing => WaitsFor::Preparation,
                State::Queued => WaitsFor::Queue,
                State::Blocked => WaitsFor::Consumer,
                State::Prefill | State::Decode | State::Waiting | State::Streaming => WaitsFor::Engine,
            },
            preemptions: operation.preemptions(),
            engine_id: operation.engine_id().map(|id| id.to_string()),
            trace_id: operation.trace_link().map(|link| link.trace_id_hex().to_string()),
            tenant: operation.logged_tenant().map(|name| name.to_string()),
        }
    }
}
