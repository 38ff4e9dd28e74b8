//! Decoding of the content of Gemini's `generateContent` and `streamGenerateContent`. Tool calls are never split over
//! frames.

use serde_json::Value;

use super::CallFragment;
use super::ContentDecoder;
use super::DeltaSink;
use crate::sse::decoder_state::array_or_empty;
use crate::sse::decoder_state::is_non_empty;
use crate::sse::decoder_state::non_empty_str;
use crate::sse::decoder_state::parse_index;

/// The name of Gemini's code execution tool, as in the examples of the OpenTelemetry GenAI conventions.
pub(in crate::sse) const CODE_EXECUTION: &str = "code_execution";

pub(super) fn decode(value: &Value, decoder: &mut ContentDecoder, on: DeltaSink<'_>) {
    for candidate in array_or_empty(&value["candidates"]) {
        let choice = parse_index(&candidate["index"]);
        for part in array_or_empty(&candidate["content"]["parts"]) {
            let (call, code) = (&part["functionCall"], &part["executableCode"]);
            match part["thought"] == true {
                true => decoder.report_reasoning(choice, &part["text"], on),
                false => decoder.report_text(choice, &part["text"], on),
            }
            if let Some(name) = non_empty_str(&call["name"]) {
                let id = non_empty_str(&call["id"]);
                decoder.report_call(
                    CallFragment { choice, provider_index: None, id, name: Some(name) },
                    &call["args"],
                    on,
                );
            }
            if is_non_empty(code) {
                decoder.report_call(
                    CallFragment { choice, provider_index: None, id: None, name: Some(CODE_EXECUTION) },
                    code,
                    on,
                );
            }
        }
    }
}
