//! The state that the parts of the sampler share: the sampled devices, the operations, and the outputs.

use crate::sync::Mutex;
use std::sync::Arc;
use std::sync::Weak;

use llmobs::Observer;

use super::gpu::SampledGpu;
use super::registration::RecordedMetrics;
use super::settings::SamplerSettings;
use super::snapshot::SharedSnapshot;
use super::tracked_operation::TrackedOperation;
use crate::backend::XidEvent;
use crate::energy::EnergyAccounts;
use crate::energy::device_bit;
use crate::event_feed::EventFeed;
use crate::select;

/// The devices and operations of a sampler, and where it records them.
pub(super) struct Sampling {
    pub(super) observer: Observer,
    /// The metrics of the sampler, as long as it runs.
    metrics: Weak<RecordedMetrics>,
    pub(super) settings: SamplerSettings,
    pub(super) event_feed: Arc<EventFeed>,
    pub(super) snapshot: Arc<SharedSnapshot>,
    /// Errors received by the watcher's thread.
    pub(super) pending_xids: Arc<Mutex<Vec<XidEvent>>>,
    pub(super) gpus: Vec<SampledGpu>,
    pub(super) accounts: EnergyAccounts<TrackedOperation>,
}

/// The objects through which the sampler's thread exchanges data with the observer.
pub(super) struct Outputs {
    pub(super) event_feed: Arc<EventFeed>,
    pub(super) snapshot: Arc<SharedSnapshot>,
    pub(super) metrics: Weak<RecordedMetrics>,
}

impl Sampling {
    pub(super) fn new(observer: &Observer, settings: SamplerSettings, outputs: Outputs) -> Self {
        Self {
            metrics: outputs.metrics,
            observer: observer.clone(),
            settings,
            event_feed: outputs.event_feed,
            snapshot: outputs.snapshot,
            pending_xids: Arc::default(),
            gpus: Vec::new(),
            accounts: EnergyAccounts::new(0),
        }
    }

    /// Returns the metrics to record; `None` after the sampler stopped.
    pub(super) fn metrics(&self) -> Option<Arc<RecordedMetrics>> {
        self.metrics.upgrade()
    }

    pub(super) fn now(&self) -> u64 {
        self.observer.now().as_nanos()
    }

    /// Returns the devices on which a model runs, one bit for each. MIG instances of a sampled GPU are left out, since
    /// they have no energy counter.
    pub(super) fn device_mask(&self, model: &str) -> u64 {
        let placement = self.settings.model_devices.iter().find(|(name, _)| name == model);
        let is_named = |gpu: &SampledGpu, name: &str| select::matches_name(&gpu.info, gpu.pci_position, name);
        let is_selected =
            |gpu: &SampledGpu| placement.is_none_or(|(_, names)| names.iter().any(|name| is_named(gpu, name)));
        let full_gpus = self.gpus.iter().enumerate().filter(|(_, gpu)| !gpu.is_mig_instance);
        full_gpus.filter(|(_, gpu)| is_selected(gpu)).fold(0, |mask, (index, _)| mask | device_bit(index))
    }

    /// Returns the devices in a bit mask.
    pub(super) fn gpus_in(&self, devices: u64) -> impl Iterator<Item = &SampledGpu> {
        let is_in_mask = move |index: usize| devices & device_bit(index) != 0;
        self.gpus.iter().enumerate().filter(move |(index, _)| is_in_mask(*index)).map(|(_, gpu)| gpu)
    }

    /// Returns the nanoseconds for which the devices in a bit mask were degraded.
    pub(super) fn degraded_nanos(&self, devices: u64) -> u64 {
        self.gpus_in(devices).map(|gpu| gpu.degraded_nanos).sum()
    }
}
