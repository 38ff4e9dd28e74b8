//! Writes one metric: its constant, and its row in a table.

use std::collections::BTreeMap;

use super::constant;
use super::doc;
use super::entry::Entry;
use crate::semconv::registry::Metric;
use crate::semconv::registry::Registry;
use crate::semconv::registry::Wanted;

/// A metric with its resolved attributes.
#[derive(Debug)]
pub(super) struct Resolved<'a> {
    metric: &'a Metric,
    instrument: &'static str,
    number: &'static str,
    attributes: BTreeMap<String, Wanted>,
}

pub(super) fn resolve(registry: &Registry) -> Result<BTreeMap<String, Resolved<'_>>, String> {
    let resolved = registry.metrics.iter().map(|(name, metric)| {
        let attributes = registry.attributes_of(metric);
        let attributes = attributes.map_err(|error| format!("metric `{name}`: {error}"))?;
        let instrument = match metric.instrument.as_str() {
            "counter" => "Counter",
            "gauge" => "Gauge",
            "histogram" => "Histogram",
            "updowncounter" => "UpDownCounter",
            other => {
                return Err(format!("metric `{name}`: the instrument `{other}` is not understood"));
            }
        };
        let number = match metric.number.as_str() {
            "double" => "Double",
            "int" => "Int",
            other => {
                return Err(format!("metric `{name}`: the number `{other}` is not understood"));
            }
        };
        Ok((name.clone(), Resolved { metric, instrument, number, attributes }))
    });
    resolved.collect()
}

pub(super) fn write(out: &mut String, name: &str, entry: &Entry<&Resolved<'_>>) {
    let mut text = entry.meaning(|metric| &metric.metric.brief);
    text += &format!("\n\nInstrument: {}", entry.say(|metric| format!("`{}`", metric.instrument)));
    text += &format!(" of {}. ", entry.say(|metric| format!("`{}`", metric.metric.number)));
    text += &format!("Unit: {}. ", entry.say(|metric| format!("`{}`", metric.metric.unit)));
    text += &format!("Stability: {}.", entry.say(|metric| metric.metric.stability.clone()));
    if let Some(profile) = entry.only() {
        text += &format!(" Profile: `{profile}` only.");
    }
    text += "\n\nAttributes:";
    for (name, level) in levels(entry) {
        text += &format!("\n- {name}: {level}");
    }
    doc::write(out, "", &text);
    *out += &format!("pub const {}: &str = \"{name}\";\n\n", constant(name));
}

pub(super) fn write_table(out: &mut String, name: &str, about: &str, metrics: &BTreeMap<String, Resolved<'_>>) {
    doc::write(out, "", about);
    *out += &format!("pub const {name}: &[MetricDefinition] = &[\n");
    for (name, Resolved { metric, instrument, number, attributes }) in metrics {
        *out += &format!("MetricDefinition {{ name: {}, instrument: Instrument::{instrument},\n", constant(name));
        *out += &format!("unit: \"{}\", number: Number::{number}, attributes: &[\n", metric.unit);
        for (attribute, wanted) in attributes {
            *out += &format!("(attribute::{}, Requirement::{:?}),\n", constant(attribute), wanted.level);
        }
        *out += "] },\n";
    }
    *out += "];\n\n";
}

/// Returns each attribute with its level, or with both levels if the profiles differ.
fn levels(entry: &Entry<&Resolved<'_>>) -> Vec<(String, String)> {
    let metrics = || entry.v1_41.iter().chain(&entry.latest);
    let mut names: Vec<_> = metrics().flat_map(|metric| metric.attributes.keys()).collect();
    names.sort();
    names.dedup();
    let level =
        |metric: &&Resolved<'_>, name| metric.attributes.get(name).map_or("absent", |wanted| wanted.level.as_str());
    names.iter().map(|&name| (format!("`{name}`"), entry.say(|metric| level(metric, name).to_owned()))).collect()
}
