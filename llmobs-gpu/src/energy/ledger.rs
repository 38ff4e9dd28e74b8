//! The energy of one device, attributed interval by interval to operations, to idle time, or to neither.
//!
//! An interval is the time between two changes of the counter. Operations that run at the same time share that time
//! equally: while `n` operations run, each is granted `1/n` of every nanosecond. All amounts are whole microjoules, so
//! the parts add up exactly to the total.

use std::collections::BTreeMap;

use super::meter::microjoules;

/// The key of an operation.
pub(crate) type OperationKey = u64;

#[derive(Debug, Clone, Default)]
pub(crate) struct DeviceLedger {
    /// End of the accounted time, in nanoseconds.
    now: u64,
    /// Nanoseconds of the open interval with running operations, and without.
    busy: u64,
    idle: u64,
    /// Virtual time: the time granted in this interval to an operation that ran for all of it, in nanoseconds.
    clock: f64,
    /// Virtual time at the start of each running operation. Zero for operations from before the interval.
    running: BTreeMap<OperationKey, f64>,
    /// Time granted to operations that stopped in this interval.
    stopped: BTreeMap<OperationKey, f64>,
    /// Time granted to operations that were settled before the end of the interval.
    forfeited: f64,
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

/// The part of an interval's energy that one operation receives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EnergyShare {
    pub(crate) key: OperationKey,
    pub(crate) microjoules: u64,
    /// Part of the device's time, in nanoseconds.
    pub(crate) nanos: f64,
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
    /// Returns the ratio of the non-idle energy that belongs to this application.
    pub(crate) const fn ours(self) -> f64 {
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
        if !self.running.contains_key(&key) {
            // An operation that restarts in the same interval keeps the time granted before.
            let before = self.stopped.remove(&key).unwrap_or(0.0);
            self.running.insert(key, self.clock - before);
        }
    }

    pub(crate) fn stop(&mut self, key: OperationKey, at: u64) {
        self.advance(at);
        // An operation that stops at the start of the interval receives nothing from it.
        if let Some(given) = self.running.remove(&key).map(|began| self.clock - began).filter(|given| *given > 0.0) {
            *self.stopped.entry(key).or_default() += given;
        }
    }

    /// Removes the time granted to an operation in the open interval.
    pub(crate) fn withdraw(&mut self, key: OperationKey, at: u64) {
        self.advance(at);
        self.running.remove(&key);
        self.stopped.remove(&key);
    }

    /// Returns whether an operation will receive energy from the open interval.
    pub(crate) fn owes(&self, key: OperationKey) -> bool {
        self.running.contains_key(&key) || self.stopped.contains_key(&key)
    }

    /// Gives up the part of a stopped operation, which was settled without it.
    pub(crate) fn forfeit(&mut self, key: OperationKey) {
        self.forfeited += self.stopped.remove(&key).unwrap_or(0.0);
    }

    /// Closes the interval, in which the device used `energy` microjoules. `idle_watts` is the configured power of the
    /// device without operations. If other applications use the device, energy that may be theirs is not attributed.
    pub(crate) fn close(
        &mut self,
        energy: u64,
        at: u64,
        idle_watts: Option<f64>,
        tenancy: Tenancy,
    ) -> Vec<EnergyShare> {
        self.advance(at);
        let (busy, idle, is_sole) = (self.busy, self.idle, tenancy == Tenancy::Exclusive);
        if busy == 0 && idle > 0 && is_sole {
            let watts = real(energy) * 1e3 / real(idle);
            self.min_idle_watts = Some(self.min_idle_watts.map_or(watts, |least| least.min(watts)));
        }
        let idle_energy = match idle_watts.or(self.min_idle_watts) {
            // Without operations and without a configured idle power, all energy is idle energy.
            _ if busy == 0 && idle_watts.is_none() && is_sole => energy,
            Some(watts) => microjoules(watts, idle).min(energy),
            // The only known bound: busy time uses at least as much power as idle time.
            None if is_sole => part(energy, idle, busy + idle),
            None => 0,
        };
        let rest = energy - idle_energy;
        let ours = match tenancy {
            Tenancy::Exclusive => rest,
            // Only other applications used the time without our operations.
            shared => scaled(part(rest, busy, busy + idle), shared.ours()),
        };
        let mut shares = self.split(ours);
        shares.iter_mut().for_each(|share| share.nanos *= tenancy.ours());
        let request = shares.iter().map(|share| share.microjoules).sum::<u64>();
        self.totals.measured += energy;
        self.totals.idle += idle_energy;
        self.totals.request += request;
        self.totals.unattributed += rest - request;
        self.open();
        shares
    }

    /// Closes the interval without a known energy. Returns the operations that would have received a part.
    pub(crate) fn void(&mut self, at: u64) -> Vec<OperationKey> {
        self.advance(at);
        let losers = self.stopped.keys().chain(self.running.keys()).copied().collect();
        self.open();
        losers
    }

    pub(crate) const fn totals(&self) -> Totals {
        self.totals
    }

    /// Divides energy between the operations of the interval. Parts of operations that were given up remain undivided.
    fn split(&self, energy: u64) -> Vec<EnergyShare> {
        let running = self.running.iter().map(|(key, began)| (*key, self.clock - began));
        let all: Vec<(OperationKey, f64)> =
            self.stopped.iter().map(|(key, given)| (*key, *given)).chain(running).collect();
        let whole: u128 = all.iter().map(|(_, given)| weight(*given)).sum::<u128>() + weight(self.forfeited);
        if whole == 0 {
            return Vec::new();
        }
        // Each part lies between two positions on one scale, so rounding neither duplicates nor loses a microjoule.
        let mut mark = 0;
        let mut sum = 0;
        let shares = all.iter().map(|(key, given)| {
            sum += weight(*given);
            let next = mul_div(energy, sum, whole);
            let share = EnergyShare { key: *key, microjoules: next - mark, nanos: *given };
            mark = next;
            share
        });
        shares.collect()
    }

    fn advance(&mut self, at: u64) {
        // A mark older than the accounted time counts from the accounted time on.
        let time = at.saturating_sub(self.now);
        if self.running.is_empty() {
            self.idle += if self.now == 0 { 0 } else { time };
        } else {
            self.busy += time;
            self.clock += real(time) / count(self.running.len());
        }
        self.now = self.now.max(at);
    }

    fn open(&mut self) {
        (self.busy, self.idle, self.clock, self.forfeited) = (0, 0, 0.0, 0.0);
        self.stopped.clear();
        self.running.values_mut().for_each(|began| *began = 0.0);
    }
}

/// Converts granted time to thousandths of a nanosecond.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and a time is 0 or more")]
fn weight(given: f64) -> u128 {
    (given * 1e3).round() as u128
}

fn mul_div(energy: u64, sum: u128, whole: u128) -> u64 {
    u64::try_from(u128::from(energy) * sum / whole).unwrap_or(energy)
}

/// Returns a ratio of an energy, and never more than the whole.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and a part is 0 or more")]
fn scaled(energy: u64, part: f64) -> u64 {
    ((real(energy) * part).floor() as u64).min(energy)
}

fn part(energy: u64, of: u64, whole: u64) -> u64 {
    if whole == 0 { 0 } else { mul_div(energy, u128::from(of), u128::from(whole)) }
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
const fn real(value: u64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
const fn count(things: usize) -> f64 {
    things as f64
}
