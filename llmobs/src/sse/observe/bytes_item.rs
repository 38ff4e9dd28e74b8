//! What a stream of bytes may consist of.

/// A piece of an answer: bytes, or a `Result` of bytes. `Kind` tells the two apart and is inferred.
pub trait BytesItem<Kind> {
    /// Its bytes; `None` for an error.
    fn bytes(&self) -> Option<&[u8]>;
}

/// Pieces that are bytes.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct PlainBytes;

/// Pieces that may be errors.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FallibleBytes;

impl<T: AsRef<[u8]>> BytesItem<PlainBytes> for T {
    fn bytes(&self) -> Option<&[u8]> {
        Some(self.as_ref())
    }
}

impl<T: AsRef<[u8]>, E> BytesItem<FallibleBytes> for Result<T, E> {
    fn bytes(&self) -> Option<&[u8]> {
        self.as_ref().ok().map(AsRef::as_ref)
    }
}
