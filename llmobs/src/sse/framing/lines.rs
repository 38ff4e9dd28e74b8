//! Framing of line-based formats: server-sent events, and one JSON object per line (NDJSON).
//!
//! Lines end in LF, CR or CRLF; the input may be split at any byte, also within a line end. The buffer contains the
//! data of the current event, followed by the incomplete line.

use std::mem::take;

use memchr::memchr2;

use super::buffer::FrameBuffer;
use super::frame::Frame;

#[derive(Debug, Default)]
pub(super) struct LineFramer {
    /// True if each line is a frame (NDJSON), rather than an event of several lines.
    is_ndjson: bool,
    line_state: LineState,
    /// True if the last byte was a carriage return. A line feed that follows belongs to the same line end.
    is_after_carriage_return: bool,
    /// The number of bytes in the buffer that are data of the event.
    data_len: usize,
    has_data: bool,
    is_error_event: bool,
    /// True if the current frame is longer than the buffer allows. The rest of its bytes is not stored.
    is_skipping: bool,
}

/// The state of the incomplete line.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum LineState {
    #[default]
    Empty,
    Comment,
    Buffered,
}

impl LineFramer {
    pub(super) fn ndjson() -> Self {
        Self { is_ndjson: true, ..Self::default() }
    }

    pub(super) fn feed(&mut self, bytes: &[u8], buffer: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            if take(&mut self.is_after_carriage_return) && *first == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', rest) else {
                self.push_bytes(rest, buffer);
                return;
            };
            if let Some(length) = self.read_whole_frame(rest, end, buffer, on) {
                rest = &rest[length..];
                continue;
            }
            self.push_bytes(&rest[..end], buffer);
            self.is_after_carriage_return = rest[end] == b'\r';
            self.end_line(buffer, on);
            rest = &rest[end + 1..];
        }
    }

    /// Reads a frame that consists of the line `bytes[..end]`, and of a blank line if it is an event, without copying it.
    /// Returns the length of the frame with its line ends, or `None` if the bytes begin otherwise.
    fn read_whole_frame(
        &mut self,
        bytes: &[u8],
        end: usize,
        buffer: &FrameBuffer,
        on: &mut dyn FnMut(Frame<'_>),
    ) -> Option<usize> {
        let is_in_frame = self.line_state != LineState::Empty || self.has_data || self.is_skipping;
        let line = &bytes[..end];
        if is_in_frame || line.is_empty() || !buffer.fits(line) || bytes[end] != b'\n' {
            return None;
        }
        if self.is_ndjson {
            on(Frame { data: line, is_error_event: false });
            return Some(end + 1);
        }
        let data = line.strip_prefix(b"data:").filter(|_| bytes.get(end + 1) == Some(&b'\n'))?;
        on(Frame { data, is_error_event: take(&mut self.is_error_event) });
        Some(end + 2)
    }

    /// Handles the end of the stream, which may be in the middle of a line.
    pub(super) fn finish(&mut self, buffer: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        if self.line_state != LineState::Empty {
            self.end_line(buffer, on);
        }
        // The SSE standard discards a last event without a blank line, but some servers send one, so it is decoded.
        self.end_frame(buffer, on);
    }

    fn push_bytes(&mut self, bytes: &[u8], buffer: &mut FrameBuffer) {
        let Some(first) = bytes.first() else { return };
        if self.line_state == LineState::Empty {
            self.line_state = if *first == b':' && !self.is_ndjson { LineState::Comment } else { LineState::Buffered };
        }
        if self.line_state == LineState::Buffered && !self.is_skipping {
            self.is_skipping = !buffer.push(bytes);
        }
    }

    /// Handles the end of a line.
    fn end_line(&mut self, buffer: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        match take(&mut self.line_state) {
            LineState::Comment => {}
            LineState::Empty => self.end_frame(buffer, on),
            LineState::Buffered if self.is_ndjson => {
                (self.data_len, self.has_data) = (buffer.bytes().len(), true);
                self.end_frame(buffer, on);
            }
            LineState::Buffered if self.is_skipping => {}
            LineState::Buffered => self.parse_field(buffer),
        }
    }

    fn parse_field(&mut self, buffer: &mut FrameBuffer) {
        let line = &buffer.bytes()[self.data_len..];
        let colon = line.iter().position(|byte| *byte == b':');
        let name = &line[..colon.unwrap_or(line.len())];
        // The optional space after the colon is white space to the JSON parser.
        let value = colon.map_or(line.len(), |colon| colon + 1);
        match name {
            // The field `error` is not in the SSE standard; llama.cpp sent errors in it.
            b"data" | b"error" => {
                self.is_error_event |= name == b"error";
                self.data_len = buffer.compact(self.data_len + value, self.data_len, self.has_data);
                self.has_data = true;
            }
            b"event" => {
                self.is_error_event |= line[value..].trim_ascii() == b"error";
                buffer.truncate(self.data_len);
            }
            _ => buffer.truncate(self.data_len),
        }
    }

    /// Handles the end of an event.
    fn end_frame(&mut self, buffer: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        if take(&mut self.is_skipping) {
            buffer.skipped_frames += 1;
        } else if self.has_data {
            on(Frame { data: &buffer.bytes()[..self.data_len], is_error_event: self.is_error_event });
        }
        buffer.clear();
        (self.data_len, self.has_data, self.is_error_event) = (0, false, false);
    }
}
