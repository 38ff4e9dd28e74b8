//! Anthropic's Messages. A block that was encrypted says nothing.

use serde_json::Value;

use super::Ear;
use super::Fragment;
use super::Words;
use crate::sse::story::array;
use crate::sse::story::place;
use crate::sse::story::said;
use crate::sse::story::says;

pub(super) fn tell(value: &Value, words: &mut Words, on: Ear<'_>) {
    match value["type"].as_str().unwrap_or_default() {
        "content_block_start" => block(&value["content_block"], place(&value["index"]), words, on),
        "content_block_delta" => {
            let delta = &value["delta"];
            words.reasoning(0, &delta["thinking"], on);
            words.text(0, &delta["text"], on);
            if says(&delta["partial_json"]) {
                words.call(fragment(&Value::Null, place(&value["index"])), &delta["partial_json"], on);
            }
        }
        // A whole answer.
        "message" => {
            for (place, content) in (0..).zip(array(&value["content"])) {
                block(content, place, words, on);
            }
        }
        _ => {}
    }
}

/// A block begins, or is whole: then a call has its input already.
fn block(block: &Value, place: u32, words: &mut Words, on: Ear<'_>) {
    match block["type"].as_str().unwrap_or_default() {
        "text" => words.text(0, &block["text"], on),
        "thinking" => words.reasoning(0, &block["thinking"], on),
        name if name.ends_with("tool_use") => {
            let input = if says(&block["input"]) { &block["input"] } else { &Value::Null };
            words.call(fragment(block, place), input, on);
        }
        _ => {}
    }
}

fn fragment(block: &Value, place: u32) -> Fragment<'_> {
    Fragment { choice: 0, place: Some(place), id: said(&block["id"]), name: said(&block["name"]) }
}
