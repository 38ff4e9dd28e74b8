//! Generates the files of the tests: tables of definitions for each profile, and for the definitions that both share.

use super::HEADER;
use super::attribute;
use super::event;
use super::metric;
use super::span;
use crate::semconv::Registries;

const ATTRIBUTES_PREAMBLE: &str = "\
//! The type of each attribute, and its values if it has a list.

use llmobs::semconv::attribute;

use super::definition::AttributeDefinition;
use super::definition::AttributeType;

";

const METRICS_PREAMBLE: &str = "\
//! The definition of each metric.

use llmobs::semconv::attribute;
use llmobs::semconv::metric;

use super::definition::Instrument;
use super::definition::MetricDefinition;
use super::definition::Number;
use super::definition::Requirement;

";

const SPANS_PREAMBLE: &str = "\
//! The definition of each kind of span.
//!
//! Spans of a single provider or tool are left out: they specialize spans that are here.

use llmobs::semconv::attribute;

use super::definition::Requirement;
use super::definition::SpanAttribute;
use super::definition::SpanDefinition;
use super::definition::SpanKind;

";

const EVENTS_PREAMBLE: &str = "\
//! The definition of each event.

use llmobs::semconv::attribute;
use llmobs::semconv::event;

use super::definition::EventDefinition;
use super::definition::Requirement;

";

const LLMOBS_PREAMBLE: &str = "\
//! The attributes, the metrics and the events that llmobs defines, from `semconv/registry`.

use llmobs::semconv::attribute;

use super::definition::AttributeDefinition;
use super::definition::AttributeType;
use super::definition::EventDefinition;
use super::definition::Instrument;
use super::definition::MetricDefinition;
use super::definition::Number;
use super::definition::Requirement;

";

/// Generates `attribute.rs`: a table of types for each profile and for the shared attributes.
pub(crate) fn attributes(registries: &Registries) -> String {
    let mut out = format!("{HEADER}{ATTRIBUTES_PREAMBLE}");
    let Registries { core, v1_41, latest, hardware, .. } = registries;
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

/// Generates `metric.rs`: a table of definitions for each profile and for the shared metrics.
pub(crate) fn metrics(registries: &Registries) -> Result<String, String> {
    let mut out = format!("{HEADER}{METRICS_PREAMBLE}");
    for (table, doc, registry) in [
        ("V1_41", "The GenAI metrics of the profile `v1_41`, by name.", &registries.v1_41),
        ("LATEST", "The GenAI metrics of the profile `latest`, by name.", &registries.latest),
        ("HARDWARE", "The hardware metrics, by name; both profiles share them.", &registries.hardware),
        ("CORE", "The metrics of the core conventions, by name; both profiles share them.", &registries.core),
    ] {
        metric::write_table(&mut out, table, doc, &metric::resolve(registry)?);
    }
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

/// Generates `event.rs`: a table of definitions for each profile.
pub(crate) fn events(registries: &Registries) -> Result<String, String> {
    let mut out = format!("{HEADER}{EVENTS_PREAMBLE}");
    for (table, doc, registry) in [
        ("V1_41", "The GenAI events of the profile `v1_41`, by name.", &registries.v1_41),
        ("LATEST", "The GenAI events of the profile `latest`, by name.", &registries.latest),
    ] {
        event::write_table(&mut out, table, doc, &event::resolve(registry)?);
    }
    Ok(out)
}

/// Generates `llmobs.rs`: the tables of the attributes, the metrics and the events that llmobs defines.
pub(crate) fn llmobs(registries: &Registries) -> Result<String, String> {
    let mut out = format!("{HEADER}{LLMOBS_PREAMBLE}");
    let Registries { llmobs, v1_41, hardware, .. } = registries;
    let own = llmobs
        .attributes
        .iter()
        .filter(|(name, _)| [v1_41, hardware].iter().all(|base| !base.attributes.contains_key(*name)));
    attribute::write_table(&mut out, "ATTRIBUTES", "The attributes that llmobs defines, by name.", own);
    let mut metrics = metric::resolve(llmobs)?;
    metrics.retain(|name, _| !v1_41.metrics.contains_key(name));
    metric::write_table(&mut out, "METRICS", "The metrics that llmobs defines, by name.", &metrics);
    let mut events = event::resolve(llmobs)?;
    events.retain(|name, _| !v1_41.events.contains_key(name));
    event::write_table(&mut out, "EVENTS", "The events that llmobs defines, by name.", &events);
    Ok(out)
}
