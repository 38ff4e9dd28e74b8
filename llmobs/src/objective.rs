//! Service-level objectives, judged for each operation in process: a histogram cannot say how many operations met two
//! limits at once.

use std::borrow::Cow;
use std::time::Duration;

use crate::clock::nanos;
use crate::semconv::value::ErrorType;
use crate::semconv::value::Outcome;

/// How one operation was judged by each objective, in the order of the objectives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Judgements {
    judged: u64,
    missed: u64,
}

impl Judgements {
    /// Notes a judgement by the objective at this place. Only the first 64 are noted.
    pub(crate) fn note(&mut self, place: usize, good: bool) {
        let bit = u32::try_from(place).ok().and_then(|place| 1_u64.checked_shl(place)).unwrap_or(0);
        self.judged |= bit;
        self.missed |= if good { 0 } else { bit };
    }

    /// Whether the objective at this place was met, if it could be judged.
    pub(crate) fn of(self, place: usize) -> Option<bool> {
        let bit = u32::try_from(place).ok().and_then(|place| 1_u64.checked_shl(place)).unwrap_or(0);
        (self.judged & bit != 0).then_some(self.missed & bit == 0)
    }

    /// Whether every objective was met, if any could be judged.
    pub(crate) const fn good(self) -> Option<bool> {
        if self.judged == 0 { None } else { Some(self.missed == 0) }
    }
}

/// What a good operation is: it completed and met every limit that is set.
///
/// Each limit is also inserted as an exact bucket edge of the histogram of its time.
///
/// ```
/// use llmobs::Objective;
/// use std::time::Duration;
///
/// let interactive = Objective::new("interactive")
///     .time_to_first_token(Duration::from_millis(500))
///     .time_per_output_token(Duration::from_millis(50))
///     .target(0.99);
/// # let _ = interactive;
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Objective {
    pub(crate) name: Cow<'static, str>,
    pub(crate) target: f64,
    pub(crate) time_to_first_token: Option<u64>,
    pub(crate) time_per_output_token: Option<u64>,
    pub(crate) longest_gap: Option<u64>,
    pub(crate) duration: Option<u64>,
}

impl Objective {
    /// An objective without limits: every operation that completes is good.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            target: 0.99,
            time_to_first_token: None,
            time_per_output_token: None,
            longest_gap: None,
            duration: None,
        }
    }

    /// The share of operations that should be good. Defaults to 0.99. Published as `llmobs.objective.target`.
    pub const fn target(mut self, share: f64) -> Self {
        self.target = share;
        self
    }

    /// The longest time to the first token. Defaults to no limit.
    pub fn time_to_first_token(mut self, limit: Duration) -> Self {
        self.time_to_first_token = Some(nanos(limit));
        self
    }

    /// The longest mean time per token after the first. Defaults to no limit.
    pub fn time_per_output_token(mut self, limit: Duration) -> Self {
        self.time_per_output_token = Some(nanos(limit));
        self
    }

    /// The longest time that the engine may give no token once tokens flow. Defaults to no limit.
    pub fn longest_gap(mut self, limit: Duration) -> Self {
        self.longest_gap = Some(nanos(limit));
        self
    }

    /// The longest request duration. Defaults to no limit.
    pub fn duration(mut self, limit: Duration) -> Self {
        self.duration = Some(nanos(limit));
        self
    }

    /// The limits that are set, in nanoseconds, by the name of their time.
    pub(crate) fn limits(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        [
            ("time_to_first_token", self.time_to_first_token),
            ("time_per_output_token", self.time_per_output_token),
            ("longest_gap", self.longest_gap),
            ("duration", self.duration),
        ]
        .into_iter()
        .filter_map(|(name, limit)| Some((name, limit?)))
    }

    /// Judges an operation that ended.
    pub(crate) fn judge(&self, facts: &ObjectiveInput) -> Verdict {
        let late = |limit: Option<u64>, value: Option<u64>| matches!((limit, value), (Some(limit), Some(value)) if value > limit);
        let never = |limit: Option<u64>, value: Option<u64>| matches!((limit, value), (Some(limit), None) if facts.duration > limit);
        match facts.outcome {
            _ if facts.error_type.is_some_and(ErrorType::is_client_fault) => Verdict::Excluded,
            Outcome::Failed | Outcome::Rejected => Verdict::Bad,
            Outcome::Cancelled if facts.first_token.is_none() => {
                // It left before anything came. Too late already is bad; else nobody can say.
                let missed = never(self.time_to_first_token, None) || late(self.duration, Some(facts.duration));
                if missed { Verdict::Bad } else { Verdict::Abandoned }
            }
            Outcome::Cancelled | Outcome::Completed => {
                let missed = late(self.time_to_first_token, facts.first_token)
                    || late(self.time_per_output_token, facts.per_token)
                    || late(self.longest_gap, facts.longest_gap)
                    || late(self.duration, Some(facts.duration));
                if missed { Verdict::Bad } else { Verdict::Good }
            }
        }
    }
}

/// What is known of an operation at its end. Times in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ObjectiveInput {
    pub(crate) outcome: Outcome,
    pub(crate) error_type: Option<ErrorType>,
    pub(crate) first_token: Option<u64>,
    pub(crate) per_token: Option<u64>,
    pub(crate) longest_gap: Option<u64>,
    pub(crate) duration: u64,
}

/// How an operation counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Good,
    Bad,
    /// A client fault: no service could have been good.
    Excluded,
    /// The caller left before the first token, and before it was late.
    Abandoned,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: ObjectiveInput = ObjectiveInput {
        outcome: Outcome::Completed,
        error_type: None,
        first_token: Some(400),
        per_token: Some(40),
        longest_gap: Some(90),
        duration: 2_000,
    };

    fn objective() -> Objective {
        Objective::new("interactive")
            .time_to_first_token(Duration::from_nanos(500))
            .time_per_output_token(Duration::from_nanos(50))
            .longest_gap(Duration::from_nanos(100))
            .duration(Duration::from_nanos(3_000))
    }

    #[test]
    fn an_operation_is_good_when_it_completed_and_met_every_objective_set_on_it() {
        assert_eq!(objective().judge(&FACTS), Verdict::Good);
        for missed in [
            ObjectiveInput { first_token: Some(501), ..FACTS },
            ObjectiveInput { per_token: Some(51), ..FACTS },
            ObjectiveInput { longest_gap: Some(101), ..FACTS },
            ObjectiveInput { duration: 3_001, ..FACTS },
        ] {
            assert_eq!(objective().judge(&missed), Verdict::Bad, "{missed:?}");
            assert_eq!(Objective::new("availability").judge(&missed), Verdict::Good);
        }
    }

    #[test]
    fn cancelled_failed_and_shed_operations_stay_in_the_denominator() {
        let failed = ObjectiveInput { outcome: Outcome::Failed, error_type: Some(ErrorType::Inference), ..FACTS };
        let shed = ObjectiveInput {
            outcome: Outcome::Rejected,
            error_type: Some(ErrorType::Overloaded),
            first_token: None,
            ..FACTS
        };
        assert_eq!(objective().judge(&failed), Verdict::Bad);
        assert_eq!(objective().judge(&shed), Verdict::Bad);
    }

    #[test]
    fn client_faults_do_not() {
        for fault in [ErrorType::InvalidRequest, ErrorType::Authentication] {
            let rejected = ObjectiveInput { outcome: Outcome::Rejected, error_type: Some(fault), ..FACTS };
            assert_eq!(objective().judge(&rejected), Verdict::Excluded);
        }
    }

    #[test]
    fn a_client_that_leaves_before_the_first_token_in_time_is_abandoned_and_one_that_waited_too_long_is_bad() {
        let left = ObjectiveInput {
            outcome: Outcome::Cancelled,
            first_token: None,
            per_token: None,
            longest_gap: None,
            ..FACTS
        };
        assert_eq!(objective().judge(&ObjectiveInput { duration: 500, ..left }), Verdict::Abandoned);
        assert_eq!(objective().judge(&ObjectiveInput { duration: 501, ..left }), Verdict::Bad);
    }

    #[test]
    fn pressing_stop_after_good_service_is_not_bad() {
        let stopped = ObjectiveInput { outcome: Outcome::Cancelled, ..FACTS };
        assert_eq!(objective().judge(&stopped), Verdict::Good);
        assert_eq!(objective().judge(&ObjectiveInput { per_token: Some(60), ..stopped }), Verdict::Bad);
    }
}
