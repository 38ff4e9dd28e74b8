//! The outcome of a dropped operation. The first true condition decides: a marked failure; a panic; a complete answer;
//! a passed deadline; a shutdown; otherwise the caller cancelled.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::Stream;
use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Operation;

use crate::kit::MODEL;
use crate::kit::World;
use crate::kit::ms;
use crate::kit::panic_quietly;

/// The conditions that are true at a drop.
#[derive(Debug, Clone, Copy)]
struct Truth {
    failing: bool,
    panics: bool,
    whole: bool,
    late: bool,
    shutdown: bool,
}

impl Truth {
    fn all() -> impl Iterator<Item = Self> {
        (0..32_u8).map(|bits| Self {
            failing: bits & 1 != 0,
            panics: bits & 2 != 0,
            whole: bits & 4 != 0,
            late: bits & 8 != 0,
            shutdown: bits & 16 != 0,
        })
    }

    /// Returns the expected outcome and reason, by the order of the rule.
    fn expected(self) -> (&'static str, &'static str) {
        match self {
            Self { failing: true, .. } => ("failed", "out_of_memory"),
            Self { panics: true, .. } => ("failed", "internal"),
            Self { whole: true, .. } => ("completed", ""),
            Self { late: true, .. } => ("failed", "timeout"),
            Self { shutdown: true, .. } => ("failed", "shutdown"),
            _ => ("cancelled", "cancelled"),
        }
    }

    /// Starts an operation with all conditions of `self` except the panic and the complete answer.
    fn begin(self, world: &World) -> Operation {
        let operation = world.observer.chat(MODEL).deadline(ms(if self.late { 100 } else { 10_000 })).start();
        if self.failing {
            operation.marker().set_error(ErrorType::OutOfMemory);
        }
        if self.shutdown {
            world.observer.begin_shutdown();
        }
        operation
    }

    fn check(self, world: &World, how: &str) {
        let (outcome, why) = world.end();
        let (expected, reason) = self.expected();
        assert_eq!(outcome, expected, "{how}: {self:?}");
        if expected != "completed" {
            assert_eq!(why, reason, "{how}: {self:?}");
        }
    }
}

#[test]
fn a_dropped_operation_ends_by_the_first_of_these_that_is_true() {
    for truth in Truth::all() {
        let world = World::new();
        let operation = truth.begin(&world);
        if truth.whole {
            operation.marker().finish_reason(FinishReason::Stop);
        }
        world.pass(ms(100));
        if truth.panics {
            let unwound = catch_unwind(AssertUnwindSafe(move || {
                let _held = operation;
                panic_quietly();
            }));
            assert!(unwound.is_err());
        } else {
            drop(operation);
        }
        truth.check(&world, "operation");
    }
}

/// The sign by which a stream shows that its answer is complete.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Whole {
    FinishReason,
    LastChunk,
    SizeHint,
    MarkedReason,
}

/// A stream of two tokens that then panics or pends, as `truth` requires.
struct Answer {
    given: usize,
    truth: Truth,
    how: Whole,
}

impl Stream for Answer {
    type Item = Chunk;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Chunk>> {
        self.given += 1;
        let token = Chunk::tokens(1);
        match self.given {
            1 => Poll::Ready(Some(token)),
            2 => Poll::Ready(Some(match self.how {
                _ if !self.truth.whole => token,
                Whole::FinishReason => token.finish_reason(FinishReason::Stop),
                Whole::LastChunk => token.last(),
                Whole::SizeHint | Whole::MarkedReason => token,
            })),
            _ if self.truth.panics => panic_quietly(),
            _ => Poll::Pending,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let at_its_end = self.truth.whole && self.how == Whole::SizeHint && self.given == 2;
        if at_its_end { (0, Some(0)) } else { (0, None) }
    }
}

#[test]
fn a_dropped_stream_ends_by_the_first_of_these_that_is_true() {
    for truth in Truth::all() {
        for how in [Whole::FinishReason, Whole::LastChunk, Whole::SizeHint, Whole::MarkedReason] {
            let world = World::new();
            let operation = truth.begin(&world);
            let marker = operation.marker().clone();
            let mut stream = operation.observe(Answer { given: 0, truth, how });
            for _ in 0..2 {
                assert!(stream.next().now_or_never().is_some());
            }
            if truth.whole && how == Whole::MarkedReason {
                marker.finish_reason(FinishReason::Stop);
            }
            world.pass(ms(100));
            if truth.panics {
                // The poll panics and is caught; the stream is dropped later, while the thread is not unwinding.
                assert!(catch_unwind(AssertUnwindSafe(|| stream.next().now_or_never())).is_err());
            }
            drop(stream);
            truth.check(&world, &format!("stream, {how:?}"));
        }
    }
}

#[test]
fn a_stream_that_is_dropped_while_its_holder_unwinds_failed_too() {
    let world = World::new();
    let mut stream = world.chat().observe(world.produce().tokens(3, ms(20)));
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _ = stream.next().now_or_never();
        panic_quietly();
    }));
    assert!(unwound.is_err());
    assert_eq!(world.end(), ("failed".into(), "internal".into()));
}

#[test]
fn a_panic_of_the_closure_that_reads_items_is_one_of_the_stream() {
    let world = World::new();
    let items = futures_util::stream::iter([1_u32, 2, 3]);
    let mut stream = world.chat().observe_with(items, |item: &u32| {
        if *item == 2 {
            panic_quietly();
        }
        Chunk::tokens(*item)
    });
    assert_eq!(stream.next().now_or_never(), Some(Some(1)));
    assert!(catch_unwind(AssertUnwindSafe(|| stream.next().now_or_never())).is_err());
    drop(stream);
    assert_eq!(world.end(), ("failed".into(), "internal".into()));
}

#[test]
fn a_stream_that_was_never_polled_is_cancelled() {
    let world = World::new();
    drop(world.chat().observe(world.produce().tokens(3, ms(20))));
    assert_eq!(world.end(), ("cancelled".into(), "cancelled".into()));
}

#[test]
fn a_stream_that_ended_by_itself_is_completed_even_past_its_deadline() {
    let world = World::new();
    let operation = world.observer.chat(MODEL).deadline(ms(10)).start();
    let stream = operation.observe(futures_util::stream::iter(["late", "and", "whole"]));
    world.pass(ms(50));
    assert_eq!(stream.count().now_or_never(), Some(3));
    assert_eq!(world.end().0, "completed");
}

#[test]
fn a_future_that_is_dropped_takes_its_operation_with_it() {
    let world = World::new();
    let handler = async {
        let operation = world.chat();
        std::future::pending::<()>().await;
        operation.complete();
    };
    assert!(handler.now_or_never().is_none());
    assert_eq!(world.end(), ("cancelled".into(), "cancelled".into()));
}
