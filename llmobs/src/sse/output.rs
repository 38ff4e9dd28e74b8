//! The messages of an answer that was not streamed.

use std::collections::BTreeMap;

use super::body;
use super::decoder_state::DecoderSinks;
use super::delta::ContentDelta;
use super::dialect::Dialect;
use super::event::Event;
use crate::content::Message;
use crate::content::Part;
use crate::content::ToolCall;
use crate::semconv::value::FinishReason;

/// The messages of a whole answer that was not streamed, one for each choice, in their order: its texts, refusals,
/// reasoning and calls of tools, and why it ended. They are the same as [`observe()`](super::observe()) captures of the
/// answer's stream. Empty if there are none.
///
/// Media that a model made, and what tools of the provider answered, are left out.
///
/// ```
/// use llmobs::Observer;
/// use llmobs::sse::{self, Dialect};
///
/// let observer = Observer::builder().model("m").build()?;
/// let operation = observer.chat("m").start();
/// let body = br#"{"choices":[{"index":0,"message":{"content":"Hello"},"finish_reason":"stop"}]}"#;
/// // Nothing is read unless content is captured.
/// operation.marker().output(|| sse::output(Dialect::OpenAi, body));
/// operation.complete();
///
/// let messages = sse::output(Dialect::OpenAi, body);
/// assert_eq!(messages.len(), 1);
/// assert!(!format!("{messages:?}").contains("Hello"), "nothing that it holds is printed");
/// # Ok::<(), llmobs::BuildError>(())
/// ```
#[must_use]
pub fn output(dialect: Dialect, body: &[u8]) -> Vec<Message> {
    let mut choices = BTreeMap::<u32, Vec<PartBuilder>>::new();
    let mut reasons = BTreeMap::<u32, FinishReason>::new();
    let mut on = |event: Event<'_>| {
        if let Event::FinishReason { choice, reason } = event {
            reasons.entry(choice).or_insert(reason);
        }
    };
    let mut ear = |said: ContentDelta<'_>| append_delta(&mut choices, said);
    body::read(dialect, body, &mut DecoderSinks { on: &mut on, on_delta: Some(&mut ear) });
    // A choice that was filtered away may have an end and nothing else.
    for choice in reasons.keys() {
        choices.entry(*choice).or_default();
    }
    choices.into_iter().map(|(choice, pieces)| message(pieces, reasons.remove(&choice))).collect()
}

/// A part of a message.
struct PartBuilder {
    channel: Channel,
    /// Of a call: its arguments.
    text: String,
    id: Option<String>,
    name: Option<String>,
}

#[derive(PartialEq)]
enum Channel {
    Reasoning,
    Text,
    ToolCall(u32),
}

fn append_delta(choices: &mut BTreeMap<u32, Vec<PartBuilder>>, said: ContentDelta<'_>) {
    let (choice, channel, text, [id, name]) = match said {
        ContentDelta::Reasoning { choice, text } => (choice, Channel::Reasoning, text, [None; 2]),
        ContentDelta::Text { choice, text } => (choice, Channel::Text, text, [None; 2]),
        ContentDelta::ToolCall { choice, index, id, name, arguments } => {
            (choice, Channel::ToolCall(index), arguments, [id, name])
        }
    };
    let pieces = choices.entry(choice).or_default();
    let is_same = |piece: &PartBuilder| piece.channel == channel;
    let place = match channel {
        Channel::ToolCall(_) => pieces.iter().position(is_same),
        // Text behind a call is a part of its own.
        Channel::Reasoning | Channel::Text => pieces.last().filter(|last| is_same(last)).map(|_| pieces.len() - 1),
    };
    match place.and_then(|place| pieces.get_mut(place)) {
        Some(piece) => piece.text.push_str(text),
        None => pieces.push(PartBuilder {
            channel,
            text: text.to_owned(),
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
        }),
    }
}

fn message(pieces: Vec<PartBuilder>, reason: Option<FinishReason>) -> Message {
    let message = pieces.into_iter().map(part).fold(Message::assistant(), Message::part);
    match reason {
        Some(reason) => message.finish_reason(reason),
        None => message,
    }
}

fn part(piece: PartBuilder) -> Part {
    match piece.channel {
        Channel::Reasoning => Part::reasoning(piece.text),
        Channel::Text => Part::text(piece.text),
        Channel::ToolCall(_) => {
            let call = ToolCall::new(piece.name.unwrap_or_default());
            let call = piece.id.into_iter().fold(call, ToolCall::id);
            if piece.text.is_empty() { call.into() } else { call.arguments_text(piece.text).into() }
        }
    }
}
