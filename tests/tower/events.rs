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

use crate::kit;
use crate::kit::Client;
use crate::kit::Kit;
use crate::kit::until;

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
async fn an_answer_in_events_counts_what_each_carries_and_ends_its_operation() {
    let kit = Kit::new();
    let address = kit.serve(Router::new().route("/x", get(answer))).await;
    let text = kit::get(address, "GET /x", "").await;
    assert!(text.contains("content-type: text/event-stream"), "{text}");
    for line in ["data: a\n\n", "data: b\n\n"] {
        assert!(text.contains(line), "{text}");
    }
    kit.wait_for(1).await;
    assert_books!(kit.observer);
    let readings = kit.readings();
    assert_eq!(readings.count("llmobs.token.processed", &[("llmobs.token.direction", "output")]), 3);
    assert_eq!(readings.count("llmobs.operation.ended", &[("llmobs.operation.outcome", "completed")]), 1);
}

#[tokio::test]
async fn an_error_breaks_off_and_fails_both() {
    let kit = Kit::new();
    let (sender, receiver) = mpsc::unbounded_channel();
    let receiver = std::sync::Arc::new(std::sync::Mutex::new(Some(receiver)));
    let handler = move |CurrentObserver(observer): CurrentObserver| async move {
        let mut receiver = receiver.lock().unwrap().take().unwrap();
        let items = stream::poll_fn(move |context| receiver.poll_recv(context));
        sse(observer.chat("m").start(), items, |item: Result<&str, io::Error>| {
            item.map(|text| (Chunk::tokens(1), Event::default().data(text)))
        })
    };
    let address = kit.serve(Router::new().route("/x", get(handler))).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    sender.send(Ok("a")).unwrap();
    client.read_until("data: a\n\n").await;
    sender.send(Err(io::Error::other("planned"))).unwrap();
    assert!(!client.read_all().await.ends_with("0\r\n\r\n"), "broken off");
    kit.wait_for(1).await;
    let failed = [("llmobs.operation.outcome", "failed"), ("error.type", "_OTHER")];
    assert_eq!(kit.readings().count("llmobs.operation.ended", &failed), 1);
    assert_eq!(kit.ended(&[("error.type", "_OTHER")]), 1);
}

#[tokio::test]
async fn an_error_that_is_sent_fails_the_operation_and_not_the_answer() {
    let kit = Kit::new();
    let handler = |CurrentObserver(observer): CurrentObserver| async move {
        let items = stream::iter([Chunk::tokens(1), Chunk::failed(llmobs::ErrorType::Inference)]);
        sse(observer.chat("m").start(), items, |chunk| Ok::<_, Infallible>((chunk, Event::default().data("x"))))
    };
    let address = kit.serve(Router::new().route("/x", get(handler))).await;
    let text = kit::get(address, "GET /x", "").await;
    assert!(text.ends_with("0\r\n\r\n"), "the body came to its end: {text}");
    kit.wait_for(1).await;
    assert_eq!(kit.readings().count("llmobs.operation.ended", &[("error.type", "inference")]), 1);
    assert!(!kit.labels().contains_key("error_type"));
}

#[tokio::test]
async fn a_reader_that_leaves_cancels_both_unless_the_answer_was_there() {
    for (chunk, outcome) in
        [(Chunk::tokens(1), "cancelled"), (Chunk::tokens(1).finish_reason(FinishReason::Stop), "completed")]
    {
        let kit = Kit::new();
        let (sender, receiver) = mpsc::unbounded_channel();
        let receiver = std::sync::Arc::new(std::sync::Mutex::new(Some(receiver)));
        let handler = move |CurrentObserver(observer): CurrentObserver| async move {
            let mut receiver = receiver.lock().unwrap().take().unwrap();
            let chunks = stream::poll_fn(move |context| receiver.poll_recv(context));
            let event = |chunk| Ok::<_, Infallible>((chunk, Event::default().data("token")));
            sse(observer.chat("m").start(), chunks, event).into_response()
        };
        let address = kit.serve(Router::new().route("/x", get(handler))).await;
        let mut client = Client::connect(address).await;
        client.send("GET /x", "").await;
        sender.send(chunk).unwrap();
        client.read_until("data: token").await;
        drop(client);
        until("the server has seen it", || sender.is_closed()).await;
        kit.wait_for(1).await;
        assert_eq!(kit.readings().count("llmobs.operation.ended", &[("llmobs.operation.outcome", outcome)]), 1);
        assert_eq!(kit.ended(&[("error.type", "cancelled")]), 1, "of the request nobody knows that it was whole");
    }
}
