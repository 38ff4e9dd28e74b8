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
    /// Reads the value. Returns `None` if it is missing or of another kind than `T`.
    pub(in crate::sse) fn read(&self) -> Option<T> {
        // An error is a missing value: any other was skipped before, which checks its syntax.
        T::from_json(&mut Reader::of_value(self.json)).ok().flatten()
    }
}

impl<'a, T> FromJson<'a> for Deferred<'a, T> {
    fn from_json(reader: &mut Reader<'a>) -> Result<Option<Self>> {
        Ok(Some(Self { json: reader.raw()?, value: PhantomData }))
    }
}

impl<T> Default for Deferred<'_, T> {
    fn default() -> Self {
        Self { json: &[], value: PhantomData }
    }
}
