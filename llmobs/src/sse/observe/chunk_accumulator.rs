//! Accumulation of the events of one item into a chunk, and the state that decides the outcome of the operation.

use std::mem::replace;

use crate::observer::Chunk;
use crate::observer::Marker;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::sse::DeltaKind;
use crate::sse::Event;
use crate::sse::choice_set::ChoiceSet;

#[derive(Debug)]
pub(super) struct ChunkAccumulator {
    /// The choice whose tokens are timed: the first one with a delta.
    timed_choice: Option<u32>,
    /// The choices with a delta, and the choices with a finish reason.
    started_choices: ChoiceSet,
    finished_choices: ChoiceSet,
    /// Finish reasons that are not yet recorded. A consumer that leaves after a recorded finish reason counts as having
    /// received the whole response.
    pending_finish_reasons: Vec<(u32, FinishReason)>,
    /// True if the end event of the dialect (the provider's format) has arrived.
    is_done: bool,
    /// True if an error event has arrived.
    has_failed: bool,
    /// True if the operation generates content. False for embeddings.
    generates: bool,
    /// The chunk accumulated from the events of the current item.
    chunk: Chunk,
}

impl ChunkAccumulator {
    pub(super) const fn new(generates: bool) -> Self {
        Self {
            timed_choice: None,
            started_choices: ChoiceSet::new(),
            finished_choices: ChoiceSet::new(),
            pending_finish_reasons: Vec::new(),
            is_done: false,
            has_failed: false,
            generates,
            chunk: Chunk::ignored(),
        }
    }

    pub(super) fn apply_event(&mut self, event: Event<'_>, marker: &Marker) {
        match event {
            Event::Delta { choice, kind } => {
                self.started_choices.insert(choice);
                self.add_delta(choice, kind);
            }
            Event::Done => {
                self.is_done = true;
                self.mark_finish_reasons(marker);
            }
            Event::Error(error) if self.started_choices.is_empty() && error.is_refusal() => {
                self.has_failed = true;
                self.merge_chunk(Chunk::rejected(error));
            }
            Event::Error(error) => {
                self.has_failed = true;
                marker.set_error(error);
            }
            Event::FinishReason { choice, reason } => {
                self.finished_choices.insert(choice);
                if self.pending_finish_reasons.len() < MAX_CHOICES {
                    self.pending_finish_reasons.push((choice, reason));
                }
                // Wait for all choices: the consumer may still be reading another one, and may leave before its end.
                if self.started_choices.is_subset_of(self.finished_choices) {
                    self.mark_finish_reasons(marker);
                }
            }
            Event::Usage(usage) => marker.usage(usage),
            Event::Id(id) => marker.response_id(id),
            Event::Model(model) => marker.response_model(model),
        }
    }

    fn add_delta(&mut self, choice: u32, kind: DeltaKind) {
        let delta = match kind {
            DeltaKind::Content => Chunk::tokens(1),
            DeltaKind::Reasoning => Chunk::reasoning(1),
            DeltaKind::ToolCall => Chunk::tool_call(1),
        };
        let delta = delta.choice(choice);
        // The merged chunk takes the choice of its first operand, which is the timed one.
        if *self.timed_choice.get_or_insert(choice) == choice {
            let so_far = replace(&mut self.chunk, Chunk::ignored());
            self.chunk = delta.merge(so_far);
        } else {
            self.merge_chunk(delta);
        }
    }

    fn merge_chunk(&mut self, chunk: Chunk) {
        let so_far = replace(&mut self.chunk, Chunk::ignored());
        self.chunk = so_far.merge(chunk);
    }

    /// Returns the accumulated chunk of an item with `frames` frames, and resets it.
    pub(super) fn take_chunk(&mut self, frames: u64) -> Chunk {
        let chunk = replace(&mut self.chunk, Chunk::ignored());
        let chunk = chunk.frames(u32::try_from(frames).unwrap_or(u32::MAX));
        if self.is_done { chunk.last() } else { chunk }
    }

    /// Returns whether the response is complete, so that a later connection error does not matter. `has_end_event`:
    /// whether the dialect has an end event, which follows the finish reasons.
    pub(super) const fn is_complete(&self, has_end_event: bool) -> bool {
        self.is_done
            || (!has_end_event
                && !self.finished_choices.is_empty()
                && self.started_choices.is_subset_of(self.finished_choices))
    }

    /// Records the remaining finish reasons at the end of the stream. Also sets the error `upstream` if a started
    /// choice has neither a finish reason nor an end event, or if an operation that generates content has generated
    /// none. The error is not set if another one has arrived, or if a frame could not be decoded (`has_lost_frames`),
    /// because the end of the response is then not known.
    pub(super) fn end_response(&mut self, marker: &Marker, has_lost_frames: bool) {
        let has_started = !self.started_choices.is_empty() || !self.finished_choices.is_empty();
        let is_incomplete = if has_started {
            !self.started_choices.is_subset_of(self.finished_choices) && !self.is_done
        } else {
            self.generates
        };
        if is_incomplete && !self.has_failed && !has_lost_frames {
            marker.set_error(ErrorType::Upstream);
        }
        self.mark_finish_reasons(marker);
    }

    fn mark_finish_reasons(&mut self, marker: &Marker) {
        for (choice, reason) in self.pending_finish_reasons.drain(..) {
            marker.finish_reason_for(choice, reason);
        }
    }
}

const MAX_CHOICES: usize = 128;
