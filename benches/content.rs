//! Measures the cost of content capture for a call, compared with setting the same text on the span by hand without
//! redaction.

use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::capture::ContentCapture;
use llmobs::catalog::Level;
use llmobs_benches::Contest;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::json;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use self::carried::Nowhere;
use self::carried::carried;

#[path = "support/carried.rs"]
mod carried;

const MODEL: &str = "smollm2-135m-instruct";
const SILENT: &str = "llmobs, told of no content";
const OFF: &str = "llmobs, off";
const SPANS: &str = "llmobs, on spans";
const BY_HAND: &str = "by hand: on spans, unredacted";

/// Number of chunks in an answer.
const PIECES: usize = 64;

fn main() {
    let observer = |mode| {
        // No log events, because the span by hand emits none either.
        let builder = Observer::builder().model(MODEL).level(Level::Core).log_sample_ratio(0.0);
        builder.capture(mode).build().expect("builds")
    };
    let (off, spans) = (observer(ContentCapture::Off), observer(ContentCapture::Spans));
    let provider = SdkTracerProvider::builder().with_span_processor(Nowhere).build();
    let prompt = "Tell me in a few words what a city of this size does about its rivers when it rains. ".repeat(24);
    let results = Contest::new("a call with a prompt of 2 KiB and an answer of 64 pieces")
        .rival(SILENT, |turns| carried(&provider, || (0..turns).for_each(|_| silent(&off))))
        .rival(OFF, |turns| carried(&provider, || (0..turns).for_each(|_| call(&off, &prompt))))
        .rival(SPANS, |turns| carried(&provider, || (0..turns).for_each(|_| call(&spans, &prompt))))
        .rival(BY_HAND, |turns| carried(&provider, || (0..turns).for_each(|_| by_hand(&off, &prompt))))
        .run();
    results.print(BY_HAND, SILENT);
    let bytes = prompt.len() + PIECES * PIECE.len();
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let per_byte = (results.nanos(SPANS) - results.nanos(SILENT)) / bytes as f64;
    println!("a byte of content on a span: {per_byte:.2} ns");
    println!("a piece where nothing is captured: {:.2} ns", (results.nanos(OFF) - results.nanos(SILENT)) / 65.0);
}

const PIECE: &str = " word after word";

fn silent(observer: &Observer) {
    let operation = observer.chat(MODEL).start();
    operation.marker().finish_reason(FinishReason::Stop);
    operation.complete();
}

fn call(observer: &Observer, prompt: &str) {
    let operation = observer.chat(MODEL).start();
    let mark = operation.marker();
    mark.input(|| prompt);
    for _ in 0..PIECES {
        mark.output_text(0, PIECE);
    }
    mark.finish_reason(FinishReason::Stop);
    operation.complete();
}

fn by_hand(observer: &Observer, prompt: &str) {
    let operation = observer.chat(MODEL).start();
    let mut answer = String::new();
    for _ in 0..PIECES {
        answer.push_str(PIECE);
    }
    let messages = |role, text: &str| json!([{"role": role, "parts": [{"type": "text", "content": text}]}]).to_string();
    operation.span().set_attribute("gen_ai.input.messages", messages("user", prompt));
    operation.span().set_attribute("gen_ai.output.messages", messages("assistant", &answer));
    operation.marker().finish_reason(FinishReason::Stop);
    operation.complete();
}
