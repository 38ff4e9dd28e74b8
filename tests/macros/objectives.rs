//! `objective(..)`: a function whose calls are judged against an objective.

use std::time::Duration;

use llmobs::Objective;
use llmobs::Observer;
use llmobs::llm_span;

use super::kit::MODEL;
use super::kit::World;

#[llm_span(chat, observer = world.observer, model = MODEL, objective(duration = "2s", target = 0.9))]
fn answer(world: &World, takes: Duration) {
    world.hand.advance(takes);
}

#[llm_span(chat, observer = observer, model = MODEL, objective(name = "interactive", ttft = "500ms", tpot = "50ms"))]
fn declared(observer: &Observer) {}

fn judged(world: &World, name: &str, result: &str) -> u64 {
    let labels = [("llmobs.objective.name", name), ("llmobs.objective.result", result)];
    world.readings().count("llmobs.objective.events", &labels)
}

#[test]
fn a_function_is_judged_by_its_own_objective_and_others_are_not() {
    let world = World::new();
    answer(&world, Duration::from_secs(1));
    answer(&world, Duration::from_secs(3));
    world.observer.chat(MODEL).start().complete();
    assert_eq!((judged(&world, "answer", "good"), judged(&world, "answer", "bad")), (1, 1));
    let target = world.readings().value("llmobs.objective.target", &[("llmobs.objective.name", "answer")]);
    assert!((target - 0.9).abs() < 1e-9);
    let limit = [("llmobs.objective.name", "answer.duration")];
    assert!((world.readings().value("llmobs.objective.threshold", &limit) - 2.0).abs() < 1e-9);
}

#[test]
fn an_objective_of_the_builder_with_the_same_name_stands_and_judges_once() {
    let strict = || Objective::new("interactive").duration(Duration::from_nanos(1));
    let world = World::with(|builder| builder.objective(strict()));
    declared(&world.observer);
    assert_eq!((judged(&world, "interactive", "good"), judged(&world, "interactive", "bad")), (1, 0));
}

#[test]
fn two_observers_keep_apart_what_they_learn() {
    let (one, other) = (World::new(), World::new());
    answer(&one, Duration::ZERO);
    assert_eq!(judged(&one, "answer", "good"), 1);
    assert!(other.readings().series("llmobs.objective.events").is_empty());
    answer(&other, Duration::from_secs(5));
    assert_eq!((judged(&other, "answer", "good"), judged(&other, "answer", "bad")), (0, 1));
}

#[test]
fn there_is_no_place_for_a_ninth_objective_and_it_is_counted() {
    macro_rules! functions {
        ($($name:ident)*) => {
            $(#[llm_span(chat, observer = observer, model = MODEL, objective(duration = "1s"))]
            fn $name(observer: &Observer) {})*
            const ALL: &[fn(&Observer)] = &[$($name),*];
        };
    }
    functions!(one two three four five six seven eight nine);
    let world = World::new();
    ALL.iter().for_each(|call| call(&world.observer));
    assert_eq!(judged(&world, "eight", "good"), 1);
    assert_eq!(judged(&world, "nine", "good"), 0);
    assert_eq!(world.readings().count("llmobs.self.folded_labels", &[("llmobs.label", "llmobs.objective.name")]), 1);
}
