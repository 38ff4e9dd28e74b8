//! Settings of a sampler.

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

/// Settings of a [`Sampler`].
#[must_use = "nothing is sampled before `start`"]
pub struct SamplerBuilder {
    backend: Option<Box<dyn GpuBackend>>,
    is_disabled: bool,
    pub(super) settings: SamplerSettings,
}

/// What the builder decided. Times are in nanoseconds.
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

    /// How the devices are reached. Defaults to NVIDIA's library where it opens (with feature `nvml`), else to the
    /// files of AMD's driver.
    pub fn backend(mut self, backend: impl GpuBackend) -> Self {
        self.backend = Some(Box::new(backend));
        self
    }

    /// The same by a word of a command line. Defaults to [`BackendChoice::Auto`].
    #[cfg_attr(not(feature = "nvml"), expect(clippy::needless_pass_by_value, reason = "NVML takes the path in it"))]
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

    /// Which devices are sampled, each by its id, the beginning of its id, or its PCI address. Defaults to those that
    /// `CUDA_VISIBLE_DEVICES` names, where it is set, else to all.
    pub fn devices<D: Into<String>>(mut self, devices: impl IntoIterator<Item = D>) -> Self {
        self.settings.devices = devices.into_iter().map(Into::into).collect();
        self
    }

    /// How often the energy counter is read while one to eight operations run; a fifth as often while more do, and
    /// once a second while none does. Defaults to 50 ms.
    pub const fn fast(mut self, every: Duration) -> Self {
        self.settings.fast = nanos(every);
        self
    }

    /// How often utilization, memory, clocks, power and temperature are read. Defaults to a second.
    pub const fn normal(mut self, every: Duration) -> Self {
        self.settings.normal = nanos(every);
        self
    }

    /// How often errors, limits and bytes are read. Defaults to 30 seconds.
    pub const fn slow(mut self, every: Duration) -> Self {
        self.settings.slow = nanos(every);
        self
    }

    /// How long a call may take before it is made a quarter as often, if it happens more than now and then. Defaults
    /// to 5 ms.
    pub const fn call_budget(mut self, at_most: Duration) -> Self {
        self.settings.budget = nanos(at_most);
        self
    }

    /// After what pause a library that does not open, or a device that was lost, is tried again, and the longest that
    /// the pause grows to. Defaults to 1 and 30 seconds.
    pub const fn retry(mut self, first: Duration, longest: Duration) -> Self {
        self.settings.retry = (nanos(first), nanos(longest));
        self
    }

    /// How long a call may take before the sampler is said to hang. Defaults to 5 seconds.
    pub const fn hang_timeout(mut self, after: Duration) -> Self {
        self.settings.hang_timeout = nanos(after);
        self
    }

    /// Whether a thread waits for the errors that devices report by themselves. Defaults to yes.
    pub const fn watch_errors(mut self, watches: bool) -> Self {
        self.settings.watches = watches;
        self
    }

    /// Whether devices are asked who uses them, at the slow cadence: where others do, energy that may be theirs is no
    /// operation's. Processes are counted, and nothing else of them is kept. Defaults to no: an answer takes the driver
    /// milliseconds.
    pub const fn processes(mut self, asks: bool) -> Self {
        self.settings.processes = asks;
        self
    }

    /// Watts of a device on which nothing runs. What goes beyond them while no operation runs is then `unattributed`.
    /// Defaults to the least that was seen.
    pub const fn idle_power(mut self, watts: f64) -> Self {
        self.settings.idle_watts = Some(watts);
        self
    }

    /// What an hour of a device costs, in US dollars. Defaults to nothing said.
    pub const fn usd_per_gpu_hour(mut self, usd: f64) -> Self {
        self.settings.usd_per_gpu_hour = Some(usd);
        self
    }

    /// What a kilowatt-hour costs, in US dollars, and how much the building uses for each one that the devices do.
    /// Leave it out where the price of the hour holds it. Defaults to nothing said.
    pub const fn usd_per_kilowatt_hour(mut self, usd: f64, usage_effectiveness: f64) -> Self {
        self.settings.usd_per_kwh = Some(usd * usage_effectiveness);
        self
    }

    /// The size of a model, for estimates of what share of the devices it uses. Defaults to no estimates.
    pub fn model_size(mut self, size: ModelSize) -> Self {
        self.settings.models.push(size);
        self
    }

    /// On which devices a model runs. Defaults to all that are sampled.
    pub fn place<D: Into<String>>(mut self, model: impl Into<String>, on: impl IntoIterator<Item = D>) -> Self {
        self.settings.places.push((model.into(), on.into_iter().map(Into::into).collect()));
        self
    }

    /// Called on the sampler's thread with each operation's energy, shortly after its end. It must be short and not
    /// panic. Defaults to nothing.
    pub fn on_energy(mut self, then: impl Fn(&OperationEnergy) + Send + 'static) -> Self {
        self.settings.on_energy = Some(Box::new(then));
        self
    }

    /// Starts to sample. The library is opened by the sampler's thread: that it is missing is a state and no error.
    ///
    /// # Errors
    ///
    /// When the operating system gives no thread.
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

/// Nanoseconds, saturating after 584 years.
const fn nanos(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(duration.subsec_nanos() as u64)
}
