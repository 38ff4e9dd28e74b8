//! The rates of the bundled price data, obtained by asking for prices: the data itself is not accessible.

use genai_prices::Calculator;
use genai_prices::ErrorKind;
use genai_prices::PriceRequest;
use genai_prices::Usage;
use genai_prices::UsageKey;

use super::date::Slot;
use super::rate::RateKind;
use super::rate::Rates;
use super::rate_card::Bracket;
use super::rate_card::RateCard;
use super::unpriced::Unpriced;
use crate::number::to_f64;
use crate::semconv::value::CostSource;
use crate::semconv::value::ServiceTier;

/// The name and version of the data, as locked. A test compares it with the lock file.
pub(super) const VERSION: &str = "genai-prices 0.2.1";

/// The day of the last price in the data that had a start before the release, in seconds since 1970: 2026-10-20.
pub(super) const RELEASED_SECONDS: u64 = 1_792_454_400;

/// Numbers of input tokens between which the borders of brackets are searched. Prices that rise and fall again between
/// two of them are not found; the borders of the data are 32,000 to 524,288.
const GRID: &[u64] = &[
    1, 4_000, 8_000, 16_000, 24_000, 40_000, 64_000, 90_000, 110_000, 150_000, 199_500, 230_000, 264_000, 300_000,
    400_000, 518_000, 600_000, 800_000, 1_000_000, 1_500_000, 2_000_000, 4_000_000,
];

/// Tokens that are of two kinds at once.
const OVERLAPS: &[UsageKey] = &[
    UsageKey::CACHE_IMAGE_READ_TOKENS,
    UsageKey::CACHE_AUDIO_READ_TOKENS,
    UsageKey::CACHE_IMAGE_WRITE_TOKENS,
    UsageKey::CACHE_AUDIO_WRITE_TOKENS,
    UsageKey::CACHE_IMAGE_WRITE_1H_TOKENS,
    UsageKey::CACHE_AUDIO_WRITE_1H_TOKENS,
    UsageKey::OUTPUT_IMAGE_REASONING_TOKENS,
    UsageKey::OUTPUT_AUDIO_REASONING_TOKENS,
];

/// The bundled data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bundled(&'static Calculator);

impl Bundled {
    /// Decodes the data if this process has not done so; this takes tens of milliseconds.
    pub(super) fn load() -> Self {
        Self(Calculator::bundled())
    }

    /// Returns the prices of a model during a slot. `provider` is the name in the price data.
    pub(super) fn card(
        self,
        provider: &str,
        model: &str,
        tier: Option<ServiceTier>,
        slot: Slot,
    ) -> Result<RateCard, Unpriced> {
        // The search of the data for a provider accepts a part of a name, so a proxy could have the prices of another.
        if !self.0.providers().any(|known| known.id() == provider) {
            return Err(Unpriced::UnknownModel);
        }
        Question::new(self.0, provider, model, tier, slot).card()
    }
}

/// A model whose prices are asked for.
struct Question<'a> {
    calculator: &'a Calculator,
    provider: &'a str,
    model: &'a str,
    tier: Option<ServiceTier>,
    slot: Slot,
}

impl<'a> Question<'a> {
    const fn new(
        calculator: &'a Calculator,
        provider: &'a str,
        model: &'a str,
        tier: Option<ServiceTier>,
        slot: Slot,
    ) -> Self {
        Self { calculator, provider, model, tier, slot }
    }

    /// Returns the price of a usage in US dollars.
    fn ask<const N: usize>(&self, usage: [(UsageKey, f64); N]) -> Result<f64, ErrorKind> {
        self.ask_usage(&Usage::from(usage))
    }

    /// Returns the price of a usage in US dollars.
    fn ask_usage(&self, usage: &Usage) -> Result<f64, ErrorKind> {
        let mut request =
            PriceRequest::new(self.model, usage).with_provider_id(self.provider).with_timestamp(self.slot.start());
        match self.tier {
            Some(ServiceTier::Batch) => request = request.with_price_context("processing", "batch"),
            Some(tier) => request = request.with_price_context("service_tier", tier.as_str()),
            None => {}
        }
        self.calculator.calculate(&request).map(|price| price.total_price).map_err(|error| error.kind())
    }

    fn card(&self) -> Result<RateCard, Unpriced> {
        let fee = self.ask([]).map_err(|_| Unpriced::UnknownModel)?;
        if matches!(self.tier, Some(ServiceTier::Reserved | ServiceTier::Other)) {
            return Err(Unpriced::UnknownKind);
        }
        let own: Vec<_> = RateKind::ALL.into_iter().filter(|kind| self.has_own_price(*kind)).collect();
        let base = self.rates(fee, &own, 1);
        if base.is_empty() {
            return Err(Unpriced::NoPrices);
        }
        let higher = self.borders(fee, &own);
        let higher = higher.into_iter().map(|above| Bracket { above, rates: self.rates(fee, &own, above + 1) });
        Ok(RateCard::new(CostSource::Book, base, higher.collect()))
    }

    /// Returns true if a kind of tokens has a price of its own. Without one, the data has no price for it or that of a
    /// more general kind. A usage whose part is larger than its whole is an error only if the part has a price.
    fn has_own_price(&self, kind: RateKind) -> bool {
        const INPUT: UsageKey = UsageKey::INPUT_TOKENS;
        const OUTPUT: UsageKey = UsageKey::OUTPUT_TOKENS;
        let answer = match kind {
            RateKind::Input => self.ask([(UsageKey::CACHE_READ_TOKENS, 1.0)]),
            RateKind::CacheRead => self.ask([(INPUT, 1.0), (UsageKey::CACHE_READ_TOKENS, 2.0)]),
            RateKind::CacheWrite => self.ask([(INPUT, 1.0), (UsageKey::CACHE_WRITE_TOKENS, 2.0)]),
            RateKind::CacheWrite1h => {
                self.ask([(INPUT, 3.0), (UsageKey::CACHE_WRITE_TOKENS, 1.0), (UsageKey::CACHE_WRITE_1H_TOKENS, 2.0)])
            }
            RateKind::InputImage => self.ask([(INPUT, 1.0), (UsageKey::INPUT_IMAGE_TOKENS, 2.0)]),
            RateKind::InputAudio => self.ask([(INPUT, 1.0), (UsageKey::INPUT_AUDIO_TOKENS, 2.0)]),
            RateKind::Output => self.ask([(UsageKey::OUTPUT_REASONING_TOKENS, 1.0)]),
            RateKind::Reasoning => self.ask([(OUTPUT, 1.0), (UsageKey::OUTPUT_REASONING_TOKENS, 2.0)]),
            RateKind::OutputImage => self.ask([(OUTPUT, 1.0), (UsageKey::OUTPUT_IMAGE_TOKENS, 2.0)]),
            RateKind::OutputAudio => self.ask([(OUTPUT, 1.0), (UsageKey::OUTPUT_AUDIO_TOKENS, 2.0)]),
            // A fee has no more general kind.
            RateKind::Request | RateKind::Search => return true,
        };
        answer == Err(ErrorKind::InvalidUsage)
    }

    /// Returns the rates of a request with this many input tokens. The data has no price of zero for a kind.
    fn rates(&self, fee: f64, own: &[RateKind], input_tokens: u64) -> Rates {
        let mut rates = Rates::default();
        for kind in own {
            let dollars = self.dollars_per_unit(fee, *kind, input_tokens).unwrap_or(0.0);
            rates.set(*kind, to_rate(dollars).filter(|rate| *rate > 0));
        }
        rates
    }

    /// Returns the price of one token, request or search of a request with this many input tokens.
    fn dollars_per_unit(&self, fee: f64, kind: RateKind, input_tokens: u64) -> Result<f64, ErrorKind> {
        /// A number of output tokens or searches whose price has no rounding error that matters.
        const MANY: f64 = 1e6;
        let total = to_f64(input_tokens);
        let input = (UsageKey::INPUT_TOKENS, total);
        let part = |key| self.ask([(UsageKey::INPUT_TOKENS, total), (key, total)]).map(|price| (price - fee) / total);
        let addition = |key| {
            let base = self.ask([(UsageKey::INPUT_TOKENS, total)])?;
            Ok((self.ask([(UsageKey::INPUT_TOKENS, total), (key, MANY)])? - base) / MANY)
        };
        let part_of_output = |key| {
            let base = self.ask([(UsageKey::INPUT_TOKENS, total)])?;
            let usage = [(UsageKey::INPUT_TOKENS, total), (UsageKey::OUTPUT_TOKENS, MANY), (key, MANY)];
            Ok((self.ask(usage)? - base) / MANY)
        };
        match kind {
            RateKind::Input => self.ask([input]).map(|price| (price - fee) / total),
            RateKind::CacheRead => part(UsageKey::CACHE_READ_TOKENS),
            RateKind::CacheWrite => part(UsageKey::CACHE_WRITE_TOKENS),
            RateKind::CacheWrite1h => {
                let usage = [input, (UsageKey::CACHE_WRITE_TOKENS, total), (UsageKey::CACHE_WRITE_1H_TOKENS, total)];
                self.ask(usage).map(|price| (price - fee) / total)
            }
            RateKind::InputImage => part(UsageKey::INPUT_IMAGE_TOKENS),
            RateKind::InputAudio => part(UsageKey::INPUT_AUDIO_TOKENS),
            RateKind::Output => addition(UsageKey::OUTPUT_TOKENS),
            RateKind::Reasoning => part_of_output(UsageKey::OUTPUT_REASONING_TOKENS),
            RateKind::OutputImage => part_of_output(UsageKey::OUTPUT_IMAGE_TOKENS),
            RateKind::OutputAudio => part_of_output(UsageKey::OUTPUT_AUDIO_TOKENS),
            RateKind::Request => Ok(fee),
            RateKind::Search => addition(UsageKey::WEB_SEARCHES),
        }
    }

    /// Returns the largest number of input tokens below each change of a price, ascending.
    fn borders(&self, fee: f64, own: &[RateKind]) -> Vec<u64> {
        let price_of = |tokens| self.mixture(fee, own, tokens);
        let differ = |one: f64, other: f64| (one - other).abs() > one.abs() * 1e-9;
        let mut borders = Vec::new();
        let Some((first, rest)) = GRID.split_first() else { return borders };
        let (mut below, mut price) = (*first, price_of(*first));
        for above in rest {
            let price_above = price_of(*above);
            // Every change up to the next point of the grid, of which the last one has the price there.
            while differ(price, price_above) {
                let (mut same, mut changed) = (below, *above);
                while changed - same > 1 {
                    let middle = same + (changed - same) / 2;
                    if differ(price, price_of(middle)) { changed = middle } else { same = middle }
                }
                borders.push(same);
                (below, price) = (changed, price_of(changed));
            }
            below = *above;
        }
        borders
    }

    /// Returns the price of a mixture of all kinds of tokens, per input token, of a request with this many input tokens. It
    /// differs between two numbers of input tokens if the price of any kind does.
    fn mixture(&self, fee: f64, own: &[RateKind], input_tokens: u64) -> f64 {
        let total = to_f64(input_tokens);
        let mut usage = Usage::from([(UsageKey::INPUT_TOKENS, total)]);
        // A token can be cached and of an image or audio: none is here. Without the zeros, the usage would be unclear.
        for overlap in OVERLAPS {
            usage.insert(overlap.clone(), 0.0);
        }
        for kind in own {
            // Powers of two are exact. The parts are disjoint, except that of the hour within all cache writes.
            match kind {
                RateKind::CacheRead => usage.insert(UsageKey::CACHE_READ_TOKENS, total / 4.0),
                RateKind::CacheWrite => usage.insert(UsageKey::CACHE_WRITE_TOKENS, total / 8.0),
                RateKind::CacheWrite1h => usage.insert(UsageKey::CACHE_WRITE_1H_TOKENS, total / 16.0),
                RateKind::InputImage => usage.insert(UsageKey::INPUT_IMAGE_TOKENS, total / 32.0),
                RateKind::InputAudio => usage.insert(UsageKey::INPUT_AUDIO_TOKENS, total / 64.0),
                RateKind::Output => usage.insert(UsageKey::OUTPUT_TOKENS, total),
                RateKind::Reasoning => usage.insert(UsageKey::OUTPUT_REASONING_TOKENS, total / 4.0),
                RateKind::OutputImage => usage.insert(UsageKey::OUTPUT_IMAGE_TOKENS, total / 8.0),
                RateKind::OutputAudio => usage.insert(UsageKey::OUTPUT_AUDIO_TOKENS, total / 16.0),
                RateKind::Input | RateKind::Request | RateKind::Search => None,
            };
        }
        self.ask_usage(&usage).map_or(0.0, |price| (price - fee) / total)
    }
}

/// Converts US dollars per unit to nano-dollars per million units; rates with more than 9 decimals per million units
/// are rounded. `None` for what is not a price.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn to_rate(dollars: f64) -> Option<u64> {
    let rate = (dollars * 1e15).round();
    (0.0..1e19).contains(&rate).then_some(rate as u64)
}

#[cfg(test)]
mod tests;
