//! The frequency of calls.

use super::*;

#[test]
fn the_counter_is_read_often_while_a_few_run_less_while_many_do_and_seldom_else() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    let energy = || fake.calls("nvmlDeviceGetTotalEnergyConsumption");
    rig.run(ms(1_000));
    let calls = |rig: &mut Rig| {
        let before = energy();
        rig.run(ms(10_000));
        energy() - before
    };
    assert!((9..=11).contains(&calls(&mut rig)), "once a second");
    let few: Vec<_> = (0..8).map(|_| rig.observer.chat("m").start()).collect();
    assert!((195..=202).contains(&calls(&mut rig)), "every 50 ms");
    let many = rig.observer.chat("m").start();
    assert!((38..=42).contains(&calls(&mut rig)), "every 250 ms");
    drop((few, many));
}

#[test]
fn the_counter_is_read_often_from_the_moment_on_at_which_one_that_waited_runs() {
    let fake = Fake::new();
    fake.devices(1);
    let energy = || fake.calls("nvmlDeviceGetTotalEnergyConsumption");
    for waited in [0, 10, 300] {
        let mut rig = Rig::new(&fake);
        rig.run(ms(1_010));
        let operation = rig.observer.chat("m").start();
        operation.marker().enqueued();
        let before = energy();
        rig.run(ms(waited));
        assert!(energy() - before <= 1, "an operation in the queue must not raise the cadence");
        operation.marker().scheduled();
        let before = energy();
        rig.run(ms(600));
        assert!((12..=14).contains(&(energy() - before)), "every 50 ms after {waited} ms: {}", energy() - before);
        operation.complete();
    }
}

#[test]
fn each_question_is_asked_at_its_own_cadence() {
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
    // Slow and blocking calls are never made.
    let a_second = fake.all_calls() / 60;
    assert!(a_second < 20, "{a_second} calls a second");
}

#[test]
fn nothing_is_kept_of_operations_that_ended() {
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
    assert_eq!(rig.worker.accounts.running_count(), 0);
    assert!(rig.worker.accounts.settle(u64::MAX).is_empty());
    rig.observer.retire_model("m");
    rig.manual_clock.advance(Duration::from_secs(600));
    assert!(!rig.has("llmobs.operation.started", "\"m\""), "no operation is in flight, so the series is removed");
}
