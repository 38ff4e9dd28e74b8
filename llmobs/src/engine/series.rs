//! The series of an engine, the sets of label values that its values are recorded in. They remain when the engine ends,
//! so that a new engine with the same model and id continues its counters.

use std::sync::Arc;
use std::sync::OnceLock;

use crate::catalog::ENGINE_ATTRIBUTES;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::measurement::Label;
use crate::number::to_f64;
use crate::semconv::value::CacheResult;
use crate::semconv::value::CacheTier;
use crate::semconv::value::DraftResult;
use crate::semconv::value::StepKind;
use crate::sink::SeriesHandle;
use crate::sink::Sinks;

/// The positions in a draft that have series at level full.
const POSITIONS: [&str; 16] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"];

/// The series of an engine.
#[derive(Debug)]
pub(super) struct EngineSeries {
    /// The model and the id of the engine.
    pub(super) labels: [Label; 2],
    /// The series of each kind of step, by `StepKind`.
    steps: [OnceLock<StepSeries>; StepKind::ALL.len()],
    /// `EnginePreemptions`, `EngineRecomputedTokens` and `EngineSpeculativeDrafts`.
    counters: [(RowId, OnceLock<SeriesHandle>); 3],
    /// By `DraftResult`.
    draft_tokens: [DraftSeries; DraftResult::ALL.len()],
    /// By `CacheTier`.
    hits: [OnceLock<SeriesHandle>; CacheTier::ALL.len()],
    misses: OnceLock<SeriesHandle>,
    limits: [(RowId, OnceLock<SeriesHandle>); 3],
    load_duration: OnceLock<SeriesHandle>,
}

/// The histograms of one kind of step.
#[derive(Debug)]
pub(super) struct StepSeries {
    pub(super) duration: SeriesHandle,
    pub(super) sequences: SeriesHandle,
    pub(super) tokens: SeriesHandle,
}

/// The drafted tokens of one result.
#[derive(Debug, Default)]
struct DraftSeries {
    without_position: OnceLock<SeriesHandle>,
    by_position: [OnceLock<SeriesHandle>; POSITIONS.len()],
}

/// The properties of an engine in `llmobs.engine.info`.
#[derive(Debug, Default)]
pub(super) struct EngineInfo {
    pub(super) revision: Option<Arc<str>>,
    pub(super) quantization: Option<Arc<str>>,
    pub(super) block_size: Option<Arc<str>>,
}

impl EngineSeries {
    /// Returns the series of an engine. Those of every engine exist with the value zero, the others from their first
    /// use on.
    pub(super) fn new(sinks: &Sinks, model: Arc<str>, id: Arc<str>) -> Self {
        let labels = [Label::new(ENGINE_ATTRIBUTES[0], model), Label::new(ENGINE_ATTRIBUTES[1], id)];
        let series = Self {
            steps: Default::default(),
            counters: [RowId::EnginePreemptions, RowId::EngineRecomputedTokens, RowId::EngineSpeculativeDrafts]
                .map(|id| (id, OnceLock::new())),
            draft_tokens: Default::default(),
            hits: Default::default(),
            misses: OnceLock::new(),
            limits: [RowId::EngineSequenceLimit, RowId::EngineStepTokenLimit, RowId::EngineCacheLimit]
                .map(|id| (id, OnceLock::new())),
            load_duration: OnceLock::new(),
            labels,
        };
        // Not below their level, because OpenTelemetry exports a bound series without values.
        if sinks.is_enabled(RowId::EnginePreemptions.row().level) {
            for kind in StepKind::ALL {
                series.step(sinks, *kind);
            }
            series.add(sinks, RowId::EnginePreemptions, 0);
            series.add(sinks, RowId::EngineRecomputedTokens, 0);
        }
        series
    }

    /// Returns the histograms of a kind of step.
    pub(super) fn step(&self, sinks: &Sinks, kind: StepKind) -> &StepSeries {
        self.steps[kind.index()].get_or_init(|| {
            let labels = with(&self.labels, [Label::new(llmobs_attribute::STEP_KIND, kind.as_str())]);
            StepSeries {
                duration: sinks.bind(RowId::EngineStepDuration, &labels),
                sequences: sinks.bind(RowId::EngineStepSequences, &labels),
                tokens: sinks.bind(RowId::EngineStepTokens, &labels),
            }
        })
    }

    /// Adds to a counter without other labels: `EnginePreemptions`, `EngineRecomputedTokens` or
    /// `EngineSpeculativeDrafts`.
    pub(super) fn add(&self, sinks: &Sinks, id: RowId, count: u64) {
        if let Some((_, series)) = self.counters.iter().find(|(of, _)| *of == id) {
            series.get_or_init(|| sinks.bind(id, &self.labels)).add(count);
        }
    }

    /// Sets one of the limits: `EngineSequenceLimit`, `EngineStepTokenLimit` or `EngineCacheLimit`.
    pub(super) fn set_limit(&self, sinks: &Sinks, id: RowId, limit: u64) {
        if let Some((_, series)) = self.limits.iter().find(|(of, _)| *of == id) {
            series.get_or_init(|| sinks.bind(id, &self.labels)).set(to_f64(limit));
        }
    }

    /// Sets the seconds that the last load of the model took.
    pub(super) fn set_load_duration(&self, sinks: &Sinks, seconds: f64) {
        self.load_duration.get_or_init(|| sinks.bind(RowId::ModelLoadDuration, &self.labels)).set(seconds);
    }

    /// Sets every limit that was set to zero: the engine ended.
    pub(super) fn clear_limits(&self) {
        self.limits.iter().filter_map(|(_, series)| series.get()).for_each(|series| series.set(0.0));
    }

    /// Adds prompt tokens that the prefix cache contained in this tier, or did not contain.
    pub(super) fn add_prefix_tokens(&self, sinks: &Sinks, tier: Option<CacheTier>, tokens: u64) {
        let result = if tier.is_some() { CacheResult::Hit } else { CacheResult::Miss };
        let series = tier.map_or(&self.misses, |tier| &self.hits[tier.index()]);
        let bind = || {
            let mut labels = with(&self.labels, [Label::new(llmobs_attribute::CACHE_RESULT, result.as_str())]);
            labels.extend(tier.map(|tier| Label::new(llmobs_attribute::CACHE_TIER, tier.as_str())));
            sinks.bind(RowId::EnginePrefixCacheTokens, &labels)
        };
        series.get_or_init(bind).add(tokens);
    }

    /// Adds a draft whose first `accepted` of `drafted` tokens were accepted. `by_position` selects the series of the
    /// positions, which the first tokens have.
    pub(super) fn add_draft(&self, sinks: &Sinks, drafted: u64, accepted: u64, by_position: bool) {
        self.add(sinks, RowId::EngineSpeculativeDrafts, 1);
        let mut left = [accepted, drafted - accepted];
        if by_position {
            for (position, index) in (0..drafted).zip(0..POSITIONS.len()) {
                let result = if position < accepted { DraftResult::Accepted } else { DraftResult::Rejected };
                left[result.index()] -= 1;
                self.add_draft_tokens(sinks, result, Some(index), 1);
            }
        }
        for (result, tokens) in DraftResult::ALL.iter().zip(left) {
            if tokens > 0 {
                self.add_draft_tokens(sinks, *result, None, tokens);
            }
        }
    }

    fn add_draft_tokens(&self, sinks: &Sinks, result: DraftResult, position: Option<usize>, tokens: u64) {
        let of_result = &self.draft_tokens[result.index()];
        let series = position.map_or(&of_result.without_position, |position| &of_result.by_position[position]);
        let bind = || {
            let mut labels = with(&self.labels, [Label::new(llmobs_attribute::DRAFT_RESULT, result.as_str())]);
            labels.extend(position.map(|position| Label::new(llmobs_attribute::DRAFT_POSITION, POSITIONS[position])));
            sinks.bind(RowId::EngineSpeculativeTokens, &labels)
        };
        series.get_or_init(bind).add(tokens);
    }

    /// Returns the series with the properties of the engine.
    pub(super) fn info(&self, sinks: &Sinks, info: &EngineInfo) -> SeriesHandle {
        let properties = [
            (llmobs_attribute::ENGINE_REVISION, &info.revision),
            (llmobs_attribute::ENGINE_QUANTIZATION, &info.quantization),
            (llmobs_attribute::ENGINE_BLOCK_SIZE, &info.block_size),
        ];
        let known = properties.into_iter().filter_map(|(name, value)| Some(Label::new(name, value.clone()?)));
        sinks.bind(RowId::EngineInfo, &self.labels.iter().cloned().chain(known).collect::<Vec<_>>())
    }
}

/// Returns the labels of an engine followed by others.
pub(super) fn with<const N: usize>(engine: &[Label; 2], others: [Label; N]) -> Vec<Label> {
    engine.iter().cloned().chain(others).collect()
}
