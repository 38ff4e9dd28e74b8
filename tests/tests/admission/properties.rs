//! Laws of the rows under any calls, in any order and from several threads.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use llmobs::admission::Admission;
use llmobs::admission::Queued;
use llmobs::admission::ShedReason;
use llmobs::testing::Readings;
use proptest::collection::vec;
use proptest::prelude::*;

use super::fixture::DECISIONS;
use super::fixture::LENGTH;
use super::fixture::count;
use super::fixture::count_decided;
use super::fixture::observer;
use super::fixture::of;

const NAMES: [&str; 4] = ["interactive", "batch", "undeclared", "_OTHER"];

/// A call of an admission control. A position is that of a request in the queue.
#[derive(Debug, Clone, Copy)]
enum Call {
    Admit(usize),
    Shed(usize, usize),
    Queue(usize),
    AdmitQueued(usize),
    ShedQueued(usize, usize),
    Drop(usize),
    /// A thread that holds the request panics.
    Panic(usize),
}

fn call() -> impl Strategy<Value = Call> {
    let (name, position, reason) = (0..NAMES.len(), 0..6_usize, 0..ShedReason::ALL.len());
    prop_oneof![
        2 => name.clone().prop_map(Call::Admit),
        2 => (name.clone(), reason.clone()).prop_map(|(name, reason)| Call::Shed(name, reason)),
        6 => name.prop_map(Call::Queue),
        2 => position.clone().prop_map(Call::AdmitQueued),
        2 => (position.clone(), reason).prop_map(|(position, reason)| Call::ShedQueued(position, reason)),
        1 => position.clone().prop_map(Call::Drop),
        1 => position.prop_map(Call::Panic),
    ]
}

/// The label value of a name.
fn label(name: usize) -> &'static str {
    if name < 2 { NAMES[name] } else { "_OTHER" }
}

fn shed(reason: usize) -> String {
    format!("shed/{}", ShedReason::ALL[reason])
}

proptest! {
    #[test]
    fn the_decisions_and_the_queue_equal_a_model(calls in vec(call(), 0..60)) {
        let observer = observer();
        let admission = observer.admission("m").priorities([NAMES[0], NAMES[1]]).build().unwrap();
        let mut queue: Vec<(Queued, &str)> = Vec::new();
        let mut expected: BTreeMap<(&str, String), u64> = BTreeMap::new();
        let mut arrived = 0;
        let mut expect = |priority, decision: String| *expected.entry((priority, decision)).or_default() += 1;
        for call in calls {
            match call {
                Call::Admit(name) => {
                    admission.admitted(NAMES[name]);
                    expect(label(name), "admitted".to_owned());
                    arrived += 1;
                }
                Call::Shed(name, reason) => {
                    admission.shed(NAMES[name], ShedReason::ALL[reason]);
                    expect(label(name), shed(reason));
                    arrived += 1;
                }
                Call::Queue(name) => {
                    queue.push((admission.queued(NAMES[name]), label(name)));
                    arrived += 1;
                }
                Call::AdmitQueued(position)
                | Call::ShedQueued(position, _)
                | Call::Drop(position)
                | Call::Panic(position) if position < queue.len() => {
                    let (queued, priority) = queue.swap_remove(position);
                    expect(priority, match call {
                        Call::AdmitQueued(_) => "admitted_queued".to_owned(),
                        Call::ShedQueued(_, reason) => shed(reason),
                        _ => "shed/cancelled".to_owned(),
                    });
                    match call {
                        Call::AdmitQueued(_) => queued.admit(),
                        Call::ShedQueued(_, reason) => queued.shed(ShedReason::ALL[reason]),
                        Call::Drop(_) => drop(queued),
                        // Without the hook, so that the output has no message.
                        _ => {
                            let panicked = catch_unwind(AssertUnwindSafe(|| {
                                let _held = queued;
                                std::panic::resume_unwind(Box::new("the thread panics"));
                            }));
                            prop_assert!(panicked.is_err());
                        }
                    }
                }
                _ => {}
            }
        }
        let readings = Readings::new(&observer);
        prop_assert_eq!(count(&readings, DECISIONS, "") + count(&readings, LENGTH, ""), arrived);
        for priority in ["interactive", "batch", "_OTHER"] {
            let waiting = queue.iter().filter(|(_, of)| *of == priority).count() as u64;
            prop_assert_eq!(count(&readings, LENGTH, priority), waiting);
        }
        for ((priority, decision), number) in &expected {
            prop_assert_eq!(count_decided(&readings, priority, decision), *number, "{} {}", priority, decision);
        }
        let waiting = queue.len() as u64;
        prop_assert_eq!(expected.values().sum::<u64>(), arrived - waiting);
        drop(queue);
        prop_assert_eq!((of(&observer, LENGTH, ""), of(&observer, DECISIONS, "")), (0, arrived));
    }
}

/// Decides about one request, which is the `round`-th of its thread.
fn decide(admission: &Admission, round: usize) {
    let priority = NAMES[round % NAMES.len()];
    match round / NAMES.len() % 5 {
        0 => admission.admitted(priority),
        1 => admission.queued(priority).admit(),
        2 => admission.queued(priority).shed(ShedReason::Deadline),
        3 => drop(admission.queued(priority)),
        _ => admission.shed(priority, ShedReason::QueueFull),
    }
}

#[test]
fn decisions_of_eight_threads_are_counted_exactly() {
    const THREADS: u64 = 8;
    const ROUNDS: u64 = 4_000;
    let observer = observer();
    let admission = observer.admission("m").priorities([NAMES[0], NAMES[1]]).build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            let admission = admission.clone();
            scope.spawn(move || (0..ROUNDS as usize).for_each(|round| decide(&admission, round)));
        }
    });
    // Each thread decides in five ways about four names, of which two are `_OTHER`.
    let each = THREADS * ROUNDS / 20;
    let readings = Readings::new(&observer);
    for (priority, share) in [("interactive", 1), ("batch", 1), ("_OTHER", 2)] {
        for decision in ["admitted", "admitted_queued", "shed/deadline", "shed/cancelled", "shed/queue_full"] {
            assert_eq!(count_decided(&readings, priority, decision), share * each, "{priority} {decision}");
        }
    }
    assert_eq!((count(&readings, DECISIONS, ""), count(&readings, LENGTH, "")), (THREADS * ROUNDS, 0));
    assert_eq!(readings.count("llmobs.self.folded_labels", &[]), THREADS * ROUNDS / 2);
}
