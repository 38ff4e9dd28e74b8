//! The numbers that a scheduler sets.

use std::time::Duration;

use llmobs::Observer;
use llmobs::catalog::Level;
use llmobs::clock::Clock;
use llmobs::engine::WaitReason;
use llmobs_tests::engine_traffic::run_engine;
use llmobs_tests::otel_backend::OtelBackend;
use llmobs_tests::prometheus_page;

use super::fixture::is_absent;
use super::fixture::observer;
use super::fixture::value;

const ACTIVE: &str = "llmobs.engine.sequence.active";
const AGE: &str = "llmobs.engine.step.age";

#[test]
fn a_collection_reads_the_last_number_of_each_state() {
    let (observer, _) = observer(Level::Core);
    let engine = observer.engine("m").build();
    let read = || {
        let of = |attributes: &[_]| value(&observer, ACTIVE, attributes);
        let waiting = |reason| of(&[("llmobs.sequence.state", "waiting"), ("llmobs.wait.reason", reason)]);
        let state = |state| of(&[("llmobs.sequence.state", state)]);
        [state("running"), waiting("capacity"), waiting("deferred"), state("swapped")]
    };
    assert_eq!(read(), [0.0; 4]);
    engine.set_running(8);
    engine.set_waiting(WaitReason::Capacity, 3);
    engine.set_waiting(WaitReason::Deferred, 2);
    engine.set_swapped(1);
    assert_eq!(read(), [8.0, 3.0, 2.0, 1.0]);
    engine.clone().set_running(0);
    assert_eq!(read(), [0.0, 3.0, 2.0, 1.0]);
    let page = llmobs::prometheus::page(&observer, None).body;
    let line = "\nllmobs_engine_sequence_active{gen_ai_request_model=\"m\",llmobs_engine_id=\"0\",llmobs_sequence_state=\
                \"waiting\",llmobs_wait_reason=\"deferred\"} 2\n";
    assert!(page.contains(line), "{page}");
}

#[test]
fn a_limit_is_absent_until_it_is_set() {
    let (observer, _) = observer(Level::Standard);
    let engine = observer.engine("m").build();
    let limits = ["llmobs.engine.sequence.limit", "llmobs.engine.step.token_limit", "llmobs.engine.kv_cache.limit"];
    for name in limits.into_iter().chain(["llmobs.engine.kv_cache.utilization"]) {
        assert!(is_absent(&observer, name), "{name}");
    }
    for factor in [1, 2] {
        engine.set_sequence_limit(256 * factor);
        engine.set_step_token_limit(8_192 * factor);
        engine.set_kv_cache_limit(1_000 * factor);
        let read = limits.map(|name| value(&observer, name, &[("llmobs.engine.id", "0")]));
        assert_eq!(read, [256.0, 8_192.0, 1_000.0].map(|limit| limit * f64::from(u8::try_from(factor).unwrap())));
    }
}

#[test]
fn utilization_is_usage_by_limit_and_never_above_one() {
    let (observer, _) = observer(Level::Core);
    let engine = observer.engine("m").build();
    let read = || ["usage", "utilization"].map(|part| value(&observer, &format!("llmobs.engine.kv_cache.{part}"), &[]));
    engine.set_kv_cache_limit(1_000);
    engine.set_kv_cache_usage(420);
    assert_eq!(read(), [420.0, 0.42]);
    assert_eq!(value(&observer, "llmobs.self.anomalies", &[]), 0.0);
    engine.set_kv_cache_usage(1_001);
    assert_eq!(read(), [1_000.0, 1.0]);
    assert_eq!(value(&observer, "llmobs.self.anomalies", &[("llmobs.anomaly", "invalid_value")]), 1.0);
    engine.set_kv_cache_usage(0);
    assert_eq!(read(), [0.0, 0.0]);
}

#[test]
fn the_age_grows_until_a_step_ends() {
    let (observer, hand) = observer(Level::Core);
    let engine = observer.engine("m").build();
    engine.set_running(1);
    hand.advance(Duration::from_secs(2));
    let step = engine.step();
    hand.advance(Duration::from_secs(1));
    assert_eq!(value(&observer, AGE, &[]), 3.0, "a step that hangs is no progress");
    step.sequences(1).decode_tokens(1).finish();
    assert_eq!(value(&observer, AGE, &[]), 0.0);
    hand.advance(Duration::from_secs(4));
    drop(engine.step().decode_tokens(1));
    assert_eq!(value(&observer, AGE, &[]), 4.0, "a step that was dropped is no progress");
    engine.step().finish();
    assert_eq!(value(&observer, AGE, &[]), 0.0, "a step without tokens is progress");
}

#[test]
fn work_that_arrives_at_an_idle_engine_starts_the_age() {
    let (observer, hand) = observer(Level::Core);
    let engine = observer.engine("m").build();
    let age = || value(&observer, AGE, &[]);
    let wait = || hand.advance(Duration::from_secs(60));
    wait();
    assert_eq!(age(), 60.0);
    engine.set_waiting(WaitReason::Capacity, 1);
    assert_eq!(age(), 0.0, "the first sequence waits");
    wait();
    engine.set_waiting(WaitReason::Capacity, 2);
    assert_eq!(age(), 60.0, "another sequence is no progress");
    engine.set_running(1);
    assert_eq!(age(), 0.0, "the first sequence runs");
    wait();
    engine.set_waiting(WaitReason::Deferred, 1);
    engine.set_running(2);
    assert_eq!(age(), 60.0, "the running sequences hang");
}

#[test]
fn both_backends_have_the_same_values() {
    let otel = OtelBackend::new();
    let (clock, hand) = Clock::manual();
    let builder = Observer::builder().level(Level::Full).clock(clock);
    let observer = builder.meter_provider(&otel.provider).build().unwrap();
    let engine = run_engine(&observer, &hand, "m");
    let compare = |count| {
        let (here, there) = (otel.families(), prometheus_page::families(&observer));
        let names: Vec<_> = there.keys().filter(|name| name.starts_with("llmobs_engine_")).collect();
        assert_eq!(names.len(), count, "{names:?}");
        for name in names {
            assert_eq!(here.get(name), there.get(name), "{name}");
        }
    };
    compare(19);
    drop(engine);
    // Seven rows are read from the engine: they have no series without it.
    compare(12);
}
