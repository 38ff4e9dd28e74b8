//! The three token latencies: time to first token, time per output token, inter-token latency.

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Usage;
use llmobs::stream::FirstToken;
use llmobs::testing::ScriptedStream;

use crate::fixture::DECODE;
use crate::fixture::Fixture;
use crate::fixture::ITL;
use crate::fixture::PREFILL;
use crate::fixture::SERVER_TTFT;
use crate::fixture::TPOT;
use crate::fixture::TTFT;
use crate::fixture::ms;

#[tokio::test]
async fn ttft_ends_at_the_first_generated_token_and_a_role_only_chunk_is_not_a_token() {
    for first in [Chunk::tokens(1), Chunk::reasoning(1), Chunk::tool_call(1)] {
        let fixture = Fixture::new();
        let producer =
            fixture.producer().item_after(ms(10), Chunk::no_tokens()).item_after(ms(30), first).tokens(3, ms(20));
        fixture.chat().observe(producer).count().await;
        assert_eq!(fixture.histogram(TTFT), (1, ms(40)));
    }
}

#[tokio::test]
async fn ttft_is_that_of_the_first_choice_that_has_a_token() {
    let fixture = Fixture::new();
    let producer = fixture
        .producer()
        .item_after(ms(10), Chunk::no_tokens().choice(0))
        .item_after(ms(30), Chunk::tokens(1).choice(1));
    fixture.chat().observe(producer.item_after(ms(50), Chunk::tokens(1).choice(0))).count().await;
    assert_eq!(fixture.histogram(TTFT), (1, ms(40)));
}

#[tokio::test]
async fn what_counts_as_the_first_token_can_be_chosen() {
    for (rule, ttft) in
        [(FirstToken::Generated, ms(40)), (FirstToken::VisibleContent, ms(100)), (FirstToken::Chunk, ms(10))]
    {
        let fixture = Fixture::with(|builder| builder.first_token(rule));
        let producer =
            fixture.producer().item_after(ms(10), Chunk::no_tokens()).item_after(ms(30), Chunk::reasoning(1));
        let producer =
            producer.item_after(ms(20), Chunk::tool_call(1)).item_after(ms(40), Chunk::tokens(1)).tokens(1, ms(20));
        fixture.chat().observe(producer).count().await;
        assert_eq!(fixture.histogram(TTFT), (1, ttft), "{rule:?}");
        assert_eq!(fixture.histogram(SERVER_TTFT), (1, ttft), "{rule:?}");
        assert_eq!(fixture.histogram(PREFILL), (1, ms(40)), "the engine's own first token does not change");
    }
}

#[tokio::test]
async fn ttft_is_recorded_for_every_outcome_and_the_server_metric_of_the_conventions_for_completed_operations_only() {
    let fixture = Fixture::new();
    let mut dropped = fixture.chat().observe(fixture.producer().tokens(2, ms(40)));
    dropped.next().await;
    drop(dropped);
    let broken = fixture.chat();
    fixture.advance(ms(40));
    broken.marker().first_token();
    broken.fail(ErrorType::Inference);
    assert_eq!(fixture.histogram(TTFT), (2, ms(80)));
    assert_eq!(fixture.histogram(SERVER_TTFT).0, 0);
    fixture.chat().observe(fixture.producer().tokens(2, ms(40))).count().await;
    assert_eq!(fixture.histogram(TTFT), (3, ms(120)));
    assert_eq!(fixture.histogram(SERVER_TTFT), (1, ms(40)));
}

#[tokio::test]
async fn ttft_is_never_negative() {
    let fixture = Fixture::new();
    let early = fixture.manual_clock.now();
    fixture.advance(ms(500));
    let script = ScriptedStream::new(&fixture.manual_clock).wait(ms(40)).item(Chunk::tokens(1).produced_at(early));
    fixture.chat().observe(script).count().await;
    assert_eq!(fixture.histogram(TTFT), (1, ms(0)));
}

#[tokio::test]
async fn tpot_is_the_decode_time_over_the_tokens_after_the_first_in_it() {
    let fixture = Fixture::new();
    let producer = fixture.producer().item_after(ms(40), Chunk::tokens(2)).item_after(ms(30), Chunk::tokens(3));
    let mut stream =
        fixture.chat().observe(producer.item_after(ms(30), Chunk::tokens(2)).item_after(ms(10), Chunk::tokens(9)));
    for _ in 0..3 {
        stream.next().await;
    }
    fixture.advance(ms(100)); // The nine tokens are not exact: neither they nor their time count.
    stream.count().await;
    assert_eq!(fixture.histogram(TPOT), (1, ms(10)), "60 ms by 6 tokens");
}

#[tokio::test]
async fn tpot_is_of_completed_operations_only() {
    let fixture = Fixture::new();
    let mut stream = fixture.chat().observe(fixture.producer().tokens(9, ms(20)));
    for _ in 0..5 {
        stream.next().await;
    }
    drop(stream);
    assert_eq!(fixture.histogram(DECODE), (1, ms(80)));
    assert_eq!(fixture.histogram(TPOT).0, 0);
}

#[tokio::test]
async fn one_token_or_none_gives_no_tpot_and_never_zero() {
    let fixture = Fixture::new();
    for tokens in [0, 1] {
        let producer =
            fixture.producer().item_after(ms(40), Chunk::tokens(tokens)).item_after(ms(30), Chunk::no_tokens());
        fixture.chat().observe(producer).count().await;
        let operation = fixture.chat();
        operation.marker().first_token();
        operation.marker().usage(Usage::new().output(u64::from(tokens)));
        fixture.advance(ms(30));
        operation.complete();
    }
    assert_eq!(fixture.ended_count("completed"), 4);
    assert_eq!(fixture.histogram(TPOT).0, 0);
    assert_eq!(fixture.histogram(DECODE).0, 0);
}

#[tokio::test]
async fn tpot_ends_with_the_last_token_so_a_slow_consumer_and_a_last_byte_are_excluded() {
    let fixture = Fixture::new();
    let usage_report = Chunk::no_tokens().finish_reason(FinishReason::Stop);
    let producer =
        fixture.producer().item_after(ms(40), Chunk::tokens(1)).tokens(4, ms(20)).item_after(ms(700), usage_report);
    let mut stream = fixture.chat().observe(producer);
    while stream.next().await.is_some() {
        fixture.advance(ms(2));
    }
    assert_eq!(fixture.histogram(TPOT), (1, ms(20)));
}

#[tokio::test]
async fn itl_has_a_sample_for_each_token_after_the_first_chunk_which_gives_none() {
    let fixture = Fixture::new();
    let producer =
        fixture.producer().item_after(ms(40), Chunk::tokens(3)).item_after(ms(20), Chunk::tokens(4)).tokens(2, ms(30));
    fixture.chat().observe(producer).count().await;
    assert_eq!(fixture.histogram(ITL), (6, ms(80)));
    let buckets = fixture.metrics().histogram(ITL, &[]).buckets;
    let up_to = |bound: f64| buckets.iter().find(|(upper, _)| *upper == bound).unwrap().1;
    assert_eq!((up_to(0.01), up_to(0.025), up_to(0.05)), (4, 4, 6), "four of 5 ms and two of 30 ms");
}

#[tokio::test]
async fn itl_is_of_the_first_choice_seen_when_there_are_several() {
    let fixture = Fixture::new();
    let mut producer = fixture.producer().item_after(ms(40), Chunk::tokens(1).choice(2));
    for _ in 0..5 {
        producer = producer.item_after(ms(7), Chunk::tokens(1).choice(0)).item_after(ms(3), Chunk::tokens(1).choice(2));
    }
    fixture.chat().observe(producer).count().await;
    assert_eq!(fixture.histogram(ITL), (5, ms(50)));
    assert_eq!(fixture.count(crate::fixture::PROCESSED, &[]), 11, "all choices are counted");
}

#[tokio::test]
async fn an_item_of_several_kinds_and_choices_counts_them_all_and_times_the_first_choice() {
    for (rule, ttft) in [(FirstToken::Generated, ms(40)), (FirstToken::VisibleContent, ms(70))] {
        let fixture = Fixture::with(|builder| builder.first_token(rule));
        let of_both = Chunk::reasoning(1).choice(1).merge(Chunk::tokens(2).choice(1)).merge(Chunk::tokens(4).choice(0));
        let producer = fixture.producer().item_after(ms(40), Chunk::reasoning(2).choice(1)).item_after(ms(30), of_both);
        fixture.chat().observe(producer).count().await;
        assert_eq!(fixture.histogram(ITL), (3, ms(30)), "{rule:?}");
        assert_eq!(fixture.histogram(TTFT), (1, ttft), "{rule:?}");
        let kinds =
            ["reasoning", "text"].map(|kind| fixture.count(crate::fixture::PROCESSED, &[("llmobs.token.kind", kind)]));
        assert_eq!(kinds, [3, 6], "{rule:?}");
    }
}

#[tokio::test]
async fn the_earliest_of_several_marks_of_the_first_token_counts() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    let marker = operation.marker().clone();
    fixture.advance(ms(30));
    marker.first_token(); // The engine has the token; the consumer gets it 20 ms later.
    let mut stream = operation.observe(fixture.producer().tokens(3, ms(20)));
    stream.next().await;
    marker.first_token();
    stream.count().await;
    assert_eq!(fixture.histogram(TTFT), (1, ms(30)));
    assert_eq!(fixture.histogram(DECODE), (1, ms(60)));
    assert_eq!(fixture.histogram(TPOT), (1, ms(30)), "60 ms from the engine's first token, by two");
    assert_eq!(fixture.histogram(ITL), (2, ms(60)), "the samples cover the same time");
}
