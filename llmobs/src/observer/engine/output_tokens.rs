//! The recording of an operation's tokens in `llmobs.token.processed` and `llmobs.token.wasted` before its end: of the
//! output while its stream runs, and of input and output when an attempt supersedes another. An operation is one model
//! call; an attempt is a try of it. `engine::ended_operation` records the rest at the end, with the `add` functions of
//! this file. The observed stream itself records `llmobs.token.streamed`.

#[cfg(feature = "cost")]
use super::costing::record_hedge;
#[cfg(feature = "cost")]
use super::costing::record_late;
#[cfg(feature = "cost")]
use super::costing::record_superseded;
use super::routing::current_series;
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
use crate::usage::SupersededTokens;
use crate::usage::TokenPartition;
use crate::usage::Usage;

/// Records those output tokens of a running stream that are not yet recorded. `counted` is the number of tokens counted
/// from its items so far, in all attempts. The stream calls it once a second.
///
/// First the last reported usage is recorded: some providers report a running total, the usage so far, before the end.
/// Then the counted tokens of the current attempt are recorded, unless a report is to come, because they are then an
/// estimate. Each step adds only what the recorded total lacks, so the larger of the two totals remains.
#[cold]
pub(crate) fn record_running(state: &OperationState, counted: CountedTokens) {
    let recorded = &state.tokens.recorded;
    let usage = state.token_usage();
    if usage.output.is_some() {
        let missing = recorded.settle(output_of(&usage.partition()));
        add_output_tokens(state, usage.source(), missing);
    }
    if !state.request.reports_usage() {
        add_output_tokens(state, TokenSource::Counted, recorded.settle(state.of_attempt(counted)));
    }
}

/// Merges a report of the token usage of a running operation. After the end of a cancelled one, the report contains the
/// tokens that the producer has generated since: records those above the recorded total as processed and wasted. Ignored
/// after any other end.
pub(crate) fn report_usage(state: &OperationState, usage: &Usage) {
    state.merge_usage(usage);
    // The operation may have ended after the report was merged and not read: recording a total twice adds nothing.
    if state.end_marks.is_cancelled() {
        record_late_tokens(state, usage);
    }
}

/// Reports the token usage of one of several choices, as `report_usage` does.
pub(crate) fn report_choice_usage(state: &OperationState, choice: u32, usage: Usage) {
    if !state.has_ended() || state.end_marks.is_cancelled() {
        report_usage(state, &state.merge_choice_usage(choice, usage));
    }
}

/// Records the output tokens of a total that a cancelled operation has not recorded. The total includes those that its
/// end has recorded or is about to record: of all threads that record a total, each adds only what the others have not.
#[cold]
fn record_late_tokens(state: &OperationState, usage: &Usage) {
    let missing = state.tokens.recorded.settle(output_of(&usage.partition()));
    add_output_tokens(state, usage.source(), missing);
    add_wasted_tokens(&state.series, TokenDirection::Output, TokenWaste::Cancelled, missing.total());
    #[cfg(feature = "cost")]
    record_late(state);
}

/// Counts the start of an attempt to the provider and model to which the request is sent now. A retry or a fallback
/// supersedes the attempt before it, unless the operation has ended: if that attempt has output, its tokens are recorded as processed and wasted, and usage and counts start
/// again. Without output, nothing is recorded, and a usage that was reported is kept. A hedge supersedes no attempt.
#[cold]
pub(crate) fn start_attempt(state: &OperationState, kind: AttemptKind) {
    state.counters.count_attempt();
    current_series(state).add(RowId::Attempts, kind.index(), 1);
    if matches!(kind, AttemptKind::Retry | AttemptKind::Fallback) && !state.has_ended() {
        // The cost of the old attempt depends on the names of its response.
        supersede_attempt(state);
        if let Some(notes) = state.notes.get() {
            notes.restart_response();
        }
    }
}

/// Records the tokens of the current attempt as processed, unless they are recorded already, and as wasted, if it has
/// output, and starts the next one. The output is that of the last report, or without a report the tokens that the
/// stream has carried in this attempt, all as text, since their kinds are not known here.
fn supersede_attempt(state: &OperationState) {
    let carried = state.tokens.streamed();
    let counted = state.of_attempt(CountedTokens { text: carried, reasoning: 0 });
    let usage = state.token_usage();
    let (output, source) = match usage.output {
        Some(_) => (output_of(&usage.partition()), usage.source()),
        None => (counted, TokenSource::Counted),
    };
    if output.total() == 0 {
        return;
    }
    #[cfg(feature = "cost")]
    record_superseded(state, state.usage(), output, source);
    // The usage is cleared before the recorded tokens: a stream that calls `record_running` in between finds neither a
    // report nor counted tokens of the old attempt. A call that read them before can still add them a second time,
    // once, as tokens of the new attempt.
    state.restart_usage(carried);
    let recorded = state.tokens.recorded.restart();
    let missing = output.missing_in(recorded);
    let input = usage.partition();
    let superseded =
        SupersededTokens { input: input.input(), output: recorded.total().saturating_add(missing.total()) };
    state.notes.get_or_init().add_superseded(superseded);
    add_input_tokens(state, usage.source(), &input);
    add_output_tokens(state, source, missing);
    add_wasted_tokens(&state.series, TokenDirection::Input, TokenWaste::Superseded, input.input());
    add_wasted_tokens(&state.series, TokenDirection::Output, TokenWaste::Superseded, output.total());
}

/// Adds output tokens of an attempt whose answer is discarded, such as a hedge that lost: to the processed tokens, as
/// counted text, and to the wasted ones, which are a part of them. The operation must not have counted these tokens
/// itself.
pub(crate) fn add_superseded_tokens(state: &OperationState, tokens: u64) {
    state.notes.get_or_init().add_superseded(SupersededTokens { input: 0, output: tokens });
    add_output_tokens(state, TokenSource::Counted, CountedTokens { text: tokens, reasoning: 0 });
    add_wasted_tokens(&state.series, TokenDirection::Output, TokenWaste::Superseded, tokens);
    #[cfg(feature = "cost")]
    record_hedge(state, tokens);
}

/// Returns the output tokens of a report that is divided into kinds.
pub(crate) const fn output_of(partition: &TokenPartition) -> CountedTokens {
    CountedTokens { text: partition.text, reasoning: partition.reasoning }
}

/// Adds the input tokens of `input` to `llmobs.token.processed`, and to the tokens of the tenant; its output tokens are
/// ignored.
pub(crate) fn add_input_tokens(state: &OperationState, source: TokenSource, input: &TokenPartition) {
    let series = &state.series;
    add_processed_tokens(series, TokenKind::Uncached, source, input.uncached);
    add_processed_tokens(series, TokenKind::CacheRead, source, input.cache_read);
    add_processed_tokens(series, TokenKind::CacheWrite, source, input.cache_write);
    if let Some(tenant) = &state.tenant {
        tenant.add_tokens(TokenDirection::Input, input.input());
    }
}

/// Adds output tokens, text and reasoning, to `llmobs.token.processed`, and to the tokens of the tenant.
pub(crate) fn add_output_tokens(state: &OperationState, source: TokenSource, output: CountedTokens) {
    let series = &state.series;
    add_processed_tokens(series, TokenKind::Text, source, output.text);
    add_processed_tokens(series, TokenKind::Reasoning, source, output.reasoning);
    if let Some(tenant) = &state.tenant {
        tenant.add_tokens(TokenDirection::Output, output.total());
    }
}

/// Adds tokens of one kind and source to `llmobs.token.processed`; zero adds nothing and creates no series.
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
