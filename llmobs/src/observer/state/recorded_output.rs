//! The output tokens of an operation, a model call, that were recorded in `llmobs.token.processed` before its end. The
//! stream adds to them once a second; the end of the operation records the rest.

use super::counted_tokens::CountedTokens;
use crate::sync::AtomicU64;
use crate::sync::Ordering;

/// The output tokens of the current attempt that are already in `llmobs.token.processed`, in one word, so that the state
/// of an operation remains small. Each number is at most `u32::MAX`; further tokens are recorded at the end.
#[derive(Debug, Default)]
pub(crate) struct RecordedOutput(AtomicU64);

impl RecordedOutput {
    /// Returns the tokens that must be added so that the recorded total becomes that of `output`, and marks them as
    /// recorded.
    pub(crate) fn settle(&self, output: CountedTokens) -> CountedTokens {
        let limit = u64::from(u32::MAX);
        let text = output.text.min(limit);
        let output = CountedTokens { text, reasoning: output.reasoning.min(limit - text) };
        let mut missing = CountedTokens::default();
        // The closure never returns `None`.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            let recorded = unpack(word);
            missing = output.missing_in(recorded);
            Some(pack(CountedTokens {
                text: recorded.text + missing.text,
                reasoning: recorded.reasoning + missing.reasoning,
            }))
        });
        missing
    }

    /// Returns the recorded tokens.
    pub(crate) fn get(&self) -> CountedTokens {
        unpack(self.0.load(Ordering::Relaxed))
    }

    /// Returns the recorded tokens of the attempt that ends, and starts the next one, of which nothing is recorded.
    pub(crate) fn restart(&self) -> CountedTokens {
        unpack(self.0.swap(0, Ordering::Relaxed))
    }
}

/// Packs two numbers whose sum is at most `u32::MAX`.
const fn pack(tokens: CountedTokens) -> u64 {
    tokens.text << 32 | tokens.reasoning
}

const fn unpack(word: u64) -> CountedTokens {
    CountedTokens { text: word >> 32, reasoning: word & 0xffff_ffff }
}

#[cfg(test)]
mod tests {
    use super::CountedTokens;
    use super::RecordedOutput;

    const fn tokens(text: u64, reasoning: u64) -> CountedTokens {
        CountedTokens { text, reasoning }
    }

    fn settle(recorded: &RecordedOutput, text: u64, reasoning: u64) -> (u64, u64) {
        let added = recorded.settle(tokens(text, reasoning));
        (added.text, added.reasoning)
    }

    #[test]
    fn settling_adds_only_what_is_missing_in_the_total() {
        let recorded = RecordedOutput::default();
        assert_eq!(settle(&recorded, 10, 30), (10, 30));
        assert_eq!(settle(&recorded, 10, 30), (0, 0));
        assert_eq!(settle(&recorded, 25, 25), (10, 0), "the total grew by 10; the kinds are divided differently");
        assert_eq!(settle(&recorded, 5, 5), (0, 0), "a smaller total removes nothing");
        assert_eq!(settle(&recorded, 20, 40), (0, 10));
        assert_eq!(recorded.restart().total(), 60);
        assert_eq!(settle(&recorded, 3, 1), (3, 1), "the next attempt");
    }

    #[test]
    fn numbers_above_the_limit_are_recorded_once() {
        let recorded = RecordedOutput::default();
        let limit = u64::from(u32::MAX);
        assert_eq!(settle(&recorded, u64::MAX, 7), (limit, 0));
        assert_eq!(settle(&recorded, u64::MAX, 7), (0, 0));
        assert_eq!(tokens(limit + 5, 7).missing_in(recorded.get()).total(), 12, "the end records the rest");
    }
}
