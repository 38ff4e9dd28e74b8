//! The item types of a byte stream.

/// An item of a byte stream: bytes, or a `Result` of bytes. `Kind` distinguishes the two implementations and is
/// inferred.
pub trait BytesItem<Kind> {
    /// Returns the bytes of the item; `None` for an error.
    fn bytes(&self) -> Option<&[u8]>;
}

/// The `Kind` of [`BytesItem`] for items that are bytes.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct PlainBytes;

/// The `Kind` of [`BytesItem`] for items that are `Result`s of bytes.
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
