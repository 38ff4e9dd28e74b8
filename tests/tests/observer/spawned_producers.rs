//! Producers in a task or thread of their own, whose channel closes in the same way after a whole answer and after a part of
//! it.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::operation::ProducerGuard;
use llmobs::testing::Books;
use llmobs::testing::Readings;
use tokio::sync::Notify;
use tokio::sync::mpsc;
use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;

type Answer = ProducerGuard<Sender<Chunk>>;

fn observer() -> Observer {
    Observer::builder().model("m").build().unwrap()
}

/// Starts an operation and spawns its generator.
fn spawn<F: Future<Output = ()> + Send + 'static>(
    observer: &Observer,
    generator: impl FnOnce(Answer) -> F,
) -> (Operation, Receiver<Chunk>, JoinHandle<()>) {
    let operation = observer.chat("m").start();
    let (sender, receiver) = mpsc::channel(16);
    let answer = operation.producer(sender);
    (operation, receiver, tokio::spawn(generator(answer)))
}

/// Reads the answer to the end of the channel, as a handler does, and returns the number of its items.
async fn read(operation: Operation, mut receiver: Receiver<Chunk>) -> usize {
    let items = stream::poll_fn(move |context| receiver.poll_recv(context));
    operation.observe(items).count().await
}

/// Asserts that one operation ended, as failed with this error type, or as completed.
fn assert_end(observer: &Observer, error: Option<&str>, case: &str) {
    let books = Books::new(observer);
    assert_eq!((books.started, books.ended), (1, 1), "{case}: {books:?}");
    match error {
        None => assert_eq!(books.completed, 1, "{case}: {books:?}"),
        Some(error) => {
            let labels = [("llmobs.operation.outcome", "failed"), ("error.type", error)];
            assert_eq!(Readings::new(observer).count("llmobs.operation.ended", &labels), 1, "{case}: {books:?}");
        }
    }
}

/// Sends two tokens.
async fn send_two(answer: &Answer) {
    for _ in 0..2 {
        answer.send(Chunk::tokens(1)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_that_ends_its_answer_completes_the_operation() {
    type Generator = fn(Answer) -> BoxFuture<'static, ()>;
    let generators: [(&str, Generator); 4] = [
        ("a finish reason", |answer| {
            Box::pin(async move {
                send_two(&answer).await;
                answer.marker().finish_reason(FinishReason::Stop);
            })
        }),
        ("finish", |answer| {
            Box::pin(async move {
                send_two(&answer).await;
                answer.finish();
            })
        }),
        ("a finish reason in the last item", |answer| {
            Box::pin(async move {
                answer.send(Chunk::tokens(1)).await.unwrap();
                answer.send(Chunk::tokens(1).finish_reason(FinishReason::Stop)).await.unwrap();
                answer.finish();
            })
        }),
        ("a clone that finished before the others", |answer| {
            Box::pin(async move {
                send_two(&answer).await;
                answer.clone().finish();
            })
        }),
    ];
    for (case, generator) in generators {
        let observer = observer();
        let (operation, receiver, task) = spawn(&observer, generator);
        assert_eq!(read(operation, receiver).await, 2, "{case}");
        task.await.unwrap();
        assert_end(&observer, None, case);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_that_vanishes_fails_the_operation() {
    // Many times, because the consumer reads the end of the channel on another thread.
    for _ in 0..200 {
        let observer = observer();
        let (operation, receiver, _task) = spawn(&observer, |answer| async move { send_two(&answer).await });
        assert_eq!(read(operation, receiver).await, 2);
        assert_end(&observer, Some("internal"), "an early return");

        let observer = self::observer();
        let (operation, receiver, task) = spawn(&observer, |answer| async move {
            send_two(&answer).await;
            resume_unwind(Box::new("on purpose"));
        });
        assert_eq!(read(operation, receiver).await, 2);
        assert!(task.await.unwrap_err().is_panic());
        assert_end(&observer, Some("internal"), "a panic");

        let observer = self::observer();
        let has_sent = Arc::new(Notify::new());
        let sent = Arc::clone(&has_sent);
        let (operation, receiver, task) = spawn(&observer, |answer| async move {
            send_two(&answer).await;
            sent.notify_one();
            pending::<()>().await;
            answer.finish();
        });
        has_sent.notified().await;
        task.abort();
        assert_eq!(read(operation, receiver).await, 2);
        assert_end(&observer, Some("internal"), "an abort");
    }
}

#[tokio::test]
async fn a_producer_that_is_aborted_before_it_runs_fails_the_operation() {
    let observer = observer();
    let (operation, receiver, task) = spawn(&observer, |answer| async move { answer.finish() });
    task.abort();
    assert_eq!(read(operation, receiver).await, 0);
    assert_end(&observer, Some("internal"), "never polled");
}

#[tokio::test]
async fn a_producer_that_is_aborted_in_a_shutdown_fails_the_operation_with_its_error_type() {
    let observer = observer();
    let (operation, receiver, task) = spawn(&observer, |answer| async move { answer.finish() });
    observer.begin_shutdown();
    task.abort();
    read(operation, receiver).await;
    assert_end(&observer, Some("shutdown"), "a shutdown");
}

#[test]
fn a_thread_that_returns_early_fails_the_operation() {
    let observer = observer();
    let operation = observer.chat("m").start();
    let (sender, receiver) = std::sync::mpsc::channel();
    let answer = ProducerGuard::new(operation.marker(), sender);
    let engine = std::thread::spawn(move || answer.send(Chunk::tokens(1)));
    let items = stream::iter(receiver);
    assert_eq!(operation.observe(items).count().now_or_never(), Some(1));
    engine.join().unwrap().unwrap();
    assert_end(&observer, Some("internal"), "a thread");
}

#[tokio::test]
async fn the_last_clone_decides_and_an_error_that_was_set_remains() {
    let observer = observer();
    let operation = observer.chat("m").start();
    let answer = operation.producer(());
    drop(answer.clone());
    answer.marker().set_error(ErrorType::OutOfMemory);
    drop(answer);
    operation.complete();
    assert_end(&observer, Some("out_of_memory"), "an error that was set");

    let observer = self::observer();
    let operation = observer.chat("m").start();
    let answer = operation.producer(());
    drop(answer.clone());
    operation.complete();
    drop(answer);
    assert_end(&observer, None, "a clone was left at the end");
}

#[tokio::test]
async fn a_producer_whose_caller_left_does_not_fail_the_operation() {
    let observer = observer();
    let (operation, mut receiver, task) = spawn(&observer, |answer| async move {
        while answer.send(Chunk::tokens(1)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    let items = stream::poll_fn(move |context| receiver.poll_recv(context));
    let mut answer = Box::pin(operation.observe(items));
    assert!(answer.next().await.is_some());
    drop(answer);
    task.await.unwrap();
    let books = Books::new(&observer);
    assert_eq!((books.cancelled, books.failed), (1, 0), "{books:?}");
}

#[test]
fn a_disabled_operation_has_a_guard_without_an_effect() {
    let operation = Observer::disabled().chat("m").start();
    let mut answer = operation.producer(vec![1]);
    answer.push(2);
    assert_eq!(*answer, [1, 2]);
    drop(answer);
    operation.complete();
}
