//! The parents of spans.

use std::thread;

use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Role;
use llmobs::Usage;
use llmobs::semconv::value::AttemptKind;
use llmobs::semconv::value::CacheKind;
use llmobs::semconv::value::CacheResult;
use opentelemetry::Value;
use opentelemetry::trace::SpanId;
use opentelemetry::trace::SpanKind;
use opentelemetry::trace::Status;

use llmobs_tests::tracing_backend::MODEL;
use llmobs_tests::tracing_backend::TracingBackend;
use llmobs_tests::tracing_backend::attributes;
use llmobs_tests::tracing_backend::between;
use llmobs_tests::tracing_backend::span_id;
use llmobs_tests::tracing_backend::text;

#[tokio::test]
async fn a_request_can_be_followed_through_its_steps() {
    let backend = TracingBackend::new();
    let observer = backend.observer(Role::Client);
    let http = tracing::info_span!("POST /ask", otel.kind = "server");
    tracing::Instrument::instrument(ask(&observer), http).await;

    let span = |name: &str| backend.span(name);
    let root = span("POST /ask");
    assert_eq!((root.parent_span_id, root.span_kind.clone()), (SpanId::INVALID, SpanKind::Server));
    let workflow = span("invoke_workflow answer");
    let mut chats = backend.spans();
    chats.retain(|span| span.name.starts_with("chat"));
    chats.sort_by_key(|span| span.start_time);
    let [first, second] = &chats[..] else { panic!("{:?}", backend.names()) };
    for (child, parent, kind) in [
        (&workflow, &root, SpanKind::Internal),
        (&span("retrieval handbook"), &workflow, SpanKind::Client),
        (&span("search chunks"), &span("retrieval handbook"), SpanKind::Client),
        (first, &workflow, SpanKind::Client),
        (&span("execute_tool get_weather"), &workflow, SpanKind::Internal),
        (second, &workflow, SpanKind::Client),
    ] {
        assert_eq!(child.parent_span_id, span_id(parent), "{} is under {}", child.name, parent.name);
        assert_eq!(child.span_kind, kind, "{}", child.name);
        assert_eq!(child.span_context.trace_id(), root.span_context.trace_id());
        between(parent.start_time, child.start_time);
        between(child.end_time, parent.end_time);
    }
    between(span("retrieval handbook").end_time, first.start_time);
    between(first.end_time, span("execute_tool get_weather").start_time);
    between(span("execute_tool get_weather").end_time, second.start_time);
    let found = attributes(&span("search chunks"));
    assert_eq!(found["db.system.name"], text("qdrant"));
    assert_eq!(found["db.operation.name"], text("search"));
    assert_eq!(found["db.collection.name"], text("chunks"));
}

async fn ask(observer: &Observer) {
    let workflow = observer.invoke_workflow("answer").start();
    workflow
        .run(async {
            let retrieval = observer.retrieval("handbook").top_k(4).start();
            retrieval
                .run(async {
                    let query = observer.database("qdrant", "search", "chunks").start();
                    query.run(tokio::task::yield_now()).await;
                    query.complete();
                })
                .await;
            retrieval.complete();
            let chat = observer.chat(MODEL).start();
            chat.run(tokio::task::yield_now()).await;
            chat.complete();
            let tool = observer.execute_tool("get_weather").kind("function").call_id("call_1").start();
            tool.run(tokio::task::yield_now()).await;
            tool.complete();
            let chat = observer.chat(MODEL).start();
            chat.run(tokio::task::yield_now()).await;
            chat.complete();
        })
        .await;
    workflow.complete();
}

#[test]
fn spans_in_scope_are_under_the_operation_on_any_thread() {
    let backend = TracingBackend::new();
    let operation = backend.observer(Role::Server).chat(MODEL).start();
    operation.in_scope(|| drop(tracing::info_span!("tokenize").entered()));
    let span = operation.span();
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    thread::spawn(move || {
        tracing::dispatcher::with_default(&dispatch, || {
            span.in_scope(|| drop(tracing::info_span!("forward").entered()));
        });
    })
    .join()
    .unwrap();
    operation.complete();
    let parent = backend.span(&format!("chat {MODEL}"));
    for name in ["tokenize", "forward"] {
        assert_eq!(backend.span(name).parent_span_id, span_id(&parent), "{name}");
    }
}

#[tokio::test]
async fn a_stream_that_is_entered_has_its_spans_under_the_operation() {
    use futures_util::StreamExt;
    for entered in [false, true] {
        let backend = TracingBackend::new();
        let tokens = futures_util::stream::iter([1_u32]).inspect(|_| drop(tracing::info_span!("sample").entered()));
        let stream = backend.observer(Role::Server).chat(MODEL).start().observe_with(tokens, |n| *n);
        let stream = if entered { stream.in_span() } else { stream };
        stream.count().await;
        let expected = if entered { span_id(&backend.span(&format!("chat {MODEL}"))) } else { SpanId::INVALID };
        assert_eq!(backend.span("sample").parent_span_id, expected, "entered: {entered}");
    }
}

#[test]
fn attempts_are_under_their_operation_and_each_links_to_the_one_before() {
    let backend = TracingBackend::new();
    let operation = backend.observer(Role::Client).chat(MODEL).start();
    let first = operation.start_attempt(AttemptKind::First);
    first.fail(ErrorType::Upstream);
    let retry = operation.start_attempt(AttemptKind::Retry);
    retry.complete();
    operation.complete();
    let parent = backend.span(&format!("chat {MODEL}"));
    let mut attempts = backend.spans();
    attempts.retain(|span| span.name == "attempt");
    let [first, retry] = &attempts[..] else { panic!("{:?}", backend.names()) };
    assert_eq!([first.parent_span_id, retry.parent_span_id], [span_id(&parent); 2]);
    assert_eq!(attributes(first)["error.type"], text("upstream"));
    assert!(matches!(first.status, Status::Error { .. }));
    assert_eq!(attributes(retry)["llmobs.attempt.kind"], text("retry"));
    assert_eq!(retry.links.iter().map(|link| link.span_context.span_id()).collect::<Vec<_>>(), [span_id(first)]);
    assert!(
        !attributes(&parent).contains_key("error.type"),
        "the error of a superseded attempt is not on the operation"
    );
}

#[test]
fn agents_have_the_attributes_of_the_conventions() {
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Client).provider(llmobs::Provider::OpenAi).build().unwrap();
    observer.create_agent("planner").id("asst_1").version("2").model("gpt-4o").start().complete();
    let agent = observer.invoke_agent("planner").conversation("conv_1").start();
    agent.usage(Usage::new().input(10).output(20));
    agent.complete();
    observer.invoke_agent("remote").provider(&llmobs::Provider::OpenAi).start().complete();
    let created = backend.span("create_agent planner");
    assert_eq!(created.span_kind, SpanKind::Client);
    assert_eq!(attributes(&created)["gen_ai.provider.name"], text("openai"));
    let invoked = backend.span("invoke_agent planner");
    assert_eq!(invoked.span_kind, SpanKind::Internal);
    let found = attributes(&invoked);
    assert_eq!(found["gen_ai.usage.output_tokens"], Value::I64(20));
    assert_eq!(found["gen_ai.conversation.id"], text("conv_1"));
    assert_eq!(found["gen_ai.provider.name"], text("openai"), "v1.41 requires it for agents in this process too");
    assert_eq!(backend.span("invoke_agent remote").span_kind, SpanKind::Client);
}

#[test]
fn a_cache_lookup_records_its_result() {
    let backend = TracingBackend::new();
    let observer = backend.observer(Role::Gateway);
    let lookup = observer.database("redis", "GET", "answers").cache(CacheKind::Exact).server("127.0.0.1", 6379).start();
    lookup.cache_result(CacheResult::Hit);
    lookup.complete();
    let found = attributes(&backend.span("GET answers"));
    assert_eq!(found["llmobs.cache.kind"], text("exact"));
    assert_eq!(found["llmobs.cache.result"], text("hit"));
    assert_eq!(found["server.port"], Value::I64(6379));
}

#[test]
fn a_step_that_is_dropped_was_cancelled() {
    let backend = TracingBackend::new();
    drop(backend.observer(Role::Client).execute_tool("slow").start());
    let span = backend.span("execute_tool slow");
    assert_eq!(attributes(&span)["error.type"], text("cancelled"));
    assert_eq!(span.status, Status::error("the caller left before the end"));
}
