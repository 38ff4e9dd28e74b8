//! The work of an inference engine.

use std::time::Duration;

use llmobs::Observer;
use llmobs::clock::ManualClock;
use llmobs::engine::CacheTier;
use llmobs::engine::Engine;
use llmobs::engine::WaitReason;

/// Runs an engine of this model for 15.25 seconds of the manual clock, so that every row of engines has a value while
/// the engine exists. The gauges keep their values until the returned handle is dropped.
#[must_use]
pub fn run_engine(observer: &Observer, manual_clock: &ManualClock, model: &str) -> Engine {
    let engine = observer.engine(model).id("rank \"1\"").revision("main").quantization("fp8").block_size(16).build();
    engine.set_sequence_limit(256);
    engine.set_step_token_limit(8_192);
    engine.set_kv_cache_limit(1_000);
    engine.set_load_duration(Duration::from_millis(12_500));
    engine.set_running(3);
    engine.set_waiting(WaitReason::Capacity, 2);
    engine.set_waiting(WaitReason::Deferred, 1);
    engine.set_waiting_tokens(900);
    engine.set_swapped(1);
    engine.set_lora_active(2, 1);
    for second in 0..15 {
        engine.set_kv_cache_usage(100 + 7 * second);
        let (prefill, decode) = [(512, 0), (0, 3), (100, 2)][second % 3];
        let step = engine.step();
        manual_clock.advance(Duration::from_secs(1));
        step.sequences(3).prefill_tokens(prefill).decode_tokens(decode).finish();
    }
    engine.prefix_cache_hit(CacheTier::Device, 400);
    engine.prefix_cache_hit(CacheTier::Remote, 60);
    engine.prefix_cache_miss(212);
    engine.preempted();
    engine.recomputed_tokens(128);
    engine.draft(18, 17);
    engine.draft(4, 1);
    manual_clock.advance(Duration::from_millis(250));
    engine
}
