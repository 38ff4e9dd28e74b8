//! The content of one operation on its way through the gate.

use std::fmt;

use serde_json::Value;

use super::ContentCapture;
use super::Gate;
use super::Report;
use super::fit::Keep;
use super::fit::fit;
use super::fit::length;
use super::fit::shrink;
use super::report::as_u64;
use super::shape::Shaper;
use super::share::Bulk;
use super::share::Share;
use crate::content::Content;
use crate::content::Document;
use crate::content::Message;
use crate::content::Missing;
use crate::content::ToolDefinition;

/// The content of one operation on its way through the gate: what one span or event may have in all.
///
/// Each method gives what may leave, or nothing: where capture is off, and where nothing is left to say.
#[derive(Debug)]
pub struct Passage<'g> {
    gate: &'g Gate,
    /// Bytes that may still leave.
    left: usize,
    report: Report,
}

/// Something that passed, and goes where the gate lets it go. Its `Debug` prints none of it.
#[derive(Clone, PartialEq)]
pub struct Passed {
    value: Value,
    capture: ContentCapture,
}

impl<'g> Passage<'g> {
    pub(super) fn new(gate: &'g Gate, left: usize) -> Self {
        Self { gate, left, report: Report::default() }
    }

    /// Bytes that may still leave.
    pub(crate) const fn left(&self) -> usize {
        self.left
    }

    /// Where what passes may go.
    #[must_use]
    pub fn capture(&self) -> ContentCapture {
        self.gate.capture()
    }

    /// What was masked, cut and left out so far.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// `gen_ai.input.messages`.
    pub fn input(&mut self, messages: &[Message]) -> Option<Passed> {
        self.list(messages, Keep::Last, |shaper, message| shaper.message(message, false))
    }

    /// `gen_ai.output.messages`.
    pub fn output(&mut self, messages: &[Message]) -> Option<Passed> {
        self.list(messages, Keep::First, |shaper, message| shaper.message(message, true))
    }

    /// `gen_ai.system_instructions`: instructions that are no messages of the conversation.
    pub fn system_instructions(&mut self, texts: &[Content<String>]) -> Option<Passed> {
        self.list(texts, Keep::First, |shaper, text| shaper.instruction(text))
    }

    /// `gen_ai.tool.definitions`.
    pub fn tool_definitions(&mut self, tools: &[ToolDefinition]) -> Option<Passed> {
        self.list(tools, Keep::First, |shaper, tool| shaper.definition(tool))
    }

    /// `gen_ai.retrieval.documents`.
    pub fn documents(&mut self, documents: &[Document]) -> Option<Passed> {
        let real: Vec<&Document> = documents.iter().filter(|document| document.score.is_finite()).collect();
        self.report.dropped_messages += as_u64(documents.len() - real.len());
        self.list(&real, Keep::First, |shaper, document| shaper.document(document))
    }

    /// A value alone: `gen_ai.tool.call.arguments`, `gen_ai.tool.call.result`.
    pub fn json(&mut self, content: &Content<Value>) -> Option<Passed> {
        self.alone(|shaper| shaper.json(content, Missing::Nothing))
    }

    /// A text alone: the message of an error, `gen_ai.retrieval.query.text`.
    pub fn text(&mut self, content: &Content<String>) -> Option<Passed> {
        self.alone(|shaper| shaper.text(content, Missing::Nothing))
    }

    fn alone(&mut self, shape: impl FnOnce(&mut Shaper<'_>) -> Value) -> Option<Passed> {
        let limit = self.limit()?;
        let mut value = shape(&mut self.shaper());
        let size = length(&value);
        shrink(&mut value, limit);
        self.report.cut(size - length(&value));
        Some(self.passed(value))
    }

    fn list<T: Bulk>(
        &mut self,
        items: &[T],
        keep: Keep,
        mut shape: impl FnMut(&mut Shaper<'_>, &T) -> Value,
    ) -> Option<Passed> {
        let limit = self.limit().filter(|_| !items.is_empty())?;
        let share = Share::of(items, limit, self.gate.limits().part_bytes(), keep);
        self.report.dropped_messages += as_u64(items.len() - share.items.len());
        let mut shaper = self.shaper();
        shaper.part_bytes = share.part_bytes;
        shaper.most_parts = share.most_parts;
        let shaped = items[share.items].iter().map(|item| shape(&mut shaper, item)).collect();
        let value = fit(shaped, limit, keep, &mut self.report);
        Some(self.passed(value))
    }

    /// How much the next thing may have; nothing if that is not worth while.
    fn limit(&self) -> Option<usize> {
        let limit = self.gate.limits().list_bytes().min(self.left);
        (self.gate.capture().is_on() && limit >= 2).then_some(limit)
    }

    fn shaper(&mut self) -> Shaper<'_> {
        self.gate.shaper(&mut self.report)
    }

    fn passed(&mut self, value: Value) -> Passed {
        self.left -= length(&value).min(self.left);
        Passed { value, capture: self.gate.capture() }
    }
}

impl Passed {
    /// The attribute of a span: a text as it is, everything else as JSON. None where spans have no content.
    #[must_use]
    pub fn for_span(&self) -> Option<String> {
        self.capture.on_spans().then(|| match &self.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// The attribute of an event. None where events have no content.
    #[must_use]
    pub fn for_event(&self) -> Option<&Value> {
        self.capture.on_events().then_some(&self.value)
    }

    /// For the application's hook, in every mode that looks at content.
    pub(super) fn into_value(self) -> Value {
        self.value
    }
}

impl fmt::Debug for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passed").field("bytes", &length(&self.value)).finish_non_exhaustive()
    }
}
