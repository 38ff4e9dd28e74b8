//! Tokens: the sources of their numbers, their kinds, and superseded tokens.

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Operation;
use llmobs::Role;
use llmobs::Usage;
use llmobs::catalog::Level;
use llmobs::semconv::value::AttemptKind;

use crate::fixture::End;
use crate::fixture::Fixture;
use crate::fixture::MODEL;
use crate::fixture::PROCESSED;
use crate::fixture::STREAMED;
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

/// Returns the output tokens of all operations, of their last attempts.
fn output_tokens(fixture: &Fixture) -> f64 {
    fixture.metrics().histogram("llmobs.operation.output_tokens", &[]).sum
}

/// Returns an observer of this role that records every row.
fn full_level_observer(role: Role) -> Fixture {
    Fixture::with(|builder| builder.role(role).level(Level::Full))
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
        let mut stream = operation.observe(fixture.producer().tokens(200, ms(20))).without_finish_reason();
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

/// A token every 20 ms: 50 tokens per second.
const TOKENS_PER_SECOND: u64 = 50;

#[tokio::test]
async fn a_server_processes_tokens_while_its_stream_runs_so_their_rate_is_right_at_any_time() {
    let fixture = Fixture::new();
    let mut stream = fixture.chat().observe(fixture.producer().tokens(150 * 50, ms(20)));
    let mut seconds = Vec::new();
    for _ in 0..150 {
        for _ in 0..TOKENS_PER_SECOND {
            stream.next().await;
        }
        seconds.push(fixture.count(PROCESSED, &[]));
    }
    for (earlier, later) in seconds.iter().zip(&seconds[60..]) {
        let rate = (later - earlier) as f64 / 60.0;
        assert!((rate / TOKENS_PER_SECOND as f64 - 1.0).abs() < 0.05, "{rate} tokens per second in one minute");
    }
    assert_eq!(fixture.count(STREAMED, &[]), 0, "the numbers of the items are exact");
}

#[tokio::test]
async fn where_a_report_is_to_come_the_tokens_that_pass_are_streamed_and_not_processed() {
    let fixture = Fixture::with(|builder| builder.role(Role::Gateway));
    let operation = fixture.chat();
    let marker = operation.marker().clone();
    let mut stream = operation.observe(fixture.producer().tokens(120 * 50, ms(20)));
    let mut before = 0;
    for second in 1..=120 {
        for _ in 0..TOKENS_PER_SECOND {
            stream.next().await;
        }
        let streamed = fixture.count(STREAMED, &[]);
        assert!(streamed > before && streamed >= (second - 1) * TOKENS_PER_SECOND, "{streamed} in second {second}");
        assert_eq!(fixture.count(PROCESSED, &[]), 0);
        before = streamed;
    }
    marker.usage(Usage::new().output(7_000));
    assert_eq!(stream.next().await, None);
    assert_eq!((fixture.count(STREAMED, &[]), fixture.count(PROCESSED, &[])), (6_000, 7_000));
    let short = fixture.chat();
    short.observe(fixture.producer().tokens(3, ms(20))).count().await;
    assert_eq!(fixture.count(STREAMED, &[]), 6_003, "the end of a short answer adds its tokens");
}

#[tokio::test]
async fn a_running_total_is_processed_while_the_stream_runs() {
    for role in [Role::Server, Role::Gateway] {
        let fixture = full_level_observer(role);
        let operation = fixture.chat();
        let marker = operation.marker().clone();
        // Each item is counted as one token, and the provider reports three.
        let mut stream = operation.observe(fixture.producer().tokens(1_000, ms(20)));
        for item in 1..=1_000_u64 {
            marker.usage(Usage::new().output(3 * item).reasoning(item));
            stream.next().await;
            let processed = fixture.count(PROCESSED, &[]);
            assert!((3 * item).saturating_sub(3 * TOKENS_PER_SECOND) <= processed && processed <= 3 * item);
        }
        assert_eq!(stream.next().await, None);
        assert_eq!(fixture.count(PROCESSED, &[]), 3_000);
        assert_eq!(output_tokens(&fixture), 3_000.0);
    }
}

#[tokio::test]
async fn an_answer_that_broke_off_after_a_running_total_has_the_tokens_that_passed() {
    let fixture = full_level_observer(Role::Gateway);
    let operation = fixture.chat();
    let marker = operation.marker().clone();
    let mut stream = operation.observe(fixture.producer().tokens(200, ms(20)));
    for _ in 0..150 {
        stream.next().await;
        marker.usage(Usage::new().output(60));
    }
    drop(stream);
    assert_eq!((fixture.count(PROCESSED, &[]), wasted_tokens(&fixture, "output", "cancelled")), (150, 150));
    assert_eq!(tokens_by_source(&fixture, "output", "reported"), 60);
}

#[tokio::test]
async fn the_total_of_a_report_decides_and_not_its_kinds() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    let marker = operation.marker().clone();
    let reasoning = (0..300).map(|_| Chunk::reasoning(1));
    let producer = reasoning.fold(fixture.producer(), |producer, chunk| producer.item_after(ms(20), chunk));
    let mut stream = operation.observe(producer);
    for _ in 0..300 {
        stream.next().await;
    }
    marker.usage(Usage::new().output(310).reasoning(250));
    assert_eq!(stream.next().await, None);
    assert_eq!(fixture.count(PROCESSED, &[]), 310);
    assert_eq!(fixture.count("llmobs.self.anomalies", &[]), 0);
}

#[tokio::test]
async fn a_report_below_the_processed_tokens_is_an_anomaly_only_if_the_operation_completed() {
    for is_complete in [true, false] {
        let fixture = Fixture::new();
        let operation = fixture.chat();
        let marker = operation.marker().clone();
        let mut stream = operation.observe(fixture.producer().tokens(120, ms(20)));
        for _ in 0..120 {
            stream.next().await;
        }
        marker.usage(Usage::new().output(7));
        if is_complete {
            assert_eq!(stream.next().await, None);
        }
        drop(stream);
        let anomalies = fixture.count("llmobs.self.anomalies", &[("llmobs.anomaly", "usage_below_count")]);
        assert_eq!(anomalies, u64::from(is_complete));
        assert!(fixture.count(PROCESSED, &[]) > 50);
    }
}

#[test]
fn an_attempt_that_a_retry_supersedes_is_processed_and_wasted_and_the_count_starts_again() {
    for kind in [AttemptKind::Retry, AttemptKind::Fallback] {
        let fixture = full_level_observer(Role::Gateway);
        let operation = fixture.chat();
        let marker = operation.marker().clone();
        marker.usage(Usage::new().input(9));
        marker.record_attempt(kind);
        assert_eq!(fixture.count(PROCESSED, &[]), 0, "an attempt without output processed nothing");
        marker.usage(Usage::new().input(10).output(30).reasoning(5));
        marker.record_attempt(AttemptKind::Hedge);
        assert_eq!(fixture.count(PROCESSED, &[]), 0, "a hedge supersedes nothing");
        marker.record_attempt(kind);
        assert_eq!((fixture.count(PROCESSED, &[]), fixture.count(WASTED, &[])), (40, 40));
        marker.usage(Usage::new().input(8).output(20));
        operation.complete();
        assert_eq!(fixture.count(PROCESSED, &[]), 68);
        assert_eq!(wasted_tokens(&fixture, "input", "superseded"), 10);
        assert_eq!(wasted_tokens(&fixture, "output", "superseded"), 30);
        assert_eq!(output_tokens(&fixture), 20.0);
        marker.record_attempt(kind);
        assert_eq!(fixture.count(WASTED, &[]), 40, "the operation has ended");
    }
}

#[tokio::test]
async fn the_count_of_a_stream_starts_again_at_a_retry() {
    let fixture = full_level_observer(Role::Gateway);
    let operation = fixture.chat();
    let marker = operation.marker().clone();
    let mut stream = operation.observe(fixture.producer().tokens(200, ms(20)));
    for _ in 0..120 {
        stream.next().await;
    }
    marker.record_attempt(AttemptKind::Retry);
    stream.count().await;
    assert_eq!((fixture.count(PROCESSED, &[]), wasted_tokens(&fixture, "output", "superseded")), (200, 120));
    assert_eq!(output_tokens(&fixture), 80.0);
}

#[test]
fn reports_of_single_choices_are_added_up_and_their_input_is_counted_once() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    for (choice, output) in [(0, 10), (1, 20), (0, 15), (1, 18)] {
        operation.marker().usage_for(choice, Usage::new().input(7).output(output).reasoning(2));
    }
    operation.complete();
    assert_eq!(fixture.count(PROCESSED, &[("llmobs.token.direction", "output")]), 35);
    assert_eq!(fixture.count(PROCESSED, &[("llmobs.token.direction", "input")]), 7);
    assert_eq!(tokens_by_kind(&fixture, "reasoning"), 4);
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

#[tokio::test]
async fn what_the_engine_generates_after_the_consumer_left_is_processed_and_wasted() {
    for role in [Role::Server, Role::Gateway] {
        let fixture = full_level_observer(role);
        let operation = fixture.chat();
        let engine = operation.marker().clone();
        let mut stream = operation.observe(fixture.producer().tokens(40, ms(20)));
        for _ in 0..5 {
            stream.next().await;
        }
        drop(stream);
        assert_eq!((fixture.count(PROCESSED, &[]), wasted_tokens(&fixture, "output", "cancelled")), (5, 5));
        for (generated, is_last) in (1..=40).map(|total| (total, false)).chain([(12, true)]) {
            engine.usage(Usage::new().output(generated));
            let recorded = if is_last { 40 } else { generated.max(5) };
            let counts = (fixture.count(PROCESSED, &[]), wasted_tokens(&fixture, "output", "cancelled"));
            assert_eq!(counts, (recorded, recorded), "{role:?}: the engine reports {generated}");
        }
        assert_eq!((fixture.count(PROCESSED, &[]), fixture.count(WASTED, &[])), (40, 40));
        assert_eq!(tokens_by_source(&fixture, "output", "counted"), 5, "the rest was reported");
        assert_eq!(output_tokens(&fixture), 5.0, "the size of the operation is that of its end");
    }
}

#[test]
fn late_tokens_of_choices_and_of_reasoning_are_counted_once() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    let engine = operation.marker().clone();
    engine.usage_for(0, Usage::new().output(4));
    engine.usage_for(1, Usage::new().output(6).reasoning(2));
    operation.cancel();
    engine.usage_for(1, Usage::new().input(9).output(16).reasoning(12));
    assert_eq!((fixture.count(PROCESSED, &[]), fixture.count(WASTED, &[])), (20, 20), "the input came too late");
    assert_eq!(tokens_by_kind(&fixture, "reasoning"), 12);
}

#[test]
fn an_operation_that_was_not_cancelled_ignores_late_tokens() {
    let ends: [End; 4] = [
        Operation::complete,
        |operation| operation.fail(ErrorType::Timeout),
        |operation| operation.reject(ErrorType::Overloaded),
        |operation| {
            operation.marker().finish_reason(llmobs::FinishReason::Stop);
            drop(operation);
        },
    ];
    for end in ends {
        let fixture = Fixture::new();
        let operation = fixture.chat();
        let engine = operation.marker().clone();
        engine.usage(Usage::new().output(5));
        end(operation);
        let counts = || (fixture.count(PROCESSED, &[]), fixture.count(WASTED, &[]));
        let at_end = counts();
        engine.usage(Usage::new().input(7).output(40));
        engine.usage_for(3, Usage::new().output(80));
        assert_eq!(counts(), at_end);
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
