//! What the events of one piece come to, and what must be known of an answer to mark it rightly.

use std::mem::replace;

use crate::observer::Chunk;
use crate::observer::Marker;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::sse::DeltaKind;
use crate::sse::Event;

#[derive(Debug)]
pub(super) struct ChunkAccumulator {
    /// The choice whose tokens are timed: the first that had one.
    timed: Option<u32>,
    /// Choices that gave something, and those that ended, one bit each. Nobody asks for more than 128.
    begun: u128,
    finished: u128,
    /// Why choices ended, not marked yet: a reader that leaves after a mark got all it asked for.
    reasons: Vec<(u32, FinishReason)>,
    /// The protocol's own end came.
    is_done: bool,
    /// An error came.
    has_failed: bool,
    /// The answer is one that a model generates.
    generates: bool,
    /// What this piece has said so far.
    chunk: Chunk,
}

impl ChunkAccumulator {
    pub(super) const fn new(generates: bool) -> Self {
        Self {
            timed: None,
            begun: 0,
            finished: 0,
            reasons: Vec::new(),
            is_done: false,
            has_failed: false,
            generates,
            chunk: Chunk::ignored(),
        }
    }

    pub(super) fn event(&mut self, event: Event<'_>, marker: &Marker) {
        match event {
            Event::Delta { choice, kind } => {
                self.begun |= bit(choice);
                self.delta(choice, kind);
            }
            Event::Done => {
                self.is_done = true;
                self.finish(marker);
            }
            Event::Error(error) if self.begun == 0 && error.is_refusal() => {
                self.has_failed = true;
                self.add(Chunk::rejected(error));
            }
            Event::Error(error) => {
                self.has_failed = true;
                marker.set_error(error);
            }
            Event::FinishReason { choice, reason } => {
                self.finished |= bit(choice);
                if self.reasons.len() < MAX_CHOICES {
                    self.reasons.push((choice, reason));
                }
                // The reader may still be waiting for another choice, and leave while it does.
                if self.begun & !self.finished == 0 {
                    self.finish(marker);
                }
            }
            Event::Usage(usage) => marker.usage(usage),
            Event::Id(id) => marker.response_id(id),
            Event::Model(model) => marker.response_model(model),
        }
    }

    fn delta(&mut self, choice: u32, kind: DeltaKind) {
        let delta = match kind {
            DeltaKind::Content => Chunk::tokens(1),
            DeltaKind::Reasoning => Chunk::reasoning(1),
            DeltaKind::ToolCall => Chunk::tool_call(1),
        };
        let delta = delta.choice(choice);
        // The first one's choice is timed.
        if *self.timed.get_or_insert(choice) == choice {
            let so_far = replace(&mut self.chunk, Chunk::ignored());
            self.chunk = delta.merge(so_far);
        } else {
            self.add(delta);
        }
    }

    fn add(&mut self, chunk: Chunk) {
        let so_far = replace(&mut self.chunk, Chunk::ignored());
        self.chunk = so_far.merge(chunk);
    }

    /// What the piece carried, in so many frames.
    pub(super) fn chunk(&mut self, frames: u64) -> Chunk {
        let chunk = replace(&mut self.chunk, Chunk::ignored());
        let chunk = chunk.frames(u32::try_from(frames).unwrap_or(u32::MAX));
        if self.is_done { chunk.last() } else { chunk }
    }

    /// Whether the answer is whole, whatever becomes of the connection. `ends_itself`: its dialect has an end of its own,
    /// which comes behind the finish reasons.
    pub(super) const fn is_complete(&self, ends_itself: bool) -> bool {
        self.is_done || (!ends_itself && self.finished != 0 && self.begun & !self.finished == 0)
    }

    /// The answer ended by itself.
    pub(super) fn end(&mut self, marker: &Marker) {
        let has_begun = self.begun | self.finished != 0;
        let was_cut = if has_begun { self.begun & !self.finished != 0 && !self.is_done } else { self.generates };
        if was_cut && !self.has_failed {
            marker.set_error(ErrorType::Upstream);
        }
        self.finish(marker);
    }

    fn finish(&mut self, marker: &Marker) {
        for (choice, reason) in self.reasons.drain(..) {
            marker.finish_reason_of(choice, reason);
        }
    }
}

const MAX_CHOICES: usize = 128;

/// The bit of a choice; none for one that nobody asks for.
fn bit(choice: u32) -> u128 {
    1_u128.checked_shl(choice).unwrap_or(0)
}
