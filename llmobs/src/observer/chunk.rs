//! What one item of a stream carries.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use crate::clock::Moment;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;

/// What one item of a stream carries, said by the closure of
/// [`observe_with`](crate::Operation::observe_with) or by [`Carries`].
///
/// ```
/// use llmobs::{Chunk, FinishReason};
///
/// let role_only = Chunk::empty();
/// let two_tokens = Chunk::tokens(2);
/// let last = Chunk::tokens(1).finish_reason(FinishReason::Stop);
/// assert_ne!(two_tokens, role_only);
/// assert_ne!(two_tokens, last);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use]
pub struct Chunk {
    pub(crate) tokens: u32,
    pub(crate) kind: Kind,
    pub(crate) choice: u32,
    pub(crate) last: bool,
    pub(crate) finish_reason: Option<FinishReason>,
    pub(crate) error: Option<ErrorType>,
    pub(crate) produced_at: Option<Moment>,
}

/// What kind of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    #[default]
    Content,
    Reasoning,
    ToolCall,
}

impl Chunk {
    const fn of(tokens: u32, kind: Kind) -> Self {
        Self { tokens, kind, choice: 0, last: false, finish_reason: None, error: None, produced_at: None }
    }

    /// No token: a role, a keep-alive, a usage report.
    pub const fn empty() -> Self {
        Self::of(0, Kind::Content)
    }

    /// Tokens of the visible answer.
    pub const fn tokens(tokens: u32) -> Self {
        Self::of(tokens, Kind::Content)
    }

    /// Reasoning tokens.
    pub const fn reasoning(tokens: u32) -> Self {
        Self::of(tokens, Kind::Reasoning)
    }

    /// Tokens of a tool call.
    pub const fn tool_call(tokens: u32) -> Self {
        Self::of(tokens, Kind::ToolCall)
    }

    /// An error: the operation ends as `failed` with it.
    pub fn failed(error: ErrorType) -> Self {
        Self { error: Some(error), ..Self::empty() }
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

impl From<u32> for Chunk {
    fn from(tokens: u32) -> Self {
        Self::tokens(tokens)
    }
}

/// An item that can say what it carries, for [`observe`](crate::Operation::observe).
pub trait Carries {
    /// What the item carries.
    fn carries(&self) -> Chunk;
}

impl Carries for Chunk {
    fn carries(&self) -> Chunk {
        self.clone()
    }
}

/// One token for a string that is not empty: right for an engine that sends token by token, an estimate elsewhere.
impl Carries for str {
    fn carries(&self) -> Chunk {
        Chunk::tokens(u32::from(!self.is_empty()))
    }
}

impl Carries for String {
    fn carries(&self) -> Chunk {
        self.as_str().carries()
    }
}

impl<T: Carries + ?Sized> Carries for &T {
    fn carries(&self) -> Chunk {
        (**self).carries()
    }
}

impl<T: Carries + ?Sized> Carries for Box<T> {
    fn carries(&self) -> Chunk {
        (**self).carries()
    }
}

impl<T: Carries + ?Sized> Carries for Arc<T> {
    fn carries(&self) -> Chunk {
        (**self).carries()
    }
}

impl<T: Carries + ?Sized> Carries for Rc<T> {
    fn carries(&self) -> Chunk {
        (**self).carries()
    }
}

impl Carries for Cow<'_, str> {
    fn carries(&self) -> Chunk {
        self.as_ref().carries()
    }
}

/// An error ends the operation as `failed`. Its type is the one that was marked, else `_OTHER`.
impl<T: Carries, E> Carries for Result<T, E> {
    fn carries(&self) -> Chunk {
        match self {
            Ok(item) => item.carries(),
            Err(_) => Chunk::failed(ErrorType::Other),
        }
    }
}
