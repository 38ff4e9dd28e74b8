//! Faults of the library and of devices.

use super::*;
use crate::backend::DriverCall;
use crate::backend::GpuBackend;
use crate::backend::Reading;
use crate::error::GpuError;
use crate::report::DeviceState;
use crate::report::SamplerState;

fn is_in_state(rig: &Rig, state: &str) -> bool {
    is_close(rig.value("llmobs.gpu.collector.status", &[("llmobs.collector.state", state)]), 1.0)
        && is_close(rig.value("llmobs.gpu.collector.status", &[]), 1.0)
}

#[test]
fn without_a_library_only_the_sampler_state_is_reported() {
    let fake = Fake::new();
    let mut rig = Rig::with(&fake, |builder| builder.backend(NvmlBackend::at("/nowhere/libnvidia-ml.so.1")));
    rig.run(ms(5_000));
    assert!(is_in_state(&rig, "no_driver"));
    assert!(!rig.has_attribute_value("hw.status", "") && !rig.has_attribute_value("hw.energy", ""));
    rig.observer.chat("m").start().complete();
    rig.run(ms(5_000));
    assert!(rig.energies().is_empty(), "an unknown energy must not be reported, not even as zero");
    assert_eq!(rig.metrics().histogram("llmobs.operation.energy", &[]).count, 0);
}

#[test]
fn a_library_that_cannot_be_opened_is_retried_with_growing_pauses() {
    for code in [4, 9, 12, 18, 27, 999] {
        let fake = Fake::new();
        fake.fail("nvmlInit_v2", EVERY, code);
        let mut rig = Rig::new(&fake);
        rig.run(ms(20_000));
        assert!(is_in_state(&rig, "no_driver"), "code {code}");
        let attempts = fake.calls("nvmlInit_v2");
        assert!((4..=6).contains(&attempts), "expected attempts after 0, 1, 3, 7 and 15 seconds: {attempts}");
        fake.fail("nvmlInit_v2", EVERY, 0);
        rig.run(ms(20_000));
        assert!(is_in_state(&rig, "ok"), "code {code}");
        assert!(rig.has_attribute_value("hw.energy", GPU));
        assert_eq!(fake.inits(), 1, "an open library must not be opened again");
    }
}

#[test]
fn the_sampler_survives_every_error_of_every_function() {
    let fake = Fake::new();
    fake.devices(2);
    fake.process(0, std::process::id(), 1 << 30, 50);
    fake.process(0, u32::MAX, 1 << 30, 50);
    let functions = [
        "nvmlDeviceGetTotalEnergyConsumption",
        "nvmlDeviceGetUtilizationRates",
        "nvmlDeviceGetEncoderUtilization",
        "nvmlDeviceGetDecoderUtilization",
        "nvmlDeviceGetComputeRunningProcesses_v3",
        "nvmlDeviceGetGraphicsRunningProcesses_v3",
        "nvmlDeviceGetProcessUtilization",
        "nvmlDeviceGetVbiosVersion",
        "nvmlDeviceGetMinorNumber",
        "nvmlDeviceGetMaxClockInfo",
        "nvmlDeviceGetMemoryInfo_v2",
        "nvmlDeviceGetPowerUsage",
        "nvmlDeviceGetEnforcedPowerLimit",
        "nvmlDeviceGetTemperatureV",
        "nvmlDeviceGetMarginTemperature",
        "nvmlDeviceGetClockInfo",
        "nvmlDeviceGetCurrentClocksEventReasons",
        "nvmlDeviceGetViolationStatus",
        "nvmlDeviceGetTotalEccErrors",
        "nvmlDeviceGetPcieReplayCounter",
        "nvmlDeviceGetFieldValues",
        "nvmlGpmQueryDeviceSupport",
        "nvmlGpmSampleGet",
        "nvmlGpmMetricsGet",
        "nvmlDeviceGetName",
        "nvmlDeviceGetPciInfo_v3",
        "nvmlDeviceGetSerial",
        "nvmlDeviceGetMigMode",
    ];
    for function in functions {
        for code in (1..=30).chain([999]) {
            fake.fail(function, 0, code);
            let mut rig = Rig::with(&fake, |builder| builder.read_processes(true));
            // Activity needs two samples.
            rig.worker.tick();
            let is_lost = matches!(code, 15 | 16) && rig.device(0).state == DeviceState::Failed;
            rig.manual_clock.advance(ms(1_100));
            rig.worker.tick();
            let [first, second] = [rig.device(0), rig.device(1)];
            assert_eq!(second.state, DeviceState::Ok, "{function} {code}: the other device must not be affected");
            assert!(second.reading.power.is_some() && second.reading.energy_microjoules.is_some(), "{function} {code}");
            let has_readings = first.reading.memory_used.is_some() || first.reading.power.is_some();
            assert!(is_lost || has_readings, "{function} {code}: {first:?}");
            fake.fail(function, 0, 0);
            assert!(fake.calls(function) > 0, "{function} must be called");
        }
    }
}

#[test]
fn a_device_without_error_events_is_still_sampled() {
    let fake = Fake::new();
    for function in ["nvmlDeviceGetSupportedEventTypes", "nvmlDeviceRegisterEvents", "nvmlEventSetCreate"] {
        for code in [1, 3, 4, 15, 999] {
            let device = if function == "nvmlEventSetCreate" { EVERY } else { 0 };
            fake.fail(function, device, code);
            let mut rig = Rig::with(&fake, |builder| builder.watch_errors(true));
            rig.worker.tick();
            assert!(
                rig.device(0).reading.power.is_some() && rig.device(1).reading.power.is_some(),
                "{function} {code}"
            );
            fake.fail(function, device, 0);
            assert_eq!(rig.event_feed.thread_control.stop(ms(2_000)), 0);
        }
    }
}

#[test]
fn the_sampler_survives_every_error_of_a_mig_instance() {
    let fake = Fake::new();
    fake.devices(1);
    fake.mig(0, 1);
    for function in [
        "nvmlGpmMigSampleGet",
        "nvmlDeviceGetGpuInstanceId",
        "nvmlDeviceGetDeviceHandleFromMigDeviceHandle",
        "nvmlDeviceGetMaxMigDeviceCount",
        "nvmlDeviceGetMigDeviceHandleByIndex",
    ] {
        for code in (1..=30).chain([999]) {
            fake.fail(function, EVERY, code);
            let mut rig = Rig::new(&fake);
            rig.run(ms(1_500));
            let snapshot = rig.snapshot.lock();
            let gpu = snapshot.devices.iter().find(|device| device.report.info.id == GPU).unwrap();
            assert!(gpu.report.reading.power.is_some(), "{function} {code}: the GPU must not be affected");
            drop(snapshot);
            fake.fail(function, EVERY, 0);
            assert!(fake.calls(function) > 0, "{function} must be called");
        }
    }
}

#[test]
fn a_device_without_an_id_is_ignored() {
    let fake = Fake::new();
    fake.fail("nvmlDeviceGetUUID", 0, 999);
    let mut rig = Rig::new(&fake);
    rig.run(ms(100));
    assert_eq!(rig.snapshot.lock().devices.len(), 1);
}

#[test]
fn a_fork_does_not_use_the_library_of_its_parent() {
    let fake = Fake::new();
    let open = |process| crate::backend::nvml::open_library(process, Some(fake.path()));
    let first = open(7).unwrap();
    assert!(std::ptr::eq(open(7).unwrap(), first), "the library must be opened once");
    assert_eq!(open(8).err(), Some(GpuError::Forked));
    assert_eq!(fake.inits(), 1);
}

#[test]
fn error_codes_are_mapped_to_errors() {
    let fake = Fake::new();
    let mut backend = NvmlBackend::at(fake.path());
    backend.open().unwrap();
    backend.devices().unwrap();
    for (code, expected) in [
        (3, GpuError::NotSupported),
        (4, GpuError::NoPermission),
        (10, GpuError::Timeout),
        (13, GpuError::NotSupported),
        (15, GpuError::Lost),
        (16, GpuError::ResetRequired),
        (18, GpuError::DriverLibraryMismatch),
        (25, GpuError::NotSupported),
        (26, GpuError::NotSupported),
        (27, GpuError::Other(27)),
        (999, GpuError::Other(999)),
    ] {
        fake.fail("nvmlDeviceGetPowerUsage", EVERY, code);
        let mut reading = Reading::default();
        assert_eq!(backend.read(0, DriverCall::Power, &mut reading), Err(expected), "{code}");
        assert_eq!(reading, Reading::default(), "the reading must not change");
    }
}

#[test]
fn a_missing_symbol_removes_only_its_own_reading() {
    for (symbol, row) in [
        ("nvmlDeviceGetPowerUsage", Some("hw.power")),
        ("nvmlDeviceGetUtilizationRates", None),
        ("nvmlDeviceGetFieldValues", Some("hw.gpu.io")),
        ("nvmlGpmSampleGet", Some("llmobs.gpu.tensor.active")),
        // The wrapper panics if one of these is missing when it frees an object.
        ("nvmlGpmSampleFree", Some("llmobs.gpu.tensor.active")),
        ("nvmlEventSetFree", None),
        ("nvmlShutdown", None),
    ] {
        let fake = Fake::without(&[symbol]);
        let mut rig = Rig::with(&fake, |builder| builder.watch_errors(symbol == "nvmlEventSetFree"));
        rig.run(ms(1_500));
        assert!(row.is_none_or(|row| !rig.has_attribute_value(row, GPU)), "without {symbol}");
        assert!(rig.has_attribute_value("hw.gpu.memory.usage", GPU) && is_in_state(&rig, "ok"), "without {symbol}");
        rig.event_feed.thread_control.stop(ms(500));
    }
}

#[test]
fn a_call_without_permission_is_not_repeated() {
    let fake = Fake::new();
    fake.fail("nvmlDeviceGetPowerUsage", EVERY, 4);
    let mut rig = Rig::new(&fake);
    rig.run(ms(10_000));
    assert_eq!(fake.calls("nvmlDeviceGetPowerUsage"), 2, "one call for each device");
    assert!(is_in_state(&rig, "ok"), "a denied permission must not count as a failure");
}

#[test]
fn a_device_that_may_not_be_opened_is_ignored() {
    let fake = Fake::new();
    fake.fail("nvmlDeviceGetHandleByIndex_v2", 0, 4);
    let mut rig = Rig::new(&fake);
    rig.run(ms(100));
    assert_eq!(rig.snapshot.lock().devices.len(), 1);
}

#[test]
fn a_lost_gpu_is_reported_as_failed_and_recovers() {
    let fake = Fake::new();
    let mut rig = Rig::new(&fake);
    rig.run(ms(1_000));
    fake.set(0, "lost", 15);
    rig.run(ms(1_200));
    let failed = [("hw.id", GPU), ("hw.state", "failed")];
    assert!(is_close(rig.value("hw.status", &failed), 1.0) && is_in_state(&rig, "degraded"));
    let xid = [("llmobs.gpu.xid.code", "79"), ("llmobs.gpu.xid.severity", "fatal"), ("hw.id", GPU)];
    assert!(is_close(rig.value("llmobs.gpu.xid.errors", &xid), 1.0), "the loss is counted without a driver report");
    assert!(
        !rig.has_attribute_value("hw.power", GPU) && rig.has_attribute_value("hw.power", "000000000001"),
        "the other GPU must be sampled further"
    );
    let calls = fake.calls("nvmlDeviceGetHandleByUUID");
    rig.run(ms(60_000));
    let attempts = fake.calls("nvmlDeviceGetHandleByUUID") - calls;
    assert!((2..=7).contains(&attempts), "expected attempts with growing pauses: {attempts}");
    assert!(is_close(rig.value("llmobs.gpu.xid.errors", &xid), 1.0), "the loss must be counted once");
    // After a reset, the counter restarts.
    fake.set(0, "lost", 0);
    fake.set(0, "energy_mj", 5);
    rig.run(ms(31_000));
    assert!(is_close(rig.value("hw.status", &[("hw.id", GPU), ("hw.state", "ok")]), 1.0) && is_in_state(&rig, "ok"));
    assert!(rig.has_attribute_value("hw.power", GPU));
    fake.set(0, "energy_mj", 50_005);
    rig.run(ms(2_000));
    assert!(is_close(rig.value("hw.energy", &[("hw.id", GPU)]), 1_050.0), "the published energy must not fall");
    rig.assert_energy_balanced(0);
    assert_eq!(fake.inits(), 1);
}

#[test]
fn repeated_losses_of_a_gpu_count_once_and_are_retried_with_growing_pauses() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    rig.run(ms(1_000));
    fake.fail("nvmlDeviceGetPowerUsage", 0, 15);
    rig.run(ms(120_000));
    let xid = [("llmobs.gpu.xid.code", "79")];
    assert!(is_close(rig.value("llmobs.gpu.xid.errors", &xid), 1.0));
    let attempts = fake.calls("nvmlDeviceGetHandleByUUID");
    assert!(
        (6..=9).contains(&attempts),
        "expected attempts after 1, 2, 4, 8, 16 and then every 30 seconds: {attempts}"
    );
    fake.fail("nvmlDeviceGetPowerUsage", 0, 0);
    rig.run(ms(100_000));
    assert!(is_in_state(&rig, "ok"));
    fake.set(0, "lost", 15);
    rig.run(ms(2_000));
    assert!(is_close(rig.value("llmobs.gpu.xid.errors", &xid), 2.0), "the second loss must be counted too");
}

#[test]
fn implausible_counter_values_are_dropped_and_counted() {
    let fake = Fake::new();
    let mut rig = Rig::new(&fake);
    rig.run(ms(1_000));
    fake.set(0, "energy_mj", 200);
    rig.run(ms(1_000));
    let anomaly = |name| rig.value("llmobs.self.anomalies", &[("llmobs.anomaly", name)]);
    assert!(is_close(anomaly("gpu_energy_backwards"), 1.0));
    fake.set(0, "energy_mj", 22_000_000_000);
    rig.run(ms(1_000));
    let anomaly = |name| rig.value("llmobs.self.anomalies", &[("llmobs.anomaly", name)]);
    assert!(is_close(anomaly("gpu_energy_beyond_power"), 1.0));
    assert!(is_close(rig.value("hw.energy", &[("hw.id", GPU)]), 1_000.0));
    rig.assert_energy_balanced(0);
}

#[test]
fn the_state_is_no_device_until_a_gpu_appears() {
    let fake = Fake::new();
    fake.devices(0);
    let mut rig = Rig::new(&fake);
    rig.run(ms(5_000));
    assert!(is_in_state(&rig, "no_device"));
    fake.devices(1);
    rig.run(ms(10_000));
    assert!(is_in_state(&rig, "ok"));
}

#[test]
fn sixteen_gpus_are_sampled() {
    let fake = Fake::new();
    fake.devices(16);
    let mut rig = Rig::new(&fake);
    rig.run(ms(1_500));
    let readings = rig.metrics();
    assert!(is_close(readings.value("hw.status", &[("hw.state", "ok")]), 16.0));
    assert!(is_close(readings.value("hw.power", &[]), 16.0 * 350.0));
    for device in 0..16 {
        rig.assert_energy_balanced(device);
    }
}

#[test]
fn a_device_without_events_does_not_affect_the_others() {
    let fake = Fake::new();
    fake.devices(3);
    fake.set(1, "no_events", 1);
    let mut rig = Rig::with(&fake, |builder| builder.watch_errors(true));
    rig.run(ms(10));
    assert_eq!(fake.registered(), 2);
    assert_eq!(rig.event_feed.thread_control.stop(ms(2_000)), 0);
    drop(rig);
    // Until the drop, two samples of each device are kept for the next reading.
    assert_eq!(fake.alive(), 0, "event sets and samples must be freed");
}

#[test]
fn a_closed_snapshot_has_no_rows() {
    let fake = Fake::new();
    let mut rig = Rig::new(&fake);
    rig.run(ms(100));
    rig.snapshot.close();
    assert!(!rig.has_attribute_value("hw.status", "") && !rig.has_attribute_value("llmobs.gpu.collector.status", ""));
    assert_ne!(rig.snapshot.sampler_state(), SamplerState::Hung);
}

#[test]
fn dropped_events_of_operations_are_an_anomaly() {
    use llmobs::companion::Companion;
    let fake = Fake::new();
    let mut rig = Rig::new(&fake);
    let at = rig.manual_clock.now();
    (0..200_000).for_each(|id| rig.event_feed.on_mark(id, llmobs::companion::Mark::Scheduled, at));
    rig.run(ms(100));
    assert!(is_close(rig.value("llmobs.self.anomalies", &[("llmobs.anomaly", "gpu_events_lost")]), 1.0));
}
