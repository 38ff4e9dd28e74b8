//! Consistent probability sampling (OpenTelemetry specification): all participants that sample a trace at the same
//! ratio make the same decision. The threshold is written to the trace state (`ot=th:..`), so that a back end can
//! estimate the number of dropped traces.

use opentelemetry::trace::TraceId;
use opentelemetry::trace::TraceState;

/// The minimum random number of a trace that is kept: 56 bits, from 0 (keeps all traces) to 2^56 (keeps none).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Threshold(u64);

const ALL: u64 = 1 << 56;

/// The key of OpenTelemetry's entry in the trace state.
const ENTRY: &str = "ot";

impl Threshold {
    pub(super) const KEEP_ALL: Self = Self(0);

    /// Returns the threshold that keeps this ratio of the traces, from 0 to 1. Values outside are clamped; NaN keeps
    /// none.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 2^56")]
    #[expect(clippy::cast_precision_loss, reason = "2^56 is exact")]
    pub(super) fn from_ratio(share: f64) -> Self {
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        Self(((1.0 - share) * ALL as f64).round() as u64)
    }

    /// Returns the ratio of traces that this threshold keeps.
    #[expect(clippy::cast_precision_loss, reason = "the nearest double is precise enough for a ratio")]
    pub(super) fn ratio(self) -> f64 {
        (ALL - self.0) as f64 / ALL as f64
    }

    /// Returns the threshold of two samplers in sequence: its ratio is the product of both ratios.
    pub(super) fn combine(self, share: Self) -> Self {
        let kept = u128::from(ALL - self.0) * u128::from(ALL - share.0) / u128::from(ALL);
        Self(ALL - u64::try_from(kept).unwrap_or(ALL))
    }

    pub(super) const fn should_keep(self, randomness: u64) -> bool {
        randomness >= self.0
    }

    /// Returns the threshold in a trace state; `None` if there is no valid one.
    pub(super) fn of_state(state: &TraceState) -> Option<Self> {
        let digits = field(state, "th")?;
        let value = u64::from_str_radix(digits, 16).ok().filter(|_| (1..=14).contains(&digits.len()))?;
        Some(Self(value << (4 * (14 - digits.len()))))
    }

    /// Returns the trace state with this threshold. The other fields of the state are kept.
    pub(super) fn into_state(self, state: &TraceState) -> TraceState {
        let digits = format!("{:014x}", self.0);
        let digits = digits.trim_end_matches('0');
        let threshold = format!("th:{}", if digits.is_empty() { "0" } else { digits });
        let others = state.get(ENTRY).unwrap_or_default().split(';');
        let others = others.filter(|field| !field.is_empty() && !field.starts_with("th:"));
        let entry: Vec<_> = [threshold.as_str()].into_iter().chain(others).collect();
        state.insert(ENTRY, entry.join(";")).unwrap_or_else(|_| state.clone())
    }
}

/// Returns the random number of a trace: `rv` of its trace state if present, else the last 56 bits of its trace id.
pub(super) fn randomness(trace: TraceId, state: &TraceState) -> u64 {
    let said = field(state, "rv").filter(|digits| digits.len() == 14);
    said.and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_else(|| {
        let [.., b, c, d, e, f, g, h] = trace.to_bytes();
        u64::from_be_bytes([0, b, c, d, e, f, g, h])
    })
}

fn field<'a>(state: &'a TraceState, name: &str) -> Option<&'a str> {
    let fields = state.get(ENTRY)?.split(';');
    fields.filter_map(|field| field.split_once(':')).find(|(known, _)| *known == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_are_written_as_the_specification_writes_them() {
        let written = |share| Threshold::from_ratio(share).into_state(&TraceState::default()).header();
        assert_eq!(written(1.0), "ot=th:0");
        assert_eq!(written(0.5), "ot=th:8");
        assert_eq!(written(0.25), "ot=th:c");
        assert_eq!(written(0.01), "ot=th:fd70a3d70a3d7");
    }

    #[test]
    fn what_else_the_state_says_stays() {
        let state = TraceState::from_key_value([("other", "x"), ("ot", "rv:00000000000001;th:8;p:1")]).unwrap();
        assert_eq!(Threshold::of_state(&state), Some(Threshold::from_ratio(0.5)));
        assert_eq!(randomness(TraceId::from(u128::MAX), &state), 1);
        let state = Threshold::from_ratio(0.25).into_state(&state);
        assert_eq!(state.get("ot"), Some("th:c;rv:00000000000001;p:1"));
        assert_eq!(state.get("other"), Some("x"));
    }

    #[test]
    fn nonsense_in_the_state_is_no_threshold() {
        for nonsense in ["th:", "th:xyz", "th:000000000000000", "8", ""] {
            let state = TraceState::from_key_value([("ot", nonsense)]).unwrap();
            assert_eq!(Threshold::of_state(&state), None, "{nonsense}");
        }
    }

    proptest! {
        #[test]
        fn a_threshold_survives_being_written(share in 0.000_001..=1.0_f64) {
            let threshold = Threshold::from_ratio(share);
            prop_assert_eq!(Threshold::of_state(&threshold.into_state(&TraceState::default())), Some(threshold));
            prop_assert!((threshold.ratio() - share).abs() < 1e-12);
        }

        #[test]
        fn shares_multiply_and_the_smaller_keeps_nothing_that_the_larger_drops(
            one in 0.0..=1.0_f64, other in 0.0..=1.0_f64, random in 0..ALL,
        ) {
            let (one, other) = (Threshold::from_ratio(one), Threshold::from_ratio(other));
            let both = one.combine(other);
            prop_assert!((both.ratio() - one.ratio() * other.ratio()).abs() < 1e-12);
            prop_assert!(!both.should_keep(random) || one.should_keep(random));
            prop_assert!(Threshold::KEEP_ALL.should_keep(random) && !Threshold::from_ratio(0.0).should_keep(random));
        }
    }
}
