//! Writes one metric: its constant, and its row in a table.

use std::collections::BTreeMap;

use super::const_name;
use super::doc;
use super::expression;
use super::profile_entry::ProfileEntry;
use crate::semconv::registry::AttributeRequirement;
use crate::semconv::registry::Metric;
use crate::semconv::registry::Registry;

/// A metric with its resolved attributes.
#[derive(Debug)]
pub(super) struct ResolvedMetric<'a> {
    metric: &'a Metric,
    attributes: BTreeMap<String, AttributeRequirement>,
}

pub(super) fn resolve(registry: &Registry) -> Result<BTreeMap<String, ResolvedMetric<'_>>, String> {
    let resolved = registry.metrics.iter().map(|(name, metric)| {
        let attributes = registry.metric_attributes(metric);
        let attributes = attributes.map_err(|error| format!("metric `{name}`: {error}"))?;
        Ok((name.clone(), ResolvedMetric { metric, attributes }))
    });
    resolved.collect()
}

/// Writes the constant with its doc.
pub(super) fn write_name(out: &mut String, name: &str, entry: &ProfileEntry<&ResolvedMetric<'_>>) {
    let mut text = entry.brief(|metric| &metric.metric.brief);
    text += &format!("\n\nInstrument: {}", entry.describe(|metric| format!("`{:?}`", metric.metric.instrument)));
    text += &format!(" of {}. ", entry.describe(|metric| format!("`{}`", metric.metric.number.as_str())));
    text += &format!("Unit: {}. ", entry.describe(|metric| format!("`{}`", metric.metric.unit)));
    text += &format!("Stability: {}.", entry.describe(|metric| metric.metric.stability.clone()));
    if let Some(profile) = entry.only_profile() {
        text += &format!(" Profile: `{profile}` only.");
    }
    text += "\n\nAttributes:";
    for (name, level) in attribute_levels(entry) {
        text += &format!("\n- {name}: {level}");
    }
    doc::write(out, "", &text);
    *out += &format!("pub const {}: &str = \"{name}\";\n\n", const_name(name));
}

pub(super) fn write_table(out: &mut String, name: &str, doc: &str, metrics: &BTreeMap<String, ResolvedMetric<'_>>) {
    doc::write(out, "", doc);
    *out += &format!("pub const {name}: &[MetricDefinition] = &[\n");
    for (name, ResolvedMetric { metric: Metric { instrument, unit, number, .. }, attributes }) in metrics {
        *out += &format!("MetricDefinition {{ name: {}, ", expression("metric", name));
        *out += &format!(
            "instrument: Instrument::{instrument:?}, unit: \"{unit}\", number: Number::{number:?}, attributes: &[\n"
        );
        for (attribute, requirement) in attributes {
            *out += &format!("({}, Requirement::{:?}),\n", expression("attribute", attribute), requirement.level);
        }
        *out += "] },\n";
    }
    *out += "];\n\n";
}

/// Returns each attribute with its level, or with both levels if the profiles differ.
fn attribute_levels(entry: &ProfileEntry<&ResolvedMetric<'_>>) -> Vec<(String, String)> {
    let metrics = || entry.v1_41.iter().chain(&entry.latest);
    let mut names: Vec<_> = metrics().flat_map(|metric| metric.attributes.keys()).collect();
    names.sort();
    names.dedup();
    let level = |metric: &&ResolvedMetric<'_>, name| {
        metric.attributes.get(name).map_or("absent", |requirement| requirement.level.as_str())
    };
    names.iter().map(|&name| (format!("`{name}`"), entry.describe(|metric| level(metric, name).to_owned()))).collect()
}
