//! The operation whose code runs on this thread, found without a reference to it.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::pin::Pin;
use std::pin::pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use futures_util::FutureExt;
use futures_util::StreamExt;

use llmobs::Chunk;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::Role;
use llmobs::Usage;
use llmobs::semconv::value::AttemptKind;
use llmobs::testing::Readings;
use tracing_subscriber::layer::SubscriberExt;

fn observer() -> Observer {
    Observer::builder().role(Role::Gateway).model("m").model("inner").build().unwrap()
}

fn attempts(observer: &Observer, model: &str, kind: &str) -> u64 {
    let labels = [("gen_ai.request.model", model), ("llmobs.attempt.kind", kind)];
    Readings::new(observer).count("llmobs.operation.attempts", &labels)
}

/// A loop of retries that has no reference to the operation: the third replica answers.
async fn ask_replicas() -> &'static str {
    for _ in 0..2 {
        tokio::task::yield_now().await;
        Operation::current().record_attempt(AttemptKind::Retry);
    }
    "42"
}

#[tokio::test]
async fn a_loop_in_another_function_counts_its_attempts_with_and_without_a_subscriber() {
    for with_spans in [true, false] {
        let subscriber = with_spans.then(|| tracing_subscriber::registry().with(tracing_opentelemetry::layer()));
        let _default = subscriber.map(tracing::subscriber::set_default);
        let builder = Observer::builder().role(Role::Gateway).model("m");
        let observer = if with_spans { builder } else { builder.without_spans() }.build().unwrap();
        let operation = observer.chat("m").start();
        assert_eq!(operation.span().is_none(), !with_spans);
        assert_eq!(operation.run(ask_replicas()).await, "42");
        operation.in_scope(|| Operation::current().record_attempt(AttemptKind::Fallback));
        operation.complete();
        assert_eq!((attempts(&observer, "m", "retry"), attempts(&observer, "m", "fallback")), (2, 1), "{with_spans}");
    }
}

#[tokio::test]
async fn outside_of_any_operation_and_in_another_task_the_marker_is_disabled() {
    let disabled = format!("{:?}", Observer::disabled().chat("m").start().marker());
    assert_eq!(format!("{:?}", Operation::current()), disabled);
    let observer = observer();
    let operation = observer.chat("m").start();
    let spawned = operation.run(async { tokio::spawn(async { format!("{:?}", Operation::current()) }).await }).await;
    assert_eq!(spawned.unwrap(), disabled, "a task does not inherit the operation");
    let mut future = pin!(operation.run(ask_replicas()));
    assert_eq!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
    assert_eq!(format!("{:?}", Operation::current()), disabled, "between two polls, other code runs");
    operation.complete();
}

#[test]
fn of_nested_operations_the_innermost_is_the_current_one() {
    let observer = observer();
    let (outer, inner) = (observer.chat("m").start(), observer.chat("inner").start());
    let retry = || Operation::current().record_attempt(AttemptKind::Retry);
    outer.in_scope(|| {
        retry();
        inner.run(async { retry() }).now_or_never().unwrap();
        Observer::disabled().chat("m").start().in_scope(retry);
        retry();
    });
    retry();
    outer.complete();
    inner.complete();
    assert_eq!((attempts(&observer, "m", "retry"), attempts(&observer, "inner", "retry")), (2, 1));
}

#[test]
fn a_panic_restores_the_operation_before() {
    let observer = observer();
    let (outer, inner) = (observer.chat("m").start(), observer.chat("inner").start());
    outer.in_scope(|| {
        let caught = catch_unwind(AssertUnwindSafe(|| inner.in_scope(|| panic!("the engine broke"))));
        assert!(caught.is_err());
        Operation::current().record_attempt(AttemptKind::Retry);
        let polled = inner.run(async { panic!("the upstream broke") });
        assert!(catch_unwind(AssertUnwindSafe(|| polled.now_or_never())).is_err());
        Operation::current().record_attempt(AttemptKind::Retry);
    });
    outer.complete();
    inner.complete();
    assert_eq!((attempts(&observer, "m", "retry"), attempts(&observer, "inner", "retry")), (2, 0));
}

#[test]
fn a_stream_that_is_polled_in_the_span_of_its_operation_is_its_code() {
    let observer = observer();
    let observe = |is_in_span: bool| {
        let items = futures_util::stream::iter(0..3).inspect(|_| {
            Operation::current().record_attempt(AttemptKind::Retry);
        });
        let stream = observer.chat("m").start().observe_with(items, |_| Chunk::tokens(1));
        let stream = if is_in_span { stream.in_span() } else { stream };
        stream.count().now_or_never().unwrap()
    };
    assert_eq!((observe(false), attempts(&observer, "m", "retry")), (3, 0));
    assert_eq!((observe(true), attempts(&observer, "m", "retry")), (3, 3));
}

#[test]
fn the_future_may_outlive_its_operation() {
    let observer = observer();
    let operation = observer.chat("m").start();
    let mut future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(operation.run(async {
        Operation::current().usage(Usage::new().output(7));
        Operation::current().record_attempt(AttemptKind::Hedge);
    }));
    operation.complete();
    assert!(future.as_mut().now_or_never().is_some());
    assert_eq!(attempts(&observer, "m", "hedge"), 1);
    assert_eq!(Readings::new(&observer).count("llmobs.token.processed", &[]), 0, "usage after the end is ignored");
}
