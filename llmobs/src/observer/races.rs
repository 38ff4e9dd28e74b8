//! Tests of operations that several threads mark while collections read them. With few repetitions,
//! `cargo +nightly miri test` runs them on its own schedules and finds data races; `tests/loom` runs every schedule of
//! the times alone.

use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::thread;

use futures_core::Stream;

use super::Chunk;
use super::Observer;
use crate::catalog::RowId;
use crate::clock::Clock;
use crate::clock::nanos_to_seconds;
use crate::semconv::value::State;
use crate::sink::ObservableSource;
use crate::usage::Usage;

const REPETITIONS: u32 = if cfg!(miri) { 5 } else { 200 };

/// Returns an observer whose clock does not advance, so that times can be compared exactly.
fn observer() -> Observer {
    Observer::builder().model("m").clock(Clock::manual().0).build().expect("these settings are valid")
}

/// Returns the total time in all states, in seconds, of the operations in flight and of those that ended.
fn total_time(observer: &Observer) -> f64 {
    let inner = observer.parts.inner.as_ref().expect("the observer is enabled");
    inner.read(RowId::StateTime).iter().map(|reading| reading.value).sum()
}

#[test]
fn marks_from_two_threads_and_collections_from_a_third_agree() {
    for _ in 0..REPETITIONS {
        let observer = observer();
        let operation = observer.chat("m").start();
        thread::scope(|scope| {
            for thread_index in 0..2 {
                let marker = operation.marker().clone();
                scope.spawn(move || {
                    if thread_index == 0 {
                        marker.enqueued();
                        marker.usage(Usage::new().input(3));
                    } else {
                        marker.scheduled();
                        marker.first_token();
                        marker.usage(Usage::new().output(5));
                    }
                });
            }
            let observer = &observer;
            scope.spawn(move || {
                assert!(observer.in_flight().len() <= 1);
                assert!(total_time(observer) < nanos_to_seconds(1), "the clock does not advance");
            });
        });
        operation.complete();
        assert!(observer.in_flight().is_empty());
        assert!(total_time(&observer) < nanos_to_seconds(1), "the clock does not advance");
    }
}

#[test]
fn an_end_on_one_thread_and_marks_on_another_leave_nothing_in_flight() {
    for _ in 0..REPETITIONS {
        let observer = observer();
        let operation = observer.chat("m").start();
        let marker = operation.marker().clone();
        thread::scope(|scope| {
            scope.spawn(move || {
                marker.enqueued();
                marker.scheduled();
                marker.first_token();
            });
            scope.spawn(move || operation.cancel());
        });
        assert!(observer.in_flight().is_empty());
    }
}

/// A stream that yields one token at each poll.
struct Endless;

impl Stream for Endless {
    type Item = u32;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
        Poll::Ready(Some(1))
    }
}

#[test]
fn a_collection_reads_a_stream_while_it_is_polled() {
    let (clock, manual_clock) = Clock::manual();
    let observer = Observer::builder().model("m").clock(clock).build().expect("these settings are valid");
    let operation = observer.chat("m").start();
    operation.marker().scheduled();
    let mut stream = Box::pin(operation.observe_with(Endless, |tokens| Chunk::tokens(*tokens)));
    thread::scope(|scope| {
        let observer = &observer;
        scope.spawn(move || {
            for _ in 0..REPETITIONS {
                let in_flight = observer.in_flight();
                assert!(in_flight[0].tokens <= u64::from(REPETITIONS));
                let _ = total_time(observer);
            }
        });
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..REPETITIONS {
            assert!(stream.as_mut().poll_next(&mut context).is_ready());
            manual_clock.advance(std::time::Duration::from_secs(10));
        }
    });
    drop(stream);
    let inner = observer.parts.inner.as_ref().expect("the observer is enabled");
    let decode = inner.read(RowId::StateTime).into_iter();
    let decode =
        decode.filter(|reading| reading.labels.iter().any(|label| label.value.as_str() == State::Decode.as_str()));
    assert!(decode.map(|reading| reading.value).sum::<f64>() < 1e-9, "the model must have no decode time");
}
