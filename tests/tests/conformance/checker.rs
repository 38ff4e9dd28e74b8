//! Tests of the checker: correct signals pass, and each kind of violation is found.

mod logs;
mod metrics;
mod spans;

use llmobs::catalog::Profile;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::ArrayValue;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use llmobs_tests::conventions::Conventions;

const V1_41: Conventions = Conventions::new(Profile::V1_41);
const LATEST: Conventions = Conventions::new(Profile::Latest);

fn chat() -> Span {
    span("chat m", SpanKind::Client)
        .with("gen_ai.operation.name", text("chat"))
        .with("gen_ai.provider.name", text("candle"))
        .with("gen_ai.request.model", text("m"))
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

/// Returns the span with changed attributes.
trait SpanAttributes {
    fn with(self, name: &str, value: Value) -> Self;
    fn without(self, name: &str) -> Self;
}

impl SpanAttributes for Span {
    fn with(mut self, name: &str, value: Value) -> Self {
        self.attributes.retain(|pair| pair.key != name);
        self.attributes.push(key_value(name, value));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.attributes.retain(|pair| pair.key != name);
        self
    }
}

fn text(text: &str) -> Value {
    Value::StringValue(text.to_owned())
}

fn list(values: &[Value]) -> Value {
    let values = values.iter().map(|value| AnyValue { value: Some(value.clone()) }).collect();
    Value::ArrayValue(ArrayValue { values })
}

fn key_value(name: &str, value: Value) -> KeyValue {
    KeyValue { key: name.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
