//! The marks of an operation (one model call) and the times between them. A mark is the moment at which the operation
//! changed its state: enqueued, scheduled, first token. A collection of metrics reads the marks while the operation is
//! in flight, and the end of the operation reads them once more.

use crate::semconv::value::State;

/// The marks of one operation as of one moment, `now`. All values are in nanoseconds on the observer's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Marks {
    /// The start of the operation.
    pub(crate) t0: u64,
    /// True if the application declared at the start that work, such as tokenizing, precedes the queue.
    pub(crate) has_preparation: bool,
    /// The moment at which the operation entered the engine's queue; `None` if it was not marked.
    pub(crate) enqueued: Option<u64>,
    /// The moment at which the engine first scheduled the operation; `None` if it was not marked.
    pub(crate) scheduled: Option<u64>,
    /// The moment of the first token, marked by the engine or taken from the stream; `None` before it.
    pub(crate) first_token: Option<u64>,
    /// The moment for which the values hold: the current moment, or the end of an operation that has ended.
    pub(crate) now: u64,
    /// The total time for which the consumer of the stream was away (had an item and had not polled again), up to
    /// `now`.
    pub(crate) consumer_wait: u64,
    /// True if the consumer is away at `now`.
    pub(crate) is_consumer_away: bool,
    /// The moment of the last token of the stream minus the consumer wait before it; `t0` before a token.
    pub(crate) last_token: u64,
    /// The time for which the engine had taken the operation out of its batch, up to `now`.
    pub(crate) preempted: PreemptedTime,
}

/// The time for which the engine had taken an operation out of its batch, without the time for which the consumer was
/// away meanwhile. In nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PreemptedTime {
    /// The time of the preemptions that began before the first token.
    pub(crate) before_first_token: u64,
    /// The time of the later ones.
    pub(crate) after_first_token: u64,
    /// True if the operation is out of the batch.
    pub(crate) is_out: bool,
}

/// The time in each state, in nanoseconds, at the index `State::index`; the sum is the age of the operation.
pub(crate) type StateTimes = [u64; State::ALL.len()];

impl Marks {
    /// Returns the time in nanoseconds from the start of the operation to `now`; its duration if it has ended.
    pub(crate) const fn age(&self) -> u64 {
        self.now.saturating_sub(self.t0)
    }

    /// Returns the time in nanoseconds since the last mark or token: the smaller of the time from the last token of the
    /// stream (before it from the start) to `now`, without the consumer wait, and the time from the last mark to `now`.
    pub(crate) fn silence(&self) -> u64 {
        let since_token = self.now.saturating_sub(self.consumer_wait).saturating_sub(self.last_token);
        let marks = [self.enqueued, self.scheduled, self.first_token];
        let last_mark = marks.into_iter().flatten().max().unwrap_or(self.t0);
        since_token.min(self.now.saturating_sub(last_mark))
    }

    /// Returns the time in nanoseconds from enqueued to scheduled, or to `now` if the operation was not marked as
    /// scheduled. Returns `None` if the operation was never enqueued.
    pub(crate) fn queue_time(&self) -> Option<u64> {
        let enqueued = self.enqueued?;
        Some(self.scheduled.unwrap_or(self.now).saturating_sub(enqueued))
    }

    /// Returns whether the operation is in the queue at `now`: enqueued, and neither scheduled nor with a first token.
    /// An operation that completed without these marks counts as queued; the caller must exclude it.
    pub(crate) const fn is_queued(&self) -> bool {
        self.enqueued.is_some() && self.scheduled.is_none() && self.first_token.is_none()
    }

    /// Returns the time in nanoseconds from scheduled (or from the start if the operation was not scheduled) to the
    /// first token. Returns `None` without a first token.
    pub(crate) fn prefill_time(&self) -> Option<u64> {
        Some(self.first_token?.saturating_sub(self.scheduled.unwrap_or(self.t0)))
    }

    /// Returns the state at `now`. `remote` is true for gateways and clients, which cannot observe the states of the
    /// engine.
    pub(crate) const fn state(&self, remote: bool) -> State {
        if self.is_consumer_away {
            return State::Blocked;
        }
        match (remote, self.first_token) {
            (true, None) => State::Waiting,
            (true, Some(_)) => State::Streaming,
            (false, _) if self.preempted.is_out => State::Queued,
            (false, Some(_)) => State::Decode,
            (false, None) if self.scheduled.is_some() => State::Prefill,
            (false, None) if self.enqueued.is_some() => State::Queued,
            (false, None) if self.has_preparation => State::Preparing,
            (false, None) => State::Prefill,
        }
    }

    /// Returns the time in each state from the start to `now`. `remote` is as in [`state`](Self::state). The consumer
    /// wait is the time in `Blocked` and is deducted from the time after the first token, then from the states before
    /// it. The time out of the batch is in `Queued`.
    ///
    /// Example: a server operation without preparation starts at 0, is enqueued at 10 and scheduled at 30, has its
    /// first token at 60 and a consumer wait of 15, and `now` is 100. The result is 20 queued, 40 prefill (before the
    /// queue and after it), 25 decode and 15 blocked.
    pub(crate) fn state_times(&self, remote: bool) -> StateTimes {
        let mut times = StateTimes::default();
        let first_token = self.first_token.unwrap_or(self.now).clamp(self.t0, self.now.max(self.t0));
        let scheduled = self.scheduled.unwrap_or(first_token).clamp(self.t0, first_token);
        let enqueued = self.enqueued.unwrap_or(scheduled).clamp(self.t0, scheduled);
        let time_after = self.age() - (first_token - self.t0);
        let blocked = self.consumer_wait.min(self.age());
        let (state_before, state_after) =
            if remote { (State::Waiting, State::Streaming) } else { (State::Prefill, State::Decode) };
        times[State::Blocked.index()] = blocked;
        // The consumer is mostly away after the first token; the remaining time falls before it, when the consumer held
        // a chunk without tokens.
        times[state_after.index()] = time_after.saturating_sub(blocked);
        let blocked_before = blocked.saturating_sub(time_after);
        if remote {
            times[state_before.index()] = (first_token - self.t0) - blocked_before;
            return times;
        }
        let first_state = if self.has_preparation { State::Preparing } else { State::Prefill };
        let was_enqueued = self.enqueued.is_some();
        times[State::Queued.index()] = if was_enqueued { scheduled - enqueued } else { 0 };
        times[first_state.index()] += if was_enqueued { enqueued - self.t0 } else { scheduled - self.t0 };
        times[state_before.index()] += first_token - scheduled;
        let mut remaining = blocked_before;
        for state in [State::Prefill, State::Queued, State::Preparing] {
            let time = &mut times[state.index()];
            let deducted = remaining.min(*time);
            *time -= deducted;
            remaining -= deducted;
        }
        let PreemptedTime { before_first_token, after_first_token, .. } = self.preempted;
        for (state, time) in [(State::Prefill, before_first_token), (State::Decode, after_first_token)] {
            let moved = time.min(times[state.index()]);
            times[state.index()] -= moved;
            times[State::Queued.index()] += moved;
        }
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn times_by_state_sum_to_the_age(
            t0 in 1..1_000_u64, has_preparation: bool, enqueued in prop::option::of(0..3_000_u64),
            scheduled in prop::option::of(0..3_000_u64), first_token in prop::option::of(0..3_000_u64),
            now in 0..3_000_u64, consumer_wait in 0..4_000_u64, remote: bool, out in (0..3_000_u64, 0..3_000_u64),
        ) {
            let preempted = PreemptedTime { before_first_token: out.0, after_first_token: out.1, is_out: false };
            let marks = Marks { t0, has_preparation, enqueued, scheduled, first_token, now, consumer_wait, is_consumer_away: false, last_token: t0, preempted };
            let times = marks.state_times(remote);
            prop_assert_eq!(times.iter().sum::<u64>(), marks.age());
            let without = Marks { preempted: PreemptedTime::default(), ..marks }.state_times(remote);
            prop_assert_eq!(times[State::Blocked.index()], without[State::Blocked.index()]);
            prop_assert!(times[State::Queued.index()] - without[State::Queued.index()] <= out.0 + out.1);
        }
    }
}
