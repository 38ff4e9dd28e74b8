//! Functions that return futures, written by hand and by `async_trait`; methods of every kind.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::future::LocalBoxFuture;
use futures_util::stream;
use futures_util::stream::BoxStream;
use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::llm_span;

use super::kit::MODEL;
use super::kit::World;
use super::kit::breath;
use super::kit::now;
use super::kit::poll;

#[llm_span(chat, observer = observer, model = MODEL)]
fn opaque(observer: &Observer) -> impl Future<Output = Result<u8, ErrorType>> + Send + use<> {
    async move {
        breath().await;
        Err(ErrorType::Inference)
    }
}

#[llm_span(chat, observer = observer, model = MODEL)]
fn pinned(observer: &Observer) -> Pin<Box<dyn Future<Output = Result<u8, ErrorType>> + Send>> {
    Box::pin(async move {
        breath().await;
        Err(ErrorType::Inference)
    })
}

#[llm_span(chat, observer = observer, model = MODEL)]
fn more_than_a_box(observer: &Observer) -> BoxFuture<'_, Result<u8, ErrorType>> {
    if !observer.is_enabled() {
        return async { Ok(1) }.boxed();
    }
    async {
        breath().await;
        Err(ErrorType::Inference)
    }
    .boxed()
}

#[llm_span(chat, observer = observer, model = MODEL)]
fn local(observer: &Observer) -> LocalBoxFuture<'_, Result<u8, ErrorType>> {
    let shared = Rc::new(1);
    Box::pin(async move {
        breath().await;
        if *shared == 1 { Err(ErrorType::Inference) } else { Ok(1) }
    })
}

#[test]
fn a_function_that_returns_a_future_ends_with_the_future() {
    type Call = fn(&Observer) -> LocalBoxFuture<'_, Result<u8, ErrorType>>;
    let calls: [Call; 4] = [
        |observer| Box::pin(opaque(observer)),
        |observer| Box::pin(pinned(observer)),
        |observer| Box::pin(more_than_a_box(observer)),
        |observer| Box::pin(local(observer)),
    ];
    for call in calls {
        let world = World::new();
        let mut future = call(&world.observer);
        assert!(poll(future.as_mut()).is_pending());
        assert_eq!(world.observer.in_flight().len(), 1);
        assert_eq!(now(future), Err(ErrorType::Inference));
        assert_eq!(world.end(), "failed/inference");
        // The operation starts at the call, so a future that is dropped unpolled ends it as cancelled.
        drop(call(&world.observer));
        assert_eq!(world.ends(), ["cancelled", "failed/inference"]);
    }
}

#[async_trait]
trait Model: Sync {
    async fn chat(&self, text: String) -> Result<String, ErrorType>;
    async fn destructured(&mut self, (model, text): (String, &str)) -> usize;
    async fn streamed(&self) -> Result<BoxStream<'static, &'static str>, ErrorType>;
    async fn consumed(self: Arc<Self>) -> &'static str;
    async fn nothing(&self);
    async fn associated(model: &str, observer: &Observer) -> bool;

    #[llm_span(chat, observer = self.observer(), model = MODEL)]
    async fn defaulted(&self, fails: bool) -> Result<(), ErrorType> {
        if fails {
            return Err(ErrorType::Inference);
        }
        breath().await;
        Ok(())
    }

    fn observer(&self) -> &Observer;
}

struct Engine {
    observer: Observer,
    model: String,
}

#[async_trait]
impl Model for Engine {
    #[llm_span(chat, observer = self.observer, model = self.model)]
    async fn chat(&self, text: String) -> Result<String, ErrorType> {
        breath().await;
        if text.is_empty() {
            Err(ErrorType::InvalidRequest)?;
        }
        Ok(text + &self.model)
    }

    #[llm_span(chat, observer = self.observer, model = model)]
    async fn destructured(&mut self, (model, text): (String, &str)) -> usize {
        self.model = model;
        breath().await;
        text.len()
    }

    #[llm_span(chat, observer = self.observer, model = self.model, stream)]
    async fn streamed(&self) -> Result<BoxStream<'static, &'static str>, ErrorType> {
        breath().await;
        Ok(stream::iter(["a", "b"]).boxed())
    }

    #[llm_span(chat, observer = self.observer, model = self.model)]
    async fn consumed(self: Arc<Self>) -> &'static str {
        breath().await;
        drop(self);
        "gone"
    }

    #[llm_span(chat, observer = self.observer, model = self.model)]
    async fn nothing(&self) {
        breath().await;
    }

    #[llm_span(chat, observer = observer, model = model)]
    async fn associated(model: &str, observer: &Observer) -> bool {
        breath().await;
        model.is_empty()
    }

    fn observer(&self) -> &Observer {
        &self.observer
    }
}

fn engine(world: &World) -> Engine {
    Engine { observer: world.observer.clone(), model: MODEL.to_owned() }
}

/// Runs a future that pends once.
fn later<T>(world: &World, future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    assert!(world.observer.in_flight().is_empty(), "it begins when it is first polled");
    assert!(poll(future.as_mut()).is_pending());
    assert_eq!(world.observer.in_flight().len(), 1);
    now(future)
}

#[test]
fn methods_of_async_trait_are_observed_to_their_end() {
    let world = World::new();
    let mut engine = engine(&world);
    assert_eq!(later(&world, engine.chat("hi ".to_owned())), Ok("hi smollm2".to_owned()));
    assert_eq!(world.end(), "completed");
    assert_eq!(later(&world, engine.chat(String::new())), Err(ErrorType::InvalidRequest));
    assert_eq!(later(&world, engine.destructured((MODEL.to_owned(), "four"))), 4);
    later(&world, engine.nothing());
    assert!(!later(&world, Engine::associated(MODEL, &world.observer)));
    assert_eq!(later(&world, engine.defaulted(false)), Ok(()));
    assert_eq!(now(engine.defaulted(true)), Err(ErrorType::Inference));
    assert_eq!(later(&world, Arc::new(engine).consumed()), "gone");
    let mut expected = vec!["completed"; 6];
    expected.extend(["failed/inference", "rejected/invalid_request"]);
    assert_eq!(world.ends(), expected);
    let named = [("gen_ai.request.model", MODEL)];
    assert_eq!(world.readings().count("llmobs.operation.ended", &named), 8, "every model was seen");
}

#[test]
fn a_stream_of_async_trait_lasts() {
    let world = World::new();
    let stream = later(&world, engine(&world).streamed()).unwrap();
    assert_eq!(world.observer.in_flight().len(), 1);
    assert_eq!(now(stream.count()), 2);
    assert_eq!(world.end(), "completed");
}

trait Native {
    fn native(&self, text: &str) -> impl Future<Output = usize> + Send;
}

impl Native for Engine {
    #[llm_span(chat, observer = self.observer, model = self.model)]
    async fn native(&self, text: &str) -> usize {
        breath().await;
        text.len()
    }
}

struct Counter<T> {
    observer: Observer,
    value: T,
}

impl<T: Clone + Send + Sync> Counter<T> {
    #[llm_span(chat, observer = self.observer, model = MODEL)]
    fn by_reference(&mut self) -> &mut T {
        &mut self.value
    }

    #[llm_span(chat, observer = self.observer, model = MODEL)]
    fn by_value(self) -> T {
        self.value
    }

    #[llm_span(chat, observer = self.observer, model = MODEL)]
    fn boxed(self: Box<Self>, more: impl Fn(T) -> T) -> T
    where
        T: Copy,
    {
        more(self.value)
    }

    #[llm_span(chat, observer = this.observer, model = MODEL)]
    fn associated<'a, const N: usize>(this: &'a Self, many: [&'a T; N]) -> Option<&'a T> {
        many.first().copied().or(Some(&this.value))
    }

    #[llm_span(chat, observer = self.observer, model = MODEL)]
    fn lazily(&self) -> impl Iterator<Item = T> + '_ {
        std::iter::repeat_n(&self.value, 2).cloned()
    }

    #[llm_span(chat, observer = self.observer, model = MODEL, stream)]
    fn borrowed_stream<'a>(&'a self, name: &'a str) -> impl Stream<Item = &'a str> + Send + 'a {
        stream::iter([name])
    }
}

#[test]
fn methods_take_self_in_any_form() {
    let world = World::new();
    let counter = || Counter { observer: world.observer.clone(), value: 1_u8 };
    let mut one = counter();
    *one.by_reference() += 1;
    assert_eq!(one.by_value(), 2);
    assert_eq!(Box::new(counter()).boxed(|value| value + 4), 5);
    assert_eq!(Counter::associated(&counter(), [&9, &8]), Some(&9));
    assert_eq!(counter().lazily().collect::<Vec<_>>(), [1, 1]);
    assert_eq!(now(counter().borrowed_stream("a").count()), 1);
    assert_eq!(later(&world, Native::native(&engine(&world), "four")), 4);
    assert_eq!(world.ends().len(), 7);
    assert!(world.ends().iter().all(|end| end == "completed"));
}
