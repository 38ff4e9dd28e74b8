//! Numbers of output tokens by kind, text and reasoning, and the differences between two such numbers.

/// Numbers of output tokens of an operation (one model call) or of one attempt, a try of it. The tokens are counted
/// from the items of its stream, reported by the engine or provider, or already recorded in `llmobs.token.processed`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CountedTokens {
    /// Number of tokens that are not reasoning: of the answer and of tool calls, of all choices.
    pub(crate) text: u64,
    /// Number of reasoning tokens, of all choices.
    pub(crate) reasoning: u64,
}

impl CountedTokens {
    /// Returns the number of tokens of both kinds.
    pub(crate) const fn total(&self) -> u64 {
        self.text + self.reasoning
    }

    /// Returns the numbers without the first `tokens` tokens, whose kinds are not known: they are subtracted from the
    /// text tokens, and what exceeds these from the reasoning tokens.
    pub(crate) const fn without_first(self, tokens: u64) -> Self {
        let text = self.text.saturating_sub(tokens);
        Self { text, reasoning: self.reasoning.saturating_sub(tokens.saturating_sub(self.text)) }
    }

    /// Returns the tokens that must be added to `recorded` so that its total becomes the total of `self`; zero if the
    /// total of `recorded` is not smaller. The totals decide the number, not the kinds, because a count and a report
    /// can divide the same tokens differently.
    ///
    /// The missing tokens are reasoning, up to the number by which `self` has more reasoning tokens than `recorded`;
    /// the rest is text.
    pub(crate) fn missing_in(self, recorded: Self) -> Self {
        let missing = self.total().saturating_sub(recorded.total());
        let reasoning = self.reasoning.saturating_sub(recorded.reasoning).min(missing);
        Self { text: missing - reasoning, reasoning }
    }
}

#[cfg(test)]
mod tests {
    use super::CountedTokens;

    #[test]
    fn first_tokens_are_subtracted_from_text_before_reasoning() {
        for (first, text, reasoning) in [(0, 12, 3), (9, 3, 3), (13, 0, 2), (99, 0, 0)] {
            let rest = CountedTokens { text: 12, reasoning: 3 }.without_first(first);
            assert_eq!((rest.text, rest.reasoning), (text, reasoning));
        }
    }
}
