//! A local histogram of the gaps, the times between tokens or between chunks of a stream. The observed stream merges it
//! into the sinks (OpenTelemetry and the Prometheus page) in batches.

use crate::catalog::RowId;
use crate::measurement::LocalHistogram;
use crate::measurement::RawGapBuffer;
use crate::series::OperationSeries;
use crate::timing::EvenGaps;

/// The rows (descriptions of metrics) of gaps between tokens.
pub(crate) const INTER_TOKEN_ROWS: [RowId; 1] = [RowId::InterToken];

/// The rows of gaps between chunks, one for each set of the conventions. Both rows have the same bucket bounds.
pub(crate) const INTER_CHUNK_ROWS: [RowId; 2] = [RowId::ClientPerChunk, RowId::InferencePerChunk];

/// The gaps of one kind of one stream. The sinks' settings are read at each flush, not at each gap.
pub(crate) struct GapHistogram {
    /// Set if the level, role and profile record at least one of the rows.
    is_on: bool,
    /// Set if OpenTelemetry must receive each gap, because it cannot merge histograms.
    should_record_raw: bool,
    /// The gaps since the last flush, for the Prometheus page.
    local: LocalHistogram,
    /// The gaps that OpenTelemetry has not received yet.
    ring: RawGapBuffer,
}

impl GapHistogram {
    /// Returns an empty histogram for the rows `ids` of a series. Pass the same rows to the other methods, and a series
    /// of the same observer: the gaps since the last flush are recorded in the series that the flush receives.
    pub(crate) fn new(series: &OperationSeries, ids: &[RowId]) -> Self {
        let mut histogram =
            Self { is_on: false, should_record_raw: false, local: LocalHistogram::new(), ring: RawGapBuffer::new() };
        histogram.refresh_settings(series, ids);
        histogram
    }

    /// Adds gaps of equal length, in nanoseconds; ignored if no row is recorded. Raw gaps are passed to OpenTelemetry
    /// four at a time; only then `series` is called for the series that receives them.
    #[inline]
    pub(crate) fn record<'s>(&mut self, series: impl Fn() -> &'s OperationSeries, ids: &[RowId], gaps: EvenGaps) {
        if !self.is_on {
            return;
        }
        self.local.record(|| series().sinks().bounds(ids[0]), gaps);
        if self.should_record_raw {
            self.buffer_raw(series, ids, gaps);
        }
    }

    #[inline(never)]
    fn buffer_raw<'s>(&mut self, series: impl Fn() -> &'s OperationSeries, ids: &[RowId], gaps: EvenGaps) {
        self.ring.push(gaps);
        if self.ring.is_full() {
            self.flush_raw(series(), ids);
        }
    }

    /// Passes all gaps since the last flush to both sinks, and reads the sinks' settings again. Called about once a
    /// second and at the end.
    pub(crate) fn flush(&mut self, series: &OperationSeries, ids: &[RowId]) {
        if !self.local.is_empty() {
            self.local.take(|counts, sum| {
                for handle in ids.iter().filter_map(|id| series.handle(*id, 0)) {
                    handle.merge(counts, sum);
                }
            });
        }
        self.flush_raw(series, ids);
        self.refresh_settings(series, ids);
    }

    fn flush_raw(&mut self, series: &OperationSeries, ids: &[RowId]) {
        for handle in ids.iter().filter_map(|id| series.handle(*id, 0)) {
            self.ring.for_each_sample(|value| handle.record_raw(value));
        }
        self.ring.clear();
    }

    fn refresh_settings(&mut self, series: &OperationSeries, ids: &[RowId]) {
        self.is_on = ids.iter().any(|id| series.is_recorded(*id));
        self.should_record_raw = series.sinks().should_record_raw();
    }
}
