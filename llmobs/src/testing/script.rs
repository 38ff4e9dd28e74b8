//! A scripted stream on a manual clock.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use futures_core::Stream;

use crate::clock::ManualClock;

/// A stream that plays a script. The stream advances the manual clock itself, so a test needs no sleep: at a wait, the
/// poll returns `Pending` after the clock has advanced and the task was woken. The `size_hint` is the number of items
/// that remain, so an observed stream that is dropped after the last item counts as ended.
#[derive(Debug, Clone)]
#[must_use = "streams do nothing unless polled"]
pub struct ScriptedStream<T> {
    clock: ManualClock,
    steps: VecDeque<ScriptStep<T>>,
}

#[derive(Debug, Clone)]
enum ScriptStep<T> {
    /// Advances the clock, wakes the task and returns `Pending`.
    Wait(Duration),
    /// Advances the clock within the poll, as a synchronous decoder would.
    Work(Duration),
    Item(T),
    Panic,
}

impl<T> ScriptedStream<T> {
    /// Creates an empty script that advances this clock.
    pub fn new(clock: &ManualClock) -> Self {
        Self { clock: clock.clone(), steps: VecDeque::new() }
    }

    /// Adds a wait for the producer: the poll advances the clock by `time`, wakes the task and returns `Pending`. A
    /// wait of zero simulates the `Pending` of a runtime's cooperative budget.
    pub fn wait(self, time: Duration) -> Self {
        self.push(ScriptStep::Wait(time))
    }

    /// Adds work within a poll: the clock advances by `time` before the next step of the same poll.
    pub fn work(self, time: Duration) -> Self {
        self.push(ScriptStep::Work(time))
    }

    /// Adds an item that is ready.
    pub fn item(self, item: T) -> Self {
        self.push(ScriptStep::Item(item))
    }

    /// Adds `times` copies of an item, each after a wait of `wait`.
    pub fn repeat(self, times: usize, wait: Duration, item: T) -> Self
    where
        T: Clone,
    {
        (0..times).fold(self, |script, _| script.wait(wait).item(item.clone()))
    }

    /// Adds a panic of the poll.
    pub fn panic(self) -> Self {
        self.push(ScriptStep::Panic)
    }

    fn push(mut self, step: ScriptStep<T>) -> Self {
        self.steps.push_back(step);
        self
    }
}

impl<T: Unpin> Stream for ScriptedStream<T> {
    type Item = T;

    #[expect(clippy::panic, reason = "the script contains a panic")]
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
                Some(ScriptStep::Panic) => panic!("the script contains a panic"),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let items = self.steps.iter().filter(|step| matches!(step, ScriptStep::Item(_))).count();
        (items, Some(items))
    }
}
