//! OpenAI's Responses: named events, with a response object at the start and at the end. Tool calls are identified by
//! the index of their item, and the response object at the end repeats the complete response.

use super::FrameKind;
use super::ProviderFrame;
use super::openai_usage::OpenAiUsage;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::sse::event::Event;
use crate::sse::json::Deferred;
use crate::sse::json::FromJson;
use crate::sse::json::List;
use crate::sse::json::NonEmpty;
use crate::sse::json::Text;
use crate::sse::json::Value;
use crate::sse::json::json_object;
use crate::sse::json::read_document;
use crate::sse::provider_error::ErrorValue;
use crate::sse::reporter::Reporter;
use crate::sse::tool_calls::CallFragment;

json_object! {
    /// An event of a stream.
    pub(in crate::sse) struct Frame<'a> {
        event: Text<'a> = b"type",
        output_index: Option<u32> = b"output_index",
        delta: Value<'a> = b"delta",
        item: Deferred<'a, Item<'a>> = b"item",
        partial_image: NonEmpty = b"partial_image_b64",
        response: Deferred<'a, Response<'a>> = b"response",
        /// The error of an error event. Some servers send its fields, such as the code, in the frame itself.
        error: ErrorValue<'a> = b"error",
    }

    /// A response object: a response that was not streamed, or a part of an event.
    pub(in crate::sse) struct Response<'a> {
        id: Text<'a> = b"id",
        model: Text<'a> = b"model",
        status: Text<'a> = b"status",
        output: List<'a, Item<'a>> = b"output",
        usage: Option<OpenAiUsage<'a>> = b"usage",
        service_tier: Text<'a> = b"service_tier",
        incomplete_details: IncompleteDetails<'a> = b"incomplete_details",
        error: ErrorValue<'a> = b"error",
    }

    pub(in crate::sse) struct IncompleteDetails<'a> {
        reason: Text<'a> = b"reason",
    }

    /// An item of the output: a message, reasoning, or a call of a tool.
    pub(in crate::sse) struct Item<'a> {
        kind: Text<'a> = b"type",
        id: Text<'a> = b"id",
        call_id: Text<'a> = b"call_id",
        name: Text<'a> = b"name",
        content: List<'a, ContentPart<'a>> = b"content",
        summary: List<'a, ContentPart<'a>> = b"summary",
        encrypted_content: NonEmpty = b"encrypted_content",
        arguments: Value<'a> = b"arguments",
        input: Value<'a> = b"input",
        code: Value<'a> = b"code",
        action: Value<'a> = b"action",
        actions: Value<'a> = b"actions",
        operation: Value<'a> = b"operation",
        queries: Value<'a> = b"queries",
        /// The image of a call that generates images.
        result: NonEmpty = b"result",
    }

    /// The action of a web search.
    pub(in crate::sse) struct Action<'a> {
        kind: Text<'a> = b"type",
    }

    pub(in crate::sse) struct ContentPart<'a> {
        text: Text<'a> = b"text",
        refusal: Text<'a> = b"refusal",
        transcript: Text<'a> = b"transcript",
    }
}

const EVENT_PREFIX: &[u8] = b"response.";

/// The delta events that contain a part of a tool call.
const TOOL_CALL_DELTAS: [&str; 6] = [
    "function_call_arguments",
    "mcp_call_arguments",
    "custom_tool_call_input",
    "code_interpreter_call_code",
    "shell_call_command",
    "apply_patch_call_operation_diff",
];

/// The types of items that call a tool which the client runs. A response with one of them waits for the client.
const CLIENT_TOOL_CALLS: [&str; 6] =
    ["function_call", "custom_tool_call", "apply_patch_call", "computer_call", "local_shell_call", "shell_call"];

/// Returns whether a frame is a response that was not streamed, by its field `object`.
pub(super) fn is_response(object: Text<'_>) -> bool {
    object.is("response")
}

/// Returns whether a frame is an event of this format, by its field `type`.
pub(super) fn is_event(event: Text<'_>) -> bool {
    event.to_bytes().starts_with(EVENT_PREFIX)
}

/// Returns whether a frame begins like an event of this format. Most do; the fields of the others decide.
pub(super) fn is_likely(json: &[u8]) -> bool {
    json.strip_prefix(b"{\"type\":").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\"response."))
}

impl ProviderFrame for Frame<'_> {
    fn kind(&self) -> FrameKind {
        FrameKind::Native
    }

    fn error(&self) -> &ErrorValue<'_> {
        &self.error
    }

    fn report(&self, reporter: &mut Reporter<'_, '_>) {
        let event = self.event.to_bytes();
        let Some(name) = event.strip_prefix(EVENT_PREFIX) else { return };
        match name {
            b"created" | b"in_progress" | b"queued" => {
                let response = self.response.read().unwrap_or_default();
                reporter.id_and_model(response.id, response.model);
            }
            // Contains the name of a call; the arguments follow.
            b"output_item.added" => {
                if let Some(item) = self.item.read()
                    && let Some(call) = item.call(self.output_index)
                {
                    reporter.announce_tool_call(&call);
                }
            }
            b"output_item.done" => {
                if let Some(item) = self.item.read() {
                    item.report_call(self.output_index, reporter);
                }
            }
            b"image_generation_call.partial_image" => reporter.media(self.partial_image.0),
            b"completed" | b"incomplete" | b"failed" | b"cancelled" => {
                let response = self.response.read().unwrap_or_default();
                response.report(reporter);
                if name == b"failed" {
                    response.report_failure(reporter);
                }
                reporter.done();
            }
            _ => {
                if let Some(name) = name.strip_suffix(b".delta") {
                    report_delta(name, self.output_index, self.delta, reporter);
                }
            }
        }
        reporter.end_choice(0);
    }
}

/// Reports a delta event. The output of a tool is left out, since the model did not generate it.
fn report_delta(name: &[u8], output_index: Option<u32>, delta: Value<'_>, reporter: &mut Reporter<'_, '_>) {
    match name {
        b"output_text" | b"refusal" | b"audio.transcript" => reporter.text(0, delta.text()),
        b"audio" => reporter.media(delta.is_some()),
        name if name.starts_with(b"reasoning") => reporter.reasoning(0, delta.text()),
        name if TOOL_CALL_DELTAS.iter().any(|delta| delta.as_bytes() == name) => {
            let fragment = CallFragment { provider_index: output_index, ..CallFragment::default() };
            reporter.tool_call(&fragment, delta);
        }
        _ => {}
    }
}

impl ProviderFrame for Response<'_> {
    fn kind(&self) -> FrameKind {
        FrameKind::Native
    }

    fn error(&self) -> &ErrorValue<'_> {
        &self.error
    }

    /// Reports a complete response object. Texts and reasoning are left out if any content was reported before, because
    /// its deltas contained them; tool calls are reported with their names.
    fn report(&self, reporter: &mut Reporter<'_, '_>) {
        reporter.id_and_model(self.id, self.model);
        let is_new = !reporter.state.has_content;
        let mut has_client_call = false;
        let mut searches = 0;
        let mut output_index = 0;
        self.output.for_each(|item| {
            has_client_call |= CLIENT_TOOL_CALLS.iter().any(|kind| item.kind.is(kind));
            searches += u64::from(item.is_web_search());
            item.report(output_index, is_new, reporter);
            output_index += 1;
        });
        reporter.end_choice(0);
        reporter.service_tier(self.service_tier);
        if let Some(usage) = &self.usage {
            usage.report_with_searches(searches, reporter);
        }
        match &*self.status.to_bytes() {
            b"completed" => {
                let reason = if has_client_call { FinishReason::ToolCall } else { FinishReason::Stop };
                reporter.event(Event::FinishReason { choice: 0, reason });
            }
            b"incomplete" => reporter.finish_reason(0, self.incomplete_details.reason),
            b"failed" => self.report_failure(reporter),
            _ => {}
        }
    }
}

impl Response<'_> {
    fn report_failure(&self, reporter: &mut Reporter<'_, '_>) {
        reporter.error(self.error.classify().unwrap_or(ErrorType::Upstream));
    }
}

impl<'a> Item<'a> {
    fn report(&self, output_index: u32, is_new: bool, reporter: &mut Reporter<'_, '_>) {
        match &*self.kind.to_bytes() {
            b"message" if is_new => self.content.for_each(|part| {
                [part.text, part.refusal, part.transcript].into_iter().for_each(|text| reporter.text(0, text));
            }),
            b"reasoning" if is_new => self.report_reasoning(reporter),
            _ => self.report_call(Some(output_index), reporter),
        }
    }

    /// Reports reasoning: the complete texts if the provider includes them, else the summary.
    fn report_reasoning(&self, reporter: &mut Reporter<'_, '_>) {
        reporter.hidden(self.encrypted_content.0);
        let parts = if self.content.is_empty() { &self.summary } else { &self.content };
        parts.for_each(|part| reporter.reasoning(0, part.text));
    }

    /// Reports the item as a complete call of a tool, if it is a call.
    fn report_call(&self, output_index: Option<u32>, reporter: &mut Reporter<'_, '_>) {
        let Some(call) = self.call(output_index) else { return };
        let arguments =
            [self.arguments, self.input, self.code, self.action, self.actions, self.operation, self.queries];
        let arguments = arguments.into_iter().find(Value::is_some).unwrap_or_default();
        reporter.complete_tool_call(&call, arguments);
        if !reporter.state.has_content {
            reporter.media(self.result.0);
        }
    }

    /// Returns whether the item is a web search that OpenAI charges for: opening a page and searching within it are not.
    fn is_web_search(&self) -> bool {
        let mut action = Action::default();
        let has_action =
            self.action.text().as_plain_bytes().is_some_and(|json| {
                read_document(json, |reader| action.read(reader)).is_ok() && !action.kind.is_empty()
            });
        self.kind.is("web_search_call") && (!has_action || action.kind.is("search"))
    }

    /// Returns the call of the item; `None` if it is not a call. A tool of the provider has no name, so the type is
    /// used. Examples: a `function_call` named `add` is `add`; a `web_search_call` without a name is `web_search`; a
    /// `message` is `None`.
    fn call(&self, output_index: Option<u32>) -> Option<CallFragment<'a>> {
        let kind = self.kind.as_plain_bytes()?.strip_suffix(b"_call").filter(|kind| !kind.is_empty())?;
        Some(CallFragment {
            choice: 0,
            provider_index: output_index,
            id: self.call_id.or(self.id),
            name: self.name.or(Text::plain(kind)),
        })
    }
}
