//! Service-level objectives. Each operation is judged in process, because histograms cannot show how many operations
//! met two limits at the same time. The results of the last hour are kept, so that the application can read the
//! [`Attainment`] of an objective without a query ([failover](crate::guide::failover)).

mod attainment;
mod rolling;

use std::borrow::Cow;
use std::time::Duration;

pub use self::attainment::Attainment;
pub(crate) use self::rolling::RollingResults;
use crate::clock::duration_to_nanos;
use crate::semconv::value::ErrorType;
use crate::semconv::value::Outcome;
pub use crate::semconv::value::Window;

/// The judgements of one operation by each objective, as bit sets indexed by objective.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Judgements {
    judged: u64,
    missed: u64,
}

impl Judgements {
    /// Records the judgement by the objective at `index`. Only the first 64 objectives are recorded.
    pub(crate) fn insert(&mut self, index: usize, good: bool) {
        let bit = u32::try_from(index).ok().and_then(|shift| 1_u64.checked_shl(shift)).unwrap_or(0);
        self.judged |= bit;
        self.missed |= if good { 0 } else { bit };
    }

    /// Returns whether the objective at `index` was met; `None` if the operation was not judged by this
    /// objective.
    pub(crate) fn is_met(self, index: usize) -> Option<bool> {
        let bit = u32::try_from(index).ok().and_then(|shift| 1_u64.checked_shl(shift)).unwrap_or(0);
        (self.judged & bit != 0).then_some(self.missed & bit == 0)
    }

    /// Returns whether every objective that judged the operation was met; `None` if none judged it.
    pub(crate) const fn is_good(self) -> Option<bool> {
        if self.judged == 0 { None } else { Some(self.missed == 0) }
    }
}

/// A service-level objective: an operation is good if it completed, or was cancelled after the first token, and met
/// every limit that is set. A limit of a time that was not measured counts as met, such as a gap of an operation
/// without a stream. A failed or rejected operation is not good. An operation is not judged if its error is the
/// caller's fault, such as an invalid request, or if it was cancelled before the first token, within the limit of the
/// time to first token and that of the duration.
///
/// Each limit of an objective of [`ObserverBuilder::objective`](crate::ObserverBuilder::objective) is also added as an
/// exact bucket bound of the histograms of the same time.
///
/// ```
/// use llmobs::Objective;
/// use llmobs::Observer;
/// use std::time::Duration;
///
/// let observer = Observer::builder()
///     .model("m")
///     .objective(Objective::interactive().target(0.95))
///     .objective(Objective::new("report").duration(Duration::from_secs(60)))
///     .build()?;
/// # let _ = observer;
/// # Ok::<(), llmobs::BuildError>(())
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
    /// Creates an objective without limits and with the target 0.99: every operation that completes is good, and one
    /// that is cancelled after its first token. A name has 1 to 128 bytes and no control characters, which `build` of
    /// the observer checks.
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

    /// Creates the objective `interactive`, for a user who waits for each word, such as in a code editor: time to first
    /// token 500 ms, time per output token 30 ms, for 99 % of the operations. These are the limits of the interactive
    /// category of `MLPerf` Inference for Llama 3.1 8B ([rules][mlperf], section 4.1, July 2026). For larger models, the
    /// same rules set 450 ms and 40 ms (Llama 2 70B), 2 s and 20 ms (GPT-OSS 120B) or 1.5 s and 15 ms (DeepSeek R1). The
    /// setters replace a limit.
    ///
    /// ```
    /// use llmobs::Objective;
    /// use std::time::Duration;
    ///
    /// let limits = Objective::new("interactive")
    ///     .time_to_first_token(Duration::from_millis(500))
    ///     .time_per_output_token(Duration::from_millis(30))
    ///     .target(0.99);
    /// assert_eq!(Objective::interactive(), limits);
    /// ```
    ///
    /// [mlperf]: https://github.com/mlcommons/inference_policies/blob/master/inference_rules.adoc
    pub fn interactive() -> Self {
        Self::new("interactive")
            .time_to_first_token(Duration::from_millis(500))
            .time_per_output_token(Duration::from_millis(30))
    }

    /// Creates the objective `conversational`, for a user who reads along in a chat: time to first token 2 s, time per
    /// output token 100 ms, for 99 % of the operations. These are the limits of the conversational category of `MLPerf`
    /// Inference for Llama 3.1 8B ([rules][mlperf], section 4.1, July 2026). For Llama 2 70B, the same rules set 2 s and
    /// 200 ms. The setters replace a limit.
    ///
    /// ```
    /// use llmobs::Objective;
    /// use std::time::Duration;
    ///
    /// let limits = Objective::new("conversational")
    ///     .time_to_first_token(Duration::from_secs(2))
    ///     .time_per_output_token(Duration::from_millis(100))
    ///     .target(0.99);
    /// assert_eq!(Objective::conversational(), limits);
    /// ```
    ///
    /// [mlperf]: https://github.com/mlcommons/inference_policies/blob/master/inference_rules.adoc
    pub fn conversational() -> Self {
        Self::new("conversational")
            .time_to_first_token(Duration::from_secs(2))
            .time_per_output_token(Duration::from_millis(100))
    }

    /// Sets the target ratio of good to judged operations, from 0 to 1, which is not checked. Defaults to 0.99.
    /// Recorded as `llmobs.objective.target`.
    pub const fn target(mut self, ratio: f64) -> Self {
        self.target = ratio;
        self
    }

    /// Sets the maximum time to first token, measured from the start of the operation. Defaults to no limit.
    pub fn time_to_first_token(mut self, limit: Duration) -> Self {
        self.time_to_first_token = Some(duration_to_nanos(limit));
        self
    }

    /// Sets the maximum mean time per token after the first, measured from the first token to the last; without
    /// a stream, to the end of the operation. Defaults to no limit.
    pub fn time_per_output_token(mut self, limit: Duration) -> Self {
        self.time_per_output_token = Some(duration_to_nanos(limit));
        self
    }

    /// Sets the maximum gap of a stream between a token and the next. If the operation did not complete, the wait for a
    /// token that did not come is a gap too. Defaults to no limit.
    pub fn longest_gap(mut self, limit: Duration) -> Self {
        self.longest_gap = Some(duration_to_nanos(limit));
        self
    }

    /// Sets the maximum duration of the operation, from start to end. Defaults to no limit.
    pub fn duration(mut self, limit: Duration) -> Self {
        self.duration = Some(duration_to_nanos(limit));
        self
    }

    /// Returns the limits that are set, as pairs of the name of the time and the limit in nanoseconds.
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
    pub(crate) fn judge(&self, input: &ObjectiveInput) -> Verdict {
        let exceeds = |limit: Option<u64>, value: Option<u64>| matches!((limit, value), (Some(limit), Some(value)) if value > limit);
        let expired_without = |limit: Option<u64>, value: Option<u64>| matches!((limit, value), (Some(limit), None) if input.duration > limit);
        match input.outcome {
            _ if input.error_type.is_some_and(ErrorType::is_client_fault) => Verdict::Excluded,
            Outcome::Failed | Outcome::Rejected => Verdict::Bad,
            Outcome::Cancelled if input.time_to_first_token.is_none() => {
                // The caller left before the first token. An operation that had already missed a limit is bad; for any
                // other operation the result is unknown.
                let missed =
                    expired_without(self.time_to_first_token, None) || exceeds(self.duration, Some(input.duration));
                if missed { Verdict::Bad } else { Verdict::Abandoned }
            }
            Outcome::Cancelled | Outcome::Completed => {
                let missed = exceeds(self.time_to_first_token, input.time_to_first_token)
                    || exceeds(self.time_per_output_token, input.time_per_output_token)
                    || exceeds(self.longest_gap, input.longest_gap)
                    || exceeds(self.duration, Some(input.duration));
                if missed { Verdict::Bad } else { Verdict::Good }
            }
        }
    }
}

/// The data of an ended operation that objectives judge. Times are in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ObjectiveInput {
    pub(crate) outcome: Outcome,
    pub(crate) error_type: Option<ErrorType>,
    pub(crate) time_to_first_token: Option<u64>,
    pub(crate) time_per_output_token: Option<u64>,
    pub(crate) longest_gap: Option<u64>,
    pub(crate) duration: u64,
}

/// The judgement of an operation by one objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Good,
    Bad,
    /// The caller was at fault, so the operation is not counted.
    Excluded,
    /// The caller left before the first token and before a limit was missed, so the operation is not counted.
    Abandoned,
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: ObjectiveInput = ObjectiveInput {
        outcome: Outcome::Completed,
        error_type: None,
        time_to_first_token: Some(400),
        time_per_output_token: Some(40),
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
        assert_eq!(objective().judge(&INPUT), Verdict::Good);
        for missed in [
            ObjectiveInput { time_to_first_token: Some(501), ..INPUT },
            ObjectiveInput { time_per_output_token: Some(51), ..INPUT },
            ObjectiveInput { longest_gap: Some(101), ..INPUT },
            ObjectiveInput { duration: 3_001, ..INPUT },
        ] {
            assert_eq!(objective().judge(&missed), Verdict::Bad, "{missed:?}");
            assert_eq!(Objective::new("availability").judge(&missed), Verdict::Good);
        }
    }

    #[test]
    fn a_preset_judges_by_the_limits_of_its_category() {
        let (interactive, conversational) = (Objective::interactive(), Objective::conversational());
        let verdicts = |first: u64, each: u64| {
            let (first, each) = (first * 1_000_000, each * 1_000_000);
            let input = ObjectiveInput { time_to_first_token: Some(first), time_per_output_token: Some(each), ..INPUT };
            [interactive.judge(&input), conversational.judge(&input)]
        };
        assert_eq!(verdicts(500, 30), [Verdict::Good, Verdict::Good]);
        assert_eq!(verdicts(501, 30), [Verdict::Bad, Verdict::Good]);
        assert_eq!(verdicts(500, 31), [Verdict::Bad, Verdict::Good]);
        assert_eq!(verdicts(2_000, 100), [Verdict::Bad, Verdict::Good]);
        assert_eq!(verdicts(2_001, 100), [Verdict::Bad, Verdict::Bad]);
        assert_eq!(verdicts(2_000, 101), [Verdict::Bad, Verdict::Bad]);
    }

    #[test]
    fn failed_and_rejected_operations_count_as_bad() {
        let failed = ObjectiveInput { outcome: Outcome::Failed, error_type: Some(ErrorType::Inference), ..INPUT };
        let rejected = ObjectiveInput {
            outcome: Outcome::Rejected,
            error_type: Some(ErrorType::Overloaded),
            time_to_first_token: None,
            ..INPUT
        };
        assert_eq!(objective().judge(&failed), Verdict::Bad);
        assert_eq!(objective().judge(&rejected), Verdict::Bad);
    }

    #[test]
    fn client_faults_are_excluded() {
        for fault in [ErrorType::InvalidRequest, ErrorType::Authentication] {
            let rejected = ObjectiveInput { outcome: Outcome::Rejected, error_type: Some(fault), ..INPUT };
            assert_eq!(objective().judge(&rejected), Verdict::Excluded);
        }
    }

    #[test]
    fn a_cancellation_before_the_first_token_is_abandoned_within_the_limit_and_bad_after_it() {
        let cancelled = ObjectiveInput {
            outcome: Outcome::Cancelled,
            time_to_first_token: None,
            time_per_output_token: None,
            longest_gap: None,
            ..INPUT
        };
        assert_eq!(objective().judge(&ObjectiveInput { duration: 500, ..cancelled }), Verdict::Abandoned);
        assert_eq!(objective().judge(&ObjectiveInput { duration: 501, ..cancelled }), Verdict::Bad);
    }

    #[test]
    fn a_cancellation_after_good_service_is_not_bad() {
        let cancelled = ObjectiveInput { outcome: Outcome::Cancelled, ..INPUT };
        assert_eq!(objective().judge(&cancelled), Verdict::Good);
        assert_eq!(objective().judge(&ObjectiveInput { time_per_output_token: Some(60), ..cancelled }), Verdict::Bad);
    }
}
