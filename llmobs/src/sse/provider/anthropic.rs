//! Anthropic's Messages: events whose data names the event in `type`.
//!
//! Cached input tokens are reported separately from `input_tokens` and are added to the input here. The output tokens
//! of `message_start` are a placeholder and are ignored; those of `message_delta` are the total so far. Encrypted
//! blocks contain no readable content.

use super::FrameKind;
use super::ProviderFrame;
use crate::number::sum_known;
use crate::sse::json::Deferred;
use crate::sse::json::List;
use crate::sse::json::NonEmpty;
use crate::sse::json::Text;
use crate::sse::json::Value;
use crate::sse::json::json_object;
use crate::sse::provider_error::ErrorValue;
use crate::sse::reporter::Reporter;
use crate::sse::response_state::SeparateInput;
use crate::sse::tool_calls::CallFragment;
use crate::usage::Usage;
use crate::usage::UsageDetails;
use crate::usage::at_most_u32;

json_object! {
    /// An event, or a message that was not streamed.
    pub(in crate::sse) struct Frame<'a> {
        event: Text<'a> = b"type",
        index: u32 = b"index",
        delta: Delta<'a> = b"delta",
        content_block: Block<'a> = b"content_block",
        message: Deferred<'a, Message<'a>> = b"message",
        usage: AnthropicUsage<'a> = b"usage",
        error: ErrorValue<'a> = b"error",
        id: Text<'a> = b"id",
        model: Text<'a> = b"model",
        content: List<'a, Block<'a>> = b"content",
        stop_reason: Text<'a> = b"stop_reason",
    }

    pub(in crate::sse) struct Message<'a> {
        id: Text<'a> = b"id",
        model: Text<'a> = b"model",
        usage: AnthropicUsage<'a> = b"usage",
    }

    /// The change of a block, or of the message. Signatures and citations are not read: the model does not generate
    /// them.
    pub(in crate::sse) struct Delta<'a> {
        text: Text<'a> = b"text",
        thinking: Text<'a> = b"thinking",
        partial_json: Text<'a> = b"partial_json",
        /// The summary of a compaction.
        content: Text<'a> = b"content",
        stop_reason: Text<'a> = b"stop_reason",
    }

    pub(in crate::sse) struct Block<'a> {
        kind: Text<'a> = b"type",
        text: Text<'a> = b"text",
        thinking: Text<'a> = b"thinking",
        data: NonEmpty = b"data",
        content: Value<'a> = b"content",
        id: Text<'a> = b"id",
        name: Text<'a> = b"name",
        input: Value<'a> = b"input",
    }

    pub(in crate::sse) struct AnthropicUsage<'a> {
        input_tokens: Option<u64> = b"input_tokens",
        output_tokens: Option<u64> = b"output_tokens",
        cache_read_input_tokens: Option<u64> = b"cache_read_input_tokens",
        cache_creation_input_tokens: Option<u64> = b"cache_creation_input_tokens",
        cache_creation: Option<CacheCreation> = b"cache_creation",
        output_tokens_details: OutputDetails = b"output_tokens_details",
        iterations: List<'a, Iteration<'a>> = b"iterations",
        service_tier: Text<'a> = b"service_tier",
        server_tool_use: ServerToolUse = b"server_tool_use",
    }

    /// The use of tools that the provider runs.
    pub(in crate::sse) struct ServerToolUse {
        web_search_requests: Option<u64> = b"web_search_requests",
    }

    /// The tokens written to the cache, by lifetime of the cache entry. Servers may report them without their sum.
    pub(in crate::sse) struct CacheCreation {
        ephemeral_5m: Option<u64> = b"ephemeral_5m_input_tokens",
        ephemeral_1h: Option<u64> = b"ephemeral_1h_input_tokens",
    }

    pub(in crate::sse) struct OutputDetails {
        thinking_tokens: Option<u64> = b"thinking_tokens",
    }

    /// The usage of one sampling. The totals beside the list include the answer itself, but not the compactions of the
    /// context before it, which are billed too.
    pub(in crate::sse) struct Iteration<'a> {
        kind: Text<'a> = b"type",
        input_tokens: Option<u64> = b"input_tokens",
        output_tokens: Option<u64> = b"output_tokens",
        cache_read_input_tokens: Option<u64> = b"cache_read_input_tokens",
        cache_creation_input_tokens: Option<u64> = b"cache_creation_input_tokens",
        cache_creation: CacheCreation = b"cache_creation",
    }
}

impl ProviderFrame for Frame<'_> {
    fn kind(&self) -> FrameKind {
        match &*self.event.to_bytes() {
            b"ping" => FrameKind::KeepAlive,
            // Events of OpenAI's Responses have a `type` too.
            event if event.is_empty() || event.starts_with(b"response.") => FrameKind::Foreign,
            // Anthropic may add events.
            _ => FrameKind::Native,
        }
    }

    fn error(&self) -> &ErrorValue<'_> {
        &self.error
    }

    fn is_error(&self) -> bool {
        self.event.is("error")
    }

    fn report(&self, reporter: &mut Reporter<'_, '_>) {
        match &*self.event.to_bytes() {
            b"message_start" => {
                let message = self.message.read().unwrap_or_default();
                reporter.id_and_model(message.id, message.model);
                reporter.service_tier(message.usage.service_tier);
                let usage = message.usage.usage(&mut reporter.state.separate_input);
                reporter.usage(&Usage { output: None, reasoning: None, ..usage });
            }
            b"content_block_start" => self.content_block.report(self.index, reporter),
            b"content_block_delta" => self.delta.report(self.index, reporter),
            b"message_delta" => {
                self.usage.report(reporter);
                reporter.finish_reason(0, self.delta.stop_reason);
            }
            b"message_stop" => reporter.done(),
            b"message" => {
                reporter.id_and_model(self.id, self.model);
                let mut index = 0;
                self.content.for_each(|block| {
                    block.report(index, reporter);
                    index += 1;
                });
                self.usage.report(reporter);
                reporter.finish_reason(0, self.stop_reason);
            }
            _ => {}
        }
    }
}

impl Delta<'_> {
    fn report(&self, index: u32, reporter: &mut Reporter<'_, '_>) {
        reporter.reasoning(0, self.thinking);
        reporter.hidden(!self.content.is_empty());
        reporter.text(0, self.text);
        let fragment = CallFragment { provider_index: Some(index), ..CallFragment::default() };
        reporter.tool_call(&fragment, Value::String(self.partial_json));
        reporter.end_choice(0);
    }
}

impl Block<'_> {
    /// Reports a complete block, or the start of a block, which usually contains only the id and name of a tool call.
    fn report(&self, index: u32, reporter: &mut Reporter<'_, '_>) {
        match &*self.kind.to_bytes() {
            b"text" => reporter.text(0, self.text),
            b"thinking" => reporter.reasoning(0, self.thinking),
            b"redacted_thinking" => reporter.hidden(self.data.0),
            b"compaction" => reporter.hidden(self.content.is_some()),
            kind if kind.ends_with(b"tool_use") => {
                let input = if self.input.is_empty_container() { Value::default() } else { self.input };
                let provider_index = Some(index);
                reporter.tool_call(&CallFragment { choice: 0, provider_index, id: self.id, name: self.name }, input);
            }
            _ => {}
        }
        reporter.end_choice(0);
    }
}

impl AnthropicUsage<'_> {
    fn report(&self, reporter: &mut Reporter<'_, '_>) {
        reporter.service_tier(self.service_tier);
        let usage = self.usage(&mut reporter.state.separate_input);
        reporter.usage(&usage);
    }

    /// Merges the report into the counts of the message and returns the usage. Reports have different meanings: some
    /// servers start with the whole prompt as `input_tokens` and later report the uncached rest beside the cached
    /// counts. A report with an `input_tokens` of its own therefore replaces all input counts, unless it repeats the
    /// earlier one. A missing count keeps the earlier one, and a report of only zeros is ignored once
    /// `input_tokens` is known.
    fn usage(&self, known: &mut SeparateInput) -> Usage {
        let creation = self.cache_creation.as_ref().and_then(CacheCreation::sum);
        let reported = SeparateInput {
            uncached: self.input_tokens,
            cache_read: self.cache_read_input_tokens,
            cache_write: self.cache_creation_input_tokens.or(creation),
        };
        if reported.sum() > Some(0) && reported.uncached.is_some() && reported.uncached != known.uncached {
            *known = SeparateInput::default();
        }
        if reported.sum() > Some(0) || known.uncached.is_none() {
            known.uncached = reported.uncached.or(known.uncached);
            known.cache_read = reported.cache_read.or(known.cache_read);
            known.cache_write = reported.cache_write.or(known.cache_write);
        }
        let mut total = Usage {
            input: known.uncached.and_then(|_| known.sum()),
            cache_read: known.cache_read,
            cache_write: known.cache_write,
            output: self.output_tokens,
            reasoning: self.output_tokens_details.thinking_tokens,
            details: UsageDetails {
                cache_write_1h: at_most_u32(self.cache_creation.as_ref().and_then(|creation| creation.ephemeral_1h)),
                ..UsageDetails::new()
            },
            ..Usage::new()
        }
        .web_searches(self.server_tool_use.web_search_requests);
        self.iterations.for_each(|iteration| iteration.add_compaction(&mut total));
        total
    }
}

impl CacheCreation {
    fn sum(&self) -> Option<u64> {
        sum_known([self.ephemeral_5m, self.ephemeral_1h])
    }
}

impl Iteration<'_> {
    fn add_compaction(&self, total: &mut Usage) {
        if !self.kind.is("compaction") {
            return;
        }
        let (read, write) = (self.cache_read_input_tokens, self.cache_creation_input_tokens);
        total.input = sum_known([total.input, self.input_tokens, read, write]);
        total.cache_read = sum_known([total.cache_read, read]);
        total.cache_write = sum_known([total.cache_write, write]);
        total.output = sum_known([total.output, self.output_tokens]);
        let for_an_hour = &mut total.details.cache_write_1h;
        *for_an_hour = for_an_hour.saturating_add(at_most_u32(self.cache_creation.ephemeral_1h));
    }
}
