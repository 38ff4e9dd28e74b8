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

use crate::ways::Intended;

/// A stream of one-token chunks.
pub struct Answer {
    pub length: u64,
    pub given: u64,
    /// The number of chunks after which the next poll panics.
    pub panics_at: Option<u64>,
    /// The finish reason of the last chunk.
    pub last: Option<FinishReason>,
    /// If set, the size hint reports the exact number of remaining chunks.
    pub counts: bool,
    pub endless: bool,
}

impl Answer {
    pub fn of(length: u64) -> Self {
        Self { length, given: 0, panics_at: None, last: None, counts: false, endless: false }
    }

    /// Returns a stream that pends forever after its chunks.
    pub fn endless(length: u64) -> Self {
        Self { endless: true, ..Self::of(length) }
    }
}

impl Stream for Answer {
    type Item = Chunk;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Chunk>> {
        if self.panics_at == Some(self.given) {
            panic_any(Intended);
        }
        if self.given == self.length {
            return if self.endless { Poll::Pending } else { Poll::Ready(None) };
        }
        self.given += 1;
        let chunk = Chunk::tokens(1);
        Poll::Ready(Some(match &self.last {
            Some(reason) if self.given == self.length => chunk.finish_reason(reason.clone()),
            _ => chunk,
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.length - self.given) as usize;
        if self.counts { (left, Some(left)) } else { (0, None) }
    }
}

/// Polls `times` times.
pub fn read<S: Stream + Unpin>(mut stream: S, times: u64) {
    for _ in 0..times {
        assert!(stream.next().now_or_never().is_some(), "these streams are always ready");
    }
}
