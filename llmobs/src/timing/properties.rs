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

/// One item of a producer and the pause of its consumer after it.
#[derive(Debug, Clone, Copy)]
struct Item {
    /// The time since the previous item, in nanoseconds.
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
        let shares = self.steps.iter().enumerate().filter_map(|(place, step)| Some((place, step.tokens?)));
        let moments = shares.scan(first, |last, (place, share)| {
            *last += share.nanos;
            Some((place, *last, share))
        });
        moments.collect()
    }

    fn samples(&self) -> u64 {
        self.steps.iter().filter_map(|step| step.tokens).map(|share| share.units).sum()
    }

    fn first(&self) -> Option<u64> {
        self.steps.iter().find_map(|step| step.first_token)
    }
}

fn timed_item(item: &Item) -> TimedItem {
    TimedItem { tokens: item.tokens, frames: item.frames, visible: true, choice: item.choice, produced_at: None }
}

/// Returns the moment at which a push producer made each item.
fn production(start: u64, items: &[Item]) -> Vec<u64> {
    let made = items.iter().scan(start, |now, item| {
        *now += item.delay;
        Some(*now)
    });
    made.collect()
}

/// Simulates a consumer with pauses that reads from a push producer. Polls take no time.
fn read_eagerly(start: u64, items: &[Item]) -> TimingResult {
    let mut timing = Timing::new(Producer::Push, FirstToken::Generated);
    let (mut now, mut steps) = (start, Vec::new());
    let mut waited_before = true;
    for (item, made) in items.iter().zip(production(start, items)) {
        timing.poll(now);
        let lies_there = made <= now;
        if !lies_there {
            timing.pending();
            now = made;
        } else if let (false, Some(budget)) = (waited_before, item.budget) {
            // The budget is exhausted within a run of items that are all ready.
            timing.pending();
            now += budget;
        }
        waited_before = !lies_there;
        steps.push(timing.ready(now, &timed_item(item)));
        now += item.pause;
    }
    timing.poll(now);
    TimingResult { steps, summary: timing.end(now, true) }
}

/// Simulates a consumer with pauses that polls a pull producer.
fn read_lazily(start: u64, items: &[Item]) -> TimingResult {
    let mut timing = Timing::new(Producer::Pull, FirstToken::Generated);
    let (mut now, mut steps) = (start, Vec::new());
    for item in items {
        timing.poll(now);
        now += item.delay;
        steps.push(timing.ready(now, &timed_item(item)));
        now += item.pause;
    }
    timing.poll(now);
    TimingResult { steps, summary: timing.end(now, true) }
}

fn without_pauses(items: &[Item]) -> Vec<Item> {
    items.iter().map(|item| Item { pause: 0, budget: None, ..*item }).collect()
}

/// Generates gaps near the thresholds of the state machine and far from them.
fn a_gap() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_u64, 30_000..70_000_u64, 900_000..1_100_000_u64, 5 * MS..80 * MS]
}

fn a_pause() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0), 2 => a_gap(), 1 => 100 * MS..3_000 * MS]
}

fn an_item(choices: u32) -> impl Strategy<Value = Item> {
    (a_gap(), 0..3_u32, 0..5_u32, 0..choices, a_pause(), prop::option::of(0..MS)).prop_map(
        |(delay, frames, tokens, choice, pause, budget)| {
            let tokens = if frames == 0 { 0 } else { tokens };
            Item { delay, frames, tokens, choice, pause, budget }
        },
    )
}

/// Generates a stream whose first item contains a token and is waited for.
fn a_stream(choices: u32) -> impl Strategy<Value = Vec<Item>> {
    prop::collection::vec(an_item(choices), 1..60).prop_map(|mut items| {
        items[0].delay += 40 * MS;
        items[0].frames = items[0].frames.max(1);
        items[0].tokens = items[0].tokens.max(1);
        items
    })
}

proptest! {
    #[test]
    fn the_samples_of_a_share_sum_to_it_and_differ_by_a_nanosecond_at_most(
        nanos in prop_oneof![0..1_000_u64, 0..u64::MAX], units in 1..10_000_u64,
    ) {
        let runs: Vec<_> = EvenGaps { nanos, units }.runs().into_iter().filter(|(_, times)| *times > 0).collect();
        prop_assert_eq!(runs.iter().map(|(_, times)| times).sum::<u64>(), units);
        let sum: u128 = runs.iter().map(|(each, times)| u128::from(*each) * u128::from(*times)).sum();
        prop_assert_eq!(sum, u128::from(nanos));
        prop_assert!(runs.iter().all(|(each, _)| runs[0].0 - each <= 1));
    }

    #[test]
    fn the_samples_of_a_span_between_exact_moments_sum_to_that_span(
        first in 1..1_000_u64, closes in prop::collection::vec((0..1_000_000_u64, 1..9_u64, any::<bool>()), 1..40),
    ) {
        let mut span = GapAccumulator::new();
        span.begin(first, 1);
        let (mut now, mut exact, mut sum, mut samples, mut units) = (first, first, 0, 0, 0);
        for (after, count, is_exact) in closes {
            now += after;
            span.add(count);
            units += count;
            if is_exact {
                for (nanos, times) in span.close(now).into_iter().flat_map(EvenGaps::runs) {
                    sum += nanos * times;
                    samples += times;
                }
                exact = now;
            }
        }
        prop_assert_eq!(sum, exact - first);
        prop_assert_eq!(samples + span.waiting(), units);
    }

    #[test]
    fn a_pause_of_an_eager_reader_anywhere_leaves_every_exact_moment_a_true_one(items in a_stream(1), start in 0..MS) {
        let made = production(start, &items);
        let told = read_eagerly(start, &items);
        prop_assert_eq!(told.first(), Some(made[0]));
        let (mut samples, mut tokens) = (0, 0);
        for (place, moment, share) in told.exact_moments(made[0]) {
            prop_assert_eq!(moment, made[place]);
            samples += share.units;
            tokens = items[1..=place].iter().map(|item| u64::from(item.tokens)).sum();
            prop_assert_eq!(samples, tokens);
        }
        let all: u64 = items[1..].iter().map(|item| u64::from(item.tokens)).sum();
        prop_assert_eq!(told.summary.unmeasured, all - tokens);
    }

    #[test]
    fn a_pause_of_an_eager_reader_anywhere_changes_no_sum_over_exact_spans(items in a_stream(1), start in 0..MS) {
        let told = read_eagerly(start, &items);
        let made = production(start, &items);
        let moments = told.exact_moments(made[0]);
        let last = moments.last().map_or(0, |(place, ..)| *place);
        let samples: u64 = moments.iter().map(|(.., share)| share.nanos).sum();
        let producer: u64 = items[1..=last].iter().map(|item| item.delay).sum();
        prop_assert_eq!(samples, producer);
        prop_assert_eq!(told.summary.decode.unwrap_or(0), producer);
    }

    #[test]
    fn no_gap_is_reported_longer_than_the_producer_made_it(items in a_stream(1)) {
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
        prop_assert!(read_eagerly(0, &items).summary.longest_gap.unwrap_or(0) <= longest);
    }

    #[test]
    fn a_silence_that_ends_in_a_drop_is_whole_through_keep_alives_and_no_longer_than_it_was(
        tokens in a_stream(1), silent in prop::collection::vec((MS..20 * MS, a_pause()), 0..9), tail in 0..80 * MS,
    ) {
        let keep_alive = |(delay, pause)| Item { delay, frames: 0, tokens: 0, choice: 0, pause, budget: None };
        let items: Vec<_> = tokens.into_iter().chain(silent.into_iter().map(keep_alive)).collect();
        let last = items.iter().rposition(|item| item.tokens > 0).unwrap_or(0);
        let made = production(0, &items);
        let mut timing = Timing::new(Producer::Push, FirstToken::Generated);
        let (mut now, mut waited) = (0, 0);
        for (place, item) in items.iter().enumerate() {
            timing.poll(now);
            if made[place] > now {
                timing.pending();
                waited += if place > last { made[place] - now } else { 0 };
                now = made[place];
            }
            timing.ready(now, &timed_item(item));
            now += item.pause;
        }
        timing.poll(now);
        timing.pending();
        now += tail;
        let told = timing.end(now, false).longest_gap.unwrap_or(0);
        prop_assert!(told >= waited + tail);
        let gaps = items[..=last].iter().scan(0, |since, item| {
            *since += item.delay;
            Some(if item.tokens > 0 { std::mem::take(since) } else { 0 })
        });
        prop_assert!(told <= gaps.skip(1).max().unwrap_or(0).max(now - made[last]));
    }

    #[test]
    fn every_chunk_after_the_first_item_has_a_share_of_the_time_and_what_is_no_chunk_has_none(
        items in a_stream(2), start in 0..MS,
    ) {
        let told = read_lazily(start, &items);
        let shares: Vec<_> = told.steps.iter().filter_map(|step| step.chunks).collect();
        let frames: u64 = items[1..].iter().map(|item| u64::from(item.frames)).sum();
        prop_assert_eq!(shares.iter().map(|share| share.units).sum::<u64>(), frames);
        let last = items.iter().rposition(|item| item.frames > 0).unwrap_or(0);
        let time: u64 = items[1..=last].iter().map(|item| item.delay).sum();
        prop_assert_eq!(shares.iter().map(|share| share.nanos).sum::<u64>(), time);
    }

    #[test]
    fn cooperative_budget_pendings_change_nothing(items in a_stream(1)) {
        let none: Vec<_> = items.iter().map(|item| Item { budget: None, ..*item }).collect();
        let short: Vec<_> = items.iter().map(|item| Item { budget: item.budget.and(Some(0)), ..*item }).collect();
        let without = read_eagerly(0, &none);
        prop_assert_eq!(&read_eagerly(0, &short), &without);
        // A budget `Pending` that takes time delays the consumer, which may hide an exact moment but never creates one.
        let made = production(0, &items);
        let true_ones = without.exact_moments(made[0]);
        for (place, moment, _) in read_eagerly(0, &items).exact_moments(made[0]) {
            prop_assert!(true_ones.iter().any(|(known, at, _)| (*known, *at) == (place, moment)));
        }
    }

    #[test]
    fn the_clock_of_a_lazy_stream_stops_while_the_reader_is_away(items in a_stream(2), start in 0..MS) {
        let paused = read_lazily(start, &items);
        let eager = read_lazily(start, &without_pauses(&items));
        prop_assert_eq!(&paused.steps, &eager.steps);
        let away: u64 = items.iter().rev().skip(1).map(|item| item.pause).sum();
        prop_assert_eq!(paused.summary, TimingSummary { away, ..eager.summary });
    }

    #[test]
    fn every_item_of_a_lazy_stream_is_exact(items in a_stream(1)) {
        let told = read_lazily(0, &items);
        prop_assert_eq!(told.summary.unmeasured, 0);
        let tokens: u64 = items[1..].iter().map(|item| u64::from(item.tokens)).sum();
        prop_assert_eq!(told.samples(), tokens);
    }

    #[test]
    fn samples_and_unmeasured_tokens_and_those_of_the_first_chunk_are_all_tokens_of_the_timed_choice(
        items in a_stream(3), lazy: bool, cut in 1..60_usize,
    ) {
        // Also for a stream that is cancelled after `cut` chunks.
        let items = &items[..cut.min(items.len())];
        let told = if lazy { read_lazily(0, items) } else { read_eagerly(0, items) };
        let timed = items.iter().filter(|item| item.choice == items[0].choice);
        let tokens: u64 = timed.map(|item| u64::from(item.tokens)).sum();
        prop_assert_eq!(told.samples() + told.summary.unmeasured + u64::from(items[0].tokens), tokens);
        prop_assert_eq!(told.steps.len(), items.len());
    }

    #[test]
    fn a_chunk_of_k_tokens_gives_k_samples(k in 1..200_u32, gap in MS..80 * MS) {
        let item = |tokens| Item { delay: gap, frames: 1, tokens, choice: 0, pause: 0, budget: None };
        for told in [read_eagerly(0, &[item(1), item(k)]), read_lazily(0, &[item(1), item(k)])] {
            prop_assert_eq!(told.steps[1].tokens, Some(EvenGaps { nanos: gap, units: u64::from(k) }));
            prop_assert_eq!(told.summary.longest_gap, Some(gap), "a gap is not divided by the tokens of a chunk");
        }
    }

    #[test]
    fn one_token_gives_no_time_per_token(item in an_item(1), marked in prop::option::of(0..40 * MS), lazy: bool) {
        let mut timing = Timing::new(if lazy { Producer::Pull } else { Producer::Push }, FirstToken::Generated);
        timing.poll(0);
        if let Some(at) = marked {
            timing.first_token_was_at(at);
        }
        timing.ready(40 * MS + item.delay, &TimedItem { frames: 1, tokens: 1, ..timed_item(&item) });
        let summary = timing.end(90 * MS + item.delay, true);
        prop_assert_eq!((summary.decode, summary.decode_tokens, summary.unmeasured), (None, 0, 0));
    }

    #[test]
    fn producers_that_know_are_believed_whatever_the_reader_does(items in a_stream(1), start in 0..MS) {
        let made = production(start, &items);
        let mut timing = Timing::new(Producer::Push, FirstToken::Generated);
        let (mut now, mut sum) = (start, 0);
        for (item, made) in items.iter().zip(&made) {
            timing.poll(now);
            now = now.max(*made);
            let step = timing.ready(now, &TimedItem { produced_at: Some(*made), ..timed_item(item) });
            sum += step.tokens.map_or(0, |share| share.nanos);
            now += item.pause;
        }
        let last = (0..items.len()).rev().find(|i| items[*i].tokens > 0).map_or(0, |i| made[i]);
        prop_assert_eq!(sum, last - made[0]);
        prop_assert_eq!(timing.end(now, true).unmeasured, 0);
    }

    /// With wrong clocks, wrong `produced_at` and any order of calls, no time is negative (which would panic here as an
    /// overflow), no moment is in the future, and the divided time is at most the elapsed time.
    #[test]
    fn no_time_is_ever_negative(
        lazy: bool, rule in prop::sample::select(vec![FirstToken::Generated, FirstToken::VisibleContent, FirstToken::Chunk]),
        calls in prop::collection::vec((0..6_u8, 0..10_000_u64, 0..3_u32, any::<bool>(), 0..2_u32, prop::option::of(0..12_000_u64)), 0..80),
        complete: bool,
    ) {
        let mut timing = Timing::new(if lazy { Producer::Pull } else { Producer::Push }, rule);
        let mut shared = 0;
        let mut latest = 0;
        for (call, now, tokens, visible, choice, produced_at) in calls {
            latest = latest.max(now);
            match call {
                0 | 1 => drop(timing.poll(now)),
                2 => timing.pending(),
                3 => timing.first_token_was_at(now),
                _ => {
                    let step = timing.ready(now, &TimedItem { tokens, frames: 1, visible, choice, produced_at });
                    for moment in [step.ttft_at, step.first_token, step.first_chunk].into_iter().flatten() {
                        prop_assert!(moment <= now);
                    }
                    shared += step.tokens.map_or(0, |share| share.nanos);
                }
            }
        }
        let summary = timing.end(latest, complete);
        prop_assert!(shared <= latest);
        prop_assert!(summary.decode.unwrap_or(0) <= latest);
    }
}

#[test]
fn a_role_only_chunk_is_a_chunk_and_no_token() {
    let mut timing = Timing::new(Producer::Push, FirstToken::Generated);
    timing.poll(0);
    timing.pending();
    let role = timing.ready(10 * MS, &TimedItem { tokens: 0, frames: 1, visible: true, choice: 0, produced_at: None });
    assert_eq!(role, TimingStep { first_chunk: Some(10 * MS), ..TimingStep::default() });
    timing.poll(10 * MS);
    timing.pending();
    let token = timing.ready(50 * MS, &TimedItem { tokens: 1, frames: 1, visible: true, choice: 0, produced_at: None });
    assert_eq!((token.ttft_at, token.first_token), (Some(50 * MS), Some(50 * MS)));
    assert_eq!(token.chunks, Some(EvenGaps { nanos: 40 * MS, units: 1 }));
}

#[test]
fn what_is_no_chunk_is_no_first_one_by_any_rule() {
    for rule in [FirstToken::Generated, FirstToken::VisibleContent, FirstToken::Chunk] {
        let mut timing = Timing::new(Producer::Push, rule);
        timing.poll(0);
        timing.pending();
        let silent = TimedItem { tokens: 0, frames: 0, visible: false, choice: 0, produced_at: None };
        assert_eq!(timing.ready(10 * MS, &silent), TimingStep::default(), "{rule:?}");
        timing.poll(10 * MS);
        timing.pending();
        let token = timing.ready(50 * MS, &TimedItem { tokens: 1, frames: 1, visible: true, ..silent });
        assert_eq!((token.first_chunk, token.ttft_at), (Some(50 * MS), Some(50 * MS)), "{rule:?}");
    }
}

#[test]
fn an_item_is_exact_when_it_was_waited_for_and_a_backlog_asks_for_a_longer_wait() {
    // The time from poll to item, whether the poll was `Pending` first, whether the previous item was exact, and the
    // expected result.
    for (wait, pending, after_exact, exact) in [
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
        let token = TimedItem { tokens: 1, frames: 1, visible: true, choice: 0, produced_at: None };
        timing.poll(0);
        timing.ready(0, &token);
        let mut now = 0;
        if !after_exact {
            timing.poll(now);
            assert_eq!(timing.ready(now, &token).tokens, None, "the item was ready earlier, so this is not exact");
        }
        timing.poll(now);
        if pending {
            timing.pending();
        }
        now += wait;
        let told = timing.ready(now, &token).tokens.is_some();
        assert_eq!(told, exact, "wait {wait}, pending {pending}, after an exact one {after_exact}");
    }
}
