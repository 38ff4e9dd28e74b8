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
use llmobs::Usage;
use llmobs::clock::ManualClock;
use llmobs::llm_span;
use llmobs::stream::Producer;

use super::kit::MODEL;
use super::kit::World;
use super::kit::now;

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
fn every_shape_of_a_stream_lasts_until_its_end() {
    let all = ["a", "b", "c"];
    let shapes: [fn(&Observer) -> BoxStream<'static, &'static str>; 7] = [
        |observer| opaque(observer).boxed(),
        |observer| now(awaited(observer)).boxed(),
        |observer| pinned(observer),
        |observer| now(boxed(observer)),
        |observer| Box::pin(stream::iter(now(unpin(observer).collect::<Vec<_>>()))),
        |observer| now(future(observer)),
        |observer| borrowing(observer, &["a", "b", "c"]).boxed(),
    ];
    for (place, shape) in shapes.iter().enumerate() {
        let world = World::new();
        let mut stream = shape(&world.observer);
        if place != 4 {
            assert_eq!(world.observer.in_flight().len(), 1, "shape {place}");
        }
        assert_eq!(now(stream.by_ref().collect::<Vec<_>>()), all, "shape {place}");
        assert_eq!(world.end(), "completed", "shape {place}");
        let text = world.readings().count("llmobs.token.processed", &[("llmobs.token.kind", "text")]);
        assert_eq!(text, 3, "shape {place}");
    }
}

#[test]
fn a_stream_that_is_dropped_early_is_cancelled() {
    let world = World::new();
    let mut stream = opaque(&world.observer);
    assert_eq!(now(stream.next()), Some("a"));
    drop(stream);
    assert_eq!(world.end(), "cancelled");
}

#[derive(Debug, PartialEq)]
struct Broken;

fn classify<E>(_: &E) -> ErrorType {
    ErrorType::Upstream
}

#[test]
fn an_error_instead_of_a_stream_and_one_within_it_both_have_their_type() {
    for (breaks, end) in [(0, "failed/upstream"), (1, "failed/upstream"), (2, "completed")] {
        let world = World::new();
        if let Ok(stream) = now(counted(&world.observer, breaks)) {
            now(stream.collect::<Vec<_>>());
        }
        assert_eq!(world.end(), end);
    }
}

fn tokens(number: &u32) -> u32 {
    *number
}

#[llm_span(chat, observer = observer, model = MODEL, stream, error_type = classify, tokens = tokens)]
async fn counted(observer: &Observer, breaks: u8) -> Result<impl Stream<Item = Result<u32, Broken>> + use<>, String> {
    if breaks == 0 {
        return Err("no".to_owned());
    }
    Ok(stream::iter([Ok(1), if breaks == 1 { Err(Broken) } else { Ok(2) }]))
}

#[test]
fn a_refusal_in_a_stream_that_gave_nothing_is_a_rejection() {
    #[llm_span(chat, observer = observer, model = MODEL, stream)]
    fn refused(observer: &Observer) -> impl Stream<Item = Result<&'static str, ErrorType>> + use<> {
        stream::iter([Err(ErrorType::RateLimited)])
    }
    let world = World::new();
    assert_eq!(now(refused(&world.observer).count()), 1);
    assert_eq!(world.end(), "rejected/rate_limited");
}

#[test]
fn no_stream_is_completed() {
    #[llm_span(chat, observer = observer, model = MODEL, stream)]
    fn perhaps(observer: &Observer, there: bool) -> Option<impl Stream<Item = &'static str> + use<>> {
        there.then(|| stream::iter(["a"]))
    }
    let world = World::new();
    assert!(perhaps(&world.observer, false).is_none());
    assert_eq!(world.end(), "completed");
    assert_eq!(now(perhaps(&world.observer, true).unwrap().count()), 1);
    assert_eq!(world.ends().len(), 2);
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

#[llm_span(chat, observer = world.observer, model = MODEL, stream, tokens = Delta::chunk, usage = Delta::usage, producer = Producer::Pull)]
fn lazily(world: &World) -> impl Stream<Item = Delta> + use<> {
    let hand: ManualClock = world.hand.clone();
    stream::iter([Delta { tokens: 1, total: None }, Delta { tokens: 2, total: Some(5) }]).map(move |delta| {
        hand.advance(Duration::from_millis(40));
        delta
    })
}

#[test]
fn an_item_says_its_tokens_and_the_usage() {
    let world = World::new();
    assert_eq!(now(lazily(&world).count()), 2);
    assert_eq!(world.end(), "completed");
    let readings = world.readings();
    assert_eq!(readings.count("llmobs.operation.ended", &[("llmobs.finish_reason", "length")]), 1);
    assert_eq!(readings.count("llmobs.token.processed", &[("llmobs.token.direction", "input")]), 9);
    assert_eq!(readings.count("llmobs.token.processed", &[("llmobs.token.direction", "output")]), 5);
    // All items of a pull producer are exact.
    assert_eq!(readings.histogram("llmobs.inter_token.duration", &[]).count, 2);
}

#[test]
fn a_handle_takes_the_operation_and_the_attribute_ends_nothing_any_more() {
    #[llm_span(chat, observer = observer, model = MODEL, handle = call)]
    fn hands_over(observer: &Observer, later: &Mutex<Option<llmobs::Operation>>) -> Result<u8, ErrorType> {
        *later.lock().unwrap() = Some(call.take());
        Ok(1)
    }
    let (world, later) = (World::new(), Mutex::new(None));
    assert_eq!(hands_over(&world.observer, &later), Ok(1));
    assert_eq!(world.observer.in_flight().len(), 1);
    later.into_inner().unwrap().unwrap().reject(ErrorType::Overloaded);
    assert_eq!(world.end(), "rejected/overloaded");
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
    let world = World::new();
    assert!(now(fails_first(&world.observer)).is_err());
    assert_eq!(world.end(), "rejected/overloaded");
}
