//! Spans and events, and the attributes of each signal.

use std::collections::BTreeMap;

use super::Error;
use super::Metric;
use super::Node;
use super::Reference;
use super::Registry;
use super::Requirement;
use super::Wanted;
use super::known_keys;
use super::note;
use super::references;
use super::requirement;
use super::sentence;

/// The attribute that names the operation of a GenAI span.
const OPERATION: &str = "gen_ai.operation.name";

/// A type of span. The type is the name in the registry and is not exported.
#[derive(Debug)]
pub(crate) struct Span {
    /// `client`, `internal` or `server`.
    pub(crate) kind: String,
    /// True if the span may have kind `internal` although `kind` differs, because the called code may run in the same
    /// process.
    pub(crate) may_be_internal: bool,
    /// The operations of this span; empty if the conventions name none.
    pub(crate) operations: Vec<String>,
    /// The span names, the preferred one first, with attributes in braces.
    pub(crate) names: Vec<String>,
    references: Vec<Reference>,
}

#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) brief: String,
    pub(crate) level: Requirement,
    /// The severity number, if the conventions define one.
    pub(crate) severity: Option<u8>,
    references: Vec<Reference>,
}

impl Registry {
    /// Returns the attributes of a metric, by name.
    pub(crate) fn attributes_of(&self, metric: &Metric) -> Result<BTreeMap<String, Wanted>, String> {
        self.resolve(&metric.references)
    }

    pub(crate) fn attributes_of_span(&self, span: &Span) -> Result<BTreeMap<String, Wanted>, String> {
        self.resolve(&span.references)
    }

    pub(crate) fn attributes_of_event(&self, event: &Event) -> Result<BTreeMap<String, Wanted>, String> {
        self.resolve(&event.references)
    }

    pub(super) fn span(&mut self, node: &Node) -> Result<(), Error> {
        let keys =
            ["attributes", "brief", "entity_associations", "kind", "name", "requirement_level", "stability", "type"];
        known_keys(node, &keys)?;
        let name = node.get("name")?.get("note")?.text()?;
        let id = node.get("type")?.text()?;
        self.add_span(node, id, node.get("kind")?.text()?, name, references(node)?)
    }

    /// Reads a span of the old format. A span of a single provider is checked but not stored, as a refinement in the
    /// new format.
    pub(super) fn old_span(&mut self, node: &Node, references: Vec<Reference>) -> Result<(), Error> {
        known_keys(node, &["attributes", "brief", "extends", "id", "span_kind", "stability", "type"])?;
        let id = node.get("id")?;
        let name = id.text()?.strip_prefix("span.").ok_or_else(|| id.error("the id of a span begins with `span.`"))?;
        if !name.starts_with("gen_ai.") {
            return Ok(());
        }
        // The span name is in the note, or in the brief if there is no note.
        let about = node.find("note")?.map_or_else(|| node.get("brief"), Ok)?.text()?;
        self.add_span(node, name, node.get("span_kind")?.text()?, about, references)
    }

    /// Checks a refinement, which specializes a span for one provider or tool. Refinements are not stored: llmobs
    /// creates only the general spans.
    pub(super) fn refined_span(&self, node: &Node) -> Result<(), Error> {
        known_keys(node, &["attributes", "brief", "id", "name", "ref", "stability"])?;
        let base = node.get("ref")?;
        if !self.spans.contains_key(base.text()?) {
            return Err(base.error(format!("no span `{}` stands above its refinement", base.text()?)));
        }
        references(node).map(drop)
    }

    pub(super) fn event(&mut self, node: &Node) -> Result<(), Error> {
        known_keys(node, &["attributes", "brief", "name", "requirement_level", "stability"])?;
        let level = requirement(node.get("requirement_level")?)?;
        self.add_event(node, level, references(node)?)
    }

    /// Reads an event of the old format, which has no field for its level.
    pub(super) fn old_event(&mut self, node: &Node, references: Vec<Reference>) -> Result<(), Error> {
        known_keys(node, &["attributes", "brief", "extends", "id", "name", "stability", "type"])?;
        let note = node.find("note")?.map(Node::text).transpose()?.unwrap_or_default();
        let level = if note::is_opt_in(note) { Requirement::OptIn } else { Requirement::Recommended };
        self.add_event(node, level, references)
    }

    fn add_span(
        &mut self,
        node: &Node,
        id: &str,
        kind: &str,
        name: &str,
        references: Vec<Reference>,
    ) -> Result<(), Error> {
        if !["client", "internal", "server"].contains(&kind) {
            return Err(node.error(format!("the span kind `{kind}` is not understood")));
        }
        let names = note::names(name);
        if names.is_empty() {
            return Err(node.error("the name of the span is not understood"));
        }
        let brief = node.get("brief")?.text()?;
        let about = format!("{brief}\n\n{}", node.find("note")?.map(Node::text).transpose()?.unwrap_or_default());
        let span = Span {
            kind: kind.to_owned(),
            may_be_internal: note::may_be_internal(&about),
            operations: operations(node, &about)?,
            names,
            references: references.clone(),
        };
        // Events and other spans refer to the attributes of this span by this group name.
        self.groups.insert(format!("span.{id}"), references);
        match self.spans.insert(id.to_owned(), span) {
            None => Ok(()),
            Some(_) => Err(node.error(format!("the span `{id}` is defined twice"))),
        }
    }

    fn add_event(&mut self, node: &Node, level: Requirement, references: Vec<Reference>) -> Result<(), Error> {
        let name = node.get("name")?.text()?;
        let note = node.find("note")?.map(Node::text).transpose()?.unwrap_or_default();
        let event = Event {
            brief: sentence(node.get("brief")?.text()?),
            level,
            severity: note::severity(note).map_err(|message| node.error(message))?,
            references,
        };
        match self.events.insert(name.to_owned(), event) {
            None => Ok(()),
            Some(_) => Err(node.error(format!("the event `{name}` is defined twice"))),
        }
    }
}

/// Returns the operations named in the text about a span, or else in the note of its operation attribute.
fn operations(node: &Node, about: &str) -> Result<Vec<String>, Error> {
    let said = note::operations(about);
    if !said.is_empty() {
        return Ok(said);
    }
    for reference in node.find("attributes")?.map(Node::list).transpose()?.unwrap_or_default() {
        if reference.find("ref")?.is_some_and(|name| name.text() == Ok(OPERATION))
            && let Some(note) = reference.find("note")?
        {
            return Ok(note::operations(&format!("`{OPERATION}` {}", note.text()?)));
        }
    }
    Ok(Vec::new())
}
