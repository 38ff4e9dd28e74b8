//! The registration of the metrics at an observer.

use std::sync::Arc;

use llmobs::Observer;
use llmobs::metric::Counter;
use llmobs::metric::Handle;
use llmobs::metric::Histogram;
use llmobs::metric::Metric;
use llmobs::metric::Observable;
use llmobs::metric::PerOperation;
use llmobs::metric::RegisterError;
use llmobs::metric::Sample;

use super::engine_gpus::EngineGpus;
use super::rows::DeviceReader;
use super::rows::SnapshotSource;
use crate::backend::DriverCall;
use crate::backend::Reading;
use crate::metrics;
use crate::numbers::to_f64;

/// The handles of the metrics that the sampler's thread records.
#[derive(Debug)]
pub(super) struct RecordedMetrics {
    pub(super) operation_energy: Handle<PerOperation<Histogram>, 0>,
    pub(super) attributed_energy: Handle<Counter, 2>,
    pub(super) call_duration: Handle<Histogram, 1>,
    pub(super) xid_errors: Handle<Counter, 3>,
    pub(super) remapped_rows: Handle<Counter, 2>,
    pub(super) pcie_replays: Handle<Counter, 1>,
    pub(super) engine_gpus: EngineGpus,
    pub(super) engine_starved: Handle<Counter, 3>,
}

/// Registers every metric, in the order of [`ROWS`](metrics::ROWS).
pub(super) fn register(observer: &Observer, source: &Arc<SnapshotSource>) -> Result<RecordedMetrics, RegisterError> {
    let registrar = Registrar { observer, source };
    registrar.device(&metrics::HW_STATUS, |device| device.status())?;
    registrar.device(&metrics::HW_ERRORS, |device| device.errors())?;
    registrar.device(&metrics::HW_UTILIZATION, |device| device.utilization())?;
    registrar.device(&metrics::HW_MEMORY_USAGE, |device| device.memory_usage())?;
    registrar.device(&metrics::HW_MEMORY_LIMIT, |device| device.memory_limit())?;
    registrar.device(&metrics::HW_MEMORY_UTILIZATION, |device| device.memory_utilization())?;
    registrar.device(&metrics::HW_IO, |device| device.pcie_io())?;
    registrar.device(&metrics::HW_ENERGY, |device| device.energy())?;
    registrar.device(&metrics::HW_POWER, |device| device.power())?;
    registrar.device(&metrics::HW_TEMPERATURE, |device| device.temperature())?;
    registrar.device(&metrics::HW_TEMPERATURE_LIMIT, |device| device.temperature_limits())?;
    let operation_energy = observer.register(&metrics::OPERATION_ENERGY)?;
    let attributed_energy = observer.register(&metrics::ENERGY_ATTRIBUTED)?;
    observer.register_observable(&metrics::COLLECTOR_STATUS, source, SnapshotSource::sampler_states)?;
    registrar.device(&metrics::SAMPLER_AGE, |device| device.age())?;
    let call_duration = observer.register(&metrics::CALL_DURATION)?;
    registrar.reading(&metrics::MEMORY_BUSY, DriverCall::Utilization, |reading| reading.memory_busy)?;
    registrar.reading(&metrics::ENGINE_ACTIVE, DriverCall::Activity, |reading| reading.engine_active)?;
    registrar.reading(&metrics::SM_ACTIVE, DriverCall::Activity, |reading| reading.sm_active)?;
    registrar.reading(&metrics::SM_OCCUPANCY, DriverCall::Activity, |reading| reading.sm_occupancy)?;
    registrar.reading(&metrics::TENSOR_ACTIVE, DriverCall::Activity, |reading| reading.tensor_active)?;
    registrar.reading(&metrics::DRAM_ACTIVE, DriverCall::Activity, |reading| reading.dram_active)?;
    registrar.reading(&metrics::MEMORY_RESERVED, DriverCall::Memory, |reading| reading.memory_reserved.map(to_f64))?;
    registrar.reading(&metrics::POWER_INSTANT, DriverCall::Power, |reading| reading.power_instant)?;
    registrar.reading(&metrics::POWER_LIMIT, DriverCall::PowerLimit, |reading| reading.power_limit)?;
    registrar.device(&metrics::CLOCK, |device| device.clocks())?;
    registrar.device(&metrics::THROTTLE_STATUS, |device| device.throttle_status())?;
    registrar.device(&metrics::THROTTLE_TIME, |device| device.throttle_times())?;
    let xid_errors = observer.register(&metrics::XID_ERRORS)?;
    let remapped_rows = observer.register(&metrics::REMAPPED_ROWS)?;
    let pcie_replays = observer.register(&metrics::PCIE_REPLAYS)?;
    registrar.device(&metrics::NVLINK_IO, |device| device.nvlink_io())?;
    observer.register_observable(&metrics::ENGINE_FLOPS, source, |source| {
        source.estimates(|engine| engine.flops_utilization)
    })?;
    observer.register_observable(&metrics::ENGINE_BANDWIDTH, source, |source| {
        source.estimates(|engine| engine.bandwidth_utilization)
    })?;
    let engine_gpu_info = observer.register(&metrics::ENGINE_GPU_INFO)?;
    let engine_starved = observer.register(&metrics::ENGINE_STARVED)?;
    Ok(RecordedMetrics {
        operation_energy,
        attributed_energy,
        call_duration,
        xid_errors,
        remapped_rows,
        pcie_replays,
        engine_gpus: EngineGpus::new(engine_gpu_info),
        engine_starved,
    })
}

/// An observer and the source of the metrics that are registered there.
struct Registrar<'a> {
    observer: &'a Observer,
    source: &'a Arc<SnapshotSource>,
}

impl Registrar<'_> {
    /// Registers a metric whose values are read from each device.
    fn device<K: Observable, const N: usize>(
        &self,
        metric: &'static Metric<K, N>,
        read: fn(&DeviceReader<'_>) -> Vec<Sample<N>>,
    ) -> Result<(), RegisterError> {
        self.observer.register_observable(metric, self.source, move |source| source.device_samples(read))
    }

    /// Registers a metric whose value one call reads from each device.
    fn reading<K: Observable>(
        &self,
        metric: &'static Metric<K, 1>,
        call: DriverCall,
        value: fn(&Reading) -> Option<f64>,
    ) -> Result<(), RegisterError> {
        self.observer.register_observable(metric, self.source, move |source| {
            source.device_samples(|device| device.gauge(call, value))
        })
    }
}
