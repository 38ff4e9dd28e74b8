//! `objective(..)`: a function whose calls are judged against an objective.

use std::time::Duration;

use llmobs::Objective;
use llmobs::Observer;
use llmobs::llm_span;

use crate::fixture::Fixture;
use crate::fixture::MODEL;

#[llm_span(chat, observer = fixture.observer, model = MODEL, objective(duration = "2s", target = 0.9))]
fn answer(fixture: &Fixture, duration: Duration) {
    fixture.manual_clock.advance(duration);
}

#[llm_span(chat, observer = observer, model = MODEL, objective(name = "interactive", ttft = "500ms", tpot = "50ms"))]
fn declared(observer: &Observer) {}

fn judgement_count(fixture: &Fixture, name: &str, result: &str) -> u64 {
    let labels = [("llmobs.objective.name", name), ("llmobs.objective.result", result)];
    fixture.metrics().count("llmobs.objective.events", &labels)
}

#[test]
fn a_function_is_judged_by_its_own_objective_and_others_are_not() {
    let fixture = Fixture::new();
    answer(&fixture, Duration::from_secs(1));
    answer(&fixture, Duration::from_secs(3));
    fixture.observer.chat(MODEL).start().complete();
    assert_eq!((judgement_count(&fixture, "answer", "good"), judgement_count(&fixture, "answer", "bad")), (1, 1));
    let target = fixture.metrics().value("llmobs.objective.target", &[("llmobs.objective.name", "answer")]);
    assert!((target - 0.9).abs() < 1e-9);
    let threshold = [("llmobs.objective.name", "answer.duration")];
    assert!((fixture.metrics().value("llmobs.objective.threshold", &threshold) - 2.0).abs() < 1e-9);
}

#[test]
fn an_objective_of_the_builder_with_the_same_name_is_kept_and_judges_once() {
    let strict = || Objective::new("interactive").duration(Duration::from_nanos(1));
    let fixture = Fixture::with(|builder| builder.objective(strict()));
    declared(&fixture.observer);
    assert_eq!(
        (judgement_count(&fixture, "interactive", "good"), judgement_count(&fixture, "interactive", "bad")),
        (1, 0)
    );
}

#[test]
fn objectives_of_two_observers_are_separate() {
    let (first, second) = (Fixture::new(), Fixture::new());
    answer(&first, Duration::ZERO);
    assert_eq!(judgement_count(&first, "answer", "good"), 1);
    assert!(second.metrics().series("llmobs.objective.events").is_empty());
    answer(&second, Duration::from_secs(5));
    assert_eq!((judgement_count(&second, "answer", "good"), judgement_count(&second, "answer", "bad")), (0, 1));
}

#[test]
fn a_ninth_objective_is_dropped_and_counted() {
    macro_rules! functions {
        ($($name:ident)*) => {
            $(#[llm_span(chat, observer = observer, model = MODEL, objective(duration = "1s"))]
            fn $name(observer: &Observer) {})*
            const ALL: &[fn(&Observer)] = &[$($name),*];
        };
    }
    functions!(one two three four five six seven eight nine);
    let fixture = Fixture::new();
    ALL.iter().for_each(|call| call(&fixture.observer));
    assert_eq!(judgement_count(&fixture, "eight", "good"), 1);
    assert_eq!(judgement_count(&fixture, "nine", "good"), 0);
    assert_eq!(fixture.metrics().count("llmobs.self.folded_labels", &[("llmobs.label", "llmobs.objective.name")]), 1);
}
