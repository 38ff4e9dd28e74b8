//! The causes of stalls, pauses of a second or more within a stream.

use std::sync::Arc;
use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::Role;
use llmobs::catalog::Level;
use llmobs::clock::Moment;
use llmobs::companion::Companion;
use llmobs::companion::Mark;
use llmobs::companion::OperationRef;
use llmobs::engine::Engine;
use llmobs::engine::SequenceWork;
use llmobs::semconv::value::Outcome;
use llmobs::semconv::value::StallCause;
use llmobs::stream::Producer;

use crate::fixture::Fixture;
use crate::fixture::MODEL;
use crate::fixture::ms;
use crate::scene::Scene;

/// Runs one step with prompt tokens.
fn prefill(scene: &Scene, engine: &Engine, millis: u64) {
    let step = engine.step();
    scene.advance(millis);
    step.sequences(2).prefill_tokens(4_000).decode_tokens(1).finish();
}

fn decode(scene: &Scene, engine: &Engine, millis: u64) {
    let step = engine.step();
    scene.advance(millis);
    step.sequences(2).decode_tokens(2).finish();
}

#[test]
fn a_pause_with_the_prefill_of_another_sequence_has_the_cause_prefill() {
    let mut scene = Scene::new();
    let engine = scene.engine();
    scene.pause(|scene| prefill(scene, &engine, 999));
    scene.pause(|scene| prefill(scene, &engine, 1_000));
    scene.pause(|scene| {
        (0..10).for_each(|_| prefill(scene, &engine, 60));
        (0..20).for_each(|_| decode(scene, &engine, 20));
    });
    scene.pause(|scene| (0..60).for_each(|_| decode(scene, &engine, 20)));
    assert_eq!(scene.causes(), [StallCause::Engine, StallCause::Prefill, StallCause::Prefill]);
}

#[test]
fn the_prefill_of_an_engine_counts_only_if_it_is_the_engine_of_the_operation() {
    let mut scene = Scene::new();
    let other_model = scene.fixture.observer.engine("other").build();
    scene.pause(|scene| prefill(scene, &other_model, 1_000));
    let ranks = ["0", "1"].map(|id| scene.fixture.observer.engine(MODEL).id(id).build());
    scene.pause(|scene| ranks.iter().for_each(|rank| prefill(scene, rank, 1_000)));
    let [only, dropped] = ranks;
    drop(dropped);
    scene.pause(|scene| prefill(scene, &only, 1_000));
    let second = scene.fixture.observer.engine(MODEL).id("1").build();
    let mut step = second.step();
    step.add_sequence(&scene.marker, SequenceWork::new().decode_tokens(1));
    step.finish();
    scene.pause(|scene| prefill(scene, &only, 1_000));
    scene.pause(|scene| prefill(scene, &second, 1_000));
    let mut causes = vec![StallCause::Engine; 3];
    causes.extend([StallCause::Prefill; 2]);
    assert_eq!(scene.causes(), causes);
}

#[test]
fn a_pause_out_of_the_batch_has_the_cause_preemption_until_the_next_token() {
    let mut scene = Scene::new();
    let engine = scene.engine();
    scene.pause(|scene| {
        scene.advance(400);
        scene.marker.preempted();
        scene.advance(100);
        scene.marker.scheduled();
        prefill(scene, &engine, 600); // The prompt is computed again.
    });
    // Preempted again before the operation has a token.
    scene.pause(|scene| {
        for _ in 0..4 {
            scene.marker.preempted();
            scene.advance(200);
            scene.marker.scheduled();
            prefill(scene, &engine, 100);
        }
    });
    // The prompt of another sequence, and then that of the operation itself.
    scene.pause(|scene| {
        prefill(scene, &engine, 500);
        scene.marker.preempted();
        scene.advance(100);
        scene.marker.scheduled();
        prefill(scene, &engine, 550);
    });
    assert_eq!(scene.causes(), [StallCause::Preemption; 3]);

    let mut scene = Scene::new();
    let engine = scene.engine();
    scene.pause(|scene| {
        prefill(scene, &engine, 900); // That of another sequence.
        scene.marker.preempted();
        scene.advance(50);
        scene.marker.scheduled();
        scene.advance(50);
    });
    scene.pause(|scene| scene.advance(1_000));
    assert_eq!(scene.causes(), [StallCause::Engine, StallCause::Prefill]);
}

#[test]
fn a_pause_in_which_scheduled_is_marked_again_is_a_preemption_if_the_begin_is_not_marked() {
    let mut scene = Scene::new();
    scene.pause(|scene| {
        scene.advance(900);
        scene.marker.scheduled();
        scene.advance(100);
    });
    scene.pause(|scene| scene.advance(1_000));
    assert_eq!(scene.causes(), [StallCause::Engine, StallCause::Preemption]);
}

#[tokio::test]
async fn a_pause_of_a_pull_producer_is_judged_by_the_time_for_which_it_was_polled() {
    let fixture = Fixture::with(|builder| builder.level(Level::Full));
    let (engine, clock) = (fixture.observer.engine(MODEL).build(), fixture.manual_clock.clone());
    let mut polls = 0;
    let tokens = futures_util::stream::poll_fn(move |_| {
        polls += 1;
        if polls == 3 {
            let step = engine.step();
            clock.advance(ms(1_000));
            step.sequences(2).prefill_tokens(4_000).decode_tokens(1).finish();
        }
        Poll::Ready(Some(Chunk::tokens(1)))
    });
    let mut stream = fixture.chat().observe(tokens).producer(Producer::Pull);
    for away in [0, 5_000, 0] {
        stream.next().await;
        fixture.advance(ms(away));
    }
    let stalls = |cause| fixture.count("llmobs.stall.events", &[("llmobs.stall.cause", cause)]);
    assert_eq!((stalls("reader"), stalls("prefill"), stalls("engine")), (1, 1, 0));
}

/// A companion whose devices were slowed down in this interval.
struct Throttled(Mutex<Option<(Moment, Moment)>>);

impl Companion for Throttled {
    fn on_start(&self, _: OperationRef, _: Moment) {}
    fn on_mark(&self, _: u64, _: Mark, _: Moment) {}
    fn on_end(&self, _: u64, _: Outcome, _: Moment) {}

    fn throttled_time(&self, model: &str, from: Moment, to: Moment) -> Duration {
        assert_eq!(model, MODEL);
        self.0.lock().unwrap().map_or(Duration::ZERO, |(begin, end)| to.min(end).since(from.max(begin)))
    }
}

#[test]
fn a_pause_while_a_gpu_of_the_model_is_throttled_has_the_cause_gpu_throttle() {
    let mut scene = Scene::new();
    let companion = Arc::new(Throttled(Mutex::default()));
    scene.fixture.observer.attach_companion(&companion);
    scene.pause(|scene| scene.advance(1_000));
    let now = scene.fixture.manual_clock.now();
    *companion.0.lock().unwrap() = Some((now.saturating_add(ms(700)), now.saturating_add(ms(9_000))));
    scene.pause(|scene| scene.advance(1_400));
    scene.pause(|scene| scene.advance(1_400));
    assert_eq!(scene.causes(), [StallCause::Engine, StallCause::GpuThrottle, StallCause::GpuThrottle]);
}

#[test]
fn a_pause_while_a_runtime_is_late_has_the_cause_runtime_lag() {
    let mut scene = Scene::new();
    scene.pause(|scene| {
        scene.advance(1_000);
        scene.fixture.observer.record_runtime_lag("main", ms(400));
    });
    scene.pause(|scene| {
        scene.advance(1_000);
        scene.fixture.observer.record_runtime_lag("main", ms(700));
        scene.advance(200);
    });
    assert_eq!(scene.causes(), [StallCause::Engine, StallCause::RuntimeLag]);
}

#[test]
fn a_pause_of_the_consumer_has_the_cause_reader_whatever_the_engine_did() {
    let mut scene = Scene::new();
    let engine = scene.engine();
    prefill(&scene, &engine, 1_000);
    assert!(scene.poll().is_pending());
    assert_eq!(scene.causes(), [StallCause::Consumer]);
}

#[test]
fn the_cause_of_a_pause_is_that_with_the_most_time_and_of_equal_ones_the_first() {
    let mut scene = Scene::new();
    let engine = scene.engine();
    scene.pause(|scene| {
        prefill(scene, &engine, 2_000);
        scene.advance(1_000);
        scene.fixture.observer.record_runtime_lag("main", ms(2_500));
    });
    scene.pause(|scene| {
        prefill(scene, &engine, 1_000);
        scene.fixture.observer.record_runtime_lag("main", ms(1_000));
    });
    assert_eq!(scene.causes(), [StallCause::Prefill, StallCause::RuntimeLag]);
}

#[test]
fn a_pause_of_more_than_a_minute_is_judged_by_its_last_minute() {
    let mut scene = Scene::new();
    let engine = scene.engine();
    scene.pause(|scene| {
        scene.advance(1_000_000);
        (0..35).for_each(|_| prefill(scene, &engine, 1_000));
    });
    scene.pause(|scene| {
        (0..35).for_each(|_| prefill(scene, &engine, 1_000));
        scene.advance(40_000);
    });
    assert_eq!(scene.causes(), [StallCause::Engine, StallCause::Prefill]);
}

#[test]
fn a_pause_of_an_upstream_has_the_cause_engine_unless_the_runtime_was_late() {
    for role in [Role::Gateway, Role::Client] {
        let mut scene = Scene::of(role);
        let engine = scene.engine();
        let companion = Arc::new(Throttled(Mutex::new(Some((Moment::from_nanos(0), Moment::from_nanos(u64::MAX))))));
        scene.fixture.observer.attach_companion(&companion);
        scene.pause(|scene| {
            scene.marker.preempted();
            prefill(scene, &engine, 1_000);
            scene.marker.scheduled();
        });
        scene.pause(|scene| {
            scene.advance(1_000);
            scene.fixture.observer.record_runtime_lag("main", ms(800));
        });
        assert_eq!(scene.causes(), [StallCause::Engine, StallCause::RuntimeLag]);
    }
}
