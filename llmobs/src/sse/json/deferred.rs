//! Values that are read only if they matter.

use std::marker::PhantomData;

use super::from_json::FromJson;
use super::malformed::Result;
use super::reader::Reader;

/// A value that is skipped at first, and read by [`read`](Self::read).
#[derive(Debug, Clone)]
pub(in crate::sse) struct Deferred<'a, T> {
    json: &'a [u8],
    value: PhantomData<T>,
}

impl<'a, T: FromJson<'a>> Deferred<'a, T> {
    /// Returns whether the value is neither missing nor null.
    pub(in crate::sse) const fn is_some(&self) -> bool {
        !matches!(self.json, [] | [b'n', ..])
    }

    /// Reads the value. Returns `None` if it is missing or of another kind than `T`.
    pub(in crate::sse) fn read(&self) -> Option<T> {
        let mut value = T::default();
        // An error is a missing value: any other was skipped before, which checks its syntax.
        let is_read = value.read(&mut Reader::of_value(self.json)).unwrap_or(false);
        is_read.then_some(value)
    }
}

impl<'a, T> FromJson<'a> for Deferred<'a, T> {
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<bool> {
        self.json = reader.raw()?;
        Ok(true)
    }
}

impl<T> Default for Deferred<'_, T> {
    fn default() -> Self {
        Self { json: &[], value: PhantomData }
    }
}
