//! The time that was spent in something over the last minute, for the causes of stalls. Lock-free: engines and probes add
//! to it from their threads, and a stream that stalled reads it.

use std::ops::Range;

use crate::sync::AtomicU64;
use crate::sync::Ordering;

/// The length of a bucket in nanoseconds.
pub(super) const BUCKET: u64 = 250_000_000;

/// The number of buckets: 64 seconds.
pub(super) const BUCKETS: u64 = SLOTS as u64;

const SLOTS: usize = 256;

/// The number of bits of a slot that hold nanoseconds; a bucket has fewer than 2 to this power.
const NANOS_BITS: u32 = 28;

const NANOS_MASK: u64 = (1 << NANOS_BITS) - 1;

/// The nanoseconds spent in something, by quarter second, over the last 64 seconds. Time of overlapping intervals counts
/// once where it fills a bucket.
#[derive(Debug)]
pub(crate) struct RecentTime {
    /// Each slot holds the number of its bucket in the upper bits, and the nanoseconds in that bucket in the lower bits:
    /// one word, so that a reader never sees the time of another bucket.
    slots: [AtomicU64; SLOTS],
}

impl RecentTime {
    /// Returns a record without any time.
    pub(crate) fn new() -> Self {
        Self { slots: std::array::from_fn(|_| AtomicU64::new(0)) }
    }

    /// Adds the interval from `from` to `to`, in nanoseconds. Of a long interval, the last 64 seconds are added.
    pub(crate) fn add(&self, from: u64, to: u64) {
        for bucket in buckets(from, to) {
            let nanos = overlap(bucket, from, to);
            let add = |word: u64| match word >> NANOS_BITS {
                known if known == bucket => Some(pack(bucket, ((word & NANOS_MASK) + nanos).min(BUCKET))),
                // A later time has replaced the bucket.
                known if known > bucket => None,
                _ => Some(pack(bucket, nanos)),
            };
            let _ = self.slot(bucket).fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        }
    }

    /// Returns the nanoseconds from `from` to `to`, in nanoseconds, that were spent in it. The time of a bucket that the
    /// interval covers in part counts in proportion, so each end of the interval is wrong by at most 62.5 ms. Time that
    /// is more than 64 seconds before the last addition is forgotten.
    pub(crate) fn within(&self, from: u64, to: u64) -> u64 {
        let part = |bucket| {
            let word = self.slot(bucket).load(Ordering::Relaxed);
            let nanos = if word >> NANOS_BITS == bucket { word & NANOS_MASK } else { 0 };
            nanos * overlap(bucket, from, to) / BUCKET
        };
        buckets(from, to).map(part).sum()
    }

    fn slot(&self, bucket: u64) -> &AtomicU64 {
        &self.slots[(bucket % BUCKETS) as usize]
    }
}

/// Returns the buckets of the interval from `from` to `to`, at most the last 256.
fn buckets(from: u64, to: u64) -> Range<u64> {
    let end = if from < to { to.div_ceil(BUCKET) } else { 0 };
    (from / BUCKET).max(end.saturating_sub(BUCKETS))..end
}

/// Returns the nanoseconds of a bucket that are between `from` and `to`.
fn overlap(bucket: u64, from: u64, to: u64) -> u64 {
    to.min((bucket + 1).saturating_mul(BUCKET)) - from.max(bucket * BUCKET)
}

const fn pack(bucket: u64, nanos: u64) -> u64 {
    bucket << NANOS_BITS | nanos
}
