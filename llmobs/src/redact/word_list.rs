//! Lists of words, looked for in one pass.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// A list of words, of which any may stand anywhere, case aside.
pub(super) struct WordList {
    words: &'static [&'static str],
    automaton: LazyLock<Option<AhoCorasick>, fn() -> Option<AhoCorasick>>,
}

impl WordList {
    /// The function builds what [`automaton`] makes of the same words.
    pub(super) const fn new(words: &'static [&'static str], build: fn() -> Option<AhoCorasick>) -> Self {
        Self { words, automaton: LazyLock::new(build) }
    }

    /// Whether one of the words stands in a text.
    pub(super) fn any_in(&self, text: &[u8]) -> bool {
        match &*self.automaton {
            Some(automaton) => automaton.is_match(text),
            None => self.words.iter().any(|word| memchr::memmem::find(text, word.as_bytes()).is_some()),
        }
    }
}

/// The automaton of a list of words.
pub(super) fn automaton(words: &[&str]) -> Option<AhoCorasick> {
    AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok()
}
