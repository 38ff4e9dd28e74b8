//! The sequences that a step names, from the scheduler to the companions and the operations.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use llmobs::Observer;
use llmobs::Operation;
use llmobs::catalog::Level;
use llmobs::clock::Moment;
use llmobs::companion::Companion;
use llmobs::companion::Mark;
use llmobs::companion::OperationRef;
use llmobs::companion::SequenceWork;
use llmobs::companion::StepRef;
use llmobs::semconv::value::Outcome;
use llmobs::testing::Readings;

use super::fixture::observer;

/// A step as a companion received it.
#[derive(Debug, Clone, PartialEq)]
struct SeenStep {
    engine: (String, String),
    times: (Moment, Moment),
    sequences: Vec<(u64, SequenceWork)>,
}

/// A companion that stores each step and each start.
#[derive(Debug, Default)]
struct Seen {
    steps: Mutex<Vec<SeenStep>>,
    started: Mutex<Vec<u64>>,
}

impl Companion for Seen {
    fn on_start(&self, operation: OperationRef, _: Moment) {
        self.started.lock().unwrap().push(operation.id());
    }

    fn on_mark(&self, _: u64, _: Mark, _: Moment) {}

    fn on_end(&self, _: u64, _: Outcome, _: Moment) {}

    fn on_step(&self, step: &StepRef<'_>) {
        let sequences = step.sequences.iter().map(|sequence| (sequence.operation, sequence.work)).collect();
        self.steps.lock().unwrap().push(SeenStep {
            engine: (step.model.to_owned(), step.engine_id.to_owned()),
            times: (step.start, step.end),
            sequences,
        });
    }
}

/// A companion that panics at each step.
struct Panics;

impl Companion for Panics {
    fn on_start(&self, _: OperationRef, _: Moment) {}

    fn on_mark(&self, _: u64, _: Mark, _: Moment) {}

    fn on_end(&self, _: u64, _: Outcome, _: Moment) {}

    fn on_step(&self, _: &StepRef<'_>) {
        panic!("the companion panics");
    }
}

fn attach(observer: &Observer) -> Arc<Seen> {
    let seen = Arc::new(Seen::default());
    observer.attach_companion(&seen);
    seen
}

fn start(observer: &Observer) -> Operation {
    observer.chat("m").start()
}

fn engine_ids(observer: &Observer) -> Vec<Option<String>> {
    observer.in_flight().into_iter().map(|operation| operation.engine_id).collect()
}

const PREFILL: SequenceWork = SequenceWork::new().prefill_tokens(500);
const DECODE: SequenceWork = SequenceWork::new().decode_tokens(3).context_tokens(700);

#[test]
fn the_tokens_of_a_step_are_the_sums_of_its_sequences() {
    let (observer, _) = observer(Level::Standard);
    let engine = observer.engine("m").build();
    let operations = [start(&observer), start(&observer)];
    let mut step = engine.step();
    for work in [PREFILL, DECODE, DECODE] {
        step.add_sequence(operations[0].marker(), work);
    }
    step.add_sequence(Observer::disabled().chat("m").start().marker(), PREFILL);
    step.finish();
    let readings = Readings::new(&observer);
    let mixed = |part| readings.histogram(&format!("llmobs.engine.step.{part}"), &[("llmobs.step.kind", "mixed")]).sum;
    assert_eq!([mixed("sequences"), mixed("tokens")], [4.0, 1_006.0]);
}

#[test]
fn a_setter_replaces_the_sum_of_the_sequences() {
    let (observer, _) = observer(Level::Standard);
    let operation = start(&observer);
    let engine = observer.engine("m").build();
    let mut step = engine.step();
    step.add_sequence(operation.marker(), PREFILL);
    step.add_sequence(operation.marker(), DECODE);
    step.sequences(7).prefill_tokens(0).finish();
    let readings = Readings::new(&observer);
    let decode = |part| readings.histogram(&format!("llmobs.engine.step.{part}"), &[("llmobs.step.kind", "decode")]);
    assert_eq!([decode("sequences").sum, decode("tokens").sum], [7.0, 3.0]);
}

#[test]
fn a_companion_receives_the_times_the_engine_and_the_work_of_each_operation() {
    let (observer, hand) = observer(Level::Core);
    let seen = attach(&observer);
    let operations = [start(&observer), start(&observer)];
    let ids = seen.started.lock().unwrap().clone();
    let engine = observer.engine("m").id("3").build();
    hand.advance(Duration::from_millis(1));
    let mut step = engine.step();
    let from = operations[0].marker().now();
    for (operation, work) in [(1, PREFILL), (0, DECODE), (1, DECODE)] {
        step.add_sequence(operations[operation].marker(), work);
    }
    hand.advance(Duration::from_millis(20));
    step.finish();
    let until = operations[0].marker().now();
    let expected = SeenStep {
        engine: ("m".to_owned(), "3".to_owned()),
        times: (from, until),
        sequences: vec![(ids[1], PREFILL), (ids[0], DECODE), (ids[1], DECODE)],
    };
    assert_eq!(*seen.steps.lock().unwrap(), std::slice::from_ref(&expected));

    let mut step = engine.step().duration(Duration::from_millis(5));
    step.add_sequence(operations[0].marker(), DECODE);
    hand.advance(Duration::from_millis(30));
    step.finish();
    let end = operations[0].marker().now();
    let start = Moment::from_nanos(end.as_nanos() - 5_000_000);
    let second = SeenStep { times: (start, end), sequences: vec![(ids[0], DECODE)], ..expected };
    assert_eq!(seen.steps.lock().unwrap()[1..], [second], "the sequences of the first step are gone");
}

#[test]
fn only_finished_steps_that_name_operations_are_notified() {
    let (observer, _) = observer(Level::Standard);
    let seen = attach(&observer);
    let operation = start(&observer);
    let engine = observer.engine("m").build();
    engine.step().sequences(1).decode_tokens(1).finish();
    let mut nameless = engine.step();
    nameless.add_sequence(Observer::disabled().chat("m").start().marker(), DECODE);
    nameless.finish();
    let mut dropped = engine.step();
    dropped.add_sequence(operation.marker(), DECODE);
    drop(dropped);
    assert_eq!(*seen.steps.lock().unwrap(), []);
    let mut without_tokens = engine.step();
    without_tokens.add_sequence(operation.marker(), SequenceWork::new());
    without_tokens.finish();
    assert_eq!(seen.steps.lock().unwrap().len(), 1);
}

#[test]
fn steps_that_overlap_do_not_mix_their_sequences() {
    let (observer, _) = observer(Level::Standard);
    let seen = attach(&observer);
    let operations = [start(&observer), start(&observer)];
    let ids = seen.started.lock().unwrap().clone();
    let engine = observer.engine("m").build();
    for _ in 0..2 {
        let (mut first, mut second) = (engine.step(), engine.step());
        first.add_sequence(operations[0].marker(), PREFILL);
        second.add_sequence(operations[1].marker(), DECODE);
        first.finish();
        second.finish();
    }
    let steps = seen.steps.lock().unwrap();
    let sequences: Vec<_> = steps.iter().map(|step| step.sequences.as_slice()).collect();
    let (first, second) = ([(ids[0], PREFILL)], [(ids[1], DECODE)]);
    assert_eq!(sequences, [&first, &second, &first, &second]);
}

#[test]
fn a_panic_of_a_companion_loses_its_notification_only() {
    let (observer, _) = observer(Level::Standard);
    let panics = Arc::new(Panics);
    observer.attach_companion(&panics);
    let seen = attach(&observer);
    let operation = start(&observer);
    let engine = observer.engine("m").build();
    for _ in 0..2 {
        let mut step = engine.step();
        step.add_sequence(operation.marker(), DECODE);
        step.finish();
    }
    assert_eq!(seen.steps.lock().unwrap().len(), 2);
    assert_eq!(Readings::new(&observer).histogram("llmobs.engine.step.tokens", &[]).sum, 6.0);
    operation.complete();
}

#[test]
fn an_operation_in_flight_has_the_first_engine_that_named_it() {
    let (observer, _) = observer(Level::Core);
    let operation = start(&observer);
    let engines: Vec<_> = (0..3).map(|id| observer.engine("m").id(["a", "b", "c"][id]).build()).collect();
    assert_eq!(engine_ids(&observer), [None]);
    for engine in [&engines[1], &engines[2], &engines[0]] {
        let mut step = engine.step();
        step.add_sequence(operation.marker(), DECODE);
        step.finish();
        assert_eq!(engine_ids(&observer), [Some("b".to_owned())]);
    }
}

#[test]
fn the_last_of_64_engines_is_known_by_its_operations() {
    let (observer, _) = observer(Level::Core);
    let engines: Vec<_> = (0..65).map(|id| observer.engine("m").id(&id.to_string()).build()).collect();
    let operations = [start(&observer), start(&observer)];
    for (engine, operation) in [(&engines[63], &operations[0]), (&engines[64], &operations[1])] {
        let mut step = engine.step();
        step.add_sequence(operation.marker(), DECODE);
        step.finish();
    }
    assert_eq!(engine_ids(&observer), [Some("63".to_owned()), None], "the last engine records nothing");
}

#[test]
fn an_operation_of_another_observer_is_counted_and_not_named() {
    let (observer, _) = observer(Level::Standard);
    let seen = attach(&observer);
    let (other, _) = super::fixture::observer(Level::Standard);
    let operation = start(&other);
    let engine = observer.engine("m").build();
    let mut step = engine.step();
    step.add_sequence(operation.marker(), DECODE);
    step.finish();
    assert_eq!(Readings::new(&observer).histogram("llmobs.engine.step.tokens", &[]).sum, 3.0);
    assert_eq!(*seen.steps.lock().unwrap(), []);
    assert_eq!(engine_ids(&other), [None]);
}
