//! Several engines of a model, and engines that end.

use std::time::Duration;

use llmobs::Observer;
use llmobs::catalog::Level;
use llmobs::clock::Clock;
use llmobs::engine::Engine;
use llmobs::testing::Readings;

use super::fixture::is_absent;
use super::fixture::observer;
use super::fixture::value;

const ACTIVE: &str = "llmobs.engine.sequence.active";

#[test]
fn engines_of_one_model_do_not_replace_the_numbers_of_each_other() {
    let (observer, _) = observer(Level::Core);
    let ranks = ["0", "1"].map(|id| observer.engine("m").id(id).build());
    ranks[0].set_running(3);
    ranks[1].set_running(4);
    let same = observer.engine("m").id("1").build();
    same.set_swapped(1);
    let read = |id| value(&observer, ACTIVE, &[("gen_ai.request.model", "m"), ("llmobs.engine.id", id)]);
    assert_eq!([read("0"), read("1")], [3.0, 5.0]);
}

#[test]
fn the_numbers_of_an_engine_end_with_its_last_handle_and_its_steps_remain() {
    let (observer, _) = observer(Level::Standard);
    for round in 1..=2 {
        let engine = observer.engine("m").build();
        let other = engine.clone();
        engine.set_running(3);
        engine.set_kv_cache_limit(100);
        engine.step().decode_tokens(7).finish();
        drop(engine);
        assert_eq!(value(&observer, ACTIVE, &[]), 3.0);
        drop(other);
        assert!(is_absent(&observer, ACTIVE) && is_absent(&observer, "llmobs.engine.step.age"));
        assert_eq!(value(&observer, "llmobs.engine.kv_cache.limit", &[]), 0.0);
        let tokens = Readings::new(&observer).histogram("llmobs.engine.step.tokens", &[]).count;
        assert_eq!(tokens, round, "a new engine with the same id continues");
    }
    let again = observer.engine("m").build();
    assert_eq!(value(&observer, ACTIVE, &[]), 0.0, "a new engine starts without sequences");
    drop(again);
}

#[test]
fn an_observer_has_at_most_64_engines() {
    let (observer, _) = observer(Level::Core);
    let engines: Vec<Engine> = (0..66).map(|id| observer.engine("m").id(&id.to_string()).build()).collect();
    engines.iter().for_each(|engine| engine.set_running(1));
    engines.iter().for_each(|engine| engine.step().decode_tokens(1).finish());
    assert_eq!(value(&observer, ACTIVE, &[]), 64.0);
    assert_eq!(value(&observer, "llmobs.self.folded_labels", &[("llmobs.label", "llmobs.engine.id")]), 2.0);
}

#[test]
fn a_retired_model_keeps_its_series_while_it_has_an_engine() {
    let (clock, hand) = Clock::manual();
    let observer = Observer::builder().model("m").clock(clock).build().unwrap();
    let engine = observer.engine("m").build();
    let record = |engine: &Engine| engine.step().decode_tokens(1).finish();
    let count = || Readings::new(&observer).histogram("llmobs.engine.step.tokens", &[]).count;
    record(&engine);
    observer.retire_model("m");
    hand.advance(Duration::from_secs(3_600));
    assert_eq!(count(), 1);
    drop(engine);
    assert!(is_absent(&observer, "llmobs.engine.step.tokens"));
    record(&observer.engine("m").build());
    assert_eq!(count(), 1, "a new engine has new series");
}

#[test]
fn an_engine_of_a_disabled_observer_does_nothing() {
    let engine = Observer::disabled().engine("m").id("1").build();
    engine.set_running(1);
    engine.set_kv_cache_limit(1);
    engine.set_kv_cache_usage(2);
    engine.step().decode_tokens(1).finish();
    fn is_shared<T: Clone + Send + Sync>(_: &T) {}
    is_shared(&engine);
}
