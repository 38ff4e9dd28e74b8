//! The client metrics of the OpenTelemetry GenAI conventions, which gateways record too: the duration and the reported
//! tokens of a model call. `engine::end` records them at the end of each operation.

use super::ended_operation::EndedOperation;
use crate::catalog::Profile;
use crate::catalog::RowId;
use crate::semconv::value::OperationName;
use crate::semconv::value::TokenModality;
use crate::series::error_variant;

/// Records the client metrics of an operation that has ended: those of v1.41, of the latest version, or both, by the
/// profile, for the provider and the model that answered. Records nothing in the server role. Token metrics contain only
/// usage that the upstream reported.
#[inline]
pub(crate) fn record_client_metrics(end: &EndedOperation<'_>) {
    if !end.series.key.role.is_remote() {
        return;
    }
    let (series, duration) = (end.answering_series, end.marks.age());
    let error = error_variant(end.ending.error_type());
    let (latest, link) = (series.declared_names().profile == Profile::Latest, end.state.request.trace_link);
    let kind = ClientMetricSet::of(&series.key.operation);
    if !latest || kind == ClientMetricSet::Other {
        series.record_duration(RowId::ClientDuration, error, duration, link);
    }
    // Only usage that the upstream reported: tokens counted from chunks are not the billed tokens.
    let usage = end.state.usage();
    let partition = usage.partition();
    for (variant, tokens) in [usage.input, usage.output].into_iter().enumerate() {
        if let Some(tokens) = tokens {
            series.record_size(RowId::ClientTokenUsage, variant, tokens);
        }
    }
    match kind {
        ClientMetricSet::Inference => {
            series.record_duration(RowId::InferenceDuration, error, duration, link);
            for (id, tokens, modalities) in [
                (RowId::InferenceUsageInput, usage.input, usage.details.input),
                (RowId::InferenceUsageOutput, usage.output, usage.details.output),
            ] {
                let Some(total) = tokens else { continue };
                for (modality, tokens) in TokenModality::ALL.iter().zip(modalities.divide(total)) {
                    // A total of 0 is recorded too.
                    if tokens > 0 || (total == 0 && *modality == TokenModality::Unknown) {
                        series.add(id, modality.index(), tokens);
                    }
                }
            }
            for (id, tokens) in [
                (RowId::InferenceUsageCacheRead, usage.cache_read.and(Some(partition.cache_read))),
                (RowId::InferenceUsageCacheWrite, usage.cache_write.and(Some(partition.cache_write))),
                (RowId::InferenceUsageReasoning, usage.reasoning.and(Some(partition.reasoning))),
            ] {
                if let Some(tokens) = tokens {
                    series.add(id, 0, tokens);
                }
            }
            for (id, tokens) in
                [(RowId::InferenceInputTokens, usage.input), (RowId::InferenceOutputTokens, usage.output)]
            {
                if let Some(tokens) = tokens {
                    series.record_size(id, 0, tokens);
                }
            }
        }
        ClientMetricSet::Embeddings => {
            series.record_duration(RowId::EmbeddingsDuration, error, duration, link);
            if let Some(tokens) = usage.input {
                series.record_size(RowId::EmbeddingsInputTokens, 0, tokens);
            }
        }
        ClientMetricSet::Other => {}
    }
}

/// The set of client metrics of the latest conventions that an operation belongs to.
#[derive(PartialEq, Eq, Clone, Copy)]
enum ClientMetricSet {
    /// The metrics of a chat, a `generate_content` or a text completion.
    Inference,
    /// The metrics of an embeddings request.
    Embeddings,
    /// No metrics of the latest conventions: only those of v1.41, of which the latest profile records the duration.
    Other,
}

impl ClientMetricSet {
    const fn of(operation: &OperationName) -> Self {
        match operation {
            OperationName::Chat | OperationName::GenerateContent | OperationName::TextCompletion => Self::Inference,
            OperationName::Embeddings => Self::Embeddings,
            _ => Self::Other,
        }
    }
}
