//! Hostile input and output: the work, the memory and the time of capturing are bounded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::Role;
use llmobs::capture::ContentCapture;
use llmobs::capture::ContentLimits;
use llmobs::capture::Gate;
use llmobs::capture::GatePass;
use llmobs::content::Document;
use llmobs::content::Input;
use llmobs::content::Message;
use llmobs::content::Modality;
use llmobs::content::Part;
use llmobs::content::Sensitivity;
use llmobs::content::ToolCall;
use llmobs::content::ToolDefinition;
use llmobs::redact::Detector;
use llmobs::redact::Redactor;
use serde_json::Value;
use serde_json::json;

use crate::kit::Backend;
use crate::kit::MODEL;
use crate::kit::attributes;

/// Returns a gate, and the number of bytes that the gate scans: every line is `xxxxxxx`, which a detector counts.
fn counting() -> (Gate, Arc<AtomicU64>) {
    let seen = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&seen);
    let detector = Detector::new("WORD", "xxxxxxx").check(move |_| {
        counter.fetch_add(8, Ordering::Relaxed);
        false
    });
    let redactor = Redactor::builder().detector(detector).build().unwrap();
    (Gate::builder().capture(ContentCapture::Spans).redactor(redactor).build(), seen)
}

const WORD: &str = "xxxxxxx\n";

/// Checks that the gate scans at most `most` bytes, and exports something.
#[track_caller]
fn is_bounded(most: u64, pass: impl Fn(&mut GatePass<'_>) -> bool) {
    let (gate, seen) = counting();
    assert!(pass(&mut gate.passage()), "something leaves");
    let seen = seen.load(Ordering::Relaxed);
    assert!(seen <= most, "{seen} bytes are looked at");
}

const MOST: u64 = 1 << 20;

#[test]
fn the_gate_of_these_tests_counts() {
    let (gate, seen) = counting();
    assert!(gate.passage().input(&[Message::user(WORD.repeat(500))]).is_some());
    assert_eq!(seen.load(Ordering::Relaxed), 4_000);
}

#[test]
fn no_more_is_looked_at_than_may_leave_and_a_little_whatever_the_shape() {
    let long = WORD.repeat(12_500);
    is_bounded(MOST, |passage| passage.input(&vec![Message::user(long.as_str()); 200]).is_some());
    let short = WORD.repeat(1_000);
    is_bounded(MOST, |passage| passage.input(&vec![Message::user(short.as_str()); 4_000]).is_some());
    let many = (0..50_000).fold(Message::assistant(), |message, _| message.part(Part::text(WORD.repeat(4))));
    is_bounded(MOST, |passage| passage.output(std::slice::from_ref(&many)).is_some());
    is_bounded(MOST, |passage| passage.input(std::slice::from_ref(&many)).is_some());
    is_bounded(MOST, |passage| passage.system_instructions(&vec![long.as_str().into(); 200]).is_some());
    is_bounded(MOST, |passage| passage.tool_definitions(&vec![ToolDefinition::function(long.as_str()); 200]).is_some());
}

#[test]
fn of_json_too_no_more_is_looked_at_than_may_leave() {
    let list = json!(vec![WORD.repeat(10); 50_000]);
    let object: Value =
        (0..50_000).map(|at| (format!("{WORD}{at}"), json!(WORD))).collect::<serde_json::Map<_, _>>().into();
    for value in [list.clone(), object, json!({"inside": list.to_string()}), json!(WORD.repeat(500_000))] {
        let content = value.into();
        is_bounded(MOST, |passage| passage.json(&content).is_some());
    }
    let call = || Message::assistant().part(ToolCall::new("send").arguments(list.clone()));
    let calls = vec![call(); 20];
    is_bounded(MOST, |passage| passage.output(&calls).is_some());
}

/// Runs code on a thread, and panics after twenty seconds. Quadratic work would take minutes.
fn ends(what: &str, act: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        act();
        let _ = done.send(());
    });
    assert!(ended.recv_timeout(Duration::from_secs(20)).is_ok(), "{what} has no end");
}

#[test]
fn names_that_are_long_or_become_the_same_take_no_square_of_the_time() {
    let redactor = Redactor::new();
    let long = json!({"name ".repeat(40_000): vec![1; 40_000]});
    let same: BTreeMap<String, u32> = (0..40_000).map(|at| (format!("u{at}@example.org"), at)).collect();
    let same = json!(same);
    for (what, mut value) in [("a long name", long), ("many names", same)] {
        let redactor = redactor.clone();
        ends(what, move || {
            redactor.redact_json(&mut value);
            assert!(!value.to_string().contains("@example.org"));
        });
    }
}

#[test]
fn json_that_was_made_by_hand_may_nest_as_deep_as_it_likes() {
    // Dropping the value recurses and needs stack; llmobs must not need more.
    let nest = |levels: usize| (0..levels).fold(json!("jane@example.org"), |inner, _| Value::Array(vec![inner]));
    let act = move || {
        let gate = Gate::from(ContentCapture::Spans);
        let content = nest(10_000).into();
        let passed = gate.passage().json(&content).unwrap().for_span().unwrap();
        assert!(passed.contains("[OVERFLOW]") && !passed.contains("jane"));
        assert!(format!("{content:?}").starts_with("Content("));
        // The application drops the value, so its stack is outside the scope of this test.
        std::mem::forget(content);
    };
    thread::Builder::new().stack_size(2 << 20).spawn(act).unwrap().join().unwrap();
}

#[test]
fn what_is_handed_in_may_hand_in_something_itself() {
    ends("a step that is told something while it is told something", || {
        let backend = Backend::new();
        let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
        let step = observer.execute_tool("weather").start();
        step.arguments(|| {
            step.result(|| json!("rain"));
            json!({"city": "Paris"})
        });
        step.complete();
        let operation = observer.chat(MODEL).start();
        let marker = operation.marker().clone();
        marker.input(|| {
            marker.input(|| "inner");
            marker.output(|| [Message::assistant().part(Part::text("answer"))]);
            "outer"
        });
        operation.complete();
        let span = attributes(&backend.span("execute_tool weather"));
        assert_eq!(span["gen_ai.tool.call.result"].to_string(), "rain");
        let span = attributes(&backend.span(&format!("chat {MODEL}")));
        assert!(span["gen_ai.input.messages"].to_string().contains("inner"), "what is given first stands");
    });
}

#[test]
fn stop_sequences_are_of_what_a_span_may_have_too() {
    let backend = Backend::new();
    let limits = ContentLimits::default().part(200).list(1_000).span(1_500);
    let gate = Gate::builder().capture(ContentCapture::Spans).limits(limits);
    let observer = backend.builder(Role::Server).capture(gate).build().unwrap();
    let stops = vec![WORD.repeat(100); 6];
    let stops: Vec<&str> = stops.iter().map(String::as_str).collect();
    let operation = observer.chat(MODEL).stop_sequences(&stops).start();
    operation.marker().input(|| vec![Message::user(WORD.repeat(10)); 100]);
    operation.marker().output(|| vec![Message::assistant().part(Part::text(WORD.repeat(10))); 100]);
    operation.complete();
    let span = attributes(&backend.span(&format!("chat {MODEL}")));
    let content = span.iter().filter(|(name, _)| Sensitivity::of(name) == Some(Sensitivity::Content));
    let sizes: BTreeMap<&str, usize> = content.map(|(name, value)| (name.as_str(), value.to_string().len())).collect();
    assert!(sizes.len() >= 2 && sizes.values().sum::<usize>() <= 1_550, "{sizes:?}");
}

#[test]
fn a_closure_that_panics_takes_nothing_else_along() {
    let backend = Backend::new();
    let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
    let operation = observer.chat(MODEL).start();
    let marker = operation.marker().clone();
    let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        marker.input(|| -> Input { panic!("no input") });
    }));
    assert!(broken.is_err());
    marker.input(|| "Hello");
    operation.complete();
    let span = attributes(&backend.span(&format!("chat {MODEL}")));
    assert!(span["gen_ai.input.messages"].to_string().contains("Hello"));
}

#[test]
fn a_whole_answer_that_was_broken_off_does_not_end_in_half_of_a_key_either() {
    let gate = Gate::from(ContentCapture::Events);
    for (reason, expected) in [
        (Some(FinishReason::Length), "The key is "),
        (Some(FinishReason::Stop), "The key is sk-ant-api03-a8F"),
        (None, "The key is "),
    ] {
        let message = Message::assistant().part(Part::text("The key is sk-ant-api03-a8F"));
        let message = reason.into_iter().fold(message, Message::finish_reason);
        let passed = gate.passage().output(&[message]).unwrap();
        assert_eq!(passed.for_event().unwrap()[0]["parts"][0]["content"], expected);
    }
}

#[test]
fn an_address_that_holds_what_it_addresses_is_known_behind_blanks_too() {
    let gate = Gate::from(ContentCapture::Events);
    let message = Message::user("look").part(Part::uri(Modality::Image, " \ndata:image/png;base64,AAAAAAAAAAAAAAAA"));
    let passed = gate.passage().input(&[message]).unwrap();
    assert_eq!(passed.for_event().unwrap()[0]["parts"][1]["type"], "blob");
}

#[test]
fn text_in_an_address_is_no_medium() {
    let gate = Gate::builder().capture(ContentCapture::Events).limits(ContentLimits::default().media(1 << 20)).build();
    for address in ["data:text/plain,jane@example.org", "data:;base64,jane@example.org", "data:,abc"] {
        let passed =
            gate.passage().input(&[Message::user("see").part(Part::uri(Modality::Document, address))]).unwrap();
        assert_eq!(passed.for_event().unwrap()[0]["parts"][1]["content"], "", "{address}");
    }
}

#[test]
fn nothing_that_holds_content_prints_it() {
    let observer = Observer::builder().model(MODEL).capture(ContentCapture::Events).build().unwrap();
    let start = observer.chat("canary").stop_sequences(&["canary"]);
    assert!(!format!("{start:?}").contains("canary"));
    let operation = start.start();
    let marker = operation.marker().clone();
    marker.input(|| Input::new().system("canary").tool(ToolDefinition::function("canary")));
    marker.output_text(0, "canary");
    marker.output_tool_call(0, 0, Some("canary"), Some("canary"), "canary");
    assert!(!format!("{operation:?} {marker:?} {observer:?}").contains("canary"), "{operation:?} {marker:?}");
    let observed = operation.observe(futures_util::stream::iter(["canary"]));
    assert!(!format!("{observed:?}").contains("canary"), "{observed:?}");
    let gate = Gate::from(ContentCapture::Events);
    let mut gathering = gate.gather().unwrap();
    gathering.tool_call(0, 0, Some("canary"), Some("canary"), "canary");
    assert!(!format!("{gathering:?}").contains("canary"), "{gathering:?}");
    let mut stream = gate.redactor().stream();
    stream.push("the canary@exam", &mut String::new());
    stream.push_bytes(b"canary\xe2", &mut String::new());
    assert!(!format!("{stream:?}").contains("canary"), "{stream:?}");
    let call = ToolCall::new("canary").id("canary").arguments_text("canary");
    let failure = Failure::new(ErrorType::Upstream).message("canary");
    let message = Message::user("canary").name("canary").part(call).part(Part::file(Modality::Image, "canary"));
    let blob = Part::blob(Modality::Image, b"canary".to_vec()).mime_type("canary");
    let document = Document::new("canary", 0.5);
    assert!(!format!("{message:?} {failure:?} {blob:?} {document:?}").contains("canary"));
}

#[test]
fn limits_that_are_as_large_as_they_can_be_overflow_nothing() {
    let limits = ContentLimits::default().part(usize::MAX).list(usize::MAX).span(usize::MAX).media(usize::MAX);
    let gate = Gate::builder().capture(ContentCapture::Spans).limits(limits).build();
    let call = ToolCall::new("send").arguments(json!({"to": vec!["jane@example.org"; 3]}));
    let messages = [Message::user("I am jane@example.org").part(call)];
    let mut passage = gate.passage();
    assert!(!passage.input(&messages).unwrap().for_span().unwrap().contains("jane"));
    let mut gathering = gate.gather().unwrap();
    gathering.text(0, "I am jane@example.org");
    assert!(!passage.output(&gathering.into_messages()).unwrap().for_span().unwrap().contains("jane"));
}
