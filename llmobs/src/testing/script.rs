//! A stream that plays a script on a manual clock.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use futures_core::Stream;

use crate::clock::ManualClock;

/// A stream from a script. It moves the manual clock itself, so a test needs no sleep: where the script waits, a poll
/// is `Pending`, the clock moves, and the reader is woken.
#[derive(Debug, Clone)]
#[must_use = "streams do nothing unless polled"]
pub struct ScriptedStream<T> {
    clock: ManualClock,
    steps: VecDeque<ScriptStep<T>>,
}

#[derive(Debug, Clone)]
enum ScriptStep<T> {
    /// `Pending`, and time passes before the reader is woken.
    Wait(Duration),
    /// Time passes within the poll, as in a synchronous decoder.
    Work(Duration),
    Item(T),
    Panic,
}

impl<T> ScriptedStream<T> {
    /// An empty script on this clock.
    pub fn new(clock: &ManualClock) -> Self {
        Self { clock: clock.clone(), steps: VecDeque::new() }
    }

    /// The producer is waited for: the poll is `Pending`, and the reader is woken this much later. Zero is the
    /// `Pending` of a runtime's cooperative budget.
    pub fn wait(self, time: Duration) -> Self {
        self.then(ScriptStep::Wait(time))
    }

    /// The next item takes this long within its poll.
    pub fn work(self, time: Duration) -> Self {
        self.then(ScriptStep::Work(time))
    }

    /// An item is ready.
    pub fn item(self, item: T) -> Self {
        self.then(ScriptStep::Item(item))
    }

    /// Several items, each after a wait.
    pub fn repeat(self, times: usize, wait: Duration, item: T) -> Self
    where
        T: Clone,
    {
        (0..times).fold(self, |script, _| script.wait(wait).item(item.clone()))
    }

    /// The stream panics.
    pub fn panic(self) -> Self {
        self.then(ScriptStep::Panic)
    }

    fn then(mut self, step: ScriptStep<T>) -> Self {
        self.steps.push_back(step);
        self
    }
}

impl<T: Unpin> Stream for ScriptedStream<T> {
    type Item = T;

    #[expect(clippy::panic, reason = "the script says so")]
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        loop {
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(ScriptStep::Item(item)) => return Poll::Ready(Some(item)),
                Some(ScriptStep::Work(time)) => self.clock.advance(time),
                Some(ScriptStep::Wait(time)) => {
                    self.clock.advance(time);
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(ScriptStep::Panic) => panic!("the script says so"),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let items = self.steps.iter().filter(|step| matches!(step, ScriptStep::Item(_))).count();
        (items, Some(items))
    }
}
