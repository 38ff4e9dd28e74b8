//! The number of good and of bad events of recent time, for ratios over the last minutes. Lock-free: the ends of
//! operations add events from their threads, and collections read the sums.

use crate::sync::AtomicU64;
use crate::sync::Ordering;

/// The number of bits of a slot that hold each of the two counts.
const COUNT_BITS: u32 = 18;

/// The largest count of a slot; a slot with this count takes no further events.
pub(super) const MAX_COUNT: u64 = (1 << COUNT_BITS) - 1;

/// The number of bits of a slot that hold the number of its period.
const PERIOD_BITS: u32 = u64::BITS - 2 * COUNT_BITS;

/// The numbers of periods wrap around after 2 to the power of 28: a slot whose last event was four years ago, with periods
/// of a second, would be taken for that of a later period.
const PERIOD_MASK: u64 = (1 << PERIOD_BITS) - 1;

/// The number of good and of bad events in each period of recent time; all periods have one length.
#[derive(Debug)]
pub(crate) struct EventWindow {
    /// The length of a period in nanoseconds.
    period: u64,
    /// Each slot holds, from the upper bits to the lower ones, the number of its period, the good and the bad events: one
    /// word, so that a reader never sees the events of another period.
    slots: Box<[AtomicU64]>,
}

/// A number of good and of bad events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct EventCounts {
    pub(crate) good: u64,
    pub(crate) bad: u64,
}

impl EventWindow {
    /// Returns a window without events that remembers the current period of `period` nanoseconds and the `periods` before
    /// it.
    pub(crate) fn new(period: u64, periods: usize) -> Self {
        Self { period: period.max(1), slots: (0..=periods).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Adds an event of the moment `at`, in nanoseconds. An event of a period that is already forgotten is lost, and so is
    /// one beyond 262,143 good or bad events of one period.
    #[inline]
    pub(crate) fn add(&self, good: bool, at: u64) {
        let number = at / self.period;
        let event = if good { 1 << COUNT_BITS } else { 1 };
        let add = |word: u64| match newer_by(number, word) {
            0 => {
                let counts = counts_of(word);
                (counts.good < MAX_COUNT && counts.bad < MAX_COUNT).then_some(word + event)
            }
            // A later period has taken the slot.
            newer if newer > PERIOD_MASK / 2 && word != 0 => None,
            _ => Some((number & PERIOD_MASK) << (2 * COUNT_BITS) | event),
        };
        let _ = self.slot(number).fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Returns the events of the last `window` nanoseconds before `now`: those of the current period, and those of the
    /// periods of which a part is in the window.
    pub(crate) fn counts(&self, now: u64, window: u64) -> EventCounts {
        let last = now / self.period;
        let first = (now.saturating_sub(window) / self.period).max(last.saturating_sub(self.slots.len() as u64 - 1));
        let mut sum = EventCounts::default();
        for number in first..=last {
            let word = self.slot(number).load(Ordering::Relaxed);
            if newer_by(number, word) == 0 {
                sum = sum.plus(counts_of(word));
            }
        }
        sum
    }

    /// Forgets all events.
    pub(crate) fn clear(&self) {
        self.slots.iter().for_each(|slot| slot.store(0, Ordering::Relaxed));
    }

    #[expect(clippy::cast_possible_truncation, reason = "less than the number of slots")]
    fn slot(&self, number: u64) -> &AtomicU64 {
        &self.slots[(number % self.slots.len() as u64) as usize]
    }
}

impl EventCounts {
    /// Returns the sum of both.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self { good: self.good + other.good, bad: self.bad + other.bad }
    }

    /// Returns the number of all events.
    pub(crate) const fn total(self) -> u64 {
        self.good + self.bad
    }
}

/// Returns the number of periods from that of a slot to the period `number`, as a wrapping difference.
const fn newer_by(number: u64, word: u64) -> u64 {
    number.wrapping_sub(word >> (2 * COUNT_BITS)) & PERIOD_MASK
}

const fn counts_of(word: u64) -> EventCounts {
    EventCounts { good: (word >> COUNT_BITS) & MAX_COUNT, bad: word & MAX_COUNT }
}
