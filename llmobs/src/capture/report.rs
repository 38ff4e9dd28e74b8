//! Counts of redacted, truncated and dropped content.

use std::ops::AddAssign;

use crate::redact::RedactionCounts;

/// The counts of redactions, truncations and drops while content passed the gate. Contains numbers only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaptureReport {
    /// Redactions by kind.
    pub redactions: RedactionCounts,
    /// Number of texts, arguments and responses that were truncated.
    pub cut_contents: u64,
    /// Bytes removed by truncation.
    pub cut_bytes: u64,
    /// Number of media parts exported without their bytes.
    pub dropped_media: u64,
    /// Bytes of the dropped media.
    pub media_bytes: u64,
    /// Number of message parts that were dropped whole.
    pub dropped_parts: u64,
    /// Number of messages, tool definitions and documents that were dropped whole.
    pub dropped_messages: u64,
    /// Bytes not captured because a limit or the [`ContentBudget`](super::ContentBudget) was reached.
    pub refused_bytes: u64,
    /// Set if the [`ContentBudget`](super::ContentBudget) refused at least one request.
    pub is_over_budget: bool,
}

impl CaptureReport {
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
