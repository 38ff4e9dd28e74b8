//! The arguments of the attribute: observer, names, numbers, usage, fields.

use std::borrow::Cow;
use std::sync::Arc;

use llmobs::Observer;
use llmobs::Provider;
use llmobs::Role;
use llmobs::Usage;
use llmobs::llm_span;
use opentelemetry::Value;

use super::kit::MODEL;
use super::kit::World;
use super::kit::now;
use crate::backend;
use crate::backend::Backend;

struct Request {
    model: String,
    limit: Option<u32>,
    conversation: Option<Arc<str>>,
    text: String,
}

impl Request {
    fn new() -> Self {
        Self {
            model: MODEL.to_owned(),
            limit: Some(64),
            conversation: Some("c-1".into()),
            text: "a prompt that nobody may see".to_owned(),
        }
    }
}

#[llm_span(
    chat,
    observer = observer,
    provider = "candle",
    model = request.model,
    max_tokens = request.limit,
    conversation = request.conversation,
    fields(tier = "gold", user.rank = 3_u64, "cache-hit" = request.limit.is_none(), missing = None::<&str>),
)]
fn says_all(observer: &Observer, request: Request) -> String {
    // The attribute only borrowed the request, so the body can still move out of it.
    let Request { model, text, .. } = request;
    format!("{model} {}", text.len())
}

#[test]
fn what_is_named_is_on_the_span_and_nothing_else_is() {
    let backend = Backend::new();
    let observer = backend.builder(Role::Server).model(MODEL).build().unwrap();
    assert_eq!(says_all(&observer, Request::new()), "smollm2 28");
    let span = backend.span("chat smollm2");
    let attributes = backend::attributes(&span);
    for (name, value) in [
        ("gen_ai.operation.name", Value::from("chat")),
        ("gen_ai.provider.name", Value::from("candle")),
        ("gen_ai.request.model", Value::from(MODEL)),
        ("gen_ai.request.max_tokens", Value::from(64)),
        ("gen_ai.conversation.id", Value::from("c-1")),
        ("tier", Value::from("gold")),
        ("user.rank", Value::from(3)),
        ("cache-hit", Value::from(false)),
    ] {
        assert_eq!(attributes.get(name), Some(&value), "{name}");
    }
    assert!(!attributes.contains_key("missing"));
    assert!(!format!("{span:?}").contains("nobody may see"));
}

#[test]
fn a_field_is_not_looked_at_where_nobody_keeps_it() {
    #[llm_span(chat, observer = observer, model = MODEL, fields(costly = looked_at(looks)))]
    fn call(observer: &Observer, looks: &std::cell::Cell<u32>) {}
    fn looked_at(looks: &std::cell::Cell<u32>) -> u32 {
        looks.set(looks.get() + 1);
        looks.get()
    }
    let looks = std::cell::Cell::new(0);
    call(&World::new().observer, &looks);
    call(&Observer::disabled(), &looks);
    assert_eq!(looks.get(), 0);
    let backend = Backend::new();
    call(&backend.observer(Role::Server), &looks);
    assert_eq!(looks.get(), 1);
}

#[test]
fn a_long_field_is_cut_and_cleaned() {
    #[llm_span(chat, observer = observer, model = MODEL, fields(long = "x\n".repeat(200)))]
    fn call(observer: &Observer) {}
    let backend = Backend::new();
    call(&backend.builder(Role::Client).build().unwrap());
    let span = backend.span("chat smollm2");
    assert_eq!(backend::attributes(&span)["long"], Value::from("x".repeat(64)));
}

#[test]
fn a_subscriber_without_attributes_gets_the_fields_as_an_event() {
    #[llm_span(chat, observer = observer, model = MODEL, fields(tier = "gold", rank = 3_u8))]
    fn call(observer: &Observer) {}
    let lines = backend::lines(|| call(&World::new().observer));
    assert!(lines.iter().any(|line| line.contains("tier=gold rank=3")), "{lines:?}");
}

#[test]
fn the_observer_is_the_current_one_unless_another_is_given() {
    #[llm_span(text_completion, model = "smollm2")]
    async fn implicit() {}
    let world = World::with(|builder| builder.operations([llmobs::semconv::value::OperationName::TextCompletion]));
    now(world.observer.scope(implicit()));
    assert_eq!(world.end(), "completed");
    now(implicit());
    assert_eq!(world.ends().len(), 1, "nobody watches outside of the scope");
}

#[test]
fn an_observer_may_be_an_arc_a_field_or_a_temporary() {
    #[llm_span(chat, observer = state, model = MODEL)]
    fn shared(state: Arc<Observer>) {}
    #[llm_span(chat, observer = Observer::current(), model = MODEL)]
    fn temporary() {}
    let world = World::new();
    shared(Arc::new(world.observer.clone()));
    now(world.observer.scope(async { temporary() }));
    assert_eq!(world.ends(), ["completed", "completed"]);
}

#[test]
fn any_text_is_a_model_and_any_number_a_limit() {
    macro_rules! calls {
        ($($name:ident($model:ty, $limit:ty);)*) => {$(
            #[llm_span(chat, observer = observer, model = model, max_tokens = limit, provider = Provider::other("x"))]
            fn $name(observer: &Observer, model: $model, limit: $limit) {}
        )*};
    }
    calls! {
        borrowed(&str, u32);
        owned(String, Option<usize>);
        boxed(Box<str>, std::num::NonZeroU32);
        shared(Arc<str>, i64);
        cow(Cow<'_, str>, &u8);
    }
    let world = World::with(|builder| builder.level(llmobs::catalog::Level::Full));
    borrowed(&world.observer, MODEL, 1);
    owned(&world.observer, MODEL.to_owned(), Some(1));
    boxed(&world.observer, MODEL.into(), std::num::NonZeroU32::MIN);
    shared(&world.observer, MODEL.into(), 1);
    cow(&world.observer, MODEL.into(), &1);
    owned(&world.observer, MODEL.to_owned(), None);
    shared(&world.observer, MODEL.into(), -1);
    assert_eq!(world.ends().len(), 7);
    let limits = world.readings().histogram("llmobs.request.max_tokens", &[("gen_ai.request.model", MODEL)]);
    assert_eq!((limits.count, limits.sum), (5, 5.0));
}

#[test]
fn without_a_model_it_is_unknown() {
    #[llm_span(embeddings, observer = observer)]
    fn call(observer: &Observer) -> Vec<f32> {
        vec![0.5]
    }
    let world = World::new();
    assert_eq!(call(&world.observer), [0.5]);
    let readings = world.readings();
    assert_eq!(readings.count("llmobs.operation.ended", &[("gen_ai.request.model", "_OTHER")]), 1);
    assert_eq!(readings.count("llmobs.operation.ended", &[("gen_ai.operation.name", "embeddings")]), 1);
}

#[test]
fn usage_is_read_from_what_was_given() {
    struct Answer {
        read: u64,
        written: Option<u64>,
    }
    impl Answer {
        fn usage(&self) -> Usage {
            Usage::new().input(self.read)
        }
        fn maybe(answer: &Self) -> Option<Usage> {
            Some(Usage::new().output(answer.written?))
        }
    }
    #[llm_span(chat, observer = observer, model = MODEL, usage = Answer::usage)]
    fn value(observer: &Observer) -> Answer {
        Answer { read: 3, written: None }
    }
    #[llm_span(chat, observer = observer, model = MODEL, usage = Answer::usage)]
    fn result(observer: &Observer) -> Result<Answer, String> {
        Ok(Answer { read: 4, written: None })
    }
    #[llm_span(chat, observer = observer, model = MODEL, usage = Answer::maybe)]
    async fn option(observer: &Observer, written: Option<u64>) -> Option<Answer> {
        Some(Answer { read: 0, written })
    }
    let world = World::new();
    value(&world.observer);
    result(&world.observer).ok().unwrap();
    now(option(&world.observer, Some(5)));
    now(option(&world.observer, None));
    let readings = world.readings();
    assert_eq!(readings.count("llmobs.token.processed", &[("llmobs.token.direction", "input")]), 7);
    assert_eq!(readings.count("llmobs.token.processed", &[("llmobs.token.direction", "output")]), 5);
}

#[test]
fn an_operation_may_have_any_other_name() {
    #[llm_span(operation = "generate_content", observer = observer, model = MODEL)]
    fn call(observer: &Observer) {}
    let world = World::new();
    call(&world.observer);
    let named = [("gen_ai.operation.name", "generate_content")];
    assert_eq!(world.readings().count("llmobs.operation.ended", &named), 1);
}

#[test]
fn the_body_runs_under_the_span() {
    #[llm_span(chat, observer = observer, model = MODEL)]
    async fn outer(observer: &Observer) {
        super::kit::breath().await;
        inner(observer);
    }
    #[llm_span(tool, observer = observer)]
    fn inner(observer: &Observer) {}
    let backend = Backend::new();
    let observer = backend.builder(Role::Client).build().unwrap();
    let mut future = std::pin::pin!(outer(&observer));
    assert!(super::kit::poll(future.as_mut()).is_pending());
    now(future);
    let (outer, inner) = (backend.span("chat smollm2"), backend.span("execute_tool inner"));
    assert_eq!(inner.parent_span_id, backend::id(&outer));
}
