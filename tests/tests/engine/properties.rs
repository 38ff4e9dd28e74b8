//! Laws of an engine's rows under any calls, in any order and from several threads.

use std::time::Duration;

use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::catalog::Level;
use llmobs::engine::CacheTier;
use llmobs::engine::Engine;
use llmobs::engine::SequenceWork;
use llmobs::engine::WaitReason;
use llmobs::testing::Readings;
use proptest::collection::vec;
use proptest::prelude::*;

use super::fixture::observer;
use super::fixture::value;

/// A call of a scheduler.
#[derive(Debug, Clone, Copy)]
enum Call {
    Running(usize),
    Waiting(usize),
    Deferred(usize),
    Swapped(usize),
    CacheUsage(usize),
    CacheLimit(usize),
    Step(u64, u64, u64),
    Advance(u64),
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        (0..9_usize).prop_map(Call::Running),
        (0..9_usize).prop_map(Call::Waiting),
        (0..9_usize).prop_map(Call::Deferred),
        (0..9_usize).prop_map(Call::Swapped),
        (0..200_usize).prop_map(Call::CacheUsage),
        (1..100_usize).prop_map(Call::CacheLimit),
        (0..9_u64, 0..3_u64, 0..3_u64).prop_map(|(sequences, prefill, decode)| Call::Step(sequences, prefill, decode)),
        (0..5_u64).prop_map(Call::Advance),
    ]
}

/// The expected readings.
#[derive(Debug, Default, PartialEq)]
struct Model {
    running: usize,
    waiting: usize,
    deferred: usize,
    swapped: usize,
    usage: usize,
    limit: usize,
    tokens: u64,
    sequences: u64,
    steps: u64,
    now: u64,
    progress: u64,
}

impl Model {
    fn apply(&mut self, call: Call) {
        let starts = |before: usize, now: usize| self.running == 0 && before == 0 && now > 0;
        let is_progress = match call {
            Call::Running(number) => starts(self.running, number),
            Call::Waiting(number) => starts(self.waiting, number),
            Call::Deferred(number) => starts(self.deferred, number),
            Call::Swapped(number) => starts(self.swapped, number),
            Call::Step(..) => true,
            _ => false,
        };
        match call {
            Call::Running(number) => self.running = number,
            Call::Waiting(number) => self.waiting = number,
            Call::Deferred(number) => self.deferred = number,
            Call::Swapped(number) => self.swapped = number,
            Call::CacheUsage(blocks) => self.usage = blocks,
            Call::CacheLimit(blocks) => self.limit = blocks,
            Call::Step(_, 0, 0) => {}
            Call::Step(sequences, prefill, decode) => {
                self.tokens += prefill + decode;
                self.sequences += sequences;
                self.steps += 1;
            }
            Call::Advance(seconds) => self.now += seconds,
        }
        if is_progress {
            self.progress = self.now;
        }
    }
}

fn apply(engine: &Engine, call: Call) {
    match call {
        Call::Running(number) => engine.set_running(number),
        Call::Waiting(number) => engine.set_waiting(WaitReason::Capacity, number),
        Call::Deferred(number) => engine.set_waiting(WaitReason::Deferred, number),
        Call::Swapped(number) => engine.set_swapped(number),
        Call::CacheUsage(blocks) => engine.set_kv_cache_usage(blocks),
        Call::CacheLimit(blocks) => engine.set_kv_cache_limit(blocks),
        Call::Step(sequences, prefill, decode) => {
            engine.step().sequences(sequences).prefill_tokens(prefill).decode_tokens(decode).finish();
        }
        Call::Advance(_) => {}
    }
}

proptest! {
    #[test]
    fn the_readings_equal_a_model(calls in vec(call(), 0..40)) {
        let (observer, hand) = observer(Level::Standard);
        let engine = observer.engine("m").build();
        let mut model = Model::default();
        for call in calls {
            if let Call::Advance(seconds) = call {
                hand.advance(Duration::from_secs(seconds));
            }
            apply(&engine, call);
            model.apply(call);
        }
        let readings = Readings::new(&observer);
        let active = |attributes: &[_]| readings.count("llmobs.engine.sequence.active", attributes) as usize;
        let waiting = |reason| active(&[("llmobs.wait.reason", reason)]);
        let state = |state| active(&[("llmobs.sequence.state", state)]);
        prop_assert_eq!(
            [state("running"), waiting("capacity"), waiting("deferred"), state("swapped")],
            [model.running, model.waiting, model.deferred, model.swapped]
        );
        let usage = readings.count("llmobs.engine.kv_cache.usage", &[]) as usize;
        let limit = if model.limit == 0 { usize::MAX } else { model.limit };
        prop_assert_eq!(usage, model.usage.min(limit));
        prop_assert!((0.0..=1.0).contains(&readings.value("llmobs.engine.kv_cache.utilization", &[])));
        let [sequences, tokens] =
            ["sequences", "tokens"].map(|part| readings.histogram(&format!("llmobs.engine.step.{part}"), &[]));
        prop_assert_eq!((sequences.count, tokens.count), (model.steps, model.steps));
        prop_assert_eq!((sequences.sum as u64, tokens.sum as u64), (model.sequences, model.tokens));
        prop_assert_eq!(readings.value("llmobs.engine.step.age", &[]) as u64, model.now - model.progress);
        engine.set_kv_cache_usage(0);
        prop_assert_eq!(value(&observer, "llmobs.engine.kv_cache.usage", &[]), 0.0);
    }
}

/// A call of a scheduler that concerns one of the operations in flight, by its position.
#[derive(Debug, Clone, Copy)]
enum OperationCall {
    Start,
    Schedule(usize),
    Preempt(usize),
    /// A step of all scheduled operations, with a draft of these drafted and accepted tokens for each, and tokens that
    /// are computed again.
    Step {
        drafted: u64,
        accepted: u64,
        recomputed: u64,
    },
    Complete(usize),
    Fail(usize),
    Drop(usize),
}

fn operation_call() -> impl Strategy<Value = OperationCall> {
    let position = 0..8_usize;
    prop_oneof![
        3 => Just(OperationCall::Start),
        3 => position.clone().prop_map(OperationCall::Schedule),
        2 => position.clone().prop_map(OperationCall::Preempt),
        3 => (0..5_u64, 0..5_u64, 0..9_u64).prop_map(|(drafted, accepted, recomputed)| OperationCall::Step {
            drafted,
            accepted: accepted.min(drafted),
            recomputed,
        }),
        1 => position.clone().prop_map(OperationCall::Complete),
        1 => position.clone().prop_map(OperationCall::Fail),
        1 => position.prop_map(OperationCall::Drop),
    ]
}

proptest! {
    #[test]
    fn started_operations_are_ended_or_active_through_preemption_recomputation_and_speculation(
        calls in vec(operation_call(), 0..60),
    ) {
        let (observer, hand) = observer(Level::Standard);
        let engine = observer.engine("m").build();
        let mut operations: Vec<Operation> = Vec::new();
        let (mut started, mut ended, mut step_tokens, mut drafted_tokens, mut recomputed_tokens) = (0, 0, 0, 0, 0);
        for call in calls {
            hand.advance(Duration::from_millis(10));
            match call {
                OperationCall::Start => {
                    let operation = observer.chat("m").start();
                    operation.marker().enqueued();
                    operations.push(operation);
                    started += 1;
                }
                OperationCall::Schedule(position) => {
                    operations.get(position).into_iter().for_each(|operation| operation.marker().scheduled());
                }
                OperationCall::Preempt(position) => {
                    operations.get(position).into_iter().for_each(|operation| operation.marker().preempted());
                }
                OperationCall::Step { drafted, accepted, recomputed } => {
                    let mut step = engine.step();
                    for operation in &operations {
                        let work = SequenceWork::new().prefill_tokens(recomputed).decode_tokens(1 + drafted);
                        step.add_sequence(operation.marker(), work);
                        engine.draft(drafted, accepted);
                        engine.recomputed_tokens(recomputed);
                        step_tokens += recomputed + 1 + drafted;
                        drafted_tokens += drafted;
                        recomputed_tokens += recomputed;
                    }
                    step.finish();
                }
                OperationCall::Complete(position) | OperationCall::Fail(position) | OperationCall::Drop(position) => {
                    if position < operations.len() {
                        let operation = operations.swap_remove(position);
                        match call {
                            OperationCall::Complete(_) => operation.complete(),
                            OperationCall::Fail(_) => operation.fail(ErrorType::Inference),
                            _ => drop(operation),
                        }
                        ended += 1;
                    }
                }
            }
        }
        let readings = Readings::new(&observer);
        let count = |name| readings.count(name, &[]);
        let active = u64::try_from(operations.len()).unwrap();
        prop_assert_eq!(count("llmobs.operation.started"), started);
        prop_assert_eq!(count("llmobs.operation.ended"), ended);
        prop_assert_eq!(count("llmobs.operation.active"), active);
        prop_assert_eq!(started, ended + active);
        prop_assert_eq!(count("llmobs.engine.speculative.tokens"), drafted_tokens);
        prop_assert_eq!(count("llmobs.engine.recomputed_tokens"), recomputed_tokens);
        prop_assert_eq!(readings.histogram("llmobs.engine.step.tokens", &[]).sum as u64, step_tokens);
        drop(operations);
        let readings = Readings::new(&observer);
        prop_assert_eq!(readings.count("llmobs.operation.ended", &[]), started);
        prop_assert_eq!(readings.count("llmobs.operation.active", &[]), 0);
    }
}

#[test]
fn concurrent_calls_are_counted_exactly() {
    const THREADS: u64 = 4;
    const CALLS: u64 = 2_000;
    let observer = Observer::builder().model("m").level(Level::Full).build().unwrap();
    let engine = observer.engine("m").build();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            let engine = engine.clone();
            scope.spawn(move || {
                for _ in 0..CALLS {
                    engine.step().sequences(2).prefill_tokens(3).decode_tokens(1).finish();
                    engine.prefix_cache_hit(CacheTier::Device, 5);
                    engine.prefix_cache_miss(7);
                    engine.preempted();
                    engine.recomputed_tokens(11);
                    engine.draft(18, 17);
                }
            });
        }
    });
    let readings = Readings::new(&observer);
    let calls = THREADS * CALLS;
    for (name, each) in [
        ("llmobs.engine.prefix_cache.tokens", 5 + 7),
        ("llmobs.engine.preemptions", 1),
        ("llmobs.engine.recomputed_tokens", 11),
        ("llmobs.engine.speculative.drafts", 1),
        ("llmobs.engine.speculative.tokens", 18),
    ] {
        assert_eq!(readings.count(name, &[]), each * calls, "{name}");
    }
    let tokens = readings.histogram("llmobs.engine.step.tokens", &[("llmobs.step.kind", "mixed")]);
    assert_eq!((tokens.count, tokens.sum as u64), (calls, 4 * calls));
}
