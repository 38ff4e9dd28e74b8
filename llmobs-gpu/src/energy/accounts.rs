//! What each operation used, on all devices that it ran on.

use std::collections::BTreeMap;

use super::ledger::DeviceLedger;
use super::ledger::EnergyShare;
use super::ledger::OperationKey;
use super::ledger::Tenancy;
use super::ledger::Totals;

/// The operations that run or wait for their last interval, and a ledger of each device. `T` is whatever is known of
/// an operation.
#[derive(Debug)]
pub(crate) struct EnergyAccounts<T> {
    ledgers: Vec<DeviceLedger>,
    open: BTreeMap<OperationKey, OperationAccount<T>>,
    /// How many of them ended.
    waiting: usize,
}

#[derive(Debug)]
struct OperationAccount<T> {
    operation: T,
    /// The devices that it runs on: a bit for each.
    devices: u64,
    running: bool,
    /// Whether any interval that it ran in had its energy measured.
    measured: bool,
    ended: Option<u64>,
    microjoules: u64,
    nanos: f64,
    complete: bool,
    shared: bool,
}

/// An operation whose energy will not change any more.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SettledEnergy<T> {
    pub(crate) operation: T,
    pub(crate) microjoules: u64,
    /// Nanoseconds of devices, shared as the energy is.
    pub(crate) nanos: f64,
    /// Whether every interval that it ran in had its energy measured in time.
    pub(crate) complete: bool,
    /// Whether others used a device of it while it ran.
    pub(crate) shared: bool,
}

/// The most devices.
pub(crate) const DEVICES: usize = 64;

impl<T> EnergyAccounts<T> {
    pub(crate) fn new(devices: usize) -> Self {
        Self { ledgers: vec![DeviceLedger::default(); devices.min(DEVICES)], open: BTreeMap::new(), waiting: 0 }
    }

    /// An operation that may run on these devices.
    pub(crate) fn open(&mut self, key: OperationKey, devices: u64, operation: T) {
        let account = OperationAccount {
            operation,
            devices,
            running: false,
            measured: false,
            ended: None,
            microjoules: 0,
            nanos: 0.0,
            complete: true,
            shared: false,
        };
        self.open.insert(key, account);
    }

    pub(crate) fn run(&mut self, key: OperationKey, at: u64) {
        let Some(account) = self.open.get_mut(&key).filter(|account| account.ended.is_none()) else { return };
        account.running = true;
        let devices = account.devices;
        self.each(devices, |ledger| ledger.start(key, at));
    }

    /// It did not run after all: it waits.
    pub(crate) fn unrun(&mut self, key: OperationKey, at: u64) {
        let Some(account) = self.open.get_mut(&key).filter(|account| account.running) else { return };
        account.running = false;
        let devices = account.devices;
        self.each(devices, |ledger| ledger.withdraw(key, at));
    }

    /// From now on there are so many devices.
    pub(crate) fn equip(&mut self, devices: usize, at: u64, runs_on: impl Fn(&T) -> u64) {
        self.ledgers = vec![DeviceLedger::default(); devices.min(DEVICES)];
        let mut started = Vec::new();
        for (key, account) in &mut self.open {
            account.devices = runs_on(&account.operation);
            // What ran before is not in any figure.
            account.complete &= !account.running;
            if account.running {
                started.push((*key, account.devices));
            }
        }
        for (device, ledger) in self.ledgers.iter_mut().enumerate() {
            ledger.void(at);
            started.iter().filter(|(_, on)| on & bit(device) != 0).for_each(|(key, _)| ledger.start(*key, at));
        }
    }

    pub(crate) fn operation_mut(&mut self, key: OperationKey) -> Option<&mut T> {
        self.open.get_mut(&key).map(|account| &mut account.operation)
    }

    /// How many run on any device.
    pub(crate) fn running_count(&self) -> usize {
        self.open.values().filter(|account| account.running).count()
    }

    pub(crate) fn rest(&mut self, key: OperationKey, at: u64) {
        let Some(account) = self.open.get_mut(&key) else { return };
        account.running = false;
        let devices = account.devices;
        self.each(devices, |ledger| ledger.stop(key, at));
    }

    pub(crate) fn end(&mut self, key: OperationKey, at: u64) {
        self.rest(key, at);
        if let Some(account) = self.open.get_mut(&key) {
            self.waiting += usize::from(account.ended.replace(at).is_none());
        }
    }

    /// A device used so many microjoules since its last interval.
    pub(crate) fn close(&mut self, device: usize, energy: u64, at: u64, idle_watts: Option<f64>, tenancy: Tenancy) {
        let Some(ledger) = self.ledgers.get_mut(device) else { return };
        for EnergyShare { key, microjoules, nanos } in ledger.close(energy, at, idle_watts, tenancy) {
            if let Some(account) = self.open.get_mut(&key) {
                account.microjoules += microjoules;
                account.nanos += nanos;
                account.shared |= tenancy != Tenancy::Exclusive;
                // What nobody can tell is no figure, and not zero.
                match tenancy {
                    Tenancy::Unknown => account.complete = false,
                    _ => account.measured = true,
                }
            }
        }
    }

    /// Nobody knows what a device used since its last interval.
    pub(crate) fn void(&mut self, device: usize, at: u64) {
        let Some(ledger) = self.ledgers.get_mut(device) else { return };
        for key in ledger.void(at) {
            if let Some(account) = self.open.get_mut(&key) {
                account.complete = false;
            }
        }
    }

    /// The ended operations that wait for no interval, or that ended at or before `patience`.
    pub(crate) fn settle(&mut self, patience: u64) -> Vec<SettledEnergy<T>> {
        if self.waiting == 0 {
            return Vec::new();
        }
        let ledgers = &mut self.ledgers;
        let done = self.open.extract_if(.., |key, account| {
            let Some(ended) = account.ended else { return false };
            let owed = |ledger: &&mut DeviceLedger| ledger.owes(*key);
            let mut owing = ledgers.iter_mut().filter(owed).peekable();
            if owing.peek().is_none() {
                return true;
            }
            if ended <= patience {
                account.complete = false;
                owing.for_each(|ledger| ledger.forfeit(*key));
                return true;
            }
            false
        });
        let settled: Vec<_> = done
            .map(|(_, account)| account)
            .map(|OperationAccount { operation, measured, microjoules, nanos, complete, shared, .. }| {
                (measured, SettledEnergy { operation, microjoules, nanos, complete, shared })
            })
            .collect();
        self.waiting -= settled.len();
        // What never ran, or ran unmeasured, has no figure: not even zero.
        settled.into_iter().filter(|(measured, _)| *measured).map(|(_, settled)| settled).collect()
    }

    /// Ends everything that has ended without a word, as after a loss of words.
    pub(crate) fn end_where(&mut self, at: u64, has_ended: impl Fn(&T) -> bool) {
        let open = self.open.iter().filter(|(_, account)| account.ended.is_none() && has_ended(&account.operation));
        let keys: Vec<OperationKey> = open.map(|(key, _)| *key).collect();
        keys.into_iter().for_each(|key| self.end(key, at));
    }

    pub(crate) fn totals(&self, device: usize) -> Totals {
        self.ledgers.get(device).map(DeviceLedger::totals).unwrap_or_default()
    }

    /// What is known of those that run on a device.
    pub(crate) fn running(&self, device: usize) -> impl Iterator<Item = &T> {
        let on_it = move |account: &&OperationAccount<T>| account.running && account.devices & bit(device) != 0;
        self.open.values().filter(on_it).map(|account| &account.operation)
    }

    /// What is known of those that have not ended, and whether they run.
    pub(crate) fn in_flight(&mut self) -> impl Iterator<Item = (&mut T, bool)> {
        let open = self.open.values_mut().filter(|account| account.ended.is_none());
        open.map(|account| (&mut account.operation, account.running))
    }

    fn each(&mut self, devices: u64, then: impl Fn(&mut DeviceLedger)) {
        let chosen = self.ledgers.iter_mut().enumerate().filter(|(device, _)| devices & bit(*device) != 0);
        chosen.for_each(|(_, ledger)| then(ledger));
    }
}

pub(crate) const fn bit(device: usize) -> u64 {
    if device < DEVICES { 1 << device } else { 0 }
}
