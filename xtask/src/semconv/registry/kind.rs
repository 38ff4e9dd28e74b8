//! The types of attributes.

use super::Error;
use super::Node;

/// What an attribute's values are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Any,
    Boolean,
    Double,
    Int,
    String,
    Strings,
    /// A string under each name that begins with the attribute's.
    Template,
}

impl Kind {
    pub(super) fn read(node: &Node) -> Result<Self, Error> {
        match node.text()? {
            "any" => Ok(Self::Any),
            "boolean" => Ok(Self::Boolean),
            "double" => Ok(Self::Double),
            "int" => Ok(Self::Int),
            "string" => Ok(Self::String),
            "string[]" => Ok(Self::Strings),
            "template[string]" => Ok(Self::Template),
            other => Err(node.error(format!("the type `{other}` is not understood"))),
        }
    }

    /// The conventions' word for it.
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

    /// The variant of `AttributeType` that it is in llmobs.
    pub(crate) const fn variant(self) -> &'static str {
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
