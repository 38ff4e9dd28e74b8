//! Decoding of OpenAI's Responses: named events, with a response object at the start and at the end.

use serde_json::Value;

use super::decoder_state::DecoderState;
use super::decoder_state::DeltaKinds;
use super::decoder_state::EventSink;
use super::decoder_state::array_or_empty;
use super::decoder_state::is_non_empty;
use super::decoder_state::report_finish_reason;
use super::event::Event;
use super::openai;
use super::provider_error;
use crate::semconv::value::FinishReason;

pub(super) fn is_responses_format(value: &Value) -> bool {
    value["object"] == "response" || value["type"].as_str().is_some_and(|name| name.starts_with(EVENT_PREFIX))
}

pub(super) fn decode(value: &Value, state: &mut DecoderState, on: EventSink<'_>) {
    let Some(name) = value["type"].as_str().and_then(|name| name.strip_prefix(EVENT_PREFIX)) else {
        return decode_response(value, state, on);
    };
    match name {
        "created" | "in_progress" | "queued" => {
            state.report_id_and_model(&value["response"]["id"], &value["response"]["model"], on);
        }
        "completed" | "incomplete" | "failed" | "cancelled" => {
            decode_response(&value["response"], state, on);
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
fn delta_kinds(name: &str, has_delta: bool) -> DeltaKinds {
    let is_tool_call = ["function_call_arguments", "mcp_call_arguments", "custom_tool_call_input"].contains(&name)
        || ["code_interpreter_call_code", "shell_call_command"].contains(&name);
    DeltaKinds {
        content: has_delta && ["output_text", "refusal", "audio", "audio.transcript"].contains(&name),
        reasoning: has_delta && name.starts_with("reasoning"),
        tool_call: has_delta && is_tool_call,
    }
}

/// Decodes a response object at its end.
fn decode_response(response: &Value, state: &mut DecoderState, on: EventSink<'_>) {
    state.report_id_and_model(&response["id"], &response["model"], on);
    state.report_usage(&openai::usage(&response["usage"]), on);
    match response["status"].as_str() {
        Some("completed") => {
            let is_tool_call = |item: &Value| item["type"] == "function_call" || item["type"] == "custom_tool_call";
            let has_tool_call = array_or_empty(&response["output"]).iter().any(is_tool_call);
            let reason = if has_tool_call { FinishReason::ToolCall } else { FinishReason::Stop };
            on(Event::FinishReason { choice: 0, reason });
        }
        Some("incomplete") => report_finish_reason(0, &response["incomplete_details"]["reason"], on),
        Some("failed") => on(Event::Error(provider_error::classify(&response["error"]))),
        _ => {}
    }
}

const EVENT_PREFIX: &str = "response.";
