//! Pseudonyms: the same identity, the same name, and no way back without the key.
//!
//! A plain hash of an identity is a lookup table: all telephone numbers are hashed in minutes. So these are keyed
//! (HMAC-SHA256), apart for each field, and new in each epoch. Pseudonymous data are still personal data (GDPR, article 4
//! (5)): whoever holds the key can link them.

mod key;

use std::borrow::Cow;
use std::env;
use std::fmt;
use std::sync::Arc;

use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use sha2::Sha256;
use zeroize::Zeroizing;

pub use self::key::KeyError;
pub use self::key::MasterKey;

/// Makes pseudonyms. Cheap to clone.
///
/// ```
/// use llmobs::pseudonym::MasterKey;
/// use llmobs::pseudonym::Pseudonymizer;
///
/// let key = MasterKey::from_text("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")?;
/// let pseudonyms = Pseudonymizer::new(key).key_id("k3")?.epoch("2026-11");
/// let jane = pseudonyms.of("user.id", "jane@example.org").unwrap();
/// assert_eq!(jane.len(), "k3:".len() + 32);
/// assert_eq!(pseudonyms.of("user.id", " Jane@Example.org "), Some(jane.clone()), "blanks, and case of an address, say nothing");
/// assert_ne!(pseudonyms.of("session.id", "jane@example.org"), Some(jane), "fields are apart");
///
/// assert_eq!(Pseudonymizer::disabled().of("user.id", "jane@example.org"), None, "no key, no value");
/// # Ok::<(), llmobs::pseudonym::KeyError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Pseudonymizer {
    keyed: Option<Arc<KeyedInner>>,
}

struct KeyedInner {
    master: MasterKey,
    key_id: String,
    epoch: String,
    /// Derived from the master key, the key's name and the epoch.
    key: MasterKey,
}

impl Pseudonymizer {
    /// The variable that holds the key, as 64 hexadecimal digits or as base64.
    pub const KEY_VARIABLE: &'static str = "LLMOBS_PSEUDONYM_KEY";
    /// The variable that names the file that holds it. It goes before the other one.
    pub const FILE_VARIABLE: &'static str = "LLMOBS_PSEUDONYM_KEY_FILE";
    /// The variable that holds the key's [name](Self::key_id), which changes with the key.
    pub const NAME_VARIABLE: &'static str = "LLMOBS_PSEUDONYM_KEY_ID";

    /// Pseudonyms under a key, of the key's name `k1` and without epochs.
    pub fn new(key: MasterKey) -> Self {
        Self::keyed(key, "k1".to_owned(), String::new())
    }

    /// No pseudonyms: there is no value without a key, rather than one that anybody can compute.
    pub const fn disabled() -> Self {
        Self { keyed: None }
    }

    /// Pseudonyms under the key of the environment; none where it has no key.
    ///
    /// # Errors
    ///
    /// If there is a key that cannot be read, is too short or was not made by chance, or if its name is none.
    pub fn from_environment() -> Result<Self, KeyError> {
        let key = MasterKey::from_environment(Self::FILE_VARIABLE, Self::KEY_VARIABLE)?;
        let pseudonyms = key.map_or_else(Self::disabled, Self::new);
        match env::var_os(Self::NAME_VARIABLE).filter(|name| !name.is_empty()) {
            Some(name) => pseudonyms.key_id(name.to_str().ok_or(KeyError::NAME)?.trim()),
            None => Ok(pseudonyms),
        }
    }

    /// The name of the key, which stands before each pseudonym, so that a reader knows which two can be the same.
    ///
    /// # Errors
    ///
    /// If it does not consist of 1 to 16 letters, digits, `-` and `_`.
    pub fn key_id(self, name: &str) -> Result<Self, KeyError> {
        let symbols = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=16).contains(&name.len()) || !name.bytes().all(symbols) {
            return Err(KeyError::NAME);
        }
        Ok(self.changed(|keyed| Self::keyed(keyed.master.clone(), name.to_owned(), keyed.epoch.clone())))
    }

    /// The epoch: a month, a week. The key of each is derived from the master key, so pseudonyms of two epochs cannot be
    /// linked by whoever does not have that. An epoch does not pass by itself: say the next one when it begins.
    pub fn epoch(self, label: &str) -> Self {
        self.changed(|keyed| Self::keyed(keyed.master.clone(), keyed.key_id.clone(), label.to_owned()))
    }

    /// The pseudonym of an identity in a field: the key's name, a colon and 128 bits as hexadecimal digits. None without a
    /// key, and for an identity that is empty.
    #[must_use]
    pub fn of(&self, field: &str, identity: &str) -> Option<String> {
        let keyed = self.keyed.as_ref()?;
        let identity = plain(identity);
        if identity.is_empty() {
            return None;
        }
        let digest = keyed.key.mac(&[b"value", field.as_bytes(), identity.as_bytes()])?;
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

    /// Whether there is a key.
    #[must_use]
    pub const fn has_key(&self) -> bool {
        self.keyed.is_some()
    }

    fn keyed(master: MasterKey, key_id: String, epoch: String) -> Self {
        let derived = master.mac(&[b"llmobs pseudonym v1", key_id.as_bytes(), epoch.as_bytes()]);
        let key = derived.map(|code| MasterKey::of_code(&code));
        Self { keyed: key.map(|key| Arc::new(KeyedInner { master, key_id, epoch, key })) }
    }

    fn changed(self, change: impl FnOnce(&KeyedInner) -> Self) -> Self {
        self.keyed.as_deref().map_or_else(Self::disabled, change)
    }
}

/// Says which key and epoch, and nothing of the key itself.
impl fmt::Debug for Pseudonymizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.keyed {
            Some(keyed) => f
                .debug_struct("Pseudonymizer")
                .field("key_id", &keyed.key_id)
                .field("epoch", &keyed.epoch)
                .finish_non_exhaustive(),
            None => f.write_str("Pseudonymizer(no key)"),
        }
    }
}

impl MasterKey {
    /// The code of several pieces, each behind its length, so that no two lists of pieces are one text.
    fn mac(&self, pieces: &[&[u8]]) -> Option<Zeroizing<[u8; 32]>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.bytes()).ok()?;
        for piece in pieces {
            mac.update(&u64::try_from(piece.len()).ok()?.to_le_bytes());
            mac.update(piece);
        }
        Some(Zeroizing::new(mac.finalize().into_bytes().into()))
    }
}

/// An identity without what says nothing: blanks around it, and case where it is a mail address. Of other identities case
/// may tell two apart, also where they have an `@`: `@Jane:example.org`.
fn plain(identity: &str) -> Cow<'_, str> {
    let identity = identity.trim();
    let address = identity.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty()
            && !domain.is_empty()
            && !domain.contains(['@', ':', '/'])
            && !identity.contains(char::is_whitespace)
    });
    if address { identity.to_lowercase().into() } else { identity.into() }
}

#[cfg(test)]
mod tests;
