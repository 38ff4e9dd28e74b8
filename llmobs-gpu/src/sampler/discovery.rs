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
use crate::energy::bit;
use crate::error::GpuError;
use crate::report::DeviceReport;
use crate::report::SamplerState;
use crate::select;
use crate::xid::OFF_THE_BUS;

/// The state of the library and its devices.
#[derive(Debug)]
pub(super) enum DiscoveryState {
    /// The library is not open. The next attempt is at `due`, followed by `pause`.
    Closed {
        due: u64,
        pause: u64,
        why: Option<GpuError>,
    },
    /// The library is open and has no devices to sample.
    NoDevices {
        due: u64,
        pause: u64,
    },
    Open,
}

/// Nanoseconds after which a recovered device counts as stable.
const STEADY: u64 = 60_000_000_000;

impl DiscoveryState {
    pub(super) const fn closed(pause: u64) -> Self {
        Self::Closed { due: 0, pause, why: None }
    }

    pub(super) const fn due(&self) -> Option<u64> {
        match self {
            Self::Closed { due, .. } | Self::NoDevices { due, .. } => Some(*due),
            Self::Open => None,
        }
    }
}

impl Worker {
    pub(super) fn open_if_due(&mut self, now: u64) {
        if self.stage.due().is_none_or(|due| due > now) {
            return;
        }
        if let DiscoveryState::Closed { pause, why, .. } = self.stage {
            self.board.lock().calling = Some(now);
            let opened = self.backend.open();
            self.board.lock().calling = None;
            if let Err(error) = opened {
                // Log a reason once, not at every attempt.
                if why != Some(error) {
                    let reason = error.as_str();
                    tracing::info!(target: "llmobs", backend = self.backend.name(), reason, "cannot sample GPUs");
                }
                self.stage = DiscoveryState::Closed { due: now + pause, pause: self.longer(pause), why: Some(error) };
                return;
            }
        }
        let pause = match self.stage {
            DiscoveryState::NoDevices { pause, .. } => pause,
            _ => self.settings.retry.0,
        };
        let infos = self.backend.devices().unwrap_or_default();
        let settings = &self.settings;
        let chosen = select::select(&infos, &settings.devices, settings.visible.as_deref(), settings.numbers_are_pci);
        if chosen.is_empty() {
            self.stage = DiscoveryState::NoDevices { due: now + pause, pause: self.longer(pause) };
            return;
        }
        self.stage = DiscoveryState::Open;
        self.begin(&infos, &chosen);
    }

    fn begin(&mut self, infos: &[DeviceInfo], chosen: &[usize]) {
        self.gpus = chosen.iter().map(|place| SampledGpu::new(*place, infos[*place].clone())).collect();
        for place in 0..self.gpus.len() {
            let parent = self.gpus[place].info.parent.as_ref();
            let is_part = self.gpus.iter().any(|gpu| parent == Some(&gpu.info.id));
            self.gpus[place].is_mig_instance = is_part;
            if !self.settings.processes {
                self.gpus[place].pace(DriverCall::Processes).capability = Capability::Unsupported;
            }
        }
        let published = self
            .gpus
            .iter()
            .map(|gpu| DeviceSnapshot::new(DeviceReport { info: gpu.info.clone(), ..DeviceReport::default() }));
        self.board.lock().devices = published.collect();
        let at = self.now();
        let masks: Vec<(String, u64)> =
            self.settings.places.iter().map(|(model, _)| (model.clone(), self.devices_of(model))).collect();
        let every = self.devices_of("");
        self.accounts.equip(self.gpus.len(), at, |known| {
            let model = known.followed.model();
            masks.iter().find(|(placed, _)| placed == model).map_or(every, |(_, mask)| *mask)
        });
        (0..self.gpus.len()).for_each(|index| self.show_attributed(index));
        if !self.settings.watches {
            return;
        }
        let Some(watch) = self.backend.watch() else { return };
        for gpu in self.gpus.iter_mut().filter(|gpu| watch.is_watching(gpu.place)) {
            gpu.last_xid = gpu.last_xid.or(Some(0));
        }
        let (follower, heard) = (Arc::clone(&self.follower), Arc::clone(&self.xids));
        self.follower.signal.began();
        let spawned = thread::Builder::new().name("llmobs-gpu-xid".to_owned()).spawn(move || {
            error_watcher::run(watch, &follower.signal, &heard);
            follower.signal.ended();
        });
        if spawned.is_err() {
            self.follower.signal.ended();
        }
    }

    /// Marks a device as lost. Records the XID of a GPU that fell off the bus, since the driver may not have reported
    /// it.
    pub(super) fn lose(&mut self, index: usize, at: u64) {
        self.accounts.void(index, at);
        // A device that is lost again soon after its recovery counts as the same loss, and the pauses continue to grow.
        let again = self.gpus[index].found.filter(|(found, _)| at.saturating_sub(*found) < STEADY);
        let pause = again.map_or(self.settings.retry.0, |(_, pause)| pause);
        self.gpus[index].lost = Some((at + pause, self.longer(pause)));
        if again.is_none() {
            self.record_xid(index, OFF_THE_BUS, at);
        }
    }

    pub(super) fn retry_lost(&mut self, index: usize, pause: u64) {
        let now = self.now();
        self.board.lock().calling = Some(now);
        let found = self.backend.find(self.gpus[index].place);
        self.board.lock().calling = None;
        let longer = self.longer(pause);
        let gpu = &mut self.gpus[index];
        match found {
            Ok(()) => {
                gpu.mark_recovered(now, pause);
                self.accounts.void(index, now);
                let id = self.gpus[index].info.id.as_str();
                tracing::info!(target: "llmobs", gpu = id, "a lost GPU responds again");
            }
            Err(_) => gpu.lost = Some((now + pause, longer)),
        }
        self.publish_gpu(index);
    }

    /// Returns the devices on which a model runs, one bit for each. Instances have no energy counter, so their GPU is
    /// used instead.
    pub(super) fn devices_of(&self, model: &str) -> u64 {
        let places = self.settings.places.iter().find(|(placed, _)| placed == model);
        let named = |place: usize, gpu: &SampledGpu| {
            places.is_none_or(|(_, names)| names.iter().any(|name| select::matches_name(&gpu.info, place, name)))
        };
        let wholes = self.gpus.iter().enumerate().filter(|(_, gpu)| !gpu.is_mig_instance);
        wholes.filter(|(place, gpu)| named(*place, gpu)).fold(0, |mask, (place, _)| mask | bit(place))
    }

    pub(super) fn collector(&self) -> SamplerState {
        match self.stage {
            DiscoveryState::Closed { .. } => SamplerState::NoDriver,
            DiscoveryState::NoDevices { .. } => SamplerState::NoDevice,
            DiscoveryState::Open => {
                let fails = |gpu: &SampledGpu| {
                    gpu.lost.is_some()
                        || gpu
                            .paces
                            .iter()
                            .any(|pace| pace.capability == Capability::Failing && pace.answered.is_some())
                };
                if self.gpus.iter().any(fails) { SamplerState::Degraded } else { SamplerState::Ok }
            }
        }
    }

    fn longer(&self, pause: u64) -> u64 {
        pause.saturating_mul(2).min(self.settings.retry.1)
    }
}
