//! The text of a string.

use std::borrow::Cow;
use std::fmt;

/// The text of a JSON string, borrowed without its quotes and decoded only on demand, or the JSON text of another value,
/// which is not decoded. A text that is read as a string is empty if the value is missing or not a string. `Debug` prints
/// no text, because a model may have generated it.
#[derive(Clone, Copy, Default)]
pub(in crate::sse) struct Text<'a> {
    bytes: &'a [u8],
    has_escapes: bool,
}

impl<'a> Text<'a> {
    pub(super) const fn new(bytes: &'a [u8], has_escapes: bool) -> Self {
        Self { bytes, has_escapes }
    }

    /// Returns the text of bytes without escapes.
    pub(in crate::sse) const fn plain(bytes: &'a [u8]) -> Self {
        Self::new(bytes, false)
    }

    pub(in crate::sse) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns the text itself; the other text if this one is empty.
    pub(in crate::sse) const fn or(self, other: Self) -> Self {
        if self.is_empty() { other } else { self }
    }

    /// Returns the bytes of a text that needs no decoding; `None` if it contains escapes.
    pub(in crate::sse) const fn as_plain_bytes(&self) -> Option<&'a [u8]> {
        if self.has_escapes { None } else { Some(self.bytes) }
    }

    /// Returns whether the decoded text is `other`.
    pub(in crate::sse) fn is(&self, other: &str) -> bool {
        *self.to_bytes() == *other.as_bytes()
    }

    /// Returns the decoded bytes, which may not be UTF-8.
    pub(in crate::sse) fn to_bytes(self) -> Cow<'a, [u8]> {
        match self.as_plain_bytes() {
            Some(bytes) => Cow::Borrowed(bytes),
            None => Cow::Owned(self.unescape()),
        }
    }

    /// Returns the decoded text. Invalid UTF-8 and half of a surrogate pair are replaced by U+FFFD.
    pub(in crate::sse) fn to_str(self) -> Cow<'a, str> {
        match self.to_bytes() {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    fn unescape(self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.bytes.len());
        let mut rest = self.bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
            text.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            let Some((escape, after)) = rest.split_first() else { break };
            rest = after;
            let byte = match escape {
                b'u' => {
                    let (character, length) = unicode_escape(rest);
                    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = rest.get(length..).unwrap_or_default();
                    continue;
                }
                b'b' => 0x08,
                b'f' => 0x0c,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                byte => *byte,
            };
            text.push(byte);
        }
        text.extend_from_slice(rest);
        text
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Text").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// Decodes the text after `\u`. Returns the character and the number of bytes read: 4, or 10 for a surrogate pair.
fn unicode_escape(bytes: &[u8]) -> (char, usize) {
    let first = hex_digits(bytes);
    let second = bytes.get(4..).filter(|rest| rest.starts_with(b"\\u")).map(|rest| hex_digits(&rest[2..]));
    if let Some(low) = second
        && let Some(Ok(character)) = char::decode_utf16([first, low]).next()
        && character.len_utf16() == 2
    {
        return (character, 10);
    }
    (char::from_u32(u32::from(first)).unwrap_or(char::REPLACEMENT_CHARACTER), 4)
}

/// Returns the number of four hexadecimal digits.
fn hex_digits(bytes: &[u8]) -> u16 {
    let digits = bytes.iter().take(4).filter_map(|byte| char::from(*byte).to_digit(16));
    // Four digits have at most 16 bits.
    digits.fold(0, |number, digit| number << 4 | u16::try_from(digit).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_halves_of_surrogate_pairs_replaced() {
        for (escaped, expected) in [
            (r#"a\"\\\/\b\f\n\r\tz"#, "a\"\\/\u{8}\u{c}\n\r\tz"),
            (r"\u00e9\u20AC", "é€"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d!", "\u{fffd}!"),
            (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            ("plain", "plain"),
        ] {
            assert_eq!(Text::new(escaped.as_bytes(), true).to_str(), expected, "{escaped}");
        }
        assert_eq!(Text::new(b"a\xffb", false).to_str(), "a\u{fffd}b");
    }
}
