//! Frames made of lines: server-sent events, and one JSON object a line.
//!
//! Lines end in LF, CR or CRLF, wherever the bytes are cut. The one buffer holds the data of the event so far and
//! behind it the line that has not ended.

use std::mem::take;

use super::Frame;
use super::buffer::FrameBuffer;

#[derive(Debug, Default)]
pub(super) struct LineFramer {
    /// A frame is one line, not an event of several.
    is_ndjson: bool,
    line: LineState,
    /// A line feed that comes next belongs to the line end before it.
    is_after_carriage_return: bool,
    /// How much of what is held is data of the event.
    data: usize,
    has_data: bool,
    is_error_event: bool,
    /// The frame was too long; nothing of it is kept.
    skipping: bool,
}

/// The line that has not ended.
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

    pub(super) fn feed(&mut self, bytes: &[u8], held: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            if take(&mut self.is_after_carriage_return) && *first == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.part(rest, held);
                return;
            };
            self.part(&rest[..end], held);
            self.is_after_carriage_return = rest[end] == b'\r';
            self.line(held, on);
            rest = &rest[end + 1..];
        }
    }

    /// The bytes end here, perhaps in the midst of a line.
    pub(super) fn finish(&mut self, held: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        if self.line != LineState::Empty {
            self.line(held, on);
        }
        // A last event without its blank line is not an event by the letter; servers send it all the same.
        self.event(held, on);
    }

    fn part(&mut self, bytes: &[u8], held: &mut FrameBuffer) {
        let Some(first) = bytes.first() else { return };
        if self.line == LineState::Empty {
            self.line = if *first == b':' && !self.is_ndjson { LineState::Comment } else { LineState::Buffered };
        }
        if self.line == LineState::Buffered && !self.skipping {
            self.skipping = !held.push(bytes);
        }
    }

    /// The line ended.
    fn line(&mut self, held: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        match take(&mut self.line) {
            LineState::Comment => {}
            LineState::Empty => self.event(held, on),
            LineState::Buffered if self.is_ndjson => {
                (self.data, self.has_data) = (held.bytes().len(), true);
                self.event(held, on);
            }
            LineState::Buffered if self.skipping => {}
            LineState::Buffered => self.field(held),
        }
    }

    fn field(&mut self, held: &mut FrameBuffer) {
        let line = &held.bytes()[self.data..];
        let colon = line.iter().position(|byte| *byte == b':');
        let name = &line[..colon.unwrap_or(line.len())];
        // The one space that may follow is white space to JSON.
        let value = colon.map_or(line.len(), |colon| colon + 1);
        match name {
            // `error` is no field of the standard; llama.cpp sent its errors so.
            b"data" | b"error" => {
                self.is_error_event |= name == b"error";
                self.data = held.pull_down(self.data + value, self.data, self.has_data);
                self.has_data = true;
            }
            b"event" => {
                self.is_error_event |= line[value..].trim_ascii() == b"error";
                held.truncate(self.data);
            }
            _ => held.truncate(self.data),
        }
    }

    /// The event ended.
    fn event(&mut self, held: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        if take(&mut self.skipping) {
            held.skipped += 1;
        } else if self.has_data {
            on(Frame { data: &held.bytes()[..self.data], is_error_event: self.is_error_event });
        }
        held.clear();
        (self.data, self.has_data, self.is_error_event) = (0, false, false);
    }
}
