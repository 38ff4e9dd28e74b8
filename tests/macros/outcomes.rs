//! `Err`, `?`, an early `return`, a panic, a dropped future: each ends in the right outcome.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::time::Duration;

use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::Observer;
use llmobs::llm_span;

use super::kit::MODEL;
use super::kit::World;
use super::kit::breath;
use super::kit::now;
use super::kit::poll;

#[derive(Debug)]
enum Broken {
    Busy,
    Gone,
    Slow,
}

impl Broken {
    fn error_type(&self) -> ErrorType {
        match self {
            Self::Busy => ErrorType::Overloaded,
            Self::Gone => ErrorType::Cancelled,
            Self::Slow => ErrorType::Timeout,
        }
    }
}

#[llm_span(chat, observer = observer, model = MODEL, error_type = Broken::error_type)]
fn at_once(observer: &Observer, answer: Result<u8, Broken>) -> Result<u8, Broken> {
    let answer = answer?;
    if answer == 7 {
        return Ok(70);
    }
    Ok(answer)
}

#[llm_span(chat, observer = observer, model = MODEL, error_type = Broken::error_type)]
async fn in_time(observer: &Observer, answer: Result<u8, Broken>) -> Result<u8, Broken> {
    breath().await;
    let answer = answer?;
    if answer == 7 {
        return Ok(70);
    }
    Ok(answer)
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    assert!(poll(future.as_mut()).is_pending());
    now(future)
}

#[test]
fn a_value_an_early_return_and_an_error_are_told_apart() {
    for (answer, given, end) in [
        (Ok(1), Some(1), "completed"),
        (Ok(7), Some(70), "completed"),
        (Err(Broken::Slow), None, "failed/timeout"),
        (Err(Broken::Busy), None, "rejected/overloaded"),
        (Err(Broken::Gone), None, "cancelled"),
    ] {
        let world = World::new();
        assert_eq!(at_once(&world.observer, answer).ok(), given);
        assert_eq!(world.end(), end);
    }
    for (answer, end) in
        [(Ok(7), "completed"), (Err(Broken::Slow), "failed/timeout"), (Err(Broken::Busy), "rejected/overloaded")]
    {
        let world = World::new();
        let _ = wait(in_time(&world.observer, answer));
        assert_eq!(world.end(), end);
    }
}

#[test]
fn an_option_without_a_value_is_completed() {
    #[llm_span(chat, observer = observer, model = MODEL)]
    fn find(observer: &Observer, answer: Option<u8>) -> Option<u8> {
        Some(answer? + 1)
    }
    let world = World::new();
    assert_eq!(find(&world.observer, None), None);
    assert_eq!(find(&world.observer, Some(1)), Some(2));
    assert_eq!(world.ends(), ["completed", "completed"]);
}

#[test]
fn an_error_without_a_word_is_other_and_one_of_the_list_is_itself() {
    #[llm_span(chat, observer = observer, model = MODEL)]
    fn wordless(observer: &Observer) -> Result<(), String> {
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
    let world = World::new();
    assert!(wordless(&world.observer).is_err());
    assert!(listed(&world.observer).is_err());
    assert!(failure(&world.observer).is_err());
    assert_eq!(world.ends(), ["failed/_OTHER", "failed/inference", "failed/out_of_memory"]);
}

#[test]
fn an_alias_hides_no_result() {
    type Answer = Result<u8, ErrorType>;
    #[llm_span(chat, observer = observer, model = MODEL)]
    fn aliased(observer: &Observer) -> Answer {
        Err(ErrorType::Inference)
    }
    let world = World::new();
    assert!(aliased(&world.observer).is_err());
    assert_eq!(world.end(), "failed/inference");
}

#[test]
fn a_panic_is_internal() {
    #[llm_span(chat, observer = observer, model = MODEL)]
    fn panics(observer: &Observer) -> u8 {
        panic!("no")
    }
    #[llm_span(chat, observer = observer, model = MODEL)]
    async fn panics_later(observer: &Observer) -> u8 {
        breath().await;
        panic!("no")
    }
    let world = World::new();
    assert!(catch_unwind(AssertUnwindSafe(|| panics(&world.observer))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| wait(panics_later(&world.observer)))).is_err());
    assert_eq!(world.ends(), ["failed/internal", "failed/internal"]);
}

#[test]
fn a_dropped_future_is_cancelled_and_one_that_never_ran_is_nothing() {
    let world = World::new();
    {
        let mut future = std::pin::pin!(in_time(&world.observer, Ok(1)));
        assert!(poll(future.as_mut()).is_pending());
    }
    drop(in_time(&world.observer, Ok(1)));
    assert_eq!(world.end(), "cancelled");
}

#[test]
fn a_future_that_is_dropped_while_the_service_goes_down_failed() {
    let world = World::new();
    {
        let mut future = std::pin::pin!(in_time(&world.observer, Ok(1)));
        assert!(poll(future.as_mut()).is_pending());
        world.observer.begin_shutdown();
    }
    assert_eq!(world.end(), "failed/shutdown");
}

#[test]
fn what_was_marked_as_failing_stands() {
    #[llm_span(chat, observer = observer, model = MODEL, handle = call)]
    fn marks(observer: &Observer) -> u8 {
        call.marker().set_error(ErrorType::OutOfMemory);
        1
    }
    let world = World::new();
    assert_eq!(marks(&world.observer), 1);
    assert_eq!(world.end(), "failed/out_of_memory");
}

#[test]
fn a_refusal_after_the_first_token_is_a_failure() {
    #[llm_span(chat, observer = observer, model = MODEL, handle = call)]
    fn refuses_late(observer: &Observer) -> Result<(), ErrorType> {
        call.marker().first_token();
        Err(ErrorType::ContentFilter)
    }
    let world = World::new();
    assert!(refuses_late(&world.observer).is_err());
    assert_eq!(world.end(), "failed/content_filter");
}

#[test]
fn the_duration_is_that_of_the_body() {
    #[llm_span(chat, observer = world.observer, model = MODEL)]
    fn takes_time(world: &World) {
        world.hand.advance(Duration::from_secs(3));
    }
    let world = World::new();
    takes_time(&world);
    let duration = world.readings().histogram("gen_ai.server.request.duration", &[]);
    assert_eq!((duration.count, duration.sum), (1, 3.0));
}
