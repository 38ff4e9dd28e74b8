//! Decoding of the content of OpenAI's Responses: deltas in named events, tool calls identified by their item, and the
//! complete response repeated at the end.

use serde_json::Value;

use super::CallFragment;
use super::ContentDecoder;
use super::DeltaSink;
use crate::sse::decoder_state::array;
use crate::sse::decoder_state::is_non_empty;
pub(super) use crate::sse::responses::is_responses_format;
use crate::sse::responses_items;

pub(super) fn decode(value: &Value, words: &mut ContentDecoder, on: DeltaSink<'_>) {
    let Some(name) = value["type"].as_str().and_then(|name| name.strip_prefix("response.")) else {
        return answer(value, words, on);
    };
    let place = value["output_index"].as_u64().and_then(|place| u32::try_from(place).ok());
    match name {
        // Contains the name of the call; the arguments follow.
        "output_item.added" => call(&value["item"], place, &Value::Null, words, on),
        "output_item.done" => call(&value["item"], place, responses_items::arguments(&value["item"]), words, on),
        "completed" | "incomplete" | "failed" | "cancelled" => answer(&value["response"], words, on),
        _ => {
            if let Some(delta) = name.strip_suffix(".delta") {
                decode_delta(delta, place, &value["delta"], words, on);
            }
        }
    }
}

fn decode_delta(name: &str, place: Option<u32>, delta: &Value, words: &mut ContentDecoder, on: DeltaSink<'_>) {
    match name {
        "output_text" | "refusal" | "audio.transcript" => words.text(0, delta, on),
        name if name.starts_with("reasoning") => words.reasoning(0, delta, on),
        name if responses_items::CALL_DELTAS.contains(&name) && is_non_empty(delta) => {
            words.call(CallFragment { choice: 0, place, id: None, name: None }, delta, on);
        }
        _ => {}
    }
}

/// Decodes a response object at its end. Texts and reasoning that deltas contained before are skipped; tool calls are
/// reported with their names.
fn answer(response: &Value, words: &mut ContentDecoder, on: DeltaSink<'_>) {
    let is_new = !words.has_spoken;
    for (place, item) in (0..).zip(array(&response["output"])) {
        match item["type"].as_str().unwrap_or_default() {
            "message" if is_new => {
                for part in array(&item["content"]) {
                    words.text(0, &part["text"], on);
                    words.text(0, &part["refusal"], on);
                    words.text(0, &part["transcript"], on);
                }
            }
            "reasoning" if is_new => responses_items::reasoning(item).for_each(|text| words.reasoning(0, text, on)),
            _ => call(item, Some(place), responses_items::arguments(item), words, on),
        }
    }
}

fn call(item: &Value, place: Option<u32>, arguments: &Value, words: &mut ContentDecoder, on: DeltaSink<'_>) {
    if let Some(name) = responses_items::called(item) {
        words.report_complete_call(
            CallFragment { choice: 0, place, id: responses_items::id(item), name: Some(name) },
            arguments,
            on,
        );
    }
}
