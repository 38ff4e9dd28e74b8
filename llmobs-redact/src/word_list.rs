//! Word lists that are searched in one pass.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// A list of words that match anywhere in a text, ignoring ASCII case.
pub(super) struct WordList {
    words: &'static [&'static str],
    automaton: LazyLock<Option<AhoCorasick>, fn() -> Option<AhoCorasick>>,
}

impl WordList {
    /// Creates a list. `build` must call [`build_automaton`] with the same words.
    pub(super) const fn new(words: &'static [&'static str], build: fn() -> Option<AhoCorasick>) -> Self {
        Self { words, automaton: LazyLock::new(build) }
    }

    /// Returns whether `text` contains one of the words.
    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        match &*self.automaton {
            Some(automaton) => automaton.is_match(text),
            None => contains_word(text, self.words),
        }
    }
}

/// Returns whether `text` contains one of the words, without an automaton.
fn contains_word(text: &[u8], words: &[&str]) -> bool {
    let lower = text.to_ascii_lowercase();
    words.iter().any(|word| memchr::memmem::find(&lower, word.to_ascii_lowercase().as_bytes()).is_some())
}

/// Returns the automaton of a list of words, or `None` if it cannot be built.
pub(super) fn build_automaton(words: &[&str]) -> Option<AhoCorasick> {
    AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_match_in_any_case_with_and_without_an_automaton() {
        const WORDS: &[&str] = &["per_", "Count"];
        let lists = [WordList::new(WORDS, || build_automaton(WORDS)), WordList::new(WORDS, || None)];
        for list in lists {
            for text in ["token_COUNT", "Per_second", "recounted"] {
                assert!(list.is_match(text.as_bytes()), "{text}");
            }
            assert!(!list.is_match(b"person"));
        }
    }
}
