//! Framing of line-based formats: server-sent events, and one JSON object per line (NDJSON).
//!
//! Lines end in LF, CR or CRLF; the input may be split at any byte, also within a line end. The buffer contains the
//! data of the current event, without the names of the fields.

use std::mem::take;

use memchr::memchr;
use memchr::memchr2;

use super::buffer::FrameBuffer;
use super::frame::Frame;

#[derive(Debug, Default)]
pub(super) struct LineFramer {
    /// True if each line is a frame (NDJSON), rather than an event of several lines.
    is_ndjson: bool,
    line: LineState,
    /// True if the last byte was a carriage return. A line feed that follows belongs to the same line end.
    is_after_carriage_return: bool,
    has_data: bool,
    is_error_event: bool,
}

/// The state of the incomplete line.
#[derive(Debug, Default, Clone, Copy)]
enum LineState {
    #[default]
    Empty,
    /// The name of the field is incomplete.
    Name(ShortText),
    /// The value belongs to the data of the event.
    Data,
    /// The value is the name of the event.
    EventName(ShortText),
    /// A comment, or a field that is not read.
    Ignored,
}

/// A text of which only short values matter.
#[derive(Debug, Default, Clone, Copy)]
struct ShortText {
    bytes: [u8; 8],
    /// The length of the text, of which `bytes` may contain only the beginning.
    length: usize,
}

impl ShortText {
    fn push(&mut self, bytes: &[u8]) {
        for (slot, byte) in self.bytes.iter_mut().skip(self.length).zip(bytes) {
            *slot = *byte;
        }
        self.length = self.length.saturating_add(bytes.len());
    }

    /// Returns the text; empty if it is too long.
    fn get(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
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

    /// Reads a frame that consists of the line `bytes[..end]`, and of a blank line if it is an event, without copying
    /// the frame. Returns the length of the frame with its line ends, or `None` if the bytes begin otherwise or the
    /// frame exceeds the bound.
    fn read_whole_frame(
        &mut self,
        bytes: &[u8],
        end: usize,
        buffer: &FrameBuffer,
        on: &mut dyn FnMut(Frame<'_>),
    ) -> Option<usize> {
        let line = &bytes[..end];
        if !matches!(self.line, LineState::Empty) || self.has_data || bytes[end] != b'\n' {
            return None;
        }
        let (data, length) = if self.is_ndjson {
            (line, end + 1)
        } else {
            (line.strip_prefix(b"data:").filter(|_| bytes.get(end + 1) == Some(&b'\n'))?, end + 2)
        };
        if !buffer.fits(data) {
            return None;
        }
        on(Frame { data, is_error_event: take(&mut self.is_error_event), is_condensed: false });
        Some(length)
    }

    /// Handles the end of the stream, which may be in the middle of a line.
    pub(super) fn finish(&mut self, buffer: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        if !matches!(self.line, LineState::Empty) {
            self.end_line(buffer, on);
        }
        // The SSE standard discards a last event without a blank line, but some servers send one, so it is decoded.
        self.end_frame(buffer, on);
    }

    fn push_bytes(&mut self, bytes: &[u8], buffer: &mut FrameBuffer) {
        if bytes.is_empty() {
            return;
        }
        if matches!(self.line, LineState::Empty) {
            self.line = if self.is_ndjson { self.start_data(buffer) } else { LineState::Name(ShortText::default()) };
        }
        let mut value = bytes;
        if let LineState::Name(name) = &mut self.line {
            let colon = memchr(b':', bytes);
            name.push(&bytes[..colon.unwrap_or(bytes.len())]);
            let Some(colon) = colon else { return };
            let name = *name;
            self.line = self.start_value(name, buffer);
            value = &bytes[colon + 1..];
        }
        match &mut self.line {
            // The optional space after the colon is white space to the JSON reader.
            LineState::Data => buffer.push(value),
            LineState::EventName(name) => name.push(value),
            LineState::Empty | LineState::Name(_) | LineState::Ignored => {}
        }
    }

    /// Returns the state after the name of a field.
    fn start_value(&mut self, name: ShortText, buffer: &mut FrameBuffer) -> LineState {
        match name.get() {
            b"data" => self.start_data(buffer),
            // The field `error` is not in the SSE standard; llama.cpp sent errors in it.
            b"error" => {
                self.is_error_event = true;
                self.start_data(buffer)
            }
            b"event" => LineState::EventName(ShortText::default()),
            _ => LineState::Ignored,
        }
    }

    fn start_data(&mut self, buffer: &mut FrameBuffer) -> LineState {
        if self.has_data {
            buffer.push(b"\n");
        }
        self.has_data = true;
        LineState::Data
    }

    /// Handles the end of a line.
    fn end_line(&mut self, buffer: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        match take(&mut self.line) {
            LineState::Empty => self.end_frame(buffer, on),
            LineState::Data if self.is_ndjson => self.end_frame(buffer, on),
            LineState::EventName(name) => self.is_error_event |= name.get().trim_ascii() == b"error",
            // A name without a colon has an empty value.
            LineState::Name(name) => {
                self.start_value(name, buffer);
            }
            LineState::Data | LineState::Ignored => {}
        }
    }

    /// Handles the end of an event.
    fn end_frame(&mut self, buffer: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        let is_error_event = take(&mut self.is_error_event);
        if take(&mut self.has_data)
            && let Some((data, is_condensed)) = buffer.frame_text()
        {
            on(Frame { data, is_error_event, is_condensed });
        }
        buffer.clear();
    }
}
