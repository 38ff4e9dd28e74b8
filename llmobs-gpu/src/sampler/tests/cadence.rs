//! The frequency of calls.

use super::*;

#[test]
fn the_counter_is_read_most_often_while_few_operations_run() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    let energy_calls = || fake.calls("nvmlDeviceGetTotalEnergyConsumption");
    rig.run(ms(1_000));
    let calls = |rig: &mut Rig| {
        let before = energy_calls();
        rig.run(ms(10_000));
        energy_calls() - before
    };
    assert!((9..=11).contains(&calls(&mut rig)), "once a second");
    let few: Vec<_> = (0..8).map(|_| rig.observer.chat("m").start()).collect();
    assert!((195..=202).contains(&calls(&mut rig)), "every 50 ms");
    let many = rig.observer.chat("m").start();
    assert!((38..=42).contains(&calls(&mut rig)), "every 250 ms");
    drop((few, many));
}

#[test]
fn the_fast_cadence_starts_when_a_queued_operation_runs() {
    let fake = Fake::new();
    fake.devices(1);
    let energy_calls = || fake.calls("nvmlDeviceGetTotalEnergyConsumption");
    for queued in [0, 10, 300] {
        let mut rig = Rig::new(&fake);
        rig.run(ms(1_010));
        let operation = rig.observer.chat("m").start();
        operation.marker().enqueued();
        let before = energy_calls();
        rig.run(ms(queued));
        assert!(energy_calls() - before <= 1, "an operation in the queue must not raise the cadence");
        operation.marker().scheduled();
        let before = energy_calls();
        rig.run(ms(600));
        assert!(
            (12..=14).contains(&(energy_calls() - before)),
            "every 50 ms after {queued} ms: {}",
            energy_calls() - before
        );
        operation.complete();
    }
}

#[test]
fn each_call_has_its_own_cadence() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    rig.run(ms(60_500));
    for (function, calls) in [
        ("nvmlDeviceGetPowerUsage", 59..=62),
        ("nvmlDeviceGetUtilizationRates", 59..=62),
        ("nvmlDeviceGetTotalEccErrors", 6..=6),
        ("nvmlDeviceGetEnforcedPowerLimit", 3..=3),
        ("nvmlDeviceGetName", 1..=1),
    ] {
        assert!(calls.contains(&fake.calls(function)), "{function}: {}", fake.calls(function));
    }
    // All calls together are few.
    let calls_per_second = fake.all_calls() / 60;
    assert!(calls_per_second < 20, "{calls_per_second} calls a second");
}

#[test]
fn ended_operations_leave_no_state() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    let mut counter = 1_000_000;
    for _ in 0..50 {
        let operation = rig.observer.chat("m").start();
        counter += 1_000;
        fake.set(0, "energy_mj", counter);
        rig.run(ms(100));
        operation.complete();
    }
    rig.run(ms(5_000));
    assert_eq!(rig.worker.sampling.accounts.running_count(), 0);
    assert!(rig.worker.sampling.accounts.take_settled(u64::MAX).is_empty());
    rig.observer.retire_model("m");
    rig.manual_clock.advance(Duration::from_secs(600));
    assert!(
        !rig.has_attribute_value("llmobs.operation.started", "\"m\""),
        "no operation is in flight, so the series is removed"
    );
}
