//! A local histogram of the gaps between tokens or chunks of a stream, merged into the sinks in batches.

use crate::catalog::RowId;
use crate::measurement::LocalHistogram;
use crate::measurement::RawGapBuffer;
use crate::series::OperationSeries;
use crate::timing::EvenGaps;

/// The rows of gaps between tokens.
pub(crate) const INTER_TOKEN_ROWS: [RowId; 1] = [RowId::InterToken];

/// The rows of gaps between chunks, one for each set of the conventions. Both rows have the same bucket bounds.
pub(crate) const INTER_CHUNK_ROWS: [RowId; 2] = [RowId::ClientPerChunk, RowId::InferencePerChunk];

/// The gaps of one kind. The sinks' settings are read at each flush, not at each gap.
pub(crate) struct GapHistogram {
    is_on: bool,
    should_record_raw: bool,
    local: LocalHistogram,
    ring: RawGapBuffer,
}

impl GapHistogram {
    pub(crate) fn new(series: &OperationSeries, ids: &[RowId]) -> Self {
        let mut histogram =
            Self { is_on: false, should_record_raw: false, local: LocalHistogram::new(), ring: RawGapBuffer::new() };
        histogram.refresh_settings(series, ids);
        histogram
    }

    #[inline]
    pub(crate) fn record(&mut self, series: &OperationSeries, ids: &[RowId], gaps: EvenGaps) {
        if !self.is_on {
            return;
        }
        self.local.record(|| series.sinks().bounds(ids[0]), gaps);
        if self.should_record_raw {
            self.buffer_raw(series, ids, gaps);
        }
    }

    #[inline(never)]
    fn buffer_raw(&mut self, series: &OperationSeries, ids: &[RowId], gaps: EvenGaps) {
        self.ring.push(gaps);
        if self.ring.is_full() {
            self.flush_raw(series, ids);
        }
    }

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
