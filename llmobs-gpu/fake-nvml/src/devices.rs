//! Functions that identify a device.

use std::ffi::c_char;
use std::ffi::c_int;
use std::ffi::c_uint;
use std::ffi::c_void;

use crate::NOT_FOUND;
use crate::NOT_SUPPORTED;
use crate::layout::Pci;
use crate::of_device;
use crate::put;
use crate::put_text;
use crate::state::handle_of;
use crate::state::state;
use crate::state::value;
use crate::state::value32;
use crate::system::bus_id;

/// Fails for a MIG instance, which does not support the function.
fn reject_mig_instance(device: usize) -> Result<(), crate::Ret> {
    match state().devices[device].parent {
        Some(_) => Err(NOT_SUPPORTED),
        None => Ok(()),
    }
}

of_device! {
    nvmlDeviceGetIndex(device, index: *mut c_uint) {
        // The index of an instance is its position within its GPU.
        let state = state();
        let before = state.devices[..device].iter().filter(|other| other.parent == state.devices[device].parent).count();
        // SAFETY: guaranteed by the caller.
        unsafe { put(index, u32::try_from(before).unwrap_or(0)) }
    }

    nvmlDeviceGetMinorNumber(device, minor: *mut c_uint) {
        reject_mig_instance(device)?;
        // SAFETY: guaranteed by the caller.
        unsafe { put(minor, u32::try_from(device).unwrap_or(0)) }
    }

    nvmlDeviceGetName(device, name: *mut c_char, length: c_uint) {
        let text = state().devices[device].name.clone();
        // SAFETY: guaranteed by the caller.
        unsafe { put_text(&text, name, length) }
    }

    nvmlDeviceGetUUID(device, uuid: *mut c_char, length: c_uint) {
        let text = state().devices[device].uuid.clone();
        // SAFETY: guaranteed by the caller.
        unsafe { put_text(&text, uuid, length) }
    }

    nvmlDeviceGetSerial(device, serial: *mut c_char, length: c_uint) {
        reject_mig_instance(device)?;
        // SAFETY: guaranteed by the caller.
        unsafe { put_text(&format!("165012300{device}"), serial, length) }
    }

    nvmlDeviceGetVbiosVersion(device, version: *mut c_char, length: c_uint) {
        reject_mig_instance(device)?;
        // SAFETY: guaranteed by the caller.
        unsafe { put_text("96.00.74.00.01", version, length) }
    }

    nvmlDeviceGetPciInfo_v3(device, pci: *mut Pci) {
        reject_mig_instance(device)?;
        let bus = u32::try_from(0x1b + device).unwrap_or(0);
        let mut info = Pci {
            bus_id_legacy: [0; 16],
            domain: 0,
            bus,
            device: 0,
            pci_device_id: 0x2330_10DE,
            pci_subsystem_id: 0x16C1_10DE,
            bus_id: [0; 32],
        };
        let id = bus_id(device);
        // SAFETY: both fields have the passed length, and `pci` is valid as guaranteed by the caller.
        unsafe {
            put_text(&id[4..], info.bus_id_legacy.as_mut_ptr(), 16)?;
            put_text(&id, info.bus_id.as_mut_ptr(), 32)?;
            put(pci, info)
        }
    }

    nvmlDeviceGetCudaComputeCapability(device, major: *mut c_int, minor: *mut c_int) {
        let (major_value, minor_value) = (value32(device, "compute_major")?, value32(device, "compute_minor")?);
        // SAFETY: guaranteed by the caller.
        unsafe {
            put(major, major_value.cast_signed())?;
            put(minor, minor_value.cast_signed())
        }
    }

    nvmlDeviceGetNumGpuCores(device, cores: *mut c_uint) {
        // SAFETY: guaranteed by the caller.
        unsafe { put(cores, value32(device, "cores")?) }
    }

    nvmlDeviceGetMemoryBusWidth(device, bits: *mut c_uint) {
        // SAFETY: guaranteed by the caller.
        unsafe { put(bits, value32(device, "memory_bus_bits")?) }
    }

    nvmlDeviceGetMaxClockInfo(device, kind: c_uint, mhz: *mut c_uint) {
        let key = match kind {
            1 => "clock_sm_mhz",
            2 => "clock_memory_max_mhz",
            _ => return Err(NOT_SUPPORTED),
        };
        // SAFETY: guaranteed by the caller.
        unsafe { put(mhz, value32(device, key)?) }
    }

    nvmlDeviceGetPersistenceMode(device, mode: *mut c_uint) {
        reject_mig_instance(device)?;
        // SAFETY: guaranteed by the caller.
        unsafe { put(mode, 1) }
    }

    nvmlDeviceGetMigMode(device, current: *mut c_uint, pending: *mut c_uint) {
        let mode = value32(device, "mig")?;
        // SAFETY: guaranteed by the caller.
        unsafe {
            put(current, mode)?;
            put(pending, mode)
        }
    }

    nvmlDeviceGetMaxMigDeviceCount(device, count: *mut c_uint) {
        let max_count = if value(device, "mig")? == 0 { 0 } else { 7 };
        // SAFETY: guaranteed by the caller.
        unsafe { put(count, max_count) }
    }

    nvmlDeviceGetMigDeviceHandleByIndex(device, index: c_uint, instance: *mut *mut c_void) {
        let state = state();
        let mut instances = state.devices.iter().enumerate().filter(|(_, other)| other.parent == Some(device));
        let (position, _) = instances.nth(index as usize).ok_or(NOT_FOUND)?;
        // SAFETY: guaranteed by the caller.
        unsafe { put(instance, handle_of(position)) }
    }

    nvmlDeviceGetGpuInstanceId(device, id: *mut c_uint) {
        let number = state().instance(device).ok_or(NOT_SUPPORTED)?;
        // SAFETY: guaranteed by the caller.
        unsafe { put(id, number) }
    }

    nvmlDeviceGetDeviceHandleFromMigDeviceHandle(device, gpu: *mut *mut c_void) {
        let parent = state().devices[device].parent.ok_or(NOT_FOUND)?;
        // SAFETY: guaranteed by the caller.
        unsafe { put(gpu, handle_of(parent)) }
    }
}
