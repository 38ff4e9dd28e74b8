//! The series of one kind of operation, which is one role, operation name, provider, model and set of values of the
//! extra labels. A row is the description of a metric in the catalog; the variants of a row are its series, which
//! differ in the labels that only this row has. A series is bound (created in the backends) at its first use and needs
//! no lookup afterwards.

#[cfg(feature = "cost")]
mod cost_totals;
mod declared_names;
mod variants;

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

#[cfg(feature = "cost")]
pub(crate) use self::cost_totals::CostOutcome;
#[cfg(feature = "cost")]
pub(crate) use self::cost_totals::CostTotals;
pub(crate) use self::declared_names::DeclaredNames;
pub(crate) use self::declared_names::ExtraLabel;
pub(crate) use self::declared_names::MAX_EXTRA_LABELS;
pub(crate) use self::variants::ENDED_CANCELLED;
pub(crate) use self::variants::MAX_VARIANTS;
pub(crate) use self::variants::TOKEN_DIRECTIONS;
pub(crate) use self::variants::TokenDirection;
pub(crate) use self::variants::TokenKind;
pub(crate) use self::variants::TokenWaste;
pub(crate) use self::variants::cache_lookup_variant;
pub(crate) use self::variants::ended_completed_variant;
pub(crate) use self::variants::ended_failed_variant;
pub(crate) use self::variants::ended_rejected_variant;
pub(crate) use self::variants::error_variant;
pub(crate) use self::variants::processed_variant;
use self::variants::variant_count;
use self::variants::variant_labels;
use self::variants::variant_offset;
pub(crate) use self::variants::wasted_variant;
use crate::catalog::Role;
use crate::catalog::RowId;
use crate::catalog::SERIES_ATTRIBUTES;
use crate::catalog::llmobs_attribute;
use crate::clock::nanos_to_seconds;
#[cfg(feature = "cost")]
use crate::cost::Cost;
use crate::measurement::Label;
use crate::measurement::LabelValue;
use crate::measurement::TraceLink;
use crate::number::to_f64;
use crate::objective::Objective;
use crate::objective::RollingResults;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::semconv::value::OperationName;
use crate::semconv::value::Provider;
use crate::semconv::value::State;
use crate::semconv::value::TokenSource;
use crate::semconv::value::Window;
use crate::sink::SeriesHandle;
use crate::sink::Sinks;
use crate::timing::EventCounts;
use crate::timing::StateTimes;

/// The key of one [`OperationSeries`] among those of its model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeriesKey {
    /// The role of the process: it runs the model, forwards calls or makes calls. Not a label; selects the rows and
    /// states.
    pub(crate) role: Role,
    /// The operation name, such as `chat`; `_OTHER` for a name that the conventions do not list, once the limit of such
    /// names is reached.
    pub(crate) operation: OperationName,
    /// The provider of the model; `_OTHER` for a name that the conventions do not list, once the limit of such names is
    /// reached.
    pub(crate) provider: Provider,
    /// For each extra label, which the application declared, the index of its value in [`ExtraLabel::values`], from
    /// one; zero if the label has no value.
    pub(crate) extra_label_values: [u8; MAX_EXTRA_LABELS],
}

/// All series of one kind of operation: one [`SeriesHandle`] for each variant of each row. Shared by the operations
/// with this key and model, which record their metrics through it.
#[derive(Debug)]
pub(crate) struct OperationSeries {
    pub(crate) key: SeriesKey,
    /// The value of the model label; `_OTHER` beyond the limit of undeclared models.
    pub(crate) model: Arc<str>,
    labels: Box<[Label]>,
    /// For each row, whether this role and profile record it.
    recorded_rows: [bool; RowId::ALL.len()],
    sinks: Arc<Sinks>,
    declared_names: Arc<DeclaredNames>,
    /// The handles of all variants of all rows, at the indices that `variant_offset` defines; empty until the first
    /// use.
    handles: Box<[OnceLock<SeriesHandle>]>,
    /// The results of each objective over the last hour, by its index; empty until the first.
    rolling_results: Box<[OnceLock<RollingResults>]>,
    /// The nanoseconds in each state, summed over the operations that ended.
    ended_state_times: [AtomicU64; State::ALL.len()],
    /// The largest value read so far, so that a read during a concurrent update does not make the counter decrease.
    reported_state_times: [AtomicU64; State::ALL.len()],
    /// The sums of the costs; empty until the first cost.
    #[cfg(feature = "cost")]
    cost_totals: OnceLock<CostTotals>,
}

impl OperationSeries {
    /// Creates the series without binding them. `declared_names` must be the names of the same observer as `sinks`.
    pub(crate) fn new(key: SeriesKey, model: Arc<str>, sinks: Arc<Sinks>, declared_names: Arc<DeclaredNames>) -> Self {
        let mut labels = vec![
            Label::new(SERIES_ATTRIBUTES[0], Arc::<str>::from(key.operation.as_str())),
            Label::new(SERIES_ATTRIBUTES[1], Arc::<str>::from(key.provider.as_str())),
            Label::new(SERIES_ATTRIBUTES[2], Arc::clone(&model)),
        ];
        for (label, value_index) in declared_names.labels.iter().zip(key.extra_label_values) {
            if let Some(value) = usize::from(value_index).checked_sub(1).and_then(|index| label.values.get(index)) {
                labels.push(Label::new(label.name.to_string(), Arc::clone(value)));
            }
        }
        let mut recorded_rows = [false; RowId::ALL.len()];
        for (is_recorded, id) in recorded_rows.iter_mut().zip(RowId::ALL) {
            let row = id.row();
            *is_recorded = row.roles.contains(&key.role) && declared_names.profile.includes(row.profile);
        }
        Self {
            recorded_rows,
            handles: (0..RowId::ALL.iter().map(|id| variant_count(*id, &declared_names)).sum())
                .map(|_| OnceLock::new())
                .collect(),
            rolling_results: (0..declared_names.objective_slots()).map(|_| OnceLock::new()).collect(),
            key,
            model,
            labels: labels.into(),
            sinks,
            declared_names,
            ended_state_times: Default::default(),
            reported_state_times: Default::default(),
            #[cfg(feature = "cost")]
            cost_totals: OnceLock::new(),
        }
    }

    /// Creates the common series of the main counters with the value zero, so that an alert can detect the first error,
    /// and the series and gauges of each objective. Creates the common series of histograms on the Prometheus page, so
    /// that the first minute has a rate. Called when a model is declared.
    pub(crate) fn init_to_zero(&self) {
        self.add(RowId::Started, 0, 0);
        for reason in [FinishReason::ContentFilter, FinishReason::Length, FinishReason::Stop, FinishReason::ToolCall] {
            self.add(RowId::Ended, ended_completed_variant(Some(&reason)), 0);
        }
        self.add(RowId::Ended, ENDED_CANCELLED, 0);
        for error in COMMON_FAILURES {
            self.add(RowId::Ended, ended_failed_variant(*error), 0);
        }
        for error in COMMON_REJECTIONS {
            self.add(RowId::Ended, ended_rejected_variant(*error), 0);
        }
        self.add(RowId::Abandoned, 0, 0);
        let output = if self.key.role.is_remote() { TokenSource::Reported } else { TokenSource::Counted };
        self.add(RowId::TokensProcessed, processed_variant(TokenKind::Uncached, TokenSource::Reported), 0);
        self.add(RowId::TokensProcessed, processed_variant(TokenKind::Text, output), 0);
        if self.key.role.is_remote() {
            self.add(RowId::TokensStreamed, 0, 0);
        }
        for (direction, cause) in
            [(TokenDirection::Output, TokenWaste::Cancelled), (TokenDirection::Output, TokenWaste::Failed)]
        {
            self.add(RowId::TokensWasted, wasted_variant(direction, cause), 0);
        }
        for index in 0..self.declared_names.objectives.len() {
            self.init_objective(index);
        }
        for (id, variant) in variants::common_histograms(self.key.operation == OperationName::Embeddings) {
            self.create_on_page(id, variant);
        }
        for phase in 0..self.declared_names.phases.len() {
            self.create_on_page(RowId::Phase, phase);
        }
    }

    /// Creates the series of a variant of a histogram on the Prometheus page, without values. OpenTelemetry exports no
    /// histogram without a value, and its instrument would take memory. Has no effect if the row is not recorded.
    fn create_on_page(&self, id: RowId, variant: usize) {
        if self.is_recorded(id) {
            self.sinks.create_on_page(id, &self.variant_labels(id, variant));
        }
    }

    fn variant_labels(&self, id: RowId, variant: usize) -> Vec<Label> {
        let mut labels = self.labels.to_vec();
        labels.extend(variant_labels(id, variant, &self.declared_names));
        labels
    }

    /// Creates the two series of an objective (good and bad operations) with the value zero, and sets the gauges of its
    /// target and limits. Has no effect if the series exist. `index` is that of [`DeclaredNames::objective`]. Called
    /// when a model is declared, and at the start of an operation whose objective a function of the application chose.
    pub(crate) fn init_objective(&self, index: usize) {
        let first = self.handles.get(variant_offset(RowId::ObjectiveEvents, &self.declared_names) + 2 * index);
        if first.is_some_and(|slot| slot.get().is_some()) {
            return;
        }
        self.add(RowId::ObjectiveEvents, 2 * index, 0);
        self.add(RowId::ObjectiveEvents, 2 * index + 1, 0);
        if let Some(objective) = self.declared_names.objective(index) {
            self.set_objective_gauges(objective);
        }
    }

    /// Counts an operation, and its output tokens, as good or bad by the objective at `index`. `ended_at` is its end, in
    /// nanoseconds.
    #[inline]
    pub(crate) fn count_judgement(&self, index: usize, is_good: bool, output_tokens: u64, ended_at: u64) {
        let variant = 2 * index + usize::from(!is_good);
        self.add(RowId::ObjectiveEvents, variant, 1);
        self.add(RowId::ObjectiveTokens, variant, output_tokens);
        if let Some(results) = self.rolling_results.get(index) {
            results.get_or_init(RollingResults::new).add(is_good, ended_at);
        }
    }

    /// Returns the operations that the objective at `index` judged in the window before `now`, in nanoseconds.
    pub(crate) fn rolling_counts(&self, index: usize, now: u64, window: Window) -> EventCounts {
        let results = self.rolling_results.get(index).and_then(OnceLock::get);
        results.map_or_else(EventCounts::default, |results| results.counts(now, window))
    }

    /// Adds `count` to a variant of a counter. Has no effect if the row is not recorded; see
    /// [`is_recorded`](Self::is_recorded).
    pub(crate) fn add(&self, id: RowId, variant: usize, count: u64) {
        if let Some(handle) = self.handle(id, variant) {
            handle.add(count);
        }
    }

    /// Records a duration of `nanos` nanoseconds in a variant of a histogram of seconds. `link` is the trace and span
    /// of the operation, for an exemplar. Has no effect if the row is not recorded; see
    /// [`is_recorded`](Self::is_recorded).
    pub(crate) fn record_duration(&self, id: RowId, variant: usize, nanos: u64, link: Option<TraceLink>) {
        if let Some(handle) = self.handle(id, variant) {
            handle.record(nanos_to_seconds(nanos), link);
        }
    }

    /// Records a size, such as a number of tokens, in a variant of a histogram. Has no effect if the row is not
    /// recorded; see [`is_recorded`](Self::is_recorded).
    pub(crate) fn record_size(&self, id: RowId, variant: usize, size: u64) {
        if let Some(handle) = self.handle(id, variant) {
            handle.record(to_f64(size), None);
        }
    }

    /// Returns the series of a variant of a row, bound at the first call. `variant` is less than the number of variants
    /// of the row: zero for a row with one variant, else an index from the functions and constants of `variants`.
    /// Returns `None` if the row is not recorded; see [`is_recorded`](Self::is_recorded).
    pub(crate) fn handle(&self, id: RowId, variant: usize) -> Option<&SeriesHandle> {
        if !self.is_recorded(id) {
            return None;
        }
        let slot = self.handles.get(variant_offset(id, &self.declared_names) + variant)?;
        Some(slot.get_or_init(|| self.sinks.bind(id, &self.variant_labels(id, variant))))
    }

    /// Returns whether a row is recorded: the current level of detail, the role of the process and the profile (the
    /// version of the OpenTelemetry conventions) include the row. Only the level can change after the observer was
    /// built.
    pub(crate) fn is_recorded(&self, id: RowId) -> bool {
        self.recorded_rows[id as usize] && self.sinks.is_enabled(id.row().level)
    }

    /// Returns whether an operation has started with these series, or the model was declared with them. Otherwise they
    /// exist because operations that started with other ones were routed to this provider or model.
    pub(crate) fn has_starts(&self) -> bool {
        let started = self.handles.get(variant_offset(RowId::Started, &self.declared_names));
        started.is_some_and(|handle| handle.get().is_some())
    }

    /// Returns the labels that all series have, except for the gauges of objectives: operation, provider, model, and
    /// each extra label with a value.
    pub(crate) fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// Returns the backends that the series are recorded in.
    pub(crate) fn sinks(&self) -> &Sinks {
        &self.sinks
    }

    /// Returns the label values of operation, provider and model, in this order.
    pub(crate) fn identity(&self) -> [LabelValue; 3] {
        [0, 1, 2].map(|index: usize| self.labels[index].value.clone())
    }

    /// Returns the names that were declared when the observer was built.
    pub(crate) fn declared_names(&self) -> &DeclaredNames {
        &self.declared_names
    }

    /// Returns the states that an operation of this role can have; a gateway or client cannot observe those of the
    /// engine.
    pub(crate) const fn states(&self) -> &'static [State] {
        if self.key.role.is_remote() {
            &[State::Waiting, State::Streaming, State::Blocked]
        } else {
            &[State::Preparing, State::Queued, State::Prefill, State::Decode, State::Blocked]
        }
    }

    /// Adds the time in each state, in nanoseconds, of an operation that ended. Called once per operation.
    pub(crate) fn add_state_times(&self, times: &StateTimes) {
        for (total, time) in self.ended_state_times.iter().zip(times) {
            total.fetch_add(*time, Ordering::Relaxed);
        }
    }

    /// Returns the total time in a state, in nanoseconds: of operations that ended, plus `in_flight_time` (nanoseconds)
    /// of operations in flight. Never less than the result of an earlier call. Called at each collection.
    pub(crate) fn state_time(&self, state: State, in_flight_time: u64) -> u64 {
        let time = self.ended_state_times[state.index()].load(Ordering::Relaxed) + in_flight_time;
        self.reported_state_times[state.index()].fetch_max(time, Ordering::Relaxed).max(time)
    }

    /// Adds the parts of a cost to the sums that collections read.
    #[cfg(feature = "cost")]
    pub(crate) fn add_cost(&self, outcome: CostOutcome, cost: &Cost) {
        self.cost_totals.get_or_init(CostTotals::new).add(outcome, cost);
    }

    /// Returns the sums of the costs; `None` before the first cost.
    #[cfg(feature = "cost")]
    pub(crate) fn cost_totals(&self) -> Option<&CostTotals> {
        self.cost_totals.get()
    }

    /// Sets the gauges of an objective: its target and its limits.
    fn set_objective_gauges(&self, objective: &Objective) {
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
            self.sinks.bind(RowId::ObjectiveThreshold, &labels(name)).set(nanos_to_seconds(limit));
        }
    }
}

/// The error types of failures whose series are created with zero.
const COMMON_FAILURES: &[ErrorType] = &[
    ErrorType::Inference,
    ErrorType::Internal,
    ErrorType::OutOfMemory,
    ErrorType::Shutdown,
    ErrorType::Timeout,
    ErrorType::Upstream,
    ErrorType::Other,
];

/// The error types of rejections whose series are created with zero.
const COMMON_REJECTIONS: &[ErrorType] = &[
    ErrorType::Authentication,
    ErrorType::ContentFilter,
    ErrorType::InvalidRequest,
    ErrorType::Overloaded,
    ErrorType::RateLimited,
];
