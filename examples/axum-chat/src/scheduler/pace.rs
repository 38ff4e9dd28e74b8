//! The times at which the steps of an engine without a model end.

use std::time::Duration;

use llmobs::clock::Moment;

use crate::queue::Queue;
use crate::queue::QueueItem;

/// The end of the last step, if the next one follows it at once.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last_end: Option<Moment>,
}

impl Pace {
    /// Ends a series of steps: the engine is idle.
    pub(super) fn rest(&mut self) {
        self.last_end = None;
    }

    /// Returns the end of a step that begins at `now`. It is measured from the end of the step before, so that the mean
    /// duration is as configured even if the thread wakes late.
    fn end(&mut self, now: Moment, duration: Duration) -> Moment {
        let end = self.last_end.unwrap_or(now).saturating_add(duration);
        self.last_end = Some(end);
        end
    }

    /// Waits for the end of a step that began at `begin` and has a duration, until `now` plus the rest of it.
    pub(super) fn wait<T: QueueItem>(&mut self, queue: &Queue<T>, begin: Moment, now: Moment, duration: Duration) {
        if duration.is_zero() {
            self.rest();
            return;
        }
        let rest = self.end(begin, duration).since(now);
        if !rest.is_zero() {
            queue.sleep(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_follow_one_another_do_not_drift() {
        let ms = Duration::from_millis;
        let start = Moment::from_nanos(1_000);
        let at = |offset| start.saturating_add(ms(offset));
        let mut pace = Pace::default();
        assert_eq!(pace.end(start, ms(40)), at(40));
        assert_eq!(pace.end(at(41), ms(20)), at(60), "at 60 ms and not at 61 ms");
        pace.rest();
        assert_eq!(pace.end(at(63), ms(20)), at(83), "an idle engine does not catch up");
    }
}
