//! The messages of answers that were not streamed.

use llmobs::capture::ContentCapture;
use llmobs::capture::Gate;
use llmobs::sse::Dialect;
use llmobs::sse::parse_output;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::capturing_backend::CapturingBackend;
use crate::capturing_backend::assert_valid;
use crate::content_capture::expected_messages;
use crate::transcripts;
use crate::transcripts::ALL;
use llmobs_tests::fuzz::sse::DIALECTS;

/// Returns the exported messages of a response body.
fn exported_messages(dialect: Dialect, body: &[u8]) -> Value {
    let gate = Gate::builder().capture(ContentCapture::Events).build();
    let gated = gate.pass().output(&parse_output(dialect, body));
    let messages = gated.and_then(|gated| gated.for_event().cloned()).unwrap_or(json!([]));
    assert_valid("gen-ai-output-messages", &messages);
    messages
}

/// Returns the answers of some transcripts in the form without streaming.
fn complete_answers() -> Vec<(&'static str, Dialect, Value)> {
    let weather = |id: &str, city: &str| {
        let arguments = json!({"city": city}).to_string();
        json!({"id": id, "type": "function", "function": {"name": "weather", "arguments": arguments}})
    };
    let responses = |bytes: &[u8]| {
        let last = std::str::from_utf8(bytes).unwrap().lines().rfind(|line| line.starts_with("data: ")).unwrap();
        serde_json::from_str::<Value>(&last[6..]).unwrap()["response"].take()
    };
    let ulm = || json!({"city": "Ulm"});
    vec![
        (
            "anthropic",
            Dialect::Anthropic,
            json!({"id": "msg_1", "type": "message", "stop_reason": "tool_use", "content": [
                {"type": "thinking", "thinking": "Let me see", "signature": "EqQBCgIYAhIM"},
                {"type": "text", "text": "Gern — 好"},
                {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": ulm()},
            ]}),
        ),
        (
            "gemini",
            Dialect::Gemini,
            json!({"candidates": [{"finishReason": "STOP", "content": {"role": "model", "parts": [
                {"text": "**Planning**", "thought": true},
                {"text": "Ein längerer Satz, 長い文。"},
                {"functionCall": {"name": "get_weather", "args": ulm()}},
            ]}}]}),
        ),
        (
            "ollama_chat",
            Dialect::Ollama,
            json!({"done": true, "done_reason": "stop", "message": {"content": "Hallo 🦀", "thinking": "Okay",
                "tool_calls": [{"function": {"name": "get_weather", "arguments": ulm()}}]}}),
        ),
        (
            "openai_chat",
            Dialect::OpenAi,
            json!({"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "Grüß Gott, 世界 🦀"}}]}),
        ),
        (
            "openai_completions",
            Dialect::OpenAi,
            json!({"choices": [{"index": 0, "finish_reason": "length", "text": "Once upon"}]}),
        ),
        (
            "openai_reasoning_and_tools",
            Dialect::OpenAi,
            json!({"choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
                "content": null, "reasoning_content": "The user wants", "tool_calls": [{"id": "call_1",
                    "function": {"name": "get_weather", "arguments": "{\"city\": \"Ulm\"}"}}],
            }}]}),
        ),
        (
            "openai_two_choices",
            Dialect::OpenAi,
            json!({"choices": [
                {"index": 1, "finish_reason": "length", "message": {"content": "Bb"}},
                {"index": 0, "finish_reason": "stop", "message": {"content": "Aa"}},
            ]}),
        ),
        ("openai_responses", Dialect::OpenAi, {
            let mut response = responses(transcripts::openai_responses);
            // The last event of that transcript does not contain the summary.
            response["output"][0]["summary"] = json!([{"type": "summary_text", "text": "Weighing"}]);
            response
        }),
        ("openai_responses_tools", Dialect::OpenAi, responses(transcripts::openai_responses_tools)),
        (
            "anthropic_parallel_tools",
            Dialect::Anthropic,
            json!({"type": "message", "stop_reason": "tool_use", "content": [
                {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "Ulm"}},
                {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"title": "Ulm"}]},
                {"type": "text", "text": "Now "},
                {"type": "text", "text": "both."},
                {"type": "tool_use", "id": "toolu_a", "name": "weather", "input": ulm()},
                {"type": "tool_use", "id": "toolu_b", "name": "weather", "input": {"city": "Köln"}},
            ]}),
        ),
        (
            "openai_calls_only",
            Dialect::OpenAi,
            json!({"choices": [{"index": 0, "finish_reason": "tool_calls",
                "message": {"content": "", "tool_calls": [weather("a", "Ulm"), weather("b", "Köln")]}}]}),
        ),
    ]
}

#[test]
fn a_complete_answer_has_the_messages_of_its_stream() {
    for (name, dialect, body) in complete_answers() {
        let messages = exported_messages(dialect, body.to_string().as_bytes());
        if name != "openai_calls_only" {
            assert_eq!(messages, expected_messages(name), "{name}");
            continue;
        }
        let call = |id: &str, city: &str| json!({"type": "tool_call", "id": id, "name": "weather", "arguments": {"city": city}});
        let calls = json!([call("a", "Ulm"), call("b", "Köln")]);
        assert_eq!(messages, json!([{"role": "assistant", "parts": calls, "finish_reason": "tool_call"}]));
    }
}

#[test]
fn a_complete_answer_to_a_streamed_request_is_captured_too() {
    let backend = CapturingBackend::new();
    let observer = backend.observer();
    for (name, dialect, body) in complete_answers() {
        let body = body.to_string();
        let captured = backend.capture_stream(observer.chat("m").start(), dialect, body.as_bytes().chunks(13));
        assert_eq!(captured, Some(exported_messages(dialect, body.as_bytes())), "{name}");
    }
}

#[test]
fn a_gemini_array_is_one_answer() {
    assert_eq!(exported_messages(Dialect::Gemini, transcripts::gemini_array), expected_messages("gemini_array"));
}

#[test]
fn a_body_without_messages_gives_none() {
    for body in ["", "{", "[]", "3", "{}", "<html>", r#"{"error":{"message":"slow down"}}"#, r#"{"choices":3}"#] {
        for dialect in DIALECTS {
            assert!(parse_output(dialect, body.as_bytes()).is_empty(), "{body}");
        }
    }
}

#[test]
fn a_filtered_choice_has_its_finish_reason() {
    let body = br#"{"choices":[{"index":0,"message":{"content":null},"finish_reason":"content_filter"}]}"#;
    let expected = json!([{"role": "assistant", "parts": [], "finish_reason": "content_filter"}]);
    assert_eq!(exported_messages(Dialect::OpenAi, body), expected);
}

proptest! {
    #[test]
    fn any_body_is_decoded_without_a_panic(
        garbage in prop::collection::vec(any::<u8>(), 0..600), dialect in prop::sample::select(&DIALECTS),
        (at, byte) in (any::<prop::sample::Index>(), any::<u8>()), selected in any::<prop::sample::Index>(),
    ) {
        let _ = parse_output(dialect, &garbage);
        let bodies = complete_answers();
        let (_, dialect, body) = &bodies[selected.index(bodies.len())];
        let mut bytes = body.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        exported_messages(*dialect, &bytes);
        // The body of a stream is not a response body; decoding it must not panic.
        let (_, dialect, stream) = ALL[selected.index(ALL.len())];
        let _ = parse_output(dialect, stream);
    }
}
