//! Tests of the checks of spans.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::Status;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use super::Attributes;
use super::NEW;
use super::OLD;
use super::chat;
use super::list;
use super::span;
use super::text;
use crate::support::conventions::Conventions;
use crate::support::conventions::What;

#[test]
fn spans_that_are_right_pass() {
    assert_eq!(OLD.check_span(&chat()), []);
    assert_eq!(NEW.check_span(&chat()), []);
    let in_process = Span { kind: SpanKind::Internal.into(), ..chat() };
    assert_eq!(OLD.check_span(&in_process), []);
    let custom = named("rerank m", chat()).with("gen_ai.operation.name", text("rerank"));
    assert_eq!(OLD.check_span(&custom), [], "operations that nobody listed are inference");
    for wrong in [http(), database(), queue(), tool()] {
        assert_eq!(OLD.check_span(&wrong), []);
    }
}

#[test]
fn an_unknown_name_is_found_whoever_it_belongs_to() {
    for name in ["gen_ai.request.modle", "llmobs.unheard_of", "busy_ns", "gen_ai.system"] {
        let span = chat().with(name, text("x"));
        assert_eq!(wrong(OLD, &span), [What::UnknownAttribute(name.to_owned())]);
    }
}

#[test]
fn a_name_of_the_other_profile_is_found() {
    let span = chat().with("gen_ai.usage.cache_write.input_tokens", Value::IntValue(1));
    assert_eq!(NEW.check_span(&span), []);
    assert_eq!(wrong(OLD, &span), [What::UnknownAttribute("gen_ai.usage.cache_write.input_tokens".to_owned())]);
    let span = chat().with("gen_ai.usage.cache_creation.input_tokens", Value::IntValue(1));
    assert_eq!(OLD.check_span(&span), []);
    assert_eq!(wrong(NEW, &span), [What::UnknownAttribute("gen_ai.usage.cache_creation.input_tokens".to_owned())]);
    let plan = Span { kind: SpanKind::Internal.into(), ..named("plan", Span { attributes: Vec::new(), ..chat() }) };
    let plan = plan.with("gen_ai.operation.name", text("plan"));
    assert_eq!(NEW.check_span(&plan), []);
    assert_eq!(wrong(OLD, &plan), [What::UnknownSignal]);
}

#[test]
fn a_type_of_the_other_profile_is_found() {
    let (int, double) = (Value::IntValue(40), Value::DoubleValue(40.0));
    for (right, value) in [(NEW, int), (OLD, double)] {
        let span = chat().with("gen_ai.request.top_k", value);
        assert_eq!(right.check_span(&span), []);
        let other = if wrong(OLD, &span).is_empty() { NEW } else { OLD };
        assert!(matches!(&wrong(other, &span)[..], [What::WrongType(name, ..)] if name == "gen_ai.request.top_k"));
    }
}

#[test]
fn each_wrong_type_is_found() {
    for (name, value) in [
        ("gen_ai.request.model", Value::IntValue(1)),
        ("gen_ai.request.model", text("")),
        ("gen_ai.usage.input_tokens", text("443")),
        ("gen_ai.request.temperature", Value::IntValue(1)),
        ("gen_ai.request.temperature", Value::DoubleValue(f64::NAN)),
        ("gen_ai.request.stream", text("true")),
        ("gen_ai.response.finish_reasons", text("[\"stop\"]")),
        ("gen_ai.response.finish_reasons", list(&[Value::IntValue(1)])),
        ("llmobs.time_to_first_token", Value::IntValue(1)),
    ] {
        let span = chat().with(name, value.clone());
        let found = wrong(OLD, &span);
        assert!(
            found.iter().any(|what| matches!(what, What::WrongType(of, ..) if of == name)),
            "{name} {value:?}: {found:?}"
        );
    }
    let mut span = chat();
    span.attributes.push(KeyValue { key: "gen_ai.response.id".to_owned(), ..KeyValue::default() });
    assert!(matches!(&wrong(OLD, &span)[..], [What::WrongType(..)]), "no value at all");
}

#[test]
fn each_value_outside_its_list_is_found() {
    for (name, value) in [
        ("error.type", text("TimeoutError")),
        ("gen_ai.response.finish_reasons", list(&[text("stop"), text("tool_calls")])),
        ("gen_ai.request.choice.count", Value::IntValue(1)),
        ("gen_ai.usage.output_tokens", Value::IntValue(-1)),
        ("llmobs.operation.outcome", text("done")),
    ] {
        let found = wrong(OLD, &chat().with(name, value));
        assert!(matches!(&found[..], [What::WrongValue(of, _)] if of == name), "{name}: {found:?}");
    }
    let method = named("BREW /chat/{id}", http().with("http.request.method", text("BREW")));
    assert!(matches!(&wrong(OLD, &method)[..], [What::WrongValue(of, _)] if of == "http.request.method"));
    assert_eq!(OLD.check_span(&http().with("error.type", text("503"))), []);
    assert_eq!(OLD.check_span(&chat().with("gen_ai.response.finish_reasons", list(&[text("pause_turn")]))), []);
}

#[test]
fn what_is_required_is_missed() {
    for (span, name) in [
        (chat(), "gen_ai.provider.name"),
        (chat(), "gen_ai.request.model"),
        (http(), "url.path"),
        (http(), "url.scheme"),
        (tool(), "gen_ai.tool.name"),
    ] {
        let found = wrong(OLD, &span.without(name));
        assert!(found.contains(&What::Missing(name.to_owned())), "{name}: {found:?}");
    }
    let address = chat().with("server.address", text("a"));
    assert_eq!(wrong(OLD, &address), [What::Missing("server.port".to_owned())]);
    let chunk = chat().with("gen_ai.response.time_to_first_chunk", Value::DoubleValue(0.5));
    assert_eq!(wrong(OLD, &chunk), [What::Missing("gen_ai.request.stream".to_owned())]);
    let failed = Status { code: StatusCode::Error.into(), ..Status::default() };
    let failed = Span { status: Some(failed), ..chat() };
    assert_eq!(wrong(OLD, &failed), [What::Missing("error.type".to_owned())]);
    assert_eq!(OLD.check_span(&failed.with("error.type", text("timeout"))), []);
}

#[test]
fn what_does_not_belong_is_found() {
    let dimensions = chat().with("gen_ai.embeddings.dimension.count", Value::IntValue(3));
    assert_eq!(wrong(OLD, &dimensions), [What::Misplaced("gen_ai.embeddings.dimension.count".to_owned())]);
    let agent = tool().with("gen_ai.agent.name", text("a"));
    assert_eq!(wrong(OLD, &agent), [What::Misplaced("gen_ai.agent.name".to_owned())]);
    assert_eq!(NEW.check_span(&agent), []);
    assert_eq!(wrong(OLD, &queue().with("url.path", text("/"))), [What::Misplaced("url.path".to_owned())]);
    let good = chat().with("llmobs.operation.outcome", text("completed")).with("error.type", text("timeout"));
    assert_eq!(wrong(OLD, &good), [What::Unfounded("error.type".to_owned())]);
}

#[test]
fn what_nobody_asked_for_is_found() {
    let messages = r#"[{"role":"user","parts":[]}]"#;
    let span = chat().with("gen_ai.input.messages", text(messages));
    assert_eq!(wrong(OLD, &span), [What::NotOptedIn("gen_ai.input.messages".to_owned())]);
    assert_eq!(OLD.opted_in(&["gen_ai.input.messages"]).check_span(&span), []);
    let prose = chat().with("gen_ai.input.messages", text("hello"));
    assert!(matches!(&wrong(OLD.opted_in(&["gen_ai.input.messages"]), &prose)[..], [What::WrongType(..)]));
}

#[test]
fn an_attribute_that_was_written_twice_is_found() {
    let mut span = chat();
    span.attributes.push(span.attributes[0].clone());
    assert_eq!(wrong(OLD, &span), [What::Twice("gen_ai.operation.name".to_owned())]);
}

#[test]
fn a_wrong_name_kind_status_event_or_end_is_found() {
    let is = |span: &Span, which: &str| match &wrong(OLD, span)[..] {
        [What::Wrong(found, ..)] => *found == which,
        _ => false,
    };
    assert!(is(&named("chat", chat()), "name"));
    assert!(is(&named("POST /chat/12", http()), "name"));
    assert!(is(&named("m chat", chat()), "name"));
    assert!(is(&Span { kind: SpanKind::Server.into(), ..chat() }, "kind"));
    assert!(is(&Span { kind: SpanKind::Internal.into(), ..http() }, "kind"));
    assert!(is(&Span { kind: SpanKind::Client.into(), ..tool() }, "kind"));
    let fine = Status { code: StatusCode::Ok.into(), ..Status::default() };
    assert!(is(&Span { status: Some(fine), ..chat() }, "status"));
    let exception = Event { name: "exception".to_owned(), ..Event::default() };
    assert!(is(&Span { events: vec![exception], ..chat() }, "event of the span"));
    assert!(is(&Span { end_time_unix_nano: 5, ..chat() }, "end"));
    assert_eq!(wrong(OLD, &named("thing", Span { attributes: Vec::new(), ..chat() })), [What::UnknownSignal]);
    let remote = named("HTTP", http().with("http.request.method", text("_OTHER")).without("http.route"));
    assert_eq!(OLD.check_span(&remote), []);
}

fn wrong(conventions: Conventions, span: &Span) -> Vec<What> {
    conventions.check_span(span).into_iter().map(|violation| violation.what).collect()
}

fn tool() -> Span {
    span("execute_tool clock", SpanKind::Internal)
        .with("gen_ai.operation.name", text("execute_tool"))
        .with("gen_ai.tool.name", text("clock"))
}

fn http() -> Span {
    span("POST /chat/{id}", SpanKind::Server)
        .with("http.request.method", text("POST"))
        .with("http.route", text("/chat/{id}"))
        .with("url.path", text("/chat/12"))
        .with("url.scheme", text("http"))
}

fn database() -> Span {
    span("search docs", SpanKind::Client)
        .with("db.system.name", text("qdrant"))
        .with("db.operation.name", text("search"))
        .with("db.collection.name", text("docs"))
}

fn queue() -> Span {
    span("queue", SpanKind::Internal)
}

fn named(name: &str, span: Span) -> Span {
    Span { name: name.to_owned(), ..span }
}
