//! Properties of attribution, for many overlapping operations, slow counters, resets and lost samples.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::accounts::EnergyAccounts;
use super::division::EnergyShare;
use super::division::IntervalWork;
use super::division::divide;
use super::ledger::ClosedInterval;
use super::ledger::DeviceLedger;
use super::ledger::Tenancy;
use super::meter::EnergyAnomaly;
use super::meter::EnergyMeter;
use super::meter::MeterUpdate;
use super::meter::microjoules;

const MS: u64 = 1_000_000;

/// Returns the shares of an interval without steps.
fn by_time(interval: &ClosedInterval) -> Vec<EnergyShare> {
    divide(interval, &IntervalWork::new())
}

/// An operation, with start and duration in milliseconds, and its devices.
#[derive(Debug, Clone)]
struct SimulatedOperation {
    start_ms: u64,
    duration_ms: u64,
    device_mask: u64,
}

fn simulated_operations() -> impl Strategy<Value = Vec<SimulatedOperation>> {
    let run = (0..2_000_u64, 1..900_u64, 1..4_u64);
    prop::collection::vec(
        run.prop_map(|(from, time, devices)| SimulatedOperation {
            start_ms: from,
            duration_ms: time,
            device_mask: devices,
        }),
        0..40,
    )
}

/// Use of a device by other applications, in half of the cases none.
fn any_tenancy() -> impl Strategy<Value = Tenancy> {
    prop_oneof![
        2 => Just(Tenancy::Exclusive),
        1 => (0.0..=1.0_f64).prop_map(Tenancy::Shared),
        1 => Just(Tenancy::Unknown),
    ]
}

/// Returns the value in microjoules of a counter at a moment. The counter is updated once per period, with a varying
/// power. The moment and the period are in milliseconds.
fn counter_at(period: u64, at: u64) -> u64 {
    let updates = at / period;
    (0..updates).map(|update| (200 + update * 37 % 400) * period * 1_000).sum()
}

/// A change of the counter from one reading to the next, in microjoules.
#[derive(Debug, Clone, Copy)]
enum CounterChange {
    Increase(u64),
    /// The new value, as after a reset.
    Jump(u64),
}

/// Increases of which the power limit allows some, in a third of the cases none, and a few jumps.
fn any_counter_change() -> impl Strategy<Value = CounterChange> {
    prop_oneof![
        4 => (0..400_000_000_u64).prop_map(CounterChange::Increase),
        2 => Just(CounterChange::Increase(0)),
        1 => any::<u64>().prop_map(CounterChange::Jump),
    ]
}

/// Returns the expected result of a reading, from the moments and values of all earlier readings.
fn expected_update(earlier: &[(u64, u64)], counter: u64, at: u64, limit: f64) -> MeterUpdate {
    let Some((_, last)) = earlier.last() else { return MeterUpdate::First };
    if counter == *last {
        return MeterUpdate::Unchanged;
    }
    let Some(energy) = counter.checked_sub(*last) else { return MeterUpdate::Dropped(EnergyAnomaly::Backwards) };
    // The last change was after the latest reading with another value, so the energy was used after that reading.
    let before_change = earlier.iter().rposition(|(_, value)| value != last).unwrap_or(0);
    // The meter accepts up to 1.5 times the power limit.
    if energy <= microjoules(1.5 * limit, at - earlier[before_change].0) {
        MeterUpdate::Energy(energy)
    } else {
        MeterUpdate::Dropped(EnergyAnomaly::BeyondPowerLimit)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn request_idle_and_unattributed_energy_add_up_to_the_measured_energy(
        runs in simulated_operations(),
        period in 10..200_u64,
        poll in 5..120_u64,
        losses in prop::collection::vec(any::<bool>(), 64),
        reset_at in prop::option::of(200..2_500_u64),
        idle in prop::option::of(0.0..300.0_f64),
        tenants in prop::collection::vec(any_tenancy(), 1..8),
    ) {
        let mut accounts = EnergyAccounts::new(2);
        let mut meters = [EnergyMeter::default(), EnergyMeter::default()];
        let mut events: Vec<(u64, bool, u64)> = Vec::new();
        for (key, run) in (0..).zip(&runs) {
            accounts.open(key, run.device_mask, key);
            events.push((run.start_ms, true, key));
            events.push((run.start_ms + run.duration_ms, false, key));
        }
        events.sort_unstable();
        let mut events = events.into_iter().peekable();
        let mut settled = BTreeMap::new();
        let start = 1_000;
        for (tick, now) in (0..3_600).step_by(usize::try_from(poll).unwrap()).enumerate() {
            let now: u64 = now;
            while let Some((at, begins, key)) = events.next_if(|(at, ..)| *at <= now) {
                let at = (at + start) * MS;
                if begins { accounts.start(key, at) } else { accounts.end(key, at) }
            }
            if losses[tick % losses.len()] && tick % 3 != 0 {
                continue;
            }
            for (device, meter) in meters.iter_mut().enumerate() {
                let since = reset_at.filter(|reset| *reset <= now).unwrap_or(0);
                let counter = counter_at(period + device as u64, now - since);
                let at = (now + start) * MS;
                match meter.update_counter(counter, at, Some(700.0)) {
                    MeterUpdate::Energy(energy) => {
                        let tenancy = tenants[(tick / 8 + device) % tenants.len()];
                        accounts.close_interval(device, energy, at, idle, tenancy);
                    }
                    MeterUpdate::Dropped(_) | MeterUpdate::First => accounts.void_interval(device, at),
                    MeterUpdate::Unchanged => {}
                }
            }
            for done in accounts.take_settled((now + start).saturating_sub(400) * MS) {
                prop_assert!(settled.insert(done.operation, done.microjoules).is_none(), "must be settled once");
            }
        }
        let everything = accounts.take_settled(u64::MAX);
        settled.extend(everything.into_iter().map(|done| (done.operation, done.microjoules)));
        let mut requests = 0;
        for (device, meter) in meters.iter().enumerate() {
            let totals = accounts.device_totals(device);
            prop_assert_eq!(totals.request + totals.idle + totals.unattributed, totals.measured);
            prop_assert_eq!(totals.measured, meter.total());
            requests += totals.request;
        }
        prop_assert_eq!(settled.values().sum::<u64>(), requests, "the operations must have the energy of requests");
        prop_assert!(settled.len() <= runs.len());
    }

    #[test]
    fn energy_is_accepted_exactly_if_the_counter_rose_within_the_power_limit(
        readings in prop::collection::vec((1..400_u64, any_counter_change()), 1..60),
        limit in 100.0..1_000.0_f64,
    ) {
        let mut meter = EnergyMeter::default();
        let (mut at, mut counter, mut total) = (1_000 * MS, 0_u64, 0);
        let mut earlier: Vec<(u64, u64)> = Vec::new();
        for (pause, change) in readings {
            at += pause * MS;
            counter = match change {
                CounterChange::Increase(amount) => counter.saturating_add(amount),
                CounterChange::Jump(value) => value,
            };
            let expected = expected_update(&earlier, counter, at, limit);
            prop_assert_eq!(meter.update_counter(counter, at, Some(limit)), expected);
            earlier.push((at, counter));
            total += if let MeterUpdate::Energy(energy) = expected { energy } else { 0 };
            prop_assert_eq!(meter.total(), total);
            prop_assert_eq!(meter.monotonic_counter(), earlier[0].1.saturating_add(total));
        }
    }

    #[test]
    fn operations_with_equal_times_get_equal_energy_and_others_get_none(
        others in 0..20_u64, from in 0..50_u64, time in 1..50_u64, energy in 0..100_000_000_u64,
    ) {
        let mut ledger = DeviceLedger::default();
        ledger.close_interval(0, 1_000 * MS, None, Tenancy::Exclusive);
        let (begin, end) = ((1_000 + from) * MS, (1_000 + from + time) * MS);
        for key in 0..others + 2 {
            ledger.start(key, begin);
        }
        for key in 0..others + 2 {
            ledger.stop(key, end);
        }
        ledger.start(999, 1_200 * MS);
        let shares = by_time(&ledger.close_interval(energy, 1_200 * MS, Some(0.0), Tenancy::Exclusive));
        let energy_of = |key| shares.iter().find(|share| share.key == key).map_or(0, |share| share.microjoules);
        prop_assert!(energy_of(0).abs_diff(energy_of(1)) <= 1, "{} {}", energy_of(0), energy_of(1));
        prop_assert_eq!(energy_of(999), 0);
    }

    #[test]
    fn the_keys_of_operations_do_not_affect_their_energy(
        runs in prop::collection::vec((0..90_u64, 1..90_u64), 1..12), energy in 0..100_000_000_u64,
    ) {
        let shares = |name: &dyn Fn(u64) -> u64| {
            let mut ledger = DeviceLedger::default();
            ledger.close_interval(0, 1_000 * MS, None, Tenancy::Exclusive);
            let mut events: Vec<(u64, bool, u64)> = Vec::new();
            for (key, (from, time)) in (0..).zip(&runs) {
                events.extend([(1_000 + from, true, name(key)), (1_000 + from + time, false, name(key))]);
            }
            events.sort_unstable();
            for (at, begins, key) in events {
                if begins { ledger.start(key, at * MS) } else { ledger.stop(key, at * MS) }
            }
            let shares = by_time(&ledger.close_interval(energy, 1_200 * MS, Some(0.0), Tenancy::Exclusive));
            let energy_of =
                |key| shares.iter().find(|share| share.key == name(key)).map_or(0, |share| share.microjoules);
            (0..runs.len() as u64).map(energy_of).collect::<Vec<_>>()
        };
        for (first, second) in shares(&|key| key).into_iter().zip(shares(&|key| 1_000 - key)) {
            prop_assert!(first.abs_diff(second) <= 1, "{} {}", first, second);
        }
    }
}

#[test]
fn overlapping_operations_divide_their_common_time_equally() {
    let mut ledger = DeviceLedger::default();
    ledger.close_interval(0, 1_000 * MS, None, Tenancy::Exclusive);
    ledger.start(1, 1_000 * MS);
    ledger.start(2, 1_050 * MS);
    ledger.stop(1, 1_100 * MS);
    let shares = by_time(&ledger.close_interval(100_000_000, 1_100 * MS, None, Tenancy::Exclusive));
    // Operation 1 receives the first 50 ms, and both receive half of the other 50 ms.
    assert_eq!(shares.iter().map(|share| share.microjoules).collect::<Vec<_>>(), [75_000_000, 25_000_000]);
    assert_eq!(shares[0].device_nanos.to_bits(), 75e6_f64.to_bits());
    let shares = by_time(&ledger.close_interval(40_000_000, 1_200 * MS, None, Tenancy::Exclusive));
    assert_eq!(shares.len(), 1, "operation 1 has stopped");
    assert_eq!(shares[0].microjoules, 40_000_000);
}

#[test]
fn idle_energy_follows_the_lowest_observed_idle_power() {
    let mut ledger = DeviceLedger::default();
    ledger.close_interval(0, 1_000 * MS, None, Tenancy::Exclusive);
    ledger.close_interval(6_000_000, 1_100 * MS, None, Tenancy::Exclusive);
    ledger.start(1, 1_150 * MS);
    let shares = by_time(&ledger.close_interval(33_000_000, 1_200 * MS, None, Tenancy::Exclusive));
    assert_eq!(shares[0].microjoules, 30_000_000, "60 W for 50 ms must count as idle");
    assert_eq!(ledger.totals().idle, 9_000_000);
}

#[test]
fn energy_above_the_configured_idle_power_is_unattributed() {
    let mut ledger = DeviceLedger::default();
    ledger.close_interval(0, 1_000 * MS, Some(50.0), Tenancy::Exclusive);
    ledger.close_interval(30_000_000, 1_100 * MS, Some(50.0), Tenancy::Exclusive);
    assert_eq!(ledger.totals().idle, 5_000_000);
    assert_eq!(ledger.totals().unattributed, 25_000_000);
}

#[test]
fn the_energy_of_an_operation_settled_before_its_interval_is_unattributed() {
    let mut accounts = EnergyAccounts::new(1);
    accounts.close_interval(0, 0, 1_000 * MS, None, Tenancy::Exclusive);
    accounts.open(7, 1, "first");
    accounts.start(7, 1_000 * MS);
    accounts.end(7, 1_050 * MS);
    assert!(accounts.take_settled(1_049 * MS).is_empty(), "its interval is open");
    assert!(
        accounts.take_settled(1_050 * MS).is_empty(),
        "no energy was measured for the operation, so it has no value"
    );
    accounts.close_interval(0, 10_000_000, 1_050 * MS, None, Tenancy::Exclusive);
    assert_eq!(accounts.device_totals(0).unattributed, 10_000_000);
}

#[test]
fn an_operation_with_a_void_interval_is_incomplete() {
    let mut accounts = EnergyAccounts::new(1);
    accounts.close_interval(0, 0, 1_000 * MS, None, Tenancy::Exclusive);
    accounts.open(7, 1, "first");
    accounts.start(7, 1_000 * MS);
    accounts.close_interval(0, 5_000_000, 1_050 * MS, None, Tenancy::Exclusive);
    accounts.void_interval(0, 1_100 * MS);
    accounts.end(7, 1_100 * MS);
    let settled = accounts.take_settled(0);
    assert_eq!((settled[0].operation, settled[0].microjoules, settled[0].is_complete), ("first", 5_000_000, false));
}

#[test]
fn an_operation_in_a_queue_gets_no_energy() {
    let mut accounts = EnergyAccounts::new(1);
    accounts.close_interval(0, 0, 1_000 * MS, None, Tenancy::Exclusive);
    accounts.open(1, 1, "waits");
    accounts.open(2, 1, "runs");
    accounts.start(1, 1_000 * MS);
    accounts.start(2, 1_000 * MS);
    accounts.withdraw(1, 1_010 * MS);
    accounts.close_interval(0, 10_000_000, 1_100 * MS, None, Tenancy::Exclusive);
    accounts.end(1, 1_100 * MS);
    accounts.end(2, 1_100 * MS);
    let settled = accounts.take_settled(0);
    assert_eq!(
        settled.iter().map(|done| (done.operation, done.microjoules)).collect::<Vec<_>>(),
        [("runs", 10_000_000)]
    );
}

#[test]
fn an_operation_that_started_before_its_device_was_found_is_incomplete() {
    let mut accounts = EnergyAccounts::new(0);
    accounts.open(1, 1, "early");
    accounts.start(1, 1_000 * MS);
    accounts.set_device_count(1, 1_500 * MS, |_| 1);
    accounts.close_interval(0, 10_000_000, 1_600 * MS, None, Tenancy::Exclusive);
    accounts.end(1, 1_600 * MS);
    let settled = accounts.take_settled(0);
    assert_eq!((settled[0].microjoules, settled[0].is_complete), (10_000_000, false));
}

#[test]
fn an_operation_that_never_ran_has_no_energy() {
    let mut accounts = EnergyAccounts::new(1);
    accounts.open(7, 1, ());
    accounts.end(7, 1_050 * MS);
    assert!(accounts.take_settled(u64::MAX).is_empty());
    assert_eq!(accounts.in_flight().count(), 0);
}

#[test]
fn on_a_shared_device_operations_get_energy_by_the_work_ratio() {
    let mut ledger = DeviceLedger::default();
    ledger.close_interval(0, 1_000 * MS, None, Tenancy::Exclusive);
    ledger.close_interval(6_000_000, 1_100 * MS, None, Tenancy::Exclusive);
    ledger.start(1, 1_100 * MS);
    let shares = by_time(&ledger.close_interval(40_000_000, 1_200 * MS, None, Tenancy::Shared(0.75)));
    assert_eq!(shares[0].microjoules, 30_000_000);
    assert_eq!(
        shares[0].device_nanos.to_bits(),
        75e6_f64.to_bits(),
        "the device time is divided in the ratio of the energy"
    );
    assert_eq!(ledger.totals().unattributed, 10_000_000);
    ledger.stop(1, 1_250 * MS);
    let shares = by_time(&ledger.close_interval(40_000_000, 1_300 * MS, None, Tenancy::Shared(1.0)));
    assert_eq!(ledger.totals().idle, 6_000_000 + 3_000_000, "60 W for 50 ms must count as idle");
    assert_eq!(shares[0].microjoules, 18_500_000, "the rest must be limited to the ratio of this process");
    let before = ledger.totals();
    ledger.close_interval(30_000_000, 1_400 * MS, None, Tenancy::Unknown);
    let after = ledger.totals();
    assert_eq!((after.idle - before.idle, after.unattributed - before.unattributed), (6_000_000, 24_000_000));
    assert_eq!(after.request, before.request);
}

#[test]
fn the_idle_power_is_not_learned_from_a_shared_device() {
    let mut ledger = DeviceLedger::default();
    ledger.close_interval(0, 1_000 * MS, None, Tenancy::Unknown);
    ledger.close_interval(30_000_000, 1_100 * MS, None, Tenancy::Unknown);
    assert_eq!((ledger.totals().idle, ledger.totals().unattributed), (0, 30_000_000));
    ledger.close_interval(6_000_000, 1_200 * MS, None, Tenancy::Exclusive);
    assert_eq!(ledger.totals().idle, 6_000_000);
}

#[test]
fn intervals_of_unknown_tenancy_give_no_energy() {
    let mut accounts = EnergyAccounts::new(1);
    accounts.close_interval(0, 0, 1_000 * MS, None, Tenancy::Exclusive);
    accounts.open(1, 1, "beside others");
    accounts.start(1, 1_000 * MS);
    accounts.close_interval(0, 10_000_000, 1_100 * MS, None, Tenancy::Unknown);
    accounts.open(2, 1, "later too");
    accounts.end(1, 1_100 * MS);
    assert!(accounts.take_settled(0).is_empty(), "an unknown energy must not be reported, not even as zero");
    accounts.start(2, 1_100 * MS);
    accounts.close_interval(0, 10_000_000, 1_200 * MS, None, Tenancy::Unknown);
    accounts.close_interval(0, 10_000_000, 1_300 * MS, None, Tenancy::Shared(0.5));
    accounts.end(2, 1_300 * MS);
    let settled = accounts.take_settled(0);
    assert_eq!((settled[0].microjoules, settled[0].is_complete, settled[0].is_shared), (5_000_000, false, true));
}
