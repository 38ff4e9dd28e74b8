//! Writes one event: its constant, and its row in a table.

use std::collections::BTreeMap;

use super::const_name;
use super::doc;
use super::expression;
use super::profile_entry::ProfileEntry;
use crate::semconv::registry::AttributeRequirement;
use crate::semconv::registry::Event;
use crate::semconv::registry::Registry;

/// An event with its resolved attributes.
#[derive(Debug)]
pub(super) struct ResolvedEvent<'a> {
    event: &'a Event,
    attributes: BTreeMap<String, AttributeRequirement>,
}

pub(super) fn resolve(registry: &Registry) -> Result<BTreeMap<String, ResolvedEvent<'_>>, String> {
    let resolved = registry.events.iter().map(|(name, event)| {
        let attributes = registry.event_attributes(event).map_err(|error| format!("event `{name}`: {error}"))?;
        Ok((name.clone(), ResolvedEvent { event, attributes }))
    });
    resolved.collect()
}

/// Writes the constant with its doc.
pub(super) fn write_name(out: &mut String, name: &str, entry: &ProfileEntry<&ResolvedEvent<'_>>) {
    let mut text = entry.brief(|event| &event.event.brief);
    text += &format!("\n\nLevel: {}. ", entry.describe(|event| event.event.level.as_str().to_owned()));
    text += &format!("Severity number: {}.", entry.describe(|event| severity_text(event.event)));
    if let Some(profile) = entry.only_profile() {
        text += &format!(" Profile: `{profile}` only.");
    }
    doc::write(out, "", &text);
    *out += &format!("pub const {}: &str = \"{name}\";\n\n", const_name(name));
}

pub(super) fn write_table(out: &mut String, name: &str, doc: &str, events: &BTreeMap<String, ResolvedEvent<'_>>) {
    doc::write(out, "", doc);
    *out += &format!("pub const {name}: &[EventDefinition] = &[\n");
    for (name, ResolvedEvent { event, attributes }) in events {
        *out += &format!("EventDefinition {{ name: {}, ", expression("event", name));
        *out +=
            &format!("requirement: Requirement::{:?}, severity: {:?}, attributes: &[\n", event.level, event.severity);
        for (attribute, requirement) in attributes {
            *out += &format!("({}, Requirement::{:?}),\n", expression("attribute", attribute), requirement.level);
        }
        *out += "] },\n";
    }
    *out += "];\n\n";
}

fn severity_text(event: &Event) -> String {
    event.severity.map_or_else(|| "none said".to_owned(), |number| number.to_string())
}
