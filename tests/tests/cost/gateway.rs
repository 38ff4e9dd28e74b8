//! The costs of calls that pass through the gateway layer, and the budget that denies them.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::Request;
use http::Response;
use http_body_util::BodyExt;
use http_body_util::Full;
use llmobs::Observer;
use llmobs::cost::Budget;
use llmobs::cost::Budgets;
use llmobs::cost::Usd;
use llmobs::gateway::GatewayLayer;
use llmobs::gateway::RequestBody;
use llmobs::testing::Readings;
use tower::ServiceBuilder;
use tower::ServiceExt;

use crate::fixture::builder;
use crate::fixture::cost;
use crate::fixture::nanos;

/// An answer of 100 input tokens, of which 40 were read from a cache, and 10 output tokens, that has no other price than
/// that of its usage.
const ANSWER: &str = r#"{"id":"c1","object":"chat.completion","model":"small","choices":[{"index":0,"message":{"role":"assistant","content":"Noon."},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":10,"total_tokens":110,"prompt_tokens_details":{"cached_tokens":40}}}"#;

/// The same as a stream.
const STREAM: &str = concat!(
    r#"data: {"id":"c1","object":"chat.completion.chunk","model":"small","choices":[{"index":0,"delta":{"content":"Noon."},"finish_reason":"stop"}]}"#,
    "\n\n",
    r#"data: {"id":"c1","object":"chat.completion.chunk","model":"small","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":10,"total_tokens":110,"prompt_tokens_details":{"cached_tokens":40}}}"#,
    "\n\ndata: [DONE]\n\n",
);

/// The cost of the answer: 60 tokens at 1,000, 40 at 100 and 10 at 4,000 nano-dollars.
const COST: u64 = 60 * 1_000 + 40 * 100 + 10 * 4_000;

/// Sends a request through the layer, and returns the response with its body. `calls` counts those of the inner service.
async fn send(layer: &GatewayLayer, body: &str, calls: &Arc<AtomicU64>) -> (Response<()>, String) {
    let is_stream = body.contains("stream");
    let calls = Arc::clone(calls);
    let upstream = tower::service_fn(move |_: Request<RequestBody<Full<Bytes>>>| {
        calls.fetch_add(1, Ordering::Relaxed);
        let (kind, answer) = if is_stream { ("text/event-stream", STREAM) } else { ("application/json", ANSWER) };
        let response =
            Response::builder().header("content-type", kind).body(Full::new(Bytes::from_static(answer.as_bytes())));
        async move { Ok::<_, Infallible>(response.unwrap()) }
    });
    let request = Request::post("/v1/chat/completions").body(Full::new(Bytes::from(body.to_owned()))).unwrap();
    let response = ServiceBuilder::new().layer(layer.clone()).service(upstream).oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let text = body.collect().await.unwrap().to_bytes();
    (Response::from_parts(head, ()), String::from_utf8(text.to_vec()).unwrap())
}

fn rejected(observer: &Observer) -> u64 {
    Readings::new(observer).count("llmobs.operation.ended", &[("error.type", "budget_exceeded")])
}

#[tokio::test]
async fn a_gateway_prices_streams_and_answers_and_denies_once_its_budget_is_exhausted() {
    let budget = Budget::new("day", Usd::from_nanos(2 * COST)).deny();
    let observer = builder().budgets(Budgets::new().add(budget)).build().unwrap();
    let layer = GatewayLayer::new(observer.clone()).deny_over_budget();
    let calls = Arc::default();
    for body in [r#"{"model":"small","stream":true}"#, r#"{"model":"small"}"#] {
        let (head, _) = send(&layer, body, &calls).await;
        assert_eq!(head.status(), 200);
    }
    assert_eq!(cost(&observer, &[("llmobs_cost_quality", "exact")]), 2 * COST);
    assert_eq!(nanos(&observer, "llmobs.budget.usage.usd", &[]), 2 * COST);

    let (head, body) = send(&layer, r#"{"model":"small"}"#, &calls).await;
    assert_eq!(head.status(), 429);
    // From noon to midnight.
    assert_eq!(head.headers()["retry-after"], "43200");
    assert_eq!(head.headers()["content-type"], "application/json");
    let error: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(error["error"]["code"], "budget_exceeded");
    assert!(!body.contains("day"), "the client need not know the budget: {body}");
    assert_eq!((calls.load(Ordering::Relaxed), rejected(&observer)), (2, 1));

    let (head, _) = send(&GatewayLayer::new(observer.clone()), r#"{"model":"small"}"#, &calls).await;
    assert_eq!((head.status().as_u16(), calls.load(Ordering::Relaxed)), (200, 3), "only by choice");
    assert_eq!(cost(&observer, &[]), 3 * COST);
}
