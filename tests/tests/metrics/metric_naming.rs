//! Both backends have the same series: the OpenTelemetry side, named by the OTel-to-Prometheus rules that a collector
//! and Prometheus apply, has the families, label names and label values of the llmobs page.
//!
//! A counter or gauge at zero counts as a series and must exist on both sides. A histogram without a value does not
//! count: OpenTelemetry exports a histogram from its first value on (with bound instruments: from its first handle on),
//! the page shows those of declared models from the start, and others from their first handle on. The `otel_scope_*` labels that a pipeline may add are ignored.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use llmobs::Observer;
use llmobs::Role;
use llmobs::catalog::Instrument;
use llmobs::catalog::Level;
use llmobs::catalog::Profile;
use llmobs::catalog::ROWS;
use llmobs::catalog::Row;
use llmobs::clock::Clock;
use llmobs::semconv::value::OperationName;

use llmobs_tests::families::Families;
use llmobs_tests::families::Labels;
use llmobs_tests::families::MetricKind;
use llmobs_tests::families::Value;
use llmobs_tests::otel_backend::OtelBackend;
use llmobs_tests::prometheus_names;
use llmobs_tests::prometheus_page;
use llmobs_tests::traffic::Traffic;
use llmobs_tests::traffic::full_observer;

#[test]
fn a_busy_observer_has_the_same_series_names_label_names_and_label_values_in_both() {
    let (clock, manual_clock) = Clock::manual();
    let otel = OtelBackend::new();
    let builder = full_observer().clock(clock).profile(Profile::Dual).meter_provider(&otel.provider);
    let observer = builder.build().unwrap();
    let mut traffic = Traffic::new(&observer, &manual_clock, 5);
    traffic.run_operations(700);
    assert_same_series(&otel.families(), &prometheus_page::families(&observer));
}

#[test]
fn an_idle_observer_has_the_same_zeros_in_both() {
    for profile in [Profile::V1_41, Profile::Latest] {
        for role in [llmobs::Role::Server, llmobs::Role::Gateway, llmobs::Role::Client] {
            let otel = OtelBackend::new();
            let builder = Observer::builder().role(role).profile(profile).models(["a", "b"]);
            let observer = builder.meter_provider(&otel.provider).build().unwrap();
            let (here, there) = (otel.families(), prometheus_page::families(&observer));
            assert_same_series(&here, &there);
            for name in ["llmobs_operation_started_total", "llmobs_operation_ended_total", "llmobs_operation_active"] {
                let models: BTreeSet<_> =
                    there[name].series.keys().map(|labels| &labels["gen_ai_request_model"]).collect();
                assert!(["a", "b"].iter().all(|model| models.contains(&(*model).to_owned())), "{name} {models:?}");
            }
        }
    }
}

/// The histograms that few operations record: those of limits that the caller sets, and of phases, which have declared
/// names.
const RARE_HISTOGRAMS: [&str; 4] =
    ["llmobs.operation.cost.usd", "llmobs.phase.duration", "llmobs.request.choices", "llmobs.request.max_tokens"];

#[test]
fn the_histograms_of_a_declared_model_are_on_the_page_before_the_first_operation() {
    for (role, operation, profile) in [Role::Server, Role::Gateway, Role::Client].into_iter().flat_map(|role| {
        [OperationName::Chat, OperationName::Embeddings].into_iter().flat_map(move |operation| {
            [Profile::V1_41, Profile::Latest, Profile::Dual].map(|profile| (role, operation.clone(), profile))
        })
    }) {
        let builder = Observer::builder().role(role).profile(profile).level(Level::Full);
        let observer = builder.operations([operation.clone()]).model("m").build().unwrap();
        let before = prometheus_page::families(&observer);
        let is_embedding = operation == OperationName::Embeddings;
        for row in ROWS.iter().filter(|row| {
            row.instrument == Instrument::Histogram
                && row.attributes.first() == Some(&"gen_ai.operation.name")
                && row.roles.contains(&role)
                && row.profile.is_none_or(|of| of == profile || profile == Profile::Dual)
                && !RARE_HISTOGRAMS.contains(&row.name)
                && is_embedding_row(row, is_embedding)
        }) {
            let name = row.prometheus_name();
            let series = before.get(&name).map(|family| &family.series);
            let series = series.unwrap_or_else(|| panic!("{role:?} {operation:?} {profile:?}: no {name}"));
            assert!(!series.is_empty(), "{role:?} {operation:?} {profile:?} {name}");
            assert!(
                series.values().all(|value| matches!(value, Value::Histogram(found) if found.count == 0)),
                "{name}"
            );
        }
        // The first operation is an increase of a series that exists, and adds no histogram without an error.
        observer.operation(operation.clone(), "m").start().complete();
        let after = prometheus_page::families(&observer);
        for (name, family) in after.iter().filter(|(_, family)| family.kind == MetricKind::Histogram) {
            let known: BTreeSet<_> = before.get(name).map(|family| family.series.keys().collect()).unwrap_or_default();
            assert!(family.series.keys().all(|labels| known.contains(labels)), "{role:?} {operation:?} {name}");
        }
    }
}

/// Returns whether every embeddings operation, or else every chat, records the row.
fn is_embedding_row(row: &Row, is_embedding: bool) -> bool {
    let of_embeddings = row.name.contains("embeddings");
    let of_both = ["gen_ai.server.request.duration", "gen_ai.client.operation.duration", "llmobs.queue.duration"];
    of_both.contains(&row.name) || row.name == "llmobs.operation.input_tokens" || of_embeddings == is_embedding
}

#[test]
fn a_model_that_is_declared_later_starts_at_zero_in_both() {
    let (clock, manual_clock) = Clock::manual();
    let otel = OtelBackend::new();
    let observer = Observer::builder().clock(clock).model("a").meter_provider(&otel.provider).build().unwrap();
    observer.declare_model("b");
    manual_clock.advance(Duration::from_secs(1));
    let there = prometheus_page::families(&observer);
    assert_same_series(&otel.families(), &there);
    let ended = &there["llmobs_operation_ended_total"].series;
    let of = |model: &str| ended.keys().filter(|labels| labels["gen_ai_request_model"] == model).count();
    assert_eq!(of("a"), of("b"));
    assert!(of("b") > 10);
}

#[test]
fn every_row_has_the_name_that_the_rules_give() {
    for row in ROWS.iter().chain(llmobs::process::ROWS.iter().chain(llmobs_gpu::ROWS).copied()) {
        let kind = match row.instrument {
            Instrument::Counter | Instrument::ObservableCounter => MetricKind::Counter,
            Instrument::Histogram => MetricKind::Histogram,
            _ => MetricKind::Gauge,
        };
        let total = if kind == MetricKind::Counter { "_total" } else { "" };
        // The unit `1` adds the suffix `_ratio` to gauges only. An up-down counter with the unit `1`, such as the
        // conventions' `hw.status`, is a gauge for Prometheus but gets no suffix.
        let sum = matches!(row.instrument, Instrument::UpDownCounter | Instrument::ObservableUpDownCounter);
        let unit = if sum && row.unit == "1" { "" } else { row.unit };
        assert_eq!(row.prometheus_name() + total, prometheus_names::metric_name(row.name, unit, kind));
    }
}

#[test]
fn the_rules_translate_names_as_prometheus_does() {
    for (name, unit, kind, wanted) in [
        ("gen_ai.server.time_to_first_token", "s", MetricKind::Histogram, "gen_ai_server_time_to_first_token_seconds"),
        ("gen_ai.client.token.usage", "{token}", MetricKind::Histogram, "gen_ai_client_token_usage"),
        ("llmobs.cost.usd", "{USD}", MetricKind::Counter, "llmobs_cost_usd_total"),
        ("llmobs.operation.state.time", "s", MetricKind::Counter, "llmobs_operation_state_time_seconds_total"),
        ("llmobs.objective.target", "1", MetricKind::Gauge, "llmobs_objective_target_ratio"),
        ("llmobs.build.info", "", MetricKind::Gauge, "llmobs_build_info"),
        ("requests.total", "1", MetricKind::Counter, "requests_total"),
        ("wait.seconds", "s", MetricKind::Gauge, "wait_seconds"),
        ("net..io", "By/s", MetricKind::Gauge, "net_io_bytes_per_second"),
        ("hw.energy", "J", MetricKind::Counter, "hw_energy_joules_total"),
        ("sent", "By{transmitted}", MetricKind::Counter, "sent_bytes_total"),
    ] {
        assert_eq!(prometheus_names::metric_name(name, unit, kind), wanted);
    }
    assert_eq!(prometheus_names::label_name("gen_ai.request.model"), "gen_ai_request_model");
    assert_eq!(prometheus_names::label_name("2xx"), "key_2xx");
}

fn assert_same_series(otel: &Families, page: &Families) {
    let (here, there) = (series(otel), series(page));
    assert!(here.len() > 10);
    assert_eq!(here.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>(), "the families");
    for (name, (kind, series)) in &here {
        assert_eq!(*kind, there[name].0, "the kind of {name}");
        let missing: Vec<_> = series.difference(&there[name].1).collect();
        let new: Vec<_> = there[name].1.difference(series).collect();
        assert!(missing.is_empty() && new.is_empty(), "{name}: not on the page {missing:?}, only on the page {new:?}");
    }
}

/// Returns every series except histograms without a value.
fn series(families: &Families) -> BTreeMap<&str, (MetricKind, BTreeSet<&Labels>)> {
    let series = families.iter().map(|(name, family)| {
        let full = family.series.iter().filter(|(_, value)| !value.is_empty_histogram());
        (name.as_str(), (family.kind, full.map(|(labels, _)| labels).collect::<BTreeSet<_>>()))
    });
    series.filter(|(_, (_, series))| !series.is_empty()).collect()
}
