//! What a GPU's library can be asked, whoever made the GPU.

pub(crate) mod amd;
pub(crate) mod auto;
#[cfg(feature = "nvml")]
pub(crate) mod nvml;

use std::fmt;
use std::time::Duration;

pub use self::amd::AmdBackend;
#[cfg(feature = "nvml")]
pub use self::nvml::NvmlBackend;
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
    fn read(&mut self, device: usize, call: Call, into: &mut Reading) -> Result<(), GpuError>;

    /// Somebody who waits for the errors that devices report by themselves, on a thread of its own. Asked once after
    /// the devices. Defaults to nobody.
    fn watch(&mut self) -> Option<Box<dyn Watch>> {
        None
    }
}

/// Waits for errors that devices report by themselves.
pub trait Watch: Send + 'static {
    /// Waits for the next one, at most so long. `None` when nothing came.
    ///
    /// # Errors
    ///
    /// When it could not wait; it is asked again after a pause.
    fn wait(&mut self, at_most: Duration) -> Result<Option<Xid>, GpuError>;

    /// Whether a device would be heard: who says nothing then has no errors. Defaults to every device.
    fn hears(&self, device: usize) -> bool {
        let _ = device;
        true
    }
}

/// An error that a device reported by itself, in NVIDIA's numbering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Xid {
    /// The place of the device.
    pub device: usize,
    /// The number.
    pub code: u64,
}

impl Xid {
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
pub enum Call {
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
    Throttle,
    /// How busy it is.
    Utilization,
    /// Video engines.
    Codecs,
    /// Memory errors.
    Ecc,
    /// Bytes over the bus.
    Io,
    /// Bytes over the links between GPUs.
    Links,
    /// The power limit.
    PowerLimit,
    /// Who uses it: takes milliseconds, and is asked only where it was wished for.
    Processes,
    /// Repeated transfers on the bus.
    Replays,
    /// Rows of memory that were replaced, and whether a reset is asked for.
    Rows,
    /// Temperatures at which clocks are held down.
    TemperatureLimit,
    /// How long clocks were held down.
    ThrottleTime,
}

impl Call {
    /// Every question.
    pub const ALL: [Self; 18] = [
        Self::Energy,
        Self::Activity,
        Self::Clocks,
        Self::Memory,
        Self::Power,
        Self::Temperature,
        Self::Throttle,
        Self::Utilization,
        Self::Codecs,
        Self::Ecc,
        Self::Io,
        Self::Links,
        Self::PowerLimit,
        Self::Processes,
        Self::Replays,
        Self::Rows,
        Self::TemperatureLimit,
        Self::ThrottleTime,
    ];

    /// How often it is asked.
    #[must_use]
    pub const fn tier(self) -> Tier {
        match self {
            Self::Energy => Tier::Fast,
            Self::Activity
            | Self::Clocks
            | Self::Memory
            | Self::Power
            | Self::Temperature
            | Self::Throttle
            | Self::Utilization => Tier::Normal,
            _ => Tier::Slow,
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
            Self::Throttle => "throttle",
            Self::Utilization => "utilization",
            Self::Codecs => "codecs",
            Self::Ecc => "ecc",
            Self::Io => "io",
            Self::Links => "links",
            Self::PowerLimit => "power_limit",
            Self::Processes => "processes",
            Self::Replays => "replays",
            Self::Rows => "rows",
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
pub enum Tier {
    /// Many times a second while a few requests run.
    Fast,
    /// Every second.
    Normal,
    /// Twice a minute.
    Slow,
}

/// What a device said. `None`: it does not have it, or has not been asked.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Reading {
    /// Energy used since the driver was loaded, in microjoules.
    pub energy: Option<u64>,
    /// The share of time in which anything ran, from 0 to 1.
    pub utilization: Option<f64>,
    /// The share of time in which memory was read or written.
    pub memory_busy: Option<f64>,
    /// Of the video encoder.
    pub encoder: Option<f64>,
    /// Of the video decoder.
    pub decoder: Option<f64>,
    /// Bytes of memory.
    pub memory_total: Option<u64>,
    /// Bytes in use, without what the driver reserves.
    pub memory_used: Option<u64>,
    /// Bytes that the driver reserves.
    pub memory_reserved: Option<u64>,
    /// Watts, as the device averages them.
    pub power: Option<f64>,
    /// Watts now.
    pub power_instant: Option<f64>,
    /// The most watts that the device takes.
    pub power_limit: Option<f64>,
    /// Degrees Celsius of the chip.
    pub temperature: Option<f64>,
    /// Degrees Celsius of the memory.
    pub temperature_memory: Option<f64>,
    /// Degrees Celsius from which clocks are held down.
    pub temperature_degraded: Option<f64>,
    /// Degrees Celsius at which the device shuts down.
    pub temperature_critical: Option<f64>,
    /// Hertz of the multiprocessors.
    pub clock_sm: Option<f64>,
    /// Hertz of the memory.
    pub clock_memory: Option<f64>,
    /// Why clocks are held down.
    pub throttle: Option<crate::Throttle>,
    /// Seconds that clocks were held down by the power limit.
    pub throttled_capped: Option<f64>,
    /// Seconds that clocks were held down by heat.
    pub throttled_thermal: Option<f64>,
    /// Seconds that clocks were held down by limits of the board or of reliability.
    pub throttled_limit: Option<f64>,
    /// The share of time in which any engine was active.
    pub engine_active: Option<f64>,
    /// The share of multiprocessors that had work.
    pub sm_active: Option<f64>,
    /// The share of warps that were active.
    pub sm_occupancy: Option<f64>,
    /// The share of time in which the tensor cores worked.
    pub tensor_active: Option<f64>,
    /// The share of the memory's bandwidth that was used.
    pub dram_active: Option<f64>,
    /// Memory errors that were corrected.
    pub ecc_corrected: Option<u64>,
    /// Memory errors that were not.
    pub ecc_uncorrected: Option<u64>,
    /// Rows replaced after corrected errors.
    pub rows_corrected: Option<u64>,
    /// Rows replaced after uncorrected errors.
    pub rows_uncorrected: Option<u64>,
    /// Rows wait to be replaced at the next reset.
    pub rows_pending: Option<bool>,
    /// A row could not be replaced.
    pub rows_failed: Option<bool>,
    /// The driver asks for a reset or more.
    pub asks_reset: Option<bool>,
    /// Repeated transfers on the bus.
    pub replays: Option<u64>,
    /// Bytes sent over the bus.
    pub io_sent: Option<u64>,
    /// Bytes received over the bus.
    pub io_received: Option<u64>,
    /// Bytes sent over the links between GPUs.
    pub links_sent: Option<u64>,
    /// Bytes received over the links between GPUs.
    pub links_received: Option<u64>,
    /// Who uses it.
    pub processes: Option<Processes>,
}

/// Who uses a device, in numbers: nothing else is kept of a process.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Processes {
    /// This process and those that it started.
    pub ours: u32,
    /// Others.
    pub others: u32,
    /// Processes that may be either: this one lives in a namespace of its own, and the driver counts in another one.
    pub untold: u32,
    /// Bytes of ours; `None` where the driver does not tell.
    pub memory_ours: Option<u64>,
    /// Bytes of all the others.
    pub memory_others: Option<u64>,
    /// What part of the multiprocessors' work since the last look was ours, from 0 to 1. Asked only where it is shared.
    pub share: Option<f64>,
}

impl Processes {
    /// Whether somebody else uses the device too. A single process of which nothing can be told is taken for ours.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.others > 0 || self.untold > 1
    }
}

impl fmt::Debug for dyn GpuBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GpuBackend").field("name", &self.name()).finish_non_exhaustive()
    }
}
