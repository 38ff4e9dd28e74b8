//! The table of times: the start and the end of each time, and the moment at which each is recorded.

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Usage;
use llmobs::testing::ScriptedStream;

use crate::fixture::DECODE;
use crate::fixture::DURATION;
use crate::fixture::ERROR;
use crate::fixture::End;
use crate::fixture::Fixture;
use crate::fixture::ITL;
use crate::fixture::MODEL;
use crate::fixture::PREFILL;
use crate::fixture::QUEUE;
use crate::fixture::SERVER_TTFT;
use crate::fixture::TPOT;
use crate::fixture::TTFT;
use crate::fixture::ms;

#[test]
fn time_is_monotonic_and_a_mark_before_the_start_takes_no_time() {
    let fixture = Fixture::new();
    let before = fixture.manual_clock.now();
    fixture.advance(ms(10));
    let operation = fixture.chat();
    operation.marker().enqueued_at(before);
    operation.marker().scheduled_at(before);
    operation.marker().first_token_at(before);
    operation.complete();
    for name in [TTFT, QUEUE, PREFILL] {
        assert_eq!(fixture.histogram(name), (1, ms(0)), "{name}");
    }
    assert_eq!(fixture.count("llmobs.self.anomalies", &[("llmobs.anomaly", "mark_out_of_order")]), 3);
}

#[test]
fn a_repeated_mark_that_is_too_early_is_one_anomaly() {
    let fixture = Fixture::new();
    let before = fixture.manual_clock.now();
    fixture.advance(ms(10));
    let operation = fixture.chat();
    operation.marker().enqueued();
    operation.marker().enqueued_at(before);
    let anomalies = || fixture.count("llmobs.self.anomalies", &[("llmobs.anomaly", "mark_out_of_order")]);
    assert_eq!(anomalies(), 1, "a second call before the start");
    operation.marker().enqueued();
    assert_eq!(anomalies(), 2, "a second call");
    operation.marker().scheduled();
    operation.marker().enqueued_at(before);
    assert_eq!(anomalies(), 3, "a call after the operation was scheduled");
    operation.complete();
}

#[test]
fn the_start_of_an_operation_is_the_call_of_start_unless_it_is_given() {
    let fixture = Fixture::new();
    let arrived = fixture.observer.now();
    fixture.advance(ms(70));
    let late = fixture.chat();
    let given = fixture.observer.chat(MODEL).started_at(arrived).start();
    fixture.advance(ms(5));
    late.complete();
    assert_eq!(fixture.histogram(DURATION), (1, ms(5)));
    given.complete();
    assert_eq!(fixture.histogram(DURATION), (2, ms(80)));
}

#[tokio::test]
async fn request_duration_ends_with_the_last_item_handed_over() {
    let fixture = Fixture::new();
    let mut stream = fixture.chat().observe(fixture.producer().item_after(ms(40), Chunk::tokens(1)).tokens(1, ms(20)));
    while stream.next().await.is_some() {
        // The consumer waits 5 ms after every item, the last one included.
        fixture.advance(ms(5));
    }
    drop(stream);
    assert_eq!(fixture.histogram(DURATION), (1, ms(60)));
}

#[tokio::test]
async fn request_duration_ends_with_the_error() {
    let fixture = Fixture::new();
    let script = ScriptedStream::new(&fixture.manual_clock)
        .wait(ms(40))
        .item(Ok("a"))
        .wait(ms(30))
        .item(Err("broke"))
        .wait(ms(9));
    let items: Vec<Result<&str, &str>> = fixture.chat().observe(script).collect().await;
    assert_eq!(items.len(), 2);
    assert_eq!(fixture.histogram_with(DURATION, &[(ERROR, "_OTHER")]), (1, ms(70)));
}

#[tokio::test]
async fn request_duration_ends_with_the_drop() {
    let fixture = Fixture::new();
    let mut stream = fixture.chat().observe(fixture.producer().tokens(5, ms(20)));
    stream.next().await;
    fixture.advance(ms(300));
    drop(stream);
    assert_eq!(fixture.histogram_with(DURATION, &[(ERROR, "cancelled")]), (1, ms(320)));
}

#[test]
fn request_duration_is_recorded_always_and_once() {
    let fixture = Fixture::new();
    let ends: [(End, &[(&str, &str)]); 4] = [
        (|operation| operation.fail(ErrorType::Inference), &[(ERROR, "inference")]),
        (|operation| operation.cancel(), &[(ERROR, "cancelled")]),
        (|operation| operation.reject(ErrorType::Overloaded), &[(ERROR, "overloaded")]),
        (|operation| operation.complete(), &[]),
    ];
    for (end, labels) in ends {
        let before = fixture.histogram_with(DURATION, labels);
        let operation = fixture.chat();
        fixture.advance(ms(10));
        end(operation);
        let after = fixture.histogram_with(DURATION, labels);
        assert_eq!((after.0 - before.0, after.1 - before.1), (1, ms(10)), "{labels:?}");
    }
    assert_eq!(fixture.histogram(DURATION), (4, ms(40)));
}

#[test]
fn queue_time_runs_from_enqueued_to_scheduled() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    fixture.advance(ms(3));
    operation.marker().enqueued();
    fixture.advance(ms(30));
    operation.marker().scheduled();
    fixture.advance(ms(500));
    operation.complete();
    assert_eq!(fixture.histogram_with(QUEUE, &[("llmobs.queue.exit", "scheduled")]), (1, ms(30)));
    assert_eq!(fixture.histogram(QUEUE).0, 1);
}

#[test]
fn queue_time_of_an_operation_that_ended_queued_runs_to_its_end_and_has_its_exit() {
    let ends: [(End, &str); 4] = [
        (|operation| operation.cancel(), "cancelled"),
        (drop, "timeout"),
        (|operation| operation.reject(ErrorType::Overloaded), "shed"),
        (|operation| operation.fail(ErrorType::Internal), "shed"),
    ];
    for (end, exit) in ends {
        let fixture = Fixture::new();
        let operation = fixture.observer.chat(MODEL).deadline(ms(40)).start();
        operation.marker().enqueued();
        fixture.advance(ms(50));
        end(operation);
        assert_eq!(fixture.histogram_with(QUEUE, &[("llmobs.queue.exit", exit)]), (1, ms(50)), "{exit}");
        assert_eq!(fixture.histogram(QUEUE).0, 1);
    }
}

#[test]
fn an_operation_that_completed_did_not_end_queued() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    operation.marker().enqueued();
    operation.marker().usage(Usage::new().input(7).output(3));
    fixture.advance(ms(50));
    operation.complete();
    assert_eq!(fixture.histogram(QUEUE).0, 0, "the end of the queue time is unknown");
    assert_eq!(fixture.count(crate::fixture::PROCESSED, &[]), 10);
}

#[test]
fn an_operation_that_was_never_enqueued_has_no_queue_time_and_is_in_prefill_from_the_start() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    assert_eq!(fixture.active_in_state("prefill"), 1);
    fixture.advance(ms(25));
    assert_eq!(fixture.time_in_state("prefill"), ms(25));
    operation.marker().first_token();
    operation.complete();
    assert_eq!(fixture.histogram(QUEUE).0, 0);
    assert_eq!(fixture.histogram(PREFILL), (1, ms(25)));
}

#[test]
fn prefill_time_runs_from_scheduled_else_the_start_to_the_first_token() {
    let fixture = Fixture::new();
    for (scheduled, prefill) in [(true, ms(40)), (false, ms(47))] {
        let before = fixture.histogram(PREFILL).1;
        let operation = fixture.chat();
        fixture.advance(ms(7));
        if scheduled {
            operation.marker().scheduled();
        }
        fixture.advance(ms(40));
        operation.marker().first_token();
        fixture.advance(ms(90));
        operation.complete();
        assert_eq!(fixture.histogram(PREFILL).1 - before, prefill);
    }
}

#[test]
fn without_a_first_token_there_is_no_prefill_time() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    operation.marker().scheduled();
    fixture.advance(ms(40));
    operation.fail(ErrorType::OutOfMemory);
    assert_eq!(fixture.histogram(PREFILL).0, 0);
}

#[test]
fn a_second_scheduled_is_a_preemption() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    let marker = operation.marker().clone();
    marker.enqueued();
    fixture.advance(ms(10));
    marker.scheduled();
    assert_eq!(fixture.observer.in_flight()[0].preemptions, 0);
    fixture.advance(ms(20));
    marker.scheduled();
    marker.scheduled();
    assert_eq!(fixture.observer.in_flight()[0].preemptions, 2);
    marker.first_token();
    operation.complete();
    assert_eq!(fixture.histogram(QUEUE), (1, ms(10)), "the first `scheduled` ends the queue time");
    assert_eq!(fixture.histogram(PREFILL), (1, ms(20)));
}

#[tokio::test]
async fn decode_time_runs_from_the_first_token_to_the_last_exact_token_moment() {
    let fixture = Fixture::new();
    let mut stream = fixture.chat().observe(fixture.producer().item_after(ms(40), Chunk::tokens(1)).tokens(6, ms(20)));
    for _ in 0..5 {
        stream.next().await;
    }
    fixture.advance(ms(200)); // The last two items pile up: their moments are not exact.
    assert_eq!(stream.count().await, 2);
    assert_eq!(fixture.histogram(DECODE), (1, ms(80)));
}

#[tokio::test]
async fn decode_time_needs_two_tokens() {
    let fixture = Fixture::new();
    let script = fixture.producer().item_after(ms(40), Chunk::tokens(1)).item_after(ms(30), Chunk::no_tokens());
    fixture.chat().observe(script).count().await;
    assert_eq!(fixture.histogram(DECODE).0, 0);
}

#[test]
fn without_a_stream_there_is_no_ttft_tpot_itl_or_decode_time() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    fixture.advance(ms(300));
    operation.marker().usage(Usage::new().input(20).output(9));
    operation.complete();
    for name in [TTFT, SERVER_TTFT, TPOT, ITL, DECODE, PREFILL] {
        assert_eq!(fixture.histogram(name).0, 0, "{name}");
    }
    assert_eq!(fixture.histogram(DURATION), (1, ms(300)));
}

#[test]
fn without_a_stream_a_marked_first_token_gives_these_times_and_complete_is_the_last_token() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    fixture.advance(ms(100));
    operation.marker().first_token();
    fixture.advance(ms(200));
    operation.marker().usage(Usage::new().output(11));
    operation.complete();
    assert_eq!(fixture.histogram(TTFT), (1, ms(100)));
    assert_eq!(fixture.histogram(SERVER_TTFT), (1, ms(100)));
    assert_eq!(fixture.histogram(PREFILL), (1, ms(100)));
    assert_eq!(fixture.histogram(DECODE), (1, ms(200)));
    assert_eq!(fixture.histogram(TPOT), (1, ms(20)));
    assert_eq!(fixture.histogram(ITL).0, 0, "the moments of the tokens between are unknown");
}

#[test]
fn embeddings_have_a_duration_and_input_tokens_only() {
    let fixture = Fixture::new();
    let operation = fixture.observer.embeddings(MODEL).start();
    operation.marker().usage(Usage::new().input(64));
    fixture.advance(ms(12));
    operation.complete();
    let of_embeddings = [("gen_ai.operation.name", "embeddings")];
    assert_eq!(fixture.histogram_with(DURATION, &of_embeddings), (1, ms(12)));
    let sizes = fixture.metrics();
    assert_eq!(sizes.histogram("llmobs.operation.input_tokens", &of_embeddings).count, 1);
    assert_eq!(sizes.histogram("llmobs.operation.output_tokens", &of_embeddings).count, 0);
    for name in [TTFT, SERVER_TTFT, TPOT, ITL, DECODE, PREFILL] {
        assert_eq!(fixture.histogram(name).0, 0, "{name}");
    }
}
