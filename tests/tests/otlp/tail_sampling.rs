//! Tail sampling, from an operation to the request that the collector receives.

use std::collections::HashMap;
use std::time::Duration;

use llmobs::ErrorType;
use llmobs::Objective;
use llmobs::otlp::DropReason;
use llmobs::otlp::Protocol;
use llmobs::otlp::Sampler;
use llmobs::otlp::Signal;
use llmobs::otlp::TailSampling;
use opentelemetry_proto::tonic::trace::v1::Span;

use crate::fixture::MODEL;
use crate::fixture::TIMEOUT;
use crate::fixture::TestService;
use crate::fixture::pipeline_to;
use llmobs_tests::collector::Collector;
use llmobs_tests::collector::attribute;

fn service(collector: &Collector, tail_sampling: TailSampling) -> TestService {
    TestService::new(
        pipeline_to(collector.endpoint(), Protocol::HttpProtobuf).queue_limit(100_000).tail_sampling(tail_sampling),
    )
}

fn spans(collector: &Collector) -> Vec<Span> {
    collector.inbox().spans().into_iter().map(|span| span.item).collect()
}

fn sampling_ratio(span: &Span) -> f64 {
    attribute(&span.attributes, "llmobs.sampling.ratio").expect("every span has its ratio").parse().unwrap()
}

#[test]
fn failed_traces_are_all_exported_completely_and_good_ones_by_their_ratio() {
    const GOOD: usize = 2_000;
    const BAD: usize = 40;
    let collector = Collector::start();
    let service = service(&collector, TailSampling::ratio(0.1));
    service.run(|| {
        for number in 0..GOOD + BAD {
            let _request = tracing::info_span!("request").entered();
            let operation = service.observer.chat(MODEL).start();
            operation.in_scope(|| tracing::info_span!("retrieval").in_scope(|| ()));
            match number < BAD {
                true => operation.fail(ErrorType::Inference),
                false => operation.complete(),
            }
        }
    });
    service.pipeline.shutdown(TIMEOUT).unwrap();
    let mut traces: HashMap<Vec<u8>, Vec<Span>> = HashMap::new();
    for span in spans(&collector) {
        traces.entry(span.trace_id.clone()).or_default().push(span);
    }
    assert!(traces.values().all(|spans| spans.len() == 3), "a trace is exported completely or not at all");
    let (bad, good): (Vec<_>, Vec<_>) =
        traces.values().partition(|spans| spans.iter().any(|span| span.status.as_ref().is_some_and(|s| s.code == 2)));
    assert_eq!(bad.len(), BAD);
    assert!(
        bad.iter().flat_map(|spans| *spans).all(|span| sampling_ratio(span) == 1.0 && span.trace_state == "ot=th:0")
    );
    // Expected: 200 traces, with a standard deviation of 13.4.
    assert!((120..=280).contains(&good.len()), "{} of {GOOD}", good.len());
    for span in good.into_iter().flatten() {
        assert!((sampling_ratio(span) - 0.1).abs() < 1e-9);
        assert_eq!(span.trace_state, "ot=th:e6666666666668");
    }
    assert!(service.pipeline.dropped().is_empty(), "traces that were not sampled are not dropped items");
    let ended = collector.inbox().snapshot().last_sum("llmobs.operation.ended", &[]);
    assert_eq!(ended, Some((GOOD + BAD) as f64), "metrics are counted before anything is sampled");
}

#[test]
fn a_trace_with_a_missed_objective_is_exported() {
    let collector = Collector::start();
    let settings = pipeline_to(collector.endpoint(), Protocol::HttpProtobuf).tail_sampling(TailSampling::ratio(0.0));
    let (clock, manual_clock) = llmobs::clock::Clock::manual();
    let service = TestService::with(settings, |observer| {
        observer.clock(clock).objective(Objective::new("fast").duration(Duration::from_secs(1)))
    });
    service.run(|| {
        for seconds in [0, 5] {
            let operation = service.observer.chat(MODEL).start();
            manual_clock.advance(Duration::from_secs(seconds));
            operation.complete();
        }
    });
    service.pipeline.shutdown(TIMEOUT).unwrap();
    let exported = spans(&collector);
    assert_eq!(exported.len(), 1);
    assert_eq!(attribute(&exported[0].attributes, "llmobs.objective.result").as_deref(), Some("bad"));
    assert_eq!(attribute(&exported[0].attributes, "llmobs.operation.outcome").as_deref(), Some("completed"));
}

#[test]
fn spans_of_open_traces_are_buffered_up_to_the_limit_and_the_dropped_ones_are_counted() {
    let collector = Collector::start();
    let service = service(&collector, TailSampling::ratio(0.0).max_spans(100));
    service.run(|| {
        let open: Vec<_> = (0..300)
            .map(|_| {
                let outer = tracing::info_span!("outer");
                outer.in_scope(|| tracing::info_span!("inner").in_scope(|| ()));
                outer
            })
            .collect();
        assert_eq!(service.dropped_by_reason(Signal::Traces).get(&DropReason::TailFull), Some(&200));
        drop(open);
    });
    service.pipeline.shutdown(TIMEOUT).unwrap();
    assert!(spans(&collector).is_empty());
}

#[test]
fn an_open_trace_is_exported_some_time_after_its_operation() {
    let collector = Collector::start();
    let service = service(&collector, TailSampling::ratio(1.0).decision_wait(Duration::from_millis(100)));
    let outer = service.run(|| {
        let outer = tracing::info_span!("outer");
        outer.in_scope(|| service.observer.chat(MODEL).start().complete());
        outer
    });
    collector.inbox().wait_until("the operation arrived alone", |seen| seen.spans.len() == 1);
    drop(outer);
    collector.inbox().wait_until("the rest followed", |seen| seen.spans.len() == 2);
}

#[test]
fn the_ratio_of_the_head_sampler_is_set_on_every_span() {
    let collector = Collector::start();
    let settings =
        pipeline_to(collector.endpoint(), Protocol::HttpProtobuf).sampler(Sampler::ParentBasedTraceIdRatio(0.5));
    let service = TestService::new(settings.queue_limit(10_000));
    service.run(|| {
        for _ in 0..1_000 {
            tracing::info_span!("outer").in_scope(|| service.observer.chat(MODEL).start().complete());
        }
    });
    service.pipeline.shutdown(TIMEOUT).unwrap();
    let exported = spans(&collector);
    assert!((800..=1_200).contains(&exported.len()), "{}", exported.len());
    assert!(exported.iter().all(|span| span.trace_state == "ot=th:8"));
}

#[test]
fn a_shutdown_exports_all_buffered_spans_and_counts_later_ones() {
    let collector = Collector::start();
    let settings = pipeline_to(collector.endpoint(), Protocol::HttpProtobuf).queue_limit(64);
    let service = TestService::new(settings.tail_sampling(TailSampling::ratio(1.0)));
    service.run(|| {
        let outer = tracing::info_span!("outer").entered();
        (0..500).for_each(|_| drop(tracing::info_span!("inner").entered()));
        service.pipeline.shutdown(TIMEOUT).unwrap();
        assert_eq!(collector.inbox().spans().len(), 500, "more than fit into the queue");
        drop(outer);
    });
    let dropped = service.dropped_by_reason(Signal::Traces);
    assert_eq!(dropped.into_iter().collect::<Vec<_>>(), [(DropReason::Shutdown, 1)]);
}
