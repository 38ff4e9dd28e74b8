//! The loss of a device, and the attempts to find it again.

use super::recording;
use super::sampling::Sampling;
use crate::backend::GpuBackend;
use crate::xid::XID_OFF_THE_BUS;

/// Nanoseconds after which a recovered device counts as stable.
const RECOVERY_WINDOW: u64 = 60_000_000_000;

/// Marks a device as lost and schedules the first attempt to find it. Unless the device recovered only recently, also
/// records the XID of a GPU that fell off the bus, since the driver may not have reported it.
pub(super) fn mark_lost(sampling: &mut Sampling, index: usize, at: u64) {
    sampling.accounts.void_interval(index, at);
    let (gpu, settings) = (&mut sampling.gpus[index], &sampling.settings);
    // A device that is lost again soon after its recovery counts as the same loss, and the pauses continue to grow.
    let recent_recovery = gpu.recovered.filter(|(found_at, _)| at.saturating_sub(*found_at) < RECOVERY_WINDOW);
    let backoff = recent_recovery.map_or(settings.retry_backoff.0, |(_, backoff)| backoff);
    gpu.lost_retry = Some((at + backoff, settings.next_backoff(backoff)));
    if recent_recovery.is_none() {
        recording::record_xid(sampling, index, XID_OFF_THE_BUS, at);
    }
}

/// Makes an attempt to find a lost device. If it fails, the next attempt follows after a pause of `backoff`.
pub(super) fn retry_lost(backend: &mut dyn GpuBackend, sampling: &mut Sampling, index: usize, backoff: u64) {
    let now = sampling.now();
    sampling.snapshot.lock().call_started_at = Some(now);
    let found = backend.rediscover(sampling.gpus[index].backend_index);
    sampling.snapshot.lock().call_started_at = None;
    let gpu = &mut sampling.gpus[index];
    match found {
        Ok(()) => {
            gpu.mark_recovered(now, backoff);
            sampling.accounts.void_interval(index, now);
            tracing::info!(target: "llmobs", gpu = gpu.info.id.as_str(), "a lost GPU responds again");
        }
        Err(_) => gpu.lost_retry = Some((now + backoff, sampling.settings.next_backoff(backoff))),
    }
    recording::publish_gpu(sampling, index);
}
