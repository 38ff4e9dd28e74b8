//! Shared helpers: an observer on a manual clock, a producer that advances the clock, and short ways to read metrics.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use futures_util::Stream;
use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Operation;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::clock::Moment;
use llmobs::testing::Readings;

pub const TTFT: &str = "llmobs.time_to_first_token";
pub const SERVER_TTFT: &str = "gen_ai.server.time_to_first_token";
pub const TPOT: &str = "gen_ai.server.time_per_output_token";
pub const ITL: &str = "llmobs.inter_token.duration";
pub const DURATION: &str = "gen_ai.server.request.duration";
pub const QUEUE: &str = "llmobs.queue.duration";
pub const PREFILL: &str = "llmobs.prefill.duration";
pub const DECODE: &str = "llmobs.decode.duration";
pub const UNMEASURED: &str = "llmobs.token.unmeasured";
pub const CONSUMER_WAIT: &str = "llmobs.consumer_wait.duration";
pub const LONGEST_GAP: &str = "llmobs.operation.longest_gap.duration";
pub const PROCESSED: &str = "llmobs.token.processed";
pub const STREAMED: &str = "llmobs.token.streamed";
pub const WASTED: &str = "llmobs.token.wasted";
pub const ENDED: &str = "llmobs.operation.ended";
pub const OUTCOME: &str = "llmobs.operation.outcome";
pub const ERROR: &str = "error.type";

/// A way to end an operation.
pub type End = fn(Operation);

/// The name of every model in these tests.
pub const MODEL: &str = "m";

pub const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub const fn us(microseconds: u64) -> Duration {
    Duration::from_micros(microseconds)
}

/// An observer and the control of its clock.
pub struct Fixture {
    pub observer: Observer,
    pub manual_clock: ManualClock,
}

impl Fixture {
    /// Builds an observer for a server with one model and the default settings.
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub fn with(configure: impl FnOnce(ObserverBuilder<'static>) -> ObserverBuilder<'static>) -> Self {
        let (clock, manual_clock) = Clock::manual();
        let observer = configure(Observer::builder().clock(clock).model(MODEL)).build().unwrap();
        Self { observer, manual_clock }
    }

    pub fn chat(&self) -> Operation {
        self.observer.chat(MODEL).start()
    }

    pub fn advance(&self, time: Duration) {
        self.manual_clock.advance(time);
    }

    pub fn producer(&self) -> TestProducer {
        TestProducer::new(&self.manual_clock)
    }

    pub fn metrics(&self) -> Readings {
        Readings::new(&self.observer)
    }

    /// Returns the number of values of a duration histogram, and their sum.
    pub fn histogram(&self, name: &str) -> (u64, Duration) {
        self.histogram_with(name, &[])
    }

    pub fn histogram_with(&self, name: &str, attributes: &[(&str, &str)]) -> (u64, Duration) {
        let histogram = self.metrics().histogram(name, attributes);
        (histogram.count, seconds_to_duration(histogram.sum))
    }

    pub fn count(&self, name: &str, attributes: &[(&str, &str)]) -> u64 {
        self.metrics().count(name, attributes)
    }

    /// Returns the number of operations with this outcome.
    pub fn ended_count(&self, outcome: &str) -> u64 {
        self.count(ENDED, &[(OUTCOME, outcome)])
    }

    /// Returns the outcome of the only ended operation, and its error type or finish reason; empty if it has neither.
    pub fn only_end(&self) -> (String, String) {
        let page = llmobs::prometheus::page(&self.observer, None).body;
        let is_end = |line: &&str| line.starts_with("llmobs_operation_ended_total{") && !line.ends_with(" 0");
        let ends: Vec<_> = page.lines().filter(is_end).collect();
        assert!(matches!(ends[..], [line] if line.ends_with(" 1")), "one operation ended: {ends:?}");
        let label = |name: &str| {
            let value = ends[0].split_once(&format!("{name}=\""))?.1;
            Some(value.split('"').next()?.to_owned())
        };
        let reason = label("error_type").or_else(|| label("llmobs_finish_reason"));
        (label("llmobs_operation_outcome").unwrap(), reason.unwrap_or_default())
    }

    /// Returns the time spent in a state so far.
    pub fn time_in_state(&self, state: &str) -> Duration {
        seconds_to_duration(self.metrics().value("llmobs.operation.state.time", &[("llmobs.operation.state", state)]))
    }

    /// Returns the longest time since an operation in a state made progress.
    pub fn silence(&self, state: &str) -> Duration {
        let state = [("llmobs.operation.state", state)];
        seconds_to_duration(self.metrics().value("llmobs.operation.oldest.silence", &state))
    }

    /// Returns the number of operations in a state.
    pub fn active_in_state(&self, state: &str) -> u64 {
        self.count("llmobs.operation.active", &[("llmobs.operation.state", state)])
    }
}

/// Converts seconds to a duration, rounded to the nearest nanosecond.
pub fn seconds_to_duration(seconds: f64) -> Duration {
    Duration::from_nanos((seconds * 1e9).round() as u64)
}

/// A producer of the push kind: its items become ready at fixed moments, whether or not the consumer polls. If no item
/// is ready when the consumer polls, the producer advances the manual clock to the next one.
pub struct TestProducer {
    clock: ManualClock,
    last_item_at: Moment,
    items: VecDeque<(Moment, Chunk)>,
    hangs_at_end: bool,
    sets_produced_at: bool,
}

impl TestProducer {
    fn new(clock: &ManualClock) -> Self {
        Self {
            clock: clock.clone(),
            last_item_at: clock.now(),
            items: VecDeque::new(),
            hangs_at_end: false,
            sets_produced_at: false,
        }
    }

    /// Adds an item that is ready this long after the one before.
    pub fn item_after(mut self, time: Duration, chunk: Chunk) -> Self {
        self.last_item_at = self.last_item_at.saturating_add(time);
        self.items.push_back((self.last_item_at, chunk));
        self
    }

    /// Adds `count` items of one token each, at equal distances.
    pub fn tokens(self, count: usize, every: Duration) -> Self {
        (0..count).fold(self, |producer, _| producer.item_after(every, Chunk::tokens(1)))
    }

    /// Makes the stream pend forever after its items.
    pub const fn hang_at_end(mut self) -> Self {
        self.hangs_at_end = true;
        self
    }

    /// Sets on every item the moment at which the producer made it.
    pub const fn with_produced_at(mut self) -> Self {
        self.sets_produced_at = true;
        self
    }
}

impl Stream for TestProducer {
    type Item = Chunk;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Chunk>> {
        let now = self.clock.now();
        match self.items.front() {
            Some((ready, _)) if *ready <= now => {
                let (made, chunk) = self.items.pop_front().unwrap();
                Poll::Ready(Some(if self.sets_produced_at { chunk.produced_at(made) } else { chunk }))
            }
            Some((ready, _)) => {
                self.clock.advance(ready.since(now));
                context.waker().wake_by_ref();
                Poll::Pending
            }
            None if self.hangs_at_end => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

/// Polls once, and panics if an item is ready.
pub async fn expect_pending<S: Stream + Unpin>(stream: &mut S) {
    let mut next = stream.next();
    let polled = std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut next).poll(context).is_pending())).await;
    assert!(polled, "the stream must be pending");
}

/// Panics without calling the panic hook, so nothing is printed.
pub fn panic_quietly() -> ! {
    std::panic::resume_unwind(Box::new("on purpose"))
}
