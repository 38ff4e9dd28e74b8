//! OpenAI's chat completions and legacy completions, and compatible servers.
//!
//! Reasoning is in `reasoning_content` (DeepSeek, SGLang, llama.cpp), in `reasoning` (Groq, newer vLLM), or in a
//! `thinking` part of the content (Mistral). Usage is in a separate frame without choices if the request set
//! `include_usage`, in every frame with vLLM's `continuous_usage_stats`, in the last choice with Kimi, and in `x_groq`
//! with Groq.

use super::FrameKind;
use super::ProviderFrame;
use super::openai_usage::OpenAiUsage;
use crate::semconv::value::ErrorType;
use crate::sse::json::Deferred;
use crate::sse::json::List;
use crate::sse::json::NonEmpty;
use crate::sse::json::Text;
use crate::sse::json::TextOrList;
use crate::sse::json::Value;
use crate::sse::json::json_object;
use crate::sse::provider_error;
use crate::sse::provider_error::ErrorValue;
use crate::sse::reporter::Reporter;
use crate::sse::tool_calls::CallFragment;

json_object! {
    pub(in crate::sse) struct Frame<'a> {
        event: Text<'a> = b"type",
        object: Text<'a> = b"object",
        id: Text<'a> = b"id",
        model: Text<'a> = b"model",
        choices: Option<List<'a, Choice<'a>>> = b"choices",
        usage: Option<OpenAiUsage<'a>> = b"usage",
        service_tier: Text<'a> = b"service_tier",
        x_groq: Groq<'a> = b"x_groq",
        error: ErrorValue<'a> = b"error",
        base_resp: MiniMaxStatus<'a> = b"base_resp",
    }

    /// The status with which MiniMax reports errors in a response with the HTTP status 200.
    pub(in crate::sse) struct MiniMaxStatus<'a> {
        status_code: u64 = b"status_code",
        status_msg: Text<'a> = b"status_msg",
    }

    pub(in crate::sse) struct Groq<'a> {
        usage: Option<OpenAiUsage<'a>> = b"usage",
        error: ErrorValue<'a> = b"error",
    }

    /// One choice. Streams have `delta`, other responses `message`, and legacy completions `text`.
    pub(in crate::sse) struct Choice<'a> {
        index: u32 = b"index",
        delta: Option<Delta<'a>> = b"delta",
        message: Deferred<'a, Delta<'a>> = b"message",
        text: Text<'a> = b"text",
        finish_reason: Text<'a> = b"finish_reason",
        usage: Option<OpenAiUsage<'a>> = b"usage",
        /// The error that interrupted the choice, with OpenRouter.
        error: ErrorValue<'a> = b"error",
    }

    pub(in crate::sse) struct Delta<'a> {
        content: TextOrList<'a, ContentPart<'a>> = b"content",
        reasoning_content: Text<'a> = b"reasoning_content",
        reasoning: Text<'a> = b"reasoning",
        reasoning_details: List<'a, ReasoningDetail<'a>> = b"reasoning_details",
        refusal: Text<'a> = b"refusal",
        audio: Audio<'a> = b"audio",
        /// Images of OpenRouter.
        images: NonEmpty = b"images",
        /// Speech of MiniMax.
        audio_content: NonEmpty = b"audio_content",
        tool_calls: List<'a, ToolCall<'a>> = b"tool_calls",
        function_call: Option<Function<'a>> = b"function_call",
    }

    pub(in crate::sse) struct Audio<'a> {
        data: NonEmpty = b"data",
        transcript: Text<'a> = b"transcript",
    }

    /// A part of the reasoning, with OpenRouter. An encrypted part has only `data`.
    pub(in crate::sse) struct ReasoningDetail<'a> {
        text: Text<'a> = b"text",
        summary: Text<'a> = b"summary",
    }

    /// A part of the content, with Mistral and compatible servers.
    pub(in crate::sse) struct ContentPart<'a> {
        text: Text<'a> = b"text",
        refusal: Text<'a> = b"refusal",
        thinking: TextOrList<'a, ThinkingPart<'a>> = b"thinking",
        image_url: NonEmpty = b"image_url",
        audio_url: NonEmpty = b"audio_url",
        video_url: NonEmpty = b"video_url",
    }

    pub(in crate::sse) struct ThinkingPart<'a> {
        text: Text<'a> = b"text",
    }

    pub(in crate::sse) struct ToolCall<'a> {
        /// Missing in a response that was not streamed.
        index: Option<u32> = b"index",
        id: Text<'a> = b"id",
        function: Option<Function<'a>> = b"function",
        custom: Option<Function<'a>> = b"custom",
    }

    pub(in crate::sse) struct Function<'a> {
        name: Text<'a> = b"name",
        arguments: Value<'a> = b"arguments",
        input: Value<'a> = b"input",
    }
}

impl ProviderFrame for Frame<'_> {
    fn kind(&self) -> FrameKind {
        if self.event.is("ping") || self.event.is("keepalive") {
            return FrameKind::KeepAlive;
        }
        // Events of other dialects have a `type`, which chat completions do not have.
        let has_fields = self.choices.is_some() || self.usage.is_some() || !self.object.is_empty();
        if has_fields || (self.event.is_empty() && !self.model.is_empty()) {
            FrameKind::Native
        } else {
            FrameKind::Foreign
        }
    }

    fn error(&self) -> &ErrorValue<'_> {
        if self.error.is_none() { &self.x_groq.error } else { &self.error }
    }

    fn is_error(&self) -> bool {
        self.event.is("error") || self.object.is("error")
    }

    fn report(&self, reporter: &mut Reporter<'_, '_>) {
        reporter.id_and_model(self.id, self.model);
        let mut choice_error = None;
        let mut has_finish_reason = false;
        let mut on_choice = |choice: &Choice<'_>| {
            choice_error = choice_error.or_else(|| choice.error.classify());
            has_finish_reason |= !choice.finish_reason.is_empty();
            choice.report(reporter);
            if let Some(usage) = &choice.usage {
                usage.report(reporter);
            }
        };
        if let Some(choices) = &self.choices {
            choices.for_each(&mut on_choice);
        }
        reporter.service_tier(self.service_tier);
        for usage in [&self.usage, &self.x_groq.usage].into_iter().flatten() {
            usage.report(reporter);
        }
        // A filter that stops the generation has a status too, beside its finish reason.
        let status_error = if has_finish_reason { None } else { self.base_resp.error() };
        if let Some(error) = choice_error.or(status_error) {
            reporter.error(error);
        }
    }
}

impl MiniMaxStatus<'_> {
    /// Returns the error that the status denotes; `None` for success. The codes are those of MiniMax's documentation.
    fn error(&self) -> Option<ErrorType> {
        Some(match self.status_code {
            0 => return None,
            1001 => ErrorType::Timeout,
            1002 | 1008 | 1039 => ErrorType::RateLimited,
            1004 | 2049 => ErrorType::Authentication,
            1026 | 1027 => ErrorType::ContentFilter,
            2013 => ErrorType::InvalidRequest,
            _ => provider_error::from_text(&self.status_msg.to_str()),
        })
    }
}

impl Choice<'_> {
    fn report(&self, reporter: &mut Reporter<'_, '_>) {
        let index = self.index;
        let has_started = reporter.state.started_choices.contains(index);
        match &self.delta {
            Some(delta) => delta.report(index, reporter),
            // MiniMax and others repeat the whole message and the finish reason at the end of a stream.
            None if has_started && self.message.is_some() => {
                if reporter.state.finished_choices.contains(index) {
                    return;
                }
            }
            None => self.message.read().unwrap_or_default().report(index, reporter),
        }
        reporter.text(index, self.text);
        reporter.end_choice(index);
        reporter.finish_reason(index, self.finish_reason);
    }
}

impl Delta<'_> {
    fn report(&self, choice: u32, reporter: &mut Reporter<'_, '_>) {
        self.report_reasoning(choice, reporter);
        match &self.content {
            TextOrList::Text(text) => reporter.text(choice, *text),
            TextOrList::List(parts) => parts.for_each(|part| part.report(choice, reporter)),
        }
        reporter.text(choice, self.refusal);
        reporter.text(choice, self.audio.transcript);
        reporter.media(self.audio.data.0 || self.images.0 || self.audio_content.0);
        self.tool_calls.for_each(|call| {
            let Some(function) = call.function.as_ref().or(call.custom.as_ref()) else { return };
            function.report(
                CallFragment { choice, provider_index: call.index, id: call.id, name: function.name },
                reporter,
            );
        });
        if let Some(function) = &self.function_call {
            let provider_index = Some(u32::MAX);
            let fragment = CallFragment { choice, provider_index, name: function.name, ..CallFragment::default() };
            function.report(fragment, reporter);
        }
    }

    /// Reports reasoning. Servers that send several of these fields repeat the same text in each, so only the first one
    /// is read.
    fn report_reasoning(&self, choice: u32, reporter: &mut Reporter<'_, '_>) {
        let text = self.reasoning_content.or(self.reasoning);
        if !text.is_empty() {
            return reporter.reasoning(choice, text);
        }
        self.reasoning_details.for_each(|detail| reporter.reasoning(choice, detail.text.or(detail.summary)));
        reporter.hidden(!self.reasoning_details.is_empty());
    }
}

impl ContentPart<'_> {
    fn report(&self, choice: u32, reporter: &mut Reporter<'_, '_>) {
        match &self.thinking {
            TextOrList::Text(text) => reporter.reasoning(choice, *text),
            TextOrList::List(parts) => parts.for_each(|part| reporter.reasoning(choice, part.text)),
        }
        reporter.text(choice, self.text);
        reporter.text(choice, self.refusal);
        reporter.media(self.image_url.0 || self.audio_url.0 || self.video_url.0);
    }
}

impl Function<'_> {
    fn report(&self, fragment: CallFragment<'_>, reporter: &mut Reporter<'_, '_>) {
        reporter.tool_call(&fragment, if self.arguments.is_some() { self.arguments } else { self.input });
    }
}
