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

use super::super::collector::Seen;

/// A text and its location.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaf {
    /// `span`, `log`, `metric`, `resource` or `scope`; outputs other than OTLP have other names, such as `page`.
    pub signal: &'static str,
    /// The name of the span, event or metric.
    pub owner: String,
    /// The key of the attribute, or the name of the signal's field.
    pub key: String,
    pub text: String,
}

/// Returns every text that a collector received.
pub fn of_seen(seen: &Seen) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    for span in &seen.spans {
        around(&mut leaves, &span.resource, &span.scope);
        of_span(&mut leaves, &span.item);
    }
    for metric in &seen.metrics {
        around(&mut leaves, &metric.resource, &metric.scope);
        of_metric(&mut leaves, &metric.item);
    }
    for log in &seen.logs {
        around(&mut leaves, &log.resource, &log.scope);
        let record = &log.item;
        let mut to = Owner { leaves: &mut leaves, signal: "log", owner: &record.event_name };
        to.push("event_name", &record.event_name);
        to.push("severity_text", &record.severity_text);
        to.value("body", record.body.as_ref());
        to.attributes(&record.attributes);
    }
    leaves.sort();
    leaves.dedup();
    leaves
}

/// Returns the request bodies, joined.
pub fn of_bodies(seen: &Seen) -> Vec<u8> {
    seen.bodies.join(&b"\n\n"[..])
}

/// Returns each text of a JSON value, with the name of its field as the key.
pub fn of_json(signal: &'static str, value: &serde_json::Value) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    let owner = value["message"].as_str().unwrap_or_default().to_owned();
    json(&mut Owner { leaves: &mut leaves, signal, owner: &owner }, "", value);
    leaves
}

/// Returns each label value of a scraped page with its label as the key, and the other text of each line as `line`.
pub fn of_page(text: &str) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    for line in text.lines() {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let mut to = Owner { leaves: &mut leaves, signal: "page", owner: name };
        let mut rest = String::new();
        let mut left = line;
        while let Some((before, behind)) = left.split_once("=\"") {
            let key = before.rsplit(['{', ',', ' ']).next().unwrap_or_default();
            let end = closing(behind);
            to.push(key, &behind[..end]);
            rest.push_str(before);
            left = &behind[end..];
        }
        rest.push_str(left);
        to.push("line", &rest);
    }
    leaves
}

/// Returns the position of the first unescaped quotation mark, or the length of the text.
fn closing(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().find(|&(_, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at)
}

struct Owner<'a> {
    leaves: &'a mut Vec<Leaf>,
    signal: &'static str,
    owner: &'a str,
}

impl Owner<'_> {
    fn push(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            let (owner, key, text) = (self.owner.to_owned(), key.to_owned(), text.to_owned());
            self.leaves.push(Leaf { signal: self.signal, owner, key, text });
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

fn around(leaves: &mut Vec<Leaf>, resource: &Resource, scope: &InstrumentationScope) {
    Owner { leaves, signal: "resource", owner: "" }.attributes(&resource.attributes);
    let mut to = Owner { leaves, signal: "scope", owner: "" };
    to.push("name", &scope.name);
    to.push("version", &scope.version);
    to.attributes(&scope.attributes);
}

fn of_span(leaves: &mut Vec<Leaf>, span: &Span) {
    let mut to = Owner { leaves, signal: "span", owner: &span.name };
    to.push("name", &span.name);
    to.push("trace_state", &span.trace_state);
    to.push("status", span.status.as_ref().map_or("", |status| &status.message));
    to.attributes(&span.attributes);
    for event in &span.events {
        to.push("event", &event.name);
        to.attributes(&event.attributes);
    }
    for link in &span.links {
        to.push("trace_state", &link.trace_state);
        to.attributes(&link.attributes);
    }
}

fn of_metric(leaves: &mut Vec<Leaf>, metric: &Metric) {
    let mut to = Owner { leaves, signal: "metric", owner: &metric.name };
    to.push("name", &metric.name);
    to.push("description", &metric.description);
    to.push("unit", &metric.unit);
    let exemplars = |to: &mut Owner<'_>, all: &[Exemplar]| {
        all.iter().for_each(|exemplar| to.attributes(&exemplar.filtered_attributes));
    };
    macro_rules! points {
        ($points:expr) => {
            for point in $points {
                to.attributes(&point.attributes);
                exemplars(&mut to, &point.exemplars);
            }
        };
    }
    match &metric.data {
        Some(Data::Gauge(data)) => points!(&data.data_points),
        Some(Data::Sum(data)) => points!(&data.data_points),
        Some(Data::Histogram(data)) => points!(&data.data_points),
        Some(Data::ExponentialHistogram(data)) => points!(&data.data_points),
        Some(Data::Summary(data)) => data.data_points.iter().for_each(|point| to.attributes(&point.attributes)),
        None => {}
    }
}

fn json(to: &mut Owner<'_>, key: &str, value: &serde_json::Value) {
    match value {
        serde_json::Value::String(text) => to.push(key, text),
        serde_json::Value::Array(values) => values.iter().for_each(|value| json(to, key, value)),
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                to.push("key", name);
                json(to, name, value);
            }
        }
        _ => {}
    }
}
