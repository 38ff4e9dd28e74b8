//! The token usage of OpenAI's chat completions and Responses, and of compatible servers.

use super::totals::uncounted_output;
use crate::semconv::value::TokenModality;
use crate::sse::json::Text;
use crate::sse::json::json_object;
use crate::sse::reporter::Reporter;
use crate::usage::TokensByModality;
use crate::usage::Usage;
use crate::usage::UsageDetails;

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
        reporter.service_tier(self.service_tier);
        reporter.usage(&self.usage());
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
                service_tier: None,
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
