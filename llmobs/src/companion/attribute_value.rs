//! The values of attributes that other crates pass.

use std::sync::Arc;

use crate::cardinality::sanitize;
use crate::measurement::LabelValue;

/// The value of an attribute. A `String` is cleaned: it is limited to 128 bytes without control characters. A
/// `&'static str` is used as it is.
#[derive(Debug, Clone)]
pub struct AttributeValue(pub(super) LabelValue);

impl From<&'static str> for AttributeValue {
    fn from(text: &'static str) -> Self {
        Self(text.into())
    }
}

impl From<String> for AttributeValue {
    fn from(text: String) -> Self {
        Self(Arc::<str>::from(sanitize(&text).as_ref()).into())
    }
}

/// Clones a value without copying its text.
impl From<&Self> for AttributeValue {
    fn from(value: &Self) -> Self {
        value.clone()
    }
}
