//! Shows: the catalog of metrics as data. Prints the page of all metrics from `llmobs::catalog::ROWS`.
//!
//! Run: `cargo run -p llmobs-examples --example metrics_doc`; `cargo xtask metrics-doc` writes it to `docs/metrics.md`.
//!
//! You will see: a Markdown page with one table for each group, then the bucket bounds of every histogram.

#![expect(clippy::print_stdout, reason = "the page is what it is for")]

use llmobs::Buckets;
use llmobs::Profile;
use llmobs::Role;
use llmobs::catalog::BucketShape;
use llmobs::catalog::Group;
use llmobs::catalog::Instrument;
use llmobs::catalog::ROWS;
use llmobs::catalog::Row;

/// The attributes at the start of every row of an operation, written as `S` in the tables.
const SERIES: &[&str] = &["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"];

fn main() {
    print!("{}", page());
}

fn page() -> String {
    let mut page = INTRODUCTION.trim_start().to_owned();
    for group in distinct(ROWS.iter().map(|row| row.group)) {
        page += &section(group);
    }
    page + "\n" + BUCKETS.trim_start() + &buckets()
}

fn section(group: Group) -> String {
    let rows: Vec<_> = ROWS.iter().filter(|row| row.group == group).collect();
    let mut text = format!("\n## {}: {}\n\n{HEAD}", group.as_str(), about(group));
    for row in &rows {
        text += &format!("| {} |\n", cells(row).join(" | "));
    }
    text.push('\n');
    for row in &rows {
        text += &format!("- `{}`: {}.\n", row.name, row.description);
    }
    text
}

const HEAD: &str = "\
| OpenTelemetry name | instrument | unit | attributes | Prometheus name | level | roles | profile | since |
|---|---|---|---|---|---|---|---|---|
";

fn cells(row: &Row) -> [String; 9] {
    [
        code(row.name),
        instrument(row.instrument).to_owned(),
        if row.unit.is_empty() { "none".to_owned() } else { code(row.unit) },
        attributes(row.attributes),
        code(&prometheus_name(row)),
        row.level.as_str().to_owned(),
        roles(row.roles),
        row.profile.map_or("any", Profile::as_str).to_owned(),
        row.since.unwrap_or("not recorded yet").to_owned(),
    ]
}

fn attributes(attributes: &[&str]) -> String {
    let (series, own) = match attributes.strip_prefix(SERIES) {
        Some(own) => (Some("S".to_owned()), own),
        None => (None, attributes),
    };
    series.into_iter().chain(own.iter().map(|name| code(name))).collect::<Vec<_>>().join(", ")
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

fn roles(roles: &[Role]) -> String {
    if roles.len() == 3 {
        return "all".to_owned();
    }
    let word = |role: &Role| match role {
        Role::Server => "server",
        Role::Gateway => "gateway",
        Role::Client => "client",
    };
    roles.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn buckets() -> String {
    let mut text = "| bounds of | unit | upper bounds, inclusive |\n|---|---|---|\n".to_owned();
    for shape in distinct(ROWS.iter().filter_map(|row| row.shape)) {
        let rows = || ROWS.iter().filter(|row| row.shape == Some(shape));
        let names: Vec<_> = rows().map(|row| code(row.name)).collect();
        let units: Vec<_> = distinct(rows().map(|row| code(row.unit)));
        let bounds: Vec<_> = Buckets::Default.bounds(shape).iter().map(f64::to_string).collect();
        let (names, units, bounds) = (names.join(", "), units.join(", "), bounds.join(" "));
        text += &format!("| {}: {names} | {units} | {bounds} |\n", family(shape));
    }
    text
}

const fn family(shape: BucketShape) -> &'static str {
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
        BucketShape::Energy => "energy of an operation",
        BucketShape::DriverCall => "calls of a driver",
        _ => "others",
    }
}

const fn about(group: Group) -> &'static str {
    match group {
        Group::GenAiServer => "the conventions' server metrics",
        Group::GenAiClient => "the conventions' client metrics",
        Group::HttpServer => "the conventions' metrics of HTTP servers",
        Group::Operation => "the books, every operation from start to end",
        Group::Time => "where the time goes",
        Group::Token => "tokens by direction, kind and source",
        Group::Request => "what was asked for",
        Group::ResponseCache => "caches of whole responses",
        Group::Evaluation => "judgements of answers",
        Group::Objective => "service-level objectives",
        Group::Runtime => "the async runtime",
        Group::SelfObservability => "llmobs watching itself",
        Group::Pipeline => "what a pipeline sends and loses, with the feature `otlp`",
        Group::Build => "what is running",
        Group::Gpu => "what the GPU did, from the crate llmobs-gpu",
        _ => "others",
    }
}

const fn instrument(instrument: Instrument) -> &'static str {
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

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Returns each distinct item once, in the order of its first occurrence.
fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.fold(Vec::new(), |mut known, item| {
        if !known.contains(&item) {
            known.push(item);
        }
        known
    })
}

const INTRODUCTION: &str = "
# Metrics

Do not edit: `cargo xtask metrics-doc` writes this page from the rows of `llmobs/src/catalog/rows.rs`. Code binds its
instruments from the same rows, and tests read them.

**Names.** Standard metrics are named as the OpenTelemetry semantic conventions name them; all others begin with
`llmobs.`. The Prometheus name follows the OTel-to-Prometheus rules, so the `/metrics` page and a collector that gets the
same metrics over OTLP show the same series: dots become `_`; the unit is appended as a word (`s` gives `_seconds`, `1`
gives `_ratio`); units in braces, such as `{token}`, and a missing unit give no word; counters end in `_total`. A
histogram is three kinds of series, `_bucket`, `_sum` and `_count`. Up-down counters are gauges in Prometheus.

**Level.** `ObserverBuilder::level` (or `Observer::set_level` at run time) chooses how much is recorded: `core` is what an
operator cannot do without, `standard` adds what a dashboard shows, `full` what one looks up in an investigation.
Each level holds those before it. The default is `standard`, in the gateway role `core`.

**Roles.** A server runs the model, a gateway passes calls on, a client makes them. A row is recorded in the roles that
are in its line.

**Profile.** Rows of the profile `v1_41` belong to the last tagged set of the conventions, rows of `latest` to the pinned
unreleased set; `dual` records both; rows of `any` are always recorded.

**Since.** The version that recorded it first. Rows that say \"not recorded yet\" hold a name for a later version.

**Observable** rows are read from the operations in flight at each collection, so they stay true while an engine hangs.

**Labels.** S stands for `gen_ai.operation.name`, `gen_ai.provider.name`, `gen_ai.request.model`, always in this order and
always first; labels declared with `ObserverBuilder::label` follow them. In Prometheus dots become `_`. Labels are bounded
by construction:

- outcome, error type, finish reason, state, token kind and their like are closed lists; a value outside is `_OTHER`;
- the model is a declared one, or one of the undeclared ones that came first, up to a cap (0 in the server role, 32 in the
  others), or `_OTHER`; a declared model always keeps its series, whatever came before it;
- operation, provider and runtime names outside the conventions' lists get at most 16 places each, then `_OTHER`;
- phases, evaluations, objectives and labels of your own are declared at build time with every value they may have;
- every value is cut to 128 bytes and has no control characters;
- no id, user, prompt, URL or tool argument can become a label: there is no call for it.

Series of a declared model are zero from the start, for the combinations that every service can have.

**Time** is in seconds, monotonic. What each duration runs from and to is in its description; the words are defined in
[definitions](../llmobs/docs/guide/definitions.md).
";

const BUCKETS: &str = "
## Buckets

The bounds of `Buckets::Default`: the conventions' advised lists, with a tail, since an incident begins where those end.
`Buckets::Semconv` is the lists alone, `Buckets::Fine` has more bounds where services live. The limits of every objective
are exact bounds of the histograms of their time, whichever is chosen.

";
