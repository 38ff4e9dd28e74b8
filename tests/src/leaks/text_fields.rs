//! Splits exported telemetry into single texts, so that each text can be checked with its location.

use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::Exemplar;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;

use crate::collector::ReceivedData;

/// A text and its location.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextField {
    /// `span`, `log`, `metric`, `resource` or `scope`; outputs other than OTLP have other names, such as `page`.
    pub signal: &'static str,
    /// The name of the span, event or metric; empty for a resource or scope. In JSON, the field `message` of the value. On
    /// a page, the metric of the line, or `#` for a comment.
    pub owner: String,
    /// The key of the attribute, or the name of the signal's field; `key` if the text is itself the key of an attribute
    /// or the name of a field of JSON.
    pub key: String,
    pub text: String,
}

/// Returns every text of the spans, metrics and log records that a collector received, and of their resources and
/// scopes, sorted and each once. As in the functions below, empty texts are left out.
pub fn received_text_fields(received: &ReceivedData) -> Vec<TextField> {
    let mut text_fields = Vec::new();
    for span in &received.spans {
        add_resource_and_scope(&mut text_fields, &span.resource, &span.scope);
        add_span(&mut text_fields, &span.item);
    }
    for metric in &received.metrics {
        add_resource_and_scope(&mut text_fields, &metric.resource, &metric.scope);
        add_metric(&mut text_fields, &metric.item);
    }
    for log in &received.logs {
        add_resource_and_scope(&mut text_fields, &log.resource, &log.scope);
        let record = &log.item;
        let mut collector =
            TextFieldCollector { text_fields: &mut text_fields, signal: "log", owner: &record.event_name };
        collector.push("event_name", &record.event_name);
        collector.push("severity_text", &record.severity_text);
        collector.value("body", record.body.as_ref());
        collector.attributes(&record.attributes);
    }
    text_fields.sort();
    text_fields.dedup();
    text_fields
}

/// Returns the bodies of the accepted requests, with a blank line between them.
pub fn received_bytes(received: &ReceivedData) -> Vec<u8> {
    received.bodies.join(&b"\n\n"[..])
}

/// Returns each text of a JSON value, with the name of its field as the key, and each name of a field.
pub fn json_text_fields(signal: &'static str, value: &serde_json::Value) -> Vec<TextField> {
    let mut text_fields = Vec::new();
    let owner = value["message"].as_str().unwrap_or_default().to_owned();
    add_json(&mut TextFieldCollector { text_fields: &mut text_fields, signal, owner: &owner }, "", value);
    text_fields
}

/// Returns each label value of a scraped page with its label as the key, and the other text of each line as `line`.
pub fn page_text_fields(text: &str) -> Vec<TextField> {
    let mut text_fields = Vec::new();
    for line in text.lines() {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let mut collector = TextFieldCollector { text_fields: &mut text_fields, signal: "page", owner: name };
        let mut rest = String::new();
        let mut remaining = line;
        while let Some((before, after)) = remaining.split_once("=\"") {
            let key = before.rsplit(['{', ',', ' ']).next().unwrap_or_default();
            let end = closing_quote(after);
            collector.push(key, &after[..end]);
            rest.push_str(before);
            remaining = &after[end..];
        }
        rest.push_str(remaining);
        collector.push("line", &rest);
    }
    text_fields
}

/// Returns the position of the first unescaped quotation mark, or the length of the text.
fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().find(|&(_, c)| {
        let is_end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    });
    end.map_or(text.len(), |(at, _)| at)
}

struct TextFieldCollector<'a> {
    text_fields: &'a mut Vec<TextField>,
    signal: &'static str,
    owner: &'a str,
}

impl TextFieldCollector<'_> {
    fn push(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            let (owner, key, text) = (self.owner.to_owned(), key.to_owned(), text.to_owned());
            self.text_fields.push(TextField { signal: self.signal, owner, key, text });
        }
    }

    fn attributes(&mut self, all: &[KeyValue]) {
        for attribute in all {
            self.push("key", &attribute.key);
            self.value(&attribute.key, attribute.value.as_ref());
        }
    }

    fn value(&mut self, key: &str, value: Option<&AnyValue>) {
        match value.and_then(|value| value.value.as_ref()) {
            Some(Value::StringValue(text)) => self.push(key, text),
            Some(Value::BytesValue(bytes)) => self.push(key, &String::from_utf8_lossy(bytes)),
            Some(Value::ArrayValue(list)) => list.values.iter().for_each(|value| self.value(key, Some(value))),
            Some(Value::KvlistValue(list)) => {
                for pair in &list.values {
                    self.push(key, &pair.key);
                    self.value(key, pair.value.as_ref());
                }
            }
            // Numbers and booleans contain no text.
            Some(_) | None => {}
        }
    }
}

fn add_resource_and_scope(text_fields: &mut Vec<TextField>, resource: &Resource, scope: &InstrumentationScope) {
    let mut collector = TextFieldCollector { text_fields, signal: "resource", owner: "" };
    collector.attributes(&resource.attributes);
    for entity in &resource.entity_refs {
        collector.push("schema_url", &entity.schema_url);
        collector.push("type", &entity.r#type);
        entity.id_keys.iter().chain(&entity.description_keys).for_each(|key| collector.push("key", key));
    }
    let mut collector = TextFieldCollector { text_fields, signal: "scope", owner: "" };
    collector.push("name", &scope.name);
    collector.push("version", &scope.version);
    collector.attributes(&scope.attributes);
}

fn add_span(text_fields: &mut Vec<TextField>, span: &Span) {
    let mut collector = TextFieldCollector { text_fields, signal: "span", owner: &span.name };
    collector.push("name", &span.name);
    collector.push("trace_state", &span.trace_state);
    collector.push("status", span.status.as_ref().map_or("", |status| &status.message));
    collector.attributes(&span.attributes);
    for event in &span.events {
        collector.push("event", &event.name);
        collector.attributes(&event.attributes);
    }
    for link in &span.links {
        collector.push("trace_state", &link.trace_state);
        collector.attributes(&link.attributes);
    }
}

fn add_metric(text_fields: &mut Vec<TextField>, metric: &Metric) {
    let mut collector = TextFieldCollector { text_fields, signal: "metric", owner: &metric.name };
    collector.push("name", &metric.name);
    collector.push("description", &metric.description);
    collector.push("unit", &metric.unit);
    collector.attributes(&metric.metadata);
    let exemplars = |collector: &mut TextFieldCollector<'_>, all: &[Exemplar]| {
        all.iter().for_each(|exemplar| collector.attributes(&exemplar.filtered_attributes));
    };
    macro_rules! points {
        ($points:expr) => {
            for point in $points {
                collector.attributes(&point.attributes);
                exemplars(&mut collector, &point.exemplars);
            }
        };
    }
    match &metric.data {
        Some(Data::Gauge(data)) => points!(&data.data_points),
        Some(Data::Sum(data)) => points!(&data.data_points),
        Some(Data::Histogram(data)) => points!(&data.data_points),
        Some(Data::ExponentialHistogram(data)) => points!(&data.data_points),
        Some(Data::Summary(data)) => data.data_points.iter().for_each(|point| collector.attributes(&point.attributes)),
        None => {}
    }
}

fn add_json(collector: &mut TextFieldCollector<'_>, key: &str, value: &serde_json::Value) {
    match value {
        serde_json::Value::String(text) => collector.push(key, text),
        serde_json::Value::Array(values) => values.iter().for_each(|value| add_json(collector, key, value)),
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                collector.push("key", name);
                add_json(collector, name, value);
            }
        }
        _ => {}
    }
}
