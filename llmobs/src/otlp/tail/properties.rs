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
        attributes.push(KeyValue::new(llmobs_attribute::OUTCOME, "completed"));
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

fn tail(settings: TailSampling) -> (TailSampler, ManualClock, Arc<ExportCounts>) {
    let (clock, hand) = Clock::manual();
    let tally = Arc::new(ExportCounts::new(Signal::Traces, None));
    (TailSampler::new(settings, clock, Arc::clone(&tally)), hand, tally)
}

fn ratio(span: &SpanData) -> f64 {
    let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == RATIO);
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
        (0..ends.len()).for_each(|id| tail.started(&context(*trace, id as u64 + 1)));
    }
    let mut out: HashMap<_, Vec<_>> = HashMap::new();
    let longest = traces.iter().map(|(_, ends)| ends.len()).max().unwrap_or(0);
    for turn in 0..longest {
        for (trace, ends) in traces.iter().filter(|(_, ends)| turn < ends.len()) {
            for span in tail.ended(span(*trace, turn as u64 + 1, ends[turn])) {
                out.entry(span.span_context.trace_id()).or_default().push(span);
            }
            check(tail);
        }
    }
    out
}

proptest! {
    #[test]
    fn what_went_wrong_is_kept_whole_and_of_the_rest_the_share(traces in traces(), share in 0.0..=1.0_f64) {
        let (tail, _, tally) = tail(TailSampling::ratio(share));
        let out = run(&tail, &traces, |_| {});
        for (trace, ends) in &traces {
            let kept = out.get(&TraceId::from(*trace)).map_or(0, Vec::len);
            let random = randomness(TraceId::from(*trace), &TraceState::default());
            let expected = is_always_kept(ends) || Threshold::from_ratio(share).should_keep(random);
            prop_assert_eq!(kept, if expected { ends.len() } else { 0 });
        }
        prop_assert_eq!(tail.lock_buffer().spans(), 0);
        prop_assert_eq!(tally.all_lost(), 0, "spans that are sampled out must not count as dropped");
    }

    #[test]
    fn a_span_says_at_which_share_it_was_kept(traces in traces(), share in 0.01..=1.0_f64) {
        let (tail, _, _) = tail(TailSampling::ratio(share));
        let out = run(&tail, &traces, |_| {});
        for (trace, ends) in &traces {
            for span in out.get(&TraceId::from(*trace)).into_iter().flatten() {
                let said = ratio(span);
                let expected = if is_always_kept(ends) { 1.0 } else { share };
                prop_assert!((said - expected).abs() < 1e-12, "the ratio is {said}, not {expected}");
                let state = Threshold::of_state(span.span_context.trace_state()).unwrap();
                prop_assert!((state.ratio() - said).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn never_more_is_held_than_the_limit_and_what_that_costs_is_counted(traces in traces(), limit in 0_usize..10) {
        let (tail, _, tally) = tail(TailSampling::ratio(0.0).max_spans(limit));
        let out = run(&tail, &traces, |tail| assert!(tail.lock_buffer().spans() <= limit));
        let sent: usize = out.values().map(Vec::len).sum();
        let in_wrong: usize = traces.iter().filter(|(_, ends)| is_always_kept(ends)).map(|(_, ends)| ends.len()).sum();
        let lost = usize::try_from(tally.lost(DropReason::TailFull)).unwrap();
        // Spans that are neither exported nor dropped were sampled out: whole traces without an error or missed
        // objective.
        prop_assert!(sent <= in_wrong && in_wrong <= sent + lost);
    }

    #[test]
    fn a_larger_share_keeps_all_that_a_smaller_one_keeps(traces in traces(), one in 0.0..=1.0_f64, more in 0.0..=1.0_f64) {
        let kept = |share| {
            let (tail, _, _) = tail(TailSampling::ratio(share));
            run(&tail, &traces, |_| {}).into_keys().collect::<HashSet<_>>()
        };
        prop_assert!(kept(one.min(more)).is_subset(&kept(one.max(more))));
    }
}

#[test]
fn a_late_span_of_a_kept_trace_is_kept() {
    let (tail, _, _) = tail(TailSampling::ratio(0.0));
    tail.started(&context(7, 1));
    assert_eq!(tail.ended(span(7, 1, SpanEnd::Error)).len(), 1);
    tail.started(&context(7, 2));
    assert_eq!(tail.ended(span(7, 2, SpanEnd::Plain)).len(), 1);
    tail.started(&context(8, 1));
    assert!(tail.ended(span(8, 1, SpanEnd::Plain)).is_empty());
}

#[test]
fn an_error_sends_what_was_held_and_all_that_follows_at_once() {
    let (tail, _, _) = tail(TailSampling::ratio(0.0));
    (1..=4).for_each(|id| tail.started(&context(7, id)));
    assert!(tail.ended(span(7, 4, SpanEnd::Plain)).is_empty());
    assert_eq!(tail.ended(span(7, 3, SpanEnd::Error)).len(), 2);
    assert_eq!(tail.ended(span(7, 2, SpanEnd::Good)).len(), 1);
    assert_eq!(tail.ended(span(7, 1, SpanEnd::Plain)).len(), 1);
}

#[test]
fn a_trace_that_stays_open_is_decided_a_while_after_its_operation() {
    let (tail, hand, _) = tail(TailSampling::ratio(1.0).linger(Duration::from_secs(3)));
    tail.started(&context(7, 1));
    tail.started(&context(7, 2));
    assert!(tail.ended(span(7, 2, SpanEnd::Good)).is_empty());
    hand.advance(Duration::from_secs(2));
    assert!(tail.sweep().is_empty());
    hand.advance(Duration::from_secs(1));
    assert_eq!(tail.sweep().len(), 1);
    assert!(tail.sweep().is_empty());
    assert_eq!(tail.ended(span(7, 1, SpanEnd::Plain)).len(), 1);
}

#[test]
fn a_head_sampler_s_share_counts_too() {
    let (tail, _, _) = tail(TailSampling::ratio(0.5));
    let state = Threshold::from_ratio(0.5).into_state(&TraceState::default());
    let mut late = span(u128::MAX, 1, SpanEnd::Plain);
    let old = late.span_context;
    late.span_context = SpanContext::new(old.trace_id(), old.span_id(), old.trace_flags(), false, state);
    tail.started(&late.span_context);
    let kept = tail.ended(late);
    assert!((ratio(&kept[0]) - 0.25).abs() < 1e-12);
    assert_eq!(kept[0].span_context.trace_state().header(), "ot=th:c");
}

#[test]
fn beyond_the_most_traces_each_span_is_judged_alone() {
    let (tail, _, _) = tail(TailSampling::ratio(0.0).max_traces(1));
    tail.started(&context(1, 1));
    tail.started(&context(2, 1));
    tail.started(&context(2, 2));
    assert!(tail.ended(span(2, 2, SpanEnd::Plain)).is_empty());
    assert_eq!(tail.lock_buffer().spans(), 0);
    assert_eq!(tail.ended(span(2, 1, SpanEnd::Error)).len(), 1);
    assert!(tail.ended(span(1, 1, SpanEnd::Good)).is_empty());
}

#[test]
fn a_flush_decides_all_that_waits() {
    let (tail, _, _) = tail(TailSampling::ratio(1.0));
    for trace in 1..=3 {
        tail.started(&context(trace, 1));
        tail.started(&context(trace, 2));
        assert!(tail.ended(span(trace, 2, SpanEnd::Plain)).is_empty());
    }
    assert_eq!(tail.flush().len(), 3);
    assert_eq!(tail.lock_buffer().spans(), 0);
}
