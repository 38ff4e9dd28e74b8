//! The cause of a stall, a long pause of the producer of a stream: reads what the engine, the runtime and the companions
//! did meanwhile, and lets the rule in `timing` decide.

use crate::catalog::RowId;
use crate::clock::Moment;
use crate::clock::duration_to_nanos;
use crate::observer::state::operation_state::OperationState;
use crate::semconv::value::StallCause;
use crate::timing::StallTimes;

/// The time in nanoseconds by which a longer pause is judged, its last minute: the times of the causes are known for a
/// little longer.
const MAX_JUDGED: u64 = 60_000_000_000;

/// Returns the cause of a pause of the producer from `from` to `to`, in nanoseconds. Reads nothing if the level does not
/// include the metric of stalls. In the gateway and client roles the producer is in another process, and only a late runtime
/// of this one can be the cause.
pub(crate) fn stall_cause(state: &OperationState, from: u64, to: u64) -> StallCause {
    if !state.observer.sinks().is_enabled(RowId::Stall.row().level) {
        return StallCause::Engine;
    }
    let from = from.max(to.saturating_sub(MAX_JUDGED));
    let runtime_lag = state.observer.runtime_lag_within(from, to);
    let times = if state.series.key.role.is_remote() {
        StallTimes { runtime_lag, ..StallTimes::default() }
    } else {
        let left = state.preemptions().and_then(|preemptions| preemptions.first_within(from, to)).unwrap_or(to);
        StallTimes {
            preemption: to - left,
            // The prompt tokens that an operation computes in such a pause are its own, after a preemption.
            prefill: state.observer.engines.prefill_within(state.counters.engine(), &state.series.model, from, left),
            gpu_throttle: throttled_time(state, from, to),
            runtime_lag,
        }
    };
    times.cause(to - from)
}

/// Returns the nanoseconds from `from` to `to` for which a device of the model was slowed down, as the first companion
/// reports it that knows of some.
fn throttled_time(state: &OperationState, from: u64, to: u64) -> u64 {
    let [from_moment, to_moment] = [from, to].map(Moment::from_nanos);
    let throttled = state.observer.attached().query(|companion| {
        let time = companion.throttled_time(&state.series.model, from_moment, to_moment);
        Some(time).filter(|time| !time.is_zero())
    });
    throttled.map_or(0, duration_to_nanos).min(to - from)
}
