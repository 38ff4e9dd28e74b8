//! The sampler: a thread that reads the devices, and a thread that waits for errors reported by devices.

mod discovery;
mod engine_gpus;
mod error_watcher;
mod estimates;
mod gpu;
mod lost_device;
mod pending_steps;
mod recording;
mod registration;
mod rows;
mod sampling;
mod schedule;
mod settings;
mod snapshot;
mod start_error;
mod tenancy;
#[cfg(all(test, feature = "nvml", target_os = "linux"))]
mod tests;
mod tracked_operation;
mod view_devices;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use llmobs::Observer;

use self::registration::RecordedMetrics;
use self::rows::SnapshotSource;
use self::sampling::Outputs;
use self::settings::SamplerSettings;
use self::snapshot::SharedSnapshot;
pub use self::start_error::StartError;
use self::worker::Worker;
use crate::backend::GpuBackend;
use crate::backend::auto::AutoBackend;
use crate::backend_choice::BackendChoice;
use crate::energy::WorkCoefficients;
use crate::event_feed::EventFeed;
use crate::numbers::duration_to_nanos;
use crate::report::DeviceReport;
use crate::report::OperationEnergy;
use crate::report::SamplerState;
use crate::roofline::ModelSize;

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
    /// The owners of the registered metrics. The sampler's thread does not own them: a hanging thread would prevent
    /// that the next sampler registers them.
    _metrics: Arc<RecordedMetrics>,
    _source: Arc<SnapshotSource>,
}

/// A builder of a [`Sampler`].
#[must_use = "a builder samples nothing until `start` is called"]
pub struct SamplerBuilder {
    backend: Option<Box<dyn GpuBackend>>,
    is_disabled: bool,
    settings: SamplerSettings,
}

/// The longest time that a stop waits for a hanging call.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);

/// Number of threads that did not end within the limit of a stop.
static ABANDONED_THREADS: AtomicU64 = AtomicU64::new(0);

impl Sampler {
    /// Returns a builder of a sampler.
    pub fn builder() -> SamplerBuilder {
        SamplerBuilder { backend: None, is_disabled: false, settings: SamplerSettings::from_environment() }
    }

    /// Returns the state of the sampler; [`SamplerState::NoDriver`] if the observer is disabled or the sampler is off.
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
        let Some(active) = self.active.take() else { return true };
        let ActiveSampler { event_feed, snapshot, observer, .. } = &active;
        snapshot.close();
        event_feed.close();
        let abandoned = event_feed.thread_control.stop(STOP_TIMEOUT);
        for _ in 0..abandoned {
            ABANDONED_THREADS.fetch_add(1, Ordering::Relaxed);
            observer.record_anomaly("gpu_thread_abandoned");
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

impl SamplerBuilder {
    /// Sets the backend. Defaults to NVIDIA's library if it can be opened (feature `nvml`), otherwise to the files of
    /// AMD's driver. Replaces an earlier [`backend_choice`](Self::backend_choice).
    pub fn backend(mut self, backend: impl GpuBackend) -> Self {
        self.backend = Some(Box::new(backend));
        self.is_disabled = false;
        self
    }

    /// Sets the backend by a command-line value. Defaults to [`BackendChoice::Auto`]. Replaces an earlier
    /// [`backend`](Self::backend).
    #[cfg_attr(
        not(feature = "nvml"),
        expect(clippy::needless_pass_by_value, reason = "the path is moved into the backend with the feature `nvml`")
    )]
    pub fn backend_choice(mut self, choice: BackendChoice) -> Self {
        self.is_disabled = false;
        self.backend = match choice {
            BackendChoice::Auto => None,
            #[cfg(feature = "nvml")]
            BackendChoice::Nvml(path) => return self.backend(crate::backend::NvmlBackend::at(path)),
            _ => {
                self.is_disabled = true;
                None
            }
        };
        self
    }

    /// Sets the sampled devices, each by its id, a prefix of its id, its PCI address, or its index among the GPUs of the
    /// machine in PCI order. Defaults to the devices in `CUDA_VISIBLE_DEVICES` if set, otherwise to all.
    pub fn devices<D: Into<String>>(mut self, devices: impl IntoIterator<Item = D>) -> Self {
        self.settings.devices = devices.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the interval between readings of the energy counter while 1 to 8 operations run. With more operations, the
    /// interval is five times as long; without operations, it is the [normal interval](Self::normal_interval) if that
    /// is longer. Defaults to 50 ms.
    pub const fn fast_interval(mut self, interval: Duration) -> Self {
        self.settings.fast_interval = duration_to_nanos(interval);
        self
    }

    /// Sets the interval between readings of utilization, memory, clocks, power and temperature. Defaults to 1 second.
    pub const fn normal_interval(mut self, interval: Duration) -> Self {
        self.settings.normal_interval = duration_to_nanos(interval);
        self
    }

    /// Sets the interval between readings of errors, limits and transferred bytes. Defaults to 30 seconds.
    pub const fn slow_interval(mut self, interval: Duration) -> Self {
        self.settings.slow_interval = duration_to_nanos(interval);
        self
    }

    /// Sets the time that a call may take. A call that repeatedly exceeds the budget is made a quarter as often.
    /// Defaults to 5 ms.
    pub const fn call_budget(mut self, at_most: Duration) -> Self {
        self.settings.call_budget = duration_to_nanos(at_most);
        self
    }

    /// Sets the pauses before the sampler retries a library that cannot be opened, or a lost device: the first pause,
    /// and the limit to which pauses grow. Defaults to 1 and 30 seconds.
    pub const fn retry_backoff(mut self, first: Duration, max: Duration) -> Self {
        self.settings.retry_backoff = (duration_to_nanos(first), duration_to_nanos(max));
        self
    }

    /// Sets the time after which a call counts as hanging. Defaults to 5 seconds.
    pub const fn hang_timeout(mut self, timeout: Duration) -> Self {
        self.settings.hang_timeout = duration_to_nanos(timeout);
        self
    }

    /// Sets whether a thread waits for errors that devices report on their own. Defaults to `true`.
    pub const fn watch_errors(mut self, enabled: bool) -> Self {
        self.settings.should_watch_errors = enabled;
        self
    }

    /// Sets whether the processes of each device are read, at the slow cadence. Energy that may belong to another
    /// application is then not attributed to operations. Processes are only counted. Defaults to `false`, since the
    /// call takes the driver milliseconds.
    pub const fn read_processes(mut self, enabled: bool) -> Self {
        self.settings.should_read_processes = enabled;
        self
    }

    /// Sets the idle power of each device in watts. Energy beyond the idle power while no operation runs is then
    /// `unattributed`. Defaults to the lowest power seen without operations.
    pub const fn idle_power(mut self, watts: f64) -> Self {
        self.settings.idle_watts = Some(watts);
        self
    }

    /// Sets the cost of one hour of a device in US dollars. Not set by default.
    pub const fn usd_per_gpu_hour(mut self, usd: f64) -> Self {
        self.settings.usd_per_gpu_hour = Some(usd);
        self
    }

    /// Sets the cost of one kilowatt-hour in US dollars, and the power usage effectiveness (PUE): the building's energy
    /// per energy of its devices. Do not set if the hourly price includes energy. Not set by default.
    pub const fn usd_per_kilowatt_hour(mut self, usd: f64, usage_effectiveness: f64) -> Self {
        self.settings.usd_per_kwh = Some(usd * usage_effectiveness);
        self
    }

    /// Adds the size of a model, for estimates of its utilization of the devices, and for dividing energy by the work of
    /// its engine's steps. Without sizes there are no estimates, and energy is divided by the tokens of the steps.
    pub fn model_size(mut self, size: ModelSize) -> Self {
        self.settings.model_sizes.push(size);
        self
    }

    /// Sets the coefficients of the work of operations in an engine's step. Defaults to [`WorkCoefficients::new`].
    pub const fn work_coefficients(mut self, coefficients: WorkCoefficients) -> Self {
        self.settings.work_coefficients = coefficients;
        self
    }

    /// Sets the devices on which a model runs, by names as in [`devices`](Self::devices). Defaults to all sampled
    /// devices.
    pub fn model_devices<D: Into<String>>(
        mut self,
        model: impl Into<String>,
        devices: impl IntoIterator<Item = D>,
    ) -> Self {
        self.settings.model_devices.push((model.into(), devices.into_iter().map(Into::into).collect()));
        self
    }

    /// Sets a callback for the energy of each operation, called on the sampler's thread shortly after the operation's
    /// end. The callback must be fast and must not panic. Not set by default.
    pub fn on_energy(mut self, callback: impl Fn(&OperationEnergy) + Send + 'static) -> Self {
        self.settings.on_energy = Some(Box::new(callback));
        self
    }

    /// Starts sampling. The sampler's thread opens the library; a missing library is a state, not an error.
    ///
    /// # Errors
    ///
    /// If a metric cannot be registered, because another sampler of the observer runs, or if the operating system
    /// cannot create a thread.
    pub fn start(self, observer: &Observer) -> Result<Sampler, StartError> {
        if self.is_disabled || !observer.is_enabled() {
            return Ok(Sampler { active: None });
        }
        let (mut worker, active) = self.assemble(observer)?;
        let event_feed = Arc::clone(&active.event_feed);
        let thread_feed = Arc::clone(&event_feed);
        let sampler = Sampler { active: Some(active) };
        event_feed.thread_control.thread_started();
        let spawned = thread::Builder::new().name("llmobs-gpu".to_owned()).spawn(move || {
            worker.run();
            thread_feed.thread_control.thread_ended();
        });
        if let Err(error) = spawned {
            event_feed.thread_control.thread_ended();
            return Err(error.into());
        }
        Ok(sampler)
    }

    /// Registers the metrics, and attaches the sampler to the observer.
    fn assemble(self, observer: &Observer) -> Result<(Worker, ActiveSampler), StartError> {
        let backend = self.backend.unwrap_or_else(|| Box::new(AutoBackend::new()));
        let event_feed = Arc::new(EventFeed::default());
        let snapshot = Arc::new(SharedSnapshot::new(observer.clone(), self.settings.hang_timeout));
        let source = Arc::new(SnapshotSource::new(Arc::clone(&snapshot)));
        let metrics = Arc::new(registration::register(observer, &source)?);
        observer.attach_companion(&event_feed);
        observer.attach_device_source(&source);
        let outputs = Outputs {
            event_feed: Arc::clone(&event_feed),
            snapshot: Arc::clone(&snapshot),
            metrics: Arc::downgrade(&metrics),
        };
        let worker = Worker::new(observer, self.settings, backend, outputs);
        let observer = observer.clone();
        Ok((worker, ActiveSampler { event_feed, snapshot, observer, _metrics: metrics, _source: source }))
    }
}

impl fmt::Debug for SamplerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = if self.is_disabled { "off" } else { "auto" };
        let backend = self.backend.as_ref().map_or(default, |backend| backend.name());
        f.debug_struct("SamplerBuilder").field("backend", &backend).finish_non_exhaustive()
    }
}
