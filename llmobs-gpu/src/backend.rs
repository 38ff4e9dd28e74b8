//! What a GPU's library can be asked, whoever made the GPU.

pub(crate) mod amd;
pub(crate) mod auto;
#[cfg(feature = "nvml")]
pub(crate) mod nvml;
mod reading;

use std::fmt;
use std::time::Duration;

pub use self::amd::AmdBackend;
#[cfg(feature = "nvml")]
pub use self::nvml::NvmlBackend;
pub use self::reading::DeviceProcesses;
pub use self::reading::Reading;
use crate::error::GpuError;

/// A way to GPUs. The sampler asks it from one thread, one call at a time, and knows nothing of vendors.
///
/// A call may hang: the sampler then abandons its thread. No call may panic.
pub trait GpuBackend: Send + 'static {
    /// Its name, for logs.
    fn name(&self) -> &'static str;

    /// Opens the library. Called again, with growing pauses, while it fails; never after it succeeded.
    ///
    /// # Errors
    ///
    /// Why it could not be opened.
    fn open(&mut self) -> Result<(), GpuError>;

    /// Every device that may be read. Their places in this list are their names in the calls below, until the list is
    /// asked for again.
    ///
    /// # Errors
    ///
    /// When the devices could not be listed; a device that may not be opened is left out.
    fn devices(&mut self) -> Result<Vec<DeviceInfo>, GpuError>;

    /// Looks for a device again that was lost, by its id.
    ///
    /// # Errors
    ///
    /// While it is not back.
    fn find(&mut self, device: usize) -> Result<(), GpuError>;

    /// Asks one thing. What the device does not have is `None` in the reading, never zero; on an error the reading is
    /// left as it was.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    fn read(&mut self, device: usize, call: DriverCall, into: &mut Reading) -> Result<(), GpuError>;

    /// Somebody who waits for the errors that devices report by themselves, on a thread of its own. Asked once after
    /// the devices. Defaults to nobody.
    fn watch(&mut self) -> Option<Box<dyn ErrorWatcher>> {
        None
    }
}

/// Waits for errors that devices report by themselves.
pub trait ErrorWatcher: Send + 'static {
    /// Waits for the next one, at most so long. `None` when nothing came.
    ///
    /// # Errors
    ///
    /// When it could not wait; it is asked again after a pause.
    fn wait(&mut self, at_most: Duration) -> Result<Option<XidEvent>, GpuError>;

    /// Whether a device would be heard: who says nothing then has no errors. Defaults to every device.
    fn is_watching(&self, device: usize) -> bool {
        let _ = device;
        true
    }
}

/// An error that a device reported by itself, in NVIDIA's numbering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct XidEvent {
    /// The place of the device.
    pub device: usize,
    /// The number.
    pub code: u64,
}

impl XidEvent {
    /// An error of a device.
    #[must_use]
    pub const fn new(device: usize, code: u64) -> Self {
        Self { device, code }
    }
}

/// Who a device is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// What names it for good, also in other tools: NVIDIA's UUID, AMD's unique id.
    pub id: String,
    /// Its name on this machine, such as `nvidia0`.
    pub name: String,
    /// Who made it.
    pub vendor: &'static str,
    /// What it is, such as `NVIDIA H100 80GB HBM3`.
    pub model: Option<String>,
    /// Its PCI address, with a domain of four digits: `0000:1b:00.0`.
    pub pci: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// The version of its firmware.
    pub firmware: Option<String>,
    /// The version of the driver.
    pub driver: Option<String>,
    /// The id of the device that it is an instance of.
    pub parent: Option<String>,
    /// Its number on this machine, from zero; for an instance that of its device.
    pub index: Option<u32>,
    /// Its number among the instances of its device, as the driver gives it.
    pub instance: Option<u32>,
    /// Bytes a second that its memory can move at most, by its bus and clock.
    pub peak_bytes_per_second: Option<u64>,
    /// Dense 16-bit floating-point operations a second that it can do at most.
    pub peak_flops: Option<u64>,
}

/// One question to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DriverCall {
    /// The energy counter.
    Energy,
    /// Activity by two samples of the hardware's counters.
    Activity,
    /// Clocks.
    Clocks,
    /// Memory in use.
    Memory,
    /// Power.
    Power,
    /// Temperatures.
    Temperature,
    /// Why clocks are held down.
    ThrottleReasons,
    /// How busy it is.
    Utilization,
    /// Video engines.
    VideoEngines,
    /// Memory errors.
    Ecc,
    /// Bytes over the bus.
    PcieIo,
    /// Bytes over the links between GPUs.
    NvlinkIo,
    /// The power limit.
    PowerLimit,
    /// Who uses it: takes milliseconds, and is asked only where it was wished for.
    Processes,
    /// Repeated transfers on the bus.
    PcieReplays,
    /// Rows of memory that were replaced, and whether a reset is asked for.
    RemappedRows,
    /// Temperatures at which clocks are held down.
    TemperatureLimit,
    /// How long clocks were held down.
    ThrottleTime,
}

impl DriverCall {
    /// Every question.
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

    /// How often it is asked.
    #[must_use]
    pub const fn tier(self) -> Cadence {
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

    /// Its name, also the value of `llmobs.gpu.call`.
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

/// How often a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "three cadences, by design")]
pub enum Cadence {
    /// Many times a second while a few requests run.
    Fast,
    /// Every second.
    Normal,
    /// Twice a minute.
    Slow,
}

impl fmt::Debug for dyn GpuBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GpuBackend").field("name", &self.name()).finish_non_exhaustive()
    }
}
