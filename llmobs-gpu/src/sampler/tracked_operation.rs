//! The sampler's data about an operation.

use llmobs::companion::OperationRef;

/// The sampler's data about an operation.
#[derive(Debug)]
pub(crate) struct TrackedOperation {
    pub(super) operation: OperationRef,
    /// Set if the operation waits in the engine's queue.
    pub(super) is_queued: bool,
    /// Set if the prompt has been processed.
    pub(super) is_prefilled: bool,
    /// Output tokens already counted as work.
    pub(super) counted_output_tokens: u64,
    pub(super) is_input_counted: bool,
    /// Nanoseconds for which its devices had been degraded when the operation started.
    pub(super) degraded_nanos_at_start: u64,
}

impl TrackedOperation {
    pub(super) const fn new(operation: OperationRef, degraded_nanos_at_start: u64) -> Self {
        Self {
            operation,
            is_queued: false,
            is_prefilled: false,
            counted_output_tokens: 0,
            is_input_counted: false,
            degraded_nanos_at_start,
        }
    }
}
