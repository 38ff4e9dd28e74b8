//! The values read from a device.

use crate::throttle::ThrottleReasons;

/// The values read from a device. `None` means that the device does not support the value, or that it was not read yet.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Reading {
    /// Energy since the driver was loaded, in microjoules.
    pub energy_microjoules: Option<u64>,
    /// Ratio of time in which any kernel ran, from 0 to 1.
    pub utilization: Option<f64>,
    /// Ratio of time in which memory was read or written.
    pub memory_busy: Option<f64>,
    /// Utilization of the video encoder, from 0 to 1.
    pub encoder_utilization: Option<f64>,
    /// Utilization of the video decoder, from 0 to 1.
    pub decoder_utilization: Option<f64>,
    /// Total memory in bytes.
    pub memory_total: Option<u64>,
    /// Used memory in bytes, without the driver's reservation.
    pub memory_used: Option<u64>,
    /// Memory reserved by the driver, in bytes.
    pub memory_reserved: Option<u64>,
    /// Average power in watts, averaged by the device.
    pub power: Option<f64>,
    /// Instantaneous power in watts.
    pub power_instant: Option<f64>,
    /// Power limit in watts.
    pub power_limit: Option<f64>,
    /// Temperature of the chip in degrees Celsius.
    pub temperature: Option<f64>,
    /// Temperature of the memory in degrees Celsius.
    pub temperature_memory: Option<f64>,
    /// Temperature at which clocks are reduced, in degrees Celsius.
    pub temperature_degraded: Option<f64>,
    /// Temperature at which the device shuts down, in degrees Celsius.
    pub temperature_critical: Option<f64>,
    /// Clock of the multiprocessors in hertz.
    pub clock_sm: Option<f64>,
    /// Clock of the memory in hertz.
    pub clock_memory: Option<f64>,
    /// Reasons for which clocks are reduced.
    pub throttle_reasons: Option<ThrottleReasons>,
    /// Seconds for which the power limit reduced clocks.
    pub throttled_power_seconds: Option<f64>,
    /// Seconds for which heat reduced clocks.
    pub throttled_thermal_seconds: Option<f64>,
    /// Seconds for which board or reliability limits reduced clocks.
    pub throttled_limit_seconds: Option<f64>,
    /// Ratio of time in which any engine was active.
    pub engine_active: Option<f64>,
    /// Ratio of multiprocessors with work.
    pub sm_active: Option<f64>,
    /// Ratio of active warps to the maximum number of warps.
    pub sm_occupancy: Option<f64>,
    /// Ratio of time in which the tensor cores were active.
    pub tensor_active: Option<f64>,
    /// Ratio of the used to the peak memory bandwidth.
    pub dram_active: Option<f64>,
    /// Bytes per second sent over PCIe, from the same samples as the activity.
    pub pcie_sent_per_second: Option<f64>,
    /// Bytes per second received over PCIe.
    pub pcie_received_per_second: Option<f64>,
    /// Number of corrected memory errors since the driver was loaded.
    pub ecc_corrected: Option<u64>,
    /// Number of uncorrected memory errors since the driver was loaded.
    pub ecc_uncorrected: Option<u64>,
    /// Number of rows remapped after corrected errors.
    pub remapped_rows_corrected: Option<u64>,
    /// Number of rows remapped after uncorrected errors.
    pub remapped_rows_uncorrected: Option<u64>,
    /// True if rows will be remapped at the next reset.
    pub is_row_remap_pending: Option<bool>,
    /// True if remapping a row failed.
    pub has_row_remap_failed: Option<bool>,
    /// True if the driver requires a reset or a stronger recovery.
    pub is_reset_required: Option<bool>,
    /// Number of PCIe replays.
    pub pcie_replays: Option<u64>,
    /// Bytes sent over PCIe.
    pub pcie_sent: Option<u64>,
    /// Bytes received over PCIe.
    pub pcie_received: Option<u64>,
    /// Bytes sent over the links between GPUs.
    pub nvlink_sent: Option<u64>,
    /// Bytes received over the links between GPUs.
    pub nvlink_received: Option<u64>,
    /// Processes that use the device.
    pub processes: Option<DeviceProcesses>,
}

/// Counts of the processes that use a device. No other data about processes are kept.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct DeviceProcesses {
    /// Number of processes of this application: this process and its descendants.
    pub ours: u32,
    /// Number of other processes.
    pub others: u32,
    /// Number of processes that cannot be classified: this process runs in a separate PID namespace, and the driver
    /// reports the ids of another one.
    pub unknown: u32,
    /// Memory of this application's processes in bytes. `None` if the driver does not report it.
    pub our_memory: Option<u64>,
    /// Memory of the other processes in bytes.
    pub other_memory: Option<u64>,
    /// This application's ratio of the multiprocessors' work since the last reading, from 0 to 1. Read only while the
    /// device is shared.
    pub work_ratio: Option<f64>,
}

impl DeviceProcesses {
    /// Returns whether another application uses the device. A single unclassified process counts as this application's.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.others > 0 || self.unknown > 1
    }
}
