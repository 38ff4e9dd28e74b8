//! Every step around calls.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use llmobs::Provider;
use llmobs::llm_span;

#[llm_span(tool)]
fn weather(city: &str) -> usize {
    city.len()
}

#[llm_span(retrieval, name = index, provider = Provider::other("qdrant"), model = "e5")]
fn search(index: &str) -> Vec<&str> {
    vec![index]
}

#[llm_span(agent, name = "planner", provider = "acme", model = Some("m"), conversation = id)]
fn plan(id: Option<&str>) -> bool {
    id.is_some()
}

#[llm_span(workflow, conversation = "c")]
fn work() {}

pub(crate) fn main() {
    assert_eq!(weather("Oslo"), 4);
    assert_eq!(search("docs"), ["docs"]);
    assert!(plan(Some("c")));
    work();
}
