//! Nothing is built for a span that is not sampled.

use llmobs::Role;
use opentelemetry::trace::SpanKind;
use opentelemetry_sdk::trace::Sampler;
use opentelemetry_sdk::trace::ShouldSample;

use llmobs_tests::tracing_backend::MODEL;
use llmobs_tests::tracing_backend::TracingBackend;

#[test]
fn a_sampler_receives_the_attributes_that_the_conventions_require() {
    #[derive(Debug, Clone)]
    struct CheckingSampler;

    impl ShouldSample for CheckingSampler {
        fn should_sample(
            &self,
            _: Option<&opentelemetry::Context>,
            _: opentelemetry::TraceId,
            name: &str,
            kind: &SpanKind,
            attributes: &[opentelemetry::KeyValue],
            _: &[opentelemetry::trace::Link],
        ) -> opentelemetry_sdk::trace::SamplingResult {
            assert_eq!((name, kind), (&*format!("chat {MODEL}"), &SpanKind::Client));
            for wanted in [
                "gen_ai.operation.name",
                "gen_ai.provider.name",
                "gen_ai.request.model",
                "server.address",
                "server.port",
            ] {
                assert!(attributes.iter().any(|attribute| attribute.key.as_str() == wanted), "{wanted}");
            }
            opentelemetry_sdk::trace::SamplingResult {
                decision: opentelemetry_sdk::trace::SamplingDecision::RecordAndSample,
                attributes: Vec::new(),
                trace_state: Default::default(),
            }
        }
    }

    let exporter = opentelemetry_sdk::trace::InMemorySpanExporter::default();
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .with_sampler(CheckingSampler)
        .build();
    let _subscriber = TracingBackend::subscribe(&provider);
    let observer = llmobs::Observer::builder().role(Role::Client).provider("candle").build().unwrap();
    observer.chat(MODEL).server("127.0.0.1", 8080).start().complete();
    assert_eq!(exporter.get_finished_spans().unwrap().len(), 1);
}

#[test]
fn in_a_trace_that_is_not_sampled_there_is_a_span_and_no_attribute() {
    let backend = TracingBackend::with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)));
    let observer = backend.observer(Role::Server);
    let parent = tracing::info_span!("parent");
    parent.in_scope(|| {
        let operation = observer.chat(MODEL).conversation("conv").start();
        assert!(!operation.span().is_disabled(), "children need to know that they are not sampled");
        operation.in_scope(|| {
            use opentelemetry::trace::TraceContextExt;
            let context = opentelemetry::Context::current();
            assert!(!context.span().span_context().is_sampled());
            assert!(context.span().span_context().is_valid());
        });
        operation.complete();
    });
    assert!(backend.spans().is_empty());
}
