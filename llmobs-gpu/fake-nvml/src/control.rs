//! Functions with which a test controls the library. The test loads the same file and calls them.

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
/// `text` is a C string.
unsafe fn text(text: *const c_char) -> String {
    // SAFETY: guaranteed by the caller.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// Replaces all devices with `count` devices that have constant values. The errors, delays and hangs of functions, the
/// queued events and the counts of calls remain.
#[unsafe(no_mangle)]
pub extern "C" fn fake_devices(count: u32) {
    let mut state = state();
    state.devices = (0..count as usize).map(Device::new).collect();
    state.load = None;
}

/// Replaces all devices with devices that follow a load script, as with `FAKE_NVML_WATTS`. Returns 0, or NVIDIA's code
/// for an invalid argument if the script is invalid; then nothing changes.
///
/// # Safety
///
/// `script` is a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_run(script: *const c_char) -> Ret {
    // SAFETY: guaranteed by the caller.
    let script = unsafe { text(script) };
    match Load::start(&script) {
        Ok(load) => {
            state().run(load);
            crate::OK
        }
        Err(code) => code,
    }
}

/// Sets a value of a device, by a name from `Device::new` or one that a function reads, such as `no_events`. The value
/// `lost` is the error code that all calls for the device return; 0 means none. An unknown device is ignored.
///
/// # Safety
///
/// `key` is a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_set(device: u32, key: *const c_char, value: u64) {
    // SAFETY: guaranteed by the caller.
    let key = unsafe { text(key) };
    if let Some(device) = state().devices.get_mut(device as usize) {
        device.values.insert(key, value);
    }
}

/// Removes a value of a device, so that it is not supported. An unknown device is ignored.
///
/// # Safety
///
/// `key` is a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_unset(device: u32, key: *const c_char) {
    // SAFETY: guaranteed by the caller.
    let key = unsafe { text(key) };
    if let Some(device) = state().devices.get_mut(device as usize) {
        device.values.remove(&key);
    }
}

/// Sets the name of a device. An unknown device is ignored.
///
/// # Safety
///
/// `name` is a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_name(device: u32, name: *const c_char) {
    // SAFETY: guaranteed by the caller.
    let name = unsafe { text(name) };
    if let Some(device) = state().devices.get_mut(device as usize) {
        device.name = name;
    }
}

/// Makes a function return an error code for one device, or with `u32::MAX` for every call. Code 0 removes the error
/// that was set for the same `device`.
///
/// # Safety
///
/// `name` is a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_fail(name: *const c_char, device: u32, code: u32) {
    // SAFETY: guaranteed by the caller.
    let name = unsafe { text(name) };
    let mut state = state();
    let fails = &mut state.script_by(&name).fails;
    if code == 0 {
        fails.remove(&device);
    } else {
        fails.insert(device, code);
    }
}

/// Delays every later call of a function by `micros` microseconds; 0 removes the delay.
///
/// # Safety
///
/// `name` is a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_delay(name: *const c_char, micros: u64) {
    // SAFETY: guaranteed by the caller.
    let name = unsafe { text(name) };
    state().script_by(&name).delay = Duration::from_micros(micros);
}

/// Makes every call of a function hang while `hangs` is true; false lets the hanging calls continue.
///
/// # Safety
///
/// `name` is a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_hang(name: *const c_char, hangs: bool) {
    // SAFETY: guaranteed by the caller.
    let name = unsafe { text(name) };
    state().script_by(&name).hangs = hangs;
    CHANGED.notify_all();
}

/// Returns the number of calls of a function since the library was loaded.
///
/// # Safety
///
/// `name` is a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_calls(name: *const c_char) -> u64 {
    // SAFETY: guaranteed by the caller.
    let name = unsafe { text(name) };
    state().script_by(&name).calls
}

/// Returns the number of calls of all functions of NVIDIA's library since it was loaded, without `nvmlErrorString`.
#[unsafe(no_mangle)]
pub extern "C" fn fake_all_calls() -> u64 {
    state().scripts.values().map(|script| script.calls).sum()
}

/// Queues an event with its type, as defined in NVIDIA's header, and its data. A wait for events in any event set
/// returns it, also if the device is not registered.
#[unsafe(no_mangle)]
pub extern "C" fn fake_event(device: u32, kind: u64, data: u64) {
    state().events.push_back((device as usize, kind, data));
    CHANGED.notify_all();
}

/// Removes the MIG instances of all devices, then splits a device into this number of instances, which are added at the
/// end of the list of devices. An unknown device is not split.
#[unsafe(no_mangle)]
pub extern "C" fn fake_mig(device: u32, instances: u32) {
    let mut state = state();
    let parent = device as usize;
    state.devices.retain(|other| other.parent.is_none());
    let Some(gpu) = state.devices.get_mut(parent) else { return };
    gpu.values.insert("mig".to_owned(), u64::from(instances > 0));
    let gpu = gpu.clone();
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
            name: format!("{} MIG 1g.10gb", gpu.name),
            uuid: format!("MIG-00000000-0000-0000-0000-{:06}{instance:06}", parent),
            parent: Some(parent),
            processes: Vec::new(),
        });
    }
}

/// Adds a process to a device, with its bytes of memory (`u64::MAX` if unknown to the library) and its percentage of
/// the multiprocessors' time. With `draws` the process is listed as a graphics process, otherwise as a compute process.
/// An unknown device is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn fake_process(device: u32, pid: u32, memory: u64, work: u32, draws: bool) {
    if let Some(device) = state().devices.get_mut(device as usize) {
        device.processes.push(Process { pid, memory, work, draws });
    }
}

/// Removes all processes from a device, but not from its MIG instances. An unknown device is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn fake_no_processes(device: u32) {
    if let Some(device) = state().devices.get_mut(device as usize) {
        device.processes.clear();
    }
}

/// Returns how often the library was initialised since it was loaded, repeated initialisations included.
#[unsafe(no_mangle)]
pub extern "C" fn fake_inits() -> u32 {
    state().inits
}

/// Returns the number of event sets and samples that were created and not freed.
#[unsafe(no_mangle)]
pub extern "C" fn fake_alive() -> i64 {
    let state = state();
    state.event_sets + state.gpm_samples
}

/// Returns how often devices were registered for events since the library was loaded, all devices together.
#[unsafe(no_mangle)]
pub extern "C" fn fake_registered() -> u32 {
    state().registered
}
