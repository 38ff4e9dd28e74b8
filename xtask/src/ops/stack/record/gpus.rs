//! The recordings of `axum-chat` with simulated GPUs. Each restarts with the fault.

use super::recordings::Fault;
use super::recordings::GPU_ARGUMENTS;
use super::recordings::Recordings;
use super::servers::SERVER;
use crate::ops::programs::service;
use crate::ops::programs::service::ANY_PORT;
use crate::ops::programs::service::Service;
use crate::ops::stack::pages::traffic::CLIENT;
use crate::ops::stack::pages::traffic::Clients;

/// Adds the recordings.
pub(super) fn add(all: &mut Recordings) -> Result<(), String> {
    let faults = [
        ("gpu-lost", "after a restart, one of two simulated GPUs is missing", Fault::Gpus(service::ONE_GPU.to_vec())),
        ("gpu-gone", "after a restart, the process finds no driver", Fault::NoDriver),
        ("gpu-fatal-xid", "a simulated GPU reports XID 79", one_gpu("xid=79")),
        ("gpu-xid", "a simulated GPU reports XID 31", one_gpu("xid=31")),
        (
            "gpu-throttled",
            "heat reduces the clocks of a simulated GPU 60 % of the time",
            one_gpu("reasons=32;violation_thermal_ns+=600000000"),
        ),
        ("gpu-memory-full", "99 % of the memory of a simulated GPU is in use", one_gpu("memory_used=85000000000")),
        ("gpu-idle", "a simulated GPU does nothing, while requests wait", one_gpu("utilization=0;gpm_sm=0")),
    ];
    for (name, words, fault) in faults {
        let gpus = if name == "gpu-lost" { service::TWO_GPUS } else { service::ONE_GPU };
        let service = Service::with_gpus(&all.binaries, ANY_PORT, &gpus, GPU_ARGUMENTS)?;
        all.send(&service, Clients { count: 3, ..CLIENT });
        all.add(name, SERVER, words, service, fault);
    }
    Ok(())
}

/// Returns the fault of one GPU with other values than at the start.
fn one_gpu(values: &'static str) -> Fault {
    Fault::Gpus(service::ONE_GPU.into_iter().chain([("FAKE_NVML_VALUES", values)]).collect())
}
