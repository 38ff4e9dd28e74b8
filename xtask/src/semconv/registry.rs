//! The attributes, metrics, spans and events of the semantic conventions, read from both of their file formats.
//!
//! Files of the old format contain `groups:` (attributes with an `id`; metrics, spans and events that `extend` a
//! group). Files of the new format contain `attributes:`, `attribute_groups:`, `metrics:`, `spans:` and `events:` with
//! `ref_group`. An unknown key is an error.

use std::collections::BTreeMap;

use self::file::LegacyAttribute;
use self::file::LegacyGroup;
use self::file::Reference;
use self::file::WordOrMap;

pub(crate) use self::attribute_type::AttributeType;
pub(crate) use self::file::File;
pub(crate) use self::model::Requirement;
pub(crate) use self::model::SpanKind;
pub(crate) use self::resolve::AttributeRequirement;
pub(crate) use self::signal::Event;
pub(crate) use self::signal::Metric;
pub(crate) use self::signal::SpanType;

mod attribute_type;
mod file;
mod model;
mod note;
mod resolve;
mod signal;
#[cfg(test)]
mod tests;

/// The attribute that names the operation of a GenAI span.
const OPERATION_NAME: &str = "gen_ai.operation.name";

/// The definitions of one set of files, by name.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) attributes: BTreeMap<String, Attribute>,
    pub(crate) metrics: BTreeMap<String, Metric>,
    pub(crate) spans: BTreeMap<String, SpanType>,
    pub(crate) events: BTreeMap<String, Event>,
    groups: BTreeMap<String, Vec<Reference>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attribute {
    pub(crate) brief: String,
    pub(crate) stability: String,
    pub(crate) kind: AttributeType,
    /// The well-known values of an enumeration; empty if any value is allowed.
    pub(crate) members: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) value: String,
    pub(crate) brief: String,
}

impl Registry {
    /// Adds the definitions of one file.
    pub(crate) fn add_file(&mut self, file: File) -> Result<(), String> {
        file.groups.into_iter().try_for_each(|group| self.add_legacy_group(group))?;
        file.attributes.into_iter().try_for_each(|attribute| self.add_attribute(attribute))?;
        for group in file.attribute_groups {
            self.groups.insert(group.id, with_base(None, group.attributes)?);
        }
        file.metrics.into_iter().try_for_each(|metric| self.add_metric(metric))?;
        for span in file.spans {
            let text = format!("{}\n\n{}", span.brief, span.note);
            self.add_span(&span.id, span.kind, &span.name.note, &text, with_base(None, span.attributes)?)?;
        }
        // Refinements specialize a span for one provider or tool. They are checked but not stored: llmobs creates only
        // the general spans.
        for refinement in file.span_refinements {
            with_base(None, refinement.attributes)?;
            if !self.spans.contains_key(&refinement.base) {
                return Err(format!("no span `{}` is defined for its refinement", refinement.base));
            }
        }
        file.events.into_iter().try_for_each(|event| self.add_event(event, None))
    }

    fn add_attribute(&mut self, attribute: file::Attribute) -> Result<(), String> {
        let (kind, members) = match attribute.kind {
            WordOrMap::Word(kind) => (kind, Vec::new()),
            WordOrMap::Map(enumeration) => (AttributeType::String, enumeration.members),
        };
        // Another member has the value of a deprecated one.
        let members = members.into_iter().filter(|member| member.deprecated.is_none());
        let members = members.map(|member| Member { value: member.value, brief: to_sentence(&member.brief) }).collect();
        let (brief, stability) = (to_sentence(&attribute.brief), attribute.stability);
        let added = Attribute { brief, stability, kind, members };
        insert_once(&mut self.attributes, "attribute", attribute.key, added)
    }

    /// Returns the attributes of a metric, by name.
    pub(crate) fn metric_attributes(&self, metric: &Metric) -> Result<BTreeMap<String, AttributeRequirement>, String> {
        self.attributes_of(&metric.references)
    }

    pub(crate) fn span_attributes(&self, span: &SpanType) -> Result<BTreeMap<String, AttributeRequirement>, String> {
        self.attributes_of(&span.references)
    }

    pub(crate) fn event_attributes(&self, event: &Event) -> Result<BTreeMap<String, AttributeRequirement>, String> {
        self.attributes_of(&event.references)
    }

    fn attributes_of(&self, references: &[Reference]) -> Result<BTreeMap<String, AttributeRequirement>, String> {
        let attributes = resolve::resolve(references, &self.groups)?;
        match attributes.keys().find(|name| !self.attributes.contains_key(*name)) {
            Some(name) => Err(format!("no file defines the attribute `{name}`")),
            None => Ok(attributes),
        }
    }

    fn add_legacy_group(&mut self, group: LegacyGroup) -> Result<(), String> {
        match group {
            LegacyGroup::AttributeGroup { id, extends, attributes, .. } => {
                let mut references = Vec::new();
                for attribute in attributes {
                    match attribute {
                        LegacyAttribute::Definition(attribute) => self.add_attribute(attribute)?,
                        LegacyAttribute::Reference(reference) => references.push(reference),
                    }
                }
                self.groups.insert(id, with_base(extends, references)?);
                Ok(())
            }
            LegacyGroup::Metric(metric) => self.add_metric(metric),
            LegacyGroup::Span { id, extends, attributes, span_kind, brief, note, .. } => {
                let name =
                    id.strip_prefix("span.").ok_or_else(|| format!("`{id}`: the id of a span begins with `span.`"))?;
                // A span of a single provider is not stored, as a refinement in the new format.
                if !name.starts_with("gen_ai.") {
                    return Ok(());
                }
                // The span name is in the note, or in the brief if there is no note.
                let name_text = note.as_ref().unwrap_or(&brief);
                let text = format!("{brief}\n\n{}", note.as_deref().unwrap_or_default());
                self.add_span(name, span_kind, name_text, &text, with_base(extends, attributes)?)
            }
            LegacyGroup::Event(event) => {
                // The old format has no key for the level.
                let level = if note::is_opt_in(&event.note) { Requirement::OptIn } else { Requirement::Recommended };
                self.add_event(event, Some(level))
            }
        }
    }

    fn add_metric(&mut self, metric: file::Metric) -> Result<(), String> {
        let added = Metric {
            brief: to_sentence(&metric.brief),
            stability: metric.stability,
            instrument: metric.instrument,
            unit: metric.unit,
            number: metric.annotations.code_generation.metric_value_type,
            references: with_base(metric.extends, metric.attributes)?,
        };
        insert_once(&mut self.metrics, "metric", metric.name, added)
    }

    fn add_span(
        &mut self,
        id: &str,
        kind: SpanKind,
        name: &str,
        text: &str,
        references: Vec<Reference>,
    ) -> Result<(), String> {
        let span_names = note::span_names(name);
        if span_names.is_empty() {
            return Err(format!("cannot parse the name of the span `{id}`"));
        }
        let span = SpanType {
            kind,
            may_be_internal: note::may_be_internal(text),
            operation_names: operation_names(text, &references),
            span_names,
            references: references.clone(),
        };
        // Events and other spans refer to the attributes of this span by this group name.
        self.groups.insert(format!("span.{id}"), references);
        insert_once(&mut self.spans, "span", id.to_owned(), span)
    }

    /// Adds an event; `default_level` is the level of an event that has no key for it.
    fn add_event(&mut self, event: file::Event, default_level: Option<Requirement>) -> Result<(), String> {
        let level = event.requirement_level.map(|level| level.0).or(default_level);
        let added = Event {
            brief: to_sentence(&event.brief),
            level: level.ok_or_else(|| format!("event `{}`: `requirement_level` is missing", event.name))?,
            severity: note::severity_number(&event.note).map_err(|error| format!("event `{}`: {error}", event.name))?,
            references: with_base(event.extends, event.attributes)?,
        };
        insert_once(&mut self.events, "event", event.name, added)
    }
}

/// Puts a reference to the group that is extended, if any, before the references. Fails if a reference has no target.
fn with_base(base: Option<String>, references: Vec<Reference>) -> Result<Vec<Reference>, String> {
    match references.iter().all(|reference| reference.name.is_some() != reference.group.is_some()) {
        true => Ok(base.map(Reference::to_group).into_iter().chain(references).collect()),
        false => Err("a reference has either `ref` or `ref_group`".to_owned()),
    }
}

fn insert_once<T>(map: &mut BTreeMap<String, T>, what: &str, name: String, value: T) -> Result<(), String> {
    if map.contains_key(&name) {
        return Err(format!("the {what} `{name}` is defined twice"));
    }
    map.insert(name, value);
    Ok(())
}

/// Joins the text into one line that ends with a full stop.
fn to_sentence(brief: &str) -> String {
    let mut text = brief.split_whitespace().collect::<Vec<_>>().join(" ");
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}

/// Returns the operations named in the text about a span, or else in the note of its operation attribute.
fn operation_names(text: &str, attributes: &[Reference]) -> Vec<String> {
    let names = note::operation_names(text);
    let mut operations = attributes.iter().filter(|reference| reference.name.as_deref() == Some(OPERATION_NAME));
    match operations.find_map(|reference| reference.note.as_deref()) {
        Some(note) if names.is_empty() => note::operation_names(&format!("`{OPERATION_NAME}` {note}")),
        _ => names,
    }
}
