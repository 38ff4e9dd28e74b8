//! A stress test of the accounting: 100,000 operations end in every way that exists, on threads, in tasks, while their
//! runtime is dropped and after the exporter is shut down. Both backends must count every operation exactly once.

mod backends;
mod cases;
mod stream;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;

use futures_util::StreamExt;
use llmobs::Observer;
use llmobs::Role;
use llmobs::assert_books;
use llmobs::testing::Readings;
use tokio::sync::Semaphore;

use self::backends::Backends;
use self::cases::EndingCase;
use self::cases::ExpectedCounts;
use self::cases::ExpectedPanic;
use self::stream::TestStream;

const THREAD_OPERATIONS: u64 = 60_000;
const TASK_OPERATIONS: u64 = 30_000;
const DROPPED_RUNTIME_OPERATIONS: u64 = 4_000;
const SHUTDOWN_OPERATIONS: u64 = 3_000;
const UNEXPORTED_OPERATIONS: u64 = 3_000;
const THREADS: u64 = 4;

#[test]
fn a_hundred_thousand_operations_end_in_every_way_and_both_backends_count_each_once() {
    silence_expected_panics();
    let backends = Backends::new();
    let observer = Observer::builder().models(["a", "b"]).meter_provider(&backends.provider).build().unwrap();
    let roles = [observer.clone(), observer.as_role(Role::Gateway), observer.as_role(Role::Client)];
    let expected = Arc::new(Mutex::new(ExpectedCounts::default()));

    run_every_ending(&roles, &expected);
    assert_books!(observer);
    let so_far = expected.lock().unwrap().clone();
    assert_eq!(so_far.started, THREAD_OPERATIONS + TASK_OPERATIONS);
    assert_eq!(so_far.by_case.len(), EndingCase::ALL.len(), "every ending case ran: {:?}", so_far.by_case);
    backends.assert_counts(&observer, &so_far);

    // A dropped runtime drops its tasks: their callers left.
    drop_runtime(&observer, &expected, DROPPED_RUNTIME_OPERATIONS, ("cancelled", "cancelled"));
    backends.assert_counts(&observer, &expected.lock().unwrap());

    // The same during a shutdown of the service.
    observer.begin_shutdown();
    drop_runtime(&observer, &expected, SHUTDOWN_OPERATIONS, ("failed", "shutdown"));
    let exported = expected.lock().unwrap().clone();
    backends.assert_counts(&observer, &exported);

    // After the provider's shutdown nothing is exported; nothing panics, and the page is still complete.
    backends.provider.shutdown().unwrap();
    for index in 0..UNEXPORTED_OPERATIONS {
        let (case, mut random) = EndingCase::choose(THREAD_OPERATIONS + TASK_OPERATIONS + index, &EndingCase::BLOCKING);
        case.run(&roles[0], &mut random, true, &expected);
    }
    assert_books!(observer);
    let all = expected.lock().unwrap().clone();
    assert_eq!(all.started, 100_000);
    backends::assert_page(&Readings::new(&observer), &all);
    backends.assert_exported(&exported);
    assert_series_unique(&observer);
}

/// Ends operations on threads and in tasks at the same time.
fn run_every_ending(roles: &[Observer; 3], expected: &Arc<Mutex<ExpectedCounts>>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let (mut tasks, parked) = (Vec::new(), Arc::new(Semaphore::new(0)));
    for index in 0..TASK_OPERATIONS {
        let (case, mut random) = EndingCase::choose(THREAD_OPERATIONS + index, &EndingCase::ALL);
        let (observer, expected) = (roles[index as usize % 3].clone(), Arc::clone(expected));
        let parked = Arc::clone(&parked);
        let task = runtime.spawn(async move { case.run_in_a_task(&observer, &mut random, &expected, &parked).await });
        tasks.push((case, task));
    }
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for index in (0..THREAD_OPERATIONS).filter(|index| index % THREADS == thread) {
                    let (case, mut random) = EndingCase::choose(index, &EndingCase::BLOCKING);
                    case.run(&roles[index as usize % 3], &mut random, false, expected);
                }
            });
        }
    });
    runtime.block_on(async {
        // A task that is aborted before its first poll starts no operation, so wait until each has started.
        let to_abort = tasks.iter().filter(|(case, _)| *case == EndingCase::Aborted).count();
        parked.acquire_many(u32::try_from(to_abort).unwrap()).await.unwrap().forget();
        for (case, task) in tasks {
            if case == EndingCase::Aborted {
                task.abort();
            }
            let ended = task.await;
            assert_eq!(
                ended.is_err(),
                matches!(case, EndingCase::Aborted | EndingCase::TaskPanic),
                "{case:?}: {ended:?}"
            );
        }
    });
}

/// Starts operations in a runtime, half of them before their first token and half in the middle of a stream, and drops
/// the runtime.
fn drop_runtime(
    observer: &Observer,
    expected: &Arc<Mutex<ExpectedCounts>>,
    count: u64,
    ends: (&'static str, &'static str),
) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let ready = Arc::new(Semaphore::new(0));
    for index in 0..count {
        let (observer, expected, ready) = (observer.clone(), Arc::clone(expected), Arc::clone(&ready));
        runtime.spawn(async move {
            let operation = observer.chat("a").start();
            expected.lock().unwrap().add_end(ends.0, ends.1);
            if index % 2 == 0 {
                ready.add_permits(1);
                std::future::pending::<()>().await;
                return operation.complete();
            }
            let mut stream = operation.observe(TestStream::endless(3));
            for _ in 0..3 {
                stream.next().await;
            }
            expected.lock().unwrap().tokens += 3;
            ready.add_permits(1);
            stream.next().await;
        });
    }
    let all = u32::try_from(count).unwrap();
    let started = runtime.block_on(ready.acquire_many(all)).unwrap();
    assert_books!(observer, in_flight = count);
    drop(started);
    drop(runtime);
    assert_books!(observer);
}

/// Checks that each combination of name and labels is on the page once, although roles share series.
fn assert_series_unique(observer: &Observer) {
    let page = llmobs::prometheus::page(observer, None).body;
    let mut seen = BTreeSet::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        assert!(seen.insert(series), "{series} appears twice");
    }
}

fn silence_expected_panics() {
    let default_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<ExpectedPanic>() {
            default_hook(info);
        }
    }));
}
