//! Decoding of the content of Anthropic's Messages. Encrypted blocks contain no readable content.

use serde_json::Value;

use super::CallFragment;
use super::ContentDecoder;
use super::DeltaSink;
use crate::sse::decoder_state::array_or_empty;
use crate::sse::decoder_state::is_non_empty;
use crate::sse::decoder_state::non_empty_str;
use crate::sse::decoder_state::parse_index;

pub(super) fn decode(value: &Value, decoder: &mut ContentDecoder, on: DeltaSink<'_>) {
    match value["type"].as_str().unwrap_or_default() {
        "content_block_start" => decode_block(&value["content_block"], parse_index(&value["index"]), decoder, on),
        "content_block_delta" => {
            let delta = &value["delta"];
            decoder.report_reasoning(0, &delta["thinking"], on);
            decoder.report_text(0, &delta["text"], on);
            if is_non_empty(&delta["partial_json"]) {
                decoder.report_call(
                    call_fragment(&Value::Null, parse_index(&value["index"])),
                    &delta["partial_json"],
                    on,
                );
            }
        }
        // A response that was not streamed.
        "message" => {
            for (index, content) in (0..).zip(array_or_empty(&value["content"])) {
                decode_block(content, index, decoder, on);
            }
        }
        _ => {}
    }
}

/// Decodes a block at its start, or a complete block, in which a tool call already has its input.
fn decode_block(block: &Value, index: u32, decoder: &mut ContentDecoder, on: DeltaSink<'_>) {
    match block["type"].as_str().unwrap_or_default() {
        "text" => decoder.report_text(0, &block["text"], on),
        "thinking" => decoder.report_reasoning(0, &block["thinking"], on),
        name if name.ends_with("tool_use") => {
            let input = if is_non_empty(&block["input"]) { &block["input"] } else { &Value::Null };
            decoder.report_call(call_fragment(block, index), input, on);
        }
        _ => {}
    }
}

fn call_fragment(block: &Value, index: u32) -> CallFragment<'_> {
    CallFragment {
        choice: 0,
        provider_index: Some(index),
        id: non_empty_str(&block["id"]),
        name: non_empty_str(&block["name"]),
    }
}
