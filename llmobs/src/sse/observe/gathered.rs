//! What the events of one piece come to, and what must be known of an answer to mark it rightly.

use std::mem::take;

use crate::observer::Chunk;
use crate::observer::Marker;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::sse::DeltaKind;
use crate::sse::Event;

#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The choice whose tokens are timed: the first that had one.
    timed: Option<u32>,
    /// Choices that gave something, and those that ended, one bit each. Nobody asks for more than 128.
    begun: u128,
    finished: u128,
    reason: Option<FinishReason>,
    /// The protocol's own end came.
    is_over: bool,
    has_failed: bool,
    /// The deltas of this piece.
    of_timed: Deltas,
    of_other: Deltas,
}

/// Deltas of one choice within a piece.
#[derive(Debug, Default)]
struct Deltas {
    count: u32,
    first: Option<(u32, DeltaKind)>,
}

impl Deltas {
    fn add(&mut self, choice: u32, kind: DeltaKind) {
        let (first, _) = *self.first.get_or_insert((choice, kind));
        self.count += u32::from(first == choice);
    }

    fn chunk(&self) -> Option<Chunk> {
        let (choice, kind) = self.first?;
        let chunk = match kind {
            DeltaKind::Content => Chunk::tokens(self.count),
            DeltaKind::Reasoning => Chunk::reasoning(self.count),
            DeltaKind::ToolCall => Chunk::tool_call(self.count),
        };
        Some(chunk.choice(choice))
    }
}

impl Gathered {
    pub(super) fn event(&mut self, event: Event<'_>, marker: &Marker) {
        match event {
            Event::Delta { choice, kind } => {
                self.begun |= bit(choice);
                match *self.timed.get_or_insert(choice) == choice {
                    true => self.of_timed.add(choice, kind),
                    false => self.of_other.add(choice, kind),
                }
            }
            Event::Done => {
                self.is_over = true;
                self.finish(marker);
            }
            Event::Error(error) => {
                self.has_failed = true;
                marker.failing(error);
            }
            Event::FinishReason { choice, reason } => {
                self.finished |= bit(choice);
                self.reason.get_or_insert(reason);
                // The reader may still be waiting for another choice, and leave while it does.
                if self.begun & !self.finished == 0 {
                    self.finish(marker);
                }
            }
            Event::Usage(usage) => marker.usage(usage),
            Event::Id(_) | Event::Model(_) => {}
        }
    }

    /// What the piece carried.
    pub(super) fn chunk(&mut self) -> Chunk {
        let (timed, other) = (take(&mut self.of_timed), take(&mut self.of_other));
        let chunk = timed.chunk().or_else(|| other.chunk()).unwrap_or_default();
        if self.is_over { chunk.last() } else { chunk }
    }

    /// The answer ended by itself.
    pub(super) fn end(&self, marker: &Marker) {
        let was_cut = self.begun != 0 && self.reason.is_none() && !self.is_over && !self.has_failed;
        if was_cut {
            marker.failing(ErrorType::Upstream);
        }
        self.finish(marker);
    }

    fn finish(&self, marker: &Marker) {
        if let Some(reason) = &self.reason {
            marker.finish_reason(reason.clone());
        }
    }
}

/// The bit of a choice; none for one that nobody asks for.
fn bit(choice: u32) -> u128 {
    1_u128.checked_shl(choice).unwrap_or(0)
}
