//! The fields of log events. An event is a list of names and optional values, which is expanded into a `tracing` event,
//! a line of JSON or the attributes of an OpenTelemetry log record. A field without a value is absent in each of them.

use std::fmt;

use opentelemetry::logs::AnyValue;
use tracing::field::DisplayValue;

use crate::json::JsonObject;

/// Returns the name of a field, whose parts are separate tokens, as text.
macro_rules! field_name {
    ($first:ident $(. $rest:ident)*) => { concat!(stringify!($first) $(, ".", stringify!($rest))*) };
}
pub(super) use field_name;

/// Returns the attributes of a log record from a list of fields.
macro_rules! record_attributes {
    ($([$($name:ident).+] $value:expr,)+) => {{
        use $crate::event::fields::AttributeField;
        let mut attributes = Vec::new();
        $(attributes.extend($value.into_attribute().map(|value| ($crate::event::fields::field_name!($($name).+), value)));)+
        attributes
    }};
}
pub(super) use record_attributes;

/// Appends a list of fields to a JSON object.
macro_rules! write_json_fields {
    ($object:ident $([$($name:ident).+] $value:expr,)+) => {{
        use $crate::event::fields::JsonField;
        $($value.write_json($crate::event::fields::field_name!($($name).+), &mut $object);)+
    }};
}
pub(super) use write_json_fields;

/// A value that can be written into a JSON object.
pub(super) trait JsonField {
    /// Appends the field. Appends nothing if the value is absent.
    fn write_json(self, name: &str, object: &mut JsonObject<'_>);
}

impl JsonField for Option<&str> {
    fn write_json(self, name: &str, object: &mut JsonObject<'_>) {
        object.string(name, self);
    }
}

impl<T: fmt::Display> JsonField for Option<DisplayValue<T>> {
    fn write_json(self, name: &str, object: &mut JsonObject<'_>) {
        object.string(name, self);
    }
}

impl JsonField for Option<bool> {
    fn write_json(self, name: &str, object: &mut JsonObject<'_>) {
        object.number(name, self);
    }
}

impl JsonField for Option<i64> {
    fn write_json(self, name: &str, object: &mut JsonObject<'_>) {
        object.number(name, self);
    }
}

impl JsonField for Option<f64> {
    fn write_json(self, name: &str, object: &mut JsonObject<'_>) {
        // JSON has no infinity and no NaN.
        object.number(name, self.filter(|value| value.is_finite()));
    }
}

/// A value that can be an attribute of a log record.
pub(super) trait AttributeField {
    fn into_attribute(self) -> Option<AnyValue>;
}

impl AttributeField for Option<&str> {
    fn into_attribute(self) -> Option<AnyValue> {
        self.map(|text| AnyValue::from(text.to_owned()))
    }
}

impl AttributeField for Option<bool> {
    fn into_attribute(self) -> Option<AnyValue> {
        self.map(AnyValue::from)
    }
}

impl AttributeField for Option<i64> {
    fn into_attribute(self) -> Option<AnyValue> {
        self.map(AnyValue::from)
    }
}

impl AttributeField for Option<f64> {
    fn into_attribute(self) -> Option<AnyValue> {
        self.map(AnyValue::from)
    }
}

impl AttributeField for Option<AnyValue> {
    fn into_attribute(self) -> Option<AnyValue> {
        self
    }
}
