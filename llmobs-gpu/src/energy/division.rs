//! The division of the energy of one interval between its operations.
//!
//! The energy is first divided by time, as a ledger grants it. Operations of engines that report their steps then divide
//! the sum of their parts by the work of the steps in the interval. All amounts are whole microjoules, and the shares
//! add up exactly to the energy that is divided.

use std::collections::BTreeMap;

use super::EnergyMethod;
use super::ledger::ClosedInterval;
use super::ledger::OperationKey;
use super::ledger::mul_div;
use super::ledger::to_picos;

/// The part of an interval's energy that one operation receives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EnergyShare {
    pub(crate) key: OperationKey,
    pub(crate) microjoules: u64,
    /// Part of the device's time, in nanoseconds.
    pub(crate) device_nanos: f64,
    pub(crate) method: EnergyMethod,
}

/// Operations whose work has one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WorkGroup {
    /// The operations of all engines whose model has a known size. Their work is in joules.
    Sized,
    /// The operations of the engines of one model without a known size. Their work is in weighted tokens.
    Tokens(usize),
}

impl WorkGroup {
    const fn method(self) -> EnergyMethod {
        match self {
            Self::Sized => EnergyMethod::Work,
            Self::Tokens(_) => EnergyMethod::Tokens,
        }
    }
}

/// The work of an operation in an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OperationWork {
    pub(crate) group: WorkGroup,
    /// The work in the unit of the group, finite and not negative.
    pub(crate) weight: f64,
    /// The number of devices between which the work is divided.
    pub(crate) devices: f64,
}

/// The work in an interval of the operations that belong to engines which report their steps.
pub(crate) type IntervalWork = BTreeMap<OperationKey, OperationWork>;

/// The granted time and the work of a group in an interval.
#[derive(Debug, Clone, Copy, Default)]
struct GroupSums {
    nanos: f64,
    picos: u128,
    weight: f64,
    max_weight: f64,
}

/// The scale of the largest weight, so that products with energies in microjoules fit in 128 bits.
const WEIGHT_SCALE: f64 = (1_u64 << 40) as f64;

/// Divides the energy of an interval. An operation of a group without work in the interval, and an operation without a
/// group, receives the part of its time. Returns a share, possibly zero, for every operation that ran.
pub(crate) fn divide(interval: &ClosedInterval, work: &IntervalWork) -> Vec<EnergyShare> {
    let groups = group_sums(interval, work);
    let group_of = |key: &OperationKey| work.get(key).filter(|work| groups.contains_key(&work.group));
    // Each part lies between two positions on one scale, so rounding neither duplicates nor loses a microjoule.
    let mut scale = Scale::new(interval.energy, interval.total_picos());
    let mut shares = Vec::with_capacity(interval.grants.len());
    for (key, granted) in interval.grants.iter().filter(|(key, _)| group_of(key).is_none()) {
        let device_nanos = granted * interval.our_ratio;
        shares.push(EnergyShare {
            key: *key,
            microjoules: scale.take(to_picos(*granted)),
            device_nanos,
            method: EnergyMethod::Time,
        });
    }
    for (group, sums) in &groups {
        let weight = |work: &OperationWork| to_weight(work.weight, sums.max_weight);
        let members = interval.grants.iter().filter_map(|(key, _)| Some((*key, group_of(key)?)));
        let members: Vec<_> = members.filter(|(_, work)| work.group == *group).collect();
        let total = members.iter().map(|(_, work)| weight(work)).sum();
        let mut scale = Scale::new(scale.take(sums.picos), total);
        shares.extend(members.iter().map(|(key, work)| EnergyShare {
            key: *key,
            microjoules: scale.take(weight(work)),
            device_nanos: sums.nanos * interval.our_ratio * (work.weight / sums.weight),
            method: group.method(),
        }));
    }
    shares
}

/// Returns the sums of each group that has work in the interval.
fn group_sums(interval: &ClosedInterval, work: &IntervalWork) -> BTreeMap<WorkGroup, GroupSums> {
    let mut groups = BTreeMap::<WorkGroup, GroupSums>::new();
    for (key, granted) in &interval.grants {
        let Some(work) = work.get(key) else { continue };
        let sums = groups.entry(work.group).or_default();
        sums.nanos += granted;
        sums.picos += to_picos(*granted);
        sums.weight += work.weight;
        sums.max_weight = sums.max_weight.max(work.weight);
    }
    groups.retain(|_, sums| sums.weight > 0.0 && sums.weight.is_finite());
    groups
}

/// An amount that is taken in parts of a total.
struct Scale {
    amount: u64,
    total: u128,
    position: u128,
    taken: u64,
}

impl Scale {
    const fn new(amount: u64, total: u128) -> Self {
        Self { amount, total, position: 0, taken: 0 }
    }

    /// Returns the next part of the amount, in proportion to `part` of the total.
    fn take(&mut self, part: u128) -> u64 {
        self.position += part;
        let until = if self.total == 0 { 0 } else { mul_div(self.amount, self.position, self.total) };
        until - std::mem::replace(&mut self.taken, until)
    }
}

/// Converts a weight to a whole number on the scale of the largest one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the scale")]
fn to_weight(weight: f64, max: f64) -> u128 {
    (weight / max * WEIGHT_SCALE).round() as u128
}
