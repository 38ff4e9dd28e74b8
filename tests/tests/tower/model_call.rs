//! The description of a model call on the span of its request, for trace viewers that list the first span of a trace.

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use axum::routing::post;
use futures_util::StreamExt;
use futures_util::stream;
use http::StatusCode;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Role;
use llmobs::Usage;
use llmobs::capture::ContentBudget;
use llmobs::capture::ContentCapture;
use llmobs::capture::ContentHook;
use llmobs::capture::ContentLimits;
use llmobs::capture::Gate;
use llmobs::capture::HookPayload;
use llmobs::catalog::Profile;
use llmobs::content::Message;
use llmobs::tower::axum::CurrentObserver;
use llmobs_tests::conventions::Conventions;
use llmobs_tests::conventions::ViolationKind;
use opentelemetry::Value;
use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::SpanData;

use crate::fixture;
use crate::fixture::Client;
use crate::fixture::Fixture;
use crate::fixture::attributes;
use crate::fixture::serve;
use crate::fixture::text;

const EMPTY: &str = "content-length: 0\r\n";

/// Sends one request to a handler behind a layer that describes the model call, and returns the span of the request.
async fn request_span(fixture: &Fixture, handler: axum::routing::MethodRouter) -> SpanData {
    let address = serve(Router::new().route("/chat", handler).layer(fixture.layer().with_model_call())).await;
    fixture::get(address, "POST /chat", EMPTY).await;
    fixture.wait_for_ended(1).await;
    fixture.span("POST /chat")
}

/// Answers a conversation of two messages with the text "red canary".
async fn chat(CurrentObserver(observer): CurrentObserver) -> &'static str {
    let operation = observer.chat("m").start();
    let question = Message::user("and jane@example.org's canary?");
    operation.marker().input(|| vec![Message::user("first canary"), question]);
    operation.marker().output(|| vec![Message::assistant().part("red canary")]);
    operation.marker().usage(Usage::new().input(9).output(2));
    operation.complete();
    "red canary"
}

#[tokio::test]
async fn the_request_has_the_kind_provider_and_model_of_its_call_and_no_tokens() {
    let fixture = Fixture::new();
    let span = request_span(&fixture, post(chat)).await;
    let described = attributes(&span);
    assert_eq!(described["gen_ai.operation.name"], text("chat"));
    assert_eq!(described["gen_ai.provider.name"], attributes(&fixture.span("chat m"))["gen_ai.provider.name"]);
    assert_eq!(described["gen_ai.request.model"], text("m"));
    assert_eq!(described["http.response.status_code"], Value::I64(200));
    assert!(!described.keys().any(|name| name.starts_with("gen_ai.usage.")), "viewers add up all spans: {described:?}");
    assert_eq!(span.status, Status::Unset);
    assert_eq!(attributes(&fixture.span("chat m"))["gen_ai.usage.input_tokens"], Value::I64(9));
}

#[tokio::test]
async fn the_request_has_the_redacted_text_of_the_last_message_and_of_the_answer() {
    let fixture = Fixture::with_gate(ContentCapture::Spans);
    let span = request_span(&fixture, post(chat)).await;
    let described = attributes(&span);
    assert_eq!(described["input.value"], text("and [EMAIL]'s canary?"));
    assert_eq!(described["output.value"], text("red canary"));
    let redactions = fixture.metrics().count("llmobs.self.redactions", &[("llmobs.detector", "email")]);
    assert_eq!(redactions, 1, "content passes the gate once");
    let call = attributes(&fixture.span("chat m"));
    assert!(call["gen_ai.input.messages"].as_str().contains("[EMAIL]") && !call.contains_key("input.value"));
}

#[tokio::test]
async fn a_streamed_answer_and_a_tool_call_are_described_too() {
    let fixture = Fixture::with_gate(ContentCapture::SpansAndEvents);
    let streamed = |CurrentObserver(observer): CurrentObserver| async move {
        let operation = observer.chat("m").start();
        Body::from_stream(operation.observe(stream::iter(["red ", "canary"])).map(Ok::<_, Infallible>))
    };
    let span = request_span(&fixture, post(streamed)).await;
    assert_eq!(attributes(&span)["output.value"], text("red canary"));
    assert!(!attributes(&span).contains_key("input.value"));

    let fixture = Fixture::with_gate(ContentCapture::Spans);
    let calls_tool = |CurrentObserver(observer): CurrentObserver| async move {
        let operation = observer.chat("m").start();
        operation.marker().output_tool_call(0, 0, Some("id-1"), Some("find_canary"), "{}");
        operation.complete();
    };
    let span = request_span(&fixture, post(calls_tool)).await;
    let described = attributes(&span)["output.value"].as_str().into_owned();
    assert!(described.contains(r#""name":"find_canary""#), "a message without text is JSON: {described}");
}

#[derive(Debug)]
struct IgnoringHook;

impl ContentHook for IgnoringHook {
    fn on_content(&self, _: HookPayload) {}
}

#[tokio::test]
async fn content_is_on_the_request_only_where_spans_receive_it() {
    let gates = [
        Gate::from(ContentCapture::Off),
        Gate::from(ContentCapture::Events),
        Gate::builder().capture(ContentCapture::Hook).hook(IgnoringHook).build(),
    ];
    for gate in gates {
        let mode = gate.capture();
        let fixture = Fixture::with_gate(gate);
        let span = request_span(&fixture, post(chat)).await;
        assert_eq!(attributes(&span)["gen_ai.operation.name"], text("chat"), "{mode:?}");
        assert!(!format!("{span:?}").contains("canary"), "{mode:?}: {span:?}");
    }
}

#[tokio::test]
async fn the_limits_and_the_budget_of_content_hold_for_the_request_too() {
    let gate = Gate::builder().capture(ContentCapture::Spans).limits(ContentLimits::default().span(120));
    let fixture = Fixture::with_gate(gate);
    let span = request_span(&fixture, post(long_chat)).await;
    let bytes: usize = ["input.value", "output.value"]
        .into_iter()
        .filter_map(|name| Some(attributes(&span).get(name)?.as_str().len()))
        .sum();
    assert!((1..=120).contains(&bytes), "{bytes}");

    let gate = Gate::builder().capture(ContentCapture::Spans).budget(ContentBudget::new(16));
    let fixture = Fixture::with_gate(gate);
    let span = request_span(&fixture, post(long_chat)).await;
    assert!(!format!("{span:?}").contains("canary"), "{span:?}");
}

async fn long_chat(CurrentObserver(observer): CurrentObserver) {
    let operation = observer.chat("m").start();
    operation.marker().input(|| "canary ".repeat(1_000));
    operation.marker().output(|| vec![Message::assistant().part("canary ".repeat(1_000).as_str())]);
    operation.complete();
}

#[tokio::test]
async fn only_the_first_call_of_a_request_is_described() {
    let fixture = Fixture::with_gate(ContentCapture::Spans);
    let handler = |CurrentObserver(observer): CurrentObserver| async move {
        let first = observer.chat("m").start();
        tokio::task::yield_now().await;
        let second = observer.scope(async { observer.embeddings("m").start() }).await;
        second.fail(ErrorType::Upstream);
        first.marker().output(|| vec![Message::assistant().part("canary")]);
        first.complete();
    };
    let span = request_span(&fixture, post(handler)).await;
    assert_eq!(attributes(&span)["gen_ai.operation.name"], text("chat"));
    assert_eq!(attributes(&span)["output.value"], text("canary"));
    assert_eq!(span.status, Status::Unset, "the failure is that of another call");
}

#[tokio::test]
async fn a_request_without_a_call_has_its_own_state() {
    let fixture = Fixture::new();
    let span = request_span(&fixture, post(|| async { StatusCode::NOT_FOUND })).await;
    assert_eq!(span.status, Status::Unset);
    assert!(!attributes(&span).keys().any(|name| name.starts_with("gen_ai.")));
    let fixture = Fixture::new();
    let span = request_span(&fixture, post(|| async { StatusCode::BAD_GATEWAY })).await;
    assert_eq!(attributes(&span)["error.type"], text("502"));
    assert_eq!(span.status, Status::error(""));
}

#[tokio::test]
async fn a_rejected_call_is_an_error_of_its_request() {
    let handler = |CurrentObserver(observer): CurrentObserver| async move {
        observer.chat("m").start().reject(ErrorType::RateLimited);
        StatusCode::TOO_MANY_REQUESTS
    };
    let fixture = Fixture::new();
    let span = request_span(&fixture, post(handler)).await;
    assert_error(&fixture, &span, ErrorType::RateLimited);
    assert_eq!(attributes(&span)["http.response.status_code"], Value::I64(429));
    assert!(!fixture.labels().contains_key("error_type"), "the metric follows the HTTP conventions");
}

#[tokio::test]
async fn a_call_that_fails_in_its_stream_after_200_is_an_error_of_its_request() {
    let handler = |CurrentObserver(observer): CurrentObserver| async move {
        let operation = observer.chat("m").start();
        let items = stream::iter([Ok("red"), Err(ErrorType::Inference)]);
        let observed = operation.observe_with(items, |item| match item {
            Ok(_) => Chunk::tokens(1),
            Err(error) => Chunk::failed(*error),
        });
        // The caller receives a complete answer of HTTP, whose last event reports the failure.
        Body::from_stream(observed.map(|item| Ok::<_, Infallible>(item.unwrap_or("failed"))))
    };
    let fixture = Fixture::new();
    let span = request_span(&fixture, post(handler)).await;
    assert_error(&fixture, &span, ErrorType::Inference);
}

#[tokio::test]
async fn a_call_whose_caller_left_is_an_error_of_its_request() {
    let fixture = Fixture::with_gate(ContentCapture::Spans);
    let handler = |CurrentObserver(observer): CurrentObserver| async move {
        let operation = observer.chat("m").start();
        let items = stream::iter(["canary"]).chain(stream::once(std::future::pending()));
        Body::from_stream(operation.observe(items).map(Ok::<_, Infallible>))
    };
    let address = serve(Router::new().route("/chat", get(handler)).layer(fixture.layer().with_model_call())).await;
    let mut client = Client::connect(address).await;
    client.send("GET /chat", "").await;
    client.read_until("canary").await;
    drop(client);
    fixture.wait_for_ended(1).await;
    let span = fixture.span("GET /chat");
    assert_error(&fixture, &span, ErrorType::Cancelled);
    assert_eq!(attributes(&span)["output.value"], text("canary"));
}

/// Asserts that a request and its call have this error type and the status Error.
fn assert_error(fixture: &Fixture, span: &SpanData, error: ErrorType) {
    for span in [span, &fixture.span("chat m")] {
        assert_eq!(attributes(span)["error.type"], text(error.as_str()));
        assert_eq!(span.status, Status::error(error.description()));
    }
}

#[tokio::test]
async fn off_by_default_and_on_request_only_these_attributes_differ_from_the_conventions() {
    let fixture = Fixture::with_gate(ContentCapture::Spans);
    let address = serve(Router::new().route("/chat", post(chat)).layer(fixture.layer())).await;
    fixture::get(address, "POST /chat", EMPTY).await;
    fixture.wait_for_ended(1).await;
    // `only_request_span` panics at a difference from the conventions.
    let by_conventions: BTreeSet<_> = attributes(&fixture.only_request_span()).into_keys().collect();

    let fixture = Fixture::with_gate(ContentCapture::Spans);
    let span = request_span(&fixture, post(chat)).await;
    let described: BTreeSet<_> = attributes(&span).into_keys().collect();
    let added: Vec<_> = described.difference(&by_conventions).map(String::as_str).collect();
    let expected =
        ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "input.value", "output.value"];
    assert_eq!(added, expected);
    let violations = Conventions::new(Profile::V1_41).check_span(&span.into());
    let names: BTreeSet<_> = violations
        .iter()
        .map(|violation| match &violation.kind {
            ViolationKind::Misplaced(name) | ViolationKind::UnknownAttribute(name) => name.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(Vec::from_iter(names), expected);
}

#[tokio::test]
async fn a_provider_that_is_known_late_is_set_once_on_the_request() {
    let gateway = Observer::builder().role(Role::Gateway).build().unwrap();
    let fixture = Fixture::with_gate(ContentCapture::Spans);
    let handler = move || async move {
        let operation = gateway.chat("pool").start();
        operation.marker().provider("anthropic");
        operation.complete();
    };
    let address = serve(Router::new().route("/chat", post(handler)).layer(fixture.layer().with_model_call())).await;
    fixture::get(address, "POST /chat", EMPTY).await;
    let request = attributes(&fixture.span("POST /chat"));
    assert_eq!(request["gen_ai.provider.name"], text("anthropic"));
    assert_eq!(request["gen_ai.request.model"], text("pool"));
}

#[tokio::test]
async fn a_request_of_an_unsampled_trace_is_not_described() {
    let fixture = Fixture::with_gate(ContentCapture::Spans);
    let address = serve(Router::new().route("/chat", post(chat)).layer(fixture.layer().with_model_call())).await;
    let unsampled = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00\r\n";
    fixture::get(address, "POST /chat", &format!("{EMPTY}{unsampled}")).await;
    fixture.wait_for_ended(1).await;
    assert!(fixture.spans().is_empty());
}
