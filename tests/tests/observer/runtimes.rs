//! The delay and the load of tokio runtimes.

use std::time::Duration;

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::Observer;
use llmobs::catalog::Level;
use llmobs::clock::Clock;
use llmobs::testing::Readings;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;

const LAG: &str = "llmobs.runtime.lag";
const BUSY: &str = "llmobs.runtime.busy.time";

fn runtime(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).enable_time().build().unwrap()
}

/// Waits until the condition is true; at most 30 s.
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let clock = Clock::system();
    let began = clock.now();
    while !condition() {
        assert!(clock.now().since(began) < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_blocked_worker_shows_as_lag_and_as_busy_time() {
    let observer = Observer::builder().build().unwrap();
    let (blocked, idle) = (runtime(1), runtime(2));
    let _watches = [(&blocked, "blocked"), (&idle, "idle")]
        .map(|(runtime, name)| llmobs::runtime::watch(runtime.handle(), name, &observer));
    let of = |name| [("llmobs.runtime.name", name)];
    let lag = |name| Readings::new(&observer).histogram(LAG, &of(name));
    let busy = |name| Readings::new(&observer).value(BUSY, &of(name));
    wait_until("the probes run", || lag("blocked").count >= 1 && lag("idle").count >= 1);
    let (lag_before, busy_before) = (lag("blocked").sum, busy("blocked"));
    // Longer than two intervals of the probe, so that it is due while the only worker is blocked.
    blocked.spawn(async { std::thread::sleep(Duration::from_millis(900)) });
    wait_until("lag", || lag("blocked").sum - lag_before >= 0.5);
    wait_until("busy time", || busy("blocked") - busy_before >= 0.85);
    assert!(busy("idle") < 0.5, "the other runtime did nothing: {} s", busy("idle"));
}

#[test]
fn runtimes_with_one_name_are_added_up_and_dropping_a_watch_stops_it() {
    let observer = Observer::builder().build().unwrap();
    let runtime = runtime(1);
    let alive = || runtime.metrics().num_alive_tasks();
    let watches = [(); 2].map(|()| llmobs::runtime::watch(runtime.handle(), "main", &observer));
    assert_eq!(alive(), 2, "one probe of each watch");
    runtime.block_on(runtime.spawn(async { std::thread::sleep(Duration::from_millis(200)) })).unwrap();
    let busy = || Readings::new(&observer).value(BUSY, &[]);
    wait_until("busy time of both", || busy() >= 0.4);
    let [first, second] = watches;
    drop(first);
    wait_until("one probe", || alive() == 1);
    assert!((0.2..busy_of(&runtime) + 0.001).contains(&busy()), "{} s", busy());
    drop(second);
    wait_until("no probe", || alive() == 0);
    assert!(!llmobs::prometheus::page(&observer, None).body.contains("llmobs_runtime_busy_time"));
}

fn busy_of(runtime: &Runtime) -> f64 {
    runtime.metrics().worker_total_busy_duration(0).as_secs_f64()
}

#[test]
fn a_stream_that_waits_on_a_blocked_runtime_has_a_stall_with_the_cause_runtime_lag() {
    let observer = Observer::builder().model("m").level(Level::Full).build().unwrap();
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let _watch = llmobs::runtime::watch(runtime.handle(), "main", &observer);
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let mut stream =
        observer.chat("m").start().observe(futures_util::stream::poll_fn(move |context| receiver.poll_recv(context)));
    sender.send(Chunk::tokens(1)).unwrap();
    runtime.block_on(async {
        stream.next().await;
        // Runs when the stream waits. Its thread is that of the probe, which is due after 250 ms.
        tokio::spawn(async move {
            std::thread::sleep(Duration::from_millis(1_400));
            sender.send(Chunk::tokens(1)).unwrap();
        });
        stream.next().await;
    });
    let stalls = |cause| Readings::new(&observer).count("llmobs.stall.events", &[("llmobs.stall.cause", cause)]);
    assert_eq!((stalls("runtime_lag"), stalls("engine"), stalls("reader")), (1, 0, 0));
}

#[test]
fn a_runtime_that_has_shut_down_is_not_late() {
    let observer = Observer::builder().model("m").level(Level::Full).build().unwrap();
    let runtime = runtime(1);
    let watch = llmobs::runtime::watch(runtime.handle(), "main", &observer);
    drop(runtime);
    let (sender, receiver) = std::sync::mpsc::channel();
    let tokens = futures_util::stream::iter(receiver);
    let stream = observer.chat("m").start().observe(tokens);
    sender.send(Chunk::tokens(1)).unwrap();
    let producer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(1_400));
        sender.send(Chunk::tokens(1)).unwrap();
    });
    futures_util::FutureExt::now_or_never(stream.count()).unwrap();
    producer.join().unwrap();
    drop(watch);
    let stalls = |cause| Readings::new(&observer).count("llmobs.stall.events", &[("llmobs.stall.cause", cause)]);
    assert_eq!((stalls("runtime_lag"), stalls("engine")), (0, 1));
}

#[test]
fn a_disabled_observer_starts_no_probe() {
    let runtime = runtime(1);
    let _watch = llmobs::runtime::watch(runtime.handle(), "main", &Observer::disabled());
    assert_eq!(runtime.metrics().num_alive_tasks(), 0);
}

#[test]
#[should_panic(expected = "timers are disabled")]
fn a_runtime_without_a_timer_panics_at_the_call() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let observer = Observer::builder().build().unwrap();
    let _watch = llmobs::runtime::watch(runtime.handle(), "main", &observer);
}
