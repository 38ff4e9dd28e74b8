//! The processes on a device, and this application's ratio of the work.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nvml_wrapper::Device;
use nvml_wrapper::error::NvmlError;

use super::raw;
use crate::backend::DeviceProcesses;
use crate::process_tree::ProcessTree;

/// The library's value for an unavailable number.
const UNKNOWN: u64 = u64::MAX;

/// Reads the processes that use a device. `seen` is the time of the newest processed work sample.
pub(super) fn read(device: &Device<'_>, seen: &mut u64, kin: &ProcessTree) -> Result<DeviceProcesses, NvmlError> {
    // A process that computes and draws is in both lists with its whole memory. A process with a context on several MIG
    // instances is in a list once for each.
    let mut memory = BTreeMap::new();
    for process in raw::processes(device)?.into_iter().flatten().filter(|process| process.pid != 0) {
        let used = (process.usedGpuMemory != UNKNOWN).then_some(process.usedGpuMemory);
        memory.insert((process.pid, process.gpuInstanceId, process.computeInstanceId), used);
    }
    let all: BTreeSet<u32> = memory.keys().map(|(process, ..)| *process).collect();
    let certain = kin.counts_as_the_driver();
    // If the driver may use another PID namespace, an id alone does not prove it: the process must also compute on a GPU.
    let is_ours = |process: u32| kin.is_ours(process) && (certain || kin.computes(process));
    let ours: BTreeSet<u32> = all.iter().copied().filter(|process| is_ours(*process)).collect();
    let rest = count(all.len() - ours.len());
    // If one of the ids belongs to this application, the driver uses its namespace.
    let told = certain || !ours.is_empty();
    let bytes = |of_ours: bool| {
        let held = memory.iter().filter(|((process, ..), _)| ours.contains(process) == of_ours);
        held.map(|(_, used)| *used).sum::<Option<u64>>()
    };
    let mut processes = DeviceProcesses {
        ours: count(ours.len()),
        others: if told { rest } else { 0 },
        untold: if told { 0 } else { rest },
        memory_ours: bytes(true),
        memory_others: bytes(false),
        work_ratio: None,
    };
    if processes.is_shared() && !ours.is_empty() {
        processes.work_ratio = our_work_ratio(device, seen, &ours);
    }
    Ok(processes)
}

/// Returns this application's ratio of the work since the last call. Returns `None` if no process worked, or if the
/// device does not report work.
fn our_work_ratio(device: &Device<'_>, seen: &mut u64, ours: &BTreeSet<u32>) -> Option<f64> {
    let work = raw::process_work(device, *seen).ok()?;
    *seen = work.iter().map(|sample| sample.timeStamp).fold(*seen, u64::max);
    // Some samples are empty, and some are not percentages.
    let work = work.iter().filter(|sample| sample.pid != 0 && sample.smUtil <= 100);
    let (mut mine, mut all) = (0_u32, 0_u32);
    for sample in work {
        all = all.saturating_add(sample.smUtil);
        mine = mine.saturating_add(if ours.contains(&sample.pid) { sample.smUtil } else { 0 });
    }
    (all > 0).then(|| f64::from(mine) / f64::from(all))
}

fn count(processes: usize) -> u32 {
    u32::try_from(processes).unwrap_or(u32::MAX)
}
