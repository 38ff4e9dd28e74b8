//! The client metrics of the OpenTelemetry GenAI conventions, which gateways record too.

use super::ended_operation::EndedOperation;
use crate::catalog::Profile;
use crate::catalog::RowId;
use crate::semconv::value::OperationName;
use crate::series::error_variant;

/// Records the client metrics, in the gateway and client roles: those of v1.41, of the latest version, or both.
#[inline]
pub(crate) fn record_client_metrics(end: &EndedOperation<'_>) {
    let (series, duration) = (end.series, end.marks.age());
    if !series.key.role.is_remote() {
        return;
    }
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
            for (id, tokens) in [
                (RowId::InferenceUsageInput, usage.input),
                (RowId::InferenceUsageOutput, usage.output),
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

/// The set of client metrics that an operation belongs to.
#[derive(PartialEq, Eq, Clone, Copy)]
enum ClientMetricSet {
    Inference,
    Embeddings,
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
