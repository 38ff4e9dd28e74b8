//! Tests of `event_window`, in a file of their own because `tests/loom` compiles that one with other atomics.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::event_window::EventCounts;
use super::event_window::EventWindow;
use super::event_window::MAX_COUNT;

const PERIOD: u64 = 10;
const PERIODS: usize = 6;
const WINDOW: u64 = PERIOD * PERIODS as u64;

/// Returns the counts of a list of events that are in the window or in a period that begins before it.
fn naive(events: &[(bool, u64)], now: u64, window: u64) -> EventCounts {
    let begin = now.saturating_sub(window) / PERIOD * PERIOD;
    let end = (now / PERIOD + 1) * PERIOD;
    let count = |wanted| events.iter().filter(|(good, at)| *good == wanted && (begin..end).contains(at)).count() as u64;
    EventCounts { good: count(true), bad: count(false) }
}

proptest! {
    #[test]
    fn the_counts_are_those_of_a_list_of_events(
        steps in prop::collection::vec((any::<bool>(), 0..25_u64, 0..4_u64), 1..120), windows in 0..=PERIODS,
    ) {
        let window = EventWindow::new(PERIOD, PERIODS);
        let (mut events, mut now) = (Vec::new(), 0);
        for (good, step, late) in steps {
            now += step;
            // Ends are noticed late, by less than the window.
            let at = now.saturating_sub(late * PERIOD);
            window.add(good, at);
            events.push((good, at));
            let asked = windows as u64 * PERIOD;
            prop_assert_eq!(window.counts(now, asked), naive(&events, now, asked));
            prop_assert_eq!(window.counts(now, 10 * WINDOW), naive(&events, now, WINDOW), "at most what is remembered");
        }
    }

    #[test]
    fn an_event_is_counted_for_the_window_and_at_most_a_period_longer(at in 0..1_000_u64, after in 0..200_u64) {
        let window = EventWindow::new(PERIOD, PERIODS);
        window.add(false, at);
        let is_counted = window.counts(at + after, WINDOW).total() == 1;
        prop_assert!(is_counted || after > WINDOW, "forgotten {after} after it");
        prop_assert!(!is_counted || after < WINDOW + PERIOD, "counted {after} after it");
    }
}

#[test]
fn an_event_of_a_forgotten_period_replaces_nothing() {
    let window = EventWindow::new(PERIOD, PERIODS);
    let mut sums = BTreeMap::new();
    for at in [500, 500 - WINDOW - PERIOD, 0, 500] {
        window.add(true, at);
        sums.insert(at, window.counts(500, WINDOW).good);
    }
    assert_eq!(sums[&500], 2);
    window.clear();
    assert_eq!(window.counts(500, WINDOW), EventCounts::default());
}

#[test]
fn a_full_period_takes_no_further_events() {
    let window = EventWindow::new(PERIOD, PERIODS);
    (0..MAX_COUNT + 3).for_each(|_| window.add(false, 5));
    window.add(true, 5);
    assert_eq!(window.counts(5, WINDOW), EventCounts { good: 0, bad: MAX_COUNT });
    window.add(true, 5 + PERIOD);
    assert_eq!(window.counts(5 + PERIOD, WINDOW).good, 1, "the next period starts at zero");
}

#[test]
fn the_number_of_a_period_may_wrap_around() {
    let window = EventWindow::new(1, PERIODS);
    for around in [1 << 27, 1 << 28] {
        window.clear();
        for at in around - 3..around + 3 {
            window.add(true, at);
        }
        assert_eq!(window.counts(around + 2, PERIODS as u64).good, 6);
    }
}

#[test]
fn no_event_of_several_threads_is_lost() {
    let window = EventWindow::new(1_000, 4);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let window = &window;
            scope.spawn(move || (0..1_000).for_each(|turn| window.add(thread % 2 == 0, turn * 3)));
        }
    });
    assert_eq!(window.counts(2_999, 4_000), EventCounts { good: 2_000, bad: 2_000 });
}
