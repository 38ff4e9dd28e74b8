//! `Err`, `?`, an early `return`, a panic, a dropped future: each ends in the right outcome.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::time::Duration;

use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::Usage;
use llmobs::llm_span;

use crate::fixture::Fixture;
use crate::fixture::MODEL;
use crate::fixture::block_on_ready;
use crate::fixture::poll;
use crate::fixture::yield_once;

#[derive(Debug)]
enum TestError {
    Busy,
    Missing,
    TimedOut,
}

impl TestError {
    fn error_type(&self) -> ErrorType {
        match self {
            Self::Busy => ErrorType::Overloaded,
            Self::Missing => ErrorType::Cancelled,
            Self::TimedOut => ErrorType::Timeout,
        }
    }
}

#[llm_span(chat, observer = observer, model = MODEL, error_type = TestError::error_type)]
fn immediate_call(observer: &Observer, answer: Result<u8, TestError>) -> Result<u8, TestError> {
    let answer = answer?;
    if answer == 7 {
        return Ok(70);
    }
    Ok(answer)
}

#[llm_span(chat, observer = observer, model = MODEL, error_type = TestError::error_type)]
async fn async_call(observer: &Observer, answer: Result<u8, TestError>) -> Result<u8, TestError> {
    yield_once().await;
    let answer = answer?;
    if answer == 7 {
        return Ok(70);
    }
    Ok(answer)
}

fn run_after_one_yield<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    assert!(poll(future.as_mut()).is_pending());
    block_on_ready(future)
}

#[test]
fn a_value_an_early_return_and_an_error_have_different_outcomes() {
    for (answer, returned, expected) in [
        (Ok(1), Some(1), "completed"),
        (Ok(7), Some(70), "completed"),
        (Err(TestError::TimedOut), None, "failed/timeout"),
        (Err(TestError::Busy), None, "rejected/overloaded"),
        (Err(TestError::Missing), None, "cancelled"),
    ] {
        let fixture = Fixture::new();
        assert_eq!(immediate_call(&fixture.observer, answer).ok(), returned);
        assert_eq!(fixture.only_end(), expected);
    }
    for (answer, expected) in [
        (Ok(7), "completed"),
        (Err(TestError::TimedOut), "failed/timeout"),
        (Err(TestError::Busy), "rejected/overloaded"),
    ] {
        let fixture = Fixture::new();
        let _ = run_after_one_yield(async_call(&fixture.observer, answer));
        assert_eq!(fixture.only_end(), expected);
    }
}

#[test]
fn an_option_without_a_value_is_completed() {
    #[llm_span(chat, observer = observer, model = MODEL)]
    fn find(observer: &Observer, answer: Option<u8>) -> Option<u8> {
        Some(answer? + 1)
    }
    let fixture = Fixture::new();
    assert_eq!(find(&fixture.observer, None), None);
    assert_eq!(find(&fixture.observer, Some(1)), Some(2));
    assert_eq!(fixture.all_ends(), ["completed", "completed"]);
}

#[test]
fn an_untyped_error_is_other_and_an_error_type_is_kept() {
    #[llm_span(chat, observer = observer, model = MODEL)]
    fn untyped(observer: &Observer) -> Result<(), String> {
        Err("the prompt was: secret".to_owned())
    }
    #[llm_span(chat, observer = observer, model = MODEL)]
    fn listed(observer: &Observer) -> Result<(), ErrorType> {
        Err(ErrorType::OutOfMemory)
    }
    #[llm_span(chat, observer = observer, model = MODEL)]
    fn failure(observer: &Observer) -> Result<(), Failure> {
        Err(Failure::new(ErrorType::Inference).message("NaN"))
    }
    let fixture = Fixture::new();
    assert!(untyped(&fixture.observer).is_err());
    assert!(listed(&fixture.observer).is_err());
    assert!(failure(&fixture.observer).is_err());
    assert_eq!(fixture.all_ends(), ["failed/_OTHER", "failed/inference", "failed/out_of_memory"]);
}

/// An error that converts into a failure.
struct KnownError(ErrorType);

impl From<&KnownError> for Failure {
    fn from(error: &KnownError) -> Self {
        Self::new(error.0).caused_by(error)
    }
}

#[test]
fn an_error_that_converts_into_a_failure_has_its_error_type() {
    #[llm_span(chat, observer = observer, model = MODEL)]
    fn value(observer: &Observer, error: ErrorType) -> Result<(), KnownError> {
        Err(KnownError(error))
    }
    #[llm_span(chat, observer = observer, model = MODEL, stream)]
    fn stream(observer: &Observer, error: ErrorType) -> Result<impl Stream<Item = &'static str> + use<>, KnownError> {
        if true { Err(KnownError(error)) } else { Ok(stream::empty::<&str>()) }
    }
    #[llm_span(chat, observer = observer, model = MODEL, stream)]
    fn items(observer: &Observer, error: ErrorType) -> impl Stream<Item = Result<&'static str, KnownError>> + use<> {
        stream::iter([Err(KnownError(error))])
    }
    for (error, expected) in [(ErrorType::RateLimited, "rejected/rate_limited"), (ErrorType::Tool, "failed/tool")] {
        let fixture = Fixture::new();
        assert!(value(&fixture.observer, error).is_err());
        assert_eq!(fixture.only_end(), expected);
        let fixture = Fixture::new();
        assert!(stream(&fixture.observer, error).is_err());
        assert_eq!(fixture.only_end(), expected);
        let fixture = Fixture::new();
        assert_eq!(block_on_ready(items(&fixture.observer, error).count()), 1);
        assert_eq!(fixture.only_end(), expected);
    }
    // The argument takes precedence over the conversion.
    const fn unknown(_: &KnownError) -> ErrorType {
        ErrorType::Other
    }
    #[llm_span(chat, observer = observer, model = MODEL, error_type = unknown)]
    fn named(observer: &Observer) -> Result<(), KnownError> {
        Err(KnownError(ErrorType::Tool))
    }
    let fixture = Fixture::new();
    assert!(named(&fixture.observer).is_err());
    assert_eq!(fixture.only_end(), "failed/_OTHER");
}

#[test]
fn a_result_behind_an_alias_is_recognized() {
    type Answer = Result<u8, ErrorType>;
    #[llm_span(chat, observer = observer, model = MODEL)]
    fn aliased(observer: &Observer) -> Answer {
        Err(ErrorType::Inference)
    }
    let fixture = Fixture::new();
    assert!(aliased(&fixture.observer).is_err());
    assert_eq!(fixture.only_end(), "failed/inference");
}

#[llm_span(chat, observer = observer, model = MODEL)]
fn call_with_status(observer: &Observer, status: u16) -> Result<u8, http::StatusCode> {
    let _ = observer;
    Err(http::StatusCode::from_u16(status).unwrap())
}

#[test]
fn a_status_is_an_error_type() {
    for (status, expected) in
        [(429, "rejected/rate_limited"), (500, "failed/upstream"), (404, "rejected/invalid_request")]
    {
        let fixture = Fixture::new();
        assert!(call_with_status(&fixture.observer, status).is_err());
        assert_eq!(fixture.only_end(), expected);
    }
}

#[test]
fn a_panic_is_internal() {
    #[llm_span(chat, observer = observer, model = MODEL)]
    fn panics(observer: &Observer) -> u8 {
        panic!("no")
    }
    #[llm_span(chat, observer = observer, model = MODEL)]
    async fn panics_later(observer: &Observer) -> u8 {
        yield_once().await;
        panic!("no")
    }
    let fixture = Fixture::new();
    assert!(catch_unwind(AssertUnwindSafe(|| panics(&fixture.observer))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| run_after_one_yield(panics_later(&fixture.observer)))).is_err());
    assert_eq!(fixture.all_ends(), ["failed/internal", "failed/internal"]);
}

#[test]
fn a_dropped_future_is_cancelled_and_one_that_never_ran_is_not_recorded() {
    let fixture = Fixture::new();
    {
        let mut future = std::pin::pin!(async_call(&fixture.observer, Ok(1)));
        assert!(poll(future.as_mut()).is_pending());
    }
    drop(async_call(&fixture.observer, Ok(1)));
    assert_eq!(fixture.only_end(), "cancelled");
}

#[test]
fn a_future_dropped_during_shutdown_is_failed() {
    let fixture = Fixture::new();
    {
        let mut future = std::pin::pin!(async_call(&fixture.observer, Ok(1)));
        assert!(poll(future.as_mut()).is_pending());
        fixture.observer.begin_shutdown();
    }
    assert_eq!(fixture.only_end(), "failed/shutdown");
}

#[test]
fn an_error_set_on_the_marker_is_kept() {
    #[llm_span(chat, observer = observer, model = MODEL, handle = call)]
    fn marks(observer: &Observer) -> u8 {
        call.marker().set_error(ErrorType::OutOfMemory);
        1
    }
    let fixture = Fixture::new();
    assert_eq!(marks(&fixture.observer), 1);
    assert_eq!(fixture.only_end(), "failed/out_of_memory");
}

#[test]
fn the_operation_of_the_innermost_function_is_the_current_one_in_its_body() {
    #[llm_span(chat, observer = observer, model = MODEL)]
    fn plain(observer: &Observer) -> u8 {
        Operation::current().finish_reason(FinishReason::Length);
        1
    }
    #[llm_span(chat, observer = observer, model = MODEL)]
    async fn awaits(observer: &Observer) -> u8 {
        plain(observer);
        std::future::ready(()).await;
        Operation::current().finish_reason(FinishReason::Stop);
        2
    }
    #[llm_span(chat, observer = observer, model = MODEL, handle = call)]
    async fn takes(observer: &Observer) {
        let operation = call.take();
        Operation::current().finish_reason(FinishReason::ToolCall);
        operation.complete();
    }
    #[llm_span(chat, observer = observer, model = MODEL, handle = call)]
    fn lends(observer: &Observer) {
        call.marker().usage(Usage::new().output(1));
        Operation::current().finish_reason(FinishReason::ContentFilter);
    }
    let fixture = Fixture::new();
    assert_eq!(block_on_ready(awaits(&fixture.observer)), 2);
    block_on_ready(takes(&fixture.observer));
    lends(&fixture.observer);
    for reason in ["length", "stop", "tool_call", "content_filter"] {
        let ended = fixture.metrics().count("llmobs.operation.ended", &[("llmobs.finish_reason", reason)]);
        assert_eq!(ended, 1, "{reason}");
    }
}

#[test]
fn a_refusal_after_the_first_token_is_failed() {
    #[llm_span(chat, observer = observer, model = MODEL, handle = call)]
    fn refuses_late(observer: &Observer) -> Result<(), ErrorType> {
        call.marker().first_token();
        Err(ErrorType::ContentFilter)
    }
    let fixture = Fixture::new();
    assert!(refuses_late(&fixture.observer).is_err());
    assert_eq!(fixture.only_end(), "failed/content_filter");
}

#[test]
fn the_duration_is_that_of_the_body() {
    #[llm_span(chat, observer = fixture.observer, model = MODEL)]
    fn takes_time(fixture: &Fixture) {
        fixture.manual_clock.advance(Duration::from_secs(3));
    }
    let fixture = Fixture::new();
    takes_time(&fixture);
    let duration = fixture.metrics().histogram("gen_ai.server.request.duration", &[]);
    assert_eq!((duration.count, duration.sum), (1, 3.0));
}
