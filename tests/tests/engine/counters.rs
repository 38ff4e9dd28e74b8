//! The counts of caches, preemptions and speculative decoding, adapters, and the properties of an engine.

use std::time::Duration;

use llmobs::catalog::Level;
use llmobs::engine::CacheTier;
use llmobs::testing::Readings;

use super::fixture::is_absent;
use super::fixture::observer;
use super::fixture::value;

#[test]
fn prefix_cache_tokens_are_a_partition_of_the_tokens_looked_up() {
    let (observer, _) = observer(Level::Standard);
    let engine = observer.engine("m").build();
    engine.prefix_cache_hit(CacheTier::Device, 100);
    engine.prefix_cache_hit(CacheTier::Host, 20);
    engine.prefix_cache_hit(CacheTier::Device, 1);
    engine.prefix_cache_miss(30);
    let read = |attributes: &[_]| value(&observer, "llmobs.engine.prefix_cache.tokens", attributes);
    assert_eq!(read(&[("llmobs.cache.result", "hit"), ("llmobs.cache.tier", "device")]), 101.0);
    assert_eq!(read(&[("llmobs.cache.result", "hit")]), 121.0);
    assert_eq!(read(&[("llmobs.cache.result", "miss")]), 30.0);
    assert_eq!(read(&[]), 151.0);
}

#[test]
fn preemptions_and_recomputed_tokens_start_at_zero() {
    let (observer, _) = observer(Level::Standard);
    let engine = observer.engine("m").build();
    let names = ["llmobs.engine.preemptions", "llmobs.engine.recomputed_tokens"];
    assert!(names.iter().all(|name| !is_absent(&observer, name)));
    assert_eq!(names.map(|name| value(&observer, name, &[])), [0.0; 2]);
    engine.preempted();
    engine.preempted();
    engine.recomputed_tokens(512);
    assert_eq!(names.map(|name| value(&observer, name, &[])), [2.0, 512.0]);
}

#[test]
fn the_level_selects_how_drafts_are_counted_and_no_token_is_counted_twice() {
    let (observer, _) = observer(Level::Core);
    let engine = observer.engine("m").build();
    let tokens = |attributes: &[_]| value(&observer, "llmobs.engine.speculative.tokens", attributes);
    engine.draft(5, 3);
    observer.set_level(Level::Standard);
    engine.draft(5, 3);
    assert_eq!(value(&observer, "llmobs.engine.speculative.drafts", &[]), 1.0);
    assert_eq!(tokens(&[("llmobs.draft.result", "accepted")]), 3.0);
    assert_eq!(tokens(&[("llmobs.draft.result", "rejected")]), 2.0);
    observer.set_level(Level::Full);
    engine.draft(20, 18);
    engine.draft(20, 2);
    let at = |result, position| tokens(&[("llmobs.draft.result", result), ("llmobs.draft.position", position)]);
    assert_eq!(
        [at("accepted", "0"), at("accepted", "2"), at("rejected", "2"), at("accepted", "15")],
        [2.0, 1.0, 1.0, 1.0]
    );
    assert_eq!(at("accepted", "16") + at("rejected", "16"), 0.0);
    assert_eq!(tokens(&[("llmobs.draft.result", "accepted")]), 3.0 + 18.0 + 2.0);
    assert_eq!(tokens(&[("llmobs.draft.result", "rejected")]), 2.0 + 2.0 + 18.0);
}

#[test]
fn more_accepted_than_drafted_tokens_are_an_anomaly() {
    let (observer, _) = observer(Level::Standard);
    let engine = observer.engine("m").build();
    engine.draft(2, 2);
    assert_eq!(value(&observer, "llmobs.self.anomalies", &[("llmobs.anomaly", "invalid_value")]), 0.0);
    engine.draft(2, 3);
    assert_eq!(value(&observer, "llmobs.engine.speculative.tokens", &[]), 2.0 + 2.0);
    assert_eq!(value(&observer, "llmobs.self.anomalies", &[("llmobs.anomaly", "invalid_value")]), 1.0);
}

#[test]
fn adapters_are_absent_until_they_are_set() {
    let (observer, _) = observer(Level::Standard);
    let engine = observer.engine("m").build();
    let name = "llmobs.engine.lora.active";
    assert!(is_absent(&observer, name));
    engine.set_lora_active(2, 3);
    let read = ["running", "waiting"].map(|state| value(&observer, name, &[("llmobs.sequence.state", state)]));
    assert_eq!(read, [2.0, 3.0]);
}

#[test]
fn the_load_duration_is_that_of_the_last_load() {
    let (observer, _) = observer(Level::Standard);
    let name = "llmobs.model.load.duration";
    let engine = observer.engine("m").id("1").build();
    assert!(is_absent(&observer, name), "an engine that reports no load has none");
    engine.set_load_duration(Duration::from_millis(12_500));
    engine.set_load_duration(Duration::from_millis(8_250));
    drop(engine);
    let of_engine = [("gen_ai.request.model", "m"), ("llmobs.engine.id", "1")];
    assert_eq!(value(&observer, name, &of_engine), 8.25, "it remains when the engine ends");
    observer.set_level(Level::Core);
    observer.engine("m").id("2").build().set_load_duration(Duration::from_secs(1));
    observer.set_level(Level::Standard);
    assert_eq!(value(&observer, name, &[]), 8.25, "the level core has no load duration");
}

#[test]
fn the_info_has_the_properties_that_are_known_and_ends_with_the_engine() {
    let (observer, _) = observer(Level::Core);
    let name = "llmobs.engine.info";
    let engine = observer.engine("m").revision("abc").block_size(16).build();
    let series = Readings::new(&observer).series(name);
    let labels: Vec<_> = series[0].iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected = [
        ("gen_ai_request_model", "m"),
        ("llmobs_engine_block_size", "16"),
        ("llmobs_engine_id", "0"),
        ("llmobs_engine_revision", "abc"),
    ];
    assert_eq!((series.len(), &labels[..]), (1, &expected[..]));
    assert_eq!(value(&observer, name, &[]), 1.0);
    drop(engine);
    assert_eq!(value(&observer, name, &[]), 0.0);
    let _engine = observer.engine("m").revision("def").quantization("fp8").build();
    assert_eq!(value(&observer, name, &[("llmobs.engine.revision", "def")]), 1.0);
    assert_eq!(value(&observer, name, &[]), 1.0, "the old properties are those of no engine");
}
