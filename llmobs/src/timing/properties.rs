//! Property tests of the timing state machine on plain integers: a producer with a queue, a consumer with pauses, and a
//! comparison of the measured times with the true times.

use proptest::prelude::*;

use super::EvenGaps;
use super::FirstToken;
use super::Producer;
use super::TimedItem;
use super::Timing;
use super::TimingStep;
use super::TimingSummary;
use super::gaps::GapAccumulator;

const MS: u64 = 1_000_000;

/// One item of a producer and the pause of its consumer after it. All times are in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Item {
    /// The time since the previous item.
    delay: u64,
    /// The number of protocol chunks; zero for a keep-alive or a partial frame.
    frames: u32,
    tokens: u32,
    choice: u32,
    /// The time for which the consumer is away with the item.
    pause: u64,
    /// The duration of a `Pending` from the runtime's cooperative budget, although the item is ready.
    budget: Option<u64>,
}

/// The output of the state machine.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TimingResult {
    steps: Vec<TimingStep>,
    summary: TimingSummary,
}

impl TimingResult {
    /// Returns the exact moments after the first token: the index of the item, the moment, and the period that ends at
    /// it.
    fn exact_moments(&self, first: u64) -> Vec<(usize, u64, EvenGaps)> {
        let indexed_gaps = self.steps.iter().enumerate().filter_map(|(index, step)| Some((index, step.token_gaps?)));
        let moments = indexed_gaps.scan(first, |last, (index, gaps)| {
            *last += gaps.total_nanos;
            Some((index, *last, gaps))
        });
        moments.collect()
    }

    fn samples(&self) -> u64 {
        self.steps.iter().filter_map(|step| step.token_gaps).map(|gaps| gaps.count).sum()
    }

    fn first(&self) -> Option<u64> {
        self.steps.iter().find_map(|step| step.first_token_at)
    }
}

fn timed_item(item: &Item) -> TimedItem {
    TimedItem { tokens: item.tokens, frames: item.frames, is_visible: true, choice: item.choice, produced_at: None }
}

/// Returns the moment at which a push producer made each item.
fn production_times(start: u64, items: &[Item]) -> Vec<u64> {
    let times = items.iter().scan(start, |now, item| {
        *now += item.delay;
        Some(*now)
    });
    times.collect()
}

/// Simulates a consumer with pauses that reads from a push producer. Polls take no time.
fn run_push(start: u64, items: &[Item]) -> TimingResult {
    let mut timing = Timing::new(Producer::Push, FirstToken::Generated);
    let (mut now, mut steps) = (start, Vec::new());
    let mut waited_before = true;
    for (item, produced_at) in items.iter().zip(production_times(start, items)) {
        timing.on_poll(now);
        let is_ready = produced_at <= now;
        if !is_ready {
            timing.on_pending();
            now = produced_at;
        } else if let (false, Some(budget)) = (waited_before, item.budget) {
            // The budget is exhausted within a run of items that are all ready.
            timing.on_pending();
            now += budget;
        }
        waited_before = !is_ready;
        steps.push(timing.on_ready(now, &timed_item(item)));
        now += item.pause;
    }
    timing.on_poll(now);
    TimingResult { steps, summary: timing.on_end(now, true) }
}

/// Simulates a consumer with pauses that polls a pull producer.
fn run_pull(start: u64, items: &[Item]) -> TimingResult {
    let mut timing = Timing::new(Producer::Pull, FirstToken::Generated);
    let (mut now, mut steps) = (start, Vec::new());
    for item in items {
        timing.on_poll(now);
        now += item.delay;
        steps.push(timing.on_ready(now, &timed_item(item)));
        now += item.pause;
    }
    timing.on_poll(now);
    TimingResult { steps, summary: timing.on_end(now, true) }
}

fn without_pauses(items: &[Item]) -> Vec<Item> {
    items.iter().map(|item| Item { pause: 0, budget: None, ..*item }).collect()
}

/// Generates gaps near the thresholds of the state machine and far from them.
fn arb_gap() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_u64, 30_000..70_000_u64, 900_000..1_100_000_u64, 5 * MS..80 * MS]
}

fn arb_pause() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0), 2 => arb_gap(), 1 => 100 * MS..3_000 * MS]
}

fn arb_item(choices: u32) -> impl Strategy<Value = Item> {
    (arb_gap(), 0..3_u32, 0..5_u32, 0..choices, arb_pause(), prop::option::of(0..MS)).prop_map(
        |(delay, frames, tokens, choice, pause, budget)| {
            let tokens = if frames == 0 { 0 } else { tokens };
            Item { delay, frames, tokens, choice, pause, budget }
        },
    )
}

/// Generates a stream whose first item contains a token and is waited for.
fn arb_stream(choices: u32) -> impl Strategy<Value = Vec<Item>> {
    prop::collection::vec(arb_item(choices), 1..60).prop_map(|mut items| {
        items[0].delay += 40 * MS;
        items[0].frames = items[0].frames.max(1);
        items[0].tokens = items[0].tokens.max(1);
        items
    })
}

proptest! {
    #[test]
    fn even_gaps_sum_to_the_period_and_differ_by_at_most_one_nanosecond(
        total_nanos in prop_oneof![0..1_000_u64, 0..u64::MAX], count in 1..10_000_u64,
    ) {
        let runs: Vec<_> = EvenGaps { total_nanos, count }.runs().into_iter().filter(|(_, times)| *times > 0).collect();
        prop_assert_eq!(runs.iter().map(|(_, times)| times).sum::<u64>(), count);
        let sum: u128 = runs.iter().map(|(each, times)| u128::from(*each) * u128::from(*times)).sum();
        prop_assert_eq!(sum, u128::from(total_nanos));
        prop_assert!(runs.iter().all(|(each, _)| runs[0].0 - each <= 1));
    }

    #[test]
    fn the_samples_between_exact_moments_sum_to_the_period(
        first in 1..1_000_u64, steps in prop::collection::vec((0..1_000_000_u64, 1..9_u64, any::<bool>()), 1..40),
    ) {
        let mut accumulator = GapAccumulator::new();
        accumulator.begin(first, 1);
        let (mut now, mut exact, mut sum, mut samples, mut units) = (first, first, 0, 0, 0);
        for (after, count, is_exact) in steps {
            now += after;
            accumulator.add(count);
            units += count;
            if is_exact {
                for (nanos, times) in accumulator.mark_exact(now).into_iter().flat_map(EvenGaps::runs) {
                    sum += nanos * times;
                    samples += times;
                }
                exact = now;
            }
        }
        prop_assert_eq!(sum, exact - first);
        prop_assert_eq!(samples + accumulator.pending(), units);
    }

    #[test]
    fn after_any_consumer_pause_every_exact_moment_of_a_push_stream_is_correct(items in arb_stream(1), start in 0..MS) {
        let produced = production_times(start, &items);
        let result = run_push(start, &items);
        prop_assert_eq!(result.first(), Some(produced[0]));
        let (mut samples, mut tokens) = (0, 0);
        for (index, moment, gaps) in result.exact_moments(produced[0]) {
            prop_assert_eq!(moment, produced[index]);
            samples += gaps.count;
            tokens = items[1..=index].iter().map(|item| u64::from(item.tokens)).sum();
            prop_assert_eq!(samples, tokens);
        }
        let all: u64 = items[1..].iter().map(|item| u64::from(item.tokens)).sum();
        prop_assert_eq!(result.summary.unmeasured_tokens, all - tokens);
    }

    #[test]
    fn no_consumer_pause_changes_a_sum_between_exact_moments_of_a_push_stream(items in arb_stream(1), start in 0..MS) {
        let result = run_push(start, &items);
        let produced = production_times(start, &items);
        let moments = result.exact_moments(produced[0]);
        let last = moments.last().map_or(0, |(index, ..)| *index);
        let samples: u64 = moments.iter().map(|(.., gaps)| gaps.total_nanos).sum();
        let produced_time: u64 = items[1..=last].iter().map(|item| item.delay).sum();
        prop_assert_eq!(samples, produced_time);
        prop_assert_eq!(result.summary.decode_time.unwrap_or(0), produced_time);
    }

    #[test]
    fn the_longest_gap_is_not_longer_than_that_of_the_producer(items in arb_stream(1)) {
        // An item without tokens does not end a gap.
        let mut gaps = vec![0];
        for item in &items[1..] {
            if let Some(gap) = gaps.last_mut() {
                *gap += item.delay;
            }
            if item.tokens > 0 {
                gaps.push(0);
            }
        }
        let longest = gaps.into_iter().max().unwrap_or(0);
        prop_assert!(run_push(0, &items).summary.longest_gap.unwrap_or(0) <= longest);
    }

    #[test]
    fn a_silence_before_a_drop_includes_keep_alives_and_is_not_overestimated(
        tokens in arb_stream(1), keep_alives in prop::collection::vec((MS..20 * MS, arb_pause()), 0..9), tail in 0..80 * MS,
    ) {
        let keep_alive = |(delay, pause)| Item { delay, frames: 0, tokens: 0, choice: 0, pause, budget: None };
        let items: Vec<_> = tokens.into_iter().chain(keep_alives.into_iter().map(keep_alive)).collect();
        let last = items.iter().rposition(|item| item.tokens > 0).unwrap_or(0);
        let produced = production_times(0, &items);
        let mut timing = Timing::new(Producer::Push, FirstToken::Generated);
        let (mut now, mut waited) = (0, 0);
        for (index, item) in items.iter().enumerate() {
            timing.on_poll(now);
            if produced[index] > now {
                timing.on_pending();
                waited += if index > last { produced[index] - now } else { 0 };
                now = produced[index];
            }
            timing.on_ready(now, &timed_item(item));
            now += item.pause;
        }
        timing.on_poll(now);
        timing.on_pending();
        now += tail;
        let longest_gap = timing.on_end(now, false).longest_gap.unwrap_or(0);
        prop_assert!(longest_gap >= waited + tail);
        let gaps = items[..=last].iter().scan(0, |since, item| {
            *since += item.delay;
            Some(if item.tokens > 0 { std::mem::take(since) } else { 0 })
        });
        prop_assert!(longest_gap <= gaps.skip(1).max().unwrap_or(0).max(now - produced[last]));
    }

    #[test]
    fn every_chunk_after_the_first_item_has_one_sample_and_a_keep_alive_has_none(
        items in arb_stream(2), start in 0..MS,
    ) {
        let result = run_pull(start, &items);
        let all_gaps: Vec<_> = result.steps.iter().filter_map(|step| step.chunk_gaps).collect();
        let frames: u64 = items[1..].iter().map(|item| u64::from(item.frames)).sum();
        prop_assert_eq!(all_gaps.iter().map(|gaps| gaps.count).sum::<u64>(), frames);
        let last = items.iter().rposition(|item| item.frames > 0).unwrap_or(0);
        let time: u64 = items[1..=last].iter().map(|item| item.delay).sum();
        prop_assert_eq!(all_gaps.iter().map(|gaps| gaps.total_nanos).sum::<u64>(), time);
    }

    #[test]
    fn a_cooperative_budget_pending_never_creates_an_exact_moment(items in arb_stream(1)) {
        let no_budget: Vec<_> = items.iter().map(|item| Item { budget: None, ..*item }).collect();
        let zero_budget: Vec<_> = items.iter().map(|item| Item { budget: item.budget.and(Some(0)), ..*item }).collect();
        let without = run_push(0, &no_budget);
        prop_assert_eq!(&run_push(0, &zero_budget), &without);
        // A budget `Pending` that takes time delays the consumer, which may hide an exact moment but never creates one.
        let produced = production_times(0, &items);
        let true_moments = without.exact_moments(produced[0]);
        for (index, moment, _) in run_push(0, &items).exact_moments(produced[0]) {
            prop_assert!(true_moments.iter().any(|(known, at, _)| (*known, *at) == (index, moment)));
        }
    }

    #[test]
    fn the_clock_of_a_pull_stream_stops_while_the_consumer_is_away(items in arb_stream(2), start in 0..MS) {
        let paused = run_pull(start, &items);
        let unpaused = run_pull(start, &without_pauses(&items));
        prop_assert_eq!(&paused.steps, &unpaused.steps);
        let consumer_wait: u64 = items.iter().rev().skip(1).map(|item| item.pause).sum();
        prop_assert_eq!(paused.summary, TimingSummary { consumer_wait, ..unpaused.summary });
    }

    #[test]
    fn every_item_of_a_pull_stream_is_exact(items in arb_stream(1)) {
        let result = run_pull(0, &items);
        prop_assert_eq!(result.summary.unmeasured_tokens, 0);
        let tokens: u64 = items[1..].iter().map(|item| u64::from(item.tokens)).sum();
        prop_assert_eq!(result.samples(), tokens);
    }

    #[test]
    fn samples_unmeasured_and_first_chunk_tokens_sum_to_the_tokens_of_the_timed_choice(
        items in arb_stream(3), is_pull: bool, length in 1..60_usize,
    ) {
        // Also for a stream that is cancelled after `length` items.
        let items = &items[..length.min(items.len())];
        let result = if is_pull { run_pull(0, items) } else { run_push(0, items) };
        let timed = items.iter().filter(|item| item.choice == items[0].choice);
        let tokens: u64 = timed.map(|item| u64::from(item.tokens)).sum();
        prop_assert_eq!(result.samples() + result.summary.unmeasured_tokens + u64::from(items[0].tokens), tokens);
        prop_assert_eq!(result.steps.len(), items.len());
    }

    #[test]
    fn a_chunk_of_k_tokens_gives_k_samples(k in 1..200_u32, gap in MS..80 * MS) {
        let item = |tokens| Item { delay: gap, frames: 1, tokens, choice: 0, pause: 0, budget: None };
        for result in [run_push(0, &[item(1), item(k)]), run_pull(0, &[item(1), item(k)])] {
            prop_assert_eq!(result.steps[1].token_gaps, Some(EvenGaps { total_nanos: gap, count: u64::from(k) }));
            prop_assert_eq!(result.summary.longest_gap, Some(gap), "a gap is not divided by the tokens of a chunk");
        }
    }

    #[test]
    fn one_token_gives_no_time_per_token(item in arb_item(1), marked in prop::option::of(0..40 * MS), is_pull: bool) {
        let mut timing = Timing::new(if is_pull { Producer::Pull } else { Producer::Push }, FirstToken::Generated);
        timing.on_poll(0);
        if let Some(at) = marked {
            timing.mark_first_token(at);
        }
        timing.on_ready(40 * MS + item.delay, &TimedItem { frames: 1, tokens: 1, ..timed_item(&item) });
        let summary = timing.on_end(90 * MS + item.delay, true);
        prop_assert_eq!((summary.decode_time, summary.decode_tokens, summary.unmeasured_tokens), (None, 0, 0));
    }

    #[test]
    fn moments_reported_by_the_producer_are_used_regardless_of_the_consumer(items in arb_stream(1), start in 0..MS) {
        let produced = production_times(start, &items);
        let mut timing = Timing::new(Producer::Push, FirstToken::Generated);
        let (mut now, mut sum) = (start, 0);
        for (item, produced_at) in items.iter().zip(&produced) {
            timing.on_poll(now);
            now = now.max(*produced_at);
            let step = timing.on_ready(now, &TimedItem { produced_at: Some(*produced_at), ..timed_item(item) });
            sum += step.token_gaps.map_or(0, |gaps| gaps.total_nanos);
            now += item.pause;
        }
        let last = (0..items.len()).rev().find(|i| items[*i].tokens > 0).map_or(0, |i| produced[i]);
        prop_assert_eq!(sum, last - produced[0]);
        prop_assert_eq!(timing.on_end(now, true).unmeasured_tokens, 0);
    }

    /// With wrong clocks, wrong `produced_at` and any order of calls, no time is negative (which would panic here as an
    /// overflow), no moment is in the future, and the divided time is at most the elapsed time.
    #[test]
    fn no_time_is_ever_negative(
        is_pull: bool, rule in prop::sample::select(vec![FirstToken::Generated, FirstToken::VisibleContent, FirstToken::Chunk]),
        calls in prop::collection::vec((0..6_u8, 0..10_000_u64, 0..3_u32, any::<bool>(), 0..2_u32, prop::option::of(0..12_000_u64)), 0..80),
        complete: bool,
    ) {
        let mut timing = Timing::new(if is_pull { Producer::Pull } else { Producer::Push }, rule);
        let mut divided = 0;
        let mut latest = 0;
        for (call, now, tokens, is_visible, choice, produced_at) in calls {
            latest = latest.max(now);
            match call {
                0 | 1 => drop(timing.on_poll(now)),
                2 => timing.on_pending(),
                3 => timing.mark_first_token(now),
                _ => {
                    let step = timing.on_ready(now, &TimedItem { tokens, frames: 1, is_visible, choice, produced_at });
                    for moment in [step.ttft_at, step.first_token_at, step.first_chunk_at].into_iter().flatten() {
                        prop_assert!(moment <= now);
                    }
                    divided += step.token_gaps.map_or(0, |gaps| gaps.total_nanos);
                }
            }
        }
        let summary = timing.on_end(latest, complete);
        prop_assert!(divided <= latest);
        prop_assert!(summary.decode_time.unwrap_or(0) <= latest);
    }
}

#[test]
fn a_role_only_chunk_is_a_chunk_and_not_a_token() {
    let mut timing = Timing::new(Producer::Push, FirstToken::Generated);
    timing.on_poll(0);
    timing.on_pending();
    let role =
        timing.on_ready(10 * MS, &TimedItem { tokens: 0, frames: 1, is_visible: true, choice: 0, produced_at: None });
    assert_eq!(role, TimingStep { first_chunk_at: Some(10 * MS), ..TimingStep::default() });
    timing.on_poll(10 * MS);
    timing.on_pending();
    let token =
        timing.on_ready(50 * MS, &TimedItem { tokens: 1, frames: 1, is_visible: true, choice: 0, produced_at: None });
    assert_eq!((token.ttft_at, token.first_token_at), (Some(50 * MS), Some(50 * MS)));
    assert_eq!(token.chunk_gaps, Some(EvenGaps { total_nanos: 40 * MS, count: 1 }));
}

#[test]
fn an_item_that_is_not_a_chunk_is_never_the_first_chunk_or_token() {
    for rule in [FirstToken::Generated, FirstToken::VisibleContent, FirstToken::Chunk] {
        let mut timing = Timing::new(Producer::Push, rule);
        timing.on_poll(0);
        timing.on_pending();
        let keep_alive = TimedItem { tokens: 0, frames: 0, is_visible: false, choice: 0, produced_at: None };
        assert_eq!(timing.on_ready(10 * MS, &keep_alive), TimingStep::default(), "{rule:?}");
        timing.on_poll(10 * MS);
        timing.on_pending();
        let token = timing.on_ready(50 * MS, &TimedItem { tokens: 1, frames: 1, is_visible: true, ..keep_alive });
        assert_eq!((token.first_chunk_at, token.ttft_at), (Some(50 * MS), Some(50 * MS)), "{rule:?}");
    }
}

#[test]
fn an_item_is_exact_after_a_wait_and_after_a_backlog_only_after_a_longer_wait() {
    // The time from poll to item, whether the poll was `Pending` first, whether the previous item was exact, and the
    // expected result.
    for (wait, pending, after_exact, expected) in [
        (1, true, true, true),
        (49_999, false, true, false),
        (50_000, false, true, true),
        (999_999, true, false, false),
        (999_999, false, false, false),
        (MS, true, false, true),
        (MS, false, false, true),
        (0, false, false, false),
    ] {
        let mut timing = Timing::new(Producer::Push, FirstToken::Generated);
        let token = TimedItem { tokens: 1, frames: 1, is_visible: true, choice: 0, produced_at: None };
        timing.on_poll(0);
        timing.on_ready(0, &token);
        let mut now = 0;
        if !after_exact {
            timing.on_poll(now);
            assert_eq!(
                timing.on_ready(now, &token).token_gaps,
                None,
                "the item was ready earlier, so this is not exact"
            );
        }
        timing.on_poll(now);
        if pending {
            timing.on_pending();
        }
        now += wait;
        let is_exact = timing.on_ready(now, &token).token_gaps.is_some();
        assert_eq!(is_exact, expected, "wait {wait}, pending {pending}, after an exact one {after_exact}");
    }
}
