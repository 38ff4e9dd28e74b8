//! Content captured from streams: the export does not depend on the split into chunks, and the captured bytes are
//! limited.

use llmobs::FinishReason;
use llmobs::capture::ContentBudget;
use llmobs::capture::ContentCapture;
use llmobs::capture::ContentLimits;
use llmobs::capture::Gate;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::random_text::random_text;
use llmobs_tests::random::Random;

fn gate(part: usize) -> Gate {
    let limits = ContentLimits::default().part(part).attribute(1 << 20).span(1 << 20);
    Gate::builder().capture(ContentCapture::Events).limits(limits).build()
}

/// Returns the output messages of two choices whose text and arguments arrive interleaved, in chunks of `size`.
fn captured_stream(gate: &Gate, texts: [&str; 2], arguments: &str, size: usize) -> Value {
    let mut accumulator = gate.accumulator().unwrap();
    let text_chars = texts.map(|text| text.chars().collect::<Vec<_>>());
    let arguments: Vec<char> = arguments.chars().collect();
    for at in (0..text_chars[0].len().max(text_chars[1].len()).max(arguments.len())).step_by(size) {
        let chunk = |all: &[char]| all.iter().skip(at).take(size).collect::<String>();
        accumulator.push_reasoning(0, &chunk(&text_chars[0]));
        accumulator.push_text(1, &chunk(&text_chars[1]));
        accumulator.push_tool_call(
            1,
            0,
            (at == 0).then_some("call_1"),
            (at == 0).then_some("send"),
            &chunk(&arguments),
        );
    }
    accumulator.set_finish_reason(0, FinishReason::Stop);
    let mut passage = gate.pass();
    let gated = passage.output(&accumulator.into_messages()).unwrap();
    gated.for_event().unwrap().clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_exported_content_does_not_depend_on_the_chunks(
        seed in any::<u64>(), size in 1_usize..50, part in 10_usize..2_000,
    ) {
        let mut random = Random::new(seed);
        let (first, second) = (random_text(&mut random, 20), random_text(&mut random, 20));
        let arguments = json!({"to": first, "password": "hunter2"}).to_string();
        let gate = gate(part);
        let in_one_chunk = captured_stream(&gate, [&first, &second], &arguments, usize::MAX >> 1);
        // Text after a tool call begins a separate part, so only the contents are compared.
        let in_chunks = captured_stream(&gate, [&first, &second], &arguments, size);
        prop_assert_eq!(&in_chunks[0], &in_one_chunk[0]);
        let call = |value: &Value| value[1]["parts"].as_array().unwrap().iter().find(|part| part["type"] == "tool_call").cloned();
        prop_assert_eq!(call(&in_chunks), call(&in_one_chunk));
    }
}

#[test]
fn an_overflow_keeps_no_part_of_a_secret_at_the_limit() {
    let key = "sk-ant-api03-a8F3kP0zQ9mN2xVbLw7RtYcE4uHsJdGf";
    // The capture limit falls into the key, at each of its positions.
    for lead in 0..60 {
        let gate = gate(10_000);
        let mut accumulator = gate.accumulator().unwrap();
        let text = format!("{}{key} and more", "word ".repeat(2_810 + lead));
        text.as_bytes().chunks(7).for_each(|chunk| accumulator.push_text(0, std::str::from_utf8(chunk).unwrap()));
        let refused = accumulator.report().rejected_bytes;
        let mut passage = gate.pass();
        let gated = passage.output(&accumulator.into_messages()).unwrap();
        let content = gated.for_event().unwrap()[0]["parts"][0]["content"].as_str().unwrap();
        assert!(!content.contains("sk-") && !content.contains("a8F3"), "{lead}");
        assert!(content.len() <= 10_000 && refused <= passage.report().truncated_bytes, "{lead}");
    }
}

#[test]
fn truncated_arguments_are_exported_as_text() {
    let gate = gate(100);
    let mut accumulator = gate.accumulator().unwrap();
    let arguments = format!("{{\"to\":\"jane@example.org\",\"body\":\"{}\"}}", "x".repeat(10_000));
    accumulator.push_tool_call(0, 0, Some("call_1"), Some("send"), &arguments);
    let gated = gate.pass().output(&accumulator.into_messages()).unwrap();
    let arguments = gated.for_event().unwrap()[0]["parts"][0]["arguments"].as_str().unwrap();
    assert!(arguments.starts_with("{\"to\":\"[EMAIL]\"") && arguments.len() <= 100, "{arguments}");
}

#[test]
fn all_streams_in_flight_share_one_budget() {
    // Room for one text of 900 bytes and its overhead.
    let budget = ContentBudget::new(1_200);
    let gate = Gate::builder().capture(ContentCapture::Events).budget(budget.clone()).build();
    let mut first = gate.accumulator().unwrap();
    first.push_text(0, &"a".repeat(900));
    let mut second = gate.accumulator().unwrap();
    second.push_text(0, &"b".repeat(200));
    assert!((900..=1_200).contains(&budget.in_use()), "{}", budget.in_use());
    assert_eq!((second.bytes(), second.report().rejected_bytes), (0, 200));
    // Refused content leaves a gap, so nothing after the gap is captured either.
    second.push_text(0, "b");
    assert_eq!((second.bytes(), second.report().rejected_bytes), (0, 201));
    drop(first);
    let mut third = gate.accumulator().unwrap();
    third.push_text(0, &"c".repeat(900));
    assert!(budget.in_use() <= 1_200 && third.bytes() == 900, "{}", budget.in_use());
    drop(third.into_messages());
    drop(second);
    assert_eq!(budget.in_use(), 0);
}

#[test]
fn an_endless_number_of_choices_and_calls_is_refused() {
    let gate = gate(1_000);
    let mut accumulator = gate.accumulator().unwrap();
    for number in 0..10_000 {
        accumulator.push_text(number, "x");
        accumulator.push_tool_call(0, number, None, None, "y");
    }
    assert!(accumulator.bytes() < 1_000 && accumulator.report().rejected_bytes > 19_000, "{accumulator:?}");
    assert_eq!(accumulator.into_messages().len(), 128);
}

#[test]
fn a_stream_of_many_parts_captures_at_most_what_each_choice_may_export() {
    let gate = Gate::builder().capture(ContentCapture::Events).build();
    let mut accumulator = gate.accumulator().unwrap();
    let chunk = "word ".repeat(4_000);
    for call in 0..250 {
        accumulator.push_tool_call(0, call, None, None, &chunk);
        accumulator.push_tool_call(1, call, None, None, "");
    }
    assert!(accumulator.bytes() < 40 * 1024, "{}", accumulator.bytes());
    assert!(gate.budget().in_use() > accumulator.bytes() + 500 * 50, "parts without text count too");
    drop(accumulator);
    assert_eq!(gate.budget().in_use(), 0);
}
