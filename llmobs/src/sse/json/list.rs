//! Lists, of which most have one item.

use std::fmt;

use super::from_json::FromJson;
use super::malformed::Result;
use super::reader::Reader;

/// The items of an array. The first item is read together with the text around it; the others are skipped, and read
/// when they are visited. Nothing is allocated.
#[derive(Clone)]
pub(in crate::sse) struct List<'a, T> {
    first: Option<T>,
    length: usize,
    /// The text of the array.
    array: &'a [u8],
}

impl<'a, T: FromJson<'a>> List<'a, T> {
    pub(in crate::sse) const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Calls `on_item` with each item, in the order of the array. Items of another kind are left out.
    pub(in crate::sse) fn for_each(&self, mut on_item: impl FnMut(&T)) {
        if let Some(first) = &self.first {
            on_item(first);
        }
        if self.length <= 1 {
            return;
        }
        let mut is_first = true;
        // Cannot fail: the array was skipped before, which checks its syntax.
        let _ = Reader::of_value(self.array).array(|reader| {
            let mut item = T::default();
            if !std::mem::take(&mut is_first) && item.read(reader)? {
                on_item(&item);
            }
            Ok(())
        });
    }
}

impl<'a, T: FromJson<'a>> FromJson<'a> for List<'a, T> {
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<bool> {
        let Self { first, length, array } = self;
        *length = 0;
        let (is_array, text) = reader.with_text(|reader| {
            reader.array(|reader| {
                *length += 1;
                if *length == 1 {
                    first.read(reader)?;
                }
                Ok(())
            })
        })?;
        *array = text;
        Ok(is_array)
    }
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self { first: None, length: 0, array: &[] }
    }
}

impl<T> fmt::Debug for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("length", &self.length).finish_non_exhaustive()
    }
}
