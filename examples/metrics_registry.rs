//! Shows: the catalog of metrics as data. Prints the metrics that llmobs defines, from the rows of `llmobs` and
//! `llmobs-gpu`, as a file of a semantic-convention registry of OpenTelemetry Weaver.
//!
//! Run: `cargo run -p llmobs-examples --example metrics_registry`; `cargo xtask metrics-doc` writes it to
//! `semconv/registry/metrics.yaml`.
//!
//! You will see: a YAML document with the instrument, the unit and the attributes of each metric.

#![expect(clippy::print_stdout, reason = "the file is its output")]

use llmobs::catalog::Instrument;
use llmobs::catalog::Level;
use llmobs::catalog::Row;

/// Attributes that only some series of a metric have, and the condition.
const CONDITIONAL_ATTRIBUTES: &[(&str, &str)] = &[
    ("error.type", "If the operation or the export failed."),
    ("llmobs.admission.reason", "If the request was shed."),
    ("llmobs.cache.tier", "If the result is `hit`."),
    ("llmobs.draft.position", "At level full, for the first 16 tokens of a draft."),
    ("llmobs.engine.block_size", "If the application set it."),
    ("llmobs.engine.quantization", "If the application set it."),
    ("llmobs.engine.revision", "If the application set it."),
    ("llmobs.finish_reason", "If the operation completed and the reason is known."),
    ("llmobs.wait.reason", "If the sequence waits."),
];

const HEADER: &str = "\
# Do not edit: `cargo xtask metrics-doc` writes this file from the rows of `llmobs/src/catalog/rows.rs` and
# `llmobs-gpu/src/metrics.rs`. The metrics of the conventions are in the dependency of the registry.
file_format: definition/2
";

fn main() {
    print!("{}", render());
}

fn render() -> String {
    let rows = || llmobs::catalog::ROWS.iter().chain(llmobs_gpu::ROWS.iter().copied());
    let own: String = rows().filter(|row| is_own(row)).map(metric).collect();
    format!("{HEADER}metrics:\n{own}")
}

/// Returns whether llmobs defines the metric. All other metrics are OpenTelemetry's.
fn is_own(row: &Row) -> bool {
    row.name.starts_with("llmobs.")
}

fn metric(row: &Row) -> String {
    let mut text = format!("  - name: {}\n    instrument: {}\n", row.name, instrument(row.instrument));
    text += &format!("    unit: {:?}\n    brief: {:?}\n    stability: development\n", row.unit, row.description);
    // Weaver knows two levels: an application that keeps the default records the metric, or it must ask for it.
    let level = if row.level == Level::Full { "opt_in" } else { "recommended" };
    text += &format!("    requirement_level: {level}\n");
    let number = if row.is_integer() { "int" } else { "double" };
    text += &format!("    annotations:\n      code_generation:\n        metric_value_type: {number}\n");
    if !row.attributes.is_empty() {
        text += "    attributes:\n";
    }
    row.attributes.iter().fold(text, |text, name| text + &attribute(name))
}

fn attribute(name: &str) -> String {
    let condition = CONDITIONAL_ATTRIBUTES.iter().find(|(conditional, _)| *conditional == name);
    let level = condition.map_or_else(
        || " required".to_owned(),
        |(_, condition)| format!("\n          conditionally_required: {condition}"),
    );
    format!("      - ref: {name}\n        requirement_level:{level}\n")
}

/// Returns the instrument in the words of Weaver, which does not distinguish observable instruments.
const fn instrument(instrument: Instrument) -> &'static str {
    match instrument {
        Instrument::UpDownCounter | Instrument::ObservableUpDownCounter => "updowncounter",
        Instrument::Histogram => "histogram",
        Instrument::Gauge | Instrument::ObservableGauge => "gauge",
        _ => "counter",
    }
}
