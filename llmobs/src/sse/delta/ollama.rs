//! Decoding of the content of Ollama's native chat and generate endpoints. Tool calls are never split over frames.

use serde_json::Value;

use super::CallFragment;
use super::ContentDecoder;
use super::DeltaSink;
use crate::sse::decoder_state::array_or_empty;
use crate::sse::decoder_state::non_empty_str;

pub(super) fn decode(value: &Value, decoder: &mut ContentDecoder, on: DeltaSink<'_>) {
    for object in [value, &value["message"]] {
        decoder.report_reasoning(0, &object["thinking"], on);
    }
    decoder.report_text(0, &value["message"]["content"], on);
    decoder.report_text(0, &value["response"], on);
    for call in array_or_empty(&value["message"]["tool_calls"]) {
        let function = &call["function"];
        if let Some(name) = non_empty_str(&function["name"]) {
            let id = non_empty_str(&call["id"]);
            decoder.report_call(
                CallFragment { choice: 0, provider_index: None, id, name: Some(name) },
                &function["arguments"],
                on,
            );
        }
    }
}
