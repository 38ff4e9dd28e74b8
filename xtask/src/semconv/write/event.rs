//! Writes one event: its constant, and its row in a table.

use std::collections::BTreeMap;

use super::constant;
use super::doc;
use super::entry::Entry;
use crate::semconv::registry::Event;
use crate::semconv::registry::Registry;
use crate::semconv::registry::Wanted;

/// An event with its resolved attributes.
#[derive(Debug)]
pub(super) struct Resolved<'a> {
    event: &'a Event,
    attributes: BTreeMap<String, Wanted>,
}

pub(super) fn resolve(registry: &Registry) -> Result<BTreeMap<String, Resolved<'_>>, String> {
    let resolved = registry.events.iter().map(|(name, event)| {
        let attributes = registry.attributes_of_event(event).map_err(|error| format!("event `{name}`: {error}"))?;
        Ok((name.clone(), Resolved { event, attributes }))
    });
    resolved.collect()
}

pub(super) fn write(out: &mut String, name: &str, entry: &Entry<&Resolved<'_>>) {
    let mut text = entry.meaning(|event| &event.event.brief);
    text += &format!("\n\nLevel: {}. ", entry.say(|event| event.event.level.as_str().to_owned()));
    text += &format!("Severity number: {}.", entry.say(|event| severity(event.event)));
    if let Some(profile) = entry.only() {
        text += &format!(" Profile: `{profile}` only.");
    }
    doc::write(out, "", &text);
    *out += &format!("pub const {}: &str = \"{name}\";\n\n", constant(name));
}

pub(super) fn write_table(out: &mut String, name: &str, about: &str, events: &BTreeMap<String, Resolved<'_>>) {
    doc::write(out, "", about);
    *out += &format!("pub const {name}: &[EventDefinition] = &[\n");
    for (name, Resolved { event, attributes }) in events {
        *out += &format!("EventDefinition {{ name: {}, requirement: Requirement::{:?},\n", constant(name), event.level);
        *out += &format!("severity: {:?}, attributes: &[\n", event.severity);
        for (attribute, wanted) in attributes {
            *out += &format!("(attribute::{}, Requirement::{:?}),\n", constant(attribute), wanted.level);
        }
        *out += "] },\n";
    }
    *out += "];\n\n";
}

fn severity(event: &Event) -> String {
    event.severity.map_or_else(|| "none said".to_owned(), |number| number.to_string())
}
