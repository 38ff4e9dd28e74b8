//! The bytes of a frame that has not ended, never more than a bound.

use std::fmt;

/// Space that a frame needed is kept for the next one up to this size, in bytes.
const MAX_RETAINED_BYTES: usize = 16 * 1024;

/// Its `Debug` prints no byte of an answer.
pub(in crate::sse) struct FrameBuffer {
    bytes: Vec<u8>,
    bound: usize,
    /// Frames that were too long.
    pub(in crate::sse) skipped: u64,
}

impl FrameBuffer {
    pub(super) const fn new(bound: usize) -> Self {
        Self { bytes: Vec::new(), bound, skipped: 0 }
    }

    pub(in crate::sse) const fn set_bound(&mut self, bound: usize) {
        self.bound = bound;
    }

    /// What is allocated, in bytes.
    pub(in crate::sse) const fn allocated(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Tells whether there was room. If not, nothing is kept any more.
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        let needed = self.bytes.len().saturating_add(bytes.len());
        if needed > self.bound {
            self.bytes = Vec::new();
            return false;
        }
        if needed > self.bytes.capacity() {
            // Twice as much as before, as a `Vec` would, yet never past the bound.
            let room = self.bytes.capacity().saturating_mul(2).clamp(needed, self.bound);
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
        true
    }

    /// Moves `from..` to `to`, which lies before it, behind a line feed if one is wanted. Returns the new length.
    pub(super) fn pull_down(&mut self, from: usize, to: usize, line_feed: bool) -> usize {
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
            .field("bound", &self.bound)
            .field("skipped", &self.skipped)
            .finish_non_exhaustive()
    }
}
