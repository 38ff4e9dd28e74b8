//! The ends of a request: with its body, with a broken body, with a caller that disconnected.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use opentelemetry::Value;
use opentelemetry::trace::Status;
use tokio::sync::mpsc;

use crate::fixture;
use crate::fixture::Client;
use crate::fixture::DURATION;
use crate::fixture::Fixture;
use crate::fixture::attributes;
use crate::fixture::text;
use crate::fixture::wait_until;

type BodyChunk = Result<Bytes, io::Error>;

/// Returns a route whose answer the test sends part by part through the channel.
fn chunked_route(path: &str, head: http::response::Builder) -> (Router, mpsc::UnboundedSender<BodyChunk>) {
    let (sender, receiver) = mpsc::unbounded_channel::<BodyChunk>();
    let receiver = std::sync::Arc::new(std::sync::Mutex::new(Some((receiver, head))));
    let handler = move || {
        let (mut receiver, head) = receiver.lock().unwrap().take().expect("one request");
        let stream = stream::poll_fn(move |context| receiver.poll_recv(context));
        async move { head.body(Body::from_stream(stream)).unwrap() }
    };
    (Router::new().route(path, get(handler)), sender)
}

fn chunk(text: &'static str) -> BodyChunk {
    Ok(Bytes::from_static(text.as_bytes()))
}

#[tokio::test]
async fn a_request_lasts_until_the_end_of_its_body() {
    let fixture = Fixture::new();
    let (routes, sender) = chunked_route("/x", Response::builder());
    let address = fixture.serve(routes).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "connection: close\r\n").await;
    sender.send(chunk("first")).unwrap();
    client.read_until("first").await;
    fixture.manual_clock.advance(Duration::from_secs(3));
    assert_eq!(
        (fixture.active_requests(), fixture.ended_count(&[])),
        (1, 0),
        "the request is active until its body ends"
    );
    assert!(fixture.request_spans().is_empty());
    sender.send(chunk("last")).unwrap();
    drop(sender);
    assert!(client.read_all().await.contains("last"));
    fixture.wait_for_ended(1).await;
    assert_eq!(fixture.active_requests(), 0);
    assert!((fixture.metrics().histogram(DURATION, &[]).sum - 3.0).abs() < 1e-9);
    assert_eq!(fixture.only_request_span().status, Status::Unset);
    assert!(!attributes(&fixture.only_request_span()).contains_key("error.type"));
}

#[tokio::test]
async fn a_stream_that_breaks_after_200_is_a_failure() {
    let fixture = Fixture::new();
    let (routes, sender) = chunked_route("/x", Response::builder().header("content-type", "text/event-stream"));
    let address = fixture.serve(routes).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    sender.send(chunk("data: 1\n\n")).unwrap();
    client.read_until("data: 1").await;
    sender.send(Err(io::Error::other("the upstream said: the secret prompt"))).unwrap();
    let answer = client.read_all().await;
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.ends_with("0\r\n\r\n"), "{answer}");
    fixture.wait_for_ended(1).await;
    let span = fixture.only_request_span();
    assert!(matches!(&span.status, Status::Error { description } if !description.contains("secret")));
    assert_eq!(attributes(&span)["error.type"], text("_OTHER"));
    assert_eq!(attributes(&span)["http.response.status_code"], Value::I64(200));
    assert_eq!(fixture.ended_count(&[("error.type", "_OTHER"), ("http.response.status_code", "200")]), 1);
}

#[tokio::test]
async fn a_caller_that_disconnects_during_the_body_cancels_the_request() {
    let fixture = Fixture::new();
    let (routes, sender) = chunked_route("/x", Response::builder());
    let address = fixture.serve(routes).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    sender.send(chunk("first")).unwrap();
    client.read_until("first").await;
    drop(client);
    wait_until("the server has noticed the disconnect", || sender.is_closed()).await;
    fixture.wait_for_ended(1).await;
    let span = fixture.only_request_span();
    assert_eq!(span.status, Status::error("the caller left before the end"));
    assert_eq!(attributes(&span)["error.type"], text("cancelled"));
    assert_eq!(attributes(&span)["http.response.status_code"], Value::I64(200));
    assert_eq!(fixture.labels()["error_type"], "cancelled");
    assert_eq!(fixture.active_requests(), 0);
}

#[tokio::test]
async fn a_request_whose_caller_disconnects_before_the_answer_has_no_status() {
    let fixture = Fixture::new();
    let routes = Router::new().route("/x", get(std::future::pending::<()>));
    let address = fixture.serve(routes).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    wait_until("the request has arrived", || fixture.active_requests() == 1).await;
    drop(client);
    fixture.wait_for_ended(1).await;
    let span = fixture.only_request_span();
    assert_eq!(span.status, Status::error("the caller left before the end"));
    assert_eq!(attributes(&span)["error.type"], text("cancelled"));
    assert!(!attributes(&span).contains_key("http.response.status_code"));
    assert!(!fixture.labels().contains_key("http_response_status_code"));
}

#[tokio::test]
async fn a_request_that_a_shutdown_interrupts_has_failed_and_is_not_cancelled() {
    let fixture = Fixture::new();
    let (routes, sender) = chunked_route("/x", Response::builder());
    let address = fixture.serve(routes).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    sender.send(chunk("first")).unwrap();
    client.read_until("first").await;
    fixture.observer.begin_shutdown();
    drop(client);
    fixture.wait_for_ended(1).await;
    let span = fixture.only_request_span();
    assert!(matches!(span.status, Status::Error { .. }));
    assert_eq!(attributes(&span)["error.type"], text("shutdown"));
}

#[tokio::test]
async fn a_body_of_a_known_length_ends_with_its_last_byte() {
    let fixture = Fixture::new();
    let (routes, sender) = chunked_route("/x", Response::builder().header("content-length", "10"));
    let address = fixture.serve(routes).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    sender.send(chunk("01234")).unwrap();
    client.read_until("01234").await;
    assert_eq!(fixture.active_requests(), 1);
    sender.send(chunk("56789")).unwrap();
    client.read_until("56789").await;
    // The server does not poll for the end of the body, and the sender is still open.
    fixture.wait_for_ended(1).await;
    assert_eq!(fixture.only_request_span().status, Status::Unset);
    assert!(!fixture.labels().contains_key("error_type"));
}

#[tokio::test]
async fn a_body_that_is_shorter_than_promised_is_a_failure() {
    let fixture = Fixture::new();
    let (routes, sender) = chunked_route("/x", Response::builder().header("content-length", "10"));
    let address = fixture.serve(routes).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    sender.send(chunk("01234")).unwrap();
    drop(sender);
    client.read_all().await;
    fixture.wait_for_ended(1).await;
    assert_eq!(attributes(&fixture.only_request_span())["error.type"], text("internal"));
}

#[tokio::test]
async fn an_answer_without_a_body_ends_at_once() {
    let fixture = Fixture::new();
    let endless = || async { Body::from_stream(stream::pending::<BodyChunk>()) };
    let nothing = || async { http::StatusCode::NO_CONTENT };
    let address = fixture.serve(Router::new().route("/endless", get(endless)).route("/nothing", get(nothing))).await;
    let answer = fixture::get(address, "HEAD /endless", "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    fixture::get(address, "GET /nothing", "").await;
    fixture.wait_for_ended(2).await;
    assert_eq!(fixture.ended_count(&[("http.request.method", "HEAD"), ("http.response.status_code", "200")]), 1);
    assert_eq!(fixture.ended_count(&[("http.response.status_code", "204")]), 1);
    assert!(fixture.request_spans().iter().all(|span| !attributes(span).contains_key("error.type")));
}

#[tokio::test]
async fn a_panic_is_a_failure_wherever_it_happens() {
    let fixture = Fixture::new();
    let in_the_body = || async {
        let items = stream::iter(["first"]).chain(stream::poll_fn(|_| panic!("planned")));
        Body::from_stream(items.map(Ok::<_, Infallible>))
    };
    let routes = Router::new()
        .route(
            "/handler",
            get(|| async {
                if true {
                    panic!("planned")
                }
            }),
        )
        .route("/body", get(in_the_body));
    let address = fixture.serve(routes).await;
    fixture::get(address, "GET /handler", "").await;
    fixture::get(address, "GET /body", "").await;
    fixture.wait_for_ended(2).await;
    assert_eq!(fixture.ended_count(&[("error.type", "internal")]), 2);
    let (handler, body) = (fixture.span("GET /handler"), fixture.span("GET /body"));
    for span in [&handler, &body] {
        assert!(matches!(span.status, Status::Error { .. }));
        assert_eq!(attributes(span)["error.type"], text("internal"));
    }
    assert!(!attributes(&handler).contains_key("http.response.status_code"));
    assert_eq!(attributes(&body)["http.response.status_code"], Value::I64(200));
    assert_eq!(fixture.active_requests(), 0);
    assert_eq!(fixture.request_spans().len(), 2);
}
