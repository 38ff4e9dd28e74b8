//! The state that all handles of an engine share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::gauges::Gauges;
use super::headroom::Headroom;
use super::series::EngineInfo;
use super::series::EngineSeries;
use super::step_buffers::StepBuffers;
use crate::catalog::Level;
use crate::catalog::RowId;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::clock::duration_to_nanos;
use crate::clock::nanos_to_seconds;
use crate::companion::CompanionRegistry;
use crate::companion::SequenceWork;
use crate::companion::StepRef;
use crate::companion::StepSequence;
use crate::metric::INVALID_VALUE;
use crate::number::to_f64;
use crate::semconv::value::CacheTier;
use crate::semconv::value::SequenceState;
use crate::semconv::value::StepKind;
use crate::semconv::value::WaitReason;
use crate::sink::SeriesHandle;
use crate::sink::Sinks;
use crate::timing::RecentTime;

/// The state that all handles of an engine share. Exists until the last of them is dropped.
pub(super) struct EngineState {
    pub(super) clock: Clock,
    pub(super) gauges: Gauges,
    pub(super) headroom: Headroom,
    /// The time in steps that computed prompt tokens.
    prefill: RecentTime,
    /// The index of the engine among those of its observer.
    pub(super) index: u8,
    pub(super) sinks: Arc<Sinks>,
    pub(super) step_buffers: StepBuffers,
    companions: Arc<CompanionRegistry>,
    info: SeriesHandle,
    series: Arc<EngineSeries>,
}

/// The work of one step.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StepWork {
    pub(super) sequences: u64,
    pub(super) prefill_tokens: u64,
    pub(super) decode_tokens: u64,
}

impl StepWork {
    /// Adds a sequence and its tokens.
    pub(super) const fn add(&mut self, work: SequenceWork) {
        self.sequences = self.sequences.saturating_add(1);
        self.prefill_tokens = self.prefill_tokens.saturating_add(work.prefill_tokens);
        self.decode_tokens = self.decode_tokens.saturating_add(work.decode_tokens);
    }

    /// Returns the number of tokens of the step.
    const fn tokens(self) -> u64 {
        self.prefill_tokens.saturating_add(self.decode_tokens)
    }

    /// Returns the kind of the step; `None` for a step without tokens.
    const fn kind(self) -> Option<StepKind> {
        match (self.prefill_tokens, self.decode_tokens) {
            (0, 0) => None,
            (_, 0) => Some(StepKind::Prefill),
            (0, _) => Some(StepKind::Decode),
            _ => Some(StepKind::Mixed),
        }
    }
}

impl EngineState {
    /// Returns the state of an engine without sequences that is created now.
    pub(super) fn new(
        index: u8,
        sinks: Arc<Sinks>,
        clock: Clock,
        companions: Arc<CompanionRegistry>,
        series: Arc<EngineSeries>,
        info: &EngineInfo,
    ) -> Self {
        let info = series.info(&sinks, info);
        info.set(1.0);
        Self {
            gauges: Gauges::new(clock.now()),
            headroom: Headroom::new(),
            prefill: RecentTime::new(),
            step_buffers: StepBuffers::default(),
            index,
            sinks,
            clock,
            companions,
            info,
            series,
        }
    }

    /// Sets the number of sequences in a state; `reason` is that of waiting ones.
    pub(super) fn set_sequences(&self, state: SequenceState, reason: WaitReason, sequences: usize) {
        if self.gauges.set_sequences(state, reason, saturate(sequences)) {
            self.gauges.mark_progress(self.clock.now());
        }
    }

    /// Sets the number of used blocks. A number above the limit is counted as an anomaly.
    pub(super) fn set_cache_usage(&self, blocks: usize) {
        if !self.gauges.set_cache_usage(saturate(blocks)) {
            self.sinks.count_anomaly(INVALID_VALUE);
        }
    }

    /// Sets one of the limits of the engine, if the level includes its row.
    pub(super) fn set_limit(&self, id: RowId, limit: usize) {
        let limit = saturate(limit);
        if id == RowId::EngineCacheLimit {
            self.gauges.set_cache_limit(limit);
        }
        if self.sinks.is_enabled(id.row().level) {
            self.series.set_limit(&self.sinks, id, limit);
        }
    }

    /// Sets the time that the last load of the model took, if the level includes the row.
    pub(super) fn set_load_duration(&self, duration: Duration) {
        if self.sinks.is_enabled(RowId::ModelLoadDuration.row().level) {
            self.series.set_load_duration(&self.sinks, nanos_to_seconds(duration_to_nanos(duration)));
        }
    }

    /// Records a step that took this time and ends at `now`. A step without tokens is progress, and has no samples.
    pub(super) fn record_step(&self, work: StepWork, duration: Duration, now: Moment) {
        self.gauges.mark_progress(now);
        let duration = duration_to_nanos(duration);
        if work.prefill_tokens > 0 {
            self.headroom.add_prefill(work.prefill_tokens, duration);
            if self.sinks.is_enabled(RowId::Stall.row().level) {
                self.prefill.add(now.as_nanos().saturating_sub(duration), now.as_nanos());
            }
        }
        self.headroom.sample(now, self.gauges.cache_usage());
        let Some(kind) = work.kind() else { return };
        if self.sinks.is_enabled(Level::Standard) {
            let series = self.series.step(&self.sinks, kind);
            series.duration.record(nanos_to_seconds(duration), None);
            series.sequences.record(to_f64(work.sequences), None);
            series.tokens.record(to_f64(work.tokens()), None);
        }
    }

    /// Returns whether a companion may want to know the sequences of steps.
    pub(super) fn has_companions(&self) -> bool {
        self.companions.has_companions()
    }

    /// Notifies the companions of a step with these sequences.
    pub(super) fn notify_step(&self, sequences: &[StepSequence], start: Moment, end: Moment) {
        let [model, engine_id] = self.series.labels.each_ref().map(|label| label.value.as_str());
        self.companions.notify(|companion| companion.on_step(&StepRef { model, engine_id, start, end, sequences }));
    }

    /// Returns the nanoseconds from `from` to `to`, in nanoseconds, in steps that computed prompt tokens and have finished.
    pub(super) fn prefill_within(&self, from: u64, to: u64) -> u64 {
        self.prefill.within(from, to)
    }

    /// Adds prompt tokens that the prefix cache contained in this tier, or did not contain.
    pub(super) fn add_prefix_tokens(&self, tier: Option<CacheTier>, tokens: u64) {
        if self.sinks.is_enabled(Level::Standard) {
            self.series.add_prefix_tokens(&self.sinks, tier, tokens);
        }
    }

    /// Adds to a counter without other labels: `EnginePreemptions` or `EngineRecomputedTokens`.
    pub(super) fn add(&self, id: RowId, count: u64) {
        if self.sinks.is_enabled(id.row().level) {
            self.series.add(&self.sinks, id, count);
        }
    }

    /// Adds a draft. More accepted than drafted tokens are counted as an anomaly.
    pub(super) fn add_draft(&self, drafted: u64, accepted: u64) {
        if accepted > drafted {
            self.sinks.count_anomaly(INVALID_VALUE);
        }
        if self.sinks.is_enabled(Level::Standard) {
            let by_position = self.sinks.is_enabled(Level::Full);
            self.series.add_draft(&self.sinks, drafted, accepted.min(drafted), by_position);
        }
    }

    /// Returns the seconds until the KV cache is full; `None` if it does not fill, or if its limit is not known.
    pub(super) fn cache_time_to_full(&self, now: Moment) -> Option<f64> {
        self.headroom.time_to_full(now, self.gauges.cache_limit()?.saturating_sub(self.gauges.cache_usage()))
    }
}

impl Drop for EngineState {
    fn drop(&mut self) {
        self.info.set(0.0);
        self.series.clear_limits();
    }
}

impl fmt::Debug for EngineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineState").field("gauges", &self.gauges).finish_non_exhaustive()
    }
}

/// Returns a number in 64 bits.
pub(super) fn saturate(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
