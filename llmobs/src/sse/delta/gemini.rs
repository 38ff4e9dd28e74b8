//! Decoding of the content of Gemini's `generateContent` and `streamGenerateContent`. Tool calls are never split over
//! frames.

use serde_json::Value;

use super::CallFragment;
use super::ContentDecoder;
use super::DeltaSink;
use crate::sse::decoder_state::array;
use crate::sse::decoder_state::is_non_empty;
use crate::sse::decoder_state::non_empty_str;
use crate::sse::decoder_state::place;

/// The name of Gemini's code execution tool, as in the examples of the OpenTelemetry GenAI conventions.
pub(in crate::sse) const CODE_EXECUTION: &str = "code_execution";

pub(super) fn decode(value: &Value, words: &mut ContentDecoder, on: DeltaSink<'_>) {
    for candidate in array(&value["candidates"]) {
        let choice = place(&candidate["index"]);
        for part in array(&candidate["content"]["parts"]) {
            let (call, code) = (&part["functionCall"], &part["executableCode"]);
            match part["thought"] == true {
                true => words.reasoning(choice, &part["text"], on),
                false => words.text(choice, &part["text"], on),
            }
            if let Some(name) = non_empty_str(&call["name"]) {
                let id = non_empty_str(&call["id"]);
                words.call(CallFragment { choice, place: None, id, name: Some(name) }, &call["args"], on);
            }
            if is_non_empty(code) {
                words.call(CallFragment { choice, place: None, id: None, name: Some(CODE_EXECUTION) }, code, on);
            }
        }
    }
}
