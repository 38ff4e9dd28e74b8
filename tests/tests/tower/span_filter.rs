//! Requests without a span: their metrics, and the trace of their model call.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use axum::routing::post;
use http::HeaderName;
use llmobs::tower::axum::CurrentObserver;
use opentelemetry::trace::SpanId;
use opentelemetry::trace::SpanKind;
use opentelemetry::trace::TraceId;

use crate::fixture;
use crate::fixture::Fixture;
use crate::fixture::serve;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
const TRACE_HEADER: HeaderName = HeaderName::from_static("x-trace-id");

fn traceparent(flags: &str) -> String {
    format!("content-length: 0\r\ntraceparent: 00-{TRACE}-{PARENT}-{flags}\r\n")
}

/// Returns routes with one model call, 250 ms after the arrival of the request, and one route without.
fn routes(fixture: &Fixture) -> Router {
    let manual_clock = fixture.manual_clock.clone();
    let chat = move |CurrentObserver(observer): CurrentObserver| async move {
        manual_clock.advance(Duration::from_millis(250));
        tokio::task::yield_now().await;
        observer.chat("m").start().complete();
    };
    Router::new().route("/chat", post(chat)).route("/healthz", get(|| async {}))
}

#[tokio::test]
async fn without_spans_the_call_is_a_child_of_the_callers_span() {
    let fixture = Fixture::new();
    let address = serve(routes(&fixture).layer(fixture.layer().without_spans())).await;
    fixture::get(address, "POST /chat", &traceparent("01")).await;
    fixture.wait_for_ended(1).await;
    let call = fixture.span("chat m");
    assert_eq!(call.span_context.trace_id(), TraceId::from_hex(TRACE).unwrap());
    assert_eq!(call.parent_span_id, SpanId::from_hex(PARENT).unwrap());
    assert!(call.parent_span_is_remote);
    assert!(fixture.request_spans().is_empty());
}

#[tokio::test]
async fn without_spans_the_metrics_and_the_arrival_of_a_request_are_recorded() {
    let fixture = Fixture::new();
    let address = serve(routes(&fixture).layer(fixture.layer().without_spans())).await;
    fixture::get(address, "POST /chat", "content-length: 0\r\n").await;
    fixture.wait_for_ended(1).await;
    assert_eq!(fixture.active_requests(), 0);
    let request = fixture.metrics().histogram(fixture::DURATION, &[("http.route", "/chat")]);
    let call = fixture.metrics().histogram("gen_ai.server.request.duration", &[]);
    assert_eq!((request.count, request.sum.to_bits()), (1, 0.25_f64.to_bits()));
    assert_eq!((call.count, call.sum.to_bits()), (1, 0.25_f64.to_bits()), "it began when the request arrived");
}

#[tokio::test]
async fn without_spans_the_callers_sampling_decision_is_kept() {
    let fixture = Fixture::new();
    let address = serve(routes(&fixture).layer(fixture.layer().without_spans())).await;
    fixture::get(address, "POST /chat", &traceparent("00")).await;
    fixture.wait_for_ended(1).await;
    assert!(fixture.spans().is_empty());
    fixture::get(address, "POST /chat", "content-length: 0\r\n").await;
    fixture.wait_for_ended(2).await;
    assert_eq!(fixture.span("chat m").parent_span_id, SpanId::INVALID, "without a caller's trace the call begins one");
}

#[tokio::test]
async fn without_spans_the_trace_header_has_the_trace_of_the_call_or_of_the_caller() {
    let fixture = Fixture::new();
    let layer = fixture.layer().without_spans().with_trace_header(TRACE_HEADER);
    let address = serve(routes(&fixture).layer(layer)).await;
    let of_call = fixture::get(address, "POST /chat", "content-length: 0\r\n").await;
    fixture.wait_for_ended(1).await;
    let expected = format!("x-trace-id: {}\r\n", fixture.span("chat m").span_context.trace_id());
    assert!(of_call.contains(&expected), "{of_call}");
    let of_caller = fixture::get(address, "GET /healthz", &traceparent("01")).await;
    assert!(of_caller.contains(&format!("x-trace-id: {TRACE}\r\n")), "{of_caller}");
    let of_none = fixture::get(address, "GET /healthz", "").await;
    assert!(!of_none.contains("x-trace-id"), "{of_none}");
}

#[tokio::test]
async fn a_filter_selects_the_requests_that_have_a_span() {
    let fixture = Fixture::new();
    let layer = fixture.layer().span_filter(|request| request.uri.path() != "/healthz");
    let address = serve(routes(&fixture).layer(layer)).await;
    for line in ["GET /healthz", "POST /chat", "GET /healthz?verbose"] {
        fixture::get(address, line, "content-length: 0\r\n").await;
    }
    fixture.wait_for_ended(3).await;
    assert_eq!(fixture.only_request_span().name, "POST /chat");
    assert_eq!(fixture.ended_count(&[("http.route", "/healthz")]), 2, "they are counted");
    let call = fixture.span("chat m");
    assert_eq!(call.parent_span_id, fixture.only_request_span().span_context.span_id());
    assert_eq!(call.span_kind, SpanKind::Internal);
}
