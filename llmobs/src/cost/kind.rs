//! The kinds of a cost.

/// The kind of a part of a cost. The kinds do not overlap, so the parts add up to the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CostKind {
    /// Input tokens, of text or of a modality without a price of its own, that were neither read from nor written to a
    /// cache.
    Uncached,
    /// Input tokens that were read from a cache.
    CacheRead,
    /// Input tokens that were written to a cache, for minutes or for an hour.
    CacheWrite,
    /// Input tokens of images, if the model has a price for them.
    InputImage,
    /// Input tokens of audio, if the model has a price for them.
    InputAudio,
    /// Output tokens that are not of another kind.
    Text,
    /// Output tokens of reasoning.
    Reasoning,
    /// Output tokens of images, if the model has a price for them.
    OutputImage,
    /// Output tokens of audio, if the model has a price for them.
    OutputAudio,
    /// A fee for the request itself.
    Request,
    /// Fees for the web searches of the request.
    Search,
    /// The time for which the operation used a GPU of one's own.
    GpuTime,
    /// A total that the provider reported, without its parts.
    Unknown,
}

impl CostKind {
    /// Every kind, in the order of the variants.
    pub const ALL: &'static [Self] = &[
        Self::Uncached,
        Self::CacheRead,
        Self::CacheWrite,
        Self::InputImage,
        Self::InputAudio,
        Self::Text,
        Self::Reasoning,
        Self::OutputImage,
        Self::OutputAudio,
        Self::Request,
        Self::Search,
        Self::GpuTime,
        Self::Unknown,
    ];

    /// Returns the direction of the tokens: `input`, `output`, or `none` for a cost that is not of tokens or of a
    /// direction that is not known.
    #[must_use]
    pub const fn direction(self) -> &'static str {
        match self {
            Self::Uncached | Self::CacheRead | Self::CacheWrite | Self::InputImage | Self::InputAudio => "input",
            Self::Text | Self::Reasoning | Self::OutputImage | Self::OutputAudio => "output",
            Self::Request | Self::Search | Self::GpuTime | Self::Unknown => "none",
        }
    }

    /// Returns the name of the kind within its direction, as recorded in labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uncached => "uncached",
            Self::CacheRead => "cache_read",
            Self::CacheWrite => "cache_write",
            Self::InputImage | Self::OutputImage => "image",
            Self::InputAudio | Self::OutputAudio => "audio",
            Self::Text => "text",
            Self::Reasoning => "reasoning",
            Self::Request => "request",
            Self::Search => "search",
            Self::GpuTime => "gpu_time",
            Self::Unknown => "unknown",
        }
    }

    /// Returns the direction and the name, as recorded in the parts of a cost.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Uncached => "input.uncached",
            Self::CacheRead => "input.cache_read",
            Self::CacheWrite => "input.cache_write",
            Self::InputImage => "input.image",
            Self::InputAudio => "input.audio",
            Self::Text => "output.text",
            Self::Reasoning => "output.reasoning",
            Self::OutputImage => "output.image",
            Self::OutputAudio => "output.audio",
            Self::Request | Self::Search | Self::GpuTime | Self::Unknown => self.as_str(),
        }
    }

    /// Returns the index of this kind in [`Self::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}
