//! The token usage of an operation.

use crate::semconv::value::TokenSource;

/// Token usage as an engine or an API reports it.
///
/// `input` includes cached tokens and `output` includes reasoning tokens, as in the OpenTelemetry GenAI conventions.
/// Anthropic's API reports cached tokens separately from its input tokens: add them to `input`.
///
/// ```
/// use llmobs::Usage;
///
/// let usage = Usage::new().input(1_000).cache_read(800).output(120).reasoning(100);
/// assert_eq!(usage.partition().uncached, 200);
/// assert_eq!(usage.partition().text, 20);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
pub struct Usage {
    pub(crate) input: Option<u64>,
    pub(crate) cache_read: Option<u64>,
    pub(crate) cache_write: Option<u64>,
    pub(crate) output: Option<u64>,
    pub(crate) reasoning: Option<u64>,
    pub(crate) is_estimated: bool,
}

impl Usage {
    /// Creates a usage in which every number is unknown. An unknown number is not recorded as zero.
    pub const fn new() -> Self {
        Self { input: None, cache_read: None, cache_write: None, output: None, reasoning: None, is_estimated: false }
    }

    /// Sets the number of input tokens, including cached tokens.
    pub const fn input(mut self, tokens: u64) -> Self {
        self.input = Some(tokens);
        self
    }

    /// Sets the number of input tokens read from a prompt cache; also part of `input`.
    pub const fn cache_read(mut self, tokens: u64) -> Self {
        self.cache_read = Some(tokens);
        self
    }

    /// Sets the number of input tokens written to a prompt cache; also part of `input`.
    pub const fn cache_write(mut self, tokens: u64) -> Self {
        self.cache_write = Some(tokens);
        self
    }

    /// Sets the number of output tokens, including reasoning tokens.
    pub const fn output(mut self, tokens: u64) -> Self {
        self.output = Some(tokens);
        self
    }

    /// Sets the number of reasoning tokens; also part of `output`.
    pub const fn reasoning(mut self, tokens: u64) -> Self {
        self.reasoning = Some(tokens);
        self
    }

    /// Marks the numbers as estimates, for example of a tokenizer that may differ from the model's tokenizer.
    pub const fn estimated(mut self) -> Self {
        self.is_estimated = true;
        self
    }

    /// Returns the source of the numbers: `Estimated` after [`estimated`](Self::estimated), else `Reported`.
    #[must_use]
    pub const fn source(&self) -> TokenSource {
        if self.is_estimated { TokenSource::Estimated } else { TokenSource::Reported }
    }

    /// Returns the tokens divided into kinds that do not overlap, so that every sum over kinds is correct. A part that
    /// is larger than its whole is reduced to the whole, and unknown numbers count as zero.
    #[must_use]
    pub fn partition(&self) -> TokenPartition {
        let input = self.input.unwrap_or(0);
        let cache_read = self.cache_read.unwrap_or(0).min(input);
        let cache_write = self.cache_write.unwrap_or(0).min(input - cache_read);
        let output = self.output.unwrap_or(0);
        let reasoning = self.reasoning.unwrap_or(0).min(output);
        TokenPartition {
            uncached: input - cache_read - cache_write,
            cache_read,
            cache_write,
            text: output - reasoning,
            reasoning,
        }
    }
}

/// Token counts by kind. The kinds do not overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TokenPartition {
    /// Input tokens that were neither read from nor written to a cache.
    pub uncached: u64,
    /// Input tokens read from a cache.
    pub cache_read: u64,
    /// Input tokens written to a cache.
    pub cache_write: u64,
    /// Output tokens that are not reasoning.
    pub text: u64,
    /// Output tokens that are reasoning.
    pub reasoning: u64,
}

impl TokenPartition {
    /// Returns the sum of all input tokens.
    #[must_use]
    pub const fn input(&self) -> u64 {
        self.uncached + self.cache_read + self.cache_write
    }

    /// Returns the sum of all output tokens.
    #[must_use]
    pub const fn output(&self) -> u64 {
        self.text + self.reasoning
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_kinds_of_tokens_sum_to_the_reported_usage(
            input in 0..u64::MAX, read: u64, write: u64, output in 0..u64::MAX, reasoning: u64,
        ) {
            let usage = Usage::new().input(input).cache_read(read).cache_write(write).output(output).reasoning(reasoning);
            let partition = usage.partition();
            prop_assert_eq!(u128::from(partition.uncached) + u128::from(partition.cache_read) + u128::from(partition.cache_write), u128::from(input));
            prop_assert_eq!(partition.text + partition.reasoning, output);
        }
    }
}
