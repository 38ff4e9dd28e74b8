//! The metrics that are recorded at the end of an operation, one model call: outcome, times, tokens and objectives.
//! `engine::end` calls the methods, and `engine::emit` uses the same values for the span and the log events.

use super::output_tokens::add_input_tokens;
use super::output_tokens::add_output_tokens;
use super::output_tokens::add_wasted_tokens;
use super::output_tokens::output_of;
use super::routing::current_series;
use crate::catalog::RowId;
use crate::clock::nanos_to_seconds;
use crate::objective::Judgements;
use crate::objective::ObjectiveInput;
use crate::objective::Verdict;
use crate::observer::state::counted_tokens::CountedTokens;
use crate::observer::state::ending::Ending;
use crate::observer::state::ending::StreamEnd;
use crate::observer::state::operation_state::OperationState;
use crate::semconv::value::ErrorType;
use crate::semconv::value::Outcome;
use crate::semconv::value::QueueExit;
use crate::semconv::value::TokenSource;
use crate::series::ENDED_CANCELLED;
use crate::series::OperationSeries;
use crate::series::TokenDirection;
use crate::series::TokenWaste;
use crate::series::ended_completed_variant;
use crate::series::ended_failed_variant;
use crate::series::ended_rejected_variant;
use crate::series::error_variant;
use crate::timing::Marks;
use crate::usage::TokenPartition;
use crate::usage::Usage;

/// Returns whether the operation ended before the engine scheduled it. A completed operation was scheduled, even if no
/// call marked when.
pub(super) fn ended_in_queue(marks: &Marks, ending: Ending) -> bool {
    marks.is_queued() && ending != Ending::Completed
}

/// An operation at its end, with the values to record in its metrics.
pub(crate) struct EndedOperation<'a> {
    /// The shared state of the operation.
    pub(crate) state: &'a OperationState,
    /// The series that the metrics are recorded in: those of the start.
    pub(crate) series: &'a OperationSeries,
    /// The series of the provider and model that answered.
    pub(crate) answering_series: &'a OperationSeries,
    /// The moments of the operation, in nanoseconds; `now` is its end.
    pub(crate) marks: Marks,
    /// The outcome and the error type.
    pub(crate) ending: Ending,
    /// The results of the stream; `None` without a stream.
    pub(crate) stream: Option<&'a StreamEnd>,
    /// The input and output tokens, as reported or counted.
    pub(crate) tokens: EndTokens,
}

impl<'a> EndedOperation<'a> {
    /// Returns the values to record, with the token counts as of now. `recorded_output` is the output that was recorded
    /// while the operation ran.
    #[inline]
    pub(crate) fn new(
        state: &'a OperationState,
        marks: Marks,
        ending: Ending,
        stream: Option<&'a StreamEnd>,
        recorded_output: CountedTokens,
    ) -> Self {
        let tokens = EndTokens::of(state, &marks, ending, stream, recorded_output);
        Self { state, series: &state.series, answering_series: current_series(state), marks, ending, stream, tokens }
    }

    /// Counts the end of the operation by its outcome, finish reason and error type, and for its tenant.
    #[inline]
    pub(crate) fn record_outcome(&self) {
        let variant = match self.ending {
            Ending::Completed => ended_completed_variant(self.state.finish_reason()),
            Ending::Failed(error) => ended_failed_variant(error),
            Ending::Cancelled => ENDED_CANCELLED,
            Ending::Rejected(error) => ended_rejected_variant(error),
        };
        self.series.add(RowId::Ended, variant, 1);
        if let Some(tenant) = &self.state.tenant {
            tenant.record_end(self.ending.outcome(), self.marks.now);
        }
    }

    /// Records the times of the operation: its duration, the time in the queue if it ended there, and the decode time;
    /// the number of preemptions if it was scheduled;
    /// of a stream, also the consumer wait and the longest gap; of a completed operation, also the time to first token
    /// and per output token of the conventions' server metrics.
    #[inline]
    pub(crate) fn record_durations(&self) {
        let (state, series) = (self.state, self.series);
        series.record_duration(
            RowId::ServerDuration,
            error_variant(self.ending.error_type()),
            self.marks.age(),
            state.request.trace_link,
        );
        if let (true, Some(queued)) = (ended_in_queue(&self.marks, self.ending), self.marks.queue_time()) {
            let exit = match self.ending {
                Ending::Cancelled => QueueExit::Cancelled,
                Ending::Failed(ErrorType::Timeout) => QueueExit::Timeout,
                _ => QueueExit::Shed,
            };
            series.record_duration(RowId::Queue, exit.index(), queued, None);
        }
        if self.marks.scheduled.is_some() {
            series.record_size(RowId::OperationPreemptions, 0, u64::from(state.counters.preemptions()));
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
                series.record_duration(RowId::ServerFirstToken, 0, ttft, state.request.trace_link);
            }
            // Without a value, no series is created.
            if let Some(per_token) = self.seconds_per_output_token()
                && let Some(handle) = series.handle(RowId::ServerPerToken, 0)
            {
                handle.record(per_token, None);
            }
        }
    }

    /// Records the input tokens, the output tokens that were not recorded while the stream ran, and the tokens wasted
    /// by a failure or a cancellation.
    #[inline]
    pub(crate) fn record_tokens(&self) {
        let (series, tokens) = (self.series, &self.tokens);
        add_input_tokens(self.state, tokens.input_source, &tokens.partition);
        let unrecorded = match self.ending {
            // The producer may record late tokens at the same time.
            Ending::Cancelled => self.state.tokens.recorded.settle_at_end(tokens.total_output),
            _ => tokens.total_output.missing_in(tokens.recorded_output),
        };
        add_output_tokens(self.state, tokens.output_source, unrecorded);
        let waste = match self.ending {
            Ending::Cancelled => Some((TokenWaste::Cancelled, tokens.recorded_output.total() + unrecorded.total())),
            Ending::Failed(_) => Some((TokenWaste::Failed, tokens.output.unwrap_or(0))),
            Ending::Completed | Ending::Rejected(_) => None,
        };
        if let Some((waste, output)) = waste {
            add_wasted_tokens(series, TokenDirection::Input, waste, tokens.partition.input());
            add_wasted_tokens(series, TokenDirection::Output, waste, output);
        }
        let is_below_recorded = tokens.recorded_output.total() > tokens.total_output.total();
        if is_below_recorded && self.ending == Ending::Completed {
            self.state.observer.count_anomaly("usage_below_count");
        }
        if let Some(input) = tokens.input {
            series.record_size(RowId::InputTokens, 0, input);
        }
        if let Some(output) = tokens.output {
            series.record_size(RowId::OutputTokens, 0, output);
        }
    }

    /// Judges the operation by each declared objective and by the objective of its `llm_span` function, and counts the
    /// results and the output tokens by result. An operation that was cancelled before its first token and missed no
    /// objective is counted as abandoned.
    #[inline]
    pub(crate) fn judge_objectives(&self) -> Judgements {
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
        for index in declared.chain(self.state.request.function_objective()) {
            let is_good =
                match declared_names.objective(index).map_or(Verdict::Excluded, |objective| objective.judge(&input)) {
                    Verdict::Good => true,
                    Verdict::Bad => false,
                    Verdict::Excluded | Verdict::Abandoned => continue,
                };
            judgements.insert(index, is_good);
            self.series.count_judgement(index, is_good, self.tokens.output.unwrap_or(0), self.marks.now);
        }
        if is_abandoned && judgements.is_good() != Some(false) {
            self.series.add(RowId::Abandoned, 0, 1);
        }
        judgements
    }

    /// Returns the time in nanoseconds from the first token to the last exact token moment. Without a stream, the end
    /// of a completed operation counts as its last token. Returns `None` if no token after the first was timed.
    #[inline]
    pub(crate) fn decode_time(&self) -> Option<u64> {
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

    /// Returns the decode time per token after the first, in nanoseconds; `None` without a decode time.
    #[inline]
    pub(crate) fn nanos_per_output_token(&self) -> Option<u64> {
        self.decode_time()?.checked_div(self.decode_tokens())
    }
}

/// The tokens of an operation at its end, of its last attempt: as reported, else as counted from its stream.
pub(crate) struct EndTokens {
    partition: TokenPartition,
    /// The source of `input`: reported or estimated.
    pub(crate) input_source: TokenSource,
    /// Number of reported input tokens; `None` without a report, and if the engine did not process the input.
    pub(crate) input: Option<u64>,
    /// Number of output tokens: as reported, else as counted from the stream; `None` without both.
    pub(crate) output: Option<u64>,
    /// The source of `output`: reported, estimated or counted.
    pub(crate) output_source: TokenSource,
    /// The tokens of `output` by kind; zero if it is `None`.
    total_output: CountedTokens,
    /// The output that was recorded while the operation ran.
    recorded_output: CountedTokens,
}

impl EndTokens {
    /// Returns the tokens by kind.
    pub(crate) const fn by_kind(&self) -> TokenPartition {
        TokenPartition { text: self.total_output.text, reasoning: self.total_output.reasoning, ..self.partition }
    }

    #[inline]
    fn of(
        state: &OperationState,
        marks: &Marks,
        ending: Ending,
        stream: Option<&StreamEnd>,
        recorded_output: CountedTokens,
    ) -> Self {
        let mut usage = state.usage();
        if ended_in_queue(marks, ending) || matches!(ending, Ending::Rejected(_)) {
            // The engine did not process the input.
            usage = Usage { input: None, cache_read: None, cache_write: None, ..usage };
        }
        let partition = usage.partition();
        let counted = stream.map(|stream| state.of_attempt(stream.counted_tokens));
        let reported = usage.output.map(|_| output_of(&partition));
        // The last report of an answer that broke off may be older than its last tokens.
        let is_outdated = |reported: &CountedTokens| {
            ending != Ending::Completed && counted.is_some_and(|counted| counted.total() > reported.total())
        };
        let reported = reported.filter(|reported| !is_outdated(reported));
        Self {
            partition,
            input_source: usage.source(),
            input: usage.input,
            output: reported.or(counted).map(|output| output.total()),
            output_source: if reported.is_some() { usage.source() } else { TokenSource::Counted },
            total_output: reported.or(counted).unwrap_or_default(),
            recorded_output,
        }
    }
}
