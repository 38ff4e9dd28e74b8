//! The names of tenants: declared, admitted, folded, retired and forgotten.

use std::time::Duration;

use llmobs::BuildError;
use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Role;
use llmobs::Usage;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::testing::Readings;

use llmobs_tests::otel_backend::OtelBackend;

use crate::page::OPERATIONS;
use crate::page::TOKENS;
use crate::page::assert_sums;
use crate::page::operations_by_tenant;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

fn builder() -> ObserverBuilder<'static> {
    Observer::builder().model("m").tenants(["pro"])
}

/// Returns an observer with two places for undeclared tenants, which are retired after an hour.
fn observer() -> (Observer, ManualClock) {
    let (clock, manual_clock) = Clock::manual();
    (builder().max_undeclared_tenants(2).idle_tenant_ttl(HOUR).clock(clock).build().unwrap(), manual_clock)
}

fn call(observer: &Observer, tenant: &str) {
    observer.chat("m").tenant(tenant).start().complete();
}

#[track_caller]
fn assert_operations(observer: &Observer, expected: &[(&str, u64)]) {
    let expected = expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    assert_eq!(operations_by_tenant(observer), expected);
    assert_sums(observer);
}

fn folded(observer: &Observer) -> u64 {
    Readings::new(observer).count("llmobs.self.folded_labels", &[("llmobs.label", "llmobs.tenant.name")])
}

#[test]
fn the_series_of_declared_tenants_and_of_operations_without_one_exist_at_zero_from_build_on() {
    let (observer, _) = observer();
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 0), ("pro", 0)]);
    let readings = Readings::new(&observer);
    assert_eq!(readings.series(OPERATIONS).len(), 3 * 4, "three names, four outcomes");
    assert_eq!(readings.series(TOKENS).len(), 3 * 2, "three names, two directions");
}

#[test]
fn operations_and_tokens_are_counted_for_their_tenant_by_outcome_and_direction() {
    let (observer, _) = observer();
    let operation = observer.chat("m").tenant("pro").start();
    operation.marker().usage(Usage::new().input(7).cache_read(3).output(5).reasoning(2));
    operation.complete();
    observer.chat("m").tenant("pro").start().cancel();
    observer.chat("m").tenant(Some("team")).start().fail(llmobs::ErrorType::Inference);
    observer.chat("m").tenant(None).start().reject(llmobs::ErrorType::RateLimited);
    observer.chat("m").start().complete();
    let readings = Readings::new(&observer);
    let operations = |tenant, outcome| {
        readings.count(OPERATIONS, &[("llmobs.tenant.name", tenant), ("llmobs.operation.outcome", outcome)])
    };
    assert_eq!([operations("pro", "completed"), operations("pro", "cancelled")], [1, 1]);
    assert_eq!([operations("team", "failed"), operations("_NONE", "rejected")], [1, 1]);
    assert_eq!(operations("_NONE", "completed"), 1);
    let tokens =
        |direction| readings.count(TOKENS, &[("llmobs.tenant.name", "pro"), ("llmobs.token.direction", direction)]);
    assert_eq!([tokens("input"), tokens("output")], [7, 5]);
    assert_sums(&observer);
}

#[test]
fn an_admitted_tenant_keeps_its_place_and_further_ones_share_one() {
    let (observer, _) = observer();
    for tenant in ["a", "b", "c", "pro", "a", "d", "b", "c"] {
        call(&observer, tenant);
    }
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 3), ("a", 2), ("b", 2), ("pro", 1)]);
    assert_eq!(folded(&observer), 3, "each folded name is counted");
}

#[test]
fn a_name_is_cut_to_128_bytes_and_one_with_control_characters_is_folded() {
    let (observer, _) = observer();
    let long = "t".repeat(500);
    call(&observer, &long);
    call(&observer, "pro\n");
    call(&observer, "");
    let cut = &long[..128];
    assert_operations(&observer, &[("_NONE", 1), ("_OTHER", 1), ("pro", 0), (cut, 1)]);
}

#[test]
fn a_caller_cannot_take_the_names_of_other_tenants_and_of_none() {
    let (observer, _) = observer();
    call(&observer, "_OTHER");
    call(&observer, "_NONE");
    observer.forget_tenant("_OTHER");
    observer.forget_tenant("_NONE");
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 2), ("pro", 0)]);
    assert_eq!(folded(&observer), 2);
}

#[test]
fn an_idle_tenant_is_retired_after_its_time_and_what_it_counted_moves_to_other() {
    let (observer, manual_clock) = observer();
    call(&observer, "a");
    manual_clock.advance(HOUR / 2);
    call(&observer, "b");
    call(&observer, "a");
    call(&observer, "c");
    manual_clock.advance(HOUR - Duration::from_nanos(1));
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 1), ("a", 2), ("b", 1), ("pro", 0)]);
    call(&observer, "b");
    manual_clock.advance(Duration::from_nanos(1));
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 3), ("b", 2), ("pro", 0)]);
    call(&observer, "c");
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 3), ("b", 2), ("c", 1), ("pro", 0)]);
    manual_clock.advance(2 * HOUR);
    // Folded: a collection retires, and the places are taken until then.
    call(&observer, "a");
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 7), ("pro", 0)]);
    call(&observer, "a");
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 7), ("a", 1), ("pro", 0)]);
}

#[test]
fn an_idle_tenant_is_retired_after_a_day_by_default() {
    let (clock, manual_clock) = Clock::manual();
    let observer = builder().clock(clock).build().unwrap();
    call(&observer, "a");
    manual_clock.advance(DAY - Duration::from_nanos(1));
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 0), ("a", 1), ("pro", 0)]);
    manual_clock.advance(Duration::from_nanos(1));
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 1), ("pro", 0)]);
}

#[test]
fn a_tenant_with_an_operation_in_flight_is_not_retired() {
    let (observer, manual_clock) = observer();
    let operation = observer.chat("m").tenant("a").start();
    manual_clock.advance(10 * HOUR);
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 0), ("a", 0), ("pro", 0)]);
    operation.complete();
    manual_clock.advance(HOUR - Duration::from_nanos(1));
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 0), ("a", 1), ("pro", 0)]);
    manual_clock.advance(Duration::from_nanos(1));
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 1), ("pro", 0)]);
}

#[test]
fn a_forgotten_tenant_disappears_at_once_and_its_operations_in_flight_are_those_of_others() {
    let (observer, _) = observer();
    call(&observer, "a");
    let operation = observer.chat("m").tenant("a").start();
    operation.marker().usage(Usage::new().output(9));
    observer.forget_tenant("a");
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 1), ("pro", 0)]);
    operation.complete();
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 2), ("pro", 0)]);
    for tenant in ["b", "c", "a"] {
        call(&observer, tenant);
    }
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 3), ("b", 1), ("c", 1), ("pro", 0)]);
}

#[test]
fn a_declared_tenant_is_never_retired_and_is_undeclared_once_it_is_forgotten() {
    let (observer, manual_clock) = observer();
    call(&observer, "pro");
    manual_clock.advance(10 * HOUR);
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 0), ("pro", 1)]);
    observer.forget_tenant("pro");
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 1)]);
    call(&observer, "pro");
    manual_clock.advance(HOUR);
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 2)]);
}

#[llmobs::llm_span(chat, observer = observer, model = "m", tenant = team)]
fn ask(observer: &Observer, team: Option<String>) {}

#[test]
fn an_argument_of_the_attribute_sets_the_tenant_of_a_function() {
    let (observer, _) = observer();
    ask(&observer, Some("pro".to_owned()));
    ask(&observer, None);
    assert_operations(&observer, &[("_NONE", 1), ("_OTHER", 0), ("pro", 1)]);
}

#[test]
fn open_telemetry_keeps_the_series_of_a_retired_tenant_and_continues_them() {
    let otel = OtelBackend::new();
    let (clock, manual_clock) = Clock::manual();
    let builder = builder().idle_tenant_ttl(HOUR).clock(clock);
    let observer = builder.meter_provider(&otel.provider).build().unwrap();
    let operations = |tenant: &str| {
        let families = otel.families();
        let series = families["llmobs_tenant_operations_total"].series.iter();
        let of_tenant = series.filter(|(labels, _)| labels["llmobs_tenant_name"] == tenant);
        of_tenant
            .map(|(_, value)| match value {
                llmobs_tests::families::Value::Number(number) => *number,
                _ => panic!("not a counter"),
            })
            .sum::<f64>()
    };
    call(&observer, "a");
    manual_clock.advance(HOUR);
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 1), ("pro", 0)]);
    assert_eq!([operations("a"), operations("_OTHER")], [1.0, 0.0]);
    call(&observer, "a");
    assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 1), ("a", 1), ("pro", 0)]);
    assert_eq!([operations("a"), operations("_OTHER")], [2.0, 0.0]);
}

#[test]
fn build_refuses_names_that_are_no_labels_and_more_label_sets_than_the_backend_keeps() {
    for name in ["", "a\n", "_OTHER", "_NONE", &"t".repeat(129)] {
        let error = Observer::builder().model("m").tenants([name]).build().unwrap_err();
        assert!(matches!(&error, BuildError::InvalidLabel { setter: "tenants", .. }), "{name:?}: {error:?}");
    }
    // A row has a series for each of four outcomes; `pro`, `_OTHER` and `_NONE` have series too.
    assert!(builder().max_undeclared_tenants(497).build().is_ok());
    let error = builder().max_undeclared_tenants(498).build().unwrap_err();
    assert_eq!(error, BuildError::TooManyTenants { label_sets: 2_004, limit: 2_000 });
    assert!(error.to_string().contains("`max_undeclared_tenants`"), "{error}");
}

#[test]
fn each_setter_of_tenants_records_them_and_an_observer_without_one_has_no_such_rows() {
    let named = Observer::builder().model("m").tenants::<String>([]);
    let capped = Observer::builder().model("m").max_undeclared_tenants(3);
    let timed = Observer::builder().model("m").idle_tenant_ttl(HOUR);
    let logged = Observer::builder().model("m").log_tenants(false);
    for builder in [named, capped, timed, logged] {
        let observer = builder.build().unwrap();
        call(&observer, "a");
        assert_operations(&observer, &[("_NONE", 0), ("_OTHER", 0), ("a", 1)]);
    }
    let observer = Observer::builder().model("m").build().unwrap();
    call(&observer, "a");
    observer.forget_tenant("a");
    assert!(operations_by_tenant(&observer).is_empty());
    assert!(Readings::new(&observer).series(TOKENS).is_empty());
}

#[test]
fn the_label_is_on_tenant_rows_only_and_never_with_the_model() {
    for role in [Role::Server, Role::Gateway, Role::Client] {
        let observer = builder().role(role).level(llmobs::catalog::Level::Full).log_tenants(true).build().unwrap();
        call(&observer, "pro");
        let readings = Readings::new(&observer);
        let labelled = llmobs::catalog::ROWS
            .iter()
            .filter(|row| readings.series(row.name).iter().any(|labels| labels.values().any(|value| value == "pro")));
        assert_eq!(labelled.map(|row| row.name).collect::<Vec<_>>(), [OPERATIONS, TOKENS], "{role:?}");
        for labels in readings.series(OPERATIONS).iter().chain(&readings.series(TOKENS)) {
            assert_eq!(labels.len(), 2, "{labels:?}");
        }
    }
}
