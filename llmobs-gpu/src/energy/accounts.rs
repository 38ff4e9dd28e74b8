//! The energy of each operation on all its devices.

use std::collections::BTreeMap;

use super::ledger::DeviceLedger;
use super::ledger::EnergyShare;
use super::ledger::OperationKey;
use super::ledger::Tenancy;
use super::ledger::Totals;

/// The operations that run or wait for their last interval, and the ledger of each device. `T` is the caller's data
/// about an operation.
#[derive(Debug)]
pub(crate) struct EnergyAccounts<T> {
    ledgers: Vec<DeviceLedger>,
    open: BTreeMap<OperationKey, OperationAccount<T>>,
    /// Number of ended operations that wait.
    waiting: usize,
}

#[derive(Debug)]
struct OperationAccount<T> {
    operation: T,
    /// Devices of the operation, one bit for each.
    devices: u64,
    running: bool,
    /// Set if the energy of at least one interval of the operation was measured.
    measured: bool,
    ended: Option<u64>,
    microjoules: u64,
    nanos: f64,
    complete: bool,
    shared: bool,
}

/// An operation with its final energy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SettledEnergy<T> {
    pub(crate) operation: T,
    pub(crate) microjoules: u64,
    /// Device time in nanoseconds, divided in the same way as energy.
    pub(crate) nanos: f64,
    /// Set if the energy of all intervals of the operation was measured in time.
    pub(crate) complete: bool,
    /// Set if another application used one of the devices during the operation.
    pub(crate) shared: bool,
}

/// The maximum number of devices.
pub(crate) const DEVICES: usize = 64;

impl<T> EnergyAccounts<T> {
    pub(crate) fn new(devices: usize) -> Self {
        Self { ledgers: vec![DeviceLedger::default(); devices.min(DEVICES)], open: BTreeMap::new(), waiting: 0 }
    }

    /// Adds an operation that may run on these devices.
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

    /// Withdraws the running state of an operation that waits in a queue after all.
    pub(crate) fn unrun(&mut self, key: OperationKey, at: u64) {
        let Some(account) = self.open.get_mut(&key).filter(|account| account.running) else { return };
        account.running = false;
        let devices = account.devices;
        self.each(devices, |ledger| ledger.withdraw(key, at));
    }

    /// Replaces the ledgers by those of a new set of devices.
    pub(crate) fn equip(&mut self, devices: usize, at: u64, runs_on: impl Fn(&T) -> u64) {
        self.ledgers = vec![DeviceLedger::default(); devices.min(DEVICES)];
        let mut started = Vec::new();
        for (key, account) in &mut self.open {
            account.devices = runs_on(&account.operation);
            // Energy used before this moment is not in the values.
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

    /// Returns the number of running operations.
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

    /// Closes the open interval of a device, with its energy in microjoules.
    pub(crate) fn close(&mut self, device: usize, energy: u64, at: u64, idle_watts: Option<f64>, tenancy: Tenancy) {
        let Some(ledger) = self.ledgers.get_mut(device) else { return };
        for EnergyShare { key, microjoules, nanos } in ledger.close(energy, at, idle_watts, tenancy) {
            if let Some(account) = self.open.get_mut(&key) {
                account.microjoules += microjoules;
                account.nanos += nanos;
                account.shared |= tenancy != Tenancy::Exclusive;
                // Unknown energy does not count as a measured zero.
                match tenancy {
                    Tenancy::Unknown => account.complete = false,
                    _ => account.measured = true,
                }
            }
        }
    }

    /// Closes the open interval of a device without a known energy.
    pub(crate) fn void(&mut self, device: usize, at: u64) {
        let Some(ledger) = self.ledgers.get_mut(device) else { return };
        for key in ledger.void(at) {
            if let Some(account) = self.open.get_mut(&key) {
                account.complete = false;
            }
        }
    }

    /// Removes and returns the ended operations that wait for no interval, or that ended at or before `patience`.
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
        // Operations that never ran or were never measured have no energy value, not even zero.
        settled.into_iter().filter(|(measured, _)| *measured).map(|(_, settled)| settled).collect()
    }

    /// Ends all operations for which `has_ended` is true, after events were lost.
    pub(crate) fn end_where(&mut self, at: u64, has_ended: impl Fn(&T) -> bool) {
        let open = self.open.iter().filter(|(_, account)| account.ended.is_none() && has_ended(&account.operation));
        let keys: Vec<OperationKey> = open.map(|(key, _)| *key).collect();
        keys.into_iter().for_each(|key| self.end(key, at));
    }

    pub(crate) fn totals(&self, device: usize) -> Totals {
        self.ledgers.get(device).map(DeviceLedger::totals).unwrap_or_default()
    }

    /// Returns the data of the operations that run on a device.
    pub(crate) fn running(&self, device: usize) -> impl Iterator<Item = &T> {
        let on_it = move |account: &&OperationAccount<T>| account.running && account.devices & bit(device) != 0;
        self.open.values().filter(on_it).map(|account| &account.operation)
    }

    /// Returns the data of the operations that have not ended, and whether they run.
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
