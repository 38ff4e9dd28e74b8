//! The output tokens of an operation's current attempt that are already recorded in `llmobs.token.processed`. An
//! operation is one model call; an attempt is a try of it. The stream adds to the recorded tokens once a second; the
//! end of the operation, or of a superseded attempt, records the rest.

use super::counted_tokens::CountedTokens;
use crate::sync::AtomicU64;
use crate::sync::Ordering;

/// The output tokens of the current attempt that are already in `llmobs.token.processed`, in one word, so that the
/// state of an operation remains small: text in the upper 32 bits, reasoning in the lower. Their sum is at most
/// `u32::MAX`; further tokens are recorded at the end.
#[derive(Debug, Default)]
pub(crate) struct RecordedOutput(AtomicU64);

impl RecordedOutput {
    /// Returns the tokens that the caller must add to the metric so that the recorded total becomes that of `output`,
    /// limited to `u32::MAX`, and marks them as recorded. A smaller total than the recorded one removes nothing.
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

    /// Settles the total of an attempt at its end. Unlike [`settle`](Self::settle), returns the tokens above the limit
    /// too.
    pub(crate) fn settle_at_end(&self, output: CountedTokens) -> CountedTokens {
        let missing = self.settle(output);
        let above_limit = output.total().saturating_sub(u32::MAX.into());
        CountedTokens { text: missing.text + above_limit, ..missing }
    }

    /// Returns the recorded tokens of the current attempt.
    pub(crate) fn get(&self) -> CountedTokens {
        unpack(self.0.load(Ordering::Relaxed))
    }

    /// Returns the recorded tokens of the attempt that is superseded, and resets them to zero for the next attempt.
    pub(crate) fn restart(&self) -> CountedTokens {
        unpack(self.0.swap(0, Ordering::Relaxed))
    }
}

/// Packs two numbers whose sum is at most `u32::MAX`.
const fn pack(tokens: CountedTokens) -> u64 {
    tokens.text << 32 | tokens.reasoning
}

/// Returns the two numbers of a word from [`pack`].
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
    fn tokens_above_the_limit_are_left_to_the_end() {
        let recorded = RecordedOutput::default();
        let limit = u64::from(u32::MAX);
        assert_eq!(settle(&recorded, u64::MAX, 7), (limit, 0));
        assert_eq!(settle(&recorded, u64::MAX, 7), (0, 0));
        assert_eq!(tokens(limit + 5, 7).missing_in(recorded.get()).total(), 12, "the end records the rest");
        assert_eq!(recorded.settle_at_end(tokens(limit + 5, 7)).total(), 12, "also the end of a cancelled operation");
        assert_eq!(settle(&recorded, limit + 99, 7), (0, 0), "late tokens above the limit are not recorded");
    }
}
