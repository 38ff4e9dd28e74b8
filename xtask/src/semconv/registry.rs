//! The attributes, metrics, spans and events of the semantic conventions, read from both of their file formats.
//!
//! Files of the old format contain `groups:` (attributes with an `id`; metrics, spans and events that `extend` a
//! group). Files of the new format contain `attributes:`, `attribute_groups:`, `metrics:`, `spans:` and `events:` with
//! `ref_group`. An unknown key is an error.

use std::collections::BTreeMap;

use super::yaml::Error;
use super::yaml::Node;
use super::yaml::Value;

pub(crate) use self::kind::Kind;
pub(crate) use self::resolve::Wanted;
pub(crate) use self::signal::Event;
pub(crate) use self::signal::Span;

mod kind;
mod note;
mod resolve;
mod signal;
#[cfg(test)]
mod tests;

/// The definitions of one set of files, by name.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) attributes: BTreeMap<String, Attribute>,
    pub(crate) metrics: BTreeMap<String, Metric>,
    pub(crate) spans: BTreeMap<String, Span>,
    pub(crate) events: BTreeMap<String, Event>,
    groups: BTreeMap<String, Vec<Reference>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attribute {
    pub(crate) brief: String,
    pub(crate) stability: String,
    pub(crate) kind: Kind,
    /// The well-known values of an enumeration; empty if any value is allowed.
    pub(crate) members: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) value: String,
    pub(crate) brief: String,
}

#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) brief: String,
    pub(crate) stability: String,
    pub(crate) instrument: String,
    pub(crate) unit: String,
    /// `int` or `double`.
    pub(crate) number: String,
    references: Vec<Reference>,
}

/// The requirement level of an attribute, in the order of the conventions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Requirement {
    Required,
    ConditionallyRequired,
    Recommended,
    OptIn,
}

impl Requirement {
    /// Returns the level in words.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::ConditionallyRequired => "conditionally required",
            Self::Recommended => "recommended",
            Self::OptIn => "opt-in",
        }
    }
}

#[derive(Clone, Debug)]
enum Reference {
    Group(String),
    Attribute { name: String, level: Option<Requirement>, at_start: bool },
}

/// Attribute keys that are accepted but not read: prose and hints.
const PROSE: [&str; 4] = ["annotations", "deprecated", "examples", "note"];

impl Registry {
    /// Adds the definitions of one file.
    pub(crate) fn read(&mut self, document: &Node) -> Result<(), Error> {
        for (key, node) in document.map()? {
            match key.as_str() {
                "groups" => each(node, |group| self.old_group(group))?,
                "attributes" => each(node, |attribute| self.attribute(attribute, "key"))?,
                "attribute_groups" => each(node, |group| self.group(group))?,
                "metrics" => each(node, |metric| self.metric(metric, "name", Vec::new()))?,
                "spans" => each(node, |span| self.span(span))?,
                "span_refinements" => each(node, |refined| self.refined_span(refined))?,
                "events" => each(node, |event| self.event(event))?,
                // Refinements narrow definitions from elsewhere.
                "file_format" | "metric_refinements" => {}
                _ => return Err(node.error(format!("the section `{key}` is not understood"))),
            }
        }
        Ok(())
    }

    fn old_group(&mut self, group: &Node) -> Result<(), Error> {
        let kind = group.get("type")?.text()?;
        let mut references = Vec::new();
        if let Some(base) = group.find("extends")? {
            references.push(Reference::Group(base.text()?.to_owned()));
        }
        if let Some(attributes) = group.find("attributes")? {
            each(attributes, |attribute| match attribute.find("id")? {
                Some(_) => self.attribute(attribute, "id"),
                None => reference(attribute).map(|found| references.push(found)),
            })?;
        }
        match kind {
            "event" => self.old_event(group, references),
            "metric" => self.metric(group, "metric_name", references),
            "span" => self.old_span(group, references),
            "attribute_group" => {
                known_keys(group, &["attributes", "brief", "display_name", "extends", "id", "stability", "type"])?;
                self.groups.insert(group.get("id")?.text()?.to_owned(), references);
                Ok(())
            }
            _ => Err(group.error(format!("a group of type `{kind}` is not understood"))),
        }
    }

    fn group(&mut self, group: &Node) -> Result<(), Error> {
        known_keys(group, &["attributes", "brief", "id", "visibility"])?;
        let references = references(group)?;
        self.groups.insert(group.get("id")?.text()?.to_owned(), references);
        Ok(())
    }

    fn attribute(&mut self, node: &Node, name_key: &str) -> Result<(), Error> {
        known_keys(node, &["brief", "stability", "type", name_key])?;
        let name = node.get(name_key)?.text()?;
        let kind = node.get("type")?;
        let mut members = Vec::new();
        if let Value::Map(_) = kind.value {
            each(kind.get("members")?, |one| member(one).map(|found| members.extend(found)))?;
        }
        let attribute = Attribute {
            brief: sentence(node.get("brief")?.text()?),
            stability: node.get("stability")?.text()?.to_owned(),
            kind: if members.is_empty() { Kind::read(kind)? } else { Kind::String },
            members,
        };
        match self.attributes.insert(name.to_owned(), attribute) {
            None => Ok(()),
            Some(_) => Err(node.error(format!("the attribute `{name}` is defined twice"))),
        }
    }

    fn metric(&mut self, node: &Node, name_key: &str, mut references: Vec<Reference>) -> Result<(), Error> {
        known_keys(
            node,
            &[
                "attributes",
                "brief",
                "extends",
                "id",
                "instrument",
                "requirement_level",
                "stability",
                "type",
                "unit",
                name_key,
            ],
        )?;
        let name = node.get(name_key)?.text()?;
        if references.is_empty() {
            references = self::references(node)?;
        }
        let generation = node.get("annotations")?.get("code_generation")?;
        let metric = Metric {
            brief: sentence(node.get("brief")?.text()?),
            stability: node.get("stability")?.text()?.to_owned(),
            instrument: node.get("instrument")?.text()?.to_owned(),
            unit: node.get("unit")?.text()?.to_owned(),
            number: generation.get("metric_value_type")?.text()?.to_owned(),
            references,
        };
        match self.metrics.insert(name.to_owned(), metric) {
            None => Ok(()),
            Some(_) => Err(node.error(format!("the metric `{name}` is defined twice"))),
        }
    }
}

/// Returns a value of an enumeration, or `None` if the value is deprecated (another member has the same value).
fn member(node: &Node) -> Result<Option<Member>, Error> {
    known_keys(node, &["brief", "id", "stability", "value"])?;
    let value = node.get("value")?.text()?.to_owned();
    let brief = sentence(node.get("brief")?.text()?);
    Ok(node.find("deprecated")?.is_none().then_some(Member { value, brief }))
}

/// Returns the references in the `attributes:` of a group or signal.
fn references(node: &Node) -> Result<Vec<Reference>, Error> {
    node.get("attributes")?.list()?.iter().map(reference).collect()
}

fn reference(node: &Node) -> Result<Reference, Error> {
    known_keys(node, &["brief", "ref", "ref_group", "requirement_level", "sampling_relevant"])?;
    if let Some(group) = node.find("ref_group")? {
        return Ok(Reference::Group(group.text()?.to_owned()));
    }
    let level = node.find("requirement_level")?.map(requirement).transpose()?;
    let at_start = match node.find("sampling_relevant")?.map(|node| node.text()).transpose()? {
        None => false,
        Some("true") => true,
        Some(other) => return Err(node.error(format!("`sampling_relevant: {other}` is not understood"))),
    };
    Ok(Reference::Attribute { name: node.get("ref")?.text()?.to_owned(), level, at_start })
}

/// Parses a requirement level: `required`, or a map with the level as its only key and the condition as the value.
fn requirement(node: &Node) -> Result<Requirement, Error> {
    let word = match &node.value {
        Value::Map(entries) if entries.len() == 1 => entries[0].0.as_str(),
        _ => node.text()?,
    };
    match word {
        "required" => Ok(Requirement::Required),
        "conditionally_required" => Ok(Requirement::ConditionallyRequired),
        "recommended" => Ok(Requirement::Recommended),
        "opt_in" => Ok(Requirement::OptIn),
        _ => Err(node.error(format!("the level `{word}` is not understood"))),
    }
}

fn each(node: &Node, mut take: impl FnMut(&Node) -> Result<(), Error>) -> Result<(), Error> {
    node.list()?.iter().try_for_each(&mut take)
}

fn known_keys(node: &Node, known: &[&str]) -> Result<(), Error> {
    match node.map()?.iter().find(|(key, _)| !known.contains(&key.as_str()) && !PROSE.contains(&key.as_str())) {
        None => Ok(()),
        Some((key, value)) => Err(value.error(format!("the key `{key}` is not understood"))),
    }
}

/// Joins the text into one line that ends with a full stop.
fn sentence(brief: &str) -> String {
    let mut text = brief.split_whitespace().collect::<Vec<_>>().join(" ");
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}
