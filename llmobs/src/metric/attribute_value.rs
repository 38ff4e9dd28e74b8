//! The values of attributes that other crates pass.

use std::sync::Arc;

use crate::cardinality::sanitize;
use crate::measurement::Label;
use crate::measurement::LabelValue;

/// The value of an attribute, which may be absent. A `String` is truncated to at most 128 bytes, at a character
/// boundary, and loses its control characters. A `&'static str` is used as it is. With `None`, the series lacks the
/// attribute.
#[derive(Debug, Clone)]
pub struct AttributeValue(Option<LabelValue>);

impl AttributeValue {
    /// An absent value: the series lacks the attribute.
    pub const ABSENT: Self = Self(None);

    /// Returns the value; `None` for an absent one.
    pub(crate) fn into_label_value(self) -> Option<LabelValue> {
        self.0
    }
}

impl From<&'static str> for AttributeValue {
    fn from(text: &'static str) -> Self {
        Self(Some(text.into()))
    }
}

impl From<String> for AttributeValue {
    fn from(text: String) -> Self {
        Self(Some(Arc::<str>::from(sanitize(&text).as_ref()).into()))
    }
}

/// Clones a value without copying its text.
impl From<&Self> for AttributeValue {
    fn from(value: &Self) -> Self {
        value.clone()
    }
}

/// Converts `None` to [`ABSENT`](AttributeValue::ABSENT).
impl<T: Into<Self>> From<Option<T>> for AttributeValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::ABSENT, Into::into)
    }
}

/// Returns the labels of the attributes that have a value, in the order of the names.
pub(super) fn to_labels<'a>(
    names: &'a [&'static str],
    values: impl IntoIterator<Item = AttributeValue> + 'a,
) -> impl Iterator<Item = Label> + 'a {
    let pairs = names.iter().zip(values);
    pairs.filter_map(|(name, value)| Some(Label::new(*name, value.into_label_value()?)))
}
