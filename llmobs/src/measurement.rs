//! The parts of a measurement that do not depend on the backend: label sets, the ids of spans, bucket bounds, and the
//! local histogram of a stream.

mod device;
mod record_id;
mod span_ids;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::SpanId;
use opentelemetry::TraceFlags;
use opentelemetry::TraceId;
use opentelemetry::trace::SpanContext;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::trace::TraceState;

pub(crate) use self::device::DeviceRecord;
pub use self::record_id::RecordId;
pub use self::span_ids::SpanIds;
pub(crate) use self::span_ids::SpanIdsSource;
use crate::clock::duration_to_nanos;
use crate::clock::nanos_to_seconds;
use crate::semconv::value::FinishReason;
use crate::text::display_fn;
use crate::timing::EvenGaps;

/// One label with its dotted OpenTelemetry name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Label {
    pub(crate) name: Cow<'static, str>,
    pub(crate) value: LabelValue,
}

/// The value of a label: a static text, a text that passed the cardinality limiter, or an integer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum LabelValue {
    Static(&'static str),
    Shared(Arc<str>),
    /// An integer in OpenTelemetry, and its decimal digits on the Prometheus page.
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

/// An observed value with its labels, read at collection.
#[derive(Debug, Clone)]
pub(crate) struct Observation {
    pub(crate) labels: Vec<Label>,
    pub(crate) value: f64,
}

/// The finish reasons of an answer, in the order of its choices. One choice needs no heap memory.
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

/// The trace and span of an operation. Recorded as an exemplar only if the span is sampled, so that an exemplar never
/// links to a missing trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceLink {
    /// Stored as bytes, because the alignment of a `u128` would enlarge every operation.
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
}

impl TraceLink {
    /// Returns the ids of a span if the span is sampled.
    pub(crate) fn of_sampled(span: &SpanContext) -> Option<Self> {
        span.is_sampled().then(|| span.into())
    }

    /// Returns the trace id as 32 hexadecimal digits.
    pub(crate) fn trace_id_hex(self) -> impl fmt::Display {
        display_fn(move |f| write!(f, "{:032x}", u128::from_be_bytes(self.trace_id)))
    }

    /// Returns the span id as 16 hexadecimal digits.
    pub(crate) fn span_id_hex(self) -> impl fmt::Display {
        display_fn(move |f| write!(f, "{:016x}", u64::from_be_bytes(self.span_id)))
    }

    /// Returns a context with the span as the current one, for a span that has already ended. The span must be sampled.
    pub(crate) fn to_context(self) -> Context {
        let (trace, span) = (TraceId::from_bytes(self.trace_id), SpanId::from_bytes(self.span_id));
        let span = SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::default());
        Context::new().with_remote_span_context(span)
    }

    /// Returns the random part of the trace id: its last 8 bytes.
    pub(crate) const fn randomness(self) -> u64 {
        let [.., a, b, c, d, e, f, g, h] = self.trace_id;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl From<&SpanContext> for TraceLink {
    fn from(span: &SpanContext) -> Self {
        Self { trace_id: span.trace_id().to_bytes(), span_id: span.span_id().to_bytes() }
    }
}

/// The inclusive upper bounds of a histogram's buckets. The last bucket, up to infinity, has no bound in the list.
#[derive(Debug, Clone)]
pub(crate) struct BucketBounds {
    /// The bounds in the unit of the row.
    values: Arc<[f64]>,
    /// The bounds in nanoseconds, for a row in seconds.
    nanos: Arc<[u64]>,
}

impl BucketBounds {
    pub(crate) fn new(values: &[f64]) -> Self {
        // The bounds of a row in another unit may not fit a duration. Its values are never compared in nanoseconds.
        let to_nanos = |bound: &f64| Duration::try_from_secs_f64(*bound).map_or(0, duration_to_nanos);
        let nanos = values.iter().map(to_nanos).collect();
        Self { values: values.into(), nanos }
    }

    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Returns the index of the bucket of a value. A linear comparison with every bound is faster than a binary search,
    /// because it contains no branch to mispredict.
    pub(crate) fn bucket_index(&self, value: f64) -> usize {
        self.values.iter().map(|bound| usize::from(value > *bound)).sum()
    }

    /// Returns the bucket of a time in nanoseconds, with the bounds of that bucket.
    fn bucket_for_nanos(&self, nanos: u64) -> Bucket {
        let bucket: usize = self.nanos.iter().map(|bound| usize::from(nanos > *bound)).sum();
        let lowest = bucket.checked_sub(1).map_or(0, |previous| self.nanos[previous].saturating_add(1));
        Bucket {
            index: u8::try_from(bucket).unwrap_or(u8::MAX),
            lowest,
            highest: self.nanos.get(bucket).copied().unwrap_or(u64::MAX),
        }
    }
}

/// A bucket and its bounds in nanoseconds, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bucket {
    index: u8,
    lowest: u64,
    highest: u64,
}

impl Bucket {
    /// An empty bucket, which contains no time.
    const EMPTY: Self = Self { index: 0, lowest: u64::MAX, highest: 0 };

    const fn contains(self, nanos: u64) -> bool {
        self.lowest <= nanos && nanos <= self.highest
    }
}

/// The maximum number of finite bounds of a row that streams record in a local histogram.
pub(crate) const MAX_LOCAL_BOUNDS: usize = 31;

const _: () = assert!((MAX_LOCAL_BOUNDS + 1).is_power_of_two(), "the length is also used as a bit mask");

/// The local histogram of a stream: plain integers without a lock, merged into the shared histogram about once a second
/// and at the end.
#[derive(Debug, Clone)]
pub(crate) struct LocalHistogram {
    counts: [u32; MAX_LOCAL_BOUNDS + 1],
    sum_nanos: u64,
    /// The bucket of the last time. The times of one stream are similar, so most need no search.
    last_bucket: Bucket,
}

impl LocalHistogram {
    pub(crate) const fn new() -> Self {
        Self { counts: [0; MAX_LOCAL_BOUNDS + 1], sum_nanos: 0, last_bucket: Bucket::EMPTY }
    }

    #[inline]
    pub(crate) fn record<'a>(&mut self, bounds: impl Fn() -> &'a BucketBounds, gaps: EvenGaps) {
        if gaps.count == 1 && self.last_bucket.contains(gaps.total_nanos) {
            self.add_to_last(1);
        } else {
            self.record_slow(bounds(), gaps);
        }
        self.sum_nanos += gaps.total_nanos;
    }

    #[inline(never)]
    fn record_slow(&mut self, bounds: &BucketBounds, gaps: EvenGaps) {
        for (nanos, times) in gaps.runs() {
            if times > 0 {
                self.last_bucket = bounds.bucket_for_nanos(nanos);
                self.add_to_last(u32::try_from(times).unwrap_or(u32::MAX));
            }
        }
    }

    #[inline]
    fn add_to_last(&mut self, times: u32) {
        // No row has more bounds than `MAX_LOCAL_BOUNDS`, so the mask has no effect on the index; it removes a bounds
        // check.
        let count = &mut self.counts[usize::from(self.last_bucket.index) & MAX_LOCAL_BOUNDS];
        *count = count.saturating_add(times);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| *count == 0)
    }

    /// Passes the counts of the buckets, in ascending order, and the sum in seconds to `into`, then resets the
    /// histogram.
    pub(crate) fn take(&mut self, into: impl FnOnce(&[u32], f64)) {
        into(&self.counts, nanos_to_seconds(self.sum_nanos));
        *self = Self { last_bucket: self.last_bucket, ..Self::new() };
    }
}

/// A histogram that is shared by all streams of a series.
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
        self.counts[bounds.bucket_index(value)] += 1;
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

/// A small buffer of raw gaps for a backend that cannot merge histograms. The buffer is emptied at the latest when the
/// operation ends.
#[derive(Debug, Clone)]
pub(crate) struct RawGapBuffer {
    gaps: [EvenGaps; Self::CAPACITY],
    len: u8,
}

impl RawGapBuffer {
    const CAPACITY: usize = 4;

    pub(crate) const fn new() -> Self {
        Self { gaps: [EvenGaps { total_nanos: 0, count: 1 }; Self::CAPACITY], len: 0 }
    }

    /// Adds a gap. A full buffer must be cleared before the next call; otherwise the gap is discarded.
    #[inline]
    pub(crate) fn push(&mut self, gaps: EvenGaps) {
        if let Some(slot) = self.gaps.get_mut(usize::from(self.len)) {
            *slot = gaps;
            self.len += 1;
        }
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.len as usize == Self::CAPACITY
    }

    /// Calls `record` with every sample, in seconds.
    #[inline]
    pub(crate) fn for_each_sample(&self, mut record: impl FnMut(f64)) {
        for gaps in &self.gaps[..usize::from(self.len)] {
            if gaps.count == 1 {
                record(nanos_to_seconds(gaps.total_nanos));
                continue;
            }
            for (nanos, times) in gaps.runs() {
                (0..times).for_each(|_| record(nanos_to_seconds(nanos)));
            }
        }
    }

    pub(crate) const fn clear(&mut self) {
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_local_histogram_and_a_raw_gap_buffer_record_the_same_samples(
            all_gaps in prop::collection::vec((0..3_000_000_000_u64, 1..40_u64), 1..60),
        ) {
            let bounds = BucketBounds::new(&[0.001, 0.01, 0.1, 1.0]);
            let (mut local, mut raw) = (LocalHistogram::new(), RawGapBuffer::new());
            let mut direct = HistogramData::new(&bounds);
            let mut total = 0;
            for (total_nanos, count) in all_gaps {
                let gaps = EvenGaps { total_nanos, count };
                total += total_nanos;
                local.record(|| &bounds, gaps);
                raw.push(gaps);
                if raw.is_full() {
                    raw.for_each_sample(|value| direct.record(&bounds, value));
                    raw.clear();
                }
            }
            raw.for_each_sample(|value| direct.record(&bounds, value));
            let mut merged = HistogramData::new(&bounds);
            local.take(|counts, sum| merged.merge(counts, sum));
            prop_assert!(local.is_empty());
            prop_assert_eq!(&merged.counts, &direct.counts);
            prop_assert!((merged.sum - direct.sum).abs() < 1e-9 * (1.0 + direct.sum));
            prop_assert_eq!(merged.sum.to_bits(), nanos_to_seconds(total).to_bits());
        }
    }

    #[test]
    fn bounds_that_do_not_fit_a_duration_are_accepted() {
        let bounds = BucketBounds::new(&[-40.0, 1e300]);
        assert_eq!([-41.0, -40.0, 0.0, 2e300].map(|value| bounds.bucket_index(value)), [0, 0, 1, 2]);
    }

    #[test]
    fn a_bucket_includes_its_upper_bound() {
        let bounds = BucketBounds::new(&[0.02, 0.04]);
        assert_eq!(bounds.bucket_index(0.02), 0);
        assert_eq!(bounds.bucket_for_nanos(20_000_000).index, 0);
        assert_eq!(bounds.bucket_for_nanos(20_000_001).index, 1);
        assert_eq!(bounds.bucket_index(f64::MAX), 2);
        for nanos in [0, 20_000_000, 20_000_001, 40_000_000, 40_000_001, u64::MAX] {
            assert!(bounds.bucket_for_nanos(nanos).contains(nanos));
        }
        assert!(!bounds.bucket_for_nanos(20_000_000).contains(20_000_001));
        assert!(!bounds.bucket_for_nanos(20_000_001).contains(20_000_000));
    }
}
