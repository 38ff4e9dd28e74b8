//! The view of a text that detectors use.

use std::cell::Cell;

use super::class;
use super::class::ALNUM;
use super::class::ALPHA;
use super::class::BASE58;
use super::class::BASE64;
use super::class::BASE64_SIGN;
use super::class::ByteClass;
use super::class::DASH_UNDERSCORE;
use super::class::DIGIT;
use super::class::HEX;
use super::class::NON_ASCII;
use super::class::SPACE;
use super::class::VALUE;
use super::class::WORD;
use super::context::Topic;
use super::escape;

/// A text as the detectors see it.
///
/// Matches are opaque: across the border of a match, a detector sees a square bracket, because a placeholder starts and
/// ends with one. A redacted text therefore yields the same results when scanned again. For an unfinished text, the
/// view records whether a result depended on input that has not arrived.
pub(super) struct TextView<'t> {
    bytes: &'t [u8],
    /// The end of the visible text: the end of the text or the start of a match.
    visible_end: usize,
    is_complete: bool,
    /// The end of the last match. The text before it is opaque.
    opaque_until: usize,
    needs_more_input: Cell<bool>,
    /// The furthest position that was read.
    furthest_read: Cell<usize>,
    run_cache: [Cell<(usize, usize)>; RUN_CLASS_COUNT],
    topic_cache: Cell<(usize, Option<Topic>)>,
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

const RUN_CLASS_COUNT: usize = 7;

impl RunClass {
    const fn byte_class(self) -> ByteClass {
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
    pub(super) fn new(bytes: &'t [u8], is_complete: bool, opaque_until: usize) -> Self {
        Self {
            bytes,
            visible_end: bytes.len(),
            is_complete,
            opaque_until,
            needs_more_input: Cell::new(false),
            furthest_read: Cell::new(0),
            run_cache: std::array::from_fn(|_| Cell::new((0, 0))),
            topic_cache: Cell::new((usize::MAX, None)),
        }
    }

    /// Makes the text before `end` opaque.
    pub(super) fn extend_opaque(&mut self, end: usize) {
        self.opaque_until = self.opaque_until.max(end);
    }

    /// Sets the end of the visible text and clears the cached runs.
    pub(super) fn set_visible_end(&mut self, visible_end: usize) {
        self.visible_end = visible_end;
        self.run_cache = std::array::from_fn(|_| Cell::new((0, 0)));
    }

    pub(super) const fn opaque_until(&self) -> usize {
        self.opaque_until
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Returns whether a result since the last call depended on input that has not arrived, and resets the flag.
    pub(super) fn take_needs_more_input(&self) -> bool {
        self.needs_more_input.replace(false)
    }

    pub(super) const fn bytes(&self) -> &'t [u8] {
        self.bytes
    }

    /// Returns the furthest position read since the last call, and resets the position.
    pub(super) fn take_furthest_read(&self) -> usize {
        self.furthest_read.take()
    }

    /// Returns the end of the visible text.
    pub(super) const fn visible_end(&self) -> usize {
        self.visible_end
    }

    /// Returns the bytes of a range, including bytes after the visible text, without recording the read. Returns no
    /// bytes for a range outside the text.
    pub(super) fn slice(&self, from: usize, to: usize) -> &'t [u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// Returns the byte at `position`. After the visible text, returns `[` if a match ends the visible text, else 0.
    pub(super) fn byte_at(&self, position: usize) -> u8 {
        if position > self.furthest_read.get() {
            self.furthest_read.set(position);
        }
        if position < self.visible_end {
            return self.bytes[position];
        }
        if self.visible_end < self.bytes.len() {
            return b'[';
        }
        self.needs_more_input.set(self.needs_more_input.get() || !self.is_complete);
        0
    }

    pub(super) fn has_class(&self, position: usize, class: ByteClass) -> bool {
        class::is_in(self.byte_at(position), class)
    }

    /// Returns whether the bytes at `position` equal `lower`, ignoring ASCII case. `lower` must be in lower case.
    pub(super) fn starts_with_at(&self, position: usize, lower: &[u8]) -> bool {
        lower.iter().enumerate().all(|(step, byte)| self.byte_at(position + step).to_ascii_lowercase() == *byte)
    }

    /// Returns the byte before `position`, or the character of the escape sequence that ends there. Returns 0 at the
    /// start of the text and `]` after a match. Input `token%3D`, output `=`; input `a\n` as two characters, output a
    /// blank.
    pub(super) fn decoded_byte_before(&self, position: usize) -> u8 {
        if position == 0 {
            return 0;
        }
        if position <= self.opaque_until {
            return b']';
        }
        let seen = &self.bytes[self.opaque_until..position];
        escape::byte_at_end(seen).unwrap_or_else(|| self.bytes[position - 1])
    }

    /// Returns the end of the escape sequence that contains `position`, for example of `\\u0040` or `%40`.
    pub(super) fn escape_end(&self, position: usize) -> Option<usize> {
        let lowest = self.opaque_until.max(position.saturating_sub(5));
        let before = &self.bytes[lowest..position];
        let hex = before.iter().rev().take_while(|byte| class::is_in(**byte, HEX)).count();
        let start = position - hex;
        match &before[..before.len() - hex] {
            [.., b'%'] if hex < 2 && self.has_class(start + 1, HEX) => Some(start + 2),
            [.., b'\\', b'u'] if hex < 4 && (position + 1..start + 4).all(|position| self.has_class(position, HEX)) => {
                Some(start + 4)
            }
            _ => None,
        }
    }

    /// Returns the byte before `position` without decoding, or 0 at the start of the text and after a match.
    pub(super) fn byte_before(&self, position: usize) -> u8 {
        if position > self.opaque_until { self.bytes[position - 1] } else { 0 }
    }

    /// Returns the end of the run that contains `from`, or `from` if the byte there does not belong to the class.
    pub(super) fn run_end(&self, run: RunClass, from: usize) -> usize {
        let cached_run = &self.run_cache[run as usize];
        let (start, end) = cached_run.get();
        if start <= from && from < end {
            // Records the read of the end, as the first search did.
            self.byte_at(end);
            return end;
        }
        let mut end = from;
        while self.has_class(end, run.byte_class()) {
            end += 1;
        }
        cached_run.set((from, end));
        end
    }

    /// Returns the end of the base64 that starts at `from`. Its signs can be escape sequences: input `aB3\\/dE6%2BgH9=`,
    /// output the end of `gH9=`.
    pub(super) fn base64_end(&self, from: usize) -> usize {
        let mut end = self.run_end(RunClass::Base64, from);
        while let Some((byte, next)) = self.escape_at(end)
            && class::is_in(byte, BASE64_SIGN | DASH_UNDERSCORE)
            && end - from < MAX_BASE64_BYTES
        {
            end = self.run_end(RunClass::Base64, next);
        }
        end
    }

    /// Returns the end of a run of at most `at_most` bytes.
    pub(super) fn bounded_run_end(&self, class: ByteClass, from: usize, at_most: usize) -> usize {
        let mut end = from;
        while end - from < at_most && self.has_class(end, class) {
            end += 1;
        }
        end
    }

    /// Returns the position after at most 8 white-space characters, and after escaped ones and codes of a terminal.
    pub(super) fn skip_blanks(&self, from: usize) -> usize {
        let mut end = self.bounded_run_end(SPACE, from, 8);
        for _ in 0..MAX_CODES {
            let blank = || self.escape_at(end).filter(|(byte, _)| class::is_in(*byte, SPACE)).map(|(_, next)| next);
            let Some(next) = self.terminal_code_at(end).or_else(blank) else { break };
            end = self.bounded_run_end(SPACE, next, 8);
        }
        end
    }

    /// Returns the end of the terminal code at `position`: input `\\x1b[32m`.
    pub(super) fn terminal_code_at(&self, position: usize) -> Option<usize> {
        escape::color_code_len(|offset| self.byte_at(position + offset)).map(|length| position + length)
    }

    /// Returns the ASCII character of the escape sequence at `position`, and the end of the sequence. Input `%3D`,
    /// `\u003d` or `&#x3D;`, output `=`.
    pub(super) fn escape_at(&self, position: usize) -> Option<(u8, usize)> {
        escape::decode(|offset| self.byte_at(position + offset)).map(|(byte, length)| (byte, position + length))
    }

    /// Returns the end of the terminal code that starts before `position` and ends after it, or `position`. Its last
    /// bytes look like the start of a word: input `\x1b[32mjane`, `position` at `32mjane`, output the position of `jane`.
    pub(super) fn terminal_code_end(&self, position: usize, at_most: usize) -> usize {
        let letter = self.bounded_run_end(DIGIT, position, 4);
        let is_code = letter < at_most && self.decoded_byte_before(letter + 1) == b' ' && self.has_class(letter, ALPHA);
        if is_code && self.byte_before(position) != b'\\' { letter + 1 } else { position }
    }

    /// Returns the start of the word that ends at `position`, at most `at_most` bytes before it.
    pub(super) fn word_start(&self, position: usize, at_most: usize) -> usize {
        let lowest = self.opaque_until.max(position.saturating_sub(at_most));
        let mut start = position;
        while start > lowest && !class::is_in(self.bytes[start - 1], SPACE) {
            start -= 1;
        }
        while start < position && !is_char_boundary(self.bytes, start) {
            start += 1;
        }
        start
    }

    /// Returns the start of the ASCII letters before `position`: at most `at_most`, with no letter or digit before
    /// them. Returns `None` otherwise.
    pub(super) fn letters_start(&self, position: usize, at_most: usize) -> Option<usize> {
        let lowest = self.opaque_until.max(position.saturating_sub(at_most));
        let mut start = position;
        while start > lowest && class::is_in(self.bytes[start - 1], ALPHA) {
            start -= 1;
        }
        // The letter of an escape sequence (`\\n`) does not belong to the word.
        if start > 0 && start < position && self.byte_before(start) == b'\\' {
            start += 1;
        }
        start = self.terminal_code_end(start, position);
        start = self.escape_end(start).filter(|end| *end <= position).unwrap_or(start);
        (start < position && !class::is_in(self.decoded_byte_before(start), ALNUM)).then_some(start)
    }

    /// Returns whether a word starts at `position`: no letter or digit precedes it, and no hyphen or `_` joins it to a
    /// word. Markdown writes `__bold__` and `_italic_`.
    pub(super) fn is_word_start(&self, position: usize) -> bool {
        !class::is_in(self.decoded_byte_before(position), ALNUM) && !self.is_joined_before(position)
    }

    /// Returns whether one to three hyphens or `_` before `position` follow a letter or digit: input `my_` before
    /// `position`, output true; input `__` or ` --`, output false.
    pub(super) fn is_joined_before(&self, position: usize) -> bool {
        let is_sign = |back: &usize| class::is_in(self.byte_before(position.saturating_sub(*back)), DASH_UNDERSCORE);
        let signs = (0..3).take_while(is_sign).count();
        signs > 0 && class::is_in(self.decoded_byte_before(position - signs), NON_ASCII | ALNUM | DASH_UNDERSCORE)
    }

    /// Returns whether a word ends at `position`: no letter or digit follows, and no hyphen or `_` joins it to a word.
    pub(super) fn is_word_end(&self, position: usize) -> bool {
        !self.has_class(self.bounded_run_end(DASH_UNDERSCORE, position, 3), ALNUM | DASH_UNDERSCORE)
    }

    /// Returns whether the `+` with which a diff marks a new line is before `position`.
    pub(super) fn follows_line_sign(&self, position: usize) -> bool {
        let before = self.decoded_byte_before(position.saturating_sub(1));
        self.byte_before(position) == b'+' && (before == 0 || class::is_in(before, SPACE))
    }

    /// Returns at most `at_most` bytes before `position`, from a character boundary on.
    pub(super) fn window_before(&self, position: usize, at_most: usize) -> &'t [u8] {
        let mut start = self.opaque_until.max(position.saturating_sub(at_most));
        while start < position && !is_char_boundary(self.bytes, start) {
            start += 1;
        }
        self.slice(start, position)
    }

    /// Returns the topic of the words before `position`. The result for the last `position` is cached.
    pub(super) fn topic(&self, position: usize, find: impl FnOnce(&[u8]) -> Option<Topic>) -> Option<Topic> {
        let (known, topic) = self.topic_cache.get();
        if known == position {
            return topic;
        }
        let topic = find(self.window_before(position, TOPIC_WINDOW_BYTES));
        self.topic_cache.set((position, topic));
        topic
    }
}

/// Maximum number of escape sequences and terminal codes between two words.
const MAX_CODES: usize = 4;

/// Maximum number of bytes of base64 up to its last escape sequence.
const MAX_BASE64_BYTES: usize = 2048;

/// Number of bytes before a candidate that are searched for a topic.
pub(super) const TOPIC_WINDOW_BYTES: usize = 64;

/// Returns whether `position` is a character boundary or the end of the text.
pub(super) fn is_char_boundary(bytes: &[u8], position: usize) -> bool {
    bytes.get(position).is_none_or(|byte| byte & 0xc0 != 0x80)
}

#[cfg(test)]
mod tests;
