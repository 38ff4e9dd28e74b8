//! The function's body and the attribute's generated code cannot see each other's names.

use llmobs::Observer;
use llmobs::llm_span;

use crate::fixture::Fixture;
use crate::fixture::MODEL;

#[llm_span(chat, observer = observer, model = value, fields(value = operation))]
fn same_names(observer: &Observer, value: &str, operation: u8) -> u8 {
    let (span, marker) = (1, 2);
    let __llmobs_operation = operation;
    __llmobs_operation + span + marker + u8::try_from(value.len()).unwrap()
}

#[test]
fn names_of_the_body_and_of_the_attribute_do_not_collide() {
    let fixture = Fixture::new();
    assert_eq!(same_names(&fixture.observer, MODEL, 1), 11);
    assert_eq!(fixture.only_end(), "completed");
}

#[test]
fn an_expression_runs_once_and_before_the_body() {
    #[llm_span(chat, observer = observer, model = { evaluated.push("model"); MODEL })]
    fn ordered(observer: &Observer, evaluated: &mut Vec<&'static str>) {
        evaluated.push("body");
    }
    let (fixture, mut evaluated) = (Fixture::new(), Vec::new());
    ordered(&fixture.observer, &mut evaluated);
    assert_eq!(evaluated, ["model", "body"]);
}
