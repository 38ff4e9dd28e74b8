//! Checks the catalog against the documented table of metrics, which this file repeats by hand, and against the
//! conventions' definitions.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use llmobs::catalog::Instrument;
use llmobs::catalog::Level;
use llmobs::catalog::Profile;
use llmobs::catalog::ROWS;
use llmobs::catalog::Row;

use llmobs_tests::semconv;
use llmobs_tests::semconv::metric::LATEST;
use llmobs_tests::semconv::metric::V1_41;

/// Name, instrument, unit, attributes (`S` for those of every operation), level.
const LLMOBS_METRICS: &[(&str, &str, &str, &str, &str)] = &[
    ("llmobs.operation.started", "C", "{operation}", "S", "core"),
    (
        "llmobs.operation.ended",
        "C",
        "{operation}",
        "S llmobs.operation.outcome llmobs.finish_reason error.type",
        "core",
    ),
    ("llmobs.operation.active", "OUD", "{operation}", "S llmobs.operation.state", "core"),
    ("llmobs.operation.state.time", "OC", "s", "S llmobs.operation.state", "standard"),
    ("llmobs.operation.oldest.age", "OGa", "s", "gen_ai.request.model llmobs.operation.state", "core"),
    ("llmobs.operation.oldest.silence", "OGa", "s", "gen_ai.request.model llmobs.operation.state", "core"),
    ("llmobs.operation.limit", "UD", "{operation}", "gen_ai.request.model llmobs.operation.state", "core"),
    ("llmobs.operation.attempts", "C", "{attempt}", "S llmobs.attempt.kind", "core"),
    ("llmobs.operation.abandoned", "C", "{operation}", "S", "core"),
    ("llmobs.time_to_first_token", "H", "s", "S", "standard"),
    ("llmobs.queue.duration", "H", "s", "S llmobs.queue.exit", "core"),
    ("llmobs.prefill.duration", "H", "s", "S", "standard"),
    ("llmobs.decode.duration", "H", "s", "S", "standard"),
    ("llmobs.inter_token.duration", "H", "s", "S", "standard"),
    ("llmobs.token.unmeasured", "C", "{token}", "S", "standard"),
    ("llmobs.operation.longest_gap.duration", "H", "s", "S", "standard"),
    ("llmobs.consumer_wait.duration", "H", "s", "S", "standard"),
    ("llmobs.phase.duration", "H", "s", "S llmobs.phase.name", "standard"),
    ("llmobs.stall.events", "C", "{stall}", "S llmobs.stall.cause", "full"),
    (
        "llmobs.token.processed",
        "C",
        "{token}",
        "S llmobs.token.direction llmobs.token.kind llmobs.token.source",
        "core",
    ),
    // docs/adr/012: standard in the design, but gateways record the level core.
    ("llmobs.token.streamed", "C", "{token}", "S", "core"),
    ("llmobs.token.wasted", "C", "{token}", "S llmobs.token.direction llmobs.token.waste", "core"),
    // docs/adr/013: opt-in in the design; the setter of tenants is the opt-in, at any level.
    ("llmobs.tenant.operations", "C", "{operation}", "llmobs.tenant.name llmobs.operation.outcome", "core"),
    ("llmobs.tenant.tokens", "C", "{token}", "llmobs.tenant.name llmobs.token.direction", "core"),
    // docs/adr/014: counters, gauges and standard in the design; read at collection, and the setter of prices is the opt-in.
    ("llmobs.tenant.cost.usd", "OC", "{USD}", "llmobs.tenant.name", "core"),
    (
        "llmobs.cost.usd",
        "OC",
        "{USD}",
        "S llmobs.token.direction llmobs.token.kind llmobs.operation.outcome llmobs.cost.source llmobs.cost.quality",
        "core",
    ),
    ("llmobs.operation.cost.usd", "H", "{USD}", "S", "full"),
    ("llmobs.cost.idle.usd", "OC", "{USD}", "gen_ai.request.model", "core"),
    ("llmobs.pricebook.unpriced", "C", "{operation}", "gen_ai.provider.name gen_ai.request.model", "core"),
    ("llmobs.pricebook.info", "OGa", "", "llmobs.pricebook.version llmobs.pricebook.source", "core"),
    ("llmobs.pricebook.checked.timestamp", "OGa", "s", "", "core"),
    ("llmobs.budget.usage.usd", "OUD", "{USD}", "llmobs.budget.name", "core"),
    ("llmobs.budget.limit.usd", "OGa", "{USD}", "llmobs.budget.name", "core"),
    ("llmobs.budget.period_end.timestamp", "OGa", "s", "llmobs.budget.name", "core"),
    ("llmobs.operation.input_tokens", "H", "{token}", "S", "standard"),
    ("llmobs.operation.output_tokens", "H", "{token}", "S", "standard"),
    ("llmobs.request.max_tokens", "H", "{token}", "S", "full"),
    ("llmobs.request.choices", "H", "{choice}", "S", "full"),
    ("llmobs.response_cache.lookups", "C", "{lookup}", "S llmobs.cache.kind llmobs.cache.result", "standard"),
    (
        "llmobs.evaluation.results",
        "C",
        "{result}",
        "S gen_ai.evaluation.name gen_ai.evaluation.score.label",
        "standard",
    ),
    ("llmobs.objective.events", "C", "{event}", "S llmobs.objective.name llmobs.objective.result", "core"),
    ("llmobs.objective.tokens", "C", "{token}", "S llmobs.objective.name llmobs.objective.result", "core"),
    ("llmobs.objective.target", "Ga", "1", "gen_ai.request.model gen_ai.operation.name llmobs.objective.name", "core"),
    (
        "llmobs.objective.threshold",
        "Ga",
        "s",
        "gen_ai.request.model gen_ai.operation.name llmobs.objective.name",
        "core",
    ),
    (
        "llmobs.objective.attainment",
        "OGa",
        "1",
        "gen_ai.request.model gen_ai.operation.name llmobs.objective.name llmobs.window",
        "standard",
    ),
    (
        "llmobs.objective.burn_rate",
        "OGa",
        "1",
        "gen_ai.request.model gen_ai.operation.name llmobs.objective.name llmobs.window",
        "standard",
    ),
    (
        "llmobs.backend.status",
        "OUD",
        "{backend}",
        "gen_ai.provider.name gen_ai.request.model llmobs.backend.state",
        "standard",
    ),
    (
        "llmobs.engine.sequence.active",
        "OUD",
        "{sequence}",
        "gen_ai.request.model llmobs.engine.id llmobs.sequence.state llmobs.wait.reason",
        "core",
    ),
    ("llmobs.engine.sequence.limit", "UD", "{sequence}", "gen_ai.request.model llmobs.engine.id", "core"),
    ("llmobs.engine.step.duration", "H", "s", "gen_ai.request.model llmobs.engine.id llmobs.step.kind", "standard"),
    (
        "llmobs.engine.step.sequences",
        "H",
        "{sequence}",
        "gen_ai.request.model llmobs.engine.id llmobs.step.kind",
        "standard",
    ),
    ("llmobs.engine.step.tokens", "H", "{token}", "gen_ai.request.model llmobs.engine.id llmobs.step.kind", "standard"),
    ("llmobs.engine.step.token_limit", "UD", "{token}", "gen_ai.request.model llmobs.engine.id", "standard"),
    ("llmobs.engine.step.age", "OGa", "s", "gen_ai.request.model llmobs.engine.id", "core"),
    ("llmobs.engine.kv_cache.usage", "OUD", "{block}", "gen_ai.request.model llmobs.engine.id", "core"),
    ("llmobs.engine.kv_cache.limit", "UD", "{block}", "gen_ai.request.model llmobs.engine.id", "core"),
    ("llmobs.engine.kv_cache.utilization", "OGa", "1", "gen_ai.request.model llmobs.engine.id", "core"),
    ("llmobs.operation.preemptions", "H", "{preemption}", "S", "standard"),
    (
        "llmobs.engine.prefix_cache.tokens",
        "C",
        "{token}",
        "gen_ai.request.model llmobs.engine.id llmobs.cache.result llmobs.cache.tier",
        "standard",
    ),
    ("llmobs.engine.preemptions", "C", "{preemption}", "gen_ai.request.model llmobs.engine.id", "standard"),
    ("llmobs.engine.recomputed_tokens", "C", "{token}", "gen_ai.request.model llmobs.engine.id", "standard"),
    ("llmobs.engine.speculative.drafts", "C", "{draft}", "gen_ai.request.model llmobs.engine.id", "standard"),
    (
        "llmobs.engine.speculative.tokens",
        "C",
        "{token}",
        "gen_ai.request.model llmobs.engine.id llmobs.draft.result llmobs.draft.position",
        "standard",
    ),
    (
        "llmobs.engine.lora.active",
        "OUD",
        "{adapter}",
        "gen_ai.request.model llmobs.engine.id llmobs.sequence.state",
        "standard",
    ),
    (
        "llmobs.engine.info",
        "Ga",
        "",
        "gen_ai.request.model llmobs.engine.id llmobs.engine.revision llmobs.engine.quantization llmobs.engine.block_size",
        "core",
    ),
    ("llmobs.model.load.duration", "Ga", "s", "gen_ai.request.model llmobs.engine.id", "standard"),
    ("llmobs.engine.queue.work", "OGa", "s", "gen_ai.request.model llmobs.engine.id", "standard"),
    ("llmobs.engine.kv_cache.time_to_full", "OGa", "s", "gen_ai.request.model llmobs.engine.id", "standard"),
    (
        "llmobs.admission.decisions",
        "C",
        "{decision}",
        "gen_ai.request.model llmobs.admission.priority llmobs.admission.decision llmobs.admission.reason",
        "standard",
    ),
    (
        "llmobs.admission.queue.length",
        "OUD",
        "{operation}",
        "gen_ai.request.model llmobs.admission.priority",
        "standard",
    ),
    ("llmobs.admission.limit", "OUD", "{operation}", "gen_ai.request.model llmobs.admission.priority", "standard"),
    ("llmobs.runtime.lag", "H", "s", "llmobs.runtime.name", "standard"),
    ("llmobs.runtime.busy.time", "OC", "s", "llmobs.runtime.name", "standard"),
    ("llmobs.self.dropped", "C", "{item}", "llmobs.signal llmobs.drop.reason", "core"),
    ("llmobs.self.folded_labels", "C", "{value}", "llmobs.label", "core"),
    ("llmobs.self.redactions", "C", "{redaction}", "llmobs.detector", "core"),
    ("llmobs.self.anomalies", "C", "{anomaly}", "llmobs.anomaly", "core"),
    ("llmobs.self.series.usage", "OUD", "{series}", "llmobs.metric.group", "core"),
    ("llmobs.self.series.limit", "UD", "{series}", "llmobs.metric.group", "core"),
    ("llmobs.self.export.duration", "H", "s", "llmobs.signal error.type", "core"),
    ("llmobs.self.export.age", "OGa", "s", "llmobs.signal", "core"),
    ("llmobs.self.export.queue.usage", "OUD", "{item}", "llmobs.signal", "core"),
    ("llmobs.self.export.queue.limit", "UD", "{item}", "llmobs.signal", "core"),
    (
        "llmobs.build.info",
        "Ga",
        "",
        "llmobs.build.version llmobs.build.features llmobs.build.level llmobs.build.profile",
        "core",
    ),
    ("llmobs.operation.energy", "H", "J", "S", "standard"),
    ("llmobs.gpu.energy.attributed", "C", "J", "hw.id llmobs.energy.kind", "standard"),
    ("llmobs.gpu.collector.status", "OUD", "{collector}", "llmobs.collector.state", "core"),
    ("llmobs.gpu.sampler.age", "OGa", "s", "hw.id", "standard"),
    ("llmobs.gpu.sampler.call.duration", "H", "s", "llmobs.gpu.call", "standard"),
    ("llmobs.gpu.memory.busy", "OGa", "1", "hw.id", "standard"),
    ("llmobs.gpu.engine.active", "OGa", "1", "hw.id", "standard"),
    ("llmobs.gpu.sm.active", "OGa", "1", "hw.id", "standard"),
    ("llmobs.gpu.sm.occupancy", "OGa", "1", "hw.id", "standard"),
    ("llmobs.gpu.tensor.active", "OGa", "1", "hw.id", "standard"),
    ("llmobs.gpu.dram.active", "OGa", "1", "hw.id", "standard"),
    ("llmobs.gpu.memory.reserved", "OUD", "By", "hw.id", "standard"),
    ("llmobs.gpu.power.instant", "OGa", "W", "hw.id", "standard"),
    ("llmobs.gpu.power.limit", "OGa", "W", "hw.id", "standard"),
    ("llmobs.gpu.clock.frequency", "OGa", "Hz", "hw.id llmobs.gpu.clock.domain", "standard"),
    ("llmobs.gpu.throttle.status", "OUD", "{gpu}", "hw.id llmobs.gpu.throttle.reason", "standard"),
    ("llmobs.gpu.throttle.time", "OC", "s", "hw.id llmobs.gpu.throttle.reason", "standard"),
    ("llmobs.gpu.xid.errors", "C", "{error}", "hw.id llmobs.gpu.xid.code llmobs.gpu.xid.severity", "standard"),
    ("llmobs.gpu.remapped_rows", "C", "{row}", "hw.id llmobs.gpu.remap.cause", "standard"),
    ("llmobs.gpu.pcie.replays", "C", "{replay}", "hw.id", "standard"),
    ("llmobs.gpu.nvlink.io", "OC", "By", "hw.id network.io.direction", "standard"),
    ("llmobs.engine.flops.utilization", "OGa", "1", "gen_ai.request.model llmobs.engine.id", "full"),
    ("llmobs.engine.memory_bandwidth.utilization", "OGa", "1", "gen_ai.request.model llmobs.engine.id", "full"),
    ("llmobs.engine.gpu.info", "Ga", "", "gen_ai.request.model llmobs.engine.id hw.id", "core"),
    ("llmobs.engine.starved.time", "C", "s", "gen_ai.request.model llmobs.engine.id llmobs.starved.cause", "standard"),
];

/// The conventions' metrics that an observer records: the server's, and the client's of each profile.
const SEMCONV_METRICS: &[&str] = &[
    "gen_ai.client.embeddings.duration",
    "gen_ai.client.embeddings.operation.input_tokens",
    "gen_ai.client.inference.duration",
    "gen_ai.client.inference.operation.input_tokens",
    "gen_ai.client.inference.operation.output_tokens",
    "gen_ai.client.inference.time_per_output_chunk",
    "gen_ai.client.inference.time_to_first_chunk",
    "gen_ai.client.inference.usage.cache_read.input_tokens",
    "gen_ai.client.inference.usage.cache_write.input_tokens",
    "gen_ai.client.inference.usage.input_tokens",
    "gen_ai.client.inference.usage.output_tokens",
    "gen_ai.client.inference.usage.reasoning.output_tokens",
    "gen_ai.client.operation.duration",
    "gen_ai.client.operation.time_per_output_chunk",
    "gen_ai.client.operation.time_to_first_chunk",
    "gen_ai.client.token.usage",
    "gen_ai.server.request.duration",
    "gen_ai.server.time_per_output_token",
    "gen_ai.server.time_to_first_token",
];

#[test]
fn the_rows_of_llmobs_have_the_instruments_units_attributes_and_levels_of_the_table() {
    let rows: BTreeMap<_, _> = llmobs_rows().map(|row| (row.name, row)).collect();
    for (name, instrument, unit, attributes, level) in LLMOBS_METRICS {
        let row = rows.get(name).unwrap_or_else(|| panic!("{name} is not in the catalog"));
        let series = "gen_ai.operation.name gen_ai.provider.name gen_ai.request.model";
        let expected = attributes.strip_prefix('S').map_or((*attributes).to_owned(), |more| format!("{series}{more}"));
        assert_eq!(instrument_abbreviation(row.instrument), *instrument, "the instrument of {name}");
        assert_eq!(row.unit, *unit, "the unit of {name}");
        assert_eq!(row.attributes.join(" "), expected, "the attributes of {name}");
        assert_eq!(row.level.as_str(), *level, "the level of {name}");
    }
    let known: BTreeSet<_> = LLMOBS_METRICS.iter().map(|row| row.0).collect();
    let extra: Vec<_> = rows.keys().filter(|name| !known.contains(*name)).collect();
    assert!(extra.is_empty(), "{extra:?} are not in the table");
}

#[test]
fn the_catalog_has_exactly_the_rows_of_the_conventions() {
    let there: BTreeSet<_> = semconv_rows().map(|row| row.name).collect();
    assert_eq!(there, SEMCONV_METRICS.iter().copied().collect());
}

#[test]
fn the_conventions_rows_have_the_units_and_instruments_of_their_profile() {
    for row in semconv_rows() {
        for (profile, table) in [(Profile::V1_41, V1_41), (Profile::Latest, LATEST)] {
            let defined = table.iter().find(|metric| metric.name == row.name);
            let recorded = row.profile.is_none_or(|of| of == profile);
            assert_eq!(recorded, defined.is_some(), "{} in {}", row.name, profile.as_str());
            let Some(defined) = defined else { continue };
            assert_eq!(row.unit, defined.unit, "the unit of {}", row.name);
            let instrument = match defined.instrument {
                semconv::definition::Instrument::Counter => "C",
                semconv::definition::Instrument::Histogram => "H",
                semconv::definition::Instrument::UpDownCounter => "UD",
                _ => "Ga",
            };
            assert_eq!(instrument_abbreviation(row.instrument), instrument, "the instrument of {}", row.name);
            for attribute in row.attributes {
                let known = defined.attributes.iter().any(|(name, _)| name == attribute);
                assert!(known, "{attribute} is not an attribute of {} in {}", row.name, profile.as_str());
            }
            for (name, requirement) in defined.attributes {
                if *requirement == semconv::definition::Requirement::Required {
                    assert!(row.attributes.contains(name), "{} lacks {name}", row.name);
                }
            }
        }
    }
}

#[test]
fn the_rows_of_http_servers_are_those_of_the_conventions() {
    let rows = ROWS.iter().filter(|row| row.name.starts_with("http."));
    let actual: Vec<_> = rows
        .map(|row| (row.name, instrument_abbreviation(row.instrument), row.unit, row.attributes.join(" ")))
        .collect();
    let duration = "http.request.method url.scheme http.route http.response.status_code error.type \
                    network.protocol.version";
    assert_eq!(
        actual,
        [
            ("http.server.request.duration", "H", "s", duration.to_owned()),
            ("http.server.active_requests", "UD", "{request}", "http.request.method url.scheme".to_owned()),
        ]
    );
}

#[test]
fn the_rows_of_hardware_are_those_of_the_conventions_read_at_collection() {
    let expected = "energy errors gpu.io gpu.memory.limit gpu.memory.usage gpu.memory.utilization gpu.utilization power \
                  status temperature temperature.limit";
    assert_read_at_collection("hw.", expected, semconv::metric::HARDWARE);
}

#[test]
fn the_rows_of_processes_are_those_of_the_conventions_read_at_collection() {
    let expected = "cpu.time memory.usage unix.file_descriptor.count uptime";
    assert_read_at_collection("process.", expected, semconv::metric::CORE);
}

/// Checks the rows whose names begin with a prefix: they are these, and have the units, instruments and attributes of the
/// conventions. They are read at collection, so the conventions' counters are observable counters here.
fn assert_read_at_collection(prefix: &str, expected: &str, table: &[semconv::definition::MetricDefinition]) {
    let rows: Vec<_> = all_rows().filter(|row| row.name.starts_with(prefix)).collect();
    let known: BTreeSet<_> = rows.iter().map(|row| row.name.trim_start_matches(prefix)).collect();
    assert_eq!(known, expected.split(' ').collect());
    for row in rows {
        let defined = table.iter().find(|metric| metric.name == row.name).unwrap();
        assert_eq!(row.unit, defined.unit, "the unit of {}", row.name);
        let instrument = match defined.instrument {
            semconv::definition::Instrument::Counter => "OC",
            semconv::definition::Instrument::UpDownCounter => "OUD",
            _ => "OGa",
        };
        assert_eq!(instrument_abbreviation(row.instrument), instrument, "the instrument of {}", row.name);
        for attribute in row.attributes {
            assert!(defined.attributes.iter().any(|(name, _)| name == attribute), "{attribute} of {}", row.name);
        }
        for (name, requirement) in defined.attributes {
            let required = *requirement == semconv::definition::Requirement::Required;
            assert!(!required || row.attributes.contains(name), "{} lacks {name}", row.name);
        }
    }
}

#[test]
fn the_server_records_the_server_rows_and_the_other_roles_the_client_rows() {
    for row in semconv_rows() {
        let server = row.name.starts_with("gen_ai.server.");
        for role in [llmobs::Role::Server, llmobs::Role::Gateway, llmobs::Role::Client] {
            assert_eq!(row.roles.contains(&role), server == (role == llmobs::Role::Server), "{} {role:?}", row.name);
        }
    }
}

#[test]
fn a_gateway_that_starts_at_core_has_every_required_metric_of_the_conventions() {
    for name in ["gen_ai.client.token.usage", "gen_ai.client.operation.duration", "gen_ai.server.request.duration"] {
        assert_eq!(ROWS.iter().find(|row| row.name == name).unwrap().level, Level::Core, "{name}");
    }
}

/// Returns the rows of `llmobs` and `llmobs-gpu`.
fn all_rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain(llmobs::process::ROWS.iter().chain(llmobs_gpu::ROWS).copied())
}

fn llmobs_rows() -> impl Iterator<Item = &'static Row> {
    all_rows().filter(|row| row.name.starts_with("llmobs."))
}

fn semconv_rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(|row| row.name.starts_with("gen_ai."))
}

fn instrument_abbreviation(instrument: Instrument) -> &'static str {
    match instrument {
        Instrument::Counter => "C",
        Instrument::UpDownCounter => "UD",
        Instrument::Histogram => "H",
        Instrument::Gauge => "Ga",
        Instrument::ObservableCounter => "OC",
        Instrument::ObservableUpDownCounter => "OUD",
        Instrument::ObservableGauge => "OGa",
        _ => "?",
    }
}
