//! Content arrives in events as structured values, and on spans as JSON text.

use llmobs::capture::ContentCapture;
use llmobs::content::Message;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use serde_json::Value as Json;
use serde_json::json;

use crate::fixture::MODEL;
use crate::fixture::PROTOCOLS;
use crate::fixture::TIMEOUT;
use crate::fixture::TestService;
use crate::fixture::pipeline_to;
use llmobs_tests::collector::Collector;

/// Converts an OTLP value to JSON.
fn to_json(value: &AnyValue) -> Json {
    match value.value.as_ref() {
        None => Json::Null,
        Some(Value::StringValue(text)) => json!(text),
        Some(Value::BoolValue(boolean)) => json!(boolean),
        Some(Value::IntValue(integer)) => json!(integer),
        Some(Value::DoubleValue(double)) => json!(double),
        Some(Value::ArrayValue(array)) => array.values.iter().map(to_json).collect(),
        Some(Value::KvlistValue(list)) => {
            list.values.iter().map(|pair| (pair.key.clone(), pair.value.as_ref().map_or(Json::Null, to_json))).collect()
        }
        Some(other) => panic!("{other:?}"),
    }
}

#[test]
fn an_event_has_structured_messages_and_a_span_has_json_of_the_same() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let settings = pipeline_to(collector.endpoint(), protocol);
        let service = TestService::with(settings, |builder| builder.capture(ContentCapture::SpansAndEvents));
        service.run(|| {
            let operation = service.observer.chat(MODEL).start();
            operation.marker().input(|| Message::user("I am jane@example.org"));
            operation.marker().output_tool_call(
                0,
                0,
                Some("call_1"),
                Some("add"),
                r#"{"a":1,"b":[2.5,true,{"c":"d"}]}"#,
            );
            operation.complete();
        });
        service.pipeline.shutdown(TIMEOUT).unwrap();
        let seen = collector.inbox().snapshot();
        let details = "gen_ai.client.inference.operation.details";
        let event = seen.logs.iter().find(|log| log.item.event_name == details).expect("the event arrives");
        let span = &seen.spans[0].item;
        assert_eq!(event.item.span_id, span.span_id);
        let arguments = json!({"a": 1, "b": [2.5, true, {"c": "d"}]});
        for (name, expected) in [
            (
                "gen_ai.input.messages",
                json!([{"role": "user", "parts": [{"type": "text", "content": "I am [EMAIL]"}]}]),
            ),
            (
                "gen_ai.output.messages",
                json!([{"role": "assistant", "finish_reason": "stop", "parts": [
                    {"type": "tool_call", "id": "call_1", "name": "add", "arguments": arguments},
                ]}]),
            ),
        ] {
            let of = |attributes: &[opentelemetry_proto::tonic::common::v1::KeyValue]| {
                let found = attributes.iter().find(|pair| pair.key == name).and_then(|pair| pair.value.as_ref());
                found.map(to_json).unwrap_or_else(|| panic!("{name} is missing"))
            };
            assert_eq!(of(&event.item.attributes), expected, "{protocol:?}");
            let on_span = of(&span.attributes);
            assert_eq!(serde_json::from_str::<Json>(on_span.as_str().unwrap()).unwrap(), expected, "{protocol:?}");
        }
    }
}
