//! Attribution of time: the producer's time and the consumer's time.

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::catalog::Level;
use llmobs::clock::Moment;
use llmobs::stream::Producer;
use llmobs::testing::ScriptedStream;

use crate::fixture::CONSUMER_WAIT;
use crate::fixture::DECODE;
use crate::fixture::Fixture;
use crate::fixture::ITL;
use crate::fixture::LONGEST_GAP;
use crate::fixture::TPOT;
use crate::fixture::TTFT;
use crate::fixture::UNMEASURED;
use crate::fixture::expect_pending;
use crate::fixture::ms;
use crate::fixture::us;

#[tokio::test]
async fn a_consumer_that_sleeps_does_not_change_the_reported_model_latency() {
    // The same 200 tokens, read by a consumer that polls at once, and by consumers with pauses.
    let sleeps: [&[u64]; 4] = [&[0], &[3, 0, 19, 7], &[0, 0, 0, 45, 0, 0], &[0, 0, 0, 0, 0, 2_500, 0, 0, 0, 0, 0]];
    for naps in sleeps {
        let fixture = Fixture::new();
        let producer = fixture.producer().item_after(ms(40), Chunk::tokens(1)).tokens(199, ms(20));
        let mut stream = fixture.chat().observe(producer);
        for nap in naps.iter().cycle() {
            if stream.next().await.is_none() {
                break;
            }
            fixture.advance(ms(*nap));
        }
        assert_eq!(fixture.histogram(TTFT), (1, ms(40)), "{naps:?}");
        assert_eq!(fixture.histogram(TPOT), (1, ms(20)), "{naps:?}");
        let (samples, sum) = fixture.histogram(ITL);
        assert_eq!(sum, ms(20) * u32::try_from(samples).unwrap(), "{naps:?}");
        assert_eq!(samples + fixture.count(UNMEASURED, &[]), 199, "{naps:?}");
        let slowest =
            fixture.metrics().histogram(ITL, &[]).buckets.iter().find(|(upper, _)| *upper == 0.025).unwrap().1;
        assert_eq!(slowest, samples, "no sample is longer than a token took: {naps:?}");
        assert!(fixture.histogram(LONGEST_GAP).1 <= ms(20), "{naps:?}");
    }
}

#[tokio::test]
async fn consumer_wait_is_a_separate_metric() {
    let fixture = Fixture::new();
    let mut stream = fixture.chat().observe(fixture.producer().tokens(4, ms(20)));
    for nap in [5, 300, 0] {
        stream.next().await;
        fixture.advance(ms(nap));
    }
    stream.next().await;
    fixture.advance(ms(9_000)); // After its last item the request is over.
    stream.next().await;
    assert_eq!(fixture.histogram(CONSUMER_WAIT), (1, ms(305)), "one sample a stream");
}

#[tokio::test]
async fn the_wait_for_a_consumer_that_never_returns_counts_until_the_drop() {
    let fixture = Fixture::new();
    let mut stream = fixture.chat().observe(fixture.producer().tokens(4, ms(20)));
    stream.next().await;
    fixture.advance(ms(300));
    drop(stream);
    assert_eq!(fixture.histogram(CONSUMER_WAIT), (1, ms(300)));
}

#[tokio::test]
async fn pull_the_clock_of_the_model_stops_during_the_absence_of_the_consumer_and_every_item_is_exact() {
    for naps in [[0, 0, 0, 0, 0, 0], [500, 0, 3, 9_000, 20, 1]] {
        let fixture = Fixture::new();
        let script = ScriptedStream::new(&fixture.manual_clock)
            .work(ms(10))
            .item(Chunk::no_tokens())
            .work(ms(40))
            .item(Chunk::tokens(1));
        let script = script.work(ms(20)).item(Chunk::tokens(1)).item(Chunk::tokens(1)).work(us(10));
        let script = script.item(Chunk::tokens(1)).wait(ms(30)).item(Chunk::tokens(2));
        let mut stream = fixture.chat().observe(script).producer(Producer::Pull);
        for nap in naps {
            stream.next().await;
            fixture.advance(ms(nap));
        }
        stream.next().await;
        assert_eq!(fixture.histogram(TTFT), (1, ms(50)), "{naps:?}");
        assert_eq!(fixture.histogram(ITL), (5, ms(50) + us(10)), "{naps:?}");
        assert_eq!(fixture.count(UNMEASURED, &[]), 0);
        assert_eq!(fixture.histogram(LONGEST_GAP), (1, ms(30)));
        assert_eq!(fixture.histogram(CONSUMER_WAIT).1, ms(naps[..5].iter().sum()));
    }
}

#[tokio::test]
async fn push_is_the_default_and_an_item_is_exact_when_its_poll_was_pending_or_took_50_us_itself() {
    let token = Chunk::tokens(1);
    let first = |fixture: &Fixture| ScriptedStream::new(&fixture.manual_clock).wait(ms(40)).item(token.clone());
    let measure = |script: ScriptedStream<Chunk>, fixture: Fixture| async move {
        fixture.chat().observe(script).count().await;
        (fixture.histogram(ITL), fixture.count(UNMEASURED, &[]))
    };
    let fixture = Fixture::new();
    assert_eq!(measure(first(&fixture).wait(us(1)).item(token.clone()), fixture).await, ((1, us(1)), 0), "Pending");
    let fixture = Fixture::new();
    assert_eq!(measure(first(&fixture).work(us(50)).item(token.clone()), fixture).await, ((1, us(50)), 0), "50 us");
    let fixture = Fixture::new();
    assert_eq!(measure(first(&fixture).work(us(49)).item(token.clone()), fixture).await, ((0, us(0)), 1), "49 us");
    let fixture = Fixture::new();
    assert_eq!(measure(first(&fixture).item(token.clone()), fixture).await, ((0, us(0)), 1), "at once");
}

#[tokio::test]
async fn after_an_inexact_item_only_a_wait_of_1_ms_makes_the_next_one_exact() {
    for (wait, samples) in [(us(999), 0), (ms(1), 2)] {
        let fixture = Fixture::new();
        let script =
            ScriptedStream::new(&fixture.manual_clock).wait(ms(40)).item(Chunk::tokens(1)).item(Chunk::tokens(1));
        fixture.chat().observe(script.wait(wait).item(Chunk::tokens(1))).count().await;
        assert_eq!(fixture.histogram(ITL).0, samples, "{wait:?}");
        assert_eq!(fixture.count(UNMEASURED, &[]), 2 - samples);
    }
}

#[tokio::test]
async fn a_cooperative_budget_pending_is_not_a_wait() {
    let fixture = Fixture::new();
    let mut script = ScriptedStream::new(&fixture.manual_clock).wait(ms(40)).item(Chunk::tokens(1));
    // A backlog of 257 items; the cooperative budget runs out before every 128th item.
    for index in 1..=257 {
        script = if index % 128 == 0 { script.wait(us(30)) } else { script }.item(Chunk::tokens(1));
    }
    fixture.chat().observe(script.wait(ms(60)).item(Chunk::tokens(1))).count().await;
    assert_eq!(fixture.histogram(ITL), (258, ms(60) + us(60)));
    let (_, short) = fixture.metrics().histogram(ITL, &[]).buckets[0];
    assert_eq!(short, 258, "all share one interval: otherwise the last two would have 30 ms each");
}

#[tokio::test]
async fn the_first_token_counts_as_exact() {
    let fixture = Fixture::new();
    // The first item was ready before the first poll, and still counts as exact; so does the next one after 300 us.
    let script = ScriptedStream::new(&fixture.manual_clock).item(Chunk::tokens(1)).wait(us(300)).item(Chunk::tokens(1));
    fixture.chat().observe(script).count().await;
    assert_eq!(fixture.histogram(ITL), (1, us(300)));
}

#[tokio::test]
async fn tokens_between_two_exact_moments_share_that_time_evenly_and_a_chunk_of_k_gives_k_samples() {
    let fixture = Fixture::new();
    let script = ScriptedStream::new(&fixture.manual_clock).wait(ms(40)).item(Chunk::tokens(1));
    let script = script.item(Chunk::tokens(2)).item(Chunk::tokens(1)).wait(ms(50)).item(Chunk::tokens(2));
    fixture.chat().observe(script).count().await;
    assert_eq!(fixture.histogram(ITL), (5, ms(50)));
    assert_eq!(fixture.metrics().histogram(ITL, &[]).buckets[0], (0.01, 5), "each of 10 ms");
}

#[tokio::test]
async fn tokens_after_the_last_exact_moment_have_no_itl_and_are_counted() {
    let fixture = Fixture::new();
    let script = ScriptedStream::new(&fixture.manual_clock)
        .wait(ms(40))
        .item(Chunk::tokens(1))
        .wait(ms(20))
        .item(Chunk::tokens(1));
    fixture.chat().observe(script.item(Chunk::tokens(3)).item(Chunk::tokens(1))).count().await;
    assert_eq!(fixture.histogram(ITL), (1, ms(20)));
    assert_eq!(fixture.count(UNMEASURED, &[]), 4);
}

#[tokio::test]
async fn the_moment_that_the_producer_reports_replaces_these_rules() {
    for stamped in [true, false] {
        let fixture = Fixture::new();
        let producer = fixture
            .producer()
            .item_after(ms(40), Chunk::tokens(1))
            .tokens(3, ms(20))
            .item_after(ms(35), Chunk::tokens(1));
        let mut stream = fixture.chat().observe(if stamped { producer.with_produced_at() } else { producer });
        fixture.advance(ms(400)); // All items are ready before the first poll.
        while stream.next().await.is_some() {}
        let expected = if stamped { (ms(40), (4, ms(95)), 0) } else { (ms(400), (0, ms(0)), 4) };
        assert_eq!((fixture.histogram(TTFT).1, fixture.histogram(ITL), fixture.count(UNMEASURED, &[])), expected);
        assert_eq!(fixture.histogram(DECODE).0, u64::from(stamped));
    }
}

#[tokio::test]
async fn a_moment_of_the_producer_in_the_future_counts_as_now() {
    let fixture = Fixture::new();
    let later = Moment::from_nanos(u64::MAX / 2);
    let script = ScriptedStream::new(&fixture.manual_clock).wait(ms(40)).item(Chunk::tokens(1).produced_at(later));
    fixture.chat().observe(script.wait(ms(20)).item(Chunk::tokens(1).produced_at(later))).count().await;
    assert_eq!((fixture.histogram(TTFT), fixture.histogram(ITL)), ((1, ms(40)), (1, ms(20))));
}

#[tokio::test]
async fn an_exact_moment_includes_the_delay_of_the_wake_up() {
    let fixture = Fixture::new();
    let mut stream =
        fixture.chat().observe(fixture.producer().item_after(ms(40), Chunk::tokens(1)).tokens(1, ms(20)).hang_at_end());
    stream.next().await;
    expect_pending(&mut stream).await; // The item is ready and the task is woken, but runs only 5 ms later.
    fixture.advance(ms(5));
    stream.next().await;
    drop(stream);
    assert_eq!(fixture.histogram(ITL), (1, ms(25)));
}

#[tokio::test]
async fn the_longest_gap_is_one_sample_an_operation_and_is_not_divided_by_tokens() {
    let fixture = Fixture::new();
    let producer =
        fixture.producer().item_after(ms(40), Chunk::tokens(1)).item_after(ms(90), Chunk::tokens(9)).tokens(4, ms(20));
    fixture.chat().observe(producer).count().await;
    assert_eq!(fixture.histogram(LONGEST_GAP), (1, ms(90)));
}

#[tokio::test]
async fn a_gap_of_the_engine_is_complete_although_the_consumer_was_away_for_a_part_of_it() {
    let fixture = Fixture::new();
    let mut stream = fixture
        .chat()
        .observe(fixture.producer().tokens(2, ms(20)).item_after(ms(90), Chunk::tokens(1)).tokens(1, ms(20)));
    for nap in [0, 60, 0, 0] {
        stream.next().await;
        fixture.advance(ms(nap));
    }
    stream.next().await;
    assert_eq!((fixture.histogram(LONGEST_GAP), fixture.histogram(CONSUMER_WAIT)), ((1, ms(90)), (1, ms(60))));
}

#[tokio::test]
async fn a_silence_that_ended_in_a_drop_is_a_gap_of_the_engine() {
    let fixture = Fixture::new();
    let mut stream = fixture.chat().observe(fixture.producer().tokens(2, ms(20)).hang_at_end());
    stream.next().await;
    stream.next().await;
    expect_pending(&mut stream).await;
    fixture.advance(ms(4_000));
    drop(stream);
    assert_eq!(fixture.histogram(LONGEST_GAP), (1, ms(4_000)));
    assert_eq!(fixture.histogram(CONSUMER_WAIT), (1, ms(0)), "the consumer was polling all the time");
}

#[tokio::test]
async fn a_silence_is_one_gap_although_keep_alives_interrupted_it() {
    let fixture = Fixture::new();
    let mut producer = fixture.producer().tokens(2, ms(20));
    for _ in 0..4 {
        producer = producer.item_after(ms(15_000), Chunk::ignored());
    }
    let mut stream = fixture.chat().observe(producer.hang_at_end());
    for _ in 0..6 {
        stream.next().await;
    }
    expect_pending(&mut stream).await;
    fixture.advance(ms(2_000));
    drop(stream);
    assert_eq!(fixture.histogram(LONGEST_GAP), (1, ms(62_000)));
}

#[tokio::test]
async fn a_pause_of_a_second_is_a_stall_with_its_cause() {
    let fixture = Fixture::with(|builder| builder.level(Level::Full));
    let mut stream = fixture
        .chat()
        .observe(fixture.producer().tokens(2, ms(20)).item_after(ms(1_000), Chunk::tokens(1)).tokens(9, ms(20)));
    for nap in [0, 0, 0, 999, 1_000, 0] {
        stream.next().await;
        fixture.advance(ms(nap));
    }
    stream.count().await;
    let stalls = |cause| fixture.count("llmobs.stall.events", &[("llmobs.stall.cause", cause)]);
    assert_eq!((stalls("engine"), stalls("reader")), (1, 1));
}
