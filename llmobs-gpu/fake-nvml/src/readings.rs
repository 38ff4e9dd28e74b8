//! Functions that read the sensors and counters of a device.

use std::ffi::c_int;
use std::ffi::c_uint;
use std::ffi::c_ulonglong;

use crate::INVALID_ARGUMENT;
use crate::NOT_SUPPORTED;
use crate::Ret;
use crate::VERSION_MISMATCH;
use crate::layout::Field;
use crate::layout::Margin;
use crate::layout::Memory;
use crate::layout::MemoryV2;
use crate::layout::Temperature;
use crate::layout::Utilization;
use crate::layout::Value;
use crate::layout::Violation;
use crate::of_device;
use crate::put;
use crate::state::value;
use crate::state::value32;

of_device! {
    nvmlDeviceGetUtilizationRates(device, rates: *mut Utilization) {
        reject_split_gpu(device)?;
        let utilization =
            Utilization { gpu: value32(device, "utilization")?, memory: value32(device, "utilization_memory")? };
        // SAFETY: guaranteed by the caller.
        unsafe { put(rates, utilization) }
    }

    nvmlDeviceGetEncoderUtilization(device, percent: *mut c_uint, period: *mut c_uint) {
        reject_split_gpu(device)?;
        // SAFETY: guaranteed by the caller.
        unsafe {
            put(percent, value32(device, "encoder")?)?;
            put(period, 167_000)
        }
    }

    nvmlDeviceGetDecoderUtilization(device, percent: *mut c_uint, period: *mut c_uint) {
        reject_split_gpu(device)?;
        // SAFETY: guaranteed by the caller.
        unsafe {
            put(percent, value32(device, "decoder")?)?;
            put(period, 167_000)
        }
    }

    nvmlDeviceGetMemoryInfo(device, memory: *mut Memory) {
        let (total, used, reserved) = memory_of(device)?;
        // The first version of the call counts reserved memory as used.
        let info = Memory { total, free: total - used - reserved, used: used + reserved };
        // SAFETY: guaranteed by the caller.
        unsafe { put(memory, info) }
    }

    nvmlDeviceGetMemoryInfo_v2(device, memory: *mut MemoryV2) {
        // SAFETY: guaranteed by the caller.
        let version = unsafe { (*memory).version };
        if version != 40 | (2 << 24) {
            return Err(VERSION_MISMATCH);
        }
        let (total, used, reserved) = memory_of(device)?;
        let info = MemoryV2 { version, total, reserved, free: total - used - reserved, used };
        // SAFETY: guaranteed by the caller.
        unsafe { put(memory, info) }
    }

    nvmlDeviceGetPowerUsage(device, milliwatts: *mut c_uint) {
        // SAFETY: guaranteed by the caller.
        unsafe { put(milliwatts, value32(device, "power_mw")?) }
    }

    nvmlDeviceGetEnforcedPowerLimit(device, milliwatts: *mut c_uint) {
        // SAFETY: guaranteed by the caller.
        unsafe { put(milliwatts, value32(device, "power_limit_mw")?) }
    }

    nvmlDeviceGetTotalEnergyConsumption(device, millijoules: *mut c_ulonglong) {
        // SAFETY: guaranteed by the caller.
        unsafe { put(millijoules, value(device, "energy_mj")?) }
    }

    nvmlDeviceGetTemperature(device, sensor: c_uint, degrees: *mut c_uint) {
        if sensor != 0 {
            return Err(INVALID_ARGUMENT);
        }
        // SAFETY: guaranteed by the caller.
        unsafe { put(degrees, value32(device, "temperature")?) }
    }

    nvmlDeviceGetTemperatureV(device, temperature: *mut Temperature) {
        // SAFETY: guaranteed by the caller.
        let (version, sensor) = unsafe { ((*temperature).version, (*temperature).sensor) };
        if version != 12 | (1 << 24) || sensor != 0 {
            return Err(VERSION_MISMATCH);
        }
        let degrees = value32(device, "temperature")?.cast_signed();
        // SAFETY: guaranteed by the caller.
        unsafe { put(temperature, Temperature { version, sensor, temperature: degrees }) }
    }

    nvmlDeviceGetMarginTemperature(device, margin: *mut Margin) {
        // SAFETY: guaranteed by the caller.
        let version = unsafe { (*margin).version };
        if version != 8 | (1 << 24) {
            return Err(VERSION_MISMATCH);
        }
        let degrees = value32(device, "temperature_margin")?.cast_signed();
        // SAFETY: guaranteed by the caller.
        unsafe { put(margin, Margin { version, margin: degrees }) }
    }

    nvmlDeviceGetClockInfo(device, kind: c_uint, mhz: *mut c_uint) {
        let key = match kind {
            1 => "clock_sm_mhz",
            2 => "clock_memory_mhz",
            _ => return Err(NOT_SUPPORTED),
        };
        // SAFETY: guaranteed by the caller.
        unsafe { put(mhz, value32(device, key)?) }
    }

    nvmlDeviceGetCurrentClocksEventReasons(device, reasons: *mut c_ulonglong) {
        // SAFETY: guaranteed by the caller.
        unsafe { put(reasons, value(device, "reasons")?) }
    }

    nvmlDeviceGetCurrentClocksThrottleReasons(device, reasons: *mut c_ulonglong) {
        // SAFETY: guaranteed by the caller.
        unsafe { put(reasons, value(device, "reasons")?) }
    }

    nvmlDeviceGetViolationStatus(device, policy: c_uint, time: *mut Violation) {
        let key = match policy {
            0 => "violation_power_ns",
            1 => "violation_thermal_ns",
            3 => "violation_board_limit_ns",
            5 => "violation_reliability_ns",
            _ => return Err(NOT_SUPPORTED),
        };
        let violation = Violation { reference: 1_700_000_000_000_000, violation: value(device, key)? };
        // SAFETY: guaranteed by the caller.
        unsafe { put(time, violation) }
    }

    nvmlDeviceGetTotalEccErrors(device, kind: c_uint, _counter: c_uint, count: *mut c_ulonglong) {
        let key = if kind == 0 { "ecc_corrected" } else { "ecc_uncorrected" };
        // SAFETY: guaranteed by the caller.
        unsafe { put(count, value(device, key)?) }
    }

    nvmlDeviceGetPcieReplayCounter(device, count: *mut c_uint) {
        // SAFETY: guaranteed by the caller.
        unsafe { put(count, value32(device, "pcie_replays")?) }
    }

    nvmlDeviceGetFieldValues(device, count: c_int, fields: *mut Field) {
        for index in 0..usize::try_from(count).unwrap_or(0) {
            // SAFETY: `fields` has `count` items, as guaranteed by the caller.
            let field = unsafe { &mut *fields.add(index) };
            (field.timestamp, field.latency) = (1_700_000_000_000_000, 7);
            match value_of(device, field.id, field.scope) {
                Ok((kind, value)) => (field.kind, field.value, field.ret) = (kind, value, crate::OK),
                Err(code) => field.ret = code,
            }
        }
        Ok(())
    }
}

/// Fails for a GPU split into MIG instances, which reports no utilization.
fn reject_split_gpu(device: usize) -> Result<(), Ret> {
    if value(device, "mig").is_ok_and(|mig| mig != 0) { Err(NOT_SUPPORTED) } else { Ok(()) }
}

fn memory_of(device: usize) -> Result<(u64, u64, u64), Ret> {
    Ok((value(device, "memory_total")?, value(device, "memory_used")?, value(device, "memory_reserved")?))
}

/// Returns the type (1 unsigned int, 2 unsigned long, 3 unsigned long long, 5 signed int) and the value of a field.
fn value_of(device: usize, id: u32, scope: u32) -> Result<(u32, Value), Ret> {
    let uint = |key: &str| value32(device, key).map(|uint| (1, Value { uint }));
    let ulong = |key: &str| value(device, key).map(|ulong| (2, Value { ulong }));
    let ulonglong = |key: &str| value(device, key).map(|ulonglong| (3, Value { ulonglong }));
    let int = |key: &str| value32(device, key).map(|bits| (5, Value { int: bits.cast_signed() }));
    match (id, scope) {
        (82, _) => uint("temperature_memory"),
        // The scope `u32::MAX` means all links together.
        (138, u32::MAX) => ulonglong("nvlink_tx_kib"),
        (139, u32::MAX) => ulonglong("nvlink_rx_kib"),
        // The scope of one of the 18 links.
        (138, 0..18) => value(device, "nvlink_tx_kib").map(|total| (3, Value { ulonglong: total / 18 })),
        (139, 0..18) => value(device, "nvlink_rx_kib").map(|total| (3, Value { ulonglong: total / 18 })),
        (142, _) => uint("remapped_corrected"),
        (143, _) => ulong("remapped_uncorrected"),
        (144, _) => uint("remapped_pending"),
        (145, _) => uint("remapped_failure"),
        (186, 0) => uint("power_instant_mw"),
        (193, _) => int("tlimit_shutdown"),
        (194, _) => int("tlimit_slowdown"),
        (197, _) => ulonglong("pcie_tx_bytes"),
        (198, _) => ulonglong("pcie_rx_bytes"),
        (230, _) => uint("recovery_action"),
        _ => Err(NOT_SUPPORTED),
    }
}
