//! A decision about one request.

use crate::catalog::llmobs_attribute;
use crate::measurement::Label;
use crate::semconv::value::AdmissionDecision;
use crate::semconv::value::ShedReason;

/// A decision about one request. Every request has exactly one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decision {
    /// Admitted without a wait.
    Admitted,
    /// Admitted out of the queue.
    AdmittedQueued,
    /// Shed at its arrival or out of the queue.
    Shed(ShedReason),
}

impl Decision {
    /// The number of different decisions.
    pub(super) const COUNT: usize = 2 + ShedReason::ALL.len();

    /// Returns every decision, in the order of [`index`](Self::index).
    pub(super) fn all() -> impl Iterator<Item = Self> {
        [Self::Admitted, Self::AdmittedQueued].into_iter().chain(ShedReason::ALL.iter().copied().map(Self::Shed))
    }

    /// Returns the index of this decision, below [`COUNT`](Self::COUNT).
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Admitted => 0,
            Self::AdmittedQueued => 1,
            Self::Shed(reason) => 2 + reason.index(),
        }
    }

    /// Returns the labels of the decision: what was decided, and the reason if the request was shed.
    pub(super) fn labels(self) -> impl Iterator<Item = Label> {
        let (decision, reason) = match self {
            Self::Admitted => (AdmissionDecision::Admitted, None),
            Self::AdmittedQueued => (AdmissionDecision::AdmittedQueued, None),
            Self::Shed(reason) => (AdmissionDecision::Shed, Some(reason)),
        };
        let reason = reason.map(|reason| Label::new(llmobs_attribute::ADMISSION_REASON, reason.as_str()));
        [Label::new(llmobs_attribute::ADMISSION_DECISION, decision.as_str())].into_iter().chain(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_indices_are_those_of_the_list_of_all_decisions() {
        let indices: Vec<_> = Decision::all().map(Decision::index).collect();
        assert_eq!(indices, (0..Decision::COUNT).collect::<Vec<_>>());
    }
}
