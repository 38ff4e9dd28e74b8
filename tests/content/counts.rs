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

use crate::call;
use crate::kit::Backend;
use crate::kit::MODEL;
use crate::kit::attributes;

fn lost(observer: &Observer, reason: &str) -> f64 {
    let labels = [("llmobs.signal", "content"), ("llmobs.drop.reason", reason)];
    Readings::of(observer).value("llmobs.self.dropped", &labels)
}

#[test]
fn redactions_are_counted_by_detector() {
    let backend = Backend::new();
    let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
    call(&observer);
    // One each in the question, the answer and the stop sequences.
    let readings = Readings::of(&observer);
    assert_eq!(readings.count("llmobs.self.redactions", &[("llmobs.detector", "email")]), 3);
    assert_eq!(readings.series("llmobs.self.redactions").len(), 1);
}

#[test]
fn what_is_cut_and_left_out_is_counted() {
    let backend = Backend::new();
    let gate = Gate::builder().capture(ContentCapture::Spans).limits(ContentLimits::default().part(100).list(400));
    let observer = backend.builder(Role::Server).capture(gate).build().unwrap();
    let operation = observer.chat(MODEL).start();
    operation.marker().input(|| vec![Message::user("word ".repeat(50)); 20]);
    operation.complete();
    assert!(lost(&observer, "truncated") >= 1.0);
    assert!(lost(&observer, "limit") >= 10.0);
}

#[test]
fn what_finds_no_room_is_not_kept_and_counted_and_all_room_comes_back() {
    let backend = Backend::new();
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
    assert_eq!(lost(&observer, "budget"), 1.0, "an operation counts once");
    let only_asked = observer.chat(MODEL).start();
    only_asked.marker().input(|| "x".repeat(1_500));
    only_asked.complete();
    assert_eq!(lost(&observer, "budget"), 2.0);
    let only_told = observer.chat(MODEL).start();
    only_told.marker().output_text(0, &"x".repeat(1_500));
    only_told.complete();
    assert_eq!(lost(&observer, "budget"), 3.0);
    drop(first);
    assert_eq!(budget.in_use(), 0);
}

#[test]
fn media_that_will_not_go_along_are_not_kept_until_then() {
    let backend = Backend::new();
    let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
    let operation = observer.chat(MODEL).start();
    operation.marker().input(|| {
        let picture = Part::blob(Modality::Image, vec![0; 1 << 20]);
        let address = Part::uri(Modality::Image, format!("data:image/png;base64,{}", "A".repeat(1 << 20)));
        Message::user("What is this?").part(picture).part(address)
    });
    assert!(observer.gate().unwrap().budget().in_use() < 4_096);
    operation.complete();
    assert_eq!(lost(&observer, "media"), 2.0);
    let span = attributes(&backend.span(&format!("chat {MODEL}")));
    let parts = concat!(
        r#"{"content":"What is this?","type":"text"},"#,
        r#"{"content":"","modality":"image","type":"blob"},"#,
        r#"{"content":"","mime_type":"image/png","modality":"image","type":"blob"}"#
    );
    assert_eq!(span["gen_ai.input.messages"].to_string(), format!(r#"[{{"parts":[{parts}],"role":"user"}}]"#));
}

#[test]
fn a_marker_that_lives_on_keeps_no_content() {
    let backend = Backend::new();
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
