//! The values read from a device, and what is read of the processes that use it.

use crate::throttle::ThrottleReasons;

/// The last values read from a device. Each [`DriverCall`](crate::DriverCall) replaces its own values, so values of
/// different calls have different ages; a failed call changes none.
///
/// `None` means that the device does not support the value, that it was not read yet, that its part of the last call
/// failed while other values of the call were read, or that the device reported an implausible number. Ratios are from
/// 0 to 1. A counter counts from the moment that its doc names until the reading; without such a moment, the driver
/// does not document the start, and only the difference of two readings is meaningful.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Reading {
    /// Energy used since the driver was loaded, in microjoules: a counter. AMD does not document its start.
    pub energy_microjoules: Option<u64>,
    /// Ratio of time in which at least one kernel ran, over the driver's last sample period, which is 1/6 to 1 second
    /// long. On AMD, the load that the firmware computes from the activity of all hardware blocks.
    pub utilization: Option<f64>,
    /// Ratio of time in which the device's memory was read or written, over the same period as `utilization`. On AMD,
    /// the memory load that the firmware computes.
    pub memory_busy: Option<f64>,
    /// Ratio of time in which the video encoder was busy, over a period before the reading that the driver chooses.
    pub encoder_utilization: Option<f64>,
    /// Ratio of time in which the video decoder was busy, over a period before the reading that the driver chooses.
    pub decoder_utilization: Option<f64>,
    /// Total memory of the device in bytes, including `memory_reserved`.
    pub memory_total: Option<u64>,
    /// Memory in bytes that all processes use. Can include the driver's reservation if `memory_reserved` is `None`.
    pub memory_used: Option<u64>,
    /// Memory in bytes that the driver reserves for itself. `None` for NVIDIA's drivers before 510 and for AMD.
    pub memory_reserved: Option<u64>,
    /// Power draw in watts, averaged by the device: over the last second on NVIDIA's GPUs from Ampere on, except GA100,
    /// and over a period that the firmware chooses on AMD. A device without an average reports the draw at the reading.
    pub power: Option<f64>,
    /// Power draw in watts at the reading.
    pub power_instant: Option<f64>,
    /// Power limit in force, in watts: the most that the device may draw.
    pub power_limit: Option<f64>,
    /// Temperature of the chip in degrees Celsius. On AMD, at its hottest point (junction), or on older cards at its
    /// edge.
    pub temperature: Option<f64>,
    /// Temperature of the memory in degrees Celsius.
    pub temperature_memory: Option<f64>,
    /// Temperature of the chip from which the hardware reduces clocks, in degrees Celsius. The driver can reduce them
    /// earlier.
    pub temperature_degraded: Option<f64>,
    /// Temperature of the chip at which the device shuts down, in degrees Celsius. On AMD, the critical limit
    /// (`temp2_crit` or `temp1_crit`), which the driver distinguishes from the emergency limit of the shutdown.
    pub temperature_critical: Option<f64>,
    /// Clock of the multiprocessors in hertz at the reading. On AMD, of the graphics and compute units.
    pub clock_sm: Option<f64>,
    /// Clock of the memory in hertz at the reading.
    pub clock_memory: Option<f64>,
    /// Reasons for which clocks are reduced at the reading.
    pub throttle_reasons: Option<ThrottleReasons>,
    /// Seconds for which the power limit reduced clocks: a counter.
    pub throttled_power_seconds: Option<f64>,
    /// Seconds for which heat reduced clocks: a counter.
    pub throttled_thermal_seconds: Option<f64>,
    /// Seconds for which a limit of the board, or of the voltage for reliable operation, reduced clocks: the sum of two
    /// counters, in which a time with both reasons counts twice.
    pub throttled_limit_seconds: Option<f64>,
    /// Ratio of time in which the graphics and compute engine was busy, from the last sample of the hardware's activity
    /// counters until this one: normally one second, at least 110 ms. Copy and video engines do not count. NVIDIA's
    /// Hopper and newer only, like the other values over this time.
    pub engine_active: Option<f64>,
    /// Ratio of multiprocessors to which at least one warp was assigned, averaged over the same time as
    /// `engine_active`.
    pub sm_active: Option<f64>,
    /// Ratio of active warps to the maximum number of warps, averaged over the multiprocessors and over the same time
    /// as `engine_active`.
    pub sm_occupancy: Option<f64>,
    /// Ratio of time in which the tensor cores were active, averaged over the multiprocessors, in the same time as
    /// `engine_active`.
    pub tensor_active: Option<f64>,
    /// Ratio of the used to the peak memory bandwidth, over the same time as `engine_active`.
    pub dram_active: Option<f64>,
    /// Bytes per second that the device sent over PCIe, headers included, over the same time as `engine_active`.
    pub pcie_sent_per_second: Option<f64>,
    /// Bytes per second that the device received over PCIe, headers included, over the same time as `engine_active`.
    pub pcie_received_per_second: Option<f64>,
    /// Number of memory errors since the driver was loaded that the device corrected.
    pub ecc_corrected: Option<u64>,
    /// Number of memory errors since the driver was loaded that the device could not correct.
    pub ecc_uncorrected: Option<u64>,
    /// Number of memory rows that the device replaced by spare rows after corrected errors, in its whole life.
    pub remapped_rows_corrected: Option<u64>,
    /// Number of memory rows that the device replaced by spare rows after uncorrected errors, in its whole life.
    pub remapped_rows_uncorrected: Option<u64>,
    /// True if the device will replace memory rows by spare rows at its next reset.
    pub is_row_remap_pending: Option<bool>,
    /// True if replacing a memory row by a spare row ever failed.
    pub has_row_remap_failed: Option<bool>,
    /// True if the driver asks for a recovery: a reset of the device, or any other action, such as a reboot.
    pub is_reset_required: Option<bool>,
    /// Number of PCIe transfers that were repeated: a counter.
    pub pcie_replays: Option<u64>,
    /// Bytes that the device sent over PCIe: a counter, which can wrap.
    pub pcie_sent: Option<u64>,
    /// Bytes that the device received over PCIe: a counter, which can wrap.
    pub pcie_received: Option<u64>,
    /// Bytes of data that the device sent over all its links to other GPUs (NVLink): a counter.
    pub nvlink_sent: Option<u64>,
    /// Bytes of data that the device received over all its links to other GPUs (NVLink): a counter.
    pub nvlink_received: Option<u64>,
    /// The processes that use the device.
    pub processes: Option<DeviceProcesses>,
}

/// The processes that use a device to compute or draw: their numbers, the device memory that they use, and this
/// application's ratio of the work. No other data about processes are kept.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct DeviceProcesses {
    /// Number of processes of this application, which are this process and its descendants.
    pub ours: u32,
    /// Number of processes of other applications.
    pub others: u32,
    /// Number of processes that cannot be assigned to this or another application, because this process runs in a PID
    /// namespace of its own and no process id from the driver is known as this application's: the ids can be those of
    /// another namespace. Then all processes are unknown, and `ours` and `others` are zero.
    pub unknown: u32,
    /// Device memory that this application's processes use, in bytes. `None` if the driver does not report it for one
    /// of them.
    pub our_memory: Option<u64>,
    /// Device memory that all other processes use, `others` and `unknown`, in bytes. `None` if the driver does not
    /// report it for one of them.
    pub other_memory: Option<u64>,
    /// Ratio of the work of the multiprocessors that was this application's, from 0 to 1, in the driver's samples since
    /// the last reading of this value; for the first reading, in all samples that the driver keeps. `None` if the
    /// device is not shared, if none of the processes is this application's, if no process worked, or if the driver
    /// does not report work.
    pub work_ratio: Option<f64>,
}

impl DeviceProcesses {
    /// Returns whether another application uses the device: `others` is not zero, or `unknown` is at least 2. A single
    /// unknown process counts as this application's.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.others > 0 || self.unknown > 1
    }
}
