//! The gate: where content is exported, and that content is redacted before it is truncated.

use std::time::Duration;

use llmobs::Content;
use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::capture::ContentCapture;
use llmobs::capture::ContentLimits;
use llmobs::capture::Gate;
use llmobs::capture::HookPayload;
use llmobs::clock::Clock;
use llmobs::content::Message;
use llmobs::content::Modality;
use llmobs::content::Part;
use llmobs::content::ToolCall;
use llmobs::content::ToolDefinition;
use llmobs::redact::DataKind;
use serde_json::json;

use crate::random_text::random_text;
use llmobs_tests::fuzz::truncation;
use llmobs_tests::random::Random;

fn gate(capture: ContentCapture) -> Gate {
    Gate::builder().capture(capture).build()
}

#[test]
fn each_mode_exports_content_only_where_it_applies() {
    for (mode, spans, events) in [
        (ContentCapture::Off, false, false),
        (ContentCapture::Spans, true, false),
        (ContentCapture::Events, false, true),
        (ContentCapture::SpansAndEvents, true, true),
        (ContentCapture::Hook, false, false),
    ] {
        let gate = gate(mode);
        let mut passage = gate.pass();
        let gated = [
            passage.input(&[Message::user("x")]),
            passage.output(&[Message::assistant()]),
            passage.system_instructions(&["x".into()]),
            passage.tool_definitions(&[ToolDefinition::function("x")]),
            passage.json(&json!({"x": 1}).into()),
            passage.text(&Content::from("x")),
        ];
        for gated in gated {
            assert_eq!(gated.as_ref().is_some_and(|gated| gated.for_span().is_some()), spans, "{mode:?}");
            assert_eq!(gated.as_ref().is_some_and(|gated| gated.for_event().is_some()), events, "{mode:?}");
            assert_eq!(gated.is_some(), mode.is_on(), "{mode:?}");
        }
        assert_eq!(
            gate.accumulator().is_some(),
            mode.is_on(),
            "{mode:?}: an accumulator exists only where content is captured"
        );
    }
}

#[test]
fn error_texts_are_redacted() {
    let failure =
        Failure::new(ErrorType::Authentication).message("Incorrect API key provided: sk-proj-a8F3kP0zQ9mN2xVbLw7Rt");
    let gate = gate(ContentCapture::Spans);
    let text = gate.pass().text(failure.message_content().unwrap()).unwrap().for_span().unwrap();
    assert_eq!(text, "Incorrect API key provided: [API_KEY]");
}

#[test]
fn content_is_redacted_before_it_is_truncated_and_the_loss_is_counted() {
    let key = "sk-ant-api03-a8F3kP0zQ9mN2xVbLw7RtYcE4uHsJdGf";
    for part in 0..80 {
        let limits = ContentLimits::default().part(part);
        let gate = Gate::builder().capture(ContentCapture::Spans).limits(limits).build();
        let mut passage = gate.pass();
        let json = passage.input(&[Message::user(format!("my key is {key}, use it"))]).unwrap().for_span().unwrap();
        assert!(!json.contains("sk-") && !json.contains("a8F3"), "{part}: {json}");
        assert_eq!(passage.report().truncated_bytes > 0, part < 27, "{part}: {json}");
        let redaction_count = passage.report().redactions.get(DataKind::ApiKey);
        assert!(redaction_count == 1 || part < 10, "{part}");
    }
}

#[test]
fn arguments_are_redacted_as_json_in_nested_strings_and_names_too() {
    let inner = json!({"email": "jane@example.org", "password": "hunter2"}).to_string();
    let call = ToolCall::new("send").arguments(json!({"body": inner, "jane@example.org": 4_242_424_242_424_242_u64}));
    let gate = gate(ContentCapture::Events);
    let mut passage = gate.pass();
    let gated = passage.input(&[Message::assistant().part(call)]).unwrap();
    let arguments = &gated.for_event().unwrap()[0]["parts"][0]["arguments"];
    let expected = json!({"email": "[EMAIL]", "password": "[SECRET]"}).to_string();
    assert_eq!(*arguments, json!({"body": expected, "[EMAIL]": "[CARD]"}));
    assert_eq!(passage.report().redactions.total(), 4);
}

#[test]
fn media_are_never_redacted_and_are_exported_only_where_allowed() {
    // Bytes that would be a mail address if they were text.
    let image = Part::blob(Modality::Image, b"jane@example.org".to_vec()).mime_type("image/png");
    let data = Part::uri(Modality::Image, "data:image/png;base64,amFuZUBleGFtcGxlLm9yZw==");
    let messages = [Message::user("look").part(image).part(data)];
    let allowed = Gate::builder().capture(ContentCapture::Events).limits(ContentLimits::default().media(64)).build();
    for (gate, content, dropped) in
        [(gate(ContentCapture::Events), "", 16 + 24), (allowed, "amFuZUBleGFtcGxlLm9yZw==", 0)]
    {
        let mut passage = gate.pass();
        let gated = passage.input(&messages).unwrap();
        let parts = &gated.for_event().unwrap()[0]["parts"];
        for part in [&parts[1], &parts[2]] {
            assert_eq!(
                *part,
                json!({"type": "blob", "modality": "image", "mime_type": "image/png", "content": content})
            );
        }
        assert_eq!((passage.report().dropped_media_bytes, passage.report().redactions.total()), (dropped, 0));
    }
}

#[test]
fn tool_definitions_are_names_unless_full_definitions_are_enabled() {
    let tools =
        [ToolDefinition::function("weather").description("of jane@example.org").parameters(json!({"type": "object"}))];
    let short = gate(ContentCapture::Events).pass().tool_definitions(&tools).unwrap();
    assert_eq!(*short.for_event().unwrap(), json!([{"type": "function", "name": "weather"}]));
    let full = Gate::builder().capture(ContentCapture::Events).full_definitions(true).build();
    let full = full.pass().tool_definitions(&tools).unwrap();
    let parameters = json!({"type": "object"});
    let expected =
        json!([{"type": "function", "name": "weather", "description": "of [EMAIL]", "parameters": parameters}]);
    assert_eq!(*full.for_event().unwrap(), expected);
}

#[test]
fn a_span_has_one_limit_for_all_its_lists() {
    let limits = ContentLimits::default().part(1_000).attribute(1_000).span(1_500);
    let gate = Gate::builder().capture(ContentCapture::Spans).limits(limits).build();
    let mut passage = gate.pass();
    let messages = [Message::user("x".repeat(5_000))];
    let first = passage.input(&messages).unwrap().for_span().unwrap().len();
    let second = passage.output(&messages).unwrap().for_span().unwrap().len();
    assert!((990..=1_000).contains(&first) && (490..=500).contains(&second), "{first} and {second}");
    assert!(passage.text(&Content::from("more")).is_none_or(|gated| gated.for_span().unwrap().len() <= 10));
}

#[test]
fn the_cost_of_a_huge_prompt_is_that_of_its_exported_part() {
    let gate = gate(ContentCapture::Spans);
    let messages: Vec<Message> = (0..100_000).map(|at| Message::user(format!("message {at}"))).collect();
    let huge = [Message::user("word jane@example.org ".repeat(500_000))];
    let clock = Clock::system();
    let start = clock.now();
    let json = gate.pass().input(&messages).unwrap().for_span().unwrap();
    assert!(json.contains("message 99999") && !json.contains("\"message 1\""));
    assert!(gate.pass().input(&huge).unwrap().for_span().unwrap().len() <= 32 * 1024);
    // A generous limit: scanning the whole input would take about a hundred times as long as the exported part.
    assert!(clock.now().since(start) < Duration::from_secs(5));
}

#[test]
fn no_debug_output_of_the_gate_has_content() {
    let gate = gate(ContentCapture::Spans);
    let gated = gate.pass().input(&[Message::user("a canary")]);
    assert!(!format!("{gated:?}").contains("canary"), "{gated:?}");
    let captured = HookPayload::new().input(gated);
    assert!(!format!("{captured:?}").contains("canary"), "{captured:?}");
    let mut accumulator = gate.accumulator().unwrap();
    accumulator.push_text(0, "a canary");
    assert!(!format!("{accumulator:?} {gate:?}").contains("canary"), "{accumulator:?}");
}

#[test]
fn five_seconds_of_random_conversations() {
    let clock = Clock::system();
    let end = clock.now().saturating_add(Duration::from_secs(5));
    let mut random = Random::new(0x2545_f491_4f6c_dd1d);
    let mut rounds = 0;
    while clock.now() < end {
        let choices = random.next_u64().to_le_bytes();
        truncation::check_bytes(&[&choices[..4], random_text(&mut random, 30).as_bytes()].concat());
        rounds += 1;
    }
    assert!(rounds > 50, "only {rounds} conversations were checked");
}
