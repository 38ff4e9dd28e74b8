//! Functions of the library itself, and the lookup of its devices.

use std::ffi::CStr;
use std::ffi::c_char;
use std::ffi::c_int;
use std::ffi::c_uint;
use std::ffi::c_void;

use crate::INVALID_ARGUMENT;
use crate::NOT_FOUND;
use crate::Ret;
use crate::UNINITIALIZED;
use crate::exported;
use crate::load;
use crate::load::Load;
use crate::put;
use crate::put_text;
use crate::state::handle_of;
use crate::state::state;

fn init() -> Result<(), Ret> {
    let mut state = state();
    // A repeated initialisation continues the script of the first.
    if state.load.is_none()
        && let Some(script) = std::env::var_os(load::WATTS)
    {
        // Without these messages, the user would only see a machine without GPUs.
        let report_error = |code| {
            eprintln!("{}: {script:?} is no script of watts", load::WATTS);
            code
        };
        let mut load = Load::start(&script.to_string_lossy()).map_err(report_error)?;
        if let Some(values) = std::env::var_os(load::VALUES) {
            let report_error = |code| {
                eprintln!("{}: {values:?} is no script of values", load::VALUES);
                code
            };
            load = load.with_values(&values.to_string_lossy()).map_err(report_error)?;
        }
        state.run(load);
    }
    state.initialized += 1;
    state.inits += 1;
    Ok(())
}

fn find(matches: impl Fn(usize, &crate::state::Device) -> bool) -> Result<*mut c_void, Ret> {
    let state = state();
    let position = state.devices.iter().enumerate().position(|(index, device)| matches(index, device));
    let position = position.ok_or(NOT_FOUND)?;
    match state.devices[position].values.get("lost") {
        Some(code) if *code != 0 => Err(u32::try_from(*code).unwrap_or(NOT_FOUND)),
        _ => Ok(handle_of(position)),
    }
}

pub(crate) fn bus_id(index: usize) -> String {
    format!("00000000:{:02X}:00.0", 0x1b + index)
}

exported! {
    nvmlInit_v2() {
        init()
    }

    nvmlInitWithFlags(_flags: c_uint) {
        init()
    }

    nvmlShutdown() {
        let mut state = state();
        state.initialized = state.initialized.checked_sub(1).ok_or(UNINITIALIZED)?;
        Ok(())
    }

    nvmlSystemGetDriverVersion(version: *mut c_char, length: c_uint) {
        let driver = state().driver.clone();
        // SAFETY: guaranteed by the caller.
        unsafe { put_text(&driver, version, length) }
    }

    nvmlSystemGetNVMLVersion(version: *mut c_char, length: c_uint) {
        // SAFETY: guaranteed by the caller.
        unsafe { put_text("13.580.95.05", version, length) }
    }

    nvmlSystemGetCudaDriverVersion_v2(version: *mut c_int) {
        // SAFETY: guaranteed by the caller.
        unsafe { put(version, 13_000) }
    }

    nvmlDeviceGetCount_v2(count: *mut c_uint) {
        let state = state();
        if state.initialized == 0 {
            return Err(UNINITIALIZED);
        }
        let gpu_count = state.devices.iter().filter(|device| device.parent.is_none()).count();
        // SAFETY: guaranteed by the caller.
        unsafe { put(count, u32::try_from(gpu_count).unwrap_or(0)) }
    }

    nvmlDeviceGetHandleByIndex_v2(index: c_uint, device: *mut *mut c_void) {
        let is_gpu = state().devices.get(index as usize).is_some_and(|device| device.parent.is_none());
        if !is_gpu {
            return Err(INVALID_ARGUMENT);
        }
        let code = state().script("nvmlDeviceGetHandleByIndex_v2").fails.get(&index).copied();
        match code {
            Some(code) => Err(code),
            // SAFETY: guaranteed by the caller.
            None => unsafe { put(device, handle_of(index as usize)) },
        }
    }

    nvmlDeviceGetHandleByUUID(uuid: *const c_char, device: *mut *mut c_void) {
        // SAFETY: guaranteed by the caller.
        let uuid = unsafe { CStr::from_ptr(uuid) }.to_string_lossy();
        let found = find(|_, device| device.uuid == uuid)?;
        // SAFETY: guaranteed by the caller.
        unsafe { put(device, found) }
    }

    nvmlDeviceGetHandleByPciBusId_v2(id: *const c_char, device: *mut *mut c_void) {
        // SAFETY: guaranteed by the caller.
        let id = unsafe { CStr::from_ptr(id) }.to_string_lossy();
        let found = find(|index, device| device.parent.is_none() && bus_id(index) == id)?;
        // SAFETY: guaranteed by the caller.
        unsafe { put(device, found) }
    }
}

/// See NVIDIA's header.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlErrorString(code: Ret) -> *const c_char {
    let text = match code {
        0 => c"Success",
        3 => c"Not Supported",
        15 => c"GPU is lost",
        _ => c"Unknown Error",
    };
    text.as_ptr()
}
