//! Exemplars: if a sampled span is current when an operation starts, the buckets of TTFT and of durations link to its
//! trace, on the OpenMetrics page only.

use std::collections::BTreeSet;
use std::time::Duration;

use llmobs::Observer;
use llmobs::Role;
use llmobs::catalog::Profile;
use llmobs::clock::Clock;
use opentelemetry::Context;
use opentelemetry::trace::SpanContext;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::trace::Tracer;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::Sampler;
use opentelemetry_sdk::trace::SdkTracerProvider;

use llmobs_tests::prometheus_page;

/// Runs one operation of each role under a span that is sampled by `sampler`.
fn run_operations(sampler: Sampler) -> (Observer, SpanContext) {
    let (clock, manual_clock) = Clock::manual();
    let observer = Observer::builder().clock(clock).profile(Profile::Dual).model("m").build().unwrap();
    let tracer = SdkTracerProvider::builder().with_sampler(sampler).build().tracer("test");
    let context = Context::current_with_span(tracer.start("request"));
    let span = context.span().span_context().clone();
    for role in [Role::Server, Role::Client] {
        let observer = observer.as_role(role);
        let operation = {
            let _current = context.clone().attach();
            observer.chat("m").start()
        };
        // The span is not current while the stream is read, as on an engine's thread.
        manual_clock.advance(Duration::from_millis(50));
        let mut stream = operation.observe(futures_util::stream::iter(["a", "b"]));
        while llmobs_tests::traffic::next_item(&mut stream).is_some() {
            manual_clock.advance(Duration::from_millis(20));
        }
    }
    (observer, span)
}

/// Returns every exemplar: its family, its labels, its value.
fn exemplars(page: &str) -> Vec<(String, llmobs_tests::families::Labels, f64)> {
    let lines = page.lines().filter_map(|line| line.split_once(" # "));
    let parsed = lines.filter(|(sample, _)| !sample.starts_with('#')).map(|(sample, exemplar)| {
        let (name, ..) = prometheus_page::parse_sample(sample);
        let (nothing, labels, value) = prometheus_page::parse_sample(exemplar);
        assert_eq!(nothing, "");
        (name.strip_suffix("_bucket").expect("only buckets have exemplars").to_owned(), labels, value)
    });
    parsed.collect()
}

#[test]
fn first_token_and_duration_buckets_carry_the_ids_of_a_sampled_span() {
    let (observer, span) = run_operations(Sampler::AlwaysOn);
    assert!(span.is_sampled());
    let found = exemplars(&prometheus_page::open_metrics(&observer));
    for (family, labels, _) in &found {
        assert_eq!(labels["trace_id"], span.trace_id().to_string(), "{family}");
        assert_eq!(labels["span_id"], span.span_id().to_string(), "{family}");
        assert_eq!(labels.len(), 2);
    }
    let families: BTreeSet<_> = found.iter().map(|(family, ..)| family.as_str()).collect();
    let wanted = [
        "gen_ai_client_inference_duration_seconds",
        "gen_ai_client_inference_time_to_first_chunk_seconds",
        "gen_ai_client_operation_duration_seconds",
        "gen_ai_client_operation_time_to_first_chunk_seconds",
        "gen_ai_server_request_duration_seconds",
        "gen_ai_server_time_to_first_token_seconds",
        "llmobs_time_to_first_token_seconds",
    ];
    assert_eq!(families, BTreeSet::from(wanted));
    let first = found.iter().find(|(family, ..)| family == "llmobs_time_to_first_token_seconds").unwrap();
    assert_eq!(first.2, 0.05, "the value is the one that was recorded");
}

#[test]
fn an_unsampled_span_has_no_exemplar() {
    let (observer, span) = run_operations(Sampler::AlwaysOff);
    assert!(span.is_valid() && !span.is_sampled());
    assert!(exemplars(&prometheus_page::open_metrics(&observer)).is_empty());
}

#[test]
fn the_classic_page_has_no_exemplars_and_the_same_values() {
    let (observer, _) = run_operations(Sampler::AlwaysOn);
    assert!(exemplars(&llmobs::prometheus::page(&observer, None).body).is_empty());
    let families = prometheus_page::families(&observer);
    assert!(!families["gen_ai_server_request_duration_seconds"].series.is_empty());
}
