//! Framing of JSON objects in sequence, bare or in an array, with any white space.

use std::mem::take;

use super::Frame;
use super::buffer::FrameBuffer;

#[derive(Debug, Default)]
pub(super) struct JsonFramer {
    /// The number of open braces. Bytes outside of all objects, for example the brackets and commas of an array, are
    /// skipped.
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// True if the current object exceeded the bound. Its bytes are not stored.
    skipping: bool,
}

impl JsonFramer {
    pub(super) fn feed(&mut self, bytes: &[u8], held: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        let mut begin = 0;
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if take(&mut self.escaped) => {}
                b'\\' if self.in_string => self.escaped = true,
                b'"' if self.depth > 0 => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' => {
                    if self.depth == 0 {
                        begin = at;
                    }
                    self.depth += 1;
                }
                b'}' if self.depth == 1 => {
                    self.push_bytes(&bytes[begin..=at], held);
                    self.end(held, on);
                }
                b'}' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        if self.depth > 0 {
            self.push_bytes(&bytes[begin..], held);
        }
    }

    /// Handles the end of the stream, which may be in the middle of an object.
    pub(super) fn finish(&mut self, held: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        if self.depth > 0 {
            self.end(held, on);
        }
    }

    fn push_bytes(&mut self, bytes: &[u8], held: &mut FrameBuffer) {
        if !self.skipping {
            self.skipping = !held.push(bytes);
        }
    }

    fn end(&mut self, held: &mut FrameBuffer, on: &mut dyn FnMut(Frame<'_>)) {
        if self.skipping {
            held.skipped += 1;
        } else {
            on(Frame { data: held.bytes(), is_error_event: false });
        }
        held.clear();
        *self = Self::default();
    }
}
