//! The three token latencies: time to first token, time per output token, inter-token latency.

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Usage;
use llmobs::stream::FirstToken;
use llmobs::testing::ScriptedStream;

use crate::kit::DECODE;
use crate::kit::ITL;
use crate::kit::PREFILL;
use crate::kit::SERVER_TTFT;
use crate::kit::TPOT;
use crate::kit::TTFT;
use crate::kit::World;
use crate::kit::ms;

#[tokio::test]
async fn ttft_ends_at_the_first_generated_token_and_a_role_only_chunk_is_none() {
    for first in [Chunk::tokens(1), Chunk::reasoning(1), Chunk::tool_call(1)] {
        let world = World::new();
        let producer = world.produce().after(ms(10), Chunk::no_tokens()).after(ms(30), first).tokens(3, ms(20));
        world.chat().observe(producer).count().await;
        assert_eq!(world.times(TTFT), (1, ms(40)));
    }
}

#[tokio::test]
async fn ttft_is_that_of_the_first_choice_that_has_a_token() {
    let world = World::new();
    let producer =
        world.produce().after(ms(10), Chunk::no_tokens().choice(0)).after(ms(30), Chunk::tokens(1).choice(1));
    world.chat().observe(producer.after(ms(50), Chunk::tokens(1).choice(0))).count().await;
    assert_eq!(world.times(TTFT), (1, ms(40)));
}

#[tokio::test]
async fn what_counts_as_the_first_token_can_be_chosen() {
    for (rule, ttft) in
        [(FirstToken::Generated, ms(40)), (FirstToken::VisibleContent, ms(100)), (FirstToken::Chunk, ms(10))]
    {
        let world = World::with(|builder| builder.first_token(rule));
        let producer = world.produce().after(ms(10), Chunk::no_tokens()).after(ms(30), Chunk::reasoning(1));
        let producer = producer.after(ms(20), Chunk::tool_call(1)).after(ms(40), Chunk::tokens(1)).tokens(1, ms(20));
        world.chat().observe(producer).count().await;
        assert_eq!(world.times(TTFT), (1, ttft), "{rule:?}");
        assert_eq!(world.times(SERVER_TTFT), (1, ttft), "{rule:?}");
        assert_eq!(world.times(PREFILL), (1, ms(40)), "the engine's own first token is what it is");
    }
}

#[tokio::test]
async fn ttft_is_recorded_whatever_comes_later_and_the_conventions_server_metric_takes_successful_ones_only() {
    let world = World::new();
    let mut left = world.chat().observe(world.produce().tokens(2, ms(40)));
    left.next().await;
    drop(left);
    let broken = world.chat();
    world.pass(ms(40));
    broken.marker().first_token();
    broken.fail(ErrorType::Inference);
    assert_eq!(world.times(TTFT), (2, ms(80)));
    assert_eq!(world.times(SERVER_TTFT).0, 0);
    world.chat().observe(world.produce().tokens(2, ms(40))).count().await;
    assert_eq!(world.times(TTFT), (3, ms(120)));
    assert_eq!(world.times(SERVER_TTFT), (1, ms(40)));
}

#[tokio::test]
async fn ttft_is_never_negative() {
    let world = World::new();
    let early = world.hand.now();
    world.pass(ms(500));
    let script = ScriptedStream::new(&world.hand).wait(ms(40)).item(Chunk::tokens(1).produced_at(early));
    world.chat().observe(script).count().await;
    assert_eq!(world.times(TTFT), (1, ms(0)));
}

#[tokio::test]
async fn tpot_is_the_decode_time_over_the_tokens_after_the_first_in_it() {
    let world = World::new();
    let producer = world.produce().after(ms(40), Chunk::tokens(2)).after(ms(30), Chunk::tokens(3));
    let mut stream = world.chat().observe(producer.after(ms(30), Chunk::tokens(2)).after(ms(10), Chunk::tokens(9)));
    for _ in 0..3 {
        stream.next().await;
    }
    world.pass(ms(100)); // The nine tokens are not exact: neither they nor their time count.
    stream.count().await;
    assert_eq!(world.times(TPOT), (1, ms(10)), "60 ms by 6 tokens");
}

#[tokio::test]
async fn tpot_is_of_completed_operations_only() {
    let world = World::new();
    let mut stream = world.chat().observe(world.produce().tokens(9, ms(20)));
    for _ in 0..5 {
        stream.next().await;
    }
    drop(stream);
    assert_eq!(world.times(DECODE), (1, ms(80)));
    assert_eq!(world.times(TPOT).0, 0);
}

#[tokio::test]
async fn one_token_or_none_gives_no_tpot_and_never_zero() {
    let world = World::new();
    for tokens in [0, 1] {
        let producer = world.produce().after(ms(40), Chunk::tokens(tokens)).after(ms(30), Chunk::no_tokens());
        world.chat().observe(producer).count().await;
        let operation = world.chat();
        operation.marker().first_token();
        operation.marker().usage(Usage::new().output(u64::from(tokens)));
        world.pass(ms(30));
        operation.complete();
    }
    assert_eq!(world.ended("completed"), 4);
    assert_eq!(world.times(TPOT).0, 0);
    assert_eq!(world.times(DECODE).0, 0);
}

#[tokio::test]
async fn tpot_ends_with_the_last_token_so_a_slow_reader_and_a_last_byte_do_not_enter() {
    let world = World::new();
    let usage_report = Chunk::no_tokens().finish_reason(FinishReason::Stop);
    let producer = world.produce().after(ms(40), Chunk::tokens(1)).tokens(4, ms(20)).after(ms(700), usage_report);
    let mut stream = world.chat().observe(producer);
    while stream.next().await.is_some() {
        world.pass(ms(2));
    }
    assert_eq!(world.times(TPOT), (1, ms(20)));
}

#[tokio::test]
async fn itl_has_a_sample_for_each_token_after_the_first_chunk_which_gives_none() {
    let world = World::new();
    let producer = world.produce().after(ms(40), Chunk::tokens(3)).after(ms(20), Chunk::tokens(4)).tokens(2, ms(30));
    world.chat().observe(producer).count().await;
    assert_eq!(world.times(ITL), (6, ms(80)));
    let buckets = world.readings().histogram(ITL, &[]).buckets;
    let up_to = |bound: f64| buckets.iter().find(|(upper, _)| *upper == bound).unwrap().1;
    assert_eq!((up_to(0.01), up_to(0.025), up_to(0.05)), (4, 4, 6), "four of 5 ms and two of 30 ms");
}

#[tokio::test]
async fn itl_is_of_the_first_choice_seen_when_there_are_several() {
    let world = World::new();
    let mut producer = world.produce().after(ms(40), Chunk::tokens(1).choice(2));
    for _ in 0..5 {
        producer = producer.after(ms(7), Chunk::tokens(1).choice(0)).after(ms(3), Chunk::tokens(1).choice(2));
    }
    world.chat().observe(producer).count().await;
    assert_eq!(world.times(ITL), (5, ms(50)));
    assert_eq!(world.count(crate::kit::PROCESSED, &[]), 11, "all choices are counted");
}

#[tokio::test]
async fn an_item_of_several_kinds_and_choices_counts_them_all_and_times_the_first_choice() {
    for (rule, ttft) in [(FirstToken::Generated, ms(40)), (FirstToken::VisibleContent, ms(70))] {
        let world = World::with(|builder| builder.first_token(rule));
        let of_both = Chunk::reasoning(1).choice(1).merge(Chunk::tokens(2).choice(1)).merge(Chunk::tokens(4).choice(0));
        let producer = world.produce().after(ms(40), Chunk::reasoning(2).choice(1)).after(ms(30), of_both);
        world.chat().observe(producer).count().await;
        assert_eq!(world.times(ITL), (3, ms(30)), "{rule:?}");
        assert_eq!(world.times(TTFT), (1, ttft), "{rule:?}");
        let kinds =
            ["reasoning", "text"].map(|kind| world.count(crate::kit::PROCESSED, &[("llmobs.token.kind", kind)]));
        assert_eq!(kinds, [3, 6], "{rule:?}");
    }
}

#[tokio::test]
async fn several_marks_of_the_first_token_leave_the_earliest_known_one() {
    let world = World::new();
    let operation = world.chat();
    let marker = operation.marker().clone();
    world.pass(ms(30));
    marker.first_token(); // The engine has the token; the consumer gets it 20 ms later.
    let mut stream = operation.observe(world.produce().tokens(3, ms(20)));
    stream.next().await;
    marker.first_token();
    stream.count().await;
    assert_eq!(world.times(TTFT), (1, ms(30)));
    assert_eq!(world.times(DECODE), (1, ms(60)));
    assert_eq!(world.times(TPOT), (1, ms(30)), "60 ms from the engine's first token, by two");
    assert_eq!(world.times(ITL), (2, ms(60)), "the samples are of the same time");
}
