//! Content on spans: strings of JSON, if the capture mode exports content there.

use llmobs::Role;
use llmobs::capture::ContentCapture;
use llmobs::capture::ContentLimits;
use llmobs::capture::Gate;
use llmobs::content::Message;
use opentelemetry_sdk::trace::Sampler;

use crate::LEAVES;
use crate::call;
use crate::kit::Backend;
use crate::kit::MODEL;
use crate::kit::attributes;
use crate::kit::texts;

#[test]
fn a_span_has_content_where_the_mode_says_so_and_nowhere_else() {
    for (mode, expected) in [
        (ContentCapture::Off, false),
        (ContentCapture::Spans, true),
        (ContentCapture::Events, false),
        (ContentCapture::SpansAndEvents, true),
        (ContentCapture::Hook, false),
    ] {
        let backend = Backend::new();
        call(&backend.builder(Role::Server).capture(mode).build().unwrap());
        let span = attributes(&backend.span(&format!("chat {MODEL}")));
        for (name, json) in LEAVES {
            let found = span.get(name).map(ToString::to_string);
            assert_eq!(found.as_deref(), expected.then_some(json), "{name}, {mode:?}");
        }
        let stops = span.get("gen_ai.request.stop_sequences");
        assert_eq!(stops, expected.then(|| texts(&["END", "[EMAIL]"])).as_ref(), "{mode:?}");
    }
}

#[test]
fn nothing_is_captured_unless_somebody_says_so() {
    let backend = Backend::new();
    call(&backend.observer(Role::Server));
    let span = attributes(&backend.span(&format!("chat {MODEL}")));
    assert!(LEAVES.iter().all(|(name, _)| !span.contains_key(*name)));
    assert!(!span.contains_key("gen_ai.request.stop_sequences"));
}

#[test]
fn nothing_is_asked_for_where_nothing_is_captured() {
    let backend = Backend::new();
    let observer = backend.builder(Role::Server).capture(ContentCapture::Off).build().unwrap();
    let operation = observer.chat(MODEL).start();
    assert!(!operation.marker().captures());
    operation.marker().input(|| -> Message { panic!("nobody wants it") });
    operation.marker().output(|| -> [Message; 1] { panic!("nobody wants it") });
    operation.complete();
    assert!(!llmobs::Observer::disabled().chat(MODEL).start().marker().captures());
}

#[test]
fn all_content_of_a_span_has_one_limit() {
    let backend = Backend::new();
    let gate = Gate::builder().capture(ContentCapture::Spans).limits(ContentLimits::default().span(600));
    let observer = backend.builder(Role::Server).capture(gate).build().unwrap();
    let operation = observer.chat(MODEL).start();
    operation.marker().input(|| Message::user("word ".repeat(1_000)));
    operation.marker().output_text(0, &"word ".repeat(1_000));
    operation.complete();
    let span = attributes(&backend.span(&format!("chat {MODEL}")));
    let lengths = LEAVES.map(|(name, _)| span.get(name).map_or(0, |value| value.to_string().len()));
    assert!(lengths.iter().sum::<usize>() <= 600, "{lengths:?}");
    assert!(lengths[1] > 500, "the answer goes first: {lengths:?}");
}

#[test]
fn a_span_that_is_not_sampled_costs_no_redaction() {
    let backend = Backend::sampling(Sampler::AlwaysOff);
    let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
    call(&observer);
    let readings = llmobs::testing::Readings::of(&observer);
    assert!(readings.series("llmobs.self.redactions").is_empty());
    assert_eq!(observer.gate().unwrap().budget().in_use(), 0, "and nothing is kept");
}

#[test]
fn a_whole_answer_goes_before_its_pieces_and_has_the_reasons_of_its_choices() {
    let backend = Backend::new();
    let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
    let operation = observer.chat(MODEL).choices(2).start();
    operation.marker().output_text(0, "in pieces");
    operation.marker().output(|| ["one", "two"].map(|text| Message::assistant().part(text)));
    operation.marker().finish_reason_of(1, llmobs::FinishReason::Length);
    operation.marker().finish_reason_of(0, llmobs::FinishReason::Stop);
    operation.complete();
    let span = attributes(&backend.span(&format!("chat {MODEL}")));
    assert_eq!(
        span["gen_ai.output.messages"].to_string(),
        concat!(
            r#"[{"finish_reason":"stop","parts":[{"content":"one","type":"text"}],"role":"assistant"},"#,
            r#"{"finish_reason":"length","parts":[{"content":"two","type":"text"}],"role":"assistant"}]"#
        )
    );
}

#[test]
fn what_broke_in_the_middle_is_told_as_far_as_it_came() {
    let backend = Backend::new();
    let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
    let operation = observer.chat(MODEL).start();
    operation.marker().output_text(0, "It was a dark and");
    operation.fail(llmobs::ErrorType::Inference);
    let span = attributes(&backend.span(&format!("chat {MODEL}")));
    assert_eq!(
        span["gen_ai.output.messages"].to_string(),
        r#"[{"finish_reason":"error","parts":[{"content":"It was a dark and","type":"text"}],"role":"assistant"}]"#
    );
}
