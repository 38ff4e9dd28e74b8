//! Properties of content capture for any conversation and any limits. Run by the fuzz target, and from seeds for five
//! seconds by `cargo test`.

use llmobs::FinishReason;
use llmobs::capture::ContentCapture;
use llmobs::capture::ContentLimits;
use llmobs::capture::Gate;
use llmobs::content::Message;
use llmobs::content::Modality;
use llmobs::content::Part;
use llmobs::content::ToolCall;
use llmobs::content::ToolDefinition;
use llmobs::redact::Redactor;
use serde_json::Value;
use serde_json::json;

use std::sync::LazyLock;

static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::new);

/// A secret that no output may contain.
pub const SECRET: &str = "canary.seven@example.org";

/// The exported content, as JSON; `None` for a value that was not exported.
#[derive(Debug, Default)]
pub struct ExportedContent {
    pub input: Option<String>,
    pub output: Option<String>,
    pub system_instructions: Option<String>,
    pub tool_definitions: Option<String>,
}

/// Tests a conversation. The first four bytes select the limits and the shape; the other bytes are the text. Tests
/// nothing if there are fewer than four bytes.
pub fn check_bytes(data: &[u8]) {
    let Some(([part, list, span, shape], text)) = data.split_first_chunk() else { return };
    let text = String::from_utf8_lossy(text);
    let limits = ContentLimits::default()
        .part(usize::from(*part) * 7)
        .attribute(32 + usize::from(*list) * 5)
        .span(32 + usize::from(*span) * 11)
        .media(usize::from(*shape % 64));
    check_conversation(&text, *shape, limits);
}

/// Asserts that the exported content of a conversation with this text is lists in JSON, within its limits and without
/// the secret, and returns it. `shape` selects the number and the order of the messages.
pub fn check_conversation(text: &str, shape: u8, limits: ContentLimits) -> ExportedContent {
    let gate = Gate::builder()
        .capture(ContentCapture::SpansAndEvents)
        .redactor(REDACTOR.clone())
        .limits(limits)
        .full_definitions(true)
        .build();
    let mut passage = gate.pass();
    let messages = messages(text, shape);
    let tools = [tool(text), ToolDefinition::new("web_search", "search")];
    let instructions = [text.into(), format!("{SECRET} {text}").as_str().into()];
    let mut total = 0;
    let mut check = |value: Option<llmobs::capture::GatedValue>| {
        let json = value?.for_span()?;
        assert!(
            json.len() <= limits.attribute_bytes(),
            "{} bytes, but at most {} are allowed: {json}",
            json.len(),
            limits.attribute_bytes()
        );
        let array: Value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
        assert!(array.is_array(), "{json}");
        assert!(!json.contains("canary") && !json.contains("seven@"), "{json}");
        total += json.len();
        assert!(total <= limits.span_bytes(), "{total} bytes, but at most {} are allowed", limits.span_bytes());
        Some(json)
    };
    let input = check(passage.input(&messages));
    let output = check(passage.output(&messages));
    let system_instructions = check(passage.system_instructions(&instructions));
    let tool_definitions = check(passage.tool_definitions(&tools));
    ExportedContent { input, output, system_instructions, tool_definitions }
}

fn tool(text: &str) -> ToolDefinition {
    ToolDefinition::function(format!("tool {SECRET}"))
        .description(format!("{text} {SECRET}"))
        .parameters(json!({"type": "object", "properties": {"city": {"type": "string", "description": text}}}))
}

fn messages(text: &str, shape: u8) -> Vec<Message> {
    let call =
        ToolCall::new("send").id(SECRET).arguments(json!({"to": [SECRET, text], "n": 1, SECRET: {"deep": text}}));
    let nested = json!({"arguments": json!({"to": SECRET, "text": text}).to_string()});
    let mut messages = vec![
        Message::system(format!("{SECRET}: {text}")),
        Message::user(text).part(Part::blob(Modality::Image, text.as_bytes().to_vec()).mime_type("image/png")),
        Message::assistant()
            .part(Part::reasoning(format!("{text}{SECRET}")))
            .part(call)
            .part(Part::text(SECRET))
            .finish_reason(FinishReason::ToolCall),
        Message::tool(Part::tool_call_response("call_1", nested)).name(SECRET),
        Message::user("and").part(Part::uri(Modality::Document, format!("https://u:{SECRET}@example.org/{text}"))),
        Message::user("then").part(Part::uri(Modality::Audio, format!("data:audio/wav;base64,{text}"))),
        Message::assistant().part(Part::file(Modality::Video, SECRET)),
        Message::assistant().part(ToolCall::new(text).arguments_text(format!("{{\"cut\": \"{SECRET} {text}"))),
    ];
    messages.rotate_left(usize::from(shape) % 8);
    messages.truncate(usize::from(shape / 8) % 8 + 1);
    messages
}
