//! A stress test of the accounting: 100,000 operations end in every way that exists, on threads, in tasks, while their
//! runtime is dropped and after the exporter is shut down. Both backends must count every operation exactly once.

#[path = "books/answer.rs"]
mod answer;
#[path = "books/backends.rs"]
mod backends;
#[path = "books/ways.rs"]
mod ways;

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

use self::answer::Answer;
use self::backends::Backends;
use self::ways::Intended;
use self::ways::Tally;
use self::ways::Way;

const ON_THREADS: u64 = 60_000;
const IN_TASKS: u64 = 30_000;
const CUT_OFF: u64 = 4_000;
const SHUT_DOWN: u64 = 3_000;
const UNEXPORTED: u64 = 3_000;
const THREADS: u64 = 4;

#[test]
fn a_hundred_thousand_operations_end_in_every_way_and_the_books_of_both_backends_are_whole() {
    silence_intended_panics();
    let backends = Backends::new();
    let observer = Observer::builder().models(["a", "b"]).meter_provider(&backends.provider).build().unwrap();
    let roles = [observer.clone(), observer.as_role(Role::Gateway), observer.as_role(Role::Client)];
    let tally = Arc::new(Mutex::new(Tally::default()));

    end_in_every_way(&roles, &tally);
    assert_books!(observer);
    let so_far = tally.lock().unwrap().clone();
    assert_eq!(so_far.started, ON_THREADS + IN_TASKS);
    assert_eq!(so_far.ways.len(), Way::ALL.len(), "every way was taken: {:?}", so_far.ways);
    backends.check(&observer, &so_far);

    // A dropped runtime drops its tasks: their callers left.
    lose_a_runtime(&observer, &tally, CUT_OFF, ("cancelled", "cancelled"));
    backends.check(&observer, &tally.lock().unwrap());

    // The same during a shutdown of the service.
    observer.begin_shutdown();
    lose_a_runtime(&observer, &tally, SHUT_DOWN, ("failed", "shutdown"));
    let exported = tally.lock().unwrap().clone();
    backends.check(&observer, &exported);

    // After the provider's shutdown nothing is exported; nothing panics, and the page is still complete.
    backends.provider.shutdown().unwrap();
    for index in 0..UNEXPORTED {
        let (way, mut random) = Way::pick(ON_THREADS + IN_TASKS + index, &Way::BLOCKING);
        way.run(&roles[0], &mut random, true, &tally);
    }
    assert_books!(observer);
    let all = tally.lock().unwrap().clone();
    assert_eq!(all.started, 100_000);
    backends::check_page(&Readings::of(&observer), &all);
    backends.check_exported(&exported);
    every_series_is_there_once(&observer);
}

/// Ends operations on threads and in tasks at the same time.
fn end_in_every_way(roles: &[Observer; 3], tally: &Arc<Mutex<Tally>>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let (mut tasks, parked) = (Vec::new(), Arc::new(Semaphore::new(0)));
    for index in 0..IN_TASKS {
        let (way, mut random) = Way::pick(ON_THREADS + index, &Way::ALL);
        let (observer, tally) = (roles[index as usize % 3].clone(), Arc::clone(tally));
        let parked = Arc::clone(&parked);
        let task = runtime.spawn(async move { way.run_in_a_task(&observer, &mut random, &tally, &parked).await });
        tasks.push((way, task));
    }
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for index in (0..ON_THREADS).filter(|index| index % THREADS == thread) {
                    let (way, mut random) = Way::pick(index, &Way::BLOCKING);
                    way.run(&roles[index as usize % 3], &mut random, false, tally);
                }
            });
        }
    });
    runtime.block_on(async {
        // A task that is aborted before its first poll starts no operation, so wait until each has started.
        let to_abort = tasks.iter().filter(|(way, _)| *way == Way::Aborted).count();
        parked.acquire_many(u32::try_from(to_abort).unwrap()).await.unwrap().forget();
        for (way, task) in tasks {
            if way == Way::Aborted {
                task.abort();
            }
            let ended = task.await;
            assert_eq!(ended.is_err(), matches!(way, Way::Aborted | Way::TaskPanic), "{way:?}: {ended:?}");
        }
    });
}

/// Starts operations in a runtime, half of them before their first token and half in the middle of a stream, and drops
/// the runtime.
fn lose_a_runtime(observer: &Observer, tally: &Arc<Mutex<Tally>>, count: u64, ends: (&'static str, &'static str)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let ready = Arc::new(Semaphore::new(0));
    for index in 0..count {
        let (observer, tally, ready) = (observer.clone(), Arc::clone(tally), Arc::clone(&ready));
        runtime.spawn(async move {
            let operation = observer.chat("a").start();
            tally.lock().unwrap().end(ends.0, ends.1);
            if index % 2 == 0 {
                ready.add_permits(1);
                std::future::pending::<()>().await;
                return operation.complete();
            }
            let mut stream = operation.observe(Answer::endless(3));
            for _ in 0..3 {
                stream.next().await;
            }
            tally.lock().unwrap().tokens += 3;
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
fn every_series_is_there_once(observer: &Observer) {
    let page = llmobs::prometheus::page(observer, None).body;
    let mut seen = BTreeSet::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        assert!(seen.insert(series), "{series} stands there twice");
    }
}

fn silence_intended_panics() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<Intended>() {
            loud(info);
        }
    }));
}
