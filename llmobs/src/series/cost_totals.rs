//! The sums of the costs of one series, in integer nano-dollars, as collections read them: a sum of integers is exact in any
//! order, which a sum of floating-point numbers is not.

use std::iter;

use crate::catalog::llmobs_attribute;
use crate::cost::Cost;
use crate::cost::CostKind;
use crate::cost::CostQuality;
use crate::cost::CostSource;
use crate::cost::Usd;
use crate::measurement::Label;
use crate::semconv::value::Outcome;
use crate::sync::AtomicU64;
use crate::sync::Ordering;

/// The outcome of the attempt that has a cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CostOutcome {
    /// The last attempt of an operation with this outcome.
    Ended(Outcome),
    /// An attempt that another one superseded.
    Superseded,
}

/// The number of outcomes: those of operations, and superseded.
const OUTCOMES: usize = Outcome::ALL.len() + 1;

impl CostOutcome {
    const fn index(self) -> usize {
        match self {
            Self::Ended(outcome) => outcome.index(),
            Self::Superseded => Outcome::ALL.len(),
        }
    }

    /// Returns the value of `llmobs.operation.outcome`.
    fn label(index: usize) -> &'static str {
        Outcome::ALL.get(index).map_or("superseded", |outcome| outcome.as_str())
    }
}

/// The nano-dollars of one series by source, quality, outcome and kind.
#[derive(Debug)]
pub(crate) struct CostTotals(Box<[AtomicU64]>);

impl CostTotals {
    /// Creates sums of zero.
    pub(crate) fn new() -> Self {
        let sums = CostSource::ALL.len() * CostQuality::ALL.len() * OUTCOMES * CostKind::ALL.len();
        Self(iter::repeat_with(|| AtomicU64::new(0)).take(sums).collect())
    }

    /// Adds the parts of a cost.
    pub(crate) fn add(&self, outcome: CostOutcome, cost: &Cost) {
        let group = (cost.source().index() * CostQuality::ALL.len() + cost.quality().index()) * OUTCOMES;
        let first = (group + outcome.index()) * CostKind::ALL.len();
        for (kind, amount) in cost.parts() {
            if let Some(sum) = self.0.get(first + kind.index()) {
                sum.fetch_add(amount.nanos(), Ordering::Relaxed);
            }
        }
    }

    /// Returns every sum that is not zero, with its labels: direction, kind, outcome, source and quality.
    pub(crate) fn sums(&self) -> impl Iterator<Item = ([Label; 5], Usd)> {
        self.0.iter().enumerate().filter_map(|(index, sum)| {
            let nanos = sum.load(Ordering::Relaxed);
            (nanos > 0).then(|| (labels(index), Usd::from_nanos(nanos)))
        })
    }
}

/// Returns the labels of the sum with this index.
fn labels(index: usize) -> [Label; 5] {
    let (group, kind) = (index / CostKind::ALL.len(), CostKind::ALL[index % CostKind::ALL.len()]);
    let (group, outcome) = (group / OUTCOMES, CostOutcome::label(group % OUTCOMES));
    let (source, quality) = (group / CostQuality::ALL.len(), group % CostQuality::ALL.len());
    [
        Label::new(llmobs_attribute::TOKEN_DIRECTION, kind.direction()),
        Label::new(llmobs_attribute::TOKEN_KIND, kind.as_str()),
        Label::new(llmobs_attribute::OPERATION_OUTCOME, outcome),
        Label::new(llmobs_attribute::COST_SOURCE, CostSource::ALL[source].as_str()),
        Label::new(llmobs_attribute::COST_QUALITY, CostQuality::ALL[quality].as_str()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sum_has_the_labels_under_which_it_was_added() {
        let outcomes = Outcome::ALL.iter().map(|outcome| CostOutcome::Ended(*outcome)).chain([CostOutcome::Superseded]);
        let (mut nanos, mut seen) = (0, Vec::new());
        for outcome in outcomes {
            for (source, quality) in
                [(CostSource::Provider, CostQuality::Exact), (CostSource::Overlay, CostQuality::Estimated)]
            {
                for kind in CostKind::ALL {
                    let totals = CostTotals::new();
                    nanos += 1;
                    totals.add(outcome, &Cost::new(source, quality).with(*kind, Usd::from_nanos(nanos)));
                    let sums: Vec<_> = totals.sums().collect();
                    let expected = [
                        kind.direction(),
                        kind.as_str(),
                        CostOutcome::label(outcome.index()),
                        source.as_str(),
                        quality.as_str(),
                    ];
                    assert_eq!(sums.len(), 1);
                    assert_eq!(sums[0].0.each_ref().map(|label| label.value.as_str()), expected);
                    assert_eq!(sums[0].1, Usd::from_nanos(nanos));
                    seen.push(expected);
                }
            }
        }
        assert!(
            seen.iter().any(|labels| labels[2] == "superseded") && seen.iter().any(|labels| labels[2] == "rejected")
        );
        let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len());
    }

    #[test]
    fn no_thread_loses_the_addition_of_another() {
        const ADDITIONS: u64 = if cfg!(miri) { 20 } else { 200_000 };
        let totals = CostTotals::new();
        let cost = Cost::new(CostSource::Book, CostQuality::Exact).with(CostKind::Text, Usd::from_nanos(1));
        let add = || (0..ADDITIONS).for_each(|_| totals.add(CostOutcome::Ended(Outcome::Completed), &cost));
        std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(add))));
        assert_eq!(totals.sums().map(|(_, sum)| sum.nanos()).sum::<u64>(), 8 * ADDITIONS);
    }
}
