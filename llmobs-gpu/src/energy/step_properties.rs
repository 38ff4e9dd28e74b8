//! Properties of attribution where engines report their steps, for random schedules.

use std::collections::BTreeMap;

use llmobs::companion::SequenceWork;
use proptest::collection::vec;
use proptest::prelude::*;

use super::accounts::EnergyAccounts;
use super::ledger::Tenancy;
use super::step_fixture::MS;
use super::step_fixture::SIZED;
use super::step_fixture::accounts;
use super::step_fixture::add_engines;
use super::step_fixture::close;
use super::step_fixture::settle;
use super::step_fixture::step;

/// An operation, with start and duration in milliseconds, and its devices.
type SimulatedOperation = (u64, u64, u64);

/// A step: engine, start and duration in milliseconds, and the operations with their work. The keys include those of no
/// operation.
type SimulatedStep = (usize, u64, u64, Vec<(u64, SequenceWork)>);

fn any_work() -> impl Strategy<Value = SequenceWork> {
    let tokens = prop_oneof![Just(0), 0..5_u64, 0..2_000_u64];
    (tokens.clone(), tokens.clone(), tokens).prop_map(|(prefill, decode, context)| {
        SequenceWork::new().prefill_tokens(prefill).decode_tokens(decode).context_tokens(context)
    })
}

fn any_steps() -> impl Strategy<Value = Vec<SimulatedStep>> {
    let duration = prop_oneof![Just(0), 1..60_u64, 60..900_u64];
    vec((0..4_usize, 0..2_500_u64, duration, vec((0..30_u64, any_work()), 1..6)), 0..60)
}

fn any_tenancy() -> impl Strategy<Value = Tenancy> {
    prop_oneof![
        3 => Just(Tenancy::Exclusive),
        1 => (0.0..=1.0_f64).prop_map(Tenancy::Shared),
        1 => Just(Tenancy::Unknown),
    ]
}

/// An event of a simulation, in the order in which events of one moment are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Start(u64),
    Withdraw(u64),
    Step(usize),
    End(u64),
    Close(usize),
    Lose,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_energy_of_operations_is_the_request_energy_of_the_devices(
        operations in vec((0..2_000_u64, 0..900_u64, 1..8_u64), 0..25),
        steps in any_steps(),
        withdrawals in vec((0..25_u64, 0..2_500_u64), 0..6),
        closes in vec((0..3_usize, 1..3_400_u64, 0..90_000_000_u64, any_tenancy()), 0..80),
        losses in vec(0..3_000_u64, 0..2),
        idle in prop::option::of(0.0..300.0_f64),
    ) {
        let operations: Vec<SimulatedOperation> = operations;
        let mut accounts = EnergyAccounts::new(3);
        let mut events: Vec<(u64, Event)> = Vec::new();
        for (key, (start, duration, _)) in (0..).zip(&operations) {
            events.extend([(*start, Event::Start(key)), (start + duration, Event::End(key))]);
        }
        events.extend(withdrawals.into_iter().map(|(key, at)| (at, Event::Withdraw(key))));
        events.extend((0..).zip(&steps).map(|(index, (_, start, time, _))| (start + time, Event::Step(index))));
        events.extend((0..).zip(&closes).map(|(index, (_, at, ..))| (*at, Event::Close(index))));
        events.extend(losses.into_iter().map(|at| (at, Event::Lose)));
        events.sort_unstable();
        for device in 0..3 {
            accounts.close_interval(device, 0, 1_000 * MS, idle, Tenancy::Exclusive);
        }
        add_engines(&mut accounts);
        let mut settled = BTreeMap::new();
        let mut measured = [0; 3];
        for (moment, event) in events {
            let at = (1_000 + moment) * MS;
            match event {
                Event::Start(key) => {
                    accounts.open(key, operations[usize::try_from(key).unwrap()].2, key);
                    accounts.start(key, at);
                    if key % 3 == 0 { accounts.expect_steps(key, ["sized", "u", "unknown"][usize::try_from(key / 3 % 3).unwrap()]) }
                }
                Event::Withdraw(key) => accounts.withdraw(key, at),
                Event::Step(index) => {
                    let (engine, start, time, work) = &steps[index];
                    step(&mut accounts, *engine, (*start, start + time), work);
                }
                Event::End(key) => accounts.end(key, at),
                Event::Close(index) => {
                    let (device, _, energy, tenancy) = closes[index];
                    accounts.close_interval(device, energy, at, idle, tenancy);
                    measured[device] += energy;
                }
                Event::Lose => accounts.note_lost_steps(at),
            }
            accounts.divide_known(at);
            for done in accounts.take_settled(at.saturating_sub(700 * MS)) {
                prop_assert!(settled.insert(done.operation, done).is_none(), "must be settled once");
            }
        }
        accounts.end_where(5_000 * MS, |_| true);
        settled.extend(accounts.take_settled(u64::MAX).into_iter().map(|done| (done.operation, done)));
        let totals = [0, 1, 2].map(|device| accounts.device_totals(device));
        for (totals, measured) in totals.iter().zip(measured) {
            prop_assert_eq!(totals.request + totals.idle + totals.unattributed, totals.measured);
            prop_assert_eq!(totals.measured, measured);
        }
        let requests = totals.iter().map(|totals| totals.request).sum::<u64>();
        prop_assert_eq!(settled.values().map(|done| done.microjoules).sum::<u64>(), requests);
    }

    #[test]
    fn keys_and_the_order_of_steps_do_not_affect_the_energy(
        work in vec(vec((0..6_u64, any_work()), 1..6), 1..12), energy in 0..100_000_u64,
    ) {
        let energies = |name: &dyn Fn(u64) -> u64, is_reversed: bool| {
            let mut accounts = accounts(1, 0);
            for key in 0..6 {
                accounts.open(name(key), 1, key);
                accounts.start(name(key), 1_000 * MS);
                accounts.expect_steps(name(key), "sized");
            }
            let mut steps: Vec<_> = (0..).zip(&work).collect();
            if is_reversed { steps.reverse() }
            for (index, work) in steps {
                let work: Vec<_> = work.iter().map(|(key, work)| (name(*key), *work)).collect();
                step(&mut accounts, SIZED, (index * 8, index * 8 + 8), &work);
            }
            close(&mut accounts, energy, 100);
            settle(&mut accounts, 100).into_values().map(|done| done.microjoules).collect::<Vec<_>>()
        };
        let expected = energies(&|key| key + 1, false);
        for other in [energies(&|key| 100 - key, false), energies(&|key| key + 1, true)] {
            // A weight is a whole number on a scale of 2^40.
            let is_near = |(a, b): (&u64, &u64)| a.abs_diff(*b) <= 2 + energy / 1_000_000;
            prop_assert!(expected.iter().zip(&other).all(is_near), "{:?} {:?}", expected, other);
        }
    }
}
