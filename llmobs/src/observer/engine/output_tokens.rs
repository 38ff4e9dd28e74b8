//! The output tokens of an operation, a model call, in `llmobs.token.processed` and `llmobs.token.streamed`: while its
//! stream runs, and when an attempt supersedes another. `engine::end` records the rest at the end.

use crate::catalog::RowId;
use crate::observer::state::counted_tokens::CountedTokens;
use crate::observer::state::operation_state::OperationState;
use crate::semconv::value::AttemptKind;
use crate::semconv::value::TokenSource;
use crate::series::OperationSeries;
use crate::series::TokenDirection;
use crate::series::TokenKind;
use crate::series::TokenWaste;
use crate::series::processed_variant;
use crate::series::wasted_variant;
use crate::usage::TokenPartition;

/// Records the output tokens of a running stream, which has counted `counted` so far: those of a report, if a running
/// total has come, and those counted where the items carry exact numbers. Where a report is to come, counted tokens are
/// an estimate and are not recorded. The stream calls it once a second.
#[cold]
pub(crate) fn record_running(state: &OperationState, counted: CountedTokens) {
    let recorded = &state.tokens.recorded;
    let usage = state.tokens.usage();
    if usage.output.is_some() {
        let missing = recorded.settle(output_of(&usage.partition()));
        add_output_tokens(&state.series, usage.source(), missing);
    }
    if !state.request.reports_usage() {
        add_output_tokens(&state.series, TokenSource::Counted, recorded.settle(state.of_attempt(counted)));
    }
}

/// Counts an attempt of the operation. A retry or a fallback supersedes the attempt before it: if that generated
/// output, its tokens are processed and wasted, and usage and counts start again for the new attempt. A hedge runs
/// beside the other attempts.
#[cold]
pub(crate) fn start_attempt(state: &OperationState, kind: AttemptKind) {
    state.counters.count_attempt();
    state.series.add(RowId::Attempts, kind.index(), 1);
    if matches!(kind, AttemptKind::Retry | AttemptKind::Fallback) && !state.has_ended() {
        supersede_attempt(state);
    }
}

fn supersede_attempt(state: &OperationState) {
    let carried = state.tokens.streamed();
    let counted = state.of_attempt(CountedTokens { text: carried, reasoning: 0 });
    let usage = state.tokens.usage();
    let (output, source) = match usage.output {
        Some(_) => (output_of(&usage.partition()), usage.source()),
        None => (counted, TokenSource::Counted),
    };
    if output.total() == 0 {
        return;
    }
    // In this order, a stream that records at the same time finds nothing to add.
    state.restart_usage(carried);
    let missing = output.missing_in(state.tokens.recorded.restart());
    let input = usage.partition();
    add_input_tokens(&state.series, usage.source(), &input);
    add_output_tokens(&state.series, source, missing);
    add_wasted_tokens(&state.series, TokenDirection::Input, TokenWaste::Superseded, input.input());
    add_wasted_tokens(&state.series, TokenDirection::Output, TokenWaste::Superseded, output.total());
}

/// Adds output tokens of an attempt whose answer is discarded: to the processed tokens, then to the wasted ones, which
/// are a part of them.
pub(crate) fn add_superseded_tokens(state: &OperationState, tokens: u64) {
    add_output_tokens(&state.series, TokenSource::Counted, CountedTokens { text: tokens, reasoning: 0 });
    add_wasted_tokens(&state.series, TokenDirection::Output, TokenWaste::Superseded, tokens);
}

/// Returns the output tokens of a report.
pub(crate) const fn output_of(partition: &TokenPartition) -> CountedTokens {
    CountedTokens { text: partition.text, reasoning: partition.reasoning }
}

/// Adds input tokens to `llmobs.token.processed`.
pub(crate) fn add_input_tokens(series: &OperationSeries, source: TokenSource, input: &TokenPartition) {
    add_processed_tokens(series, TokenKind::Uncached, source, input.uncached);
    add_processed_tokens(series, TokenKind::CacheRead, source, input.cache_read);
    add_processed_tokens(series, TokenKind::CacheWrite, source, input.cache_write);
}

/// Adds output tokens to `llmobs.token.processed`.
pub(crate) fn add_output_tokens(series: &OperationSeries, source: TokenSource, output: CountedTokens) {
    add_processed_tokens(series, TokenKind::Text, source, output.text);
    add_processed_tokens(series, TokenKind::Reasoning, source, output.reasoning);
}

/// Adds tokens of one kind and source; zero adds nothing and creates no series.
#[inline]
fn add_processed_tokens(series: &OperationSeries, kind: TokenKind, source: TokenSource, count: u64) {
    if count > 0 {
        series.add(RowId::TokensProcessed, processed_variant(kind, source), count);
    }
}

/// Adds tokens to `llmobs.token.wasted`; zero adds nothing and creates no series.
pub(crate) fn add_wasted_tokens(series: &OperationSeries, direction: TokenDirection, waste: TokenWaste, count: u64) {
    if count > 0 {
        series.add(RowId::TokensWasted, wasted_variant(direction, waste), count);
    }
}
