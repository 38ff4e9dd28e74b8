//! Ends on other threads and tasks: of a runtime, of a producer, and at the end of a thread.

use std::cell::RefCell;
use std::thread;

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Operation;
use llmobs::Role;
use llmobs::Usage;
use tokio::runtime::Runtime;

use super::Scene;
use super::Way;
use super::panic_quietly;

pub const WAYS: &[Way] = &[
    Way {
        name: "task, aborted",
        role: Role::Server,
        run: |scene| {
            let operation = scene.start();
            let runtime = runtime();
            let task = runtime.spawn(hold(operation));
            task.abort();
            assert!(runtime.block_on(task).is_err());
        },
        expected: ("cancelled", "cancelled"),
    },
    Way {
        name: "task, a panic",
        role: Role::Server,
        run: |scene| {
            let operation = scene.start();
            let runtime = runtime();
            let task = runtime.spawn(async {
                let _operation = operation;
                panic_quietly();
            });
            assert!(runtime.block_on(task).is_err());
        },
        expected: ("failed", "internal"),
    },
    Way {
        name: "task, with its runtime",
        role: Role::Server,
        run: |scene| {
            let runtime = runtime();
            runtime.spawn(hold(scene.start()));
            drop(runtime);
        },
        expected: ("cancelled", "cancelled"),
    },
    Way {
        name: "thread, at its end",
        role: Role::Server,
        run: |scene| {
            let operation = scene.start();
            // Joined, because the local values of a thread are dropped after its closure has returned.
            thread::spawn(|| HELD.with_borrow_mut(|held| *held = Some(operation))).join().unwrap();
        },
        expected: ("cancelled", "cancelled"),
    },
    Way {
        name: "producer, vanished",
        role: Role::Server,
        run: |scene| {
            let operation = scene.start();
            drop(operation.producer(()));
            assert!(operation.observe(stream::empty::<&str>()).count().now_or_never().is_some());
        },
        expected: ("failed", "internal"),
    },
    Way {
        name: "producer, a panic of its thread",
        role: Role::Server,
        run: |scene| {
            let operation = scene.start();
            let marker = operation.marker().clone();
            let producer = thread::spawn(move || {
                let _marker = marker;
                panic_quietly();
            });
            assert!(producer.join().is_err());
            drop(operation);
        },
        expected: ("failed", "internal"),
    },
    Way {
        name: "cancel, with late tokens",
        role: Role::Server,
        run: late_tokens,
        expected: ("cancelled", "cancelled"),
    },
];

thread_local! {
    static HELD: RefCell<Option<Operation>> = const { RefCell::new(None) };
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap()
}

async fn hold(operation: Operation) {
    std::future::pending::<()>().await;
    operation.complete();
}

fn late_tokens(scene: &Scene) {
    let operation = scene.start();
    let engine = operation.marker().clone();
    engine.usage(Usage::new().input(9).output(3));
    operation.cancel();
    engine.usage(Usage::new().input(9).output(LATE_TOKENS + 3));
}

/// The tokens that the way "cancel, with late tokens" reports after its end.
pub const LATE_TOKENS: u64 = 4;
