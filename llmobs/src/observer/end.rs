//! The end of an operation: its outcome, and the metrics that are recorded at the end.

mod client_metrics;

use std::sync::Arc;

use super::end_report::EndReport;
use super::operation::RunningOperation;
use super::operation_state::OperationState;
use crate::catalog::RowId;
use crate::clock::seconds;
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
use crate::series::ended_completed;
use crate::series::ended_failed;
use crate::series::ended_rejected;
use crate::series::errored;
use crate::series::processed;
use crate::series::wasted;
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
    pub(super) counted: CountedTokens,
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
        series_tokens(series, TokenKind::Text, TokenSource::Counted, self.text - self.recorded_text);
        series_tokens(series, TokenKind::Reasoning, TokenSource::Counted, self.reasoning - self.recorded_reasoning);
        (self.recorded_text, self.recorded_reasoning) = (self.text, self.reasoning);
    }
}

/// Returns the ending of an operation that was dropped. `finished` is set if the answer was complete. Examples: a
/// marked error is `failed`, a drop after the last chunk is `completed`, and any other early drop is `cancelled`.
pub(super) fn decide(live: &OperationState, panicked: bool, finished: bool, now: u64) -> Ending {
    if let Some(error) = live.error() {
        Ending::Failed(error)
    } else if panicked {
        Ending::Failed(ErrorType::Internal)
    } else if finished || live.finish_reason().is_some() {
        Ending::Completed
    } else if live.is_past_deadline(now) {
        Ending::Failed(ErrorType::Timeout)
    } else if live.core.is_shutting_down() {
        Ending::Failed(ErrorType::Shutdown)
    } else {
        Ending::Cancelled
    }
}

/// Ends an operation. `ended_at` is the end of the request, and `now` the moment at which the end was observed. A
/// second end of the same operation is counted as an anomaly and ignored.
pub(super) fn finish(running: RunningOperation, ending: Ending, ended_at: u64, now: u64, stream: Option<&StreamEnd>) {
    let RunningOperation { live, place, span } = running;
    let live = &live;
    if !live.end() {
        live.core.anomaly("double_end");
        return;
    }
    leave_registry(live, place, now);
    live.notify_end(ending.outcome(), ended_at);
    let marks = live.marks(ended_at);
    let end = EndedOperation {
        live,
        series: &live.series,
        marks,
        ending,
        stream,
        tokens: EndTokens::of(live, &marks, ending, stream),
    };
    end.books();
    end.times();
    end.tokens();
    end.client();
    let judged = end.objectives();
    EndReport { end, judged, now }.emit(span);
}

/// Removes the operation from the in-flight registry. Its times by state are added to the series under the same lock,
/// so that a collection counts them exactly once.
fn leave_registry(live: &Arc<OperationState>, place: usize, now: u64) {
    let mut table = live.core.table();
    let remote = live.series.key.role.is_remote();
    live.series.settle(&live.marks(now).state_times(remote));
    table.remove(place);
}

/// Returns whether the operation ended before the engine scheduled it. A completed operation was scheduled, even if no
/// call marked when.
fn ended_queued(marks: &Marks, ending: Ending) -> bool {
    marks.is_queued() && ending != Ending::Completed
}

/// An operation at its end, with the values to record.
pub(super) struct EndedOperation<'a> {
    pub(super) live: &'a OperationState,
    series: &'a OperationSeries,
    pub(super) marks: Marks,
    pub(super) ending: Ending,
    pub(super) stream: Option<&'a StreamEnd>,
    pub(super) tokens: EndTokens,
}

impl EndedOperation<'_> {
    fn books(&self) {
        let variant = match self.ending {
            Ending::Completed => ended_completed(self.live.finish_reason()),
            Ending::Failed(error) => ended_failed(error),
            Ending::Cancelled => ENDED_CANCELLED,
            Ending::Rejected(error) => ended_rejected(error),
        };
        self.series.add(RowId::Ended, variant, 1);
    }

    fn times(&self) {
        let (live, series) = (self.live, self.series);
        series.time(RowId::ServerDuration, errored(self.ending.error_type()), self.marks.age(), live.link);
        if let (true, Some(queued)) = (ended_queued(&self.marks, self.ending), self.marks.queue()) {
            let exit = match self.ending {
                Ending::Cancelled => QueueExit::Cancelled,
                Ending::Failed(ErrorType::Timeout) => QueueExit::Timeout,
                _ => QueueExit::Shed,
            };
            series.time(RowId::Queue, exit.index(), queued, None);
        }
        if let Some(decode) = self.decode() {
            series.time(RowId::Decode, 0, decode, None);
        }
        if let Some(stream) = self.stream {
            series.add(RowId::TokensUnmeasured, 0, stream.summary.unmeasured);
            series.time(RowId::ConsumerWait, 0, stream.summary.away, None);
            if let Some(gap) = stream.summary.longest_gap {
                series.time(RowId::LongestGap, 0, gap, None);
            }
        }
        if self.ending == Ending::Completed {
            if let Some(ttft) = live.ttft() {
                series.time(RowId::ServerFirstToken, 0, ttft, live.link);
            }
            if let (Some(per_token), Some(handle)) = (self.per_token(), series.handle(RowId::ServerPerToken, 0)) {
                handle.record(per_token, None);
            }
        }
    }

    fn tokens(&self) {
        let (series, tokens) = (self.series, &self.tokens);
        let source = tokens.source;
        for (kind, count) in [
            (TokenKind::Uncached, tokens.parts.uncached),
            (TokenKind::CacheRead, tokens.parts.cache_read),
            (TokenKind::CacheWrite, tokens.parts.cache_write),
        ] {
            series_tokens(series, kind, source, count);
        }
        series_tokens(series, TokenKind::Text, tokens.output_source, tokens.unrecorded_text);
        series_tokens(series, TokenKind::Reasoning, tokens.output_source, tokens.unrecorded_reasoning);
        let waste = match self.ending {
            Ending::Cancelled => Some(TokenWaste::Cancelled),
            Ending::Failed(_) => Some(TokenWaste::Failed),
            Ending::Completed | Ending::Rejected(_) => None,
        };
        if let Some(waste) = waste {
            series_wasted(series, TokenDirection::Input, waste, tokens.parts.input());
            series_wasted(series, TokenDirection::Output, waste, tokens.output.unwrap_or(0));
        }
        if let Some(input) = tokens.input {
            series.size(RowId::InputTokens, 0, input);
        }
        if let Some(output) = tokens.output {
            series.size(RowId::OutputTokens, 0, output);
        }
    }

    /// Judges the operation by each objective and counts the results.
    fn objectives(&self) -> Judgements {
        let facts = ObjectiveInput {
            outcome: self.ending.outcome(),
            error_type: self.ending.error_type(),
            first_token: self.live.ttft(),
            per_token: self.per_token_nanos(),
            longest_gap: self.stream.and_then(|stream| stream.summary.longest_gap),
            duration: self.marks.age(),
        };
        let left_early = facts.outcome == Outcome::Cancelled && facts.first_token.is_none();
        let mut judged = Judgements::default();
        let vocabulary = self.series.vocabulary();
        let of_all = 0..vocabulary.objectives.len();
        for place in of_all.chain(self.live.function_objective()) {
            let variant =
                match vocabulary.objective(place).map_or(Verdict::Excluded, |objective| objective.judge(&facts)) {
                    Verdict::Good => 2 * place,
                    Verdict::Bad => 2 * place + 1,
                    Verdict::Excluded | Verdict::Abandoned => continue,
                };
            judged.note(place, variant % 2 == 0);
            self.series.add(RowId::ObjectiveEvents, variant, 1);
            self.series.add(RowId::ObjectiveTokens, variant, self.tokens.output.unwrap_or(0));
        }
        if left_early && judged.good() != Some(false) {
            self.series.add(RowId::Abandoned, 0, 1);
        }
        judged
    }

    /// Returns the time in nanoseconds from the first token to the last exact token moment. Without a stream, the end
    /// of a completed operation counts as its last token.
    pub(super) fn decode(&self) -> Option<u64> {
        match self.stream {
            Some(stream) => stream.summary.decode.filter(|_| stream.summary.decode_tokens > 0),
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
    fn per_token(&self) -> Option<f64> {
        Some(seconds(self.decode()?) / self.decode_tokens() as f64)
    }

    pub(super) fn per_token_nanos(&self) -> Option<u64> {
        self.decode()?.checked_div(self.decode_tokens())
    }
}

/// The tokens of an operation at its end; the `unrecorded` fields exclude those recorded while it ran.
pub(super) struct EndTokens {
    parts: TokenPartition,
    source: TokenSource,
    pub(super) input: Option<u64>,
    pub(super) output: Option<u64>,
    pub(super) output_source: TokenSource,
    unrecorded_text: u64,
    unrecorded_reasoning: u64,
}

impl EndTokens {
    fn of(live: &OperationState, marks: &Marks, ending: Ending, stream: Option<&StreamEnd>) -> Self {
        let mut usage = live.usage();
        if ended_queued(marks, ending) || matches!(ending, Ending::Rejected(_)) {
            // The engine did not process the input.
            usage = Usage { input: None, cache_read: None, cache_write: None, ..usage };
        }
        let parts = usage.partition();
        let counted = stream.map(|stream| stream.counted).unwrap_or_default();
        let reported = usage.output.is_some();
        let (text, reasoning) =
            if reported { (parts.text, parts.reasoning) } else { (counted.text, counted.reasoning) };
        let recorded = counted.recorded_text + counted.recorded_reasoning;
        // A report adds only the tokens that were not recorded as counted, so that no token is recorded twice.
        let unrecorded = (text + reasoning).saturating_sub(recorded);
        let unrecorded_reasoning = reasoning.saturating_sub(counted.recorded_reasoning).min(unrecorded);
        Self {
            parts,
            source: usage.source(),
            input: usage.input,
            output: if reported { Some(text + reasoning) } else { stream.map(|_| counted.total()) },
            output_source: if reported { usage.source() } else { TokenSource::Counted },
            unrecorded_text: unrecorded - unrecorded_reasoning,
            unrecorded_reasoning,
        }
    }
}

fn series_tokens(series: &OperationSeries, kind: TokenKind, source: TokenSource, count: u64) {
    if count > 0 {
        series.add(RowId::TokensProcessed, processed(kind, source), count);
    }
}

fn series_wasted(series: &OperationSeries, direction: TokenDirection, waste: TokenWaste, count: u64) {
    if count > 0 {
        series.add(RowId::TokensWasted, wasted(direction, waste), count);
    }
}
