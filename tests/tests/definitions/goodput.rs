//! Goodput: every operation is judged in the process against its objectives.

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Objective;
use llmobs::Operation;

use crate::fixture::End;
use crate::fixture::Fixture;
use crate::fixture::MODEL;
use crate::fixture::QUEUE;
use crate::fixture::TTFT;
use crate::fixture::ms;

const ABANDONED: &str = "llmobs.operation.abandoned";

fn judgement_counts(fixture: &Fixture, objective: &str) -> (u64, u64) {
    let events = |result| {
        let labels = [("llmobs.objective.name", objective), ("llmobs.objective.result", result)];
        fixture.count("llmobs.objective.events", &labels)
    };
    (events("good"), events("bad"))
}

fn interactive_objective() -> Objective {
    Objective::new("interactive").time_to_first_token(ms(500))
}

fn strict_objective_fixture() -> Fixture {
    Fixture::with(|builder| {
        let objective = Objective::new("demanding").time_to_first_token(ms(500)).time_per_output_token(ms(50));
        builder.objective(objective.longest_gap(ms(100)).duration(ms(2_000)))
    })
}

#[tokio::test]
async fn an_operation_is_good_when_it_completed_and_met_every_objective_set_on_it() {
    // Milliseconds: the first token, the distance of the next nine, one more gap, and a pause before the end.
    for (first, every, gap, last, good) in [
        (500, 50, 50, 0, true),
        (501, 50, 50, 0, false),
        (500, 50, 61, 0, false), // 51.1 ms per token
        (500, 40, 101, 0, false),
        (500, 40, 100, 0, true),
        (500, 50, 50, 1_001, false),
    ] {
        let fixture = strict_objective_fixture();
        let producer = fixture.producer().item_after(ms(first), Chunk::tokens(1)).tokens(9, ms(every));
        let producer = producer.item_after(ms(gap), Chunk::tokens(1)).item_after(ms(last), Chunk::no_tokens());
        fixture.chat().observe(producer).count().await;
        assert_eq!(
            judgement_counts(&fixture, "demanding"),
            (u64::from(good), u64::from(!good)),
            "{first} {every} {gap} {last}"
        );
    }
}

#[test]
fn an_objective_without_limits_requires_completion_only() {
    let fixture = Fixture::with(|builder| builder.objective(Objective::new("available")));
    let operation = fixture.chat();
    fixture.advance(ms(900_000));
    operation.complete();
    assert_eq!(judgement_counts(&fixture, "available"), (1, 0));
}

#[test]
fn cancelled_failed_and_rejected_operations_stay_in_the_denominator() {
    let fixture = Fixture::with(|builder| builder.objective(interactive_objective()));
    let ends: [End; 3] = [
        Operation::cancel,
        |operation| operation.fail(ErrorType::Inference),
        |operation| operation.reject(ErrorType::Overloaded),
    ];
    for (before, end) in ends.into_iter().enumerate() {
        let operation = fixture.chat();
        fixture.advance(ms(600));
        operation.marker().first_token();
        end(operation);
        assert_eq!(judgement_counts(&fixture, "interactive"), (0, before as u64 + 1));
    }
}

#[test]
fn client_errors_are_not_in_the_denominator() {
    let fixture = Fixture::with(|builder| builder.objective(interactive_objective()));
    fixture.chat().reject(ErrorType::InvalidRequest);
    fixture.chat().reject(ErrorType::Authentication);
    fixture.chat().fail(ErrorType::InvalidRequest);
    assert_eq!(judgement_counts(&fixture, "interactive"), (0, 0));
}

#[test]
fn a_caller_that_disconnects_before_the_first_token_and_before_it_was_late_is_excluded_and_abandoned() {
    for (waited, expected, abandoned) in [(ms(500), (0, 0), 1), (ms(501), (0, 1), 0)] {
        let fixture = Fixture::with(|builder| builder.objective(interactive_objective()));
        let operation = fixture.chat();
        fixture.advance(waited);
        drop(operation);
        assert_eq!((judgement_counts(&fixture, "interactive"), fixture.count(ABANDONED, &[])), (expected, abandoned));
        assert_eq!(fixture.ended_count("cancelled"), 1);
    }
}

#[tokio::test]
async fn pressing_stop_after_good_service_is_not_bad_and_after_bad_service_it_is() {
    for (every, expected) in [(ms(50), (1, 0)), (ms(51), (0, 1))] {
        let fixture = strict_objective_fixture();
        let mut stream = fixture.chat().observe(fixture.producer().tokens(50, every));
        for _ in 0..10 {
            stream.next().await;
        }
        drop(stream);
        assert_eq!(judgement_counts(&fixture, "demanding"), expected);
        assert_eq!(fixture.count(ABANDONED, &[]), 0, "it had its first token");
    }
}

#[tokio::test]
async fn a_slow_consumer_does_not_make_an_operation_bad_by_its_tokens() {
    let fixture = Fixture::with(|builder| {
        builder.objective(Objective::new("flow").time_per_output_token(ms(25)).longest_gap(ms(25)))
    });
    let mut stream = fixture.chat().observe(fixture.producer().tokens(50, ms(20)));
    while stream.next().await.is_some() {
        fixture.advance(ms(90));
    }
    assert_eq!(judgement_counts(&fixture, "flow"), (1, 0));
}

#[test]
fn each_objective_judges_by_itself() {
    let fixture = Fixture::with(|builder| {
        builder.objective(interactive_objective()).objective(Objective::new("batch").time_to_first_token(ms(60_000)))
    });
    let operation = fixture.chat();
    fixture.advance(ms(2_000));
    operation.marker().first_token();
    operation.complete();
    assert_eq!((judgement_counts(&fixture, "interactive"), judgement_counts(&fixture, "batch")), ((0, 1), (1, 0)));
}

#[test]
fn a_first_token_that_never_came_is_bad_and_the_queue_time_carries_its_exit() {
    let fixture = Fixture::with(|builder| builder.objective(interactive_objective()));
    let stuck = fixture.observer.chat(MODEL).deadline(ms(30_000)).start();
    stuck.marker().enqueued();
    fixture.advance(ms(30_000));
    drop(stuck);
    assert_eq!(fixture.histogram(TTFT).0, 0, "the histogram cannot show it");
    assert_eq!(judgement_counts(&fixture, "interactive"), (0, 1), "the events do");
    assert_eq!(fixture.histogram_with(QUEUE, &[("llmobs.queue.exit", "timeout")]), (1, ms(30_000)));
}

#[test]
fn limits_are_exact_bucket_bounds_and_published() {
    let fixture =
        Fixture::with(|builder| builder.objective(interactive_objective().time_to_first_token(ms(470)).target(0.95)));
    let edges = || fixture.metrics().histogram(TTFT, &[]).buckets;
    let operation = fixture.chat();
    fixture.advance(ms(470));
    operation.marker().first_token();
    operation.complete();
    assert_eq!(edges().iter().find(|(upper, _)| *upper == 0.47), Some(&(0.47, 1)), "on the limit is within it");
    assert_eq!(judgement_counts(&fixture, "interactive"), (1, 0));
    let metrics = fixture.metrics();
    let limit = [("llmobs.objective.name", "interactive.time_to_first_token")];
    assert_eq!(metrics.value("llmobs.objective.threshold", &limit), 0.47);
    assert_eq!(metrics.value("llmobs.objective.target", &[("llmobs.objective.name", "interactive")]), 0.95);
}

#[test]
fn a_preset_publishes_its_limits() {
    let fixture = Fixture::with(|builder| {
        builder.objective(Objective::interactive()).objective(Objective::conversational().target(0.95))
    });
    fixture.chat().complete();
    let metrics = fixture.metrics();
    let threshold = |name| metrics.value("llmobs.objective.threshold", &[("llmobs.objective.name", name)]);
    assert_eq!(threshold("interactive.time_to_first_token"), 0.5);
    assert_eq!(threshold("interactive.time_per_output_token"), 0.03);
    assert_eq!(threshold("conversational.time_to_first_token"), 2.0);
    assert_eq!(threshold("conversational.time_per_output_token"), 0.1);
    let target = |name| metrics.value("llmobs.objective.target", &[("llmobs.objective.name", name)]);
    assert_eq!((target("interactive"), target("conversational")), (0.99, 0.95));
}
