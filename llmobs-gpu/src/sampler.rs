//! The sampler: a thread that reads the devices, and a thread that waits for errors reported by devices.

mod builder;
mod discovery;
mod error_watcher;
mod estimates;
mod gpu;
mod recording;
mod rows;
mod schedule;
mod snapshot;
mod tenancy;
#[cfg(all(test, feature = "nvml", target_os = "linux"))]
mod tests;
mod view_devices;
mod worker;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use llmobs::Observer;

pub use self::builder::SamplerBuilder;
pub(crate) use self::snapshot::SharedSnapshot;
use crate::event_feed::EventFeed;
use crate::report::DeviceReport;
use crate::report::SamplerState;

/// A running sampler of this machine's GPUs. Sampling ends when this value is dropped.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let observer = llmobs::Observer::builder().model("llama-8b").build()?;
/// let sampler = llmobs_gpu::Sampler::builder().start(&observer)?;
/// // ... serve; then, or by dropping it:
/// sampler.stop();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "sampling stops when the sampler is dropped"]
pub struct Sampler {
    /// `None` for a disabled observer or a sampler that is off.
    active: Option<ActiveSampler>,
}

#[derive(Debug)]
struct ActiveSampler {
    event_feed: Arc<EventFeed>,
    snapshot: Arc<SharedSnapshot>,
    observer: Observer,
}

/// The longest time that a stop waits for a hanging call.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);

/// Number of threads that did not end within the limit of a stop.
static ABANDONED_THREADS: AtomicU64 = AtomicU64::new(0);

impl Sampler {
    /// Returns a builder of a sampler.
    pub fn builder() -> SamplerBuilder {
        SamplerBuilder::new()
    }

    /// Returns the state of the sampler.
    #[must_use]
    pub fn state(&self) -> SamplerState {
        self.active.as_ref().map_or(SamplerState::NoDriver, |active| active.snapshot.sampler_state())
    }

    /// Returns the devices with their last readings.
    #[must_use]
    pub fn devices(&self) -> Vec<DeviceReport> {
        let report = |active: &ActiveSampler| {
            active.snapshot.lock().devices.iter().map(|device| device.report.clone()).collect()
        };
        self.active.as_ref().map_or_else(Vec::new, report)
    }

    /// Stops the sampler within half a second, even if a call hangs. A hanging thread is abandoned and counted as
    /// `gpu_thread_abandoned` in `llmobs.self.anomalies`; it ends without effect when the call returns. Returns whether
    /// all threads ended.
    #[expect(clippy::must_use_candidate, reason = "most callers do not need the result")]
    pub fn stop(mut self) -> bool {
        self.shut_down()
    }

    /// Returns the number of threads that this process has abandoned.
    #[must_use]
    pub fn abandoned_threads() -> u64 {
        ABANDONED_THREADS.load(Ordering::Relaxed)
    }

    fn shut_down(&mut self) -> bool {
        let Some(ActiveSampler { event_feed, snapshot, observer }) = self.active.take() else { return true };
        snapshot.close();
        event_feed.close();
        let abandoned = event_feed.thread_control.stop(STOP_TIMEOUT);
        for _ in 0..abandoned {
            ABANDONED_THREADS.fetch_add(1, Ordering::Relaxed);
            observer.recorder().record_anomaly("gpu_thread_abandoned");
        }
        if abandoned > 0 {
            tracing::warn!(
                target: "llmobs",
                threads = abandoned,
                "a call of the GPU library hangs; abandoned its thread"
            );
        }
        abandoned == 0
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.shut_down();
    }
}
