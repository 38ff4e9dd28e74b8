//! The work that waits, and the time until the KV cache is full.

use std::time::Duration;

use llmobs::Observer;
use llmobs::catalog::Level;
use llmobs::clock::ManualClock;
use llmobs::engine::Engine;

use super::fixture::is_absent;
use super::fixture::observer;
use super::fixture::value;

const WORK: &str = "llmobs.engine.queue.work";
const TO_FULL: &str = "llmobs.engine.kv_cache.time_to_full";

#[test]
fn queue_work_is_waiting_tokens_at_the_rate_of_recent_prefills() {
    let (observer, hand) = observer(Level::Standard);
    let engine = observer.engine("m").build();
    assert_eq!(value(&observer, WORK, &[]), 0.0);
    engine.set_waiting_tokens(6_000);
    assert!(is_absent(&observer, WORK), "no rate is known");
    let prefill = |tokens, millis| {
        let step = engine.step();
        hand.advance(Duration::from_millis(millis));
        step.sequences(1).prefill_tokens(tokens).finish();
    };
    prefill(1_000, 500);
    assert_eq!(value(&observer, WORK, &[]), 3.0, "6,000 tokens at 2,000 a second");
    // Neither idle time nor decode steps change the rate of prefills.
    hand.advance(Duration::from_secs(100));
    let step = engine.step();
    hand.advance(Duration::from_secs(2));
    step.sequences(1).decode_tokens(1).finish();
    assert_eq!(value(&observer, WORK, &[]), 3.0);
    prefill(1_000, 250);
    assert_eq!(value(&observer, WORK, &[]), 1.5, "the engine became faster");
    engine.set_waiting_tokens(0);
    assert_eq!(value(&observer, WORK, &[]), 0.0);
}

#[test]
fn time_to_full_is_free_blocks_at_the_rate_of_the_last_30_seconds() {
    let (observer, hand) = observer(Level::Standard);
    let engine = observer.engine("m").build();
    engine.set_kv_cache_limit(1_000);
    run(&engine, &hand, (0..9).map(|second| 100 + 10 * second));
    assert!(is_absent(&observer, TO_FULL), "too few samples");
    run(&engine, &hand, (9..40).map(|second| 100 + 10 * second));
    // 490 of 1,000 blocks are used, and 10 more each second.
    assert_near(&observer, 51.0);
    // The noise of single steps has little effect.
    run(&engine, &hand, (0..40).map(|second| 490 + 5 * second + 3 * (second % 2)));
    assert!((value(&observer, TO_FULL, &[]) - 62.0).abs() < 3.0, "{}", value(&observer, TO_FULL, &[]));
}

#[test]
fn time_to_full_is_absent_unless_the_usage_grows() {
    let (observer, hand) = observer(Level::Standard);
    let engine = observer.engine("m").build();
    run(&engine, &hand, (0..20).map(|second| 10 * second));
    assert!(is_absent(&observer, TO_FULL), "without a limit");
    engine.set_kv_cache_limit(1_000);
    assert!(!is_absent(&observer, TO_FULL));
    run(&engine, &hand, std::iter::repeat_n(190, 40));
    assert!(is_absent(&observer, TO_FULL), "constant");
    run(&engine, &hand, (0..19).map(|second| 190 - 10 * second));
    assert!(is_absent(&observer, TO_FULL), "falling");
    run(&engine, &hand, (0..40).map(|second| 10 * second));
    assert!(!is_absent(&observer, TO_FULL));
    hand.advance(Duration::from_secs(60));
    assert!(is_absent(&observer, TO_FULL), "a hung engine has no present rate");
    engine.set_kv_cache_usage(1_000);
    assert_eq!(value(&observer, TO_FULL, &[]), 0.0, "full");
    assert!(!is_absent(&observer, TO_FULL));
    assert_eq!(value(&observer, "llmobs.self.anomalies", &[]), 0.0, "no negative time was refused");
}

/// Runs a step each second, with these numbers of used blocks.
fn run(engine: &Engine, hand: &ManualClock, blocks: impl Iterator<Item = usize>) {
    for blocks in blocks {
        hand.advance(Duration::from_secs(1));
        engine.set_kv_cache_usage(blocks);
        engine.step().sequences(1).decode_tokens(1).finish();
    }
}

fn assert_near(observer: &Observer, expected: f64) {
    let seconds = value(observer, TO_FULL, &[]);
    assert!((seconds - expected).abs() < 1e-6, "{seconds}");
}
