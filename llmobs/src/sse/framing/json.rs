//! Framing of JSON objects in sequence, bare or in an array, with any white space.

use std::mem::take;

use super::buffer::FrameBuffer;
use super::frame::Frame;

#[derive(Debug)]
pub(super) struct JsonFramer {
    /// The number of open braces. Bytes outside of all objects, for example the brackets and commas of an array, are
    /// skipped.
    depth: usize,
    is_in_string: bool,
    is_escaped: bool,
}

impl JsonFramer {
    pub(super) const fn new() -> Self {
        Self { depth: 0, is_in_string: false, is_escaped: false }
    }

    pub(super) fn feed(&mut self, bytes: &[u8], buffer: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        let mut start = 0;
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if take(&mut self.is_escaped) => {}
                b'\\' if self.is_in_string => self.is_escaped = true,
                b'"' if self.depth > 0 => self.is_in_string = !self.is_in_string,
                _ if self.is_in_string => {}
                b'{' => {
                    if self.depth == 0 {
                        start = at;
                    }
                    self.depth += 1;
                }
                b'}' if self.depth == 1 => {
                    buffer.push(&bytes[start..=at]);
                    self.end_frame(buffer, on);
                }
                b'}' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        if self.depth > 0 {
            buffer.push(&bytes[start..]);
        }
    }

    /// Handles the end of the stream, which may be in the middle of an object.
    pub(super) fn finish(&mut self, buffer: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        if self.depth > 0 {
            self.end_frame(buffer, on);
        }
    }

    fn end_frame(&mut self, buffer: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        if let Some((data, is_condensed)) = buffer.frame_text() {
            on(Frame { data, is_error_event: false, is_condensed });
        }
        buffer.clear();
        *self = Self::new();
    }
}
