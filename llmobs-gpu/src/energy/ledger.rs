//! The energy of one device, attributed interval by interval to operations, to idle time, or to neither.
//!
//! An interval is the time between two changes of the device's energy counter. Operations that run at the same time
//! share that time equally: while `n` operations run, each is granted `1/n` of every nanosecond. All amounts are whole
//! microjoules, so the parts add up exactly to the total. `division` divides the energy of a closed interval by the
//! granted time, or by work.

use std::collections::BTreeMap;

use super::meter::microjoules;
use crate::numbers::count_to_f64;
use crate::numbers::to_f64;

/// The key of an operation.
pub(crate) type OperationKey = u64;

#[derive(Debug, Clone, Default)]
pub(crate) struct DeviceLedger {
    /// Start of the open interval, in nanoseconds.
    opened_at: u64,
    /// End of the accounted time, in nanoseconds.
    accounted_until: u64,
    /// Nanoseconds of the open interval with running operations, and without.
    busy_nanos: u64,
    idle_nanos: u64,
    /// Virtual time: the time granted in this interval to an operation that ran for all of it, in nanoseconds.
    virtual_time: f64,
    /// Virtual time at the start of each running operation. Zero for operations from before the interval.
    virtual_start: BTreeMap<OperationKey, f64>,
    /// Time granted to operations that stopped in this interval.
    stopped_nanos: BTreeMap<OperationKey, f64>,
    /// Time granted to operations that were reported before the end of the interval.
    forfeited_nanos: f64,
    /// Lowest power of an interval without operations, in watts.
    min_idle_watts: Option<f64>,
    totals: Totals,
}

/// Totals since the start in microjoules. `measured` is the sum of the other fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) measured: u64,
    pub(crate) request: u64,
    pub(crate) idle: u64,
    pub(crate) unattributed: u64,
}

/// An interval whose energy is known and not yet divided.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ClosedInterval {
    /// From when to when, in nanoseconds.
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Energy of the operations and of the forfeited time, in microjoules.
    pub(crate) energy: u64,
    /// The operations that ran, and the time granted to each, in nanoseconds.
    pub(crate) grants: Vec<(OperationKey, f64)>,
    /// Time granted to operations that were reported before the end of the interval.
    forfeited_nanos: f64,
    /// The ratio of the device's work that was this application's, from 0 to 1.
    pub(crate) our_ratio: f64,
    /// Power of the device without operations, in watts; 0 while unknown.
    pub(crate) idle_watts: f64,
}

impl ClosedInterval {
    /// Returns the sum of the granted and the forfeited time, in thousandths of a nanosecond.
    pub(crate) fn total_picos(&self) -> u128 {
        self.granted_picos() + to_picos(self.forfeited_nanos)
    }

    fn granted_picos(&self) -> u128 {
        self.grants.iter().map(|(_, granted)| to_picos(*granted)).sum()
    }

    /// Returns the energy that the operations will receive together, in microjoules.
    fn granted_energy(&self) -> u64 {
        match self.total_picos() {
            0 => 0,
            total => mul_div(self.energy, self.granted_picos(), total),
        }
    }
}

/// The use of a device by applications in an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Tenancy {
    /// No other application is known to have used the device.
    Exclusive,
    /// Other applications used the device too. The value is this application's ratio of the work, from 0 to 1.
    Shared(f64),
    /// Other applications used the device too, and this application's ratio of the work is unknown.
    Unknown,
}

impl Tenancy {
    /// Returns the ratio of the non-idle energy that is attributed to this application, for the time in which its
    /// operations ran. Zero if the work of other applications is unknown.
    pub(crate) const fn our_ratio(self) -> f64 {
        match self {
            Self::Exclusive => 1.0,
            Self::Shared(share) => share.clamp(0.0, 1.0),
            Self::Unknown => 0.0,
        }
    }
}

impl DeviceLedger {
    pub(crate) fn start(&mut self, key: OperationKey, at: u64) {
        self.advance(at);
        if !self.virtual_start.contains_key(&key) {
            // An operation that restarts in the same interval keeps the time granted before.
            let before = self.stopped_nanos.remove(&key).unwrap_or(0.0);
            self.virtual_start.insert(key, self.virtual_time - before);
        }
    }

    pub(crate) fn stop(&mut self, key: OperationKey, at: u64) {
        self.advance(at);
        // An operation that stops at the start of the interval receives nothing from it.
        if let Some(granted) =
            self.virtual_start.remove(&key).map(|start| self.virtual_time - start).filter(|granted| *granted > 0.0)
        {
            *self.stopped_nanos.entry(key).or_default() += granted;
        }
    }

    /// Ends an operation, if it is running, and removes the time granted to it in the open interval. The energy of the
    /// interval is divided between the other operations.
    pub(crate) fn withdraw(&mut self, key: OperationKey, at: u64) {
        self.advance(at);
        self.virtual_start.remove(&key);
        self.stopped_nanos.remove(&key);
    }

    /// Returns whether an operation will receive energy from the open interval.
    pub(crate) fn is_owed(&self, key: OperationKey) -> bool {
        self.virtual_start.contains_key(&key) || self.stopped_nanos.contains_key(&key)
    }

    /// Leaves the energy of a stopped operation's time in the open interval unattributed, because the operation was
    /// reported without it. Other operations do not receive it.
    pub(crate) fn forfeit(&mut self, key: OperationKey) {
        self.forfeited_nanos += self.stopped_nanos.remove(&key).unwrap_or(0.0);
    }

    /// Closes the interval, in which the device used `energy` microjoules. `idle_watts` is the configured power of the
    /// device without operations. If other applications use the device, energy that may be theirs is not attributed.
    /// Returns the interval, whose energy is counted and has to be [divided](super::division::divide).
    pub(crate) fn close_interval(
        &mut self,
        energy: u64,
        at: u64,
        idle_watts: Option<f64>,
        tenancy: Tenancy,
    ) -> ClosedInterval {
        self.advance(at);
        let (busy, idle, is_sole) = (self.busy_nanos, self.idle_nanos, tenancy == Tenancy::Exclusive);
        if busy == 0 && idle > 0 && is_sole {
            let watts = to_f64(energy) * 1e3 / to_f64(idle);
            self.min_idle_watts = Some(self.min_idle_watts.map_or(watts, |lowest| lowest.min(watts)));
        }
        let idle_energy = match idle_watts.or(self.min_idle_watts) {
            // Without operations and without a configured idle power, all energy is idle energy.
            _ if busy == 0 && idle_watts.is_none() && is_sole => energy,
            Some(watts) => microjoules(watts, idle).min(energy),
            // The only known bound: busy time uses at least as much power as idle time.
            None if is_sole => proportion(energy, idle, busy + idle),
            None => 0,
        };
        let rest = energy - idle_energy;
        let our_energy = match tenancy {
            Tenancy::Exclusive => rest,
            // In the time without our operations, only other applications used the device.
            shared => scale(proportion(rest, busy, busy + idle), shared.our_ratio()),
        };
        let running = self.virtual_start.iter().map(|(key, start)| (*key, self.virtual_time - start));
        let stopped = self.stopped_nanos.iter().map(|(key, granted)| (*key, *granted));
        let interval = ClosedInterval {
            start: self.opened_at,
            end: self.accounted_until,
            energy: our_energy,
            grants: stopped.chain(running).collect(),
            forfeited_nanos: self.forfeited_nanos,
            our_ratio: tenancy.our_ratio(),
            idle_watts: idle_watts.or(self.min_idle_watts).unwrap_or(0.0),
        };
        let request = interval.granted_energy();
        self.totals.measured += energy;
        self.totals.idle += idle_energy;
        self.totals.request += request;
        self.totals.unattributed += rest - request;
        self.start_interval();
        interval
    }

    /// Closes the interval without a known energy. Returns the operations that would have received a part.
    pub(crate) fn void_interval(&mut self, at: u64) -> Vec<OperationKey> {
        self.advance(at);
        let affected = self.stopped_nanos.keys().chain(self.virtual_start.keys()).copied().collect();
        self.start_interval();
        affected
    }

    pub(crate) const fn totals(&self) -> Totals {
        self.totals
    }

    /// Returns the start of the open interval, in nanoseconds.
    pub(crate) const fn opened_at(&self) -> u64 {
        self.opened_at
    }

    fn advance(&mut self, at: u64) {
        // A mark older than the accounted time counts from the accounted time on.
        let time = at.saturating_sub(self.accounted_until);
        if self.virtual_start.is_empty() {
            self.idle_nanos += if self.accounted_until == 0 { 0 } else { time };
        } else {
            self.busy_nanos += time;
            self.virtual_time += to_f64(time) / count_to_f64(self.virtual_start.len());
        }
        self.accounted_until = self.accounted_until.max(at);
    }

    fn start_interval(&mut self) {
        self.opened_at = self.accounted_until;
        (self.busy_nanos, self.idle_nanos, self.virtual_time, self.forfeited_nanos) = (0, 0, 0.0, 0.0);
        self.stopped_nanos.clear();
        self.virtual_start.values_mut().for_each(|start| *start = 0.0);
    }
}

/// Converts granted time to thousandths of a nanosecond.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and a time is 0 or more")]
pub(super) fn to_picos(granted: f64) -> u128 {
    (granted * 1e3).round() as u128
}

pub(super) fn mul_div(energy: u64, sum: u128, total: u128) -> u64 {
    u64::try_from(u128::from(energy) * sum / total).unwrap_or(energy)
}

/// Returns this ratio of an energy, and never more than the energy.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and a part is 0 or more")]
fn scale(energy: u64, ratio: f64) -> u64 {
    ((to_f64(energy) * ratio).floor() as u64).min(energy)
}

fn proportion(energy: u64, amount: u64, total: u64) -> u64 {
    if total == 0 { 0 } else { mul_div(energy, u128::from(amount), u128::from(total)) }
}
