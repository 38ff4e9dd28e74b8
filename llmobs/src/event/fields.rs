//! The fields of log events. An event is a list of names and optional values, which is expanded into a `tracing` event,
//! a line of JSON or the attributes of an OpenTelemetry log record. A field without a value is absent in each of them.

#[cfg(feature = "serde")]
use std::collections::BTreeMap;
use std::fmt;

use opentelemetry::logs::AnyValue;
#[cfg(feature = "serde")]
use serde::ser::SerializeMap;
use tracing::field::DisplayValue;

use crate::json::JsonObject;

/// Returns the name of a field, whose parts are separate tokens, as text.
macro_rules! field_name {
    ($first:ident $(. $rest:ident)*) => { concat!(stringify!($first) $(, ".", stringify!($rest))*) };
}
pub(crate) use field_name;

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
        $($value.write_json($crate::event::fields::field_name!($($name).+), $object);)+
    }};
}
pub(crate) use write_json_fields;

/// Appends a list of fields to a map of serde, in a function that returns the error of the map.
#[cfg(feature = "serde")]
macro_rules! serialize_fields {
    ($map:ident $([$($name:ident).+] $value:expr,)+) => {{
        use $crate::event::fields::SerdeField;
        $($value.serialize_into($crate::event::fields::field_name!($($name).+), $map)?;)+
    }};
}
#[cfg(feature = "serde")]
pub(crate) use serialize_fields;

/// A value that can be written into a JSON object.
pub(crate) trait JsonField {
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

impl JsonField for Option<u64> {
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

impl<'a, I: Iterator<Item = (&'a str, &'a str)>> JsonField for Option<Texts<I>> {
    fn write_json(self, name: &str, object: &mut JsonObject<'_>) {
        if let Some(Texts(texts)) = self {
            object.object(name, |inner| texts.for_each(|(name, text)| inner.string(name, Some(text))));
        }
    }
}

/// An object of texts by their names.
pub(crate) struct Texts<I>(pub(crate) I);

impl<I: Iterator<Item = (&'static str, u64)>> JsonField for Option<Numbers<I>> {
    fn write_json(self, name: &str, object: &mut JsonObject<'_>) {
        if let Some(Numbers(numbers)) = self {
            object.object(name, |inner| numbers.for_each(|(name, number)| inner.number(name, Some(number))));
        }
    }
}

/// An object of integers by their names.
pub(crate) struct Numbers<I>(pub(crate) I);

/// A value that serde can write into a map. A field has the same form as by [`JsonField`].
#[cfg(feature = "serde")]
pub(crate) trait SerdeField {
    /// Appends the field. Appends nothing if the value is absent.
    fn serialize_into<M: SerializeMap>(self, name: &'static str, map: &mut M) -> Result<(), M::Error>;
}

/// Implements [`SerdeField`] for optional values that serde writes in the same form.
#[cfg(feature = "serde")]
macro_rules! serialize_as_they_are {
    ($($value:ty),+) => {
        $(impl SerdeField for Option<$value> {
            fn serialize_into<M: SerializeMap>(self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
                self.map_or(Ok(()), |value| map.serialize_entry(name, &value))
            }
        })+
    };
}
#[cfg(feature = "serde")]
serialize_as_they_are!(&str, bool, i64, u64);

#[cfg(feature = "serde")]
impl SerdeField for Option<f64> {
    fn serialize_into<M: SerializeMap>(self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        let finite = self.filter(|value| value.is_finite());
        finite.map_or(Ok(()), |value| map.serialize_entry(name, &value))
    }
}

#[cfg(feature = "serde")]
impl<T: fmt::Display> SerdeField for Option<DisplayValue<T>> {
    fn serialize_into<M: SerializeMap>(self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        self.map_or(Ok(()), |value| map.serialize_entry(name, &format_args!("{value}")))
    }
}

#[cfg(feature = "serde")]
impl<'a, I: Iterator<Item = (&'a str, &'a str)>> SerdeField for Option<Texts<I>> {
    fn serialize_into<M: SerializeMap>(self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        self.map_or(Ok(()), |Texts(texts)| map.serialize_entry(name, &texts.collect::<BTreeMap<_, _>>()))
    }
}

#[cfg(feature = "serde")]
impl<I: Iterator<Item = (&'static str, u64)>> SerdeField for Option<Numbers<I>> {
    fn serialize_into<M: SerializeMap>(self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        self.map_or(Ok(()), |Numbers(numbers)| map.serialize_entry(name, &numbers.collect::<BTreeMap<_, _>>()))
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
