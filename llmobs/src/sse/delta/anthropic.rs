//! Decoding of the content of Anthropic's Messages. Encrypted blocks contain no readable content.

use serde_json::Value;

use super::CallFragment;
use super::ContentDecoder;
use super::DeltaSink;
use crate::sse::decoder_state::array;
use crate::sse::decoder_state::is_non_empty;
use crate::sse::decoder_state::non_empty_str;
use crate::sse::decoder_state::place;

pub(super) fn decode(value: &Value, words: &mut ContentDecoder, on: DeltaSink<'_>) {
    match value["type"].as_str().unwrap_or_default() {
        "content_block_start" => block(&value["content_block"], place(&value["index"]), words, on),
        "content_block_delta" => {
            let delta = &value["delta"];
            words.reasoning(0, &delta["thinking"], on);
            words.text(0, &delta["text"], on);
            if is_non_empty(&delta["partial_json"]) {
                words.call(fragment(&Value::Null, place(&value["index"])), &delta["partial_json"], on);
            }
        }
        // A response that was not streamed.
        "message" => {
            for (place, content) in (0..).zip(array(&value["content"])) {
                block(content, place, words, on);
            }
        }
        _ => {}
    }
}

/// Decodes a block at its start, or a complete block, in which a tool call already has its input.
fn block(block: &Value, place: u32, words: &mut ContentDecoder, on: DeltaSink<'_>) {
    match block["type"].as_str().unwrap_or_default() {
        "text" => words.text(0, &block["text"], on),
        "thinking" => words.reasoning(0, &block["thinking"], on),
        name if name.ends_with("tool_use") => {
            let input = if is_non_empty(&block["input"]) { &block["input"] } else { &Value::Null };
            words.call(fragment(block, place), input, on);
        }
        _ => {}
    }
}

fn fragment(block: &Value, place: u32) -> CallFragment<'_> {
    CallFragment { choice: 0, place: Some(place), id: non_empty_str(&block["id"]), name: non_empty_str(&block["name"]) }
}
