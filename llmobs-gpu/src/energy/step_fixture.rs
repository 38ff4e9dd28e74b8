//! Accounts with engines that report steps, for tests.

use std::collections::BTreeMap;

use llmobs::companion::SequenceWork;
use llmobs::companion::StepSequence;

use super::accounts::EnergyAccounts;
use super::engines::ReportingEngine;
use super::ledger::Tenancy;
use super::operation_account::SettledEnergy;
use super::work::WorkCoefficients;
use crate::roofline::ModelSize;

pub(super) const MS: u64 = 1_000_000;

/// The engines of all tests: two of models with a size, and two of one model without.
pub(super) const SIZED: usize = 0;
pub(super) const SMALL: usize = 1;
pub(super) const UNSIZED: [usize; 2] = [2, 3];

pub(super) const DECODE: SequenceWork = SequenceWork::new().decode_tokens(1).context_tokens(1_000);
pub(super) const PREFILL: SequenceWork = SequenceWork::new().prefill_tokens(1_000);

/// Coefficients by which a sized step uses 16 J for its batch and 1 J for each token.
pub(super) fn coefficients() -> WorkCoefficients {
    WorkCoefficients::new().joules_per_flop(1.0).joules_per_byte(32.0)
}

/// The accounts of operations 1 to `operations`, which run on `devices` devices from 1,000 ms on.
pub(super) fn accounts(devices: usize, operations: u64) -> EnergyAccounts<u64> {
    let mut accounts = EnergyAccounts::new(devices);
    add_engines(&mut accounts);
    for device in 0..devices {
        accounts.close_interval(device, 0, 1_000 * MS, Some(0.0), Tenancy::Exclusive);
    }
    for key in 1..=operations {
        accounts.open(key, (1 << devices) - 1, key);
        accounts.start(key, 1_000 * MS);
    }
    accounts
}

pub(super) fn add_engines(accounts: &mut EnergyAccounts<u64>) {
    let size = |model: &str, parameters| Some(ModelSize::new(model, parameters).bytes_per_parameter(1.0));
    for (model, size) in [("sized", size("sized", 0.5)), ("small", size("small", 0.25)), ("u", None), ("u", None)] {
        accounts.add_engine(ReportingEngine::new(model.to_owned(), String::new(), size), |_| false);
    }
}

/// Adds a step between moments in milliseconds after 1,000 ms. Returns whether no step was lost.
pub(super) fn step(
    accounts: &mut EnergyAccounts<u64>,
    engine: usize,
    (start, end): (u64, u64),
    work: &[(u64, SequenceWork)],
) -> bool {
    let sequences: Vec<_> = work.iter().map(|(key, work)| StepSequence::new(*key, *work)).collect();
    accounts.add_step(engine, ((1_000 + start) * MS, (1_000 + end) * MS), &sequences, &coefficients())
}

/// Closes the interval of device 0 at a moment in milliseconds after 1,000 ms.
pub(super) fn close(accounts: &mut EnergyAccounts<u64>, joules: u64, at: u64) {
    accounts.close_interval(0, joules * 1_000_000, (1_000 + at) * MS, Some(0.0), Tenancy::Exclusive);
}

/// Ends all operations at a moment in milliseconds after 1,000 ms, and returns their energy.
pub(super) fn settle(accounts: &mut EnergyAccounts<u64>, at: u64) -> BTreeMap<u64, SettledEnergy<u64>> {
    accounts.end_where((1_000 + at) * MS, |_| true);
    accounts.divide_known((1_000 + at) * MS);
    accounts.take_settled(0).into_iter().map(|done| (done.operation, done)).collect()
}
