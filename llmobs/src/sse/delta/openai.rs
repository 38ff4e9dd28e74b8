//! Decoding of the content of OpenAI's chat completions and legacy completions, and of compatible servers.

use serde_json::Value;

use super::CallFragment;
use super::ContentDecoder;
use super::DeltaSink;
use super::responses;
use crate::sse::decoder_state::array_or_empty;
use crate::sse::decoder_state::first_non_null;
use crate::sse::decoder_state::non_empty_str;
use crate::sse::decoder_state::parse_index;

pub(super) fn decode(value: &Value, decoder: &mut ContentDecoder, on: DeltaSink<'_>) {
    if responses::is_responses_format(value) {
        return responses::decode(value, decoder, on);
    }
    for choice in array_or_empty(&value["choices"]) {
        let index = parse_index(&choice["index"]);
        decode_delta(index, first_non_null(choice, ["delta", "message"]), decoder, on);
        decoder.report_text(index, &choice["text"], on);
    }
}

fn decode_delta(choice: u32, delta: &Value, decoder: &mut ContentDecoder, on: DeltaSink<'_>) {
    decode_reasoning(choice, delta, decoder, on);
    match &delta["content"] {
        Value::Array(parts) => {
            for part in parts {
                thinking_texts(&part["thinking"]).for_each(|text| decoder.report_reasoning(choice, text, on));
                decoder.report_text(choice, &part["text"], on);
            }
        }
        content => decoder.report_text(choice, content, on),
    }
    decoder.report_text(choice, &delta["refusal"], on);
    decoder.report_text(choice, &delta["audio"]["transcript"], on);
    for call in array_or_empty(&delta["tool_calls"]) {
        let function = first_non_null(call, ["function", "custom"]);
        // In a response that was not streamed, calls have no index.
        let provider_index = call["index"].as_u64().map(|_| parse_index(&call["index"]));
        let fragment = CallFragment {
            choice,
            provider_index,
            id: non_empty_str(&call["id"]),
            name: non_empty_str(&function["name"]),
        };
        decoder.report_call(fragment, first_non_null(function, ["arguments", "input"]), on);
    }
    let legacy = &delta["function_call"];
    if legacy.is_object() {
        let fragment =
            CallFragment { choice, provider_index: Some(u32::MAX), id: None, name: non_empty_str(&legacy["name"]) };
        decoder.report_call(fragment, &legacy["arguments"], on);
    }
}

/// Decodes reasoning. Servers that send several of these fields repeat the same text in each, so only the first one is
/// read.
fn decode_reasoning(choice: u32, delta: &Value, decoder: &mut ContentDecoder, on: DeltaSink<'_>) {
    let field = ["reasoning_content", "reasoning"].into_iter().find(|name| non_empty_str(&delta[*name]).is_some());
    match field {
        Some(name) => decoder.report_reasoning(choice, &delta[name], on),
        None => {
            for detail in array_or_empty(&delta["reasoning_details"]) {
                decoder.report_reasoning(choice, first_non_null(detail, ["text", "summary"]), on);
            }
        }
    }
}

/// Returns the texts of Mistral's `thinking`: a string, or a list of parts.
pub(in crate::sse) fn thinking_texts(value: &Value) -> impl Iterator<Item = &Value> {
    array_or_empty(value).iter().map(|part| &part["text"]).chain([value])
}
