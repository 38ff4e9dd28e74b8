//! Lays the generated files out. rustfmt does the rest.

use super::Model;

mod attribute;
mod doc;
mod entry;
mod metric;

const NOTICE: &str = "// Do not edit: `cargo xtask semconv` writes this file from the data in `semconv/`.\n\n";

const ATTRIBUTES: &str = "\
//! The names of the conventions' attributes, and the values of those that have a list.
//!
//! A name belongs to both profiles unless its doc says otherwise. The values of an attribute are in a
//! module that is named after it, without `gen_ai`.

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

/// `attribute.rs`: a constant for each name, a module for each list of values.
pub(crate) fn attributes(model: &Model) -> String {
    let mut out = format!("{NOTICE}{ATTRIBUTES}");
    let names = entry::merge(&model.v1_41.attributes, &model.latest.attributes, &model.hardware.attributes);
    for (name, entry) in names {
        attribute::write(&mut out, name, &entry);
    }
    out
}

/// `metric.rs`: a constant for each name, and a table of definitions for each profile and for hardware.
pub(crate) fn metrics(model: &Model) -> Result<String, String> {
    let mut out = format!("{NOTICE}{METRICS}");
    let v1_41 = metric::resolve(&model.v1_41)?;
    let latest = metric::resolve(&model.latest)?;
    let hardware = metric::resolve(&model.hardware)?;
    for (name, entry) in entry::merge(&v1_41, &latest, &hardware) {
        metric::write(&mut out, name, &entry);
    }
    let profile = |name| format!("The GenAI metrics of the profile `{name}`, by name.");
    metric::write_table(&mut out, "V1_41", &profile("v1_41"), &v1_41);
    metric::write_table(&mut out, "LATEST", &profile("latest"), &latest);
    metric::write_table(&mut out, "HARDWARE", "The hardware metrics, by name; both profiles share them.", &hardware);
    Ok(out)
}

/// `gen_ai.request.model` as the name of a constant.
fn constant(name: &str) -> String {
    name.replace('.', "_").to_uppercase()
}
