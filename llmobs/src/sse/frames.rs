//! From bytes that are cut anywhere to whole frames.

use super::dialect::Dialect;
use super::held::Held;
use super::lines::Lines;
use super::values::Values;

/// What an answer is cut into: the data of an event, a line, or a JSON object.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) data: &'a [u8],
    /// The event was named `error`.
    pub(super) is_error: bool,
}

#[derive(Debug)]
pub(super) struct Frames {
    shape: Shape,
    pub(super) held: Held,
}

#[derive(Debug)]
enum Shape {
    /// Nothing came yet but white space and so many bytes of a byte order mark.
    Unknown(Dialect, usize),
    Lines(Lines),
    Values(Values),
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Frames {
    pub(super) const fn new(dialect: Dialect, bound: usize) -> Self {
        Self { shape: Shape::Unknown(dialect, 0), held: Held::new(bound) }
    }

    pub(super) fn feed(&mut self, bytes: &[u8], on: &mut dyn FnMut(Frame<'_>)) {
        let mut bytes = bytes;
        if let Shape::Unknown(dialect, mark) = &mut self.shape {
            let skipped = bytes.iter().take_while(|byte| is_before(**byte, mark)).count();
            bytes = &bytes[skipped..];
            let Some(first) = bytes.first() else { return };
            self.shape = Shape::of(*dialect, *first);
        }
        match &mut self.shape {
            Shape::Unknown(..) => {}
            Shape::Lines(lines) => lines.feed(bytes, &mut self.held, on),
            Shape::Values(values) => values.feed(bytes, &mut self.held, on),
        }
    }

    pub(super) fn finish(&mut self, on: &mut dyn FnMut(Frame<'_>)) {
        match &mut self.shape {
            Shape::Unknown(..) => {}
            Shape::Lines(lines) => lines.finish(&mut self.held, on),
            Shape::Values(values) => values.finish(&mut self.held, on),
        }
    }
}

impl Shape {
    /// A provider that was asked for a stream may answer with one JSON object all the same, and Gemini streams a JSON
    /// array unless told otherwise.
    fn of(dialect: Dialect, first: u8) -> Self {
        match (dialect, first) {
            (Dialect::Ollama, _) => Self::Lines(Lines::one_each()),
            (_, b'{' | b'[') => Self::Values(Values::default()),
            _ => Self::Lines(Lines::default()),
        }
    }
}

/// Whether a byte stands before everything: white space, or the next one of a byte order mark.
fn is_before(byte: u8, mark: &mut usize) -> bool {
    if BYTE_ORDER_MARK.get(*mark) == Some(&byte) {
        *mark += 1;
        return true;
    }
    byte.is_ascii_whitespace()
}
