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

use crate::kit;
use crate::kit::Client;
use crate::kit::DURATION;
use crate::kit::Kit;
use crate::kit::attributes;
use crate::kit::text;
use crate::kit::until;

type Part = Result<Bytes, io::Error>;

/// Returns a route whose answer the test sends part by part through the channel.
fn parts(path: &str, head: http::response::Builder) -> (Router, mpsc::UnboundedSender<Part>) {
    let (sender, receiver) = mpsc::unbounded_channel::<Part>();
    let receiver = std::sync::Arc::new(std::sync::Mutex::new(Some((receiver, head))));
    let handler = move || {
        let (mut receiver, head) = receiver.lock().unwrap().take().expect("one request");
        let stream = stream::poll_fn(move |context| receiver.poll_recv(context));
        async move { head.body(Body::from_stream(stream)).unwrap() }
    };
    (Router::new().route(path, get(handler)), sender)
}

fn part(text: &'static str) -> Part {
    Ok(Bytes::from_static(text.as_bytes()))
}

#[tokio::test]
async fn a_request_lasts_until_the_end_of_its_body() {
    let kit = Kit::new();
    let (routes, sender) = parts("/x", Response::builder());
    let address = kit.serve(routes).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "connection: close\r\n").await;
    sender.send(part("first")).unwrap();
    client.read_until("first").await;
    kit.hand.advance(Duration::from_secs(3));
    assert_eq!((kit.active(), kit.ended(&[])), (1, 0), "the answer has begun, and that is not its end");
    assert!(kit.requests().is_empty());
    sender.send(part("last")).unwrap();
    drop(sender);
    assert!(client.read_all().await.contains("last"));
    kit.wait_for(1).await;
    assert_eq!(kit.active(), 0);
    assert!((kit.readings().histogram(DURATION, &[]).sum - 3.0).abs() < 1e-9);
    assert_eq!(kit.request().status, Status::Unset);
    assert!(!attributes(&kit.request()).contains_key("error.type"));
}

#[tokio::test]
async fn a_stream_that_breaks_after_200_is_a_failure() {
    let kit = Kit::new();
    let (routes, sender) = parts("/x", Response::builder().header("content-type", "text/event-stream"));
    let address = kit.serve(routes).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    sender.send(part("data: 1\n\n")).unwrap();
    client.read_until("data: 1").await;
    sender.send(Err(io::Error::other("the upstream said: the secret prompt"))).unwrap();
    let answer = client.read_all().await;
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.ends_with("0\r\n\r\n"), "{answer}");
    kit.wait_for(1).await;
    let span = kit.request();
    assert!(matches!(&span.status, Status::Error { description } if !description.contains("secret")));
    assert_eq!(attributes(&span)["error.type"], text("_OTHER"));
    assert_eq!(attributes(&span)["http.response.status_code"], Value::I64(200));
    assert_eq!(kit.ended(&[("error.type", "_OTHER"), ("http.response.status_code", "200")]), 1);
}

#[tokio::test]
async fn a_caller_that_goes_away_within_the_body_cancels_and_fails_nothing() {
    let kit = Kit::new();
    let (routes, sender) = parts("/x", Response::builder());
    let address = kit.serve(routes).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    sender.send(part("first")).unwrap();
    client.read_until("first").await;
    drop(client);
    until("the server has seen it", || sender.is_closed()).await;
    kit.wait_for(1).await;
    let span = kit.request();
    assert_eq!(span.status, Status::Unset);
    assert_eq!(attributes(&span)["error.type"], text("cancelled"));
    assert_eq!(attributes(&span)["http.response.status_code"], Value::I64(200));
    assert_eq!(kit.labels()["error_type"], "cancelled");
    assert_eq!(kit.active(), 0);
}

#[tokio::test]
async fn a_caller_that_goes_away_before_the_answer_has_no_status() {
    let kit = Kit::new();
    let routes = Router::new().route("/x", get(std::future::pending::<()>));
    let address = kit.serve(routes).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    until("the request is in", || kit.active() == 1).await;
    drop(client);
    kit.wait_for(1).await;
    let span = kit.request();
    assert_eq!(span.status, Status::Unset);
    assert_eq!(attributes(&span)["error.type"], text("cancelled"));
    assert!(!attributes(&span).contains_key("http.response.status_code"));
    assert!(!kit.labels().contains_key("http_response_status_code"));
}

#[tokio::test]
async fn a_service_that_goes_down_cancels_nothing() {
    let kit = Kit::new();
    let (routes, sender) = parts("/x", Response::builder());
    let address = kit.serve(routes).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    sender.send(part("first")).unwrap();
    client.read_until("first").await;
    kit.observer.begin_shutdown();
    drop(client);
    kit.wait_for(1).await;
    let span = kit.request();
    assert!(matches!(span.status, Status::Error { .. }));
    assert_eq!(attributes(&span)["error.type"], text("shutdown"));
}

#[tokio::test]
async fn a_body_of_a_known_length_ends_with_its_last_byte() {
    let kit = Kit::new();
    let (routes, sender) = parts("/x", Response::builder().header("content-length", "10"));
    let address = kit.serve(routes).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    sender.send(part("01234")).unwrap();
    client.read_until("01234").await;
    assert_eq!(kit.active(), 1);
    sender.send(part("56789")).unwrap();
    client.read_until("56789").await;
    // The server does not poll for the end of the body, and the sender is still open.
    kit.wait_for(1).await;
    assert_eq!(kit.request().status, Status::Unset);
    assert!(!kit.labels().contains_key("error_type"));
}

#[tokio::test]
async fn a_body_that_is_shorter_than_promised_is_a_failure() {
    let kit = Kit::new();
    let (routes, sender) = parts("/x", Response::builder().header("content-length", "10"));
    let address = kit.serve(routes).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    sender.send(part("01234")).unwrap();
    drop(sender);
    client.read_all().await;
    kit.wait_for(1).await;
    assert_eq!(attributes(&kit.request())["error.type"], text("internal"));
}

#[tokio::test]
async fn an_answer_without_a_body_ends_at_once() {
    let kit = Kit::new();
    let endless = || async { Body::from_stream(stream::pending::<Part>()) };
    let nothing = || async { http::StatusCode::NO_CONTENT };
    let address = kit.serve(Router::new().route("/endless", get(endless)).route("/nothing", get(nothing))).await;
    let answer = kit::get(address, "HEAD /endless", "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    kit::get(address, "GET /nothing", "").await;
    kit.wait_for(2).await;
    assert_eq!(kit.ended(&[("http.request.method", "HEAD"), ("http.response.status_code", "200")]), 1);
    assert_eq!(kit.ended(&[("http.response.status_code", "204")]), 1);
    assert!(kit.requests().iter().all(|span| !attributes(span).contains_key("error.type")));
}

#[tokio::test]
async fn a_panic_is_a_failure_wherever_it_happens() {
    let kit = Kit::new();
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
    let address = kit.serve(routes).await;
    kit::get(address, "GET /handler", "").await;
    kit::get(address, "GET /body", "").await;
    kit.wait_for(2).await;
    assert_eq!(kit.ended(&[("error.type", "internal")]), 2);
    let (handler, body) = (kit.span("GET /handler"), kit.span("GET /body"));
    for span in [&handler, &body] {
        assert!(matches!(span.status, Status::Error { .. }));
        assert_eq!(attributes(span)["error.type"], text("internal"));
    }
    assert!(!attributes(&handler).contains_key("http.response.status_code"));
    assert_eq!(attributes(&body)["http.response.status_code"], Value::I64(200));
    assert_eq!(kit.active(), 0);
    assert_eq!(kit.requests().len(), 2);
}
