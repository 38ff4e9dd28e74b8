//! `stream`: the call ends when the stream does.

use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;
use futures_util::stream::BoxStream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::Role;
use llmobs::Usage;
use llmobs::clock::ManualClock;
use llmobs::llm_span;
use llmobs::stream::Producer;

use crate::fixture::Fixture;
use crate::fixture::MODEL;
use crate::fixture::block_on_ready;

#[llm_span(chat, observer = observer, model = MODEL, stream)]
fn opaque(observer: &Observer) -> impl Stream<Item = &'static str> + use<> {
    stream::iter(["a", "b", "c"])
}

#[llm_span(chat, observer = observer, model = MODEL, stream)]
async fn awaited(observer: &Observer) -> impl Stream<Item = &'static str> + use<> {
    stream::iter(["a", "b", "c"])
}

#[llm_span(chat, observer = observer, model = MODEL, stream)]
fn pinned(observer: &Observer) -> Pin<Box<dyn Stream<Item = &'static str> + Send>> {
    Box::pin(stream::iter(["a", "b", "c"]))
}

#[llm_span(chat, observer = observer, model = MODEL, stream)]
async fn boxed(observer: &Observer) -> BoxStream<'static, &'static str> {
    stream::iter(["a", "b", "c"]).boxed()
}

#[llm_span(chat, observer = observer, model = MODEL, stream)]
fn unpin(observer: &Observer) -> Box<dyn Stream<Item = &'static str> + Unpin> {
    Box::new(stream::iter(["a", "b", "c"]))
}

#[llm_span(chat, observer = observer, model = MODEL, stream)]
fn future(observer: &Observer) -> BoxFuture<'_, BoxStream<'static, &'static str>> {
    Box::pin(async move { stream::iter(["a", "b", "c"]).boxed() })
}

#[llm_span(chat, observer = observer, model = MODEL, stream)]
fn borrowing<'a>(observer: &Observer, text: &'a [&'a str]) -> impl Stream<Item = &'a str> + use<'a> {
    stream::iter(text).map(|item| *item)
}

#[test]
fn an_operation_with_any_stream_type_ends_with_the_stream() {
    let all = ["a", "b", "c"];
    let shapes: [fn(&Observer) -> BoxStream<'static, &'static str>; 7] = [
        |observer| opaque(observer).boxed(),
        |observer| block_on_ready(awaited(observer)).boxed(),
        |observer| pinned(observer),
        |observer| block_on_ready(boxed(observer)),
        |observer| Box::pin(stream::iter(block_on_ready(unpin(observer).collect::<Vec<_>>()))),
        |observer| block_on_ready(future(observer)),
        |observer| borrowing(observer, &["a", "b", "c"]).boxed(),
    ];
    for (index, shape) in shapes.iter().enumerate() {
        let fixture = Fixture::new();
        let mut stream = shape(&fixture.observer);
        if index != 4 {
            assert_eq!(fixture.observer.in_flight().len(), 1, "shape {index}");
        }
        assert_eq!(block_on_ready(stream.by_ref().collect::<Vec<_>>()), all, "shape {index}");
        assert_eq!(fixture.only_end(), "completed", "shape {index}");
        let text = fixture.metrics().count("llmobs.token.processed", &[("llmobs.token.kind", "text")]);
        assert_eq!(text, 3, "shape {index}");
    }
}

#[test]
fn a_stream_that_is_dropped_early_is_cancelled() {
    let fixture = Fixture::new();
    let mut stream = opaque(&fixture.observer);
    assert_eq!(block_on_ready(stream.next()), Some("a"));
    drop(stream);
    assert_eq!(fixture.only_end(), "cancelled");
}

#[derive(Debug, PartialEq)]
struct StreamError;

fn classify<E>(_: &E) -> ErrorType {
    ErrorType::Upstream
}

#[test]
fn an_error_instead_of_a_stream_and_an_error_in_it_have_their_types() {
    for (failure_point, expected) in [(0, "failed/upstream"), (1, "failed/upstream"), (2, "completed")] {
        let fixture = Fixture::new();
        if let Ok(stream) = block_on_ready(counted(&fixture.observer, failure_point)) {
            block_on_ready(stream.collect::<Vec<_>>());
        }
        assert_eq!(fixture.only_end(), expected);
    }
}

fn tokens(number: &u32) -> u32 {
    *number
}

#[llm_span(chat, observer = observer, model = MODEL, stream, error_type = classify, tokens = tokens)]
async fn counted(
    observer: &Observer,
    failure_point: u8,
) -> Result<impl Stream<Item = Result<u32, StreamError>> + use<>, String> {
    if failure_point == 0 {
        return Err("no".to_owned());
    }
    Ok(stream::iter([Ok(1), if failure_point == 1 { Err(StreamError) } else { Ok(2) }]))
}

#[test]
fn a_refusal_before_the_first_item_is_a_rejection() {
    #[llm_span(chat, observer = observer, model = MODEL, stream)]
    fn refused(observer: &Observer) -> impl Stream<Item = Result<&'static str, ErrorType>> + use<> {
        stream::iter([Err(ErrorType::RateLimited)])
    }
    let fixture = Fixture::new();
    assert_eq!(block_on_ready(refused(&fixture.observer).count()), 1);
    assert_eq!(fixture.only_end(), "rejected/rate_limited");
}

#[test]
fn an_option_without_a_stream_is_completed() {
    #[llm_span(chat, observer = observer, model = MODEL, stream)]
    fn perhaps(observer: &Observer, present: bool) -> Option<impl Stream<Item = &'static str> + use<>> {
        present.then(|| stream::iter(["a"]))
    }
    let fixture = Fixture::new();
    assert!(perhaps(&fixture.observer, false).is_none());
    assert_eq!(fixture.only_end(), "completed");
    assert_eq!(block_on_ready(perhaps(&fixture.observer, true).unwrap().count()), 1);
    assert_eq!(fixture.all_ends().len(), 2);
}

struct Delta {
    tokens: u32,
    total: Option<u64>,
}

impl Delta {
    fn chunk(&self) -> Chunk {
        let chunk = Chunk::reasoning(self.tokens);
        if self.total.is_some() { chunk.finish_reason(FinishReason::Length) } else { chunk }
    }

    fn usage(&self) -> Option<Usage> {
        Some(Usage::new().input(9).output(self.total?))
    }
}

#[llm_span(chat, observer = fixture.observer, model = MODEL, stream, tokens = Delta::chunk, usage = Delta::usage, producer = Producer::Pull)]
fn pulled(fixture: &Fixture) -> impl Stream<Item = Delta> + use<> {
    let manual_clock: ManualClock = fixture.manual_clock.clone();
    stream::iter([Delta { tokens: 1, total: None }, Delta { tokens: 2, total: Some(5) }]).map(move |delta| {
        manual_clock.advance(Duration::from_millis(40));
        delta
    })
}

#[test]
fn an_item_gives_its_tokens_and_its_usage() {
    let fixture = Fixture::new();
    assert_eq!(block_on_ready(pulled(&fixture).count()), 2);
    assert_eq!(fixture.only_end(), "completed");
    let metrics = fixture.metrics();
    assert_eq!(metrics.count("llmobs.operation.ended", &[("llmobs.finish_reason", "length")]), 1);
    assert_eq!(metrics.count("llmobs.token.processed", &[("llmobs.token.direction", "input")]), 9);
    assert_eq!(metrics.count("llmobs.token.processed", &[("llmobs.token.direction", "output")]), 5);
    // All items of a pull producer are exact.
    assert_eq!(metrics.histogram("llmobs.inter_token.duration", &[]).count, 2);
}

#[test]
fn an_operation_taken_from_the_handle_is_not_ended_by_the_attribute() {
    #[llm_span(chat, observer = observer, model = MODEL, handle = call)]
    fn takes_the_operation(observer: &Observer, taken: &Mutex<Option<llmobs::Operation>>) -> Result<u8, ErrorType> {
        *taken.lock().unwrap() = Some(call.take());
        Ok(1)
    }
    let (fixture, taken) = (Fixture::new(), Mutex::new(None));
    assert_eq!(takes_the_operation(&fixture.observer, &taken), Ok(1));
    assert_eq!(fixture.observer.in_flight().len(), 1);
    taken.into_inner().unwrap().unwrap().reject(ErrorType::Overloaded);
    assert_eq!(fixture.only_end(), "rejected/overloaded");
}

#[test]
fn a_function_may_fail_before_it_takes_the_operation() {
    #[llm_span(chat, observer = observer, model = MODEL, handle = call)]
    async fn fails_first(observer: &Observer) -> Result<(), ErrorType> {
        let admitted: Result<(), ErrorType> = Err(ErrorType::Overloaded);
        admitted?;
        call.take().complete();
        Ok(())
    }
    let fixture = Fixture::new();
    assert!(block_on_ready(fails_first(&fixture.observer)).is_err());
    assert_eq!(fixture.only_end(), "rejected/overloaded");
}

#[llm_span(chat, observer = observer, model = MODEL, stream, without_finish_reason)]
fn opaque_without_reason(observer: &Observer) -> impl Stream<Item = &'static str> + use<> {
    stream::iter(["a", "b", "c"])
}

#[test]
fn a_stream_of_a_client_needs_a_finish_reason_or_the_argument_without_finish_reason() {
    let fixture = Fixture::with(|builder| builder.role(Role::Client));
    assert_eq!(block_on_ready(opaque(&fixture.observer).count()), 3);
    assert_eq!(fixture.only_end(), "failed/upstream");
    let fixture = Fixture::with(|builder| builder.role(Role::Client));
    assert_eq!(block_on_ready(opaque_without_reason(&fixture.observer).count()), 3);
    assert_eq!(fixture.only_end(), "completed");
}
