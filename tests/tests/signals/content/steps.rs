//! Tools and retrievals.

use llmobs::Role;
use llmobs::capture::ContentCapture;
use llmobs::capture::ContentLimits;
use llmobs::capture::Gate;
use llmobs::content::Document;
use serde_json::Value;
use serde_json::json;

use llmobs_tests::tracing_backend::TracingBackend;
use llmobs_tests::tracing_backend::attributes;

#[test]
fn a_tool_has_its_arguments_and_its_result() {
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Client).capture(ContentCapture::Spans).build().unwrap();
    let step = observer.execute_tool("mail").start();
    step.arguments(|| json!({"to": "jane@example.org", "times": 2}));
    step.result(|| json!("sent to jane@example.org"));
    step.complete();
    let span = attributes(&backend.span("execute_tool mail"));
    assert_eq!(span["gen_ai.tool.call.arguments"].to_string(), r#"{"times":2,"to":"[EMAIL]"}"#);
    assert_eq!(span["gen_ai.tool.call.result"].to_string(), "sent to [EMAIL]");
}

#[test]
fn a_retrieval_has_its_query_and_its_documents() {
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Client).capture(ContentCapture::SpansAndEvents).build().unwrap();
    let step = observer.retrieval("docs").start();
    step.query(|| "who is jane@example.org?");
    step.documents(|| [Document::new("people/7", 0.5)]);
    step.complete();
    let span = attributes(&backend.span("retrieval docs"));
    assert_eq!(span["gen_ai.retrieval.query.text"].to_string(), "who is [EMAIL]?");
    assert_eq!(span["gen_ai.retrieval.documents"].to_string(), r#"[{"id":"people/7","score":0.5}]"#);
}

#[test]
fn content_closures_of_a_step_are_not_called_where_spans_have_no_content() {
    for mode in [ContentCapture::Off, ContentCapture::Events, ContentCapture::Hook] {
        let backend = TracingBackend::new();
        let observer = backend.builder(Role::Client).capture(mode).build().unwrap();
        let step = observer.execute_tool("mail").start();
        step.arguments(|| -> Value { panic!("content is not captured") });
        step.complete();
        assert!(!attributes(&backend.span("execute_tool mail")).contains_key("gen_ai.tool.call.arguments"));
    }
}

#[test]
fn all_content_of_a_step_has_one_limit() {
    let backend = TracingBackend::new();
    let gate = Gate::builder().capture(ContentCapture::Spans).limits(ContentLimits::default().span(300));
    let observer = backend.builder(Role::Client).capture(gate).build().unwrap();
    let step = observer.execute_tool("mail").start();
    step.arguments(|| json!({"text": "word ".repeat(100)}));
    step.result(|| json!({"text": "word ".repeat(100)}));
    step.complete();
    let span = attributes(&backend.span("execute_tool mail"));
    let all = ["gen_ai.tool.call.arguments", "gen_ai.tool.call.result"];
    let lengths = all.map(|name| span.get(name).map_or(0, |value| value.to_string().len()));
    assert!(lengths.iter().sum::<usize>() <= 300, "{lengths:?}");
    assert!(lengths[0] > 250, "{lengths:?}");
}
