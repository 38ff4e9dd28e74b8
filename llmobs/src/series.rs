//! The series of one kind of operation: every row for one operation name, provider, model and set of extra labels. A
//! series is bound at its first use and needs no lookup afterwards.

mod variants;

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

pub(crate) use self::variants::ENDED_CANCELLED;
pub(crate) use self::variants::TokenDirection;
pub(crate) use self::variants::TokenKind;
pub(crate) use self::variants::TokenWaste;
pub(crate) use self::variants::WIDEST;
pub(crate) use self::variants::cache_lookup;
pub(crate) use self::variants::ended_completed;
pub(crate) use self::variants::ended_failed;
pub(crate) use self::variants::ended_rejected;
pub(crate) use self::variants::errored;
use self::variants::offset;
pub(crate) use self::variants::processed;
use self::variants::variant_labels;
pub(crate) use self::variants::wasted;
use self::variants::width;
use crate::catalog::Profile;
use crate::catalog::Role;
use crate::catalog::RowId;
use crate::catalog::SERIES;
use crate::catalog::llmobs_attribute;
use crate::clock::seconds;
use crate::measurement::Label;
use crate::measurement::LabelValue;
use crate::measurement::TraceLink;
use crate::objective::Objective;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::semconv::value::OperationName;
use crate::semconv::value::Provider;
use crate::semconv::value::State;
use crate::semconv::value::TokenSource;
use crate::sink::SeriesHandle;
use crate::sink::Sinks;
use crate::timing::StateTimes;

/// The names declared when the observer was built. The index of a name determines the variant of the rows that use it.
#[derive(Debug, Default)]
pub(crate) struct DeclaredNames {
    pub(crate) profile: Profile,
    pub(crate) phases: Vec<Arc<str>>,
    pub(crate) evaluations: Vec<(Arc<str>, Arc<str>)>,
    pub(crate) objectives: Vec<Objective>,
    /// Objectives of functions with the `llm_span` attribute, registered at the first call. Their indices follow those
    /// of `objectives`.
    pub(crate) function_objectives: [OnceLock<Objective>; MAX_FUNCTION_OBJECTIVES],
    pub(crate) labels: Vec<ExtraLabel>,
}

/// The maximum number of function objectives.
pub(crate) const MAX_FUNCTION_OBJECTIVES: usize = 8;

impl DeclaredNames {
    /// Returns the objective at an index.
    pub(crate) fn objective(&self, place: usize) -> Option<&Objective> {
        let own = || self.function_objectives.get(place - self.objectives.len())?.get();
        self.objectives.get(place).or_else(own)
    }

    /// Returns the number of indices for objectives.
    pub(crate) const fn objective_places(&self) -> usize {
        self.objectives.len() + MAX_FUNCTION_OBJECTIVES
    }

    /// Returns the index of the function objective with this name, and registers the objective at the first call.
    /// Returns `None` if every index is in use.
    #[cfg(feature = "macros")]
    pub(crate) fn register_function_objective(&self, name: &str, make: impl FnOnce() -> Objective) -> Option<usize> {
        let named = |objective: &Objective| objective.name == name;
        let known = (0..self.objective_places()).find(|place| self.objective(*place).is_some_and(named));
        known.or_else(|| {
            let mut objective = make();
            let taken = self.function_objectives.iter().position(|slot| match slot.set(objective.clone()) {
                Ok(()) => true,
                // Another thread may have registered the same objective.
                Err(ours) => {
                    objective = ours;
                    slot.get().is_some_and(named)
                }
            });
            Some(self.objectives.len() + taken?)
        })
    }
}

/// A label that the application added, with all of its possible values.
#[derive(Debug, Clone)]
pub(crate) struct ExtraLabel {
    pub(crate) name: Arc<str>,
    pub(crate) values: Vec<Arc<str>>,
}

/// The maximum number of extra labels.
pub(crate) const EXTRA_LABELS: usize = 4;

/// The key of one set of series, in addition to the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeriesKey {
    pub(crate) role: Role,
    pub(crate) operation: OperationName,
    pub(crate) provider: Provider,
    /// The index of each extra label's value, from one; zero if the label has no value.
    pub(crate) extra: [u8; EXTRA_LABELS],
}

/// All series of one kind of operation.
#[derive(Debug)]
pub(crate) struct OperationSeries {
    pub(crate) key: SeriesKey,
    pub(crate) model: Arc<str>,
    labels: Box<[Label]>,
    /// A bit set of the rows that this role and profile record.
    recorded_rows: u128,
    sinks: Arc<Sinks>,
    vocabulary: Arc<DeclaredNames>,
    slots: Box<[OnceLock<SeriesHandle>]>,
    /// The nanoseconds in each state, summed over the operations that ended.
    state_times: [AtomicU64; State::ALL.len()],
    /// The largest value read so far, so that a read during a concurrent update does not make the counter decrease.
    read_times: [AtomicU64; State::ALL.len()],
}

impl OperationSeries {
    pub(crate) fn new(key: SeriesKey, model: Arc<str>, sinks: Arc<Sinks>, vocabulary: Arc<DeclaredNames>) -> Self {
        let mut labels = vec![
            Label::new(SERIES[0], Arc::<str>::from(key.operation.as_str())),
            Label::new(SERIES[1], Arc::<str>::from(key.provider.as_str())),
            Label::new(SERIES[2], Arc::clone(&model)),
        ];
        for (label, place) in vocabulary.labels.iter().zip(key.extra) {
            if let Some(value) = usize::from(place).checked_sub(1).and_then(|place| label.values.get(place)) {
                labels.push(Label::new(label.name.to_string(), Arc::clone(value)));
            }
        }
        let wanted = RowId::ALL.iter().filter(|id| {
            let row = id.row();
            // Rows of other crates have no series here, except `llmobs.operation.energy`.
            (!row.is_external() || **id == RowId::OperationEnergy)
                && row.roles.contains(&key.role)
                && vocabulary.profile.includes(row.profile)
        });
        Self {
            recorded_rows: wanted.fold(0, |bits, id| bits | 1 << (*id as u32)),
            slots: (0..RowId::ALL.iter().map(|id| width(*id, &vocabulary)).sum()).map(|_| OnceLock::new()).collect(),
            key,
            model,
            labels: labels.into(),
            sinks,
            vocabulary,
            state_times: Default::default(),
            read_times: Default::default(),
        }
    }

    /// Creates the valid series of counters with the value zero, so that an alert can detect the first error.
    pub(crate) fn start_at_zero(&self) {
        self.add(RowId::Started, 0, 0);
        for reason in [FinishReason::ContentFilter, FinishReason::Length, FinishReason::Stop, FinishReason::ToolCall] {
            self.add(RowId::Ended, ended_completed(Some(&reason)), 0);
        }
        self.add(RowId::Ended, ENDED_CANCELLED, 0);
        for error in FAILURES {
            self.add(RowId::Ended, ended_failed(*error), 0);
        }
        for error in REJECTIONS {
            self.add(RowId::Ended, ended_rejected(*error), 0);
        }
        self.add(RowId::Abandoned, 0, 0);
        let output = if self.key.role.is_remote() { TokenSource::Reported } else { TokenSource::Counted };
        self.add(RowId::TokensProcessed, processed(TokenKind::Uncached, TokenSource::Reported), 0);
        self.add(RowId::TokensProcessed, processed(TokenKind::Text, output), 0);
        for (direction, cause) in
            [(TokenDirection::Output, TokenWaste::Cancelled), (TokenDirection::Output, TokenWaste::Failed)]
        {
            self.add(RowId::TokensWasted, wasted(direction, cause), 0);
        }
        for place in 0..self.vocabulary.objectives.len() {
            self.judge_by(place);
        }
    }

    /// Creates the series of an objective with the value zero, once.
    pub(crate) fn judge_by(&self, place: usize) {
        let first = self.slots.get(offset(RowId::ObjectiveEvents, &self.vocabulary) + 2 * place);
        if first.is_some_and(|slot| slot.get().is_some()) {
            return;
        }
        self.add(RowId::ObjectiveEvents, 2 * place, 0);
        self.add(RowId::ObjectiveEvents, 2 * place + 1, 0);
        if let Some(objective) = self.vocabulary.objective(place) {
            self.publish(objective);
        }
    }

    /// Adds to a counter if the current level, this role and this profile record the row.
    pub(crate) fn add(&self, id: RowId, variant: usize, count: u64) {
        if let Some(handle) = self.handle(id, variant) {
            handle.add(count);
        }
    }

    /// Records a duration in nanoseconds, converted to seconds.
    pub(crate) fn time(&self, id: RowId, variant: usize, nanos: u64, link: Option<TraceLink>) {
        if let Some(handle) = self.handle(id, variant) {
            handle.record(seconds(nanos), link);
        }
    }

    /// Records a size, such as a number of tokens.
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
    pub(crate) fn size(&self, id: RowId, variant: usize, size: u64) {
        if let Some(handle) = self.handle(id, variant) {
            handle.record(size as f64, None);
        }
    }

    /// Returns the series of a variant of a row, if the current level, this role and this profile record the row.
    pub(crate) fn handle(&self, id: RowId, variant: usize) -> Option<&SeriesHandle> {
        if !self.records(id) {
            return None;
        }
        let slot = self.slots.get(offset(id, &self.vocabulary) + variant)?;
        Some(slot.get_or_init(|| {
            let mut labels = self.labels.to_vec();
            labels.extend(variant_labels(id, variant, &self.vocabulary));
            self.sinks.bind(id, &labels)
        }))
    }

    /// Returns whether the current level, this role and this profile record a row.
    pub(crate) fn records(&self, id: RowId) -> bool {
        self.recorded_rows & (1 << (id as u32)) != 0 && self.sinks.is_enabled(id.row().level)
    }

    pub(crate) fn labels(&self) -> &[Label] {
        &self.labels
    }

    pub(crate) fn sinks(&self) -> &Sinks {
        &self.sinks
    }

    /// Returns the label values of operation, provider and model.
    pub(crate) fn identity(&self) -> [LabelValue; 3] {
        [0, 1, 2].map(|place: usize| self.labels[place].value.clone())
    }

    pub(crate) fn vocabulary(&self) -> &DeclaredNames {
        &self.vocabulary
    }

    /// Returns the states that an operation of this role can have.
    pub(crate) const fn states(&self) -> &'static [State] {
        if self.key.role.is_remote() {
            &[State::Waiting, State::Streaming, State::Blocked]
        } else {
            &[State::Preparing, State::Queued, State::Prefill, State::Decode, State::Blocked]
        }
    }

    /// Adds the time in each state of an operation that ended.
    pub(crate) fn settle(&self, times: &StateTimes) {
        for (total, time) in self.state_times.iter().zip(times) {
            total.fetch_add(*time, Ordering::Relaxed);
        }
    }

    /// Returns the total time in a state, in nanoseconds: of operations that ended, plus `live` of operations in
    /// flight.
    pub(crate) fn time_in(&self, state: State, live: u64) -> u64 {
        let time = self.state_times[state.index()].load(Ordering::Relaxed) + live;
        self.read_times[state.index()].fetch_max(time, Ordering::Relaxed).max(time)
    }

    /// Sets the gauges of an objective: its target and its limits.
    fn publish(&self, objective: &Objective) {
        let labels = |name: String| {
            [
                self.labels[2].clone(),
                self.labels[0].clone(),
                Label::new(llmobs_attribute::OBJECTIVE_NAME, Arc::<str>::from(name)),
            ]
        };
        self.sinks.bind(RowId::ObjectiveTarget, &labels(objective.name.to_string())).set(objective.target);
        for (time, limit) in objective.limits() {
            let name = format!("{}.{time}", objective.name);
            self.sinks.bind(RowId::ObjectiveThreshold, &labels(name)).set(seconds(limit));
        }
    }
}

/// The error types of failures whose series are created with zero.
const FAILURES: &[ErrorType] = &[
    ErrorType::Inference,
    ErrorType::Internal,
    ErrorType::OutOfMemory,
    ErrorType::Shutdown,
    ErrorType::Timeout,
    ErrorType::Upstream,
    ErrorType::Other,
];

/// The error types of rejections whose series are created with zero.
const REJECTIONS: &[ErrorType] = &[
    ErrorType::Authentication,
    ErrorType::ContentFilter,
    ErrorType::InvalidRequest,
    ErrorType::Overloaded,
    ErrorType::RateLimited,
];
