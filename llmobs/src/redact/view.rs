//! The view of a text that detectors use.

use std::cell::Cell;

use super::class;
use super::class::ALNUM;
use super::class::ALPHA;
use super::class::BASE58;
use super::class::BASE64;
use super::class::ByteClass;
use super::class::DIGIT;
use super::class::HEX;
use super::class::SPACE;
use super::class::VALUE;
use super::class::WORD;
use super::context::Topic;

/// A text as the detectors see it.
///
/// Matches are opaque: across the border of a match, a detector sees a square bracket, because a placeholder starts and
/// ends with one. A redacted text therefore yields the same results when scanned again. For an unfinished text, the
/// view records whether a result depended on input that has not arrived.
pub(super) struct TextView<'t> {
    bytes: &'t [u8],
    /// The end of the visible text: the end of the text or the start of a match.
    limit: usize,
    finished: bool,
    /// The end of the last match. The text before it is opaque.
    covered: usize,
    hung: Cell<bool>,
    /// The furthest position that was read.
    reach: Cell<usize>,
    runs: [Cell<(usize, usize)>; RUNS],
    topic: Cell<(usize, Option<Topic>)>,
}

/// A byte class whose runs are requested often. The end of a run is cached, so that each byte is read once and the
/// running time stays linear in the length of the text.
#[derive(Debug, Clone, Copy)]
pub(super) enum RunClass {
    Alnum,
    Base58,
    Base64,
    Digit,
    Hex,
    Value,
    Word,
}

const RUNS: usize = 7;

impl RunClass {
    const fn class(self) -> ByteClass {
        match self {
            Self::Alnum => ALNUM,
            Self::Base58 => BASE58,
            Self::Base64 => BASE64,
            Self::Digit => DIGIT,
            Self::Hex => HEX,
            Self::Value => VALUE,
            Self::Word => WORD,
        }
    }
}

impl<'t> TextView<'t> {
    pub(super) fn new(bytes: &'t [u8], finished: bool, covered: usize) -> Self {
        Self {
            bytes,
            limit: bytes.len(),
            finished,
            covered,
            hung: Cell::new(false),
            reach: Cell::new(0),
            runs: std::array::from_fn(|_| Cell::new((0, 0))),
            topic: Cell::new((usize::MAX, None)),
        }
    }

    /// Makes the text before `end` opaque.
    pub(super) fn cover(&mut self, end: usize) {
        self.covered = self.covered.max(end);
    }

    /// Sets the end of the visible text and clears the cached runs.
    pub(super) fn limit(&mut self, limit: usize) {
        self.limit = limit;
        self.runs = std::array::from_fn(|_| Cell::new((0, 0)));
    }

    pub(super) const fn covered(&self) -> usize {
        self.covered
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) const fn finished(&self) -> bool {
        self.finished
    }

    /// Returns whether a result since the last call depended on input that has not arrived, and resets the flag.
    pub(super) fn take_needs_more_input(&self) -> bool {
        self.hung.replace(false)
    }

    pub(super) const fn bytes(&self) -> &'t [u8] {
        self.bytes
    }

    /// Returns the furthest position read since the last call, and resets the position.
    pub(super) fn reach(&self) -> usize {
        self.reach.take()
    }

    /// Returns the end of the visible text.
    pub(super) const fn visible_end(&self) -> usize {
        self.limit
    }

    /// Returns the bytes of a range, including bytes after the visible text, without recording the read. Returns no
    /// bytes for a range outside the text.
    pub(super) fn slice(&self, from: usize, to: usize) -> &'t [u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// Returns the byte at `place`. After the visible text, returns `[` if a match ends the visible text, else 0.
    pub(super) fn at(&self, place: usize) -> u8 {
        if place > self.reach.get() {
            self.reach.set(place);
        }
        if place < self.limit {
            return self.bytes[place];
        }
        if self.limit < self.bytes.len() {
            return b'[';
        }
        self.hung.set(self.hung.get() || !self.finished);
        0
    }

    pub(super) fn has_class(&self, place: usize, class: ByteClass) -> bool {
        class::is_in(self.at(place), class)
    }

    /// Returns whether the bytes at `place` equal `lower`, ignoring ASCII case. `lower` must be in lower case.
    pub(super) fn starts_with_at(&self, place: usize, lower: &[u8]) -> bool {
        lower.iter().enumerate().all(|(step, byte)| self.at(place + step).to_ascii_lowercase() == *byte)
    }

    /// Returns the byte before `place`, or the character of the escape sequence that ends there. Returns 0 at the start
    /// of the text and `]` after a match. Input `token%3D`, output `=`; input `a\n` as two characters, output a blank.
    pub(super) fn decoded_byte_before(&self, place: usize) -> u8 {
        if place == 0 {
            return 0;
        }
        if place <= self.covered {
            return b']';
        }
        let seen = &self.bytes[self.covered..place];
        escaped(seen).unwrap_or_else(|| self.bytes[place - 1])
    }

    /// Returns the end of the escape sequence that contains `place`, for example of `\\u0040` or `%40`.
    pub(super) fn end_of_escape(&self, place: usize) -> Option<usize> {
        let lowest = self.covered.max(place.saturating_sub(5));
        let before = &self.bytes[lowest..place];
        let hex = before.iter().rev().take_while(|byte| class::is_in(**byte, HEX)).count();
        let start = place - hex;
        match &before[..before.len() - hex] {
            [.., b'%'] if hex < 2 && self.has_class(start + 1, HEX) => Some(start + 2),
            [.., b'\\', b'u'] if hex < 4 && (place + 1..start + 4).all(|place| self.has_class(place, HEX)) => {
                Some(start + 4)
            }
            _ => None,
        }
    }

    /// Returns the byte before `place` without decoding, or 0 at the start of the text and after a match.
    pub(super) fn byte_before(&self, place: usize) -> u8 {
        if place > self.covered { self.bytes[place - 1] } else { 0 }
    }

    /// Returns the end of the run that contains `from`, or `from` if the byte there does not belong to the class.
    pub(super) fn run(&self, run: RunClass, from: usize) -> usize {
        let kept = &self.runs[run as usize];
        let (start, end) = kept.get();
        if start <= from && from < end {
            // Records the read of the end, as the first search did.
            self.at(end);
            return end;
        }
        let mut end = from;
        while self.has_class(end, run.class()) {
            end += 1;
        }
        kept.set((from, end));
        end
    }

    /// Returns the end of a run of at most `at_most` bytes.
    pub(super) fn short_run(&self, class: ByteClass, from: usize, at_most: usize) -> usize {
        let mut end = from;
        while end - from < at_most && self.has_class(end, class) {
            end += 1;
        }
        end
    }

    /// Returns the position after at most 8 white-space characters.
    pub(super) fn skip_blanks(&self, from: usize) -> usize {
        self.short_run(SPACE, from, 8)
    }

    /// Returns the start of the word that ends at `place`, at most `at_most` bytes before it.
    pub(super) fn word_start(&self, place: usize, at_most: usize) -> usize {
        let lowest = self.covered.max(place.saturating_sub(at_most));
        let mut start = place;
        while start > lowest && !class::is_in(self.bytes[start - 1], SPACE) {
            start -= 1;
        }
        while start < place && !is_char_boundary(self.bytes, start) {
            start += 1;
        }
        start
    }

    /// Returns the start of the ASCII letters before `place`: at most `at_most`, with no letter or digit before them.
    /// Returns `None` otherwise.
    pub(super) fn letters_start(&self, place: usize, at_most: usize) -> Option<usize> {
        let lowest = self.covered.max(place.saturating_sub(at_most));
        let mut start = place;
        while start > lowest && class::is_in(self.bytes[start - 1], ALPHA) {
            start -= 1;
        }
        // The letter of an escape sequence (`\\n`) does not belong to the word.
        if start > 0 && start < place && self.byte_before(start) == b'\\' {
            start += 1;
        }
        (start < place && !class::is_in(self.decoded_byte_before(start), ALNUM)).then_some(start)
    }

    /// Returns at most `at_most` bytes before `place`, from a character boundary on.
    pub(super) fn window(&self, place: usize, at_most: usize) -> &'t [u8] {
        let mut start = self.covered.max(place.saturating_sub(at_most));
        while start < place && !is_char_boundary(self.bytes, start) {
            start += 1;
        }
        self.slice(start, place)
    }

    /// Returns the topic of the words before `place`. The result for the last `place` is cached.
    pub(super) fn topic(&self, place: usize, find: impl FnOnce(&[u8]) -> Option<Topic>) -> Option<Topic> {
        let (known, topic) = self.topic.get();
        if known == place {
            return topic;
        }
        let topic = find(self.window(place, TOPIC_WINDOW_BYTES));
        self.topic.set((place, topic));
        topic
    }
}

/// Number of bytes before a candidate that are searched for a topic.
pub(super) const TOPIC_WINDOW_BYTES: usize = 64;

/// Returns whether `place` is a character boundary or the end of the text.
pub(super) fn is_char_boundary(bytes: &[u8], place: usize) -> bool {
    bytes.get(place).is_none_or(|byte| byte & 0xc0 != 0x80)
}

/// Returns the character of the escape sequence at the end of `seen`: of JSON (`\n`, `\u003d`) or of a URL (`%3D`).
fn escaped(seen: &[u8]) -> Option<u8> {
    if let [.., b'%', high, low] = seen {
        return Some(class::hex(*high)? << 4 | class::hex(*low)?);
    }
    if let [.., b'\\', b'u', a, b, c, d] = seen {
        let digits = [a, b, c, d].map(|digit| class::hex(*digit).map(u32::from));
        let code = digits.into_iter().try_fold(0, |code, digit| Some(code << 4 | digit?));
        return code.map(|code| u8::try_from(code).unwrap_or(0x80).min(0x80));
    }
    // Nested JSON contains `\\\\n`, so the number of backslashes does not matter.
    let [.., b'\\', letter] = seen else { return None };
    matches!(letter, b'n' | b'r' | b't' | b'b' | b'f').then_some(b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_may_be_an_escape() {
        let before = |text: &str| TextView::new(text.as_bytes(), true, 0).decoded_byte_before(text.len());
        assert_eq!(before("a\\n"), b' ');
        assert_eq!(before("a\\\\n"), b' ');
        assert_eq!(before("token\\u003d"), b'=');
        assert_eq!(before("\\u00e9"), 0x80);
        assert_eq!(before("token%3D"), b'=');
        assert_eq!(before("abc"), b'c');
        assert_eq!(before(""), 0);
    }

    #[test]
    fn what_was_found_looks_like_a_label() {
        let mut text = TextView::new(b"aaa bbb ccc", true, 0);
        text.cover(4);
        text.limit(8);
        assert_eq!((text.decoded_byte_before(4), text.decoded_byte_before(5)), (b']', b'b'));
        assert_eq!((text.at(7), text.at(8)), (b' ', b'['));
        assert_eq!(text.window(7, 64), b"bbb");
        assert!(!text.take_needs_more_input());
    }

    #[test]
    fn an_unfinished_text_remembers_that_its_end_was_looked_at() {
        let text = TextView::new(b"abc def", false, 0);
        assert_eq!((text.run(RunClass::Alnum, 0), text.take_needs_more_input()), (3, false));
        assert_eq!((text.run(RunClass::Alnum, 4), text.take_needs_more_input()), (7, true));
        assert_eq!((text.run(RunClass::Alnum, 5), text.take_needs_more_input()), (7, true), "the kept end too");
        assert!(TextView::new(b"abc", true, 0).run(RunClass::Alnum, 0) == 3);
    }
}
