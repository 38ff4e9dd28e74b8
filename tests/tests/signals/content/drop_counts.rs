//! Metrics about content: counts only, never the content.

use llmobs::Observer;
use llmobs::Role;
use llmobs::capture::ContentBudget;
use llmobs::capture::ContentCapture;
use llmobs::capture::ContentLimits;
use llmobs::capture::Gate;
use llmobs::content::Message;
use llmobs::content::Modality;
use llmobs::content::Part;
use llmobs::testing::Readings;

use super::run_call;
use llmobs_tests::tracing_backend::MODEL;
use llmobs_tests::tracing_backend::TracingBackend;
use llmobs_tests::tracing_backend::attributes;

fn dropped_content(observer: &Observer, reason: &str) -> f64 {
    let labels = [("llmobs.signal", "content"), ("llmobs.drop.reason", reason)];
    Readings::new(observer).value("llmobs.self.dropped", &labels)
}

#[test]
fn redactions_are_counted_by_detector() {
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
    run_call(&observer);
    // One each in the question, the answer and the stop sequences.
    let readings = Readings::new(&observer);
    assert_eq!(readings.count("llmobs.self.redactions", &[("llmobs.detector", "email")]), 3);
    assert_eq!(readings.series("llmobs.self.redactions").len(), 1);
}

#[test]
fn truncated_and_omitted_content_is_counted() {
    let backend = TracingBackend::new();
    let gate = Gate::builder().capture(ContentCapture::Spans).limits(ContentLimits::default().part(100).attribute(400));
    let observer = backend.builder(Role::Server).capture(gate).build().unwrap();
    let operation = observer.chat(MODEL).start();
    operation.marker().input(|| vec![Message::user("word ".repeat(50)); 20]);
    operation.complete();
    assert!(dropped_content(&observer, "truncated") >= 1.0);
    assert!(dropped_content(&observer, "limit") >= 10.0);
}

#[test]
fn content_over_the_budget_is_dropped_and_counted_and_the_budget_is_released() {
    let backend = TracingBackend::new();
    let gate = Gate::builder().capture(ContentCapture::Spans).budget(ContentBudget::new(2_000));
    let observer = backend.builder(Role::Server).capture(gate).build().unwrap();
    let budget = observer.gate().unwrap().budget();
    let first = observer.chat(MODEL).start();
    first.marker().input(|| "x".repeat(1_500));
    assert!(budget.in_use() >= 1_500);
    let second = observer.chat(MODEL).start();
    second.marker().input(|| "x".repeat(1_500));
    second.marker().output_text(0, &"x".repeat(1_500));
    second.complete();
    assert_eq!(dropped_content(&observer, "budget"), 1.0, "one drop per operation");
    let input_only = observer.chat(MODEL).start();
    input_only.marker().input(|| "x".repeat(1_500));
    input_only.complete();
    assert_eq!(dropped_content(&observer, "budget"), 2.0);
    let output_only = observer.chat(MODEL).start();
    output_only.marker().output_text(0, &"x".repeat(1_500));
    output_only.complete();
    assert_eq!(dropped_content(&observer, "budget"), 3.0);
    drop(first);
    assert_eq!(budget.in_use(), 0);
}

#[test]
fn media_that_are_not_exported_are_not_captured() {
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
    let operation = observer.chat(MODEL).start();
    operation.marker().input(|| {
        let picture = Part::blob(Modality::Image, vec![0; 1 << 20]);
        let data_uri = Part::uri(Modality::Image, format!("data:image/png;base64,{}", "A".repeat(1 << 20)));
        Message::user("What is this?").part(picture).part(data_uri)
    });
    assert!(observer.gate().unwrap().budget().in_use() < 4_096);
    operation.complete();
    assert_eq!(dropped_content(&observer, "media"), 2.0);
    let span = attributes(&backend.span(&format!("chat {MODEL}")));
    let parts = concat!(
        r#"{"content":"What is this?","type":"text"},"#,
        r#"{"content":"","modality":"image","type":"blob"},"#,
        r#"{"content":"","mime_type":"image/png","modality":"image","type":"blob"}"#
    );
    assert_eq!(span["gen_ai.input.messages"].to_string(), format!(r#"[{{"parts":[{parts}],"role":"user"}}]"#));
}

#[test]
fn a_marker_that_outlives_its_operation_holds_no_content() {
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Server).capture(ContentCapture::Events).build().unwrap();
    let operation = observer.chat(MODEL).start();
    let marker = operation.marker().clone();
    marker.input(|| "something");
    marker.output_text(0, "something");
    operation.complete();
    marker.output_text(0, "after the end");
    marker.input(|| "after the end");
    assert_eq!(observer.gate().unwrap().budget().in_use(), 0);
}
