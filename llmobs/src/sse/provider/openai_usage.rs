//! The token usage of OpenAI's chat completions and Responses, and of compatible servers.

use super::reported_cost::ReportedCost;
use super::totals::uncounted_output;
use crate::semconv::value::TokenModality;
use crate::sse::json::Text;
use crate::sse::json::json_object;
use crate::sse::reporter::Reporter;
use crate::usage::TokensByModality;
use crate::usage::Usage;
use crate::usage::UsageDetails;
use crate::usage::at_most_u32;
use crate::usage::nano_dollars;

json_object! {
    /// A report of usage. Chat completions and Responses have different names for the same counts.
    pub(in crate::sse) struct OpenAiUsage<'a> {
        /// The service tier of Mistral.
        service_tier: Text<'a> = b"service_tier",
        prompt_tokens: Option<u64> = b"prompt_tokens",
        completion_tokens: Option<u64> = b"completion_tokens",
        total_tokens: Option<u64> = b"total_tokens",
        prompt_tokens_details: InputDetails = b"prompt_tokens_details",
        /// Cached input under the name in Mistral's documentation.
        prompt_token_details: InputDetails = b"prompt_token_details",
        completion_tokens_details: OutputDetails = b"completion_tokens_details",
        input_tokens: Option<u64> = b"input_tokens",
        output_tokens: Option<u64> = b"output_tokens",
        input_tokens_details: InputDetails = b"input_tokens_details",
        output_tokens_details: OutputDetails = b"output_tokens_details",
        /// Cached input of Kimi.
        cached_tokens: Option<u64> = b"cached_tokens",
        /// Cached input of Mistral.
        num_cached_tokens: Option<u64> = b"num_cached_tokens",
        /// Cached input of DeepSeek.
        prompt_cache_hit_tokens: Option<u64> = b"prompt_cache_hit_tokens",
        /// Cached input of LiteLLM, which is part of the prompt.
        cache_read_input_tokens: Option<u64> = b"cache_read_input_tokens",
        cache_creation_input_tokens: Option<u64> = b"cache_creation_input_tokens",
        /// Reasoning of SGLang and Perplexity.
        reasoning_tokens: Option<u64> = b"reasoning_tokens",
        /// The cost of OpenRouter, LiteLLM and Perplexity.
        cost: ReportedCost = b"cost",
        /// Set by OpenRouter if the request was sent with the caller's own key of the upstream provider.
        is_byok: bool = b"is_byok",
        cost_details: CostDetails = b"cost_details",
        /// The cost of xAI, in 10⁻¹⁰ US dollars.
        cost_in_usd_ticks: Option<i64> = b"cost_in_usd_ticks",
        /// Web searches of Perplexity.
        num_search_queries: Option<u64> = b"num_search_queries",
        /// Web searches of Perplexity's Responses.
        tool_calls_details: ToolCallsDetails = b"tool_calls_details",
        /// Web searches of LiteLLM and OpenRouter.
        server_tool_use: ServerToolUse = b"server_tool_use",
        server_tool_use_details: ServerToolUse = b"server_tool_use_details",
        /// Web searches of xAI.
        server_side_tool_usage_details: ServerSideToolUsage = b"server_side_tool_usage_details",
    }

    /// The parts of OpenRouter's cost.
    pub(in crate::sse) struct CostDetails {
        upstream_inference_cost: Option<f64> = b"upstream_inference_cost",
    }

    pub(in crate::sse) struct ToolCallsDetails {
        search_web: SearchWeb = b"search_web",
    }

    pub(in crate::sse) struct SearchWeb {
        invocation: Option<u64> = b"invocation",
    }

    pub(in crate::sse) struct ServerToolUse {
        web_search_requests: Option<u64> = b"web_search_requests",
    }

    pub(in crate::sse) struct ServerSideToolUsage {
        web_search_calls: Option<u64> = b"web_search_calls",
    }

    /// The details of the input. Some servers report parts of it by modality.
    pub(in crate::sse) struct InputDetails {
        cached_tokens: Option<u64> = b"cached_tokens",
        /// Cache writes of OpenRouter.
        cache_write_tokens: Option<u64> = b"cache_write_tokens",
        /// Cache writes of LiteLLM.
        cache_creation_tokens: Option<u64> = b"cache_creation_tokens",
        /// Cache writes of vLLM.
        created_cache_tokens: Option<u64> = b"created_cache_tokens",
        text_tokens: Option<u64> = b"text_tokens",
        image_tokens: Option<u64> = b"image_tokens",
        audio_tokens: Option<u64> = b"audio_tokens",
        multimodal_tokens: MultimodalTokens = b"multimodal_tokens",
        /// Cache writes of LiteLLM by the lifetime of the cache entry.
        cache_creation_token_details: CacheCreationDetails = b"cache_creation_token_details",
        /// Web searches of LiteLLM.
        web_search_requests: Option<u64> = b"web_search_requests",
    }

    pub(in crate::sse) struct CacheCreationDetails {
        ephemeral_1h: Option<u64> = b"ephemeral_1h_input_tokens",
    }

    /// Input tokens of vLLM by modality.
    pub(in crate::sse) struct MultimodalTokens {
        image: Option<u64> = b"image",
        audio: Option<u64> = b"audio",
    }

    pub(in crate::sse) struct OutputDetails {
        reasoning_tokens: Option<u64> = b"reasoning_tokens",
        text_tokens: Option<u64> = b"text_tokens",
        image_tokens: Option<u64> = b"image_tokens",
        audio_tokens: Option<u64> = b"audio_tokens",
    }
}

impl InputDetails {
    fn by_modality(&self) -> TokensByModality {
        let image = self.image_tokens.or(self.multimodal_tokens.image);
        by_modality(self.text_tokens, image, self.audio_tokens.or(self.multimodal_tokens.audio))
    }
}

impl OutputDetails {
    fn by_modality(&self) -> TokensByModality {
        by_modality(self.text_tokens, self.image_tokens, self.audio_tokens)
    }
}

/// Returns the reported numbers of tokens.
fn by_modality(text: Option<u64>, image: Option<u64>, audio: Option<u64>) -> TokensByModality {
    [(TokenModality::Text, text), (TokenModality::Image, image), (TokenModality::Audio, audio)]
        .into_iter()
        .fold(TokensByModality::default(), |numbers, (modality, tokens)| numbers.with(modality, tokens.unwrap_or(0)))
}

impl OpenAiUsage<'_> {
    pub(super) fn report(&self, reporter: &mut Reporter<'_, '_>) {
        self.report_with_searches(0, reporter);
    }

    /// Reports the usage of a response whose content contains this number of web searches.
    pub(super) fn report_with_searches(&self, searches: u64, reporter: &mut Reporter<'_, '_>) {
        reporter.service_tier(self.service_tier);
        let searches = self.web_searches().unwrap_or(0).max(searches);
        reporter.usage(&self.usage().web_searches(searches));
    }

    /// Returns the number of web searches, under the name of each provider.
    fn web_searches(&self) -> Option<u64> {
        self.num_search_queries
            .or(self.tool_calls_details.search_web.invocation)
            .or(self.server_tool_use.web_search_requests)
            .or(self.server_tool_use_details.web_search_requests)
            .or(self.server_side_tool_usage_details.web_search_calls)
            .or(self.prompt_tokens_details.web_search_requests)
    }

    /// Returns the reported cost in nano-dollars. With the caller's own key, the cost of OpenRouter is its fee, and the
    /// upstream provider charges the caller too.
    fn cost(&self) -> Option<i64> {
        let upstream = self.cost_details.upstream_inference_cost.filter(|_| self.is_byok).map(nano_dollars);
        let dollars = match (self.cost.0.map(nano_dollars), upstream) {
            (Some(fee), Some(upstream)) => Some(fee.saturating_add(upstream)),
            (cost, upstream) => cost.or(upstream),
        };
        dollars.or_else(|| self.cost_in_usd_ticks.map(|ticks| ticks.saturating_add(5).div_euclid(10)))
    }

    fn usage(&self) -> Usage {
        let (prompt, results) = (&self.prompt_tokens_details, &self.completion_tokens_details);
        let (input_details, output_details) = (&self.input_tokens_details, &self.output_tokens_details);
        let input = self.prompt_tokens.or(self.input_tokens);
        let cache_read =
            prompt.cached_tokens.or(self.prompt_token_details.cached_tokens).or(input_details.cached_tokens);
        let cache_write = prompt.cache_write_tokens.or(prompt.cache_creation_tokens).or(prompt.created_cache_tokens);
        let reasoning = results.reasoning_tokens.or(output_details.reasoning_tokens).or(self.reasoning_tokens);
        let usage = Usage {
            input,
            cache_read: cache_read
                .or(self.cached_tokens)
                .or(self.num_cached_tokens)
                .or(self.prompt_cache_hit_tokens)
                .or(self.cache_read_input_tokens),
            cache_write: cache_write.or(input_details.cache_write_tokens).or(self.cache_creation_input_tokens),
            output: self.completion_tokens.or(self.output_tokens),
            reasoning,
            details: UsageDetails {
                input: prompt.by_modality().or(input_details.by_modality()),
                output: results.by_modality().or(output_details.by_modality()),
                cache_write_1h: at_most_u32(prompt.cache_creation_token_details.ephemeral_1h),
                reported_cost: self.cost(),
                ..UsageDetails::new()
            },
            ..Usage::new()
        };
        let uncounted = uncounted_output(&usage, self.total_tokens);
        Usage { output: usage.output.map(|output| output + uncounted), ..usage }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sse::json::FromJson;
    use crate::sse::json::read_document;

    fn usage(json: &str) -> Usage {
        let mut usage = OpenAiUsage::default();
        read_document(json.as_bytes(), |reader| usage.read(reader)).unwrap();
        usage.usage()
    }

    #[test]
    fn output_that_only_the_total_includes_is_added() {
        let details = r#""completion_tokens_details": {"reasoning_tokens": 90}"#;
        for (counts, expected) in [
            (
                format!(r#""completion_tokens": 5, "total_tokens": 105, {details}"#),
                Usage::new().output(95).reasoning(90),
            ),
            (
                format!(r#""completion_tokens": 95, "total_tokens": 105, {details}"#),
                Usage::new().output(95).reasoning(90),
            ),
            (r#""completion_tokens": 424, "total_tokens": 1006"#.to_owned(), Usage::new().output(996)),
            (r#""completion_tokens": 424, "total_tokens": 400"#.to_owned(), Usage::new().output(424)),
            (
                r#""completion_tokens": 5, "total_tokens": 115, "cached_tokens": 100"#.to_owned(),
                Usage::new().output(5).cache_read(100),
            ),
        ] {
            assert_eq!(usage(&format!(r#"{{"prompt_tokens": 10, {counts}}}"#)), expected.input(10), "{counts}");
        }
    }

    #[test]
    fn a_missing_or_invalid_count_is_none_and_not_zero() {
        assert_eq!(usage("null"), Usage::new());
        assert_eq!(usage(r#"{"prompt_tokens": -3, "completion_tokens": 18446744073709551615}"#), Usage::new());
        assert_eq!(usage(r#"{"prompt_tokens": 1.5, "completion_tokens": "7"}"#), Usage::new());
        assert_eq!(usage(r#"{"prompt_tokens": 0}"#), Usage::new().input(0));
    }

    #[test]
    fn cached_tokens_are_read_under_all_documented_names() {
        for (counts, expected) in [
            (r#""prompt_cache_hit_tokens": 20, "prompt_cache_miss_tokens": 30"#, Usage::new().cache_read(20)),
            (
                r#""prompt_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 9}"#,
                Usage::new().cache_read(20).cache_write(9),
            ),
            (r#""cached_tokens": 10"#, Usage::new().cache_read(10)),
            (r#""prompt_tokens_details": {"created_cache_tokens": 4}"#, Usage::new().cache_write(4)),
            (
                r#""cache_read_input_tokens": 7, "cache_creation_input_tokens": 8"#,
                Usage::new().cache_read(7).cache_write(8),
            ),
        ] {
            assert_eq!(usage(&format!(r#"{{"prompt_tokens": 50, {counts}}}"#)), expected.input(50), "{counts}");
        }
    }
}
