//! The buffer of an incomplete frame, limited to a bound.

use std::fmt;

use super::condenser::Condenser;

/// The maximum capacity in bytes that is kept for the next frame.
const MAX_RETAINED_BYTES: usize = 16 * 1024;

/// A buffer for the JSON text of a frame. A text above the bound is condensed; one that is still above it is not stored.
/// The `Debug` output contains no bytes of the response.
pub(in crate::sse) struct FrameBuffer {
    bytes: Vec<u8>,
    max_bytes: usize,
    /// The state of the text that is being condensed, if the frame exceeded the bound.
    condenser: Option<Box<Condenser>>,
    /// True if the condensed text exceeds the bound too.
    is_overflowing: bool,
    /// The number of frames that were condensed and then were within the bound.
    pub(in crate::sse) condensed_frames: u64,
    /// The number of frames that were not stored.
    pub(in crate::sse) skipped_frames: u64,
}

impl FrameBuffer {
    pub(super) const fn new(max_bytes: usize) -> Self {
        Self {
            bytes: Vec::new(),
            max_bytes,
            condenser: None,
            is_overflowing: false,
            condensed_frames: 0,
            skipped_frames: 0,
        }
    }

    /// Sets the bound. A lower one applies to the bytes that follow.
    pub(in crate::sse) const fn set_max_bytes(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
    }

    /// Returns the allocated capacity in bytes.
    pub(in crate::sse) const fn allocated_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Returns whether a frame of these bytes is within the bound.
    pub(super) const fn fits(&self, bytes: &[u8]) -> bool {
        bytes.len() <= self.max_bytes
    }

    /// Returns the text of the frame, and whether it is condensed; `None` if the condensed text exceeds the bound too.
    /// Counts the frame as condensed or skipped, so it is called once for each frame.
    pub(super) fn frame_text(&mut self) -> Option<(&[u8], bool)> {
        if self.is_overflowing {
            self.skipped_frames += 1;
            return None;
        }
        let is_condensed = self.condenser.is_some();
        self.condensed_frames += u64::from(is_condensed);
        Some((&self.bytes, is_condensed))
    }

    /// Appends bytes. Condenses the text if it would exceed the bound.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.is_overflowing {
            return;
        }
        if self.condenser.is_none() {
            if self.bytes.len().saturating_add(bytes.len()) <= self.max_bytes {
                self.reserve(bytes.len());
                self.bytes.extend_from_slice(bytes);
                return;
            }
            let condenser = self.condenser.insert(Box::default());
            self.bytes.retain(|byte| condenser.keeps(*byte));
            self.bytes.shrink_to(MAX_RETAINED_BYTES);
        }
        for byte in bytes {
            if self.condenser.as_mut().is_some_and(|condenser| condenser.keeps(*byte)) {
                if self.bytes.len() >= self.max_bytes {
                    self.is_overflowing = true;
                    self.bytes = Vec::new();
                    return;
                }
                self.reserve(1);
                self.bytes.push(*byte);
            }
        }
    }

    /// Makes room for `count` bytes. Doubles the capacity like `Vec`, but never beyond the bound.
    fn reserve(&mut self, count: usize) {
        let needed = self.bytes.len() + count;
        if needed > self.bytes.capacity() {
            let capacity = self.bytes.capacity().saturating_mul(2).min(self.max_bytes).max(needed);
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
    }

    pub(super) fn clear(&mut self) {
        self.condenser = None;
        self.is_overflowing = false;
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
            .field("condensed", &self.condensed_frames)
            .field("skipped", &self.skipped_frames)
            .finish_non_exhaustive()
    }
}
