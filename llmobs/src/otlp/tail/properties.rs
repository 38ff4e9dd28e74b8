//! Property tests of tail sampling with random traces.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::HashSet;

use opentelemetry::InstrumentationScope;
use opentelemetry::trace::SpanId;
use opentelemetry::trace::SpanKind;
use opentelemetry::trace::TraceFlags;
use opentelemetry::trace::TraceId;
use opentelemetry::trace::TraceState;
use opentelemetry_sdk::trace::SpanEvents;
use opentelemetry_sdk::trace::SpanLinks;
use proptest::prelude::*;

use super::*;
use crate::clock::ManualClock;
use crate::sink::export_counts::Signal;

/// The result that a span carries at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SpanEnd {
    Plain,
    Error,
    Good,
    Missed,
}

fn span(trace: u128, id: u64, end: SpanEnd) -> SpanData {
    let mut attributes = Vec::new();
    if matches!(end, SpanEnd::Good | SpanEnd::Missed) {
        attributes.push(KeyValue::new(llmobs_attribute::OPERATION_OUTCOME, "completed"));
        attributes
            .push(KeyValue::new(llmobs_attribute::OBJECTIVE_RESULT, if end == SpanEnd::Good { "good" } else { "bad" }));
    }
    let time = opentelemetry::time::now();
    SpanData {
        span_context: context(trace, id),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: Cow::Borrowed("span"),
        start_time: time,
        end_time: time,
        attributes,
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: if end == SpanEnd::Error { Status::error("the operation failed") } else { Status::Unset },
        instrumentation_scope: InstrumentationScope::default(),
    }
}

fn context(trace: u128, id: u64) -> SpanContext {
    SpanContext::new(TraceId::from(trace), SpanId::from(id), TraceFlags::SAMPLED, false, TraceState::default())
}

fn tail_sampler(settings: TailSampling) -> (TailSampler, ManualClock, Arc<ExportCounts>) {
    let (clock, manual_clock) = Clock::manual();
    let counts = Arc::new(ExportCounts::new(Signal::Traces, None));
    (TailSampler::new(settings, usize::MAX, clock, Arc::clone(&counts)), manual_clock, counts)
}

fn sampling_ratio(span: &SpanData) -> f64 {
    let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == SAMPLING_RATIO);
    match found.map(|attribute| &attribute.value) {
        Some(Value::F64(ratio)) => *ratio,
        other => panic!("the sampling ratio is {other:?}"),
    }
}

/// Generates random traces: for each trace the results of its spans in the order of their ends. All spans are open from
/// the start.
fn traces() -> impl Strategy<Value = Vec<(u128, Vec<SpanEnd>)>> {
    let end = prop_oneof![6 => Just(SpanEnd::Plain), 3 => Just(SpanEnd::Good), 1 => Just(SpanEnd::Error), 1 => Just(SpanEnd::Missed)];
    let trace = (any::<u128>(), prop::collection::vec(end, 1..6));
    prop::collection::vec(trace, 1..20).prop_filter("the trace ids must differ", |traces| {
        traces.iter().map(|(id, _)| id).collect::<HashSet<_>>().len() == traces.len()
    })
}

fn is_always_kept(ends: &[SpanEnd]) -> bool {
    ends.iter().any(|end| matches!(end, SpanEnd::Error | SpanEnd::Missed))
}

/// Starts all spans, then ends them in turns over the traces. Returns the exported spans by trace.
fn run(
    tail: &TailSampler,
    traces: &[(u128, Vec<SpanEnd>)],
    mut check: impl FnMut(&TailSampler),
) -> HashMap<TraceId, Vec<SpanData>> {
    for (trace, ends) in traces {
        (0..ends.len()).for_each(|id| tail.on_start(&context(*trace, id as u64 + 1)));
    }
    let mut exported: HashMap<_, Vec<_>> = HashMap::new();
    let longest = traces.iter().map(|(_, ends)| ends.len()).max().unwrap_or(0);
    for turn in 0..longest {
        for (trace, ends) in traces.iter().filter(|(_, ends)| turn < ends.len()) {
            for span in tail.on_end(span(*trace, turn as u64 + 1, ends[turn])) {
                exported.entry(span.span_context.trace_id()).or_default().push(span);
            }
            check(tail);
        }
    }
    exported
}

proptest! {
    #[test]
    fn traces_with_errors_are_kept_completely_and_others_at_the_ratio(traces in traces(), ratio in 0.0..=1.0_f64) {
        let (tail, _, counts) = tail_sampler(TailSampling::ratio(ratio));
        let exported = run(&tail, &traces, |_| {});
        for (trace, ends) in &traces {
            let exported_count = exported.get(&TraceId::from(*trace)).map_or(0, Vec::len);
            let random = randomness(TraceId::from(*trace), &TraceState::default());
            let expected = is_always_kept(ends) || Threshold::from_ratio(ratio).should_keep(random);
            prop_assert_eq!(exported_count, if expected { ends.len() } else { 0 });
        }
        prop_assert_eq!(tail.buffer.lock().span_count(), 0);
        prop_assert_eq!(counts.total_dropped(), 0, "spans that are sampled out must not count as dropped");
    }

    #[test]
    fn every_exported_span_carries_its_sampling_ratio(traces in traces(), ratio in 0.01..=1.0_f64) {
        let (tail, _, _) = tail_sampler(TailSampling::ratio(ratio));
        let exported = run(&tail, &traces, |_| {});
        for (trace, ends) in &traces {
            for span in exported.get(&TraceId::from(*trace)).into_iter().flatten() {
                let recorded = sampling_ratio(span);
                let expected = if is_always_kept(ends) { 1.0 } else { ratio };
                prop_assert!((recorded - expected).abs() < 1e-12, "the ratio is {recorded}, not {expected}");
                let state = Threshold::from_trace_state(span.span_context.trace_state()).unwrap();
                prop_assert!((state.ratio() - recorded).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn the_buffer_never_exceeds_its_limit_and_evicted_spans_are_counted(traces in traces(), limit in 0_usize..10) {
        let (tail, _, counts) = tail_sampler(TailSampling::ratio(0.0).max_spans(limit));
        let exported = run(&tail, &traces, |tail| assert!(tail.buffer.lock().span_count() <= limit));
        let sent: usize = exported.values().map(Vec::len).sum();
        let always_kept = traces.iter().filter(|(_, ends)| is_always_kept(ends));
        let always_kept: usize = always_kept.map(|(_, ends)| ends.len()).sum();
        let dropped = usize::try_from(counts.dropped(DropReason::TailFull)).unwrap();
        // Spans that are neither exported nor dropped were sampled out: whole traces without an error or missed
        // objective.
        prop_assert!(sent <= always_kept && always_kept <= sent + dropped);
    }

    #[test]
    fn a_larger_ratio_keeps_all_traces_of_a_smaller_ratio(
        traces in traces(), first in 0.0..=1.0_f64, second in 0.0..=1.0_f64,
    ) {
        let kept_traces = |ratio| {
            let (tail, _, _) = tail_sampler(TailSampling::ratio(ratio));
            run(&tail, &traces, |_| {}).into_keys().collect::<HashSet<_>>()
        };
        prop_assert!(kept_traces(first.min(second)).is_subset(&kept_traces(first.max(second))));
    }
}

#[test]
fn a_late_span_of_a_kept_trace_is_kept() {
    let (tail, _, _) = tail_sampler(TailSampling::ratio(0.0));
    tail.on_start(&context(7, 1));
    assert_eq!(tail.on_end(span(7, 1, SpanEnd::Error)).len(), 1);
    tail.on_start(&context(7, 2));
    assert_eq!(tail.on_end(span(7, 2, SpanEnd::Plain)).len(), 1);
    tail.on_start(&context(8, 1));
    assert!(tail.on_end(span(8, 1, SpanEnd::Plain)).is_empty());
}

#[test]
fn an_error_exports_the_buffered_spans_and_later_spans_at_once() {
    let (tail, _, _) = tail_sampler(TailSampling::ratio(0.0));
    (1..=4).for_each(|id| tail.on_start(&context(7, id)));
    assert!(tail.on_end(span(7, 4, SpanEnd::Plain)).is_empty());
    assert_eq!(tail.on_end(span(7, 3, SpanEnd::Error)).len(), 2);
    assert_eq!(tail.on_end(span(7, 2, SpanEnd::Good)).len(), 1);
    assert_eq!(tail.on_end(span(7, 1, SpanEnd::Plain)).len(), 1);
}

#[test]
fn a_trace_is_not_kept_because_its_caller_left() {
    let (tail, _, _) = tail_sampler(TailSampling::ratio(0.0));
    tail.on_start(&context(7, 1));
    let mut cancelled = span(7, 1, SpanEnd::Error);
    cancelled.attributes.push(KeyValue::new(attribute::ERROR_TYPE, ErrorType::Cancelled.as_str()));
    assert!(tail.on_end(cancelled).is_empty());
}

#[test]
fn an_open_trace_is_decided_after_the_decision_wait() {
    let (tail, manual_clock, _) = tail_sampler(TailSampling::ratio(1.0).decision_wait(Duration::from_secs(3)));
    tail.on_start(&context(7, 1));
    tail.on_start(&context(7, 2));
    assert!(tail.on_end(span(7, 2, SpanEnd::Good)).is_empty());
    manual_clock.advance(Duration::from_secs(2));
    assert!(tail.decide_expired().is_empty());
    manual_clock.advance(Duration::from_secs(1));
    assert_eq!(tail.decide_expired().len(), 1);
    assert!(tail.decide_expired().is_empty());
    assert_eq!(tail.on_end(span(7, 1, SpanEnd::Plain)).len(), 1);
}

#[test]
fn the_ratios_of_head_and_tail_sampling_multiply() {
    let (tail, _, _) = tail_sampler(TailSampling::ratio(0.5));
    let state = Threshold::from_ratio(0.5).insert_into(&TraceState::default());
    let mut head_sampled = span(u128::MAX, 1, SpanEnd::Plain);
    let original = head_sampled.span_context;
    head_sampled.span_context =
        SpanContext::new(original.trace_id(), original.span_id(), original.trace_flags(), false, state);
    tail.on_start(&head_sampled.span_context);
    let kept = tail.on_end(head_sampled);
    assert!((sampling_ratio(&kept[0]) - 0.25).abs() < 1e-12);
    assert_eq!(kept[0].span_context.trace_state().header(), "ot=th:c");
}

#[test]
fn beyond_the_maximum_of_traces_each_span_is_decided_alone() {
    let (tail, _, _) = tail_sampler(TailSampling::ratio(0.0).max_traces(1));
    tail.on_start(&context(1, 1));
    tail.on_start(&context(2, 1));
    tail.on_start(&context(2, 2));
    assert!(tail.on_end(span(2, 2, SpanEnd::Plain)).is_empty());
    assert_eq!(tail.buffer.lock().span_count(), 0);
    assert_eq!(tail.on_end(span(2, 1, SpanEnd::Error)).len(), 1);
    assert!(tail.on_end(span(1, 1, SpanEnd::Good)).is_empty());
}

#[test]
fn a_flush_decides_all_buffered_traces() {
    let (tail, _, _) = tail_sampler(TailSampling::ratio(1.0));
    for trace in 1..=3 {
        tail.on_start(&context(trace, 1));
        tail.on_start(&context(trace, 2));
        assert!(tail.on_end(span(trace, 2, SpanEnd::Plain)).is_empty());
    }
    assert_eq!(tail.close().len(), 3);
    assert_eq!(tail.buffer.lock().span_count(), 0);
}
