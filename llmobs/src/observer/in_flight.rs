//! What is in flight: who it is, how old, what it does, whom it waits for.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::operation_state::OperationState;
use crate::clock::seconds;
use crate::semconv::value::State;

/// Operations in flight, by place. A place is used again once it is free.
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

/// One operation in flight, as it was when somebody looked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct InFlight {
    /// `gen_ai.operation.name`.
    pub operation: String,
    /// `gen_ai.provider.name`.
    pub provider: String,
    /// `gen_ai.request.model`, bounded as in the labels.
    pub model: String,
    /// What it is doing.
    pub state: State,
    /// How long ago it started.
    pub age: Duration,
    /// Output tokens that its stream has carried.
    pub tokens: u64,
    /// Tokens a second since the first token; `None` before it.
    pub rate: Option<f64>,
    /// Whom it waits for.
    pub waits_for: WaitsFor,
    /// How often the engine took it again after it had taken it once.
    pub preemptions: u32,
    /// The sampled trace that it belongs to, in hexadecimal digits.
    pub trace_id: Option<String>,
}

/// Whom an operation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitsFor {
    /// Its own preparation.
    Preparation,
    /// A place in the engine.
    Queue,
    /// The engine or the upstream.
    Engine,
    /// The reader, which has an item and has not come back for the next.
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
