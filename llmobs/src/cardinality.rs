//! Limits the number and the length of the values of a label, such as the model names that callers choose. A declared
//! value, which the application named, has an entry until it is retired and does not count towards the limit.
//! Undeclared values get an entry until the limit is reached, and keep it. All other undeclared values, including
//! empty ones and those with control characters, share the entry of `_OTHER`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::sync::RwLock;
use crate::text::prefix;

/// The maximum length of a label value, in bytes. Longer values are truncated at a character boundary.
pub(crate) const MAX_LABEL_BYTES: usize = 128;

/// A map from label values to data of type `T`, with a limit on the number of undeclared values. One limiter serves one
/// label: models, tenants, operation names, providers, runtimes or HTTP routes.
#[derive(Debug)]
pub(crate) struct CardinalityLimiter<T> {
    entries: RwLock<Entries<T>>,
    other: Arc<T>,
    limit: usize,
}

#[derive(Debug)]
struct Entries<T> {
    declared: HashMap<Arc<str>, Arc<T>>,
    admitted: HashMap<Arc<str>, Arc<T>>,
}

/// The result of looking up a value in the limiter.
#[derive(Debug)]
pub(crate) struct Admission<T> {
    /// The data of the value, or the data of `_OTHER`.
    pub(crate) entry: Arc<T>,
    /// True if the value was folded: the limit is reached or the value is not a label, and `_OTHER` replaces it.
    pub(crate) is_folded: bool,
}

impl<T> CardinalityLimiter<T> {
    /// Creates a limiter that has entries for at most `limit` undeclared values; with 0, only declared values have
    /// entries. `other` is the data of `_OTHER`.
    pub(crate) fn new(limit: usize, other: T) -> Self {
        let entries = Entries { declared: HashMap::new(), admitted: HashMap::new() };
        Self { entries: RwLock::new(entries), other: Arc::new(other), limit }
    }

    /// Declares a value, so that it has an entry regardless of the limit, and returns its data. A value that has an
    /// entry keeps its data and stops counting towards the limit; for a new value, `make` creates the data from the
    /// sanitized value. `make` runs under the lock and must not call the limiter. The value must not
    /// be empty after [`sanitize`].
    pub(crate) fn declare(&self, value: &str, make: impl FnOnce(Arc<str>) -> Arc<T>) -> Arc<T> {
        let value = sanitize(value);
        let mut entries = self.entries.write();
        if let Some(entry) = entries.declared.get(value.as_ref()) {
            return Arc::clone(entry);
        }
        let name: Arc<str> = value.as_ref().into();
        let entry = entries.admitted.remove(&name).unwrap_or_else(|| make(Arc::clone(&name)));
        entries.declared.insert(name, Arc::clone(&entry));
        entry
    }

    /// Removes a declared value and returns its data. The value is undeclared from then on. Returns `None` if the value
    /// is not declared.
    pub(crate) fn retire(&self, value: &str) -> Option<Arc<T>> {
        self.entries.write().declared.remove(sanitize(value).as_ref())
    }

    /// Removes a value, declared or not, after `leave` was called with its data. `leave` runs under the lock, so that the
    /// value cannot get a new entry before it returns, and must not call the limiter.
    pub(crate) fn remove(&self, value: &str, leave: impl FnOnce(&T)) {
        let value = sanitize(value);
        let mut entries = self.entries.write();
        let entry = entries.declared.remove(value.as_ref()).or_else(|| entries.admitted.remove(value.as_ref()));
        if let Some(entry) = entry {
            leave(&entry);
        }
    }

    /// Removes the undeclared values for whose data `keep` returns `false`. `keep` runs under the lock and must not call
    /// the limiter.
    pub(crate) fn retain_admitted(&self, mut keep: impl FnMut(&Arc<T>) -> bool) {
        self.entries.write().admitted.retain(|_, entry| keep(entry));
    }

    /// Looks up a value from an untrusted source, of which the first [`MAX_LABEL_BYTES`] bytes count. A new value gets
    /// an entry from `make` if the limit is not reached and the value is a label; otherwise the result is the data of
    /// `_OTHER`. A value with control characters is never equal to a declared value, since the application does not
    /// know it: `"gpt\0-5"` is not `"gpt-5"`. `make` runs under the lock and must not call the limiter.
    pub(crate) fn admit(&self, value: &str, make: impl FnOnce(Arc<str>) -> Arc<T>) -> Admission<T> {
        let value = truncate(value);
        if let Some(entry) = self.find(value) {
            return Admission { entry, is_folded: false };
        }
        if self.limit == 0 || !is_label(value) {
            return self.fold();
        }
        let mut entries = self.entries.write();
        // Another thread may have added the value between the two locks.
        let known = entries.declared.get(value).or_else(|| entries.admitted.get(value));
        if let Some(entry) = known {
            return Admission { entry: Arc::clone(entry), is_folded: false };
        }
        if entries.admitted.len() >= self.limit {
            drop(entries);
            return self.fold();
        }
        let name: Arc<str> = value.into();
        let entry = make(Arc::clone(&name));
        entries.admitted.insert(name, Arc::clone(&entry));
        Admission { entry, is_folded: false }
    }

    /// Returns the data of every entry, in no fixed order; the data of `_OTHER` is always included, as the last.
    pub(crate) fn all(&self) -> Vec<Arc<T>> {
        let entries = self.entries.read();
        let mut all: Vec<_> = entries.declared.values().chain(entries.admitted.values()).map(Arc::clone).collect();
        all.push(Arc::clone(&self.other));
        all
    }

    /// Returns the results of `read` for the data of every entry, in no fixed order, as [`all`](Self::all) does. No value is
    /// removed meanwhile. `read` runs under the lock and must not call the limiter.
    #[cfg(feature = "cost")]
    pub(crate) fn map_all<R>(&self, mut read: impl FnMut(&T) -> R) -> Vec<R> {
        let entries = self.entries.read();
        let all = entries.declared.values().chain(entries.admitted.values()).chain([&self.other]);
        all.map(|entry| read(entry)).collect()
    }

    fn find(&self, value: &str) -> Option<Arc<T>> {
        let entries = self.entries.read();
        entries.declared.get(value).or_else(|| entries.admitted.get(value)).map(Arc::clone)
    }

    fn fold(&self) -> Admission<T> {
        Admission { entry: Arc::clone(&self.other), is_folded: true }
    }
}

/// Returns a label value truncated to [`MAX_LABEL_BYTES`] bytes, without its control characters; it can become empty.
/// The time does not depend on the length of the value. Example: `"gpt\n-5"` becomes `"gpt-5"`.
pub(crate) fn sanitize(value: &str) -> Cow<'_, str> {
    let truncated = truncate(value);
    if truncated.chars().any(char::is_control) {
        Cow::Owned(truncated.chars().filter(|character| !character.is_control()).collect())
    } else {
        Cow::Borrowed(truncated)
    }
}

/// Returns whether a text can be a label value as it is: not empty, and unchanged by [`sanitize`].
pub(crate) fn is_label(value: &str) -> bool {
    !value.is_empty() && sanitize(value) == value
}

/// Returns the first [`MAX_LABEL_BYTES`] bytes of a text from an untrusted source, up to a character boundary. Control
/// characters stay. For span attributes and event fields, such as ids; a label value needs [`sanitize`].
pub(crate) fn truncate(value: &str) -> &str {
    prefix(value, MAX_LABEL_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn new_limiter(limit: usize) -> CardinalityLimiter<String> {
        CardinalityLimiter::new(limit, "_OTHER".to_owned())
    }

    fn admit(limiter: &CardinalityLimiter<String>, value: &str) -> String {
        limiter.admit(value, |name| Arc::new(name.to_string())).entry.as_ref().clone()
    }

    #[test]
    fn values_keep_their_entry_and_further_values_are_folded() {
        let limiter = new_limiter(2);
        assert_eq!(admit(&limiter, "a"), "a");
        assert_eq!(admit(&limiter, "b"), "b");
        assert_eq!(admit(&limiter, "c"), "_OTHER");
        assert_eq!(admit(&limiter, "a"), "a");
        assert_eq!(limiter.all().len(), 3);
    }

    #[test]
    fn a_declared_value_gets_an_entry_after_the_limit_is_reached() {
        let limiter = new_limiter(1);
        for index in 0..100 {
            admit(&limiter, &format!("flood-{index}"));
        }
        limiter.declare("mine", |name| Arc::new(name.to_string()));
        assert_eq!(admit(&limiter, "mine"), "mine");
        assert_eq!(admit(&limiter, "flood-7"), "_OTHER");
    }

    #[test]
    fn a_value_with_control_characters_is_folded_and_not_taken_for_a_declared_value() {
        for limit in [0, 5] {
            let limiter = new_limiter(limit);
            limiter.declare("mine", |name| Arc::new(name.to_string()));
            for value in ["mi\0ne", "mine\n", "\u{7f}mine", "other\u{85}"] {
                assert_eq!(admit(&limiter, value), "_OTHER", "{value:?}");
            }
            assert_eq!(admit(&limiter, "mine"), "mine");
        }
    }

    #[test]
    fn a_declared_value_that_is_too_long_is_found_by_the_whole_value() {
        let limiter = new_limiter(0);
        let long = "m".repeat(MAX_LABEL_BYTES + 50);
        limiter.declare(&long, |name| Arc::new(name.to_string()));
        assert_eq!(admit(&limiter, &long), long[..MAX_LABEL_BYTES]);
    }

    #[test]
    fn a_retired_value_is_folded_if_the_limit_is_zero() {
        let limiter = new_limiter(0);
        limiter.declare("mine", |name| Arc::new(name.to_string()));
        assert!(limiter.retire("mine").is_some());
        assert_eq!(admit(&limiter, "mine"), "_OTHER");
        assert!(limiter.retire("mine").is_none());
    }

    proptest! {
        #[test]
        fn a_sanitized_value_is_short_and_has_no_control_characters(value in "\\PC{0,80}[\\x00-\\x1f]{0,3}\\PC{0,80}") {
            let sanitized = sanitize(&value);
            prop_assert!(sanitized.len() <= MAX_LABEL_BYTES);
            prop_assert!(!sanitized.chars().any(char::is_control));
            prop_assert_eq!(sanitize(&sanitized), sanitized.as_ref());
        }

        #[test]
        fn undeclared_values_get_at_most_as_many_entries_as_the_limit(
            values in prop::collection::vec(".{0,20}", 0..200), limit in 0..20_usize,
        ) {
            let limiter = new_limiter(limit);
            for value in &values {
                admit(&limiter, value);
            }
            prop_assert!(limiter.all().len() <= limit + 1);
        }
    }
}
