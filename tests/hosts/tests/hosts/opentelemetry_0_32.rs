//! axum 0.8 with OpenTelemetry 0.32, `tracing-opentelemetry` 0.33 and a span of its own for each request, so that llmobs
//! creates no span of requests.

use std::collections::HashMap;
use std::future::IntoFuture;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware::Next;
use axum::middleware::from_fn;
use axum::routing::post;
use axum_0_8 as axum;
use bridge_0_33 as tracing_opentelemetry;
use bytes::Bytes;
use http::Response;
use http::StatusCode;
use llmobs::BuildError;
use llmobs::Observer;
use llmobs::Role;
use llmobs::otel::SpanIds;
use llmobs::prometheus::Endpoint;
use llmobs::tower::ServerLayer;
use llmobs_hosts_tests::caller::Caller;
use llmobs_hosts_tests::span_exporter;
use llmobs_hosts_tests::spans::Spans;
use llmobs_hosts_tests::telemetry::assert_log;
use llmobs_hosts_tests::telemetry::assert_page;
use llmobs_hosts_tests::telemetry::assert_spans;
use llmobs_hosts_tests::upstream::Upstream;
use llmobs_tests::callsites::ask_every_subscriber;
use llmobs_tests::text_buffer::TextBuffer;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use otel_0_32 as opentelemetry;
use sdk_0_32 as opentelemetry_sdk;
use tokio::net::TcpListener;
use tracing::Instrument;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

use crate::forward::Gateway;

async fn chat(State(gateway): State<Gateway>, body: Bytes) -> Result<Response<Body>, StatusCode> {
    Ok(gateway.forward(body).await?.map(Body::new))
}

fn routes(gateway: Gateway) -> Result<Router, BuildError> {
    let observer = Observer::builder().role(Role::Gateway).provider("tiny-server").model("tiny"); // llmobs
    let observer = observer.span_ids(ids).build()?; // llmobs
    let routes = Router::new()
        .route("/v1/chat/completions", post(chat))
        .with_state(gateway)
        .layer(ServerLayer::new(observer.clone()).without_spans()) // llmobs
        .layer(from_fn(request_span))
        .route_service("/metrics", Endpoint::new(observer)); // llmobs
    Ok(routes)
}

fn ids(span: &tracing::Span) -> Option<SpanIds> {
    let context = span.context(); // llmobs
    let ids = context.span().span_context().clone(); // llmobs
    Some(SpanIds::new(ids.trace_id().to_bytes(), ids.span_id().to_bytes(), ids.is_sampled())) // llmobs
}

/// The host's own span of a request, in the trace of the caller.
async fn request_span(request: Request, next: Next) -> Response<Body> {
    let span = tracing::info_span!("request", path = request.uri().path());
    let parent = request.headers().get("traceparent").and_then(|parent| parent.to_str().ok()).unwrap_or_default();
    let headers = HashMap::from([("traceparent".to_owned(), parent.to_owned())]);
    let _ = span.set_parent(TraceContextPropagator::new().extract(&headers));
    next.run(request).instrument(span).await
}

span_exporter!(opentelemetry, opentelemetry_sdk);

/// The host's own subscriber: spans to its exporter, events to its log.
fn subscriber(spans: &Spans, log: TextBuffer) -> impl Subscriber + use<> {
    let provider = SdkTracerProvider::builder().with_simple_exporter(Exporter(spans.clone())).build();
    tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("gateway")))
        .with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(move || log.clone()))
}

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, routes).into_future());
    address
}

#[tokio::test]
async fn the_spans_of_calls_are_below_the_spans_of_the_host() {
    ask_every_subscriber();
    let (spans, log) = (Spans::default(), TextBuffer::default());
    let _subscriber = tracing::subscriber::set_default(subscriber(&spans, log.clone()));
    let upstream = Upstream::start().await;
    let caller = Caller::new(serve(routes(Gateway::new(upstream.url())).unwrap()).await);

    caller.make_calls().await;

    assert_page(&caller.page_after(4).await, "/v1/chat/completions");
    assert_log(&log);
    assert_spans(&spans, "request");
    assert!(spans.named("POST /v1/chat/completions").is_empty(), "one span for each request");
}
