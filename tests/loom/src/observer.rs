//! The times of an operation, on every schedule of the threads that mark and read them.

#[path = "../../../llmobs/src/observer/state/times.rs"]
mod times;

use loom::sync::Arc;
use loom::thread;

use self::times::SetResult;
use self::times::Times;
use crate::semconv::value::State;

/// Runs the body on every schedule of its threads.
fn every_schedule(body: impl Fn() + Sync + Send + 'static) {
    loom::model(body);
}

#[test]
fn an_operation_is_enqueued_before_it_is_scheduled_or_never() {
    every_schedule(|| {
        let times = Arc::new(Times::new(10));
        let engine = {
            let times = Arc::clone(&times);
            thread::spawn(move || times.schedule(20))
        };
        // A later clock value than the engine's mark, although this thread may run first.
        let enqueued = times.enqueue(30);
        let (scheduled, queued) = engine.join().unwrap();
        let marks = times.marks(|| 40);
        assert_eq!(scheduled.result, SetResult::Set);
        match enqueued.result {
            SetResult::Set => {
                assert_eq!((queued, marks.scheduled), (Some(0), Some(30)), "scheduled is moved up to enqueued")
            }
            SetResult::WasClosed => assert_eq!((queued, marks.enqueued), (None, None)),
            SetResult::WasSet => unreachable!("it was marked once"),
        }
    });
}

#[test]
fn a_mark_that_races_with_the_end_is_set_before_it_or_not_at_all() {
    every_schedule(|| {
        let times = Arc::new(Times::new(0));
        times.enqueue(1);
        let engine = {
            let times = Arc::clone(&times);
            thread::spawn(move || (times.schedule(2).0.result, times.first_token(3).0.result))
        };
        times.close();
        let at_the_end = times.marks(|| 5);
        let (scheduled, first_token) = engine.join().unwrap();
        assert_eq!(scheduled == SetResult::Set, at_the_end.scheduled.is_some());
        assert_eq!(first_token == SetResult::Set, at_the_end.first_token.is_some());
        assert_eq!(times.marks(|| 5), at_the_end, "nothing changes after the end");
    });
}

#[test]
fn two_threads_that_mark_the_same_moment_set_it_once() {
    every_schedule(|| {
        let times = Arc::new(Times::new(0));
        let other = {
            let times = Arc::clone(&times);
            thread::spawn(move || (times.schedule(2).0.result, times.set_ttft(2)))
        };
        let (result, ttft) = (times.schedule(3).0.result, times.set_ttft(3));
        let (other_result, other_ttft) = other.join().unwrap();
        assert_ne!(result == SetResult::Set, other_result == SetResult::Set, "the second one is a preemption");
        assert_ne!(ttft, other_ttft);
    });
}

#[test]
fn a_collection_sees_a_mark_only_with_those_before_it() {
    every_schedule(|| {
        let times = Arc::new(Times::new(0));
        let engine = {
            let times = Arc::clone(&times);
            thread::spawn(move || {
                times.enqueue(1);
                times.schedule(2);
                times.first_token(3);
            })
        };
        let marks = times.marks(|| 10);
        assert!(marks.first_token.is_none() || marks.scheduled == Some(2));
        assert!(marks.scheduled.is_none() || marks.enqueued == Some(1));
        assert_eq!(marks.state_times(false).iter().sum::<u64>(), 10);
        engine.join().unwrap();
    });
}

#[test]
fn a_collection_sees_a_consumer_wait_completely_or_not_at_all() {
    every_schedule(|| {
        let times = Arc::new(Times::new(0));
        times.schedule(0);
        times.first_token(0);
        times.consumer_left(0, true);
        let stream = {
            let times = Arc::clone(&times);
            // The consumer polls at 1,000 and leaves at once: the model took no time.
            thread::spawn(move || {
                times.consumer_returned(1_000);
                times.consumer_left(1_000, true);
            })
        };
        let seen = times.marks(|| 1_000).state_times(false);
        assert_eq!(seen[State::Decode.index()], 0, "the consumer wait was counted as decoding");
        assert_eq!(seen[State::Blocked.index()], 1_000);
        stream.join().unwrap();
    });
}

#[test]
fn a_collection_sees_no_silence_while_the_consumer_is_away() {
    every_schedule(|| {
        let times = Arc::new(Times::new(0));
        times.consumer_left(10, true);
        let stream = {
            let times = Arc::clone(&times);
            // The consumer polls at 1,000, and a token is ready at 1,000.
            thread::spawn(move || {
                times.consumer_returned(990);
                times.consumer_left(1_000, true);
            })
        };
        assert_eq!(times.marks(|| 1_000).silence(), 0);
        stream.join().unwrap();
        times.consumer_returned(1_490);
        assert_eq!(times.marks(|| 1_520).silence(), 20, "since the consumer polled at 1,500");
    });
}
