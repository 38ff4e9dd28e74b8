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

use crate::kit;
use crate::kit::DURATION;
use crate::kit::Kit;
use crate::kit::attributes;
use crate::kit::text;

#[tokio::test]
async fn a_request_has_the_span_and_the_series_of_the_conventions() {
    let kit = Kit::new();
    let address = kit.serve(Router::new().route("/users/{id}", get(|| async { "hello" }))).await;
    let answer = kit::get(address, "GET /users/42?key=secret", "user-agent: tests/1.0\r\ncookie: id=7\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("content-length: 5\r\n"), "{answer}");
    kit.wait_for(1).await;

    let span = kit.request();
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
    assert_eq!(kit.labels(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert_eq!(kit.active(), 0);
}

#[tokio::test]
async fn a_path_is_no_label_and_what_was_not_found_has_no_route() {
    let kit = Kit::new();
    let address = kit.serve(Router::new().route("/there", get(|| async {}))).await;
    let answer = kit::get(address, "GET /xyzzy-4711", "").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    kit.wait_for(1).await;
    let span = kit.request();
    assert_eq!(span.name, "GET");
    assert_eq!(span.status, Status::Unset, "the caller's fault");
    assert!(!attributes(&span).contains_key("http.route"));
    assert!(!attributes(&span).contains_key("error.type"));
    assert!(!kit.labels().contains_key("http_route"));
    assert!(!llmobs::prometheus::page(&kit.observer, None).body.contains("xyzzy"));
}

#[tokio::test]
async fn a_method_that_nobody_knows_is_other() {
    let kit = Kit::new();
    let address = kit.serve(Router::new().route("/x", any(|| async {}))).await;
    kit::get(address, "FROBNICATE /x", "").await;
    kit.wait_for(1).await;
    let (span, labels) = (kit.request(), kit.labels());
    assert_eq!(span.name, "HTTP /x");
    assert_eq!(attributes(&span)["http.request.method"], text("_OTHER"));
    assert_eq!(attributes(&span)["http.request.method_original"], text("FROBNICATE"));
    assert_eq!(labels["http_request_method"], "_OTHER");
}

#[tokio::test]
async fn a_servers_fault_is_a_failure_and_a_callers_is_none() {
    let kit = Kit::new();
    let routes = Router::new()
        .route("/500", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/429", get(|| async { StatusCode::TOO_MANY_REQUESTS }));
    let address = kit.serve(routes).await;
    kit::get(address, "GET /500", "").await;
    kit::get(address, "GET /429", "").await;
    kit.wait_for(2).await;
    let (failed, refused) = (kit.span("GET /500"), kit.span("GET /429"));
    assert_eq!(failed.status, Status::error(""));
    assert_eq!(attributes(&failed)["error.type"], text("500"));
    assert_eq!(refused.status, Status::Unset);
    assert!(!attributes(&refused).contains_key("error.type"));
    assert_eq!(kit.ended(&[("error.type", "500"), ("http.response.status_code", "500")]), 1);
    let refused = kit.readings().series(DURATION).into_iter().find(|labels| labels["http_route"] == "/429").unwrap();
    assert!(!refused.contains_key("error_type"));
    assert_eq!(kit.requests().len(), 2);
}

#[tokio::test]
async fn a_callers_address_and_program_are_told_when_asked_for_and_a_query_never() {
    let kit = Kit::new();
    let layer = kit.layer().with_user_agent().with_client_address().scheme(&Scheme::HTTPS);
    let address = kit::serve(Router::new().route("/x", get(|| async {})).layer(layer)).await;
    kit::get(address, "GET /x?a=1", "x-forwarded-for: 203.0.113.9\r\nuser-agent: tests/1.0\r\n").await;
    kit.wait_for(1).await;
    let told = attributes(&kit.request());
    assert!(!told.contains_key("url.query"));
    assert_eq!(told["user_agent.original"], text("tests/1.0"));
    assert_eq!(told["client.address"], text("127.0.0.1"), "whatever a header says");
    assert_eq!(told["url.scheme"], text("https"));
    assert_eq!(kit.labels()["url_scheme"], "https");
}

#[tokio::test]
async fn a_caller_gets_the_number_of_its_trace() {
    let kit = Kit::new();
    let layer = kit.layer().with_trace_header(HeaderName::from_static("x-trace-id"));
    let address = kit::serve(Router::new().route("/x", get(|| async {})).layer(layer)).await;
    let answer = kit::get(address, "GET /x", "").await;
    kit.wait_for(1).await;
    let header = format!("x-trace-id: {}\r\n", kit.request().span_context.trace_id());
    assert!(answer.contains(&header), "{answer}");
}

#[tokio::test]
async fn routes_above_the_limit_are_other() {
    let kit = Kit::new();
    let layer = kit.layer().route_limit(1).route(|request| Some(request.uri.path().to_owned()));
    let address = kit::serve(Router::new().fallback(|| async {}).layer(layer)).await;
    for path in ["/a", "/b", "/a", "/c"] {
        kit::get(address, &format!("GET {path}"), "").await;
    }
    kit.wait_for(4).await;
    assert_eq!(kit.ended(&[("http.route", "/a")]), 2);
    assert_eq!(kit.ended(&[("http.route", "_OTHER")]), 2);
    assert_eq!(kit.readings().count("llmobs.self.folded_labels", &[("llmobs.label", "http.route")]), 2);
    let mut names: Vec<_> = kit.requests().into_iter().map(|span| span.name.to_string()).collect();
    names.sort();
    assert_eq!(names, ["GET", "GET", "GET /a", "GET /a"], "nor are they names of spans");
}

#[tokio::test]
async fn a_nested_routers_route_is_whole() {
    let kit = Kit::new();
    let users = Router::new().route("/{id}", get(|| async {}));
    let address = kit.serve(Router::new().nest("/users", users)).await;
    kit::get(address, "GET /users/42", "").await;
    kit.wait_for(1).await;
    assert_eq!(kit.request().name, "GET /users/{id}");
}

#[tokio::test]
async fn a_long_path_is_cut_on_the_span() {
    let kit = Kit::new();
    let address = kit.serve(Router::new()).await;
    kit::get(address, &format!("GET /{}", "x".repeat(5_000)), "").await;
    kit.wait_for(1).await;
    assert_eq!(attributes(&kit.request())["url.path"].as_str().len(), 512);
}

#[tokio::test]
async fn who_observes_nothing_gets_the_same_answer_and_tells_nothing() {
    let kit = Kit::new();
    let layer = llmobs::tower::ServerLayer::new(llmobs::Observer::disabled());
    let address = kit::serve(Router::new().route("/x", get(|| async { "hello" })).layer(layer)).await;
    let answer = kit::get(address, "GET /x", "").await;
    assert!(answer.contains("content-length: 5\r\n") && answer.ends_with("hello"), "{answer}");
    assert_eq!(kit.ended(&[]), 0);
    assert!(kit.requests().is_empty());
}
