//! The types of attributes.

use super::Error;
use super::Node;

/// The type of the values of an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum AttributeType {
    Any,
    Boolean,
    Double,
    Int,
    String,
    Strings,
    /// A family of string attributes whose names begin with this name.
    Template,
}

impl AttributeType {
    pub(super) fn parse(node: &Node) -> Result<Self, Error> {
        match node.as_str()? {
            "any" => Ok(Self::Any),
            "boolean" => Ok(Self::Boolean),
            "double" => Ok(Self::Double),
            "int" => Ok(Self::Int),
            "string" => Ok(Self::String),
            "string[]" => Ok(Self::Strings),
            "template[string]" => Ok(Self::Template),
            other => Err(node.error(format!("unknown type `{other}`"))),
        }
    }

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

    /// Returns the corresponding variant of `AttributeType` in llmobs.
    pub(crate) const fn variant_name(self) -> &'static str {
        match self {
            Self::Any => "Any",
            Self::Boolean => "Boolean",
            Self::Double => "Double",
            Self::Int => "Int",
            Self::String => "String",
            Self::Strings => "Strings",
            Self::Template => "Template",
        }
    }
}
