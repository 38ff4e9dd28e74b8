//! Tests of `recent_time`, in a file of their own because `tests/loom` compiles that one with other atomics.

use proptest::prelude::*;

use super::recent_time::BUCKET;
use super::recent_time::BUCKETS;
use super::recent_time::RecentTime;

/// The largest error at one end of an interval, with the rounding of each bucket.
const MAX_ERROR: u64 = BUCKET / 4 + BUCKETS;

/// Returns the nanoseconds of the intervals that are between `from` and `to`.
fn exact(intervals: &[(u64, u64)], from: u64, to: u64) -> u64 {
    intervals.iter().map(|(begin, end)| to.min(*end).saturating_sub(from.max(*begin))).sum()
}

/// Intervals one after the other, of up to two seconds with pauses of up to one second.
fn intervals() -> impl Strategy<Value = Vec<(u64, u64)>> {
    prop::collection::vec((0..1_000_000_000_u64, 0..2_000_000_000_u64), 1..20).prop_map(|parts| {
        let mut at = 5_000_000_000;
        let next = |(pause, length): (u64, u64)| {
            let begin = at + pause;
            at = begin + length;
            (begin, at)
        };
        parts.into_iter().map(next).collect()
    })
}

proptest! {
    #[test]
    fn the_time_in_an_interval_is_that_of_a_list_except_for_a_quarter_of_a_bucket_at_each_end(
        intervals in intervals(), from in 0..70_000_000_000_u64, length in 0..60_000_000_000_u64,
    ) {
        let recent = RecentTime::new();
        intervals.iter().for_each(|(begin, end)| recent.add(*begin, *end));
        let (to, last) = (from + length, intervals.last().unwrap().1);
        // The list does not forget: ask for what the ring still has.
        prop_assume!(last.max(to) < from + (BUCKETS - 1) * BUCKET);
        let difference = recent.within(from, to).abs_diff(exact(&intervals, from, to));
        prop_assert!(difference <= 2 * MAX_ERROR, "{difference} ns");
    }

    #[test]
    fn whole_buckets_are_exact_in_any_order_of_additions(
        (intervals, order) in intervals().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        first in 0..200_u64, count in 0..200_u64,
    ) {
        let recent = RecentTime::new();
        order.iter().for_each(|(begin, end)| recent.add(*begin, *end));
        let (from, to) = (first * BUCKET, (first + count) * BUCKET);
        prop_assume!(intervals.last().unwrap().1.max(to) < (BUCKETS - 1) * BUCKET);
        prop_assert_eq!(recent.within(from, to), exact(&intervals, from, to));
    }

    #[test]
    fn no_more_time_is_spent_in_an_interval_than_it_has(
        added in prop::collection::vec((0..90_000_000_000_u64, 0..9_000_000_000_u64), 0..40),
        from in 0..90_000_000_000_u64, length in 0..90_000_000_000_u64,
    ) {
        let recent = RecentTime::new();
        added.iter().for_each(|(begin, length)| recent.add(*begin, begin + length));
        prop_assert!(recent.within(from, from + length) <= length);
    }
}

#[test]
fn time_is_forgotten_after_the_last_minute_and_an_old_addition_replaces_nothing() {
    let recent = RecentTime::new();
    recent.add(BUCKET, 3 * BUCKET);
    recent.add((BUCKETS + 1) * BUCKET, (BUCKETS + 2) * BUCKET);
    assert_eq!(recent.within(0, 3 * BUCKET), BUCKET, "one of the two buckets was replaced");
    recent.add(BUCKET, 2 * BUCKET);
    assert_eq!(recent.within(0, 2 * BUCKET), 0);
    assert_eq!(recent.within((BUCKETS + 1) * BUCKET, (BUCKETS + 2) * BUCKET), BUCKET);
    let centuries = (1 << 35) * BUCKET;
    recent.add(0, centuries);
    assert_eq!(recent.within(centuries - 9 * BUCKET, centuries), 9 * BUCKET, "in a bounded number of steps");
    recent.add(u64::MAX - 1, u64::MAX);
}

#[test]
fn additions_of_two_threads_to_one_bucket_add_up() {
    for _ in 0..200 {
        let recent = RecentTime::new();
        std::thread::scope(|scope| {
            for thread in 0..2 {
                let recent = &recent;
                scope.spawn(move || {
                    (0..50).for_each(|turn| recent.add(100 * turn + 50 * thread, 100 * turn + 50 * thread + 50))
                });
            }
        });
        assert_eq!(recent.within(0, BUCKET), 5_000);
    }
}

#[test]
fn overlapping_intervals_fill_a_bucket_at_most() {
    let recent = RecentTime::new();
    (0..9).for_each(|_| recent.add(0, 4 * BUCKET));
    assert_eq!(recent.within(0, 4 * BUCKET), 4 * BUCKET);
    assert_eq!(recent.within(BUCKET / 2, BUCKET), BUCKET / 2);
}
