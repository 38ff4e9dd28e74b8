//! Marks that several threads set at the same time, and collections that read an operation while it changes.
//!
//! Each test repeats one race for about [`RACE_DURATION`] on two threads that synchronise before every repetition.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use futures_util::Stream;
use llmobs::Chunk;
use llmobs::Marker;
use llmobs::Observer;
use llmobs::Usage;
use llmobs::assert_books;
use llmobs::clock::Clock;
use llmobs::clock::Moment;
use llmobs::semconv::value::State;
use llmobs::testing::Readings;

/// The time for which one test repeats its race.
const RACE_DURATION: Duration = Duration::from_secs(2);

/// The number of operations that are started before the two threads begin.
const BATCH_SIZE: usize = 256;

/// Runs two actions on the same operation at the same moment, on two threads, for a batch of operations.
fn race(markers: &[Marker], first: fn(&Marker), second: fn(&Marker)) {
    let arrived = AtomicUsize::new(0);
    let has_panicked = AtomicBool::new(false);
    let run = |action: fn(&Marker)| {
        for (index, marker) in markers.iter().enumerate() {
            arrived.fetch_add(1, Ordering::AcqRel);
            while arrived.load(Ordering::Acquire) < 2 * (index + 1) && !has_panicked.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
            if catch_unwind(AssertUnwindSafe(|| action(marker))).is_err() {
                has_panicked.store(true, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| run(first));
        run(second);
    });
    assert!(!has_panicked.into_inner(), "no mark panics");
}

/// Repeats until `RACE_DURATION` has passed. One race runs at a time, because each needs two cores.
fn repeat(mut once: impl FnMut()) {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let clock = Clock::system();
    let start = clock.now();
    while clock.now().since(start) < RACE_DURATION {
        once();
    }
}

#[test]
fn queue_times_stay_correct_when_enqueued_and_scheduled_are_marked_at_once() {
    let observer = Observer::builder().model("m").build().unwrap();
    let start = observer.now();
    repeat(|| {
        let operations: Vec<_> = (0..BATCH_SIZE).map(|_| observer.chat("m").start()).collect();
        let markers: Vec<_> = operations.iter().map(|operation| operation.marker().clone()).collect();
        race(&markers, Marker::enqueued, Marker::scheduled);
        operations.into_iter().for_each(|operation| operation.complete());
    });
    let passed = observer.now().since(start).as_secs_f64();
    let queue = Readings::new(&observer).histogram("llmobs.queue.duration", &[]);
    #[expect(clippy::cast_precision_loss, reason = "a few million samples")]
    let most = queue.count as f64 * passed;
    assert!(queue.sum <= most, "{} samples sum to {} s in {passed} s", queue.count, queue.sum);
    assert_books!(observer);
}

#[test]
fn an_enqueued_operation_leaves_the_queue_once_when_scheduled_races_with_its_end() {
    let observer = Observer::builder().model("m").build().unwrap();
    let mut enqueued = 0;
    repeat(|| {
        let operations: Vec<_> = (0..BATCH_SIZE).map(|_| observer.chat("m").start()).collect();
        let markers: Vec<_> = operations.iter().map(|operation| operation.marker().clone()).collect();
        markers.iter().for_each(Marker::enqueued);
        enqueued += BATCH_SIZE as u64;
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                for (index, marker) in markers.iter().enumerate() {
                    while next.load(Ordering::Acquire) < index {
                        std::hint::spin_loop();
                    }
                    marker.scheduled();
                }
            });
            for (index, operation) in operations.into_iter().enumerate() {
                next.store(index, Ordering::Release);
                operation.cancel();
            }
        });
    });
    let queue = Readings::new(&observer).histogram("llmobs.queue.duration", &[]);
    assert_eq!(queue.count, enqueued, "each operation has one queue time");
    assert_books!(observer);
}

#[test]
fn tokens_that_two_threads_report_while_the_operation_is_cancelled_are_counted_once() {
    let observer = Observer::builder().model("m").build().unwrap();
    let mut expected = 0;
    repeat(|| {
        let operations: Vec<_> = (0..BATCH_SIZE).map(|_| observer.chat("m").start()).collect();
        let markers: Vec<_> = operations.iter().map(|operation| operation.marker().clone()).collect();
        let next = AtomicUsize::new(0);
        let report = |step: u64| {
            for (index, marker) in markers.iter().enumerate() {
                while next.load(Ordering::Acquire) < index {
                    std::hint::spin_loop();
                }
                for total in (0..=40).step_by(usize::try_from(step).unwrap()) {
                    marker.usage(Usage::new().output(total));
                }
            }
        };
        thread::scope(|scope| {
            scope.spawn(|| report(8));
            scope.spawn(|| report(5));
            for (index, operation) in operations.into_iter().enumerate() {
                next.store(index, Ordering::Release);
                operation.cancel();
            }
        });
        expected += 40 * BATCH_SIZE as u64;
        let readings = Readings::new(&observer);
        let (processed, wasted) =
            (readings.count("llmobs.token.processed", &[]), readings.count("llmobs.token.wasted", &[]));
        assert_eq!((processed, wasted), (expected, expected));
    });
    assert_books!(observer);
}

/// A stream that yields one token at each poll.
struct EndlessStream(Clock);

impl Stream for EndlessStream {
    type Item = Moment;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Moment>> {
        Poll::Ready(Some(self.0.now()))
    }
}

#[test]
fn a_collection_never_counts_consumer_wait_as_decoding() {
    let (clock, manual_clock) = Clock::manual();
    let observer = Observer::builder().model("m").clock(clock.clone()).build().unwrap();
    let stream = observer.chat("m").start();
    stream.marker().scheduled();
    let stream =
        stream.observe_with(EndlessStream(clock), |produced_at: &Moment| Chunk::tokens(1).produced_at(*produced_at));
    let mut stream = Box::pin(stream);
    let is_over = Arc::new(AtomicUsize::new(0));
    let scraper = {
        let (observer, is_over) = (observer.clone(), Arc::clone(&is_over));
        thread::spawn(move || {
            while is_over.load(Ordering::Relaxed) == 0 {
                let _ = Readings::new(&observer);
            }
        })
    };
    let mut context = Context::from_waker(Waker::noop());
    repeat(|| {
        assert!(stream.as_mut().poll_next(&mut context).is_ready());
        manual_clock.advance(Duration::from_secs(10));
    });
    is_over.store(1, Ordering::Relaxed);
    scraper.join().unwrap();
    drop(stream);
    let times = Readings::new(&observer);
    let decode = times.value("llmobs.operation.state.time", &[("llmobs.operation.state", State::Decode.as_str())]);
    assert!(decode < 1e-9, "the model must have no decode time, but {decode} s are recorded");
}

#[test]
fn a_moment_in_the_future_is_moved_back_to_now_and_counted() {
    let (clock, manual_clock) = Clock::manual();
    let observer = Observer::builder().model("m").clock(clock.clone()).build().unwrap();
    let a_year_on = || clock.now().saturating_add(Duration::from_secs(31_536_000));
    let operation = observer.chat("m").started_at(a_year_on()).start();
    manual_clock.advance(Duration::from_secs(1));
    operation.marker().enqueued_at(a_year_on());
    manual_clock.advance(Duration::from_secs(2));
    operation.marker().scheduled_at(a_year_on());
    manual_clock.advance(Duration::from_secs(3));
    operation.marker().first_token_at(a_year_on());
    operation.complete();
    let readings = Readings::new(&observer);
    let sum = |name| readings.histogram(name, &[]).sum;
    assert!((sum("gen_ai.server.request.duration") - 6.0).abs() < 1e-9);
    assert!((sum("llmobs.queue.duration") - 2.0).abs() < 1e-9);
    assert!((sum("llmobs.prefill.duration") - 3.0).abs() < 1e-9);
    assert!((sum("gen_ai.server.time_to_first_token") - 6.0).abs() < 1e-9);
    let moved = readings.value("llmobs.self.anomalies", &[("llmobs.anomaly", "mark_out_of_order")]);
    assert!((moved - 4.0).abs() < 1e-9, "{moved} moments were counted");
}
