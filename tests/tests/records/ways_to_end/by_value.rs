//! Ends by the owner of the operation: by value, or by its drop.

use std::time::Duration;

use futures_util::FutureExt;
use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::FinishReason;
use llmobs::Role;
use llmobs::Usage;
use llmobs::semconv::value::AttemptKind;

use super::Scene;
use super::Way;
use super::catch;
use super::panic_quietly;

pub const WAYS: &[Way] = &[
    Way { name: "complete", role: Role::Server, run: |scene| scene.start().complete(), expected: ("completed", "") },
    Way {
        name: "complete, with everything known",
        role: Role::Server,
        run: everything,
        expected: ("completed", "stop"),
    },
    Way {
        name: "complete, after a marked error",
        role: Role::Server,
        run: |scene| {
            let operation = scene.start();
            operation.marker().set_error(ErrorType::OutOfMemory);
            operation.complete();
        },
        expected: ("failed", "out_of_memory"),
    },
    Way {
        name: "complete, of a client",
        role: Role::Client,
        run: |scene| {
            let operation = scene.start();
            operation.marker().usage(Usage::new().input(9).output(3));
            operation.marker().finish_reason(FinishReason::Length);
            scene.advance(20);
            operation.complete();
        },
        expected: ("completed", "length"),
    },
    Way {
        name: "complete, of embeddings",
        role: Role::Server,
        run: |scene| {
            let operation = scene.observer.embeddings("m").start();
            operation.marker().usage(Usage::new().input(9));
            operation.complete();
        },
        expected: ("completed", ""),
    },
    Way {
        name: "fail",
        role: Role::Server,
        run: |scene| {
            let operation = scene.start();
            operation.marker().usage(Usage::new().input(9).output(3).estimated());
            scene.advance(5);
            operation.fail(Failure::new(ErrorType::Inference).message("canary"));
        },
        expected: ("failed", "inference"),
    },
    Way {
        name: "cancel",
        role: Role::Gateway,
        run: |scene| scene.start().cancel(),
        expected: ("cancelled", "cancelled"),
    },
    Way {
        name: "cancel, in the queue",
        role: Role::Server,
        run: |scene| {
            let operation = scene.start();
            operation.marker().enqueued();
            operation.marker().usage(Usage::new().input(9));
            scene.advance(7);
            operation.cancel();
        },
        expected: ("cancelled", "cancelled"),
    },
    Way {
        name: "reject",
        role: Role::Server,
        run: |scene| scene.start().reject(ErrorType::Overloaded),
        expected: ("rejected", "overloaded"),
    },
    Way {
        name: "end_with_error, a failure",
        role: Role::Server,
        run: |scene| scene.start().end_with_error(ErrorType::Timeout),
        expected: ("failed", "timeout"),
    },
    Way {
        name: "end_with_error, a refusal",
        role: Role::Client,
        run: |scene| scene.start().end_with_error(ErrorType::RateLimited),
        expected: ("rejected", "rate_limited"),
    },
    Way {
        name: "end_with_error, a cancellation",
        role: Role::Server,
        run: |scene| scene.start().end_with_error(ErrorType::Cancelled),
        expected: ("cancelled", "cancelled"),
    },
    Way { name: "drop", role: Role::Server, run: |scene| drop(scene.start()), expected: ("cancelled", "cancelled") },
    Way {
        name: "drop, after a finish reason",
        role: Role::Server,
        run: |scene| {
            let operation = scene.start();
            operation.marker().finish_reason(FinishReason::Stop);
            drop(operation);
        },
        expected: ("completed", "stop"),
    },
    Way {
        name: "drop, past the deadline",
        role: Role::Server,
        run: |scene| drop(scene.observer.chat("m").deadline(Duration::ZERO).start()),
        expected: ("failed", "timeout"),
    },
    Way {
        name: "drop, during a shutdown",
        role: Role::Server,
        run: |scene| {
            let operation = scene.start();
            scene.observer.begin_shutdown();
            drop(operation);
        },
        expected: ("failed", "shutdown"),
    },
    Way {
        name: "drop, while its thread unwinds",
        role: Role::Server,
        run: |scene| {
            let operation = scene.start();
            catch(move || {
                let _operation = operation;
                panic_quietly();
            });
        },
        expected: ("failed", "internal"),
    },
    Way {
        name: "drop, with its future",
        role: Role::Server,
        run: |scene| {
            let operation = scene.start();
            let handler = async {
                std::future::pending::<()>().await;
                operation.complete();
            };
            assert!(handler.now_or_never().is_none());
        },
        expected: ("cancelled", "cancelled"),
    },
    Way { name: "complete, after a retry", role: Role::Client, run: retried, expected: ("completed", "stop") },
    Way { name: "complete, after a fallback", role: Role::Gateway, run: fallen_back, expected: ("completed", "stop") },
    Way {
        name: "complete, with a hedge that lost",
        role: Role::Client,
        run: |scene| {
            let operation = scene.start();
            operation.marker().record_attempt(AttemptKind::Hedge);
            operation.marker().add_superseded_tokens(4);
            operation.marker().usage(Usage::new().input(9).output(3));
            operation.complete();
        },
        expected: ("completed", ""),
    },
];

fn everything(scene: &Scene) {
    let operation = scene.start();
    let marker = operation.marker().clone();
    marker.response_id("resp_1");
    marker.response_model("m-2026");
    marker.enqueued();
    scene.advance(10);
    marker.scheduled();
    marker.scheduled();
    scene.advance(20);
    marker.first_token();
    marker.usage(Usage::new().input(1_000).cache_read(700).cache_write(100).output(120).reasoning(20));
    scene.advance(30);
    marker.finish_reason_for(0, FinishReason::Stop);
    marker.finish_reason_for(1, FinishReason::Length);
    operation.complete();
}

fn retried(scene: &Scene) {
    let operation = scene.start();
    operation.marker().usage(Usage::new().input(9).output(5));
    operation.marker().record_attempt(AttemptKind::Retry);
    operation.marker().usage(Usage::new().input(9).output(7));
    operation.marker().finish_reason(FinishReason::Stop);
    operation.complete();
}

fn fallen_back(scene: &Scene) {
    let operation = scene.start();
    operation.attempt(AttemptKind::Fallback).provider("anthropic").model("other").start().complete();
    operation.marker().usage(Usage::new().input(9).cache_read(2).output(7));
    operation.marker().finish_reason(FinishReason::Stop);
    operation.complete();
}
