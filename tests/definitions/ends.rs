//! Outcomes: every started operation ends in exactly one.

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Marker;
use llmobs::Objective;
use llmobs::Operation;
use llmobs::Role;
use llmobs::Usage;
use llmobs::assert_books;
use llmobs::semconv::value::AttemptKind;
use llmobs::testing::Books;
use llmobs::testing::ScriptedStream;

use crate::kit::DURATION;
use crate::kit::ENDED;
use crate::kit::End;
use crate::kit::OUTCOME;
use crate::kit::PROCESSED;
use crate::kit::TTFT;
use crate::kit::WASTED;
use crate::kit::World;
use crate::kit::ms;

#[test]
fn every_started_operation_ends_in_exactly_one_outcome() {
    let world = World::new();
    let running = [world.chat(), world.chat(), world.chat(), world.chat(), world.chat()];
    assert_books!(world.observer, in_flight = 5);
    let [completed, failed, cancelled, rejected, dropped] = running;
    completed.complete();
    failed.fail(ErrorType::Inference);
    cancelled.cancel();
    rejected.reject(ErrorType::Overloaded);
    drop(dropped);
    assert_books!(world.observer);
    let books = Books::of(&world.observer);
    assert_eq!((books.completed, books.failed, books.cancelled, books.rejected), (1, 1, 2, 1));
}

#[test]
fn a_completed_operation_carries_its_finish_reason() {
    for reason in FinishReason::KNOWN {
        let world = World::new();
        let operation = world.chat();
        operation.marker().finish_reason(reason.clone());
        operation.complete();
        assert_eq!(world.end(), ("completed".into(), reason.to_string()));
    }
}

#[test]
fn a_completed_operation_whose_reason_nobody_said_carries_none() {
    let world = World::new();
    world.chat().complete();
    assert_eq!(world.end(), ("completed".into(), String::new()));
}

#[test]
fn the_first_of_several_finish_reasons_stands_and_an_unknown_one_is_other() {
    let world = World::new();
    let operation = world.chat();
    operation.marker().finish_reason(FinishReason::other("tired"));
    operation.marker().finish_reason(FinishReason::Stop);
    operation.complete();
    assert_eq!(world.end(), ("completed".into(), "_OTHER".into()));
}

#[test]
fn a_failed_and_a_rejected_operation_carry_their_error_type() {
    for error in ErrorType::ALL {
        let world = World::new();
        world.chat().fail(*error);
        assert_eq!(world.end(), ("failed".into(), error.to_string()));
        let world = World::new();
        world.chat().reject(*error);
        assert_eq!(world.end(), ("rejected".into(), error.to_string()));
    }
}

#[test]
fn a_deadline_is_failed_by_timeout_and_a_shutdown_failed_by_shutdown() {
    let world = World::new();
    let operation = world.observer.chat("m").deadline(ms(100)).start();
    world.pass(ms(100));
    drop(operation);
    assert_eq!(world.end(), ("failed".into(), "timeout".into()));
    let world = World::new();
    let operation = world.chat();
    world.observer.begin_shutdown();
    drop(operation);
    assert_eq!(world.end(), ("failed".into(), "shutdown".into()));
}

#[test]
fn cancelled_means_that_the_caller_left() {
    let world = World::new();
    world.chat().cancel();
    assert_eq!(world.end(), ("cancelled".into(), "cancelled".into()));
}

#[tokio::test]
async fn a_filter_that_stops_generation_is_completed_and_one_that_refuses_before_it_is_rejected() {
    let world = World::new();
    let last = Chunk::no_tokens().finish_reason(FinishReason::ContentFilter);
    world.chat().observe(world.produce().tokens(3, ms(20)).after(ms(1), last)).count().await;
    assert_eq!(world.end(), ("completed".into(), "content_filter".into()));
    let world = World::new();
    world.chat().reject(ErrorType::ContentFilter);
    assert_eq!(world.end(), ("rejected".into(), "content_filter".into()));
}

#[tokio::test]
async fn an_item_that_refuses_rejects_what_has_given_nothing_and_fails_what_has() {
    for (given, outcome) in
        [(Chunk::ignored(), "rejected"), (Chunk::no_tokens(), "rejected"), (Chunk::tokens(1), "failed")]
    {
        let world = World::new();
        let producer = world.produce().after(ms(5), given).after(ms(5), Chunk::rejected(ErrorType::ContentFilter));
        assert_eq!(world.chat().observe(producer).count().await, 2);
        assert_eq!(world.end(), (outcome.into(), "content_filter".into()));
    }
}

#[test]
fn an_attempt_is_not_an_operation_and_tokens_of_a_superseded_one_are_wasted() {
    let world = World::with(|builder| builder.role(Role::Gateway).objective(Objective::new("any")));
    let operation = world.chat();
    let marker = operation.marker().clone();
    marker.record_attempt(AttemptKind::Retry);
    marker.record_attempt(AttemptKind::Hedge);
    marker.add_superseded_tokens(40);
    marker.usage(Usage::new().output(100));
    operation.complete();
    let attempts = |kind| world.count("llmobs.operation.attempts", &[("llmobs.attempt.kind", kind)]);
    assert_eq!((attempts("first"), attempts("retry"), attempts("hedge"), attempts("fallback")), (1, 1, 1, 0));
    assert_eq!(world.count("llmobs.operation.started", &[]), 1);
    assert_eq!(world.count(ENDED, &[]), 1);
    assert_eq!(world.count("llmobs.objective.events", &[]), 1, "goodput sees the operation only");
    assert_eq!(world.count(WASTED, &[("llmobs.token.waste", "superseded")]), 40);
}

#[test]
fn a_marked_failure_wins_over_complete_cancel_and_another_failure() {
    let ends: [End; 4] = [Operation::complete, Operation::cancel, drop, |it| it.fail(ErrorType::Internal)];
    for end in ends {
        let world = World::new();
        let operation = world.chat();
        operation.marker().set_error(ErrorType::OutOfMemory);
        operation.marker().set_error(ErrorType::Inference);
        end(operation);
        assert_eq!(world.end(), ("failed".into(), "out_of_memory".into()));
    }
}

#[tokio::test]
async fn the_first_error_item_ends_it_as_failed_and_later_items_pass_uncounted() {
    let world = World::new();
    let script =
        ScriptedStream::new(&world.hand).wait(ms(40)).item(Ok("a")).wait(ms(20)).item(Err("broke")).wait(ms(70));
    let mut stream = world.chat().observe(script.item(Ok("b")).item(Err("again")).item(Ok("c")));
    assert_eq!(stream.next().await, Some(Ok("a")));
    assert_eq!(stream.next().await, Some(Err("broke")));
    assert_books!(world.observer);
    assert_eq!(stream.by_ref().collect::<Vec<_>>().await, [Ok("b"), Err("again"), Ok("c")]);
    drop(stream);
    assert_books!(world.observer);
    assert_eq!(world.end(), ("failed".into(), "_OTHER".into()));
    assert_eq!(world.times(DURATION), (1, ms(60)));
    assert_eq!(world.count(PROCESSED, &[]), 1);
}

#[tokio::test]
async fn an_error_item_has_the_type_that_was_marked_or_that_it_says_itself() {
    let world = World::new();
    let operation = world.chat();
    operation.marker().set_error(ErrorType::OutOfMemory);
    operation.observe(ScriptedStream::new(&world.hand).item(Err::<String, _>(()))).count().await;
    assert_eq!(world.end(), ("failed".into(), "out_of_memory".into()));
    let world = World::new();
    let stream = futures_util::stream::iter([0_u32, 1]);
    let say = |item: &u32| if *item == 0 { Chunk::tokens(1) } else { Chunk::failed(ErrorType::Upstream) };
    world.chat().observe_with(stream, say).count().await;
    assert_eq!(world.end(), ("failed".into(), "upstream".into()));
}

#[test]
fn marks_after_the_end_do_nothing() {
    let world = World::new();
    let operation = world.chat();
    let marker = operation.marker().clone();
    operation.complete();
    let before = world.readings();
    marker.enqueued();
    marker.scheduled();
    marker.first_token();
    marker.usage(Usage::new().input(5).output(5));
    marker.finish_reason(FinishReason::Length);
    marker.set_error(ErrorType::Internal);
    assert_eq!(world.readings(), before);
}

/// A mark before an end, with its name.
type Mark = (&'static str, fn(&Marker));

const MARKS: [Mark; 5] = [
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
                let world = World::with(|builder| builder.objective(Objective::new("fast").duration(ms(10))));
                let operation = world.chat();
                world.pass(ms(20));
                for place in order {
                    (marks[place].1)(operation.marker());
                }
                world.pass(ms(20));
                end(operation);
                assert_eq!(world.count(ENDED, &[(OUTCOME, "failed")]), u64::from(with_failure));
                assert_eq!(world.times(TTFT), (1, ms(20)));
                world.readings()
            });
            let first = pages.next().unwrap();
            assert!(pages.all(|page| page == first), "an order gave another record");
        }
    }
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(count - 1);
    let longer = shorter.iter().flat_map(|order| {
        (0..count).map(|place| {
            let mut order = order.clone();
            order.insert(place, count - 1);
            order
        })
    });
    longer.collect()
}
