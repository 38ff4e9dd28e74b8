//! The output tokens that a stream counts from its items, as opposed to those that the engine or provider reports. The
//! observed stream keeps them, and they are recorded in `llmobs.token.processed` with the source `counted`.

use crate::catalog::RowId;
use crate::semconv::value::TokenSource;
use crate::series::OperationSeries;
use crate::series::TokenKind;
use crate::series::processed_variant;

/// The numbers of output tokens counted from a stream so far, in total and as recorded in the metrics.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CountedTokens {
    /// Number of tokens of the answer and of tool calls, of all choices.
    pub(crate) text: u64,
    /// Number of reasoning tokens, of all choices.
    pub(crate) reasoning: u64,
    /// Number of the text tokens that were recorded in the metrics while the stream ran.
    pub(crate) recorded_text: u64,
    /// Number of the reasoning tokens that were recorded in the metrics while the stream ran.
    pub(crate) recorded_reasoning: u64,
}

impl CountedTokens {
    /// Returns the number of counted tokens of both kinds.
    pub(crate) const fn total(&self) -> u64 {
        self.text + self.reasoning
    }

    /// Records the tokens that were counted since the last call, and marks them as recorded. Called about once a
    /// second.
    pub(crate) fn record(&mut self, series: &OperationSeries) {
        add_processed_tokens(series, TokenKind::Text, TokenSource::Counted, self.text - self.recorded_text);
        add_processed_tokens(
            series,
            TokenKind::Reasoning,
            TokenSource::Counted,
            self.reasoning - self.recorded_reasoning,
        );
        (self.recorded_text, self.recorded_reasoning) = (self.text, self.reasoning);
    }
}

/// Adds tokens of one kind and source to `llmobs.token.processed`; zero adds nothing and creates no series.
#[inline]
pub(crate) fn add_processed_tokens(series: &OperationSeries, kind: TokenKind, source: TokenSource, count: u64) {
    if count > 0 {
        series.add(RowId::TokensProcessed, processed_variant(kind, source), count);
    }
}
