//! Values that are one text or a list of parts.

use super::from_json::FromJson;
use super::list::List;
use super::malformed::Result;
use super::reader::Reader;
use super::text::Text;

/// One text, or a list of parts.
#[derive(Debug, Clone)]
pub(in crate::sse) enum TextOrList<'a, T> {
    Text(Text<'a>),
    List(List<'a, T>),
}

impl<T> Default for TextOrList<'_, T> {
    fn default() -> Self {
        Self::Text(Text::default())
    }
}

impl<'a, T: FromJson<'a>> FromJson<'a> for TextOrList<'a, T> {
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<bool> {
        if reader.peek() == Some(b'[') {
            let mut list = List::default();
            let is_read = list.read(reader)?;
            *self = Self::List(list);
            return Ok(is_read);
        }
        let text = reader.string()?;
        *self = Self::Text(text.unwrap_or_default());
        Ok(text.is_some())
    }
}
