//! Ollama's native chat, generate and embed endpoints: one JSON object per line. Tool calls are never split over frames.

use super::FrameKind;
use super::ProviderFrame;
use crate::sse::json::List;
use crate::sse::json::NonEmpty;
use crate::sse::json::Text;
use crate::sse::json::Value;
use crate::sse::json::json_object;
use crate::sse::provider_error::ErrorValue;
use crate::sse::reporter::Reporter;
use crate::sse::tool_calls::CallFragment;
use crate::usage::Usage;

json_object! {
    pub(in crate::sse) struct Frame<'a> {
        model: Text<'a> = b"model",
        message: Option<Message<'a>> = b"message",
        /// The text of the generate endpoint.
        response: Option<Text<'a>> = b"response",
        thinking: Text<'a> = b"thinking",
        done: Option<bool> = b"done",
        done_reason: Text<'a> = b"done_reason",
        /// Missing in older versions if the whole prompt was cached.
        prompt_eval_count: Option<u64> = b"prompt_eval_count",
        prompt_eval_cached_count: Option<u64> = b"prompt_eval_cached_count",
        eval_count: Option<u64> = b"eval_count",
        embeddings: NonEmpty = b"embeddings",
        embedding: NonEmpty = b"embedding",
        error: ErrorValue<'a> = b"error",
    }

    pub(in crate::sse) struct Message<'a> {
        content: Text<'a> = b"content",
        thinking: Text<'a> = b"thinking",
        tool_calls: List<'a, ToolCall<'a>> = b"tool_calls",
    }

    pub(in crate::sse) struct ToolCall<'a> {
        id: Text<'a> = b"id",
        function: Function<'a> = b"function",
    }

    pub(in crate::sse) struct Function<'a> {
        name: Text<'a> = b"name",
        arguments: Value<'a> = b"arguments",
    }
}

impl ProviderFrame for Frame<'_> {
    fn kind(&self) -> FrameKind {
        let has_content = self.message.is_some() || self.response.is_some() || self.done.is_some();
        if has_content || self.embeddings.0 || self.embedding.0 { FrameKind::Native } else { FrameKind::Foreign }
    }

    fn error(&self) -> &ErrorValue<'_> {
        &self.error
    }

    fn report(&self, reporter: &mut Reporter<'_, '_>) {
        reporter.id_and_model(Text::default(), self.model);
        let empty = Message::default();
        let message = self.message.as_ref().unwrap_or(&empty);
        [self.thinking, message.thinking].into_iter().for_each(|text| reporter.reasoning(0, text));
        [message.content, self.response.unwrap_or_default()].into_iter().for_each(|text| reporter.text(0, text));
        message.tool_calls.for_each(|call| {
            let fragment = CallFragment { choice: 0, provider_index: None, id: call.id, name: call.function.name };
            if !fragment.name.is_empty() {
                reporter.tool_call(&fragment, call.function.arguments);
            }
        });
        reporter.end_choice(0);
        // Only the last line has counts.
        if self.prompt_eval_count.is_some() || self.eval_count.is_some() {
            reporter.usage(&Usage {
                input: self.prompt_eval_count,
                cache_read: self.prompt_eval_cached_count,
                output: self.eval_count,
                ..Usage::new()
            });
        }
        reporter.finish_reason(0, self.done_reason);
        if self.done == Some(true) {
            reporter.done();
        }
    }
}
