//! The client metrics of the OpenTelemetry GenAI conventions, which gateways record too.

use super::EndedOperation;
use super::errored;
use crate::catalog::Profile;
use crate::catalog::RowId;
use crate::semconv::value::OperationName;

impl EndedOperation<'_> {
    /// Records the client metrics, in the gateway and client roles: those of v1.41, of the latest version, or both.
    pub(super) fn client(&self) {
        let (series, duration) = (self.series, self.marks.age());
        if !series.key.role.is_remote() {
            return;
        }
        let error = errored(self.ending.error_type());
        let (latest, link) = (series.vocabulary().profile == Profile::Latest, self.live.link);
        let kind = ClientMetricSet::of(&series.key.operation);
        if !latest || kind == ClientMetricSet::Other {
            series.time(RowId::ClientDuration, error, duration, link);
        }
        // Only usage that the upstream reported: tokens counted from chunks are not the billed tokens.
        let usage = self.live.usage();
        let parts = usage.partition();
        for (variant, tokens) in [usage.input, usage.output].into_iter().enumerate() {
            if let Some(tokens) = tokens {
                series.size(RowId::ClientTokenUsage, variant, tokens);
            }
        }
        match kind {
            ClientMetricSet::Inference => {
                series.time(RowId::InferenceDuration, error, duration, link);
                for (id, tokens) in [
                    (RowId::InferenceUsageInput, usage.input),
                    (RowId::InferenceUsageOutput, usage.output),
                    (RowId::InferenceUsageCacheRead, usage.cache_read.and(Some(parts.cache_read))),
                    (RowId::InferenceUsageCacheWrite, usage.cache_write.and(Some(parts.cache_write))),
                    (RowId::InferenceUsageReasoning, usage.reasoning.and(Some(parts.reasoning))),
                ] {
                    if let Some(tokens) = tokens {
                        series.add(id, 0, tokens);
                    }
                }
                for (id, tokens) in
                    [(RowId::InferenceInputTokens, usage.input), (RowId::InferenceOutputTokens, usage.output)]
                {
                    if let Some(tokens) = tokens {
                        series.size(id, 0, tokens);
                    }
                }
            }
            ClientMetricSet::Embeddings => {
                series.time(RowId::EmbeddingsDuration, error, duration, link);
                if let Some(tokens) = usage.input {
                    series.size(RowId::EmbeddingsInputTokens, 0, tokens);
                }
            }
            ClientMetricSet::Other => {}
        }
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
