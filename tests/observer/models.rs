//! Models that are declared and retired while the process runs.

use std::time::Duration;

use llmobs::Observer;
use llmobs::Role;
use llmobs::assert_books;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::testing::Readings;

use crate::support::families::Value;
use crate::support::otel::Otel;

const GRACE: Duration = Duration::from_secs(60);

fn observer(role: Role) -> (Observer, ManualClock) {
    let (clock, hand) = Clock::manual();
    let builder = Observer::builder().role(role).clock(clock).models(["old", "new"]).retired_model_ttl(GRACE);
    (builder.build().unwrap(), hand)
}

/// Returns the number of series with this model, over all rows.
fn series(observer: &Observer, model: &str) -> usize {
    let readings = Readings::of(observer);
    let all = llmobs::catalog::ROWS.iter().flat_map(|row| readings.series(row.name));
    all.filter(|labels| labels.get("gen_ai_request_model").is_some_and(|of| of == model)).count()
}

fn started(observer: &Observer, model: &str) -> u64 {
    Readings::of(observer).count("llmobs.operation.started", &[("gen_ai.request.model", model)])
}

#[test]
fn a_model_declared_at_run_time_gets_the_series_of_one_declared_before() {
    let (observer, _) = observer(Role::Server);
    assert_eq!(series(&observer, "late"), 0);
    observer.declare_model("late");
    assert!(series(&observer, "late") > 20);
    assert_eq!(series(&observer, "late"), series(&observer, "new"));
    observer.chat("late").start().complete();
    assert_eq!(started(&observer, "late"), 1);
    observer.declare_model("late");
    assert_eq!(started(&observer, "late"), 1, "a second declaration changes nothing");
}

#[test]
fn a_retired_model_leaves_the_page_after_the_grace_time() {
    let (observer, hand) = observer(Role::Server);
    observer.chat("old").start().complete();
    observer.retire_model("old");
    let before = series(&observer, "old");
    assert!(before > 20);
    hand.advance(GRACE - Duration::from_nanos(1));
    assert_eq!((series(&observer, "old"), started(&observer, "old")), (before, 1), "Prometheus sees the last values");
    hand.advance(Duration::from_nanos(1));
    assert_eq!(series(&observer, "old"), 0);
    assert!(series(&observer, "new") > 20, "the others stay");
    assert_books!(observer);
}

#[test]
fn requests_for_a_retired_model_are_those_of_an_undeclared_one() {
    let (observer, _) = observer(Role::Server);
    observer.retire_model("old");
    observer.chat("old").start().complete();
    assert_eq!((started(&observer, "old"), started(&observer, "_OTHER")), (0, 1));
    observer.retire_model("never declared");
    observer.retire_model("old");
}

#[test]
fn an_operation_in_flight_keeps_the_series_of_a_retired_model_until_it_ends() {
    let (observer, hand) = observer(Role::Server);
    let operation = observer.chat("old").start();
    observer.retire_model("old");
    assert_books!(observer, in_flight = 1);
    hand.advance(GRACE * 2);
    assert_books!(observer, in_flight = 1);
    operation.complete();
    assert_books!(observer);
    assert_eq!(series(&observer, "old"), 0, "nothing holds it any more");
}

#[test]
fn a_model_that_comes_back_goes_on_where_it_was() {
    let (observer, hand) = observer(Role::Server);
    let first = observer.chat("old").start();
    hand.advance(Duration::from_secs(5));
    observer.chat("old").start().complete();
    observer.retire_model("old");
    let in_states = |observer: &Observer| {
        Readings::of(observer).value("llmobs.operation.state.time", &[("gen_ai.request.model", "old")])
    };
    let before = in_states(&observer);
    observer.declare_model("old");
    assert_books!(observer, in_flight = 1);
    assert!(in_states(&observer) >= before, "a counter never falls");
    hand.advance(GRACE * 2);
    observer.chat("old").start().complete();
    first.complete();
    assert_eq!(started(&observer, "old"), 3);
    assert!(in_states(&observer) > before);
    assert_books!(observer);
}

#[test]
fn a_model_that_comes_back_after_the_grace_time_starts_anew() {
    let (observer, hand) = observer(Role::Server);
    observer.set_limit("old", llmobs::semconv::value::State::Decode, 4);
    observer.chat("old").start().complete();
    observer.retire_model("old");
    hand.advance(GRACE);
    assert_eq!(series(&observer, "old"), 0);
    observer.declare_model("old");
    assert_eq!(started(&observer, "old"), 0);
    observer.set_limit("old", llmobs::semconv::value::State::Decode, 8);
    let limit = Readings::of(&observer).value("llmobs.operation.limit", &[("gen_ai.request.model", "old")]);
    assert_eq!(limit, 8.0);
}

#[test]
fn open_telemetry_forgets_nothing_and_a_limit_that_comes_back_is_the_new_one() {
    let (clock, hand) = Clock::manual();
    let otel = Otel::new();
    let builder = Observer::builder().clock(clock).model("old").retired_model_ttl(GRACE);
    let observer = builder.meter_provider(&otel.provider).build().unwrap();
    let of_old = |name: &str| {
        let families = otel.families();
        let series = families[name].series.iter().find(|(labels, _)| labels["gen_ai_request_model"] == "old");
        series.map(|(_, value)| value.clone())
    };
    observer.set_limit("old", llmobs::semconv::value::State::Decode, 4);
    observer.chat("old").start().complete();
    observer.retire_model("old");
    hand.advance(GRACE);
    assert_eq!(of_old("llmobs_operation_limit"), Some(Value::Number(0.0)), "nothing is let in any more");
    assert_eq!(of_old("llmobs_operation_started_total"), Some(Value::Number(1.0)));
    observer.declare_model("old");
    observer.set_limit("old", llmobs::semconv::value::State::Decode, 8);
    assert_eq!(of_old("llmobs_operation_limit"), Some(Value::Number(8.0)));
}

#[test]
fn a_client_that_goes_on_calling_a_retired_model_keeps_its_series() {
    let (observer, hand) = observer(Role::Client);
    observer.chat("old").start().complete();
    observer.retire_model("old");
    observer.chat("old").start().complete();
    hand.advance(GRACE * 2);
    assert_eq!(started(&observer, "old"), 2, "it has a place as an undeclared one now");
    observer.chat("old").start().complete();
    assert_eq!(started(&observer, "old"), 3);
    assert_books!(observer);
}
