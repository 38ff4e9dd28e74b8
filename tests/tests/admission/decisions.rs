//! The decisions about single requests, and the length of the queue meanwhile.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use llmobs::admission::ShedReason;
use llmobs::testing::Readings;

use super::fixture::DECISIONS;
use super::fixture::LENGTH;
use super::fixture::LIMIT;
use super::fixture::decided;
use super::fixture::observer;
use super::fixture::of;

#[test]
fn every_decision_of_a_declared_priority_starts_at_zero() {
    let observer = observer();
    let _admission = observer.admission("m").priorities(["interactive", "batch"]).build().unwrap();
    let series = Readings::new(&observer).series(DECISIONS);
    assert_eq!(series.len(), 2 * (2 + ShedReason::ALL.len()));
    let is_legal = |labels: &std::collections::BTreeMap<String, String>| {
        (labels["llmobs_admission_decision"] == "shed") == labels.contains_key("llmobs_admission_reason")
    };
    assert!(series.iter().all(is_legal), "only a request that was shed has a reason");
    assert_eq!(of(&observer, DECISIONS, ""), 0);
    assert_eq!(Readings::new(&observer).series(LENGTH).len(), 2);
    assert_eq!(of(&observer, LENGTH, ""), 0);
}

#[test]
fn each_decision_is_counted_for_its_priority() {
    let observer = observer();
    let admission = observer.admission("m").priorities(["interactive", "batch"]).build().unwrap();
    admission.admitted("interactive");
    admission.admitted("interactive");
    admission.shed("batch", ShedReason::QueueFull);
    let [first, second] = [(); 2].map(|()| admission.queued("batch"));
    assert_eq!((of(&observer, LENGTH, "interactive"), of(&observer, LENGTH, "batch")), (0, 2));
    assert_eq!(of(&observer, DECISIONS, ""), 3, "a request in the queue has no decision");
    first.admit();
    assert_eq!(of(&observer, LENGTH, "batch"), 1);
    second.shed(ShedReason::Deadline);
    assert_eq!(of(&observer, LENGTH, ""), 0);
    let decisions = ["admitted", "admitted_queued", "shed/queue_full", "shed/deadline", "shed"];
    assert_eq!(decisions.map(|decision| decided(&observer, "interactive", decision)), [2, 0, 0, 0, 0]);
    assert_eq!(decisions.map(|decision| decided(&observer, "batch", decision)), [0, 1, 1, 1, 2]);
}

#[test]
fn a_guard_that_is_dropped_is_shed_as_cancelled_also_in_a_panic() {
    let observer = observer();
    let admission = observer.admission("m").build().unwrap();
    drop(admission.queued("default"));
    assert_eq!((decided(&observer, "default", "shed/cancelled"), of(&observer, LENGTH, "")), (1, 0));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _waits = admission.queued("default");
        panic!("the admission control broke");
    }));
    assert!(panicked.is_err());
    assert_eq!((decided(&observer, "default", "shed/cancelled"), of(&observer, LENGTH, "")), (2, 0));
    assert_eq!(of(&observer, DECISIONS, ""), 2);
}

#[test]
fn a_guard_can_be_decided_on_another_thread() {
    let observer = observer();
    let admission = observer.admission("m").build().unwrap();
    let queued = admission.queued("default");
    std::thread::spawn(move || queued.admit()).join().unwrap();
    assert_eq!((decided(&observer, "default", "admitted_queued"), of(&observer, LENGTH, "")), (1, 0));
}

#[test]
fn a_collection_reads_the_last_limit() {
    let observer = observer();
    let admission = observer.admission("m").priorities(["interactive", "batch"]).limit("batch", 16).build().unwrap();
    let limit = |priority| of(&observer, LIMIT, priority);
    assert_eq!(Readings::new(&observer).series(LIMIT).len(), 1, "a limit is absent until it is set");
    assert_eq!(limit("batch"), 16);
    for operations in [40, 0, 7] {
        admission.clone().set_limit("batch", operations);
        admission.set_limit("interactive", 2 * operations);
        assert_eq!((limit("batch"), limit("interactive")), (operations as u64, 2 * operations as u64));
    }
    let page = llmobs::prometheus::page(&observer, None).body;
    let line = "\nllmobs_admission_limit{gen_ai_request_model=\"m\",llmobs_admission_priority=\"batch\"} 7\n";
    assert!(page.contains(line), "{page}");
}

#[test]
fn the_operation_of_a_shed_request_ends_with_the_error_type_of_the_reason() {
    let observer = observer();
    let admission = observer.admission("m").build().unwrap();
    for reason in ShedReason::ALL {
        let operation = observer.chat("m").start();
        operation.marker().enqueued();
        admission.queued("default").shed(*reason);
        operation.end_with_error(reason.error_type());
    }
    let readings = Readings::new(&observer);
    let ended = |outcome, error| {
        readings.count("llmobs.operation.ended", &[("llmobs.operation.outcome", outcome), ("error.type", error)])
    };
    assert_eq!(["overloaded", "rate_limited", "budget_exceeded"].map(|error| ended("rejected", error)), [4, 1, 1]);
    assert_eq!((ended("failed", "timeout"), ended("failed", "shutdown"), ended("cancelled", "cancelled")), (1, 1, 1));
    assert_eq!(decided(&observer, "default", "shed"), ShedReason::ALL.len() as u64);
    assert_eq!(readings.count("llmobs.operation.ended", &[]), ShedReason::ALL.len() as u64);
}
