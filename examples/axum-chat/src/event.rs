//! What the scheduler tells a request about its sequence.

use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use futures_core::Stream;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::words::ErrorType;
use crate::words::FinishReason;
use crate::words::Moment;

/// One step on a sequence's way, in the order in which they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// It left the queue and its prefill begins.
    Scheduled { at: Moment },
    /// A token was produced at that moment. Its text is empty while a character is incomplete.
    Token { text: String, at: Moment },
    /// It is complete. The last event.
    Finished { reason: FinishReason, counts: Counts },
    /// It could not be completed. The last event.
    Failed { error: ErrorType },
}

/// Tokens of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) prompt: usize,
    pub(crate) completion: usize,
}

/// The events of one sequence. To drop it is to tell the scheduler that nobody waits for them any more.
///
/// The channel behind it has no limit, because the answer has one: a slow reader holds back neither its own sequence
/// nor those of others, and what it has not read is at most one answer.
#[derive(Debug)]
pub(crate) struct Events(pub(crate) UnboundedReceiver<Event>);

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.0.poll_recv(cx)
    }
}
