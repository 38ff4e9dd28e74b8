//! Trace context and baggage of a request.

use std::collections::BTreeSet;

use axum::Router;
use axum::routing::get;
use http::Request;
use llmobs::tower::Injector;
use llmobs::tower::inject;
use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::SpanId;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::trace::TraceId;
use tower_http::trace::DefaultMakeSpan;
use tower_http::trace::TraceLayer;
use tracing::Level;

use crate::fixture;
use crate::fixture::Fixture;
use crate::fixture::attributes;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn traceparent(flags: &str) -> String {
    format!("traceparent: 00-{TRACE}-{PARENT}-{flags}\r\n")
}

#[tokio::test]
async fn a_request_continues_the_trace_of_its_headers() {
    let fixture = Fixture::new();
    let address = fixture.serve(Router::new().route("/x", get(|| async {}))).await;
    let state = "tracestate: a=1\r\ntracestate: b=2\r\n";
    fixture::get(address, "GET /x", &(traceparent("01") + state)).await;
    fixture.wait_for_ended(1).await;
    let span = fixture.only_request_span();
    assert_eq!(span.span_context.trace_id(), TraceId::from_hex(TRACE).unwrap());
    assert_eq!(span.parent_span_id, SpanId::from_hex(PARENT).unwrap());
    assert!(span.parent_span_is_remote);
    let state = span.span_context.trace_state();
    assert_eq!((state.get("a"), state.get("b")), (Some("1"), Some("2")), "both parts of the list");
}

#[tokio::test]
async fn a_request_without_a_valid_trace_begins_one() {
    let fixture = Fixture::new();
    let address = fixture.serve(Router::new().route("/x", get(|| async {}))).await;
    let twice = traceparent("01") + &traceparent("01").replace(PARENT, "b7ad6b7169203332");
    let headers = ["", "traceparent: 00-zz-b7ad6b7169203331-01\r\n", "traceparent: \r\n", &twice];
    for headers in headers {
        fixture::get(address, "GET /x", headers).await;
    }
    fixture.wait_for_ended(4).await;
    for span in fixture.request_spans() {
        assert_eq!(span.parent_span_id, SpanId::INVALID);
        assert_ne!(span.span_context.trace_id(), TraceId::from_hex(TRACE).unwrap());
    }
}

#[tokio::test]
async fn an_unsampled_trace_stays_unsampled_and_its_request_is_counted() {
    let fixture = Fixture::new();
    let handler = || async { Context::map_current(|context| context.span().span_context().trace_id().to_string()) };
    let address = fixture.serve(Router::new().route("/x", get(handler))).await;
    let answer = fixture::get(address, "GET /x", &traceparent("00")).await;
    assert_eq!(fixture::body(&answer), TRACE, "the handler is in the trace too");
    fixture.wait_for_ended(1).await;
    assert!(fixture.request_spans().is_empty());
    let page = llmobs::prometheus::page(&fixture.observer, Some("application/openmetrics-text")).body;
    assert!(!page.contains(TRACE), "an exemplar would link to a trace that does not exist");
}

#[tokio::test]
async fn a_trace_layer_inside_or_outside_does_not_lose_the_trace_of_the_caller() {
    for is_outside in [false, true] {
        let fixture = Fixture::new();
        let trace_layer = TraceLayer::new_for_http().make_span_with(DefaultMakeSpan::new().level(Level::INFO));
        let routes = Router::new().route("/x", get(|| async {}));
        let routes = match is_outside {
            true => routes.layer(fixture.layer()).layer(trace_layer),
            false => routes.layer(trace_layer).layer(fixture.layer()),
        };
        let address = fixture::serve(routes).await;
        fixture::get(address, "GET /x", &traceparent("01")).await;
        fixture.wait_for_ended(1).await;
        let span = fixture.only_request_span();
        assert_eq!(span.span_context.trace_id().to_string(), TRACE, "outside: {is_outside}");
        assert_eq!(span.parent_span_id.to_string(), PARENT, "outside: {is_outside}");
    }
}

#[tokio::test]
async fn a_layer_inside_another_one_continues_its_span() {
    let fixture = Fixture::new();
    let routes = Router::new().route("/x", get(|| async {})).layer(fixture.layer()).layer(fixture.layer());
    fixture::get(fixture::serve(routes).await, "GET /x", &traceparent("01")).await;
    fixture.wait_for_ended(2).await;
    let spans = fixture.request_spans();
    let ids: BTreeSet<_> = spans.iter().map(|span| span.span_context.trace_id().to_string()).collect();
    assert_eq!(ids, BTreeSet::from([TRACE.to_owned()]));
    let outer = spans.iter().find(|span| span.parent_span_id.to_string() == PARENT).unwrap();
    assert!(spans.iter().any(|span| span.parent_span_id == outer.span_context.span_id()));
}

#[test]
fn the_headers_of_a_request_are_enough_to_inject_the_context() {
    let backend = llmobs_tests::tracing_backend::TracingBackend::new();
    let operation = backend.observer(llmobs::Role::Client).chat("m").start();
    let mut headers = http::HeaderMap::new();
    headers.insert("baggage", "user.id=canary".parse().unwrap());
    operation.in_scope(|| inject(&mut headers));
    drop(operation);
    let span = backend.span("chat m").span_context;
    let expected = format!("00-{}-{}-01", span.trace_id(), span.span_id());
    assert_eq!(headers.get("traceparent").unwrap(), expected.as_str());
    assert!(!headers.contains_key("baggage"));
}

#[tokio::test]
async fn a_sampled_request_is_an_exemplar_of_its_duration() {
    let fixture = Fixture::new();
    let address = fixture.serve(Router::new().route("/x", get(|| async {}))).await;
    fixture::get(address, "GET /x", &traceparent("01")).await;
    fixture.wait_for_ended(1).await;
    let page = llmobs::prometheus::page(&fixture.observer, Some("application/openmetrics-text")).body;
    let exemplar =
        format!("# {{trace_id=\"{TRACE}\",span_id=\"{}\"}}", fixture.only_request_span().span_context.span_id());
    assert!(page.lines().any(|line| line.starts_with("http_server_request_duration") && line.contains(&exemplar)));
}

#[tokio::test]
async fn baggage_is_visible_to_the_handler_and_is_not_an_attribute() {
    let fixture = Fixture::new();
    let handler = || async {
        tokio::task::yield_now().await;
        Context::map_current(|context| context.baggage().get("user.id").map(ToString::to_string)).unwrap_or_default()
    };
    let address = fixture.serve(Router::new().route("/x", get(handler))).await;
    let answer = fixture::get(address, "GET /x", "baggage: user.id=canary-42\r\nbaggage: other=1\r\n").await;
    assert_eq!(fixture::body(&answer), "canary-42");
    fixture.wait_for_ended(1).await;
    assert!(!format!("{:?}", fixture.only_request_span()).contains("canary"));
    assert!(!attributes(&fixture.only_request_span()).keys().any(|name| name.contains("user.id")));
    assert!(!llmobs::prometheus::page(&fixture.observer, None).body.contains("canary"));
}

#[tokio::test]
async fn without_a_tracing_back_end_the_context_passes_through() {
    let observer = llmobs::Observer::builder().model("m").build().unwrap();
    let handler = || async {
        let mut request = Request::new(());
        inject(&mut request);
        request.headers().get("traceparent").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let routes = Router::new().route("/x", get(handler)).layer(llmobs::tower::ServerLayer::new(observer));
    let address = fixture::serve(routes).await;
    let answer = fixture::get(address, "GET /x", &traceparent("01")).await;
    assert_eq!(fixture::body(&answer), format!("00-{TRACE}-{PARENT}-01"));
}

#[tokio::test]
async fn an_outgoing_call_is_a_child_of_the_request_and_carries_no_baggage() {
    let fixture = Fixture::new();
    let behind = fixture
        .serve(Router::new().route(
            "/behind",
            get(|headers: http::HeaderMap| async move {
                format!("{:?} {:?}", headers.get("baggage"), headers.get("tracestate"))
            }),
        ))
        .await;
    let gateway = move || async move {
        let mut request = Request::builder().uri(format!("http://{behind}/behind")).header("baggage", "user.id=canary");
        let mut request = std::mem::take(&mut request).body(()).unwrap();
        inject(&mut request);
        let header =
            |(name, value): (&http::HeaderName, &http::HeaderValue)| format!("{name}: {}\r\n", value.to_str().unwrap());
        let headers: String = request.headers().iter().map(header).collect();
        fixture::get(behind, "GET /behind", &headers).await
    };
    let address = fixture.serve(Router::new().route("/gateway", get(gateway))).await;
    let answer = fixture::get(address, "GET /gateway", &(traceparent("01") + "baggage: user.id=canary\r\n")).await;
    assert!(answer.ends_with("None None"), "{answer}");
    fixture.wait_for_ended(2).await;
    let (gateway, behind) = (fixture.span("GET /gateway"), fixture.span("GET /behind"));
    assert_eq!(behind.parent_span_id, gateway.span_context.span_id());
    assert_eq!(behind.span_context.trace_id(), TraceId::from_hex(TRACE).unwrap());
}

#[tokio::test]
async fn a_host_on_the_list_gets_the_baggage_and_no_other_does() {
    let fixture = Fixture::new();
    let handler = || async {
        let injector = Injector::new().baggage_to(".internal");
        let baggage = |uri: &str| {
            let mut request = Request::builder().uri(uri).body(()).unwrap();
            injector.inject(&mut request);
            request.headers().get("baggage").and_then(|value| value.to_str().ok()).unwrap_or("none").to_owned()
        };
        format!("{} {}", baggage("http://cache.internal/"), baggage("https://api.openai.com/"))
    };
    let address = fixture.serve(Router::new().route("/x", get(handler))).await;
    let answer = fixture::get(address, "GET /x", "baggage: user.id=42\r\n").await;
    assert_eq!(fixture::body(&answer), "user.id=42 none");
}
