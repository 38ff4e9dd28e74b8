//! Consistent probability sampling (OpenTelemetry specification): all participants that sample a trace at the same
//! ratio make the same decision. The threshold is written to the trace state (`ot=th:..`), so that a back end can
//! estimate the number of dropped traces.

use opentelemetry::trace::TraceId;
use opentelemetry::trace::TraceState;

/// The smallest random number with which a trace is kept, from 0 (keeps all traces) to 2^56 (keeps none). Random
/// numbers have 56 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Threshold(u64);

const RANDOMNESS_RANGE: u64 = 1 << 56;

/// The key of OpenTelemetry's entry in the trace state.
const TRACE_STATE_KEY: &str = "ot";

impl Threshold {
    pub(super) const KEEP_ALL: Self = Self(0);

    /// Returns the threshold that keeps this ratio of the traces, from 0 to 1. Values outside are clamped; NaN keeps
    /// none.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 2^56")]
    #[expect(clippy::cast_precision_loss, reason = "2^56 is exact")]
    pub(super) fn from_ratio(ratio: f64) -> Self {
        let ratio = if ratio.is_nan() { 0.0 } else { ratio.clamp(0.0, 1.0) };
        Self(((1.0 - ratio) * RANDOMNESS_RANGE as f64).round() as u64)
    }

    /// Returns the ratio of traces that this threshold keeps.
    #[expect(clippy::cast_precision_loss, reason = "the nearest double is precise enough for a ratio")]
    pub(super) fn ratio(self) -> f64 {
        (RANDOMNESS_RANGE - self.0) as f64 / RANDOMNESS_RANGE as f64
    }

    /// Returns the threshold whose ratio is the product of both ratios. It keeps no trace that either of them drops.
    pub(super) fn combine(self, other: Self) -> Self {
        let kept = u128::from(RANDOMNESS_RANGE - self.0) * u128::from(RANDOMNESS_RANGE - other.0)
            / u128::from(RANDOMNESS_RANGE);
        Self(RANDOMNESS_RANGE - u64::try_from(kept).unwrap_or(RANDOMNESS_RANGE))
    }

    pub(super) const fn should_keep(self, randomness: u64) -> bool {
        randomness >= self.0
    }

    /// Returns the threshold in a trace state; `None` if there is no valid one.
    pub(super) fn from_trace_state(state: &TraceState) -> Option<Self> {
        let digits = trace_state_field(state, "th")?;
        let value = parse_hex(digits).filter(|_| (1..=14).contains(&digits.len()))?;
        Some(Self(value << (4 * (14 - digits.len()))))
    }

    /// Returns the trace state with this threshold; the other fields of the state are unchanged. Returns the state
    /// unchanged if the entry would be invalid. Call this only for a kept trace: the format cannot express 2^56.
    pub(super) fn insert_into(self, state: &TraceState) -> TraceState {
        let digits = format!("{:014x}", self.0);
        let digits = digits.trim_end_matches('0');
        let threshold = format!("th:{}", if digits.is_empty() { "0" } else { digits });
        let others = state.get(TRACE_STATE_KEY).unwrap_or_default().split(';');
        let others = others.filter(|field| !field.is_empty() && !field.starts_with("th:"));
        let entry: Vec<_> = [threshold.as_str()].into_iter().chain(others).collect();
        state.insert(TRACE_STATE_KEY, entry.join(";")).unwrap_or_else(|_| state.clone())
    }
}

/// Returns the random number of a trace: a valid `rv` (14 hexadecimal digits) of its trace state, else the last 56 bits
/// of its trace id.
pub(super) fn randomness(trace: TraceId, state: &TraceState) -> u64 {
    let explicit = trace_state_field(state, "rv").filter(|digits| digits.len() == 14);
    explicit.and_then(parse_hex).unwrap_or_else(|| {
        let [.., b, c, d, e, f, g, h] = trace.to_bytes();
        u64::from_be_bytes([0, b, c, d, e, f, g, h])
    })
}

/// Returns the number that hexadecimal digits represent; `None` for other characters, for example a sign.
fn parse_hex(digits: &str) -> Option<u64> {
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(digits, 16).ok().filter(|_| is_hex)
}

fn trace_state_field<'a>(state: &'a TraceState, name: &str) -> Option<&'a str> {
    let fields = state.get(TRACE_STATE_KEY)?.split(';');
    fields.filter_map(|field| field.split_once(':')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ratios_are_written_as_in_the_specification() {
        let header = |ratio| Threshold::from_ratio(ratio).insert_into(&TraceState::default()).header();
        assert_eq!(header(1.0), "ot=th:0");
        assert_eq!(header(0.5), "ot=th:8");
        assert_eq!(header(0.25), "ot=th:c");
        assert_eq!(header(0.01), "ot=th:fd70a3d70a3d7");
    }

    #[test]
    fn other_fields_of_the_trace_state_are_kept() {
        let state = TraceState::from_key_value([("other", "x"), ("ot", "rv:00000000000001;th:8;p:1")]).unwrap();
        assert_eq!(Threshold::from_trace_state(&state), Some(Threshold::from_ratio(0.5)));
        assert_eq!(randomness(TraceId::from(u128::MAX), &state), 1);
        let state = Threshold::from_ratio(0.25).insert_into(&state);
        assert_eq!(state.get("ot"), Some("th:c;rv:00000000000001;p:1"));
        assert_eq!(state.get("other"), Some("x"));
    }

    #[test]
    fn an_invalid_threshold_in_the_trace_state_is_ignored() {
        for invalid in ["th:", "th:xyz", "th:+8", "th:000000000000000", "8", ""] {
            let state = TraceState::from_key_value([("ot", invalid)]).unwrap();
            assert_eq!(Threshold::from_trace_state(&state), None, "{invalid}");
        }
    }

    proptest! {
        #[test]
        fn a_threshold_can_be_read_back_from_the_trace_state(ratio in 0.000_001..=1.0_f64) {
            let threshold = Threshold::from_ratio(ratio);
            prop_assert_eq!(Threshold::from_trace_state(&threshold.insert_into(&TraceState::default())), Some(threshold));
            prop_assert!((threshold.ratio() - ratio).abs() < 1e-12);
        }

        #[test]
        fn combined_ratios_multiply_and_keep_no_trace_that_the_first_drops(
            one in 0.0..=1.0_f64, other in 0.0..=1.0_f64, random in 0..RANDOMNESS_RANGE,
        ) {
            let (one, other) = (Threshold::from_ratio(one), Threshold::from_ratio(other));
            let combined = one.combine(other);
            prop_assert!((combined.ratio() - one.ratio() * other.ratio()).abs() < 1e-12);
            prop_assert!(!combined.should_keep(random) || one.should_keep(random));
            prop_assert!(Threshold::KEEP_ALL.should_keep(random) && !Threshold::from_ratio(0.0).should_keep(random));
        }
    }
}
