//! The text that is looked at.

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
/// Whatever was found already is opaque: who looks across its border sees a bracket, as the label that will stand there
/// begins and ends with one. So a text that is looked at again gives the same answers. Of an unfinished text it
/// remembers whether an answer hung on what has not come yet.
pub(super) struct TextView<'t> {
    bytes: &'t [u8],
    /// Nothing is seen from here on: the end of the text, or the begin of something opaque.
    limit: usize,
    finished: bool,
    /// What stands before is opaque.
    covered: usize,
    hung: Cell<bool>,
    /// The furthest place that was looked at.
    reach: Cell<usize>,
    runs: [Cell<(usize, usize)>; RUNS],
    topic: Cell<(usize, Option<Topic>)>,
}

/// The runs of bytes that are asked for often. Each end is found once, however many places of the run ask for it, so
/// that the time is linear in the length of the text.
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

    /// Everything before this place is opaque from now on.
    pub(super) fn cover(&mut self, end: usize) {
        self.covered = self.covered.max(end);
    }

    /// Something opaque begins here; the end of the text if nothing does.
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

    /// Whether an answer hung on what has not come yet, since the last time this was asked.
    pub(super) fn take_needs_more_input(&self) -> bool {
        self.hung.replace(false)
    }

    pub(super) const fn bytes(&self) -> &'t [u8] {
        self.bytes
    }

    /// The furthest place that was looked at, since the last time this was asked.
    pub(super) fn reach(&self) -> usize {
        self.reach.take()
    }

    /// Where the view ends.
    pub(super) const fn visible_end(&self) -> usize {
        self.limit
    }

    /// The bytes of a range that was found.
    pub(super) fn slice(&self, from: usize, to: usize) -> &'t [u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// The byte at a place; zero behind the end.
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

    /// Whether these bytes stand at a place, case aside. They are in lower case.
    pub(super) fn starts_with_at(&self, place: usize, lower: &[u8]) -> bool {
        lower.iter().enumerate().all(|(step, byte)| self.at(place + step).to_ascii_lowercase() == *byte)
    }

    /// What stands before a place: its byte, or the character that an escape there means. Zero at the begin.
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

    /// The end of an escape that a place lies in: of `\\u0040` or `%40`.
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

    /// The plain byte before a place, zero at the begin and before anything opaque.
    pub(super) fn byte_before(&self, place: usize) -> u8 {
        if place > self.covered { self.bytes[place - 1] } else { 0 }
    }

    /// Where a run of a class ends that holds `from`; `from` itself if that does not belong to it.
    pub(super) fn run(&self, run: RunClass, from: usize) -> usize {
        let kept = &self.runs[run as usize];
        let (start, end) = kept.get();
        if start <= from && from < end {
            // The end was looked at when the run was found.
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

    /// Where a run ends that is looked for no further than so many bytes.
    pub(super) fn short_run(&self, class: ByteClass, from: usize, at_most: usize) -> usize {
        let mut end = from;
        while end - from < at_most && self.has_class(end, class) {
            end += 1;
        }
        end
    }

    /// The place behind blanks.
    pub(super) fn skip_blanks(&self, from: usize) -> usize {
        self.short_run(SPACE, from, 8)
    }

    /// The begin of the word that ends at a place, at most so many bytes before it.
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

    /// The begin of the letters before a place, if there are at most so many and no digit or hyphen before them.
    pub(super) fn letters_start(&self, place: usize, at_most: usize) -> Option<usize> {
        let lowest = self.covered.max(place.saturating_sub(at_most));
        let mut start = place;
        while start > lowest && class::is_in(self.bytes[start - 1], ALPHA) {
            start -= 1;
        }
        // An escape such as `\\n` is no letter of a word.
        if start > 0 && start < place && self.byte_before(start) == b'\\' {
            start += 1;
        }
        (start < place && !class::is_in(self.decoded_byte_before(start), ALNUM)).then_some(start)
    }

    /// The bytes before a place that may tell what it is about.
    pub(super) fn window(&self, place: usize, at_most: usize) -> &'t [u8] {
        let mut start = self.covered.max(place.saturating_sub(at_most));
        while start < place && !is_char_boundary(self.bytes, start) {
            start += 1;
        }
        self.slice(start, place)
    }

    /// What the words before a place are about. Asked once for each place.
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

/// How many bytes before a candidate are read for what it is about.
pub(super) const TOPIC_WINDOW_BYTES: usize = 64;

/// Whether a character begins at a place or the text ends there.
pub(super) fn is_char_boundary(bytes: &[u8], place: usize) -> bool {
    bytes.get(place).is_none_or(|byte| byte & 0xc0 != 0x80)
}

/// The character that an escape at the end of the bytes means: of JSON (`\n`, `\u003d`) or of a URL (`%3D`).
fn escaped(seen: &[u8]) -> Option<u8> {
    if let [.., b'%', high, low] = seen {
        return Some(class::hex(*high)? << 4 | class::hex(*low)?);
    }
    if let [.., b'\\', b'u', a, b, c, d] = seen {
        let digits = [a, b, c, d].map(|digit| class::hex(*digit).map(u32::from));
        let code = digits.into_iter().try_fold(0, |code, digit| Some(code << 4 | digit?));
        return code.map(|code| u8::try_from(code).unwrap_or(0x80).min(0x80));
    }
    // JSON in JSON has `\\\\n`, so it does not matter how many there are.
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
