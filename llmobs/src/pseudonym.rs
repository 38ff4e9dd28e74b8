//! Keyed pseudonyms of identities, such as user ids: equal identities have equal pseudonyms, and without the key an
//! identity cannot be found from its pseudonym, not even by trying all possible ones.
//!
//! A plain hash would not protect an identity: all telephone numbers can be hashed in minutes. Pseudonyms are therefore
//! keyed (HMAC-SHA256). Only pseudonyms with the same key, key id, epoch and field are equal for equal identities.
//! Pseudonymous data are still personal data (GDPR, article 4 (5)): the holder of the key can link them.

mod key;

use std::borrow::Cow;
use std::env;
use std::fmt;
use std::sync::Arc;

pub use self::key::KeyError;
pub use self::key::MasterKey;

/// A generator of pseudonyms. Cheap to clone.
///
/// ```
/// use llmobs::pseudonym::MasterKey;
/// use llmobs::pseudonym::Pseudonymizer;
///
/// let key = MasterKey::from_text("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")?;
/// let pseudonyms = Pseudonymizer::new(key).key_id("k3")?.epoch("2026-11");
/// let jane = pseudonyms.pseudonymize("user.id", "jane@example.org").unwrap();
/// assert_eq!(jane.len(), "k3:".len() + 32);
/// assert_eq!(pseudonyms.pseudonymize("user.id", " Jane@Example.org "), Some(jane.clone()), "white space around an identity, and the case of a mail address, are ignored");
/// assert_ne!(pseudonyms.pseudonymize("session.id", "jane@example.org"), Some(jane), "each field has its own pseudonyms");
///
/// assert_eq!(Pseudonymizer::disabled().pseudonymize("user.id", "jane@example.org"), None, "without a key there is no pseudonym");
/// # Ok::<(), llmobs::pseudonym::KeyError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Pseudonymizer {
    inner: Option<Arc<KeyedInner>>,
}

/// The key and the values that separate its pseudonyms from others.
struct KeyedInner {
    master_key: MasterKey,
    key_id: String,
    epoch: String,
    /// The key of the pseudonyms, derived from the master key, the key id and the epoch.
    derived_key: MasterKey,
}

impl Pseudonymizer {
    /// The environment variable with the key, as hexadecimal digits or base64.
    pub const KEY_VARIABLE: &'static str = "LLMOBS_PSEUDONYM_KEY";
    /// The environment variable with the path of the key file. Takes precedence over [`Self::KEY_VARIABLE`].
    pub const KEY_FILE_VARIABLE: &'static str = "LLMOBS_PSEUDONYM_KEY_FILE";
    /// The environment variable with the [key id](Self::key_id), which must change when the key changes.
    pub const KEY_ID_VARIABLE: &'static str = "LLMOBS_PSEUDONYM_KEY_ID";

    /// Creates a generator with this key, the key id `k1` and no epoch.
    pub fn new(key: MasterKey) -> Self {
        Self::derive(key, "k1".to_owned(), String::new())
    }

    /// Creates a generator without a key, which returns no pseudonyms. A pseudonym without a key could be computed by
    /// anyone.
    pub const fn disabled() -> Self {
        Self { inner: None }
    }

    /// Creates a generator with the key and key id from the environment variables, and no epoch. Without a key there,
    /// the generator is disabled; without a key id, the key id is `k1`.
    ///
    /// # Errors
    ///
    /// If a variable of the key or key file is set and does not lead to a valid key: the file cannot be read or is
    /// longer than 4 KiB, the text is neither hexadecimal nor base64, or the key has fewer than 32 bytes, or fewer than
    /// 16 distinct byte values, which random bytes would have. Also if the key id is invalid, even without a key.
    pub fn from_environment() -> Result<Self, KeyError> {
        let key = MasterKey::from_environment(Self::KEY_FILE_VARIABLE, Self::KEY_VARIABLE)?;
        let pseudonyms = key.map_or_else(Self::disabled, Self::new);
        match env::var_os(Self::KEY_ID_VARIABLE).filter(|id| !id.is_empty()) {
            Some(id) => pseudonyms.key_id(id.to_str().ok_or(KeyError::INVALID_KEY_ID)?.trim()),
            None => Ok(pseudonyms),
        }
    }

    /// Sets the key id, the prefix of each pseudonym, which names the key. The pseudonyms themselves depend on it too:
    /// only those with the same key id can be compared, even if the key is the same.
    ///
    /// # Errors
    ///
    /// If the id does not consist of 1 to 16 ASCII letters, digits, `-` and `_`.
    pub fn key_id(self, id: &str) -> Result<Self, KeyError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=16).contains(&id.len()) || !id.bytes().all(is_allowed) {
            return Err(KeyError::INVALID_KEY_ID);
        }
        Ok(self.rederive(|keyed| Self::derive(keyed.master_key.clone(), id.to_owned(), keyed.epoch.clone())))
    }

    /// Sets the epoch, such as a month or a week. Each epoch has a key derived from the master key, so pseudonyms of
    /// different epochs cannot be linked without the master key. The epoch does not advance by itself: set the next one
    /// when it starts.
    pub fn epoch(self, epoch: &str) -> Self {
        self.rederive(|keyed| Self::derive(keyed.master_key.clone(), keyed.key_id.clone(), epoch.to_owned()))
    }

    /// Returns the pseudonym of an identity, such as a user id, in a field, such as `user.id`: the key id, a colon and
    /// 128 bits as 32 hexadecimal digits. White space around the identity and the case of a mail address are ignored.
    /// Returns `None` without a key, for an identity that is empty or white space, and if the HMAC cannot be computed,
    /// which does not happen, since HMAC accepts keys of every length.
    #[must_use]
    pub fn pseudonymize(&self, field: &str, identity: &str) -> Option<String> {
        let keyed = self.inner.as_ref()?;
        let identity = normalize(identity);
        if identity.is_empty() {
            return None;
        }
        let digest = keyed.derived_key.hmac(&[b"value", field.as_bytes(), identity.as_bytes()])?;
        let mut text = String::with_capacity(keyed.key_id.len() + 33);
        text.push_str(&keyed.key_id);
        text.push(':');
        for byte in &digest[..16] {
            for nibble in [byte >> 4, byte & 0xf] {
                text.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
            }
        }
        Some(text)
    }

    /// Returns whether there is a key.
    #[must_use]
    pub const fn has_key(&self) -> bool {
        self.inner.is_some()
    }

    /// Creates a generator with the key derived from these values; a disabled one if the HMAC cannot be computed, which
    /// does not happen.
    fn derive(master_key: MasterKey, key_id: String, epoch: String) -> Self {
        let digest = master_key.hmac(&[b"llmobs pseudonym v1", key_id.as_bytes(), epoch.as_bytes()]);
        let derived_key = digest.map(|digest| MasterKey::from_hmac(&digest));
        Self { inner: derived_key.map(|derived_key| Arc::new(KeyedInner { master_key, key_id, epoch, derived_key })) }
    }

    /// Returns the generator that `change` makes from the values of this one; a disabled one if this one is disabled.
    fn rederive(self, change: impl FnOnce(&KeyedInner) -> Self) -> Self {
        self.inner.as_deref().map_or_else(Self::disabled, change)
    }
}

/// Prints the key id and the epoch, and no part of the key.
impl fmt::Debug for Pseudonymizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.inner {
            Some(keyed) => f
                .debug_struct("Pseudonymizer")
                .field("key_id", &keyed.key_id)
                .field("epoch", &keyed.epoch)
                .finish_non_exhaustive(),
            None => f.write_str("Pseudonymizer(no key)"),
        }
    }
}

/// Normalizes an identity: removes surrounding white space, and lowercases a mail address, which has text before and
/// after its only `@`, no white space, and no `:` or `/` after the `@`.
///
/// ` Jane@Example.org ` becomes `jane@example.org`. Other identities keep their case, even with an `@`, such as
/// `@Jane:example.org`.
fn normalize(identity: &str) -> Cow<'_, str> {
    let identity = identity.trim();
    let is_address = identity.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty()
            && !domain.is_empty()
            && !domain.contains(['@', ':', '/'])
            && !identity.contains(char::is_whitespace)
    });
    if is_address { identity.to_lowercase().into() } else { identity.into() }
}

#[cfg(test)]
mod tests;
