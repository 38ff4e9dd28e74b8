//! Gemini's `generateContent` and `streamGenerateContent` (Gemini API and Vertex AI).
//!
//! The prompt's token count includes cached tokens. Gemini reports thought tokens and tool-use prompt tokens
//! separately; here, thought tokens are added to the output, and tool-use prompt tokens to the input.

use super::FrameKind;
use super::ProviderFrame;
use super::totals::uncounted_output;
use crate::number::sum_known;
use crate::semconv::value::ErrorType;
use crate::semconv::value::TokenModality;
use crate::sse::json::List;
use crate::sse::json::NonEmpty;
use crate::sse::json::Text;
use crate::sse::json::Value;
use crate::sse::json::json_object;
use crate::sse::partial_arguments::ValueFragment;
use crate::sse::provider_error::ErrorValue;
use crate::sse::reporter::Reporter;
use crate::sse::tool_calls::CallFragment;
use crate::usage::TokensByModality;
use crate::usage::Usage;
use crate::usage::UsageDetails;

/// The name of Gemini's code execution tool, as in the examples of the OpenTelemetry GenAI conventions.
pub(in crate::sse) const CODE_EXECUTION: &str = "code_execution";

json_object! {
    pub(in crate::sse) struct Frame<'a> {
        id: Text<'a> = b"responseId",
        model: Text<'a> = b"modelVersion",
        candidates: Option<List<'a, Candidate<'a>>> = b"candidates",
        usage: Option<GeminiUsage<'a>> = b"usageMetadata",
        prompt_feedback: Option<PromptFeedback> = b"promptFeedback",
        error: ErrorValue<'a> = b"error",
    }

    pub(in crate::sse) struct PromptFeedback {
        block_reason: NonEmpty = b"blockReason",
    }

    pub(in crate::sse) struct Candidate<'a> {
        index: u32 = b"index",
        content: Content<'a> = b"content",
        finish_reason: Text<'a> = b"finishReason",
    }

    pub(in crate::sse) struct Content<'a> {
        parts: List<'a, Part<'a>> = b"parts",
    }

    pub(in crate::sse) struct Part<'a> {
        text: Text<'a> = b"text",
        is_thought: bool = b"thought",
        inline_data: NonEmpty = b"inlineData",
        function_call: Option<FunctionCall<'a>> = b"functionCall",
        executable_code: Value<'a> = b"executableCode",
    }

    /// A call of a function: complete, or in fragments, of which only the first one has the name.
    pub(in crate::sse) struct FunctionCall<'a> {
        id: Text<'a> = b"id",
        name: Text<'a> = b"name",
        args: Value<'a> = b"args",
        partial_args: List<'a, PartialArg<'a>> = b"partialArgs",
        will_continue: bool = b"willContinue",
    }

    /// A fragment of one argument: its path, and one of the values.
    pub(in crate::sse) struct PartialArg<'a> {
        json_path: Text<'a> = b"jsonPath",
        string_value: Option<Text<'a>> = b"stringValue",
        number_value: Value<'a> = b"numberValue",
        bool_value: Value<'a> = b"boolValue",
        null_value: NonEmpty = b"nullValue",
    }

    pub(in crate::sse) struct GeminiUsage<'a> {
        prompt: Option<u64> = b"promptTokenCount",
        tool_use_prompt: Option<u64> = b"toolUsePromptTokenCount",
        cached_content: Option<u64> = b"cachedContentTokenCount",
        candidates: Option<u64> = b"candidatesTokenCount",
        thoughts: Option<u64> = b"thoughtsTokenCount",
        total: Option<u64> = b"totalTokenCount",
        prompt_details: List<'a, ModalityCount<'a>> = b"promptTokensDetails",
        tool_use_prompt_details: List<'a, ModalityCount<'a>> = b"toolUsePromptTokensDetails",
        candidates_details: List<'a, ModalityCount<'a>> = b"candidatesTokensDetails",
        service_tier: Text<'a> = b"serviceTier",
        traffic_type: Text<'a> = b"trafficType",
    }

    /// The tokens of one modality.
    pub(in crate::sse) struct ModalityCount<'a> {
        modality: Text<'a> = b"modality",
        tokens: u64 = b"tokenCount",
    }
}

impl ProviderFrame for Frame<'_> {
    fn kind(&self) -> FrameKind {
        let has_content = self.candidates.is_some() || self.usage.is_some() || self.prompt_feedback.is_some();
        if has_content || !self.id.is_empty() || !self.model.is_empty() {
            FrameKind::Native
        } else {
            FrameKind::Foreign
        }
    }

    fn error(&self) -> &ErrorValue<'_> {
        &self.error
    }

    fn report(&self, reporter: &mut Reporter<'_, '_>) {
        reporter.id_and_model(self.id, self.model);
        if let Some(candidates) = &self.candidates {
            candidates.for_each(|candidate| candidate.report(reporter));
        }
        if let Some(usage) = &self.usage {
            reporter.service_tier(usage.service_tier.or(usage.traffic_type));
            reporter.usage(&usage.usage());
        }
        // If a filter rejected the prompt, the response has no candidates.
        if self.prompt_feedback.as_ref().is_some_and(|feedback| feedback.block_reason.0) {
            reporter.error(ErrorType::ContentFilter);
        }
    }
}

impl Candidate<'_> {
    fn report(&self, reporter: &mut Reporter<'_, '_>) {
        let choice = self.index;
        self.content.parts.for_each(|part| part.report(choice, reporter));
        reporter.end_choice(choice);
        if !self.finish_reason.is("FINISH_REASON_UNSPECIFIED") {
            reporter.finish_reason(choice, self.finish_reason);
        }
    }
}

impl Part<'_> {
    fn report(&self, choice: u32, reporter: &mut Reporter<'_, '_>) {
        match self.is_thought {
            true => reporter.reasoning(choice, self.text),
            false => reporter.text(choice, self.text),
        }
        reporter.media(self.inline_data.0 && !self.is_thought);
        if let Some(call) = &self.function_call {
            call.report(choice, reporter);
        }
        if self.executable_code.is_some() && !self.executable_code.is_empty_container() {
            let name = Text::plain(CODE_EXECUTION.as_bytes());
            let call = CallFragment { choice, name, ..CallFragment::default() };
            reporter.tool_call(&call, self.executable_code);
        }
    }
}

impl FunctionCall<'_> {
    fn report(&self, choice: u32, reporter: &mut Reporter<'_, '_>) {
        let fragment = CallFragment { choice, provider_index: None, id: self.id, name: self.name };
        reporter.tool_call(&fragment, self.args);
        self.partial_args.for_each(|argument| argument.report(choice, reporter));
        if !self.will_continue {
            reporter.end_partial_arguments(choice);
        }
    }
}

impl PartialArg<'_> {
    fn report(&self, choice: u32, reporter: &mut Reporter<'_, '_>) {
        let path = self.json_path.to_str();
        if let Some(text) = self.string_value {
            return reporter.partial_argument(choice, &path, ValueFragment::String(&text.to_str()));
        }
        let json = self.number_value.text().or(self.bool_value.text());
        let json = if self.null_value.0 { Text::plain(b"null") } else { json };
        if !json.is_empty() {
            reporter.partial_argument(choice, &path, ValueFragment::Json(&json.to_str()));
        }
    }
}

impl GeminiUsage<'_> {
    fn usage(&self) -> Usage {
        let usage = Usage {
            input: self.prompt.and_then(|prompt| sum_known([Some(prompt), self.tool_use_prompt])),
            cache_read: self.cached_content,
            cache_write: None,
            output: sum_known([self.candidates, self.thoughts]),
            reasoning: self.thoughts,
            details: UsageDetails {
                input: by_modality([&self.prompt_details, &self.tool_use_prompt_details]),
                output: by_modality([&self.candidates_details]),
                ..UsageDetails::new()
            },
            ..Usage::new()
        };
        let uncounted = uncounted_output(&usage, self.total);
        Usage { output: usage.output.map(|output| output + uncounted), ..usage }
    }
}

/// Returns the sums of the lists by modality. Documents and videos have no modality in the conventions.
fn by_modality<const N: usize>(lists: [&List<'_, ModalityCount<'_>>; N]) -> TokensByModality {
    let modalities = [("TEXT", TokenModality::Text), ("IMAGE", TokenModality::Image), ("AUDIO", TokenModality::Audio)];
    modalities.into_iter().fold(TokensByModality::default(), |numbers, (word, modality)| {
        let mut sum = 0_u64;
        for list in lists {
            list.for_each(|count| sum += if count.modality.is(word) { count.tokens } else { 0 });
        }
        numbers.with(modality, sum)
    })
}
