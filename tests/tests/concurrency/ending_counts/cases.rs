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

use super::stream::TestStream;
use super::stream::poll_times;
use llmobs_tests::random::Random;

/// Counts that the test keeps itself, independent of the library.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExpectedCounts {
    pub started: u64,
    /// The number of ends by outcome, and by finish reason or error type.
    pub ends: BTreeMap<(&'static str, &'static str), u64>,
    /// The number of output tokens that the streams yielded.
    pub tokens: u64,
    pub by_case: BTreeMap<EndingCase, u64>,
}

impl ExpectedCounts {
    pub fn add_end(&mut self, outcome: &'static str, reason: &'static str) {
        self.started += 1;
        *self.ends.entry((outcome, reason)).or_default() += 1;
    }

    pub fn outcome_count(&self, outcome: &str) -> u64 {
        self.ends.iter().filter(|((known, _), _)| *known == outcome).map(|(_, count)| count).sum()
    }
}

/// The number of tokens of an answer.
const ANSWER_TOKENS: u64 = 4;

/// The random parameters of an operation.
struct RandomChoices {
    error: ErrorType,
    reason: FinishReason,
    /// The number of tokens before the event of the case happens.
    after_tokens: u64,
}

/// The payload of an expected panic.
pub struct ExpectedPanic;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndingCase {
    Complete,
    CompleteWithReason,
    CompleteAfterFailure,
    Fail,
    Cancel,
    Reject,
    DroppedOperation,
    DroppedPastDeadline,
    HandlerPanic,
    DroppedFuture,
    StreamEnds,
    StreamEndsAfterFailure,
    ErrorItem,
    ErrorChunk,
    DroppedStream,
    DroppedUnpolled,
    DroppedAfterLast,
    DroppedAtEnd,
    StreamPanic,
    ClosurePanic,
    DroppedUnwinding,
    TaskPanic,
    Aborted,
}

impl EndingCase {
    /// The cases that need no async runtime.
    pub const BLOCKING: [Self; 21] = [
        Self::Complete,
        Self::CompleteWithReason,
        Self::CompleteAfterFailure,
        Self::Fail,
        Self::Cancel,
        Self::Reject,
        Self::DroppedOperation,
        Self::DroppedPastDeadline,
        Self::HandlerPanic,
        Self::DroppedFuture,
        Self::StreamEnds,
        Self::StreamEndsAfterFailure,
        Self::ErrorItem,
        Self::ErrorChunk,
        Self::DroppedStream,
        Self::DroppedUnpolled,
        Self::DroppedAfterLast,
        Self::DroppedAtEnd,
        Self::StreamPanic,
        Self::ClosurePanic,
        Self::DroppedUnwinding,
    ];

    pub const ALL: [Self; 23] = {
        let mut all = [Self::Aborted; 23];
        let mut index = 0;
        while index < Self::BLOCKING.len() {
            all[index] = Self::BLOCKING[index];
            index += 1;
        }
        all[index] = Self::TaskPanic;
        all
    };

    /// Returns the case of an operation and its random numbers. Both depend on `index` only, not on the thread.
    pub fn choose(index: u64, cases: &[Self]) -> (Self, Random) {
        let mut random = Random::new(index.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x11_0B5);
        let case = cases[random.below(cases.len() as u64) as usize];
        (case, random)
    }

    /// Runs an operation to its end on this thread.
    pub fn run(self, observer: &Observer, random: &mut Random, shutdown: bool, expected: &Mutex<ExpectedCounts>) {
        let choices = RandomChoices {
            error: ErrorType::ALL[random.below(ErrorType::ALL.len() as u64) as usize],
            reason: FinishReason::KNOWN[random.below(FinishReason::KNOWN.len() as u64) as usize].clone(),
            after_tokens: random.below(ANSWER_TOKENS),
        };
        let start = observer.chat(["a", "b", "undeclared"][random.below(3) as usize]);
        let operation = match self {
            Self::DroppedPastDeadline => start.deadline(Duration::ZERO).start(),
            _ => start.start(),
        };
        if random.below(2) == 0 {
            operation.marker().enqueued();
            operation.marker().scheduled();
        }
        self.end(operation, &choices);
        let (outcome, reason) = self.expected(&choices, shutdown);
        let mut expected = expected.lock().unwrap();
        expected.add_end(outcome, reason);
        expected.tokens += self.tokens(&choices);
        *expected.by_case.entry(self).or_default() += 1;
    }

    fn end(self, operation: Operation, choices: &RandomChoices) {
        let (error, after_tokens) = (choices.error, choices.after_tokens);
        match self {
            Self::Complete => operation.complete(),
            Self::CompleteWithReason => {
                operation.marker().finish_reason(choices.reason.clone());
                operation.complete();
            }
            Self::CompleteAfterFailure => {
                operation.marker().set_error(error);
                operation.complete();
            }
            Self::Fail => operation.fail(error),
            Self::Cancel => operation.cancel(),
            Self::Reject => operation.reject(error),
            Self::DroppedOperation | Self::DroppedPastDeadline => drop(operation),
            Self::HandlerPanic | Self::TaskPanic => catch_expected_panic(move || {
                let _operation = operation;
                panic_any(ExpectedPanic);
            }),
            Self::DroppedFuture | Self::Aborted => {
                let handler = async {
                    std::future::pending::<()>().await;
                    operation.complete();
                };
                assert!(handler.now_or_never().is_none());
            }
            Self::StreamEnds => {
                let stream = operation.observe(TestStream::new(ANSWER_TOKENS));
                poll_times(stream.without_finish_reason(), ANSWER_TOKENS + 1);
            }
            Self::StreamEndsAfterFailure => {
                operation.marker().set_error(error);
                poll_times(operation.observe(TestStream::new(ANSWER_TOKENS)), ANSWER_TOKENS + 1);
            }
            Self::ErrorItem => {
                let items = TestStream::new(ANSWER_TOKENS).enumerate();
                let items =
                    items.map(move |(index, item)| if index as u64 == after_tokens { Err(()) } else { Ok(item) });
                // The stream is read to its end: items after the error are not counted.
                poll_times(operation.observe(items), ANSWER_TOKENS + 1);
            }
            Self::ErrorChunk => {
                let mut index = 0;
                let to_chunk = move |_: &Chunk| {
                    index += 1;
                    if index > after_tokens { Chunk::failed(error) } else { Chunk::tokens(1) }
                };
                poll_times(operation.observe_with(TestStream::new(ANSWER_TOKENS), to_chunk), after_tokens + 1);
            }
            Self::DroppedStream => poll_times(operation.observe(TestStream::new(ANSWER_TOKENS)), after_tokens),
            Self::DroppedUnpolled => drop(operation.observe(TestStream::new(ANSWER_TOKENS))),
            Self::DroppedAfterLast => {
                let answer =
                    TestStream { last_finish_reason: Some(choices.reason.clone()), ..TestStream::new(ANSWER_TOKENS) };
                poll_times(operation.observe(answer), ANSWER_TOKENS);
            }
            Self::DroppedAtEnd => {
                let answer = TestStream { has_size_hint: true, ..TestStream::new(ANSWER_TOKENS) };
                poll_times(operation.observe(answer).without_finish_reason(), ANSWER_TOKENS);
            }
            Self::StreamPanic => {
                let mut stream =
                    operation.observe(TestStream { panic_at: Some(after_tokens), ..TestStream::new(ANSWER_TOKENS) });
                catch_expected_panic(|| poll_times(&mut stream, ANSWER_TOKENS));
            }
            Self::ClosurePanic => {
                let mut index = 0;
                let to_chunk = move |chunk: &Chunk| {
                    index += 1;
                    if index > after_tokens { panic_any(ExpectedPanic) } else { chunk.clone() }
                };
                let mut stream = operation.observe_with(TestStream::new(ANSWER_TOKENS), to_chunk);
                catch_expected_panic(|| poll_times(&mut stream, ANSWER_TOKENS));
            }
            Self::DroppedUnwinding => {
                let mut stream = operation.observe(TestStream::new(ANSWER_TOKENS));
                catch_expected_panic(move || {
                    poll_times(&mut stream, after_tokens);
                    panic_any(ExpectedPanic);
                });
            }
        }
    }

    fn expected(self, choices: &RandomChoices, shutdown: bool) -> (&'static str, &'static str) {
        match self {
            Self::Complete | Self::StreamEnds | Self::DroppedAtEnd => ("completed", ""),
            Self::CompleteWithReason | Self::DroppedAfterLast => ("completed", finish_reason_label(&choices.reason)),
            Self::CompleteAfterFailure | Self::Fail | Self::StreamEndsAfterFailure | Self::ErrorChunk => {
                ("failed", choices.error.as_str())
            }
            Self::ErrorItem => ("failed", "_OTHER"),
            Self::Reject => ("rejected", choices.error.as_str()),
            Self::DroppedPastDeadline => ("failed", "timeout"),
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
    const fn tokens(self, choices: &RandomChoices) -> u64 {
        match self {
            Self::StreamEnds | Self::StreamEndsAfterFailure | Self::DroppedAfterLast | Self::DroppedAtEnd => {
                ANSWER_TOKENS
            }
            Self::ErrorItem | Self::ErrorChunk | Self::DroppedStream => choices.after_tokens,
            Self::StreamPanic | Self::ClosurePanic | Self::DroppedUnwinding => choices.after_tokens,
            _ => 0,
        }
    }

    /// Runs an operation in a task. For some cases the runtime catches a panic or drops the future.
    pub async fn run_in_a_task(
        self,
        observer: &Observer,
        random: &mut Random,
        expected: &Mutex<ExpectedCounts>,
        parked: &Semaphore,
    ) {
        let ends = match self {
            Self::TaskPanic => ("failed", "internal"),
            Self::Aborted => ("cancelled", "cancelled"),
            _ => {
                if random.below(2) == 0 {
                    tokio::task::yield_now().await;
                }
                return self.run(observer, random, false, expected);
            }
        };
        let operation = StartedOperation::new(observer.chat("a").start(), expected, self, ends);
        match self {
            Self::TaskPanic => panic_any(ExpectedPanic),
            _ => parked.add_permits(1),
        }
        std::future::pending::<()>().await;
        drop(operation);
    }
}

/// An operation that ends when its task is aborted or panics.
struct StartedOperation(#[expect(dead_code, reason = "held until it is dropped")] Operation);

impl StartedOperation {
    fn new(
        operation: Operation,
        expected: &Mutex<ExpectedCounts>,
        case: EndingCase,
        ends: (&'static str, &'static str),
    ) -> Self {
        let mut expected = expected.lock().unwrap();
        expected.add_end(ends.0, ends.1);
        *expected.by_case.entry(case).or_default() += 1;
        Self(operation)
    }
}

fn catch_expected_panic(panics: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
}

fn finish_reason_label(reason: &FinishReason) -> &'static str {
    let known = FinishReason::KNOWN.iter().find(|known| *known == reason);
    known.map_or("_OTHER", |known| known.as_str())
}
