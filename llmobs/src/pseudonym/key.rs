//! The key: never printed, and gone from memory when it is dropped.

use std::env;
use std::error;
use std::fmt;
use std::fs;
use std::path::Path;

use zeroize::Zeroizing;

/// The key of pseudonyms: 32 bytes or more of chance.
///
/// It has no `Display` and no `Serialize`, its `Debug` prints nothing of it, and its memory is zeroed when it is dropped.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<Vec<u8>>);

/// Fewer bytes are no key.
const LEAST: usize = 32;

impl MasterKey {
    /// A key of these bytes.
    ///
    /// # Errors
    ///
    /// If there are fewer than 32 of them, or all are the same byte and nobody's chance made them zero.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() < LEAST || bytes.iter().all(|byte| *byte == 0) {
            return Err(KeyError::SHORT);
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
    /// If it is neither, or too short.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let text = text.trim().as_bytes();
        let hexadecimal = text.len().is_multiple_of(2) && text.iter().all(u8::is_ascii_hexdigit);
        let bytes = Zeroizing::new(if hexadecimal { hex(text) } else { base64(text).ok_or(KeyError::FORM)? });
        Self::from_bytes(&bytes)
    }

    /// The key that a file holds, as a text.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or holds no key.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let text = fs::read_to_string(path).map(Zeroizing::new).map_err(|_| KeyError::FILE)?;
        Self::from_text(&text)
    }

    /// The key in the file that one variable names, else in the other variable; none if neither is set.
    ///
    /// # Errors
    ///
    /// If one is set and gives no key.
    pub fn from_environment(file: &str, key: &str) -> Result<Option<Self>, KeyError> {
        if let Some(path) = env::var_os(file).filter(|path| !path.is_empty()) {
            return Self::from_file(path).map(Some);
        }
        let text = env::var_os(key).filter(|text| !text.is_empty());
        let read = |text: std::ffi::OsString| {
            let text = Zeroizing::new(text.into_string().map_err(|_| KeyError::FORM)?);
            Self::from_text(&text)
        };
        text.map(read).transpose()
    }

    pub(super) fn of_digest(mut digest: [u8; 32]) -> Self {
        let key = Self(Zeroizing::new(digest.to_vec()));
        zeroize::Zeroize::zeroize(&mut digest);
        key
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

/// Why there is no key. It says nothing of what was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError {
    message: &'static str,
}

impl KeyError {
    pub(super) const NAME: Self = Self { message: "the name of a key has 1 to 16 letters, digits, `-` and `_`" };
    const SHORT: Self = Self { message: "a key of pseudonyms has 32 bytes or more, and not all of them are zero" };
    const FORM: Self = Self { message: "a key of pseudonyms is written in hexadecimal digits or in base64" };
    const FILE: Self = Self { message: "the file of the key of pseudonyms cannot be read" };
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl error::Error for KeyError {}

fn hex(text: &[u8]) -> Vec<u8> {
    let value = |digit: &u8| match digit {
        b'0'..=b'9' => digit - b'0',
        digit => digit.to_ascii_lowercase() - b'a' + 10,
    };
    text.chunks_exact(2).map(|pair| value(&pair[0]) << 4 | value(&pair[1])).collect()
}

/// Base64, plain or for URLs, with or without padding.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut held) = (0_u32, 0);
    for byte in text.iter().take_while(|byte| **byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held).to_le_bytes()[0]);
        }
    }
    Some(bytes)
}
