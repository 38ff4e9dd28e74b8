//! Decoding of responses of Gemini's `generateContent` and `streamGenerateContent` (Gemini API and Vertex AI).
//!
//! The prompt's token count includes cached tokens. Thought tokens and tool-use prompt tokens are reported separately
//! and are added to the output and the input here.

use serde_json::Value;

use super::decoder_state::DecoderState;
use super::decoder_state::DeltaKinds;
use super::decoder_state::EventSink;
use super::decoder_state::array_or_empty;
use super::decoder_state::is_non_empty;
use super::decoder_state::parse_index;
use super::decoder_state::report_finish_reason;
use super::decoder_state::sum_known;
use super::decoder_state::token_count;
use super::event::Event;
use crate::semconv::value::ErrorType;
use crate::usage::Usage;

pub(super) fn decode(value: &Value, state: &mut DecoderState, on: EventSink<'_>) {
    state.report_id_and_model(&value["responseId"], &value["modelVersion"], on);
    for candidate in array_or_empty(&value["candidates"]) {
        let choice = parse_index(&candidate["index"]);
        part_kinds(array_or_empty(&candidate["content"]["parts"])).report_deltas(choice, on);
        if candidate["finishReason"] != "FINISH_REASON_UNSPECIFIED" {
            report_finish_reason(choice, &candidate["finishReason"], on);
        }
    }
    state.report_usage(&usage(&value["usageMetadata"]), on);
    // If a filter rejected the prompt, the response has no candidates.
    if is_non_empty(&value["promptFeedback"]["blockReason"]) {
        on(Event::Error(ErrorType::ContentFilter));
    }
}

fn part_kinds(parts: &[Value]) -> DeltaKinds {
    let mut kinds = DeltaKinds::default();
    for part in parts {
        let is_thought = part["thought"] == true;
        kinds.reasoning |= is_thought && is_non_empty(&part["text"]);
        kinds.content |= !is_thought && (is_non_empty(&part["text"]) || is_non_empty(&part["inlineData"]));
        kinds.tool_call |= is_non_empty(&part["functionCall"]) || is_non_empty(&part["executableCode"]);
    }
    kinds
}

fn usage(usage: &Value) -> Usage {
    let reasoning = token_count(&usage["thoughtsTokenCount"]);
    Usage {
        input: token_count(&usage["promptTokenCount"])
            .and_then(|prompt| sum_known(&[Some(prompt), token_count(&usage["toolUsePromptTokenCount"])])),
        cache_read: token_count(&usage["cachedContentTokenCount"]),
        cache_write: None,
        output: sum_known(&[token_count(&usage["candidatesTokenCount"]), reasoning]),
        reasoning,
        is_estimated: false,
    }
}
