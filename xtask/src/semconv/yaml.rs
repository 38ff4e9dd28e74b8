//! Parses the subset of YAML that the convention files use, and rejects everything else.
//!
//! Supported: block maps and lists; plain, quoted, literal (`|`) and folded (`>`) scalars; flow lists; comments; and an
//! alias of an anchored scalar. Anything else is an error with its line number, because a wrong guess would become a
//! wrong name in dashboards.

use std::fmt;

mod block;
mod scalar;
#[cfg(test)]
mod tests;

/// A value and the line number (from 1) on which it begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// A parsed value. Every scalar is text: where the type matters, the convention files name it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    Scalar(String),
}

/// A syntax error with its line number.
#[derive(Debug, PartialEq)]
pub(crate) struct Error {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// Parses one document.
///
/// # Errors
///
/// Fails at the first line that is outside the subset.
pub(crate) fn parse(text: &str) -> Result<Node, Error> {
    block::Parser::new(text).parse_document()
}

impl Node {
    pub(crate) fn as_str(&self) -> Result<&str, Error> {
        match &self.value {
            Value::Scalar(text) => Ok(text),
            _ => Err(self.error("expected a scalar")),
        }
    }

    pub(crate) fn as_list(&self) -> Result<&[Self], Error> {
        match &self.value {
            Value::List(items) => Ok(items),
            _ => Err(self.error("expected a list")),
        }
    }

    pub(crate) fn as_map(&self) -> Result<&[(String, Self)], Error> {
        match &self.value {
            Value::Map(entries) => Ok(entries),
            _ => Err(self.error("expected a map")),
        }
    }

    /// Returns the value of the key, or `None` if the map lacks it.
    pub(crate) fn find(&self, key: &str) -> Result<Option<&Self>, Error> {
        Ok(self.as_map()?.iter().find(|(name, _)| name == key).map(|(_, node)| node))
    }

    /// Returns the value of the key, or an error if the map lacks it.
    pub(crate) fn require(&self, key: &str) -> Result<&Self, Error> {
        self.find(key)?.ok_or_else(|| self.error(format!("`{key}` is missing")))
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> Error {
        Error::at(self.line, message)
    }
}

impl Error {
    pub(crate) fn at(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.message)
    }
}
