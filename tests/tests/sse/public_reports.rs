//! Answers after public bug reports, with the values that are right. `public_reports/README.md` describes the files.

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::Role;
use llmobs::Usage;
use llmobs::assert_books;
use llmobs::sse::DeltaKind;
use llmobs::sse::Dialect;
use llmobs::sse::observe;
use llmobs::sse::parse_response;
use llmobs::testing::Readings;
use serde_json::Value;
use serde_json::json;

use crate::capturing_backend::CapturingBackend;
use crate::providers::choice_0_deltas;
use crate::providers::summarize;

macro_rules! report {
    ($name:literal) => {
        include_bytes!(concat!("public_reports/", $name)).as_slice()
    };
}

/// Returns the last usage that a stream reports.
fn usage(dialect: Dialect, bytes: &[u8]) -> Usage {
    summarize(dialect, bytes).0.usage.unwrap()
}

fn deltas(dialect: Dialect, bytes: &[u8]) -> Vec<(u32, DeltaKind)> {
    summarize(dialect, bytes).0.deltas
}

fn finish_reasons(dialect: Dialect, bytes: &[u8]) -> Vec<(u32, FinishReason)> {
    summarize(dialect, bytes).0.finish_reasons
}

/// Returns the parts of the one message that is captured from a stream.
fn captured_parts(dialect: Dialect, bytes: &[u8]) -> Value {
    let backend = CapturingBackend::new();
    let observer = backend.observer();
    let mut messages = backend.capture_stream(observer.chat("m").start(), dialect, [bytes]).unwrap();
    assert_eq!(messages.as_array().unwrap().len(), 1, "{messages}");
    messages[0]["parts"].take()
}

/// Returns the number of operations that ended with an outcome and an error type, of the one that reads this stream.
fn ended(dialect: Dialect, bytes: &[u8], outcome: &str, error: Option<&str>) -> u64 {
    let observer = Observer::builder().role(Role::Gateway).model("m").build().unwrap();
    let observed = observe(observer.chat("m").start(), dialect, stream::iter([bytes]));
    observed.count().now_or_never().expect("the stream never pends");
    assert_books!(observer);
    let labels = [("llmobs.operation.outcome", outcome)].into_iter().chain(error.map(|error| ("error.type", error)));
    Readings::new(&observer).count("llmobs.operation.ended", &labels.collect::<Vec<_>>())
}

#[test]
fn a_report_with_its_own_input_count_replaces_the_earlier_one() {
    let split = usage(Dialect::Anthropic, report!("anthropic_input_split.sse"));
    assert_eq!(split, Usage::new().input(8_000).cache_read(7_980).cache_write(0).output(40));
    let written = usage(Dialect::Anthropic, report!("anthropic_input_split_write.sse"));
    assert_eq!(written, Usage::new().input(5_000).cache_write(4_800).output(10));
}

#[test]
fn the_compactions_of_the_context_are_billed_and_generated() {
    let bytes = report!("anthropic_compaction.sse");
    let total = usage(Dialect::Anthropic, bytes).partition();
    assert_eq!((total.input(), total.output()), (203_000, 4_500));
    assert_eq!(deltas(Dialect::Anthropic, bytes), choice_0_deltas(&[DeltaKind::Reasoning, DeltaKind::Content]));
    assert_eq!(captured_parts(Dialect::Anthropic, bytes), json!([{"type": "text", "content": "Done."}]));
}

#[test]
fn usage_is_read_in_every_documented_place() {
    let in_choice = usage(Dialect::OpenAi, report!("kimi_usage_in_choice.sse"));
    assert_eq!(in_choice, Usage::new().input(19).output(13));
    let top_level = parse_response(Dialect::OpenAi, report!("kimi_cached_top_level.json")).unwrap();
    assert_eq!(top_level.usage, Some(Usage::new().input(19).cache_read(10).output(21)));
    let ollama = usage(Dialect::Ollama, report!("ollama_cached.ndjson"));
    assert_eq!(ollama, Usage::new().input(1_200).cache_read(1_000).output(7));
    let total = parse_response(Dialect::OpenAi, report!("total_without_details.json")).unwrap();
    assert_eq!(total.usage.unwrap().partition().output(), 996);
}

#[test]
fn a_message_that_repeats_the_stream_is_not_counted_or_captured_again() {
    let text = |text: &str| json!({"type": "text", "content": text});
    let parts = captured_parts(Dialect::OpenAi, report!("minimax_final_message.sse"));
    assert_eq!(parts, json!([text("Hello")]));
    let bytes = report!("minimax_final_message_uncounted.sse");
    assert_eq!(deltas(Dialect::OpenAi, bytes), choice_0_deltas(&[DeltaKind::Reasoning, DeltaKind::Content]));
    assert_eq!(finish_reasons(Dialect::OpenAi, bytes), [(0, FinishReason::Stop)]);
    assert_eq!(
        captured_parts(Dialect::OpenAi, bytes),
        json!([{"type": "reasoning", "content": "Think."}, text("Yes")])
    );
}

#[test]
fn a_call_without_a_name_and_arguments_is_not_captured() {
    let parts = captured_parts(Dialect::OpenAi, report!("empty_function_call.sse"));
    assert_eq!(parts, json!([{"type": "tool_call", "id": "call_1", "name": "f", "arguments": {}}]));
}

#[test]
fn arguments_in_fragments_are_joined() {
    let bytes = report!("gemini_partial_args.sse");
    assert_eq!(
        captured_parts(Dialect::Gemini, bytes),
        json!([{"type": "tool_call", "name": "get_weather", "arguments": {"city": "Neu-Ulm"}}])
    );
    assert_eq!(deltas(Dialect::Gemini, bytes), choice_0_deltas(&[DeltaKind::ToolCall; 3]));
}

#[test]
fn arguments_in_fragments_of_two_choices_are_kept_apart() {
    let call = |choice: u32, call: &str| {
        let part = format!(r#"{{"index":{choice},"content":{{"role":"model","parts":[{{"functionCall":{call}}}]}}}}"#);
        format!("data: {{\"candidates\":[{part}]}}\n\n")
    };
    let city = |text: &str, more: bool| {
        format!(r#"{{"partialArgs":[{{"jsonPath":"$.city","stringValue":"{text}"}}],"willContinue":{more}}}"#)
    };
    let stream = [
        call(0, r#"{"name":"f","willContinue":true}"#),
        call(1, r#"{"name":"g","willContinue":true}"#),
        call(0, &city("Neu", true)),
        call(1, &city("Bad ", true)),
        call(0, &city("-Ulm", false)),
        call(1, &city("Urach", false)),
    ];
    let backend = CapturingBackend::new();
    let observer = backend.observer();
    let messages =
        backend.capture_stream(observer.chat("m").start(), Dialect::Gemini, [stream.concat().as_bytes()]).unwrap();
    let parts = |choice: usize| &messages[choice]["parts"];
    assert_eq!(*parts(0), json!([{"type": "tool_call", "name": "f", "arguments": {"city": "Neu-Ulm"}}]));
    assert_eq!(*parts(1), json!([{"type": "tool_call", "name": "g", "arguments": {"city": "Bad Urach"}}]));
}

#[test]
fn a_call_that_the_client_runs_is_timed_and_ends_the_response() {
    let bytes = report!("responses_apply_patch.sse");
    assert_eq!(deltas(Dialect::OpenAi, bytes), choice_0_deltas(&[DeltaKind::ToolCall; 2]));
    assert_eq!(finish_reasons(Dialect::OpenAi, bytes), [(0, FinishReason::ToolCall)]);
}

#[test]
fn the_documented_finish_reasons_have_a_value_of_the_conventions() {
    for (bytes, expected) in [
        (report!("glm_sensitive.sse"), FinishReason::ContentFilter),
        (report!("glm_network_error.sse"), FinishReason::Error),
        (report!("mistral_model_length.sse"), FinishReason::Length),
    ] {
        assert_eq!(finish_reasons(Dialect::OpenAi, bytes), [(0, expected)]);
    }
    // The service failed.
    assert_eq!(ended(Dialect::OpenAi, report!("glm_network_error.sse"), "failed", Some("upstream")), 1);
    assert_eq!(ended(Dialect::OpenAi, report!("glm_sensitive.sse"), "completed", None), 1);
}

#[test]
fn a_code_is_an_http_status_as_a_number_or_as_text() {
    assert_eq!(ended(Dialect::OpenAi, report!("litellm_code_as_text.sse"), "rejected", Some("rate_limited")), 1);
    for (dialect, body) in
        [(Dialect::OpenAi, report!("azure_code_as_text.json")), (Dialect::Gemini, report!("gemini_wrong_key.json"))]
    {
        assert_eq!(parse_response(dialect, body).unwrap().error, Some(ErrorType::Authentication));
    }
}

#[test]
fn a_stream_that_ends_before_any_content_has_failed() {
    for (dialect, bytes) in [
        (Dialect::OpenAi, b"".as_slice()),
        (Dialect::OpenAi, report!("role_only.sse")),
        (Dialect::Anthropic, report!("message_start_only.sse")),
        (Dialect::OpenAi, report!("web_page.sse")),
        (Dialect::OpenAi, report!("single_newlines.sse")),
    ] {
        assert_eq!(ended(dialect, bytes, "failed", Some("upstream")), 1, "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn a_generated_image_is_content() {
    let bytes = report!("openrouter_image.sse");
    assert_eq!(deltas(Dialect::OpenAi, bytes), choice_0_deltas(&[DeltaKind::Content]));
    assert_eq!(ended(Dialect::OpenAi, bytes, "completed", None), 1);
}

/// The frames of a response with an image of 1.5 MiB, which is above the bound of the decoder.
fn image_response() -> String {
    let item = json!({
        "id": "ig", "type": "image_generation_call", "status": "completed", "result": "A".repeat(1_536 * 1_024),
    });
    let created = json!({"id": "r", "object": "response", "status": "in_progress", "model": "gpt-5", "output": []});
    let completed = json!({
        "id": "r", "object": "response", "status": "completed", "model": "gpt-5", "output": [item],
        "usage": {"input_tokens": 40, "output_tokens": 300, "total_tokens": 340},
    });
    let events = [
        json!({"type": "response.created", "response": created}),
        json!({"type": "response.output_text.delta", "output_index": 0, "delta": "Here it is."}),
        json!({"type": "response.output_item.done", "output_index": 1, "item": item}),
        json!({"type": "response.completed", "response": completed}),
    ];
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())).collect()
}

#[test]
fn a_frame_above_the_bound_does_not_fail_the_response() {
    let response = image_response();
    let bytes = response.as_bytes();
    assert_eq!(ended(Dialect::OpenAi, bytes, "completed", None), 1);
    assert_eq!(usage(Dialect::OpenAi, bytes), Usage::new().input(40).output(300));
    assert_eq!(captured_parts(Dialect::OpenAi, bytes), json!([{"type": "text", "content": "Here it is."}]));
    let (_, decoder) = summarize(Dialect::OpenAi, bytes);
    assert_eq!((decoder.skipped_frames(), decoder.malformed_frames(), decoder.frame_count()), (2, 0, 4));
}

#[test]
fn a_frame_that_cannot_be_shortened_leaves_the_end_unknown() {
    let fields: String = (0..100_000).map(|index| format!("\"field_{index}\":null,")).collect();
    let answer = format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":\"Hi\"}}}}]}}\n\ndata: {{{fields}\"choices\":[{{\"finish_reason\":\"stop\"}}]}}\n\n"
    );
    assert_eq!(ended(Dialect::OpenAi, answer.as_bytes(), "completed", None), 1);
    let (_, decoder) = summarize(Dialect::OpenAi, answer.as_bytes());
    assert_eq!((decoder.skipped_frames(), decoder.frame_count()), (1, 2));
}
