//! The rates of a model: prices by kind of tokens and fees, as integers.

/// A kind of tokens or fees that can have a price of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RateKind {
    Input,
    CacheRead,
    CacheWrite,
    CacheWrite1h,
    InputImage,
    InputAudio,
    Output,
    Reasoning,
    OutputImage,
    OutputAudio,
    /// A fee for each request.
    Request,
    /// A fee for each web search.
    Search,
}

impl RateKind {
    /// Every kind, in the order of the variants.
    pub(super) const ALL: [Self; 12] = [
        Self::Input,
        Self::CacheRead,
        Self::CacheWrite,
        Self::CacheWrite1h,
        Self::InputImage,
        Self::InputAudio,
        Self::Output,
        Self::Reasoning,
        Self::OutputImage,
        Self::OutputAudio,
        Self::Request,
        Self::Search,
    ];

    /// Returns the key of the kind in an overlay.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::CacheRead => "cache_read",
            Self::CacheWrite => "cache_write",
            Self::CacheWrite1h => "cache_write_1h",
            Self::InputImage => "input_image",
            Self::InputAudio => "input_audio",
            Self::Output => "output",
            Self::Reasoning => "reasoning",
            Self::OutputImage => "output_image",
            Self::OutputAudio => "output_audio",
            Self::Request => "request",
            Self::Search => "search",
        }
    }

    /// Returns true for a price of one request or search, and not of a million tokens.
    pub(super) const fn is_fee(self) -> bool {
        matches!(self, Self::Request | Self::Search)
    }
}

/// Prices by kind, each in nano-dollars per million units; `None` for a kind without a price of its own. The unit is a
/// token, a request or a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rates([Option<u64>; RateKind::ALL.len()]);

impl Rates {
    pub(super) const fn get(&self, kind: RateKind) -> Option<u64> {
        self.0[kind as usize]
    }

    pub(super) const fn set(&mut self, kind: RateKind, rate: Option<u64>) {
        self.0[kind as usize] = rate;
    }

    /// Returns these rates, with those of `base` for kinds without a price of their own.
    pub(super) fn or(&self, base: &Self) -> Self {
        let mut rates = *base;
        for kind in RateKind::ALL {
            if let Some(rate) = self.get(kind) {
                rates.set(kind, Some(rate));
            }
        }
        rates
    }

    /// Returns every rate of tokens times `billionths` / 10⁹, rounded half up. Fees stay the same.
    pub(super) fn with_token_factor(&self, billionths: u64) -> Self {
        let mut rates = *self;
        for kind in RateKind::ALL.into_iter().filter(|kind| !kind.is_fee()) {
            rates.set(kind, self.get(kind).map(|rate| scaled(rate, billionths)));
        }
        rates
    }

    /// Returns every rate in US dollars, from rates in a currency whose unit costs `nanos` nano-dollars. Rounded half up.
    pub(super) fn exchanged(&self, nanos: u64) -> Self {
        Self(self.0.map(|rate| rate.map(|rate| scaled(rate, nanos))))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Returns the highest of the rates of some kinds; `None` if none has a price.
    pub(super) fn highest(&self, kinds: &[RateKind]) -> Option<u64> {
        kinds.iter().filter_map(|kind| self.get(*kind)).max()
    }
}

/// Returns `rate` times `billionths` / 10⁹, rounded half up.
fn scaled(rate: u64, billionths: u64) -> u64 {
    let scaled = (u128::from(rate) * u128::from(billionths) + 500_000_000) / 1_000_000_000;
    u64::try_from(scaled).unwrap_or(u64::MAX)
}
