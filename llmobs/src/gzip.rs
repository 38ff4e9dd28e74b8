//! Compression with gzip, of metrics pages and of export requests.

use std::io;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Returns the bytes compressed with gzip at the fastest level.
///
/// # Errors
///
/// Returns an error if the compression fails, for example for lack of memory.
pub(crate) fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}
