//! The callbacks: when they are called, and that neither a panic nor an operation of their own harms them.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Operation;
use llmobs::assert_books;
use llmobs::record::Finished;
use llmobs::testing::Readings;

/// The calls of the callbacks, in order.
#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<String>>>);

impl Received {
    fn push(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

fn build(configure: impl FnOnce(ObserverBuilder<'static>) -> ObserverBuilder<'static>) -> Observer {
    configure(Observer::builder().model("m")).build().unwrap()
}

/// Returns an observer whose callback stores the outcomes of the records.
fn observer_of_outcomes() -> (Observer, Received) {
    let received = Received::default();
    let outcomes = received.clone();
    let describe = |record: &Finished| format!("{} {:?}", record.outcome(), record.error_type().map(|it| it.as_str()));
    (build(|builder| builder.on_end(move |record| outcomes.push(describe(&record)))), received)
}

/// Returns the number of records or notices that were lost for this reason.
fn dropped(observer: &Observer, reason: &str) -> u64 {
    let labels = [("llmobs.signal", "record"), ("llmobs.drop.reason", reason)];
    Readings::new(observer).count("llmobs.self.dropped", &labels)
}

#[test]
fn a_callback_runs_after_the_metrics_and_outside_of_every_lock() {
    let (slot, seen) = (Arc::new(OnceLock::<Observer>::new()), Received::default());
    let (observer_in_callback, readings) = (Arc::clone(&slot), seen.clone());
    let observer = build(|builder| {
        builder.on_end(move |record| {
            // Reading the page takes the locks of the registry, of the series and of the flight recorder.
            let observer = observer_in_callback.get().unwrap();
            assert_books!(observer);
            let page = Readings::new(observer);
            let ended = page.count("llmobs.operation.ended", &[("llmobs.operation.outcome", "failed")]);
            let recent = observer.recent_operations().contains(&record.id().to_string());
            observer.declare_model("new");
            readings.push(format!("{ended} {recent}"));
        })
    });
    slot.set(observer.clone()).unwrap();
    observer.chat("m").start().fail(ErrorType::Inference);
    assert_eq!(seen.all(), ["1 true"]);
    assert_eq!(dropped(&observer, "on_end_panicked"), 0);
}

#[test]
fn a_callback_receives_an_operation_that_ends_while_its_thread_unwinds() {
    let (observer, received) = observer_of_outcomes();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _operation = observer.chat("m").start();
        resume_unwind(Box::new(()));
    }));
    assert!(unwound.is_err());
    assert_eq!(received.all(), [r#"failed Some("internal")"#]);
}

#[test]
fn a_callback_that_panics_while_its_thread_unwinds_does_not_abort_the_process() {
    let observer = build(|builder| builder.on_end(|_| resume_unwind(Box::new(()))));
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _operation = observer.chat("m").start();
        resume_unwind(Box::new(()));
    }));
    assert!(unwound.is_err());
    assert_eq!(dropped(&observer, "on_end_panicked"), 1);
    assert_books!(observer);
}

#[test]
fn a_callback_runs_on_a_worker_of_the_runtime() {
    let (observer, received) = observer_of_outcomes();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let in_task = observer.clone();
    runtime.block_on(runtime.spawn(async move { in_task.chat("m").start().complete() })).unwrap();
    let held = observer.chat("m").start();
    runtime.spawn(async move {
        std::future::pending::<()>().await;
        held.complete();
    });
    drop(runtime);
    assert_eq!(received.all(), ["completed None", r#"cancelled Some("cancelled")"#]);
}

#[test]
fn a_callback_receives_an_operation_that_ends_with_its_thread() {
    thread_local! {
        static HELD: RefCell<Vec<Operation>> = const { RefCell::new(Vec::new()) };
    }
    let (observer, received) = observer_of_outcomes();
    let of_thread = observer.clone();
    let held = thread::spawn(move || {
        // The thread also uses the local value of the callbacks, which is dropped before or after the operations.
        HELD.with_borrow_mut(|held| held.push(of_thread.chat("m").start()));
        of_thread.chat("m").start().complete();
        HELD.with_borrow_mut(|held| held.push(of_thread.chat("m").start()));
    });
    held.join().unwrap();
    assert_eq!(received.all(), ["completed None", r#"cancelled Some("cancelled")"#, r#"cancelled Some("cancelled")"#]);
    assert_books!(observer);
}

#[test]
fn an_operation_that_a_callback_starts_has_its_own_record_after_the_callback_has_returned() {
    let (slot, received) = (Arc::new(OnceLock::<Observer>::new()), Received::default());
    let (of_start, of_end, observer_in_callback) = (received.clone(), received.clone(), Arc::clone(&slot));
    // A lock that the callback must not take twice, such as that of a file.
    let file = Mutex::new(());
    let (builder, mut records) = Observer::builder()
        .models(["m", "audit"])
        .on_start(move |started| of_start.push(format!("start {}", started.request_model())))
        .on_end(move |record| {
            let _locked = file.try_lock().expect("the callback is not entered twice");
            of_end.push(format!("end {}", record.request_model()));
            if record.request_model() == "m" {
                let observer = observer_in_callback.get().unwrap();
                observer.chat("audit").start().complete();
                drop(observer.chat("audit").start());
            }
            of_end.push("returns");
        })
        .on_end_channel(8);
    let observer = builder.build().unwrap();
    slot.set(observer.clone()).unwrap();
    observer.chat("m").start().complete();
    let expected =
        ["start m", "end m", "returns", "start audit", "end audit", "returns", "start audit", "end audit", "returns"];
    let mut sorted = (received.all(), expected.map(str::to_owned).to_vec());
    assert_eq!(sorted.0[..3], sorted.1[..3]);
    sorted.0.sort();
    sorted.1.sort();
    assert_eq!(sorted.0, sorted.1);
    assert_eq!(dropped(&observer, "on_end_panicked"), 0);
    let in_channel: Vec<_> =
        std::iter::from_fn(|| records.try_recv()).map(|it| it.request_model().to_owned()).collect();
    assert_eq!(in_channel, ["m", "audit", "audit"]);
}

#[test]
fn a_callback_that_panics_is_counted_and_called_again() {
    let received = Received::default();
    let (of_start, of_end) = (received.clone(), received.clone());
    let observer = build(|builder| {
        builder
            .on_start(move |_| {
                of_start.push("start");
                resume_unwind(Box::new(()));
            })
            .on_end(move |record| {
                of_end.push(format!("end {}", record.sequence()));
                resume_unwind(Box::new(()));
            })
    });
    for _ in 0..2 {
        observer.chat("m").start().complete();
    }
    assert_eq!(received.all(), ["start", "end 1", "start", "end 2"]);
    assert_eq!(["on_start_panicked", "on_end_panicked"].map(|reason| dropped(&observer, reason)), [2, 2]);
    assert_books!(observer);
}

#[test]
fn a_notice_of_a_start_has_the_id_of_the_record_and_comes_before_start_returns() {
    let starts = Received::default();
    let of_start = starts.clone();
    let (builder, mut records) = Observer::builder()
        .model("m")
        .on_start(move |started| of_start.push(started.id().to_string()))
        .on_end_channel(8);
    let observer = builder.build().unwrap();
    let [first, second] = [(), ()].map(|()| observer.chat("m").start());
    assert_eq!(starts.all().len(), 2);
    second.complete();
    first.complete();
    let ends = [(), ()].map(|()| records.try_recv().unwrap());
    assert_eq!([ends[1].id().to_string(), ends[0].id().to_string()].to_vec(), starts.all());
    assert_eq!(ends.each_ref().map(Finished::sequence), [1, 2], "numbered in the order of the ends");
    assert_eq!(ends[0].id().instance(), ends[1].id().instance());
}

#[test]
fn a_notice_of_a_start_has_the_date_of_an_earlier_arrival() {
    let (clock, manual_clock) = llmobs::clock::Clock::manual();
    let dates = Arc::new(Mutex::new(Vec::new()));
    let of_start = Arc::clone(&dates);
    let observer = build(|builder| {
        builder.clock(clock).on_start(move |started| of_start.lock().unwrap().push(started.started_at()))
    });
    observer.chat("m").start().complete();
    let arrived = manual_clock.now();
    manual_clock.advance(Duration::from_secs(3_600));
    observer.chat("m").started_at(arrived).start().complete();
    let dates = dates.lock().unwrap();
    assert!(dates[1] < dates[0], "an hour before its start: {dates:?}");
}

#[test]
fn an_observer_without_records_makes_none() {
    let observer = build(|builder| builder);
    observer.chat("m").start().complete();
    assert!(!observer.recent_operations().contains("llmobs.record."));
    assert!(Readings::new(&observer).series("llmobs.self.dropped").is_empty());
}
