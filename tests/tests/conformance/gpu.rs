//! Telemetry of the GPU sampler: every row of a device that supports every call, its log events, and its events on the
//! spans of the operations that run on the device.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use llmobs::Observer;
use llmobs::Usage;
use llmobs::catalog::Profile;
use llmobs_gpu::DeviceInfo;
use llmobs_gpu::DeviceProcesses;
use llmobs_gpu::DriverCall;
use llmobs_gpu::ErrorWatcher;
use llmobs_gpu::GpuBackend;
use llmobs_gpu::GpuError;
use llmobs_gpu::ModelSize;
use llmobs_gpu::Reading;
use llmobs_gpu::Sampler;
use llmobs_gpu::ThrottleReasons;
use llmobs_gpu::XidEvent;

use crate::in_memory_sdk::InMemorySdk;
use llmobs_tests::conventions::Conventions;
use llmobs_tests::conventions::assert_none;

#[test]
fn every_row_and_event_of_a_gpu_conforms() {
    let sdk = InMemorySdk::new();
    sdk.capture_all_threads();
    let observer = sdk.build_observer(Observer::builder().model("m"), Profile::V1_41);
    let is_idle = Arc::new(AtomicBool::new(true));
    let sampler = Sampler::builder()
        .backend(FakeGpu { read_count: 0, is_idle: Arc::clone(&is_idle) })
        .fast_interval(Duration::from_millis(2))
        .normal_interval(Duration::from_millis(4))
        .slow_interval(Duration::from_millis(6))
        .read_processes(true)
        .usd_per_gpu_hour(3.0)
        .model_size(ModelSize::new("m", 1e9))
        .start(&observer)
        .unwrap();
    let mut missing: BTreeSet<_> = llmobs_gpu::ROWS.iter().map(|row| row.name).collect();
    let start = observer.now();
    let mut poll_metrics = |sdk: &InMemorySdk| {
        std::thread::sleep(Duration::from_millis(15));
        let metrics = sdk.metrics();
        let violations: Vec<_> = metrics.iter().flat_map(|metric| CONVENTIONS.check_metric(metric)).collect();
        assert_none(&violations, "GPU");
        missing.retain(|name| metrics.iter().all(|metric| metric.name != *name));
        assert!(observer.now().since(start) < Duration::from_secs(20), "{missing:?} were never exported");
        !missing.is_empty()
    };
    while poll_metrics(&sdk) || span_events(&sdk) != ["gpu.throttle", "gpu.xid"] {
        // The operation waits in the queue while the device is idle, then runs.
        let operation = observer.chat("m").start();
        let marker = operation.marker().clone();
        marker.enqueued();
        poll_metrics(&sdk);
        marker.scheduled();
        is_idle.store(false, Ordering::Relaxed);
        marker.usage(Usage::new().input(100));
        marker.first_token();
        marker.usage(Usage::new().output(40));
        poll_metrics(&sdk);
        is_idle.store(true, Ordering::Relaxed);
        operation.complete();
    }
    assert!(sampler.stop());
    assert_none(&sdk.violations(CONVENTIONS), "GPU");
    let emitted: BTreeSet<_> = sdk.logs().into_iter().map(|record| record.event_name).collect();
    for event in ["gpu_shared", "gpu_throttle", "gpu_xid", "llm_request_energy"] {
        assert!(emitted.contains(event), "{event} is not in {emitted:?}");
    }
}

/// Returns the names of the GPU events on spans.
fn span_events(sdk: &InMemorySdk) -> Vec<String> {
    let events = sdk.spans().into_iter().flat_map(|span| span.events).map(|event| event.name);
    let on_gpu: BTreeSet<_> = events.filter(|name| name.starts_with("gpu.")).collect();
    on_gpu.into_iter().collect()
}

const CONVENTIONS: Conventions = Conventions::new(Profile::V1_41);

/// A device that supports every call; its counters grow with each call.
struct FakeGpu {
    read_count: u64,
    is_idle: Arc<AtomicBool>,
}

impl GpuBackend for FakeGpu {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn open(&mut self) -> Result<(), GpuError> {
        Ok(())
    }

    fn devices(&mut self) -> Result<Vec<DeviceInfo>, GpuError> {
        let mut device = DeviceInfo::default();
        device.id = "GPU-5fbd".to_owned();
        device.name = "nvidia0".to_owned();
        device.vendor = "NVIDIA";
        device.model = Some("NVIDIA H100 80GB HBM3".to_owned());
        device.pci_address = Some("0000:1b:00.0".to_owned());
        device.serial_number = Some("1650".to_owned());
        device.firmware_version = Some("96.00".to_owned());
        device.driver_version = Some("580.65".to_owned());
        device.parent = Some("GPU-whole".to_owned());
        device.peak_bytes_per_second = Some(3_350_000_000_000);
        device.peak_flops = Some(989_000_000_000_000);
        Ok(vec![device])
    }

    fn rediscover(&mut self, _device: usize) -> Result<(), GpuError> {
        Ok(())
    }

    fn read(&mut self, _device: usize, call: DriverCall, into: &mut Reading) -> Result<(), GpuError> {
        self.read_count += 1;
        let counter = Some(self.read_count * 1_000);
        let seconds = Some(self.read_count as f64);
        let busy = if self.is_idle.load(Ordering::Relaxed) { 0.0 } else { 0.5 };
        match call {
            DriverCall::Energy => into.energy_microjoules = counter,
            DriverCall::Activity => {
                (into.engine_active, into.sm_active, into.sm_occupancy) = (Some(busy), Some(busy), Some(busy));
                (into.tensor_active, into.dram_active) = (Some(busy), Some(busy));
            }
            DriverCall::Clocks => (into.clock_sm, into.clock_memory) = (Some(1.9e9), Some(2.6e9)),
            DriverCall::Memory => {
                (into.memory_total, into.memory_used, into.memory_reserved) = (Some(80), Some(40), Some(1));
            }
            DriverCall::Power => (into.power, into.power_instant) = (Some(300.0), Some(310.0)),
            DriverCall::Temperature => (into.temperature, into.temperature_memory) = (Some(60.0), Some(70.0)),
            DriverCall::ThrottleReasons => {
                // While busy, the device is throttled by heat.
                into.throttle_reasons = Some(ThrottleReasons::from_nvml(if busy > 0.0 { 0x20 } else { 0x1 }));
            }
            DriverCall::Utilization => (into.utilization, into.memory_busy) = (Some(busy), Some(busy)),
            DriverCall::VideoEngines => (into.encoder_utilization, into.decoder_utilization) = (Some(0.0), Some(0.1)),
            DriverCall::Ecc => (into.ecc_corrected, into.ecc_uncorrected) = (counter, counter),
            DriverCall::PcieIo => (into.pcie_sent, into.pcie_received) = (counter, counter),
            DriverCall::NvlinkIo => (into.nvlink_sent, into.nvlink_received) = (counter, counter),
            DriverCall::PowerLimit => into.power_limit = Some(700.0),
            DriverCall::Processes => {
                // Another process takes a third of the work while the device is busy.
                let mut found = DeviceProcesses::default();
                (found.ours, found.others, found.work_ratio) = (1, u32::from(busy > 0.0), Some(0.67));
                into.processes = Some(found);
            }
            DriverCall::PcieReplays => into.pcie_replays = counter,
            DriverCall::RemappedRows => {
                (into.remapped_rows_corrected, into.remapped_rows_uncorrected) = (counter, counter)
            }
            DriverCall::TemperatureLimit => {
                (into.temperature_degraded, into.temperature_critical) = (Some(87.0), Some(92.0))
            }
            DriverCall::ThrottleTime => {
                (into.throttled_power_seconds, into.throttled_thermal_seconds) = (seconds, seconds);
                into.throttled_limit_seconds = seconds;
            }
            _ => {}
        }
        Ok(())
    }

    fn watch_errors(&mut self) -> Option<Box<dyn ErrorWatcher>> {
        Some(Box::new(FaultyWatcher))
    }
}

/// A watcher that reports an XID error every 2 ms.
struct FaultyWatcher;

impl ErrorWatcher for FaultyWatcher {
    fn wait(&mut self, _at_most: Duration) -> Result<Option<XidEvent>, GpuError> {
        std::thread::sleep(Duration::from_millis(2));
        Ok(Some(XidEvent::new(0, 31)))
    }
}
