//! Attribution of time: the producer's time and the consumer's time.

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::catalog::Level;
use llmobs::clock::Moment;
use llmobs::stream::Producer;
use llmobs::testing::ScriptedStream;

use crate::kit::CONSUMER;
use crate::kit::DECODE;
use crate::kit::GAP;
use crate::kit::ITL;
use crate::kit::TPOT;
use crate::kit::TTFT;
use crate::kit::UNMEASURED;
use crate::kit::World;
use crate::kit::expect_pending;
use crate::kit::ms;
use crate::kit::us;

#[tokio::test]
async fn a_reader_that_sleeps_does_not_change_the_reported_model_latency() {
    // The same 200 tokens, read by a consumer that polls at once, and by consumers with pauses.
    let sleeps: [&[u64]; 4] = [&[0], &[3, 0, 19, 7], &[0, 0, 0, 45, 0, 0], &[0, 0, 0, 0, 0, 2_500, 0, 0, 0, 0, 0]];
    for naps in sleeps {
        let world = World::new();
        let producer = world.produce().after(ms(40), Chunk::tokens(1)).tokens(199, ms(20));
        let mut stream = world.chat().observe(producer);
        for nap in naps.iter().cycle() {
            if stream.next().await.is_none() {
                break;
            }
            world.pass(ms(*nap));
        }
        assert_eq!(world.times(TTFT), (1, ms(40)), "{naps:?}");
        assert_eq!(world.times(TPOT), (1, ms(20)), "{naps:?}");
        let (samples, sum) = world.times(ITL);
        assert_eq!(sum, ms(20) * u32::try_from(samples).unwrap(), "{naps:?}");
        assert_eq!(samples + world.count(UNMEASURED, &[]), 199, "{naps:?}");
        let slowest = world.readings().histogram(ITL, &[]).buckets.iter().find(|(upper, _)| *upper == 0.025).unwrap().1;
        assert_eq!(slowest, samples, "no sample is longer than a token took: {naps:?}");
        assert!(world.times(GAP).1 <= ms(20), "{naps:?}");
    }
}

#[tokio::test]
async fn the_absence_of_the_consumer_is_a_metric_of_its_own() {
    let world = World::new();
    let mut stream = world.chat().observe(world.produce().tokens(4, ms(20)));
    for nap in [5, 300, 0] {
        stream.next().await;
        world.pass(ms(nap));
    }
    stream.next().await;
    world.pass(ms(9_000)); // After its last item the request is over.
    stream.next().await;
    assert_eq!(world.times(CONSUMER), (1, ms(305)), "one sample a stream");
}

#[tokio::test]
async fn the_absence_of_a_consumer_that_never_comes_back_counts_until_the_drop() {
    let world = World::new();
    let mut stream = world.chat().observe(world.produce().tokens(4, ms(20)));
    stream.next().await;
    world.pass(ms(300));
    drop(stream);
    assert_eq!(world.times(CONSUMER), (1, ms(300)));
}

#[tokio::test]
async fn lazy_the_clock_of_the_model_stops_during_the_absence_of_the_consumer_and_every_item_is_exact() {
    for naps in [[0, 0, 0, 0, 0, 0], [500, 0, 3, 9_000, 20, 1]] {
        let world = World::new();
        let script =
            ScriptedStream::new(&world.hand).work(ms(10)).item(Chunk::no_tokens()).work(ms(40)).item(Chunk::tokens(1));
        let script = script.work(ms(20)).item(Chunk::tokens(1)).item(Chunk::tokens(1)).work(us(10));
        let script = script.item(Chunk::tokens(1)).wait(ms(30)).item(Chunk::tokens(2));
        let mut stream = world.chat().observe(script).producer(Producer::Pull);
        for nap in naps {
            stream.next().await;
            world.pass(ms(nap));
        }
        stream.next().await;
        assert_eq!(world.times(TTFT), (1, ms(50)), "{naps:?}");
        assert_eq!(world.times(ITL), (5, ms(50) + us(10)), "{naps:?}");
        assert_eq!(world.count(UNMEASURED, &[]), 0);
        assert_eq!(world.times(GAP), (1, ms(30)));
        assert_eq!(world.times(CONSUMER).1, ms(naps[..5].iter().sum()));
    }
}

#[tokio::test]
async fn eager_is_the_default_and_an_item_is_exact_when_its_poll_was_pending_or_took_50_us_itself() {
    let token = Chunk::tokens(1);
    let first = |world: &World| ScriptedStream::new(&world.hand).wait(ms(40)).item(token.clone());
    let told = |script: ScriptedStream<Chunk>, world: World| async move {
        world.chat().observe(script).count().await;
        (world.times(ITL), world.count(UNMEASURED, &[]))
    };
    let world = World::new();
    assert_eq!(told(first(&world).wait(us(1)).item(token.clone()), world).await, ((1, us(1)), 0), "Pending");
    let world = World::new();
    assert_eq!(told(first(&world).work(us(50)).item(token.clone()), world).await, ((1, us(50)), 0), "50 us");
    let world = World::new();
    assert_eq!(told(first(&world).work(us(49)).item(token.clone()), world).await, ((0, us(0)), 1), "49 us");
    let world = World::new();
    assert_eq!(told(first(&world).item(token.clone()), world).await, ((0, us(0)), 1), "at once");
}

#[tokio::test]
async fn after_an_inexact_item_only_a_wait_of_1_ms_makes_the_next_one_exact() {
    for (wait, samples) in [(us(999), 0), (ms(1), 2)] {
        let world = World::new();
        let script = ScriptedStream::new(&world.hand).wait(ms(40)).item(Chunk::tokens(1)).item(Chunk::tokens(1));
        world.chat().observe(script.wait(wait).item(Chunk::tokens(1))).count().await;
        assert_eq!(world.times(ITL).0, samples, "{wait:?}");
        assert_eq!(world.count(UNMEASURED, &[]), 2 - samples);
    }
}

#[tokio::test]
async fn a_cooperative_budget_pending_is_not_a_wait() {
    let world = World::new();
    let mut script = ScriptedStream::new(&world.hand).wait(ms(40)).item(Chunk::tokens(1));
    // A backlog of 257 items; the cooperative budget runs out before every 128th item.
    for place in 1..=257 {
        script = if place % 128 == 0 { script.wait(us(30)) } else { script }.item(Chunk::tokens(1));
    }
    world.chat().observe(script.wait(ms(60)).item(Chunk::tokens(1))).count().await;
    assert_eq!(world.times(ITL), (258, ms(60) + us(60)));
    let (_, short) = world.readings().histogram(ITL, &[]).buckets[0];
    assert_eq!(short, 258, "all share one span: else the last two would have 30 ms each");
}

#[tokio::test]
async fn the_first_token_counts_as_exact() {
    let world = World::new();
    // The first item was ready before the first poll, and still counts as exact; so does the next one after 300 us.
    let script = ScriptedStream::new(&world.hand).item(Chunk::tokens(1)).wait(us(300)).item(Chunk::tokens(1));
    world.chat().observe(script).count().await;
    assert_eq!(world.times(ITL), (1, us(300)));
}

#[tokio::test]
async fn tokens_between_two_exact_moments_share_that_time_evenly_and_a_chunk_of_k_gives_k_samples() {
    let world = World::new();
    let script = ScriptedStream::new(&world.hand).wait(ms(40)).item(Chunk::tokens(1));
    let script = script.item(Chunk::tokens(2)).item(Chunk::tokens(1)).wait(ms(50)).item(Chunk::tokens(2));
    world.chat().observe(script).count().await;
    assert_eq!(world.times(ITL), (5, ms(50)));
    assert_eq!(world.readings().histogram(ITL, &[]).buckets[0], (0.01, 5), "each of 10 ms");
}

#[tokio::test]
async fn tokens_after_the_last_exact_moment_have_no_itl_and_are_counted() {
    let world = World::new();
    let script =
        ScriptedStream::new(&world.hand).wait(ms(40)).item(Chunk::tokens(1)).wait(ms(20)).item(Chunk::tokens(1));
    world.chat().observe(script.item(Chunk::tokens(3)).item(Chunk::tokens(1))).count().await;
    assert_eq!(world.times(ITL), (1, ms(20)));
    assert_eq!(world.count(UNMEASURED, &[]), 4);
}

#[tokio::test]
async fn the_moment_that_the_producer_gives_replaces_all_this() {
    for stamped in [true, false] {
        let world = World::new();
        let producer =
            world.produce().after(ms(40), Chunk::tokens(1)).tokens(3, ms(20)).after(ms(35), Chunk::tokens(1));
        let mut stream = world.chat().observe(if stamped { producer.stamped() } else { producer });
        world.pass(ms(400)); // All items are ready before the first poll.
        while stream.next().await.is_some() {}
        let expected = if stamped { (ms(40), (4, ms(95)), 0) } else { (ms(400), (0, ms(0)), 4) };
        assert_eq!((world.times(TTFT).1, world.times(ITL), world.count(UNMEASURED, &[])), expected);
        assert_eq!(world.times(DECODE).0, u64::from(stamped));
    }
}

#[tokio::test]
async fn a_producers_moment_in_the_future_is_taken_for_now() {
    let world = World::new();
    let later = Moment::from_nanos(u64::MAX / 2);
    let script = ScriptedStream::new(&world.hand).wait(ms(40)).item(Chunk::tokens(1).produced_at(later));
    world.chat().observe(script.wait(ms(20)).item(Chunk::tokens(1).produced_at(later))).count().await;
    assert_eq!((world.times(TTFT), world.times(ITL)), ((1, ms(40)), (1, ms(20))));
}

#[tokio::test]
async fn an_exact_moment_includes_the_delay_of_the_wake_up() {
    let world = World::new();
    let mut stream =
        world.chat().observe(world.produce().after(ms(40), Chunk::tokens(1)).tokens(1, ms(20)).then_hangs());
    stream.next().await;
    expect_pending(&mut stream).await; // The item is ready and the task is woken, but runs only 5 ms later.
    world.pass(ms(5));
    stream.next().await;
    drop(stream);
    assert_eq!(world.times(ITL), (1, ms(25)));
}

#[tokio::test]
async fn the_longest_gap_is_one_sample_an_operation_and_is_not_divided_by_tokens() {
    let world = World::new();
    let producer = world.produce().after(ms(40), Chunk::tokens(1)).after(ms(90), Chunk::tokens(9)).tokens(4, ms(20));
    world.chat().observe(producer).count().await;
    assert_eq!(world.times(GAP), (1, ms(90)));
}

#[tokio::test]
async fn a_gap_of_the_engine_is_whole_though_the_reader_was_away_for_a_part_of_it() {
    let world = World::new();
    let mut stream =
        world.chat().observe(world.produce().tokens(2, ms(20)).after(ms(90), Chunk::tokens(1)).tokens(1, ms(20)));
    for nap in [0, 60, 0, 0] {
        stream.next().await;
        world.pass(ms(nap));
    }
    stream.next().await;
    assert_eq!((world.times(GAP), world.times(CONSUMER)), ((1, ms(90)), (1, ms(60))));
}

#[tokio::test]
async fn a_silence_that_ended_in_a_drop_is_a_gap_of_the_engine() {
    let world = World::new();
    let mut stream = world.chat().observe(world.produce().tokens(2, ms(20)).then_hangs());
    stream.next().await;
    stream.next().await;
    expect_pending(&mut stream).await;
    world.pass(ms(4_000));
    drop(stream);
    assert_eq!(world.times(GAP), (1, ms(4_000)));
    assert_eq!(world.times(CONSUMER), (1, ms(0)), "the reader was there all the time");
}

#[tokio::test]
async fn a_silence_is_whole_though_keep_alives_came_in_between() {
    let world = World::new();
    let mut producer = world.produce().tokens(2, ms(20));
    for _ in 0..4 {
        producer = producer.after(ms(15_000), Chunk::ignored());
    }
    let mut stream = world.chat().observe(producer.then_hangs());
    for _ in 0..6 {
        stream.next().await;
    }
    expect_pending(&mut stream).await;
    world.pass(ms(2_000));
    drop(stream);
    assert_eq!(world.times(GAP), (1, ms(62_000)));
}

#[tokio::test]
async fn a_pause_of_a_second_is_a_stall_by_whose_it_was() {
    let world = World::with(|builder| builder.level(Level::Full));
    let mut stream =
        world.chat().observe(world.produce().tokens(2, ms(20)).after(ms(1_000), Chunk::tokens(1)).tokens(9, ms(20)));
    for nap in [0, 0, 0, 999, 1_000, 0] {
        stream.next().await;
        world.pass(ms(nap));
    }
    stream.count().await;
    let stalls = |cause| world.count("llmobs.stall.events", &[("llmobs.stall.cause", cause)]);
    assert_eq!((stalls("engine"), stalls("reader")), (1, 1));
}
