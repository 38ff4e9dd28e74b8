//! The steps of an engine.

use std::time::Duration;

use llmobs::catalog::Level;
use llmobs::testing::HistogramSnapshot;
use llmobs::testing::Readings;

use super::fixture::observer;

const PARTS: [&str; 3] = ["duration", "sequences", "tokens"];

#[test]
fn a_step_is_recorded_by_the_kind_of_its_tokens() {
    let (observer, hand) = observer(Level::Standard);
    let engine = observer.engine("m").build();
    for (kind, prefill, decode) in [("prefill", 512, 0), ("decode", 0, 8), ("mixed", 100, 7)] {
        let step = engine.step();
        hand.advance(Duration::from_millis(20));
        step.sequences(9).prefill_tokens(prefill).decode_tokens(decode).finish();
        let readings = Readings::new(&observer);
        let read = |part| histogram(&readings, part, &[("llmobs.step.kind", kind)]);
        assert_eq!(PARTS.map(|part| read(part).count), [1; 3], "{kind}");
        let tokens = f64::from(prefill as u32 + decode as u32);
        assert_eq!(PARTS.map(|part| read(part).sum), [0.02, 9.0, tokens], "{kind}");
    }
}

#[test]
fn the_engine_can_measure_the_duration_itself() {
    let (observer, hand) = observer(Level::Standard);
    let engine = observer.engine("m").build();
    let step = engine.step().decode_tokens(1).duration(Duration::from_millis(5));
    hand.advance(Duration::from_millis(20));
    step.finish();
    assert_eq!(histogram(&Readings::new(&observer), "duration", &[]).sum, 0.005);
}

#[test]
fn steps_without_tokens_and_without_end_are_not_recorded() {
    let (observer, _) = observer(Level::Standard);
    let engine = observer.engine("m").build();
    engine.step().sequences(3).finish();
    drop(engine.step().sequences(3).decode_tokens(3));
    let readings = Readings::new(&observer);
    assert_eq!(PARTS.map(|part| histogram(&readings, part, &[]).count), [0; 3]);
    assert_eq!(histogram(&readings, "tokens", &[("llmobs.step.kind", "mixed")]).buckets.len(), 15, "exists at zero");
}

#[test]
fn the_level_core_has_no_steps() {
    let (observer, _) = observer(Level::Core);
    let engine = observer.engine("m").build();
    engine.step().decode_tokens(3).finish();
    observer.set_level(Level::Standard);
    engine.step().decode_tokens(4).finish();
    assert_eq!(histogram(&Readings::new(&observer), "tokens", &[]).sum, 4.0);
}

fn histogram(readings: &Readings, part: &str, attributes: &[(&str, &str)]) -> HistogramSnapshot {
    readings.histogram(&format!("llmobs.engine.step.{part}"), attributes)
}
