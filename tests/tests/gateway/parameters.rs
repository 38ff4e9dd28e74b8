//! The operation, model and parameters of a call, and what the inner service can do with its operation.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::BodyExt;
use http_body_util::StreamBody;
use llmobs::Marker;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::Provider;
use llmobs::Role;
use llmobs::clock::Clock;
use llmobs::gateway::GatewayLayer;
use llmobs::gateway::ModelEndpoint;
use llmobs::semconv::value::AttemptKind;
use llmobs::semconv::value::OperationName;
use llmobs::sse::Dialect;
use llmobs::testing::Readings;
use opentelemetry::Value;

use crate::fixture::Fixture;
use crate::fixture::post;
use crate::fixture::read;
use crate::fixture::response_of;

const OK: &str = r#"{"choices":[{"finish_reason":"stop"}],"candidates":[{"finishReason":"STOP"}],"type":"message","stop_reason":"end_turn","done":true}"#;

fn ok() -> http::Response<crate::fixture::ScriptedBody> {
    response_of(200, "application/json", vec![Ok(OK.as_bytes().to_vec())])
}

#[tokio::test]
async fn path_and_body_determine_the_operation_the_model_and_the_parameters() {
    for (path, body, span, max_tokens, stream) in [
        (
            "/v1/chat/completions",
            r#"{"model":"gpt-4","max_completion_tokens":7,"stream":false}"#,
            "chat gpt-4",
            7,
            false,
        ),
        ("/v1/completions", r#"{"model":"davinci","max_tokens":7}"#, "text_completion davinci", 7, false),
        ("/v1/responses", r#"{"model":"o3","max_output_tokens":7}"#, "chat o3", 7, false),
        ("/v1/messages", r#"{"model":"claude","max_tokens":7}"#, "chat claude", 7, false),
        (
            "/v1beta/models/gemini-2.5:generateContent",
            r#"{"generationConfig":{"maxOutputTokens":7}}"#,
            "generate_content gemini-2.5",
            7,
            false,
        ),
        ("/api/chat", r#"{"model":"llama3","options":{"num_predict":7},"stream":false}"#, "chat llama3", 7, false),
        ("/openai/deployments/gpt/chat/completions", r#"{"max_tokens":7}"#, "chat gpt", 7, false),
    ] {
        let fixture = Fixture::new();
        let response = fixture.answer(fixture.layer(), post(path, body), ok()).await;
        read(response.into_body()).await;
        let (_, attributes) = fixture.span(span);
        assert_eq!(attributes["gen_ai.request.max_tokens"], Value::I64(max_tokens), "{path}");
        assert_eq!(attributes.get("gen_ai.request.stream") == Some(&Value::Bool(true)), stream, "{path}");
        assert_eq!(fixture.books().completed, 1, "{path}");
    }
}

#[tokio::test]
async fn other_requests_pass_unobserved() {
    let fixture = Fixture::new();
    let get = http::Request::get("/v1/chat/completions").body(crate::fixture::body_of(vec![])).unwrap();
    for request in [get, post("/v1/models", "{}"), post("/v1/messages/count_tokens", "{}")] {
        let response = fixture.answer(fixture.layer(), request, ok()).await;
        assert_eq!(read(response.into_body()).await, OK.as_bytes());
    }
    assert_eq!(fixture.books().started, 0);
}

#[tokio::test]
async fn an_application_names_its_own_endpoints_and_their_providers() {
    let fixture = Fixture::new();
    let layer = fixture.layer().endpoint(|request| {
        let endpoint = ModelEndpoint::new(OperationName::Chat, Dialect::Anthropic);
        (request.uri.path() == "/ask").then(|| endpoint.provider(Provider::Anthropic).model("default"))
    });
    let response = fixture.answer(layer, post("/ask", "{}"), ok()).await;
    read(response.into_body()).await;
    let (_, attributes) = fixture.span("chat default");
    assert_eq!(attributes["gen_ai.provider.name"], Value::from("anthropic"));
}

#[tokio::test]
async fn the_service_records_a_retry_and_an_error_on_the_marker_of_the_request() {
    let fixture = Fixture::new();
    let response = fixture
        .send(fixture.layer(), post("/v1/chat/completions", r#"{"model":"m"}"#), |request| async move {
            let marker = request.extensions().get::<Marker>().unwrap();
            marker.record_attempt(AttemptKind::Retry);
            marker.set_error(llmobs::ErrorType::Timeout);
            response_of(502, "text/plain", vec![])
        })
        .await;
    read(response.into_body()).await;
    let attempts = |kind| fixture.readings().count("llmobs.operation.attempts", &[("llmobs.attempt.kind", kind)]);
    assert_eq!((attempts("first"), attempts("retry")), (1, 1));
    assert_eq!(fixture.readings().count("llmobs.operation.ended", &[("error.type", "timeout")]), 1);
}

#[tokio::test]
async fn the_service_records_a_fallback_to_another_provider_and_model() {
    async fn fall_back() {
        let marker = Operation::current();
        marker.provider(Provider::Anthropic);
        marker.model("claude");
        marker.record_attempt(AttemptKind::Fallback);
    }
    let fixture = Fixture::new();
    let layer = fixture.layer().late_provider();
    let request = post("/v1/chat/completions", r#"{"model":"m"}"#);
    let response = fixture.send(layer, request, |_| async {
        tokio::task::yield_now().await;
        fall_back().await;
        ok()
    });
    read(response.await.into_body()).await;
    let (_, attributes) = fixture.span("chat m");
    assert_eq!(attributes["gen_ai.provider.name"], Value::from("anthropic"));
    assert_eq!(attributes["gen_ai.response.model"], Value::from("claude"));
    let readings = fixture.readings();
    let [start, end] = [("openai", "m"), ("anthropic", "claude")]
        .map(|(provider, model)| [("gen_ai.provider.name", provider), ("gen_ai.request.model", model)]);
    assert_eq!(readings.histogram("gen_ai.client.operation.duration", &end).count, 1);
    assert_eq!(readings.count("llmobs.operation.attempts", &end), 1);
    assert_eq!(readings.count("llmobs.operation.ended", &start), 1, "the books close under the names of the start");
    assert_eq!(fixture.log()["gen_ai.provider.name"], "anthropic");
}

#[tokio::test]
async fn the_service_runs_in_the_span_of_the_operation() {
    let fixture = Fixture::new();
    let response = fixture
        .send(fixture.layer(), post("/v1/chat/completions", r#"{"model":"m"}"#), |mut request| async move {
            tokio::task::yield_now().await;
            llmobs::tower::inject(&mut request);
            let mut response = ok();
            response.headers_mut().insert("x-trace", request.headers()["traceparent"].clone());
            response
        })
        .await;
    let trace = response.headers()["x-trace"].to_str().unwrap().to_owned();
    read(response.into_body()).await;
    let (span, _) = fixture.span("chat m");
    assert_eq!(trace.split('-').nth(2), Some(span.span_context.span_id().to_string().as_str()));
}

#[tokio::test]
async fn the_operation_starts_at_the_arrival_of_the_request_and_not_of_its_body() {
    let fixture = Fixture::new();
    let (clock, hand) = Clock::manual();
    let observer = Observer::builder().role(Role::Gateway).clock(clock).build().unwrap();
    let slow = stream::once(async move {
        hand.advance(Duration::from_secs(2));
        Ok(Frame::data(Bytes::from_static(br#"{"model":"m"}"#)))
    });
    let request = http::Request::post("/v1/chat/completions").body(StreamBody::new(slow).boxed_unsync()).unwrap();
    let response = fixture.answer(GatewayLayer::new(observer.clone()), request, ok()).await;
    read(response.into_body()).await;
    let readings = Readings::new(&observer);
    assert_eq!(readings.histogram("gen_ai.client.operation.duration", &[]).sum, 2.0);
}
