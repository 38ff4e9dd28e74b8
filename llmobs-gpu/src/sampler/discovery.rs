//! Discovery of devices at the start.

use std::sync::Arc;
use std::thread;

use super::error_watcher;
use super::gpu::SampledGpu;
use super::recording::init_attributed_energy;
use super::recording::record_all_engine_gpus;
use super::sampling::Sampling;
use super::schedule::Capability;
use super::snapshot::DeviceSnapshot;
use crate::backend::DeviceInfo;
use crate::backend::DriverCall;
use crate::backend::GpuBackend;
use crate::error::GpuError;
use crate::report::DeviceReport;
use crate::report::SamplerState;
use crate::select;

/// The state of the library and its devices.
#[derive(Debug)]
pub(super) enum Discovery {
    /// The library is not open. The next attempt is at `retry_at`, followed by a pause of `backoff`, both in
    /// nanoseconds.
    Closed {
        retry_at: u64,
        backoff: u64,
        last_error: Option<GpuError>,
    },
    /// The library is open and has no devices to sample. The fields are those of `Closed`.
    NoDevices {
        retry_at: u64,
        backoff: u64,
    },
    Open,
}

impl Discovery {
    pub(super) const fn closed(backoff: u64) -> Self {
        Self::Closed { retry_at: 0, backoff, last_error: None }
    }

    pub(super) const fn retry_at(&self) -> Option<u64> {
        match self {
            Self::Closed { retry_at, .. } | Self::NoDevices { retry_at, .. } => Some(*retry_at),
            Self::Open => None,
        }
    }

    /// Opens the library and starts sampling its devices, if an attempt is due.
    pub(super) fn open_if_due(&mut self, backend: &mut dyn GpuBackend, sampling: &mut Sampling, now: u64) {
        if self.retry_at().is_none_or(|due| due > now) {
            return;
        }
        let settings = &sampling.settings;
        if let Self::Closed { backoff, last_error: previous_error, .. } = *self {
            sampling.snapshot.lock().call_started_at = Some(now);
            let opened = backend.open();
            sampling.snapshot.lock().call_started_at = None;
            if let Err(error) = opened {
                // Log a reason once, not at every attempt.
                if previous_error != Some(error) {
                    let (backend, reason) = (&*backend, error.as_str());
                    match backend.chosen_path() {
                        Some(path) => {
                            let path = tracing::field::display(path.display());
                            tracing::warn!(target: "llmobs", backend = backend.name(), path, reason, "cannot sample GPUs");
                        }
                        None => {
                            tracing::info!(target: "llmobs", backend = backend.name(), reason, "cannot sample GPUs")
                        }
                    }
                }
                *self = Self::Closed {
                    retry_at: now + backoff,
                    backoff: settings.next_backoff(backoff),
                    last_error: Some(error),
                };
                return;
            }
        }
        let backoff = match self {
            Self::NoDevices { backoff, .. } => *backoff,
            _ => settings.retry_backoff.0,
        };
        let infos = backend.devices().unwrap_or_default();
        let chosen = select::select_devices(
            &infos,
            &settings.devices,
            settings.cuda_visible_devices.as_deref(),
            settings.is_pci_order,
        );
        if chosen.is_empty() {
            *self = Self::NoDevices { retry_at: now + backoff, backoff: settings.next_backoff(backoff) };
            return;
        }
        *self = Self::Open;
        start_sampling(sampling, &infos, &chosen);
        if sampling.settings.should_watch_errors {
            watch_errors(backend, sampling);
        }
    }

    pub(super) fn sampler_state(&self, gpus: &[SampledGpu]) -> SamplerState {
        match self {
            Self::Closed { .. } => SamplerState::NoDriver,
            Self::NoDevices { .. } => SamplerState::NoDevice,
            Self::Open => {
                let is_failing = |gpu: &SampledGpu| {
                    gpu.lost_retry.is_some()
                        || gpu.schedules.iter().any(|schedule| {
                            schedule.capability == Capability::Failing && schedule.answered_at.is_some()
                        })
                };
                if gpus.iter().any(is_failing) { SamplerState::Degraded } else { SamplerState::Ok }
            }
        }
    }
}

fn start_sampling(sampling: &mut Sampling, infos: &[DeviceInfo], chosen: &[usize]) {
    let positions = select::pci_positions(infos);
    let sampled = |index: &usize| SampledGpu::new(*index, positions[*index], infos[*index].clone());
    sampling.gpus = chosen.iter().map(sampled).collect();
    for index in 0..sampling.gpus.len() {
        let parent = sampling.gpus[index].info.parent.as_ref();
        let is_mig_instance = sampling.gpus.iter().any(|gpu| parent == Some(&gpu.info.id));
        sampling.gpus[index].is_mig_instance = is_mig_instance;
        if !sampling.settings.should_read_processes {
            sampling.gpus[index].schedule_mut(DriverCall::Processes).capability = Capability::Unsupported;
        }
    }
    let snapshots = sampling
        .gpus
        .iter()
        .map(|gpu| DeviceSnapshot::new(DeviceReport { info: gpu.info.clone(), ..DeviceReport::default() }));
    sampling.snapshot.lock().devices = snapshots.collect();
    let at = sampling.now();
    let models = sampling.settings.model_devices.iter();
    let masks: Vec<(String, u64)> = models.map(|(model, _)| (model.clone(), sampling.device_mask(model))).collect();
    let all_devices = sampling.device_mask("");
    sampling.event_feed.recent_throttle.set_devices(sampling.gpus.len(), masks.clone(), all_devices);
    sampling.accounts.set_device_count(sampling.gpus.len(), at, |tracked| {
        let model = tracked.operation.model();
        masks.iter().find(|(name, _)| name == model).map_or(all_devices, |(_, mask)| *mask)
    });
    (0..sampling.gpus.len()).for_each(|index| init_attributed_energy(sampling, index));
    record_all_engine_gpus(sampling);
}

/// Starts the thread that waits for errors reported by devices, if the backend has a watcher.
fn watch_errors(backend: &mut dyn GpuBackend, sampling: &mut Sampling) {
    let Some(watcher) = backend.watch_errors() else { return };
    for gpu in sampling.gpus.iter_mut().filter(|gpu| watcher.is_watching(gpu.backend_index)) {
        gpu.last_xid = gpu.last_xid.or(Some(0));
    }
    let (event_feed, pending_xids) = (Arc::clone(&sampling.event_feed), Arc::clone(&sampling.pending_xids));
    sampling.event_feed.thread_control.thread_started();
    let spawned = thread::Builder::new().name("llmobs-gpu-xid".to_owned()).spawn(move || {
        error_watcher::run(watcher, &event_feed.thread_control, &pending_xids);
        event_feed.thread_control.thread_ended();
    });
    if spawned.is_err() {
        sampling.event_feed.thread_control.thread_ended();
    }
}
