//! The interface between the sampler and the library of a GPU vendor.

pub(crate) mod amd;
pub(crate) mod auto;
#[cfg(feature = "nvml")]
pub(crate) mod nvml;
mod reading;

use std::fmt;
use std::path::Path;
use std::time::Duration;

pub use self::amd::AmdBackend;
#[cfg(feature = "nvml")]
pub use self::nvml::NvmlBackend;
pub use self::reading::DeviceProcesses;
pub use self::reading::Reading;
use crate::error::GpuError;

/// A source of GPU readings, independent of the vendor. The sampler calls a backend from one thread, one call at a
/// time.
///
/// While a call hangs, no device is read. If a call still hangs half a second after the sampler was stopped, the
/// sampler abandons its thread. Implementations must not panic.
pub trait GpuBackend: Send + 'static {
    /// Returns the name of the backend, for logs.
    fn name(&self) -> &'static str;

    /// Returns the path of the library that the application chose; `None` if the backend searches for it. Without a
    /// driver, a search that finds nothing is normal, while a chosen library that cannot be opened is logged as a
    /// warning. Defaults to `None`.
    fn chosen_path(&self) -> Option<&Path> {
        None
    }

    /// Opens the library. Called again with growing pauses until it succeeds, and never after that.
    ///
    /// # Errors
    ///
    /// The reason for which the library could not be opened.
    fn open(&mut self) -> Result<(), GpuError>;

    /// Returns all readable devices. The position of a device in this list identifies it in later calls, until the next
    /// call of this function. Devices that cannot be opened are omitted.
    ///
    /// # Errors
    ///
    /// If the devices could not be listed.
    fn devices(&mut self) -> Result<Vec<DeviceInfo>, GpuError>;

    /// Reopens the lost device at this position of the list. The backend finds it by a property that does not change,
    /// such as its [`DeviceInfo::id`]. Called again with growing pauses until it succeeds.
    ///
    /// # Errors
    ///
    /// As long as the device is not available.
    fn rediscover(&mut self, device: usize) -> Result<(), GpuError>;

    /// Reads one group of values into `into`. Values that the device does not support become `None`, never zero. On an
    /// error, `into` is not changed.
    ///
    /// # Errors
    ///
    /// The reason for which the call failed.
    fn read(&mut self, device: usize, call: DriverCall, into: &mut Reading) -> Result<(), GpuError>;

    /// Returns a watcher for errors that devices report on their own; `None` if no device can be watched. The sampler
    /// runs it on a separate thread. Called at most once, after the call of `devices` whose devices are sampled.
    /// Defaults to `None`.
    fn watch_errors(&mut self) -> Option<Box<dyn ErrorWatcher>> {
        None
    }
}

/// A watcher for errors that devices report on their own.
pub trait ErrorWatcher: Send + 'static {
    /// Waits at most `at_most` for the next error. Returns `None` if no error was reported.
    ///
    /// # Errors
    ///
    /// If waiting failed. The sampler calls again after a pause.
    fn wait(&mut self, at_most: Duration) -> Result<Option<XidEvent>, GpuError>;

    /// Returns whether errors of this device are reported, so that silence means that there were none. Defaults to
    /// `true`.
    fn is_watching(&self, device: usize) -> bool {
        let _ = device;
        true
    }
}

/// An error reported by a device, in NVIDIA's numbering (XID).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct XidEvent {
    /// Position of the device in the list from [`GpuBackend::devices`].
    pub device: usize,
    /// NVIDIA's XID number.
    pub code: u64,
}

impl XidEvent {
    /// Creates an event with this device and number.
    #[must_use]
    pub const fn new(device: usize, code: u64) -> Self {
        Self { device, code }
    }
}

/// The identity and the fixed properties of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// Permanent id, also used by other tools: NVIDIA's UUID, AMD's unique id. An AMD device without a unique id has
    /// its PCI address as the id, or without that its `name`.
    pub id: String,
    /// Name on this machine, such as `nvidia0` or `card0`; for a MIG instance such as `nvidia0/mig1`.
    pub name: String,
    /// Name of the vendor, such as `NVIDIA` or `AMD`.
    pub vendor: &'static str,
    /// Model, such as `NVIDIA H100 80GB HBM3`.
    pub model: Option<String>,
    /// PCI address in lower case, with a domain of at least four digits: `0000:1b:00.0`.
    pub pci_address: Option<String>,
    /// Serial number.
    pub serial_number: Option<String>,
    /// Version of the firmware (VBIOS).
    pub firmware_version: Option<String>,
    /// Driver version.
    pub driver_version: Option<String>,
    /// Id of the physical device, for a MIG instance.
    pub parent: Option<String>,
    /// Number among the devices of the vendor on this machine, from zero. For a MIG instance, the number of its
    /// physical device.
    pub index: Option<u32>,
    /// Number of a MIG instance within its physical device, as assigned by the driver.
    pub mig_instance_id: Option<u32>,
    /// Peak memory bandwidth in bytes per second, from bus width and clock. `None` for AMD and MIG instances.
    pub peak_bytes_per_second: Option<u64>,
    /// Peak of dense 16-bit floating-point operations per second, from a table of model names. `None` for models that
    /// are not in the table, AMD and MIG instances.
    pub peak_flops: Option<u64>,
}

/// A call to the driver, which reads one group of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DriverCall {
    /// The energy counter.
    Energy,
    /// Shares of the hardware in use, such as SMs and tensor cores, from two samples of the hardware counters.
    Activity,
    /// Clocks.
    Clocks,
    /// Memory: total, in use, and reserved by the driver.
    Memory,
    /// Power draw.
    Power,
    /// Temperatures.
    Temperature,
    /// The reasons for which clocks are reduced.
    ThrottleReasons,
    /// Shares of time in which the GPU or its memory was busy, as the driver reports them.
    Utilization,
    /// Utilization of the video encoder and decoder.
    VideoEngines,
    /// Memory errors.
    Ecc,
    /// Bytes over PCIe.
    PcieIo,
    /// Bytes over the links between GPUs (NVLink).
    NvlinkIo,
    /// The power limit.
    PowerLimit,
    /// The processes that use the device. Takes milliseconds; made only if [`SamplerBuilder::read_processes`] is on.
    ///
    /// [`SamplerBuilder::read_processes`]: crate::SamplerBuilder::read_processes
    Processes,
    /// PCIe replays, which are repeated transfers.
    PcieReplays,
    /// Remapped memory rows, and whether a reset is required.
    RemappedRows,
    /// Temperatures at which clocks are reduced or the device shuts down.
    TemperatureLimit,
    /// The time for which clocks were reduced.
    ThrottleTime,
}

impl DriverCall {
    /// All calls.
    pub const ALL: [Self; 18] = [
        Self::Energy,
        Self::Activity,
        Self::Clocks,
        Self::Memory,
        Self::Power,
        Self::Temperature,
        Self::ThrottleReasons,
        Self::Utilization,
        Self::VideoEngines,
        Self::Ecc,
        Self::PcieIo,
        Self::NvlinkIo,
        Self::PowerLimit,
        Self::Processes,
        Self::PcieReplays,
        Self::RemappedRows,
        Self::TemperatureLimit,
        Self::ThrottleTime,
    ];

    /// Returns the class of intervals at which the sampler makes the call.
    #[must_use]
    pub const fn cadence(self) -> Cadence {
        match self {
            Self::Energy => Cadence::Fast,
            Self::Activity
            | Self::Clocks
            | Self::Memory
            | Self::Power
            | Self::Temperature
            | Self::ThrottleReasons
            | Self::Utilization => Cadence::Normal,
            _ => Cadence::Slow,
        }
    }

    /// Returns the name, which is also the value of the attribute `llmobs.gpu.call`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Energy => "energy",
            Self::Activity => "activity",
            Self::Clocks => "clocks",
            Self::Memory => "memory",
            Self::Power => "power",
            Self::Temperature => "temperature",
            Self::ThrottleReasons => "throttle",
            Self::Utilization => "utilization",
            Self::VideoEngines => "codecs",
            Self::Ecc => "ecc",
            Self::PcieIo => "io",
            Self::NvlinkIo => "links",
            Self::PowerLimit => "power_limit",
            Self::Processes => "processes",
            Self::PcieReplays => "replays",
            Self::RemappedRows => "rows",
            Self::TemperatureLimit => "temperature_limit",
            Self::ThrottleTime => "throttle_time",
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// The interval class at which the sampler makes a [`DriverCall`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "the sampler has exactly three cadences")]
pub enum Cadence {
    /// By default several times a second while the application's operations (model calls) run, otherwise as `Normal`.
    Fast,
    /// Once a second by default.
    Normal,
    /// Every 30 seconds by default.
    Slow,
}

impl fmt::Debug for dyn GpuBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GpuBackend").field("name", &self.name()).finish_non_exhaustive()
    }
}
