//! The energy of one operation, until it is settled.

use super::EnergyMethod;
use super::division::EnergyShare;
use super::division::WorkGroup;
use super::ledger::Tenancy;
use super::undivided::StepMembership;

/// An operation that runs or waits for the energy of its last interval.
#[derive(Debug)]
pub(super) struct OperationAccount<T> {
    pub(super) operation: T,
    /// Devices of the operation, one bit for each.
    pub(super) device_mask: u64,
    pub(super) is_running: bool,
    pub(super) ended_at: Option<u64>,
    pub(super) is_complete: bool,
    /// Number of closed intervals with a part for the operation that are not divided yet.
    pub(super) undivided_intervals: u32,
    /// The engine of the last step that named the operation.
    engine: Option<usize>,
    group: Option<WorkGroup>,
    /// Set if the energy of at least one interval of the operation was measured.
    is_measured: bool,
    is_shared: bool,
    /// The energy in microjoules by the method that divided it.
    microjoules: [u64; EnergyMethod::ALL.len()],
    device_nanos: f64,
    last_method: EnergyMethod,
}

/// An operation with its final energy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SettledEnergy<T> {
    pub(crate) operation: T,
    pub(crate) microjoules: u64,
    /// Device time in nanoseconds, divided in the same way as energy.
    pub(crate) device_nanos: f64,
    /// The method that divided the largest part of the energy.
    pub(crate) method: EnergyMethod,
    /// Set if the energy of all intervals of the operation was measured in time.
    pub(crate) is_complete: bool,
    /// Set if another application used one of the devices during the operation.
    pub(crate) is_shared: bool,
}

impl<T> OperationAccount<T> {
    /// Returns the account of an operation that may run on these devices.
    pub(super) const fn new(operation: T, device_mask: u64) -> Self {
        Self {
            operation,
            device_mask,
            is_running: false,
            ended_at: None,
            is_complete: true,
            undivided_intervals: 0,
            engine: None,
            group: None,
            is_measured: false,
            is_shared: false,
            microjoules: [0; EnergyMethod::ALL.len()],
            device_nanos: 0.0,
            last_method: EnergyMethod::Time,
        }
    }

    /// Notes that a step of an engine named the operation.
    pub(super) const fn set_engine(&mut self, engine: usize, group: WorkGroup) {
        (self.engine, self.group) = (Some(engine), Some(group));
    }

    /// Notes that the engines of its model report their steps.
    pub(super) fn expect_steps(&mut self, group: WorkGroup) {
        self.group.get_or_insert(group);
    }

    pub(super) const fn step_membership(&self) -> StepMembership {
        let Self { is_running, engine, group, .. } = *self;
        StepMembership { is_running, engine, group, devices: self.device_mask.count_ones() }
    }

    /// Adds the share of a divided interval.
    pub(super) fn receive(&mut self, share: &EnergyShare, tenancy: Tenancy) {
        self.undivided_intervals = self.undivided_intervals.saturating_sub(1);
        self.microjoules[share.method.index()] += share.microjoules;
        self.last_method = share.method;
        self.device_nanos += share.device_nanos;
        self.is_shared |= tenancy != Tenancy::Exclusive;
        // Unknown energy does not count as a measured zero.
        match tenancy {
            Tenancy::Unknown => self.is_complete = false,
            _ => self.is_measured = true,
        }
    }

    /// Returns the final energy; `None` for an operation that never ran or was never measured, which has no energy
    /// value, not even zero.
    pub(super) fn settle(self) -> Option<SettledEnergy<T>> {
        let [work, tokens, time] = self.microjoules;
        let method = match work.max(tokens).max(time) {
            0 => self.last_method,
            most if most == work => EnergyMethod::Work,
            most if most == tokens => EnergyMethod::Tokens,
            _ => EnergyMethod::Time,
        };
        self.is_measured.then_some(SettledEnergy {
            operation: self.operation,
            microjoules: work + tokens + time,
            device_nanos: self.device_nanos,
            method,
            is_complete: self.is_complete,
            is_shared: self.is_shared,
        })
    }
}
