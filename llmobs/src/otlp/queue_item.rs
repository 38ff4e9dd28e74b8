//! The items of the queues, and estimates of their memory: a fixed amount for each item and attribute, and the bytes of
//! texts.

use opentelemetry::Array;
use opentelemetry::InstrumentationScope;
use opentelemetry::KeyValue;
use opentelemetry::Value;
use opentelemetry::logs::AnyValue;
use opentelemetry_sdk::logs::SdkLogRecord;
use opentelemetry_sdk::trace::SpanData;

/// Bytes of a span or log record without its attributes. Both are structs of several hundred bytes.
const ITEM_BYTES: usize = 512;

/// Bytes of an attribute, or of an element of a list or map, without its text.
const VALUE_BYTES: usize = 64;

/// A log record with the scope that emitted it.
pub(super) type ScopedLogRecord = (SdkLogRecord, InstrumentationScope);

/// An item that a queue can hold.
pub(super) trait QueueItem {
    /// Returns the estimated bytes of the item in memory.
    fn estimated_bytes(&self) -> usize;
}

impl QueueItem for SpanData {
    fn estimated_bytes(&self) -> usize {
        let events = self.events.iter().map(|event| ITEM_BYTES + event.name.len() + attributes(&event.attributes));
        let links = self.links.iter().map(|link| ITEM_BYTES + attributes(&link.attributes));
        ITEM_BYTES + self.name.len() + attributes(&self.attributes) + events.sum::<usize>() + links.sum::<usize>()
    }
}

impl QueueItem for ScopedLogRecord {
    fn estimated_bytes(&self) -> usize {
        let (record, _) = self;
        let attributes = record.attributes_iter().map(|(key, value)| key.as_str().len() + any_value(value));
        ITEM_BYTES + record.body().map_or(0, any_value) + attributes.sum::<usize>()
    }
}

fn attributes(attributes: &[KeyValue]) -> usize {
    attributes.iter().map(|attribute| attribute.key.as_str().len() + value(&attribute.value)).sum()
}

fn value(value: &Value) -> usize {
    let text = match value {
        Value::String(text) => text.as_str().len(),
        Value::Array(Array::String(texts)) => texts.iter().map(|text| VALUE_BYTES + text.as_str().len()).sum(),
        Value::Array(Array::I64(numbers)) => size_of_val(numbers.as_slice()),
        Value::Array(Array::F64(numbers)) => size_of_val(numbers.as_slice()),
        _ => 0,
    };
    VALUE_BYTES + text
}

fn any_value(value: &AnyValue) -> usize {
    let content = match value {
        AnyValue::String(text) => text.as_str().len(),
        AnyValue::Bytes(bytes) => bytes.len(),
        AnyValue::ListAny(values) => values.iter().map(any_value).sum(),
        AnyValue::Map(fields) => fields.iter().map(|(key, field)| key.as_str().len() + any_value(field)).sum(),
        _ => 0,
    };
    VALUE_BYTES + content
}

#[cfg(test)]
mod tests {
    use opentelemetry::logs::LogRecord;
    use opentelemetry::logs::Logger;
    use opentelemetry::logs::LoggerProvider;
    use opentelemetry_sdk::logs::SdkLoggerProvider;

    use super::*;

    #[test]
    fn the_texts_of_all_values_count() {
        let record = |value: AnyValue| {
            let mut record = SdkLoggerProvider::builder().build().logger("test").create_log_record();
            record.set_body("12345".into());
            record.add_attribute("key", value);
            (record, InstrumentationScope::default()).estimated_bytes()
        };
        let base = record(1.into());
        assert_eq!(record("x".repeat(1_000).into()), base + 1_000);
        let list = AnyValue::ListAny(Box::new(vec!["x".repeat(300).into(), "x".repeat(300).into()]));
        assert_eq!(record(list), base + 2 * (VALUE_BYTES + 300));
        let map = AnyValue::Map(Box::new([("name".into(), "text".into())].into_iter().collect()));
        assert_eq!(record(map), base + VALUE_BYTES + 8);
        let texts = Value::Array(Array::String(vec!["ab".into(), "c".into()]));
        assert_eq!(value(&texts), 3 * VALUE_BYTES + 3);
    }
}
