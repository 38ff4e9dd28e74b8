//! The channel: its order, its capacity, and the ends of both of its sides.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::Wake;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::Stream;
use futures_util::StreamExt;
use llmobs::BuildError;
use llmobs::Observer;
use llmobs::Usage;
use llmobs::clock::Clock;
use llmobs::record::Finished;
use llmobs::record::Records;
use llmobs::testing::Readings;
use llmobs_tests::event_recorder::EventRecorder;
use serde_json::Value;

fn observer(capacity: usize) -> (Observer, Records) {
    let (builder, records) = Observer::builder().model("m").on_end_channel(capacity);
    (builder.build().unwrap(), records)
}

/// Ends an operation with a usage.
fn end(observer: &Observer, input: u64, output: u64) {
    let operation = observer.chat("m").start();
    operation.marker().usage(Usage::new().input(input).output(output));
    operation.complete();
}

fn dropped(observer: &Observer, reason: &str) -> u64 {
    let labels = [("llmobs.signal", "record"), ("llmobs.drop.reason", reason)];
    Readings::new(observer).count("llmobs.self.dropped", &labels)
}

fn sequences(records: &mut Records) -> Vec<u64> {
    std::iter::from_fn(|| records.try_recv()).map(|record| record.sequence()).collect()
}

#[test]
fn a_full_channel_drops_records_counts_them_with_their_tokens_and_leaves_holes() {
    let (observer, mut records) = observer(1);
    for tokens in 1..=3 {
        end(&observer, 10 * tokens, tokens);
    }
    assert_eq!(sequences(&mut records), [1]);
    end(&observer, 1, 1);
    assert_eq!(sequences(&mut records), [4], "the reader finds that 2 and 3 are missing");
    let lost = records.dropped();
    assert_eq!((lost.records, lost.input_tokens, lost.output_tokens), (2, 50, 5));
    assert_eq!([dropped(&observer, "queue_full"), dropped(&observer, "receiver_dropped")], [2, 0]);
    assert_eq!(Readings::new(&observer).count("llmobs.operation.ended", &[]), 4, "the metrics have every end");
}

#[test]
fn the_log_lines_about_dropped_records_sum_to_all_of_them_at_most_one_a_minute() {
    let (events, _guard) = EventRecorder::install();
    let (clock, manual_clock) = Clock::manual();
    let (builder, records) = Observer::builder().model("m").clock(clock).on_end_channel(1);
    let observer = builder.build().unwrap();
    let lines = || {
        let all = events.events();
        let lines = all.iter().filter(|event| event.fields.contains_key("records"));
        let numbers = |name: &str, fields: &std::collections::BTreeMap<String, Value>| fields[name].as_u64().unwrap();
        lines
            .map(|line| ["records", "input_tokens", "output_tokens"].map(|name| numbers(name, &line.fields)))
            .collect::<Vec<_>>()
    };
    end(&observer, 0, 0);
    assert!(lines().is_empty());
    for _ in 0..3 {
        end(&observer, 5, 2);
    }
    assert_eq!(lines(), [[1, 5, 2]], "the first is reported at once");
    manual_clock.advance(Duration::from_secs(60));
    end(&observer, 5, 2);
    assert_eq!(lines()[1..], [[3, 15, 6]]);
    end(&observer, 7, 1);
    drop(observer);
    assert_eq!(lines()[2..], [[1, 7, 1]], "the rest at the end");
    drop(records);
}

#[test]
fn a_channel_without_capacity_is_an_error_that_names_the_setter() {
    let (builder, _records) = Observer::builder().on_end_channel(0);
    let error = builder.build().unwrap_err();
    assert_eq!(error, BuildError::RecordChannelWithoutCapacity);
    assert!(error.to_string().starts_with("`on_end_channel`: "), "{error}");
}

#[test]
fn records_of_an_observer_whose_receiver_was_dropped_are_counted() {
    let (observer, records) = observer(4);
    end(&observer, 1, 1);
    drop(records);
    end(&observer, 1, 1);
    end(&observer, 1, 1);
    assert_eq!([dropped(&observer, "queue_full"), dropped(&observer, "receiver_dropped")], [0, 2]);
}

#[test]
fn records_arrive_after_the_observer_was_dropped_and_the_channel_closes_with_the_last_operation() {
    let (observer, mut records) = observer(4);
    let [first, second] = [(), ()].map(|()| observer.chat("m").start());
    drop(observer);
    assert!(!records.is_closed());
    first.complete();
    assert_eq!(sequences(&mut records), [1]);
    assert!(!records.is_closed());
    let marker = second.marker().clone();
    drop(second);
    assert!(!records.is_closed(), "a marker keeps it open");
    drop(marker);
    assert!(!records.is_closed(), "a record waits");
    assert_eq!(records.recv().map(|record| record.sequence()), Some(2));
    assert!(records.is_closed());
    assert!(records.recv().is_none());
    assert!(records.next().now_or_never().is_some_and(|next| next.is_none()));
}

#[test]
fn a_thread_waits_for_records_until_the_channel_closes() {
    let (observer, mut records) = observer(1_000);
    assert!(records.recv_timeout(Duration::from_millis(1)).is_none());
    let reader = thread::spawn(move || records.iter().map(|record| record.sequence()).collect::<Vec<_>>());
    for _ in 0..100 {
        end(&observer, 1, 1);
    }
    drop(observer);
    assert_eq!(reader.join().unwrap(), (1..=100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_task_reads_the_records_as_a_stream() {
    let (observer, records) = observer(1_000);
    let reader = tokio::spawn(records.map(|record| record.sequence()).collect::<Vec<_>>());
    for _ in 0..100 {
        end(&observer, 1, 1);
        tokio::task::yield_now().await;
    }
    drop(observer);
    assert_eq!(reader.await.unwrap(), (1..=100).collect::<Vec<_>>());
}

#[test]
fn a_task_is_woken_by_a_record_and_by_the_close_and_a_waker_that_panics_harms_no_end() {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
            std::panic::resume_unwind(Box::new(()));
        }
    }
    let (observer, mut records) = observer(4);
    let wakes = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&wakes));
    let mut poll =
        || Pin::new(&mut records).poll_next(&mut Context::from_waker(&waker)).map(|it| it.map(|it| it.sequence()));
    assert_eq!(poll(), Poll::Pending);
    end(&observer, 1, 1);
    end(&observer, 1, 1);
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1, "a task that was woken is not woken again");
    assert_eq!([poll(), poll(), poll()], [Poll::Ready(Some(1)), Poll::Ready(Some(2)), Poll::Pending]);
    drop(observer);
    assert_eq!(wakes.0.load(Ordering::Relaxed), 2);
    assert_eq!(poll(), Poll::Ready(None));
}

#[test]
fn a_second_channel_replaces_the_first_and_closes_it() {
    let (builder, mut first) = Observer::builder().model("m").on_end_channel(4);
    let (builder, mut second) = builder.on_end_channel(4);
    let observer = builder.build().unwrap();
    end(&observer, 1, 1);
    assert!(first.recv().is_none() && first.is_closed());
    assert_eq!(sequences(&mut second), [1]);
}

#[test]
fn the_channel_and_the_callback_receive_the_same_record() {
    let (sender, called) = std::sync::mpsc::channel::<Finished>();
    let (builder, mut records) =
        Observer::builder().model("m").on_end(move |record| sender.send(record).unwrap()).on_end_channel(1);
    let observer = builder.build().unwrap();
    end(&observer, 12, 34);
    end(&observer, 1, 2);
    let (of_callback, of_channel) = (called.recv().unwrap(), records.recv().unwrap());
    assert_eq!(of_callback.to_json(), of_channel.to_json());
    assert_eq!(called.recv().unwrap().sequence(), 2, "the callback receives a record that the channel dropped");
    assert_eq!(dropped(&observer, "queue_full"), 1);
}
