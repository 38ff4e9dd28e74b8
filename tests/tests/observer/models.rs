//! Models that are declared and retired while the process runs.

use std::time::Duration;

use llmobs::Observer;
use llmobs::Role;
use llmobs::assert_books;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::testing::Readings;

use llmobs_tests::families::Value;
use llmobs_tests::otel_backend::OtelBackend;

const RETIRED_MODEL_TTL: Duration = Duration::from_secs(60);

fn observer(role: Role) -> (Observer, ManualClock) {
    let (clock, manual_clock) = Clock::manual();
    let builder =
        Observer::builder().role(role).clock(clock).models(["old", "new"]).retired_model_ttl(RETIRED_MODEL_TTL);
    (builder.build().unwrap(), manual_clock)
}

/// Returns the number of series with this model, over all rows.
fn series_count(observer: &Observer, model: &str) -> usize {
    let readings = Readings::new(observer);
    let all = llmobs::catalog::ROWS.iter().flat_map(|row| readings.series(row.name));
    all.filter(|labels| labels.get("gen_ai_request_model").is_some_and(|of| of == model)).count()
}

fn started_count(observer: &Observer, model: &str) -> u64 {
    Readings::new(observer).count("llmobs.operation.started", &[("gen_ai.request.model", model)])
}

#[test]
fn a_model_declared_at_run_time_gets_the_series_of_one_declared_before() {
    let (observer, _) = observer(Role::Server);
    assert_eq!(series_count(&observer, "late"), 0);
    observer.declare_model("late");
    assert!(series_count(&observer, "late") > 20);
    assert_eq!(series_count(&observer, "late"), series_count(&observer, "new"));
    observer.chat("late").start().complete();
    assert_eq!(started_count(&observer, "late"), 1);
    observer.declare_model("late");
    assert_eq!(started_count(&observer, "late"), 1, "a second declaration changes nothing");
}

#[test]
fn a_retired_model_disappears_from_the_page_after_its_ttl() {
    let (observer, manual_clock) = observer(Role::Server);
    observer.chat("old").start().complete();
    observer.retire_model("old");
    let before = series_count(&observer, "old");
    assert!(before > 20);
    manual_clock.advance(RETIRED_MODEL_TTL - Duration::from_nanos(1));
    assert_eq!(
        (series_count(&observer, "old"), started_count(&observer, "old")),
        (before, 1),
        "Prometheus sees the last values"
    );
    manual_clock.advance(Duration::from_nanos(1));
    assert_eq!(series_count(&observer, "old"), 0);
    assert!(series_count(&observer, "new") > 20, "the others stay");
    assert_books!(observer);
}

#[test]
fn requests_for_a_retired_model_count_as_undeclared() {
    let (observer, _) = observer(Role::Server);
    observer.retire_model("old");
    observer.chat("old").start().complete();
    assert_eq!((started_count(&observer, "old"), started_count(&observer, "_OTHER")), (0, 1));
    observer.retire_model("never declared");
    observer.retire_model("old");
}

#[test]
fn an_operation_in_flight_keeps_the_series_of_a_retired_model_until_it_ends() {
    let (observer, manual_clock) = observer(Role::Server);
    let operation = observer.chat("old").start();
    observer.retire_model("old");
    assert_books!(observer, in_flight = 1);
    manual_clock.advance(RETIRED_MODEL_TTL * 2);
    assert_books!(observer, in_flight = 1);
    operation.complete();
    assert_books!(observer);
    assert_eq!(series_count(&observer, "old"), 0, "no operation uses it");
}

#[test]
fn a_model_that_is_declared_again_continues_its_series() {
    let (observer, manual_clock) = observer(Role::Server);
    let first = observer.chat("old").start();
    manual_clock.advance(Duration::from_secs(5));
    observer.chat("old").start().complete();
    observer.retire_model("old");
    let in_states = |observer: &Observer| {
        Readings::new(observer).value("llmobs.operation.state.time", &[("gen_ai.request.model", "old")])
    };
    let before = in_states(&observer);
    observer.declare_model("old");
    assert_books!(observer, in_flight = 1);
    assert!(in_states(&observer) >= before, "a counter never falls");
    manual_clock.advance(RETIRED_MODEL_TTL * 2);
    observer.chat("old").start().complete();
    first.complete();
    assert_eq!(started_count(&observer, "old"), 3);
    assert!(in_states(&observer) > before);
    assert_books!(observer);
}

#[test]
fn a_model_that_is_declared_again_after_its_ttl_starts_at_zero() {
    let (observer, manual_clock) = observer(Role::Server);
    observer.set_limit("old", llmobs::semconv::value::State::Decode, 4);
    observer.chat("old").start().complete();
    observer.retire_model("old");
    manual_clock.advance(RETIRED_MODEL_TTL);
    assert_eq!(series_count(&observer, "old"), 0);
    observer.declare_model("old");
    assert_eq!(started_count(&observer, "old"), 0);
    observer.set_limit("old", llmobs::semconv::value::State::Decode, 8);
    let limit = Readings::new(&observer).value("llmobs.operation.limit", &[("gen_ai.request.model", "old")]);
    assert_eq!(limit, 8.0);
}

#[test]
fn open_telemetry_keeps_all_series_and_a_limit_that_is_set_again_is_the_new_one() {
    let (clock, manual_clock) = Clock::manual();
    let otel = OtelBackend::new();
    let builder = Observer::builder().clock(clock).model("old").retired_model_ttl(RETIRED_MODEL_TTL);
    let observer = builder.meter_provider(&otel.provider).build().unwrap();
    let of_old = |name: &str| {
        let families = otel.families();
        let series = families[name].series.iter().find(|(labels, _)| labels["gen_ai_request_model"] == "old");
        series.map(|(_, value)| value.clone())
    };
    observer.set_limit("old", llmobs::semconv::value::State::Decode, 4);
    observer.chat("old").start().complete();
    observer.retire_model("old");
    manual_clock.advance(RETIRED_MODEL_TTL);
    assert_eq!(of_old("llmobs_operation_limit"), Some(Value::Number(0.0)), "the limit of a retired model is zero");
    assert_eq!(of_old("llmobs_operation_started_total"), Some(Value::Number(1.0)));
    observer.declare_model("old");
    observer.set_limit("old", llmobs::semconv::value::State::Decode, 8);
    assert_eq!(of_old("llmobs_operation_limit"), Some(Value::Number(8.0)));
}

#[test]
fn a_client_that_goes_on_calling_a_retired_model_keeps_its_series() {
    let (observer, manual_clock) = observer(Role::Client);
    observer.chat("old").start().complete();
    observer.retire_model("old");
    observer.chat("old").start().complete();
    manual_clock.advance(RETIRED_MODEL_TTL * 2);
    assert_eq!(started_count(&observer, "old"), 2, "it has a series as an undeclared model now");
    observer.chat("old").start().complete();
    assert_eq!(started_count(&observer, "old"), 3);
    assert_books!(observer);
}
