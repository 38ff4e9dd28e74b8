//! Conversion of JSON attributes into structured values. `tracing` has no list and object types, so some attributes of
//! events are recorded as JSON; the OpenTelemetry GenAI conventions define them as structured values.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::ArrayValue;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::KeyValueList;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use serde_json::Value as Json;

use crate::semconv::attribute as a;

/// The event whose attributes are converted.
const DETAILS_EVENT: &str = "gen_ai.client.inference.operation.details";

/// The attributes that are converted.
const JSON_ATTRIBUTES: [&str; 4] =
    [a::GEN_AI_INPUT_MESSAGES, a::GEN_AI_OUTPUT_MESSAGES, a::GEN_AI_SYSTEM_INSTRUCTIONS, a::GEN_AI_TOOL_DEFINITIONS];

/// Replaces JSON strings by structured values in the attributes of a request. Called while the request is encoded, on
/// the export thread.
pub(super) fn expand_json_attributes(request: &mut ExportLogsServiceRequest) {
    let scopes = request.resource_logs.iter_mut().flat_map(|resource| &mut resource.scope_logs);
    let events = scopes.flat_map(|scope| &mut scope.log_records).filter(|record| record.event_name == DETAILS_EVENT);
    let attributes = events.flat_map(|event| &mut event.attributes);
    for attribute in attributes.filter(|attribute| JSON_ATTRIBUTES.contains(&attribute.key.as_str())) {
        let Some(AnyValue { value: Some(Value::StringValue(json)) }) = &attribute.value else { continue };
        if let Ok(json) = serde_json::from_str(json) {
            attribute.value = Some(any_value(json, MAX_NESTING));
        }
    }
}

/// The limit of nested protobuf messages within a value. Protobuf decoders reject a whole request with more than 100
/// nested messages; each level of a list adds two, and each level of an object adds three.
const MAX_NESTING: usize = 80;

/// Converts JSON into a value. Lists and objects nested deeper than the limit are kept as JSON text.
fn any_value(json: Json, limit: usize) -> AnyValue {
    let value = match json {
        Json::Array(_) | Json::Object(_) if limit < 3 => Value::StringValue(json.to_string()),
        Json::Null => return AnyValue { value: None },
        Json::Bool(boolean) => Value::BoolValue(boolean),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::IntValue(integer),
            None => Value::DoubleValue(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::StringValue(text),
        Json::Array(values) => Value::ArrayValue(ArrayValue {
            values: values.into_iter().map(|inner| any_value(inner, limit - 2)).collect(),
        }),
        Json::Object(fields) => {
            let values = fields.into_iter().map(|(key, field)| KeyValue {
                key,
                value: Some(any_value(field, limit - 3)),
                ..KeyValue::default()
            });
            Value::KvlistValue(KeyValueList { values: values.collect() })
        }
    };
    AnyValue { value: Some(value) }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::logs::v1::LogRecord;
    use opentelemetry_proto::tonic::logs::v1::ResourceLogs;
    use opentelemetry_proto::tonic::logs::v1::ScopeLogs;
    use prost::Message as _;
    use serde_json::json;

    use super::*;

    fn request(event: &str, attributes: &[(&str, &str)]) -> ExportLogsServiceRequest {
        let attributes = attributes.iter().map(|(key, text)| KeyValue {
            key: (*key).to_owned(),
            value: Some(AnyValue { value: Some(Value::StringValue((*text).to_owned())) }),
            ..KeyValue::default()
        });
        let record =
            LogRecord { event_name: event.to_owned(), attributes: attributes.collect(), ..LogRecord::default() };
        let scope_logs = vec![ScopeLogs { log_records: vec![record], ..ScopeLogs::default() }];
        ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }] }
    }

    fn first_attribute(request: &ExportLogsServiceRequest) -> Option<&AnyValue> {
        request.resource_logs[0].scope_logs[0].log_records[0].attributes[0].value.as_ref()
    }

    #[test]
    fn json_is_converted_to_structured_values() {
        let mut details =
            request(DETAILS_EVENT, &[("gen_ai.input.messages", r#"[{"role":"user","parts":[1,true,null,0.5]}]"#)]);
        expand_json_attributes(&mut details);
        let parts = any_value(json!([1, true, null, 0.5]), MAX_NESTING);
        assert_eq!(
            first_attribute(&details),
            Some(&any_value(json!([{"role": "user", "parts": [1, true, null, 0.5]}]), MAX_NESTING))
        );
        let Some(Value::ArrayValue(ArrayValue { values })) = parts.value else { panic!() };
        assert_eq!(values[0].value, Some(Value::IntValue(1)));
        assert_eq!(values[2].value, None);
        assert_eq!(values[3].value, Some(Value::DoubleValue(0.5)));
    }

    #[test]
    fn values_nested_deeper_than_the_limit_stay_json_text() {
        let nested = |levels: usize, list: bool| {
            (0..levels).fold(json!("end"), |inner, _| if list { json!([inner]) } else { json!({"in": inner}) })
        };
        for (levels, list) in [(60, true), (60, false), (5, true), (5, false)] {
            let mut details = request(DETAILS_EVENT, &[("gen_ai.input.messages", &nested(levels, list).to_string())]);
            expand_json_attributes(&mut details);
            let decoded = ExportLogsServiceRequest::decode(&details.encode_to_vec()[..]).unwrap();
            assert_eq!(decoded, details, "{levels}");
            let text = format!("{details:?}");
            assert!(text.contains("end") && text.contains("\\\"end") == (levels == 60), "{text}");
        }
    }

    #[test]
    fn other_events_other_attributes_and_invalid_json_are_unchanged() {
        for (event, key, text) in [
            ("other", "gen_ai.input.messages", "[]"),
            (DETAILS_EVENT, "other", "[]"),
            (DETAILS_EVENT, "gen_ai.input.messages", "["),
        ] {
            let mut expanded = request(event, &[(key, text)]);
            expand_json_attributes(&mut expanded);
            assert_eq!(expanded, request(event, &[(key, text)]));
        }
    }
}
