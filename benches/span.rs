//! Measures the cost of the span of an operation, compared with the same span by hand and with `fastrace`.

use std::borrow::Cow;

use fastrace::collector::Config;
use fastrace::collector::Reporter;
use fastrace::collector::SpanRecord;
use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::Usage;
use llmobs::catalog::Level;
use llmobs_benches::Comparison;
use llmobs_benches::measure_time;
use llmobs_benches::report_budget;
use opentelemetry::Array;
use opentelemetry::Value;
use opentelemetry_sdk::trace::Sampler;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use self::support::span_export::DiscardingProcessor;
use self::support::span_export::time_with_spans;

mod support {
    pub(crate) mod span_export;
}

const MODEL: &str = "smollm2-135m-instruct";
const NO_SUBSCRIBER: &str = "llmobs, nobody listens";
const SPAN: &str = "llmobs, with its span";
const UNSAMPLED: &str = "llmobs, in a trace that is not sampled";
const BY_HAND: &str = "by hand: tracing span, same attributes";
const BY_HAND_UNSAMPLED: &str = "by hand: the same, in a trace that is not sampled";
const FASTRACE: &str = "fastrace: root span, same attributes";

fn main() {
    // No log events, because the span by hand emits none either.
    let builder = Observer::builder().model(MODEL).level(Level::Core).log_sample_ratio(0.0);
    let observer = builder.build().expect("the observer is valid");
    let provider = SdkTracerProvider::builder().with_span_processor(DiscardingProcessor).build();
    let off = Sampler::ParentBased(Box::new(Sampler::AlwaysOff));
    let unsampled = SdkTracerProvider::builder().with_span_processor(DiscardingProcessor).with_sampler(off).build();
    fastrace::set_reporter(DiscardingProcessor, Config::default());
    let results = Comparison::new("an operation and its span")
        .candidate(NO_SUBSCRIBER, |iterations| measure_time(|| (0..iterations).for_each(|_| operation(&observer))))
        .candidate(SPAN, |iterations| time_with_spans(&provider, || (0..iterations).for_each(|_| operation(&observer))))
        .candidate(BY_HAND, |iterations| time_with_spans(&provider, || (0..iterations).for_each(|_| manual_span())))
        .candidate(UNSAMPLED, |iterations| {
            time_with_spans(&unsampled, || {
                let _parent = tracing::info_span!("parent").entered();
                (0..iterations).for_each(|_| operation(&observer));
            })
        })
        .candidate(BY_HAND_UNSAMPLED, |iterations| {
            time_with_spans(&unsampled, || {
                let _parent = tracing::info_span!("parent").entered();
                (0..iterations).for_each(|_| manual_span());
            })
        })
        .candidate(FASTRACE, |iterations| measure_time(|| (0..iterations).for_each(|_| fastrace_span())))
        .run();
    results.print(BY_HAND, NO_SUBSCRIBER);
    let added = results.median_nanos(SPAN) - results.median_nanos(NO_SUBSCRIBER);
    report_budget("the span, of one by hand", added / results.median_nanos(BY_HAND), 1.3, "");
    let added = results.median_nanos(UNSAMPLED) - results.median_nanos(NO_SUBSCRIBER);
    println!("in a trace that is not sampled, of one by hand: {:.2}", added / results.median_nanos(BY_HAND_UNSAMPLED));
}

fn operation(observer: &Observer) {
    let operation = observer.chat(MODEL).max_tokens(64).temperature(0.5).server("127.0.0.1", 8080).start();
    let marker = operation.marker();
    marker.response_id("chatcmpl-4711");
    marker.response_model(MODEL);
    marker.usage(Usage::new().input(37).output(12));
    marker.finish_reason(FinishReason::Stop);
    operation.complete();
}

/// Writes the span of an operation by hand, with all its attributes.
fn manual_span() {
    let span = tracing::info_span!(
        "inference",
        otel.name = format!("chat {MODEL}"),
        otel.kind = "internal",
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = "unknown",
        gen_ai.request.model = MODEL,
        gen_ai.request.max_tokens = 64_i64,
        gen_ai.request.temperature = 0.5,
        server.address = "127.0.0.1",
        server.port = 8080_i64,
        gen_ai.response.id = Empty,
        gen_ai.response.model = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        llmobs.operation.outcome = Empty,
    );
    // Reading the context assigns the trace id, as needed for exemplars.
    std::hint::black_box(span.context());
    span.record("gen_ai.response.id", "chatcmpl-4711");
    span.record("gen_ai.response.model", MODEL);
    span.record("gen_ai.usage.input_tokens", 37_i64);
    span.record("gen_ai.usage.output_tokens", 12_i64);
    span.record("llmobs.operation.outcome", "completed");
    span.set_attribute("gen_ai.response.finish_reasons", Value::Array(Array::String(vec!["stop".into()])));
}

fn fastrace_span() {
    let root = fastrace::Span::root("chat", fastrace::collector::SpanContext::random());
    root.add_properties(|| {
        [
            ("gen_ai.operation.name", Cow::Borrowed("chat")),
            ("gen_ai.provider.name", "unknown".into()),
            ("gen_ai.request.model", MODEL.into()),
            ("gen_ai.request.max_tokens", 64.to_string().into()),
            ("gen_ai.request.temperature", 0.5.to_string().into()),
            ("server.address", "127.0.0.1".into()),
            ("server.port", 8080.to_string().into()),
            ("gen_ai.response.id", "chatcmpl-4711".into()),
            ("gen_ai.response.model", MODEL.into()),
            ("gen_ai.usage.input_tokens", 37.to_string().into()),
            ("gen_ai.usage.output_tokens", 12.to_string().into()),
            ("gen_ai.response.finish_reasons", "stop".into()),
            ("llmobs.operation.outcome", "completed".into()),
        ]
    });
}

impl Reporter for DiscardingProcessor {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        std::hint::black_box(spans);
    }
}
