//! The end of an operation, a model call, by its owner, its stream or a drop. `finish` is the only way to end an
//! operation.

use std::sync::Arc;

use super::client_metrics::record_client_metrics;
use super::emit::EndReport;
#[cfg(feature = "cost")]
use super::end_cost::record_end;
use super::ended_operation::EndedOperation;
use super::record::deliver_end;
use super::routing::record_backend_result;
use crate::observer::state::ending::Ending;
use crate::observer::state::ending::StreamEnd;
use crate::observer::state::operation_state::OperationState;
use crate::observer::state::running_operation::RunningOperation;
use crate::semconv::value::ErrorType;

/// Returns the ending of an operation that was dropped at `now`, in nanoseconds: that of its marks, else `failed` after
/// the deadline or during a shutdown, and otherwise `cancelled`. For `panicked` and `finished`, see [`ending_of_marks`].
pub(crate) fn ending_of_drop(state: &OperationState, panicked: bool, finished: bool, now: u64) -> Ending {
    if let Some(ending) = ending_of_marks(state, panicked, finished) {
        ending
    } else if state.request.is_past_deadline(now) {
        Ending::Failed(ErrorType::Timeout)
    } else if state.observer.is_shutting_down() {
        Ending::Failed(ErrorType::Shutdown)
    } else {
        Ending::Cancelled
    }
}

/// Returns the ending that is known from what happened before an operation was dropped; `None` if it is not known.
/// `panicked` is set if the drop is part of a panic, and `finished` if the answer was complete. In this order: a marked
/// error or a panic is `failed`, and a drop after the last chunk or a finish reason is `completed`.
pub(crate) fn ending_of_marks(state: &OperationState, panicked: bool, finished: bool) -> Option<Ending> {
    if let Some(error) = state.error() {
        Some(Ending::Failed(error))
    } else if panicked {
        Some(Ending::Failed(ErrorType::Internal))
    } else {
        (finished || state.finish_reason().is_some()).then_some(Ending::Completed)
    }
}

/// Returns the ending that an error type implies: `cancelled` for a cancellation, `rejected` for a refusal if no token was
/// generated, and otherwise `failed`.
pub(crate) fn ending_of_error(state: &OperationState, error: ErrorType) -> Ending {
    match error {
        ErrorType::Cancelled => Ending::Cancelled,
        error if error.is_refusal() && state.first_token().is_none() => Ending::Rejected(error),
        error => Ending::Failed(error),
    }
}

/// Ends an operation: removes it from the in-flight registry, notifies the companions, records its metrics, emits its
/// span and log events and then, outside of every lock, delivers its record and its result for the backend. `ended_at` is the end of the request, and `now` the moment at which the end was observed,
/// both in nanoseconds; `stream` is `None` without a stream. A second end of the same operation is counted as an
/// anomaly and ignored.
pub(crate) fn finish(running: RunningOperation, ending: Ending, ended_at: u64, now: u64, stream: Option<&StreamEnd>) {
    let RunningOperation { state, slot, span } = running;
    // Read before the end is marked: from then on, the producer of a cancelled operation may record late tokens.
    let recorded_output = state.tokens.recorded.get();
    if !state.mark_ended(ending) {
        state.observer.count_anomaly("double_end");
        return;
    }
    leave_registry(&state, slot, now);
    state.notify_end(ending.outcome(), ended_at);
    let marks = state.marks(ended_at);
    let end = EndedOperation::new(&state, marks, ending, stream, recorded_output);
    end.record_outcome();
    end.record_durations();
    end.record_tokens();
    record_client_metrics(&end);
    #[cfg(feature = "cost")]
    let cost = record_end(&end);
    let judgements = end.judge_objectives();
    let own_handles = 1 + stream.map_or(0, |stream| usize::from(stream.own_markers));
    let late_tokens_possible = ending == Ending::Cancelled && Arc::strong_count(&state) > own_handles;
    let report = EndReport {
        end,
        judgements,
        noticed_at: now,
        late_tokens_possible,
        #[cfg(feature = "cost")]
        cost,
    };
    if let Some(event) = report.emit(span) {
        deliver_end(&report.end, event, report.final_usage());
    }
    record_backend_result(&state, ending);
}

/// Removes the operation from the in-flight registry. Its times by state are added to the series under the same lock,
/// so that a collection counts them exactly once.
fn leave_registry(state: &Arc<OperationState>, slot: usize, now: u64) {
    let mut registry = state.observer.in_flight_registry();
    let remote = state.series.key.role.is_remote();
    state.series.add_state_times(&state.marks(now).state_times(remote));
    registry.remove(slot);
}
