//! Tools, retrievals, agents and workflows: a span and no metrics.

use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Provider;
use llmobs::Role;
use llmobs::Usage;
use llmobs::llm_span;
use opentelemetry::Value;
use opentelemetry::trace::Status;

use crate::backend;
use crate::backend::TracingBackend;
use crate::fixture::block_on_ready;

#[llm_span(tool, observer = observer, error_type = tool_error, conversation = Some("c-1"))]
fn weather(observer: &Observer, city: &str) -> Result<u8, String> {
    if city.is_empty() { Err("which city?".to_owned()) } else { Ok(20) }
}

fn tool_error(_: &str) -> ErrorType {
    ErrorType::Tool
}

#[llm_span(retrieval, observer = observer, name = index, provider = Provider::other("qdrant"), model = "e5")]
async fn search(observer: &Observer, index: String) -> Vec<String> {
    vec![index]
}

fn tokens_of(_: &String) -> Usage {
    Usage::new().input(7).output(2)
}

#[llm_span(agent, observer = observer, name = "planner", model = "smollm2", conversation = conversation, usage = tokens_of)]
async fn plan(observer: &Observer, conversation: &str) -> String {
    work(observer).await
}

#[llm_span(workflow, observer = observer)]
async fn work(observer: &Observer) -> String {
    let _ = weather(observer, "");
    search(observer, "docs".to_owned()).await.concat()
}

#[test]
fn a_step_is_named_after_its_function_or_its_name_argument() {
    let backend = TracingBackend::new();
    let observer = backend.observer(Role::Server);
    assert_eq!(block_on_ready(plan(&observer, "c-2")), "docs");
    let agent = backend.span("invoke_agent planner");
    let attributes = backend::attributes(&agent);
    assert_eq!(attributes["gen_ai.conversation.id"], Value::from("c-2"));
    assert_eq!(attributes["gen_ai.usage.input_tokens"], Value::from(7));
    let workflow = backend.span("invoke_workflow work");
    assert_eq!(workflow.parent_span_id, backend::span_id(&agent));
    let search = backend.span("retrieval docs");
    assert_eq!(backend::attributes(&search)["gen_ai.provider.name"], Value::from("qdrant"));
    assert_eq!(search.parent_span_id, backend::span_id(&workflow));
    let tool = backend.span("execute_tool weather");
    assert_eq!(backend::attributes(&tool)["error.type"], Value::from("tool"));
    assert!(matches!(tool.status, Status::Error { .. }));
    assert!(!format!("{:?}", backend.spans()).contains("which city?"));
}

#[llm_span(agent, observer = observer, stream)]
fn steps(observer: &Observer, fails: bool) -> impl Stream<Item = Result<u8, ErrorType>> + use<> {
    stream::iter([Ok(1), if fails { Err(ErrorType::Upstream) } else { Ok(2) }, Ok(3)])
}

#[test]
fn a_step_with_a_stream_ends_with_the_stream() {
    let backend = TracingBackend::new();
    let observer = backend.observer(Role::Server);
    let mut running = Box::pin(steps(&observer, false));
    assert_eq!(running.size_hint(), (3, Some(3)));
    block_on_ready(running.next());
    assert!(backend.names().is_empty());
    assert_eq!(block_on_ready(running.count()), 2);
    let completed = backend.span("invoke_agent steps");
    assert!(!backend::attributes(&completed).contains_key("error.type"));

    let backend = TracingBackend::new();
    block_on_ready(steps(&backend.observer(Role::Server), true).collect::<Vec<_>>());
    assert_eq!(backend::attributes(&backend.span("invoke_agent steps"))["error.type"], Value::from("upstream"));

    let backend = TracingBackend::new();
    drop(steps(&backend.observer(Role::Server), false));
    assert_eq!(backend::attributes(&backend.span("invoke_agent steps"))["error.type"], Value::from("cancelled"));
}
