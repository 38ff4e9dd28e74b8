//! Conversions of numbers that may lose precision or range.

/// Converts to the nearest double. Exact below 2^53: 9 * 10^15 items, or 104 days in nanoseconds.
#[expect(clippy::cast_precision_loss, reason = "the nearest double is what is wanted")]
#[inline]
pub(crate) const fn to_f64(number: u64) -> f64 {
    number as f64
}

/// Converts a count of items in memory.
pub(crate) const fn count_to_f64(count: usize) -> f64 {
    to_f64(count as u64)
}

/// Returns the sum of the known numbers; `None` if none is known.
#[cfg(feature = "sse")]
pub(crate) fn sum_known<const N: usize>(numbers: [Option<u64>; N]) -> Option<u64> {
    numbers.into_iter().flatten().reduce(u64::saturating_add)
}

/// Converts to the integer type of attributes and `tracing` fields. Returns `None` for a number that does not fit.
pub(crate) fn to_i64(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}
