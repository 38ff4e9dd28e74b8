//! An observer, and short ways to read how calls ended.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::assert_books;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::testing::Readings;

pub const MODEL: &str = "smollm2";

/// An observer on a manual clock.
pub struct Fixture {
    pub observer: Observer,
    pub manual_clock: ManualClock,
}

impl Fixture {
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub fn with(configure: impl FnOnce(ObserverBuilder<'static>) -> ObserverBuilder<'static>) -> Self {
        let (clock, manual_clock) = Clock::manual();
        let observer = configure(Observer::builder().clock(clock).model(MODEL)).build().unwrap();
        Self { observer, manual_clock }
    }

    pub fn metrics(&self) -> Readings {
        Readings::new(&self.observer)
    }

    /// Returns the outcome of each call, such as `completed` or `failed/timeout`, in alphabetical order.
    pub fn all_ends(&self) -> Vec<String> {
        assert_books!(self.observer);
        let metrics = self.metrics();
        let mut ends = Vec::new();
        let outcome = |name: &'static str| ("llmobs.operation.outcome", name);
        for _ in 0..metrics.count("llmobs.operation.ended", &[outcome("completed")]) {
            ends.push("completed".to_owned());
        }
        for name in ["cancelled", "failed", "rejected"] {
            for error in llmobs::ErrorType::ALL {
                let count = metrics.count("llmobs.operation.ended", &[outcome(name), ("error.type", error.as_str())]);
                for _ in 0..count {
                    ends.push(if name == "cancelled" { name.to_owned() } else { format!("{name}/{error}") });
                }
            }
        }
        ends.sort();
        ends
    }

    /// Returns the outcome of the only call.
    pub fn only_end(&self) -> String {
        let ends = self.all_ends();
        assert_eq!(ends.len(), 1, "{ends:?}");
        ends.into_iter().next().unwrap()
    }
}

/// Runs a future that never pends. Panics if the future pends.
pub fn block_on_ready<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    match poll(future.as_mut()) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future is pending"),
    }
}

pub fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Pends once.
pub async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}
