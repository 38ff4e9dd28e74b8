//! The numbers of an answer that only its price depends on: cache writes for an hour, web searches and the cost that the
//! provider reports.

use llmobs::Usage;
use llmobs::sse::Dialect;
use llmobs::sse::parse_response;

use crate::providers::summarize;

/// Returns the last usage of a stream with these data frames.
fn usage(dialect: Dialect, frames: &[&str]) -> Usage {
    let text: String = frames.iter().map(|frame| format!("data: {frame}\n\n")).collect();
    summarize(dialect, text.as_bytes()).0.usage.expect("the stream reports usage")
}

/// Returns the usage of an answer that is not streamed.
fn usage_of_body(dialect: Dialect, body: &str) -> Usage {
    parse_response(dialect, body.as_bytes()).and_then(|answer| answer.usage).expect("the answer reports usage")
}

/// Returns a frame of OpenAI's format with these fields of the usage.
fn openai(fields: &str) -> String {
    format!(
        r#"{{"object":"chat.completion.chunk","choices":[],"usage":{{"prompt_tokens":10,"completion_tokens":2,{fields}}}}}"#
    )
}

/// The usage of such a frame without the fields.
fn plain() -> Usage {
    Usage::new().input(10).output(2)
}

#[test]
fn anthropic_reports_cache_writes_for_an_hour_and_web_searches() {
    let start = r#"{"type":"message_start","message":{"usage":{"input_tokens":5,"cache_creation_input_tokens":30,
        "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20}}}}"#
        .replace('\n', "");
    let delta = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7,
        "server_tool_use":{"web_search_requests":3}}}"#
        .replace('\n', "");
    let expected = Usage::new().input(35).cache_write(30).cache_write_1h(20).output(7).web_searches(3);
    assert_eq!(usage(Dialect::Anthropic, &[&start, &delta]), expected.cache_read(None::<u64>));

    let body = r#"{"type":"message","usage":{"input_tokens":5,"output_tokens":7,
        "cache_creation":{"ephemeral_1h_input_tokens":20},"server_tool_use":{"web_search_requests":3}}}"#;
    let expected = Usage::new().input(25).cache_write(20).cache_write_1h(20).output(7).web_searches(3);
    assert_eq!(usage_of_body(Dialect::Anthropic, body), expected);
}

#[test]
fn a_compaction_has_cache_writes_for_an_hour_too() {
    let body = r#"{"type":"message","usage":{"input_tokens":5,"output_tokens":7,"cache_creation_input_tokens":20,
        "cache_creation":{"ephemeral_1h_input_tokens":20},"iterations":[{"type":"compaction","input_tokens":1,
        "output_tokens":2,"cache_creation_input_tokens":9,"cache_creation":{"ephemeral_1h_input_tokens":4}}]}}"#;
    let expected = Usage::new().input(35).cache_write(29).cache_write_1h(24).output(9);
    assert_eq!(usage_of_body(Dialect::Anthropic, body), expected);
}

#[test]
fn the_cost_of_openrouter_is_the_fee_if_the_caller_has_its_own_key() {
    for (fields, nanos) in [
        (r#""cost":0.00014,"cost_details":{"upstream_inference_cost":0.00014}"#, 140_000),
        (r#""cost":0.00014,"is_byok":false,"cost_details":{"upstream_inference_cost":0.00014}"#, 140_000),
        (r#""cost":0.000195,"is_byok":true,"cost_details":{"upstream_inference_cost":0.0039}"#, 4_095_000),
        (r#""cost":0.000195,"is_byok":true,"cost_details":{"upstream_inference_cost":null}"#, 195_000),
        (r#""is_byok":true,"cost_details":{"upstream_inference_cost":0.0039}"#, 3_900_000),
        (r#""cost":0,"is_byok":true,"cost_details":{"upstream_inference_cost":0.0039}"#, 3_900_000),
        (r#""cost":-0.5"#, -500_000_000),
    ] {
        let expected = plain().reported_cost_usd(f64::from(nanos) / 1e9);
        assert_eq!(usage(Dialect::OpenAi, &[&openai(fields)]), expected, "{fields}");
    }
    assert_eq!(usage(Dialect::OpenAi, &[&openai(r#""cost":null,"is_byok":true"#)]), plain());
    assert_eq!(usage(Dialect::OpenAi, &[&openai(r#""cost":"0.1""#)]), plain(), "a text is not a cost");
    let last = [openai(r#""cost":0.1"#), openai(r#""cost":0.2"#)];
    assert_eq!(usage(Dialect::OpenAi, &[&last[0], &last[1]]), plain().reported_cost_usd(0.2), "the last report counts");
}

#[test]
fn perplexity_reports_the_total_of_a_cost_and_its_searches() {
    let fields = r#""num_search_queries":3,"cost":{"input_tokens_cost":0.001,"request_cost":0.032,"total_cost":0.063}"#;
    let expected = plain().web_searches(3).reported_cost_usd(0.063);
    assert_eq!(usage(Dialect::OpenAi, &[&openai(fields)]), expected);
    assert_eq!(usage_of_body(Dialect::OpenAi, &openai(fields)), expected);
    let without_total = r#""cost":{"input_tokens_cost":0.001}"#;
    assert_eq!(usage(Dialect::OpenAi, &[&openai(without_total)]), plain());
}

#[test]
fn xai_reports_its_cost_in_ticks_of_a_tenth_of_a_nano_dollar() {
    for (ticks, nanos) in [(1_918_250, 191_825), (14, 1), (15, 2), (-15, -1)] {
        let expected = plain().reported_cost_usd(f64::from(nanos) / 1e9);
        assert_eq!(usage(Dialect::OpenAi, &[&openai(&format!(r#""cost_in_usd_ticks":{ticks}"#))]), expected, "{ticks}");
    }
}

#[test]
fn web_searches_are_read_under_the_names_of_each_server() {
    for fields in [
        r#""server_tool_use":{"web_search_requests":2}"#,
        r#""server_tool_use_details":{"tool_calls_executed":9,"web_search_requests":2}"#,
        r#""server_side_tool_usage_details":{"web_search_calls":2}"#,
        r#""prompt_tokens_details":{"web_search_requests":2}"#,
        r#""tool_calls_details":{"search_web":{"invocation":2}}"#,
    ] {
        assert_eq!(usage(Dialect::OpenAi, &[&openai(fields)]), plain().web_searches(2), "{fields}");
    }
    let fields = r#""prompt_tokens_details":{"cache_creation_tokens":8,"cache_creation_token_details":{"ephemeral_1h_input_tokens":6}}"#;
    assert_eq!(usage(Dialect::OpenAi, &[&openai(fields)]), plain().cache_write(8).cache_write_1h(6));
}

#[test]
fn searches_of_openai_responses_are_counted_and_the_pages_that_they_open_are_not() {
    let response = r#"{"object":"response","status":"completed","output":[
        {"type":"web_search_call","id":"ws_1","action":{"type":"search","query":"tide"}},
        {"type":"web_search_call","id":"ws_2","action":{"type":"open_page","url":"https://tide.example"}},
        {"type":"web_search_call","id":"ws_3"},
        {"type":"file_search_call","id":"fs_1","queries":["tide"]},
        {"type":"message","content":[{"type":"output_text","text":"High noon."}]}],
        "usage":{"input_tokens":10,"output_tokens":2}}"#
        .replace('\n', "");
    let expected = plain().web_searches(2);
    assert_eq!(usage_of_body(Dialect::OpenAi, &response), expected);
    let event = format!(r#"{{"type":"response.completed","response":{response}}}"#);
    assert_eq!(usage(Dialect::OpenAi, &[&event]), expected);
}
