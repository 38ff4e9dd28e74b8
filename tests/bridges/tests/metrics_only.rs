//! A host with its own pipeline of OpenTelemetry 0.31 for spans, and the pipeline of llmobs for metrics alone. The pipeline
//! is installed for the whole process, so this file has one test.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bridge_0_32::OpenTelemetrySpanExt;
use futures_executor::block_on;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::Observer;
use llmobs::otel::SpanIds;
use llmobs::otlp::Signal;
use llmobs_tests::collector::Collector;
use otel_0_31::Context;
use otel_0_31::trace::TraceContextExt;
use otel_0_31::trace::TracerProvider as _;
use sdk_0_31::error::OTelSdkResult;
use sdk_0_31::trace::SdkTracerProvider;
use sdk_0_31::trace::Span;
use sdk_0_31::trace::SpanData;
use sdk_0_31::trace::SpanProcessor;
use tracing_subscriber::layer::SubscriberExt;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Passes every ended span of the host's pipeline to the test.
#[derive(Debug, Clone, Default)]
struct HostExporter(Arc<Mutex<Vec<SpanData>>>);

impl SpanProcessor for HostExporter {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.lock().unwrap().push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Runs a streamed call and logs an event of the application.
fn run_call(observer: &Observer) {
    tracing::info_span!("handler").in_scope(|| {
        tracing::info!("an event of the application");
        let items = stream::iter([1_u32, 2]).inspect(|_| std::thread::sleep(Duration::from_millis(10)));
        let answer = observer.chat("m").start().observe_with(items, |tokens| Chunk::tokens(*tokens));
        assert_eq!(block_on(answer.count()), 2);
    });
}

#[test]
fn spans_are_exported_by_the_host_alone_and_metrics_by_llmobs_alone() {
    let collector = Collector::start();
    let builder = llmobs::otlp::builder().environment([("", ""); 0]).endpoint(collector.endpoint());
    let builder = builder.without_signal(Signal::Traces).without_signal(Signal::Logs);
    let pipeline = builder.metrics_interval(100 * TIMEOUT).without_subscriber().init().unwrap();
    let observer = Observer::builder().model("m").span_ids(|span| {
        let context = span.context();
        let span = context.span();
        let ids = span.span_context();
        Some(SpanIds::new(ids.trace_id().to_bytes(), ids.span_id().to_bytes(), ids.is_sampled()))
    });
    let observer = observer.build().unwrap();

    for has_layer in [false, true] {
        let exporter = HostExporter::default();
        let provider = SdkTracerProvider::builder().with_span_processor(exporter.clone()).build();
        let registry = tracing_subscriber::registry().with(bridge_0_32::layer().with_tracer(provider.tracer("host")));
        match has_layer {
            false => tracing::subscriber::with_default(registry, || run_call(&observer)),
            true => tracing::subscriber::with_default(registry.with(pipeline.layer()), || run_call(&observer)),
        }
        let spans = exporter.0.lock().unwrap();
        let names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
        assert_eq!(names, ["chat m", "handler"], "with our layer: {has_layer}");
        let chat = &spans[0];
        assert_eq!(chat.parent_span_id, spans[1].span_context.span_id());
        assert!(chat.end_time.duration_since(chat.start_time).unwrap() >= Duration::from_millis(20), "{chat:?}");
        let events: Vec<_> = spans[1].events.iter().map(|event| &*event.name).collect();
        assert_eq!(events, ["an event of the application"], "the host's layer keeps its events");
    }

    pipeline.shutdown(TIMEOUT).unwrap();
    let received = collector.inbox().snapshot();
    assert!(received.spans.is_empty() && received.logs.is_empty(), "{:?} {:?}", received.spans, received.logs);
    assert_eq!(received.last_sum("llmobs.operation.ended", &[]), Some(2.0));
    assert_eq!(received.last_sum("llmobs.token.processed", &[("llmobs.token.kind", "text")]), Some(6.0));
    assert_eq!((pipeline.sent(Signal::Traces), pipeline.sent(Signal::Logs)), (0, 0));
}
