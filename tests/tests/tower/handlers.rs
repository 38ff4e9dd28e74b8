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

use crate::fixture;
use crate::fixture::Client;
use crate::fixture::Fixture;
use crate::fixture::wait_until;

#[tokio::test]
async fn operations_begin_when_their_request_arrived() {
    let fixture = Fixture::new();
    let manual_clock = fixture.manual_clock.clone();
    let handler = move |CurrentObserver(observer): CurrentObserver| async move {
        manual_clock.advance(Duration::from_millis(250));
        tokio::task::yield_now().await;
        observer.chat("m").start().complete();
    };
    let address = fixture.serve(Router::new().route("/x", post(handler))).await;
    fixture::get(address, "POST /x", "content-length: 0\r\n").await;
    fixture.wait_for_ended(1).await;
    let duration = fixture.metrics().histogram("gen_ai.server.request.duration", &[]);
    assert_eq!((duration.count, duration.sum.to_bits()), (1, 0.25_f64.to_bits()));
    let request = fixture.metrics().histogram(fixture::DURATION, &[]);
    assert_eq!(request.sum.to_bits(), 0.25_f64.to_bits());
}

#[tokio::test]
async fn only_the_first_operation_of_a_request_begins_with_it() {
    let fixture = Fixture::new();
    let manual_clock = fixture.manual_clock.clone();
    let handler = move |CurrentObserver(observer): CurrentObserver| async move {
        for _ in 0..2 {
            manual_clock.advance(Duration::from_millis(250));
            tokio::task::yield_now().await;
            let operation = observer.chat("m").start();
            manual_clock.advance(Duration::from_millis(250));
            operation.complete();
        }
    };
    let address = fixture.serve(Router::new().route("/x", post(handler))).await;
    fixture::get(address, "POST /x", "content-length: 0\r\n").await;
    fixture.wait_for_ended(1).await;
    let duration = fixture.metrics().histogram("gen_ai.server.request.duration", &[]);
    assert_eq!((duration.count, duration.sum.to_bits()), (2, 0.75_f64.to_bits()), "0.5 s, and 0.25 s for the second");
}

#[tokio::test]
async fn an_operation_in_a_scope_of_a_handler_uses_the_arrival_of_the_request_for_both() {
    let fixture = Fixture::new();
    let manual_clock = fixture.manual_clock.clone();
    let handler = move |CurrentObserver(observer): CurrentObserver| async move {
        let call = async |observer: &Observer| {
            manual_clock.advance(Duration::from_millis(250));
            tokio::task::yield_now().await;
            observer.chat("m").start().complete();
        };
        observer.scope(call(&observer)).await;
        call(&observer).await;
        observer.scope(call(&observer)).await;
    };
    let address = fixture.serve(Router::new().route("/x", post(handler))).await;
    fixture::get(address, "POST /x", "content-length: 0\r\n").await;
    fixture.wait_for_ended(1).await;
    let duration = fixture.metrics().histogram("gen_ai.server.request.duration", &[]);
    assert_eq!(
        (duration.count, duration.sum.to_bits()),
        (3, 0.25_f64.to_bits()),
        "only the first begins at the arrival"
    );
}

#[tokio::test]
async fn a_handler_learns_when_its_request_arrived() {
    let fixture = Fixture::new();
    let (manual_clock, before) = (fixture.manual_clock.clone(), fixture.manual_clock.now());
    let handler = move |RequestArrival(arrived): RequestArrival| async move {
        manual_clock.advance(Duration::from_secs(1));
        format!("{:?} {:?}", arrived.since(before), manual_clock.now().since(arrived))
    };
    let address = fixture.serve(Router::new().route("/x", get(handler))).await;
    let answer = fixture::get(address, "GET /x", "").await;
    assert_eq!(fixture::body(&answer), "0ns 1s");
}

#[tokio::test]
async fn the_observer_of_the_layer_is_current_in_its_handlers_only() {
    let fixture = Fixture::new();
    let handler = || async {
        let before = Observer::current().is_enabled();
        tokio::task::yield_now().await;
        let spawned = tokio::spawn(async { Observer::current().is_enabled() }).await.unwrap();
        format!("{before} {} {spawned}", Observer::current().is_enabled())
    };
    let address = fixture.serve(Router::new().route("/x", get(handler))).await;
    let answer = fixture::get(address, "GET /x", "").await;
    assert_eq!(fixture::body(&answer), "true true false");
    assert!(!Observer::current().is_enabled());
}

#[tokio::test]
async fn the_spans_of_a_handler_are_under_its_request() {
    let fixture = Fixture::new();
    let handler = |CurrentObserver(observer): CurrentObserver| async move {
        tokio::task::yield_now().await;
        tracing::info_span!("step").in_scope(|| ());
        let operation = observer.chat("m").start();
        operation.in_scope(|| tracing::info_span!("inner").in_scope(|| ()));
        operation.complete();
        "done"
    };
    let address = fixture.serve(Router::new().route("/x", get(handler))).await;
    fixture::get(address, "GET /x", "").await;
    fixture.wait_for_ended(1).await;
    let request = fixture.only_request_span();
    for (name, parent) in [("step", &request), ("chat m", &request), ("inner", &fixture.span("chat m"))] {
        let span = fixture.span(name);
        assert_eq!(span.parent_span_id, parent.span_context.span_id(), "{name}");
        assert_eq!(span.span_context.trace_id(), request.span_context.trace_id(), "{name}");
        assert!(request.start_time <= span.start_time && span.end_time <= request.end_time, "{name}");
    }
}

#[tokio::test]
async fn a_stream_that_outlives_the_handler_ends_under_its_request_and_before_it() {
    let fixture = Fixture::new();
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
    let address = fixture.serve(Router::new().route("/x", get(handler))).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "connection: close\r\n").await;
    client.read_until("first").await;
    tracing::info_span!("between").in_scope(|| ());
    release.send(()).unwrap();
    client.read_all().await;
    fixture.wait_for_ended(1).await;
    let (request, chat, late) = (fixture.only_request_span(), fixture.span("chat m"), fixture.span("late"));
    assert_eq!(chat.parent_span_id, request.span_context.span_id());
    assert_eq!(late.parent_span_id, request.span_context.span_id(), "made while the body was polled");
    let between = fixture.span("between").end_time;
    assert!(request.end_time >= between, "the end of the handler is not the end of the request");
    assert!(chat.end_time <= request.end_time);
}

#[tokio::test]
async fn the_operation_of_a_dropped_request_ends_before_it() {
    let fixture = Fixture::new();
    let handler = |CurrentObserver(observer): CurrentObserver| async move {
        let _operation = observer.chat("m").start();
        std::future::pending::<()>().await;
    };
    let address = fixture.serve(Router::new().route("/x", get(handler))).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    wait_until("the operation runs", || !fixture.observer.in_flight().is_empty()).await;
    drop(client);
    fixture.wait_for_ended(1).await;
    let (request, chat) = (fixture.only_request_span(), fixture.span("chat m"));
    assert_eq!(chat.parent_span_id, request.span_context.span_id());
    assert!(chat.end_time <= request.end_time);
    assert_eq!(fixture.metrics().count("llmobs.operation.ended", &[("llmobs.operation.outcome", "cancelled")]), 1);
}
