//! Content as a value of an event: structured in a log record, and JSON text in a `tracing` event.

#[cfg(feature = "content")]
use std::collections::HashMap;

use opentelemetry::logs::AnyValue;
#[cfg(feature = "content")]
use serde_json::Value;

/// A value that passed the gate, which redacts and truncates all content.
#[cfg(feature = "content")]
#[derive(Debug)]
pub(crate) struct ContentValue<'a>(pub(crate) &'a Value);

/// A value that passed the gate. Without the feature `content`, no value of this type exists.
#[cfg(not(feature = "content"))]
#[derive(Debug)]
pub(crate) struct ContentValue<'a>(std::convert::Infallible, std::marker::PhantomData<&'a ()>);

#[cfg(not(feature = "content"))]
impl ContentValue<'_> {
    pub(super) fn to_json(&self) -> String {
        match self.0 {}
    }

    pub(super) fn to_any_value(&self) -> AnyValue {
        match self.0 {}
    }
}

/// The limit of nested protobuf messages within a value. Protobuf decoders reject a whole request with more than 100
/// nested messages; each level of a list adds two, and each level of an object adds three.
#[cfg(feature = "content")]
const MAX_NESTING: usize = 80;

#[cfg(feature = "content")]
impl ContentValue<'_> {
    /// Returns the value as JSON text.
    pub(super) fn to_json(&self) -> String {
        self.0.to_string()
    }

    /// Returns the value as lists, objects and scalars of the Logs API. A list or object becomes JSON text if it is
    /// nested deeper than `MAX_NESTING` allows, or if one of its direct members is null, for which the API has no
    /// value.
    pub(super) fn to_any_value(&self) -> AnyValue {
        any_value(self.0, MAX_NESTING)
    }
}

#[cfg(feature = "content")]
fn any_value(json: &Value, limit: usize) -> AnyValue {
    match json {
        Value::Array(_) | Value::Object(_) if limit < 3 => json.to_string().into(),
        Value::Array(values) if values.iter().any(Value::is_null) => json.to_string().into(),
        Value::Object(fields) if fields.values().any(Value::is_null) => json.to_string().into(),
        Value::Null => "null".into(),
        Value::Bool(boolean) => (*boolean).into(),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.clone().into(),
        Value::Array(values) => {
            AnyValue::ListAny(Box::new(values.iter().map(|inner| any_value(inner, limit - 2)).collect()))
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, field)| (key.clone().into(), any_value(field, limit - 3)));
            AnyValue::Map(Box::new(fields.collect::<HashMap<_, _>>()))
        }
    }
}

#[cfg(all(test, feature = "content"))]
mod tests {
    use serde_json::json;

    use super::*;

    fn converted(json: &Value) -> AnyValue {
        ContentValue(json).to_any_value()
    }

    #[test]
    fn lists_objects_and_scalars_keep_their_types() {
        let AnyValue::Map(message) = converted(&json!({"role": "user", "parts": [1, true, 0.5, "text", {}]})) else {
            panic!("an object is a map")
        };
        assert_eq!(message["role"], AnyValue::from("user"));
        let AnyValue::ListAny(parts) = &message["parts"] else { panic!("a list is a list") };
        let expected = [1.into(), true.into(), 0.5.into(), "text".into(), AnyValue::Map(Box::default())];
        assert_eq!(parts.as_slice(), expected);
    }

    #[test]
    fn a_list_or_object_with_null_is_json_text_and_the_values_around_it_are_structured() {
        let AnyValue::ListAny(values) = converted(&json!([[1, null], {"a": null}, [2]])) else { panic!("a list") };
        let expected = ["[1,null]".into(), r#"{"a":null}"#.into(), AnyValue::ListAny(Box::new(vec![2.into()]))];
        assert_eq!(values.as_slice(), expected);
    }

    #[test]
    fn values_nested_deeper_than_the_limit_are_json_text() {
        let nested = |levels: usize, list: bool| {
            (0..levels).fold(json!("end"), |inner, _| if list { json!([inner]) } else { json!({"in": inner}) })
        };
        for (levels, list) in [(60, true), (60, false), (5, true), (5, false)] {
            let text = format!("{:?}", converted(&nested(levels, list)));
            assert_eq!(text.contains("\\\"end"), levels == 60, "{text}");
        }
    }
}
