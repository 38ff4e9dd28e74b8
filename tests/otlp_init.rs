//! A pipeline for the whole process: one test, since a process has one subscriber.

mod support;

use std::collections::HashMap;
use std::time::Duration;

use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::otlp::InitError;
use llmobs::otlp::Protocol;
use llmobs::otlp::Signal;
use llmobs::otlp::StandardOutput;
use opentelemetry::global;
use opentelemetry::trace::Span;
use opentelemetry::trace::Tracer;

use support::collector::Collector;

const MODEL: &str = "smollm2-135m-instruct";
const MOMENT: Duration = Duration::from_secs(10);

#[test]
fn one_pipeline_serves_the_process_until_it_is_shut_down() {
    let collector = Collector::start();
    let settings = || {
        let pairs = [("OTEL_PROPAGATORS", "tracecontext,baggage,b3"), ("RUST_LOG", "info,application=debug")];
        let builder = llmobs::otlp::builder().environment(pairs).standard_output(StandardOutput::Text);
        builder.endpoint(collector.endpoint()).protocol(Protocol::Grpc).metrics_interval(100 * MOMENT)
    };
    let pipeline = settings().init().unwrap();

    // A second one is refused, and the first is none the worse for it.
    assert_eq!(settings().init().unwrap_err(), InitError::AlreadyRunning);
    assert_eq!(settings().without_subscriber().init().unwrap_err(), InitError::AlreadyRunning);

    // The global providers, the propagators, the subscriber, and the observer's own rows are all there by themselves.
    let observer = Observer::builder().model(MODEL).build().unwrap();
    observer.chat(MODEL).start().complete();
    observer.chat(MODEL).start().fail(ErrorType::Inference);
    global::tracer("application").start("by hand").end();
    global::meter("application").u64_counter("counted").build().add(7, &[]);
    tracing::debug!(target: "application", "said");
    tracing::trace!(target: "application", "below the filter");
    let mut carrier = HashMap::new();
    global::get_text_map_propagator(|propagator| {
        tracing::info_span!("outgoing")
            .in_scope(|| propagator.inject_context(&opentelemetry::Context::current(), &mut carrier));
    });
    assert!(carrier["traceparent"].starts_with("00-"), "{carrier:?}");

    pipeline.shutdown(MOMENT).unwrap();
    let seen = collector.inbox().seen();
    let mut names: Vec<_> = seen.spans.iter().map(|span| span.item.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["by hand", &format!("chat {MODEL}"), &format!("chat {MODEL}"), "outgoing"]);
    assert_eq!(seen.last_sum("counted", &[]), Some(7.0));
    assert_eq!(seen.last_sum("llmobs.operation.ended", &[]), Some(2.0));
    assert_eq!(seen.last_sum("llmobs.self.export.queue.limit", &[("llmobs.signal", "traces")]), Some(2_048.0));
    assert_eq!(seen.last_sum("llmobs.self.dropped", &[]), Some(0.0));
    let said = |scope: &str| seen.logs.iter().filter(|log| log.scope.name == scope).count();
    assert_eq!(said("application"), 1);
    // Two wide events, and one warning that names what cannot be honoured.
    let warnings = seen.logs.iter().filter(|log| format!("{:?}", log.item.body).contains("OTEL_PROPAGATORS: `b3`"));
    assert_eq!(warnings.count(), 1);
    assert!(said("llmobs") >= 3);

    // After the shutdown there may be another, though not another subscriber.
    assert_eq!(settings().init().unwrap_err(), InitError::SubscriberTaken);
    let second = Collector::start();
    let pipeline = settings().endpoint(second.endpoint()).without_subscriber().init().unwrap();
    global::tracer("application").start("again").end();
    pipeline.shutdown(MOMENT).unwrap();
    assert_eq!(second.inbox().spans().len(), 1);
    assert_eq!(pipeline.sent(Signal::Traces), 1);
}
