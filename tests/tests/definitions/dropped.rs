//! The outcome of a dropped operation. The first true condition decides: a marked failure; a panic; a complete answer;
//! a passed deadline; a shutdown; otherwise the caller cancelled.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures_util::FutureExt;
use futures_util::Stream;
use futures_util::StreamExt;
use http::Request;
use http::StatusCode;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Operation;
use llmobs::Role;
use llmobs::semconv::value::OperationName;
use llmobs::tower::ServerLayer;
use llmobs::tower::axum::CurrentObserver;
use tower_service::Service;

use crate::fixture::Fixture;
use crate::fixture::MODEL;
use crate::fixture::ms;
use crate::fixture::panic_quietly;

/// The conditions that are true at a drop.
#[derive(Debug, Clone, Copy)]
struct DropConditions {
    has_failure: bool,
    has_panic: bool,
    is_complete: bool,
    is_past_deadline: bool,
    is_shutting_down: bool,
}

impl DropConditions {
    fn all() -> impl Iterator<Item = Self> {
        (0..32_u8).map(|bits| Self {
            has_failure: bits & 1 != 0,
            has_panic: bits & 2 != 0,
            is_complete: bits & 4 != 0,
            is_past_deadline: bits & 8 != 0,
            is_shutting_down: bits & 16 != 0,
        })
    }

    /// Returns the expected outcome and reason, by the order of the rule.
    fn expected(self) -> (&'static str, &'static str) {
        match self {
            Self { has_failure: true, .. } => ("failed", "out_of_memory"),
            Self { has_panic: true, .. } => ("failed", "internal"),
            Self { is_complete: true, .. } => ("completed", ""),
            Self { is_past_deadline: true, .. } => ("failed", "timeout"),
            Self { is_shutting_down: true, .. } => ("failed", "shutdown"),
            _ => ("cancelled", "cancelled"),
        }
    }

    /// Starts an operation with all conditions of `self` except the panic and the complete answer.
    fn start_operation(self, fixture: &Fixture) -> Operation {
        let operation =
            fixture.observer.chat(MODEL).deadline(ms(if self.is_past_deadline { 100 } else { 10_000 })).start();
        if self.has_failure {
            operation.marker().set_error(ErrorType::OutOfMemory);
        }
        if self.is_shutting_down {
            fixture.observer.begin_shutdown();
        }
        operation
    }

    fn check(self, fixture: &Fixture, signal: &str) {
        let (outcome, reason) = fixture.only_end();
        let (expected_outcome, expected_reason) = self.expected();
        assert_eq!(outcome, expected_outcome, "{signal}: {self:?}");
        if expected_outcome != "completed" {
            assert_eq!(reason, expected_reason, "{signal}: {self:?}");
        }
    }
}

#[test]
fn a_dropped_operation_ends_by_the_first_true_condition() {
    for conditions in DropConditions::all() {
        let fixture = Fixture::new();
        let operation = conditions.start_operation(&fixture);
        if conditions.is_complete {
            operation.marker().finish_reason(FinishReason::Stop);
        }
        fixture.advance(ms(100));
        if conditions.has_panic {
            let unwound = catch_unwind(AssertUnwindSafe(move || {
                let _operation = operation;
                panic_quietly();
            }));
            assert!(unwound.is_err());
        } else {
            drop(operation);
        }
        conditions.check(&fixture, "operation");
    }
}

/// The sign by which a stream shows that its answer is complete.
#[derive(Debug, Clone, Copy, PartialEq)]
enum CompletionSignal {
    FinishReason,
    LastChunk,
    SizeHint,
    MarkedReason,
}

/// A stream of two tokens that then panics or pends, as `conditions` requires.
struct TestStream {
    yielded: usize,
    conditions: DropConditions,
    signal: CompletionSignal,
}

impl Stream for TestStream {
    type Item = Chunk;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Chunk>> {
        self.yielded += 1;
        let token = Chunk::tokens(1);
        match self.yielded {
            1 => Poll::Ready(Some(token)),
            2 => Poll::Ready(Some(match self.signal {
                _ if !self.conditions.is_complete => token,
                CompletionSignal::FinishReason => token.finish_reason(FinishReason::Stop),
                CompletionSignal::LastChunk => token.last(),
                CompletionSignal::SizeHint | CompletionSignal::MarkedReason => token,
            })),
            _ if self.conditions.has_panic => panic_quietly(),
            _ => Poll::Pending,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let is_at_end = self.conditions.is_complete && self.signal == CompletionSignal::SizeHint && self.yielded == 2;
        if is_at_end { (0, Some(0)) } else { (0, None) }
    }
}

#[test]
fn a_dropped_stream_ends_by_the_first_true_condition() {
    for conditions in DropConditions::all() {
        for signal in [
            CompletionSignal::FinishReason,
            CompletionSignal::LastChunk,
            CompletionSignal::SizeHint,
            CompletionSignal::MarkedReason,
        ] {
            let fixture = Fixture::new();
            let operation = conditions.start_operation(&fixture);
            let marker = operation.marker().clone();
            let mut stream = operation.observe(TestStream { yielded: 0, conditions, signal });
            for _ in 0..2 {
                assert!(stream.next().now_or_never().is_some());
            }
            if conditions.is_complete && signal == CompletionSignal::MarkedReason {
                marker.finish_reason(FinishReason::Stop);
            }
            fixture.advance(ms(100));
            if conditions.has_panic {
                // The poll panics and is caught; the stream is dropped later, while the thread is not unwinding.
                assert!(catch_unwind(AssertUnwindSafe(|| stream.next().now_or_never())).is_err());
            }
            drop(stream);
            conditions.check(&fixture, &format!("stream, {signal:?}"));
        }
    }
}

#[test]
fn a_stream_that_is_dropped_while_its_thread_unwinds_has_failed() {
    let fixture = Fixture::new();
    let mut stream = fixture.chat().observe(fixture.producer().tokens(3, ms(20)));
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _ = stream.next().now_or_never();
        panic_quietly();
    }));
    assert!(unwound.is_err());
    assert_eq!(fixture.only_end(), ("failed".into(), "internal".into()));
}

#[test]
fn a_panic_of_the_closure_that_describes_items_counts_as_one_of_the_stream() {
    let fixture = Fixture::new();
    let items = futures_util::stream::iter([1_u32, 2, 3]);
    let mut stream = fixture.chat().observe_with(items, |item: &u32| {
        if *item == 2 {
            panic_quietly();
        }
        Chunk::tokens(*item)
    });
    assert_eq!(stream.next().now_or_never(), Some(Some(1)));
    assert!(catch_unwind(AssertUnwindSafe(|| stream.next().now_or_never())).is_err());
    drop(stream);
    assert_eq!(fixture.only_end(), ("failed".into(), "internal".into()));
}

#[test]
fn a_producer_that_panics_fails_the_operation_unless_its_answer_was_complete() {
    for (has_finished, expected) in [(false, ("failed", "internal")), (true, ("completed", "stop"))] {
        let fixture = Fixture::new();
        let operation = fixture.chat();
        let marker = operation.marker().clone();
        let (sender, receiver) = std::sync::mpsc::channel();
        // A producer of its own, such as a spawned task: its end closes the channel, whatever the reason.
        let producer = std::thread::spawn(move || {
            sender.send("token").unwrap();
            if has_finished {
                marker.finish_reason(FinishReason::Stop);
            }
            let _sender = sender;
            panic_quietly();
        });
        assert!(producer.join().is_err());
        let stream = operation.observe(futures_util::stream::iter(receiver));
        assert_eq!(stream.count().now_or_never(), Some(1));
        assert_eq!(fixture.only_end(), (expected.0.into(), expected.1.into()));
    }
}

#[test]
fn a_stream_that_was_never_polled_is_cancelled() {
    let fixture = Fixture::new();
    drop(fixture.chat().observe(fixture.producer().tokens(3, ms(20))));
    assert_eq!(fixture.only_end(), ("cancelled".into(), "cancelled".into()));
}

#[test]
fn a_stream_that_ended_by_itself_is_completed_even_past_its_deadline() {
    let fixture = Fixture::new();
    let operation = fixture.observer.chat(MODEL).deadline(ms(10)).start();
    let stream = operation.observe(futures_util::stream::iter(["late", "and", "whole"]));
    fixture.advance(ms(50));
    assert_eq!(stream.count().now_or_never(), Some(3));
    assert_eq!(fixture.only_end().0, "completed");
}

#[tokio::test]
async fn a_stream_of_a_gateway_or_client_that_ends_without_a_finish_reason_has_failed() {
    let token = Chunk::tokens(1);
    let upstream = ("failed".to_owned(), "upstream".to_owned());
    let completed = |reason: &str| ("completed".to_owned(), reason.to_owned());
    for role in [Role::Gateway, Role::Client] {
        for (last, expected) in [
            (token.clone(), upstream.clone()),
            (token.clone().choice(1).finish_reason(FinishReason::Stop), completed("stop")),
            (token.clone().last(), completed("")),
            (Chunk::failed(ErrorType::Timeout), ("failed".into(), "timeout".into())),
        ] {
            let fixture = Fixture::with(|builder| builder.role(role));
            let items = fixture.producer().tokens(3, ms(20)).item_after(ms(20), last.clone());
            fixture.chat().observe(items).count().await;
            assert_eq!(fixture.only_end(), expected, "{role:?} {last:?}");
        }
        let fixture = Fixture::with(|builder| builder.role(role));
        fixture.chat().observe(futures_util::stream::empty::<Chunk>()).count().await;
        assert_eq!(fixture.only_end(), upstream, "an empty stream");
        let fixture = Fixture::with(|builder| builder.role(role));
        let operation = fixture.chat();
        operation.marker().finish_reason(FinishReason::Length);
        operation.observe(futures_util::stream::iter(["a"])).count().await;
        assert_eq!(fixture.only_end(), completed("length"), "a marked reason");
        let fixture = Fixture::with(|builder| builder.role(role));
        let mut stream = fixture.chat().observe(futures_util::stream::iter(["a"]));
        assert_eq!(stream.next().await, Some("a"));
        drop(stream);
        assert_eq!(fixture.only_end(), upstream, "the size hint shows the end, and the consumer does not poll for it");
    }
}

#[tokio::test]
async fn an_end_without_a_finish_reason_is_accepted_in_the_server_role_of_other_operations_and_on_request() {
    let words = || futures_util::stream::iter(["a", "b"]);
    let fixture = Fixture::new();
    fixture.chat().observe(words()).count().await;
    assert_eq!(fixture.only_end().0, "completed");
    for name in [OperationName::Embeddings, OperationName::other("rerank")] {
        let fixture = Fixture::with(|builder| builder.role(Role::Gateway));
        fixture.observer.operation(name.clone(), MODEL).start().observe(words()).count().await;
        assert_eq!(fixture.only_end().0, "completed", "{name:?}");
    }
    for name in [OperationName::Chat, OperationName::GenerateContent, OperationName::TextCompletion] {
        for (accepts, expected) in [(true, "completed"), (false, "failed")] {
            let fixture = Fixture::with(|builder| builder.role(Role::Client));
            let stream = fixture.observer.operation(name.clone(), MODEL).start().observe(words());
            let stream = if accepts { stream.without_finish_reason() } else { stream };
            stream.count().await;
            assert_eq!(fixture.only_end().0, expected, "{name:?}");
        }
    }
}

#[tokio::test]
async fn an_operation_that_a_request_handler_drops_ends_by_the_status_of_the_answer() {
    for (status, outcome, error) in [
        (429, "rejected", "rate_limited"),
        (500, "failed", "internal"),
        (504, "failed", "timeout"),
        (200, "cancelled", "cancelled"),
    ] {
        let fixture = Fixture::new();
        let handler = move |CurrentObserver(observer): CurrentObserver| async move {
            drop(observer.chat(MODEL).start());
            StatusCode::from_u16(status).unwrap()
        };
        let mut routes = Router::new().route("/", get(handler)).layer(ServerLayer::new(fixture.observer.clone()));
        assert_eq!(routes.call(Request::new(Body::empty())).await.unwrap().status(), status);
        assert_eq!(fixture.only_end(), (outcome.into(), error.into()), "{status}");
    }
}

#[test]
fn a_future_that_is_dropped_ends_its_operation() {
    let fixture = Fixture::new();
    let handler = async {
        let operation = fixture.chat();
        std::future::pending::<()>().await;
        operation.complete();
    };
    assert!(handler.now_or_never().is_none());
    assert_eq!(fixture.only_end(), ("cancelled".into(), "cancelled".into()));
}

#[test]
fn a_producer_that_vanishes_before_its_answer_ended_sets_an_error() {
    for (is_finished, expected) in [(false, ("failed", "internal")), (true, ("completed", ""))] {
        let fixture = Fixture::new();
        let operation = fixture.chat();
        let answer = operation.producer(());
        if is_finished {
            answer.finish()
        } else {
            drop(answer)
        }
        operation.complete();
        let (outcome, reason) = fixture.only_end();
        assert_eq!((&*outcome, &*reason), expected);
    }
}
