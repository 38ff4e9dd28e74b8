//! Captured content of an answer: the same messages for any split of the bytes, and nothing where capture is off.

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Observer;
use llmobs::capture::ContentBudget;
use llmobs::capture::ContentCapture;
use llmobs::capture::Gate;
use llmobs::sse::Decoder;
use llmobs::sse::Dialect;
use llmobs::sse::Event;
use llmobs::sse::observe;
use llmobs::sse::observe_with;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::capturing_backend::CapturingBackend;
use crate::capturing_backend::assert_valid;
use crate::transcripts::ALL;

/// Returns the expected messages of each transcript.
pub fn expected_messages(name: &str) -> Value {
    let text = |text: &str| json!({"type": "text", "content": text});
    let thought = |text: &str| json!({"type": "reasoning", "content": text});
    let call = |id: &str, name: &str, arguments: Value| json!({"type": "tool_call", "id": id, "name": name, "arguments": arguments});
    let ulm = || json!({"city": "Ulm"});
    let weather = || json!({"type": "tool_call", "name": "get_weather", "arguments": {"city": "Ulm"}});
    let (parts, reason) = match name {
        "anthropic" => {
            let parts = json!([thought("Let me see"), text("Gern — 好"), call("toolu_1", "get_weather", ulm())]);
            (parts, "tool_call")
        }
        "anthropic_error" => (json!([text("I")]), "error"),
        "anthropic_parallel_tools" => {
            let search = call("srvtoolu_1", "web_search", json!({"query": "Ulm"}));
            let cologne = call("toolu_b", "weather", json!({"city": "Köln"}));
            (json!([search, text("Now both."), call("toolu_a", "weather", ulm()), cologne]), "tool_call")
        }
        "gemini" => (json!([thought("**Planning**"), text("Ein längerer Satz, 長い文。"), weather()]), "stop"),
        "gemini_array" => (json!([text("A brace } and a \"quote\\\" {")]), "length"),
        "ollama_chat" => (json!([thought("Okay"), text("Hallo 🦀"), weather()]), "stop"),
        "ollama_error" => (json!([text("Once")]), "error"),
        "openai_chat" => (json!([text("Grüß Gott, 世界 🦀")]), "stop"),
        "openai_completions" => (json!([text("Once upon")]), "length"),
        "openai_parallel_tools" => {
            let cologne = call("call_b", "weather", json!({"city": "Köln"}));
            let zone = call("call_c", "time", json!({"zone": "Europe/Berlin"}));
            let refused = json!([text("I will "), zone, text("not.")]);
            return json!([
                {"role": "assistant", "parts": [text("Both: "), call("call_a", "weather", ulm()), cologne],
                    "finish_reason": "tool_call"},
                {"role": "assistant", "parts": refused, "finish_reason": "tool_call"},
            ]);
        }
        "openai_reasoning_and_tools" => {
            (json!([thought("The user wants"), call("call_1", "get_weather", ulm())]), "tool_call")
        }
        "openai_responses" => (json!([thought("Weighing"), text("Let me look."), weather()]), "tool_call"),
        "openai_responses_tools" => {
            let cologne = call("call_b", "weather", json!({"city": "Köln"}));
            let search = call("ws_1", "web_search", json!({"type": "search", "query": "Ulm"}));
            let sql = call("call_c", "sql", json!("SELECT 1"));
            (json!([call("call_a", "weather", ulm()), cologne, sql, search, text("Looking.")]), "tool_call")
        }
        "openai_two_choices" => {
            return json!([
                {"role": "assistant", "parts": [text("Aa")], "finish_reason": "stop"},
                {"role": "assistant", "parts": [text("Bb")], "finish_reason": "length"},
            ]);
        }
        other => panic!("no expected messages for `{other}`"),
    };
    json!([{"role": "assistant", "parts": parts, "finish_reason": reason}])
}

#[test]
fn every_transcript_is_captured_as_its_messages_which_are_valid() {
    let backend = CapturingBackend::new();
    let observer = backend.observer();
    for (name, dialect, bytes) in ALL {
        let messages = backend.capture_stream(observer.chat("m").start(), *dialect, [*bytes]).unwrap();
        assert_eq!(messages, expected_messages(name), "{name}");
        assert_valid("gen-ai-output-messages", &messages);
    }
}

#[test]
fn an_answer_split_at_any_byte_is_captured_as_the_same_messages() {
    let backend = CapturingBackend::new();
    let observer = backend.observer();
    for (name, dialect, bytes) in ALL {
        for at in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(at);
            let messages = backend.capture_stream(observer.chat("m").start(), *dialect, [head, tail]);
            assert_eq!(messages, Some(expected_messages(name)), "{name}, split at {at}");
        }
    }
}

#[test]
fn an_answer_in_single_bytes_is_captured_as_the_same_messages() {
    let backend = CapturingBackend::new();
    let observer = backend.observer();
    for (name, dialect, bytes) in ALL {
        let messages = backend.capture_stream(observer.chat("m").start(), *dialect, bytes.chunks(1));
        assert_eq!(messages, Some(expected_messages(name)), "{name}");
    }
}

/// Returns frames that split a text into deltas at the given positions.
fn delta_frames(text: &str, split_points: &[prop::sample::Index]) -> Vec<u8> {
    let mut ends: Vec<usize> =
        split_points.iter().map(|point| text.floor_char_boundary(point.index(text.len() + 1))).collect();
    ends.extend([0, text.len()]);
    ends.sort_unstable();
    let frames = ends.windows(2).map(|pair| {
        let delta = json!({"choices": [{"index": 0, "delta": {"content": text[pair[0]..pair[1]]}}]});
        format!("data: {delta}\n\n")
    });
    // The finish reason ends the answer; the last word of an incomplete answer may be dropped.
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    (frames.collect::<String>() + &format!("data: {end}\n\n")).into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_captured_content_depends_neither_on_the_network_chunks_nor_on_the_deltas(
        lead in "[a-zäß世🦀 \\\\\"{}]{0,30}", tail in "[a-zäß世🦀 \\\\\"{}]{0,30}",
        deltas_at in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        split_points in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let backend = CapturingBackend::new();
        let bytes = delta_frames(&format!("{lead} jane.doe@example.org {tail}"), &deltas_at);
        let mut ends: Vec<usize> =
            split_points.iter().map(|point| point.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
        ends.sort_unstable();
        let chunks = ends.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        let messages = backend.capture_stream(backend.observer().chat("m").start(), Dialect::OpenAi, chunks).unwrap();
        let content = messages[0]["parts"][0]["content"].as_str().unwrap();
        prop_assert_eq!(content, format!("{lead} [EMAIL] {tail}"));
        prop_assert_eq!(messages[0]["parts"].as_array().unwrap().len(), 1);
    }
}

/// Returns an OpenAI chat frame with one delta.
fn delta_frame(choice: u32, delta: &Value) -> String {
    format!("data: {}\n\n", json!({"choices": [{"index": choice, "delta": delta}]}))
}

/// Returns the parts of the first choice.
fn first_choice_parts(dialect: Dialect, frames: &[String]) -> Value {
    let backend = CapturingBackend::new();
    let answer = frames.concat();
    let mut messages =
        backend.capture_stream(backend.observer().chat("m").start(), dialect, [answer.as_bytes()]).unwrap();
    assert_valid("gen-ai-output-messages", &messages);
    messages[0]["parts"].take()
}

fn tool_call_part(id: Option<&str>, name: &str, arguments: &Value) -> Value {
    let mut call = json!({"type": "tool_call", "name": name});
    if let Some(id) = id {
        call["id"] = id.into();
    }
    if !arguments.is_null() {
        call["arguments"] = arguments.clone();
    }
    call
}

#[test]
fn parallel_calls_are_distinguished_however_the_server_numbers_them() {
    let complete_call = |index: Value, id: Value, name: &str, arguments: &str| json!({"index": index, "id": id, "function": {"name": name, "arguments": arguments}});
    let (first_arguments, other_arguments) = (json!({"n": 1}), json!({"n": 2}));
    let null = || Value::Null;
    // The same index for both calls; no indexes; neither indexes nor ids; different indexes without ids.
    for (indexes, ids) in [
        ([json!(0), json!(0)], [json!("a"), json!("b")]),
        ([null(), null()], [json!("a"), json!("b")]),
        ([null(), null()], [null(), null()]),
        ([json!(0), json!(1)], [null(), null()]),
    ] {
        let [id, other_id] = ids;
        let [index, other_index] = indexes;
        let calls = [
            complete_call(index, id.clone(), "f", "{\"n\":1}"),
            complete_call(other_index, other_id.clone(), "f", "{\"n\":2}"),
        ];
        let expected = json!([
            tool_call_part(id.as_str(), "f", &first_arguments),
            tool_call_part(other_id.as_str(), "f", &other_arguments)
        ]);
        let in_two = calls.clone().map(|call| delta_frame(0, &json!({"tool_calls": [call]})));
        assert_eq!(first_choice_parts(Dialect::OpenAi, &in_two), expected, "{calls:?}");
        assert_eq!(
            first_choice_parts(Dialect::OpenAi, &[delta_frame(0, &json!({"tool_calls": calls}))]),
            expected,
            "{calls:?}"
        );
    }
}

#[test]
fn a_fragment_with_another_id_and_no_name_continues_the_call() {
    let fragment = |id: &str, function: Value| {
        delta_frame(0, &json!({"tool_calls": [{"index": 0, "id": id, "function": function}]}))
    };
    let frames = [
        fragment("x1", json!({"name": "f"})),
        fragment("x2", json!({"arguments": "{\"n\""})),
        fragment("x3", json!({"arguments": ":1}"})),
    ];
    assert_eq!(
        first_choice_parts(Dialect::OpenAi, &frames),
        json!([tool_call_part(Some("x1"), "f", &json!({"n": 1}))])
    );
}

#[test]
fn the_field_names_of_each_server_are_decoded() {
    let text = |text: &str| json!([{"type": "text", "content": text}]);
    for (frame, expected) in [
        (json!({"content": [{"type": "text", "text": "Hi"}]}), text("Hi")),
        (json!({"refusal": "No."}), text("No.")),
        (json!({"audio": {"id": "a", "data": "AAAA", "transcript": "Hi"}}), text("Hi")),
        (
            json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]}),
            json!([{"type": "reasoning", "content": "Hm"}]),
        ),
        (
            json!({"reasoning": "Hm", "reasoning_details": [{"type": "reasoning.text", "text": "Hm"}]}),
            json!([{"type": "reasoning", "content": "Hm"}]),
        ),
        (
            json!({"reasoning_details": [{"type": "reasoning.summary", "summary": "Hm"}]}),
            json!([{"type": "reasoning", "content": "Hm"}]),
        ),
        (json!({"function_call": {"name": "f", "arguments": "{}"}}), json!([tool_call_part(None, "f", &json!({}))])),
        (
            json!({"tool_calls": [{"index": 0, "id": "a", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}]}),
            json!([tool_call_part(Some("a"), "sql", &json!("SELECT 1"))]),
        ),
        (
            json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{\"n\":"}}]}),
            json!([tool_call_part(Some("a"), "f", &json!("{\"n\":"))]),
        ),
    ] {
        assert_eq!(first_choice_parts(Dialect::OpenAi, &[delta_frame(0, &frame)]), expected, "{frame}");
    }
}

#[test]
fn complete_calls_are_separate_calls() {
    let call = |city: &str| json!({"functionCall": {"name": "weather", "args": {"city": city}}});
    let answer = |parts: Value| format!("data: {}\n\n", json!({"candidates": [{"content": {"parts": parts}}]}));
    let code = json!({"executableCode": {"language": "PYTHON", "code": "print(1)"}});
    let gemini = [answer(json!([call("Ulm"), call("Ulm")])), answer(json!([call("Bonn"), code]))];
    let expected = json!([
        tool_call_part(None, "weather", &json!({"city": "Ulm"})),
        tool_call_part(None, "weather", &json!({"city": "Ulm"})),
        tool_call_part(None, "weather", &json!({"city": "Bonn"})),
        tool_call_part(None, "code_execution", &json!({"language": "PYTHON", "code": "print(1)"})),
    ]);
    assert_eq!(first_choice_parts(Dialect::Gemini, &gemini), expected);

    let call = |city: &str| json!({"function": {"name": "weather", "arguments": {"city": city}}});
    let ollama = [format!("{}\n", json!({"message": {"tool_calls": [call("Ulm"), call("Ulm")]}}))];
    assert_eq!(first_choice_parts(Dialect::Ollama, &ollama), json!([expected[0], expected[1]]));
}

#[test]
fn a_response_without_deltas_is_captured_from_its_items_and_one_without_items_from_its_end() {
    let item =
        json!({"type": "mcp_call", "id": "mcp_1", "name": "ask", "server_label": "wiki", "arguments": "{\"q\":1}"});
    let text = json!({"type": "message", "content": [{"type": "output_text", "text": "Hi"}]});
    let thought = json!({"type": "reasoning", "summary": [{"text": "H"}, {"text": "m"}]});
    let done = format!("data: {}\n\n", json!({"type": "response.output_item.done", "output_index": 0, "item": item}));
    let response = json!({"object": "response", "status": "completed", "output": [item, thought, text]});
    let end = format!("data: {}\n\n", json!({"type": "response.completed", "response": response}));
    let call = tool_call_part(Some("mcp_1"), "ask", &json!({"q": 1}));
    assert_eq!(first_choice_parts(Dialect::OpenAi, &[done]), json!([call]));
    let all = json!([call, {"type": "reasoning", "content": "Hm"}, {"type": "text", "content": "Hi"}]);
    assert_eq!(first_choice_parts(Dialect::OpenAi, &[end]), all);
    assert_eq!(first_choice_parts(Dialect::OpenAi, &[response.to_string()]), all);
}

#[test]
fn a_dropped_stream_keeps_the_content_captured_so_far() {
    let backend = CapturingBackend::new();
    let observer = backend.observer();
    let pending = stream::poll_fn(|_| std::task::Poll::Pending);
    let items = stream::iter([delta_frame(0, &json!({"content": "Half of "}))]).chain(pending);
    let mut observed = observe(observer.chat("m").start(), Dialect::OpenAi, items);
    assert!(observed.next().now_or_never().is_some());
    drop(observed);
    let expected = json!([{"role": "assistant", "parts": [{"type": "text", "content": "Half of "}], "finish_reason": "cancelled"}]);
    assert_eq!(backend.output(), Some(expected));
}

#[test]
fn a_truncated_choice_does_not_have_the_finish_reason_of_another() {
    let backend = CapturingBackend::new();
    let observer = backend.observer();
    let end = "data: {\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n".to_owned();
    let answer = [delta_frame(0, &json!({"content": "a"})), delta_frame(1, &json!({"content": "b"})), end].concat();
    let messages = backend.capture_stream(observer.chat("m").start(), Dialect::OpenAi, [answer.as_bytes()]).unwrap();
    assert_eq!((&messages[0]["finish_reason"], &messages[1]["finish_reason"]), (&json!("error"), &json!("stop")));
}

/// Returns the largest use of the content budget in bytes, and the use after the end.
fn budget_in_use(observer: &Observer, budget: &ContentBudget, dialect: Dialect, bytes: &[u8]) -> (usize, usize) {
    let mut observed = observe(observer.chat("m").start(), dialect, stream::iter(bytes.chunks(64)));
    let mut max_in_use = 0;
    while observed.next().now_or_never().flatten().is_some() {
        max_in_use = max_in_use.max(budget.in_use());
    }
    drop(observed);
    (max_in_use, budget.in_use())
}

#[test]
fn nothing_is_captured_where_capture_is_off_and_the_budget_is_released_where_it_is_on() {
    let backend = CapturingBackend::new();
    for (name, dialect, bytes) in ALL {
        for capture in [ContentCapture::Off, ContentCapture::Spans, ContentCapture::Events] {
            let budget = ContentBudget::new(10_000);
            let gate = Gate::builder().capture(capture).budget(budget.clone());
            let observer = backend.builder().capture(gate).build().unwrap();
            let (max_in_use, after) = budget_in_use(&observer, &budget, *dialect, bytes);
            assert_eq!(
                (max_in_use > 0, after, budget.rejections()),
                (capture != ContentCapture::Off, 0, 0),
                "{name} {capture:?}"
            );
            assert_eq!(backend.output().is_some(), capture == ContentCapture::Spans, "{name} {capture:?}");
        }
    }
}

#[test]
fn no_debug_output_has_the_content_of_an_answer() {
    let backend = CapturingBackend::new();
    let observer = backend.observer();
    let canary = "qzxvkw";
    for (name, dialect, bytes) in ALL {
        // The canary is in every text of the content, so any code that prints content prints a canary.
        let text = std::str::from_utf8(bytes).unwrap();
        let text =
            ["Ulm", "Köln", "Gern", "Gott", "Hallo", "Once", "Let me", "user", "Planning", "quote", "Both", "Looking"]
                .into_iter()
                .fold(text.to_owned(), |text, word| text.replace(word, &format!("{word}{canary}")));
        let mut printed = String::new();
        let mut decoder = Decoder::new(*dialect);
        let on = |event: &Event<'_>| printed.push_str(&format!("{event:?}"));
        let chunks: Vec<Vec<u8>> = text.as_bytes().chunks(50).map(<[u8]>::to_vec).collect();
        let mut observed = observe_with(observer.chat("m").start(), *dialect, stream::iter(chunks.clone()), on);
        let mut states = format!("{observed:?}");
        for chunk in &chunks {
            observed.next().now_or_never().unwrap().unwrap();
            decoder.feed(chunk, |event| assert!(!format!("{event:?}").contains(canary), "{name}"));
            states.push_str(&format!("{observed:?}{decoder:?}"));
        }
        drop(observed);
        let bytes = canary.as_bytes().iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        assert!(printed.len() > 20, "{name}: {printed}");
        for text in [&printed, &states] {
            assert!(!text.contains(canary) && !text.contains(&bytes), "{name}: {text}");
        }
        let output = backend.output().unwrap().to_string();
        assert_eq!(output.contains(canary), text.contains(canary), "{name}: the content is captured");
    }
}
