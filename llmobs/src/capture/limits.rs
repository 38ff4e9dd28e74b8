//! How much content may leave.

/// How many bytes of content may leave, at each level. Bytes are those of the JSON.
///
/// ```
/// use llmobs::capture::ContentLimits;
///
/// let limits = ContentLimits::default().part(4 * 1024).list(16 * 1024);
/// assert_eq!(limits.part_bytes(), 4 * 1024);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct ContentLimits {
    part: usize,
    list: usize,
    span: usize,
    media: usize,
}

impl ContentLimits {
    /// The smallest list: `[]` fits with room for one empty message.
    const SMALLEST: usize = 32;

    /// Bytes of one part: a text, the arguments of a call, an answer. Defaults to 8 KiB.
    pub const fn part(mut self, bytes: usize) -> Self {
        self.part = bytes;
        self
    }

    /// Bytes of one attribute: all input messages, all output messages, the instructions, the definitions. Defaults to
    /// 32 KiB; less than 32 bytes is taken as 32.
    pub const fn list(mut self, bytes: usize) -> Self {
        self.list = if bytes < Self::SMALLEST { Self::SMALLEST } else { bytes };
        self
    }

    /// Bytes of all content on one span, or in one event. Defaults to 64 KiB; less than 32 bytes is taken as 32.
    pub const fn span(mut self, bytes: usize) -> Self {
        self.span = if bytes < Self::SMALLEST { Self::SMALLEST } else { bytes };
        self
    }

    /// The longest blob that goes along, in bytes before base64. Of longer ones the kind alone is said. Defaults to 0:
    /// none goes along. A blob is never cut, and never looked at.
    pub const fn media(mut self, bytes: usize) -> Self {
        self.media = bytes;
        self
    }

    /// Bytes of one part.
    #[must_use]
    pub const fn part_bytes(&self) -> usize {
        self.part
    }

    /// Bytes of one attribute.
    #[must_use]
    pub const fn list_bytes(&self) -> usize {
        self.list
    }

    /// Bytes of one span or event.
    #[must_use]
    pub const fn span_bytes(&self) -> usize {
        self.span
    }

    /// Bytes of the longest blob.
    #[must_use]
    pub const fn media_bytes(&self) -> usize {
        self.media
    }
}

impl Default for ContentLimits {
    fn default() -> Self {
        Self { part: 8 * 1024, list: 32 * 1024, span: 64 * 1024, media: 0 }
    }
}
