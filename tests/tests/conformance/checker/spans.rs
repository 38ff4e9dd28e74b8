//! Tests of the checks of spans.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::Status;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use super::LATEST;
use super::SpanAttributes;
use super::V1_41;
use super::chat;
use super::list;
use super::span;
use super::text;
use llmobs_tests::conventions::Conventions;
use llmobs_tests::conventions::ViolationKind;

#[test]
fn conforming_spans_pass() {
    assert_eq!(V1_41.check_span(&chat()), []);
    assert_eq!(LATEST.check_span(&chat()), []);
    let in_process = Span { kind: SpanKind::Internal.into(), ..chat() };
    assert_eq!(V1_41.check_span(&in_process), []);
    let custom = with_name("rerank m", chat()).with("gen_ai.operation.name", text("rerank"));
    assert_eq!(V1_41.check_span(&custom), [], "an operation that no profile lists is checked as inference");
    for conforming in [http_span(), database_span(), queue_span(), tool_span()] {
        assert_eq!(V1_41.check_span(&conforming), []);
    }
}

#[test]
fn an_unknown_attribute_name_is_found_with_any_prefix() {
    for name in ["gen_ai.request.modle", "llmobs.unheard_of", "busy_ns", "gen_ai.system"] {
        let span = chat().with(name, text("x"));
        assert_eq!(violations(V1_41, &span), [ViolationKind::UnknownAttribute(name.to_owned())]);
    }
}

#[test]
fn a_name_of_the_other_profile_is_found() {
    let span = chat().with("gen_ai.usage.cache_write.input_tokens", Value::IntValue(1));
    assert_eq!(LATEST.check_span(&span), []);
    assert_eq!(
        violations(V1_41, &span),
        [ViolationKind::UnknownAttribute("gen_ai.usage.cache_write.input_tokens".to_owned())]
    );
    let span = chat().with("gen_ai.usage.cache_creation.input_tokens", Value::IntValue(1));
    assert_eq!(V1_41.check_span(&span), []);
    assert_eq!(
        violations(LATEST, &span),
        [ViolationKind::UnknownAttribute("gen_ai.usage.cache_creation.input_tokens".to_owned())]
    );
    let plan = Span { kind: SpanKind::Internal.into(), ..with_name("plan", Span { attributes: Vec::new(), ..chat() }) };
    let plan = plan.with("gen_ai.operation.name", text("plan"));
    assert_eq!(LATEST.check_span(&plan), []);
    assert_eq!(violations(V1_41, &plan), [ViolationKind::UnknownSignal]);
}

#[test]
fn a_type_of_the_other_profile_is_found() {
    let (int, double) = (Value::IntValue(40), Value::DoubleValue(40.0));
    for (right, value) in [(LATEST, int), (V1_41, double)] {
        let span = chat().with("gen_ai.request.top_k", value);
        assert_eq!(right.check_span(&span), []);
        let other = if violations(V1_41, &span).is_empty() { LATEST } else { V1_41 };
        assert!(
            matches!(&violations(other, &span)[..], [ViolationKind::WrongType(name, ..)] if name == "gen_ai.request.top_k")
        );
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
        let found = violations(V1_41, &span);
        assert!(
            found.iter().any(|kind| matches!(kind, ViolationKind::WrongType(of, ..) if of == name)),
            "{name} {value:?}: {found:?}"
        );
    }
    let mut span = chat();
    span.attributes.push(KeyValue { key: "gen_ai.response.id".to_owned(), ..KeyValue::default() });
    assert!(matches!(&violations(V1_41, &span)[..], [ViolationKind::WrongType(..)]), "an attribute without a value");
}

#[test]
fn each_value_that_is_not_listed_is_found() {
    for (name, value) in [
        ("error.type", text("TimeoutError")),
        ("gen_ai.response.finish_reasons", list(&[text("stop"), text("tool_calls")])),
        ("gen_ai.request.choice.count", Value::IntValue(1)),
        ("gen_ai.usage.output_tokens", Value::IntValue(-1)),
        ("llmobs.operation.outcome", text("done")),
    ] {
        let found = violations(V1_41, &chat().with(name, value));
        let wrong: Vec<_> =
            found.iter().filter(|kind| !matches!(kind, ViolationKind::Mismatch("status", ..))).collect();
        assert!(matches!(&wrong[..], [ViolationKind::WrongValue(of, _)] if of == name), "{name}: {found:?}");
    }
    let found =
        violations(V1_41, &chat().with("error.type", text("timeout")).with("llmobs.operation.outcome", text("failed")));
    assert!(matches!(&found[..], [ViolationKind::Mismatch("status", ..)]), "error.type without the status: {found:?}");
    let method = with_name("BREW /chat/{id}", http_span().with("http.request.method", text("BREW")));
    assert!(
        matches!(&violations(V1_41, &method)[..], [ViolationKind::WrongValue(of, _)] if of == "http.request.method")
    );
    let failed = Status { code: StatusCode::Error.into(), ..Status::default() };
    let unavailable = Span { status: Some(failed), ..http_span().with("error.type", text("503")) };
    assert_eq!(V1_41.check_span(&unavailable), []);
    assert_eq!(V1_41.check_span(&chat().with("gen_ai.response.finish_reasons", list(&[text("pause_turn")]))), []);
}

#[test]
fn a_missing_required_attribute_is_found() {
    for (span, name) in [
        (chat(), "gen_ai.provider.name"),
        (chat(), "gen_ai.request.model"),
        (http_span(), "url.path"),
        (http_span(), "url.scheme"),
        (tool_span(), "gen_ai.tool.name"),
    ] {
        let found = violations(V1_41, &span.without(name));
        assert!(found.contains(&ViolationKind::Missing(name.to_owned())), "{name}: {found:?}");
    }
    let address = chat().with("server.address", text("a"));
    assert_eq!(violations(V1_41, &address), [ViolationKind::Missing("server.port".to_owned())]);
    let chunk = chat().with("gen_ai.response.time_to_first_chunk", Value::DoubleValue(0.5));
    assert_eq!(violations(V1_41, &chunk), [ViolationKind::Missing("gen_ai.request.stream".to_owned())]);
    let failed = Status { code: StatusCode::Error.into(), ..Status::default() };
    let failed = Span { status: Some(failed), ..chat() };
    assert_eq!(violations(V1_41, &failed), [ViolationKind::Missing("error.type".to_owned())]);
    assert_eq!(V1_41.check_span(&failed.with("error.type", text("timeout"))), []);
}

#[test]
fn an_attribute_of_another_signal_is_found() {
    let dimensions = chat().with("gen_ai.embeddings.dimension.count", Value::IntValue(3));
    assert_eq!(
        violations(V1_41, &dimensions),
        [ViolationKind::Misplaced("gen_ai.embeddings.dimension.count".to_owned())]
    );
    let agent = tool_span().with("gen_ai.agent.name", text("a"));
    assert_eq!(violations(V1_41, &agent), [ViolationKind::Misplaced("gen_ai.agent.name".to_owned())]);
    assert_eq!(LATEST.check_span(&agent), []);
    assert_eq!(
        violations(V1_41, &queue_span().with("url.path", text("/"))),
        [ViolationKind::Misplaced("url.path".to_owned())]
    );
    let completed = chat().with("llmobs.operation.outcome", text("completed")).with("error.type", text("timeout"));
    assert_eq!(violations(V1_41, &completed), [ViolationKind::ConditionNotMet("error.type".to_owned())]);
}

#[test]
fn an_opt_in_attribute_that_was_not_requested_is_found() {
    let messages = r#"[{"role":"user","parts":[]}]"#;
    let span = chat().with("gen_ai.input.messages", text(messages));
    assert_eq!(violations(V1_41, &span), [ViolationKind::NotOptedIn("gen_ai.input.messages".to_owned())]);
    assert_eq!(V1_41.with_opt_in(&["gen_ai.input.messages"]).check_span(&span), []);
    let not_json = chat().with("gen_ai.input.messages", text("hello"));
    assert!(matches!(
        &violations(V1_41.with_opt_in(&["gen_ai.input.messages"]), &not_json)[..],
        [ViolationKind::WrongType(..)]
    ));
}

#[test]
fn a_duplicate_attribute_is_found() {
    let mut span = chat();
    span.attributes.push(span.attributes[0].clone());
    assert_eq!(violations(V1_41, &span), [ViolationKind::Duplicate("gen_ai.operation.name".to_owned())]);
}

#[test]
fn a_wrong_name_kind_status_event_or_end_time_is_found() {
    let is = |span: &Span, which: &str| match &violations(V1_41, span)[..] {
        [ViolationKind::Mismatch(found, ..)] => *found == which,
        _ => false,
    };
    assert!(is(&with_name("chat", chat()), "name"));
    assert!(is(&with_name("POST /chat/12", http_span()), "name"));
    assert!(is(&with_name("m chat", chat()), "name"));
    assert!(is(&Span { kind: SpanKind::Server.into(), ..chat() }, "kind"));
    assert!(is(&Span { kind: SpanKind::Internal.into(), ..http_span() }, "kind"));
    assert!(is(&Span { kind: SpanKind::Client.into(), ..tool_span() }, "kind"));
    let fine = Status { code: StatusCode::Ok.into(), ..Status::default() };
    assert!(is(&Span { status: Some(fine), ..chat() }, "status"));
    let exception = Event { name: "exception".to_owned(), ..Event::default() };
    assert!(is(&Span { events: vec![exception], ..chat() }, "event of the span"));
    assert!(is(&Span { end_time_unix_nano: 5, ..chat() }, "end"));
    assert_eq!(
        violations(V1_41, &with_name("thing", Span { attributes: Vec::new(), ..chat() })),
        [ViolationKind::UnknownSignal]
    );
    let remote = with_name("HTTP", http_span().with("http.request.method", text("_OTHER")).without("http.route"));
    assert_eq!(V1_41.check_span(&remote), []);
}

fn violations(conventions: Conventions, span: &Span) -> Vec<ViolationKind> {
    conventions.check_span(span).into_iter().map(|violation| violation.kind).collect()
}

fn tool_span() -> Span {
    span("execute_tool clock", SpanKind::Internal)
        .with("gen_ai.operation.name", text("execute_tool"))
        .with("gen_ai.tool.name", text("clock"))
}

fn http_span() -> Span {
    span("POST /chat/{id}", SpanKind::Server)
        .with("http.request.method", text("POST"))
        .with("http.route", text("/chat/{id}"))
        .with("url.path", text("/chat/12"))
        .with("url.scheme", text("http"))
}

fn database_span() -> Span {
    span("search docs", SpanKind::Client)
        .with("db.system.name", text("qdrant"))
        .with("db.operation.name", text("search"))
        .with("db.collection.name", text("docs"))
}

fn queue_span() -> Span {
    span("queue", SpanKind::Internal)
}

fn with_name(name: &str, span: Span) -> Span {
    Span { name: name.to_owned(), ..span }
}
