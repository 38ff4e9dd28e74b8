//! What a stream of bytes may consist of.

/// A piece of an answer: bytes, or a `Result` of bytes. `Kind` tells the two apart and is inferred.
pub trait Piece<Kind> {
    /// Its bytes; `None` for an error.
    fn bytes(&self) -> Option<&[u8]>;
}

/// Pieces that are bytes.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Plain;

/// Pieces that may be errors.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Fallible;

impl<T: AsRef<[u8]>> Piece<Plain> for T {
    fn bytes(&self) -> Option<&[u8]> {
        Some(self.as_ref())
    }
}

impl<T: AsRef<[u8]>, E> Piece<Fallible> for Result<T, E> {
    fn bytes(&self) -> Option<&[u8]> {
        self.as_ref().ok().map(AsRef::as_ref)
    }
}
