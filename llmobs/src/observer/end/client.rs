//! The conventions' metrics of clients, which gateways record too.

use super::End;
use super::errored;
use crate::catalog::Id;
use crate::catalog::Profile;
use crate::semconv::value::OperationName;

impl End<'_> {
    /// The conventions' client metrics: one set, the other, or both.
    pub(super) fn client(&self) {
        let (series, duration) = (self.series, self.marks.age());
        if !series.key.role.is_remote() {
            return;
        }
        let error = errored(self.ending.error_type());
        let (latest, link) = (series.vocabulary().profile == Profile::Latest, self.live.link);
        let kind = Kind::of(&series.key.operation);
        if !latest || kind == Kind::Else {
            series.time(Id::ClientDuration, error, duration, link);
        }
        // Only what the upstream reported: a count of chunks is no count of billed tokens.
        let usage = self.live.usage();
        let parts = usage.partition();
        for (variant, tokens) in [usage.input, usage.output].into_iter().enumerate() {
            if let Some(tokens) = tokens {
                series.size(Id::ClientTokenUsage, variant, tokens);
            }
        }
        match kind {
            Kind::Inference => {
                series.time(Id::InferenceDuration, error, duration, link);
                for (id, tokens) in [
                    (Id::InferenceUsageInput, usage.input),
                    (Id::InferenceUsageOutput, usage.output),
                    (Id::InferenceUsageCacheRead, usage.cache_read.and(Some(parts.cache_read))),
                    (Id::InferenceUsageCacheWrite, usage.cache_write.and(Some(parts.cache_write))),
                    (Id::InferenceUsageReasoning, usage.reasoning.and(Some(parts.reasoning))),
                ] {
                    if let Some(tokens) = tokens {
                        series.add(id, 0, tokens);
                    }
                }
                for (id, tokens) in [(Id::InferenceInputTokens, usage.input), (Id::InferenceOutputTokens, usage.output)]
                {
                    if let Some(tokens) = tokens {
                        series.size(id, 0, tokens);
                    }
                }
            }
            Kind::Embeddings => {
                series.time(Id::EmbeddingsDuration, error, duration, link);
                if let Some(tokens) = usage.input {
                    series.size(Id::EmbeddingsInputTokens, 0, tokens);
                }
            }
            Kind::Else => {}
        }
    }
}

/// Which of the conventions' client metrics an operation belongs to.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Kind {
    Inference,
    Embeddings,
    Else,
}

impl Kind {
    const fn of(operation: &OperationName) -> Self {
        match operation {
            OperationName::Chat | OperationName::GenerateContent | OperationName::TextCompletion => Self::Inference,
            OperationName::Embeddings => Self::Embeddings,
            _ => Self::Else,
        }
    }
}
