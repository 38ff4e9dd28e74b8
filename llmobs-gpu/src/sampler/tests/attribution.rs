//! Energy, from the counter of a device to the operation that used it.

use super::*;
use crate::energy::EnergySource;
use crate::roofline::ModelSize;

/// Simulates a device with constant power, whose counter is updated every 100 ms.
pub(super) fn set_power(fake: &Fake, device: u32, watts: u64) -> impl FnMut(Duration) {
    let mut counter = 1_000_000;
    let mut updates = 0;
    move |time: Duration| {
        let due_updates = u64::try_from(time.as_millis()).unwrap() / 100;
        counter += (due_updates - updates) * watts * 100;
        updates = due_updates;
        fake.set(device, "energy_mj", counter);
    }
}

#[test]
fn an_operation_gets_the_energy_of_its_device_while_it_ran() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::with(&fake, |builder| builder.idle_power(100.0).usd_per_gpu_hour(3.6));
    let mut draw = set_power(&fake, 0, 100);
    rig.run_with(ms(2_000), &mut draw);
    let operation = rig.observer.chat("m").start();
    operation.marker().usage(llmobs::Usage::new().input(10).output(50));
    let before = rig.manual_clock.now();
    let mut draw = set_power(&fake, 0, 300);
    // The counter continues from its last value.
    let mut last_counter = None;
    rig.run_with(ms(1_000), |time| {
        draw(time);
        let counter = 1_000_000 + 200_000 + u64::try_from(time.as_millis()).unwrap() / 100 * 30_000;
        last_counter = Some(counter);
        fake.set(0, "energy_mj", counter);
    });
    assert_eq!(rig.manual_clock.now().since(before), ms(1_000));
    operation.complete();
    assert!(rig.energies().is_empty(), "the end of an operation must not wait for its energy");
    let last_counter = last_counter.unwrap();
    rig.run_with(ms(2_000), |time| {
        fake.set(0, "energy_mj", last_counter + u64::try_from(time.as_millis()).unwrap() / 100 * 10_000);
    });
    let energies = rig.energies();
    assert_eq!(energies.len(), 1);
    let energy = &energies[0];
    assert!(energy.is_complete && energy.source == EnergySource::Counter, "{energy:?}");
    assert!((energy.joules - 300.0).abs() < 25.0, "expected 300 W for 1 s, give or take one update: {energy:?}");
    assert!((energy.gpu_seconds - 1.0).abs() < 0.01, "{energy:?}");
    assert!(is_close(energy.cost_usd.unwrap(), energy.gpu_seconds * 3.6 / 3_600.0));
    assert!(is_close(energy.joules_per_token().unwrap(), energy.joules / 50.0));
    let histogram = rig.metrics().histogram("llmobs.operation.energy", &[("gen_ai.request.model", "m")]);
    assert_eq!(histogram.count, 1);
    assert!(is_close(histogram.sum, energy.joules));
    let request = rig.value("llmobs.gpu.energy.attributed", &[("llmobs.energy.kind", "request")]);
    assert!(is_close(request, energy.joules), "the energy of the device for requests must equal that of the operation");
    rig.assert_energy_balanced(0);
}

#[test]
fn the_energy_of_many_operations_on_two_devices_adds_up() {
    let fake = Fake::new();
    let mut rig =
        Rig::with(&fake, |builder| builder.model_devices("solo", ["GPU-00000000-0000-0000-0000-000000000001"]));
    rig.observer.declare_model("solo");
    let mut draws = [set_power(&fake, 0, 400), set_power(&fake, 1, 250)];
    // Keep an operation open for the fast cadence.
    let mut open = vec![rig.observer.chat("m").start()];
    let observer = rig.observer.clone();
    let mut tick = 0_u32;
    rig.run_with(ms(6_000), |time| {
        draws.iter_mut().for_each(|draw| draw(time));
        tick += 1;
        if tick.is_multiple_of(3) && time < ms(4_000) {
            let operation = observer.chat(if tick.is_multiple_of(2) { "m" } else { "solo" }).start();
            operation.marker().enqueued();
            operation.marker().scheduled();
            open.push(operation);
        }
        if tick.is_multiple_of(4) && !open.is_empty() {
            open.swap_remove(0).complete();
        }
        if time >= ms(4_000) {
            open.clear();
        }
    });
    rig.run(ms(4_000));
    let energies = rig.energies();
    assert!(energies.len() > 20, "{}", energies.len());
    let sum: f64 = energies.iter().map(|energy| energy.joules).sum();
    let request: f64 = (0..2).map(|index| rig.device(index).request_joules).sum();
    assert!((sum - request).abs() < 1e-6, "{sum} {request}");
    for device in 0..2 {
        rig.assert_energy_balanced(device);
        assert!(rig.device(device).measured_joules > 1_000.0);
    }
    let histogram = rig.metrics().histogram("llmobs.operation.energy", &[]);
    assert!((histogram.sum - sum).abs() < 1e-6);
    assert_eq!(histogram.count, energies.len() as u64);
}

#[test]
fn queued_preparing_and_remote_operations_get_no_energy() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    let mut draw = set_power(&fake, 0, 300);
    let waiting = rig.observer.chat("m").start();
    waiting.marker().enqueued();
    let preparing = rig.observer.chat("m").preparing().start();
    let remote = rig.observer.as_role(llmobs::Role::Client).chat("m").start();
    rig.run_with(ms(2_000), &mut draw);
    drop((waiting, preparing, remote));
    rig.run(ms(3_000));
    assert!(rig.energies().is_empty());
    assert!(is_close(rig.device(0).idle_joules, rig.device(0).measured_joules));
}

#[test]
fn without_a_counter_the_energy_source_is_the_power_integral() {
    let fake = Fake::new();
    fake.devices(1);
    fake.unset(0, "energy_mj");
    let mut rig = Rig::new(&fake);
    rig.run(ms(3_000));
    let operation = rig.observer.chat("m").start();
    rig.run(ms(4_000));
    operation.complete();
    rig.run(ms(5_000));
    let energies = rig.energies();
    assert_eq!(energies.len(), 1);
    assert_eq!(energies[0].source, EnergySource::PowerIntegral);
    assert!((energies[0].joules - 4.0 * 350.0).abs() < 360.0, "{:?}", energies[0]);
    rig.assert_energy_balanced(0);
}

#[test]
fn a_stopped_counter_gives_no_energy_and_operations_still_settle() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    rig.run(ms(1_000));
    rig.observer.chat("m").start().complete();
    let operation = rig.observer.chat("m").start();
    rig.run(ms(500));
    operation.complete();
    rig.run(ms(10_000));
    assert!(rig.energies().is_empty());
    assert_eq!(rig.worker.sampling.accounts.in_flight().count(), 0);
    fake.set(0, "energy_mj", 1_001_000);
    rig.run(ms(2_000));
    rig.assert_energy_balanced(0);
}

#[test]
fn a_provisional_energy_is_available_while_operations_run() {
    use llmobs::companion::Companion;
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    assert_eq!(rig.event_feed.provisional_energy(1.0), None);
    let _first = rig.observer.chat("m").start();
    let _second = rig.observer.chat("m").start();
    rig.run_with(ms(3_000), set_power(&fake, 0, 300));
    let joules = rig.event_feed.provisional_energy(2.0).unwrap();
    assert!((joules - 300.0).abs() < 60.0, "expected half of 300 W for two seconds: {joules}");
}

#[test]
fn utilization_is_estimated_for_a_model_with_a_size() {
    let fake = Fake::new();
    fake.devices(1);
    let size = ModelSize::new("m", 8e9).engine_id("rank-0");
    let mut rig = Rig::with(&fake, |builder| builder.model_size(size));
    rig.run(ms(1_500));
    assert!(rig.has_attribute_value("llmobs.engine.flops.utilization", "rank-0"));
    let operation = rig.observer.chat("m").start();
    operation.marker().usage(llmobs::Usage::new().input(1_000));
    operation.marker().first_token();
    let marker = operation.marker().clone();
    rig.run(ms(250));
    marker.usage(llmobs::Usage::new().output(100));
    rig.run(ms(1_000));
    let bandwidth = rig.value("llmobs.engine.memory_bandwidth.utilization", &[("llmobs.engine.id", "rank-0")]);
    let expected = 16e9 * 100.0 / 3_352_320_000_000.0;
    assert!((bandwidth - expected).abs() < 0.05 * expected, "{bandwidth} {expected}");
    operation.complete();
}

/// Returns the seconds for which operations of a model waited beside idle devices.
fn starved_time(rig: &Rig, model: &str) -> f64 {
    rig.value("llmobs.engine.starved.time", &[("gen_ai.request.model", model)])
}

#[test]
fn starvation_beside_a_queue_is_recorded() {
    let fake = Fake::new();
    fake.devices(1);
    fake.set(0, "utilization", 3);
    let mut rig = Rig::new(&fake);
    let waiting = rig.observer.chat("m").start();
    waiting.marker().enqueued();
    rig.run(ms(5_500));
    let starved = starved_time(&rig, "m");
    assert!((4.0..=5.5).contains(&starved), "{starved}");
    fake.set(0, "utilization", 95);
    rig.run(ms(5_000));
    let later = starved_time(&rig, "m");
    assert!(later - starved <= 1.0, "{later}");
    drop(waiting);
}

#[test]
fn starvation_is_recorded_for_each_model_that_waits() {
    let fake = Fake::new();
    fake.devices(1);
    fake.set(0, "utilization", 3);
    let mut rig = Rig::new(&fake);
    // The second model is not declared, so that its label is `_OTHER`.
    let waiting = ["m", "undeclared"].map(|model| rig.observer.chat(model).start());
    waiting.iter().for_each(|operation| operation.marker().enqueued());
    rig.run(ms(5_500));
    for model in ["m", "_OTHER"] {
        let starved = starved_time(&rig, model);
        assert!((4.0..=5.5).contains(&starved), "{model}: {starved}");
    }
}

#[test]
fn the_number_of_a_device_is_its_index_among_all_gpus() {
    let fake = Fake::new();
    fake.devices(2);
    fake.set(1, "utilization", 3);
    let mut rig = Rig::with(&fake, |builder| builder.devices(["1"]).model_devices("m", ["1"]));
    let waiting = rig.observer.chat("m").start();
    waiting.marker().enqueued();
    rig.run(ms(5_500));
    let starved = starved_time(&rig, "m");
    assert!((4.0..=5.5).contains(&starved), "{starved}");
    drop(waiting);
}

#[test]
fn starvation_is_not_inferred_from_a_stale_reading() {
    let fake = Fake::new();
    fake.devices(1);
    fake.set(0, "utilization", 3);
    fake.set(0, "gpm", 0);
    let mut rig = Rig::new(&fake);
    rig.run(ms(1_500));
    fake.fail("nvmlDeviceGetUtilizationRates", EVERY, 999);
    let waiting = rig.observer.chat("m").start();
    waiting.marker().enqueued();
    rig.run(ms(60_000));
    let starved = starved_time(&rig, "m");
    assert!(starved <= 5.0, "a stale reading must count for at most three periods and two seconds: {starved}");
    drop(waiting);
}

#[test]
fn there_is_no_provisional_energy_if_models_have_their_own_devices() {
    use llmobs::companion::Companion;
    let fake = Fake::new();
    let mut rig = Rig::with(&fake, |builder| builder.model_devices("m", [GPU]));
    let _first = rig.observer.chat("m").start();
    rig.run_with(ms(3_000), set_power(&fake, 0, 300));
    assert_eq!(rig.event_feed.provisional_energy(2.0), None);
}

#[test]
fn the_time_until_memory_is_full_is_forecast() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    rig.run_with(ms(20_000), |time| fake.set(0, "memory_used", (70 << 30) + (time.as_secs() << 27)));
    let full_in = rig.device(0).memory_full_in.unwrap();
    // 80 GiB less reserved and used memory, at 1/8 GiB per second.
    let expected = (80.0 - 0.5 - 70.0 - 19.5 / 8.0) * 8.0;
    assert!((full_in.as_secs_f64() - expected).abs() < 5.0, "{full_in:?} {expected}");
    rig.run(ms(60_000));
    assert_eq!(rig.device(0).memory_full_in, None, "the memory no longer fills");
}

#[test]
fn there_is_no_forecast_for_memory_that_is_no_longer_reported() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    rig.run_with(ms(20_000), |time| fake.set(0, "memory_used", (70 << 30) + (time.as_secs() << 27)));
    assert!(rig.device(0).memory_full_in.is_some());
    fake.fail("nvmlDeviceGetMemoryInfo_v2", EVERY, 999);
    rig.worker.sampling.gpus[0].reading.memory_used = None;
    rig.run(ms(2_000));
    assert_eq!(rig.device(0).memory_full_in, None);
}
