//! Size limits of exported content.

/// Size limits of exported content after redaction, in bytes. Longer content is truncated, except blobs, which are
/// exported whole or without their bytes.
///
/// ```
/// use llmobs::capture::ContentLimits;
///
/// let limits = ContentLimits::default().part(4 * 1024).attribute(16 * 1024);
/// assert_eq!(limits.part_bytes(), 4 * 1024);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct ContentLimits {
    part: usize,
    attribute: usize,
    span: usize,
    media: usize,
}

impl ContentLimits {
    /// The smallest limit of an attribute, in bytes: room for `[]` and one empty message.
    const MIN_BYTES: usize = 32;

    /// Sets the limit of one part in bytes: of a text in UTF-8, or of the JSON of the arguments of a tool call or of a
    /// tool's response. Ids and names have limits of their own. Defaults to 8 KiB.
    pub const fn part(mut self, bytes: usize) -> Self {
        self.part = bytes;
        self
    }

    /// Sets the limit of one attribute, in bytes of JSON: all input messages, all output messages, the system
    /// instructions, the tool definitions, the retrieved documents, or one other value. Defaults to 32 KiB. Values
    /// below 32 bytes become 32.
    pub const fn attribute(mut self, bytes: usize) -> Self {
        self.attribute = if bytes < Self::MIN_BYTES { Self::MIN_BYTES } else { bytes };
        self
    }

    /// Sets the limit of all content in one span or event, in bytes of JSON. Defaults to 64 KiB. Values below 32 bytes
    /// become 32.
    pub const fn span(mut self, bytes: usize) -> Self {
        self.span = if bytes < Self::MIN_BYTES { Self::MIN_BYTES } else { bytes };
        self
    }

    /// Sets the size of the largest exported blob, in bytes before base64. Larger blobs are exported without their
    /// bytes, with only modality and media type. Defaults to 0: no bytes are exported. Blobs are never truncated or
    /// redacted.
    pub const fn media(mut self, bytes: usize) -> Self {
        self.media = bytes;
        self
    }

    /// Returns the limit of one part in bytes.
    #[must_use]
    pub const fn part_bytes(&self) -> usize {
        self.part
    }

    /// Returns the limit of one attribute in bytes.
    #[must_use]
    pub const fn attribute_bytes(&self) -> usize {
        self.attribute
    }

    /// Returns the limit of one span or event in bytes.
    #[must_use]
    pub const fn span_bytes(&self) -> usize {
        self.span
    }

    /// Returns the size of the largest exported blob in bytes.
    #[must_use]
    pub const fn media_bytes(&self) -> usize {
        self.media
    }
}

impl Default for ContentLimits {
    fn default() -> Self {
        Self { part: 8 * 1024, attribute: 32 * 1024, span: 64 * 1024, media: 0 }
    }
}
