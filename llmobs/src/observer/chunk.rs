//! What one item of a stream carries.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use crate::clock::Moment;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;

/// What one item of a stream carries, said by the closure of
/// [`observe_with`](crate::Operation::observe_with) or by [`StreamItem`].
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
    /// Of one choice, whatever their kind: what is timed.
    pub(crate) tokens: u32,
    pub(crate) choice: u32,
    /// How many chunks of the protocol it is; none when it is but a part of one.
    pub(crate) frames: u32,
    /// A reader of the answer sees something of it.
    pub(crate) visible: bool,
    pub(crate) last: bool,
    /// The error is a refusal.
    pub(crate) refused: bool,
    /// Of all choices: what is counted.
    pub(crate) text: u32,
    pub(crate) reasoning: u32,
    pub(crate) finish_reason: Option<FinishReason>,
    pub(crate) error: Option<ErrorType>,
    pub(crate) produced_at: Option<Moment>,
}

impl Chunk {
    const fn of(text: u32, reasoning: u32) -> Self {
        Self {
            tokens: text + reasoning,
            choice: 0,
            frames: 1,
            visible: false,
            last: false,
            refused: false,
            text,
            reasoning,
            finish_reason: None,
            error: None,
            produced_at: None,
        }
    }

    /// No token: a role, a usage report.
    pub const fn no_tokens() -> Self {
        Self::of(0, 0)
    }

    /// No chunk at all: a keep-alive, half a frame. It passes, and no metric of chunks or tokens knows of it.
    pub const fn ignored() -> Self {
        let mut chunk = Self::no_tokens();
        chunk.frames = 0;
        chunk
    }

    /// Tokens of the visible answer.
    pub const fn tokens(tokens: u32) -> Self {
        let mut chunk = Self::of(tokens, 0);
        chunk.visible = tokens > 0;
        chunk
    }

    /// Reasoning tokens.
    pub const fn reasoning(tokens: u32) -> Self {
        Self::of(0, tokens)
    }

    /// Tokens of a tool call.
    pub const fn tool_call(tokens: u32) -> Self {
        Self::of(tokens, 0)
    }

    /// An error: the operation ends as `failed` with it.
    pub fn failed(error: ErrorType) -> Self {
        Self { error: Some(error), ..Self::no_tokens() }
    }

    /// A refusal: the operation ends as `rejected` with it, or as `failed` if it has given tokens before.
    pub fn rejected(error: ErrorType) -> Self {
        Self { refused: true, ..Self::failed(error) }
    }

    /// Both in one item: reasoning and content, or tokens of two choices. It is one chunk all the same. Tokens of every
    /// kind and choice count; where the choices differ, those of this one are timed.
    ///
    /// ```
    /// use llmobs::Chunk;
    ///
    /// let delta = Chunk::reasoning(2).merge(Chunk::tokens(1));
    /// assert_eq!(Chunk::ignored().merge(delta.clone()), delta);
    /// ```
    pub fn merge(self, other: Self) -> Self {
        let (choice, tokens) = match (self.tokens, other.tokens) {
            (0, _) => (other.choice, other.tokens),
            (ours, theirs) if self.choice == other.choice => (self.choice, ours.saturating_add(theirs)),
            (ours, _) => (self.choice, ours),
        };
        Self {
            tokens,
            choice,
            frames: self.frames.max(other.frames),
            visible: self.visible || other.visible,
            last: self.last || other.last,
            refused: if self.error.is_some() { self.refused } else { other.refused },
            text: self.text.saturating_add(other.text),
            reasoning: self.reasoning.saturating_add(other.reasoning),
            finish_reason: self.finish_reason.or(other.finish_reason),
            error: self.error.or(other.error),
            produced_at: self.produced_at.max(other.produced_at),
        }
    }

    /// How many chunks of the protocol came in this item. They share its time.
    #[cfg(feature = "sse")]
    pub(crate) const fn frames(mut self, frames: u32) -> Self {
        self.frames = frames;
        self
    }

    /// Which of several choices it belongs to. Defaults to 0.
    pub const fn choice(mut self, choice: u32) -> Self {
        self.choice = choice;
        self
    }

    /// Nothing of the answer comes after it: a drop from now on is a completion.
    pub const fn last(mut self) -> Self {
        self.last = true;
        self
    }

    /// Why the generation ended; the chunk is the last one.
    pub fn finish_reason(mut self, reason: FinishReason) -> Self {
        self.finish_reason = Some(reason);
        self.last = true;
        self
    }

    /// When the producer made it, on the observer's clock. A server knows and should say: nothing between producer and
    /// reader is then in the numbers.
    pub fn produced_at(mut self, moment: impl Into<Moment>) -> Self {
        self.produced_at = Some(moment.into());
        self
    }
}

/// An [empty](Chunk::no_tokens) one.
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

/// An item that can say what it carries, for [`observe`](crate::Operation::observe).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how many tokens it carries",
    note = "say it with `observe_with`, or with `tokens = path` in `#[llm_span]`; or implement `llmobs::StreamItem`"
)]
pub trait StreamItem {
    /// What the item carries.
    fn carries(&self) -> Chunk;

    /// The text that it adds to the answer, for where content is captured. It is not asked elsewhere. Defaults to none.
    fn text(&self) -> Option<&str> {
        None
    }
}

impl StreamItem for Chunk {
    fn carries(&self) -> Chunk {
        self.clone()
    }
}

/// One token for a string that is not empty: right for an engine that sends token by token, an estimate elsewhere.
impl StreamItem for str {
    fn carries(&self) -> Chunk {
        Chunk::tokens(u32::from(!self.is_empty()))
    }

    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl StreamItem for String {
    fn carries(&self) -> Chunk {
        self.as_str().carries()
    }

    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl<T: StreamItem + ?Sized> StreamItem for &T {
    fn carries(&self) -> Chunk {
        (**self).carries()
    }

    fn text(&self) -> Option<&str> {
        (**self).text()
    }
}

impl<T: StreamItem + ?Sized> StreamItem for Box<T> {
    fn carries(&self) -> Chunk {
        (**self).carries()
    }

    fn text(&self) -> Option<&str> {
        (**self).text()
    }
}

impl<T: StreamItem + ?Sized> StreamItem for Arc<T> {
    fn carries(&self) -> Chunk {
        (**self).carries()
    }

    fn text(&self) -> Option<&str> {
        (**self).text()
    }
}

impl<T: StreamItem + ?Sized> StreamItem for Rc<T> {
    fn carries(&self) -> Chunk {
        (**self).carries()
    }

    fn text(&self) -> Option<&str> {
        (**self).text()
    }
}

impl StreamItem for Cow<'_, str> {
    fn carries(&self) -> Chunk {
        self.as_ref().carries()
    }

    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

/// An error ends the operation as `failed`. Its type is the one that was marked, else `_OTHER`.
impl<T: StreamItem, E> StreamItem for Result<T, E> {
    fn carries(&self) -> Chunk {
        match self {
            Ok(item) => item.carries(),
            Err(_) => Chunk::failed(ErrorType::Other),
        }
    }

    fn text(&self) -> Option<&str> {
        self.as_ref().ok()?.text()
    }
}
