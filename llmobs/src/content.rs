//! Content: text that must not leave the process unless somebody decided so.

use std::fmt;

/// A prompt, a completion, a tool argument, an error text: anything that a person may have written or may read.
///
/// It has no `Display`, no `Serialize` and no `Deref`, and its `Debug` prints a length class only, so a stray log line
/// cannot leak it.
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
    /// Marks a value as content.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
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

impl<T: AsRef<str>> fmt::Debug for Content<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A class and not the length: the exact length of a secret says something about it.
        let class = match self.0.as_ref().len() {
            0 => "empty",
            1..=64 => "up to 64 bytes",
            65..=1_024 => "up to 1 KiB",
            1_025..=65_536 => "up to 64 KiB",
            _ => "over 64 KiB",
        };
        write!(f, "Content({class})")
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
    }
}
