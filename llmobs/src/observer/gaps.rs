//! Times between tokens or chunks on their way from a stream to the backends.

use crate::catalog::Id;
use crate::instruments::Series;
use crate::record::Local;
use crate::record::Ring;
use crate::timing::Share;

/// Rows of times between tokens.
pub(super) const PER_TOKEN: [Id; 1] = [Id::InterToken];

/// Rows of times between chunks, one for each set of the conventions. All rows of one kind have the same bounds.
pub(super) const PER_CHUNK: [Id; 2] = [Id::ClientPerChunk, Id::InferencePerChunk];

/// Samples of one kind. What the backends want of them is asked at each flush, not at each sample.
pub(super) struct Gaps {
    is_on: bool,
    wants_raw: bool,
    local: Local,
    ring: Ring,
}

impl Gaps {
    pub(super) fn new(series: &Series, ids: &[Id]) -> Self {
        let mut gaps = Self { is_on: false, wants_raw: false, local: Local::new(), ring: Ring::new() };
        gaps.ask(series, ids);
        gaps
    }

    #[inline]
    pub(super) fn record(&mut self, series: &Series, ids: &[Id], share: Share) {
        if !self.is_on {
            return;
        }
        self.local.record(|| series.sinks().bounds(ids[0]), share);
        if self.wants_raw {
            self.keep_raw(series, ids, share);
        }
    }

    #[inline(never)]
    fn keep_raw(&mut self, series: &Series, ids: &[Id], share: Share) {
        self.ring.push(share);
        if self.ring.is_full() {
            self.give_raw(series, ids);
        }
    }

    pub(super) fn flush(&mut self, series: &Series, ids: &[Id]) {
        if !self.local.is_empty() {
            self.local.take(|counts, sum| {
                for handle in ids.iter().filter_map(|id| series.handle(*id, 0)) {
                    handle.merge(counts, sum);
                }
            });
        }
        self.give_raw(series, ids);
        self.ask(series, ids);
    }

    fn give_raw(&mut self, series: &Series, ids: &[Id]) {
        for handle in ids.iter().filter_map(|id| series.handle(*id, 0)) {
            self.ring.each(|value| handle.record_raw(value));
        }
        self.ring.clear();
    }

    fn ask(&mut self, series: &Series, ids: &[Id]) {
        self.is_on = ids.iter().any(|id| series.records(*id));
        self.wants_raw = series.sinks().wants_raw();
    }
}
