//! What a measurement is made of before a backend sees it: label sets, bucket bounds, a stream's own histogram.

mod device;

use std::borrow::Cow;
use std::sync::Arc;

pub(crate) use self::device::DeviceRecord;
use crate::clock::nanos;
use crate::clock::seconds;
use crate::semconv::value::FinishReason;
use crate::timing::EvenGaps;

/// One label, under the conventions' dotted name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Label {
    pub(crate) name: Cow<'static, str>,
    pub(crate) value: LabelValue,
}

/// A label's value: a word of the conventions, or a name that passed the guard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum LabelValue {
    Static(&'static str),
    Shared(Arc<str>),
    /// A number to OpenTelemetry, its digits to Prometheus.
    #[cfg(feature = "tower")]
    Number(i64, Arc<str>),
}

impl LabelValue {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Shared(text) => text,
            #[cfg(feature = "tower")]
            Self::Number(_, digits) => digits,
        }
    }
}

impl From<&'static str> for LabelValue {
    fn from(text: &'static str) -> Self {
        Self::Static(text)
    }
}

impl From<Arc<str>> for LabelValue {
    fn from(text: Arc<str>) -> Self {
        Self::Shared(text)
    }
}

#[cfg(feature = "tower")]
impl From<u16> for LabelValue {
    fn from(number: u16) -> Self {
        Self::Number(i64::from(number), number.to_string().into())
    }
}

impl Label {
    pub(crate) fn new(name: impl Into<Cow<'static, str>>, value: impl Into<LabelValue>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// A value read at collection, with its labels.
#[derive(Debug, Clone)]
pub(crate) struct Observation {
    pub(crate) labels: Vec<Label>,
    pub(crate) value: f64,
}

/// Why the choices of an answer ended, in the order of the choices. One choice takes no memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FinishReasons {
    pub(crate) first: Option<FinishReason>,
    pub(crate) others: Vec<FinishReason>,
}

impl FinishReasons {
    pub(crate) const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.first.iter().chain(&self.others).map(FinishReason::as_str)
    }
}

/// The trace that an operation belongs to. Kept only when the span is sampled, so that a link never points nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceLink {
    /// Bytes, not numbers: a number of 128 bits would widen every operation by its alignment.
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
}

impl TraceLink {
    /// The part of the trace's number that is random.
    pub(crate) const fn random(self) -> u64 {
        let [.., a, b, c, d, e, f, g, h] = self.trace_id;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

/// Upper bounds of a histogram's buckets, inclusive; the last bucket, to infinity, is not named.
#[derive(Debug, Clone)]
pub(crate) struct BucketBounds {
    values: Arc<[f64]>,
    nanos: Arc<[u64]>,
}

impl BucketBounds {
    pub(crate) fn new(values: &[f64]) -> Self {
        let nanos = values.iter().map(|bound| nanos(std::time::Duration::from_secs_f64(*bound))).collect();
        Self { values: values.into(), nanos }
    }

    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The bucket of a value. Comparing with every bound is faster than searching: nothing is there to mispredict.
    pub(crate) fn bucket(&self, value: f64) -> usize {
        self.values.iter().map(|bound| usize::from(value > *bound)).sum()
    }

    /// The bucket of a time, and the times that lie in the same one.
    fn bucket_of_nanos(&self, nanos: u64) -> Bucket {
        let bucket: usize = self.nanos.iter().map(|bound| usize::from(nanos > *bound)).sum();
        let lowest = bucket.checked_sub(1).map_or(0, |below| self.nanos[below].saturating_add(1));
        Bucket {
            bucket: u8::try_from(bucket).unwrap_or(u8::MAX),
            lowest,
            highest: self.nanos.get(bucket).copied().unwrap_or(u64::MAX),
        }
    }
}

/// A bucket and its edges, both inclusive, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bucket {
    bucket: u8,
    lowest: u64,
    highest: u64,
}

impl Bucket {
    /// Where no time lies.
    const NOWHERE: Self = Self { bucket: 0, lowest: u64::MAX, highest: 0 };

    const fn holds(self, nanos: u64) -> bool {
        self.lowest <= nanos && nanos <= self.highest
    }
}

/// The most finite bounds of a row that streams keep their own histogram of.
pub(crate) const LOCAL_BOUNDS: usize = 31;

const _: () = assert!((LOCAL_BOUNDS + 1).is_power_of_two(), "it serves as a mask");

/// A stream's own histogram: plain integers, no lock, merged into the shared one now and then.
#[derive(Debug, Clone)]
pub(crate) struct LocalHistogram {
    counts: [u32; LOCAL_BOUNDS + 1],
    sum_nanos: u64,
    /// Of the last time. The times of one stream are alike, so most need no search.
    last: Bucket,
}

impl LocalHistogram {
    pub(crate) const fn new() -> Self {
        Self { counts: [0; LOCAL_BOUNDS + 1], sum_nanos: 0, last: Bucket::NOWHERE }
    }

    #[inline]
    pub(crate) fn record<'a>(&mut self, bounds: impl Fn() -> &'a BucketBounds, share: EvenGaps) {
        if share.units == 1 && self.last.holds(share.nanos) {
            self.add(1);
        } else {
            self.search(bounds(), share);
        }
        self.sum_nanos += share.nanos;
    }

    #[inline(never)]
    fn search(&mut self, bounds: &BucketBounds, share: EvenGaps) {
        for (nanos, times) in share.runs() {
            if times > 0 {
                self.last = bounds.bucket_of_nanos(nanos);
                self.add(u32::try_from(times).unwrap_or(u32::MAX));
            }
        }
    }

    #[inline]
    fn add(&mut self, times: u32) {
        // No row has more bounds than a stream keeps, so the mask changes nothing; it spares a check.
        let count = &mut self.counts[usize::from(self.last.bucket) & LOCAL_BOUNDS];
        *count = count.saturating_add(times);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| *count == 0)
    }

    /// Gives the counts by bucket (as many as the row has, the one to infinity last) and the sum in seconds, and
    /// starts again from zero.
    pub(crate) fn take(&mut self, into: impl FnOnce(&[u32], f64)) {
        into(&self.counts, seconds(self.sum_nanos));
        *self = Self { last: self.last, ..Self::new() };
    }
}

/// A shared histogram.
#[derive(Debug, Clone)]
pub(crate) struct HistogramData {
    pub(crate) counts: Box<[u64]>,
    pub(crate) sum: f64,
}

impl HistogramData {
    pub(crate) fn new(bounds: &BucketBounds) -> Self {
        Self { counts: vec![0; bounds.values().len() + 1].into_boxed_slice(), sum: 0.0 }
    }

    pub(crate) fn record(&mut self, bounds: &BucketBounds, value: f64) {
        self.counts[bounds.bucket(value)] += 1;
        self.sum += value;
    }

    pub(crate) fn merge(&mut self, counts: &[u32], sum: f64) {
        for (total, count) in self.counts.iter_mut().zip(counts) {
            *total += u64::from(*count);
        }
        self.sum += sum;
    }

    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// Raw gaps on their way to a backend that cannot take a histogram: at most a few wait, and never past the end.
#[derive(Debug, Clone)]
pub(crate) struct RawGapBuffer {
    gaps: [EvenGaps; Self::CAPACITY],
    used: u8,
}

impl RawGapBuffer {
    const CAPACITY: usize = 4;

    pub(crate) const fn new() -> Self {
        Self { gaps: [EvenGaps { nanos: 0, units: 1 }; Self::CAPACITY], used: 0 }
    }

    /// Keeps a share. A full ring must be cleared before the next one.
    #[inline]
    pub(crate) fn push(&mut self, share: EvenGaps) {
        if let Some(place) = self.gaps.get_mut(usize::from(self.used)) {
            *place = share;
            self.used += 1;
        }
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.used as usize == Self::CAPACITY
    }

    /// Every sample, in seconds.
    #[inline]
    pub(crate) fn each(&self, mut record: impl FnMut(f64)) {
        for share in &self.gaps[..usize::from(self.used)] {
            if share.units == 1 {
                record(seconds(share.nanos));
                continue;
            }
            for (nanos, times) in share.runs() {
                (0..times).for_each(|_| record(seconds(nanos)));
            }
        }
    }

    pub(crate) const fn clear(&mut self) {
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_local_histogram_and_a_ring_hold_the_same_samples(
            shares in prop::collection::vec((0..3_000_000_000_u64, 1..40_u64), 1..60),
        ) {
            let bounds = BucketBounds::new(&[0.001, 0.01, 0.1, 1.0]);
            let (mut local, mut ring) = (LocalHistogram::new(), RawGapBuffer::new());
            let mut direct = HistogramData::new(&bounds);
            let mut total = 0;
            for (nanos, units) in shares {
                let share = EvenGaps { nanos, units };
                total += nanos;
                local.record(|| &bounds, share);
                ring.push(share);
                if ring.is_full() {
                    ring.each(|value| direct.record(&bounds, value));
                    ring.clear();
                }
            }
            ring.each(|value| direct.record(&bounds, value));
            let mut merged = HistogramData::new(&bounds);
            local.take(|counts, sum| merged.merge(counts, sum));
            prop_assert!(local.is_empty());
            prop_assert_eq!(&merged.counts, &direct.counts);
            prop_assert!((merged.sum - direct.sum).abs() < 1e-9 * (1.0 + direct.sum));
            prop_assert_eq!(merged.sum.to_bits(), seconds(total).to_bits());
        }
    }

    #[test]
    fn a_value_on_a_bound_lies_below_it() {
        let bounds = BucketBounds::new(&[0.02, 0.04]);
        assert_eq!(bounds.bucket(0.02), 0);
        assert_eq!(bounds.bucket_of_nanos(20_000_000).bucket, 0);
        assert_eq!(bounds.bucket_of_nanos(20_000_001).bucket, 1);
        assert_eq!(bounds.bucket(f64::MAX), 2);
        for nanos in [0, 20_000_000, 20_000_001, 40_000_000, 40_000_001, u64::MAX] {
            assert!(bounds.bucket_of_nanos(nanos).holds(nanos));
        }
        assert!(!bounds.bucket_of_nanos(20_000_000).holds(20_000_001));
        assert!(!bounds.bucket_of_nanos(20_000_001).holds(20_000_000));
    }
}
