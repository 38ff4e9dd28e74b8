//! What an operation consumed and produced, in tokens.

use crate::semconv::value::TokenSource;

/// Token usage as an engine or API reports it.
///
/// `input` includes what came from a cache, `output` includes reasoning, as the conventions have it. Anthropic's API
/// reports cached tokens beside its input tokens: add them before you give them here.
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
    pub(crate) estimated: bool,
}

impl Usage {
    /// Nothing is known yet. Absent is not zero.
    pub const fn new() -> Self {
        Self { input: None, cache_read: None, cache_write: None, output: None, reasoning: None, estimated: false }
    }

    /// Input tokens, those from a cache included.
    pub const fn input(mut self, tokens: u64) -> Self {
        self.input = Some(tokens);
        self
    }

    /// Input tokens read from a prompt cache; a part of the input.
    pub const fn cache_read(mut self, tokens: u64) -> Self {
        self.cache_read = Some(tokens);
        self
    }

    /// Input tokens written to a prompt cache; a part of the input.
    pub const fn cache_write(mut self, tokens: u64) -> Self {
        self.cache_write = Some(tokens);
        self
    }

    /// Output tokens, reasoning included.
    pub const fn output(mut self, tokens: u64) -> Self {
        self.output = Some(tokens);
        self
    }

    /// Reasoning tokens; a part of the output.
    pub const fn reasoning(mut self, tokens: u64) -> Self {
        self.reasoning = Some(tokens);
        self
    }

    /// Says that the numbers are estimates, such as those of a tokenizer that may not be the model's own.
    pub const fn estimated(mut self) -> Self {
        self.estimated = true;
        self
    }

    /// Where these numbers came from.
    #[must_use]
    pub const fn source(&self) -> TokenSource {
        if self.estimated { TokenSource::Estimated } else { TokenSource::Reported }
    }

    /// The same tokens cut into parts that do not overlap, so that any sum over them is right. A part larger than its
    /// whole is cut to it.
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

/// Tokens in parts that do not overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TokenPartition {
    /// Input that no cache served or took.
    pub uncached: u64,
    /// Input read from a cache.
    pub cache_read: u64,
    /// Input written to a cache.
    pub cache_write: u64,
    /// Output that is not reasoning.
    pub text: u64,
    /// Output that is reasoning.
    pub reasoning: u64,
}

impl TokenPartition {
    /// All input tokens.
    #[must_use]
    pub const fn input(&self) -> u64 {
        self.uncached + self.cache_read + self.cache_write
    }

    /// All output tokens.
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
        fn the_parts_sum_to_the_whole(
            input in 0..u64::MAX, read: u64, write: u64, output in 0..u64::MAX, reasoning: u64,
        ) {
            let usage = Usage::new().input(input).cache_read(read).cache_write(write).output(output).reasoning(reasoning);
            let parts = usage.partition();
            prop_assert_eq!(u128::from(parts.uncached) + u128::from(parts.cache_read) + u128::from(parts.cache_write), u128::from(input));
            prop_assert_eq!(parts.text + parts.reasoning, output);
        }
    }
}
