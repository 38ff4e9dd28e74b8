//! The output tokens that a stream counts.

use crate::catalog::RowId;
use crate::semconv::value::TokenSource;
use crate::series::OperationSeries;
use crate::series::TokenKind;
use crate::series::processed_variant;

/// Output tokens counted from a stream.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CountedTokens {
    pub(crate) text: u64,
    pub(crate) reasoning: u64,
    /// Number of the text tokens that were recorded while the stream ran.
    pub(crate) recorded_text: u64,
    pub(crate) recorded_reasoning: u64,
}

impl CountedTokens {
    pub(crate) const fn total(&self) -> u64 {
        self.text + self.reasoning
    }

    /// Records the tokens that were counted since the last call.
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

/// Counts processed tokens of one kind.
#[inline]
pub(crate) fn add_processed_tokens(series: &OperationSeries, kind: TokenKind, source: TokenSource, count: u64) {
    if count > 0 {
        series.add(RowId::TokensProcessed, processed_variant(kind, source), count);
    }
}
