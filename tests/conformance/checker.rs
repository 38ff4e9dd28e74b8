//! The check itself: it passes what is right, and finds each kind of wrong.

use llmobs::Profile;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::ArrayValue;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Gauge;
use opentelemetry_proto::tonic::metrics::v1::Histogram;
use opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::NumberDataPoint;
use opentelemetry_proto::tonic::metrics::v1::Sum;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Point;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::Status;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use crate::support::conventions::Conventions;
use crate::support::conventions::What;

const OLD: Conventions = Conventions::of(Profile::V1_41);
const NEW: Conventions = Conventions::of(Profile::Latest);

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

#[test]
fn metrics_that_are_right_pass() {
    assert_eq!(OLD.check_metric(&tokens()), []);
    assert_eq!(OLD.check_metric(&ended()), []);
    let labelled = OLD.with_labels(&["tier"]).check_metric(&with(ended(), "tier", text("free")));
    assert_eq!(labelled, []);
}

#[test]
fn each_wrong_of_a_metric_is_found() {
    let found = |metric: &Metric| {
        let found = OLD.check_metric(metric);
        found.into_iter().map(|violation| violation.what).collect::<Vec<_>>()
    };
    let which = |metric: &Metric| match &found(metric)[..] {
        [What::Wrong(which, ..)] => *which,
        other => panic!("{other:?}"),
    };
    assert_eq!(which(&Metric { unit: "token".to_owned(), ..tokens() }), "unit");
    assert_eq!(which(&Metric { unit: String::new(), ..ended() }), "unit");
    let gauge = |metric: Metric| {
        let point = NumberDataPoint { attributes: points(&metric), value: Some(Point::AsInt(1)), ..Default::default() };
        Metric { data: Some(Data::Gauge(Gauge { data_points: vec![point] })), ..metric }
    };
    assert_eq!(which(&gauge(ended())), "instrument");
    let Some(Data::Sum(sum)) = ended().data else { panic!() };
    let falling = Metric { data: Some(Data::Sum(Sum { is_monotonic: false, ..sum })), ..ended() };
    assert_eq!(which(&falling), "instrument");
    let other = Metric { name: "gen_ai.client.inference.duration".to_owned(), ..tokens() };
    assert_eq!(found(&other), [What::UnknownSignal]);
    assert_eq!(found(&Metric { name: "llmobs.unheard_of".to_owned(), ..ended() }), [What::UnknownSignal]);
    let id = with(tokens(), "gen_ai.conversation.id", text("c"));
    assert_eq!(found(&id), [What::Misplaced("gen_ai.conversation.id".to_owned())]);
    let stray = with(ended(), "llmobs.queue.exit", text("scheduled"));
    assert_eq!(found(&stray), [What::Misplaced("llmobs.queue.exit".to_owned())]);
    assert_eq!(found(&with(ended(), "tier", text("free"))), [What::UnknownAttribute("tier".to_owned())]);
    let kind = with(tokens(), "gen_ai.token.type", text("completion"));
    assert!(matches!(&found(&kind)[..], [What::WrongValue(..)]));
    let missing = found(&without(tokens(), "gen_ai.token.type"));
    assert_eq!(missing, [What::Missing("gen_ai.token.type".to_owned())]);
    assert_eq!(found(&without(ended(), "llmobs.operation.outcome")).len(), 1);
    assert_eq!(found(&without(tokens(), "gen_ai.request.model")).len(), 1, "llmobs always knows it");
    assert_eq!(found(&Metric { description: String::new(), ..ended() }).len(), 1);
}

#[test]
fn the_number_of_a_counter_is_held_against_its_definition() {
    let wrong = Metric {
        name: "hw.energy".to_owned(),
        unit: "J".to_owned(),
        data: Some(Data::Sum(Sum {
            is_monotonic: true,
            data_points: vec![NumberDataPoint {
                attributes: vec![pair("hw.id", text("GPU-1")), pair("hw.type", text("gpu"))],
                value: Some(Point::AsInt(1)),
                ..Default::default()
            }],
            ..Default::default()
        })),
        ..ended()
    };
    let found = OLD.check_metric(&wrong);
    assert!(matches!(&found[..], [one] if matches!(one.what, What::Wrong("number", ..))), "{found:?}");
}

#[test]
fn each_wrong_of_a_log_event_is_found() {
    let exception = LogRecord {
        event_name: "gen_ai.client.operation.exception".to_owned(),
        severity_number: 13,
        time_unix_nano: 1,
        attributes: vec![pair("exception.type", text("timeout"))],
        ..LogRecord::default()
    };
    let found = |record: &LogRecord| {
        let found = OLD.check_log(record);
        found.into_iter().map(|violation| violation.what).collect::<Vec<_>>()
    };
    assert_eq!(found(&exception), []);
    let loud = LogRecord { severity_number: 17, ..exception.clone() };
    assert!(matches!(&found(&loud)[..], [What::Wrong("severity", ..)]));
    let empty = LogRecord { attributes: Vec::new(), ..exception.clone() };
    assert_eq!(found(&empty), [What::Missing("exception.type".to_owned())]);
    assert_eq!(found(&LogRecord { time_unix_nano: 0, ..exception.clone() }).len(), 1);
    let renamed = LogRecord { event_name: "exception".to_owned(), ..exception };
    assert_eq!(found(&renamed), [What::UnknownSignal]);
    let judged = LogRecord { event_name: "gen_ai.evaluation.result".to_owned(), ..renamed };
    assert_eq!(
        found(&judged),
        [What::Misplaced("exception.type".to_owned()), What::Missing("gen_ai.evaluation.name".to_owned())]
    );
}

#[test]
fn each_field_of_the_wide_event_has_its_type_and_the_common_ones_are_there() {
    let (name, fields) = crate::support::conventions::WIDE_EVENT;
    let empty = LogRecord { event_name: name.to_owned(), severity_number: 9, time_unix_nano: 1, ..Default::default() };
    let always = fields.iter().filter(|(_, _, always)| *always).count();
    let found = OLD.check_log(&empty);
    assert_eq!(found.len(), always + 3, "{found:?}");
    let odd = LogRecord { attributes: vec![pair("prompt", text("x")), pair("attempts", text("1"))], ..empty };
    let found: Vec<_> = OLD.check_log(&odd).into_iter().map(|violation| violation.what).collect();
    assert!(found.contains(&What::UnknownAttribute("prompt".to_owned())));
    assert!(found.iter().any(|what| matches!(what, What::WrongType(name, ..) if name == "attempts")));
}

#[test]
fn each_wrong_of_a_resource_is_found() {
    let mut resource = Resource {
        attributes: vec![
            pair("service.name", text("chat")),
            pair("service.instance.id", text("1")),
            pair("telemetry.sdk.language", text("rust")),
            pair("telemetry.sdk.name", text("opentelemetry")),
            pair("telemetry.sdk.version", text("0.33.1")),
        ],
        ..Resource::default()
    };
    assert_eq!(OLD.check_resource(&resource), []);
    resource.attributes.push(pair("service.port", text("x")));
    resource.attributes.push(pair("url.path", text("x")));
    resource.attributes.remove(0);
    let found: Vec<_> = OLD.check_resource(&resource).into_iter().map(|violation| violation.what).collect();
    assert_eq!(
        found,
        [
            What::UnknownAttribute("service.port".to_owned()),
            What::Misplaced("url.path".to_owned()),
            What::Missing("service.name".to_owned())
        ]
    );
}

fn wrong(conventions: Conventions, span: &Span) -> Vec<What> {
    conventions.check_span(span).into_iter().map(|violation| violation.what).collect()
}

fn chat() -> Span {
    span("chat m", SpanKind::Client)
        .with("gen_ai.operation.name", text("chat"))
        .with("gen_ai.provider.name", text("candle"))
        .with("gen_ai.request.model", text("m"))
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

fn span(name: &str, kind: SpanKind) -> Span {
    Span {
        name: name.to_owned(),
        kind: kind.into(),
        start_time_unix_nano: 10,
        end_time_unix_nano: 20,
        ..Span::default()
    }
}

fn named(name: &str, span: Span) -> Span {
    Span { name: name.to_owned(), ..span }
}

/// A span with other attributes.
trait Attributes {
    fn with(self, name: &str, value: Value) -> Self;
    fn without(self, name: &str) -> Self;
}

impl Attributes for Span {
    fn with(mut self, name: &str, value: Value) -> Self {
        self.attributes.retain(|pair| pair.key != name);
        self.attributes.push(pair(name, value));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.attributes.retain(|pair| pair.key != name);
        self
    }
}

fn tokens() -> Metric {
    let attributes = chat().with("gen_ai.token.type", text("input")).attributes;
    let point = HistogramDataPoint { attributes, ..HistogramDataPoint::default() };
    Metric {
        name: "gen_ai.client.token.usage".to_owned(),
        description: "Tokens".to_owned(),
        unit: "{token}".to_owned(),
        data: Some(Data::Histogram(Histogram { data_points: vec![point], ..Histogram::default() })),
        ..Metric::default()
    }
}

fn ended() -> Metric {
    let attributes = chat().with("llmobs.operation.outcome", text("completed")).attributes;
    let point = NumberDataPoint { attributes, value: Some(Point::AsInt(1)), ..NumberDataPoint::default() };
    Metric {
        name: "llmobs.operation.ended".to_owned(),
        description: "Operations".to_owned(),
        unit: "{operation}".to_owned(),
        data: Some(Data::Sum(Sum { data_points: vec![point], is_monotonic: true, ..Sum::default() })),
        ..Metric::default()
    }
}

fn with(metric: Metric, name: &str, value: Value) -> Metric {
    let mut attributes = points(&metric);
    attributes.retain(|pair| pair.key != name);
    attributes.push(pair(name, value));
    replace(metric, attributes)
}

fn without(metric: Metric, name: &str) -> Metric {
    let mut attributes = points(&metric);
    attributes.retain(|pair| pair.key != name);
    replace(metric, attributes)
}

fn points(metric: &Metric) -> Vec<KeyValue> {
    match &metric.data {
        Some(Data::Sum(sum)) => sum.data_points[0].attributes.clone(),
        Some(Data::Histogram(histogram)) => histogram.data_points[0].attributes.clone(),
        other => panic!("{other:?}"),
    }
}

fn replace(mut metric: Metric, attributes: Vec<KeyValue>) -> Metric {
    match &mut metric.data {
        Some(Data::Sum(sum)) => sum.data_points[0].attributes = attributes,
        Some(Data::Histogram(histogram)) => histogram.data_points[0].attributes = attributes,
        other => panic!("{other:?}"),
    }
    metric
}

fn text(text: &str) -> Value {
    Value::StringValue(text.to_owned())
}

fn list(values: &[Value]) -> Value {
    let values = values.iter().map(|value| AnyValue { value: Some(value.clone()) }).collect();
    Value::ArrayValue(ArrayValue { values })
}

fn pair(name: &str, value: Value) -> KeyValue {
    KeyValue { key: name.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
