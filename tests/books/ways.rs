//! Every way in which an operation can end, and the expected counts.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::panic::panic_any;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::Operation;
use tokio::sync::Semaphore;

use crate::answer::Answer;
use crate::answer::read;

/// Counts that the test keeps itself, independent of the library.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    pub started: u64,
    /// The number of ends by outcome, and by finish reason or error type.
    pub ends: BTreeMap<(&'static str, &'static str), u64>,
    /// The number of output tokens that the streams yielded.
    pub tokens: u64,
    pub ways: BTreeMap<Way, u64>,
}

impl Tally {
    pub fn end(&mut self, outcome: &'static str, why: &'static str) {
        self.started += 1;
        *self.ends.entry((outcome, why)).or_default() += 1;
    }

    pub fn outcome(&self, outcome: &str) -> u64 {
        self.ends.iter().filter(|((known, _), _)| *known == outcome).map(|(_, count)| count).sum()
    }
}

/// The number of tokens of an answer.
const LENGTH: u64 = 4;

/// The random parameters of an operation.
struct Draw {
    error: ErrorType,
    reason: FinishReason,
    /// The number of tokens before the event of the way happens.
    at: u64,
}

/// The payload of an intended panic.
pub struct Intended;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Complete,
    CompleteWithReason,
    CompleteAfterFailure,
    Fail,
    Cancel,
    Reject,
    DroppedOperation,
    DroppedLate,
    HandlerPanic,
    DroppedFuture,
    StreamEnds,
    StreamEndsAfterFailure,
    ErrorItem,
    ErrorChunk,
    DroppedStream,
    DroppedUnpolled,
    DroppedAfterLast,
    DroppedAtItsEnd,
    StreamPanic,
    ClosurePanic,
    DroppedUnwinding,
    TaskPanic,
    Aborted,
}

impl Way {
    /// The ways that need no async runtime.
    pub const BLOCKING: [Self; 21] = [
        Self::Complete,
        Self::CompleteWithReason,
        Self::CompleteAfterFailure,
        Self::Fail,
        Self::Cancel,
        Self::Reject,
        Self::DroppedOperation,
        Self::DroppedLate,
        Self::HandlerPanic,
        Self::DroppedFuture,
        Self::StreamEnds,
        Self::StreamEndsAfterFailure,
        Self::ErrorItem,
        Self::ErrorChunk,
        Self::DroppedStream,
        Self::DroppedUnpolled,
        Self::DroppedAfterLast,
        Self::DroppedAtItsEnd,
        Self::StreamPanic,
        Self::ClosurePanic,
        Self::DroppedUnwinding,
    ];

    pub const ALL: [Self; 23] = {
        let mut all = [Self::Aborted; 23];
        let mut place = 0;
        while place < Self::BLOCKING.len() {
            all[place] = Self::BLOCKING[place];
            place += 1;
        }
        all[place] = Self::TaskPanic;
        all
    };

    /// Returns the way of an operation and its random numbers. Both depend on `index` only, not on the thread.
    pub fn pick(index: u64, ways: &[Self]) -> (Self, Random) {
        let mut random = Random(index.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x11_0B5);
        let way = ways[random.below(ways.len() as u64) as usize];
        (way, random)
    }

    /// Runs an operation to its end on this thread.
    pub fn run(self, observer: &Observer, random: &mut Random, shutdown: bool, tally: &Mutex<Tally>) {
        let draw = Draw {
            error: ErrorType::ALL[random.below(ErrorType::ALL.len() as u64) as usize],
            reason: FinishReason::KNOWN[random.below(FinishReason::KNOWN.len() as u64) as usize].clone(),
            at: random.below(LENGTH),
        };
        let start = observer.chat(["a", "b", "nobody declared this"][random.below(3) as usize]);
        let operation = match self {
            Self::DroppedLate => start.deadline(Duration::ZERO).start(),
            _ => start.start(),
        };
        if random.below(2) == 0 {
            operation.marker().enqueued();
            operation.marker().scheduled();
        }
        self.end(operation, &draw);
        let (outcome, why) = self.expected(&draw, shutdown);
        let mut tally = tally.lock().unwrap();
        tally.end(outcome, why);
        tally.tokens += self.tokens(&draw);
        *tally.ways.entry(self).or_default() += 1;
    }

    fn end(self, operation: Operation, draw: &Draw) {
        let (error, at) = (draw.error, draw.at);
        match self {
            Self::Complete => operation.complete(),
            Self::CompleteWithReason => {
                operation.marker().finish_reason(draw.reason.clone());
                operation.complete();
            }
            Self::CompleteAfterFailure => {
                operation.marker().set_error(error);
                operation.complete();
            }
            Self::Fail => operation.fail(error),
            Self::Cancel => operation.cancel(),
            Self::Reject => operation.reject(error),
            Self::DroppedOperation | Self::DroppedLate => drop(operation),
            Self::HandlerPanic | Self::TaskPanic => survive(move || {
                let _held = operation;
                panic_any(Intended);
            }),
            Self::DroppedFuture | Self::Aborted => {
                let handler = async {
                    std::future::pending::<()>().await;
                    operation.complete();
                };
                assert!(handler.now_or_never().is_none());
            }
            Self::StreamEnds => read(operation.observe(Answer::of(LENGTH)), LENGTH + 1),
            Self::StreamEndsAfterFailure => {
                operation.marker().set_error(error);
                read(operation.observe(Answer::of(LENGTH)), LENGTH + 1);
            }
            Self::ErrorItem => {
                let items = Answer::of(LENGTH).enumerate();
                let items = items.map(move |(place, item)| if place as u64 == at { Err(()) } else { Ok(item) });
                // The stream is read to its end: items after the error are not counted.
                read(operation.observe(items), LENGTH + 1);
            }
            Self::ErrorChunk => {
                let mut place = 0;
                let say = move |_: &Chunk| {
                    place += 1;
                    if place > at { Chunk::failed(error) } else { Chunk::tokens(1) }
                };
                read(operation.observe_with(Answer::of(LENGTH), say), at + 1);
            }
            Self::DroppedStream => read(operation.observe(Answer::of(LENGTH)), at),
            Self::DroppedUnpolled => drop(operation.observe(Answer::of(LENGTH))),
            Self::DroppedAfterLast => {
                let answer = Answer { last: Some(draw.reason.clone()), ..Answer::of(LENGTH) };
                read(operation.observe(answer), LENGTH);
            }
            Self::DroppedAtItsEnd => read(operation.observe(Answer { counts: true, ..Answer::of(LENGTH) }), LENGTH),
            Self::StreamPanic => {
                let mut stream = operation.observe(Answer { panics_at: Some(at), ..Answer::of(LENGTH) });
                survive(|| read(&mut stream, LENGTH));
            }
            Self::ClosurePanic => {
                let mut place = 0;
                let say = move |chunk: &Chunk| {
                    place += 1;
                    if place > at { panic_any(Intended) } else { chunk.clone() }
                };
                let mut stream = operation.observe_with(Answer::of(LENGTH), say);
                survive(|| read(&mut stream, LENGTH));
            }
            Self::DroppedUnwinding => {
                let mut stream = operation.observe(Answer::of(LENGTH));
                survive(move || {
                    read(&mut stream, at);
                    panic_any(Intended);
                });
            }
        }
    }

    fn expected(self, draw: &Draw, shutdown: bool) -> (&'static str, &'static str) {
        match self {
            Self::Complete | Self::StreamEnds | Self::DroppedAtItsEnd => ("completed", ""),
            Self::CompleteWithReason | Self::DroppedAfterLast => ("completed", static_word(&draw.reason)),
            Self::CompleteAfterFailure | Self::Fail | Self::StreamEndsAfterFailure | Self::ErrorChunk => {
                ("failed", draw.error.as_str())
            }
            Self::ErrorItem => ("failed", "_OTHER"),
            Self::Reject => ("rejected", draw.error.as_str()),
            Self::DroppedLate => ("failed", "timeout"),
            Self::HandlerPanic | Self::TaskPanic => ("failed", "internal"),
            Self::StreamPanic | Self::ClosurePanic | Self::DroppedUnwinding => ("failed", "internal"),
            Self::Cancel => ("cancelled", "cancelled"),
            Self::DroppedOperation | Self::DroppedFuture | Self::Aborted if shutdown => ("failed", "shutdown"),
            Self::DroppedStream | Self::DroppedUnpolled if shutdown => ("failed", "shutdown"),
            Self::DroppedOperation | Self::DroppedFuture | Self::Aborted => ("cancelled", "cancelled"),
            Self::DroppedStream | Self::DroppedUnpolled => ("cancelled", "cancelled"),
        }
    }

    /// Returns the number of tokens that the stream yielded.
    const fn tokens(self, draw: &Draw) -> u64 {
        match self {
            Self::StreamEnds | Self::StreamEndsAfterFailure | Self::DroppedAfterLast | Self::DroppedAtItsEnd => LENGTH,
            Self::ErrorItem | Self::ErrorChunk | Self::DroppedStream => draw.at,
            Self::StreamPanic | Self::ClosurePanic | Self::DroppedUnwinding => draw.at,
            _ => 0,
        }
    }

    /// Runs an operation in a task. For some ways the runtime catches a panic or drops the future.
    pub async fn run_in_a_task(
        self,
        observer: &Observer,
        random: &mut Random,
        tally: &Mutex<Tally>,
        parked: &Semaphore,
    ) {
        let ends = match self {
            Self::TaskPanic => ("failed", "internal"),
            Self::Aborted => ("cancelled", "cancelled"),
            _ => {
                if random.below(2) == 0 {
                    tokio::task::yield_now().await;
                }
                return self.run(observer, random, false, tally);
            }
        };
        let operation = Started::new(observer.chat("a").start(), tally, self, ends);
        match self {
            Self::TaskPanic => panic_any(Intended),
            _ => parked.add_permits(1),
        }
        std::future::pending::<()>().await;
        drop(operation);
    }
}

/// An operation that ends when its task is aborted or panics.
struct Started(#[expect(dead_code, reason = "held until it is dropped")] Operation);

impl Started {
    fn new(operation: Operation, tally: &Mutex<Tally>, way: Way, ends: (&'static str, &'static str)) -> Self {
        let mut tally = tally.lock().unwrap();
        tally.end(ends.0, ends.1);
        *tally.ways.entry(way).or_default() += 1;
        Self(operation)
    }
}

fn survive(panics: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
}

fn static_word(reason: &FinishReason) -> &'static str {
    let known = FinishReason::KNOWN.iter().find(|known| *known == reason);
    known.map_or("_OTHER", |known| known.as_str())
}

/// The `SplitMix64` generator.
pub struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}
