//! The costs of operations with several attempts: each is priced under its own provider and model.

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::Observer;
use llmobs::Usage;
use llmobs::semconv::value::AttemptKind;

use crate::fixture::builder;
use crate::fixture::cost;
use crate::fixture::unpriced;

const SUPERSEDED: (&str, &str) = ("llmobs_operation_outcome", "superseded");
const COMPLETED: (&str, &str) = ("llmobs_operation_outcome", "completed");
const OPENAI: (&str, &str) = ("gen_ai_provider_name", "openai");
const ANTHROPIC: (&str, &str) = ("gen_ai_provider_name", "anthropic");

fn usage(input: u64, output: u64) -> Usage {
    Usage::new().input(input).output(output)
}

/// Checks the costs: 10 and 2 tokens of `small` at `openai` were superseded, and 20 and 3 tokens of `large` at `anthropic`
/// are those of the answer.
#[track_caller]
fn assert_fallback(observer: &Observer) {
    assert_eq!(cost(observer, &[SUPERSEDED, OPENAI]), 10_000 + 8_000);
    assert_eq!(cost(observer, &[COMPLETED, ANTHROPIC]), 60_000 + 45_000);
    assert_eq!(cost(observer, &[]), 123_000);
    assert_eq!(unpriced(observer, &[]), 0);
}

#[test]
fn a_fallback_is_priced_under_its_own_provider_and_model() {
    let observer = builder().build().unwrap();
    let operation = observer.chat("small").start();
    operation.marker().usage(usage(10, 2));
    operation.attempt(AttemptKind::Fallback).provider("anthropic").model("large").start().complete();
    operation.marker().usage(usage(20, 3));
    operation.complete();
    assert_fallback(&observer);
}

#[test]
fn the_provider_of_the_next_attempt_may_be_set_before_it_is_recorded() {
    let observer = builder().build().unwrap();
    let operation = observer.chat("small").start();
    let marker = operation.marker().clone();
    marker.usage(usage(10, 2));
    marker.provider("anthropic");
    marker.model("large");
    marker.record_attempt(AttemptKind::Fallback);
    marker.usage(usage(20, 3));
    operation.complete();
    assert_fallback(&observer);
}

#[test]
fn a_provider_that_is_known_late_is_that_of_the_attempt() {
    let observer = builder().build().unwrap();
    let operation = observer.chat("large").start();
    let marker = operation.marker().clone();
    marker.usage(usage(20, 3));
    marker.provider("anthropic");
    operation.complete();
    assert_eq!(cost(&observer, &[COMPLETED, ANTHROPIC]), 105_000);
}

#[test]
fn the_model_of_the_response_wins_over_that_of_the_request_and_is_forgotten_with_its_attempt() {
    let observer = builder().build().unwrap();
    let operation = observer.chat("router").start();
    let marker = operation.marker().clone();
    marker.response_model("small");
    marker.usage(usage(10, 2));
    marker.record_attempt(AttemptKind::Retry);
    marker.response_model("free");
    marker.usage(usage(20, 3));
    operation.complete();
    assert_eq!(cost(&observer, &[SUPERSEDED]), 18_000);
    assert_eq!(cost(&observer, &[COMPLETED]), 0);
    assert_eq!(unpriced(&observer, &[]), 0, "the price of `free` is zero");
}

#[test]
fn an_attempt_that_broke_off_is_estimated_from_its_stream() {
    let observer = builder().build().unwrap();
    let operation = observer.chat("small").start();
    let marker = operation.marker().clone();
    marker.usage(Usage::new().input(10));
    let mut stream = Box::pin(operation.observe_with(stream::iter([1_u32; 5]), |tokens| Chunk::tokens(*tokens)));
    for _ in 0..2 {
        stream.next().now_or_never().unwrap().unwrap();
    }
    marker.record_attempt(AttemptKind::Retry);
    while stream.next().now_or_never().unwrap().is_some() {}
    marker.usage(usage(10, 3));
    drop(stream);
    assert_eq!(cost(&observer, &[SUPERSEDED, ("llmobs_cost_quality", "estimated")]), 10_000 + 8_000);
}

#[test]
fn an_attempt_without_output_costs_nothing() {
    let observer = builder().build().unwrap();
    let operation = observer.chat("small").start();
    operation.marker().record_attempt(AttemptKind::Retry);
    operation.marker().usage(usage(10, 2));
    operation.complete();
    assert_eq!((cost(&observer, &[SUPERSEDED]), cost(&observer, &[COMPLETED])), (0, 18_000));
}

#[test]
fn a_hedge_that_lost_costs_the_input_of_the_answer_and_its_own_output() {
    let observer = builder().build().unwrap();
    let operation = observer.chat("small").start();
    let marker = operation.marker().clone();
    marker.record_attempt(AttemptKind::Hedge);
    marker.add_superseded_tokens(7);
    marker.usage(usage(10, 2));
    operation.complete();
    assert_eq!(cost(&observer, &[SUPERSEDED, ("llmobs_cost_quality", "estimated")]), 10_000 + 28_000);
    assert_eq!(cost(&observer, &[COMPLETED]), 18_000);
    marker.add_superseded_tokens(1);
    assert_eq!(cost(&observer, &[SUPERSEDED]), 38_000 + 14_000, "a hedge may be reported after the end");
}

#[test]
fn each_attempt_without_a_price_is_counted_once() {
    let observer = builder().build().unwrap();
    let operation = observer.chat("unknown").start();
    operation.marker().usage(usage(10, 2));
    operation.marker().record_attempt(AttemptKind::Retry);
    operation.marker().usage(usage(10, 2));
    operation.complete();
    assert_eq!(unpriced(&observer, &[]), 2);
    assert_eq!(cost(&observer, &[]), 0);
}
