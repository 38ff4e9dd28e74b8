//! Decoding of the content of OpenAI's chat completions and legacy completions, and of compatible servers.

use serde_json::Value;

use super::CallFragment;
use super::ContentDecoder;
use super::DeltaSink;
use super::responses;
use crate::sse::decoder_state::array;
use crate::sse::decoder_state::either;
use crate::sse::decoder_state::non_empty_str;
use crate::sse::decoder_state::place;

pub(super) fn decode(value: &Value, words: &mut ContentDecoder, on: DeltaSink<'_>) {
    if responses::is_responses_format(value) {
        return responses::decode(value, words, on);
    }
    for choice in array(&value["choices"]) {
        let index = place(&choice["index"]);
        delta(index, either(choice, ["delta", "message"]), words, on);
        words.text(index, &choice["text"], on);
    }
}

fn delta(choice: u32, delta: &Value, words: &mut ContentDecoder, on: DeltaSink<'_>) {
    reasoning(choice, delta, words, on);
    match &delta["content"] {
        Value::Array(parts) => {
            for part in parts {
                thinking(&part["thinking"]).for_each(|text| words.reasoning(choice, text, on));
                words.text(choice, &part["text"], on);
            }
        }
        content => words.text(choice, content, on),
    }
    words.text(choice, &delta["refusal"], on);
    words.text(choice, &delta["audio"]["transcript"], on);
    for call in array(&delta["tool_calls"]) {
        let of = either(call, ["function", "custom"]);
        // In a response that was not streamed, calls have no index.
        let place = call["index"].as_u64().map(|_| place(&call["index"]));
        let fragment = CallFragment { choice, place, id: non_empty_str(&call["id"]), name: non_empty_str(&of["name"]) };
        words.call(fragment, either(of, ["arguments", "input"]), on);
    }
    let legacy = &delta["function_call"];
    if legacy.is_object() {
        let fragment = CallFragment { choice, place: Some(u32::MAX), id: None, name: non_empty_str(&legacy["name"]) };
        words.call(fragment, &legacy["arguments"], on);
    }
}

/// Decodes reasoning. Servers that send several of these fields repeat the same text in each, so only the first one is
/// read.
fn reasoning(choice: u32, delta: &Value, words: &mut ContentDecoder, on: DeltaSink<'_>) {
    let plain = ["reasoning_content", "reasoning"].into_iter().find(|name| non_empty_str(&delta[*name]).is_some());
    match plain {
        Some(name) => words.reasoning(choice, &delta[name], on),
        None => {
            for detail in array(&delta["reasoning_details"]) {
                words.reasoning(choice, either(detail, ["text", "summary"]), on);
            }
        }
    }
}

/// Returns the texts of Mistral's `thinking`: a string, or a list of parts.
pub(in crate::sse) fn thinking(value: &Value) -> impl Iterator<Item = &Value> {
    array(value).iter().map(|part| &part["text"]).chain([value])
}
