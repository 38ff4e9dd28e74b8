//! The events that the scheduler sends to a request about its sequence.

use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use std::time::Duration;

use futures_core::Stream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::clock::Moment;
use llmobs::stream::StreamItem;
use tokio::sync::mpsc::UnboundedReceiver;

/// A step in the life of a sequence, in order of occurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SequenceEvent {
    /// The sequence left the queue after `queue_duration`; the prefill of `prompt_tokens` tokens begins.
    Scheduled { queue_duration: Duration, prompt_tokens: usize },
    /// A token was produced at `produced_at`. The text is empty while a character is incomplete.
    Token { text: String, produced_at: Moment },
    /// The answer is complete. Last event.
    Finished { reason: FinishReason, counts: TokenCounts },
    /// The answer failed. Last event.
    Failed { error: ErrorType },
}

/// Token counts of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TokenCounts {
    pub(crate) prompt: usize,
    pub(crate) completion: usize,
}

/// Converts events into chunks for the observer.
impl StreamItem for SequenceEvent {
    fn to_chunk(&self) -> Chunk {
        match self {
            Self::Scheduled { .. } => Chunk::no_tokens(),
            Self::Token { produced_at, .. } => Chunk::tokens(1).produced_at(*produced_at),
            Self::Finished { reason, .. } => Chunk::no_tokens().finish_reason(reason.clone()),
            Self::Failed { error } => Chunk::failed(*error),
        }
    }

    /// Called only if content is captured.
    fn text(&self) -> Option<&str> {
        match self {
            Self::Token { text, .. } => Some(text),
            _ => None,
        }
    }
}

impl SequenceEvent {
    fn is_last(&self) -> bool {
        matches!(self, Self::Finished { .. } | Self::Failed { .. })
    }
}

/// The stream of events of one sequence. When the stream is dropped, the scheduler stops the sequence.
///
/// The channel is unbounded, because each answer has a limit: a slow client delays neither its own sequence nor others,
/// and the unread events are at most one answer.
#[derive(Debug)]
pub(crate) struct SequenceEvents {
    receiver: UnboundedReceiver<SequenceEvent>,
    is_finished: bool,
}

impl SequenceEvents {
    pub(crate) fn new(receiver: UnboundedReceiver<SequenceEvent>) -> Self {
        Self { receiver, is_finished: false }
    }
}

impl Stream for SequenceEvents {
    type Item = SequenceEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<SequenceEvent>> {
        if self.is_finished {
            return Poll::Ready(None);
        }
        // A sequence that ends without a last event did not complete.
        let failed = SequenceEvent::Failed { error: ErrorType::Internal };
        let event = ready!(self.receiver.poll_recv(cx)).unwrap_or(failed);
        self.is_finished = event.is_last();
        Poll::Ready(Some(event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;
    use tokio::sync::mpsc::unbounded_channel;

    #[tokio::test]
    async fn a_dropped_sequence_ends_with_a_failure() {
        let (sender, receiver) = unbounded_channel();
        let token = SequenceEvent::Token { text: "a".to_owned(), produced_at: Moment::from_nanos(1) };
        assert!(sender.send(token.clone()).is_ok());
        drop(sender);
        let events: Vec<SequenceEvent> = SequenceEvents::new(receiver).collect().await;
        assert_eq!(events, [token, SequenceEvent::Failed { error: ErrorType::Internal }]);
    }

    #[tokio::test]
    async fn the_stream_ends_after_the_last_event() {
        let (sender, receiver) = unbounded_channel();
        let last = SequenceEvent::Finished { reason: FinishReason::Stop, counts: TokenCounts::default() };
        assert!(sender.send(last.clone()).is_ok());
        let events: Vec<SequenceEvent> = SequenceEvents::new(receiver).collect().await;
        assert_eq!(events, [last]);
    }
}
