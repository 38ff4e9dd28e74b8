//! The messages of answers that were not streamed.

use llmobs::capture::ContentCapture;
use llmobs::capture::Gate;
use llmobs::sse::Dialect;
use llmobs::sse::output;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::captured::Backend;
use crate::captured::check;
use crate::fuzzed::DIALECTS;
use crate::transcripts;
use crate::transcripts::ALL;
use crate::words::expected;

/// Returns the exported messages of a response body.
fn messages(dialect: Dialect, body: &[u8]) -> Value {
    let gate = Gate::builder().capture(ContentCapture::Events).build();
    let passed = gate.passage().output(&output(dialect, body));
    let messages = passed.and_then(|passed| passed.for_event().cloned()).unwrap_or(json!([]));
    check("gen-ai-output-messages", &messages);
    messages
}

/// Returns the answers of some transcripts in the form without streaming.
fn whole() -> Vec<(&'static str, Dialect, Value)> {
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
fn a_whole_answer_has_the_messages_of_its_stream() {
    for (name, dialect, body) in whole() {
        let found = messages(dialect, body.to_string().as_bytes());
        if name != "openai_calls_only" {
            assert_eq!(found, expected(name), "{name}");
            continue;
        }
        let call = |id: &str, city: &str| json!({"type": "tool_call", "id": id, "name": "weather", "arguments": {"city": city}});
        let calls = json!([call("a", "Ulm"), call("b", "Köln")]);
        assert_eq!(found, json!([{"role": "assistant", "parts": calls, "finish_reason": "tool_call"}]));
    }
}

#[test]
fn a_whole_answer_that_came_where_a_stream_was_asked_for_is_captured_too() {
    let backend = Backend::new();
    let observer = backend.observer();
    for (name, dialect, body) in whole() {
        let body = body.to_string();
        let captured = backend.captured(observer.chat("m").start(), dialect, body.as_bytes().chunks(13));
        assert_eq!(captured, Some(messages(dialect, body.as_bytes())), "{name}");
    }
}

#[test]
fn an_array_of_gemini_is_one_answer() {
    assert_eq!(messages(Dialect::Gemini, transcripts::gemini_array), expected("gemini_array"));
}

#[test]
fn what_has_no_messages_has_none() {
    for body in ["", "{", "[]", "3", "{}", "<html>", r#"{"error":{"message":"slow down"}}"#, r#"{"choices":3}"#] {
        for dialect in DIALECTS {
            assert!(output(dialect, body.as_bytes()).is_empty(), "{body}");
        }
    }
}

#[test]
fn a_choice_that_was_filtered_away_has_its_reason() {
    let body = br#"{"choices":[{"index":0,"message":{"content":null},"finish_reason":"content_filter"}]}"#;
    let expected = json!([{"role": "assistant", "parts": [], "finish_reason": "content_filter"}]);
    assert_eq!(messages(Dialect::OpenAi, body), expected);
}

proptest! {
    #[test]
    fn whatever_comes_is_read_without_a_panic(
        garbage in prop::collection::vec(any::<u8>(), 0..600), dialect in prop::sample::select(&DIALECTS),
        (at, byte) in (any::<prop::sample::Index>(), any::<u8>()), which in any::<prop::sample::Index>(),
    ) {
        let _ = output(dialect, &garbage);
        let bodies = whole();
        let (_, dialect, body) = &bodies[which.index(bodies.len())];
        let mut bytes = body.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        messages(*dialect, &bytes);
        // The body of a stream is not a response body; decoding it must not panic.
        let (_, dialect, stream) = ALL[which.index(ALL.len())];
        let _ = output(dialect, stream);
    }
}
