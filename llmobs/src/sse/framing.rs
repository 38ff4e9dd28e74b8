//! From bytes that are cut anywhere to whole frames.

mod buffer;
mod json;
mod lines;

use self::buffer::FrameBuffer;
use self::json::JsonFramer;
use self::lines::LineFramer;
use super::dialect::Dialect;

/// What an answer is cut into: the data of an event, a line, or a JSON object.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) data: &'a [u8],
    /// The event was named `error`.
    pub(super) is_error_event: bool,
}

#[derive(Debug)]
pub(super) struct Framer {
    shape: FrameFormat,
    pub(super) buffer: FrameBuffer,
}

#[derive(Debug)]
enum FrameFormat {
    /// Nothing came yet but white space and so many bytes of a byte order mark.
    Unknown(Dialect, usize),
    Lines(LineFramer),
    Json(JsonFramer),
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Framer {
    pub(super) const fn new(dialect: Dialect, bound: usize) -> Self {
        Self { shape: FrameFormat::Unknown(dialect, 0), buffer: FrameBuffer::new(bound) }
    }

    pub(super) fn feed(&mut self, bytes: &[u8], on: &mut dyn FnMut(Frame<'_>)) {
        let mut bytes = bytes;
        if let FrameFormat::Unknown(dialect, mark) = &mut self.shape {
            let skipped = bytes.iter().take_while(|byte| is_leading(**byte, mark)).count();
            bytes = &bytes[skipped..];
            let Some(first) = bytes.first() else { return };
            self.shape = FrameFormat::of(*dialect, *first);
        }
        match &mut self.shape {
            FrameFormat::Unknown(..) => {}
            FrameFormat::Lines(lines) => lines.feed(bytes, &mut self.buffer, on),
            FrameFormat::Json(values) => values.feed(bytes, &mut self.buffer, on),
        }
    }

    pub(super) fn finish(&mut self, on: &mut dyn FnMut(Frame<'_>)) {
        match &mut self.shape {
            FrameFormat::Unknown(..) => {}
            FrameFormat::Lines(lines) => lines.finish(&mut self.buffer, on),
            FrameFormat::Json(values) => values.finish(&mut self.buffer, on),
        }
    }
}

impl FrameFormat {
    /// A provider that was asked for a stream may answer with one JSON object all the same, and Gemini streams a JSON
    /// array unless told otherwise.
    fn of(dialect: Dialect, first: u8) -> Self {
        match (dialect, first) {
            (Dialect::Ollama, _) => Self::Lines(LineFramer::ndjson()),
            (_, b'{' | b'[') => Self::Json(JsonFramer::default()),
            _ => Self::Lines(LineFramer::default()),
        }
    }
}

/// Whether a byte stands before everything: white space, or the next one of a byte order mark.
fn is_leading(byte: u8, mark: &mut usize) -> bool {
    if BYTE_ORDER_MARK.get(*mark) == Some(&byte) {
        *mark += 1;
        return true;
    }
    byte.is_ascii_whitespace()
}
