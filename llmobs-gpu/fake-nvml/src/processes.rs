//! Functions that list the processes of a device.

use std::ffi::c_uint;
use std::ffi::c_ulonglong;

use crate::INSUFFICIENT_SIZE;
use crate::INVALID_ARGUMENT;
use crate::NOT_FOUND;
use crate::NOT_SUPPORTED;
use crate::Ret;
use crate::layout::ProcessInfo;
use crate::layout::ProcessSample;
use crate::of_device;
use crate::state::Process;
use crate::state::state;
use crate::state::value;

of_device! {
    nvmlDeviceGetComputeRunningProcesses_v3(device, count: *mut c_uint, infos: *mut ProcessInfo) {
        // SAFETY: guaranteed by the caller.
        unsafe { write_list(process_infos(device, false), count, infos) }
    }

    nvmlDeviceGetGraphicsRunningProcesses_v3(device, count: *mut c_uint, infos: *mut ProcessInfo) {
        // SAFETY: guaranteed by the caller.
        unsafe { write_list(process_infos(device, true), count, infos) }
    }

    nvmlDeviceGetProcessUtilization(
        device, samples: *mut ProcessSample, count: *mut c_uint, last_seen: c_ulonglong
    ) {
        // Neither a GPU split into MIG instances nor an instance has process samples.
        if value(device, "mig").is_ok_and(|mig| mig != 0) || state().devices[device].parent.is_some() {
            return Err(NOT_SUPPORTED);
        }
        let timestamp = value(device, "work_us")?;
        // Only processes that were active in the last period have a sample.
        let has_sample = |process: &Process| process.work > 0 && timestamp > last_seen;
        let all: Vec<ProcessSample> = state().devices[device].processes.iter().filter(|process| has_sample(process))
            .map(|process| ProcessSample {
                pid: process.pid,
                timestamp,
                sm: process.work,
                memory: process.work / 2,
                encoder: 0,
                decoder: 0,
            })
            .collect();
        if all.is_empty() {
            return Err(NOT_FOUND);
        }
        // SAFETY: guaranteed by the caller.
        unsafe { write_list(all, count, samples) }
    }
}

/// Returns the processes of a device and of its instances. While `process_burst` is positive, each call for compute
/// processes decrements it and adds `process_burst_size` processes (default 30).
fn process_infos(device: usize, draws: bool) -> Vec<ProcessInfo> {
    let mut state = state();
    let listed_device = &mut state.devices[device];
    let burst = listed_device.values.get("process_burst").copied().unwrap_or(0);
    if burst > 0 && !draws {
        listed_device.values.insert("process_burst".to_owned(), burst - 1);
        for _ in 0..listed_device.values.get("process_burst_size").copied().unwrap_or(30) {
            let pid = 4_000_000_000 + u32::try_from(listed_device.processes.len()).unwrap_or(0);
            listed_device.processes.push(Process { pid, memory: 1 << 20, work: 0, draws: false });
        }
    }
    let indices =
        (0..state.devices.len()).filter(|index| *index == device || state.devices[*index].parent == Some(device));
    let infos = indices.flat_map(|index| {
        let instance = state.instance(index);
        let processes = state.devices[index].processes.iter().filter(|process| process.draws == draws);
        processes.map(move |process| ProcessInfo {
            pid: process.pid,
            used_memory: process.memory,
            gpu_instance: instance.unwrap_or(u32::MAX),
            compute_instance: instance.map_or(u32::MAX, |_| 0),
        })
    });
    infos.collect()
}

/// Writes a list if there is room; otherwise returns the required length.
///
/// # Safety
///
/// `count` is null or valid, and `to` is null or has room for `count` items.
unsafe fn write_list<T>(all: Vec<T>, count: *mut c_uint, to: *mut T) -> Result<(), Ret> {
    if count.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    // SAFETY: not null, and valid as guaranteed by the caller.
    let capacity = unsafe { count.replace(u32::try_from(all.len()).unwrap_or(u32::MAX)) };
    if all.len() > capacity as usize {
        return Err(INSUFFICIENT_SIZE);
    }
    if to.is_null() && !all.is_empty() {
        return Err(INVALID_ARGUMENT);
    }
    for (index, item) in all.into_iter().enumerate() {
        // SAFETY: there is room for all items.
        unsafe { to.add(index).write(item) };
    }
    Ok(())
}
