//! Tokens: the sources of their numbers, their kinds, and superseded tokens.

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Operation;
use llmobs::Role;
use llmobs::Usage;

use crate::fixture::End;
use crate::fixture::Fixture;
use crate::fixture::MODEL;
use crate::fixture::PROCESSED;
use crate::fixture::WASTED;
use crate::fixture::ms;

fn tokens_by_source(fixture: &Fixture, direction: &str, source: &str) -> u64 {
    fixture.count(PROCESSED, &[("llmobs.token.direction", direction), ("llmobs.token.source", source)])
}

fn tokens_by_kind(fixture: &Fixture, kind: &str) -> u64 {
    fixture.count(PROCESSED, &[("llmobs.token.kind", kind)])
}

fn wasted_tokens(fixture: &Fixture, direction: &str, cause: &str) -> u64 {
    fixture.count(WASTED, &[("llmobs.token.direction", direction), ("llmobs.token.waste", cause)])
}

#[test]
fn tokens_that_the_engine_or_api_reports_have_the_source_reported() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    operation.marker().usage(Usage::new().input(30).output(12));
    operation.complete();
    assert_eq!(
        (tokens_by_source(&fixture, "input", "reported"), tokens_by_source(&fixture, "output", "reported")),
        (30, 12)
    );
    assert_eq!(fixture.count(PROCESSED, &[]), 42);
}

#[tokio::test]
async fn tokens_of_a_stream_without_a_report_are_counted() {
    let fixture = Fixture::new();
    let producer = fixture.producer().item_after(ms(40), Chunk::reasoning(5)).item_after(ms(20), Chunk::tokens(3));
    fixture
        .chat()
        .observe(producer.item_after(ms(20), Chunk::tool_call(2)).item_after(ms(1), Chunk::no_tokens()))
        .count()
        .await;
    assert_eq!(tokens_by_source(&fixture, "output", "counted"), 10);
    assert_eq!((tokens_by_kind(&fixture, "reasoning"), tokens_by_kind(&fixture, "text")), (5, 5));
    assert_eq!(fixture.count(PROCESSED, &[]), 10);
}

#[tokio::test]
async fn a_string_counts_one_token_unless_it_is_empty() {
    let fixture = Fixture::new();
    let items = futures_util::stream::iter(["Hello", "", " ", "world"]);
    fixture.chat().observe(items).count().await;
    assert_eq!(tokens_by_source(&fixture, "output", "counted"), 3);
}

#[test]
fn tokens_can_be_estimated() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    operation.marker().usage(Usage::new().input(30).output(12).estimated());
    operation.complete();
    assert_eq!(
        (tokens_by_source(&fixture, "input", "estimated"), tokens_by_source(&fixture, "output", "estimated")),
        (30, 12)
    );
    assert_eq!(fixture.count(PROCESSED, &[]), 42);
}

#[test]
fn unknown_token_counts_are_absent_and_not_zero() {
    let fixture = Fixture::new();
    fixture.chat().complete();
    let metrics = fixture.metrics();
    assert_eq!(metrics.count(PROCESSED, &[]), 0);
    assert_eq!(metrics.histogram("llmobs.operation.input_tokens", &[]).count, 0);
    assert_eq!(metrics.histogram("llmobs.operation.output_tokens", &[]).count, 0);
    let operation = fixture.chat();
    operation.marker().usage(Usage::new().input(0).output(0));
    operation.complete();
    assert_eq!(fixture.metrics().histogram("llmobs.operation.output_tokens", &[]).count, 1, "zero was reported here");
}

#[test]
fn kinds_do_not_overlap_so_any_sum_over_them_is_correct() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    operation.marker().usage(Usage::new().input(100).cache_read(60).cache_write(15).output(50).reasoning(35));
    operation.complete();
    let kinds =
        ["uncached", "cache_read", "cache_write", "text", "reasoning"].map(|kind| tokens_by_kind(&fixture, kind));
    assert_eq!(kinds, [25, 60, 15, 15, 35]);
    assert_eq!(fixture.count(PROCESSED, &[("llmobs.token.direction", "input")]), 100);
    assert_eq!(fixture.count(PROCESSED, &[("llmobs.token.direction", "output")]), 50);
}

#[test]
fn a_part_larger_than_its_total_is_limited_to_it() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    operation.marker().usage(Usage::new().input(10).cache_read(60).cache_write(15).output(5).reasoning(35));
    operation.complete();
    assert_eq!(fixture.count(PROCESSED, &[]), 15);
}

#[tokio::test]
async fn where_a_report_is_expected_nothing_is_counted_before_it_and_never_both() {
    for report in [Some(7), Some(500), None] {
        let fixture = Fixture::with(|builder| builder.role(Role::Gateway));
        let operation = fixture.chat();
        let marker = operation.marker().clone();
        let mut stream = operation.observe(fixture.producer().tokens(200, ms(20)));
        for _ in 0..199 {
            stream.next().await;
            assert_eq!(fixture.count(PROCESSED, &[]), 0, "a report is expected");
        }
        if let Some(output) = report {
            marker.usage(Usage::new().output(output));
        }
        stream.count().await;
        let counts =
            (tokens_by_source(&fixture, "output", "reported"), tokens_by_source(&fixture, "output", "counted"));
        assert_eq!(counts, report.map_or((0, 200), |output| (output, 0)), "the reported tokens, or all counted tokens");
    }
}

#[tokio::test]
async fn a_report_after_counting_adds_only_what_counting_missed() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    let marker = operation.marker().clone();
    let mut stream = operation.observe(fixture.producer().tokens(120, ms(20)));
    for _ in 0..119 {
        stream.next().await;
    }
    let live = tokens_by_source(&fixture, "output", "counted");
    assert!(live > 50, "a server counts while the stream runs");
    marker.usage(Usage::new().output(130));
    stream.count().await;
    assert_eq!(tokens_by_source(&fixture, "output", "counted") + tokens_by_source(&fixture, "output", "reported"), 130);
}

#[tokio::test]
async fn several_reports_of_growing_totals_are_not_added_up() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    for output in [1, 40, 90, 70] {
        operation.marker().usage(Usage::new().input(12).output(output));
    }
    operation.complete();
    assert_eq!(fixture.count(PROCESSED, &[]), 12 + 90);
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
        let fixture = Fixture::new();
        let operation = fixture.chat();
        operation.marker().usage(Usage::new().input(30).output(12));
        end(operation);
        let expected = if cause.is_empty() { (0, 0) } else { (30, 12) };
        assert_eq!(
            (wasted_tokens(&fixture, "input", cause), wasted_tokens(&fixture, "output", cause)),
            expected,
            "{cause}"
        );
        let (wasted, processed) = (fixture.count(WASTED, &[]), fixture.count(PROCESSED, &[]));
        assert_eq!((wasted, processed), (expected.0 + expected.1, 42), "a subset, and only under its own cause");
    }
}

#[tokio::test]
async fn cancelling_after_k_chunks_reports_k() {
    for k in [0_usize, 1, 2, 17, 120] {
        let fixture = Fixture::new();
        let mut stream = fixture.chat().observe(fixture.producer().tokens(200, ms(20)));
        for _ in 0..k {
            stream.next().await;
        }
        drop(stream);
        let k = u64::try_from(k).unwrap();
        assert_eq!((fixture.count(PROCESSED, &[]), wasted_tokens(&fixture, "output", "cancelled")), (k, k));
        assert_eq!(fixture.metrics().histogram("llmobs.operation.output_tokens", &[]).sum, k as f64);
    }
}

#[test]
fn a_prompt_that_the_engine_never_received_is_not_processed() {
    let ends: [End; 3] = [Operation::cancel, drop, |operation| operation.reject(ErrorType::Overloaded)];
    for end in ends {
        let fixture = Fixture::new();
        let operation = fixture.observer.chat(MODEL).start();
        operation.marker().usage(Usage::new().input(5_000));
        operation.marker().enqueued();
        end(operation);
        assert_eq!((fixture.count(PROCESSED, &[]), fixture.count(WASTED, &[])), (0, 0));
    }
}
