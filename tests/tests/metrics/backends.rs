//! OpenTelemetry and the Prometheus page agree: for any traffic, every row has the same series, counts, sums and
//! buckets in both.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use llmobs::Observer;
use llmobs::Role;
use llmobs::assert_books;
use llmobs::capture::ContentCapture;
use llmobs::catalog::Group;
use llmobs::catalog::Profile;
use llmobs::catalog::ROWS;
use llmobs::catalog::Row;
use llmobs::clock::Clock;
use opentelemetry_sdk::metrics::Aggregation;
use opentelemetry_sdk::metrics::Instrument;
use opentelemetry_sdk::metrics::Stream;

use llmobs_tests::families::Families;
use llmobs_tests::families::MetricKind;
use llmobs_tests::families::Value;
use llmobs_tests::families::differences;
use llmobs_tests::otel_backend::OtelBackend;
use llmobs_tests::prometheus_names;
use llmobs_tests::prometheus_page;
use llmobs_tests::traffic::Traffic;
use llmobs_tests::traffic::full_observer;

#[test]
fn after_a_thousand_random_operations_both_backends_have_the_same_values_in_every_row() {
    let mut recorded = BTreeSet::new();
    for (seed, profile) in [Profile::V1_41, Profile::Latest, Profile::Dual].into_iter().enumerate() {
        let (clock, manual_clock) = Clock::manual();
        let otel = OtelBackend::new();
        let builder = full_observer().clock(clock).profile(profile).capture(ContentCapture::Events);
        let observer = builder.meter_provider(&otel.provider).build().unwrap();
        let mut traffic = Traffic::new(&observer, &manual_clock, seed as u64);
        traffic.run_operations(1_000);
        assert_backends_agree(&otel, &observer);
        let running = std::mem::take(&mut traffic.running);
        assert!(!observer.in_flight().is_empty(), "the observable rows must have a value");
        drop(running);
        let page = assert_backends_agree(&otel, &observer);
        assert_books!(observer);
        recorded
            .extend(page.into_iter().filter(|(_, family)| !family.series.values().all(Value::is_zero)).map(|f| f.0));
    }
    // Otherwise the comparison could be one of zeros.
    let here = |row: &&Row| !EXCLUDED_GROUPS.contains(&row.group);
    let silent: Vec<_> = ROWS.iter().filter(here).filter(|row| !recorded.contains(&family(row))).collect();
    let is_expected = |name: &&str| ZERO_WHEN_IDLE.contains(name) || *name == OF_WATCHED_RUNTIMES;
    let silent: Vec<_> = silent.iter().map(|row| row.name).filter(|name| !is_expected(name)).collect();
    assert!(silent.is_empty(), "the traffic never reached {silent:?}");
}

/// Rows that a pipeline records; its own tests compare both backends.
const EXCLUDED_GROUPS: [Group; 1] = [Group::PIPELINE];

/// The row of runtimes that are watched; the traffic has none. `tests/observer/runtimes.rs` tests it.
const OF_WATCHED_RUNTIMES: &str = "llmobs.runtime.busy.time";

/// Rows that are zero when nothing is in flight; they are compared while operations are in flight.
const ZERO_WHEN_IDLE: [&str; 4] = [
    "http.server.active_requests",
    "llmobs.operation.active",
    "llmobs.operation.oldest.age",
    "llmobs.operation.oldest.silence",
];

#[test]
fn observable_rows_have_the_same_values_in_both() {
    let (clock, manual_clock) = Clock::manual();
    let otel = OtelBackend::new();
    let observer = Observer::builder().clock(clock).model("m").meter_provider(&otel.provider).build().unwrap();
    let operation = observer.chat("m").start();
    operation.marker().enqueued();
    manual_clock.advance(std::time::Duration::from_secs(90));
    let page = assert_backends_agree(&otel, &observer);
    for (name, value) in [
        ("llmobs_operation_active", 1.0),
        ("llmobs_operation_oldest_age_seconds", 90.0),
        ("llmobs_operation_oldest_silence_seconds", 90.0),
        ("llmobs_operation_state_time_seconds_total", 90.0),
    ] {
        let queued = page[name].series.iter().find(|(labels, _)| labels["llmobs_operation_state"] == "queued");
        assert_eq!(queued.unwrap().1, &Value::Number(value), "{name}");
    }
    operation.cancel();
    assert_backends_agree(&otel, &observer);
}

#[test]
fn objectives_limits_are_bucket_bounds_in_both() {
    let (clock, manual_clock) = Clock::manual();
    let otel = OtelBackend::new();
    let observer = full_observer().clock(clock).meter_provider(&otel.provider).build().unwrap();
    Traffic::new(&observer, &manual_clock, 7).run_operations(200);
    let bounds = |families: &Families, name: &str| match families[name].series.values().next().unwrap() {
        Value::Histogram(histogram) => histogram.buckets.iter().map(|(bound, _)| *bound).collect::<Vec<_>>(),
        Value::Number(_) => panic!("{name} is a histogram"),
    };
    for families in [otel.families(), prometheus_page::families(&observer)] {
        for (name, bound) in [
            ("llmobs_time_to_first_token_seconds", 0.3),
            ("gen_ai_server_time_to_first_token_seconds", 0.3),
            ("gen_ai_server_time_per_output_token_seconds", 0.035_5),
            ("llmobs_operation_longest_gap_duration_seconds", 0.9),
            ("gen_ai_server_request_duration_seconds", 9.0),
        ] {
            assert!(bounds(&families, name).contains(&bound), "{name} has no bound {bound}");
        }
    }
}

#[test]
fn a_row_below_the_level_is_in_neither_backend() {
    for level in [llmobs::catalog::Level::Core, llmobs::catalog::Level::Standard, llmobs::catalog::Level::Full] {
        let (clock, manual_clock) = Clock::manual();
        let otel = OtelBackend::new();
        let builder = full_observer().clock(clock).profile(Profile::Dual).level(level);
        let observer = builder.meter_provider(&otel.provider).build().unwrap();
        let mut traffic = Traffic::new(&observer, &manual_clock, 3);
        traffic.run_operations(300);
        assert_backends_agree(&otel, &observer);
        let above: Vec<_> = ROWS.iter().filter(|row| row.level > level).map(|row| row.name).collect();
        let there = otel.names();
        let wrong: Vec<_> = above.iter().filter(|name| there.contains(&(**name).to_owned())).collect();
        assert!(wrong.is_empty(), "at level {}: {wrong:?}", level.as_str());
    }
}

#[test]
fn the_roles_of_one_observer_record_the_rows_of_their_role_alone() {
    for role in [Role::Server, Role::Gateway, Role::Client] {
        let (clock, manual_clock) = Clock::manual();
        let otel = OtelBackend::new();
        let builder = Observer::builder().role(role).clock(clock).profile(Profile::Dual).model("m");
        let observer = builder.level(llmobs::catalog::Level::Full).meter_provider(&otel.provider).build().unwrap();
        for _ in 0..3 {
            let operation = observer.chat("m").start();
            manual_clock.advance(std::time::Duration::from_millis(5));
            operation.complete();
        }
        let there = otel.names();
        let wrong = ROWS.iter().filter(|row| !row.roles.contains(&role) && there.contains(&row.name.to_owned()));
        assert_eq!(wrong.map(|row| row.name).collect::<Vec<_>>(), [""; 0]);
        let duration = if role == Role::Server { "gen_ai.server." } else { "gen_ai.client." };
        assert!(there.iter().any(|name| name.starts_with(duration)), "{there:?}");
        assert_backends_agree(&otel, &observer);
    }
}

#[test]
fn views_that_rename_and_drop_are_applied() {
    let otel = OtelBackend::with_view(|instrument: &Instrument| match instrument.name() {
        "llmobs.queue.duration" => Stream::builder().with_name("queue").build().ok(),
        // One row of each kind, and the row with which `build` tests the meter.
        "llmobs.prefill.duration"
        | "llmobs.operation.abandoned"
        | "llmobs.operation.active"
        | "llmobs.self.folded_labels" => Stream::builder().with_aggregation(Aggregation::Drop).build().ok(),
        _ => None,
    });
    let (clock, manual_clock) = Clock::manual();
    let observer = full_observer().clock(clock).meter_provider(&otel.provider).build().expect("a view is not an error");
    Traffic::new(&observer, &manual_clock, 11).run_operations(300);
    let there = otel.names();
    for name in ["llmobs.queue.duration", "llmobs.prefill.duration", "llmobs.operation.abandoned"] {
        assert!(!there.contains(&name.to_owned()), "{name}");
    }
    // SDK views do not change the page, and the other rows are unaffected.
    let (mut here, mut page) = (otel.families(), prometheus_page::families(&observer));
    let renamed = here.remove("queue_seconds").expect("the renamed histogram");
    assert_eq!(renamed.kind, MetricKind::Histogram);
    here.insert("llmobs_queue_duration_seconds".to_owned(), renamed);
    for dropped in [
        "llmobs_prefill_duration_seconds",
        "llmobs_operation_abandoned_total",
        "llmobs_operation_active",
        "llmobs_self_folded_labels_total",
    ] {
        assert!(page.remove(dropped).is_some(), "{dropped} stays on the page");
    }
    assert_eq!(differences(&here, &page), [""; 0]);
}

#[test]
fn records_after_the_shutdown_of_the_provider_do_not_affect_the_page() {
    let (clock, manual_clock) = Clock::manual();
    let otel = OtelBackend::new();
    let observer = full_observer().clock(clock).meter_provider(&otel.provider).build().unwrap();
    let mut traffic = Traffic::new(&observer, &manual_clock, 13);
    traffic.run_operations(50);
    otel.provider.shutdown().unwrap();
    let before = llmobs::testing::Books::new(&observer).ended;
    traffic.run_operations(200);
    traffic.running = llmobs_tests::traffic::InFlightTraffic::default();
    assert_books!(observer);
    assert!(llmobs::testing::Books::new(&observer).ended > before + 150, "the page continues");
}

#[test]
fn descriptions_and_kinds_are_those_of_the_rows() {
    let (clock, manual_clock) = Clock::manual();
    let otel = OtelBackend::new();
    let builder = full_observer().clock(clock).profile(Profile::Dual);
    let observer = builder.meter_provider(&otel.provider).build().unwrap();
    Traffic::new(&observer, &manual_clock, 17).run_operations(400);
    let rows: BTreeMap<_, _> = ROWS.iter().map(|row| (row.name, row)).collect();
    for (name, description) in otel.descriptions() {
        assert_eq!(description, rows[name.as_str()].description, "{name}");
    }
    let kinds = otel.families();
    for row in ROWS.iter().filter(|row| kinds.contains_key(&family(row))) {
        assert_eq!(kinds[&family(row)].kind, kind(row), "{}", row.name);
    }
}

/// Compares all series of both backends, and returns the page's families.
fn assert_backends_agree(otel: &OtelBackend, observer: &Observer) -> Families {
    let (here, there) = (otel.families(), prometheus_page::families(observer));
    let found = differences(&here, &there);
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found[..found.len().min(12)].join("\n"));
    assert!(here.len() > 10, "there are families to compare");
    there
}

fn family(row: &Row) -> String {
    prometheus_names::metric_name(row.name, row.unit, kind(row))
}

fn kind(row: &Row) -> MetricKind {
    use llmobs::catalog::Instrument;
    match row.instrument {
        Instrument::Counter | Instrument::ObservableCounter => MetricKind::Counter,
        Instrument::Histogram => MetricKind::Histogram,
        _ => MetricKind::Gauge,
    }
}
