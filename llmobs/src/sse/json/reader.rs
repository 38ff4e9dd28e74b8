//! The reader: a position in JSON text that moves over one value at a time.

use super::malformed::Malformed;
use super::malformed::Result;
use super::strings;
use super::text::Text;

/// The maximum depth of nested objects and arrays, as in `serde_json`.
const MAX_DEPTH: u32 = 127;

/// A position before a value in JSON text (RFC 8259). Bytes that are not UTF-8 are allowed within strings.
#[derive(Debug, Clone)]
pub(in crate::sse) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
}

/// Reads a text that consists of one value, with `read`.
pub(in crate::sse) fn read_document<'a, T>(
    bytes: &'a [u8],
    read: impl FnOnce(&mut Reader<'a>) -> Result<T>,
) -> Result<T> {
    let mut reader = Reader { bytes, at: 0, depth: 0 };
    reader.skip_whitespace();
    let value = read(&mut reader)?;
    reader.skip_whitespace();
    if reader.at == bytes.len() { Ok(value) } else { Err(Malformed) }
}

impl<'a> Reader<'a> {
    /// Returns a reader of a value that was skipped before and is therefore known to be JSON.
    pub(super) const fn of_value(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    /// Returns the first byte of the value, which determines its kind.
    pub(in crate::sse) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Returns the position in the text, in bytes from its start.
    #[cfg(feature = "gateway")]
    pub(in crate::sse) const fn position(&self) -> usize {
        self.at
    }

    /// Reads an object and calls `on_field` with the name of each field, in the order of the text, and the reader
    /// before the field's value. A value that `on_field` leaves unread is skipped. Returns `false`, and skips the
    /// value, if it is not an object.
    pub(in crate::sse) fn object(&mut self, mut on_field: impl FnMut(&[u8], &mut Self) -> Result<()>) -> Result<bool> {
        if self.peek() != Some(b'{') {
            self.skip()?;
            return Ok(false);
        }
        self.enter()?;
        if self.ends_with(b'}') {
            return Ok(true);
        }
        loop {
            let name = self.text()?;
            self.skip_whitespace();
            self.expect(b':')?;
            self.skip_whitespace();
            let start = self.at;
            on_field(&name.to_bytes(), self)?;
            if self.at == start {
                self.skip()?;
            }
            if self.is_last(b'}')? {
                return Ok(true);
            }
        }
    }

    /// Reads an array and calls `on_item` with the reader before each item. An item that `on_item` leaves unread is
    /// skipped. Returns `false`, and skips the value, if it is not an array.
    pub(in crate::sse) fn array(&mut self, mut on_item: impl FnMut(&mut Self) -> Result<()>) -> Result<bool> {
        if self.peek() != Some(b'[') {
            self.skip()?;
            return Ok(false);
        }
        self.enter()?;
        if self.ends_with(b']') {
            return Ok(true);
        }
        loop {
            let start = self.at;
            on_item(self)?;
            if self.at == start {
                self.skip()?;
            }
            if self.is_last(b']')? {
                return Ok(true);
            }
        }
    }

    /// Reads a string. Returns `None`, and skips the value, if it is not a string.
    pub(in crate::sse) fn string(&mut self) -> Result<Option<Text<'a>>> {
        if self.peek() == Some(b'"') {
            return self.text().map(Some);
        }
        self.skip()?;
        Ok(None)
    }

    /// Skips a value and returns its text.
    pub(in crate::sse) fn raw(&mut self) -> Result<&'a [u8]> {
        Ok(self.with_text(Self::skip)?.1)
    }

    /// Calls `read` and returns its result with the text that it read.
    pub(in crate::sse) fn with_text<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<(T, &'a [u8])> {
        let start = self.at;
        let value = read(self)?;
        Ok((value, &self.bytes[start..self.at]))
    }

    /// Skips a value of any kind.
    pub(in crate::sse) fn skip(&mut self) -> Result<()> {
        match self.peek().ok_or(Malformed)? {
            b'"' => self.text().map(drop),
            b'{' | b'[' => self.skip_nested(),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => self.number(),
        }
    }

    /// Skips an object or array. A stack of bits says which of the open levels are objects, so there is no recursion.
    fn skip_nested(&mut self) -> Result<()> {
        let mut objects = 0_u128;
        let outer = self.depth;
        loop {
            // Before a value that is an object or array, or the end of an open level.
            let is_object = self.peek() == Some(b'{');
            self.enter()?;
            objects = objects << 1 | u128::from(is_object);
            let mut is_closed = self.ends_with(if is_object { b'}' } else { b']' });
            loop {
                if is_closed {
                    objects >>= 1;
                    if self.depth == outer {
                        return Ok(());
                    }
                } else {
                    if objects & 1 == 1 {
                        self.text()?;
                        self.skip_whitespace();
                        self.expect(b':')?;
                        self.skip_whitespace();
                    }
                    if matches!(self.peek(), Some(b'{' | b'[')) {
                        break;
                    }
                    self.skip()?;
                }
                is_closed = self.is_last(if objects & 1 == 1 { b'}' } else { b']' })?;
            }
        }
    }

    /// Enters an object or array.
    fn enter(&mut self) -> Result<()> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Malformed);
        }
        self.skip_whitespace();
        Ok(())
    }

    /// Leaves the object or array if `end` follows.
    fn ends_with(&mut self, end: u8) -> bool {
        let ends = self.peek() == Some(end);
        if ends {
            self.at += 1;
            self.depth -= 1;
        }
        ends
    }

    /// Reads the comma or the `end` that follows a field or item. Returns whether it was the last one.
    fn is_last(&mut self, end: u8) -> Result<bool> {
        self.skip_whitespace();
        if self.ends_with(end) {
            return Ok(true);
        }
        self.expect(b',')?;
        self.skip_whitespace();
        Ok(false)
    }

    /// Reads a string, whose opening quote must follow.
    fn text(&mut self) -> Result<Text<'a>> {
        self.expect(b'"')?;
        let rest = &self.bytes[self.at..];
        let (length, has_escapes) = strings::scan(rest)?;
        self.at += length + 1;
        Ok(Text::new(&rest[..length], has_escapes))
    }

    fn literal(&mut self, literal: &[u8]) -> Result<()> {
        if !self.bytes[self.at..].starts_with(literal) {
            return Err(Malformed);
        }
        self.at += literal.len();
        Ok(())
    }

    fn number(&mut self) -> Result<()> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<()> {
        let count = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { Err(Malformed) } else { Ok(()) }
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.peek() != Some(byte) {
            return Err(Malformed);
        }
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn skip_whitespace(&mut self) {
        // Most JSON has none.
        if !matches!(self.peek(), Some(0..=b' ')) {
            return;
        }
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }
}
