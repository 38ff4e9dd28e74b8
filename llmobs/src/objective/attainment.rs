//! The attainment of an objective over a window.

use crate::number::to_f64;
use crate::timing::EventCounts;

/// The number of good and of bad operations of an objective over a window, with the target.
/// [`Observer::attainment`](crate::Observer::attainment) returns it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attainment {
    good: u64,
    bad: u64,
    target: f64,
}

impl Attainment {
    /// Returns the attainment of these operations; `None` without an operation.
    pub(crate) fn new(counts: EventCounts, target: f64) -> Option<Self> {
        (counts.total() > 0).then_some(Self { good: counts.good, bad: counts.bad, target })
    }

    /// Returns the number of good operations.
    #[must_use]
    pub const fn good(&self) -> u64 {
        self.good
    }

    /// Returns the number of bad operations.
    #[must_use]
    pub const fn bad(&self) -> u64 {
        self.bad
    }

    /// Returns the target of the objective, as [`Objective::target`](crate::Objective::target) set it.
    #[must_use]
    pub const fn target(&self) -> f64 {
        self.target
    }

    /// Returns the ratio of good operations to all judged operations, from 0 to 1.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        to_f64(self.good) / to_f64(self.good + self.bad)
    }

    /// Returns the ratio of bad operations divided by the ratio that the target permits. At 1, the operations of the window
    /// use up the error budget exactly; at 10, a budget of 30 days is used up in three days. Returns `None` if the target
    /// permits none, because it is 1.
    #[must_use]
    pub fn burn_rate(&self) -> Option<f64> {
        let permitted = 1.0 - self.target;
        let rate = to_f64(self.bad) / to_f64(self.good + self.bad) / permitted;
        (permitted > 0.0 && rate.is_finite()).then_some(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attainment(good: u64, bad: u64, target: f64) -> Option<Attainment> {
        Attainment::new(EventCounts { good, bad }, target)
    }

    #[test]
    fn the_burn_rate_is_the_bad_ratio_divided_by_the_permitted_one() {
        let burning = attainment(90, 10, 0.99).expect("there are events");
        assert!((burning.ratio() - 0.9).abs() < 1e-12);
        assert!((burning.burn_rate().expect("the target permits misses") - 10.0).abs() < 1e-9);
        assert_eq!(attainment(5, 0, 0.99).and_then(|met| met.burn_rate()), Some(0.0));
        assert_eq!(attainment(0, 5, 0.0).and_then(|missed| missed.burn_rate()), Some(1.0));
    }

    #[test]
    fn there_is_no_attainment_without_events_and_no_burn_rate_without_a_budget() {
        assert_eq!(attainment(0, 0, 0.99), None);
        for target in [1.0, 1.5, f64::NAN] {
            assert_eq!(attainment(1, 1, target).expect("there are events").burn_rate(), None, "{target}");
        }
    }
}
