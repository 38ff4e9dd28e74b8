//! Functions that return futures, explicitly and through `async_trait`; methods of every kind.

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

use crate::fixture::Fixture;
use crate::fixture::MODEL;
use crate::fixture::block_on_ready;
use crate::fixture::poll;
use crate::fixture::yield_once;

#[llm_span(chat, observer = observer, model = MODEL)]
fn opaque(observer: &Observer) -> impl Future<Output = Result<u8, ErrorType>> + Send + use<> {
    async move {
        yield_once().await;
        Err(ErrorType::Inference)
    }
}

#[llm_span(chat, observer = observer, model = MODEL)]
fn pinned(observer: &Observer) -> Pin<Box<dyn Future<Output = Result<u8, ErrorType>> + Send>> {
    Box::pin(async move {
        yield_once().await;
        Err(ErrorType::Inference)
    })
}

#[llm_span(chat, observer = observer, model = MODEL)]
fn boxed_with_statements(observer: &Observer) -> BoxFuture<'_, Result<u8, ErrorType>> {
    if !observer.is_enabled() {
        return async { Ok(1) }.boxed();
    }
    async {
        yield_once().await;
        Err(ErrorType::Inference)
    }
    .boxed()
}

#[llm_span(chat, observer = observer, model = MODEL)]
fn local(observer: &Observer) -> LocalBoxFuture<'_, Result<u8, ErrorType>> {
    let shared = Rc::new(1);
    Box::pin(async move {
        yield_once().await;
        if *shared == 1 { Err(ErrorType::Inference) } else { Ok(1) }
    })
}

#[test]
fn a_function_that_returns_a_future_ends_with_the_future() {
    type Call = fn(&Observer) -> LocalBoxFuture<'_, Result<u8, ErrorType>>;
    let calls: [Call; 4] = [
        |observer| Box::pin(opaque(observer)),
        |observer| Box::pin(pinned(observer)),
        |observer| Box::pin(boxed_with_statements(observer)),
        |observer| Box::pin(local(observer)),
    ];
    for call in calls {
        let fixture = Fixture::new();
        let mut future = call(&fixture.observer);
        assert!(poll(future.as_mut()).is_pending());
        assert_eq!(fixture.observer.in_flight().len(), 1);
        assert_eq!(block_on_ready(future), Err(ErrorType::Inference));
        assert_eq!(fixture.only_end(), "failed/inference");
        // The operation starts at the call, so a future that is dropped unpolled ends it as cancelled.
        drop(call(&fixture.observer));
        assert_eq!(fixture.all_ends(), ["cancelled", "failed/inference"]);
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
        yield_once().await;
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
        yield_once().await;
        if text.is_empty() {
            Err(ErrorType::InvalidRequest)?;
        }
        Ok(text + &self.model)
    }

    #[llm_span(chat, observer = self.observer, model = model)]
    async fn destructured(&mut self, (model, text): (String, &str)) -> usize {
        self.model = model;
        yield_once().await;
        text.len()
    }

    #[llm_span(chat, observer = self.observer, model = self.model, stream)]
    async fn streamed(&self) -> Result<BoxStream<'static, &'static str>, ErrorType> {
        yield_once().await;
        Ok(stream::iter(["a", "b"]).boxed())
    }

    #[llm_span(chat, observer = self.observer, model = self.model)]
    async fn consumed(self: Arc<Self>) -> &'static str {
        yield_once().await;
        drop(self);
        "gone"
    }

    #[llm_span(chat, observer = self.observer, model = self.model)]
    async fn nothing(&self) {
        yield_once().await;
    }

    #[llm_span(chat, observer = observer, model = model)]
    async fn associated(model: &str, observer: &Observer) -> bool {
        yield_once().await;
        model.is_empty()
    }

    fn observer(&self) -> &Observer {
        &self.observer
    }
}

fn engine(fixture: &Fixture) -> Engine {
    Engine { observer: fixture.observer.clone(), model: MODEL.to_owned() }
}

/// Runs a future that pends once.
fn run_after_one_yield<T>(fixture: &Fixture, future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    assert!(fixture.observer.in_flight().is_empty(), "the operation starts at the first poll");
    assert!(poll(future.as_mut()).is_pending());
    assert_eq!(fixture.observer.in_flight().len(), 1);
    block_on_ready(future)
}

#[test]
fn methods_of_async_trait_are_observed_to_their_end() {
    let fixture = Fixture::new();
    let mut engine = engine(&fixture);
    assert_eq!(run_after_one_yield(&fixture, engine.chat("hi ".to_owned())), Ok("hi smollm2".to_owned()));
    assert_eq!(fixture.only_end(), "completed");
    assert_eq!(run_after_one_yield(&fixture, engine.chat(String::new())), Err(ErrorType::InvalidRequest));
    assert_eq!(run_after_one_yield(&fixture, engine.destructured((MODEL.to_owned(), "four"))), 4);
    run_after_one_yield(&fixture, engine.nothing());
    assert!(!run_after_one_yield(&fixture, Engine::associated(MODEL, &fixture.observer)));
    assert_eq!(run_after_one_yield(&fixture, engine.defaulted(false)), Ok(()));
    assert_eq!(block_on_ready(engine.defaulted(true)), Err(ErrorType::Inference));
    assert_eq!(run_after_one_yield(&fixture, Arc::new(engine).consumed()), "gone");
    let mut expected = vec!["completed"; 6];
    expected.extend(["failed/inference", "rejected/invalid_request"]);
    assert_eq!(fixture.all_ends(), expected);
    let named = [("gen_ai.request.model", MODEL)];
    assert_eq!(fixture.metrics().count("llmobs.operation.ended", &named), 8, "every operation has its model");
}

#[test]
fn the_operation_of_an_async_trait_stream_ends_with_the_stream() {
    let fixture = Fixture::new();
    let stream = run_after_one_yield(&fixture, engine(&fixture).streamed()).unwrap();
    assert_eq!(fixture.observer.in_flight().len(), 1);
    assert_eq!(block_on_ready(stream.count()), 2);
    assert_eq!(fixture.only_end(), "completed");
}

trait Native {
    fn native(&self, text: &str) -> impl Future<Output = usize> + Send;
}

impl Native for Engine {
    #[llm_span(chat, observer = self.observer, model = self.model)]
    async fn native(&self, text: &str) -> usize {
        yield_once().await;
        text.len()
    }
}

struct GenericHolder<T> {
    observer: Observer,
    value: T,
}

impl<T: Clone + Send + Sync> GenericHolder<T> {
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
    let fixture = Fixture::new();
    let holder = || GenericHolder { observer: fixture.observer.clone(), value: 1_u8 };
    let mut mutable = holder();
    *mutable.by_reference() += 1;
    assert_eq!(mutable.by_value(), 2);
    assert_eq!(Box::new(holder()).boxed(|value| value + 4), 5);
    assert_eq!(GenericHolder::associated(&holder(), [&9, &8]), Some(&9));
    assert_eq!(holder().lazily().collect::<Vec<_>>(), [1, 1]);
    assert_eq!(block_on_ready(holder().borrowed_stream("a").count()), 1);
    assert_eq!(run_after_one_yield(&fixture, Native::native(&engine(&fixture), "four")), 4);
    assert_eq!(fixture.all_ends().len(), 7);
    assert!(fixture.all_ends().iter().all(|end| end == "completed"));
}
