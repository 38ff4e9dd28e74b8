//! The export of one operation's content through the gate.

use std::fmt;

use serde_json::Value;

use super::CaptureReport;
use super::ContentCapture;
use super::gate_rules::GateRules;
use super::plan::ListItem;
use super::plan::ListPlan;
use super::report::as_u64;
use super::serialize::ContentSerializer;
use super::truncate::Keep;
use super::truncate::json_bytes;
use super::truncate::truncate_list;
use super::truncate::truncate_value;
use crate::content::Content;
use crate::content::Document;
use crate::content::Message;
use crate::content::ToolDefinition;
use llmobs_redact::Truncation;

/// The export of one operation's content through the gate, within the limit of one span or event.
///
/// Each method that takes content returns the redacted and truncated value, or `None` if capture is off, if the list of
/// values is empty, or if fewer than 2 bytes are allowed: by the limit of one attribute, or by those that remain of the
/// limit of the span or event.
#[derive(Debug)]
pub struct GatePass<'g> {
    rules: &'g GateRules,
    /// Bytes that may still be exported.
    remaining_bytes: usize,
    report: CaptureReport,
}

/// A value that passed the gate, with the signals that may receive it. `Debug` prints only the size.
#[derive(Clone, PartialEq)]
pub struct GatedValue {
    value: Value,
    capture: ContentCapture,
}

impl<'g> GatePass<'g> {
    pub(super) fn new(rules: &'g GateRules, remaining_bytes: usize) -> Self {
        Self { rules, remaining_bytes, report: CaptureReport::default() }
    }

    /// Returns the number of bytes that may still be exported.
    pub(crate) const fn remaining_bytes(&self) -> usize {
        self.remaining_bytes
    }

    /// Returns the capture mode.
    #[must_use]
    pub fn capture(&self) -> ContentCapture {
        self.rules.capture
    }

    /// Returns the counts of redactions, truncations and drops so far.
    #[must_use]
    pub const fn report(&self) -> &CaptureReport {
        &self.report
    }

    /// Returns the value of `gen_ai.input.messages`. If the list is too long, the last messages are kept.
    pub fn input(&mut self, messages: &[Message]) -> Option<GatedValue> {
        self.list(messages, Keep::Last, |serializer, message| serializer.message(message, false))
    }

    /// Returns the value of `gen_ai.output.messages`. If the list is too long, the first messages are kept.
    pub fn output(&mut self, messages: &[Message]) -> Option<GatedValue> {
        self.list(messages, Keep::First, |serializer, message| serializer.message(message, true))
    }

    /// Returns the value of `gen_ai.system_instructions`: instructions that are not messages of the conversation.
    /// If the list is too long, the first are kept.
    pub fn system_instructions(&mut self, texts: &[Content<String>]) -> Option<GatedValue> {
        self.list(texts, Keep::First, |serializer, text| serializer.instruction(text))
    }

    /// Returns the value of `gen_ai.tool.definitions`. If the list is too long, the first are kept.
    pub fn tool_definitions(&mut self, tools: &[ToolDefinition]) -> Option<GatedValue> {
        self.list(tools, Keep::First, |serializer, tool| serializer.definition(tool))
    }

    /// Returns the value of `gen_ai.retrieval.documents`. Documents with a score that is not finite are dropped.
    /// If the list is too long, the first are kept.
    pub fn documents(&mut self, documents: &[Document]) -> Option<GatedValue> {
        let finite: Vec<&Document> = documents.iter().filter(|document| document.score.is_finite()).collect();
        self.report.dropped_messages += as_u64(documents.len() - finite.len());
        self.list(&finite, Keep::First, |serializer, document| serializer.document(document))
    }

    /// Returns a single JSON value, such as `gen_ai.tool.call.arguments` or `gen_ai.tool.call.result`.
    pub fn json(&mut self, content: &Content<Value>) -> Option<GatedValue> {
        self.single_value(|serializer| serializer.json(content, Truncation::None))
    }

    /// Returns a single text, such as the message of an error or `gen_ai.retrieval.query.text`.
    pub fn text(&mut self, content: &Content<String>) -> Option<GatedValue> {
        self.single_value(|serializer| serializer.text(content, Truncation::None))
    }

    fn single_value(&mut self, serialize: impl FnOnce(&mut ContentSerializer<'_>) -> Value) -> Option<GatedValue> {
        let limit = self.next_limit()?;
        let mut value = serialize(&mut self.serializer());
        let size = json_bytes(&value);
        truncate_value(&mut value, limit);
        self.report.add_truncated(size - json_bytes(&value));
        Some(self.gated(value))
    }

    fn list<T: ListItem>(
        &mut self,
        items: &[T],
        keep: Keep,
        mut serialize: impl FnMut(&mut ContentSerializer<'_>, &T) -> Value,
    ) -> Option<GatedValue> {
        let limit = self.next_limit().filter(|_| !items.is_empty())?;
        let plan = ListPlan::for_list(items, limit, self.rules.limits.part_bytes(), keep);
        self.report.dropped_messages += as_u64(items.len() - plan.items.len());
        let mut serializer = self.serializer();
        serializer.part_bytes = plan.part_bytes;
        serializer.max_parts = plan.max_parts;
        let serialized = items[plan.items].iter().map(|item| serialize(&mut serializer, item)).collect();
        let value = truncate_list(serialized, limit, keep, &mut self.report);
        Some(self.gated(value))
    }

    /// Returns the limit of the next value in bytes, or `None` if capture is off or fewer than 2 bytes remain.
    fn next_limit(&self) -> Option<usize> {
        let limit = self.rules.limits.attribute_bytes().min(self.remaining_bytes);
        (self.rules.capture.is_on() && limit >= 2).then_some(limit)
    }

    fn serializer(&mut self) -> ContentSerializer<'_> {
        self.rules.serializer(&mut self.report)
    }

    fn gated(&mut self, value: Value) -> GatedValue {
        self.remaining_bytes -= json_bytes(&value).min(self.remaining_bytes);
        GatedValue { value, capture: self.rules.capture }
    }
}

impl GatedValue {
    /// Returns the value for a span attribute: a text unchanged, other values as JSON. `None` if spans receive no
    /// content.
    #[must_use]
    pub fn for_span(&self) -> Option<String> {
        self.capture.is_on_spans().then(|| match &self.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// Returns the text of one message of a list, selected by `select`, for a span attribute: its text parts, each on
    /// lines of its own, or the message as JSON if it has none. `None` if spans receive no content, if the value is not
    /// a list, or if `select` returns `None`.
    pub(crate) fn message_for_span(&self, select: impl FnOnce(&[Value]) -> Option<&Value>) -> Option<String> {
        let messages = self.value.as_array().filter(|_| self.capture.is_on_spans())?;
        let message = select(messages)?;
        let parts = message.get("parts").and_then(Value::as_array).into_iter().flatten();
        let texts = parts.filter(|part| part.get("type").is_some_and(|kind| kind == "text"));
        let texts: Vec<&str> = texts.filter_map(|part| part.get("content")?.as_str()).collect();
        Some(if texts.is_empty() { message.to_string() } else { texts.join("\n") })
    }

    /// Returns the value for an event attribute. `None` if events receive no content.
    #[must_use]
    pub fn for_event(&self) -> Option<&Value> {
        self.capture.is_on_events().then_some(&self.value)
    }

    /// Returns the value for the application's hook, in every mode except off.
    pub(super) fn into_value(self) -> Value {
        self.value
    }
}

impl fmt::Debug for GatedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatedValue").field("bytes", &json_bytes(&self.value)).finish_non_exhaustive()
    }
}
