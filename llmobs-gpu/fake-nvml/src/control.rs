//! What a test says to the library. It loads the same file and calls these.

use std::ffi::CStr;
use std::ffi::c_char;
use std::time::Duration;

use crate::Ret;
use crate::load::Load;
use crate::state::CHANGED;
use crate::state::Device;
use crate::state::Process;
use crate::state::state;

/// # Safety
///
/// `text` is a string of C.
unsafe fn text(text: *const c_char) -> String {
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// Starts again with so many devices, all at rest.
#[unsafe(no_mangle)]
pub extern "C" fn fake_devices(count: u32) {
    let mut state = state();
    state.devices = (0..count as usize).map(Device::new).collect();
    state.load = None;
}

/// Starts again with devices that run by a script, as with `FAKE_NVML_WATTS`. Gives NVIDIA's code for a script that is
/// none.
///
/// # Safety
///
/// `script` is a string of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_run(script: *const c_char) -> Ret {
    // SAFETY: the caller's promise.
    let script = unsafe { text(script) };
    match Load::start(&script) {
        Ok(load) => {
            state().run(load);
            crate::OK
        }
        Err(code) => code,
    }
}

/// Sets a number that a device shows. The number `lost` is the code that all of its calls return.
///
/// # Safety
///
/// `key` is a string of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_set(device: u32, key: *const c_char, value: u64) {
    // SAFETY: the caller's promise.
    let key = unsafe { text(key) };
    if let Some(device) = state().devices.get_mut(device as usize) {
        device.values.insert(key, value);
    }
}

/// Takes a number away: the device does not support it.
///
/// # Safety
///
/// `key` is a string of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_unset(device: u32, key: *const c_char) {
    // SAFETY: the caller's promise.
    let key = unsafe { text(key) };
    if let Some(device) = state().devices.get_mut(device as usize) {
        device.values.remove(&key);
    }
}

/// Names a device.
///
/// # Safety
///
/// `name` is a string of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_name(device: u32, name: *const c_char) {
    // SAFETY: the caller's promise.
    let name = unsafe { text(name) };
    if let Some(device) = state().devices.get_mut(device as usize) {
        device.name = name;
    }
}

/// Makes a function return a code, for one device or with `u32::MAX` always; zero heals it.
///
/// # Safety
///
/// `name` is a string of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_fail(name: *const c_char, device: u32, code: u32) {
    // SAFETY: the caller's promise.
    let name = unsafe { text(name) };
    let mut state = state();
    let fails = &mut state.script_by(&name).fails;
    if code == 0 {
        fails.remove(&device);
    } else {
        fails.insert(device, code);
    }
}

/// Makes a function take this long.
///
/// # Safety
///
/// `name` is a string of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_delay(name: *const c_char, micros: u64) {
    // SAFETY: the caller's promise.
    let name = unsafe { text(name) };
    state().script_by(&name).delay = Duration::from_micros(micros);
}

/// Makes a function not come back until it is told to.
///
/// # Safety
///
/// `name` is a string of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_hang(name: *const c_char, hangs: bool) {
    // SAFETY: the caller's promise.
    let name = unsafe { text(name) };
    state().script_by(&name).hangs = hangs;
    CHANGED.notify_all();
}

/// How often a function was called.
///
/// # Safety
///
/// `name` is a string of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_calls(name: *const c_char) -> u64 {
    // SAFETY: the caller's promise.
    let name = unsafe { text(name) };
    state().script_by(&name).calls
}

/// How often any function was called.
#[unsafe(no_mangle)]
pub extern "C" fn fake_all_calls() -> u64 {
    state().scripts.values().map(|script| script.calls).sum()
}

/// Delivers an event: its kind, as in the header, and its data.
#[unsafe(no_mangle)]
pub extern "C" fn fake_event(device: u32, kind: u64, data: u64) {
    state().events.push_back((device as usize, kind, data));
    CHANGED.notify_all();
}

/// Splits a device into so many instances, or joins it again with zero.
#[unsafe(no_mangle)]
pub extern "C" fn fake_mig(device: u32, instances: u32) {
    let mut state = state();
    let parent = device as usize;
    state.devices.retain(|known| known.parent.is_none());
    let Some(whole) = state.devices.get_mut(parent) else { return };
    whole.values.insert("mig".to_owned(), u64::from(instances > 0));
    let whole = whole.clone();
    for instance in 0..instances {
        let values = [
            ("memory_total", 10_u64 << 30),
            ("memory_used", 1 << 30),
            ("memory_reserved", 0),
            ("mig", 0),
            ("gpm_engine", 5_000),
            ("gpm_sm", 4_000 + 100 * u64::from(instance)),
            ("gpm_occupancy", 3_000),
            ("gpm_tensor", 2_000),
            ("gpm_dram", 1_000),
        ];
        state.devices.push(Device {
            values: values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            name: format!("{} MIG 1g.10gb", whole.name),
            uuid: format!("MIG-00000000-0000-0000-0000-{:06}{instance:06}", parent),
            parent: Some(parent),
            processes: Vec::new(),
        });
    }
}

/// A process begins to use a device: so many bytes, and so many percent of its multiprocessors' time. With
/// `draws` it is in the list of those that draw, else in that of those that compute.
#[unsafe(no_mangle)]
pub extern "C" fn fake_process(device: u32, pid: u32, memory: u64, work: u32, draws: bool) {
    if let Some(device) = state().devices.get_mut(device as usize) {
        device.processes.push(Process { pid, memory, work, draws });
    }
}

/// No process uses a device any more.
#[unsafe(no_mangle)]
pub extern "C" fn fake_no_processes(device: u32) {
    if let Some(device) = state().devices.get_mut(device as usize) {
        device.processes.clear();
    }
}

/// How often the library was initialised.
#[unsafe(no_mangle)]
pub extern "C" fn fake_inits() -> u32 {
    state().inits
}

/// Event sets and samples that were made and not given back.
#[unsafe(no_mangle)]
pub extern "C" fn fake_alive() -> i64 {
    let state = state();
    state.event_sets + state.gpm_samples
}

/// Devices whose events somebody waits for.
#[unsafe(no_mangle)]
pub extern "C" fn fake_registered() -> u32 {
    state().registered
}
