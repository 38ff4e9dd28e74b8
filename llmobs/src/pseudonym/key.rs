//! The master key, which is never printed and is zeroed when dropped.

mod encoding;
mod error;
mod file;

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use sha2::Sha256;
use zeroize::Zeroizing;

pub use self::error::KeyError;

/// The key of pseudonyms: at least 32 random bytes.
///
/// Has no `Display` and no `Serialize`; `Debug` prints no part of the key; the memory is zeroed on drop.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<Vec<u8>>);

/// The minimum length of a key in bytes.
const MIN_KEY_BYTES: usize = 32;

/// The minimum number of distinct byte values. Fewer than one in 10^14 random 32-byte keys fail this check.
const MIN_DISTINCT_BYTES: usize = 16;

impl MasterKey {
    /// Creates a key of these bytes.
    ///
    /// # Errors
    ///
    /// If there are fewer than 32 bytes, or fewer than 16 distinct values, which random bytes would have.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() < MIN_KEY_BYTES {
            return Err(KeyError::TOO_SHORT);
        }
        if (0..=u8::MAX).filter(|value| bytes.contains(value)).count() < MIN_DISTINCT_BYTES {
            return Err(KeyError::WEAK);
        }
        Ok(Self(Zeroizing::new(bytes.to_vec())))
    }

    /// Parses a key: at least 64 hexadecimal digits, or base64 of at least 32 bytes. Surrounding whitespace is ignored.
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
    /// If the text has another form, or if the key is too short or not random.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(&encoding::decode(text.trim())?)
    }

    /// Reads a key as text from a file. On Unix, logs one warning per process if the file is accessible to users other
    /// than owner and group, or writable for the group.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is longer than 4 KiB, or does not contain a key.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let bytes = file::read(path.as_ref())?;
        Self::from_text(std::str::from_utf8(&bytes).map_err(|_| KeyError::INVALID_ENCODING)?)
    }

    /// Reads the key from the file that the variable `file` names, otherwise from the variable `key`. Returns `None` if
    /// both variables are unset or empty.
    ///
    /// # Errors
    ///
    /// If a set variable does not lead to a valid key. An invalid file does not fall back to the variable `key`.
    pub fn from_environment(file: &str, key: &str) -> Result<Option<Self>, KeyError> {
        let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        if let Some(path) = variable(file) {
            return Self::from_file(path).map(Some);
        }
        let parse = |value: OsString| {
            let value = Zeroizing::new(value.into_encoded_bytes());
            Self::from_text(std::str::from_utf8(&value).map_err(|_| KeyError::INVALID_ENCODING)?)
        };
        variable(key).map(parse).transpose()
    }

    /// Creates a key from an HMAC code, which has the randomness of its key.
    pub(super) fn from_hmac(code: &[u8; 32]) -> Self {
        Self(Zeroizing::new(code.to_vec()))
    }

    /// Returns the HMAC of several parts. Each part is preceded by its length, so different lists never have equal
    /// input.
    pub(super) fn hmac(&self, parts: &[&[u8]]) -> Option<Zeroizing<[u8; 32]>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        for part in parts {
            mac.update(&u64::try_from(part.len()).ok()?.to_le_bytes());
            mac.update(part);
        }
        Some(Zeroizing::new(mac.finalize().into_bytes().into()))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}
