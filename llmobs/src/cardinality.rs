//! A limiter for the number of values of a label: declared values always keep their entry, undeclared values get an
//! entry until the limit is reached and keep it, and all further values are replaced by `_OTHER`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

/// The maximum length of a label value, in bytes. Longer values are truncated at a character boundary.
pub(crate) const LONGEST: usize = 128;

/// A set of label values, each with data of type `T`, so that one lookup returns both.
#[derive(Debug)]
pub(crate) struct CardinalityLimiter<T> {
    places: RwLock<Entries<T>>,
    other: Arc<T>,
    cap: usize,
}

#[derive(Debug)]
struct Entries<T> {
    declared: HashMap<Arc<str>, Arc<T>>,
    admitted: HashMap<Arc<str>, Arc<T>>,
}

/// The result of looking up a value in the limiter.
#[derive(Debug)]
pub(crate) struct Admission<T> {
    pub(crate) entry: Arc<T>,
    /// True if the value was replaced by `_OTHER`.
    pub(crate) folded: bool,
}

impl<T> CardinalityLimiter<T> {
    /// Creates a limiter that admits at most `cap` undeclared values; `other` is the data for all further values.
    pub(crate) fn new(cap: usize, other: T) -> Self {
        let places = Entries { declared: HashMap::new(), admitted: HashMap::new() };
        Self { places: RwLock::new(places), other: Arc::new(other), cap }
    }

    /// Declares a value, so that it has an entry regardless of the limit. Returns the data of the value.
    pub(crate) fn declare(&self, value: &str, make: impl FnOnce(Arc<str>) -> Arc<T>) -> Arc<T> {
        let value = clean(value);
        let mut places = self.write();
        if let Some(kept) = places.declared.get(value.as_ref()) {
            return Arc::clone(kept);
        }
        let name: Arc<str> = value.as_ref().into();
        let kept = places.admitted.remove(&name).unwrap_or_else(|| make(Arc::clone(&name)));
        places.declared.insert(name, Arc::clone(&kept));
        kept
    }

    /// Removes a declared value and returns its data, if the value was declared.
    pub(crate) fn retire(&self, value: &str) -> Option<Arc<T>> {
        self.write().declared.remove(clean(value).as_ref())
    }

    /// Returns the entry of a value from an untrusted source, or creates it if the limit allows.
    pub(crate) fn admit(&self, value: &str, make: impl FnOnce(Arc<str>) -> Arc<T>) -> Admission<T> {
        let value = clean(value);
        if let Some(kept) = self.find(&value) {
            return Admission { entry: kept, folded: false };
        }
        if self.cap == 0 || value.is_empty() {
            return self.fold();
        }
        let mut places = self.write();
        // Another thread may have added the value between the two locks.
        let known = places.declared.get(value.as_ref()).or_else(|| places.admitted.get(value.as_ref()));
        if let Some(kept) = known {
            return Admission { entry: Arc::clone(kept), folded: false };
        }
        if places.admitted.len() >= self.cap {
            drop(places);
            return self.fold();
        }
        let name: Arc<str> = value.as_ref().into();
        let kept = make(Arc::clone(&name));
        places.admitted.insert(name, Arc::clone(&kept));
        Admission { entry: kept, folded: false }
    }

    /// Returns the data of every entry, `_OTHER` last.
    pub(crate) fn all(&self) -> Vec<Arc<T>> {
        let places = self.read();
        let mut all: Vec<_> = places.declared.values().chain(places.admitted.values()).map(Arc::clone).collect();
        all.push(Arc::clone(&self.other));
        all
    }

    fn find(&self, value: &str) -> Option<Arc<T>> {
        let places = self.read();
        places.declared.get(value).or_else(|| places.admitted.get(value)).map(Arc::clone)
    }

    fn fold(&self) -> Admission<T> {
        Admission { entry: Arc::clone(&self.other), folded: true }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Entries<T>> {
        self.places.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Entries<T>> {
        self.places.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a label value truncated to [`LONGEST`] bytes and without control characters. Bytes after the limit are not
/// read.
pub(crate) fn clean(value: &str) -> Cow<'_, str> {
    let cut = cut(value);
    if cut.chars().any(char::is_control) {
        Cow::Owned(cut.chars().filter(|character| !character.is_control()).collect())
    } else {
        Cow::Borrowed(cut)
    }
}

/// Returns the first [`LONGEST`] bytes of a text from an untrusted source, up to a character boundary.
pub(crate) fn cut(value: &str) -> &str {
    &value[..value.floor_char_boundary(LONGEST)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn guard(cap: usize) -> CardinalityLimiter<String> {
        CardinalityLimiter::new(cap, "_OTHER".to_owned())
    }

    fn place(guard: &CardinalityLimiter<String>, value: &str) -> String {
        guard.admit(value, |name| Arc::new(name.to_string())).entry.as_ref().clone()
    }

    #[test]
    fn values_keep_their_place_and_the_rest_are_folded() {
        let guard = guard(2);
        assert_eq!(place(&guard, "a"), "a");
        assert_eq!(place(&guard, "b"), "b");
        assert_eq!(place(&guard, "c"), "_OTHER");
        assert_eq!(place(&guard, "a"), "a");
        assert_eq!(guard.all().len(), 3);
    }

    #[test]
    fn a_declared_value_gets_its_place_after_a_flood_too() {
        let guard = guard(1);
        for index in 0..100 {
            place(&guard, &format!("flood-{index}"));
        }
        guard.declare("mine", |name| Arc::new(name.to_string()));
        assert_eq!(place(&guard, "mine"), "mine");
        assert_eq!(place(&guard, "flood-7"), "_OTHER");
    }

    #[test]
    fn a_retired_value_is_folded_where_nothing_undeclared_is_admitted() {
        let guard = guard(0);
        guard.declare("mine", |name| Arc::new(name.to_string()));
        assert!(guard.retire("mine").is_some());
        assert_eq!(place(&guard, "mine"), "_OTHER");
        assert!(guard.retire("mine").is_none());
    }

    proptest! {
        #[test]
        fn a_cleaned_value_is_short_and_has_no_control_characters(value in "\\PC{0,80}[\\x00-\\x1f]{0,3}\\PC{0,80}") {
            let cleaned = clean(&value);
            prop_assert!(cleaned.len() <= LONGEST);
            prop_assert!(!cleaned.chars().any(char::is_control));
            prop_assert_eq!(clean(&cleaned), cleaned.as_ref());
        }

        #[test]
        fn no_flood_takes_more_places_than_the_cap(values in prop::collection::vec(".{0,20}", 0..200), cap in 0..20_usize) {
            let guard = guard(cap);
            for value in &values {
                place(&guard, value);
            }
            prop_assert!(guard.all().len() <= cap + 1);
        }
    }
}
