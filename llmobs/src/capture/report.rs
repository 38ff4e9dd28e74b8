//! What happened to content on its way out.

use std::ops::AddAssign;

use crate::redact::RedactionCounts;

/// What was masked, cut and left out of something that passed the gate: numbers, never what it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaptureReport {
    /// What was masked, by kind.
    pub redactions: RedactionCounts,
    /// Texts, arguments and answers that were cut.
    pub cut_contents: u64,
    /// Bytes that were cut off them.
    pub cut_bytes: u64,
    /// Media that did not go along.
    pub dropped_media: u64,
    /// Bytes of them.
    pub media_bytes: u64,
    /// Parts that were left out whole.
    pub dropped_parts: u64,
    /// Messages, definitions and documents that were left out whole.
    pub dropped_messages: u64,
    /// Bytes that were not even gathered, since a limit or the [`ContentBudget`](super::ContentBudget) was reached.
    pub refused_bytes: u64,
    /// Whether the [`ContentBudget`](super::ContentBudget) had no room for something.
    pub is_over_budget: bool,
}

impl CaptureReport {
    /// Whether everything passed as it was.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn cut(&mut self, bytes: usize) {
        self.cut_contents += u64::from(bytes > 0);
        self.cut_bytes += as_u64(bytes);
    }

    pub(super) fn media(&mut self, bytes: usize) {
        self.dropped_media += 1;
        self.media_bytes += as_u64(bytes);
    }

    pub(super) fn refuse(&mut self, bytes: usize) {
        self.refused_bytes += as_u64(bytes);
    }
}

impl AddAssign for CaptureReport {
    fn add_assign(&mut self, other: Self) {
        self.redactions += other.redactions;
        self.cut_contents += other.cut_contents;
        self.cut_bytes += other.cut_bytes;
        self.dropped_media += other.dropped_media;
        self.media_bytes += other.media_bytes;
        self.dropped_parts += other.dropped_parts;
        self.dropped_messages += other.dropped_messages;
        self.refused_bytes += other.refused_bytes;
        self.is_over_budget |= other.is_over_budget;
    }
}

pub(super) fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
