//! The content of one operation on its way through the gate.

use std::fmt;

use serde_json::Value;

use super::CaptureReport;
use super::ContentCapture;
use super::Gate;
use super::plan::ListItem;
use super::plan::ListPlan;
use super::report::as_u64;
use super::serialize::ContentSerializer;
use super::truncate::Keep;
use super::truncate::fit;
use super::truncate::length;
use super::truncate::shrink;
use crate::content::Content;
use crate::content::Document;
use crate::content::Message;
use crate::content::ToolDefinition;
use crate::content::Truncation;

/// The content of one operation on its way through the gate: what one span or event may have in all.
///
/// Each method gives what may leave, or nothing: where capture is off, and where nothing is left to say.
#[derive(Debug)]
pub struct GatePass<'g> {
    gate: &'g Gate,
    /// Bytes that may still leave.
    remaining_bytes: usize,
    report: CaptureReport,
}

/// Something that passed, and goes where the gate lets it go. Its `Debug` prints none of it.
#[derive(Clone, PartialEq)]
pub struct GatedValue {
    value: Value,
    capture: ContentCapture,
}

impl<'g> GatePass<'g> {
    pub(super) fn new(gate: &'g Gate, remaining_bytes: usize) -> Self {
        Self { gate, remaining_bytes, report: CaptureReport::default() }
    }

    /// Bytes that may still leave.
    pub(crate) const fn remaining_bytes(&self) -> usize {
        self.remaining_bytes
    }

    /// Where what passes may go.
    #[must_use]
    pub fn capture(&self) -> ContentCapture {
        self.gate.capture()
    }

    /// What was masked, cut and left out so far.
    #[must_use]
    pub const fn report(&self) -> &CaptureReport {
        &self.report
    }

    /// `gen_ai.input.messages`.
    pub fn input(&mut self, messages: &[Message]) -> Option<GatedValue> {
        self.list(messages, Keep::Last, |shaper, message| shaper.message(message, false))
    }

    /// `gen_ai.output.messages`.
    pub fn output(&mut self, messages: &[Message]) -> Option<GatedValue> {
        self.list(messages, Keep::First, |shaper, message| shaper.message(message, true))
    }

    /// `gen_ai.system_instructions`: instructions that are no messages of the conversation.
    pub fn system_instructions(&mut self, texts: &[Content<String>]) -> Option<GatedValue> {
        self.list(texts, Keep::First, |shaper, text| shaper.instruction(text))
    }

    /// `gen_ai.tool.definitions`.
    pub fn tool_definitions(&mut self, tools: &[ToolDefinition]) -> Option<GatedValue> {
        self.list(tools, Keep::First, |shaper, tool| shaper.definition(tool))
    }

    /// `gen_ai.retrieval.documents`.
    pub fn documents(&mut self, documents: &[Document]) -> Option<GatedValue> {
        let real: Vec<&Document> = documents.iter().filter(|document| document.score.is_finite()).collect();
        self.report.dropped_messages += as_u64(documents.len() - real.len());
        self.list(&real, Keep::First, |shaper, document| shaper.document(document))
    }

    /// A value alone: `gen_ai.tool.call.arguments`, `gen_ai.tool.call.result`.
    pub fn json(&mut self, content: &Content<Value>) -> Option<GatedValue> {
        self.alone(|shaper| shaper.json(content, Truncation::None))
    }

    /// A text alone: the message of an error, `gen_ai.retrieval.query.text`.
    pub fn text(&mut self, content: &Content<String>) -> Option<GatedValue> {
        self.alone(|shaper| shaper.text(content, Truncation::None))
    }

    fn alone(&mut self, shape: impl FnOnce(&mut ContentSerializer<'_>) -> Value) -> Option<GatedValue> {
        let limit = self.limit()?;
        let mut value = shape(&mut self.shaper());
        let size = length(&value);
        shrink(&mut value, limit);
        self.report.cut(size - length(&value));
        Some(self.passed(value))
    }

    fn list<T: ListItem>(
        &mut self,
        items: &[T],
        keep: Keep,
        mut shape: impl FnMut(&mut ContentSerializer<'_>, &T) -> Value,
    ) -> Option<GatedValue> {
        let limit = self.limit().filter(|_| !items.is_empty())?;
        let share = ListPlan::of(items, limit, self.gate.limits().part_bytes(), keep);
        self.report.dropped_messages += as_u64(items.len() - share.items.len());
        let mut shaper = self.shaper();
        shaper.part_bytes = share.part_bytes;
        shaper.max_parts = share.max_parts;
        let shaped = items[share.items].iter().map(|item| shape(&mut shaper, item)).collect();
        let value = fit(shaped, limit, keep, &mut self.report);
        Some(self.passed(value))
    }

    /// How much the next thing may have; nothing if that is not worth while.
    fn limit(&self) -> Option<usize> {
        let limit = self.gate.limits().list_bytes().min(self.remaining_bytes);
        (self.gate.capture().is_on() && limit >= 2).then_some(limit)
    }

    fn shaper(&mut self) -> ContentSerializer<'_> {
        self.gate.shaper(&mut self.report)
    }

    fn passed(&mut self, value: Value) -> GatedValue {
        self.remaining_bytes -= length(&value).min(self.remaining_bytes);
        GatedValue { value, capture: self.gate.capture() }
    }
}

impl GatedValue {
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

impl fmt::Debug for GatedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatedValue").field("bytes", &length(&self.value)).finish_non_exhaustive()
    }
}
