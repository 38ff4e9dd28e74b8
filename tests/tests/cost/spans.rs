//! The cost on the span of an operation.

use llmobs::Usage;
use llmobs::catalog::Profile;

use opentelemetry::Value;

use llmobs_tests::tracing_backend::TracingBackend;
use llmobs_tests::tracing_backend::attributes;
use llmobs_tests::tracing_backend::text;

use crate::fixture::builder;

const USAGE_COST: [&str; 3] = ["gen_ai.usage.cost.amount", "gen_ai.usage.cost.currency", "gen_ai.usage.cost.source"];

#[test]
fn the_span_has_the_cost_and_the_names_of_the_conventions_only_by_choice() {
    for (profile, is_chosen, has_names) in
        [(Profile::V1_41, true, false), (Profile::Latest, false, false), (Profile::Latest, true, true)]
    {
        let backend = TracingBackend::new();
        let observer = builder().profile(profile).usage_cost_attributes(is_chosen).build().unwrap();
        let operation = observer.chat("small").start();
        operation.marker().usage(Usage::new().input(100).output(10));
        operation.complete();
        let attributes = attributes(&backend.span("chat small"));
        assert_eq!(attributes["llmobs.cost.usd"], Value::F64(0.000_14));
        let found = USAGE_COST.map(|name| attributes.get(name).cloned());
        let expected = [Value::F64(0.000_14), text("USD"), text("local")];
        assert_eq!(found, expected.map(|value| has_names.then_some(value)), "{profile:?} {is_chosen}");
    }
}

#[test]
fn a_reported_cost_is_that_of_the_provider_and_an_unknown_one_is_no_attribute() {
    let backend = TracingBackend::new();
    let observer = builder().profile(Profile::Latest).usage_cost_attributes(true).build().unwrap();
    let operation = observer.chat("small").start();
    operation.marker().usage(Usage::new().input(100).output(10).reported_cost_usd(0.001));
    operation.complete();
    observer.chat("odd").start().complete();
    assert_eq!(attributes(&backend.span("chat small"))["gen_ai.usage.cost.source"], text("provider"));
    let unknown = attributes(&backend.span("chat odd"));
    assert!(unknown.keys().all(|name| !name.contains("cost")), "{unknown:?}");
}
