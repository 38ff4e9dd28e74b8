//! One device's energy, interval by interval: to those who ran, to idleness, and what is nobody's.
//!
//! An interval goes from one change of the counter to the next. Operations that run at the same time share that time
//! equally: while `n` run, each is given a nanosecond's `n`th part for every nanosecond. Everything is whole
//! microjoules, so the parts add up to the whole exactly.

use std::collections::BTreeMap;

use super::meter::microjoules;

/// Names an operation.
pub(crate) type OperationKey = u64;

#[derive(Debug, Clone, Default)]
pub(crate) struct DeviceLedger {
    /// How far the interval is accounted for, in nanoseconds.
    now: u64,
    /// Nanoseconds of the open interval with and without somebody running.
    busy: u64,
    idle: u64,
    /// What an operation would have been given that ran all the interval.
    clock: f64,
    /// What the clock showed when each of them began, or when the interval did.
    running: BTreeMap<OperationKey, f64>,
    /// What those were given who stopped in this interval.
    stopped: BTreeMap<OperationKey, f64>,
    /// What was given to those who are not waited for any more.
    forfeited: f64,
    /// The least power seen in an interval in which nobody ran.
    min_idle_watts: Option<f64>,
    totals: Totals,
}

/// Microjoules since the beginning. `measured` is the sum of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) measured: u64,
    pub(crate) request: u64,
    pub(crate) idle: u64,
    pub(crate) unattributed: u64,
}

/// What an operation gets of an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EnergyShare {
    pub(crate) key: OperationKey,
    pub(crate) microjoules: u64,
    /// Its part of the device's time, in nanoseconds.
    pub(crate) nanos: f64,
}

/// Who used a device in an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Tenancy {
    /// Nobody else, as far as is known.
    Exclusive,
    /// Others too; this part of the work was ours, from 0 to 1.
    Shared(f64),
    /// Others too, and nobody knows what part of it was ours.
    Unknown,
}

impl Tenancy {
    /// The part of what is not idleness that is ours.
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
            // One that starts again in the same interval keeps what it was given.
            let before = self.stopped.remove(&key).unwrap_or(0.0);
            self.running.insert(key, self.clock - before);
        }
    }

    pub(crate) fn stop(&mut self, key: OperationKey, at: u64) {
        self.advance(at);
        // One that stops as the interval begins is owed nothing by it.
        if let Some(given) = self.running.remove(&key).map(|began| self.clock - began).filter(|given| *given > 0.0) {
            *self.stopped.entry(key).or_default() += given;
        }
    }

    /// Takes back what an operation was given in the open interval.
    pub(crate) fn withdraw(&mut self, key: OperationKey, at: u64) {
        self.advance(at);
        self.running.remove(&key);
        self.stopped.remove(&key);
    }

    /// Whether the open interval owes something to an operation.
    pub(crate) fn owes(&self, key: OperationKey) -> bool {
        self.running.contains_key(&key) || self.stopped.contains_key(&key)
    }

    /// Nobody waits any more for what a stopped operation would get.
    pub(crate) fn forfeit(&mut self, key: OperationKey) {
        self.forfeited += self.stopped.remove(&key).unwrap_or(0.0);
    }

    /// Closes the interval: so many microjoules were used until now. `idle_watts` is what the device takes when nobody
    /// runs, where somebody said so. With others on the device, nothing is given out that may be theirs.
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
            // Nobody ran, and nobody said what that takes: all of it is idleness.
            _ if busy == 0 && idle_watts.is_none() && is_sole => energy,
            Some(watts) => microjoules(watts, idle).min(energy),
            // Nothing better is known than that busy time takes no less than idle time.
            None if is_sole => part(energy, idle, busy + idle),
            None => 0,
        };
        let rest = energy - idle_energy;
        let ours = match tenancy {
            Tenancy::Exclusive => rest,
            // The others had all of the time in which nobody of ours ran.
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

    /// Closes the interval without knowing its energy. Gives those who lost something by it.
    pub(crate) fn void(&mut self, at: u64) -> Vec<OperationKey> {
        self.advance(at);
        let losers = self.stopped.keys().chain(self.running.keys()).copied().collect();
        self.open();
        losers
    }

    pub(crate) const fn totals(&self) -> Totals {
        self.totals
    }

    /// Splits energy between those who ran. What those would get who are not waited for is left over.
    fn split(&self, energy: u64) -> Vec<EnergyShare> {
        let running = self.running.iter().map(|(key, began)| (*key, self.clock - began));
        let all: Vec<(OperationKey, f64)> =
            self.stopped.iter().map(|(key, given)| (*key, *given)).chain(running).collect();
        let whole: u128 = all.iter().map(|(_, given)| weight(*given)).sum::<u128>() + weight(self.forfeited);
        if whole == 0 {
            return Vec::new();
        }
        // Each gets what lies between two marks on one scale, so that no microjoule is there twice or never.
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
        // A mark from before the last one that was accounted for counts from there on.
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

/// Thousandths of a nanosecond.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and no time is below 0")]
fn weight(given: f64) -> u128 {
    (given * 1e3).round() as u128
}

fn mul_div(energy: u64, sum: u128, whole: u128) -> u64 {
    u64::try_from(u128::from(energy) * sum / whole).unwrap_or(energy)
}

/// A part of it, and never more than all.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and no part is below 0")]
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
