//! Splitting of a byte stream into complete frames.

mod buffer;
mod condenser;
mod frame;
mod json;
mod lines;

use self::buffer::FrameBuffer;
pub(super) use self::frame::Frame;
use self::json::JsonFramer;
use self::lines::LineFramer;
use super::dialect::Dialect;

/// Splits the bytes of one response into frames.
#[derive(Debug)]
pub(super) struct Framer {
    format: FrameFormat,
    /// The incomplete frame, and the counts of frames above the bound.
    pub(super) buffer: FrameBuffer,
}

#[derive(Debug)]
enum FrameFormat {
    /// Only white space and part of a byte order mark have arrived. Contains the number of bytes of the mark.
    Unknown(Dialect, usize),
    Lines(LineFramer),
    Json(JsonFramer),
}

/// The bytes with which a text in UTF-8 may begin.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Framer {
    /// Returns a framer that stores at most `max_bytes` of a frame, and shortens a longer one.
    pub(super) const fn new(dialect: Dialect, max_bytes: usize) -> Self {
        Self { format: FrameFormat::Unknown(dialect, 0), buffer: FrameBuffer::new(max_bytes) }
    }

    /// Returns a framer of JSON objects in sequence; all bytes outside of objects are skipped.
    pub(super) const fn of_json(max_bytes: usize) -> Self {
        Self { format: FrameFormat::Json(JsonFramer::new()), buffer: FrameBuffer::new(max_bytes) }
    }

    pub(super) fn feed(&mut self, bytes: &[u8], on: &mut dyn FnMut(Frame<'_>)) {
        let mut bytes = bytes;
        if let FrameFormat::Unknown(dialect, mark_len) = &mut self.format {
            let skipped = bytes.iter().take_while(|byte| is_leading(**byte, mark_len)).count();
            bytes = &bytes[skipped..];
            let Some(first) = bytes.first() else { return };
            self.format = FrameFormat::detect(*dialect, *first);
        }
        match &mut self.format {
            FrameFormat::Unknown(..) => {}
            FrameFormat::Lines(lines) => lines.feed(bytes, &mut self.buffer, on),
            FrameFormat::Json(values) => values.feed(bytes, &mut self.buffer, on),
        }
    }

    pub(super) fn finish(&mut self, on: &mut dyn FnMut(Frame<'_>)) {
        match &mut self.format {
            FrameFormat::Unknown(..) => {}
            FrameFormat::Lines(lines) => lines.finish(&mut self.buffer, on),
            FrameFormat::Json(values) => values.finish(&mut self.buffer, on),
        }
    }
}

impl FrameFormat {
    /// Returns the format that the first byte indicates. A provider may answer a streaming request with one JSON
    /// object, and Gemini streams a JSON array by default. Examples: `{` or `[` is JSON, the `d` of `data:` is
    /// server-sent events; Ollama is always one object per line.
    fn detect(dialect: Dialect, first: u8) -> Self {
        match (dialect, first) {
            (Dialect::Ollama, _) => Self::Lines(LineFramer::ndjson()),
            (_, b'{' | b'[') => Self::Json(JsonFramer::new()),
            _ => Self::Lines(LineFramer::default()),
        }
    }
}

/// Returns whether a byte precedes the first frame: white space, or the next byte of a byte order mark.
fn is_leading(byte: u8, mark_len: &mut usize) -> bool {
    if BYTE_ORDER_MARK.get(*mark_len) == Some(&byte) {
        *mark_len += 1;
        return true;
    }
    byte.is_ascii_whitespace()
}
