//! The variants of a row (a metric of the catalog): one for each combination of the attributes that the series key
//! (operation, provider, model and extra labels) does not determine, such as the error type. A variant is an index
//! from zero, which the recording code passes to `OperationSeries`. Functions here return it for a row with several such
//! attributes or an optional one; for other rows it is the position of the value in its list, such as `QueueExit::ALL`. For
//! objectives it is twice the slot of the objective, plus one for bad.

use std::sync::Arc;

use super::declared_names::DeclaredNames;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::measurement::Label;
use crate::measurement::LabelValue;
use crate::semconv::attribute;
use crate::semconv::value::AttemptKind;
use crate::semconv::value::CacheKind;
use crate::semconv::value::CacheResult;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::semconv::value::Outcome;
use crate::semconv::value::QueueExit;
use crate::semconv::value::StallCause;
use crate::semconv::value::TokenModality;
use crate::semconv::value::TokenSource;

const ERROR_TYPE_COUNT: usize = ErrorType::ALL.len();
const ENDED_WITHOUT_REASON: usize = FinishReason::LABEL_COUNT;
const ENDED_FAILED: usize = ENDED_WITHOUT_REASON + 1;
const ENDED_REJECTED: usize = ENDED_FAILED + ERROR_TYPE_COUNT;

/// The variant of `llmobs.operation.ended` for the outcome `cancelled`.
pub(crate) const ENDED_CANCELLED: usize = ENDED_REJECTED + ERROR_TYPE_COUNT;

/// The number of variants of `llmobs.operation.ended`, which is the maximum over the rows whose number of variants does
/// not depend on declared names.
pub(crate) const MAX_VARIANTS: usize = ENDED_CANCELLED + 1;

/// Returns the variant of `llmobs.operation.ended` for the outcome `completed`, with its finish reason if known. All
/// reasons that the conventions do not list share one variant.
pub(crate) fn ended_completed_variant(reason: Option<&FinishReason>) -> usize {
    reason.map_or(ENDED_WITHOUT_REASON, FinishReason::label_index)
}

/// Returns the variant of `llmobs.operation.ended` for the outcome `failed` with this error type.
pub(crate) const fn ended_failed_variant(error: ErrorType) -> usize {
    ENDED_FAILED + error.index()
}

/// Returns the variant of `llmobs.operation.ended` for the outcome `rejected` with this error type.
pub(crate) const fn ended_rejected_variant(error: ErrorType) -> usize {
    ENDED_REJECTED + error.index()
}

/// Returns the variant of a duration of whole operations, such as `gen_ai.server.request.duration`, for an end with
/// this error type; 0 without an error.
pub(crate) fn error_variant(error: Option<ErrorType>) -> usize {
    error.map_or(0, |error| 1 + error.index())
}

/// A kind of tokens, as in `llmobs.token.kind`. The kinds do not overlap. The first three are input, the others output.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TokenKind {
    /// Input tokens that were neither read from nor written to a cache.
    Uncached,
    /// Input tokens that were read from the cache of the engine or provider.
    CacheRead,
    /// Input tokens that were written to the cache of the engine or provider.
    CacheWrite,
    /// Output tokens other than reasoning: visible text and tool calls.
    Text,
    /// Output tokens of reasoning.
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

/// Returns the variant of `llmobs.token.processed` for tokens of this kind, whose number has this source.
pub(crate) const fn processed_variant(kind: TokenKind, source: TokenSource) -> usize {
    kind as usize * TokenSource::ALL.len() + source.index()
}

/// The direction of tokens: input to the model or output of the model.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TokenDirection {
    Input,
    Output,
}

/// The values of `llmobs.token.direction`, by `TokenDirection`.
pub(crate) const TOKEN_DIRECTIONS: [&str; 2] = ["input", "output"];

/// The reason for which processed tokens were wasted, as in `llmobs.token.waste`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TokenWaste {
    /// The operation was cancelled: its caller disconnected.
    Cancelled,
    /// The operation failed.
    Failed,
    /// Another attempt of the operation superseded the attempt with these tokens.
    Superseded,
}

const TOKEN_WASTES: [&str; 3] = ["cancelled", "failed", "superseded"];

/// Returns the variant of `llmobs.token.wasted` for tokens of this direction that were wasted for this reason.
pub(crate) const fn wasted_variant(direction: TokenDirection, waste: TokenWaste) -> usize {
    direction as usize * TOKEN_WASTES.len() + waste as usize
}

/// Returns the variant of `llmobs.response_cache.lookups` for a lookup in a cache of this kind, with this result.
pub(crate) const fn cache_lookup_variant(kind: CacheKind, result: CacheResult) -> usize {
    kind.index() * CacheResult::ALL.len() + result.index()
}

/// Returns the histograms that nearly every operation of a kind records, with the variant of an operation that completes.
pub(super) fn common_histograms(is_embedding: bool) -> impl Iterator<Item = (RowId, usize)> {
    const BOTH: [RowId; 5] =
        [RowId::ServerDuration, RowId::ClientDuration, RowId::Queue, RowId::OperationPreemptions, RowId::InputTokens];
    const EMBEDDINGS: [RowId; 2] = [RowId::EmbeddingsDuration, RowId::EmbeddingsInputTokens];
    const GENERATION: [RowId; 17] = [
        RowId::ServerFirstToken,
        RowId::ServerPerToken,
        RowId::ClientFirstChunk,
        RowId::ClientPerChunk,
        RowId::InferenceDuration,
        RowId::InferenceFirstChunk,
        RowId::InferencePerChunk,
        RowId::InferenceInputTokens,
        RowId::InferenceOutputTokens,
        RowId::FirstToken,
        RowId::Prefill,
        RowId::Decode,
        RowId::InterToken,
        RowId::LongestGap,
        RowId::ConsumerWait,
        RowId::OutputTokens,
        RowId::ClientTokenUsage,
    ];
    let of_kind: &[RowId] = if is_embedding { &EMBEDDINGS } else { &GENERATION };
    let variant = |id: RowId| if id == RowId::Queue { QueueExit::Scheduled.index() } else { 0 };
    // The token usage has one variant for input and one for output.
    let output = (!is_embedding).then_some((RowId::ClientTokenUsage, TokenDirection::Output as usize));
    BOTH.iter().chain(of_kind).map(move |id| (*id, variant(*id))).chain(output)
}

/// Returns the number of variants of a row; 0 for a row whose variants depend on declared names.
const fn fixed_variant_count(id: RowId) -> usize {
    match id {
        RowId::ServerDuration | RowId::ClientDuration | RowId::InferenceDuration | RowId::EmbeddingsDuration => {
            1 + ERROR_TYPE_COUNT
        }
        RowId::ClientTokenUsage => TOKEN_DIRECTIONS.len(),
        RowId::InferenceUsageInput | RowId::InferenceUsageOutput => TokenModality::ALL.len(),
        RowId::Ended => MAX_VARIANTS,
        RowId::Attempts => AttemptKind::ALL.len(),
        RowId::Queue => QueueExit::ALL.len(),
        RowId::Stall => StallCause::ALL.len(),
        RowId::TokensProcessed => TokenKind::ALL.len() * TokenSource::ALL.len(),
        RowId::TokensWasted => TOKEN_DIRECTIONS.len() * TOKEN_WASTES.len(),
        RowId::CacheLookups => CacheKind::ALL.len() * CacheResult::ALL.len(),
        RowId::Phase | RowId::Evaluations | RowId::ObjectiveEvents | RowId::ObjectiveTokens => 0,
        // The values of these rows are read at collection, or have no labels of an operation.
        RowId::TenantCost
        | RowId::Cost
        | RowId::CostIdle
        | RowId::PricebookUnpriced
        | RowId::PricebookInfo
        | RowId::PricebookChecked
        | RowId::BudgetUsage
        | RowId::BudgetLimit
        | RowId::BudgetPeriodEnd
        | RowId::ObjectiveAttainment
        | RowId::ObjectiveBurnRate
        | RowId::BackendStatus => 0,
        id => id.is_built() as usize,
    }
}

/// Returns the number of variants of a row, for these declared names. Each slot of an objective, also
/// an unused one, has two variants: good and bad.
pub(super) fn variant_count(id: RowId, declared_names: &DeclaredNames) -> usize {
    match id {
        RowId::Phase => declared_names.phases.len(),
        RowId::Evaluations => declared_names.evaluations.len(),
        RowId::ObjectiveEvents | RowId::ObjectiveTokens => 2 * declared_names.objective_slots(),
        _ => fixed_variant_count(id),
    }
}

/// The offset of the first variant of each row, and the number of its variants.
const FIXED_OFFSETS: [(usize, usize); RowId::ALL.len()] = {
    let mut offsets = [(0, 0); RowId::ALL.len()];
    let (mut index, mut offset) = (0, 0);
    while index < RowId::ALL.len() {
        let count = fixed_variant_count(RowId::ALL[index]);
        offsets[index] = (offset, count);
        offset += count;
        index += 1;
    }
    offsets
};

/// The offset of the variants of declared names.
const DECLARED_OFFSET: usize = {
    let (offset, count) = FIXED_OFFSETS[RowId::ALL.len() - 1];
    offset + count
};

/// Returns the offset of the first variant of a row in the list of the variants of all rows. Rows whose number of
/// variants is known only when the observer is built follow the others.
pub(super) fn variant_offset(id: RowId, declared_names: &DeclaredNames) -> usize {
    let (phases, evaluations) = (declared_names.phases.len(), declared_names.evaluations.len());
    match id {
        RowId::Phase => DECLARED_OFFSET,
        RowId::Evaluations => DECLARED_OFFSET + phases,
        RowId::ObjectiveEvents => DECLARED_OFFSET + phases + evaluations,
        RowId::ObjectiveTokens => DECLARED_OFFSET + phases + evaluations + 2 * declared_names.objective_slots(),
        _ => FIXED_OFFSETS[id as usize].0,
    }
}

/// Returns the labels of a variant, in addition to the labels of the series key. Inverse of the functions that return a
/// variant. Example: `Ended` with the variant of a failure by timeout gives the outcome `failed` and error type
/// `timeout`.
pub(super) fn variant_labels(id: RowId, variant: usize, declared_names: &DeclaredNames) -> Vec<Label> {
    let single_label = |name: &'static str, value: &'static str| vec![Label::new(name, value)];
    match id {
        RowId::ServerDuration | RowId::ClientDuration | RowId::InferenceDuration | RowId::EmbeddingsDuration => variant
            .checked_sub(1)
            .map_or_else(Vec::new, |error| single_label(attribute::ERROR_TYPE, ErrorType::ALL[error].as_str())),
        RowId::ClientTokenUsage => single_label(attribute::GEN_AI_TOKEN_TYPE, TOKEN_DIRECTIONS[variant]),
        RowId::InferenceUsageInput | RowId::InferenceUsageOutput => {
            single_label(attribute::GEN_AI_TOKEN_MODALITY, TokenModality::ALL[variant].as_str())
        }
        // Providers do not report these by modality.
        RowId::InferenceUsageCacheRead | RowId::InferenceUsageCacheWrite | RowId::InferenceUsageReasoning => {
            single_label(attribute::GEN_AI_TOKEN_MODALITY, TokenModality::Unknown.as_str())
        }
        RowId::Ended => ended_labels(variant),
        RowId::Attempts => single_label(llmobs_attribute::ATTEMPT_KIND, AttemptKind::ALL[variant].as_str()),
        RowId::Queue => single_label(llmobs_attribute::QUEUE_EXIT, QueueExit::ALL[variant].as_str()),
        RowId::Stall => single_label(llmobs_attribute::STALL_CAUSE, StallCause::ALL[variant].as_str()),
        RowId::TokensProcessed => {
            let (direction, kind) = TokenKind::ALL[variant / TokenSource::ALL.len()].labels();
            let source = TokenSource::ALL[variant % TokenSource::ALL.len()].as_str();
            vec![
                Label::new(llmobs_attribute::TOKEN_DIRECTION, direction),
                Label::new(llmobs_attribute::TOKEN_KIND, kind),
                Label::new(llmobs_attribute::TOKEN_SOURCE, source),
            ]
        }
        RowId::TokensWasted => vec![
            Label::new(llmobs_attribute::TOKEN_DIRECTION, TOKEN_DIRECTIONS[variant / TOKEN_WASTES.len()]),
            Label::new(llmobs_attribute::TOKEN_WASTE, TOKEN_WASTES[variant % TOKEN_WASTES.len()]),
        ],
        RowId::CacheLookups => vec![
            Label::new(llmobs_attribute::CACHE_KIND, CacheKind::ALL[variant / CacheResult::ALL.len()].as_str()),
            Label::new(llmobs_attribute::CACHE_RESULT, CacheResult::ALL[variant % CacheResult::ALL.len()].as_str()),
        ],
        RowId::Phase => vec![Label::new(llmobs_attribute::PHASE_NAME, Arc::clone(&declared_names.phases[variant]))],
        RowId::Evaluations => {
            let (name, label) = &declared_names.evaluations[variant];
            vec![
                Label::new(attribute::GEN_AI_EVALUATION_NAME, Arc::clone(name)),
                Label::new(attribute::GEN_AI_EVALUATION_SCORE_LABEL, Arc::clone(label)),
            ]
        }
        RowId::ObjectiveEvents | RowId::ObjectiveTokens => vec![
            Label::new(
                llmobs_attribute::OBJECTIVE_NAME,
                Arc::<str>::from(declared_names.objective(variant / 2).map_or("", |objective| objective.name.as_ref())),
            ),
            Label::new(llmobs_attribute::OBJECTIVE_RESULT, if variant.is_multiple_of(2) { "good" } else { "bad" }),
        ],
        _ => Vec::new(),
    }
}

fn ended_labels(variant: usize) -> Vec<Label> {
    let with_error = |outcome: Outcome, error: ErrorType| {
        vec![
            Label::new(llmobs_attribute::OPERATION_OUTCOME, outcome.as_str()),
            Label::new(attribute::ERROR_TYPE, error.as_str()),
        ]
    };
    match variant {
        ENDED_CANCELLED => with_error(Outcome::Cancelled, ErrorType::Cancelled),
        ENDED_REJECTED.. => with_error(Outcome::Rejected, ErrorType::ALL[variant - ENDED_REJECTED]),
        ENDED_FAILED.. => with_error(Outcome::Failed, ErrorType::ALL[variant - ENDED_FAILED]),
        ENDED_WITHOUT_REASON => vec![Label::new(llmobs_attribute::OPERATION_OUTCOME, Outcome::Completed.as_str())],
        _ => vec![
            Label::new(llmobs_attribute::OPERATION_OUTCOME, Outcome::Completed.as_str()),
            Label::new(llmobs_attribute::FINISH_REASON, LabelValue::Static(FinishReason::label(variant))),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::Objective;
    use std::collections::HashSet;

    #[test]
    fn every_variant_has_unique_labels_that_its_row_declares() {
        let declared_names = DeclaredNames {
            phases: vec!["tokenize".into(), "safety".into()],
            evaluations: vec![("relevance".into(), "pass".into()), ("relevance".into(), "fail".into())],
            objectives: vec![Objective::new("interactive")],
            function_objectives: std::array::from_fn(|index| Objective::new(format!("of function {index}")).into()),
            ..DeclaredNames::default()
        };
        for id in RowId::ALL {
            let mut seen = HashSet::new();
            for variant in 0..variant_count(*id, &declared_names) {
                let labels = variant_labels(*id, variant, &declared_names);
                for label in &labels {
                    assert!(id.row().attributes.contains(&label.name.as_ref()), "{} on {}", label.name, id.row().name);
                }
                assert!(seen.insert(labels), "variant {variant} of {} has the labels of another one", id.row().name);
            }
        }
    }
}
