//! Metrics of a tokio runtime: the delay of its tasks, which is part of every latency of the service, and the load of its
//! worker threads.
//!
//! A handler that blocks a worker thread delays all tasks on it, and the tokens of other answers wait. The delay is visible
//! in `llmobs.runtime.lag`, and the share of time for which the workers are busy in `llmobs.runtime.busy.time`.
//!
//! ```
//! use llmobs::Observer;
//! use tokio::runtime::Handle;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let observer = Observer::builder().build()?;
//! let _watch = llmobs::runtime::watch(&Handle::current(), "main", &observer); // keep it as long as the process serves
//! # #[cfg(feature = "prometheus")]
//! assert!(llmobs::prometheus::page(&observer, None).body.contains("llmobs_runtime_busy_time_seconds_total{"));
//! # Ok::<(), llmobs::BuildError>(())
//! # }).unwrap();
//! ```

use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::runtime::RuntimeMetrics;
use tokio::task::AbortHandle;
use tokio::time::Sleep;
use tokio::time::sleep;

use crate::clock::Moment;
use crate::observer::BusyRuntime;
use crate::observer::Observer;

/// The time for which the probe sleeps: short enough to notice a stall, long enough to cost next to nothing.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);

/// Records the metrics of a runtime with this observer, until the returned value is dropped. `name` is the value of
/// `llmobs.runtime.name`; after 16 names, further ones are recorded as `_OTHER`. Watch a runtime with one observer: a meter
/// provider that several share would add the busy times up. A disabled observer records nothing.
///
/// `llmobs.runtime.lag` comes from a task of the runtime that sleeps for 250 ms in a loop and records by how much each
/// sleep was too long; the timer of tokio itself is up to 1 ms late. `llmobs.runtime.busy.time` is tokio's own count, which
/// is read at each collection; a task is counted when it has yielded.
///
/// At level full, a pause of a second or more in a stream has the cause `runtime_lag` if a watched runtime explains it
/// ([`StallCause`](crate::semconv::value::StallCause)), also while the runtime is still blocked. Watch the runtimes whose
/// tasks poll the streams.
///
/// # Panics
///
/// Panics if the runtime has no timer (`enable_time`).
pub fn watch(handle: &Handle, name: &str, observer: &Observer) -> RuntimeWatch {
    let due_at = Arc::new(AtomicU64::new(NOT_RUNNING));
    let source = Arc::new(WatchedRuntime { metrics: handle.metrics(), due_at: Arc::clone(&due_at) });
    if !observer.is_enabled() {
        return RuntimeWatch { _source: source, probe: None };
    }
    let runtime: Weak<dyn BusyRuntime> = Arc::downgrade(&(Arc::clone(&source) as Arc<dyn BusyRuntime>));
    observer.watch_runtime(name, runtime);
    let _context = handle.enter();
    // Created here, so that a missing timer panics at the call and not in a task.
    let (due, first) = (observer.now().saturating_add(PROBE_INTERVAL), sleep(PROBE_INTERVAL));
    let probe = ProbeDue::new(due_at, due);
    let probe = handle.spawn(record_lag(observer.clone(), name.to_owned(), probe, first)).abort_handle();
    RuntimeWatch { _source: source, probe: Some(probe) }
}

/// Sleeps periodically and records by how much each sleep was longer than requested. `first` is the first sleep, which is
/// to end at the moment that `probe` holds.
async fn record_lag(observer: Observer, name: String, probe: ProbeDue, first: Sleep) {
    first.await;
    loop {
        let now = observer.now();
        let was_due = probe.set(now.saturating_add(PROBE_INTERVAL));
        observer.record_runtime_lag(&name, now.since(was_due));
        sleep(PROBE_INTERVAL).await;
    }
}

/// The moment at which the probe of a runtime is due, until the probe is dropped: a runtime that has shut down is not late.
struct ProbeDue(Arc<AtomicU64>);

impl ProbeDue {
    fn new(shared: Arc<AtomicU64>, due: Moment) -> Self {
        shared.store(due.as_nanos(), Ordering::Relaxed);
        Self(shared)
    }

    /// Sets the next moment. Returns the one before.
    fn set(&self, due: Moment) -> Moment {
        Moment::from_nanos(self.0.swap(due.as_nanos(), Ordering::Relaxed))
    }
}

impl Drop for ProbeDue {
    fn drop(&mut self) {
        self.0.store(NOT_RUNNING, Ordering::Relaxed);
    }
}

/// The moment at which a probe that does not run is due.
const NOT_RUNNING: u64 = u64::MAX;

/// The metrics of a runtime, which an observer records until this value is dropped.
#[derive(Debug)]
#[must_use = "the metrics of the runtime end when this value is dropped"]
pub struct RuntimeWatch {
    _source: Arc<WatchedRuntime>,
    probe: Option<AbortHandle>,
}

impl Drop for RuntimeWatch {
    fn drop(&mut self) {
        if let Some(probe) = &self.probe {
            probe.abort();
        }
    }
}

#[derive(Debug)]
struct WatchedRuntime {
    metrics: RuntimeMetrics,
    due_at: Arc<AtomicU64>,
}

impl BusyRuntime for WatchedRuntime {
    fn busy_time(&self) -> Duration {
        (0..self.metrics.num_workers()).map(|worker| self.metrics.worker_total_busy_duration(worker)).sum()
    }

    fn probe_due_at(&self) -> u64 {
        self.due_at.load(Ordering::Relaxed)
    }
}
