//! The energy of each operation on all its devices.

use std::collections::BTreeMap;

use llmobs::companion::StepSequence;

use super::engines::ReportingEngine;
use super::ledger::DeviceLedger;
use super::ledger::OperationKey;
use super::ledger::Tenancy;
use super::ledger::Totals;
use super::operation_account::OperationAccount;
use super::operation_account::SettledEnergy;
use super::step_queue::StepPart;
use super::undivided::DividedInterval;
use super::undivided::StepMembership;
use super::undivided::UndividedIntervals;
use super::work::WorkCoefficients;

/// The operations that run or wait for their last interval, and the ledger of each device. `T` is the caller's data
/// about an operation.
#[derive(Debug)]
pub(crate) struct EnergyAccounts<T> {
    ledgers: Vec<DeviceLedger>,
    accounts: BTreeMap<OperationKey, OperationAccount<T>>,
    undivided: UndividedIntervals,
    /// Number of ended operations that wait.
    unsettled_count: usize,
}

/// The maximum number of devices.
pub(crate) const MAX_DEVICES: usize = 64;

impl<T> EnergyAccounts<T> {
    pub(crate) fn new(devices: usize) -> Self {
        Self {
            ledgers: vec![DeviceLedger::default(); devices.min(MAX_DEVICES)],
            accounts: BTreeMap::new(),
            undivided: UndividedIntervals::default(),
            unsettled_count: 0,
        }
    }

    /// Adds an operation that may run on these devices.
    pub(crate) fn open(&mut self, key: OperationKey, devices: u64, operation: T) {
        self.accounts.insert(key, OperationAccount::new(operation, devices));
    }

    pub(crate) fn start(&mut self, key: OperationKey, at: u64) {
        let Some(account) = self.accounts.get_mut(&key).filter(|account| account.ended_at.is_none()) else { return };
        account.is_running = true;
        let devices = account.device_mask;
        self.for_each_ledger(devices, |ledger| ledger.start(key, at));
    }

    /// Withdraws the running state of an operation that waits in a queue after all.
    pub(crate) fn withdraw(&mut self, key: OperationKey, at: u64) {
        let Some(account) = self.accounts.get_mut(&key).filter(|account| account.is_running) else { return };
        account.is_running = false;
        let devices = account.device_mask;
        self.for_each_ledger(devices, |ledger| ledger.withdraw(key, at));
    }

    /// Replaces the ledgers by those of a new set of devices.
    pub(crate) fn set_device_count(&mut self, devices: usize, at: u64, runs_on: impl Fn(&T) -> u64) {
        self.divide_for(|_| true);
        self.ledgers = vec![DeviceLedger::default(); devices.min(MAX_DEVICES)];
        let mut started = Vec::new();
        for (key, account) in &mut self.accounts {
            account.device_mask = runs_on(&account.operation);
            // Energy used before this moment is not in the values.
            account.is_complete &= !account.is_running;
            if account.is_running {
                started.push((*key, account.device_mask));
            }
        }
        for (device, ledger) in self.ledgers.iter_mut().enumerate() {
            ledger.void_interval(at);
            started
                .iter()
                .filter(|(_, mask)| mask & device_bit(device) != 0)
                .for_each(|(key, _)| ledger.start(*key, at));
        }
    }

    pub(crate) fn operation_mut(&mut self, key: OperationKey) -> Option<&mut T> {
        self.accounts.get_mut(&key).map(|account| &mut account.operation)
    }

    /// Returns the number of running operations.
    pub(crate) fn running_count(&self) -> usize {
        self.accounts.values().filter(|account| account.is_running).count()
    }

    pub(crate) fn stop(&mut self, key: OperationKey, at: u64) {
        let Some(account) = self.accounts.get_mut(&key) else { return };
        account.is_running = false;
        let devices = account.device_mask;
        self.for_each_ledger(devices, |ledger| ledger.stop(key, at));
    }

    pub(crate) fn end(&mut self, key: OperationKey, at: u64) {
        self.stop(key, at);
        if let Some(account) = self.accounts.get_mut(&key) {
            self.unsettled_count += usize::from(account.ended_at.replace(at).is_none());
        }
    }

    /// Closes the open interval of a device, with its energy in microjoules.
    pub(crate) fn close_interval(
        &mut self,
        device: usize,
        energy: u64,
        at: u64,
        idle_watts: Option<f64>,
        tenancy: Tenancy,
    ) {
        let Some(ledger) = self.ledgers.get_mut(device) else { return };
        let interval = ledger.close_interval(energy, at, idle_watts, tenancy);
        for (key, _) in &interval.grants {
            if let Some(account) = self.accounts.get_mut(key) {
                account.undivided_intervals += 1;
            }
        }
        self.undivided.push(interval, tenancy);
        self.divide_known(at);
    }

    /// Divides the energy of the closed intervals whose steps are known, or that have waited too long for them.
    pub(crate) fn divide_known(&mut self, now: u64) {
        let divided = self.undivided.divide_known(now, membership_in(&self.accounts));
        self.receive(divided);
        let opened_at = self.ledgers.iter().map(DeviceLedger::opened_at).min().unwrap_or(u64::MAX);
        self.undivided.remove_old_steps(opened_at);
    }

    /// Divides the energy of the closed intervals with an operation for which `waits` is true.
    fn divide_for(&mut self, waits: impl Fn(&OperationAccount<T>) -> bool) {
        let accounts = &self.accounts;
        let waits = |key| accounts.get(&key).is_some_and(&waits);
        let divided = self.undivided.divide_for(waits, membership_in(accounts));
        self.receive(divided);
    }

    fn receive(&mut self, divided: Vec<DividedInterval>) {
        for DividedInterval { shares, tenancy } in divided {
            for share in shares {
                if let Some(account) = self.accounts.get_mut(&share.key) {
                    account.receive(&share, tenancy);
                }
            }
        }
    }

    /// Adds an engine that reports steps. `is_of_model` returns whether an operation names the model of the engine. The
    /// index of the engine is the number of engines that were added before.
    pub(crate) fn add_engine(&mut self, engine: ReportingEngine, is_of_model: impl Fn(&T) -> bool) {
        let engines = &mut self.undivided.engines;
        engines.push(engine);
        let Some(group) = engines.group(engines.len() - 1) else { return };
        let of_model = self.accounts.values_mut().filter(|account| is_of_model(&account.operation));
        of_model.for_each(|account| account.expect_steps(group));
    }

    /// Returns the engines that report steps, by their index.
    pub(crate) fn engines(&self) -> impl Iterator<Item = &ReportingEngine> {
        self.undivided.engines.iter()
    }

    /// Notes the model of an operation, so that it is known to wait for its first step if engines of the model report
    /// steps.
    pub(crate) fn expect_steps(&mut self, key: OperationKey, model: &str) {
        let group = self.undivided.engines.group_of_model(model);
        if let (Some(account), Some(group)) = (self.accounts.get_mut(&key), group) {
            account.expect_steps(group);
        }
    }

    /// Adds a step of an engine, from `start` to `end` in nanoseconds. Returns `false` if older steps were lost because
    /// there were too many.
    pub(crate) fn add_step(
        &mut self,
        engine: usize,
        (start, end): (u64, u64),
        sequences: &[StepSequence],
        coefficients: &WorkCoefficients,
    ) -> bool {
        let engines = &mut self.undivided.engines;
        engines.note_step(engine, end);
        let (Some(group), Some(size)) = (engines.group(engine), engines.get(engine).map(|engine| &engine.size)) else {
            return true;
        };
        let mut parts = Vec::with_capacity(sequences.len());
        for sequence in sequences {
            if let Some(account) = self.accounts.get_mut(&sequence.operation) {
                account.set_engine(engine, group);
            }
            let weight = size.as_ref().map_or_else(
                || coefficients.weighted_tokens(sequence.work),
                |size| coefficients.sequence_joules(size, sequence.work),
            );
            // An operation for which the step computes nothing has no part in the read of the weights.
            if sequence.work.prefill_tokens > 0 || sequence.work.decode_tokens > 0 {
                parts.push(StepPart { key: sequence.operation, weight });
            }
        }
        // The sequences of one operation become one part.
        parts.sort_by_key(|part| part.key);
        parts.dedup_by(|later, first| {
            let is_same = later.key == first.key;
            first.weight += if is_same { later.weight } else { 0.0 };
            is_same
        });
        let shared = size.as_ref().map_or(0.0, |size| coefficients.weight_read(size));
        self.undivided.steps.push(group, start, end, shared, &parts)
    }

    /// Notes that steps up to this moment were lost: the intervals that began before it are divided by time.
    pub(crate) fn note_lost_steps(&mut self, until: u64) {
        self.undivided.steps.note_loss(until);
    }

    /// Closes the open interval of a device without a known energy.
    pub(crate) fn void_interval(&mut self, device: usize, at: u64) {
        let Some(ledger) = self.ledgers.get_mut(device) else { return };
        for key in ledger.void_interval(at) {
            if let Some(account) = self.accounts.get_mut(&key) {
                account.is_complete = false;
            }
        }
    }

    /// Removes and returns the ended operations that wait for no interval, or that ended at or before `cutoff`.
    pub(crate) fn take_settled(&mut self, cutoff: u64) -> Vec<SettledEnergy<T>> {
        if self.unsettled_count == 0 {
            return Vec::new();
        }
        self.divide_for(|account| account.ended_at.is_some_and(|ended| ended <= cutoff));
        let ledgers = &mut self.ledgers;
        let mut is_settled = |key: &u64, account: &mut OperationAccount<T>| {
            let Some(ended) = account.ended_at else { return false };
            let owed = |ledger: &&mut DeviceLedger| ledger.is_owed(*key);
            let mut owing = ledgers.iter_mut().filter(owed).peekable();
            if owing.peek().is_none() {
                return account.undivided_intervals == 0;
            }
            if ended <= cutoff {
                account.is_complete = false;
                owing.for_each(|ledger| ledger.forfeit(*key));
                return true;
            }
            false
        };
        // Not `BTreeMap::extract_if`, which needs Rust 1.91.
        let settled = self.accounts.iter_mut().filter_map(|(key, account)| is_settled(key, account).then_some(*key));
        let settled: Vec<_> = settled.collect();
        let settled: Vec<_> = settled.iter().filter_map(|key| self.accounts.remove(key)).collect();
        self.unsettled_count -= settled.len();
        settled.into_iter().filter_map(OperationAccount::settle).collect()
    }

    /// Ends all operations for which `has_ended` is true, after events were lost.
    pub(crate) fn end_where(&mut self, at: u64, has_ended: impl Fn(&T) -> bool) {
        let open =
            self.accounts.iter().filter(|(_, account)| account.ended_at.is_none() && has_ended(&account.operation));
        let keys: Vec<OperationKey> = open.map(|(key, _)| *key).collect();
        keys.into_iter().for_each(|key| self.end(key, at));
    }

    pub(crate) fn device_totals(&self, device: usize) -> Totals {
        self.ledgers.get(device).map(DeviceLedger::totals).unwrap_or_default()
    }

    /// Returns the data of the operations that run on a device.
    pub(crate) fn running_on(&self, device: usize) -> impl Iterator<Item = &T> {
        let runs_on_device =
            move |account: &&OperationAccount<T>| account.is_running && account.device_mask & device_bit(device) != 0;
        self.accounts.values().filter(runs_on_device).map(|account| &account.operation)
    }

    /// Returns the data of the operations that have not ended, and whether they run.
    pub(crate) fn in_flight(&mut self) -> impl Iterator<Item = (&mut T, bool)> {
        let open = self.accounts.values_mut().filter(|account| account.ended_at.is_none());
        open.map(|account| (&mut account.operation, account.is_running))
    }

    fn for_each_ledger(&mut self, devices: u64, action: impl Fn(&mut DeviceLedger)) {
        let chosen = self.ledgers.iter_mut().enumerate().filter(|(device, _)| devices & device_bit(*device) != 0);
        chosen.for_each(|(_, ledger)| action(ledger));
    }
}

/// Returns a function that returns the relation of each operation to engines that report steps.
fn membership_in<T>(accounts: &BTreeMap<OperationKey, OperationAccount<T>>) -> impl Fn(OperationKey) -> StepMembership {
    |key| accounts.get(&key).map_or(StepMembership::NONE, OperationAccount::step_membership)
}

pub(crate) const fn device_bit(device: usize) -> u64 {
    if device < MAX_DEVICES { 1 << device } else { 0 }
}
