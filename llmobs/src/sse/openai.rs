//! Decoding of responses of OpenAI's chat completions and legacy completions, and of compatible servers.
//!
//! Reasoning is in `reasoning_content` (DeepSeek, SGLang, llama.cpp), in `reasoning` (Groq, newer vLLM), or in a
//! `thinking` part of the content (Mistral). Usage is in a separate frame without choices if the request set
//! `include_usage`, in every frame with vLLM's `continuous_usage_stats`, and in `x_groq` with Groq.

use serde_json::Value;

use super::decoder_state::DecoderState;
use super::decoder_state::DeltaKinds;
use super::decoder_state::EventSink;
use super::decoder_state::array_or_empty;
use super::decoder_state::first_non_null;
use super::decoder_state::is_non_empty;
use super::decoder_state::parse_index;
use super::decoder_state::report_finish_reason;
use super::decoder_state::sum_known;
use super::decoder_state::token_count;
use super::responses;
use crate::usage::Usage;

pub(super) fn decode(value: &Value, state: &mut DecoderState, on: EventSink<'_>) {
    if responses::is_responses_format(value) {
        return responses::decode(value, state, on);
    }
    state.report_id_and_model(&value["id"], &value["model"], on);
    for choice in array_or_empty(&value["choices"]) {
        let index = parse_index(&choice["index"]);
        // Streams have `delta`, other responses `message`, and legacy completions `text`.
        let mut kinds = delta_kinds(first_non_null(choice, ["delta", "message"]));
        kinds.content |= is_non_empty(&choice["text"]);
        kinds.report_deltas(index, on);
        report_finish_reason(index, &choice["finish_reason"], on);
    }
    state.report_usage(&usage(&value["usage"]), on);
    state.report_usage(&usage(&value["x_groq"]["usage"]), on);
}

fn delta_kinds(delta: &Value) -> DeltaKinds {
    let calls = array_or_empty(&delta["tool_calls"]).iter().flat_map(|call| [&call["function"], &call["custom"]]);
    let mut kinds = DeltaKinds {
        content: is_non_empty(&delta["refusal"])
            || is_non_empty(&delta["audio"]["data"])
            || is_non_empty(&delta["audio"]["transcript"]),
        reasoning: is_non_empty(&delta["reasoning_content"])
            || is_non_empty(&delta["reasoning"])
            || is_non_empty(&delta["reasoning_details"]),
        tool_call: calls.chain([&delta["function_call"]]).any(is_tool_call),
    };
    match &delta["content"] {
        Value::Array(parts) => {
            kinds.reasoning |= parts.iter().any(|part| is_non_empty(&part["thinking"]));
            kinds.content |= parts.iter().any(|part| is_non_empty(&part["text"]));
        }
        content => kinds.content |= is_non_empty(content),
    }
    kinds
}

fn is_tool_call(function: &Value) -> bool {
    ["name", "arguments", "input"].iter().any(|field| is_non_empty(&function[*field]))
}

/// Returns the token usage of chat completions and Responses.
pub(super) fn usage(usage: &Value) -> Usage {
    let (input_details, output_details) = (
        first_non_null(usage, ["prompt_tokens_details", "input_tokens_details"]),
        first_non_null(usage, ["completion_tokens_details", "output_tokens_details"]),
    );
    let input = token_count(first_non_null(usage, ["prompt_tokens", "input_tokens"]));
    let output = token_count(first_non_null(usage, ["completion_tokens", "output_tokens"]));
    let reasoning = token_count(&output_details["reasoning_tokens"]);
    // xAI reports reasoning tokens separately from the completion, which the total shows. Example: 10 prompt, 5
    // completion, 90 reasoning and 105 total tokens are 95 output tokens; 10, 95, 90 and 105 are 95 output tokens too.
    let is_separate = match (input, output, reasoning, token_count(&usage["total_tokens"])) {
        (Some(input), Some(output), Some(reasoning), Some(total)) => input + output + reasoning == total,
        _ => false,
    };
    Usage {
        input,
        cache_read: token_count(&input_details["cached_tokens"])
            .or_else(|| token_count(&usage["prompt_cache_hit_tokens"])),
        cache_write: token_count(first_non_null(input_details, ["cache_write_tokens", "cache_creation_tokens"])),
        output: if is_separate { sum_known(&[output, reasoning]) } else { output },
        reasoning,
        is_estimated: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reasoning_reported_separately_is_added_to_the_output() {
        let details = json!({"reasoning_tokens": 90});
        let separate = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 105, "completion_tokens_details": details});
        assert_eq!(usage(&separate), Usage::new().input(10).output(95).reasoning(90));
        let included = json!({"prompt_tokens": 10, "completion_tokens": 95, "total_tokens": 105, "completion_tokens_details": details});
        assert_eq!(usage(&included), Usage::new().input(10).output(95).reasoning(90));
    }

    #[test]
    fn a_missing_or_invalid_count_is_none_and_not_zero() {
        assert_eq!(usage(&Value::Null), Usage::new());
        assert_eq!(usage(&json!({"prompt_tokens": -3, "completion_tokens": u64::MAX})), Usage::new());
        assert_eq!(usage(&json!({"prompt_tokens": 0})), Usage::new().input(0));
    }

    #[test]
    fn cached_tokens_of_deepseek_and_openrouter_are_read() {
        let deepseek = json!({"prompt_tokens": 50, "prompt_cache_hit_tokens": 20, "prompt_cache_miss_tokens": 30});
        assert_eq!(usage(&deepseek), Usage::new().input(50).cache_read(20));
        let openrouter =
            json!({"prompt_tokens": 50, "prompt_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 9}});
        assert_eq!(usage(&openrouter), Usage::new().input(50).cache_read(20).cache_write(9));
    }
}
