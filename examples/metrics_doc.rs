//! Shows: the catalog of metrics as data. Prints the page of all metrics from the rows of `llmobs` and `llmobs-gpu`.
//!
//! Run: `cargo run -p llmobs-examples --example metrics_doc`; `cargo xtask metrics-doc` writes it to `docs/metrics.md`.
//!
//! You will see: a Markdown page with one table for each group, then the bucket bounds of every histogram.

#![expect(clippy::print_stdout, reason = "the page is its output")]

use llmobs::Role;
use llmobs::catalog::BucketShape;
use llmobs::catalog::Buckets;
use llmobs::catalog::Group;
use llmobs::catalog::Instrument;
use llmobs::catalog::Profile;
use llmobs::catalog::Row;

/// The attributes at the start of every row of an operation, written as `S` in the tables.
const SERIES_ATTRIBUTES: &[&str] = &["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"];

fn main() {
    print!("{}", render_page());
}

fn render_page() -> String {
    let mut page = INTRODUCTION.trim_start().to_owned();
    for group in distinct(all_rows().map(|row| row.group)) {
        page += &render_group(group);
    }
    page + "\n" + BUCKETS.trim_start() + &render_buckets()
}

/// Returns the rows of every crate, in the order of the page.
fn all_rows() -> impl Iterator<Item = &'static Row> {
    llmobs::catalog::ROWS.iter().chain(llmobs::process::ROWS.iter().chain(llmobs_gpu::ROWS).copied())
}

fn render_group(group: Group) -> String {
    let rows: Vec<_> = all_rows().filter(|row| row.group == group).collect();
    let mut text = format!("\n## {}: {}\n\n{TABLE_HEADER}", group.as_str(), group_description(group));
    for row in &rows {
        text += &format!("| {} |\n", row_cells(row).join(" | "));
    }
    text.push('\n');
    for row in &rows {
        text += &format!("- `{}`: {}.\n", row.name, row.description);
    }
    text
}

const TABLE_HEADER: &str = "\
| OpenTelemetry name | instrument | unit | attributes | Prometheus name | level | roles | profile |
|---|---|---|---|---|---|---|---|
";

fn row_cells(row: &Row) -> [String; 8] {
    [
        to_code(row.name),
        instrument_name(row.instrument).to_owned(),
        if row.unit.is_empty() { "none".to_owned() } else { to_code(row.unit) },
        attribute_list(row.attributes),
        to_code(&prometheus_name(row)),
        row.level.as_str().to_owned(),
        role_list(row.roles),
        row.profile.map_or("any", Profile::as_str).to_owned(),
    ]
}

fn attribute_list(attributes: &[&str]) -> String {
    let (series, other_attributes) = match attributes.strip_prefix(SERIES_ATTRIBUTES) {
        Some(other_attributes) => (Some("S".to_owned()), other_attributes),
        None => (None, attributes),
    };
    series.into_iter().chain(other_attributes.iter().map(|name| to_code(name))).collect::<Vec<_>>().join(", ")
}

/// Returns the name for a Prometheus query, with the suffix of the instrument.
fn prometheus_name(row: &Row) -> String {
    let suffix = match row.instrument {
        Instrument::Counter | Instrument::ObservableCounter => "_total",
        Instrument::Histogram => "_{bucket,sum,count}",
        _ => "",
    };
    row.prometheus_name() + suffix
}

fn role_list(roles: &[Role]) -> String {
    if roles.len() == 3 {
        return "all".to_owned();
    }
    let role_name = |role: &Role| match role {
        Role::Server => "server",
        Role::Gateway => "gateway",
        Role::Client => "client",
    };
    roles.iter().map(role_name).collect::<Vec<_>>().join(", ")
}

fn render_buckets() -> String {
    let mut text = "| bounds of | unit | upper bounds, inclusive |\n|---|---|---|\n".to_owned();
    for shape in distinct(all_rows().filter_map(|row| row.shape)) {
        let rows = || all_rows().filter(|row| row.shape == Some(shape));
        let names: Vec<_> = rows().map(|row| to_code(row.name)).collect();
        let units: Vec<_> = distinct(rows().map(|row| to_code(row.unit)));
        let bounds: Vec<_> = Buckets::Default.bounds(shape).iter().map(f64::to_string).collect();
        let (names, units, bounds) = (names.join(", "), units.join(", "), bounds.join(" "));
        let family = rows().next().map_or("others", |row| bucket_family(shape, row));
        text += &format!("| {family}: {names} | {units} | {bounds} |\n");
    }
    text
}

/// Returns the quantity of a shape. `row` is the first row with the shape.
fn bucket_family(shape: BucketShape, row: &Row) -> &'static str {
    match shape {
        BucketShape::FirstToken => "time to the first token",
        BucketShape::Duration => "whole operations and client-side waits",
        BucketShape::PerToken => "time per token",
        BucketShape::PerChunk => "time from chunk to chunk",
        BucketShape::Stage => "parts of an operation",
        BucketShape::Tokens => "numbers of tokens",
        BucketShape::SmallCount => "small numbers",
        BucketShape::Lag => "delays of the runtime",
        BucketShape::Http => "HTTP requests",
        BucketShape::Custom(_) if row.group == Group::ENGINE => "engine steps",
        BucketShape::Custom(_) if row.unit == "{preemption}" => "preemptions",
        BucketShape::Custom(_) if row.unit == "J" => "energy of an operation",
        BucketShape::Custom(_) if row.group == Group::COST => "cost of an operation",
        BucketShape::Custom(_) if row.group == llmobs_gpu::GROUP => "calls of a driver",
        _ => "others",
    }
}

fn group_description(group: Group) -> &'static str {
    match group {
        Group::GEN_AI_SERVER => "the conventions' server metrics",
        Group::GEN_AI_CLIENT => "the conventions' client metrics",
        Group::HTTP_SERVER => "the conventions' metrics of HTTP servers",
        Group::OPERATION => "every operation from start to end",
        Group::TIME => "durations of operations",
        Group::TOKEN => "tokens by direction, kind and source",
        Group::TENANT => "operations, tokens and costs by tenant, if the observer records tenants",
        Group::COST => "costs, the price book and budgets, with the feature `cost` and prices",
        Group::REQUEST => "parameters of requests",
        Group::RESPONSE_CACHE => "caches of whole responses",
        Group::EVALUATION => "evaluations of answers",
        Group::OBJECTIVE => "service-level objectives",
        Group::ENGINE => "the scheduler of an inference engine",
        Group::ADMISSION => "the application's admission control, if it has a handle of `Observer::admission`",
        Group::RUNTIME => "the async runtime",
        Group::SELF_OBSERVABILITY => "the telemetry of llmobs itself",
        Group::PIPELINE => "what a pipeline exports and drops, with the feature `otlp`",
        Group::BUILD => "build information",
        llmobs::process::GROUP => "the conventions' metrics of processes, with the feature `process`, on Linux",
        llmobs_gpu::GROUP => "GPUs, from the crate llmobs-gpu",
        _ => "others",
    }
}

const fn instrument_name(instrument: Instrument) -> &'static str {
    match instrument {
        Instrument::Counter => "counter",
        Instrument::UpDownCounter => "up-down counter",
        Instrument::Histogram => "histogram",
        Instrument::Gauge => "gauge",
        Instrument::ObservableCounter => "observable counter",
        Instrument::ObservableUpDownCounter => "observable up-down counter",
        Instrument::ObservableGauge => "observable gauge",
        _ => "other",
    }
}

fn to_code(text: &str) -> String {
    format!("`{text}`")
}

/// Returns each distinct item once, in the order of its first occurrence.
fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.fold(Vec::new(), |mut result, item| {
        if !result.contains(&item) {
            result.push(item);
        }
        result
    })
}

const INTRODUCTION: &str = "
# Metrics

Do not edit: `cargo xtask metrics-doc` writes this page from the rows of `llmobs/src/catalog/rows.rs` and
`llmobs-gpu/src/metrics.rs`. The instruments are created from the same rows, and tests read them.

**Names.** Standard metrics have the names of the OpenTelemetry semantic conventions; all others begin with `llmobs.`.
The Prometheus name follows the translation rules of OpenTelemetry, so the `/metrics` page and a collector that receives
the same metrics over OTLP show the same series: dots become `_`; the unit is appended as a word (`s` gives `_seconds`,
`1` gives `_ratio`); units in braces, such as `{token}`, and a missing unit give no word; counters end in `_total`. A
histogram has three kinds of series, `_bucket`, `_sum` and `_count`. Up-down counters are gauges in Prometheus.

**Level.** `ObserverBuilder::level` (or `Observer::set_level` at run time) selects how much is recorded: `core` is the
minimum for operations and alerts, `standard` adds the metrics of dashboards, `full` adds details for investigations.
Each level includes the levels before it. The default is `standard`, in the gateway role `core`.

**Roles.** A server runs the model, a gateway forwards calls, a client makes calls. A row is recorded in the roles that
its line lists.

**Profile.** Rows of the profile `v1_41` belong to the last tagged version of the conventions, rows of `latest` to the
pinned unreleased version. `dual` records both. Rows of `any` are always recorded.

**Observable** rows are read from the operations in flight and the engines at each collection. They stay correct while an
engine hangs.

**Labels.** S stands for `gen_ai.operation.name`, `gen_ai.provider.name`, `gen_ai.request.model`, always in this order and
always first; labels declared with `ObserverBuilder::label` follow them. In Prometheus dots become `_`. The number of
label values is bounded:

- Outcome, error type, finish reason, state, token kind and similar labels have closed lists of values. Any other value
  becomes `_OTHER`.
- The model is a declared model, one of the first undeclared models up to a limit (0 in the server role, 32 in the
  others), or `_OTHER`. A declared model always has its own series.
- Operation, provider and runtime names outside the lists of the conventions get at most 16 values each, then `_OTHER`.
- A tenant is a declared name, one of the first undeclared names up to a limit (200), `_NONE` or `_OTHER`.
- An engine's id is declared by the application; an observer has at most 64 engines.
- Phases, evaluations, objectives and labels of the application are declared with all their values when the observer is
  built.
- Every value is truncated to 128 bytes and has no control characters.
- No function accepts an id, user, prompt, URL or tool argument as a label.

The series of a declared model start at zero, for the label combinations that every service can have. OpenTelemetry
exports a histogram from its first value on, so over OTLP a histogram does not start at zero.

**Time** is in seconds of a monotonic clock. The description of each duration states its start and its end; the terms are
defined in [definitions](../llmobs/docs/guide/definitions.md).
";

const BUCKETS: &str = "
## Buckets

`Buckets::Default` has the bounds that the conventions advise, and a tail of larger bounds, because the values of an
incident lie above the advised ones. `Buckets::Semconv` has the advised bounds only. `Buckets::Fine` has more bounds in
the range of most services. The limits of every objective are added as exact bounds to the histograms of their time.

";
