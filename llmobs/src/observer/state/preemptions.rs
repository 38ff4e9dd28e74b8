//! The preemptions of one operation, a model call: the times for which its engine had taken it out of the batch. Few
//! operations have some, so they are allocated at the first and are behind a lock.

use super::times::MarkResult;
use super::times::SetResult;
use crate::sync::Mutex;
use crate::timing::PreemptedTime;

/// The number of absences whose moments are kept, for the causes of stalls.
const KEPT: usize = 8;

/// The preemptions of one operation.
#[derive(Debug, Default)]
pub(crate) struct Preemptions(Mutex<Absences>);

/// The absences from the batch. All values are in nanoseconds.
#[derive(Debug, Default)]
struct Absences {
    /// The absence that has not ended.
    open: Option<Departure>,
    /// The total time of the absences that have ended, without the consumer wait meanwhile.
    ended: PreemptedTime,
    /// The moments of the last absences that have ended, oldest first: from, if known, and to.
    last: Vec<(Option<u64>, u64)>,
}

/// The moment at which an operation left the batch.
#[derive(Debug, Clone, Copy)]
struct Departure {
    at: u64,
    /// The moment minus the consumer wait before it.
    at_without_wait: u64,
}

impl Preemptions {
    /// Marks the operation as out of the batch from `at` on, which is moved to `earliest` or to the end of the last
    /// absence if it is before it. `without_wait` deducts the consumer wait from a moment. Has no effect while the operation is
    /// out of the batch.
    pub(crate) fn leave(&self, at: u64, earliest: u64, without_wait: impl Fn(u64) -> u64) -> MarkResult {
        let mut absences = self.0.lock();
        let earliest = absences.last.last().map_or(earliest, |(_, returned)| earliest.max(*returned));
        let moved = at.max(earliest);
        if absences.open.is_some() {
            return MarkResult { at: moved, was_early: false, result: SetResult::WasSet };
        }
        absences.open = Some(Departure { at: moved, at_without_wait: without_wait(moved) });
        MarkResult { at: moved, was_early: at < earliest, result: SetResult::Set }
    }

    /// Marks the operation as in the batch from `at` on. `first_token` is the moment of the first token. Returns whether it
    /// was marked as out of the batch; if it was not, the moment at which it left is not known.
    pub(crate) fn return_at(&self, at: u64, first_token: Option<u64>, without_wait: impl Fn(u64) -> u64) -> bool {
        let mut absences = self.0.lock();
        absences.ended = absences.until(without_wait(at), first_token);
        absences.ended.is_out = false;
        let open = absences.open.take();
        if absences.last.len() == KEPT {
            absences.last.remove(0);
        }
        // Allocated once, at the first preemption.
        let free = KEPT - absences.last.len();
        absences.last.reserve_exact(free);
        absences.last.push((open.map(|open| open.at), at));
        open.is_some()
    }

    /// Returns the time out of the batch up to a moment, which is given minus the consumer wait before it. `first_token` is
    /// the moment of the first token.
    pub(crate) fn until(&self, now_without_wait: u64, first_token: Option<u64>) -> PreemptedTime {
        self.0.lock().until(now_without_wait, first_token)
    }

    /// Returns the first moment from `from` to `to` at which the operation was out of the batch; `None` if it was not. An
    /// absence whose begin is not known, and that ended in this interval, began before it.
    pub(crate) fn first_within(&self, from: u64, to: u64) -> Option<u64> {
        let absences = self.0.lock();
        let open = absences.open.map(|open| (Some(open.at), u64::MAX));
        let overlaps =
            |(left, returned): &(Option<u64>, u64)| *returned > from && left.map_or(*returned <= to, |left| left < to);
        absences.last.iter().copied().chain(open).find(overlaps).map(|(left, _)| left.unwrap_or(from).max(from))
    }
}

impl Absences {
    fn until(&self, now_without_wait: u64, first_token: Option<u64>) -> PreemptedTime {
        let Some(open) = self.open else { return self.ended };
        let mut time = PreemptedTime { is_out: true, ..self.ended };
        let is_before_first_token = first_token.is_none_or(|first| open.at < first);
        let total = if is_before_first_token { &mut time.before_first_token } else { &mut time.after_first_token };
        *total += now_without_wait.saturating_sub(open.at_without_wait);
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn no_wait(at: u64) -> u64 {
        at
    }

    #[test]
    fn the_time_of_an_absence_belongs_to_the_phase_in_which_it_began() {
        let preemptions = Preemptions::default();
        assert_eq!(preemptions.leave(10, 5, no_wait).result, SetResult::Set);
        assert_eq!(preemptions.leave(11, 5, no_wait).result, SetResult::WasSet);
        let out = PreemptedTime { before_first_token: 4, after_first_token: 0, is_out: true };
        assert_eq!(preemptions.until(14, None), out);
        assert!(preemptions.return_at(15, None, no_wait));
        preemptions.leave(30, 5, no_wait);
        assert!(preemptions.return_at(37, Some(20), no_wait));
        let back = PreemptedTime { before_first_token: 5, after_first_token: 7, is_out: false };
        assert_eq!(preemptions.until(99, Some(20)), back);
    }

    #[test]
    fn the_consumer_wait_is_no_time_out_of_the_batch() {
        let preemptions = Preemptions::default();
        // The consumer was away for 2 before, and from 12 to 20.
        preemptions.leave(10, 5, |at| at - 2);
        assert!(preemptions.return_at(25, Some(1), |at| at - 10));
        assert_eq!(preemptions.until(90, Some(1)).after_first_token, 7);
    }

    #[test]
    fn a_departure_before_the_earliest_moment_is_moved() {
        let preemptions = Preemptions::default();
        let left = preemptions.leave(3, 5, no_wait);
        assert_eq!((left.at, left.was_early), (5, true));
        preemptions.return_at(9, None, no_wait);
        assert_eq!(preemptions.leave(8, 5, no_wait).at, 9, "the end of the last absence");
    }

    #[test]
    fn the_first_absence_within_an_interval_is_found() {
        let preemptions = Preemptions::default();
        assert_eq!(preemptions.first_within(0, 100), None);
        for begin in [10, 20] {
            preemptions.leave(begin, 5, no_wait);
            preemptions.return_at(begin + 5, None, no_wait);
        }
        assert!(!preemptions.return_at(50, None, no_wait), "not known to be out");
        assert_eq!(preemptions.first_within(0, 100), Some(10));
        assert_eq!(preemptions.first_within(12, 100), Some(12));
        assert_eq!(preemptions.first_within(15, 20), None);
        assert_eq!(preemptions.first_within(16, 21), Some(20));
        assert_eq!(preemptions.first_within(30, 50), Some(30), "left at a moment that is not known");
        assert_eq!(preemptions.first_within(30, 49), None);
        assert_eq!(preemptions.first_within(50, 100), None);
        preemptions.leave(60, 5, no_wait);
        assert_eq!(preemptions.first_within(50, 100), Some(60), "and has not returned");
        preemptions.return_at(61, None, no_wait);
        for begin in 0..10 {
            preemptions.leave(100 + 10 * begin, 5, no_wait);
            preemptions.return_at(105 + 10 * begin, None, no_wait);
        }
        assert_eq!(preemptions.first_within(0, 999), Some(120), "the last eight are kept");
    }
}
