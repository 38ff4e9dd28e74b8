//! The operations in flight: their identity, age and state, and the party that each waits for.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::operation_state::OperationState;
use crate::clock::seconds;
use crate::semconv::value::State;

/// The in-flight registry. An operation is identified by its index; the index of a removed operation is used again.
#[derive(Debug, Default)]
pub(super) struct InFlightRegistry {
    places: Vec<Option<Arc<OperationState>>>,
    free: Vec<usize>,
}

impl InFlightRegistry {
    pub(super) fn insert(&mut self, live: Arc<OperationState>) -> usize {
        if let Some(place) = self.free.pop() {
            self.places[place] = Some(live);
            return place;
        }
        self.places.push(Some(live));
        self.places.len() - 1
    }

    pub(super) fn remove(&mut self, place: usize) {
        if self.places[place].take().is_some() {
            self.free.push(place);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<OperationState>> {
        self.places.iter().flatten()
    }
}

/// A snapshot of one operation in flight.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct InFlight {
    /// The value of `gen_ai.operation.name`.
    pub operation: String,
    /// The value of `gen_ai.provider.name`.
    pub provider: String,
    /// The value of `gen_ai.request.model`, limited to the label values of the metrics: `_OTHER` for a folded model.
    pub model: String,
    /// The current state.
    pub state: State,
    /// The time since the start.
    pub age: Duration,
    /// Number of output tokens that the stream has carried.
    pub tokens: u64,
    /// Output tokens per second since the first token; `None` before it.
    pub rate: Option<f64>,
    /// The party that the operation waits for.
    pub waits_for: WaitsFor,
    /// Number of preemptions: how often the engine scheduled the operation again after the first time.
    pub preemptions: u32,
    /// The id of the sampled trace that the operation belongs to, as 32 hexadecimal digits.
    pub trace_id: Option<String>,
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
    pub(super) fn of(live: &OperationState) -> Self {
        let marks = live.marks_now();
        let now = marks.now;
        let state = marks.state(live.series.key.role.is_remote());
        let tokens = live.tokens.load(Ordering::Relaxed);
        let flowing = marks.first_token.map(|first| now.saturating_sub(first)).filter(|time| *time > 0);
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 tokens")]
        let rate = flowing.map(|time| tokens as f64 / seconds(time));
        Self {
            operation: live.series.key.operation.as_str().to_owned(),
            provider: live.series.key.provider.as_str().to_owned(),
            model: live.series.model.to_string(),
            state,
            age: Duration::from_nanos(marks.age()),
            tokens,
            rate,
            waits_for: match state {
                State::Preparing => WaitsFor::Preparation,
                State::Queued => WaitsFor::Queue,
                State::Blocked => WaitsFor::Consumer,
                State::Prefill | State::Decode | State::Waiting | State::Streaming => WaitsFor::Engine,
            },
            preemptions: live.preemptions(),
            trace_id: live.link.map(|link| format!("{:032x}", u128::from_be_bytes(link.trace_id))),
        }
    }
}
