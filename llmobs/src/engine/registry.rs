//! The engines of an observer, and the values of their observable rows.

use std::fmt;
use std::sync::Arc;
use std::sync::Weak;

use super::series::EngineInfo;
use super::series::EngineSeries;
use super::series::with;
use super::state::EngineState;
use crate::cardinality::sanitize;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::clock::Clock;
use crate::clock::nanos_to_seconds;
use crate::companion::CompanionRegistry;
use crate::measurement::Label;
use crate::measurement::Observation;
use crate::number::to_f64;
use crate::semconv::value::SequenceState;
use crate::semconv::value::WaitReason;
use crate::sink::Sinks;
use crate::sync::Mutex;

/// The maximum number of engines of an observer. A further one records nothing: its numbers would replace those of
/// another engine.
const MAX_ENGINES: u8 = 64;

/// The engines of an observer.
pub(crate) struct EngineRegistry {
    sinks: Arc<Sinks>,
    clock: Clock,
    companions: Arc<CompanionRegistry>,
    engines: Mutex<Vec<Entry>>,
}

/// An engine that an application named, with or without a handle.
struct Entry {
    /// Below [`MAX_ENGINES`], and unique among the entries.
    index: u8,
    model: Arc<str>,
    id: Arc<str>,
    series: Arc<EngineSeries>,
    state: Weak<EngineState>,
}

impl EngineRegistry {
    /// Returns a registry without engines.
    pub(crate) const fn new(sinks: Arc<Sinks>, clock: Clock, companions: Arc<CompanionRegistry>) -> Self {
        Self { sinks, clock, companions, engines: Mutex::new(Vec::new()) }
    }

    /// Returns the state of an engine, new or shared with other handles. Returns `None`, and counts a folded label, if
    /// the observer has too many engines.
    pub(super) fn open(&self, model: &str, id: &str, info: &EngineInfo) -> Option<Arc<EngineState>> {
        let (model, id) = (sanitize(model), sanitize(id));
        let mut engines = self.engines.lock();
        let known = engines.iter_mut().find(|entry| *entry.model == *model && *entry.id == *id);
        if let Some(entry) = known {
            return Some(entry.state.upgrade().unwrap_or_else(|| {
                let state = self.new_state(entry.index, &entry.series, info);
                entry.state = Arc::downgrade(&state);
                state
            }));
        }
        let is_free = |index: &u8| engines.iter().all(|entry| entry.index != *index);
        let Some(index) = (0..MAX_ENGINES).find(is_free) else {
            drop(engines);
            let label = Label::new(llmobs_attribute::LABEL, llmobs_attribute::ENGINE_ID);
            self.sinks.bind(RowId::FoldedLabels, &[label]).add(1);
            return None;
        };
        let (model, id) = (Arc::<str>::from(model), Arc::<str>::from(id));
        let series = Arc::new(EngineSeries::new(&self.sinks, Arc::clone(&model), Arc::clone(&id)));
        let state = self.new_state(index, &series, info);
        engines.push(Entry { index, model, id, series, state: Arc::downgrade(&state) });
        Some(state)
    }

    fn new_state(&self, index: u8, series: &Arc<EngineSeries>, info: &EngineInfo) -> Arc<EngineState> {
        let (sinks, companions) = (Arc::clone(&self.sinks), Arc::clone(&self.companions));
        Arc::new(EngineState::new(index, sinks, self.clock.clone(), companions, Arc::clone(series), info))
    }

    /// Returns the id of the engine with this index; `None` if it was forgotten.
    pub(crate) fn id(&self, index: u8) -> Option<Arc<str>> {
        self.engines.lock().iter().find(|entry| entry.index == index).map(|entry| Arc::clone(&entry.id))
    }

    /// Returns whether an engine of this model has a handle.
    pub(crate) fn has_model(&self, model: &str) -> bool {
        self.engines.lock().iter().any(|entry| &*entry.model == model && entry.state.strong_count() > 0)
    }

    /// Forgets the engines of a model whose series were removed, none of which has a handle.
    pub(crate) fn forget_model(&self, model: &str) {
        self.engines.lock().retain(|entry| &*entry.model != model);
    }

    /// Returns the nanoseconds from `from` to `to`, in nanoseconds, for which the engine with this index computed prompt
    /// tokens, in steps that have finished; without an index, the only engine of the model that has a handle. Returns zero if
    /// the engine is not known.
    pub(crate) fn prefill_within(&self, index: Option<u8>, model: &str, from: u64, to: u64) -> u64 {
        let is_meant = |entry: &&Entry| index.map_or(&*entry.model == model, |index| entry.index == index);
        // The states are cloned first: dropping the last one of an engine records its limits.
        let engines: Vec<_> =
            self.engines.lock().iter().filter(is_meant).filter_map(|entry| entry.state.upgrade()).collect();
        if let [engine] = &engines[..] { engine.prefill_within(from, to) } else { 0 }
    }

    /// Returns the values of an observable row of engines, of each engine that has a handle; empty for any other row.
    pub(crate) fn read(&self, id: RowId) -> Vec<Observation> {
        let now = self.clock.now();
        match id {
            RowId::EngineSequenceActive => self.read_all(sequences),
            RowId::EngineStepAge => self.read_one(|engine| Some(nanos_to_seconds(engine.gauges.age(now)))),
            RowId::EngineCacheUsage => self.read_one(|engine| Some(to_f64(engine.gauges.cache_usage()))),
            RowId::EngineCacheUtilization => self.read_one(|engine| engine.gauges.cache_utilization()),
            RowId::EngineLoraActive => self.read_all(adapters),
            RowId::EngineQueueWork => self.read_one(|engine| engine.headroom.queue_work(now)),
            RowId::EngineCacheTimeToFull => self.read_one(|engine| engine.cache_time_to_full(now)),
            _ => Vec::new(),
        }
    }

    /// Returns one value of each engine that has a handle and a value.
    fn read_one(&self, value: impl Fn(&EngineState) -> Option<f64>) -> Vec<Observation> {
        self.read_all(|engine, labels| {
            value(engine).map(|value| Observation { labels: labels.to_vec(), value }).into_iter().collect()
        })
    }

    fn read_all(&self, read: impl Fn(&EngineState, &[Label; 2]) -> Vec<Observation>) -> Vec<Observation> {
        // The states are cloned first: dropping the last one of an engine records its limits.
        let open = |entry: &Entry| Some((entry.state.upgrade()?, Arc::clone(&entry.series)));
        let engines: Vec<_> = self.engines.lock().iter().filter_map(open).collect();
        engines.iter().flat_map(|(state, series)| read(state, &series.labels)).collect()
    }
}

/// Returns the number of sequences of an engine by state, and by the reason of waiting ones.
fn sequences(engine: &EngineState, labels: &[Label; 2]) -> Vec<Observation> {
    let observe = |(state, reason, value): (SequenceState, Option<WaitReason>, f64)| {
        let mut labels = with(labels, [Label::new(llmobs_attribute::SEQUENCE_STATE, state.as_str())]);
        labels.extend(reason.map(|reason| Label::new(llmobs_attribute::WAIT_REASON, reason.as_str())));
        Observation { labels, value }
    };
    engine.gauges.sequences().map(observe).collect()
}

/// Returns the number of adapters of an engine by the state of their sequences.
fn adapters(engine: &EngineState, labels: &[Label; 2]) -> Vec<Observation> {
    let observe = |(state, value): (SequenceState, f64)| Observation {
        labels: with(labels, [Label::new(llmobs_attribute::SEQUENCE_STATE, state.as_str())]),
        value,
    };
    engine.gauges.adapters().map(observe).collect()
}

impl fmt::Debug for EngineRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineRegistry").field("engines", &self.engines.lock().len()).finish_non_exhaustive()
    }
}
