//! A step of an engine: one run of the model over a batch.

use std::time::Duration;

use super::operation::EngineOperation;
use super::operation::sealed::NamingEngine;
use super::state::EngineState;
use super::state::StepWork;
use crate::clock::Moment;
use crate::clock::duration_to_nanos;
use crate::companion::SequenceWork;
use crate::companion::StepSequence;

/// A step of an engine, from [`Engine::step`](super::Engine::step) to [`finish`](Self::finish). A step that is dropped
/// without `finish` is not recorded and does not reset `llmobs.engine.step.age`.
#[derive(Debug)]
#[must_use = "a step is recorded by `finish`"]
pub struct EngineStep<'a> {
    /// The engine and the start of the step; `None` if the engine records nothing.
    running: Option<(&'a EngineState, Moment)>,
    work: StepWork,
    duration: Option<Duration>,
    /// The named sequences, for companions; without companions empty and without memory.
    sequences: Vec<StepSequence>,
}

impl<'a> EngineStep<'a> {
    pub(super) fn new(engine: Option<&'a EngineState>) -> Self {
        let running = engine.map(|engine| (engine, engine.clock.now()));
        Self { running, work: StepWork::default(), duration: None, sequences: Vec::new() }
    }

    /// Adds a sequence and its tokens to those of the step, and names the operation that it belongs to: GPU energy is
    /// then attributed by the work of each operation, and `Observer::in_flight` contains the engine of the operation. An
    /// operation with several choices has several sequences. The sequence of a disabled marker is counted, and names no
    /// operation; nor does that of another observer's marker.
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::engine::SequenceWork;
    ///
    /// let observer = Observer::builder().model("m").build()?;
    /// let engine = observer.engine("m").id("1").build();
    /// let operation = observer.chat("m").start();
    ///
    /// let mut step = engine.step();
    /// step.add_sequence(operation.marker(), SequenceWork::new().prefill_tokens(512));
    /// // Run the model here.
    /// step.finish();
    /// assert_eq!(observer.in_flight()[0].engine_id.as_deref(), Some("1"));
    /// # operation.complete();
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    pub fn add_sequence(&mut self, marker: &impl EngineOperation, work: SequenceWork) {
        let Some((engine, _)) = self.running else { return };
        self.work.add(work);
        let naming_engine = NamingEngine { sinks: &engine.sinks, index: engine.index };
        let Some(operation) = marker.join_engine(naming_engine) else { return };
        if engine.has_companions() {
            if self.sequences.capacity() == 0 {
                self.sequences = engine.step_buffers.take();
            }
            self.sequences.push(StepSequence::new(operation, work));
        }
    }

    /// Sets the number of sequences in the batch, for a scheduler that does not [add](Self::add_sequence) each.
    pub const fn sequences(mut self, sequences: u64) -> Self {
        self.work.sequences = sequences;
        self
    }

    /// Sets the number of prompt tokens that the step computes, without those that it reads from a prefix cache. Replaces
    /// the sum of the added sequences.
    pub const fn prefill_tokens(mut self, tokens: u64) -> Self {
        self.work.prefill_tokens = tokens;
        self
    }

    /// Sets the number of tokens that the step generates, drafts of speculative decoding included. Replaces the sum of
    /// the added sequences.
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
    /// has both. A step without tokens ends the age of the step before it, and is not recorded otherwise. Companions are
    /// notified of a step that named operations. Call it before the tokens of the step are sent to their operations: the
    /// cause of a pause in a stream is sought in the steps that have finished when its next token arrives.
    pub fn finish(self) {
        let Some((engine, started)) = self.running else { return };
        let now = engine.clock.now();
        engine.record_step(self.work, self.duration.unwrap_or_else(|| now.since(started)), now);
        if !self.sequences.is_empty() {
            let before_end = |duration| now.as_nanos().saturating_sub(duration_to_nanos(duration));
            let start = self.duration.map_or(started, |duration| Moment::from_nanos(before_end(duration)));
            engine.notify_step(&self.sequences, start, now);
            engine.step_buffers.put_back(self.sequences);
        }
    }
}
