//! The [`Chunk`] (the tokens, finish reason and error that one item of a stream carries), and [`StreamItem`], which
//! items implement to return their chunk. The observed stream records the chunks.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use crate::clock::Moment;
use crate::error::Failure;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;

/// The tokens, finish reason and error that one item of a stream carries, as returned by the closure of
/// [`observe_with`](crate::Operation::observe_with) or by a [`StreamItem`]. A choice is one of several answers to one
/// request, counted from zero.
///
/// ```
/// use llmobs::{Chunk, FinishReason};
///
/// let role_only = Chunk::no_tokens();
/// let two_tokens = Chunk::tokens(2);
/// let last = Chunk::tokens(1).finish_reason(FinishReason::Stop);
/// assert_ne!(two_tokens, role_only);
/// assert_ne!(two_tokens, last);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Chunk {
    /// Number of tokens of any kind of one choice, by which the times between tokens are measured.
    pub(crate) timed_tokens: u32,
    /// Index of the choice that the timed tokens belong to.
    pub(crate) choice: u32,
    /// Index of the choice that the finish reason belongs to.
    pub(crate) finished_choice: u32,
    /// Number of protocol frames in the item, such as SSE events; 0 if the item is only a part of a frame, which the
    /// metrics of chunks ignore.
    pub(crate) frames: u32,
    /// Set if the item adds to the visible answer.
    pub(crate) is_visible: bool,
    /// Set if the answer is complete after this item.
    pub(crate) is_last: bool,
    /// Set if the error is a rejection: the operation was never admitted.
    pub(crate) is_refusal: bool,
    /// Number of tokens of the answer and of tool calls of all choices, for the token counts.
    pub(crate) text_tokens: u32,
    /// Number of reasoning tokens of all choices, for the token counts.
    pub(crate) reasoning_tokens: u32,
    /// The reason why the generation of the choice ended.
    pub(crate) finish_reason: Option<FinishReason>,
    /// The error type if the item ends the operation as failed or rejected.
    pub(crate) error: Option<ErrorType>,
    /// The moment at which the producer made the item; `None` is the moment at which the stream yields it.
    pub(crate) produced_at: Option<Moment>,
}

impl Chunk {
    const fn new(text: u32, reasoning: u32) -> Self {
        Self {
            timed_tokens: text + reasoning,
            choice: 0,
            finished_choice: 0,
            frames: 1,
            is_visible: false,
            is_last: false,
            is_refusal: false,
            text_tokens: text,
            reasoning_tokens: reasoning,
            finish_reason: None,
            error: None,
            produced_at: None,
        }
    }

    /// Returns a chunk without tokens. Examples: a role, a usage report.
    pub const fn no_tokens() -> Self {
        Self::new(0, 0)
    }

    /// Returns a chunk that the metrics of chunks and tokens ignore. Examples: a keep-alive, half a frame. The item is
    /// passed on to the consumer.
    pub const fn ignored() -> Self {
        let mut chunk = Self::no_tokens();
        chunk.frames = 0;
        chunk
    }

    /// Returns a chunk with this number of tokens of the visible answer.
    pub const fn tokens(tokens: u32) -> Self {
        let mut chunk = Self::new(tokens, 0);
        chunk.is_visible = tokens > 0;
        chunk
    }

    /// Returns a chunk with this number of reasoning tokens, which are not part of the visible answer.
    pub const fn reasoning(tokens: u32) -> Self {
        Self::new(0, tokens)
    }

    /// Returns a chunk with this number of tokens of a tool call, which are not part of the visible answer.
    pub const fn tool_call(tokens: u32) -> Self {
        Self::new(tokens, 0)
    }

    /// Returns a chunk with an error that ends the operation as `failed`, with the error type that was marked before,
    /// else with this one.
    pub fn failed(error: ErrorType) -> Self {
        Self { error: Some(error), ..Self::no_tokens() }
    }

    /// Returns a chunk with an error that ends the operation as `rejected`, or as `failed` if the stream carried tokens
    /// before or an error was marked.
    pub fn rejected(error: ErrorType) -> Self {
        Self { is_refusal: true, ..Self::failed(error) }
    }

    /// Returns a chunk with an error that ends the operation with the outcome that the error type implies, by the rule of
    /// [`Operation::end_with_error`](crate::Operation::end_with_error), except that a cancellation is `failed`: the
    /// stream would have been dropped. The error may be an [`ErrorType`], a [`Failure`], or an error that
    /// [converts](Failure#error-types-of-the-application) into one. A chunk contains only the error type of a failure.
    pub fn error(error: impl Into<Failure>) -> Self {
        let error = error.into().error_type();
        if error.is_refusal() { Self::rejected(error) } else { Self::failed(error) }
    }

    /// Merges two chunks of one item, such as reasoning and content, or tokens of two choices. The result counts as one
    /// chunk. Tokens of all kinds and choices are counted; if the choices differ, only the tokens of the choice of
    /// `self` are timed, or those of `other` if `self` has no tokens. A chunk has one finish reason: if both have one,
    /// that of `self` remains, so set the reason of the other choice with
    /// [`Marker::finish_reason_for`](crate::Marker::finish_reason_for). Of two errors, that of `self` remains; the
    /// tokens and the finish reason of a chunk with an error are not recorded. Of two [moments](Self::produced_at), the
    /// later one remains.
    ///
    /// ```
    /// use llmobs::Chunk;
    ///
    /// let delta = Chunk::reasoning(2).merge(Chunk::tokens(1));
    /// assert_eq!(Chunk::ignored().merge(delta.clone()), delta);
    /// ```
    pub fn merge(self, other: Self) -> Self {
        let (choice, tokens) = match (self.timed_tokens, other.timed_tokens) {
            (0, _) => (other.choice, other.timed_tokens),
            (ours, theirs) if self.choice == other.choice => (self.choice, ours.saturating_add(theirs)),
            (ours, _) => (self.choice, ours),
        };
        Self {
            timed_tokens: tokens,
            choice,
            finished_choice: if self.finish_reason.is_some() { self.finished_choice } else { other.finished_choice },
            frames: self.frames.max(other.frames),
            is_visible: self.is_visible || other.is_visible,
            is_last: self.is_last || other.is_last,
            is_refusal: if self.error.is_some() { self.is_refusal } else { other.is_refusal },
            text_tokens: self.text_tokens.saturating_add(other.text_tokens),
            reasoning_tokens: self.reasoning_tokens.saturating_add(other.reasoning_tokens),
            finish_reason: self.finish_reason.or(other.finish_reason),
            error: self.error.or(other.error),
            produced_at: self.produced_at.max(other.produced_at),
        }
    }

    /// Sets the number of protocol frames in this item. The frames share the item's time.
    #[cfg(feature = "sse")]
    pub(crate) const fn frames(mut self, frames: u32) -> Self {
        self.frames = frames;
        self
    }

    /// Sets the index of the choice, the one of several answers, that the chunk belongs to. Defaults to 0.
    pub const fn choice(mut self, choice: u32) -> Self {
        self.choice = choice;
        self.finished_choice = choice;
        self
    }

    /// Marks the chunk as the last one of the answer: a drop of the stream after it counts as a completion.
    pub const fn last(mut self) -> Self {
        self.is_last = true;
        self
    }

    /// Sets the reason why the generation ended, and marks the chunk as the last one.
    pub fn finish_reason(mut self, reason: FinishReason) -> Self {
        self.finish_reason = Some(reason);
        self.is_last = true;
        self
    }

    /// Sets the moment at which the producer, an engine or an upstream, made the item, on the observer's clock. Servers
    /// should set it: the recorded times then exclude the delay between producer and consumer. A moment in the future
    /// counts as now. Defaults to the moment at which the stream yields the item.
    pub fn produced_at(mut self, moment: impl Into<Moment>) -> Self {
        self.produced_at = Some(moment.into());
        self
    }
}

/// Returns a chunk without tokens, as [`no_tokens`](Chunk::no_tokens) does.
impl Default for Chunk {
    fn default() -> Self {
        Self::no_tokens()
    }
}

impl From<u32> for Chunk {
    fn from(tokens: u32) -> Self {
        Self::tokens(tokens)
    }
}

/// An item that describes its own content, for [`observe`](crate::Operation::observe).
#[diagnostic::on_unimplemented(
    message = "the number of tokens of `{Self}` is unknown, because it does not implement `llmobs::stream::StreamItem`",
    note = "pass a function that returns the tokens to `observe_with` or, in `#[llm_span]`, with `tokens = path`; or \
            implement `llmobs::stream::StreamItem`"
)]
pub trait StreamItem {
    /// Returns the tokens, finish reason and error that the item carries.
    fn to_chunk(&self) -> Chunk;

    /// Returns the text that the item adds to the answer. If most tokens of the item's chunk are reasoning tokens, it
    /// is captured as reasoning. Called only if content is captured. Defaults to `None`.
    fn text(&self) -> Option<&str> {
        None
    }
}

impl StreamItem for Chunk {
    fn to_chunk(&self) -> Chunk {
        self.clone()
    }
}

/// A string carries one token, or none if it is empty. This is exact for an engine that sends single tokens, and an
/// estimate for others.
impl StreamItem for str {
    fn to_chunk(&self) -> Chunk {
        Chunk::tokens(u32::from(!self.is_empty()))
    }

    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl StreamItem for String {
    fn to_chunk(&self) -> Chunk {
        self.as_str().to_chunk()
    }

    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl<T: StreamItem + ?Sized> StreamItem for &T {
    fn to_chunk(&self) -> Chunk {
        (**self).to_chunk()
    }

    fn text(&self) -> Option<&str> {
        (**self).text()
    }
}

impl<T: StreamItem + ?Sized> StreamItem for Box<T> {
    fn to_chunk(&self) -> Chunk {
        (**self).to_chunk()
    }

    fn text(&self) -> Option<&str> {
        (**self).text()
    }
}

impl<T: StreamItem + ?Sized> StreamItem for Arc<T> {
    fn to_chunk(&self) -> Chunk {
        (**self).to_chunk()
    }

    fn text(&self) -> Option<&str> {
        (**self).text()
    }
}

impl<T: StreamItem + ?Sized> StreamItem for Rc<T> {
    fn to_chunk(&self) -> Chunk {
        (**self).to_chunk()
    }

    fn text(&self) -> Option<&str> {
        (**self).text()
    }
}

impl StreamItem for Cow<'_, str> {
    fn to_chunk(&self) -> Chunk {
        self.as_ref().to_chunk()
    }

    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

/// An `Err` item ends the operation as `failed`, with the error type that was marked before, else with `_OTHER`.
///
/// The type of the error has no influence: this implementation is for every `E`, and Rust permits no second one for
/// errors that [convert](Failure#error-types-of-the-application) into a [`Failure`]. For these, pass a closure to
/// [`observe_with`](crate::Operation::observe_with):
///
/// ```
/// # use futures_util::{StreamExt, stream};
/// use llmobs::{Chunk, ErrorType, Observer};
/// use llmobs::stream::StreamItem;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let observer = Observer::builder().model("m").build()?;
/// # let operation = observer.chat("m").start();
/// let words = stream::iter([Err(ErrorType::RateLimited), Ok("Hello")]);
/// let words = operation.observe_with(words, |word| word.as_ref().map_or_else(Chunk::error, StreamItem::to_chunk));
/// # assert_eq!(words.count().await, 2);
/// # #[cfg(feature = "testing")]
/// # assert_eq!(llmobs::testing::Books::new(&observer).rejected, 1);
/// # Ok::<(), llmobs::BuildError>(())
/// # }).unwrap();
/// ```
///
/// `#[llm_span]` knows the type, and decides by the error of each item itself.
impl<T: StreamItem, E> StreamItem for Result<T, E> {
    fn to_chunk(&self) -> Chunk {
        match self {
            Ok(item) => item.to_chunk(),
            Err(_) => Chunk::failed(ErrorType::Other),
        }
    }

    fn text(&self) -> Option<&str> {
        self.as_ref().ok()?.text()
    }
}

#[cfg(test)]
mod tests {
    use super::Chunk;
    use crate::semconv::value::FinishReason;

    #[test]
    fn a_merged_chunk_keeps_the_finish_reason_of_its_choice() {
        let running = Chunk::tokens(1).choice(0);
        let finished = Chunk::no_tokens().choice(1).finish_reason(FinishReason::Length);
        for merged in [running.clone().merge(finished.clone()), finished.merge(running)] {
            assert_eq!((merged.choice, merged.timed_tokens), (0, 1));
            assert_eq!((merged.finished_choice, merged.finish_reason), (1, Some(FinishReason::Length)));
        }
    }
}
