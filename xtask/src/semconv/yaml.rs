//! Reads the part of YAML that the convention files use, and refuses the rest.
//!
//! Understood: block maps and lists, plain, quoted, literal (`|`) and folded (`>`) scalars, flow lists, comments, and
//! an alias of an anchored scalar. Anything else is an error that names its line: a wrong guess here would become a
//! wrong name in everybody's dashboards.

use std::fmt;

mod block;
mod scalar;
#[cfg(test)]
mod tests;

/// A value and the line (from 1) on which it begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// Every scalar is text: the convention files say a type where they mean one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    Scalar(String),
}

/// What was not understood, and where.
#[derive(Debug, PartialEq)]
pub(crate) struct Error {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// Reads one document.
///
/// # Errors
///
/// On the first line that is outside the subset.
pub(crate) fn parse(text: &str) -> Result<Node, Error> {
    block::Parser::new(text).document()
}

impl Node {
    pub(crate) fn text(&self) -> Result<&str, Error> {
        match &self.value {
            Value::Scalar(text) => Ok(text),
            _ => Err(self.error("a scalar is wanted here")),
        }
    }

    pub(crate) fn list(&self) -> Result<&[Self], Error> {
        match &self.value {
            Value::List(items) => Ok(items),
            _ => Err(self.error("a list is wanted here")),
        }
    }

    pub(crate) fn map(&self) -> Result<&[(String, Self)], Error> {
        match &self.value {
            Value::Map(entries) => Ok(entries),
            _ => Err(self.error("a map is wanted here")),
        }
    }

    /// The entry of this name, if the map has one.
    pub(crate) fn find(&self, key: &str) -> Result<Option<&Self>, Error> {
        Ok(self.map()?.iter().find(|(name, _)| name == key).map(|(_, node)| node))
    }

    /// The entry of this name, which must be there.
    pub(crate) fn get(&self, key: &str) -> Result<&Self, Error> {
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
