//! Decoding of the messages in requests.

use llmobs::capture::ContentCapture;
use llmobs::capture::ContentLimits;
use llmobs::capture::Gate;
use llmobs::content::Input;
use llmobs::sse::Dialect;
use llmobs::sse::parse_input;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::capturing_backend::CapturingBackend;
use crate::capturing_backend::assert_valid;
use llmobs_tests::fuzz::sse::DIALECTS;

/// The exported content of an input, as span attributes.
#[derive(Debug, Default, PartialEq)]
struct ExportedInput {
    messages: Value,
    instructions: Value,
    tools: Value,
}

fn exported_input(dialect: Dialect, body: &[u8]) -> ExportedInput {
    let backend = CapturingBackend::new();
    let limits = ContentLimits::default().media(100);
    let gate = Gate::builder().capture(ContentCapture::Spans).limits(limits).full_definitions(true);
    let observer = backend.builder().capture(gate).build().unwrap();
    let attribute = |name: &str| {
        let operation = observer.chat("m").start();
        operation.marker().input(|| parse_input(dialect, body));
        operation.complete();
        backend.attribute(name).unwrap_or_default()
    };
    let exported = ExportedInput {
        messages: attribute("gen_ai.input.messages"),
        instructions: attribute("gen_ai.system_instructions"),
        tools: attribute("gen_ai.tool.definitions"),
    };
    for (name, value) in [
        ("gen-ai-input-messages", &exported.messages),
        ("gen-ai-system-instructions", &exported.instructions),
        ("gen-ai-tool-definitions", &exported.tools),
    ] {
        if !value.is_null() {
            assert_valid(name, value);
        }
    }
    exported
}

fn exported_input_json(dialect: Dialect, body: &Value) -> ExportedInput {
    exported_input(dialect, body.to_string().as_bytes())
}

fn message(role: &str, parts: &[Value]) -> Value {
    json!({"role": role, "parts": parts})
}

fn text_part(text: &str) -> Value {
    json!({"type": "text", "content": text})
}

fn reasoning_part(text: &str) -> Value {
    json!({"type": "reasoning", "content": text})
}

fn tool_call_part(id: &str, arguments: Value) -> Value {
    json!({"type": "tool_call", "id": id, "name": "weather", "arguments": arguments})
}

fn tool_response_part(id: &str, response: Value) -> Value {
    json!({"type": "tool_call_response", "id": id, "response": response})
}

fn blob_part(modality: &str, kind: &str) -> Value {
    json!({"type": "blob", "modality": modality, "mime_type": kind, "content": "AAAA"})
}

fn uri_part(modality: &str, uri: &str) -> Value {
    json!({"type": "uri", "modality": modality, "uri": uri})
}

fn file_part(modality: &str, id: &str) -> Value {
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

fn openai_chat() -> (Value, ExportedInput) {
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
            text_part("What is this?"),
            blob_part("image", "image/png"),
            uri_part("image", "https://example.org/a.png"),
            blob_part("audio", "audio/wav"),
            file_part("document", "file_1"),
            blob_part("document", "application/pdf"),
            uri_part("video", "https://example.org/a.mp4"),
        ],
    );
    user["name"] = json!("jane");
    let messages = json!([
        message("developer", &[text_part("Be brief.")]),
        message("system", &[text_part("Be kind.")]),
        user,
        message("assistant", &[reasoning_part("Hm"), tool_call_part("c1", ulm()), tool_call_part("c2", json!("Ulm"))]),
        message("tool", &[tool_response_part("c1", json!("{\"rain\":true}"))]),
        message("tool", &[tool_response_part("c2", json!("dry"))]),
        message("assistant", &[text_part("It rains."), text_part("No more.")]),
        message("assistant", &[file_part("audio", "audio_1")]),
        message("user", &[text_part("Thanks")]),
    ]);
    let tools = json!([weather(), {"type": "custom", "name": "sql"}, {"type": "web_search", "name": "web_search"}]);
    (body, ExportedInput { messages, instructions: Value::Null, tools })
}

fn openai_responses() -> (Value, ExportedInput) {
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
    let picture = blob_part("image", "image/png");
    let messages = json!([
        message("developer", &[text_part("Be kind.")]),
        message(
            "user",
            &[
                text_part("What is this?"),
                picture.clone(),
                file_part("image", "file_1"),
                uri_part("document", "https://example.org/a.pdf"),
            ]
        ),
        message("assistant", &[reasoning_part("Hm"), text_part("I look."), tool_call_part("c1", ulm())]),
        message("tool", &[tool_response_part("c1", json!("rain"))]),
        message("assistant", &[tool_call_part("c2", ulm())]),
        message("tool", &[tool_response_part("c2", json!("dry"))]),
        message("tool", &[tool_response_part("c3", Value::Null), picture]),
        message("user", &[text_part("And now?")]),
        message("user", &[text_part("Well?")]),
    ]);
    let tools = json!([weather(), {"type": "mcp", "name": "wiki"}]);
    (body, ExportedInput { messages, instructions: json!([text_part("Be brief.")]), tools })
}

fn anthropic() -> (Value, ExportedInput) {
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
    let picture = blob_part("image", "image/png");
    let messages = json!([
        message(
            "user",
            &[
                text_part("What is this?"),
                picture.clone(),
                uri_part("image", "https://example.org/a.png"),
                file_part("document", "file_1"),
                text_part("A page."),
                text_part("Another."),
                text_part("Found."),
            ]
        ),
        message("assistant", &[reasoning_part("Hm"), tool_call_part("c1", ulm())]),
        message("tool", &[tool_response_part("c1", json!("rain")), picture, tool_response_part("c2", json!("dry"))]),
        message("user", &[text_part("And now?")]),
        message("assistant", &[text_part("It rains.")]),
    ]);
    let tools = json!([weather(), {"type": "web_search_20250305", "name": "web_search"}]);
    (body, ExportedInput { messages, instructions: json!([text_part("Be brief."), text_part("Be kind.")]), tools })
}

fn gemini() -> (Value, ExportedInput) {
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
    let mut video = uri_part("video", "gs://bucket/a.mp4");
    video["mime_type"] = json!("video/mp4");
    let code = json!({"language": "PYTHON", "code": "1+1"});
    let execution_result = json!({"outcome": "OUTCOME_OK", "output": "2"});
    let messages = json!([
        message("user", &[text_part("What is this?"), blob_part("image", "image/png"), video]),
        message(
            "assistant",
            &[
                reasoning_part("Hm"),
                tool_call_part("c1", ulm()),
                json!({"type": "tool_call", "name": "code_execution", "arguments": code}),
            ]
        ),
        message("tool", &[json!({"type": "tool_call_response", "response": execution_result})]),
        message("tool", &[tool_response_part("c1", json!({"text": "rain", "mm": 3}))]),
        message("user", &[text_part("And now?")]),
    ]);
    let tools = json!([weather(), {"type": "googleSearch", "name": "googleSearch"}]);
    (body, ExportedInput { messages, instructions: json!([text_part("Be brief.")]), tools })
}

fn ollama() -> (Value, ExportedInput) {
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
        message("system", &[text_part("Be brief.")]),
        message("user", &[text_part("What is this?"), json!({"type": "blob", "modality": "image", "content": "AAAA"})]),
        message(
            "assistant",
            &[reasoning_part("Hm"), json!({"type": "tool_call", "name": "weather", "arguments": ulm()})]
        ),
        message("tool", &[json!({"type": "tool_call_response", "response": "rain"})]),
    ]);
    (body, ExportedInput { messages, instructions: Value::Null, tools: json!([weather()]) })
}

fn all_requests() -> Vec<(Dialect, Value, ExportedInput)> {
    [
        (Dialect::OpenAi, openai_chat()),
        (Dialect::OpenAi, openai_responses()),
        (Dialect::Anthropic, anthropic()),
        (Dialect::Gemini, gemini()),
        (Dialect::Ollama, ollama()),
    ]
    .map(|(dialect, (body, exported))| (dialect, body, exported))
    .into()
}

#[test]
fn every_dialect_gives_valid_instructions_messages_and_tools() {
    for (dialect, body, expected) in all_requests() {
        let exported = exported_input_json(dialect, &body);
        for (messages, expected_message) in
            exported.messages.as_array().unwrap().iter().zip(expected.messages.as_array().unwrap())
        {
            assert_eq!(messages, expected_message, "{dialect:?}");
        }
        assert_eq!(exported, expected, "{dialect:?}");
    }
}

#[test]
fn the_short_forms_of_a_request_are_decoded() {
    let user = |texts: &[&str]| -> Value { texts.iter().map(|text| message("user", &[text_part(text)])).collect() };
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
        assert_eq!(exported_input_json(dialect, &body).messages, messages, "{body}");
    }
    let system = |dialect, body: &Value| exported_input_json(dialect, body).instructions;
    assert_eq!(system(Dialect::Anthropic, &json!({"system": "Be kind."})), json!([text_part("Be kind.")]));
    assert_eq!(system(Dialect::Ollama, &json!({"prompt": "a", "system": "Be kind."})), json!([text_part("Be kind.")]));
    let gemini = json!({"system_instruction": {"parts": {"text": "Be kind."}}});
    assert_eq!(system(Dialect::Gemini, &gemini), json!([text_part("Be kind.")]));
}

#[test]
fn functions_of_the_old_request_format_are_tools() {
    let body = json!({
        "messages": [
            {"role": "assistant", "content": null, "function_call": {"name": "weather", "arguments": "{}"}},
            {"role": "function", "name": "weather", "content": "rain"},
        ],
        "functions": [{"name": "weather", "description": "Rain or not", "parameters": schema()}],
    });
    let exported = exported_input_json(Dialect::OpenAi, &body);
    let call = json!({"type": "tool_call", "name": "weather", "arguments": {}});
    let mut answer = message("tool", &[json!({"type": "tool_call_response", "response": "rain"})]);
    answer["name"] = json!("weather");
    assert_eq!(exported.messages, json!([message("assistant", &[call]), answer]));
    assert_eq!(exported.tools, json!([weather()]));
}

#[test]
fn the_debug_output_of_an_input_has_no_content() {
    for (dialect, body, _) in all_requests() {
        let text = body.to_string();
        let printed = format!("{:?}", parse_input(dialect, text.as_bytes()));
        for secret in ["What is this", "Ulm", "Be brief", "rain", "AAAA", "example.org", "Rain or not"] {
            assert!(!printed.contains(secret), "{secret} in {printed}");
        }
    }
}

#[test]
fn a_body_that_is_not_a_request_gives_an_empty_input() {
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
            assert_eq!(parse_input(dialect, body.as_bytes()), Input::new(), "{body:.60}");
        }
    }
}

/// Generates any JSON with the dialects' keywords in valid and invalid positions.
fn any_json() -> impl Strategy<Value = Value> {
    let keywords = [
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
    let keyword = prop::sample::select(keywords.to_vec());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        keyword.clone().prop_map(Value::from),
        "[a-zß🦀]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        let fields = prop::collection::vec((keyword.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            fields.prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_body_is_decoded_without_a_panic_and_the_exported_content_is_valid(
        value in any_json(), garbage in prop::collection::vec(any::<u8>(), 0..300),
        at in any::<prop::sample::Index>(), dialect in prop::sample::select(&DIALECTS),
    ) {
        let _ = parse_input(dialect, &garbage);
        exported_input_json(dialect, &value);
        exported_input_json(dialect, &json!({"messages": value, "contents": value, "input": value, "tools": value, "system": value}));
        exported_input_json(dialect, &json!({"messages": [{"role": "user", "content": value}], "contents": [{"parts": value}], "input": [value]}));
        for (dialect, body, _) in all_requests() {
            let text = body.to_string();
            let _ = parse_input(dialect, &text.as_bytes()[..at.index(text.len())]);
        }
    }
}
