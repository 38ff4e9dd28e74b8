//! Counts of redacted, truncated and dropped content.

use std::ops::AddAssign;

use llmobs_redact::RedactionCounts;

/// The counts of what was redacted, truncated, dropped or not captured of the content of one operation, of the values
/// that passed through one [`GatePass`](super::GatePass), or of one [`ContentAccumulator`](super::ContentAccumulator).
/// Contains no content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaptureReport {
    /// Redactions by kind.
    pub redactions: RedactionCounts,
    /// Number of truncations of texts, names and JSON values. A value that is truncated to the limit of a part and then
    /// to that of the list counts twice.
    pub truncated_contents: u64,
    /// Bytes that truncation removed, and those that an exported text of a streamed answer lacks because they were not
    /// captured.
    pub truncated_bytes: u64,
    /// Number of media parts exported without their bytes.
    pub dropped_media: u64,
    /// Bytes of the dropped media; of a `data:` URI those of the text after the comma.
    pub dropped_media_bytes: u64,
    /// Number of message parts that were dropped whole, and of the deltas of a streamed answer for which no further
    /// part could be begun.
    pub dropped_parts: u64,
    /// Number of messages, system instructions, tool definitions and documents that were dropped whole.
    pub dropped_messages: u64,
    /// Bytes of a streamed answer that were not captured, because the answer had reached a limit of choices, parts or
    /// bytes or the [`ContentBudget`](super::ContentBudget) was used up. Those of a text that had begun are also in
    /// `truncated_bytes` when it is exported.
    pub rejected_bytes: u64,
    /// Set if the [`ContentBudget`](super::ContentBudget) refused bytes at least once.
    pub is_over_budget: bool,
}

impl CaptureReport {
    pub(super) fn add_truncated(&mut self, bytes: usize) {
        self.truncated_contents += u64::from(bytes > 0);
        self.truncated_bytes += as_u64(bytes);
    }

    pub(super) fn add_dropped_media(&mut self, bytes: usize) {
        self.dropped_media += 1;
        self.dropped_media_bytes += as_u64(bytes);
    }

    pub(super) fn add_rejected(&mut self, bytes: usize) {
        self.rejected_bytes += as_u64(bytes);
    }
}

impl AddAssign for CaptureReport {
    fn add_assign(&mut self, other: Self) {
        self.redactions += other.redactions;
        self.truncated_contents += other.truncated_contents;
        self.truncated_bytes += other.truncated_bytes;
        self.dropped_media += other.dropped_media;
        self.dropped_media_bytes += other.dropped_media_bytes;
        self.dropped_parts += other.dropped_parts;
        self.dropped_messages += other.dropped_messages;
        self.rejected_bytes += other.rejected_bytes;
        self.is_over_budget |= other.is_over_budget;
    }
}

pub(super) fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
