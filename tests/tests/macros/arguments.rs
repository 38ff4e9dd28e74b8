//! The arguments of the attribute: observer, names, numbers, usage, fields.

use std::borrow::Cow;
use std::sync::Arc;

use llmobs::Observer;
use llmobs::Provider;
use llmobs::Role;
use llmobs::Usage;
use llmobs::llm_span;
use opentelemetry::Value;

use crate::backend;
use crate::backend::TracingBackend;
use crate::fixture::Fixture;
use crate::fixture::MODEL;
use crate::fixture::block_on_ready;

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
            text: "a prompt that is not printed".to_owned(),
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
fn call_with_all_arguments(observer: &Observer, request: Request) -> String {
    // The attribute only borrowed the request, so the body can still move out of it.
    let Request { model, text, .. } = request;
    format!("{model} {}", text.len())
}

#[test]
fn the_span_has_exactly_the_declared_arguments() {
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Server).model(MODEL).build().unwrap();
    assert_eq!(call_with_all_arguments(&observer, Request::new()), "smollm2 28");
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
    assert!(!format!("{span:?}").contains("is not printed"));
}

#[test]
fn a_field_is_not_evaluated_where_no_subscriber_records_it() {
    #[llm_span(chat, observer = observer, model = MODEL, fields(costly = count_evaluation(evaluations)))]
    fn call(observer: &Observer, evaluations: &std::cell::Cell<u32>) {}
    fn count_evaluation(evaluations: &std::cell::Cell<u32>) -> u32 {
        evaluations.set(evaluations.get() + 1);
        evaluations.get()
    }
    let evaluations = std::cell::Cell::new(0);
    call(&Fixture::new().observer, &evaluations);
    call(&Observer::disabled(), &evaluations);
    assert_eq!(evaluations.get(), 0);
    let backend = TracingBackend::new();
    call(&backend.observer(Role::Server), &evaluations);
    assert_eq!(evaluations.get(), 1);
}

#[test]
fn a_long_field_is_truncated_and_sanitized() {
    #[llm_span(chat, observer = observer, model = MODEL, fields(long = "x\n".repeat(200)))]
    fn call(observer: &Observer) {}
    let backend = TracingBackend::new();
    call(&backend.builder(Role::Client).build().unwrap());
    let span = backend.span("chat smollm2");
    assert_eq!(backend::attributes(&span)["long"], Value::from("x".repeat(64)));
}

#[test]
fn a_subscriber_without_attributes_gets_the_fields_as_an_event() {
    #[llm_span(chat, observer = observer, model = MODEL, fields(tier = "gold", rank = 3_u8))]
    fn call(observer: &Observer) {}
    let lines = backend::formatted_lines(|| call(&Fixture::new().observer));
    assert!(lines.iter().any(|line| line.contains("tier=gold rank=3")), "{lines:?}");
}

#[test]
fn the_observer_is_the_current_one_unless_another_is_given() {
    #[llm_span(text_completion, model = "smollm2")]
    async fn implicit() {}
    let fixture = Fixture::with(|builder| builder.operations([llmobs::semconv::value::OperationName::TextCompletion]));
    block_on_ready(fixture.observer.scope(implicit()));
    assert_eq!(fixture.only_end(), "completed");
    block_on_ready(implicit());
    assert_eq!(fixture.all_ends().len(), 1, "no operation outside of the scope");
}

#[test]
fn an_observer_may_be_an_arc_a_field_or_a_temporary() {
    #[llm_span(chat, observer = state, model = MODEL)]
    fn shared(state: Arc<Observer>) {}
    #[llm_span(chat, observer = Observer::current(), model = MODEL)]
    fn temporary() {}
    let fixture = Fixture::new();
    shared(Arc::new(fixture.observer.clone()));
    block_on_ready(fixture.observer.scope(async { temporary() }));
    assert_eq!(fixture.all_ends(), ["completed", "completed"]);
}

#[test]
fn a_model_may_be_any_string_type_and_a_limit_any_integer_type() {
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
    let fixture = Fixture::with(|builder| builder.level(llmobs::catalog::Level::Full));
    borrowed(&fixture.observer, MODEL, 1);
    owned(&fixture.observer, MODEL.to_owned(), Some(1));
    boxed(&fixture.observer, MODEL.into(), std::num::NonZeroU32::MIN);
    shared(&fixture.observer, MODEL.into(), 1);
    cow(&fixture.observer, MODEL.into(), &1);
    owned(&fixture.observer, MODEL.to_owned(), None);
    shared(&fixture.observer, MODEL.into(), -1);
    assert_eq!(fixture.all_ends().len(), 7);
    let limits = fixture.metrics().histogram("llmobs.request.max_tokens", &[("gen_ai.request.model", MODEL)]);
    assert_eq!((limits.count, limits.sum), (5, 5.0));
}

#[test]
fn without_a_model_it_is_unknown() {
    #[llm_span(embeddings, observer = observer)]
    fn call(observer: &Observer) -> Vec<f32> {
        vec![0.5]
    }
    let fixture = Fixture::new();
    assert_eq!(call(&fixture.observer), [0.5]);
    let metrics = fixture.metrics();
    assert_eq!(metrics.count("llmobs.operation.ended", &[("gen_ai.request.model", "_OTHER")]), 1);
    assert_eq!(metrics.count("llmobs.operation.ended", &[("gen_ai.operation.name", "embeddings")]), 1);
}

#[test]
fn usage_is_read_from_the_returned_value() {
    struct Answer {
        input_tokens: u64,
        output_tokens: Option<u64>,
    }
    impl Answer {
        fn usage(&self) -> Usage {
            Usage::new().input(self.input_tokens)
        }
        fn optional_usage(answer: &Self) -> Option<Usage> {
            Some(Usage::new().output(answer.output_tokens?))
        }
    }
    #[llm_span(chat, observer = observer, model = MODEL, usage = Answer::usage)]
    fn value(observer: &Observer) -> Answer {
        Answer { input_tokens: 3, output_tokens: None }
    }
    #[llm_span(chat, observer = observer, model = MODEL, usage = Answer::usage)]
    fn result(observer: &Observer) -> Result<Answer, String> {
        Ok(Answer { input_tokens: 4, output_tokens: None })
    }
    #[llm_span(chat, observer = observer, model = MODEL, usage = Answer::optional_usage)]
    async fn option(observer: &Observer, output_tokens: Option<u64>) -> Option<Answer> {
        Some(Answer { input_tokens: 0, output_tokens })
    }
    let fixture = Fixture::new();
    value(&fixture.observer);
    result(&fixture.observer).ok().unwrap();
    block_on_ready(option(&fixture.observer, Some(5)));
    block_on_ready(option(&fixture.observer, None));
    let metrics = fixture.metrics();
    assert_eq!(metrics.count("llmobs.token.processed", &[("llmobs.token.direction", "input")]), 7);
    assert_eq!(metrics.count("llmobs.token.processed", &[("llmobs.token.direction", "output")]), 5);
}

#[test]
fn an_operation_may_have_any_name() {
    #[llm_span(operation = "generate_content", observer = observer, model = MODEL)]
    fn call(observer: &Observer) {}
    let fixture = Fixture::new();
    call(&fixture.observer);
    let named = [("gen_ai.operation.name", "generate_content")];
    assert_eq!(fixture.metrics().count("llmobs.operation.ended", &named), 1);
}

#[test]
fn the_body_runs_under_the_span() {
    #[llm_span(chat, observer = observer, model = MODEL)]
    async fn outer(observer: &Observer) {
        super::fixture::yield_once().await;
        inner(observer);
    }
    #[llm_span(tool, observer = observer)]
    fn inner(observer: &Observer) {}
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Client).build().unwrap();
    let mut future = std::pin::pin!(outer(&observer));
    assert!(super::fixture::poll(future.as_mut()).is_pending());
    block_on_ready(future);
    let (outer, inner) = (backend.span("chat smollm2"), backend.span("execute_tool inner"));
    assert_eq!(inner.parent_span_id, backend::span_id(&outer));
}
