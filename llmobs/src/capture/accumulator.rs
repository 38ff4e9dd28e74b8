//! What a stream brings, kept until its end.

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

/// What a stream brings, kept until its end: a bounded buffer for each choice and channel.
///
/// It is redacted once, when all of it passes the gate, so that how it was cut cannot matter. What a limit or the
/// [`ContentBudget`](super::ContentBudget) cuts off is counted, and nothing is kept that may be the begin of something.
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
    /// Bytes that one part may have.
    part_limit: usize,
    /// Bytes that all parts of a choice may have: no more of them would leave.
    choice_limit: usize,
    lease: Permit,
    /// What the parts take beside their texts.
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
    /// Of a tool call.
    id: Option<String>,
    name: Option<String>,
}

/// Without the name and the identity: a model wrote them.
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

/// A text that stops growing at its limit. Its `Debug` prints no text.
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

/// More than any model gives.
const MAX_CHOICES: usize = 128;
const MAX_PARTS: usize = 256;
const NAME_BYTES: usize = 256;

/// Beyond what is kept: room for what masks itself, and for the end of something that begins within.
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

    /// A piece of the text of a choice.
    pub fn text(&mut self, choice: u32, delta: &str) {
        self.add(choice, PartChannel::Text, delta);
    }

    /// A piece of its reasoning.
    pub fn reasoning(&mut self, choice: u32, delta: &str) {
        self.add(choice, PartChannel::Reasoning, delta);
    }

    /// A piece of the arguments of one of its tool calls, counted from zero, and what is known of the call by now.
    pub fn tool_call(&mut self, choice: u32, index: u32, id: Option<&str>, name: Option<&str>, arguments: &str) {
        if let Some(part) = self.add(choice, PartChannel::ToolCall(index), arguments) {
            part.id = part.id.take().or_else(|| id.map(short));
            part.name = part.name.take().or_else(|| name.map(short));
        }
    }

    /// Why a choice ended.
    pub fn finish_reason(&mut self, choice: u32, reason: FinishReason) {
        if let Some(choice) = self.choice(choice) {
            choice.finish_reason = Some(reason);
        }
    }

    /// Why the choices ended that no reason is known of.
    pub(crate) fn finish_others(&mut self, reason: &FinishReason) {
        for choice in self.choices.values_mut() {
            choice.finish_reason.get_or_insert_with(|| reason.clone());
        }
    }

    /// What was not kept.
    #[must_use]
    pub const fn report(&self) -> &CaptureReport {
        &self.report
    }

    /// Bytes that are kept.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.lease.bytes()
    }

    /// One message for each choice, in their order. What they hold is given back to the budget.
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
            // Text behind a tool call is a part of its own.
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
                // Many that are empty cost something too.
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
    /// Takes what fits and gives how many bytes did not, and whether the budget was too small. Once something was left out,
    /// everything behind it is.
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
                    // Half of an object is none: a text, of which the begin is kept.
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
