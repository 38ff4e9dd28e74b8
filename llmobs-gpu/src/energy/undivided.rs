//! Closed intervals whose energy waits for the steps that ran in them.

use std::collections::VecDeque;

use super::division::EnergyShare;
use super::division::IntervalWork;
use super::division::OperationWork;
use super::division::WorkGroup;
use super::division::divide;
use super::engines::ReportingEngines;
use super::ledger::ClosedInterval;
use super::ledger::OperationKey;
use super::ledger::Tenancy;
use super::step_queue::StepQueue;

/// The closed intervals that are not divided yet, the engines that report steps, and their steps. An engine reports a step
/// at its end, so the work of an interval is known when each engine that ran in it has reported a later step.
#[derive(Debug, Default)]
pub(super) struct UndividedIntervals {
    pub(super) engines: ReportingEngines,
    pub(super) steps: StepQueue,
    /// Oldest first.
    intervals: VecDeque<UndividedInterval>,
}

#[derive(Debug)]
struct UndividedInterval {
    interval: ClosedInterval,
    tenancy: Tenancy,
}

/// The shares of the operations in one interval.
#[derive(Debug)]
pub(super) struct DividedInterval {
    pub(super) shares: Vec<EnergyShare>,
    pub(super) tenancy: Tenancy,
}

/// The relation of an operation to engines that report steps.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepMembership {
    /// Set from the start of the operation in the engine to its end.
    pub(super) is_running: bool,
    /// The engine of the last step that named the operation.
    pub(super) engine: Option<usize>,
    /// The group of its engine, or before a step named it, that of the engines of its model.
    pub(super) group: Option<WorkGroup>,
    /// The number of its devices.
    pub(super) devices: u32,
}

impl StepMembership {
    /// The relation of an operation that no engine named.
    pub(super) const NONE: Self = Self { is_running: false, engine: None, group: None, devices: 1 };
}

/// Nanoseconds after the end of an interval in which its last step must be reported.
const MAX_STEP_DELAY: u64 = 1_000_000_000;

/// The maximum number of intervals that wait.
const MAX_INTERVALS: usize = 1_024;

impl UndividedIntervals {
    pub(super) fn push(&mut self, interval: ClosedInterval, tenancy: Tenancy) {
        self.intervals.push_back(UndividedInterval { interval, tenancy });
    }

    /// Divides the intervals whose steps are known, or that have waited too long for them.
    pub(super) fn divide_known(
        &mut self,
        now: u64,
        membership: impl Fn(OperationKey) -> StepMembership,
    ) -> Vec<DividedInterval> {
        let surplus = self.intervals.len().saturating_sub(MAX_INTERVALS);
        let mut index = 0;
        self.divide_where(&membership, |engines, interval| {
            index += 1;
            index <= surplus
                || now >= interval.end.saturating_add(MAX_STEP_DELAY)
                || is_known(engines, interval, &membership)
        })
    }

    /// Divides the intervals that one of these operations waits for.
    pub(super) fn divide_for(
        &mut self,
        waits: impl Fn(OperationKey) -> bool,
        membership: impl Fn(OperationKey) -> StepMembership,
    ) -> Vec<DividedInterval> {
        self.divide_where(&membership, |_, interval| interval.grants.iter().any(|(key, _)| waits(*key)))
    }

    /// Removes the steps that neither a waiting interval nor the open interval of a device can overlap. `opened_at` is
    /// the start of the oldest open interval.
    pub(super) fn remove_old_steps(&mut self, opened_at: u64) {
        let oldest = self.intervals.iter().map(|waiting| waiting.interval.start).min();
        self.steps.remove_until(oldest.map_or(opened_at, |oldest| oldest.min(opened_at)));
    }

    fn divide_where(
        &mut self,
        membership: &impl Fn(OperationKey) -> StepMembership,
        mut is_due: impl FnMut(&ReportingEngines, &ClosedInterval) -> bool,
    ) -> Vec<DividedInterval> {
        let (engines, steps) = (&self.engines, &self.steps);
        let mut divided = Vec::new();
        self.intervals.retain(|UndividedInterval { interval, tenancy }| {
            let is_due = is_due(engines, interval);
            if is_due {
                let shares = divide(interval, &interval_work(steps, interval, membership));
                divided.push(DividedInterval { shares, tenancy: *tenancy });
            }
            !is_due
        });
        divided
    }
}

/// Returns the work of each member of a group in an interval; empty if steps of the interval are missing.
fn interval_work(
    steps: &StepQueue,
    interval: &ClosedInterval,
    membership: &impl Fn(OperationKey) -> StepMembership,
) -> IntervalWork {
    let members = interval.grants.iter().filter_map(|(key, _)| {
        let member = membership(*key);
        let devices = f64::from(member.devices.max(1));
        Some((*key, OperationWork { group: member.group?, weight: 0.0, devices }))
    });
    let mut work: IntervalWork = members.collect();
    if work.is_empty() || steps.add_work(interval, &mut work) { work } else { IntervalWork::new() }
}

/// Returns whether every step that ran in an interval is known. The last step of an operation that has ended is.
fn is_known(
    engines: &ReportingEngines,
    interval: &ClosedInterval,
    membership: &impl Fn(OperationKey) -> StepMembership,
) -> bool {
    let (mut has_engine, mut has_unnamed) = (false, false);
    for (key, _) in &interval.grants {
        let member = membership(*key);
        match member.engine {
            _ if !member.is_running => {}
            Some(engine) if !engines.is_known_until(engine, interval.end) => return false,
            Some(_) => has_engine = true,
            None => has_unnamed |= member.group.is_some(),
        }
    }
    // The first step of an operation is reported at its end: until then, the others show that its engine continues.
    has_engine || !has_unnamed
}
