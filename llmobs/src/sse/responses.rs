//! Decoding of OpenAI's Responses: named events, with a response object at the start and at the end.

use serde_json::Value;

use super::decoder_state::DecoderState;
use super::decoder_state::DeltaKinds;
use super::decoder_state::EventSink;
use super::decoder_state::array;
use super::decoder_state::is_non_empty;
use super::decoder_state::report_finish_reason;
use super::event::Event;
use super::openai;
use super::provider_error;
use crate::semconv::value::FinishReason;

pub(super) fn is_responses_format(value: &Value) -> bool {
    value["object"] == "response" || value["type"].as_str().is_some_and(|name| name.starts_with(PREFIX))
}

pub(super) fn read(value: &Value, state: &mut DecoderState, on: EventSink<'_>) {
    let Some(name) = value["type"].as_str().and_then(|name| name.strip_prefix(PREFIX)) else {
        return answer(value, state, on);
    };
    match name {
        "created" | "in_progress" | "queued" => {
            state.names(&value["response"]["id"], &value["response"]["model"], on);
        }
        "completed" | "incomplete" | "failed" | "cancelled" => {
            answer(&value["response"], state, on);
            on(Event::Done);
        }
        _ => {
            if let Some(delta) = name.strip_suffix(".delta") {
                delta_kinds(delta, is_non_empty(&value["delta"])).report_deltas(0, on);
            }
        }
    }
}

/// Returns the kinds of content that a delta event adds. The output of a tool does not count, since the model did not
/// generate it.
fn delta_kinds(name: &str, says: bool) -> DeltaKinds {
    let called = ["function_call_arguments", "mcp_call_arguments", "custom_tool_call_input"].contains(&name)
        || ["code_interpreter_call_code", "shell_call_command"].contains(&name);
    DeltaKinds {
        content: says && ["output_text", "refusal", "audio", "audio.transcript"].contains(&name),
        reasoning: says && name.starts_with("reasoning"),
        tool_call: says && called,
    }
}

/// Decodes a response object at its end.
fn answer(response: &Value, state: &mut DecoderState, on: EventSink<'_>) {
    state.names(&response["id"], &response["model"], on);
    state.report(&openai::usage(&response["usage"]), on);
    match response["status"].as_str() {
        Some("completed") => {
            let calls = |item: &Value| item["type"] == "function_call" || item["type"] == "custom_tool_call";
            let called = array(&response["output"]).iter().any(calls);
            let reason = if called { FinishReason::ToolCall } else { FinishReason::Stop };
            on(Event::FinishReason { choice: 0, reason });
        }
        Some("incomplete") => report_finish_reason(0, &response["incomplete_details"]["reason"], on),
        Some("failed") => on(Event::Error(provider_error::classify(&response["error"]))),
        _ => {}
    }
}

const PREFIX: &str = "response.";
