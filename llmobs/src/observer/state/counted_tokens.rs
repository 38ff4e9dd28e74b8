//! The output tokens that a stream counts from its items, as opposed to those that the engine or provider reports.

/// The numbers of output tokens counted from the items of a stream so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CountedTokens {
    /// Number of tokens of the answer and of tool calls, of all choices.
    pub(crate) text: u64,
    /// Number of reasoning tokens, of all choices.
    pub(crate) reasoning: u64,
}

impl CountedTokens {
    /// Returns the number of counted tokens of both kinds.
    pub(crate) const fn total(&self) -> u64 {
        self.text + self.reasoning
    }

    /// Returns the numbers without the first `tokens` tokens, whose kinds are not known: they are taken from the text
    /// tokens, and from the reasoning tokens if there are fewer text tokens.
    pub(crate) const fn without_first(self, tokens: u64) -> Self {
        let text = self.text.saturating_sub(tokens);
        Self { text, reasoning: self.reasoning.saturating_sub(tokens.saturating_sub(self.text)) }
    }

    /// Returns the tokens that must be added to `recorded` so that its total becomes the total of `self`. The total
    /// decides, not the kinds, because a count and a report can divide the same tokens differently. A smaller total
    /// adds nothing.
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
    fn the_first_tokens_are_taken_from_the_text_first() {
        for (first, text, reasoning) in [(0, 12, 3), (9, 3, 3), (13, 0, 2), (99, 0, 0)] {
            let rest = CountedTokens { text: 12, reasoning: 3 }.without_first(first);
            assert_eq!((rest.text, rest.reasoning), (text, reasoning));
        }
    }
}
