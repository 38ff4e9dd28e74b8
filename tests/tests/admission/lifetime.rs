//! Several handles and several models, and admissions that end.

use std::time::Duration;

use llmobs::BuildError;
use llmobs::Observer;
use llmobs::admission::ShedReason;
use llmobs::catalog::Level;
use llmobs::clock::Clock;
use llmobs::testing::Readings;

use super::fixture::DECISIONS;
use super::fixture::LENGTH;
use super::fixture::LIMIT;
use super::fixture::decided;
use super::fixture::observer;
use super::fixture::of;
use super::fixture::priorities;

#[test]
fn handles_of_one_model_share_an_admission_and_models_do_not() {
    let observer = Observer::builder().models(["m", "n"]).build().unwrap();
    let build = |model| observer.admission(model).priorities(["a", "b"]).build().unwrap();
    let (first, other) = (build("m"), build("n"));
    let second = observer.admission("m").priorities(["b", "a"]).limit("a", 5).build().unwrap();
    let _waits = [first.queued("a"), second.queued("a"), other.queued("a")];
    let length = |model| Readings::new(&observer).count(LENGTH, &[("gen_ai.request.model", model)]);
    assert_eq!((length("m"), length("n")), (2, 1));
    assert_eq!(of(&observer, LIMIT, "a"), 5);
    let error = observer.admission("m").priorities(["a"]).build().unwrap_err();
    assert!(matches!(&error, BuildError::InvalidLabel { setter: "priorities", name, .. } if name == "m"), "{error}");
}

#[test]
fn the_queue_and_the_limits_end_with_the_last_handle_and_guard_and_the_decisions_remain() {
    let observer = observer();
    for round in 1..=2 {
        let admission = observer.admission("m").limit("default", 9).build().unwrap();
        admission.admitted("default");
        let queued = admission.queued("default");
        drop(admission);
        assert_eq!((of(&observer, LENGTH, ""), of(&observer, LIMIT, "")), (1, 9), "the guard is still there");
        queued.admit();
        assert!([LENGTH, LIMIT].iter().all(|name| Readings::new(&observer).series(name).is_empty()));
        assert_eq!(of(&observer, DECISIONS, ""), 2 * round, "a new admission continues");
    }
    let admission = observer.admission("m").priorities(["a", "b"]).build().unwrap();
    assert_eq!(priorities(&observer, LENGTH), ["a", "b"], "a new admission may have other priorities");
    assert!(Readings::new(&observer).series(LIMIT).is_empty(), "it starts without limits");
    drop(admission);
}

#[test]
fn a_retired_model_keeps_its_series_while_it_has_an_admission() {
    let (clock, hand) = Clock::manual();
    let observer = Observer::builder().model("m").clock(clock).build().unwrap();
    let admission = observer.admission("m").build().unwrap();
    admission.admitted("default");
    observer.retire_model("m");
    hand.advance(Duration::from_secs(3_600));
    assert_eq!(of(&observer, DECISIONS, ""), 1);
    drop(admission);
    assert!(Readings::new(&observer).series(DECISIONS).is_empty());
    observer.admission("m").build().unwrap().admitted("default");
    assert_eq!(of(&observer, DECISIONS, ""), 1, "a new admission has new series");
}

#[test]
fn the_rows_are_those_of_the_level_standard() {
    let observer = Observer::builder().model("m").level(Level::Core).build().unwrap();
    let admission = observer.admission("m").limit("default", 3).build().unwrap();
    let queued = admission.queued("default");
    admission.admitted("default");
    for name in [DECISIONS, LENGTH, LIMIT] {
        assert!(Readings::new(&observer).series(name).is_empty(), "{name}");
    }
    observer.set_level(Level::Standard);
    assert_eq!((of(&observer, LENGTH, ""), of(&observer, LIMIT, "")), (1, 3), "the queue is known at every level");
    queued.admit();
    assert_eq!((decided(&observer, "default", "admitted_queued"), of(&observer, DECISIONS, "")), (1, 1));
    assert_eq!(of(&observer, LENGTH, ""), 0);
}

#[test]
fn an_admission_of_a_disabled_observer_does_nothing() {
    let admission = Observer::disabled().admission("m").priorities(["a"]).limit("a", 3).build().unwrap();
    admission.admitted("a");
    admission.shed("unknown", ShedReason::QueueFull);
    admission.set_limit("a", 1);
    admission.queued("a").admit();
    drop(admission.queued("a"));
    fn is_shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn is_sendable<T: Send + Sync + 'static>(_: &T) {}
    is_shared(&admission);
    is_sendable(&admission.queued("a"));
}
