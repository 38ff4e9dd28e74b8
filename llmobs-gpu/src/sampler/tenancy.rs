//! The use of devices by other applications, if processes are read.

use super::gpu::SampledGpu;
use crate::energy::Tenancy;

/// Returns the use of the device at an index, according to its own processes and those of its instances.
pub(super) fn tenancy(gpus: &[SampledGpu], index: usize) -> Tenancy {
    let gpu = &gpus[index];
    let instances = gpus.iter().filter(|instance| instance.info.parent.as_ref() == Some(&gpu.info.id));
    let (mut is_shared, mut unknown_processes) = (false, 0);
    for processes in instances.filter_map(SampledGpu::processes) {
        is_shared |= processes.is_shared();
        unknown_processes += processes.unknown;
    }
    match gpu.processes() {
        Some(processes) if processes.is_shared() => {
            processes.work_ratio.filter(|_| processes.ours > 0).map_or(Tenancy::Unknown, Tenancy::Shared)
        }
        // One unclassified process on each of several instances: at most one of them is this application's.
        _ if is_shared || unknown_processes > 1 => Tenancy::Unknown,
        _ => Tenancy::Exclusive,
    }
}

/// Emits an event when other applications start or stop using a device.
pub(super) fn emit_sharing_change(gpu: &mut SampledGpu) {
    let Some(processes) = &gpu.reading.processes else { return };
    let shared = processes.is_shared();
    if std::mem::replace(&mut gpu.was_shared, shared) == shared {
        return;
    }
    let (id, others) = (gpu.info.id.as_str(), processes.others.saturating_add(processes.unknown));
    tracing::event!(
        name: "gpu_shared",
        target: "llmobs",
        tracing::Level::INFO,
        hw.id = id,
        llmobs.gpu.shared = shared,
        llmobs.gpu.other_processes = i64::from(others),
        "gpu_shared"
    );
}
