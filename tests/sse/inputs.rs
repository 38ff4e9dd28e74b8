//! Decoding of the messages in requests.

use llmobs::capture::ContentCapture;
use llmobs::capture::ContentLimits;
use llmobs::capture::Gate;
use llmobs::content::Input;
use llmobs::sse::Dialect;
use llmobs::sse::input;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::captured::Backend;
use crate::captured::check;
use crate::fuzzed::DIALECTS;

/// The exported content of an input, as span attributes.
#[derive(Debug, Default, PartialEq)]
struct Left {
    messages: Value,
    instructions: Value,
    tools: Value,
}

fn left(dialect: Dialect, body: &[u8]) -> Left {
    let backend = Backend::new();
    let limits = ContentLimits::default().media(100);
    let gate = Gate::builder().capture(ContentCapture::Spans).limits(limits).full_definitions(true);
    let observer = backend.builder().capture(gate).build().unwrap();
    let left = |name: &str| {
        let operation = observer.chat("m").start();
        operation.marker().input(|| input(dialect, body));
        operation.complete();
        backend.attribute(name).unwrap_or_default()
    };
    let left = Left {
        messages: left("gen_ai.input.messages"),
        instructions: left("gen_ai.system_instructions"),
        tools: left("gen_ai.tool.definitions"),
    };
    for (name, value) in [
        ("gen-ai-input-messages", &left.messages),
        ("gen-ai-system-instructions", &left.instructions),
        ("gen-ai-tool-definitions", &left.tools),
    ] {
        if !value.is_null() {
            check(name, value);
        }
    }
    left
}

fn read(dialect: Dialect, body: &Value) -> Left {
    left(dialect, body.to_string().as_bytes())
}

fn message(role: &str, parts: &[Value]) -> Value {
    json!({"role": role, "parts": parts})
}

fn text(text: &str) -> Value {
    json!({"type": "text", "content": text})
}

fn thought(text: &str) -> Value {
    json!({"type": "reasoning", "content": text})
}

fn call(id: &str, arguments: Value) -> Value {
    json!({"type": "tool_call", "id": id, "name": "weather", "arguments": arguments})
}

fn answer(id: &str, response: Value) -> Value {
    json!({"type": "tool_call_response", "id": id, "response": response})
}

fn blob(modality: &str, kind: &str) -> Value {
    json!({"type": "blob", "modality": modality, "mime_type": kind, "content": "AAAA"})
}

fn uri(modality: &str, uri: &str) -> Value {
    json!({"type": "uri", "modality": modality, "uri": uri})
}

fn file(modality: &str, id: &str) -> Value {
    json!({"type": "file", "modality": modality, "file_id": id})
}

fn ulm() -> Value {
    json!({"city": "Ulm"})
}

fn schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}})
}

fn weather() -> Value {
    json!({"type": "function", "name": "weather", "description": "Rain or not", "parameters": schema()})
}

fn openai_chat() -> (Value, Left) {
    let function = json!({"name": "weather", "description": "Rain or not", "parameters": schema(), "strict": true});
    let body = json!({
        "model": "m", "temperature": 0.2,
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "system", "content": [{"type": "text", "text": "Be kind."}]},
            {"role": "user", "name": "jane", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                {"type": "file", "file": {"file_id": "file_1"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
                {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}},
                {"type": "of the future", "data": 7},
            ]},
            {"role": "assistant", "content": null, "reasoning_content": "Hm", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Ulm\"}"}},
                {"id": "c2", "type": "custom", "custom": {"name": "weather", "input": "Ulm"}},
            ]},
            {"role": "tool", "tool_call_id": "c1", "content": "{\"rain\":true}"},
            {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "dry"}]},
            {"role": "assistant", "content": "It rains.", "refusal": "No more."},
            {"role": "assistant", "audio": {"id": "audio_1"}},
            {"role": "latest_reminder", "content": "unknown"},
            {"role": "user", "content": "Thanks"},
        ],
        "tools": [
            {"type": "function", "function": function},
            {"type": "custom", "custom": {"name": "sql"}},
            {"type": "web_search"},
            {"no": "type"},
        ],
    });
    let mut user = message(
        "user",
        &[
            text("What is this?"),
            blob("image", "image/png"),
            uri("image", "https://example.org/a.png"),
            blob("audio", "audio/wav"),
            file("document", "file_1"),
            blob("document", "application/pdf"),
            uri("video", "https://example.org/a.mp4"),
        ],
    );
    user["name"] = json!("jane");
    let messages = json!([
        message("developer", &[text("Be brief.")]),
        message("system", &[text("Be kind.")]),
        user,
        message("assistant", &[thought("Hm"), call("c1", ulm()), call("c2", json!("Ulm"))]),
        message("tool", &[answer("c1", json!("{\"rain\":true}"))]),
        message("tool", &[answer("c2", json!("dry"))]),
        message("assistant", &[text("It rains."), text("No more.")]),
        message("assistant", &[file("audio", "audio_1")]),
        message("user", &[text("Thanks")]),
    ]);
    let tools = json!([weather(), {"type": "custom", "name": "sql"}, {"type": "web_search", "name": "web_search"}]);
    (body, Left { messages, instructions: Value::Null, tools })
}

fn openai_responses() -> (Value, Left) {
    let body = json!({
        "model": "m", "instructions": "Be brief.",
        "input": [
            {"role": "developer", "content": "Be kind."},
            {"role": "user", "content": [
                {"type": "input_text", "text": "What is this?"},
                {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
                {"type": "input_image", "file_id": "file_1"},
                {"type": "input_file", "file_url": "https://example.org/a.pdf"},
            ]},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm"}], "encrypted_content": "gAAA"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
            {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "weather", "arguments": "{\"city\":\"Ulm\"}"},
            {"type": "function_call_output", "call_id": "c1", "output": "rain"},
            {"type": "mcp_call", "id": "c2", "name": "weather", "arguments": "{\"city\":\"Ulm\"}", "output": "dry"},
            {"type": "computer_call_output", "call_id": "c3",
                "output": {"type": "computer_screenshot", "image_url": "data:image/png;base64,AAAA"}},
            {"type": "item_reference", "id": "msg_7"},
            {"role": "user", "content": "And now?"},
            {"role": "user", "content": "Well?"},
        ],
        "tools": [
            {"type": "function", "name": "weather", "description": "Rain or not", "parameters": schema()},
            {"type": "mcp", "server_label": "wiki", "server_url": "https://example.org"},
        ],
    });
    let picture = blob("image", "image/png");
    let messages = json!([
        message("developer", &[text("Be kind.")]),
        message(
            "user",
            &[
                text("What is this?"),
                picture.clone(),
                file("image", "file_1"),
                uri("document", "https://example.org/a.pdf"),
            ]
        ),
        message("assistant", &[thought("Hm"), text("I look."), call("c1", ulm())]),
        message("tool", &[answer("c1", json!("rain"))]),
        message("assistant", &[call("c2", ulm())]),
        message("tool", &[answer("c2", json!("dry"))]),
        message("tool", &[answer("c3", Value::Null), picture]),
        message("user", &[text("And now?")]),
        message("user", &[text("Well?")]),
    ]);
    let tools = json!([weather(), {"type": "mcp", "name": "wiki"}]);
    (body, Left { messages, instructions: json!([text("Be brief.")]), tools })
}

fn anthropic() -> (Value, Left) {
    let picture = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}});
    let body = json!({
        "model": "m", "max_tokens": 100,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "Be kind."}],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                picture,
                {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
                {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "A page."}},
                {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "Another."}]}},
                {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "Found."}]},
                {"type": "of the future"},
            ]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Hm", "signature": "EqQB"},
                {"type": "redacted_thinking", "data": "EmwK"},
                {"type": "tool_use", "id": "c1", "name": "weather", "input": ulm()},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "rain"}, picture]},
                {"type": "tool_result", "tool_use_id": "c2", "content": "dry", "is_error": true},
                {"type": "text", "text": "And now?"},
            ]},
            {"role": "assistant", "content": "It rains."},
        ],
        "tools": [
            {"name": "weather", "description": "Rain or not", "input_schema": schema()},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
        ],
    });
    let picture = blob("image", "image/png");
    let messages = json!([
        message(
            "user",
            &[
                text("What is this?"),
                picture.clone(),
                uri("image", "https://example.org/a.png"),
                file("document", "file_1"),
                text("A page."),
                text("Another."),
                text("Found."),
            ]
        ),
        message("assistant", &[thought("Hm"), call("c1", ulm())]),
        message("tool", &[answer("c1", json!("rain")), picture, answer("c2", json!("dry"))]),
        message("user", &[text("And now?")]),
        message("assistant", &[text("It rains.")]),
    ]);
    let tools = json!([weather(), {"type": "web_search_20250305", "name": "web_search"}]);
    (body, Left { messages, instructions: json!([text("Be brief."), text("Be kind.")]), tools })
}

fn gemini() -> (Value, Left) {
    let body = json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [
                {"text": "What is this?"},
                {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
                {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://bucket/a.mp4"}},
            ]},
            {"role": "model", "parts": [
                {"text": "Hm", "thought": true},
                {"functionCall": {"id": "c1", "name": "weather", "args": ulm()}, "thoughtSignature": "EqQB"},
                {"executableCode": {"language": "PYTHON", "code": "1+1"}},
                {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}},
            ]},
            {"role": "user", "parts": [{"functionResponse": {"id": "c1", "name": "weather", "response": {"text": "rain", "mm": 3}}}]},
            {"parts": [{"text": "And now?"}]},
        ],
        "tools": [
            {"functionDeclarations": [{"name": "weather", "description": "Rain or not", "parametersJsonSchema": schema()}]},
            {"googleSearch": {}},
        ],
    });
    let mut film = uri("video", "gs://bucket/a.mp4");
    film["mime_type"] = json!("video/mp4");
    let code = json!({"language": "PYTHON", "code": "1+1"});
    let ran = json!({"outcome": "OUTCOME_OK", "output": "2"});
    let messages = json!([
        message("user", &[text("What is this?"), blob("image", "image/png"), film]),
        message(
            "assistant",
            &[
                thought("Hm"),
                call("c1", ulm()),
                json!({"type": "tool_call", "name": "code_execution", "arguments": code}),
            ]
        ),
        message("tool", &[json!({"type": "tool_call_response", "response": ran})]),
        message("tool", &[answer("c1", json!({"text": "rain", "mm": 3}))]),
        message("user", &[text("And now?")]),
    ]);
    let tools = json!([weather(), {"type": "googleSearch", "name": "googleSearch"}]);
    (body, Left { messages, instructions: json!([text("Be brief.")]), tools })
}

fn ollama() -> (Value, Left) {
    let body = json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is this?", "images": ["AAAA"]},
            {"role": "assistant", "content": "", "thinking": "Hm",
                "tool_calls": [{"function": {"name": "weather", "arguments": ulm()}}]},
            {"role": "tool", "tool_name": "weather", "content": "rain"},
        ],
        "tools": [{"type": "function", "function": {"name": "weather", "description": "Rain or not", "parameters": schema()}}],
    });
    let messages = json!([
        message("system", &[text("Be brief.")]),
        message("user", &[text("What is this?"), json!({"type": "blob", "modality": "image", "content": "AAAA"})]),
        message("assistant", &[thought("Hm"), json!({"type": "tool_call", "name": "weather", "arguments": ulm()})]),
        message("tool", &[json!({"type": "tool_call_response", "response": "rain"})]),
    ]);
    (body, Left { messages, instructions: Value::Null, tools: json!([weather()]) })
}

fn all() -> Vec<(Dialect, Value, Left)> {
    [
        (Dialect::OpenAi, openai_chat()),
        (Dialect::OpenAi, openai_responses()),
        (Dialect::Anthropic, anthropic()),
        (Dialect::Gemini, gemini()),
        (Dialect::Ollama, ollama()),
    ]
    .map(|(dialect, (body, left))| (dialect, body, left))
    .into()
}

#[test]
fn every_dialect_gives_its_instructions_messages_and_tools_and_all_of_it_is_valid() {
    for (dialect, body, expected) in all() {
        let left = read(dialect, &body);
        for (messages, wanted) in left.messages.as_array().unwrap().iter().zip(expected.messages.as_array().unwrap()) {
            assert_eq!(messages, wanted, "{dialect:?}");
        }
        assert_eq!(left, expected, "{dialect:?}");
    }
}

#[test]
fn the_short_forms_are_requests_too() {
    let user = |texts: &[&str]| -> Value { texts.iter().map(|of| message("user", &[text(of)])).collect() };
    for (dialect, body, messages) in [
        (Dialect::OpenAi, json!({"prompt": "Once"}), user(&["Once"])),
        (Dialect::OpenAi, json!({"prompt": ["One", "Two"]}), user(&["One", "Two"])),
        (Dialect::OpenAi, json!({"prompt": [15_496, 995]}), Value::Null),
        (Dialect::OpenAi, json!({"input": "Hello"}), user(&["Hello"])),
        (Dialect::OpenAi, json!({"input": "Hello", "prompt": {"id": "pmpt_1"}}), user(&["Hello"])),
        (Dialect::Anthropic, json!({"messages": [{"role": "user", "content": "Hello"}]}), user(&["Hello"])),
        (Dialect::Gemini, json!({"contents": {"parts": {"text": "Hello"}}}), user(&["Hello"])),
        (Dialect::Ollama, json!({"prompt": "Once"}), user(&["Once"])),
    ] {
        assert_eq!(read(dialect, &body).messages, messages, "{body}");
    }
    let system = |dialect, body: &Value| read(dialect, body).instructions;
    assert_eq!(system(Dialect::Anthropic, &json!({"system": "Be kind."})), json!([text("Be kind.")]));
    assert_eq!(system(Dialect::Ollama, &json!({"prompt": "a", "system": "Be kind."})), json!([text("Be kind.")]));
    let gemini = json!({"system_instruction": {"parts": {"text": "Be kind."}}});
    assert_eq!(system(Dialect::Gemini, &gemini), json!([text("Be kind.")]));
}

#[test]
fn functions_of_older_requests_are_tools() {
    let body = json!({
        "messages": [
            {"role": "assistant", "content": null, "function_call": {"name": "weather", "arguments": "{}"}},
            {"role": "function", "name": "weather", "content": "rain"},
        ],
        "functions": [{"name": "weather", "description": "Rain or not", "parameters": schema()}],
    });
    let left = read(Dialect::OpenAi, &body);
    let call = json!({"type": "tool_call", "name": "weather", "arguments": {}});
    let mut answer = message("tool", &[json!({"type": "tool_call_response", "response": "rain"})]);
    answer["name"] = json!("weather");
    assert_eq!(left.messages, json!([message("assistant", &[call]), answer]));
    assert_eq!(left.tools, json!([weather()]));
}

#[test]
fn nothing_prints_what_a_request_says() {
    for (dialect, body, _) in all() {
        let text = body.to_string();
        let printed = format!("{:?}", input(dialect, text.as_bytes()));
        for secret in ["What is this", "Ulm", "Be brief", "rain", "AAAA", "example.org", "Rain or not"] {
            assert!(!printed.contains(secret), "{secret} in {printed}");
        }
    }
}

#[test]
fn what_is_no_request_is_empty() {
    let deep = "[".repeat(100_000);
    let nested = format!("{{\"messages\":{}1{}}}", "[{\"content\":".repeat(60), "}]".repeat(60));
    for body in [
        "",
        "{",
        "3",
        "[]",
        "null",
        "{}",
        "<html>",
        &deep,
        &nested,
        r#"{"messages":3,"prompt":{},"input":{},"tools":"x"}"#,
    ] {
        for dialect in DIALECTS {
            assert_eq!(input(dialect, body.as_bytes()), Input::new(), "{body:.60}");
        }
    }
}

/// Generates any JSON with the dialects' keywords in valid and invalid positions.
fn any_json() -> impl Strategy<Value = Value> {
    let words = [
        "type",
        "role",
        "content",
        "messages",
        "contents",
        "parts",
        "text",
        "input",
        "system",
        "tools",
        "name",
        "id",
        "source",
        "image_url",
        "url",
        "file",
        "function",
        "arguments",
        "output",
        "user",
        "assistant",
        "tool",
        "tool_result",
        "base64",
        "function_call",
        "functionResponse",
        "response",
        "inlineData",
        "data",
        "thinking",
        "message",
        "prompt",
        "images",
    ];
    let word = prop::sample::select(words.to_vec());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        "[a-zß🦀]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        let fields = prop::collection::vec((word.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            fields.prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_is_read_without_a_panic_and_what_leaves_is_valid(
        any in any_json(), garbage in prop::collection::vec(any::<u8>(), 0..300),
        at in any::<prop::sample::Index>(), dialect in prop::sample::select(&DIALECTS),
    ) {
        let _ = input(dialect, &garbage);
        read(dialect, &any);
        read(dialect, &json!({"messages": any, "contents": any, "input": any, "tools": any, "system": any}));
        read(dialect, &json!({"messages": [{"role": "user", "content": any}], "contents": [{"parts": any}], "input": [any]}));
        for (dialect, body, _) in all() {
            let text = body.to_string();
            let _ = input(dialect, &text.as_bytes()[..at.index(text.len())]);
        }
    }
}
