//! The processes on a device, and this application's ratio of the work.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nvml_wrapper::Device;
use nvml_wrapper::error::NvmlError;

use super::raw;
use crate::backend::DeviceProcesses;
use crate::process_tree::ProcessTree;

/// The library's value for an unavailable number.
const NOT_AVAILABLE: u64 = u64::MAX;

/// Reads the processes that use a device. `last_timestamp` is the time of the newest processed work sample, in
/// microseconds of the driver's clock.
pub(super) fn read_processes(
    device: &Device<'_>,
    last_timestamp: &mut u64,
    process_tree: &ProcessTree,
) -> Result<DeviceProcesses, NvmlError> {
    // The library has a list of processes that compute and a list of those that draw. A process that does both is in
    // both lists with its whole memory. A process with a context on several MIG instances is in a list once for each.
    let mut memory = BTreeMap::new();
    for process in raw::processes(device)?.into_iter().flatten().filter(|process| process.pid != 0) {
        let used = (process.usedGpuMemory != NOT_AVAILABLE).then_some(process.usedGpuMemory);
        memory.insert((process.pid, process.gpuInstanceId, process.computeInstanceId), used);
    }
    let all: BTreeSet<u32> = memory.keys().map(|(process, ..)| *process).collect();
    let is_initial_namespace = process_tree.is_in_initial_pid_namespace();
    // If the driver may use another PID namespace, an id alone does not prove that the process is ours: the process
    // with this id must also compute on a GPU.
    let is_ours =
        |process: u32| process_tree.is_ours(process) && (is_initial_namespace || process_tree.is_using_gpu(process));
    let ours: BTreeSet<u32> = all.iter().copied().filter(|process| is_ours(*process)).collect();
    let rest = to_u32(all.len() - ours.len());
    // If one of the ids belongs to this application, the driver uses its namespace.
    let knows_namespace = is_initial_namespace || !ours.is_empty();
    let bytes = |of_ours: bool| {
        let matching = memory.iter().filter(|((process, ..), _)| ours.contains(process) == of_ours);
        matching.map(|(_, used)| *used).sum::<Option<u64>>()
    };
    let mut processes = DeviceProcesses {
        ours: to_u32(ours.len()),
        others: if knows_namespace { rest } else { 0 },
        unknown: if knows_namespace { 0 } else { rest },
        our_memory: bytes(true),
        other_memory: bytes(false),
        work_ratio: None,
    };
    if processes.is_shared() && !ours.is_empty() {
        processes.work_ratio = our_work_ratio(device, last_timestamp, &ours);
    }
    Ok(processes)
}

/// Returns this application's ratio of the work since the last call. Returns `None` if no process worked, or if the
/// device does not report work.
fn our_work_ratio(device: &Device<'_>, last_timestamp: &mut u64, ours: &BTreeSet<u32>) -> Option<f64> {
    let work = raw::process_utilization(device, *last_timestamp).ok()?;
    *last_timestamp = work.iter().map(|sample| sample.timeStamp).fold(*last_timestamp, u64::max);
    // Some samples are empty, and some are not percentages.
    let work = work.iter().filter(|sample| sample.pid != 0 && sample.smUtil <= 100);
    let (mut our_work, mut total_work) = (0_u32, 0_u32);
    for sample in work {
        total_work = total_work.saturating_add(sample.smUtil);
        our_work = our_work.saturating_add(if ours.contains(&sample.pid) { sample.smUtil } else { 0 });
    }
    (total_work > 0).then(|| f64::from(our_work) / f64::from(total_work))
}

fn to_u32(processes: usize) -> u32 {
    u32::try_from(processes).unwrap_or(u32::MAX)
}
