//! The streams that the operations observe.

use std::panic::panic_any;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::Stream;
use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::FinishReason;

use super::cases::ExpectedPanic;

/// A stream of one-token chunks.
pub struct TestStream {
    pub length: u64,
    pub yielded: u64,
    /// The number of chunks after which the next poll panics.
    pub panic_at: Option<u64>,
    /// The finish reason of the last chunk.
    pub last_finish_reason: Option<FinishReason>,
    /// If set, the size hint reports the exact number of remaining chunks.
    pub has_size_hint: bool,
    pub is_endless: bool,
}

impl TestStream {
    pub fn new(length: u64) -> Self {
        Self { length, yielded: 0, panic_at: None, last_finish_reason: None, has_size_hint: false, is_endless: false }
    }

    /// Returns a stream that pends forever after its chunks.
    pub fn endless(length: u64) -> Self {
        Self { is_endless: true, ..Self::new(length) }
    }
}

impl Stream for TestStream {
    type Item = Chunk;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Chunk>> {
        if self.panic_at == Some(self.yielded) {
            panic_any(ExpectedPanic);
        }
        if self.yielded == self.length {
            return if self.is_endless { Poll::Pending } else { Poll::Ready(None) };
        }
        self.yielded += 1;
        let chunk = Chunk::tokens(1);
        Poll::Ready(Some(match &self.last_finish_reason {
            Some(reason) if self.yielded == self.length => chunk.finish_reason(reason.clone()),
            _ => chunk,
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let remaining = (self.length - self.yielded) as usize;
        if self.has_size_hint { (remaining, Some(remaining)) } else { (0, None) }
    }
}

/// Polls `times` times.
pub fn poll_times<S: Stream + Unpin>(mut stream: S, times: u64) {
    for _ in 0..times {
        assert!(stream.next().now_or_never().is_some(), "these streams are always ready");
    }
}
