//! The buffer of an incomplete frame, limited to a bound.

use std::fmt;

/// The maximum capacity in bytes that is kept for the next frame.
const MAX_RETAINED_BYTES: usize = 16 * 1024;

/// A buffer for the bytes of a frame. Its `Debug` output contains no bytes of the response.
pub(in crate::sse) struct FrameBuffer {
    bytes: Vec<u8>,
    max_bytes: usize,
    /// The number of frames that were longer than the bound.
    pub(in crate::sse) skipped_frames: u64,
}

impl FrameBuffer {
    pub(super) const fn new(max_bytes: usize) -> Self {
        Self { bytes: Vec::new(), max_bytes, skipped_frames: 0 }
    }

    pub(in crate::sse) const fn set_max_bytes(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
    }

    /// Returns the allocated capacity in bytes.
    pub(in crate::sse) const fn allocated_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns whether a frame of these bytes is within the bound.
    pub(super) const fn fits(&self, bytes: &[u8]) -> bool {
        bytes.len() <= self.max_bytes
    }

    /// Appends bytes. Returns `false` and frees the buffer if the bound would be exceeded.
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        let needed = self.bytes.len().saturating_add(bytes.len());
        if needed > self.max_bytes {
            self.bytes = Vec::new();
            return false;
        }
        if needed > self.bytes.capacity() {
            // Double the capacity like `Vec`, but never beyond the bound.
            let capacity = self.bytes.capacity().saturating_mul(2).clamp(needed, self.max_bytes);
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
        true
    }

    /// Moves the bytes `from..` down to `to`, preceded by a line feed if `line_feed` is set. Returns the new length.
    pub(super) fn compact(&mut self, from: usize, to: usize, line_feed: bool) -> usize {
        let mut to = to;
        if line_feed {
            self.bytes[to] = b'\n';
            to += 1;
        }
        self.bytes.copy_within(from.., to);
        let length = to + self.bytes.len() - from;
        self.bytes.truncate(length);
        length
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    pub(super) fn clear(&mut self) {
        if self.bytes.capacity() > MAX_RETAINED_BYTES {
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
        }
    }
}

impl fmt::Debug for FrameBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameBuffer")
            .field("bound", &self.max_bytes)
            .field("skipped", &self.skipped_frames)
            .finish_non_exhaustive()
    }
}
