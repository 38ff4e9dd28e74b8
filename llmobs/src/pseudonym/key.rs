//! The key: never printed, and gone from memory when it is dropped.

mod encoding;
mod error;
mod file;

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

pub use self::error::KeyError;

/// The key of pseudonyms: 32 bytes or more of chance.
///
/// It has no `Display` and no `Serialize`, its `Debug` prints nothing of it, and its memory is zeroed when it is dropped.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<Vec<u8>>);

/// Fewer bytes are no key.
const MIN_KEY_BYTES: usize = 32;

/// Fewer different bytes were not made by chance: it gives 32 bytes that poor less than once in 10^14 times.
const VARIETY: usize = 16;

impl MasterKey {
    /// A key of these bytes.
    ///
    /// # Errors
    ///
    /// If there are fewer than 32 of them, or fewer than 16 different ones: no chance made those.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() < MIN_KEY_BYTES {
            return Err(KeyError::SHORT);
        }
        if (0..=u8::MAX).filter(|value| bytes.contains(value)).count() < VARIETY {
            return Err(KeyError::WEAK);
        }
        Ok(Self(Zeroizing::new(bytes.to_vec())))
    }

    /// A key in a text: 64 or more hexadecimal digits, or base64 of 32 bytes or more. Blanks around it do not matter.
    ///
    /// ```
    /// use llmobs::pseudonym::MasterKey;
    ///
    /// let key = MasterKey::from_text("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")?;
    /// assert_eq!(format!("{key:?}"), "MasterKey(..)");
    /// assert!(MasterKey::from_text("secret").is_err());
    /// # Ok::<(), llmobs::pseudonym::KeyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If it is neither, too short, or no chance made it.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(&encoding::bytes(text.trim())?)
    }

    /// The key that a file holds, as a text. On Unix it is said once in the log if others than the owner and the group
    /// may read the file, or others than the owner may change it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is longer than 4 KiB, or holds no key.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let bytes = file::read(path.as_ref())?;
        Self::from_text(std::str::from_utf8(&bytes).map_err(|_| KeyError::FORM)?)
    }

    /// The key in the file that one variable names, else in the other variable; none if neither is set, or both are
    /// empty.
    ///
    /// # Errors
    ///
    /// If one is set and gives no key. What is wrong with the first is not mended by the second.
    pub fn from_environment(file: &str, key: &str) -> Result<Option<Self>, KeyError> {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        if let Some(path) = set(file) {
            return Self::from_file(path).map(Some);
        }
        let read = |value: OsString| {
            let value = Zeroizing::new(value.into_encoded_bytes());
            Self::from_text(std::str::from_utf8(&value).map_err(|_| KeyError::FORM)?)
        };
        set(key).map(read).transpose()
    }

    /// A code is as good as chance.
    pub(super) fn of_code(code: &[u8; 32]) -> Self {
        Self(Zeroizing::new(code.to_vec()))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}
