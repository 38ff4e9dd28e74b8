//! Measures the cost of content capture for a call, compared with setting the same text on the span by hand without
//! redaction.

use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::capture::ContentCapture;
use llmobs::catalog::Level;
use llmobs_benches::Comparison;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::json;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use self::support::span_export::DiscardingProcessor;
use self::support::span_export::time_with_spans;

mod support {
    pub(crate) mod span_export;
}

const MODEL: &str = "smollm2-135m-instruct";
const NO_CONTENT: &str = "llmobs, told of no content";
const OFF: &str = "llmobs, off";
const SPANS: &str = "llmobs, on spans";
const BY_HAND: &str = "by hand: on spans, unredacted";

/// Number of chunks in an answer.
const CHUNK_COUNT: usize = 64;

fn main() {
    let observer = |mode| {
        // No log events, because the span by hand emits none either.
        let builder = Observer::builder().model(MODEL).level(Level::Core).log_sample_ratio(0.0);
        builder.capture(mode).build().expect("the observer is valid")
    };
    let (off, spans) = (observer(ContentCapture::Off), observer(ContentCapture::Spans));
    let provider = SdkTracerProvider::builder().with_span_processor(DiscardingProcessor).build();
    let prompt = "Tell me in a few words what a city of this size does about its rivers when it rains. ".repeat(24);
    let results = Comparison::new("a call with a prompt of 2 KiB and an answer of 64 pieces")
        .candidate(NO_CONTENT, |iterations| {
            time_with_spans(&provider, || (0..iterations).for_each(|_| call_without_content(&off)))
        })
        .candidate(OFF, |iterations| time_with_spans(&provider, || (0..iterations).for_each(|_| call(&off, &prompt))))
        .candidate(SPANS, |iterations| {
            time_with_spans(&provider, || (0..iterations).for_each(|_| call(&spans, &prompt)))
        })
        .candidate(BY_HAND, |iterations| {
            time_with_spans(&provider, || (0..iterations).for_each(|_| manual_call(&off, &prompt)))
        })
        .run();
    results.print(BY_HAND, NO_CONTENT);
    let bytes = prompt.len() + CHUNK_COUNT * CHUNK_TEXT.len();
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let per_byte = (results.median_nanos(SPANS) - results.median_nanos(NO_CONTENT)) / bytes as f64;
    println!("a byte of content on a span: {per_byte:.2} ns");
    println!(
        "a piece where nothing is captured: {:.2} ns",
        (results.median_nanos(OFF) - results.median_nanos(NO_CONTENT)) / 65.0
    );
}

const CHUNK_TEXT: &str = " word after word";

fn call_without_content(observer: &Observer) {
    let operation = observer.chat(MODEL).start();
    operation.marker().finish_reason(FinishReason::Stop);
    operation.complete();
}

fn call(observer: &Observer, prompt: &str) {
    let operation = observer.chat(MODEL).start();
    let marker = operation.marker();
    marker.input(|| prompt);
    for _ in 0..CHUNK_COUNT {
        marker.output_text(0, CHUNK_TEXT);
    }
    marker.finish_reason(FinishReason::Stop);
    operation.complete();
}

fn manual_call(observer: &Observer, prompt: &str) {
    let operation = observer.chat(MODEL).start();
    let mut answer = String::new();
    for _ in 0..CHUNK_COUNT {
        answer.push_str(CHUNK_TEXT);
    }
    let messages = |role, text: &str| json!([{"role": role, "parts": [{"type": "text", "content": text}]}]).to_string();
    operation.span().set_attribute("gen_ai.input.messages", messages("user", prompt));
    operation.span().set_attribute("gen_ai.output.messages", messages("assistant", &answer));
    operation.marker().finish_reason(FinishReason::Stop);
    operation.complete();
}
