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
    pub(crate) visible: Option<String>,
    pub(crate) numbers_are_pci: bool,
    pub(crate) fast: u64,
    pub(crate) normal: u64,
    pub(crate) slow: u64,
    pub(crate) budget: u64,
    pub(crate) retry: (u64, u64),
    pub(crate) hang_timeout: u64,
    pub(crate) watches: bool,
    pub(crate) processes: bool,
    pub(crate) idle_watts: Option<f64>,
    pub(crate) usd_per_gpu_hour: Option<f64>,
    pub(crate) usd_per_kwh: Option<f64>,
    pub(crate) models: Vec<ModelSize>,
    pub(crate) places: Vec<(String, Vec<String>)>,
    pub(crate) on_energy: Option<EnergyCallback>,
}

type EnergyCallback = Box<dyn Fn(&OperationEnergy) + Send>;

impl SamplerBuilder {
    pub(super) fn new() -> Self {
        let settings = SamplerSettings {
            devices: Vec::new(),
            visible: std::env::var("CUDA_VISIBLE_DEVICES").ok(),
            numbers_are_pci: std::env::var("CUDA_DEVICE_ORDER").is_ok_and(|order| order == "PCI_BUS_ID"),
            fast: nanos(Duration::from_millis(50)),
            normal: nanos(Duration::from_secs(1)),
            slow: nanos(Duration::from_secs(30)),
            budget: nanos(Duration::from_millis(5)),
            retry: (nanos(Duration::from_secs(1)), nanos(Duration::from_secs(30))),
            hang_timeout: nanos(Duration::from_secs(5)),
            watches: true,
            processes: false,
            idle_watts: None,
            usd_per_gpu_hour: None,
            usd_per_kwh: None,
            models: Vec::new(),
            places: Vec::new(),
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
    pub fn choose(mut self, choice: BackendChoice) -> Self {
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
    pub const fn fast(mut self, every: Duration) -> Self {
        self.settings.fast = nanos(every);
        self
    }

    /// Sets the interval between readings of utilization, memory, clocks, power and temperature. Defaults to 1 second.
    pub const fn normal(mut self, every: Duration) -> Self {
        self.settings.normal = nanos(every);
        self
    }

    /// Sets the interval between readings of errors, limits and transferred bytes. Defaults to 30 seconds.
    pub const fn slow(mut self, every: Duration) -> Self {
        self.settings.slow = nanos(every);
        self
    }

    /// Sets the time that a call may take. A call that repeatedly exceeds the budget is made a quarter as often.
    /// Defaults to 5 ms.
    pub const fn call_budget(mut self, at_most: Duration) -> Self {
        self.settings.budget = nanos(at_most);
        self
    }

    /// Sets the pauses before the sampler retries a library that cannot be opened, or a lost device: the first pause,
    /// and the limit to which pauses grow. Defaults to 1 and 30 seconds.
    pub const fn retry(mut self, first: Duration, longest: Duration) -> Self {
        self.settings.retry = (nanos(first), nanos(longest));
        self
    }

    /// Sets the time after which a call counts as hanging. Defaults to 5 seconds.
    pub const fn hang_timeout(mut self, after: Duration) -> Self {
        self.settings.hang_timeout = nanos(after);
        self
    }

    /// Sets whether a thread waits for errors that devices report on their own. Defaults to `true`.
    pub const fn watch_errors(mut self, watches: bool) -> Self {
        self.settings.watches = watches;
        self
    }

    /// Sets whether the processes of each device are read, at the slow cadence. Energy that may belong to another
    /// application is then not attributed to operations. Processes are only counted. Defaults to `false`, since the
    /// call takes the driver milliseconds.
    pub const fn processes(mut self, asks: bool) -> Self {
        self.settings.processes = asks;
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
        self.settings.models.push(size);
        self
    }

    /// Sets the devices on which a model runs. Defaults to all sampled devices.
    pub fn place<D: Into<String>>(mut self, model: impl Into<String>, on: impl IntoIterator<Item = D>) -> Self {
        self.settings.places.push((model.into(), on.into_iter().map(Into::into).collect()));
        self
    }

    /// Sets a callback for the energy of each operation, called on the sampler's thread shortly after the operation's
    /// end. The callback must be fast and must not panic. Not set by default.
    pub fn on_energy(mut self, then: impl Fn(&OperationEnergy) + Send + 'static) -> Self {
        self.settings.on_energy = Some(Box::new(then));
        self
    }

    /// Starts sampling. The sampler's thread opens the library; a missing library is a state, not an error.
    ///
    /// # Errors
    ///
    /// If the operating system cannot create a thread.
    pub fn start(self, observer: &Observer) -> io::Result<Sampler> {
        if self.is_disabled || !observer.is_enabled() {
            return Ok(Sampler { parts: None });
        }
        let (mut worker, follower, board) = self.assemble(observer);
        observer.attach_companion(&follower);
        observer.attach_source(&board);
        let sampler = Sampler {
            parts: Some(ActiveSampler { follower: Arc::clone(&follower), board, observer: observer.clone() }),
        };
        follower.signal.began();
        let spawned = thread::Builder::new().name("llmobs-gpu".to_owned()).spawn(move || {
            worker.run();
            follower.signal.ended();
        });
        match spawned {
            Ok(_) => Ok(sampler),
            Err(error) => {
                if let Some(parts) = &sampler.parts {
                    parts.follower.signal.ended();
                }
                Err(error)
            }
        }
    }

    pub(super) fn assemble(self, observer: &Observer) -> (Worker, Arc<EventFeed>, Arc<SharedSnapshot>) {
        let backend = self.backend.unwrap_or_else(|| Box::new(AutoBackend::new()));
        let follower = Arc::new(EventFeed::default());
        let board = Arc::new(SharedSnapshot::new(observer.clone(), self.settings.hang_timeout));
        let worker = Worker::new(observer, self.settings, backend, Arc::clone(&follower), Arc::clone(&board));
        (worker, follower, board)
    }
}

impl fmt::Debug for SamplerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let backend = self.backend.as_ref().map_or("auto", |backend| backend.name());
        f.debug_struct("SamplerBuilder").field("backend", &backend).finish_non_exhaustive()
    }
}

/// Converts to nanoseconds, saturating after 584 years.
const fn nanos(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(duration.subsec_nanos() as u64)
}
