//! Content on spans: strings of JSON, if the capture mode exports content there.

use llmobs::Role;
use llmobs::capture::ContentCapture;
use llmobs::capture::ContentLimits;
use llmobs::capture::Gate;
use llmobs::content::Message;
use opentelemetry_sdk::trace::Sampler;

use super::EXPORTED_CONTENT;
use super::run_call;
use llmobs_tests::tracing_backend::MODEL;
use llmobs_tests::tracing_backend::TracingBackend;
use llmobs_tests::tracing_backend::attributes;
use llmobs_tests::tracing_backend::texts;

#[test]
fn a_span_has_content_only_in_the_modes_for_spans() {
    for (mode, expected) in [
        (ContentCapture::Off, false),
        (ContentCapture::Spans, true),
        (ContentCapture::Events, false),
        (ContentCapture::SpansAndEvents, true),
        (ContentCapture::Hook, false),
    ] {
        let backend = TracingBackend::new();
        run_call(&backend.builder(Role::Server).capture(mode).build().unwrap());
        let span = attributes(&backend.span(&format!("chat {MODEL}")));
        for (name, json) in EXPORTED_CONTENT {
            let value = span.get(name).map(ToString::to_string);
            assert_eq!(value.as_deref(), expected.then_some(json), "{name}, {mode:?}");
        }
        let stops = span.get("gen_ai.request.stop_sequences");
        assert_eq!(stops, expected.then(|| texts(&["END", "[EMAIL]"])).as_ref(), "{mode:?}");
    }
}

#[test]
fn nothing_is_captured_by_default() {
    let backend = TracingBackend::new();
    run_call(&backend.observer(Role::Server));
    let span = attributes(&backend.span(&format!("chat {MODEL}")));
    assert!(EXPORTED_CONTENT.iter().all(|(name, _)| !span.contains_key(*name)));
    assert!(!span.contains_key("gen_ai.request.stop_sequences"));
}

#[test]
fn content_closures_are_not_called_where_nothing_is_captured() {
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Server).capture(ContentCapture::Off).build().unwrap();
    let operation = observer.chat(MODEL).start();
    assert!(!operation.marker().is_capturing());
    operation.marker().input(|| -> Message { panic!("content is not captured") });
    operation.marker().output(|| -> [Message; 1] { panic!("content is not captured") });
    operation.complete();
    assert!(!llmobs::Observer::disabled().chat(MODEL).start().marker().is_capturing());
}

#[test]
fn all_content_of_a_span_has_one_limit() {
    let backend = TracingBackend::new();
    let gate = Gate::builder().capture(ContentCapture::Spans).limits(ContentLimits::default().span(600));
    let observer = backend.builder(Role::Server).capture(gate).build().unwrap();
    let operation = observer.chat(MODEL).start();
    operation.marker().input(|| Message::user("word ".repeat(1_000)));
    operation.marker().output_text(0, &"word ".repeat(1_000));
    operation.complete();
    let span = attributes(&backend.span(&format!("chat {MODEL}")));
    let lengths = EXPORTED_CONTENT.map(|(name, _)| span.get(name).map_or(0, |value| value.to_string().len()));
    assert!(lengths.iter().sum::<usize>() <= 600, "{lengths:?}");
    assert!(lengths[1] > 500, "the output has priority: {lengths:?}");
}

#[test]
fn nothing_is_redacted_for_a_span_that_is_not_sampled() {
    let backend = TracingBackend::with_sampler(Sampler::AlwaysOff);
    let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
    run_call(&observer);
    let readings = llmobs::testing::Readings::new(&observer);
    assert!(readings.series("llmobs.self.redactions").is_empty());
    assert_eq!(observer.gate().unwrap().budget().in_use(), 0, "and nothing is captured");
}

#[test]
fn a_complete_answer_replaces_its_deltas_and_has_the_finish_reasons_of_its_choices() {
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
    let operation = observer.chat(MODEL).choices(2).start();
    operation.marker().output_text(0, "in deltas");
    operation.marker().output(|| ["one", "two"].map(|text| Message::assistant().part(text)));
    operation.marker().finish_reason_for(1, llmobs::FinishReason::Length);
    operation.marker().finish_reason_for(0, llmobs::FinishReason::Stop);
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
fn the_partial_output_of_a_failed_and_of_a_cancelled_operation_is_exported() {
    type End = fn(llmobs::Operation);
    let ends: [(End, &str); 2] =
        [(|operation| operation.fail(llmobs::ErrorType::Inference), "error"), (drop, "cancelled")];
    for (end, reason) in ends {
        let backend = TracingBackend::new();
        let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
        let operation = observer.chat(MODEL).start();
        operation.marker().output_text(0, "It was a dark and");
        end(operation);
        let span = attributes(&backend.span(&format!("chat {MODEL}")));
        let parts = r#""parts":[{"content":"It was a dark and","type":"text"}],"role":"assistant""#;
        assert_eq!(span["gen_ai.output.messages"].to_string(), format!(r#"[{{"finish_reason":"{reason}",{parts}}}]"#));
    }
}
