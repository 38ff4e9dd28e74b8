//! Tokens: the sources of their numbers, their kinds, and superseded tokens.

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Operation;
use llmobs::Role;
use llmobs::Usage;

use crate::kit::End;
use crate::kit::MODEL;
use crate::kit::PROCESSED;
use crate::kit::WASTED;
use crate::kit::World;
use crate::kit::ms;

fn of_source(world: &World, direction: &str, source: &str) -> u64 {
    world.count(PROCESSED, &[("llmobs.token.direction", direction), ("llmobs.token.source", source)])
}

fn of_kind(world: &World, kind: &str) -> u64 {
    world.count(PROCESSED, &[("llmobs.token.kind", kind)])
}

fn wasted(world: &World, direction: &str, cause: &str) -> u64 {
    world.count(WASTED, &[("llmobs.token.direction", direction), ("llmobs.token.waste", cause)])
}

#[test]
fn tokens_that_the_engine_or_api_said_are_reported() {
    let world = World::new();
    let operation = world.chat();
    operation.marker().usage(Usage::new().input(30).output(12));
    operation.complete();
    assert_eq!((of_source(&world, "input", "reported"), of_source(&world, "output", "reported")), (30, 12));
    assert_eq!(world.count(PROCESSED, &[]), 42);
}

#[tokio::test]
async fn tokens_of_a_stream_without_a_report_are_counted() {
    let world = World::new();
    let producer = world.produce().after(ms(40), Chunk::reasoning(5)).after(ms(20), Chunk::tokens(3));
    world.chat().observe(producer.after(ms(20), Chunk::tool_call(2)).after(ms(1), Chunk::no_tokens())).count().await;
    assert_eq!(of_source(&world, "output", "counted"), 10);
    assert_eq!((of_kind(&world, "reasoning"), of_kind(&world, "text")), (5, 5));
    assert_eq!(world.count(PROCESSED, &[]), 10);
}

#[tokio::test]
async fn a_string_counts_one_token_unless_it_is_empty() {
    let world = World::new();
    let items = futures_util::stream::iter(["Hello", "", " ", "world"]);
    world.chat().observe(items).count().await;
    assert_eq!(of_source(&world, "output", "counted"), 3);
}

#[test]
fn tokens_can_be_estimated() {
    let world = World::new();
    let operation = world.chat();
    operation.marker().usage(Usage::new().input(30).output(12).estimated());
    operation.complete();
    assert_eq!((of_source(&world, "input", "estimated"), of_source(&world, "output", "estimated")), (30, 12));
    assert_eq!(world.count(PROCESSED, &[]), 42);
}

#[test]
fn tokens_that_nobody_knows_are_absent_and_not_zero() {
    let world = World::new();
    world.chat().complete();
    let readings = world.readings();
    assert_eq!(readings.count(PROCESSED, &[]), 0);
    assert_eq!(readings.histogram("llmobs.operation.input_tokens", &[]).count, 0);
    assert_eq!(readings.histogram("llmobs.operation.output_tokens", &[]).count, 0);
    let operation = world.chat();
    operation.marker().usage(Usage::new().input(0).output(0));
    operation.complete();
    assert_eq!(world.readings().histogram("llmobs.operation.output_tokens", &[]).count, 1, "zero was said here");
}

#[test]
fn kinds_are_a_partition_so_any_sum_over_them_is_right() {
    let world = World::new();
    let operation = world.chat();
    operation.marker().usage(Usage::new().input(100).cache_read(60).cache_write(15).output(50).reasoning(35));
    operation.complete();
    let kinds = ["uncached", "cache_read", "cache_write", "text", "reasoning"].map(|kind| of_kind(&world, kind));
    assert_eq!(kinds, [25, 60, 15, 15, 35]);
    assert_eq!(world.count(PROCESSED, &[("llmobs.token.direction", "input")]), 100);
    assert_eq!(world.count(PROCESSED, &[("llmobs.token.direction", "output")]), 50);
}

#[test]
fn a_part_larger_than_its_whole_is_cut_to_it() {
    let world = World::new();
    let operation = world.chat();
    operation.marker().usage(Usage::new().input(10).cache_read(60).cache_write(15).output(5).reasoning(35));
    operation.complete();
    assert_eq!(world.count(PROCESSED, &[]), 15);
}

#[tokio::test]
async fn where_a_report_will_come_nothing_is_counted_before_it_and_never_both() {
    for report in [Some(7), Some(500), None] {
        let world = World::with(|builder| builder.role(Role::Gateway));
        let operation = world.chat();
        let marker = operation.marker().clone();
        let mut stream = operation.observe(world.produce().tokens(200, ms(20)));
        for _ in 0..199 {
            stream.next().await;
            assert_eq!(world.count(PROCESSED, &[]), 0, "a report will come");
        }
        if let Some(output) = report {
            marker.usage(Usage::new().output(output));
        }
        stream.count().await;
        let told = (of_source(&world, "output", "reported"), of_source(&world, "output", "counted"));
        assert_eq!(told, report.map_or((0, 200), |output| (output, 0)), "what was billed, or all that was seen");
    }
}

#[tokio::test]
async fn a_report_after_counting_adds_only_what_counting_missed() {
    let world = World::new();
    let operation = world.chat();
    let marker = operation.marker().clone();
    let mut stream = operation.observe(world.produce().tokens(120, ms(20)));
    for _ in 0..119 {
        stream.next().await;
    }
    let live = of_source(&world, "output", "counted");
    assert!(live > 50, "a server counts while the stream runs");
    marker.usage(Usage::new().output(130));
    stream.count().await;
    assert_eq!(of_source(&world, "output", "counted") + of_source(&world, "output", "reported"), 130);
}

#[tokio::test]
async fn several_reports_of_growing_totals_are_not_added_up() {
    let world = World::new();
    let operation = world.chat();
    for output in [1, 40, 90, 70] {
        operation.marker().usage(Usage::new().input(12).output(output));
    }
    operation.complete();
    assert_eq!(world.count(PROCESSED, &[]), 12 + 90);
}

#[tokio::test]
async fn wasted_are_the_tokens_of_operations_that_did_not_complete() {
    let ends: [(End, &str); 4] = [
        (Operation::complete, ""),
        (Operation::cancel, "cancelled"),
        (|operation| operation.fail(ErrorType::Timeout), "failed"),
        (drop, "cancelled"),
    ];
    for (end, cause) in ends {
        let world = World::new();
        let operation = world.chat();
        operation.marker().usage(Usage::new().input(30).output(12));
        end(operation);
        let expected = if cause.is_empty() { (0, 0) } else { (30, 12) };
        assert_eq!((wasted(&world, "input", cause), wasted(&world, "output", cause)), expected, "{cause}");
        let (wasted, processed) = (world.count(WASTED, &[]), world.count(PROCESSED, &[]));
        assert_eq!((wasted, processed), (expected.0 + expected.1, 42), "a subset, and only under its own cause");
    }
}

#[tokio::test]
async fn cancelling_after_k_chunks_reports_k() {
    for k in [0_usize, 1, 2, 17, 120] {
        let world = World::new();
        let mut stream = world.chat().observe(world.produce().tokens(200, ms(20)));
        for _ in 0..k {
            stream.next().await;
        }
        drop(stream);
        let k = u64::try_from(k).unwrap();
        assert_eq!((world.count(PROCESSED, &[]), wasted(&world, "output", "cancelled")), (k, k));
        assert_eq!(world.readings().histogram("llmobs.operation.output_tokens", &[]).sum, k as f64);
    }
}

#[test]
fn what_the_engine_never_saw_was_not_processed() {
    let ends: [End; 3] = [Operation::cancel, drop, |operation| operation.reject(ErrorType::Overloaded)];
    for end in ends {
        let world = World::new();
        let operation = world.observer.chat(MODEL).start();
        operation.marker().usage(Usage::new().input(5_000));
        operation.marker().enqueued();
        end(operation);
        assert_eq!((world.count(PROCESSED, &[]), world.count(WASTED, &[])), (0, 0));
    }
}
