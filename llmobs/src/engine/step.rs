//! A step of an engine: one run of the model over a batch.

use std::time::Duration;

use super::state::EngineState;
use super::state::StepWork;
use crate::clock::Moment;

/// A step of an engine, from [`Engine::step`](super::Engine::step) to [`finish`](Self::finish). A step that is dropped
/// without `finish` is not recorded and does not reset `llmobs.engine.step.age`.
#[derive(Debug)]
#[must_use = "a step is recorded by `finish`"]
pub struct EngineStep<'a> {
    /// The engine and the start of the step; `None` if the engine records nothing.
    running: Option<(&'a EngineState, Moment)>,
    work: StepWork,
    duration: Option<Duration>,
}

impl<'a> EngineStep<'a> {
    pub(super) fn new(engine: Option<&'a EngineState>) -> Self {
        let running = engine.map(|engine| (engine, engine.clock.now()));
        Self { running, work: StepWork::default(), duration: None }
    }

    /// Sets the number of sequences in the batch.
    pub const fn sequences(mut self, sequences: u64) -> Self {
        self.work.sequences = sequences;
        self
    }

    /// Sets the number of prompt tokens that the step computes, without those that it reads from a prefix cache.
    pub const fn prefill_tokens(mut self, tokens: u64) -> Self {
        self.work.prefill_tokens = tokens;
        self
    }

    /// Sets the number of tokens that the step generates, drafts of speculative decoding included.
    pub const fn decode_tokens(mut self, tokens: u64) -> Self {
        self.work.decode_tokens = tokens;
        self
    }

    /// Sets the duration of the step, if the engine measures it itself, for example with events of the GPU. Defaults to
    /// the time from [`Engine::step`](super::Engine::step) to [`finish`](Self::finish).
    pub const fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// Ends the step now and records it: as `prefill` or `decode` if it has tokens of that kind only, as `mixed` if it
    /// has both. A step without tokens ends the age of the step before it, and is not recorded otherwise.
    pub fn finish(self) {
        if let Some((engine, started)) = self.running {
            let now = engine.clock.now();
            engine.record_step(self.work, self.duration.unwrap_or_else(|| now.since(started)), now);
        }
    }
}
