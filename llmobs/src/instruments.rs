//! The series of one kind of operation: every row under one operation, provider, model and set of extra labels, bound
//! when first used and then found without a lookup.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::catalog::Id;
use crate::catalog::Profile;
use crate::catalog::Role;
use crate::catalog::SERIES;
use crate::catalog::own;
use crate::clock::seconds;
use crate::objective::Objective;
use crate::record::Label;
use crate::record::Text;
use crate::record::TraceLink;
use crate::semconv::attribute;
use crate::semconv::value::AttemptKind;
use crate::semconv::value::CacheKind;
use crate::semconv::value::CacheResult;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::semconv::value::OperationName;
use crate::semconv::value::Outcome;
use crate::semconv::value::Provider;
use crate::semconv::value::QueueExit;
use crate::semconv::value::StallCause;
use crate::semconv::value::State;
use crate::semconv::value::TokenSource;
use crate::sink::Handle;
use crate::sink::Sinks;
use crate::timing::StateTimes;

/// Names that were declared at build time; their places are the variants of the rows that use them.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    pub(crate) profile: Profile,
    pub(crate) phases: Vec<Arc<str>>,
    pub(crate) evaluations: Vec<(Arc<str>, Arc<str>)>,
    pub(crate) objectives: Vec<Objective>,
    pub(crate) labels: Vec<ExtraLabel>,
}

/// A label of the user's own, with every value that it may have.
#[derive(Debug, Clone)]
pub(crate) struct ExtraLabel {
    pub(crate) name: Arc<str>,
    pub(crate) values: Vec<Arc<str>>,
}

/// The most extra labels.
pub(crate) const EXTRA_LABELS: usize = 4;

/// What tells one set of series from another, besides the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) role: Role,
    pub(crate) operation: OperationName,
    pub(crate) provider: Provider,
    /// The place of each extra label's value, from one; zero where it was not given.
    pub(crate) extra: [u8; EXTRA_LABELS],
}

/// All series of one kind of operation.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) key: Key,
    pub(crate) model: Arc<str>,
    labels: Box<[Label]>,
    /// A bit for each row that this role and profile record.
    wanted: u128,
    sinks: Arc<Sinks>,
    vocabulary: Arc<Vocabulary>,
    slots: Box<[OnceLock<Handle>]>,
    /// Nanoseconds in each state, of operations that ended.
    state_times: [AtomicU64; State::ALL.len()],
    /// The most that was ever read, so that a reading that raced a change never makes the counter fall.
    read_times: [AtomicU64; State::ALL.len()],
}

impl Series {
    pub(crate) fn new(key: Key, model: Arc<str>, sinks: Arc<Sinks>, vocabulary: Arc<Vocabulary>) -> Self {
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
        let wanted = Id::ALL.iter().filter(|id| {
            let row = id.row();
            row.roles.contains(&key.role) && vocabulary.profile.includes(row.profile)
        });
        Self {
            wanted: wanted.fold(0, |bits, id| bits | 1 << (*id as u32)),
            slots: (0..Id::ALL.iter().map(|id| width(*id, &vocabulary)).sum()).map(|_| OnceLock::new()).collect(),
            key,
            model,
            labels: labels.into(),
            sinks,
            vocabulary,
            state_times: Default::default(),
            read_times: Default::default(),
        }
    }

    /// Makes what can legally arise visible at zero, so that an alert on a first error can fire.
    pub(crate) fn start_at_zero(&self) {
        self.add(Id::Started, 0, 0);
        for reason in [FinishReason::ContentFilter, FinishReason::Length, FinishReason::Stop, FinishReason::ToolCall] {
            self.add(Id::Ended, ended_completed(&reason), 0);
        }
        self.add(Id::Ended, ENDED_CANCELLED, 0);
        for error in FAILURES {
            self.add(Id::Ended, ended_failed(*error), 0);
        }
        for error in REJECTIONS {
            self.add(Id::Ended, ended_rejected(*error), 0);
        }
        self.add(Id::Abandoned, 0, 0);
        let output = if self.key.role.is_remote() { TokenSource::Reported } else { TokenSource::Counted };
        self.add(Id::Processed, processed(TokenKind::Uncached, TokenSource::Reported), 0);
        self.add(Id::Processed, processed(TokenKind::Text, output), 0);
        for (direction, cause) in [(Direction::Output, Waste::Cancelled), (Direction::Output, Waste::Failed)] {
            self.add(Id::Wasted, wasted(direction, cause), 0);
        }
        for (place, objective) in self.vocabulary.objectives.iter().enumerate() {
            self.add(Id::ObjectiveEvents, 2 * place, 0);
            self.add(Id::ObjectiveEvents, 2 * place + 1, 0);
            self.publish(objective);
        }
    }

    /// Adds to a counter, if its level is on and this role and profile record it.
    pub(crate) fn add(&self, id: Id, variant: usize, count: u64) {
        if let Some(handle) = self.handle(id, variant) {
            handle.add(count);
        }
    }

    /// Records a time, given in nanoseconds.
    pub(crate) fn time(&self, id: Id, variant: usize, nanos: u64, link: Option<TraceLink>) {
        if let Some(handle) = self.handle(id, variant) {
            handle.record(seconds(nanos), link);
        }
    }

    /// Records a number of things.
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
    pub(crate) fn size(&self, id: Id, variant: usize, size: u64) {
        if let Some(handle) = self.handle(id, variant) {
            handle.record(size as f64, None);
        }
    }

    /// The series of a row's variant, if its level is on and this role and profile record it.
    pub(crate) fn handle(&self, id: Id, variant: usize) -> Option<&Handle> {
        if self.wanted & (1 << (id as u32)) == 0 || !self.sinks.is_on(id.row().level) {
            return None;
        }
        let slot = self.slots.get(self.offset(id) + variant)?;
        Some(slot.get_or_init(|| {
            let mut labels = self.labels.to_vec();
            labels.extend(variant_labels(id, variant, &self.vocabulary));
            self.sinks.bind(id, &labels)
        }))
    }

    pub(crate) fn labels(&self) -> &[Label] {
        &self.labels
    }

    pub(crate) fn sinks(&self) -> &Sinks {
        &self.sinks
    }

    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The states that an operation of this role can be in.
    pub(crate) const fn states(&self) -> &'static [State] {
        if self.key.role.is_remote() {
            &[State::Waiting, State::Streaming, State::Blocked]
        } else {
            &[State::Preparing, State::Queued, State::Prefill, State::Decode, State::Blocked]
        }
    }

    /// An operation ended after so long in each state.
    pub(crate) fn settle(&self, times: &StateTimes) {
        for (total, time) in self.state_times.iter().zip(times) {
            total.fetch_add(*time, Ordering::Relaxed);
        }
    }

    /// Time in a state so far: of operations that ended, and `live` of those in flight.
    pub(crate) fn time_in(&self, state: State, live: u64) -> u64 {
        let time = self.state_times[state.index()].load(Ordering::Relaxed) + live;
        self.read_times[state.index()].fetch_max(time, Ordering::Relaxed).max(time)
    }

    fn offset(&self, id: Id) -> usize {
        let (offset, _) = OFFSETS[id as usize];
        // Rows whose width is not known before build stand behind the others, in the order of their ids.
        match id {
            Id::Phase => DECLARED,
            Id::Evaluations => DECLARED + self.vocabulary.phases.len(),
            Id::ObjectiveEvents => DECLARED + self.vocabulary.phases.len() + self.vocabulary.evaluations.len(),
            Id::ObjectiveTokens => {
                let before = self.vocabulary.phases.len() + self.vocabulary.evaluations.len();
                DECLARED + before + 2 * self.vocabulary.objectives.len()
            }
            _ => offset,
        }
    }

    /// What an objective asks, as gauges beside its counters.
    fn publish(&self, objective: &Objective) {
        let labels = |name: String| {
            [self.labels[2].clone(), self.labels[0].clone(), Label::new(own::OBJECTIVE_NAME, Arc::<str>::from(name))]
        };
        self.sinks.bind(Id::ObjectiveTarget, &labels(objective.name.to_string())).set(objective.target);
        for (time, limit) in objective.limits() {
            let name = format!("{}.{time}", objective.name);
            self.sinks.bind(Id::ObjectiveThreshold, &labels(name)).set(seconds(limit));
        }
    }
}

/// Failures that every service can have.
const FAILURES: &[ErrorType] = &[
    ErrorType::Inference,
    ErrorType::Internal,
    ErrorType::OutOfMemory,
    ErrorType::Shutdown,
    ErrorType::Timeout,
    ErrorType::Upstream,
    ErrorType::Other,
];

/// Refusals that every service can give.
const REJECTIONS: &[ErrorType] = &[
    ErrorType::Authentication,
    ErrorType::ContentFilter,
    ErrorType::InvalidRequest,
    ErrorType::Overloaded,
    ErrorType::RateLimited,
];

const ERRORS: usize = ErrorType::ALL.len();
const ENDED_FAILED: usize = FinishReason::LABELS;
const ENDED_REJECTED: usize = ENDED_FAILED + ERRORS;

/// The variant of `llmobs.operation.ended` for a caller that left.
pub(crate) const ENDED_CANCELLED: usize = ENDED_REJECTED + ERRORS;

/// How many variants one operation's `llmobs.operation.ended` has: the most of all rows.
pub(crate) const WIDEST: usize = ENDED_CANCELLED + 1;

pub(crate) fn ended_completed(reason: &FinishReason) -> usize {
    reason.label_index()
}

pub(crate) const fn ended_failed(error: ErrorType) -> usize {
    ENDED_FAILED + error.index()
}

pub(crate) const fn ended_rejected(error: ErrorType) -> usize {
    ENDED_REJECTED + error.index()
}

/// The variant of a duration for an end with or without an error.
pub(crate) fn errored(error: Option<ErrorType>) -> usize {
    error.map_or(0, |error| 1 + error.index())
}

/// A part of the tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TokenKind {
    Uncached,
    CacheRead,
    CacheWrite,
    Text,
    Reasoning,
}

impl TokenKind {
    const ALL: [Self; 5] = [Self::Uncached, Self::CacheRead, Self::CacheWrite, Self::Text, Self::Reasoning];

    const fn labels(self) -> (&'static str, &'static str) {
        match self {
            Self::Uncached => ("input", "uncached"),
            Self::CacheRead => ("input", "cache_read"),
            Self::CacheWrite => ("input", "cache_write"),
            Self::Text => ("output", "text"),
            Self::Reasoning => ("output", "reasoning"),
        }
    }
}

pub(crate) const fn processed(kind: TokenKind, source: TokenSource) -> usize {
    kind as usize * TokenSource::ALL.len() + source.index()
}

/// Which way tokens go.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Direction {
    Input,
    Output,
}

const DIRECTIONS: [&str; 2] = ["input", "output"];

/// Why tokens were for nobody.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Waste {
    Cancelled,
    Failed,
    Superseded,
}

const WASTES: [&str; 3] = ["cancelled", "failed", "superseded"];

pub(crate) const fn wasted(direction: Direction, waste: Waste) -> usize {
    direction as usize * WASTES.len() + waste as usize
}

pub(crate) const fn cache_lookup(kind: CacheKind, result: CacheResult) -> usize {
    kind.index() * CacheResult::ALL.len() + result.index()
}

/// How many variants a row has; those of declared names are counted apart.
const fn fixed_width(id: Id) -> usize {
    match id {
        Id::ServerDuration | Id::ClientDuration | Id::InferenceDuration | Id::EmbeddingsDuration => 1 + ERRORS,
        Id::ClientTokenUsage => DIRECTIONS.len(),
        Id::Ended => WIDEST,
        Id::Attempts => AttemptKind::ALL.len(),
        Id::Queue => QueueExit::ALL.len(),
        Id::Stall => StallCause::ALL.len(),
        Id::Processed => TokenKind::ALL.len() * TokenSource::ALL.len(),
        Id::Wasted => DIRECTIONS.len() * WASTES.len(),
        Id::CacheLookups => CacheKind::ALL.len() * CacheResult::ALL.len(),
        Id::Phase | Id::Evaluations | Id::ObjectiveEvents | Id::ObjectiveTokens => 0,
        _ => 1,
    }
}

fn width(id: Id, vocabulary: &Vocabulary) -> usize {
    match id {
        Id::Phase => vocabulary.phases.len(),
        Id::Evaluations => vocabulary.evaluations.len(),
        Id::ObjectiveEvents | Id::ObjectiveTokens => 2 * vocabulary.objectives.len(),
        _ => fixed_width(id),
    }
}

/// Where each row's variants begin, and how many they are.
const OFFSETS: [(usize, usize); Id::ALL.len()] = {
    let mut offsets = [(0, 0); Id::ALL.len()];
    let (mut index, mut offset) = (0, 0);
    while index < Id::ALL.len() {
        let width = fixed_width(Id::ALL[index]);
        offsets[index] = (offset, width);
        offset += width;
        index += 1;
    }
    offsets
};

/// Where the variants of declared names begin.
const DECLARED: usize = {
    let (offset, width) = OFFSETS[Id::ALL.len() - 1];
    offset + width
};

/// The labels of a variant, besides the series' own.
fn variant_labels(id: Id, variant: usize, vocabulary: &Vocabulary) -> Vec<Label> {
    let one = |name: &'static str, value: &'static str| vec![Label::new(name, value)];
    match id {
        Id::ServerDuration | Id::ClientDuration | Id::InferenceDuration | Id::EmbeddingsDuration => variant
            .checked_sub(1)
            .map_or_else(Vec::new, |error| one(attribute::ERROR_TYPE, ErrorType::ALL[error].as_str())),
        Id::ClientTokenUsage => one(attribute::GEN_AI_TOKEN_TYPE, DIRECTIONS[variant]),
        Id::InferenceUsageInput
        | Id::InferenceUsageOutput
        | Id::InferenceUsageCacheRead
        | Id::InferenceUsageCacheWrite
        // Nobody said which modality the tokens had.
        | Id::InferenceUsageReasoning => one(attribute::GEN_AI_TOKEN_MODALITY, "unknown"),
        Id::Ended => ended_labels(variant),
        Id::Attempts => one(own::ATTEMPT_KIND, AttemptKind::ALL[variant].as_str()),
        Id::Queue => one(own::QUEUE_EXIT, QueueExit::ALL[variant].as_str()),
        Id::Stall => one(own::STALL_CAUSE, StallCause::ALL[variant].as_str()),
        Id::Processed => {
            let (direction, kind) = TokenKind::ALL[variant / TokenSource::ALL.len()].labels();
            let source = TokenSource::ALL[variant % TokenSource::ALL.len()].as_str();
            vec![
                Label::new(own::TOKEN_DIRECTION, direction),
                Label::new(own::TOKEN_KIND, kind),
                Label::new(own::TOKEN_SOURCE, source),
            ]
        }
        Id::Wasted => vec![
            Label::new(own::TOKEN_DIRECTION, DIRECTIONS[variant / WASTES.len()]),
            Label::new(own::TOKEN_WASTE, WASTES[variant % WASTES.len()]),
        ],
        Id::CacheLookups => vec![
            Label::new(own::CACHE_KIND, CacheKind::ALL[variant / CacheResult::ALL.len()].as_str()),
            Label::new(own::CACHE_RESULT, CacheResult::ALL[variant % CacheResult::ALL.len()].as_str()),
        ],
        Id::Phase => vec![Label::new(own::PHASE_NAME, Arc::clone(&vocabulary.phases[variant]))],
        Id::Evaluations => {
            let (name, label) = &vocabulary.evaluations[variant];
            vec![
                Label::new(attribute::GEN_AI_EVALUATION_NAME, Arc::clone(name)),
                Label::new(attribute::GEN_AI_EVALUATION_SCORE_LABEL, Arc::clone(label)),
            ]
        }
        Id::ObjectiveEvents | Id::ObjectiveTokens => vec![
            Label::new(own::OBJECTIVE_NAME, Arc::<str>::from(vocabulary.objectives[variant / 2].name.as_ref())),
            Label::new(own::OBJECTIVE_RESULT, if variant.is_multiple_of(2) { "good" } else { "bad" }),
        ],
        _ => Vec::new(),
    }
}

fn ended_labels(variant: usize) -> Vec<Label> {
    let with_error = |outcome: Outcome, error: ErrorType| {
        vec![Label::new(own::OUTCOME, outcome.as_str()), Label::new(attribute::ERROR_TYPE, error.as_str())]
    };
    match variant {
        ENDED_CANCELLED => with_error(Outcome::Cancelled, ErrorType::Cancelled),
        ENDED_REJECTED.. => with_error(Outcome::Rejected, ErrorType::ALL[variant - ENDED_REJECTED]),
        ENDED_FAILED.. => with_error(Outcome::Failed, ErrorType::ALL[variant - ENDED_FAILED]),
        _ => vec![
            Label::new(own::OUTCOME, Outcome::Completed.as_str()),
            Label::new(own::FINISH_REASON, Text::Static(FinishReason::label(variant))),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_variant_has_labels_of_its_own_and_only_those_that_its_row_names() {
        let vocabulary = Vocabulary {
            phases: vec!["tokenize".into(), "safety".into()],
            evaluations: vec![("relevance".into(), "pass".into()), ("relevance".into(), "fail".into())],
            objectives: vec![Objective::new("interactive")],
            ..Vocabulary::default()
        };
        for id in Id::ALL {
            let mut seen = HashSet::new();
            for variant in 0..width(*id, &vocabulary) {
                let labels = variant_labels(*id, variant, &vocabulary);
                for label in &labels {
                    assert!(id.row().attributes.contains(&label.name.as_ref()), "{} on {}", label.name, id.row().name);
                }
                assert!(seen.insert(labels), "variant {variant} of {} repeats another", id.row().name);
            }
        }
    }
}
