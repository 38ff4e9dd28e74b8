//! Structs of the library, with the sizes and offsets from NVIDIA's header (13.x, 64-bit Linux).

use std::ffi::c_char;
use std::ffi::c_double;
use std::ffi::c_int;
use std::ffi::c_longlong;
use std::ffi::c_uint;
use std::ffi::c_ulong;
use std::ffi::c_ulonglong;
use std::ffi::c_void;
use std::mem::offset_of;
use std::mem::size_of;

use crate::Ret;

/// The name of a struct or field, its size or offset in our layout, and the value from the header.
pub type Figure = (&'static str, usize, usize);

/// All checked sizes and offsets.
pub const FIGURES: &[Figure] = &[
    ("nvmlMemory_t", size_of::<Memory>(), 24),
    ("nvmlMemory_v2_t", size_of::<MemoryV2>(), 40),
    ("nvmlUtilization_t", size_of::<Utilization>(), 8),
    ("nvmlPciInfo_t", size_of::<Pci>(), 68),
    ("nvmlPciInfo_t.busId", offset_of!(Pci, bus_id), 36),
    ("nvmlFieldValue_t", size_of::<Field>(), 40),
    ("nvmlFieldValue_t.value", offset_of!(Field, value), 32),
    ("nvmlProcessInfo_t", size_of::<ProcessInfo>(), 24),
    ("nvmlProcessUtilizationSample_t", size_of::<ProcessSample>(), 32),
    ("nvmlEventData_t", size_of::<EventData>(), 32),
    ("nvmlGpmMetric_t", size_of::<GpmMetric>(), 40),
    ("nvmlGpmMetricsGet_t.metrics", offset_of!(GpmMetrics, metrics), 24),
];

/// `nvmlMemory_t`: the memory of a device, in bytes.
#[repr(C)]
pub struct Memory {
    pub total: c_ulonglong,
    pub free: c_ulonglong,
    pub used: c_ulonglong,
}

/// `nvmlMemory_v2_t`: the memory of a device, in bytes, of which the driver reserves a part.
#[repr(C)]
pub struct MemoryV2 {
    /// The size of the struct and its version, set by the caller.
    pub version: c_uint,
    pub total: c_ulonglong,
    pub reserved: c_ulonglong,
    pub free: c_ulonglong,
    pub used: c_ulonglong,
}

/// `nvmlUtilization_t`: the time in which a device and its memory were busy, in percent of the last sampling period.
#[repr(C)]
pub struct Utilization {
    pub gpu: c_uint,
    pub memory: c_uint,
}

/// `nvmlPciInfo_t`: the PCI address and ids of a device.
#[repr(C)]
pub struct Pci {
    /// The address as text with a domain of four digits; `bus_id` has eight.
    pub bus_id_legacy: [c_char; 16],
    pub domain: c_uint,
    pub bus: c_uint,
    pub device: c_uint,
    pub pci_device_id: c_uint,
    pub pci_subsystem_id: c_uint,
    pub bus_id: [c_char; 32],
}

/// `nvmlValue_t`: a number in the type that [`Field::kind`] names.
#[repr(C)]
#[derive(Clone, Copy)]
pub union Value {
    pub double: c_double,
    pub int: c_int,
    pub uint: c_uint,
    pub ulong: c_ulong,
    pub ulonglong: c_ulonglong,
    pub longlong: c_longlong,
    pub ushort: u16,
}

/// `nvmlFieldValue_t`: one value of a device.
#[repr(C)]
pub struct Field {
    pub id: c_uint,
    /// The part of the device that the caller asks for, such as the index of an `NVLink`; its meaning depends on `id`.
    pub scope: c_uint,
    /// The moment of the value, in microseconds since 1970.
    pub timestamp: c_longlong,
    /// The time in microseconds that the driver needed for the value.
    pub latency: c_longlong,
    /// The type of `value`, a variant of `nvmlValueType_t`.
    pub kind: c_uint,
    /// The return code of this value.
    pub ret: Ret,
    pub value: Value,
}

/// `nvmlProcessInfo_t`: a process on a device, with its memory in bytes.
#[repr(C)]
pub struct ProcessInfo {
    pub pid: c_uint,
    pub used_memory: c_ulonglong,
    /// The MIG instance in which it runs, or `u32::MAX`.
    pub gpu_instance: c_uint,
    pub compute_instance: c_uint,
}

/// `nvmlProcessUtilizationSample_t`: the utilization of a device by one process, in percent.
#[repr(C)]
pub struct ProcessSample {
    pub pid: c_uint,
    /// The moment of the sample, in microseconds.
    pub timestamp: c_ulonglong,
    /// Percentage of the time of the multiprocessors.
    pub sm: c_uint,
    pub memory: c_uint,
    pub encoder: c_uint,
    pub decoder: c_uint,
}

/// `nvmlEventData_t`: an event of a device.
#[repr(C)]
pub struct EventData {
    pub device: *mut c_void,
    /// One bit of `nvmlEventType`.
    pub kind: c_ulonglong,
    /// For an XID error, its code.
    pub data: c_ulonglong,
    pub gpu_instance: c_uint,
    pub compute_instance: c_uint,
}

/// `nvmlViolationTime_t`: the time for which a policy, such as the limit of power, lowered the clocks of a device.
#[repr(C)]
pub struct Violation {
    /// The moment of the call, in microseconds.
    pub reference: c_ulonglong,
    /// The total time since the driver was loaded, in nanoseconds.
    pub violation: c_ulonglong,
}

/// `nvmlTemperature_v1_t`: the temperature of a sensor, in degrees Celsius.
#[repr(C)]
pub struct Temperature {
    /// The size of the struct and its version, set by the caller.
    pub version: c_uint,
    pub sensor: c_uint,
    pub temperature: c_int,
}

/// `nvmlMarginTemperature_v1_t`: the distance of a device from the temperature at which its clocks are lowered.
#[repr(C)]
pub struct Margin {
    /// The size of the struct and its version, set by the caller.
    pub version: c_uint,
    /// In degrees Celsius; negative above that temperature.
    pub margin: c_int,
}

/// The names and the unit of a GPM metric, as C strings.
#[repr(C)]
pub struct GpmInfo {
    pub short_name: *const c_char,
    pub long_name: *const c_char,
    pub unit: *const c_char,
}

/// `nvmlGpmMetric_t`: one metric that was computed from two samples.
#[repr(C)]
pub struct GpmMetric {
    /// The metric that the caller asks for, a variant of `nvmlGpmMetricId_t`.
    pub id: c_uint,
    /// The return code of this metric.
    pub ret: Ret,
    pub value: c_double,
    pub info: GpmInfo,
}

/// `nvmlGpmMetricsGet_t`: a request to compute metrics from two samples of a device.
#[repr(C)]
pub struct GpmMetrics {
    /// The version of the struct, set by the caller.
    pub version: c_uint,
    /// The number of metrics in the array of the caller.
    pub count: c_uint,
    /// The earlier sample, as `nvmlGpmSampleAlloc` returned it.
    pub first: *mut c_void,
    /// The later sample.
    pub second: *mut c_void,
    /// The start of the caller's array, which has `count` metrics; the header declares a longer one.
    pub metrics: [GpmMetric; 1],
}

/// `nvmlGpmSupport_t`: the answer to the question whether a device has GPM metrics.
#[repr(C)]
pub struct GpmSupport {
    pub version: c_uint,
    /// 1 if it has, 0 if not.
    pub supported: c_uint,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_matches_the_header() {
        for (name, ours, header) in FIGURES {
            assert_eq!(ours, header, "{name}");
        }
    }
}
