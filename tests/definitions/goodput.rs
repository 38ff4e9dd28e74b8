//! Goodput: every operation is judged in the process against its objectives.

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Objective;
use llmobs::Operation;

use crate::kit::End;
use crate::kit::MODEL;
use crate::kit::QUEUE;
use crate::kit::TTFT;
use crate::kit::World;
use crate::kit::ms;

const ABANDONED: &str = "llmobs.operation.abandoned";

fn judged(world: &World, objective: &str) -> (u64, u64) {
    let events = |result| {
        let labels = [("llmobs.objective.name", objective), ("llmobs.objective.result", result)];
        world.count("llmobs.objective.events", &labels)
    };
    (events("good"), events("bad"))
}

fn interactive() -> Objective {
    Objective::new("interactive").time_to_first_token(ms(500))
}

fn demanding() -> World {
    World::with(|builder| {
        let demanding = Objective::new("demanding").time_to_first_token(ms(500)).time_per_output_token(ms(50));
        builder.objective(demanding.longest_gap(ms(100)).duration(ms(2_000)))
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
        let world = demanding();
        let producer = world.produce().after(ms(first), Chunk::tokens(1)).tokens(9, ms(every));
        let producer = producer.after(ms(gap), Chunk::tokens(1)).after(ms(last), Chunk::no_tokens());
        world.chat().observe(producer).count().await;
        assert_eq!(judged(&world, "demanding"), (u64::from(good), u64::from(!good)), "{first} {every} {gap} {last}");
    }
}

#[test]
fn an_objective_without_limits_asks_for_completion_only() {
    let world = World::with(|builder| builder.objective(Objective::new("available")));
    let operation = world.chat();
    world.pass(ms(900_000));
    operation.complete();
    assert_eq!(judged(&world, "available"), (1, 0));
}

#[test]
fn cancelled_failed_and_shed_operations_stay_in_the_denominator() {
    let world = World::with(|builder| builder.objective(interactive()));
    let ends: [End; 3] = [
        Operation::cancel,
        |operation| operation.fail(ErrorType::Inference),
        |operation| operation.reject(ErrorType::Overloaded),
    ];
    for (before, end) in ends.into_iter().enumerate() {
        let operation = world.chat();
        world.pass(ms(600));
        operation.marker().first_token();
        end(operation);
        assert_eq!(judged(&world, "interactive"), (0, before as u64 + 1));
    }
}

#[test]
fn client_faults_do_not_stay_in_the_denominator() {
    let world = World::with(|builder| builder.objective(interactive()));
    world.chat().reject(ErrorType::InvalidRequest);
    world.chat().reject(ErrorType::Authentication);
    world.chat().fail(ErrorType::InvalidRequest);
    assert_eq!(judged(&world, "interactive"), (0, 0));
}

#[test]
fn a_client_that_leaves_before_the_first_token_and_before_it_was_late_is_left_out_and_abandoned() {
    for (patience, judgement, abandoned) in [(ms(500), (0, 0), 1), (ms(501), (0, 1), 0)] {
        let world = World::with(|builder| builder.objective(interactive()));
        let operation = world.chat();
        world.pass(patience);
        drop(operation);
        assert_eq!((judged(&world, "interactive"), world.count(ABANDONED, &[])), (judgement, abandoned));
        assert_eq!(world.ended("cancelled"), 1);
    }
}

#[tokio::test]
async fn pressing_stop_after_good_service_is_not_bad_and_after_bad_service_it_is() {
    for (every, judgement) in [(ms(50), (1, 0)), (ms(51), (0, 1))] {
        let world = demanding();
        let mut stream = world.chat().observe(world.produce().tokens(50, every));
        for _ in 0..10 {
            stream.next().await;
        }
        drop(stream);
        assert_eq!(judged(&world, "demanding"), judgement);
        assert_eq!(world.count(ABANDONED, &[]), 0, "it had its first token");
    }
}

#[tokio::test]
async fn a_slow_reader_does_not_make_an_operation_bad_by_its_tokens() {
    let world = World::with(|builder| {
        builder.objective(Objective::new("flow").time_per_output_token(ms(25)).longest_gap(ms(25)))
    });
    let mut stream = world.chat().observe(world.produce().tokens(50, ms(20)));
    while stream.next().await.is_some() {
        world.pass(ms(90));
    }
    assert_eq!(judged(&world, "flow"), (1, 0));
}

#[test]
fn each_objective_judges_by_itself() {
    let world = World::with(|builder| {
        builder.objective(interactive()).objective(Objective::new("batch").time_to_first_token(ms(60_000)))
    });
    let operation = world.chat();
    world.pass(ms(2_000));
    operation.marker().first_token();
    operation.complete();
    assert_eq!((judged(&world, "interactive"), judged(&world, "batch")), ((0, 1), (1, 0)));
}

#[test]
fn survivor_bias_is_named_a_first_token_that_never_came_is_bad_and_the_queue_carries_its_exit() {
    let world = World::with(|builder| builder.objective(interactive()));
    let stuck = world.observer.chat(MODEL).deadline(ms(30_000)).start();
    stuck.marker().enqueued();
    world.pass(ms(30_000));
    drop(stuck);
    assert_eq!(world.times(TTFT).0, 0, "the histogram cannot show it");
    assert_eq!(judged(&world, "interactive"), (0, 1), "the events do");
    assert_eq!(world.times_of(QUEUE, &[("llmobs.queue.exit", "timeout")]), (1, ms(30_000)));
}

#[test]
fn limits_are_exact_edges_and_published() {
    let world = World::with(|builder| builder.objective(interactive().time_to_first_token(ms(470)).target(0.95)));
    let edges = || world.readings().histogram(TTFT, &[]).buckets;
    let operation = world.chat();
    world.pass(ms(470));
    operation.marker().first_token();
    operation.complete();
    assert_eq!(edges().iter().find(|(upper, _)| *upper == 0.47), Some(&(0.47, 1)), "on the limit is within it");
    assert_eq!(judged(&world, "interactive"), (1, 0));
    let readings = world.readings();
    let limit = [("llmobs.objective.name", "interactive.time_to_first_token")];
    assert_eq!(readings.value("llmobs.objective.threshold", &limit), 0.47);
    assert_eq!(readings.value("llmobs.objective.target", &[("llmobs.objective.name", "interactive")]), 0.95);
}
