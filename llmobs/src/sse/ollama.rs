//! Decoding of responses of Ollama's native chat, generate and embed endpoints.

use serde_json::Value;

use super::decoder_state::DecoderState;
use super::decoder_state::DeltaKinds;
use super::decoder_state::EventSink;
use super::decoder_state::is_non_empty;
use super::decoder_state::report_finish_reason;
use super::decoder_state::token_count;
use super::event::Event;
use crate::usage::Usage;

pub(super) fn decode(value: &Value, state: &mut DecoderState, on: EventSink<'_>) {
    state.report_id_and_model(&Value::Null, &value["model"], on);
    let message = &value["message"];
    let kinds = DeltaKinds {
        content: is_non_empty(&message["content"]) || is_non_empty(&value["response"]),
        reasoning: is_non_empty(&message["thinking"]) || is_non_empty(&value["thinking"]),
        tool_call: is_non_empty(&message["tool_calls"]),
    };
    kinds.report_deltas(0, on);
    state.report_usage(&usage(value), on);
    report_finish_reason(0, &value["done_reason"], on);
    if value["done"] == true {
        on(Event::Done);
    }
}

/// Returns the token counts of the engine. Older versions omit the prompt count if the whole prompt was cached.
fn usage(value: &Value) -> Usage {
    Usage { input: token_count(&value["prompt_eval_count"]), output: token_count(&value["eval_count"]), ..Usage::new() }
}
