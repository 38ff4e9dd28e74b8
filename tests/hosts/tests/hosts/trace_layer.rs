//! axum 0.8 with the `TraceLayer` of tower-http, outside and inside the layer of llmobs.

use std::future::IntoFuture;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::post;
use axum_0_8 as axum;
use bytes::Bytes;
use http::Response;
use http::StatusCode;
use llmobs::Observer;
use llmobs::Role;
use llmobs::prometheus::Endpoint;
use llmobs::tower::ServerLayer;
use llmobs_hosts_tests::caller::Caller;
use llmobs_hosts_tests::caller::TRACE;
use llmobs_hosts_tests::telemetry::assert_log;
use llmobs_hosts_tests::telemetry::assert_page;
use llmobs_hosts_tests::telemetry::assert_spans;
use llmobs_hosts_tests::upstream::Upstream;
use tokio::net::TcpListener;
use tower_http::classify::ServerErrorsAsFailures;
use tower_http::classify::SharedClassifier;
use tower_http::trace::DefaultMakeSpan;
use tower_http::trace::TraceLayer;
use tracing::Level;

use crate::forward::Gateway;
use crate::subscriber::Telemetry;
use crate::subscriber::subscribe;

async fn chat(State(gateway): State<Gateway>, body: Bytes) -> Result<Response<Body>, StatusCode> {
    Ok(gateway.forward(body).await?.map(Body::new))
}

fn observer() -> Observer {
    let observer = Observer::builder().role(Role::Gateway).provider("tiny-server").model("tiny"); // llmobs
    observer.build().expect("valid settings") // llmobs
}

/// The better order: the layer of llmobs is the outer one, so the spans of both layers are in the trace of the caller.
fn outer(gateway: Gateway) -> Router {
    let observer = observer(); // llmobs
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .with_state(gateway)
        .layer(trace_layer())
        .layer(ServerLayer::new(observer.clone())) // llmobs
        .route_service("/metrics", Endpoint::new(observer)) // llmobs
}

/// The other order. `TraceLayer` reads no headers, so its span is in another trace.
fn inner(gateway: Gateway) -> Router {
    let observer = observer();
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .with_state(gateway)
        .layer(ServerLayer::new(observer.clone()))
        .layer(trace_layer())
        .route_service("/metrics", Endpoint::new(observer))
}

fn trace_layer() -> TraceLayer<SharedClassifier<ServerErrorsAsFailures>> {
    TraceLayer::new_for_http().make_span_with(DefaultMakeSpan::new().level(Level::INFO))
}

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, routes).into_future());
    address
}

async fn calls_of(routes: impl FnOnce(Gateway) -> Router) -> Telemetry {
    let telemetry = subscribe();
    let upstream = Upstream::start().await;
    let caller = Caller::new(serve(routes(Gateway::new(upstream.url()))).await);
    caller.make_calls().await;
    assert_page(&caller.page_after(4).await, "/v1/chat/completions");
    telemetry
}

#[tokio::test]
async fn inside_the_layer_of_llmobs_the_spans_of_both_are_in_the_trace_of_the_caller() {
    let telemetry = calls_of(outer).await;
    assert_log(&telemetry.log);
    for outcome in ["completed", "rejected", "failed", "cancelled"] {
        let call = telemetry.spans.call(outcome);
        let own = telemetry.spans.with_id(&call.parent_id);
        assert_eq!((&*own.name, &*own.trace_id), ("request", TRACE));
        assert_eq!(telemetry.spans.with_id(&own.parent_id).name, "POST /v1/chat/completions");
    }
}

#[tokio::test]
async fn outside_the_layer_of_llmobs_its_span_is_in_another_trace_and_the_calls_are_not() {
    let telemetry = calls_of(inner).await;
    assert_log(&telemetry.log);
    assert_spans(&telemetry.spans, "POST /v1/chat/completions");
    let own = telemetry.spans.named("request");
    assert_eq!(own.len(), 4);
    assert!(own.iter().all(|span| span.trace_id != TRACE));
}
