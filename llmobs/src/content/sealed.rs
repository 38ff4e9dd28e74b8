//! The wrapper that prevents printing of content.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A value that a person may have written or may read: a text such as a prompt, a completion or an error message, a
/// JSON value such as tool arguments, or the bytes of an image.
///
/// Has no `Display`, `Serialize` or `Deref`, and `Debug` prints only a size class, so logging cannot leak the value.
/// With the feature `content`, the gate in `llmobs::capture` can export the value. The gate redacts and truncates text
/// and JSON, and omits media over a limit.
///
/// ```
/// use llmobs::Content;
///
/// let secret = Content::new("my password is hunter2".to_owned());
/// assert_eq!(format!("{secret:?}"), "Content(up to 64 bytes)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Content<T>(T);

impl<T> Content<T> {
    /// Wraps a value as content.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value. Only the code of the gate may call this function; `tests/tests/redact/sealed_content.rs`
    /// checks the callers.
    #[cfg(feature = "content")]
    pub(crate) const fn unseal(&self) -> &T {
        &self.0
    }
}

#[cfg(feature = "content")]
impl<T: EstimateSize> Content<T> {
    /// Returns the approximate size of the value in bytes. Does not open the content.
    pub(crate) fn estimated_bytes(&self) -> usize {
        self.0.estimated_bytes()
    }
}

impl From<String> for Content<String> {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Content<String> {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(feature = "content")]
impl From<serde_json::Value> for Content<serde_json::Value> {
    fn from(value: serde_json::Value) -> Self {
        Self(value)
    }
}

impl<T: EstimateSize> fmt::Debug for Content<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Print a class instead of the length, since the exact length of a secret reveals information.
        let class = match self.0.estimated_bytes() {
            0 => "empty",
            1..=64 => "up to 64 bytes",
            65..=1_024 => "up to 1 KiB",
            1_025..=65_536 => "up to 64 KiB",
            _ => "over 64 KiB",
        };
        write!(f, "Content({class})")
    }
}

/// A type whose approximate size in bytes is known.
#[expect(unnameable_types, reason = "only this crate implements the trait")]
pub trait EstimateSize {
    /// Returns the approximate size in bytes.
    fn estimated_bytes(&self) -> usize;
}

macro_rules! estimate_by_len {
    ($($type:ty),*) => {
        $(impl EstimateSize for $type {
            fn estimated_bytes(&self) -> usize {
                self.len()
            }
        })*
    };
}

estimate_by_len!(&'_ str, Arc<str>, Box<str>, Cow<'_, str>, String, Vec<u8>);

#[cfg(feature = "content")]
impl EstimateSize for serde_json::Value {
    fn estimated_bytes(&self) -> usize {
        llmobs_redact::estimated_json_bytes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_a_length_class_and_nothing_else() {
        for (text, class) in [("", "empty"), ("canary", "up to 64 bytes"), (&"canary".repeat(20), "up to 1 KiB")] {
            assert_eq!(format!("{:?}", Content::from(text)), format!("Content({class})"));
        }
        assert_eq!(format!("{:?}", Content::new(vec![b'c'; 100_000])), "Content(over 64 KiB)");
    }

    #[cfg(feature = "content")]
    #[test]
    fn debug_of_json_prints_only_a_length_class() {
        let value = serde_json::json!({"canary": ["canary", 1, null]});
        assert_eq!(format!("{:?}", Content::from(value)), "Content(up to 1 KiB)");
    }

    #[cfg(feature = "content")]
    #[test]
    fn json_size_includes_the_memory_of_its_elements() {
        let nothings = Content::from(serde_json::json!(vec![serde_json::Value::Null; 1_000]));
        assert!(nothings.estimated_bytes() >= 1_000 * size_of::<serde_json::Value>());
        let lists = Content::from(serde_json::json!(vec![serde_json::json!({}); 1_000]));
        assert!(lists.estimated_bytes() >= 1_000 * size_of::<serde_json::Value>());
    }
}
