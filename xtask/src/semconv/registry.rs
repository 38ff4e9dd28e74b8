//! The attributes, metrics, spans and events of the semantic conventions, read from both of their file formats.
//!
//! Files of the old format contain `groups:` (attributes with an `id`; metrics, spans and events that `extend` a
//! group). Files of the new format contain `attributes:`, `attribute_groups:`, `metrics:`, `spans:` and `events:` with
//! `ref_group`. An unknown key is an error.

use std::collections::BTreeMap;

use super::yaml::Error;
use super::yaml::Node;
use super::yaml::Value;

pub(crate) use self::attribute_type::AttributeType;
pub(crate) use self::resolve::AttributeRequirement;
pub(crate) use self::signal::Event;
pub(crate) use self::signal::SpanType;

mod attribute_type;
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
    pub(crate) spans: BTreeMap<String, SpanType>,
    pub(crate) events: BTreeMap<String, Event>,
    groups: BTreeMap<String, Vec<AttributeReference>>,
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

#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) brief: String,
    pub(crate) stability: String,
    pub(crate) instrument: String,
    pub(crate) unit: String,
    /// `int` or `double`.
    pub(crate) number: String,
    references: Vec<AttributeReference>,
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
enum AttributeReference {
    Group(String),
    Attribute { name: String, level: Option<Requirement>, at_start: bool },
}

/// Attribute keys that are accepted but not read: prose and hints.
const IGNORED_KEYS: [&str; 4] = ["annotations", "deprecated", "examples", "note"];

impl Registry {
    /// Adds the definitions of one file.
    pub(crate) fn add_document(&mut self, document: &Node) -> Result<(), Error> {
        for (key, node) in document.as_map()? {
            match key.as_str() {
                "groups" => for_each_item(node, |group| self.add_legacy_group(group))?,
                "attributes" => for_each_item(node, |attribute| self.add_attribute(attribute, "key"))?,
                "attribute_groups" => for_each_item(node, |group| self.add_group(group))?,
                "metrics" => for_each_item(node, |metric| self.add_metric(metric, "name", Vec::new()))?,
                "spans" => for_each_item(node, |span| self.parse_span(span))?,
                "span_refinements" => for_each_item(node, |refinement| self.check_span_refinement(refinement))?,
                "events" => for_each_item(node, |event| self.parse_event(event))?,
                // Refinements narrow definitions from elsewhere.
                "file_format" | "metric_refinements" => {}
                _ => return Err(node.error(format!("unknown section `{key}`"))),
            }
        }
        Ok(())
    }

    fn add_legacy_group(&mut self, group: &Node) -> Result<(), Error> {
        let kind = group.require("type")?.as_str()?;
        let mut references = Vec::new();
        if let Some(base) = group.find("extends")? {
            references.push(AttributeReference::Group(base.as_str()?.to_owned()));
        }
        if let Some(attributes) = group.find("attributes")? {
            for_each_item(attributes, |attribute| match attribute.find("id")? {
                Some(_) => self.add_attribute(attribute, "id"),
                None => parse_reference(attribute).map(|found| references.push(found)),
            })?;
        }
        match kind {
            "event" => self.parse_legacy_event(group, references),
            "metric" => self.add_metric(group, "metric_name", references),
            "span" => self.parse_legacy_span(group, references),
            "attribute_group" => {
                check_keys(group, &["attributes", "brief", "display_name", "extends", "id", "stability", "type"])?;
                self.groups.insert(group.require("id")?.as_str()?.to_owned(), references);
                Ok(())
            }
            _ => Err(group.error(format!("unknown group type `{kind}`"))),
        }
    }

    fn add_group(&mut self, group: &Node) -> Result<(), Error> {
        check_keys(group, &["attributes", "brief", "id", "visibility"])?;
        let references = parse_references(group)?;
        self.groups.insert(group.require("id")?.as_str()?.to_owned(), references);
        Ok(())
    }

    fn add_attribute(&mut self, node: &Node, name_key: &str) -> Result<(), Error> {
        check_keys(node, &["brief", "stability", "type", name_key])?;
        let name = node.require(name_key)?.as_str()?;
        let kind = node.require("type")?;
        let mut members = Vec::new();
        if let Value::Map(_) = kind.value {
            for_each_item(kind.require("members")?, |member| parse_member(member).map(|found| members.extend(found)))?;
        }
        let attribute = Attribute {
            brief: to_sentence(node.require("brief")?.as_str()?),
            stability: node.require("stability")?.as_str()?.to_owned(),
            kind: if members.is_empty() { AttributeType::parse(kind)? } else { AttributeType::String },
            members,
        };
        match self.attributes.insert(name.to_owned(), attribute) {
            None => Ok(()),
            Some(_) => Err(node.error(format!("the attribute `{name}` is defined twice"))),
        }
    }

    fn add_metric(
        &mut self,
        node: &Node,
        name_key: &str,
        mut references: Vec<AttributeReference>,
    ) -> Result<(), Error> {
        check_keys(
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
        let name = node.require(name_key)?.as_str()?;
        if references.is_empty() {
            references = parse_references(node)?;
        }
        let generation = node.require("annotations")?.require("code_generation")?;
        let metric = Metric {
            brief: to_sentence(node.require("brief")?.as_str()?),
            stability: node.require("stability")?.as_str()?.to_owned(),
            instrument: node.require("instrument")?.as_str()?.to_owned(),
            unit: node.require("unit")?.as_str()?.to_owned(),
            number: generation.require("metric_value_type")?.as_str()?.to_owned(),
            references,
        };
        match self.metrics.insert(name.to_owned(), metric) {
            None => Ok(()),
            Some(_) => Err(node.error(format!("the metric `{name}` is defined twice"))),
        }
    }
}

/// Returns a value of an enumeration, or `None` if the value is deprecated (another member has the same value).
fn parse_member(node: &Node) -> Result<Option<Member>, Error> {
    check_keys(node, &["brief", "id", "stability", "value"])?;
    let value = node.require("value")?.as_str()?.to_owned();
    let brief = to_sentence(node.require("brief")?.as_str()?);
    Ok(node.find("deprecated")?.is_none().then_some(Member { value, brief }))
}

/// Returns the references in the `attributes:` of a group or signal.
fn parse_references(node: &Node) -> Result<Vec<AttributeReference>, Error> {
    node.require("attributes")?.as_list()?.iter().map(parse_reference).collect()
}

fn parse_reference(node: &Node) -> Result<AttributeReference, Error> {
    check_keys(node, &["brief", "ref", "ref_group", "requirement_level", "sampling_relevant"])?;
    if let Some(group) = node.find("ref_group")? {
        return Ok(AttributeReference::Group(group.as_str()?.to_owned()));
    }
    let level = node.find("requirement_level")?.map(parse_requirement).transpose()?;
    let at_start = match node.find("sampling_relevant")?.map(|node| node.as_str()).transpose()? {
        None => false,
        Some("true") => true,
        Some(other) => return Err(node.error(format!("`sampling_relevant: {other}` is not supported"))),
    };
    Ok(AttributeReference::Attribute { name: node.require("ref")?.as_str()?.to_owned(), level, at_start })
}

/// Parses a requirement level: `required`, or a map with the level as its only key and the condition as the value.
fn parse_requirement(node: &Node) -> Result<Requirement, Error> {
    let word = match &node.value {
        Value::Map(entries) if entries.len() == 1 => entries[0].0.as_str(),
        _ => node.as_str()?,
    };
    match word {
        "required" => Ok(Requirement::Required),
        "conditionally_required" => Ok(Requirement::ConditionallyRequired),
        "recommended" => Ok(Requirement::Recommended),
        "opt_in" => Ok(Requirement::OptIn),
        _ => Err(node.error(format!("unknown requirement level `{word}`"))),
    }
}

fn for_each_item(node: &Node, mut action: impl FnMut(&Node) -> Result<(), Error>) -> Result<(), Error> {
    node.as_list()?.iter().try_for_each(&mut action)
}

fn check_keys(node: &Node, known: &[&str]) -> Result<(), Error> {
    match node.as_map()?.iter().find(|(key, _)| !known.contains(&key.as_str()) && !IGNORED_KEYS.contains(&key.as_str()))
    {
        None => Ok(()),
        Some((key, value)) => Err(value.error(format!("unknown key `{key}`"))),
    }
}

/// Joins the text into one line that ends with a full stop.
fn to_sentence(brief: &str) -> String {
    let mut text = brief.split_whitespace().collect::<Vec<_>>().join(" ");
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}
