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

#[repr(C)]
pub struct Memory {
    pub total: c_ulonglong,
    pub free: c_ulonglong,
    pub used: c_ulonglong,
}

#[repr(C)]
pub struct MemoryV2 {
    pub version: c_uint,
    pub total: c_ulonglong,
    pub reserved: c_ulonglong,
    pub free: c_ulonglong,
    pub used: c_ulonglong,
}

#[repr(C)]
pub struct Utilization {
    pub gpu: c_uint,
    pub memory: c_uint,
}

#[repr(C)]
pub struct Pci {
    pub bus_id_legacy: [c_char; 16],
    pub domain: c_uint,
    pub bus: c_uint,
    pub device: c_uint,
    pub pci_device_id: c_uint,
    pub pci_subsystem_id: c_uint,
    pub bus_id: [c_char; 32],
}

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

#[repr(C)]
pub struct Field {
    pub id: c_uint,
    pub scope: c_uint,
    pub timestamp: c_longlong,
    pub latency: c_longlong,
    pub kind: c_uint,
    pub ret: Ret,
    pub value: Value,
}

#[repr(C)]
pub struct ProcessInfo {
    pub pid: c_uint,
    pub used_memory: c_ulonglong,
    pub gpu_instance: c_uint,
    pub compute_instance: c_uint,
}

#[repr(C)]
pub struct ProcessSample {
    pub pid: c_uint,
    pub timestamp: c_ulonglong,
    pub sm: c_uint,
    pub memory: c_uint,
    pub encoder: c_uint,
    pub decoder: c_uint,
}

#[repr(C)]
pub struct EventData {
    pub device: *mut c_void,
    pub kind: c_ulonglong,
    pub data: c_ulonglong,
    pub gpu_instance: c_uint,
    pub compute_instance: c_uint,
}

#[repr(C)]
pub struct Violation {
    pub reference: c_ulonglong,
    pub violation: c_ulonglong,
}

#[repr(C)]
pub struct Temperature {
    pub version: c_uint,
    pub sensor: c_uint,
    pub temperature: c_int,
}

#[repr(C)]
pub struct Margin {
    pub version: c_uint,
    pub margin: c_int,
}

#[repr(C)]
pub struct GpmInfo {
    pub short_name: *const c_char,
    pub long_name: *const c_char,
    pub unit: *const c_char,
}

#[repr(C)]
pub struct GpmMetric {
    pub id: c_uint,
    pub ret: Ret,
    pub value: c_double,
    pub info: GpmInfo,
}

#[repr(C)]
pub struct GpmMetrics {
    pub version: c_uint,
    pub count: c_uint,
    pub first: *mut c_void,
    pub second: *mut c_void,
    pub metrics: [GpmMetric; 1],
}

#[repr(C)]
pub struct GpmSupport {
    pub version: c_uint,
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
