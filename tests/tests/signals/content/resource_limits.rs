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

use llmobs_tests::tracing_backend::MODEL;
use llmobs_tests::tracing_backend::TracingBackend;
use llmobs_tests::tracing_backend::attributes;

/// Returns a gate, and the number of bytes that the gate scans: every line is `xxxxxxx`, which a detector counts.
fn counting_gate() -> (Gate, Arc<AtomicU64>) {
    let scanned_bytes = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&scanned_bytes);
    let detector = Detector::new("WORD", "xxxxxxx").check(move |_| {
        counter.fetch_add(8, Ordering::Relaxed);
        false
    });
    let redactor = Redactor::builder().detector(detector).build().unwrap();
    (Gate::builder().capture(ContentCapture::Spans).redactor(redactor).build(), scanned_bytes)
}

const LINE: &str = "xxxxxxx\n";

/// Checks that the gate scans at most `max_bytes` bytes, and exports something.
#[track_caller]
fn assert_bounded(max_bytes: u64, pass: impl Fn(&mut GatePass<'_>) -> bool) {
    let (gate, scanned_bytes) = counting_gate();
    assert!(pass(&mut gate.pass()), "something is exported");
    let scanned_bytes = scanned_bytes.load(Ordering::Relaxed);
    assert!(scanned_bytes <= max_bytes, "{scanned_bytes} of at most {max_bytes} bytes are scanned");
}

const MAX_BYTES: u64 = 1 << 20;

#[test]
fn the_counting_gate_counts_scanned_bytes() {
    let (gate, scanned_bytes) = counting_gate();
    assert!(gate.pass().input(&[Message::user(LINE.repeat(500))]).is_some());
    assert_eq!(scanned_bytes.load(Ordering::Relaxed), 4_000);
}

#[test]
fn the_gate_scans_little_more_than_it_may_export_whatever_the_shape() {
    let long = LINE.repeat(12_500);
    assert_bounded(MAX_BYTES, |passage| passage.input(&vec![Message::user(long.as_str()); 200]).is_some());
    let short = LINE.repeat(1_000);
    assert_bounded(MAX_BYTES, |passage| passage.input(&vec![Message::user(short.as_str()); 4_000]).is_some());
    let message_of_many_parts =
        (0..50_000).fold(Message::assistant(), |message, _| message.part(Part::text(LINE.repeat(4))));
    assert_bounded(MAX_BYTES, |passage| passage.output(std::slice::from_ref(&message_of_many_parts)).is_some());
    assert_bounded(MAX_BYTES, |passage| passage.input(std::slice::from_ref(&message_of_many_parts)).is_some());
    assert_bounded(MAX_BYTES, |passage| passage.system_instructions(&vec![long.as_str().into(); 200]).is_some());
    assert_bounded(MAX_BYTES, |passage| {
        passage.tool_definitions(&vec![ToolDefinition::function(long.as_str()); 200]).is_some()
    });
}

#[test]
fn the_gate_scans_little_more_json_than_it_may_export() {
    let list = json!(vec![LINE.repeat(10); 50_000]);
    let object: Value =
        (0..50_000).map(|at| (format!("{LINE}{at}"), json!(LINE))).collect::<serde_json::Map<_, _>>().into();
    for value in [list.clone(), object, json!({"inside": list.to_string()}), json!(LINE.repeat(500_000))] {
        let content = value.into();
        assert_bounded(MAX_BYTES, |passage| passage.json(&content).is_some());
    }
    let message = || Message::assistant().part(ToolCall::new("send").arguments(list.clone()));
    let calls = vec![message(); 20];
    assert_bounded(MAX_BYTES, |passage| passage.output(&calls).is_some());
}

/// Runs code on a thread, and panics after twenty seconds. Quadratic work would take minutes.
fn assert_terminates(name: &str, action: impl FnOnce() + Send + 'static) {
    let (done, terminated) = mpsc::channel();
    thread::spawn(move || {
        action();
        let _ = done.send(());
    });
    assert!(terminated.recv_timeout(Duration::from_secs(20)).is_ok(), "{name} does not terminate");
}

#[test]
fn long_or_colliding_names_do_not_take_quadratic_time() {
    let redactor = Redactor::new();
    let long = json!({"name ".repeat(40_000): vec![1; 40_000]});
    let many_names: BTreeMap<String, u32> = (0..40_000).map(|at| (format!("u{at}@example.org"), at)).collect();
    let many_names = json!(many_names);
    for (name, mut value) in [("a long name", long), ("many names", many_names)] {
        let redactor = redactor.clone();
        assert_terminates(name, move || {
            redactor.redact_json(&mut value);
            assert!(!value.to_string().contains("@example.org"));
        });
    }
}

#[test]
fn json_values_may_nest_to_any_depth() {
    // Dropping the value recurses and needs stack; llmobs must not need more.
    let nested = |levels: usize| (0..levels).fold(json!("jane@example.org"), |inner, _| Value::Array(vec![inner]));
    let action = move || {
        let gate = Gate::from(ContentCapture::Spans);
        let content = nested(10_000).into();
        let gated = gate.pass().json(&content).unwrap().for_span().unwrap();
        assert!(gated.contains("[OVERFLOW]") && !gated.contains("jane"));
        assert!(format!("{content:?}").starts_with("Content("));
        // The application drops the value, so its stack is outside the scope of this test.
        std::mem::forget(content);
    };
    thread::Builder::new().stack_size(2 << 20).spawn(action).unwrap().join().unwrap();
}

#[test]
fn a_content_closure_may_capture_content_itself() {
    assert_terminates("a content closure inside a content closure", || {
        let backend = TracingBackend::new();
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
        assert!(span["gen_ai.input.messages"].to_string().contains("inner"), "the first input is kept");
    });
}

#[test]
fn stop_sequences_count_against_the_limit_of_a_span() {
    let backend = TracingBackend::new();
    let limits = ContentLimits::default().part(200).attribute(1_000).span(1_500);
    let gate = Gate::builder().capture(ContentCapture::Spans).limits(limits);
    let observer = backend.builder(Role::Server).capture(gate).build().unwrap();
    let stops = vec![LINE.repeat(100); 6];
    let stops: Vec<&str> = stops.iter().map(String::as_str).collect();
    let operation = observer.chat(MODEL).stop_sequences(&stops).start();
    operation.marker().input(|| vec![Message::user(LINE.repeat(10)); 100]);
    operation.marker().output(|| vec![Message::assistant().part(Part::text(LINE.repeat(10))); 100]);
    operation.complete();
    let span = attributes(&backend.span(&format!("chat {MODEL}")));
    let content = span.iter().filter(|(name, _)| Sensitivity::of_attribute(name) == Some(Sensitivity::Content));
    let sizes: BTreeMap<&str, usize> = content.map(|(name, value)| (name.as_str(), value.to_string().len())).collect();
    assert!(sizes.len() >= 2 && sizes.values().sum::<usize>() <= 1_550, "{sizes:?}");
}

#[test]
fn a_panic_of_a_content_closure_affects_no_other_content() {
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
    let operation = observer.chat(MODEL).start();
    let marker = operation.marker().clone();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        marker.input(|| -> Input { panic!("no input") });
    }));
    assert!(result.is_err());
    marker.input(|| "Hello");
    operation.complete();
    let span = attributes(&backend.span(&format!("chat {MODEL}")));
    assert!(span["gen_ai.input.messages"].to_string().contains("Hello"));
}

#[test]
fn a_truncated_complete_answer_does_not_end_in_half_of_a_key() {
    let gate = Gate::from(ContentCapture::Events);
    for (reason, expected) in [
        (Some(FinishReason::Length), "The key is "),
        (Some(FinishReason::Stop), "The key is sk-ant-api03-a8F"),
        (None, "The key is "),
    ] {
        let message = Message::assistant().part(Part::text("The key is sk-ant-api03-a8F"));
        let message = reason.into_iter().fold(message, Message::finish_reason);
        let gated = gate.pass().output(&[message]).unwrap();
        assert_eq!(gated.for_event().unwrap()[0]["parts"][0]["content"], expected);
    }
}

#[test]
fn a_data_uri_is_recognized_after_leading_white_space() {
    let gate = Gate::from(ContentCapture::Events);
    let message = Message::user("look").part(Part::uri(Modality::Image, " \ndata:image/png;base64,AAAAAAAAAAAAAAAA"));
    let gated = gate.pass().input(&[message]).unwrap();
    assert_eq!(gated.for_event().unwrap()[0]["parts"][1]["type"], "blob");
}

#[test]
fn text_in_a_data_uri_is_not_exported_as_media() {
    let gate = Gate::builder().capture(ContentCapture::Events).limits(ContentLimits::default().media(1 << 20)).build();
    for uri in ["data:text/plain,jane@example.org", "data:;base64,jane@example.org", "data:,abc"] {
        let gated = gate.pass().input(&[Message::user("see").part(Part::uri(Modality::Document, uri))]).unwrap();
        assert_eq!(gated.for_event().unwrap()[0]["parts"][1]["content"], "", "{uri}");
    }
}

#[test]
fn no_debug_output_has_content() {
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
    let mut accumulator = gate.accumulator().unwrap();
    accumulator.push_tool_call(0, 0, Some("canary"), Some("canary"), "canary");
    assert!(!format!("{accumulator:?}").contains("canary"), "{accumulator:?}");
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
fn maximum_limits_do_not_overflow() {
    let limits = ContentLimits::default().part(usize::MAX).attribute(usize::MAX).span(usize::MAX).media(usize::MAX);
    let gate = Gate::builder().capture(ContentCapture::Spans).limits(limits).build();
    let call = ToolCall::new("send").arguments(json!({"to": vec!["jane@example.org"; 3]}));
    let messages = [Message::user("I am jane@example.org").part(call)];
    let mut passage = gate.pass();
    assert!(!passage.input(&messages).unwrap().for_span().unwrap().contains("jane"));
    let mut accumulator = gate.accumulator().unwrap();
    accumulator.push_text(0, "I am jane@example.org");
    assert!(!passage.output(&accumulator.into_messages()).unwrap().for_span().unwrap().contains("jane"));
}
