//! Answers of server-sent events that end their operation.

use std::convert::Infallible;
use std::io;

use axum::Router;
use axum::response::IntoResponse;
use axum::response::Sse;
use axum::response::sse::Event;
use axum::routing::get;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::FinishReason;
use llmobs::ObservedStream;
use llmobs::assert_books;
use llmobs::stream::Described;
use llmobs::tower::axum::CurrentObserver;
use llmobs::tower::axum::Events;
use llmobs::tower::axum::sse;
use tokio::sync::mpsc;

use crate::fixture;
use crate::fixture::Client;
use crate::fixture::Fixture;
use crate::fixture::wait_until;

type Token = (&'static str, u32);

fn event((text, tokens): Token) -> Result<(Chunk, Event), Infallible> {
    Ok((Chunk::tokens(tokens), Event::default().data(text)))
}

type Tokens = stream::Iter<std::vec::IntoIter<Token>>;

/// A handler whose return type can be written without boxing.
async fn answer(
    CurrentObserver(observer): CurrentObserver,
) -> Sse<
    ObservedStream<
        Events<Tokens, fn(Token) -> Result<(Chunk, Event), Infallible>>,
        Described<fn(&Result<Event, Infallible>) -> Chunk>,
    >,
> {
    sse(observer.chat("m").start(), stream::iter(vec![("a", 1), ("b", 2), ("", 0)]), event)
}

#[tokio::test]
async fn an_answer_in_events_counts_the_tokens_of_each_and_ends_its_operation() {
    let fixture = Fixture::new();
    let address = fixture.serve(Router::new().route("/x", get(answer))).await;
    let text = fixture::get(address, "GET /x", "").await;
    assert!(text.contains("content-type: text/event-stream"), "{text}");
    for line in ["data: a\n\n", "data: b\n\n"] {
        assert!(text.contains(line), "{text}");
    }
    fixture.wait_for_ended(1).await;
    assert_books!(fixture.observer);
    let metrics = fixture.metrics();
    assert_eq!(metrics.count("llmobs.token.processed", &[("llmobs.token.direction", "output")]), 3);
    assert_eq!(metrics.count("llmobs.operation.ended", &[("llmobs.operation.outcome", "completed")]), 1);
}

#[tokio::test]
async fn an_error_aborts_the_answer_and_fails_both() {
    let fixture = Fixture::new();
    let (sender, receiver) = mpsc::unbounded_channel();
    let receiver = std::sync::Arc::new(std::sync::Mutex::new(Some(receiver)));
    let handler = move |CurrentObserver(observer): CurrentObserver| async move {
        let mut receiver = receiver.lock().unwrap().take().unwrap();
        let items = stream::poll_fn(move |context| receiver.poll_recv(context));
        sse(observer.chat("m").start(), items, |item: Result<&str, io::Error>| {
            item.map(|text| (Chunk::tokens(1), Event::default().data(text)))
        })
    };
    let address = fixture.serve(Router::new().route("/x", get(handler))).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    sender.send(Ok("a")).unwrap();
    client.read_until("data: a\n\n").await;
    sender.send(Err(io::Error::other("planned"))).unwrap();
    assert!(!client.read_all().await.ends_with("0\r\n\r\n"), "the body was aborted");
    fixture.wait_for_ended(1).await;
    let failed = [("llmobs.operation.outcome", "failed"), ("error.type", "_OTHER")];
    assert_eq!(fixture.metrics().count("llmobs.operation.ended", &failed), 1);
    assert_eq!(fixture.ended_count(&[("error.type", "_OTHER")]), 1);
}

#[tokio::test]
async fn an_error_that_is_sent_fails_the_operation_and_not_the_answer() {
    let fixture = Fixture::new();
    let handler = |CurrentObserver(observer): CurrentObserver| async move {
        let items = stream::iter([Chunk::tokens(1), Chunk::failed(llmobs::ErrorType::Inference)]);
        sse(observer.chat("m").start(), items, |chunk| Ok::<_, Infallible>((chunk, Event::default().data("x"))))
    };
    let address = fixture.serve(Router::new().route("/x", get(handler))).await;
    let text = fixture::get(address, "GET /x", "").await;
    assert!(text.ends_with("0\r\n\r\n"), "the body ended: {text}");
    fixture.wait_for_ended(1).await;
    assert_eq!(fixture.metrics().count("llmobs.operation.ended", &[("error.type", "inference")]), 1);
    assert!(!fixture.labels().contains_key("error_type"));
}

#[tokio::test]
async fn a_consumer_that_disconnects_cancels_both_unless_the_answer_was_complete() {
    for (chunk, outcome) in
        [(Chunk::tokens(1), "cancelled"), (Chunk::tokens(1).finish_reason(FinishReason::Stop), "completed")]
    {
        let fixture = Fixture::new();
        let (sender, receiver) = mpsc::unbounded_channel();
        let receiver = std::sync::Arc::new(std::sync::Mutex::new(Some(receiver)));
        let handler = move |CurrentObserver(observer): CurrentObserver| async move {
            let mut receiver = receiver.lock().unwrap().take().unwrap();
            let chunks = stream::poll_fn(move |context| receiver.poll_recv(context));
            let event = |chunk| Ok::<_, Infallible>((chunk, Event::default().data("token")));
            sse(observer.chat("m").start(), chunks, event).into_response()
        };
        let address = fixture.serve(Router::new().route("/x", get(handler))).await;
        let mut client = Client::connect(address).await;
        client.send("GET /x", "").await;
        sender.send(chunk).unwrap();
        client.read_until("data: token").await;
        drop(client);
        wait_until("the server has noticed the disconnect", || sender.is_closed()).await;
        fixture.wait_for_ended(1).await;
        assert_eq!(fixture.metrics().count("llmobs.operation.ended", &[("llmobs.operation.outcome", outcome)]), 1);
        assert_eq!(
            fixture.ended_count(&[("error.type", "cancelled")]),
            1,
            "the layer cannot know that the body was complete"
        );
    }
}
