//! Decoding of the content of OpenAI's Responses: deltas in named events, tool calls identified by their item, and the
//! complete response repeated at the end.

use serde_json::Value;

use super::CallFragment;
use super::ContentDecoder;
use super::DeltaSink;
use crate::sse::decoder_state::array_or_empty;
use crate::sse::decoder_state::is_non_empty;
pub(super) use crate::sse::responses::is_responses_format;
use crate::sse::responses_items;

pub(super) fn decode(value: &Value, decoder: &mut ContentDecoder, on: DeltaSink<'_>) {
    let Some(name) = value["type"].as_str().and_then(|name| name.strip_prefix("response.")) else {
        return decode_response(value, decoder, on);
    };
    let output_index = value["output_index"].as_u64().and_then(|output_index| u32::try_from(output_index).ok());
    match name {
        // Contains the name of the call; the arguments follow.
        "output_item.added" => decode_call(&value["item"], output_index, &Value::Null, decoder, on),
        "output_item.done" => {
            decode_call(&value["item"], output_index, responses_items::arguments(&value["item"]), decoder, on)
        }
        "completed" | "incomplete" | "failed" | "cancelled" => decode_response(&value["response"], decoder, on),
        _ => {
            if let Some(delta) = name.strip_suffix(".delta") {
                decode_delta(delta, output_index, &value["delta"], decoder, on);
            }
        }
    }
}

fn decode_delta(name: &str, output_index: Option<u32>, delta: &Value, decoder: &mut ContentDecoder, on: DeltaSink<'_>) {
    match name {
        "output_text" | "refusal" | "audio.transcript" => decoder.report_text(0, delta, on),
        name if name.starts_with("reasoning") => decoder.report_reasoning(0, delta, on),
        name if responses_items::TOOL_CALL_DELTAS.contains(&name) && is_non_empty(delta) => {
            decoder.report_call(
                CallFragment { choice: 0, provider_index: output_index, id: None, name: None },
                delta,
                on,
            );
        }
        _ => {}
    }
}

/// Decodes a response object at its end. Texts and reasoning that deltas contained before are skipped; tool calls are
/// reported with their names.
fn decode_response(response: &Value, decoder: &mut ContentDecoder, on: DeltaSink<'_>) {
    let is_new = !decoder.has_content;
    for (output_index, item) in (0..).zip(array_or_empty(&response["output"])) {
        match item["type"].as_str().unwrap_or_default() {
            "message" if is_new => {
                for part in array_or_empty(&item["content"]) {
                    decoder.report_text(0, &part["text"], on);
                    decoder.report_text(0, &part["refusal"], on);
                    decoder.report_text(0, &part["transcript"], on);
                }
            }
            "reasoning" if is_new => {
                responses_items::reasoning_texts(item).for_each(|text| decoder.report_reasoning(0, text, on))
            }
            _ => decode_call(item, Some(output_index), responses_items::arguments(item), decoder, on),
        }
    }
}

fn decode_call(
    item: &Value,
    output_index: Option<u32>,
    arguments: &Value,
    decoder: &mut ContentDecoder,
    on: DeltaSink<'_>,
) {
    if let Some(name) = responses_items::tool_name(item) {
        decoder.report_complete_call(
            CallFragment {
                choice: 0,
                provider_index: output_index,
                id: responses_items::call_id(item),
                name: Some(name),
            },
            arguments,
            on,
        );
    }
}
