//! Telemetry inside a request: operations, spans, events, the current observer.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use axum::routing::post;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::Observer;
use llmobs::tower::axum::CurrentObserver;
use llmobs::tower::axum::RequestArrival;
use tokio::sync::oneshot;

use crate::kit;
use crate::kit::Client;
use crate::kit::Kit;
use crate::kit::until;

#[tokio::test]
async fn operations_begin_when_their_request_arrived() {
    let kit = Kit::new();
    let hand = kit.hand.clone();
    let handler = move |CurrentObserver(observer): CurrentObserver| async move {
        hand.advance(Duration::from_millis(250));
        tokio::task::yield_now().await;
        observer.chat("m").start().complete();
    };
    let address = kit.serve(Router::new().route("/x", post(handler))).await;
    kit::get(address, "POST /x", "content-length: 0\r\n").await;
    kit.wait_for(1).await;
    let duration = kit.readings().histogram("gen_ai.server.request.duration", &[]);
    assert_eq!((duration.count, duration.sum.to_bits()), (1, 0.25_f64.to_bits()));
    let request = kit.readings().histogram(kit::DURATION, &[]);
    assert_eq!(request.sum.to_bits(), 0.25_f64.to_bits());
}

#[tokio::test]
async fn only_the_first_operation_of_a_request_begins_with_it() {
    let kit = Kit::new();
    let hand = kit.hand.clone();
    let handler = move |CurrentObserver(observer): CurrentObserver| async move {
        for _ in 0..2 {
            hand.advance(Duration::from_millis(250));
            tokio::task::yield_now().await;
            let operation = observer.chat("m").start();
            hand.advance(Duration::from_millis(250));
            operation.complete();
        }
    };
    let address = kit.serve(Router::new().route("/x", post(handler))).await;
    kit::get(address, "POST /x", "content-length: 0\r\n").await;
    kit.wait_for(1).await;
    let duration = kit.readings().histogram("gen_ai.server.request.duration", &[]);
    assert_eq!((duration.count, duration.sum.to_bits()), (2, 0.75_f64.to_bits()), "0.5 s, and 0.25 s for the second");
}

#[tokio::test]
async fn a_handler_learns_when_its_request_arrived() {
    let kit = Kit::new();
    let (hand, before) = (kit.hand.clone(), kit.hand.now());
    let handler = move |RequestArrival(arrived): RequestArrival| async move {
        hand.advance(Duration::from_secs(1));
        format!("{:?} {:?}", arrived.since(before), hand.now().since(arrived))
    };
    let address = kit.serve(Router::new().route("/x", get(handler))).await;
    let answer = kit::get(address, "GET /x", "").await;
    assert_eq!(kit::body(&answer), "0ns 1s");
}

#[tokio::test]
async fn the_layers_observer_is_current_inside_and_nowhere_else() {
    let kit = Kit::new();
    let handler = || async {
        let before = Observer::current().is_enabled();
        tokio::task::yield_now().await;
        let spawned = tokio::spawn(async { Observer::current().is_enabled() }).await.unwrap();
        format!("{before} {} {spawned}", Observer::current().is_enabled())
    };
    let address = kit.serve(Router::new().route("/x", get(handler))).await;
    let answer = kit::get(address, "GET /x", "").await;
    assert_eq!(kit::body(&answer), "true true false");
    assert!(!Observer::current().is_enabled());
}

#[tokio::test]
async fn what_a_handler_does_is_below_its_request() {
    let kit = Kit::new();
    let handler = |CurrentObserver(observer): CurrentObserver| async move {
        tokio::task::yield_now().await;
        tracing::info_span!("step").in_scope(|| ());
        let operation = observer.chat("m").start();
        operation.in_scope(|| tracing::info_span!("inner").in_scope(|| ()));
        operation.complete();
        "done"
    };
    let address = kit.serve(Router::new().route("/x", get(handler))).await;
    kit::get(address, "GET /x", "").await;
    kit.wait_for(1).await;
    let request = kit.request();
    for (name, parent) in [("step", &request), ("chat m", &request), ("inner", &kit.span("chat m"))] {
        let span = kit.span(name);
        assert_eq!(span.parent_span_id, parent.span_context.span_id(), "{name}");
        assert_eq!(span.span_context.trace_id(), request.span_context.trace_id(), "{name}");
        assert!(request.start_time <= span.start_time && span.end_time <= request.end_time, "{name}");
    }
}

#[tokio::test]
async fn a_stream_that_outlives_the_handler_ends_below_its_request_and_before_it() {
    let kit = Kit::new();
    let (release, released) = oneshot::channel::<()>();
    let released = std::sync::Arc::new(std::sync::Mutex::new(Some(released)));
    let handler = move |CurrentObserver(observer): CurrentObserver| async move {
        let released = released.lock().unwrap().take().unwrap();
        let last = stream::once(async move {
            let _ = released.await;
            tracing::info_span!("late").in_scope(|| ());
            "second"
        });
        let tokens = observer.chat("m").start().observe_with(stream::iter(["first"]).chain(last), |_| Chunk::tokens(1));
        Body::from_stream(tokens.map(|token| Ok::<_, std::convert::Infallible>(Bytes::from_static(token.as_bytes()))))
    };
    let address = kit.serve(Router::new().route("/x", get(handler))).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "connection: close\r\n").await;
    client.read_until("first").await;
    tracing::info_span!("between").in_scope(|| ());
    release.send(()).unwrap();
    client.read_all().await;
    kit.wait_for(1).await;
    let (request, chat, late) = (kit.request(), kit.span("chat m"), kit.span("late"));
    assert_eq!(chat.parent_span_id, request.span_context.span_id());
    assert_eq!(late.parent_span_id, request.span_context.span_id(), "made while the body was polled");
    let between = kit.span("between").end_time;
    assert!(request.end_time >= between, "the end of the handler is not the end of the request");
    assert!(chat.end_time <= request.end_time);
}

#[tokio::test]
async fn what_a_dropped_request_holds_ends_before_it() {
    let kit = Kit::new();
    let handler = |CurrentObserver(observer): CurrentObserver| async move {
        let _operation = observer.chat("m").start();
        std::future::pending::<()>().await;
    };
    let address = kit.serve(Router::new().route("/x", get(handler))).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    until("the operation runs", || !kit.observer.in_flight().is_empty()).await;
    drop(client);
    kit.wait_for(1).await;
    let (request, chat) = (kit.request(), kit.span("chat m"));
    assert_eq!(chat.parent_span_id, request.span_context.span_id());
    assert!(chat.end_time <= request.end_time);
    assert_eq!(kit.readings().count("llmobs.operation.ended", &[("llmobs.operation.outcome", "cancelled")]), 1);
}
