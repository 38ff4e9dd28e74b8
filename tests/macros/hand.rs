//! The function's body and the attribute's generated code cannot see each other's names.

use llmobs::Observer;
use llmobs::llm_span;

use super::kit::MODEL;
use super::kit::World;

#[llm_span(chat, observer = observer, model = value, fields(value = operation))]
fn same_names(observer: &Observer, value: &str, operation: u8) -> u8 {
    let (span, lent) = (1, 2);
    let __llmobs_operation = operation;
    __llmobs_operation + span + lent + u8::try_from(value.len()).unwrap()
}

#[test]
fn names_of_the_body_and_of_the_attribute_do_not_meet() {
    let world = World::new();
    assert_eq!(same_names(&world.observer, MODEL, 1), 11);
    assert_eq!(world.end(), "completed");
}

#[test]
fn an_expression_runs_once_and_before_the_body() {
    #[llm_span(chat, observer = observer, model = { seen.push("model"); MODEL })]
    fn ordered(observer: &Observer, seen: &mut Vec<&'static str>) {
        seen.push("body");
    }
    let (world, mut seen) = (World::new(), Vec::new());
    ordered(&world.observer, &mut seen);
    assert_eq!(seen, ["model", "body"]);
}
