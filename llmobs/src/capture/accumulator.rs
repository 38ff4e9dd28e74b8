//! The buffer for streamed content.

use std::collections::BTreeMap;

use serde_json::Value;

use super::CaptureReport;
use super::Gate;
use super::Permit;
use super::serialize::has_ended;
use crate::content::Content;
use crate::content::Message;
use crate::content::Part;
use crate::content::ToolCall;
use crate::content::Truncation;
use crate::semconv::value::FinishReason;

/// A bounded buffer for the content of a stream, with separate texts for each choice and channel.
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
/// let mut gathering = gate.gather().unwrap();
/// for delta in ["I am ja", "ne@exa", "mple.org"] {
///     gathering.text(0, delta);
/// }
/// gathering.finish_reason(0, FinishReason::Stop);
/// let passed = gate.passage().output(&gathering.into_messages()).unwrap();
/// assert_eq!(passed.for_event().unwrap()[0]["parts"][0]["content"], "I am [EMAIL]");
/// ```
#[derive(Debug)]
pub struct ContentAccumulator {
    choices: BTreeMap<u32, ChoiceBuffer>,
    /// Limit of one part in bytes.
    part_limit: usize,
    /// Limit of all parts of a choice in bytes, since no more could be exported.
    choice_limit: usize,
    lease: Permit,
    /// Permit for the memory of the parts beside their texts.
    frames: Permit,
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
    text: TextBuffer,
    /// Id of a tool call.
    id: Option<String>,
    name: Option<String>,
}

/// Omits the name and the id, since a model generated them.
impl std::fmt::Debug for PartBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartBuffer").field("channel", &self.channel).field("text", &self.text).finish_non_exhaustive()
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
    cut: usize,
}

impl std::fmt::Debug for TextBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextBuffer").field("cut", &self.cut).finish_non_exhaustive()
    }
}

/// Limit of the choices of one stream, above what providers allow.
const MAX_CHOICES: usize = 128;
const MAX_PARTS: usize = 256;
const NAME_BYTES: usize = 256;

/// Bytes captured beyond the export limit: room for text that redaction shortens, and for the end of a match that
/// begins within the limit.
const AHEAD: usize = 4 * 1024;

impl ContentAccumulator {
    pub(super) fn new(gate: &Gate) -> Self {
        Self {
            choices: BTreeMap::new(),
            part_limit: gate.limits().part_bytes().saturating_add(AHEAD),
            choice_limit: gate.limits().list_bytes().saturating_add(AHEAD),
            lease: gate.budget().lease(),
            frames: gate.budget().lease(),
            report: CaptureReport::default(),
        }
    }

    /// Appends a delta of a choice's text.
    pub fn text(&mut self, choice: u32, delta: &str) {
        self.add(choice, PartChannel::Text, delta);
    }

    /// Appends a delta of a choice's reasoning.
    pub fn reasoning(&mut self, choice: u32, delta: &str) {
        self.add(choice, PartChannel::Reasoning, delta);
    }

    /// Appends a delta of a tool call's arguments. `index` counts the tool calls of the choice from zero. The first
    /// known id and name are kept.
    pub fn tool_call(&mut self, choice: u32, index: u32, id: Option<&str>, name: Option<&str>, arguments: &str) {
        if let Some(part) = self.add(choice, PartChannel::ToolCall(index), arguments) {
            part.id = part.id.take().or_else(|| id.map(short));
            part.name = part.name.take().or_else(|| name.map(short));
        }
    }

    /// Sets the finish reason of a choice.
    pub fn finish_reason(&mut self, choice: u32, reason: FinishReason) {
        if let Some(choice) = self.choice(choice) {
            choice.finish_reason = Some(reason);
        }
    }

    /// Sets the finish reason of all choices that have none.
    pub(crate) fn finish_others(&mut self, reason: &FinishReason) {
        for choice in self.choices.values_mut() {
            choice.finish_reason.get_or_insert_with(|| reason.clone());
        }
    }

    /// Returns the counts of content that was not captured.
    #[must_use]
    pub const fn report(&self) -> &CaptureReport {
        &self.report
    }

    /// Returns the number of captured bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.lease.bytes()
    }

    /// Returns one message for each choice, in order of the choice's index. Returns the permits to the budget.
    #[must_use]
    pub fn into_messages(self) -> Vec<Message> {
        self.choices.into_values().map(ChoiceBuffer::into_message).collect()
    }

    fn choice(&mut self, number: u32) -> Option<&mut ChoiceBuffer> {
        let full = self.choices.len() >= MAX_CHOICES && !self.choices.contains_key(&number);
        (!full).then(|| self.choices.entry(number).or_default())
    }

    fn add(&mut self, choice: u32, channel: PartChannel, delta: &str) -> Option<&mut PartBuffer> {
        if self.choice(choice).is_none() {
            self.report.refuse(delta.len());
            return None;
        }
        let choice = self.choices.entry(choice).or_default();
        let place = match channel {
            PartChannel::ToolCall(_) => choice.parts.iter().position(|part| part.channel == channel),
            // Text after a tool call is a separate part.
            PartChannel::Reasoning | PartChannel::Text => {
                choice.parts.last().filter(|part| part.channel == channel).map(|_| choice.parts.len() - 1)
            }
        };
        let place = match place {
            Some(place) => place,
            None if choice.parts.len() >= MAX_PARTS => {
                self.report.dropped_parts += 1;
                self.report.refuse(delta.len());
                return None;
            }
            None => {
                choice.parts.push(PartBuffer { channel, text: TextBuffer::default(), id: None, name: None });
                // Count empty parts against the budget too.
                self.report.is_over_budget |= !self.frames.grow(size_of::<PartBuffer>());
                choice.parts.len() - 1
            }
        };
        let part = &mut choice.parts[place];
        let before = part.text.text.len();
        let limit = self.part_limit.min(before + self.choice_limit.saturating_sub(choice.bytes));
        let (refused, over_budget) = part.text.push(delta, limit, &mut self.lease);
        choice.bytes += part.text.text.len() - before;
        self.report.refuse(refused);
        self.report.is_over_budget |= over_budget;
        Some(part)
    }
}

impl TextBuffer {
    /// Appends the bytes that fit. Returns the number of dropped bytes, and whether the budget was exceeded. After the
    /// first drop, all later bytes are dropped.
    fn push(&mut self, delta: &str, limit: usize, lease: &mut Permit) -> (usize, bool) {
        let room = if self.cut == 0 { limit.saturating_sub(self.text.len()) } else { 0 };
        let mut taken = delta.floor_char_boundary(room.min(delta.len()));
        let over_budget = taken > 0 && !lease.grow(taken);
        if over_budget {
            taken = 0;
        }
        self.text.push_str(&delta[..taken]);
        self.cut += delta.len() - taken;
        (delta.len() - taken, over_budget)
    }
}

impl ChoiceBuffer {
    fn into_message(self) -> Message {
        let ended = has_ended(self.finish_reason.as_ref());
        let last = self.parts.len().saturating_sub(1);
        let parts = self.parts.into_iter().enumerate().map(|(place, part)| part.into_part(ended || place < last));
        let message = parts.fold(Message::assistant(), Message::part);
        match self.finish_reason {
            Some(reason) => message.finish_reason(reason),
            None => message,
        }
    }
}

impl PartBuffer {
    fn into_part(self, ended: bool) -> Part {
        let TextBuffer { text, cut } = self.text;
        let missing = match cut {
            0 if ended => Truncation::None,
            0 => Truncation::Unknown,
            cut => Truncation::Bytes(cut),
        };
        match self.channel {
            PartChannel::Reasoning => Part::reasoning_without(Content::from(text), missing),
            PartChannel::Text => Part::text_without(Content::from(text), missing),
            PartChannel::ToolCall(_) => {
                let call = ToolCall::new(self.name.unwrap_or_default());
                let call = self.id.into_iter().fold(call, ToolCall::id);
                let mut call = match (text.is_empty(), cut) {
                    (true, _) => call,
                    (false, 0) => call.arguments_text(text),
                    // A truncated JSON object cannot be parsed: keep its beginning as text.
                    (false, _) => call.arguments(Value::String(text)),
                };
                call.missing = missing;
                call.into()
            }
        }
    }
}

fn short(text: &str) -> String {
    text[..text.floor_char_boundary(NAME_BYTES)].to_owned()
}
