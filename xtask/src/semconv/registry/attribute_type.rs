//! The types of attributes.

use serde::Deserialize;

/// The type of the values of an attribute.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AttributeType {
    Any,
    Boolean,
    Double,
    Int,
    String,
    #[serde(rename = "string[]")]
    Strings,
    /// A family of string attributes whose names begin with this name.
    #[serde(rename = "template[string]")]
    Template,
}

impl AttributeType {
    /// Returns the name of the type in the conventions.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Boolean => "boolean",
            Self::Double => "double",
            Self::Int => "int",
            Self::String => "string",
            Self::Strings => "string[]",
            Self::Template => "template[string]",
        }
    }
}
