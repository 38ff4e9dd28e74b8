//! Access to the fields of JSON values.

use serde_json::Value;

/// Returns a string value; `None` if it is empty or not a string.
pub(super) fn non_empty_str(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// Returns whether a value is a non-empty string, list or object. Examples: `"a"` and `[0]` are, `""`, `{}`, `3` and
/// null are not.
pub(super) fn is_non_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Returns the items of a list; none if the value is not a list.
pub(super) fn array_or_empty(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Returns the first of two fields, or the second if the first is missing or null.
pub(super) fn first_non_null<'v>(value: &'v Value, fields: [&str; 2]) -> &'v Value {
    let [first, second] = fields.map(|field| &value[field]);
    if first.is_null() { second } else { first }
}
