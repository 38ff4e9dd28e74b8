//! The token counts of one operation, a model call: the usage that was reported for its current attempt (a try of the
//! operation), from any thread, and the output tokens that its stream has carried.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::recorded_output::RecordedOutput;
use crate::usage::Usage;

/// The reported token usage of the current attempt, the number of output tokens that the stream has carried in all
/// attempts, and the output tokens that are already recorded. Each number of the usage is the largest that was
/// reported.
#[derive(Debug, Default)]
pub(crate) struct TokenCounts {
    input: AtomicMax,
    cache_read: AtomicMax,
    cache_write: AtomicMax,
    output: AtomicMax,
    reasoning: AtomicMax,
    /// Number of output tokens, text and reasoning, that the stream has carried, of all attempts. Only the stream
    /// writes it, with a plain store and no read-modify-write; collections of metrics and other threads read it.
    streamed: AtomicU64,
    /// The output tokens of the current attempt that are already in `llmobs.token.processed`.
    pub(crate) recorded: RecordedOutput,
}

impl TokenCounts {
    /// Merges the numbers of a report of usage: of several reports, the largest number of each kind of token counts.
    #[inline]
    pub(crate) fn merge(&self, usage: &Usage) {
        self.input.raise(usage.input);
        self.cache_read.raise(usage.cache_read);
        self.cache_write.raise(usage.cache_write);
        self.output.raise(usage.output);
        self.reasoning.raise(usage.reasoning);
    }

    /// Returns the numbers reported so far for the current attempt, as a usage that is not estimated and without details;
    /// the number of a kind is `None` if it was not reported.
    #[inline]
    pub(crate) fn reported(&self) -> Usage {
        Usage {
            input: self.input.get(),
            cache_read: self.cache_read.get(),
            cache_write: self.cache_write.get(),
            output: self.output.get(),
            reasoning: self.reasoning.get(),
            ..Usage::new()
        }
    }

    /// Forgets the reported usage, because a new attempt starts. The streamed and the recorded tokens are kept.
    pub(crate) fn clear_usage(&self) {
        for number in [&self.input, &self.cache_read, &self.cache_write, &self.output, &self.reasoning] {
            number.clear();
        }
    }

    /// Sets the number of output tokens that the stream has carried so far, of all attempts. Only the stream may call
    /// it.
    #[inline]
    pub(crate) fn set_streamed(&self, tokens: u64) {
        self.streamed.store(tokens, Ordering::Relaxed);
    }

    /// Returns the number of output tokens that the stream has carried as of its last item, of all attempts; 0 without
    /// a stream.
    #[inline]
    pub(crate) fn streamed(&self) -> u64 {
        self.streamed.load(Ordering::Relaxed)
    }
}

/// The largest number that was reported, if any. The stored value is the number plus one, or zero if no number was
/// reported.
#[derive(Debug, Default)]
struct AtomicMax(AtomicU64);

impl AtomicMax {
    fn get(&self) -> Option<u64> {
        self.0.load(Ordering::Relaxed).checked_sub(1)
    }

    fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Replaces the number if `value` is larger, as in later reports of a growing total. `None` changes nothing.
    fn raise(&self, value: Option<u64>) {
        if let Some(value) = value {
            self.0.fetch_max(value.saturating_add(1), Ordering::Relaxed);
        }
    }
}
