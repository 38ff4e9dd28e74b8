//! Spans and events, and the attributes of each signal.

use std::collections::BTreeMap;

use super::AttributeReference;
use super::AttributeRequirement;
use super::Error;
use super::Metric;
use super::Node;
use super::Registry;
use super::Requirement;
use super::check_keys;
use super::note;
use super::parse_references;
use super::parse_requirement;
use super::to_sentence;

/// The attribute that names the operation of a GenAI span.
const OPERATION_NAME: &str = "gen_ai.operation.name";

/// A type of span. The type is the name in the registry and is not exported.
#[derive(Debug)]
pub(crate) struct SpanType {
    /// `client`, `internal` or `server`.
    pub(crate) kind: String,
    /// True if the span may have kind `internal` although `kind` differs, because the called code may run in the same
    /// process.
    pub(crate) may_be_internal: bool,
    /// The operations of this span; empty if the conventions name none.
    pub(crate) operation_names: Vec<String>,
    /// The span names, the preferred one first, with attributes in braces.
    pub(crate) span_names: Vec<String>,
    references: Vec<AttributeReference>,
}

#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) brief: String,
    pub(crate) level: Requirement,
    /// The severity number, if the conventions define one.
    pub(crate) severity: Option<u8>,
    references: Vec<AttributeReference>,
}

impl Registry {
    /// Returns the attributes of a metric, by name.
    pub(crate) fn metric_attributes(&self, metric: &Metric) -> Result<BTreeMap<String, AttributeRequirement>, String> {
        self.resolve(&metric.references)
    }

    pub(crate) fn span_attributes(&self, span: &SpanType) -> Result<BTreeMap<String, AttributeRequirement>, String> {
        self.resolve(&span.references)
    }

    pub(crate) fn event_attributes(&self, event: &Event) -> Result<BTreeMap<String, AttributeRequirement>, String> {
        self.resolve(&event.references)
    }

    pub(super) fn parse_span(&mut self, node: &Node) -> Result<(), Error> {
        let keys =
            ["attributes", "brief", "entity_associations", "kind", "name", "requirement_level", "stability", "type"];
        check_keys(node, &keys)?;
        let name = node.require("name")?.require("note")?.as_str()?;
        let id = node.require("type")?.as_str()?;
        self.add_span(node, id, node.require("kind")?.as_str()?, name, parse_references(node)?)
    }

    /// Reads a span of the old format. A span of a single provider is checked but not stored, as a refinement in the
    /// new format.
    pub(super) fn parse_legacy_span(&mut self, node: &Node, references: Vec<AttributeReference>) -> Result<(), Error> {
        check_keys(node, &["attributes", "brief", "extends", "id", "span_kind", "stability", "type"])?;
        let id = node.require("id")?;
        let name =
            id.as_str()?.strip_prefix("span.").ok_or_else(|| id.error("the id of a span begins with `span.`"))?;
        if !name.starts_with("gen_ai.") {
            return Ok(());
        }
        // The span name is in the note, or in the brief if there is no note.
        let name_text = node.find("note")?.map_or_else(|| node.require("brief"), Ok)?.as_str()?;
        self.add_span(node, name, node.require("span_kind")?.as_str()?, name_text, references)
    }

    /// Checks a refinement, which specializes a span for one provider or tool. Refinements are not stored: llmobs
    /// creates only the general spans.
    pub(super) fn check_span_refinement(&self, node: &Node) -> Result<(), Error> {
        check_keys(node, &["attributes", "brief", "id", "name", "ref", "stability"])?;
        let base = node.require("ref")?;
        if !self.spans.contains_key(base.as_str()?) {
            return Err(base.error(format!("no span `{}` is defined above its refinement", base.as_str()?)));
        }
        parse_references(node).map(drop)
    }

    pub(super) fn parse_event(&mut self, node: &Node) -> Result<(), Error> {
        check_keys(node, &["attributes", "brief", "name", "requirement_level", "stability"])?;
        let level = parse_requirement(node.require("requirement_level")?)?;
        self.add_event(node, level, parse_references(node)?)
    }

    /// Reads an event of the old format, which has no field for its level.
    pub(super) fn parse_legacy_event(&mut self, node: &Node, references: Vec<AttributeReference>) -> Result<(), Error> {
        check_keys(node, &["attributes", "brief", "extends", "id", "name", "stability", "type"])?;
        let note = node.find("note")?.map(Node::as_str).transpose()?.unwrap_or_default();
        let level = if note::is_opt_in(note) { Requirement::OptIn } else { Requirement::Recommended };
        self.add_event(node, level, references)
    }

    fn add_span(
        &mut self,
        node: &Node,
        id: &str,
        kind: &str,
        name: &str,
        references: Vec<AttributeReference>,
    ) -> Result<(), Error> {
        if !["client", "internal", "server"].contains(&kind) {
            return Err(node.error(format!("unknown span kind `{kind}`")));
        }
        let span_names = note::span_names(name);
        if span_names.is_empty() {
            return Err(node.error("cannot parse the name of the span"));
        }
        let brief = node.require("brief")?.as_str()?;
        let text = format!("{brief}\n\n{}", node.find("note")?.map(Node::as_str).transpose()?.unwrap_or_default());
        let span = SpanType {
            kind: kind.to_owned(),
            may_be_internal: note::may_be_internal(&text),
            operation_names: parse_operation_names(node, &text)?,
            span_names,
            references: references.clone(),
        };
        // Events and other spans refer to the attributes of this span by this group name.
        self.groups.insert(format!("span.{id}"), references);
        match self.spans.insert(id.to_owned(), span) {
            None => Ok(()),
            Some(_) => Err(node.error(format!("the span `{id}` is defined twice"))),
        }
    }

    fn add_event(&mut self, node: &Node, level: Requirement, references: Vec<AttributeReference>) -> Result<(), Error> {
        let name = node.require("name")?.as_str()?;
        let note = node.find("note")?.map(Node::as_str).transpose()?.unwrap_or_default();
        let event = Event {
            brief: to_sentence(node.require("brief")?.as_str()?),
            level,
            severity: note::severity_number(note).map_err(|message| node.error(message))?,
            references,
        };
        match self.events.insert(name.to_owned(), event) {
            None => Ok(()),
            Some(_) => Err(node.error(format!("the event `{name}` is defined twice"))),
        }
    }
}

/// Returns the operations named in the text about a span, or else in the note of its operation attribute.
fn parse_operation_names(node: &Node, text: &str) -> Result<Vec<String>, Error> {
    let names = note::operation_names(text);
    if !names.is_empty() {
        return Ok(names);
    }
    for reference in node.find("attributes")?.map(Node::as_list).transpose()?.unwrap_or_default() {
        if reference.find("ref")?.is_some_and(|name| name.as_str() == Ok(OPERATION_NAME))
            && let Some(note) = reference.find("note")?
        {
            return Ok(note::operation_names(&format!("`{OPERATION_NAME}` {}", note.as_str()?)));
        }
    }
    Ok(Vec::new())
}
