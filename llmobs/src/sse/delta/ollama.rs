//! Decoding of the content of Ollama's native chat and generate endpoints. Tool calls are never split over frames.

use serde_json::Value;

use super::CallFragment;
use super::ContentDecoder;
use super::DeltaSink;
use crate::sse::decoder_state::array;
use crate::sse::decoder_state::non_empty_str;

pub(super) fn decode(value: &Value, words: &mut ContentDecoder, on: DeltaSink<'_>) {
    for said in [value, &value["message"]] {
        words.reasoning(0, &said["thinking"], on);
    }
    words.text(0, &value["message"]["content"], on);
    words.text(0, &value["response"], on);
    for call in array(&value["message"]["tool_calls"]) {
        let function = &call["function"];
        if let Some(name) = non_empty_str(&function["name"]) {
            let id = non_empty_str(&call["id"]);
            words.call(CallFragment { choice: 0, place: None, id, name: Some(name) }, &function["arguments"], on);
        }
    }
}
