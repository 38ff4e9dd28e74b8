//! All readings, including those that the crate `nvml-wrapper` gets wrong.

use super::*;
use crate::backend::DriverCall;
use crate::backend::GpuBackend;
use crate::backend::Reading;
use crate::error::GpuError;

fn read_call(fake: &Fake, call: DriverCall) -> Result<Reading, GpuError> {
    let mut backend = NvmlBackend::at(fake.path());
    backend.open()?;
    backend.devices()?;
    let mut reading = Reading::default();
    let first = backend.read(0, call, &mut reading);
    // Activity needs two samples.
    let answer = if first == Err(GpuError::NoData) { backend.read(0, call, &mut reading) } else { first };
    answer.map(|()| reading)
}

#[test]
fn every_row_has_the_value_that_the_library_returned() {
    let fake = Fake::new();
    let mut rig = Rig::new(&fake);
    rig.run(ms(2_500));
    let readings = rig.metrics();
    let id = [("hw.id", GPU)];
    for (row, attribute, expected) in [
        ("hw.gpu.utilization", Some(("hw.gpu.task", "general")), 0.37),
        ("hw.gpu.utilization", Some(("hw.gpu.task", "decoder")), 0.0),
        ("hw.gpu.memory.usage", None, 10.0 * 1024.0 * 1024.0 * 1024.0),
        ("hw.gpu.memory.limit", None, 80.0 * 1024.0 * 1024.0 * 1024.0),
        ("hw.gpu.memory.utilization", None, 10.0 / 79.5),
        ("hw.gpu.io", Some(("network.io.direction", "transmit")), 9e9),
        ("hw.gpu.io", Some(("network.io.direction", "receive")), 8e9),
        ("hw.energy", Some(("hw.type", "gpu")), 1_000.0),
        ("hw.power", None, 350.0),
        ("hw.errors", Some(("error.type", "corrected")), 3.0),
        ("hw.errors", Some(("error.type", "uncorrected")), 1.0),
        ("hw.status", Some(("hw.state", "ok")), 1.0),
        ("hw.status", Some(("hw.state", "failed")), 0.0),
        ("llmobs.gpu.memory.busy", None, 0.21),
        ("llmobs.gpu.engine.active", None, 0.91),
        ("llmobs.gpu.sm.active", None, 0.885),
        ("llmobs.gpu.sm.occupancy", None, 0.3125),
        ("llmobs.gpu.tensor.active", None, 0.42),
        ("llmobs.gpu.dram.active", None, 0.77),
        ("llmobs.gpu.memory.reserved", None, 512.0 * 1024.0 * 1024.0),
        ("llmobs.gpu.power.instant", None, 360.0),
        ("llmobs.gpu.power.limit", None, 700.0),
        ("llmobs.gpu.clock.frequency", Some(("llmobs.gpu.clock.domain", "sm")), 1.755e9),
        ("llmobs.gpu.clock.frequency", Some(("llmobs.gpu.clock.domain", "memory")), 2.619e9),
        ("llmobs.gpu.throttle.time", Some(("llmobs.gpu.throttle.reason", "capped")), 7.0),
        ("llmobs.gpu.throttle.time", Some(("llmobs.gpu.throttle.reason", "thermal")), 1.0),
        ("llmobs.gpu.throttle.status", Some(("llmobs.gpu.throttle.reason", "thermal")), 0.0),
        ("llmobs.gpu.remapped_rows", Some(("llmobs.gpu.remap.cause", "corrected")), 1.0),
        ("llmobs.gpu.pcie.replays", None, 2.0),
        ("llmobs.gpu.nvlink.io", Some(("network.io.direction", "transmit")), 1_024_000.0),
    ] {
        let attributes: Vec<_> = id.into_iter().chain(attribute).collect();
        let value = readings.value(row, &attributes);
        assert!(is_close(value, expected), "{row} {attribute:?}: {value}, not {expected}");
    }
    let sensor = |id: &str| readings.value("hw.temperature", &[("hw.id", id), ("hw.parent", GPU)]);
    assert!(is_close(sensor(&format!("{GPU}/gpu")), 61.0) && is_close(sensor(&format!("{GPU}/memory")), 70.0));
    let limit =
        |kind| readings.value("hw.temperature.limit", &[("hw.limit_type", kind), ("hw.id", &format!("{GPU}/gpu"))]);
    assert!(is_close(limit("high.critical"), 61.0 + 26.0 + 8.0), "the limit is relative to that of reduced clocks");
    assert!(is_close(limit("high.degraded"), 61.0 + 26.0 + 2.0));
    assert!(is_close(readings.value("llmobs.gpu.collector.status", &[("llmobs.collector.state", "ok")]), 1.0));
    assert!(readings.histogram("llmobs.gpu.sampler.call.duration", &[("llmobs.gpu.call", "power")]).count >= 3);
    assert!(rig.has_attribute_value("hw.gpu.memory.usage", "hw_driver_version=\"580.95.05\""));
    assert!(rig.has_attribute_value("hw.gpu.memory.usage", "hw_model=\"NVIDIA H100 80GB HBM3\""));
}

#[test]
fn values_that_the_wrapper_gets_wrong_are_correct() {
    let fake = Fake::new();
    fake.set(0, "remapped_uncorrected", 0x1_0000_0005);
    assert_eq!(
        read_call(&fake, DriverCall::RemappedRows).unwrap().remapped_rows_uncorrected,
        Some(0x1_0000_0005),
        "a long must not be truncated to 32 bits"
    );
    let limits = read_call(&fake, DriverCall::TemperatureLimit).unwrap();
    assert_eq!(limits.temperature_critical, Some(95.0), "signed values must be read");
    assert_eq!(
        read_call(&fake, DriverCall::NvlinkIo).unwrap().nvlink_sent,
        Some(1_024_000),
        "expected the sum over all links"
    );
    fake.set(0, "reasons", 0x400);
    let throttle = read_call(&fake, DriverCall::ThrottleReasons).unwrap().throttle_reasons.unwrap();
    assert!(throttle.contains(crate::ThrottleReason::Limit), "bits that the wrapper does not know must be read");
    fake.set(0, "temperature_memory", 0);
    assert_eq!(
        read_call(&fake, DriverCall::Temperature).unwrap().temperature_memory,
        None,
        "a value near 0 must not count as a temperature"
    );
    fake.set(0, "gpm_tensor", u64::MAX);
    let activity = read_call(&fake, DriverCall::Activity).unwrap();
    assert_eq!((activity.tensor_active, activity.dram_active), (None, Some(0.77)), "NaN must be absent");
    fake.unset(0, "gpm_dram");
    assert_eq!(read_call(&fake, DriverCall::Activity).unwrap().dram_active, None);
    fake.set(0, "gpm", 0);
    assert_eq!(read_call(&fake, DriverCall::Activity), Err(GpuError::NotSupported), "unsupported before Hopper");
}

#[test]
fn an_unsupported_reading_is_absent_and_not_requested_again() {
    let fake = Fake::new();
    for (key, row) in [
        ("utilization", "hw.gpu.utilization"),
        ("power_mw", "hw.power"),
        ("temperature", "hw.temperature"),
        ("memory_total", "hw.gpu.memory.limit"),
        ("pcie_tx_bytes", "hw.gpu.io"),
    ] {
        fake.devices(1);
        fake.unset(0, key);
        if row == "hw.gpu.utilization" {
            fake.unset(0, "encoder");
            fake.unset(0, "decoder");
        }
        let mut rig = Rig::new(&fake);
        rig.run(ms(100));
        assert!(!rig.has_attribute_value(row, "hw_id"), "{row} without {key}");
        assert!(
            rig.has_attribute_value("hw.energy", GPU) && rig.has_attribute_value("hw.status", GPU),
            "the other metrics must exist without {key}"
        );
    }
    fake.devices(1);
    fake.unset(0, "utilization");
    let mut rig = Rig::new(&fake);
    let before = fake.calls("nvmlDeviceGetUtilizationRates");
    rig.run(ms(10_000));
    assert_eq!(fake.calls("nvmlDeviceGetUtilizationRates"), before + 1);
}

#[test]
fn stale_gauges_are_absent_and_counters_remain() {
    let fake = Fake::new();
    let mut rig = Rig::new(&fake);
    rig.run(ms(1_500));
    for function in ["nvmlDeviceGetPowerUsage", "nvmlDeviceGetTotalEnergyConsumption"] {
        fake.fail(function, EVERY, 999);
    }
    rig.run(ms(1_000));
    assert!(rig.has_attribute_value("hw.power", GPU), "a few missing answers must not remove the metric");
    rig.run(ms(9_000));
    assert!(!rig.has_attribute_value("hw.power", GPU));
    assert!(rig.has_attribute_value("hw.energy", GPU) && rig.has_attribute_value("hw.gpu.utilization", GPU));
    assert!(is_close(rig.value("llmobs.gpu.collector.status", &[("llmobs.collector.state", "degraded")]), 1.0));
    fake.fail("nvmlDeviceGetPowerUsage", EVERY, 0);
    rig.run(ms(2_000));
    assert!(rig.has_attribute_value("hw.power", GPU), "the function must be called again");
}

#[test]
fn a_mig_instance_is_a_separate_device() {
    let fake = Fake::new();
    fake.mig(0, 2);
    let mut rig = Rig::new(&fake);
    rig.run(ms(1_500));
    let ids: Vec<_> = rig.snapshot.lock().devices.iter().map(|device| device.report.info.id.clone()).collect();
    assert_eq!(ids.len(), 4, "{ids:?}");
    let instance = ids.iter().find(|id| id.starts_with("MIG-")).unwrap();
    assert!(is_close(rig.value("hw.gpu.memory.usage", &[("hw.id", instance), ("hw.parent", GPU)]), 1_073_741_824.0));
    assert!(
        !rig.has_attribute_value("hw.energy", instance) && !rig.has_attribute_value("hw.gpu.utilization", instance)
    );
    assert!(
        !rig.has_attribute_value("llmobs.gpu.energy.attributed", instance),
        "the energy of an instance is part of that of its GPU"
    );
    rig.assert_energy_balanced(ids.iter().position(|id| id == GPU).unwrap());
}

#[test]
fn the_activity_of_a_mig_instance_is_read_by_its_number() {
    let fake = Fake::new();
    fake.devices(1);
    fake.mig(0, 2);
    let mut rig = Rig::new(&fake);
    rig.run(ms(2_500));
    let instance_id = |index: u32| format!("MIG-00000000-0000-0000-0000-000000{index:06}");
    for (id, expected) in [(instance_id(0).as_str(), 0.40), (instance_id(1).as_str(), 0.41), (GPU, 0.885)] {
        let value = rig.value("llmobs.gpu.sm.active", &[("hw.id", id)]);
        assert!(is_close(value, expected), "{id}: {value}");
        assert!(
            rig.has_attribute_value("llmobs.gpu.tensor.active", id)
                && rig.has_attribute_value("llmobs.gpu.dram.active", id)
        );
    }
    drop(rig);
    assert_eq!(fake.alive(), 0, "samples must be freed");

    let older = Fake::without(&["nvmlGpmMigSampleGet"]);
    older.devices(1);
    older.mig(0, 1);
    let mut rig = Rig::new(&older);
    rig.run(ms(2_500));
    assert!(
        !rig.has_attribute_value("llmobs.gpu.sm.active", "MIG-")
            && rig.has_attribute_value("llmobs.gpu.sm.active", GPU)
    );
    assert!(
        rig.has_attribute_value("hw.gpu.memory.usage", "MIG-"),
        "only the reading of the missing function must be absent"
    );

    let ampere = Fake::new();
    ampere.devices(1);
    ampere.set(0, "gpm", 0);
    ampere.mig(0, 1);
    let mut rig = Rig::new(&ampere);
    rig.run(ms(10_000));
    assert!(!rig.has_attribute_value("llmobs.gpu.sm.active", "hw_id"));
    assert_eq!(ampere.calls("nvmlGpmQueryDeviceSupport"), 2, "expected one call for the GPU and one for its instance");
}

#[test]
fn activity_samples_are_far_enough_apart() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::with(&fake, |builder| builder.normal_interval(ms(10)));
    rig.run(ms(1_000));
    assert!((8..=11).contains(&fake.calls("nvmlGpmMetricsGet")), "{}", fake.calls("nvmlGpmMetricsGet"));
    assert!(fake.calls("nvmlDeviceGetUtilizationRates") > 80);
}

#[test]
fn older_drivers_are_read_with_the_older_functions() {
    let fake = Fake::without(&["nvmlDeviceGetMemoryInfo_v2"]);
    let memory = read_call(&fake, DriverCall::Memory).unwrap();
    assert_eq!(memory.memory_used, Some((10 << 30) + (512 << 20)), "the first version includes reserved memory");
    assert_eq!((memory.memory_total, memory.memory_reserved), (Some(80 << 30), None));
    let older = Fake::without(&["nvmlDeviceGetTemperatureV", "nvmlDeviceGetCurrentClocksEventReasons"]);
    assert_eq!(read_call(&older, DriverCall::Temperature).unwrap().temperature, Some(61.0));
    assert!(read_call(&older, DriverCall::ThrottleReasons).unwrap().throttle_reasons.is_some());
}

#[test]
fn the_bindings_have_the_struct_layouts_of_the_header() {
    use nvml_wrapper_sys::bindings as b;
    use std::mem::offset_of;
    use std::mem::size_of;
    for (name, binding, header) in [
        ("nvmlMemory_t", size_of::<b::nvmlMemory_t>(), 24),
        ("nvmlMemory_v2_t", size_of::<b::nvmlMemory_v2_t>(), 40),
        ("nvmlPciInfo_t", size_of::<b::nvmlPciInfo_t>(), 68),
        ("nvmlPciInfo_t.busId", offset_of!(b::nvmlPciInfo_t, busId), 36),
        ("nvmlFieldValue_t", size_of::<b::nvmlFieldValue_t>(), 40),
        ("nvmlFieldValue_t.value", offset_of!(b::nvmlFieldValue_t, value), 32),
        ("nvmlProcessInfo_t", size_of::<b::nvmlProcessInfo_t>(), 24),
        ("nvmlProcessUtilizationSample_t", size_of::<b::nvmlProcessUtilizationSample_t>(), 32),
        ("nvmlEventData_t", size_of::<b::nvmlEventData_t>(), 32),
        ("nvmlGpmMetric_t", size_of::<b::nvmlGpmMetric_t>(), 40),
        ("nvmlGpmMetricsGet_t.metrics", offset_of!(b::nvmlGpmMetricsGet_t, metrics), 24),
    ] {
        assert_eq!(binding, header, "{name}");
    }
}
