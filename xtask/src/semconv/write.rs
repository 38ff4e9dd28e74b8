//! Generates the text of the files, which rustfmt then formats.

use super::Model;

mod attribute;
mod doc;
mod entry;
mod event;
mod metric;
mod span;

const NOTICE: &str = "// Do not edit: `cargo xtask semconv` writes this file from the data in `semconv/`.\n\n";

const ATTRIBUTES: &str = "\
//! The names of the conventions' attributes, the values of those that have a list, and the type of each.
//!
//! A name belongs to both profiles unless its doc says otherwise. The values of an attribute are in a
//! module that is named after it, without `gen_ai`.

use super::definition::AttributeDefinition;
use super::definition::AttributeType;

";

const METRICS: &str = "\
//! The names of the conventions' metrics, and what the conventions say of each.
//!
//! A name belongs to both profiles unless its doc says otherwise.

use super::attribute;
use super::definition::Instrument;
use super::definition::MetricDefinition;
use super::definition::Number;
use super::definition::Requirement;

";

const SPANS: &str = "\
//! What the conventions say of each kind of span.
//!
//! Spans of a single provider or tool are left out: they say more of spans that are here.

use super::attribute;
use super::definition::SpanAttribute;
use super::definition::SpanDefinition;
use super::definition::SpanKind;
use super::definition::Requirement;

";

const EVENTS: &str = "\
//! The names of the conventions' events, and what the conventions say of each.
//!
//! A name belongs to both profiles unless its doc says otherwise.

use super::attribute;
use super::definition::EventDefinition;
use super::definition::Requirement;

";

/// Generates `attribute.rs`: a constant for each name, a module for each list of values, and a table of types for each
/// profile and for the shared attributes.
pub(crate) fn attributes(model: &Model) -> String {
    let mut out = format!("{NOTICE}{ATTRIBUTES}");
    let Model { core, v1_41, latest, hardware } = model;
    let names = entry::merge(&v1_41.attributes, &latest.attributes, &[&core.attributes, &hardware.attributes]);
    for (name, entry) in names {
        attribute::write(&mut out, name, &entry);
    }
    let core = &core.attributes;
    let besides = |name: &&String| !core.contains_key(*name);
    for (table, about, attributes) in [
        ("V1_41", "The GenAI attributes of the profile `v1_41`, by name.", &v1_41.attributes),
        ("LATEST", "The GenAI attributes of the profile `latest`, by name.", &latest.attributes),
        ("HARDWARE", "The hardware attributes, by name; both profiles share them.", &hardware.attributes),
    ] {
        attribute::write_table(&mut out, table, about, attributes.iter().filter(|(name, _)| besides(name)));
    }
    let about = "The attributes of the core conventions, by name; both profiles share them.";
    attribute::write_table(&mut out, "CORE", about, core.iter());
    out
}

/// Generates `metric.rs`: a constant for each name, and a table of definitions for each profile and for the shared
/// metrics.
pub(crate) fn metrics(model: &Model) -> Result<String, String> {
    let mut out = format!("{NOTICE}{METRICS}");
    let v1_41 = metric::resolve(&model.v1_41)?;
    let latest = metric::resolve(&model.latest)?;
    let hardware = metric::resolve(&model.hardware)?;
    let core = metric::resolve(&model.core)?;
    for (name, entry) in entry::merge(&v1_41, &latest, &[&core, &hardware]) {
        metric::write(&mut out, name, &entry);
    }
    let profile = |name| format!("The GenAI metrics of the profile `{name}`, by name.");
    metric::write_table(&mut out, "V1_41", &profile("v1_41"), &v1_41);
    metric::write_table(&mut out, "LATEST", &profile("latest"), &latest);
    metric::write_table(&mut out, "HARDWARE", "The hardware metrics, by name; both profiles share them.", &hardware);
    metric::write_table(
        &mut out,
        "CORE",
        "The metrics of the core conventions, by name; both profiles share them.",
        &core,
    );
    Ok(out)
}

/// Generates `span.rs`: a table of definitions for each profile and for the shared spans.
pub(crate) fn spans(model: &Model) -> Result<String, String> {
    let mut out = format!("{NOTICE}{SPANS}");
    for (table, about, registry) in [
        ("V1_41", "The GenAI spans of the profile `v1_41`, by type.", &model.v1_41),
        ("LATEST", "The GenAI spans of the profile `latest`, by type.", &model.latest),
        ("CORE", "The spans of the core conventions, by type; both profiles share them.", &model.core),
    ] {
        span::write_table(&mut out, table, about, registry)?;
    }
    Ok(out)
}

/// Generates `event.rs`: a constant for each name, and a table of definitions for each profile.
pub(crate) fn events(model: &Model) -> Result<String, String> {
    let mut out = format!("{NOTICE}{EVENTS}");
    let v1_41 = event::resolve(&model.v1_41)?;
    let latest = event::resolve(&model.latest)?;
    for (name, entry) in entry::merge(&v1_41, &latest, &[]) {
        event::write(&mut out, name, &entry);
    }
    let profile = |name| format!("The GenAI events of the profile `{name}`, by name.");
    event::write_table(&mut out, "V1_41", &profile("v1_41"), &v1_41);
    event::write_table(&mut out, "LATEST", &profile("latest"), &latest);
    Ok(out)
}

/// Returns the name of a constant: `gen_ai.request.model` becomes `GEN_AI_REQUEST_MODEL`.
fn constant(name: &str) -> String {
    name.replace('.', "_").to_uppercase()
}
