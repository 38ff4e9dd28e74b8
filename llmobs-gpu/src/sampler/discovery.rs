//! Discovery of devices, at the start and after a loss.

use std::sync::Arc;
use std::thread;

use super::error_watcher;
use super::gpu::SampledGpu;
use super::schedule::Capability;
use super::snapshot::DeviceSnapshot;
use super::worker::Worker;
use crate::backend::DeviceInfo;
use crate::backend::DriverCall;
use crate::energy::device_bit;
use crate::error::GpuError;
use crate::report::DeviceReport;
use crate::report::SamplerState;
use crate::select;
use crate::xid::XID_OFF_THE_BUS;

/// The state of the library and its devices.
#[derive(Debug)]
pub(super) enum DiscoveryState {
    /// The library is not open. The next attempt is at `retry_at`, followed by a pause of `backoff`.
    Closed {
        retry_at: u64,
        backoff: u64,
        last_error: Option<GpuError>,
    },
    /// The library is open and has no devices to sample.
    NoDevices {
        retry_at: u64,
        backoff: u64,
    },
    Open,
}

/// Nanoseconds after which a recovered device counts as stable.
const RECOVERY_WINDOW: u64 = 60_000_000_000;

impl DiscoveryState {
    pub(super) const fn closed(backoff: u64) -> Self {
        Self::Closed { retry_at: 0, backoff, last_error: None }
    }

    pub(super) const fn retry_at(&self) -> Option<u64> {
        match self {
            Self::Closed { retry_at, .. } | Self::NoDevices { retry_at, .. } => Some(*retry_at),
            Self::Open => None,
        }
    }
}

impl Worker {
    pub(super) fn open_if_due(&mut self, now: u64) {
        if self.discovery_state.retry_at().is_none_or(|due| due > now) {
            return;
        }
        if let DiscoveryState::Closed { backoff, last_error: previous_error, .. } = self.discovery_state {
            self.snapshot.lock().call_started_at = Some(now);
            let opened = self.backend.open();
            self.snapshot.lock().call_started_at = None;
            if let Err(error) = opened {
                // Log a reason once, not at every attempt.
                if previous_error != Some(error) {
                    let reason = error.as_str();
                    tracing::info!(target: "llmobs", backend = self.backend.name(), reason, "cannot sample GPUs");
                }
                self.discovery_state = DiscoveryState::Closed {
                    retry_at: now + backoff,
                    backoff: self.next_backoff(backoff),
                    last_error: Some(error),
                };
                return;
            }
        }
        let backoff = match self.discovery_state {
            DiscoveryState::NoDevices { backoff, .. } => backoff,
            _ => self.settings.retry_backoff.0,
        };
        let infos = self.backend.devices().unwrap_or_default();
        let settings = &self.settings;
        let chosen = select::select_devices(
            &infos,
            &settings.devices,
            settings.cuda_visible_devices.as_deref(),
            settings.is_pci_order,
        );
        if chosen.is_empty() {
            self.discovery_state =
                DiscoveryState::NoDevices { retry_at: now + backoff, backoff: self.next_backoff(backoff) };
            return;
        }
        self.discovery_state = DiscoveryState::Open;
        self.start_sampling(&infos, &chosen);
    }

    fn start_sampling(&mut self, infos: &[DeviceInfo], chosen: &[usize]) {
        self.gpus = chosen.iter().map(|index| SampledGpu::new(*index, infos[*index].clone())).collect();
        for index in 0..self.gpus.len() {
            let parent = self.gpus[index].info.parent.as_ref();
            let is_mig_instance = self.gpus.iter().any(|gpu| parent == Some(&gpu.info.id));
            self.gpus[index].is_mig_instance = is_mig_instance;
            if !self.settings.should_read_processes {
                self.gpus[index].schedule_mut(DriverCall::Processes).capability = Capability::Unsupported;
            }
        }
        let snapshots = self
            .gpus
            .iter()
            .map(|gpu| DeviceSnapshot::new(DeviceReport { info: gpu.info.clone(), ..DeviceReport::default() }));
        self.snapshot.lock().devices = snapshots.collect();
        let at = self.now();
        let masks: Vec<(String, u64)> =
            self.settings.model_devices.iter().map(|(model, _)| (model.clone(), self.device_mask(model))).collect();
        let all_devices = self.device_mask("");
        self.accounts.set_device_count(self.gpus.len(), at, |tracked| {
            let model = tracked.operation.model();
            masks.iter().find(|(name, _)| name == model).map_or(all_devices, |(_, mask)| *mask)
        });
        (0..self.gpus.len()).for_each(|index| self.init_attributed_energy(index));
        if !self.settings.should_watch_errors {
            return;
        }
        let Some(watcher) = self.backend.watch_errors() else { return };
        for gpu in self.gpus.iter_mut().filter(|gpu| watcher.is_watching(gpu.backend_index)) {
            gpu.last_xid = gpu.last_xid.or(Some(0));
        }
        let (event_feed, pending_xids) = (Arc::clone(&self.event_feed), Arc::clone(&self.pending_xids));
        self.event_feed.thread_control.thread_started();
        let spawned = thread::Builder::new().name("llmobs-gpu-xid".to_owned()).spawn(move || {
            error_watcher::run(watcher, &event_feed.thread_control, &pending_xids);
            event_feed.thread_control.thread_ended();
        });
        if spawned.is_err() {
            self.event_feed.thread_control.thread_ended();
        }
    }

    /// Marks a device as lost. Records the XID of a GPU that fell off the bus, since the driver may not have reported
    /// it.
    pub(super) fn mark_lost(&mut self, index: usize, at: u64) {
        self.accounts.void_interval(index, at);
        // A device that is lost again soon after its recovery counts as the same loss, and the pauses continue to grow.
        let recent_recovery =
            self.gpus[index].recovered.filter(|(found_at, _)| at.saturating_sub(*found_at) < RECOVERY_WINDOW);
        let backoff = recent_recovery.map_or(self.settings.retry_backoff.0, |(_, backoff)| backoff);
        self.gpus[index].lost_retry = Some((at + backoff, self.next_backoff(backoff)));
        if recent_recovery.is_none() {
            self.record_xid(index, XID_OFF_THE_BUS, at);
        }
    }

    pub(super) fn retry_lost(&mut self, index: usize, backoff: u64) {
        let now = self.now();
        self.snapshot.lock().call_started_at = Some(now);
        let found = self.backend.rediscover(self.gpus[index].backend_index);
        self.snapshot.lock().call_started_at = None;
        let next_backoff = self.next_backoff(backoff);
        let gpu = &mut self.gpus[index];
        match found {
            Ok(()) => {
                gpu.mark_recovered(now, backoff);
                self.accounts.void_interval(index, now);
                let id = self.gpus[index].info.id.as_str();
                tracing::info!(target: "llmobs", gpu = id, "a lost GPU responds again");
            }
            Err(_) => gpu.lost_retry = Some((now + backoff, next_backoff)),
        }
        self.publish_gpu(index);
    }

    /// Returns the devices on which a model runs, one bit for each. Instances have no energy counter, so their GPU is
    /// used instead.
    pub(super) fn device_mask(&self, model: &str) -> u64 {
        let placement = self.settings.model_devices.iter().find(|(name, _)| name == model);
        let is_selected = |index: usize, gpu: &SampledGpu| {
            placement.is_none_or(|(_, names)| names.iter().any(|name| select::matches_name(&gpu.info, index, name)))
        };
        let full_gpus = self.gpus.iter().enumerate().filter(|(_, gpu)| !gpu.is_mig_instance);
        full_gpus.filter(|(index, gpu)| is_selected(*index, gpu)).fold(0, |mask, (index, _)| mask | device_bit(index))
    }

    pub(super) fn sampler_state(&self) -> SamplerState {
        match self.discovery_state {
            DiscoveryState::Closed { .. } => SamplerState::NoDriver,
            DiscoveryState::NoDevices { .. } => SamplerState::NoDevice,
            DiscoveryState::Open => {
                let is_failing = |gpu: &SampledGpu| {
                    gpu.lost_retry.is_some()
                        || gpu.schedules.iter().any(|schedule| {
                            schedule.capability == Capability::Failing && schedule.answered_at.is_some()
                        })
                };
                if self.gpus.iter().any(is_failing) { SamplerState::Degraded } else { SamplerState::Ok }
            }
        }
    }

    fn next_backoff(&self, backoff: u64) -> u64 {
        backoff.saturating_mul(2).min(self.settings.retry_backoff.1)
    }
}
