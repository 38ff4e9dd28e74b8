//! The buffer for streamed content.

use std::collections::BTreeMap;

use serde_json::Value;

use super::CaptureReport;
use super::Permit;
use super::gate_rules::GateRules;
use super::serialize::has_finished_normally;
use crate::content::Content;
use crate::content::Message;
use crate::content::Part;
use crate::content::ToolCall;
use crate::semconv::value::FinishReason;
use crate::text::prefix;
use llmobs_redact::Truncation;

/// A bounded buffer for the content of a stream, with separate texts for each choice, which is one of several answers
/// to a request: answer texts, reasoning, and the arguments of each tool call.
///
/// Redaction runs once over each complete text when the message passes the gate, so the boundaries of the deltas do not
/// matter. Bytes beyond a limit or the [`ContentBudget`](super::ContentBudget) are dropped and counted. A text that
/// ends early is marked, so the redactor removes a possible beginning of a secret at its end.
///
/// ```
/// use llmobs::FinishReason;
/// use llmobs::capture::ContentCapture;
/// use llmobs::capture::Gate;
///
/// let gate = Gate::builder().capture(ContentCapture::Events).build();
/// let mut accumulator = gate.accumulator().unwrap();
/// for delta in ["I am ja", "ne@exa", "mple.org"] {
///     accumulator.push_text(0, delta);
/// }
/// accumulator.set_finish_reason(0, FinishReason::Stop);
/// let gated = gate.pass().output(&accumulator.into_messages()).unwrap();
/// assert_eq!(gated.for_event().unwrap()[0]["parts"][0]["content"], "I am [EMAIL]");
/// ```
#[derive(Debug)]
pub struct ContentAccumulator {
    choices: BTreeMap<u32, ChoiceBuffer>,
    /// Limit of one part in bytes.
    max_part_bytes: usize,
    /// Limit of all parts of a choice in bytes, since no more could be exported.
    max_choice_bytes: usize,
    text_permit: Permit,
    /// Permit for the memory of the parts beside their texts.
    overhead_permit: Permit,
    report: CaptureReport,
}

#[derive(Debug, Default)]
struct ChoiceBuffer {
    parts: Vec<PartBuffer>,
    bytes: usize,
    finish_reason: Option<FinishReason>,
}

struct PartBuffer {
    channel: PartChannel,
    buffer: TextBuffer,
    /// Id of a tool call.
    id: Option<String>,
    name: Option<String>,
}

/// Omits the name and the id, since a model generated them.
impl std::fmt::Debug for PartBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartBuffer").field("channel", &self.channel).field("text", &self.buffer).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PartChannel {
    Reasoning,
    Text,
    ToolCall(u32),
}

/// A text that stops growing at its limit. `Debug` prints no text.
#[derive(Default)]
struct TextBuffer {
    text: String,
    truncated_bytes: usize,
}

impl std::fmt::Debug for TextBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextBuffer").field("cut", &self.truncated_bytes).finish_non_exhaustive()
    }
}

/// Limit of the choices of one stream, above what providers allow.
const MAX_CHOICES: usize = 128;
const MAX_PARTS: usize = 256;
const MAX_NAME_BYTES: usize = 256;

/// Bytes captured beyond the export limit: room for text that redaction shortens, and for the end of a match that
/// begins within the limit.
const LOOKAHEAD_BYTES: usize = 4 * 1024;

impl ContentAccumulator {
    pub(super) fn new(rules: &GateRules) -> Self {
        Self {
            choices: BTreeMap::new(),
            max_part_bytes: rules.limits.part_bytes().saturating_add(LOOKAHEAD_BYTES),
            max_choice_bytes: rules.limits.attribute_bytes().saturating_add(LOOKAHEAD_BYTES),
            text_permit: rules.budget.permit(),
            overhead_permit: rules.budget.permit(),
            report: CaptureReport::default(),
        }
    }

    /// Returns an accumulator without limits on bytes, for a response whose bytes are all in memory already.
    #[cfg(feature = "sse")]
    pub(crate) fn unlimited() -> Self {
        let budget = super::ContentBudget::new(usize::MAX);
        Self {
            choices: BTreeMap::new(),
            max_part_bytes: usize::MAX,
            max_choice_bytes: usize::MAX,
            text_permit: budget.permit(),
            overhead_permit: budget.permit(),
            report: CaptureReport::default(),
        }
    }

    /// Appends a delta of a choice's text.
    pub fn push_text(&mut self, choice: u32, delta: &str) {
        self.push_delta(choice, PartChannel::Text, delta);
    }

    /// Appends a delta of a choice's reasoning.
    pub fn push_reasoning(&mut self, choice: u32, delta: &str) {
        self.push_delta(choice, PartChannel::Reasoning, delta);
    }

    /// Appends a delta of a tool call's arguments. `index` counts the tool calls of the choice from zero. The first
    /// known id and name are kept, each truncated to 256 bytes.
    pub fn push_tool_call(&mut self, choice: u32, index: u32, id: Option<&str>, name: Option<&str>, arguments: &str) {
        if let Some(part) = self.push_delta(choice, PartChannel::ToolCall(index), arguments) {
            part.id = part.id.take().or_else(|| id.map(truncate_name));
            part.name = part.name.take().or_else(|| name.map(truncate_name));
        }
    }

    /// Sets the finish reason of a choice, in place of an earlier one. Ignored for a new choice beyond the first 128.
    pub fn set_finish_reason(&mut self, choice: u32, reason: FinishReason) {
        if let Some(choice) = self.choice_mut(choice) {
            choice.finish_reason = Some(reason);
        }
    }

    /// Sets the finish reason of each choice that has received something and has no finish reason.
    pub(crate) fn set_missing_finish_reasons(&mut self, reason: &FinishReason) {
        for choice in self.choices.values_mut() {
            choice.finish_reason.get_or_insert_with(|| reason.clone());
        }
    }

    /// Returns the counts of content that was not captured.
    #[must_use]
    pub const fn report(&self) -> &CaptureReport {
        &self.report
    }

    /// Returns the number of captured bytes of texts, reasoning and arguments, without names and ids.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.text_permit.bytes()
    }

    /// Returns one message for each choice, in order of the choice's index. The bytes reserved in the budget become
    /// free.
    #[must_use]
    pub fn into_messages(self) -> Vec<Message> {
        self.choices.into_values().map(ChoiceBuffer::into_message).collect()
    }

    fn choice_mut(&mut self, number: u32) -> Option<&mut ChoiceBuffer> {
        let full = self.choices.len() >= MAX_CHOICES && !self.choices.contains_key(&number);
        (!full).then(|| self.choices.entry(number).or_default())
    }

    fn push_delta(&mut self, choice: u32, channel: PartChannel, delta: &str) -> Option<&mut PartBuffer> {
        if self.choice_mut(choice).is_none() {
            self.report.add_rejected(delta.len());
            return None;
        }
        let choice = self.choices.entry(choice).or_default();
        let index = match channel {
            PartChannel::ToolCall(_) => choice.parts.iter().position(|part| part.channel == channel),
            // Text after a tool call is a separate part.
            PartChannel::Reasoning | PartChannel::Text => {
                choice.parts.last().filter(|part| part.channel == channel).map(|_| choice.parts.len() - 1)
            }
        };
        let index = match index {
            Some(index) => index,
            None => {
                let has_place = choice.parts.len() < MAX_PARTS;
                // Empty parts count against the budget too.
                if !(has_place && self.overhead_permit.try_grow(size_of::<PartBuffer>())) {
                    self.report.dropped_parts += 1;
                    self.report.is_over_budget |= has_place;
                    self.report.add_rejected(delta.len());
                    return None;
                }
                choice.parts.push(PartBuffer { channel, buffer: TextBuffer::default(), id: None, name: None });
                choice.parts.len() - 1
            }
        };
        let part = &mut choice.parts[index];
        let previous_len = part.buffer.text.len();
        let limit = self.max_part_bytes.min(previous_len + self.max_choice_bytes.saturating_sub(choice.bytes));
        let (rejected, over_budget) = part.buffer.push(delta, limit, &mut self.text_permit);
        choice.bytes += part.buffer.text.len() - previous_len;
        self.report.add_rejected(rejected);
        self.report.is_over_budget |= over_budget;
        Some(part)
    }
}

impl TextBuffer {
    /// Appends the bytes that fit. Returns the number of dropped bytes, and whether the budget was exceeded. After the
    /// first drop, all later bytes are dropped.
    fn push(&mut self, delta: &str, limit: usize, permit: &mut Permit) -> (usize, bool) {
        let remaining_bytes = if self.truncated_bytes == 0 { limit.saturating_sub(self.text.len()) } else { 0 };
        let mut accepted = prefix(delta, remaining_bytes).len();
        let over_budget = accepted > 0 && !permit.try_grow(accepted);
        if over_budget {
            accepted = 0;
        }
        self.text.push_str(&delta[..accepted]);
        self.truncated_bytes += delta.len() - accepted;
        (delta.len() - accepted, over_budget)
    }
}

impl ChoiceBuffer {
    fn into_message(self) -> Message {
        let is_complete = has_finished_normally(self.finish_reason.as_ref());
        let last = self.parts.len().saturating_sub(1);
        let parts = self.parts.into_iter().enumerate().map(|(index, part)| part.into_part(is_complete || index < last));
        let message = parts.fold(Message::assistant(), Message::part);
        match self.finish_reason {
            Some(reason) => message.finish_reason(reason),
            None => message,
        }
    }
}

impl PartBuffer {
    fn into_part(self, is_complete: bool) -> Part {
        let TextBuffer { text, truncated_bytes } = self.buffer;
        let truncation = match truncated_bytes {
            0 if is_complete => Truncation::None,
            0 => Truncation::Unknown,
            truncated_bytes => Truncation::Bytes(truncated_bytes),
        };
        match self.channel {
            PartChannel::Reasoning => Part::truncated_reasoning(Content::from(text), truncation),
            PartChannel::Text => Part::truncated_text(Content::from(text), truncation),
            PartChannel::ToolCall(_) => {
                let call = ToolCall::new(self.name.unwrap_or_default());
                let call = self.id.into_iter().fold(call, ToolCall::id);
                let mut call = match (text.is_empty(), truncated_bytes) {
                    (true, _) => call,
                    (false, 0) => call.arguments_text(text),
                    // A truncated JSON object cannot be parsed: keep its beginning as text.
                    (false, _) => call.arguments(Value::String(text)),
                };
                call.truncation = truncation;
                call.into()
            }
        }
    }
}

fn truncate_name(text: &str) -> String {
    prefix(text, MAX_NAME_BYTES).to_owned()
}
