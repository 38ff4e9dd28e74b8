//! What a device can say.

use crate::throttle::ThrottleReasons;

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
    pub throttle: Option<ThrottleReasons>,
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
    /// Bytes a second sent over the bus, by the same samples.
    pub io_sent_per_second: Option<f64>,
    /// Bytes a second received over the bus.
    pub io_received_per_second: Option<f64>,
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
    pub is_reset_required: Option<bool>,
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
    pub processes: Option<DeviceProcesses>,
}

/// Who uses a device, in numbers: nothing else is kept of a process.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct DeviceProcesses {
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
    pub work_ratio: Option<f64>,
}

impl DeviceProcesses {
    /// Whether somebody else uses the device too. A single process of which nothing can be told is taken for ours.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.others > 0 || self.untold > 1
    }
}
