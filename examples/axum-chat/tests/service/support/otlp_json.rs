//! Converts exported telemetry to JSON.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use serde_json::json;

/// Returns attributes as a map by name.
pub(crate) fn attributes(all: &[KeyValue]) -> BTreeMap<String, serde_json::Value> {
    all.iter()
        .map(|attribute| (attribute.key.clone(), json(attribute.value.as_ref().and_then(|v| v.value.as_ref()))))
        .collect()
}

/// Formats an id in hexadecimal, as in logs and headers.
pub(crate) fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn json(value: Option<&Value>) -> serde_json::Value {
    match value {
        Some(Value::StringValue(text)) => json!(text),
        Some(Value::IntValue(number)) => json!(number),
        Some(Value::DoubleValue(number)) => json!(number),
        Some(Value::BoolValue(truth)) => json!(truth),
        Some(Value::ArrayValue(list)) => list.values.iter().map(|value| json(value.value.as_ref())).collect(),
        Some(Value::KvlistValue(list)) => attributes(&list.values).into_iter().collect(),
        _ => serde_json::Value::Null,
    }
}
