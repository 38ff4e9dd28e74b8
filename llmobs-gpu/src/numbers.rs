//! Conversions of numbers and of units.

use std::time::Duration;

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53, which is 9 GJ in microjoules and 104 days in ns")]
pub(crate) const fn to_f64(value: u64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
pub(crate) const fn count_to_f64(count: usize) -> f64 {
    count as f64
}

pub(crate) fn nanos_to_seconds(nanos: u64) -> f64 {
    to_f64(nanos) / 1e9
}

pub(crate) fn microjoules_to_joules(microjoules: u64) -> f64 {
    to_f64(microjoules) / 1e6
}

/// Converts to nanoseconds, saturating after 584 years.
pub(crate) const fn duration_to_nanos(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(duration.subsec_nanos() as u64)
}
