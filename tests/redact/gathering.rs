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

use crate::random::Dice;
use crate::random::text;

fn gate(part: usize) -> Gate {
    let limits = ContentLimits::default().part(part).list(1 << 20).span(1 << 20);
    Gate::builder().capture(ContentCapture::Events).limits(limits).build()
}

/// Returns the output messages of two choices whose text and arguments arrive interleaved, in pieces of `size`.
fn gathered(gate: &Gate, texts: [&str; 2], arguments: &str, size: usize) -> Value {
    let mut gathering = gate.gather().unwrap();
    let pieces = texts.map(|text| text.chars().collect::<Vec<_>>());
    let arguments: Vec<char> = arguments.chars().collect();
    for at in (0..pieces[0].len().max(pieces[1].len()).max(arguments.len())).step_by(size) {
        let piece = |all: &[char]| all.iter().skip(at).take(size).collect::<String>();
        gathering.reasoning(0, &piece(&pieces[0]));
        gathering.text(1, &piece(&pieces[1]));
        gathering.tool_call(1, 0, (at == 0).then_some("call_1"), (at == 0).then_some("send"), &piece(&arguments));
    }
    gathering.finish_reason(0, FinishReason::Stop);
    let mut passage = gate.passage();
    let passed = passage.output(&gathering.into_messages()).unwrap();
    passed.for_event().unwrap().clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_leaves_does_not_hang_on_the_chunks(seed in any::<u64>(), size in 1_usize..50, part in 10_usize..2_000) {
        let mut dice = Dice(seed | 1);
        let (one, other) = (text(&mut dice, 20), text(&mut dice, 20));
        let arguments = json!({"to": one, "password": "hunter2"}).to_string();
        let gate = gate(part);
        let whole = gathered(&gate, [&one, &other], &arguments, usize::MAX >> 1);
        // Text after a tool call begins a separate part, so only the contents are compared.
        let in_pieces = gathered(&gate, [&one, &other], &arguments, size);
        prop_assert_eq!(&in_pieces[0], &whole[0]);
        let call = |value: &Value| value[1]["parts"].as_array().unwrap().iter().find(|part| part["type"] == "tool_call").cloned();
        prop_assert_eq!(call(&in_pieces), call(&whole));
    }
}

#[test]
fn an_overflow_keeps_nothing_of_what_may_be_cut_in_half() {
    let key = "sk-ant-api03-a8F3kP0zQ9mN2xVbLw7RtYcE4uHsJdGf";
    // The capture limit falls into the key, at each of its positions.
    for lead in 0..60 {
        let gate = gate(10_000);
        let mut gathering = gate.gather().unwrap();
        let text = format!("{}{key} and more", "word ".repeat(2_810 + lead));
        text.as_bytes().chunks(7).for_each(|piece| gathering.text(0, std::str::from_utf8(piece).unwrap()));
        let refused = gathering.report().refused_bytes;
        let mut passage = gate.passage();
        let passed = passage.output(&gathering.into_messages()).unwrap();
        let content = passed.for_event().unwrap()[0]["parts"][0]["content"].as_str().unwrap();
        assert!(!content.contains("sk-") && !content.contains("a8F3"), "{lead}");
        assert!(content.len() <= 10_000 && refused <= passage.report().cut_bytes, "{lead}");
    }
}

#[test]
fn half_of_the_arguments_is_a_text_and_no_object() {
    let gate = gate(100);
    let mut gathering = gate.gather().unwrap();
    let arguments = format!("{{\"to\":\"jane@example.org\",\"body\":\"{}\"}}", "x".repeat(10_000));
    gathering.tool_call(0, 0, Some("call_1"), Some("send"), &arguments);
    let passed = gate.passage().output(&gathering.into_messages()).unwrap();
    let arguments = passed.for_event().unwrap()[0]["parts"][0]["arguments"].as_str().unwrap();
    assert!(arguments.starts_with("{\"to\":\"[EMAIL]\"") && arguments.len() <= 100, "{arguments}");
}

#[test]
fn all_streams_in_flight_share_one_budget() {
    // Room for one text of 900 bytes and its overhead.
    let budget = ContentBudget::new(1_200);
    let gate = Gate::builder().capture(ContentCapture::Events).budget(budget.clone()).build();
    let mut first = gate.gather().unwrap();
    first.text(0, &"a".repeat(900));
    let mut second = gate.gather().unwrap();
    second.text(0, &"b".repeat(200));
    assert!((900..=1_200).contains(&budget.in_use()), "{}", budget.in_use());
    assert_eq!((second.bytes(), second.report().refused_bytes), (0, 200));
    // Refused content leaves a gap, so nothing after the gap is captured either.
    second.text(0, "b");
    assert_eq!((second.bytes(), second.report().refused_bytes), (0, 201));
    drop(first);
    let mut third = gate.gather().unwrap();
    third.text(0, &"c".repeat(900));
    assert!(budget.in_use() <= 1_200 && third.bytes() == 900, "{}", budget.in_use());
    drop(third.into_messages());
    drop(second);
    assert_eq!(budget.in_use(), 0);
}

#[test]
fn choices_and_calls_without_end_are_refused() {
    let gate = gate(1_000);
    let mut gathering = gate.gather().unwrap();
    for number in 0..10_000 {
        gathering.text(number, "x");
        gathering.tool_call(0, number, None, None, "y");
    }
    assert!(gathering.bytes() < 1_000 && gathering.report().refused_bytes > 19_000, "{gathering:?}");
    assert_eq!(gathering.into_messages().len(), 128);
}

#[test]
fn one_stream_of_many_parts_keeps_no_more_than_may_leave_of_each_choice() {
    let gate = Gate::builder().capture(ContentCapture::Events).build();
    let mut gathering = gate.gather().unwrap();
    let piece = "word ".repeat(4_000);
    for call in 0..250 {
        gathering.tool_call(0, call, None, None, &piece);
        gathering.tool_call(1, call, None, None, "");
    }
    assert!(gathering.bytes() < 40 * 1024, "{}", gathering.bytes());
    assert!(gate.budget().in_use() > gathering.bytes() + 500 * 50, "parts without a text cost something too");
    drop(gathering);
    assert_eq!(gate.budget().in_use(), 0);
}
