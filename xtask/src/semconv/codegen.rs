//! Generates the text of the files, which rustfmt then formats.

use super::Registries;

mod attribute;
mod doc;
mod event;
mod metric;
mod profile_entry;
mod span;

const HEADER: &str = "// Do not edit: `cargo xtask semconv` writes this file from the data in `semconv/`.\n\n";

const ATTRIBUTES_PREAMBLE: &str = "\
//! The names of the conventions' attributes, the values of those that have a list, and the type of each.
//!
//! A name belongs to both profiles unless its doc says otherwise. The values of an attribute are in a
//! module that is named after it, without `gen_ai`.

use super::definition::AttributeDefinition;
use super::definition::AttributeType;

";

const METRICS_PREAMBLE: &str = "\
//! The names of the conventions' metrics, and what the conventions say of each.
//!
//! A name belongs to both profiles unless its doc says otherwise.

use super::attribute;
use super::definition::Instrument;
use super::definition::MetricDefinition;
use super::definition::Number;
use super::definition::Requirement;

";

const SPANS_PREAMBLE: &str = "\
//! What the conventions say of each kind of span.
//!
//! Spans of a single provider or tool are left out: they say more of spans that are here.

use super::attribute;
use super::definition::SpanAttribute;
use super::definition::SpanDefinition;
use super::definition::SpanKind;
use super::definition::Requirement;

";

const EVENTS_PREAMBLE: &str = "\
//! The names of the conventions' events, and what the conventions say of each.
//!
//! A name belongs to both profiles unless its doc says otherwise.

use super::attribute;
use super::definition::EventDefinition;
use super::definition::Requirement;

";

/// Generates `attribute.rs`: a constant for each name, a module for each list of values, and a table of types for each
/// profile and for the shared attributes.
pub(crate) fn attributes(registries: &Registries) -> String {
    let mut out = format!("{HEADER}{ATTRIBUTES_PREAMBLE}");
    let Registries { core, v1_41, latest, hardware } = registries;
    let names = profile_entry::merge(&v1_41.attributes, &latest.attributes, &[&core.attributes, &hardware.attributes]);
    for (name, entry) in names {
        attribute::write(&mut out, name, &entry);
    }
    let core = &core.attributes;
    let is_not_core = |name: &&String| !core.contains_key(*name);
    for (table, doc, attributes) in [
        ("V1_41", "The GenAI attributes of the profile `v1_41`, by name.", &v1_41.attributes),
        ("LATEST", "The GenAI attributes of the profile `latest`, by name.", &latest.attributes),
        ("HARDWARE", "The hardware attributes, by name; both profiles share them.", &hardware.attributes),
    ] {
        attribute::write_table(&mut out, table, doc, attributes.iter().filter(|(name, _)| is_not_core(name)));
    }
    let doc = "The attributes of the core conventions, by name; both profiles share them.";
    attribute::write_table(&mut out, "CORE", doc, core.iter());
    out
}

/// Generates `metric.rs`: a constant for each name, and a table of definitions for each profile and for the shared
/// metrics.
pub(crate) fn metrics(registries: &Registries) -> Result<String, String> {
    let mut out = format!("{HEADER}{METRICS_PREAMBLE}");
    let v1_41 = metric::resolve(&registries.v1_41)?;
    let latest = metric::resolve(&registries.latest)?;
    let hardware = metric::resolve(&registries.hardware)?;
    let core = metric::resolve(&registries.core)?;
    for (name, entry) in profile_entry::merge(&v1_41, &latest, &[&core, &hardware]) {
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
pub(crate) fn spans(registries: &Registries) -> Result<String, String> {
    let mut out = format!("{HEADER}{SPANS_PREAMBLE}");
    for (table, doc, registry) in [
        ("V1_41", "The GenAI spans of the profile `v1_41`, by type.", &registries.v1_41),
        ("LATEST", "The GenAI spans of the profile `latest`, by type.", &registries.latest),
        ("CORE", "The spans of the core conventions, by type; both profiles share them.", &registries.core),
    ] {
        span::write_table(&mut out, table, doc, registry)?;
    }
    Ok(out)
}

/// Generates `event.rs`: a constant for each name, and a table of definitions for each profile.
pub(crate) fn events(registries: &Registries) -> Result<String, String> {
    let mut out = format!("{HEADER}{EVENTS_PREAMBLE}");
    let v1_41 = event::resolve(&registries.v1_41)?;
    let latest = event::resolve(&registries.latest)?;
    for (name, entry) in profile_entry::merge(&v1_41, &latest, &[]) {
        event::write(&mut out, name, &entry);
    }
    let profile = |name| format!("The GenAI events of the profile `{name}`, by name.");
    event::write_table(&mut out, "V1_41", &profile("v1_41"), &v1_41);
    event::write_table(&mut out, "LATEST", &profile("latest"), &latest);
    Ok(out)
}

/// Returns the name of a constant: `gen_ai.request.model` becomes `GEN_AI_REQUEST_MODEL`.
fn const_name(name: &str) -> String {
    name.replace('.', "_").to_uppercase()
}
