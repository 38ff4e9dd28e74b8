//! The log of the attempts of exports, which several readers read independently.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use crate::semconv::value::ErrorType;

/// The maximum number of attempts that are stored until every reader has read them.
const MAX_ATTEMPTS: usize = 8_192;

/// The duration in nanoseconds and the error of one attempt of an export.
pub(super) type Attempt = (u64, Option<ErrorType>);

/// The number of a reader.
pub(super) type ReaderId = u64;

/// The attempts that not every reader has read. Of more than 8,192, the oldest are discarded.
#[derive(Debug, Default)]
pub(super) struct AttemptLog {
    attempts: VecDeque<Attempt>,
    /// The number of attempts that were removed from the front since the creation.
    removed: u64,
    /// The number of attempts that each reader has read since the creation.
    positions: BTreeMap<ReaderId, u64>,
}

impl AttemptLog {
    pub(super) fn push(&mut self, attempt: Attempt) {
        if self.attempts.len() == MAX_ATTEMPTS {
            self.attempts.pop_front();
            self.removed += 1;
        }
        self.attempts.push_back(attempt);
    }

    /// Adds a reader, which starts with the oldest stored attempt. A reader that was added before keeps its position.
    pub(super) fn add_reader(&mut self, reader: ReaderId) {
        self.positions.entry(reader).or_insert(self.removed);
    }

    pub(super) fn remove_reader(&mut self, reader: ReaderId) {
        self.positions.remove(&reader);
        self.remove_read();
    }

    /// Returns the attempts that a reader has not read, and the number of those that were discarded before it read
    /// them. Empty for an unknown reader.
    pub(super) fn take(&mut self, reader: ReaderId) -> (Vec<Attempt>, u64) {
        let Some(position) = self.positions.get_mut(&reader) else { return (Vec::new(), 0) };
        let discarded = self.removed.saturating_sub(*position);
        let read = usize::try_from(position.saturating_sub(self.removed)).unwrap_or(usize::MAX);
        let unread: Vec<_> = self.attempts.iter().skip(read).copied().collect();
        *position = self.removed + self.attempts.len() as u64;
        self.remove_read();
        (unread, discarded)
    }

    /// Removes the attempts that every reader has read. Without a reader, all are kept for the first one.
    fn remove_read(&mut self) {
        let Some(&oldest) = self.positions.values().min() else { return };
        while self.removed < oldest && self.attempts.pop_front().is_some() {
            self.removed += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos((attempts, discarded): (Vec<Attempt>, u64)) -> (Vec<u64>, u64) {
        (attempts.into_iter().map(|(nanos, _)| nanos).collect(), discarded)
    }

    #[test]
    fn every_reader_reads_each_attempt_once() {
        let mut log = AttemptLog::default();
        log.push((1, None));
        log.add_reader(0);
        assert_eq!(nanos(log.take(0)), (vec![1], 0), "the first reader also reads earlier attempts");
        log.add_reader(1);
        log.push((2, None));
        assert_eq!(nanos(log.take(1)), (vec![2], 0));
        log.push((3, None));
        log.add_reader(1);
        assert_eq!(nanos(log.take(0)), (vec![2, 3], 0));
        assert_eq!(nanos(log.take(1)), (vec![3], 0));
        assert_eq!(nanos(log.take(0)), (vec![], 0));
        assert!(log.attempts.is_empty());
        log.push((4, None));
        log.take(0);
        log.remove_reader(1);
        assert!(log.attempts.is_empty(), "a removed reader retains nothing");
        assert_eq!(nanos(log.take(1)), (vec![], 0));
    }

    #[test]
    fn attempts_are_bounded_and_the_discarded_are_counted() {
        let mut log = AttemptLog::default();
        log.add_reader(0);
        (0..10_000).for_each(|number| log.push((number, Some(ErrorType::Upstream))));
        let (attempts, discarded) = nanos(log.take(0));
        assert_eq!((attempts.len(), discarded), (MAX_ATTEMPTS, 10_000 - MAX_ATTEMPTS as u64));
        assert_eq!(attempts.last(), Some(&9_999));
    }
}
