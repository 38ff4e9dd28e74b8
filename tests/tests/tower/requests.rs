//! Attributes known from the head of a request: route, method, status.

use axum::Router;
use axum::routing::any;
use axum::routing::get;
use http::HeaderName;
use http::StatusCode;
use http::uri::Scheme;
use opentelemetry::Value;
use opentelemetry::trace::SpanKind;
use opentelemetry::trace::Status;

use crate::fixture;
use crate::fixture::DURATION;
use crate::fixture::Fixture;
use crate::fixture::attributes;
use crate::fixture::text;

#[tokio::test]
async fn a_request_has_the_span_and_the_series_of_the_conventions() {
    let fixture = Fixture::new();
    let address = fixture.serve(Router::new().route("/users/{id}", get(|| async { "hello" }))).await;
    let answer = fixture::get(address, "GET /users/42?key=secret", "user-agent: tests/1.0\r\ncookie: id=7\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("content-length: 5\r\n"), "{answer}");
    fixture.wait_for_ended(1).await;

    let span = fixture.only_request_span();
    assert_eq!((span.name.as_ref(), &span.span_kind), ("GET /users/{id}", &SpanKind::Server));
    assert_eq!(span.status, Status::Unset);
    let expected = [
        ("http.request.method", text("GET")),
        ("http.response.status_code", Value::I64(200)),
        ("http.route", text("/users/{id}")),
        ("network.protocol.version", text("1.1")),
        ("server.address", text("127.0.0.1")),
        ("server.port", Value::I64(8080)),
        ("url.path", text("/users/42")),
        ("url.scheme", text("http")),
    ];
    assert_eq!(attributes(&span), expected.map(|(name, value)| (name.to_owned(), value)).into());
    let expected = [
        ("http_request_method", "GET"),
        ("http_response_status_code", "200"),
        ("http_route", "/users/{id}"),
        ("network_protocol_version", "1.1"),
        ("url_scheme", "http"),
    ];
    assert_eq!(fixture.labels(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert_eq!(fixture.active_requests(), 0);
}

#[tokio::test]
async fn a_path_is_not_a_label_and_a_request_that_was_not_found_has_no_route() {
    let fixture = Fixture::new();
    let address = fixture.serve(Router::new().route("/there", get(|| async {}))).await;
    let answer = fixture::get(address, "GET /xyzzy-4711", "").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    fixture.wait_for_ended(1).await;
    let span = fixture.only_request_span();
    assert_eq!(span.name, "GET");
    assert_eq!(span.status, Status::Unset, "an error of the caller");
    assert!(!attributes(&span).contains_key("http.route"));
    assert!(!attributes(&span).contains_key("error.type"));
    assert!(!fixture.labels().contains_key("http_route"));
    assert!(!llmobs::prometheus::page(&fixture.observer, None).body.contains("xyzzy"));
}

#[tokio::test]
async fn an_unknown_method_is_other() {
    let fixture = Fixture::new();
    let address = fixture.serve(Router::new().route("/x", any(|| async {}))).await;
    fixture::get(address, "FROBNICATE /x", "").await;
    fixture.wait_for_ended(1).await;
    let (span, labels) = (fixture.only_request_span(), fixture.labels());
    assert_eq!(span.name, "HTTP /x");
    assert_eq!(attributes(&span)["http.request.method"], text("_OTHER"));
    assert_eq!(attributes(&span)["http.request.method_original"], text("FROBNICATE"));
    assert_eq!(labels["http_request_method"], "_OTHER");
}

#[tokio::test]
async fn an_error_of_the_server_is_a_failure_and_an_error_of_the_caller_is_not() {
    let fixture = Fixture::new();
    let routes = Router::new()
        .route("/500", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/429", get(|| async { StatusCode::TOO_MANY_REQUESTS }));
    let address = fixture.serve(routes).await;
    fixture::get(address, "GET /500", "").await;
    fixture::get(address, "GET /429", "").await;
    fixture.wait_for_ended(2).await;
    let (failed, refused) = (fixture.span("GET /500"), fixture.span("GET /429"));
    assert_eq!(failed.status, Status::error(""));
    assert_eq!(attributes(&failed)["error.type"], text("500"));
    assert_eq!(refused.status, Status::Unset);
    assert!(!attributes(&refused).contains_key("error.type"));
    assert_eq!(fixture.ended_count(&[("error.type", "500"), ("http.response.status_code", "500")]), 1);
    let refused = fixture.metrics().series(DURATION).into_iter().find(|labels| labels["http_route"] == "/429").unwrap();
    assert!(!refused.contains_key("error_type"));
    assert_eq!(fixture.request_spans().len(), 2);
}

#[tokio::test]
async fn the_address_and_program_of_a_caller_are_recorded_when_enabled_and_a_query_never_is() {
    let fixture = Fixture::new();
    let layer = fixture.layer().with_user_agent().with_client_address().scheme(&Scheme::HTTPS);
    let address = fixture::serve(Router::new().route("/x", get(|| async {})).layer(layer)).await;
    fixture::get(address, "GET /x?a=1", "x-forwarded-for: 203.0.113.9\r\nuser-agent: tests/1.0\r\n").await;
    fixture.wait_for_ended(1).await;
    let recorded = attributes(&fixture.only_request_span());
    assert!(!recorded.contains_key("url.query"));
    assert_eq!(recorded["user_agent.original"], text("tests/1.0"));
    assert_eq!(recorded["client.address"], text("127.0.0.1"), "headers are ignored");
    assert_eq!(recorded["url.scheme"], text("https"));
    assert_eq!(fixture.labels()["url_scheme"], "https");
}

#[tokio::test]
async fn a_caller_receives_its_trace_id() {
    let fixture = Fixture::new();
    let layer = fixture.layer().with_trace_header(HeaderName::from_static("x-trace-id"));
    let address = fixture::serve(Router::new().route("/x", get(|| async {})).layer(layer)).await;
    let answer = fixture::get(address, "GET /x", "").await;
    fixture.wait_for_ended(1).await;
    let header = format!("x-trace-id: {}\r\n", fixture.only_request_span().span_context.trace_id());
    assert!(answer.contains(&header), "{answer}");
}

#[tokio::test]
async fn routes_above_the_limit_are_other() {
    let fixture = Fixture::new();
    let layer = fixture.layer().route_limit(1).route(|request| Some(request.uri.path().to_owned()));
    let address = fixture::serve(Router::new().fallback(|| async {}).layer(layer)).await;
    for path in ["/a", "/b", "/a", "/c"] {
        fixture::get(address, &format!("GET {path}"), "").await;
    }
    fixture.wait_for_ended(4).await;
    assert_eq!(fixture.ended_count(&[("http.route", "/a")]), 2);
    assert_eq!(fixture.ended_count(&[("http.route", "_OTHER")]), 2);
    assert_eq!(fixture.metrics().count("llmobs.self.folded_labels", &[("llmobs.label", "http.route")]), 2);
    let mut names: Vec<_> = fixture.request_spans().into_iter().map(|span| span.name.to_string()).collect();
    names.sort();
    assert_eq!(names, ["GET", "GET", "GET /a", "GET /a"], "they are not names of spans either");
}

#[tokio::test]
async fn the_route_of_a_nested_router_is_complete() {
    let fixture = Fixture::new();
    let users = Router::new().route("/{id}", get(|| async {}));
    let address = fixture.serve(Router::new().nest("/users", users)).await;
    fixture::get(address, "GET /users/42", "").await;
    fixture.wait_for_ended(1).await;
    assert_eq!(fixture.only_request_span().name, "GET /users/{id}");
}

#[tokio::test]
async fn a_long_path_is_truncated_on_the_span() {
    let fixture = Fixture::new();
    let address = fixture.serve(Router::new()).await;
    fixture::get(address, &format!("GET /{}", "x".repeat(5_000)), "").await;
    fixture.wait_for_ended(1).await;
    assert_eq!(attributes(&fixture.only_request_span())["url.path"].as_str().len(), 512);
}

#[tokio::test]
async fn a_disabled_observer_changes_no_answer_and_records_nothing() {
    let fixture = Fixture::new();
    let layer = llmobs::tower::ServerLayer::new(llmobs::Observer::disabled());
    let address = fixture::serve(Router::new().route("/x", get(|| async { "hello" })).layer(layer)).await;
    let answer = fixture::get(address, "GET /x", "").await;
    assert!(answer.contains("content-length: 5\r\n") && answer.ends_with("hello"), "{answer}");
    assert_eq!(fixture.ended_count(&[]), 0);
    assert!(fixture.request_spans().is_empty());
}
