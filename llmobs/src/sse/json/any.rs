//! Values of any kind, of which only the presence or the text matters.

use super::from_json::FromJson;
use super::malformed::Result;
use super::reader::Reader;
use super::text::Text;

/// True for a value that is a non-empty string, list or object. Examples: `"a"` and `[0]` are, `""`, `{}`, `3` and null
/// are not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::sse) struct NonEmpty(pub(in crate::sse) bool);

impl<'a> FromJson<'a> for NonEmpty {
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<bool> {
        let kind = reader.peek();
        let text = reader.raw()?;
        self.0 = match kind {
            Some(b'"') => text != b"\"\"",
            Some(b'{' | b'[') => !is_empty_container(text),
            _ => false,
        };
        Ok(true)
    }
}

/// Returns whether the JSON text of a value is the empty object or array.
pub(in crate::sse) fn is_empty_container(json: &[u8]) -> bool {
    matches!(json, [b'{' | b'[', inner @ .., _] if inner.trim_ascii().is_empty())
}

/// A value that is a string, or the JSON text of another value.
#[derive(Debug, Clone, Copy)]
pub(in crate::sse) enum Value<'a> {
    /// A string.
    String(Text<'a>),
    /// The JSON text of an object, array, number or boolean.
    Json(Text<'a>),
}

impl Value<'_> {
    /// Returns whether there is a value: false if it is missing, null or the empty string, and true for `{}`, `[]`, `0` and
    /// `false`.
    pub(in crate::sse) const fn is_some(&self) -> bool {
        match self {
            Self::String(text) | Self::Json(text) => !text.is_empty(),
        }
    }

    /// Returns whether the value is the empty object or array.
    pub(in crate::sse) fn is_empty_container(&self) -> bool {
        match self {
            Self::String(_) => false,
            Self::Json(json) => json.as_plain_bytes().is_some_and(is_empty_container),
        }
    }
}

impl<'a> Value<'a> {
    /// Returns the text: of a string its content, of another value its JSON.
    pub(in crate::sse) const fn text(self) -> Text<'a> {
        match self {
            Self::String(text) | Self::Json(text) => text,
        }
    }
}

impl Default for Value<'_> {
    fn default() -> Self {
        Self::String(Text::default())
    }
}

impl<'a> FromJson<'a> for Value<'a> {
    /// Reads any value but null.
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<bool> {
        match reader.peek() {
            Some(b'"') => *self = Self::String(reader.string()?.unwrap_or_default()),
            Some(b'n') => {
                reader.skip()?;
                return Ok(false);
            }
            // JSON text needs no decoding: its own escapes are part of it.
            _ => *self = Self::Json(Text::new(reader.raw()?, false)),
        }
        Ok(true)
    }
}
