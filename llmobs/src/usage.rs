//! The token usage of an operation.

use crate::number::OptionalInteger;
use crate::semconv::value::ServiceTier;
use crate::semconv::value::TokenModality;
use crate::semconv::value::TokenSource;

/// Token usage as an engine or an API reports it.
///
/// `input` includes cached tokens and `output` includes reasoning tokens, as in the OpenTelemetry GenAI conventions.
/// Anthropic's API reports cached tokens separately from its input tokens: add them to `input`. The setters accept any
/// [integer or an `Option` of one](crate::operation::OptionalInteger); a missing number is unknown, which is not zero.
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
    pub(crate) details: UsageDetails,
}

/// The details of a usage that few providers report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct UsageDetails {
    pub(crate) input: TokensByModality,
    pub(crate) output: TokensByModality,
    /// The part of the cache writes that the cache keeps for an hour, at most `u32::MAX`; 0 if not reported.
    pub(crate) cache_write_1h: u32,
    /// Number of web searches, at most `u16::MAX`; 0 if not reported.
    pub(crate) web_searches: u16,
    pub(crate) service_tier: Option<ServiceTier>,
    /// The cost that the provider reported, in nano-dollars; `i64::MIN` if it is not a number.
    pub(crate) reported_cost: Option<i64>,
}

/// Numbers of tokens by modality, at most `u32::MAX` each; 0 if not reported. The kinds do not overlap. Small, because
/// every usage contains two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TokensByModality {
    text: u32,
    image: u32,
    audio: u32,
}

impl UsageDetails {
    /// Returns details in which nothing is reported.
    pub(crate) const fn new() -> Self {
        let unknown = TokensByModality { text: 0, image: 0, audio: 0 };
        Self {
            input: unknown,
            output: unknown,
            cache_write_1h: 0,
            web_searches: 0,
            service_tier: None,
            reported_cost: None,
        }
    }

    /// Returns the details of a later report, with those of an earlier one where it has none.
    pub(crate) fn or(self, earlier: Self) -> Self {
        Self {
            input: self.input.or(earlier.input),
            output: self.output.or(earlier.output),
            cache_write_1h: self.cache_write_1h.max(earlier.cache_write_1h),
            web_searches: self.web_searches.max(earlier.web_searches),
            service_tier: self.service_tier.or(earlier.service_tier),
            reported_cost: self.reported_cost.or(earlier.reported_cost),
        }
    }
}

impl TokensByModality {
    /// Returns the numbers themselves; the other ones if all are unknown.
    pub(crate) fn or(self, other: Self) -> Self {
        if self == Self::default() { other } else { self }
    }

    /// Returns the numbers with `tokens`, at most `u32::MAX`, for `modality`.
    #[expect(clippy::cast_possible_truncation, reason = "limited to the largest number")]
    pub(crate) const fn with(mut self, modality: TokenModality, tokens: u64) -> Self {
        let tokens = if tokens > u32::MAX as u64 { u32::MAX } else { tokens as u32 };
        match modality {
            TokenModality::Text => self.text = tokens,
            TokenModality::Image => self.image = tokens,
            TokenModality::Audio => self.audio = tokens,
            // Every token without a modality is unknown.
            TokenModality::Unknown => {}
        }
        self
    }

    /// Divides `total` tokens by modality, in the order of [`TokenModality::ALL`]. A number that is larger than the
    /// rest of the total is reduced to it; the rest is unknown.
    pub(crate) fn divide(&self, total: u64) -> [u64; TokenModality::ALL.len()] {
        let mut rest = total;
        let mut take = |tokens: u32| {
            let tokens = u64::from(tokens).min(rest);
            rest -= tokens;
            tokens
        };
        let [text, image, audio] = [self.text, self.image, self.audio].map(&mut take);
        [text, image, audio, rest]
    }
}

impl Usage {
    /// Creates a usage in which every number is unknown. An unknown number is not recorded as zero.
    pub const fn new() -> Self {
        Self {
            input: None,
            cache_read: None,
            cache_write: None,
            output: None,
            reasoning: None,
            is_estimated: false,
            details: UsageDetails::new(),
        }
    }

    /// Sets the number of input tokens, including cached tokens.
    pub fn input(mut self, tokens: impl OptionalInteger) -> Self {
        self.input = tokens.optional_u64();
        self
    }

    /// Sets the number of input tokens read from a prompt cache; also part of `input`.
    pub fn cache_read(mut self, tokens: impl OptionalInteger) -> Self {
        self.cache_read = tokens.optional_u64();
        self
    }

    /// Sets the number of input tokens written to a prompt cache; also part of `input`.
    pub fn cache_write(mut self, tokens: impl OptionalInteger) -> Self {
        self.cache_write = tokens.optional_u64();
        self
    }

    /// Sets the number of input tokens written to a prompt cache that keeps them for an hour, at most `u32::MAX`; also
    /// part of `cache_write`. Providers charge more for them.
    pub fn cache_write_1h(mut self, tokens: impl OptionalInteger) -> Self {
        self.details.cache_write_1h = at_most_u32(tokens.optional_u64());
        self
    }

    /// Sets the number of web searches that the provider made for the request, at most `u16::MAX`. Providers charge a
    /// fee for each.
    pub fn web_searches(mut self, searches: impl OptionalInteger) -> Self {
        let searches = searches.optional_u64().unwrap_or(0);
        self.details.web_searches = u16::try_from(searches).unwrap_or(u16::MAX);
        self
    }

    /// Sets the cost in US dollars that the provider reported for the request. It takes precedence over that of a price
    /// book. A negative cost and one that is not a number are counted as anomalies and ignored.
    pub fn reported_cost_usd(mut self, dollars: f64) -> Self {
        self.details.reported_cost = Some(nano_dollars(dollars));
        self
    }

    /// Sets the number of output tokens, including reasoning tokens.
    pub fn output(mut self, tokens: impl OptionalInteger) -> Self {
        self.output = tokens.optional_u64();
        self
    }

    /// Sets the number of reasoning tokens; also part of `output`.
    pub fn reasoning(mut self, tokens: impl OptionalInteger) -> Self {
        self.reasoning = tokens.optional_u64();
        self
    }

    /// Sets the number of input tokens of a modality, at most `u32::MAX`; also part of `input`. Input tokens without a
    /// modality are counted as `unknown`, so a number for [`TokenModality::Unknown`] is ignored. A missing number
    /// changes nothing.
    pub fn input_modality(mut self, modality: TokenModality, tokens: impl OptionalInteger) -> Self {
        if let Some(tokens) = tokens.optional_u64() {
            self.details.input = self.details.input.with(modality, tokens);
        }
        self
    }

    /// Sets the number of output tokens of a modality, at most `u32::MAX`; also part of `output`. Output tokens without
    /// a modality are counted as `unknown`, so a number for [`TokenModality::Unknown`] is ignored. A missing number
    /// changes nothing.
    pub fn output_modality(mut self, modality: TokenModality, tokens: impl OptionalInteger) -> Self {
        if let Some(tokens) = tokens.optional_u64() {
            self.details.output = self.details.output.with(modality, tokens);
        }
        self
    }

    /// Sets the class of service with which the request was processed.
    pub const fn service_tier(mut self, tier: ServiceTier) -> Self {
        self.details.service_tier = Some(tier);
        self
    }

    /// Returns the class of service with which the request was processed, if reported.
    #[must_use]
    pub const fn reported_service_tier(&self) -> Option<ServiceTier> {
        self.details.service_tier
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
    /// is larger than its whole is reduced to the whole; `cache_write` is reduced to the input tokens that are not in
    /// `cache_read`. Unknown numbers count as zero.
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

/// Returns the nano-dollars of an amount of dollars, rounded to the nearest; `i64::MIN` if it is not a number.
#[expect(clippy::cast_possible_truncation, reason = "saturates; not a number is handled before")]
pub(crate) fn nano_dollars(dollars: f64) -> i64 {
    if dollars.is_nan() { i64::MIN } else { (dollars * 1e9).round() as i64 }
}

/// Returns a number, at most `u32::MAX`; zero if it is not known.
pub(crate) fn at_most_u32(number: Option<u64>) -> u32 {
    u32::try_from(number.unwrap_or(0)).unwrap_or(u32::MAX)
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

/// The tokens of superseded attempts of one operation: those that a retry or a fallback replaced, and hedges that lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SupersededTokens {
    pub(crate) input: u64,
    pub(crate) output: u64,
}

impl SupersededTokens {
    /// Returns the input tokens; `None` if there are none.
    pub(crate) fn known_input(self) -> Option<u64> {
        Some(self.input).filter(|tokens| *tokens > 0)
    }

    /// Returns the output tokens; `None` if there are none.
    pub(crate) fn known_output(self) -> Option<u64> {
        Some(self.output).filter(|tokens| *tokens > 0)
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

        #[test]
        fn the_modalities_of_tokens_sum_to_the_total(total: u64, text: u32, image: u32, audio: u32) {
            let divided = TokensByModality { text, image, audio }.divide(total);
            prop_assert_eq!(divided.iter().map(|tokens| u128::from(*tokens)).sum::<u128>(), u128::from(total));
        }
    }

    #[test]
    fn later_details_replace_earlier_ones_where_they_are_known() {
        let earlier = Usage::new().input_modality(TokenModality::Image, 7).service_tier(ServiceTier::Flex).details;
        let later = Usage::new().output_modality(TokenModality::Audio, 3).details;
        let expected = Usage::new()
            .input_modality(TokenModality::Image, 7)
            .output_modality(TokenModality::Audio, 3)
            .service_tier(ServiceTier::Flex);
        assert_eq!(later.or(earlier), expected.details);
        assert_eq!(TokensByModality { text: 9, image: 4, audio: 0 }.divide(10), [9, 1, 0, 0]);
        let huge = Usage::new().input_modality(TokenModality::Audio, u64::MAX).details.input;
        assert_eq!(huge.divide(u64::MAX)[2], u64::from(u32::MAX));
    }
}
