//! OpenAI's chat completions and legacy completions, and whatever is compatible with them.

use serde_json::Value;

use super::Ear;
use super::Fragment;
use super::Words;
use super::responses;
use crate::sse::story::array;
use crate::sse::story::either;
use crate::sse::story::place;
use crate::sse::story::said;

pub(super) fn tell(value: &Value, words: &mut Words, on: Ear<'_>) {
    if responses::is_one(value) {
        return responses::tell(value, words, on);
    }
    for choice in array(&value["choices"]) {
        let index = place(&choice["index"]);
        delta(index, either(choice, ["delta", "message"]), words, on);
        words.text(index, &choice["text"], on);
    }
}

fn delta(choice: u32, delta: &Value, words: &mut Words, on: Ear<'_>) {
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
        // In a whole answer calls have no place.
        let place = call["index"].as_u64().map(|_| place(&call["index"]));
        let fragment = Fragment { choice, place, id: said(&call["id"]), name: said(&of["name"]) };
        words.call(fragment, either(of, ["arguments", "input"]), on);
    }
    let legacy = &delta["function_call"];
    if legacy.is_object() {
        let fragment = Fragment { choice, place: Some(u32::MAX), id: None, name: said(&legacy["name"]) };
        words.call(fragment, &legacy["arguments"], on);
    }
}

/// Servers that know several names for it say the same by each of them.
fn reasoning(choice: u32, delta: &Value, words: &mut Words, on: Ear<'_>) {
    let plain = ["reasoning_content", "reasoning"].into_iter().find(|name| said(&delta[*name]).is_some());
    match plain {
        Some(name) => words.reasoning(choice, &delta[name], on),
        None => {
            for detail in array(&delta["reasoning_details"]) {
                words.reasoning(choice, either(detail, ["text", "summary"]), on);
            }
        }
    }
}

/// Mistral's: a text, or parts of one.
pub(in crate::sse) fn thinking(value: &Value) -> impl Iterator<Item = &Value> {
    array(value).iter().map(|part| &part["text"]).chain([value])
}
