//! The builder of a sampler.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use llmobs::Observer;

use super::ActiveSampler;
use super::Sampler;
use super::SharedSnapshot;
use super::worker::Worker;
use crate::backend::GpuBackend;
use crate::backend::auto::AutoBackend;
use crate::backend_choice::BackendChoice;
use crate::event_feed::EventFeed;
use crate::report::OperationEnergy;
use crate::roofline::ModelSize;

/// A builder of a [`Sampler`].
#[must_use = "a builder samples nothing until `start` is called"]
pub struct SamplerBuilder {
    backend: Option<Box<dyn GpuBackend>>,
    is_disabled: bool,
    pub(super) settings: SamplerSettings,
}

/// The settings of a sampler. Times are in nanoseconds.
pub(crate) struct SamplerSettings {
    pub(crate) devices: Vec<String>,
    pub(crate) cuda_visible_devices: Option<String>,
    pub(crate) is_pci_order: bool,
    pub(crate) fast_interval: u64,
    pub(crate) normal_interval: u64,
    pub(crate) slow_interval: u64,
    pub(crate) call_budget: u64,
    pub(crate) retry_backoff: (u64, u64),
    pub(crate) hang_timeout: u64,
    pub(crate) should_watch_errors: bool,
    pub(crate) should_read_processes: bool,
    pub(crate) idle_watts: Option<f64>,
    pub(crate) usd_per_gpu_hour: Option<f64>,
    pub(crate) usd_per_kwh: Option<f64>,
    pub(crate) model_sizes: Vec<ModelSize>,
    pub(crate) model_devices: Vec<(String, Vec<String>)>,
    pub(crate) on_energy: Option<EnergyCallback>,
}

type EnergyCallback = Box<dyn Fn(&OperationEnergy) + Send>;

impl SamplerBuilder {
    pub(super) fn new() -> Self {
        let settings = SamplerSettings {
            devices: Vec::new(),
            cuda_visible_devices: std::env::var("CUDA_VISIBLE_DEVICES").ok(),
            is_pci_order: std::env::var("CUDA_DEVICE_ORDER").is_ok_and(|order| order == "PCI_BUS_ID"),
            fast_interval: duration_to_nanos(Duration::from_millis(50)),
            normal_interval: duration_to_nanos(Duration::from_secs(1)),
            slow_interval: duration_to_nanos(Duration::from_secs(30)),
            call_budget: duration_to_nanos(Duration::from_millis(5)),
            retry_backoff: (duration_to_nanos(Duration::from_secs(1)), duration_to_nanos(Duration::from_secs(30))),
            hang_timeout: duration_to_nanos(Duration::from_secs(5)),
            should_watch_errors: true,
            should_read_processes: false,
            idle_watts: None,
            usd_per_gpu_hour: None,
            usd_per_kwh: None,
            model_sizes: Vec::new(),
            model_devices: Vec::new(),
            on_energy: None,
        };
        Self { backend: None, is_disabled: false, settings }
    }

    /// Sets the backend. Defaults to NVIDIA's library if it can be opened (feature `nvml`), otherwise to the files of
    /// AMD's driver.
    pub fn backend(mut self, backend: impl GpuBackend) -> Self {
        self.backend = Some(Box::new(backend));
        self
    }

    /// Sets the backend by a command-line value. Defaults to [`BackendChoice::Auto`].
    #[cfg_attr(not(feature = "nvml"), expect(clippy::needless_pass_by_value, reason = "the path is used only by NVML"))]
    pub fn backend_choice(mut self, choice: BackendChoice) -> Self {
        self.is_disabled = choice == BackendChoice::Off;
        match choice {
            #[cfg(feature = "nvml")]
            BackendChoice::Nvml(path) => self.backend(crate::backend::NvmlBackend::at(path)),
            #[cfg(not(feature = "nvml"))]
            BackendChoice::Nvml(_) => {
                self.is_disabled = true;
                self
            }
            BackendChoice::Auto | BackendChoice::Off => self,
        }
    }

    /// Sets the sampled devices, each by its id, a prefix of its id, or its PCI address. Defaults to the devices in
    /// `CUDA_VISIBLE_DEVICES` if set, otherwise to all.
    pub fn devices<D: Into<String>>(mut self, devices: impl IntoIterator<Item = D>) -> Self {
        self.settings.devices = devices.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the interval between readings of the energy counter while 1 to 8 operations run. With more operations, the
    /// interval is five times as long; without operations, one second. Defaults to 50 ms.
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

    /// Sets the idle power of a device in watts. Energy beyond the idle power while no operation runs is then
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

    /// Adds the size of a model, for estimates of its utilization of the devices. Without sizes there are no estimates.
    pub fn model_size(mut self, size: ModelSize) -> Self {
        self.settings.model_sizes.push(size);
        self
    }

    /// Sets the devices on which a model runs. Defaults to all sampled devices.
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
    /// If the operating system cannot create a thread.
    pub fn start(self, observer: &Observer) -> io::Result<Sampler> {
        if self.is_disabled || !observer.is_enabled() {
            return Ok(Sampler { active: None });
        }
        let (mut worker, event_feed, snapshot) = self.assemble(observer);
        observer.attach_companion(&event_feed);
        observer.attach_source(&snapshot);
        let sampler = Sampler {
            active: Some(ActiveSampler { event_feed: Arc::clone(&event_feed), snapshot, observer: observer.clone() }),
        };
        event_feed.thread_control.thread_started();
        let spawned = thread::Builder::new().name("llmobs-gpu".to_owned()).spawn(move || {
            worker.run();
            event_feed.thread_control.thread_ended();
        });
        match spawned {
            Ok(_) => Ok(sampler),
            Err(error) => {
                if let Some(active) = &sampler.active {
                    active.event_feed.thread_control.thread_ended();
                }
                Err(error)
            }
        }
    }

    pub(super) fn assemble(self, observer: &Observer) -> (Worker, Arc<EventFeed>, Arc<SharedSnapshot>) {
        let backend = self.backend.unwrap_or_else(|| Box::new(AutoBackend::new()));
        let event_feed = Arc::new(EventFeed::default());
        let snapshot = Arc::new(SharedSnapshot::new(observer.clone(), self.settings.hang_timeout));
        let worker = Worker::new(observer, self.settings, backend, Arc::clone(&event_feed), Arc::clone(&snapshot));
        (worker, event_feed, snapshot)
    }
}

impl fmt::Debug for SamplerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let backend = self.backend.as_ref().map_or("auto", |backend| backend.name());
        f.debug_struct("SamplerBuilder").field("backend", &backend).finish_non_exhaustive()
    }
}

/// Converts to nanoseconds, saturating after 584 years.
const fn duration_to_nanos(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(duration.subsec_nanos() as u64)
}
