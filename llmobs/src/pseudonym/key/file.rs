//! The key file.

use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use super::KeyError;

/// The largest size of a key file, in bytes. A larger file is not a key and may be an endless device.
const MAX_FILE_BYTES: usize = 4096;

/// Returns the bytes of a file.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let failed = |error: io::Error| KeyError::unreadable_file(error.kind());
    let file = File::open(path).map_err(failed)?;
    warn_if_open_to_others(&file);
    // Reserve the full capacity first: a growing buffer leaves copies of the key in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * MAX_FILE_BYTES));
    let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_FILE_BYTES { Err(KeyError::FILE_TOO_LONG) } else { Ok(bytes) }
}

#[cfg(unix)]
fn warn_if_open_to_others(file: &File) {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Once;

    static ONCE: Once = Once::new();

    /// Permission bits that must be unset: all access for others, and writing for the group.
    const FORBIDDEN_MODE_BITS: u32 = 0o027;

    let mode = file.metadata().map_or(0, |data| data.permissions().mode());
    if mode & FORBIDDEN_MODE_BITS != 0 {
        // A warning instead of an error: orchestrators often mount secrets readable for all users of the container.
        ONCE.call_once(|| {
            tracing::warn!(
                target: "llmobs",
                "other users can access the file of the pseudonym key (mode {:03o}); set its mode to 600 or 640",
                mode & 0o777
            );
        });
    }
}

#[cfg(not(unix))]
const fn warn_if_open_to_others(_: &File) {}
