//! The table of times: the start and the end of each time, and the moment at which each is recorded.

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Usage;
use llmobs::testing::ScriptedStream;

use crate::kit::DECODE;
use crate::kit::DURATION;
use crate::kit::ERROR;
use crate::kit::End;
use crate::kit::ITL;
use crate::kit::MODEL;
use crate::kit::PREFILL;
use crate::kit::QUEUE;
use crate::kit::SERVER_TTFT;
use crate::kit::TPOT;
use crate::kit::TTFT;
use crate::kit::World;
use crate::kit::ms;

#[test]
fn time_is_monotonic_and_a_mark_before_the_start_takes_no_time() {
    let world = World::new();
    let before = world.hand.now();
    world.pass(ms(10));
    let operation = world.chat();
    operation.marker().enqueued_at(before);
    operation.marker().scheduled_at(before);
    operation.marker().first_token_at(before);
    operation.complete();
    for name in [TTFT, QUEUE, PREFILL] {
        assert_eq!(world.times(name), (1, ms(0)), "{name}");
    }
    assert_eq!(world.count("llmobs.self.anomalies", &[("llmobs.anomaly", "mark_out_of_order")]), 3);
}

#[test]
fn the_start_of_an_operation_is_the_call_of_start_unless_it_is_given() {
    let world = World::new();
    let arrived = world.observer.now();
    world.pass(ms(70));
    let late = world.chat();
    let given = world.observer.chat(MODEL).started_at(arrived).start();
    world.pass(ms(5));
    late.complete();
    assert_eq!(world.times(DURATION), (1, ms(5)));
    given.complete();
    assert_eq!(world.times(DURATION), (2, ms(80)));
}

#[tokio::test]
async fn request_duration_ends_with_the_last_item_handed_over() {
    let world = World::new();
    let mut stream = world.chat().observe(world.produce().after(ms(40), Chunk::tokens(1)).tokens(1, ms(20)));
    while stream.next().await.is_some() {
        // The consumer waits 5 ms after every item, the last one included.
        world.pass(ms(5));
    }
    drop(stream);
    assert_eq!(world.times(DURATION), (1, ms(60)));
}

#[tokio::test]
async fn request_duration_ends_with_the_error() {
    let world = World::new();
    let script =
        ScriptedStream::new(&world.hand).wait(ms(40)).item(Ok("a")).wait(ms(30)).item(Err("broke")).wait(ms(9));
    let items: Vec<Result<&str, &str>> = world.chat().observe(script).collect().await;
    assert_eq!(items.len(), 2);
    assert_eq!(world.times_of(DURATION, &[(ERROR, "_OTHER")]), (1, ms(70)));
}

#[tokio::test]
async fn request_duration_ends_with_the_drop() {
    let world = World::new();
    let mut stream = world.chat().observe(world.produce().tokens(5, ms(20)));
    stream.next().await;
    world.pass(ms(300));
    drop(stream);
    assert_eq!(world.times_of(DURATION, &[(ERROR, "cancelled")]), (1, ms(320)));
}

#[test]
fn request_duration_is_recorded_always_and_once() {
    let world = World::new();
    let ends: [(End, &[(&str, &str)]); 4] = [
        (|operation| operation.fail(ErrorType::Inference), &[(ERROR, "inference")]),
        (|operation| operation.cancel(), &[(ERROR, "cancelled")]),
        (|operation| operation.reject(ErrorType::Overloaded), &[(ERROR, "overloaded")]),
        (|operation| operation.complete(), &[]),
    ];
    for (end, labels) in ends {
        let before = world.times_of(DURATION, labels);
        let operation = world.chat();
        world.pass(ms(10));
        end(operation);
        let after = world.times_of(DURATION, labels);
        assert_eq!((after.0 - before.0, after.1 - before.1), (1, ms(10)), "{labels:?}");
    }
    assert_eq!(world.times(DURATION), (4, ms(40)));
}

#[test]
fn queue_time_runs_from_enqueued_to_scheduled() {
    let world = World::new();
    let operation = world.chat();
    world.pass(ms(3));
    operation.marker().enqueued();
    world.pass(ms(30));
    operation.marker().scheduled();
    world.pass(ms(500));
    operation.complete();
    assert_eq!(world.times_of(QUEUE, &[("llmobs.queue.exit", "scheduled")]), (1, ms(30)));
    assert_eq!(world.times(QUEUE).0, 1);
}

#[test]
fn queue_time_of_one_that_ended_queued_runs_to_its_end_and_the_exit_says_how() {
    let ends: [(End, &str); 4] = [
        (|operation| operation.cancel(), "cancelled"),
        (drop, "timeout"),
        (|operation| operation.reject(ErrorType::Overloaded), "shed"),
        (|operation| operation.fail(ErrorType::Internal), "shed"),
    ];
    for (end, exit) in ends {
        let world = World::new();
        let operation = world.observer.chat(MODEL).deadline(ms(40)).start();
        operation.marker().enqueued();
        world.pass(ms(50));
        end(operation);
        assert_eq!(world.times_of(QUEUE, &[("llmobs.queue.exit", exit)]), (1, ms(50)), "{exit}");
        assert_eq!(world.times(QUEUE).0, 1);
    }
}

#[test]
fn an_operation_that_completed_did_not_end_queued() {
    let world = World::new();
    let operation = world.chat();
    operation.marker().enqueued();
    operation.marker().usage(Usage::new().input(7).output(3));
    world.pass(ms(50));
    operation.complete();
    assert_eq!(world.times(QUEUE).0, 0, "when it left the queue was never said");
    assert_eq!(world.count(crate::kit::PROCESSED, &[]), 10);
}

#[test]
fn what_was_never_enqueued_has_no_queue_time_and_is_in_prefill_from_the_start() {
    let world = World::new();
    let operation = world.chat();
    assert_eq!(world.active_in("prefill"), 1);
    world.pass(ms(25));
    assert_eq!(world.time_in("prefill"), ms(25));
    operation.marker().first_token();
    operation.complete();
    assert_eq!(world.times(QUEUE).0, 0);
    assert_eq!(world.times(PREFILL), (1, ms(25)));
}

#[test]
fn prefill_time_runs_from_scheduled_else_the_start_to_the_first_token() {
    let world = World::new();
    for (scheduled, prefill) in [(true, ms(40)), (false, ms(47))] {
        let before = world.times(PREFILL).1;
        let operation = world.chat();
        world.pass(ms(7));
        if scheduled {
            operation.marker().scheduled();
        }
        world.pass(ms(40));
        operation.marker().first_token();
        world.pass(ms(90));
        operation.complete();
        assert_eq!(world.times(PREFILL).1 - before, prefill);
    }
}

#[test]
fn without_a_first_token_there_is_no_prefill_time() {
    let world = World::new();
    let operation = world.chat();
    operation.marker().scheduled();
    world.pass(ms(40));
    operation.fail(ErrorType::OutOfMemory);
    assert_eq!(world.times(PREFILL).0, 0);
}

#[test]
fn a_second_scheduled_is_a_preemption() {
    let world = World::new();
    let operation = world.chat();
    let marker = operation.marker().clone();
    marker.enqueued();
    world.pass(ms(10));
    marker.scheduled();
    assert_eq!(world.observer.in_flight()[0].preemptions, 0);
    world.pass(ms(20));
    marker.scheduled();
    marker.scheduled();
    assert_eq!(world.observer.in_flight()[0].preemptions, 2);
    marker.first_token();
    operation.complete();
    assert_eq!(world.times(QUEUE), (1, ms(10)), "the first time that it was taken ends the queue");
    assert_eq!(world.times(PREFILL), (1, ms(20)));
}

#[tokio::test]
async fn decode_time_runs_from_the_first_token_to_the_last_exact_token_moment() {
    let world = World::new();
    let mut stream = world.chat().observe(world.produce().after(ms(40), Chunk::tokens(1)).tokens(6, ms(20)));
    for _ in 0..5 {
        stream.next().await;
    }
    world.pass(ms(200)); // The last two items pile up: their moments are not exact.
    assert_eq!(stream.count().await, 2);
    assert_eq!(world.times(DECODE), (1, ms(80)));
}

#[tokio::test]
async fn decode_time_needs_two_tokens() {
    let world = World::new();
    let script = world.produce().after(ms(40), Chunk::tokens(1)).after(ms(30), Chunk::no_tokens());
    world.chat().observe(script).count().await;
    assert_eq!(world.times(DECODE).0, 0);
}

#[test]
fn without_a_stream_there_is_no_ttft_tpot_itl_or_decode_time() {
    let world = World::new();
    let operation = world.chat();
    world.pass(ms(300));
    operation.marker().usage(Usage::new().input(20).output(9));
    operation.complete();
    for name in [TTFT, SERVER_TTFT, TPOT, ITL, DECODE, PREFILL] {
        assert_eq!(world.times(name).0, 0, "{name}");
    }
    assert_eq!(world.times(DURATION), (1, ms(300)));
}

#[test]
fn without_a_stream_a_marked_first_token_gives_them_and_complete_is_the_last_token() {
    let world = World::new();
    let operation = world.chat();
    world.pass(ms(100));
    operation.marker().first_token();
    world.pass(ms(200));
    operation.marker().usage(Usage::new().output(11));
    operation.complete();
    assert_eq!(world.times(TTFT), (1, ms(100)));
    assert_eq!(world.times(SERVER_TTFT), (1, ms(100)));
    assert_eq!(world.times(PREFILL), (1, ms(100)));
    assert_eq!(world.times(DECODE), (1, ms(200)));
    assert_eq!(world.times(TPOT), (1, ms(20)));
    assert_eq!(world.times(ITL).0, 0, "nobody saw the tokens between");
}

#[test]
fn embeddings_have_a_duration_and_input_tokens_only() {
    let world = World::new();
    let operation = world.observer.embeddings(MODEL).start();
    operation.marker().usage(Usage::new().input(64));
    world.pass(ms(12));
    operation.complete();
    let of_embeddings = [("gen_ai.operation.name", "embeddings")];
    assert_eq!(world.times_of(DURATION, &of_embeddings), (1, ms(12)));
    let sizes = world.readings();
    assert_eq!(sizes.histogram("llmobs.operation.input_tokens", &of_embeddings).count, 1);
    assert_eq!(sizes.histogram("llmobs.operation.output_tokens", &of_embeddings).count, 0);
    for name in [TTFT, SERVER_TTFT, TPOT, ITL, DECODE, PREFILL] {
        assert_eq!(world.times(name).0, 0, "{name}");
    }
}
