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
    accounts: BTreeMap<OperationKey, OperationAccount<T>>,
    /// Number of ended operations that wait.
    unsettled_count: usize,
}

#[derive(Debug)]
struct OperationAccount<T> {
    operation: T,
    /// Devices of the operation, one bit for each.
    device_mask: u64,
    is_running: bool,
    /// Set if the energy of at least one interval of the operation was measured.
    is_measured: bool,
    ended_at: Option<u64>,
    microjoules: u64,
    device_nanos: f64,
    is_complete: bool,
    is_shared: bool,
}

/// An operation with its final energy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SettledEnergy<T> {
    pub(crate) operation: T,
    pub(crate) microjoules: u64,
    /// Device time in nanoseconds, divided in the same way as energy.
    pub(crate) device_nanos: f64,
    /// Set if the energy of all intervals of the operation was measured in time.
    pub(crate) is_complete: bool,
    /// Set if another application used one of the devices during the operation.
    pub(crate) is_shared: bool,
}

/// The maximum number of devices.
pub(crate) const MAX_DEVICES: usize = 64;

impl<T> EnergyAccounts<T> {
    pub(crate) fn new(devices: usize) -> Self {
        Self {
            ledgers: vec![DeviceLedger::default(); devices.min(MAX_DEVICES)],
            accounts: BTreeMap::new(),
            unsettled_count: 0,
        }
    }

    /// Adds an operation that may run on these devices.
    pub(crate) fn open(&mut self, key: OperationKey, devices: u64, operation: T) {
        let account = OperationAccount {
            operation,
            device_mask: devices,
            is_running: false,
            is_measured: false,
            ended_at: None,
            microjoules: 0,
            device_nanos: 0.0,
            is_complete: true,
            is_shared: false,
        };
        self.accounts.insert(key, account);
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
        for EnergyShare { key, microjoules, device_nanos } in ledger.close_interval(energy, at, idle_watts, tenancy) {
            if let Some(account) = self.accounts.get_mut(&key) {
                account.microjoules += microjoules;
                account.device_nanos += device_nanos;
                account.is_shared |= tenancy != Tenancy::Exclusive;
                // Unknown energy does not count as a measured zero.
                match tenancy {
                    Tenancy::Unknown => account.is_complete = false,
                    _ => account.is_measured = true,
                }
            }
        }
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
        let ledgers = &mut self.ledgers;
        let mut is_settled = |key: &u64, account: &mut OperationAccount<T>| {
            let Some(ended) = account.ended_at else { return false };
            let owed = |ledger: &&mut DeviceLedger| ledger.is_owed(*key);
            let mut owing = ledgers.iter_mut().filter(owed).peekable();
            if owing.peek().is_none() {
                return true;
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
        let settled: Vec<_> = settled
            .iter()
            .filter_map(|key| self.accounts.remove(key))
            .map(
                |OperationAccount {
                     operation, is_measured, microjoules, device_nanos, is_complete, is_shared, ..
                 }| {
                    (is_measured, SettledEnergy { operation, microjoules, device_nanos, is_complete, is_shared })
                },
            )
            .collect();
        self.unsettled_count -= settled.len();
        // Operations that never ran or were never measured have no energy value, not even zero.
        settled.into_iter().filter(|(measured, _)| *measured).map(|(_, settled)| settled).collect()
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

pub(crate) const fn device_bit(device: usize) -> u64 {
    if device < MAX_DEVICES { 1 << device } else { 0 }
}
