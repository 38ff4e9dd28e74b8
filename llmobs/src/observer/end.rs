//! The end of an operation: its outcome, and the metrics that are recorded at the end.

mod client_metrics;

use std::sync::Arc;

use super::end_report::EndReport;
use super::operation::RunningOperation;
use super::operation_state::OperationState;
use crate::catalog::RowId;
use crate::clock::nanos_to_seconds;
use crate::objective::Judgements;
use crate::objective::ObjectiveInput;
use crate::objective::Verdict;
use crate::semconv::value::ErrorType;
use crate::semconv::value::Outcome;
use crate::semconv::value::QueueExit;
use crate::semconv::value::TokenSource;
use crate::series::ENDED_CANCELLED;
use crate::series::OperationSeries;
use crate::series::TokenDirection;
use crate::series::TokenKind;
use crate::series::TokenWaste;
use crate::series::ended_completed_variant;
use crate::series::ended_failed_variant;
use crate::series::ended_rejected_variant;
use crate::series::error_variant;
use crate::series::processed_variant;
use crate::series::wasted_variant;
use crate::timing::Marks;
use crate::timing::TimingSummary;
use crate::usage::TokenPartition;
use crate::usage::Usage;

/// The way in which an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Completed,
    Failed(ErrorType),
    Cancelled,
    Rejected(ErrorType),
}

impl Ending {
    pub(super) const fn outcome(self) -> Outcome {
        match self {
            Self::Completed => Outcome::Completed,
            Self::Failed(_) => Outcome::Failed,
            Self::Cancelled => Outcome::Cancelled,
            Self::Rejected(_) => Outcome::Rejected,
        }
    }

    pub(super) const fn error_type(self) -> Option<ErrorType> {
        match self {
            Self::Completed => None,
            Self::Failed(error) | Self::Rejected(error) => Some(error),
            Self::Cancelled => Some(ErrorType::Cancelled),
        }
    }
}

/// The results of a stream at its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamEnd {
    pub(super) summary: TimingSummary,
    pub(super) counted_tokens: CountedTokens,
}

/// Output tokens counted from a stream.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CountedTokens {
    pub(super) text: u64,
    pub(super) reasoning: u64,
    /// Number of the text tokens that were recorded while the stream ran.
    pub(super) recorded_text: u64,
    pub(super) recorded_reasoning: u64,
}

impl CountedTokens {
    pub(super) const fn total(&self) -> u64 {
        self.text + self.reasoning
    }

    /// Records the tokens that were counted since the last call.
    pub(super) fn record(&mut self, series: &OperationSeries) {
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

/// Returns the ending of an operation that was dropped. `finished` is set if the answer was complete. Examples: a
/// marked error is `failed`, a drop after the last chunk is `completed`, and any other early drop is `cancelled`.
pub(super) fn ending_of_drop(state: &OperationState, panicked: bool, finished: bool, now: u64) -> Ending {
    if let Some(error) = state.error() {
        Ending::Failed(error)
    } else if panicked {
        Ending::Failed(ErrorType::Internal)
    } else if finished || state.finish_reason().is_some() {
        Ending::Completed
    } else if state.is_past_deadline(now) {
        Ending::Failed(ErrorType::Timeout)
    } else if state.observer.is_shutting_down() {
        Ending::Failed(ErrorType::Shutdown)
    } else {
        Ending::Cancelled
    }
}

/// Ends an operation. `ended_at` is the end of the request, and `now` the moment at which the end was observed. A
/// second end of the same operation is counted as an anomaly and ignored.
pub(super) fn finish(running: RunningOperation, ending: Ending, ended_at: u64, now: u64, stream: Option<&StreamEnd>) {
    let RunningOperation { state, slot, span } = running;
    if !state.mark_ended() {
        state.observer.count_anomaly("double_end");
        return;
    }
    leave_registry(&state, slot, now);
    state.notify_end(ending.outcome(), ended_at);
    let marks = state.marks(ended_at);
    let end = EndedOperation {
        state: &state,
        series: &state.series,
        marks,
        ending,
        stream,
        tokens: EndTokens::of(&state, &marks, ending, stream),
    };
    end.record_outcome();
    end.record_durations();
    end.record_tokens();
    end.record_client_metrics();
    let judgements = end.judge_objectives();
    EndReport { end, judgements, noticed_at: now }.emit(span);
}

/// Removes the operation from the in-flight registry. Its times by state are added to the series under the same lock,
/// so that a collection counts them exactly once.
fn leave_registry(state: &Arc<OperationState>, slot: usize, now: u64) {
    let mut registry = state.observer.in_flight_registry();
    let remote = state.series.key.role.is_remote();
    state.series.add_state_times(&state.marks(now).state_times(remote));
    registry.remove(slot);
}

/// Returns whether the operation ended before the engine scheduled it. A completed operation was scheduled, even if no
/// call marked when.
fn ended_in_queue(marks: &Marks, ending: Ending) -> bool {
    marks.is_queued() && ending != Ending::Completed
}

/// An operation at its end, with the values to record.
pub(super) struct EndedOperation<'a> {
    pub(super) state: &'a OperationState,
    series: &'a OperationSeries,
    pub(super) marks: Marks,
    pub(super) ending: Ending,
    pub(super) stream: Option<&'a StreamEnd>,
    pub(super) tokens: EndTokens,
}

impl EndedOperation<'_> {
    fn record_outcome(&self) {
        let variant = match self.ending {
            Ending::Completed => ended_completed_variant(self.state.finish_reason()),
            Ending::Failed(error) => ended_failed_variant(error),
            Ending::Cancelled => ENDED_CANCELLED,
            Ending::Rejected(error) => ended_rejected_variant(error),
        };
        self.series.add(RowId::Ended, variant, 1);
    }

    fn record_durations(&self) {
        let (state, series) = (self.state, self.series);
        series.record_duration(
            RowId::ServerDuration,
            error_variant(self.ending.error_type()),
            self.marks.age(),
            state.trace_link,
        );
        if let (true, Some(queued)) = (ended_in_queue(&self.marks, self.ending), self.marks.queue_time()) {
            let exit = match self.ending {
                Ending::Cancelled => QueueExit::Cancelled,
                Ending::Failed(ErrorType::Timeout) => QueueExit::Timeout,
                _ => QueueExit::Shed,
            };
            series.record_duration(RowId::Queue, exit.index(), queued, None);
        }
        if let Some(decode) = self.decode_time() {
            series.record_duration(RowId::Decode, 0, decode, None);
        }
        if let Some(stream) = self.stream {
            series.add(RowId::TokensUnmeasured, 0, stream.summary.unmeasured_tokens);
            series.record_duration(RowId::ConsumerWait, 0, stream.summary.consumer_wait, None);
            if let Some(gap) = stream.summary.longest_gap {
                series.record_duration(RowId::LongestGap, 0, gap, None);
            }
        }
        if self.ending == Ending::Completed {
            if let Some(ttft) = state.ttft() {
                series.record_duration(RowId::ServerFirstToken, 0, ttft, state.trace_link);
            }
            if let (Some(per_token), Some(handle)) =
                (self.seconds_per_output_token(), series.handle(RowId::ServerPerToken, 0))
            {
                handle.record(per_token, None);
            }
        }
    }

    fn record_tokens(&self) {
        let (series, tokens) = (self.series, &self.tokens);
        let source = tokens.input_source;
        for (kind, count) in [
            (TokenKind::Uncached, tokens.partition.uncached),
            (TokenKind::CacheRead, tokens.partition.cache_read),
            (TokenKind::CacheWrite, tokens.partition.cache_write),
        ] {
            add_processed_tokens(series, kind, source, count);
        }
        add_processed_tokens(series, TokenKind::Text, tokens.output_source, tokens.unrecorded_text);
        add_processed_tokens(series, TokenKind::Reasoning, tokens.output_source, tokens.unrecorded_reasoning);
        let waste = match self.ending {
            Ending::Cancelled => Some(TokenWaste::Cancelled),
            Ending::Failed(_) => Some(TokenWaste::Failed),
            Ending::Completed | Ending::Rejected(_) => None,
        };
        if let Some(waste) = waste {
            add_wasted_tokens(series, TokenDirection::Input, waste, tokens.partition.input());
            add_wasted_tokens(series, TokenDirection::Output, waste, tokens.output.unwrap_or(0));
        }
        if let Some(input) = tokens.input {
            series.record_size(RowId::InputTokens, 0, input);
        }
        if let Some(output) = tokens.output {
            series.record_size(RowId::OutputTokens, 0, output);
        }
    }

    /// Judges the operation by each objective and counts the results.
    fn judge_objectives(&self) -> Judgements {
        let input = ObjectiveInput {
            outcome: self.ending.outcome(),
            error_type: self.ending.error_type(),
            time_to_first_token: self.state.ttft(),
            time_per_output_token: self.nanos_per_output_token(),
            longest_gap: self.stream.and_then(|stream| stream.summary.longest_gap),
            duration: self.marks.age(),
        };
        let is_abandoned = input.outcome == Outcome::Cancelled && input.time_to_first_token.is_none();
        let mut judgements = Judgements::default();
        let declared_names = self.series.declared_names();
        let declared = 0..declared_names.objectives.len();
        for index in declared.chain(self.state.function_objective()) {
            let variant =
                match declared_names.objective(index).map_or(Verdict::Excluded, |objective| objective.judge(&input)) {
                    Verdict::Good => 2 * index,
                    Verdict::Bad => 2 * index + 1,
                    Verdict::Excluded | Verdict::Abandoned => continue,
                };
            judgements.insert(index, variant % 2 == 0);
            self.series.add(RowId::ObjectiveEvents, variant, 1);
            self.series.add(RowId::ObjectiveTokens, variant, self.tokens.output.unwrap_or(0));
        }
        if is_abandoned && judgements.is_good() != Some(false) {
            self.series.add(RowId::Abandoned, 0, 1);
        }
        judgements
    }

    /// Returns the time in nanoseconds from the first token to the last exact token moment. Without a stream, the end
    /// of a completed operation counts as its last token.
    pub(super) fn decode_time(&self) -> Option<u64> {
        match self.stream {
            Some(stream) => stream.summary.decode_time.filter(|_| stream.summary.decode_tokens > 0),
            None if self.ending == Ending::Completed && self.tokens.output.is_some_and(|tokens| tokens > 1) => {
                Some(self.marks.now.saturating_sub(self.marks.first_token?))
            }
            None => None,
        }
    }

    /// Returns the number of tokens after the first one that were generated in the decode time.
    fn decode_tokens(&self) -> u64 {
        match self.stream {
            Some(stream) => stream.summary.decode_tokens,
            None => self.tokens.output.unwrap_or(0).saturating_sub(1),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
    fn seconds_per_output_token(&self) -> Option<f64> {
        Some(nanos_to_seconds(self.decode_time()?) / self.decode_tokens() as f64)
    }

    pub(super) fn nanos_per_output_token(&self) -> Option<u64> {
        self.decode_time()?.checked_div(self.decode_tokens())
    }
}

/// The tokens of an operation at its end; the `unrecorded` fields exclude those recorded while it ran.
pub(super) struct EndTokens {
    partition: TokenPartition,
    input_source: TokenSource,
    pub(super) input: Option<u64>,
    pub(super) output: Option<u64>,
    pub(super) output_source: TokenSource,
    unrecorded_text: u64,
    unrecorded_reasoning: u64,
}

impl EndTokens {
    fn of(state: &OperationState, marks: &Marks, ending: Ending, stream: Option<&StreamEnd>) -> Self {
        let mut usage = state.usage();
        if ended_in_queue(marks, ending) || matches!(ending, Ending::Rejected(_)) {
            // The engine did not process the input.
            usage = Usage { input: None, cache_read: None, cache_write: None, ..usage };
        }
        let partition = usage.partition();
        let counted = stream.map(|stream| stream.counted_tokens).unwrap_or_default();
        let reported = usage.output.is_some();
        let (text, reasoning) =
            if reported { (partition.text, partition.reasoning) } else { (counted.text, counted.reasoning) };
        let recorded = counted.recorded_text + counted.recorded_reasoning;
        // A report adds only the tokens that were not recorded as counted, so that no token is recorded twice.
        let unrecorded = (text + reasoning).saturating_sub(recorded);
        let unrecorded_reasoning = reasoning.saturating_sub(counted.recorded_reasoning).min(unrecorded);
        Self {
            partition,
            input_source: usage.source(),
            input: usage.input,
            output: if reported { Some(text + reasoning) } else { stream.map(|_| counted.total()) },
            output_source: if reported { usage.source() } else { TokenSource::Counted },
            unrecorded_text: unrecorded - unrecorded_reasoning,
            unrecorded_reasoning,
        }
    }
}

fn add_processed_tokens(series: &OperationSeries, kind: TokenKind, source: TokenSource, count: u64) {
    if count > 0 {
        series.add(RowId::TokensProcessed, processed_variant(kind, source), count);
    }
}

fn add_wasted_tokens(series: &OperationSeries, direction: TokenDirection, waste: TokenWaste, count: u64) {
    if count > 0 {
        series.add(RowId::TokensWasted, wasted_variant(direction, waste), count);
    }
}
