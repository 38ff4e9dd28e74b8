//! Tests the health of backends: the results that operations and the application report, and the row.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::Role;
use llmobs::backend::Backend;
use llmobs::backend::BackendState;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::semconv::value::AttemptKind;
use llmobs::testing::Readings;

const STATUS: &str = "llmobs.backend.status";

fn observer() -> (Observer, ManualClock) {
    let (clock, time) = Clock::manual();
    let builder = Observer::builder().role(Role::Gateway).level(llmobs::catalog::Level::Standard);
    (builder.clock(clock).model("m").provider("first").build().unwrap(), time)
}

fn backend(observer: &Observer, provider: &'static str) -> Backend {
    observer.backend(provider, "m").build().unwrap()
}

/// Returns the state of the backend in the row, which is 1 for one state.
fn state_in_row(observer: &Observer, provider: &str) -> Option<String> {
    let readings = Readings::new(observer);
    let value =
        |state: &str| readings.count(STATUS, &[("gen_ai.provider.name", provider), ("llmobs.backend.state", state)]);
    let values: Vec<_> =
        BackendState::ALL.iter().map(|state| (state.as_str().to_owned(), value(state.as_str()))).collect();
    assert!(values.iter().map(|(_, value)| value).sum::<u64>() <= 1, "{values:?}");
    values.into_iter().find(|(_, value)| *value == 1).map(|(state, _)| state)
}

#[test]
fn the_end_of_an_operation_is_the_result_of_the_last_backend_that_its_marker_has() {
    let (observer, _) = observer();
    let (first, second) = (backend(&observer, "first"), backend(&observer, "second"));
    for _ in 0..5 {
        let operation = observer.chat("m").start();
        operation.marker().backend(&first);
        first.record(Err(ErrorType::Timeout));
        operation.marker().record_attempt(AttemptKind::Fallback);
        operation.marker().backend(&second);
        operation.marker().finish_reason(FinishReason::Stop);
        operation.complete();
    }
    assert_eq!((first.state(), second.state()), (BackendState::Open, BackendState::Healthy));
    assert_eq!(state_in_row(&observer, "first").as_deref(), Some("open"));
    assert_eq!(state_in_row(&observer, "second").as_deref(), Some("healthy"));
    // The second one has five successes: a tenth of failures makes it degraded.
    let operation = observer.chat("m").start();
    operation.marker().backend(&second);
    operation.fail(ErrorType::Upstream);
    assert_eq!(state_in_row(&observer, "second").as_deref(), Some("degraded"));
}

#[test]
fn faults_of_the_client_and_a_caller_that_left_are_no_results() {
    let (observer, _) = observer();
    let first = backend(&observer, "first");
    for _ in 0..9 {
        for error in
            [ErrorType::InvalidRequest, ErrorType::Authentication, ErrorType::ContentFilter, ErrorType::Cancelled]
        {
            let operation = observer.chat("m").start();
            operation.marker().backend(&first);
            operation.end_with_error(error);
            first.record(Err(error));
        }
    }
    // With these four failures there are four results, fewer than the minimum.
    (0..4).for_each(|_| first.record(Err(ErrorType::Overloaded)));
    assert_eq!(first.state(), BackendState::Healthy);
    first.record(Err(ErrorType::Overloaded));
    assert_eq!(first.state(), BackendState::Open);
}

#[test]
fn an_operation_without_a_backend_and_a_shed_one_change_no_state() {
    let (observer, _) = observer();
    let first = backend(&observer, "first");
    (0..9).for_each(|_| observer.chat("m").start().reject(ErrorType::Overloaded));
    (0..9).for_each(|_| observer.chat("m").start().fail(ErrorType::Upstream));
    assert_eq!(first.state(), BackendState::Healthy);
}

#[test]
fn an_answer_that_was_requested_before_the_opening_does_not_close_a_backend() {
    let (observer, time) = observer();
    let first = backend(&observer, "first");
    let slow: Vec<_> = (0..4)
        .map(|_| {
            let operation = observer.chat("m").start();
            operation.marker().backend(&first);
            operation
        })
        .collect();
    (0..5).for_each(|_| first.record(Err(ErrorType::Upstream)));
    time.advance(Duration::from_secs(15));
    assert!(first.is_available(), "a probe");
    slow.into_iter().for_each(llmobs::Operation::complete);
    assert_eq!(first.state(), BackendState::Open);
    for _ in 0..2 {
        let operation = observer.chat("m").start();
        operation.marker().backend(&first);
        operation.complete();
    }
    assert_eq!(first.state(), BackendState::Healthy);
}

#[test]
fn a_backend_of_the_start_leaves_the_names_of_an_operation_and_another_one_sets_them() {
    let (observer, _) = observer();
    let (builder, mut records) = Observer::builder().role(Role::Gateway).model("m").provider("first").on_end_channel(9);
    let recorded = builder.build().unwrap();
    drop(observer);
    for provider in ["first", "second"] {
        let operation = recorded.chat("m").start();
        operation.marker().backend(&recorded.backend(provider, "m").build().unwrap());
        operation.complete();
        let record = records.try_recv().unwrap();
        assert_eq!((record.provider(), record.response_model()), (provider, (provider == "second").then_some("m")));
    }
}

#[test]
fn handles_of_one_provider_and_model_share_the_state_and_its_rules() {
    let (observer, _) = observer();
    let first = observer.backend("first", "m").min_results(1).build().unwrap();
    let same = observer.backend("first", "m").min_results(100).build().unwrap();
    same.record(Err(ErrorType::Upstream));
    assert_eq!((first.state(), same.state()), (BackendState::Open, BackendState::Open));
    assert_eq!((same.provider().as_str(), same.model()), ("first", "m"));
    assert_eq!(observer.backend("first", "other").build().unwrap().state(), BackendState::Healthy);
}

#[test]
fn a_rule_that_cannot_be_followed_is_an_error_that_names_its_setter() {
    let (observer, _) = observer();
    let builder = || observer.backend("first", "m");
    for (builder, setter) in [
        (builder().window(Duration::from_secs(9)), "window"),
        (builder().window(Duration::from_secs(3_601)), "window"),
        (builder().min_results(0), "min_results"),
        (builder().degraded_ratio(0.0), "degraded_ratio"),
        (builder().degraded_ratio(0.6), "degraded_ratio"),
        (builder().open_ratio(1.1), "open_ratio"),
        (builder().open_ratio(f64::NAN), "open_ratio"),
        (builder().probes(0), "probes"),
    ] {
        let error = builder.build().unwrap_err();
        assert!(error.setter == setter && error.to_string().contains(setter), "{error}");
    }
    assert!(builder().window(Duration::from_secs(10)).degraded_ratio(1.0).open_ratio(1.0).build().is_ok());
}

#[test]
fn a_callback_receives_each_change_and_its_panic_is_counted() {
    let (observer, time) = observer();
    let changes = Arc::<Mutex<Vec<_>>>::default();
    let received = Arc::clone(&changes);
    let builder = observer.backend("first", "m").on_change(move |change| {
        received.lock().unwrap().push((change.provider.to_string(), change.model.to_string(), change.from, change.to));
        assert_ne!(change.to, BackendState::Open, "the callback panics");
    });
    let first = builder.build().unwrap();
    let panics = || {
        let labels = [("llmobs.signal", "backend"), ("llmobs.drop.reason", "on_change_panicked")];
        Readings::new(&observer).count("llmobs.self.dropped", &labels)
    };
    assert_eq!(panics(), 0);
    (0..5).for_each(|_| first.record(Err(ErrorType::Upstream)));
    time.advance(Duration::from_secs(15));
    (0..2).for_each(|_| first.record(Ok(())));
    let change = |from, to| ("first".to_owned(), "m".to_owned(), from, to);
    assert_eq!(
        *changes.lock().unwrap(),
        [change(BackendState::Healthy, BackendState::Open), change(BackendState::Open, BackendState::Healthy)]
    );
    assert_eq!(panics(), 1);
}

#[test]
fn a_collection_lets_old_failures_leave_the_state() {
    let (observer, time) = observer();
    let first = backend(&observer, "first");
    (0..6).for_each(|_| first.record(Ok(())));
    first.record(Err(ErrorType::Upstream));
    assert_eq!(first.state(), BackendState::Degraded);
    time.advance(Duration::from_secs(70));
    assert_eq!(first.state(), BackendState::Degraded, "nothing happened that could change it");
    assert_eq!(state_in_row(&observer, "first").as_deref(), Some("healthy"));
    assert_eq!(first.state(), BackendState::Healthy);
}

#[test]
fn names_over_the_limits_are_one_backend_and_a_retired_model_has_none() {
    let (clock, time) = Clock::manual();
    let observer = Observer::builder().clock(clock).max_undeclared_models(1).model("gone").build().unwrap();
    let open = |model: &str| observer.backend("first", model).min_results(1).build().unwrap();
    open("a").record(Err(ErrorType::Upstream));
    open("b").record(Err(ErrorType::Upstream));
    assert_eq!((open("c").state(), open("c").model()), (BackendState::Open, "c"), "`b` and `c` are both `_OTHER`");
    let _ = open("gone");
    let models = || {
        let all = Readings::new(&observer).series(STATUS);
        all.into_iter().map(|mut labels| labels.remove("gen_ai_request_model").unwrap()).collect::<BTreeSet<_>>()
    };
    assert_eq!(models(), ["_OTHER", "a", "gone"].map(str::to_owned).into());
    observer.retire_model("gone");
    time.advance(Duration::from_secs(301));
    assert_eq!(models(), ["_OTHER", "a"].map(str::to_owned).into());
}

#[test]
fn a_backend_of_a_disabled_observer_works_without_a_metric() {
    let first = Observer::disabled().backend("first", "m").min_results(1).build().unwrap();
    first.record(Err(ErrorType::Upstream));
    assert!(first.clone().state() == BackendState::Open && !first.is_available());
}

#[tokio::test]
async fn a_task_waits_for_changes_and_sees_the_newest_state() {
    let (observer, time) = observer();
    let first = backend(&observer, "first");
    let mut watch = first.watch();
    assert_eq!(*watch.borrow_and_update(), BackendState::Healthy);
    let waiting = tokio::spawn(async move {
        let open = *watch.wait_for(|state| *state == BackendState::Open).await.unwrap();
        (open, watch)
    });
    (0..5).for_each(|_| first.record(Err(ErrorType::Upstream)));
    let (state, mut watch) = waiting.await.unwrap();
    assert_eq!(state, BackendState::Open);
    time.advance(Duration::from_secs(15));
    (0..2).for_each(|_| first.record(Ok(())));
    watch.changed().await.unwrap();
    assert_eq!(*watch.borrow(), BackendState::Healthy);
}
