//! Outcomes: every started operation ends in exactly one.

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::FinishReason;
use llmobs::Marker;
use llmobs::Objective;
use llmobs::Operation;
use llmobs::Role;
use llmobs::Usage;
use llmobs::assert_books;
use llmobs::semconv::value::AttemptKind;
use llmobs::stream::StreamItem;
use llmobs::testing::Books;
use llmobs::testing::ScriptedStream;

use crate::fixture::DURATION;
use crate::fixture::ENDED;
use crate::fixture::End;
use crate::fixture::Fixture;
use crate::fixture::OUTCOME;
use crate::fixture::PROCESSED;
use crate::fixture::TTFT;
use crate::fixture::WASTED;
use crate::fixture::ms;

#[test]
fn every_started_operation_ends_in_exactly_one_outcome() {
    let fixture = Fixture::new();
    let running = [fixture.chat(), fixture.chat(), fixture.chat(), fixture.chat(), fixture.chat()];
    assert_books!(fixture.observer, in_flight = 5);
    let [completed, failed, cancelled, rejected, dropped] = running;
    completed.complete();
    failed.fail(ErrorType::Inference);
    cancelled.cancel();
    rejected.reject(ErrorType::Overloaded);
    drop(dropped);
    assert_books!(fixture.observer);
    let books = Books::new(&fixture.observer);
    assert_eq!((books.completed, books.failed, books.cancelled, books.rejected), (1, 1, 2, 1));
}

#[test]
fn a_completed_operation_carries_its_finish_reason() {
    for reason in FinishReason::KNOWN {
        let fixture = Fixture::new();
        let operation = fixture.chat();
        operation.marker().finish_reason(reason.clone());
        operation.complete();
        assert_eq!(fixture.only_end(), ("completed".into(), reason.to_string()));
    }
}

#[test]
fn a_completed_operation_without_a_known_reason_carries_none() {
    let fixture = Fixture::new();
    fixture.chat().complete();
    assert_eq!(fixture.only_end(), ("completed".into(), String::new()));
}

#[test]
fn the_first_of_several_finish_reasons_counts_and_an_unknown_one_is_other() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    operation.marker().finish_reason(FinishReason::other("tired"));
    operation.marker().finish_reason(FinishReason::Stop);
    operation.complete();
    assert_eq!(fixture.only_end(), ("completed".into(), "_OTHER".into()));
}

#[test]
fn a_failed_and_a_rejected_operation_carry_their_error_type() {
    for error in ErrorType::ALL {
        let fixture = Fixture::new();
        fixture.chat().fail(*error);
        assert_eq!(fixture.only_end(), ("failed".into(), error.to_string()));
        let fixture = Fixture::new();
        fixture.chat().reject(*error);
        assert_eq!(fixture.only_end(), ("rejected".into(), error.to_string()));
    }
}

#[test]
fn a_deadline_is_failed_by_timeout_and_a_shutdown_failed_by_shutdown() {
    let fixture = Fixture::new();
    let operation = fixture.observer.chat("m").deadline(ms(100)).start();
    fixture.advance(ms(100));
    drop(operation);
    assert_eq!(fixture.only_end(), ("failed".into(), "timeout".into()));
    let fixture = Fixture::new();
    let operation = fixture.chat();
    fixture.observer.begin_shutdown();
    drop(operation);
    assert_eq!(fixture.only_end(), ("failed".into(), "shutdown".into()));
}

#[test]
fn cancelled_means_that_the_caller_disconnected() {
    let fixture = Fixture::new();
    fixture.chat().cancel();
    assert_eq!(fixture.only_end(), ("cancelled".into(), "cancelled".into()));
}

#[tokio::test]
async fn a_filter_that_stops_generation_is_completed_and_one_that_refuses_before_it_is_rejected() {
    let fixture = Fixture::new();
    let last = Chunk::no_tokens().finish_reason(FinishReason::ContentFilter);
    fixture.chat().observe(fixture.producer().tokens(3, ms(20)).item_after(ms(1), last)).count().await;
    assert_eq!(fixture.only_end(), ("completed".into(), "content_filter".into()));
    let fixture = Fixture::new();
    fixture.chat().reject(ErrorType::ContentFilter);
    assert_eq!(fixture.only_end(), ("rejected".into(), "content_filter".into()));
}

#[tokio::test]
async fn a_refusal_rejects_an_operation_without_output_and_fails_one_with_output() {
    for (given, outcome) in
        [(Chunk::ignored(), "rejected"), (Chunk::no_tokens(), "rejected"), (Chunk::tokens(1), "failed")]
    {
        let fixture = Fixture::new();
        let producer =
            fixture.producer().item_after(ms(5), given).item_after(ms(5), Chunk::rejected(ErrorType::ContentFilter));
        assert_eq!(fixture.chat().observe(producer).count().await, 2);
        assert_eq!(fixture.only_end(), (outcome.into(), "content_filter".into()));
    }
}

#[tokio::test]
async fn one_rule_decides_from_the_error_type_whether_an_operation_is_rejected_failed_or_cancelled() {
    for error in ErrorType::ALL {
        let expected = match error {
            ErrorType::Cancelled => "cancelled",
            error if error.is_refusal() => "rejected",
            _ => "failed",
        };
        let fixture = Fixture::new();
        fixture.chat().end_with_error(*error);
        assert_eq!(fixture.only_end(), (expected.to_owned(), error.as_str().to_owned()));
        // After a token, a refusal is a failure.
        let (fixture, expected) = (Fixture::new(), if expected == "cancelled" { expected } else { "failed" });
        let operation = fixture.chat();
        operation.marker().first_token();
        operation.end_with_error(*error);
        assert_eq!(fixture.only_end(), (expected.to_owned(), error.as_str().to_owned()));
        let fixture = Fixture::new();
        let expected = if error.is_refusal() { "rejected" } else { "failed" };
        fixture.chat().observe(fixture.producer().item_after(ms(1), Chunk::error(*error))).count().await;
        assert_eq!(fixture.only_end(), (expected.to_owned(), error.as_str().to_owned()));
    }
}

/// An error of an application.
#[derive(Debug)]
struct AppError(ErrorType);

impl From<&AppError> for Failure {
    fn from(error: &AppError) -> Self {
        Self::new(error.0)
    }
}

#[tokio::test]
async fn an_error_of_the_application_has_the_error_type_of_the_failure_that_it_converts_into() {
    for error in ErrorType::ALL {
        let (by_type, by_error) = (Fixture::new(), Fixture::new());
        by_type.chat().end_with_error(*error);
        by_error.chat().end_with_error(&AppError(*error));
        assert_eq!(by_error.only_end(), by_type.only_end());
        let (by_type, by_error) = (Fixture::new(), Fixture::new());
        by_type.chat().observe(futures_util::stream::iter([Chunk::error(*error)])).count().await;
        let items = futures_util::stream::iter([Err::<&str, _>(AppError(*error))]);
        let to_chunk = |item: &Result<&str, AppError>| item.as_ref().map_or_else(Chunk::error, StreamItem::to_chunk);
        by_error.chat().observe_with(items, to_chunk).count().await;
        assert_eq!(by_error.only_end(), by_type.only_end());
    }
}

#[test]
fn the_status_of_an_answer_is_an_error_type() {
    for (status, expected) in
        [(429, "rejected"), (400, "rejected"), (401, "rejected"), (500, "failed"), (503, "rejected")]
    {
        let fixture = Fixture::new();
        fixture.chat().end_with_error(http::StatusCode::from_u16(status).unwrap());
        let error = ErrorType::from_http_status(status).unwrap();
        assert_eq!(fixture.only_end(), (expected.to_owned(), error.as_str().to_owned()), "{status}");
    }
}

#[test]
fn an_attempt_is_not_an_operation_and_tokens_of_a_superseded_one_are_wasted() {
    let fixture = Fixture::with(|builder| builder.role(Role::Gateway).objective(Objective::new("any")));
    let operation = fixture.chat();
    let marker = operation.marker().clone();
    marker.record_attempt(AttemptKind::Retry);
    marker.record_attempt(AttemptKind::Hedge);
    marker.add_superseded_tokens(40);
    marker.usage(Usage::new().output(100));
    operation.complete();
    let attempts = |kind| fixture.count("llmobs.operation.attempts", &[("llmobs.attempt.kind", kind)]);
    assert_eq!((attempts("first"), attempts("retry"), attempts("hedge"), attempts("fallback")), (1, 1, 1, 0));
    assert_eq!(fixture.count("llmobs.operation.started", &[]), 1);
    assert_eq!(fixture.count(ENDED, &[]), 1);
    assert_eq!(fixture.count("llmobs.objective.events", &[]), 1, "goodput counts operations, not attempts");
    assert_eq!(fixture.count(WASTED, &[("llmobs.token.waste", "superseded")]), 40);
    assert_eq!(fixture.count(PROCESSED, &[]), 140, "wasted tokens are processed tokens");
}

#[test]
fn a_marked_failure_takes_precedence_over_complete_cancel_and_another_failure() {
    let ends: [End; 4] = [Operation::complete, Operation::cancel, drop, |it| it.fail(ErrorType::Internal)];
    for end in ends {
        let fixture = Fixture::new();
        let operation = fixture.chat();
        operation.marker().set_error(ErrorType::OutOfMemory);
        operation.marker().set_error(ErrorType::Inference);
        end(operation);
        assert_eq!(fixture.only_end(), ("failed".into(), "out_of_memory".into()));
    }
}

#[tokio::test]
async fn the_first_error_item_ends_it_as_failed_and_later_items_pass_uncounted() {
    let fixture = Fixture::new();
    let script = ScriptedStream::new(&fixture.manual_clock)
        .wait(ms(40))
        .item(Ok("a"))
        .wait(ms(20))
        .item(Err("broke"))
        .wait(ms(70));
    let mut stream = fixture.chat().observe(script.item(Ok("b")).item(Err("again")).item(Ok("c")));
    assert_eq!(stream.next().await, Some(Ok("a")));
    assert_eq!(stream.next().await, Some(Err("broke")));
    assert_books!(fixture.observer);
    assert_eq!(stream.by_ref().collect::<Vec<_>>().await, [Ok("b"), Err("again"), Ok("c")]);
    drop(stream);
    assert_books!(fixture.observer);
    assert_eq!(fixture.only_end(), ("failed".into(), "_OTHER".into()));
    assert_eq!(fixture.histogram(DURATION), (1, ms(60)));
    assert_eq!(fixture.count(PROCESSED, &[]), 1);
}

#[tokio::test]
async fn an_error_item_has_the_type_that_was_marked_or_its_own_type() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    operation.marker().set_error(ErrorType::OutOfMemory);
    operation.observe(ScriptedStream::new(&fixture.manual_clock).item(Err::<String, _>(()))).count().await;
    assert_eq!(fixture.only_end(), ("failed".into(), "out_of_memory".into()));
    let fixture = Fixture::new();
    let stream = futures_util::stream::iter([0_u32, 1]);
    let to_chunk = |item: &u32| if *item == 0 { Chunk::tokens(1) } else { Chunk::failed(ErrorType::Upstream) };
    fixture.chat().observe_with(stream, to_chunk).count().await;
    assert_eq!(fixture.only_end(), ("failed".into(), "upstream".into()));
}

#[test]
fn marks_after_the_end_do_nothing() {
    let fixture = Fixture::new();
    let operation = fixture.chat();
    let marker = operation.marker().clone();
    operation.complete();
    let before = fixture.metrics();
    marker.enqueued();
    marker.scheduled();
    marker.first_token();
    marker.usage(Usage::new().input(5).output(5));
    marker.finish_reason(FinishReason::Length);
    marker.set_error(ErrorType::Internal);
    assert_eq!(fixture.metrics(), before);
}

/// A mark before an end, with its name.
type MarkFn = (&'static str, fn(&Marker));

const MARKS: [MarkFn; 5] = [
    ("usage", |marker| marker.usage(Usage::new().input(30).cache_read(10).output(12).reasoning(4))),
    ("growing usage", |marker| marker.usage(Usage::new().output(9))),
    ("finish reason", |marker| marker.finish_reason(FinishReason::Length)),
    ("failing", |marker| marker.set_error(ErrorType::Inference)),
    ("first token", |marker| marker.first_token()),
];

#[test]
fn the_order_of_the_marks_before_an_end_does_not_matter() {
    let ends: [End; 3] = [Operation::complete, drop, Operation::cancel];
    for with_failure in [true, false] {
        let marks: Vec<_> = MARKS.iter().filter(|(name, _)| with_failure || *name != "failing").collect();
        for end in ends {
            let mut pages = permutations(marks.len()).into_iter().map(|order| {
                let fixture = Fixture::with(|builder| builder.objective(Objective::new("fast").duration(ms(10))));
                let operation = fixture.chat();
                fixture.advance(ms(20));
                for index in order {
                    (marks[index].1)(operation.marker());
                }
                fixture.advance(ms(20));
                end(operation);
                assert_eq!(fixture.count(ENDED, &[(OUTCOME, "failed")]), u64::from(with_failure));
                assert_eq!(fixture.histogram(TTFT), (1, ms(20)));
                fixture.metrics()
            });
            let first = pages.next().unwrap();
            assert!(pages.all(|page| page == first), "the order of the marks changed the metrics");
        }
    }
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(count - 1);
    let longer = shorter.iter().flat_map(|order| {
        (0..count).map(|index| {
            let mut order = order.clone();
            order.insert(index, count - 1);
            order
        })
    });
    longer.collect()
}
