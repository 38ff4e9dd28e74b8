//! The rates of one model for a while, by the number of input tokens, and the arithmetic that applies them.

use super::kind::CostKind;
use super::operation_cost::Cost;
use super::rate::RateKind;
use super::rate::Rates;
use super::unpriced::Unpriced;
use super::usd::Usd;
use crate::semconv::value::CostQuality;
use crate::semconv::value::CostSource;
use crate::usage::Usage;

/// Rates are per million units.
const UNITS_PER_RATE: u128 = UNITS_PER_RATE_U64 as u128;
const UNITS_PER_RATE_U64: u64 = 1_000_000;

/// The prices of one model in one class of service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RateCard {
    source: CostSource,
    /// The rates by the number of input tokens, which price every token of the request: those of the last bracket whose
    /// border is below the number of input tokens. The first one has the border 0 and is always present.
    brackets: Vec<Bracket>,
}

/// The rates of requests with more input tokens than a border.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bracket {
    /// The largest number of input tokens that is still below this bracket.
    pub(super) above: u64,
    pub(super) rates: Rates,
}

impl RateCard {
    /// Creates a card from rates for any number of input tokens, and brackets for more, by ascending borders.
    pub(super) fn new(source: CostSource, base: Rates, higher: Vec<Bracket>) -> Self {
        let mut brackets = Vec::with_capacity(1 + higher.len());
        brackets.push(Bracket { above: 0, rates: base });
        brackets.extend(higher);
        Self { source, brackets }
    }

    /// Returns the rates of a request with this many input tokens.
    pub(super) fn rates(&self, input_tokens: u64) -> &Rates {
        let after = self.brackets.partition_point(|bracket| bracket.above == 0 || bracket.above < input_tokens);
        &self.brackets[after.saturating_sub(1)].rates
    }

    #[cfg(test)]
    pub(super) fn brackets(&self) -> &[Bracket] {
        &self.brackets
    }

    /// Returns the cost of a usage, in parts by kind that sum to the total. The total is rounded half up to a whole
    /// number of nano-dollars.
    pub(super) fn cost(&self, usage: &Usage, quality: CostQuality) -> Result<Cost, Unpriced> {
        let partition = usage.partition();
        let rates = self.rates(usage.input.unwrap_or(0));
        if rates.is_empty() {
            return Err(Unpriced::NoPrices);
        }
        require_known(usage.input, rates.get(RateKind::Input))?;
        require_known(usage.output, rates.get(RateKind::Output))?;
        let mut products = Products::new(rates);

        // Providers do not report which of the cached tokens are images or audio: those that are not cached count first.
        let [_, image, audio, _] = usage.details.input.divide(usage.input.unwrap_or(0));
        let audio = products.add_modality(RateKind::InputAudio, CostKind::InputAudio, audio.min(partition.uncached));
        let image = image.min(partition.uncached - audio);
        let image = products.add_modality(RateKind::InputImage, CostKind::InputImage, image);
        // The prices of cached images and audio differ from those of cached text for some models.
        let is_estimated = image + audio > 0 && partition.uncached < usage.input.unwrap_or(0);
        let quality = if is_estimated { CostQuality::Estimated } else { quality };
        products.add(RateKind::Input, CostKind::Uncached, partition.uncached - image - audio)?;
        products.add(RateKind::CacheRead, CostKind::CacheRead, partition.cache_read)?;
        let write_1h = partition.cache_write.min(usage.details.cache_write_1h.into());
        products.add(RateKind::CacheWrite1h, CostKind::CacheWrite, write_1h)?;
        products.add(RateKind::CacheWrite, CostKind::CacheWrite, partition.cache_write - write_1h)?;

        let [_, image, audio, _] = usage.details.output.divide(usage.output.unwrap_or(0));
        let audio = products.add_modality(RateKind::OutputAudio, CostKind::OutputAudio, audio.min(partition.text));
        let image = image.min(partition.text - audio);
        let image = products.add_modality(RateKind::OutputImage, CostKind::OutputImage, image);
        products.add(RateKind::Output, CostKind::Text, partition.text - image - audio)?;
        let reasoning = if rates.get(RateKind::Reasoning).is_some() { RateKind::Reasoning } else { RateKind::Output };
        products.add(reasoning, CostKind::Reasoning, partition.reasoning)?;

        products.add(RateKind::Search, CostKind::Search, usage.details.web_searches.into())?;
        if rates.get(RateKind::Request).is_some() {
            products.add(RateKind::Request, CostKind::Request, 1)?;
        }
        Ok(products.into_cost(self.source, quality))
    }

    /// Returns an upper bound of the cost of a request in the bracket of its input tokens or below: each input token at
    /// the highest price of an input token, each output token at the highest of an output token, and the fee of the
    /// request. Rounded up. Returns `None` without a price for either direction.
    pub(super) fn highest_cost(&self, input_tokens: u64, output_tokens: u64) -> Option<Usd> {
        const INPUT: &[RateKind] = &[
            RateKind::Input,
            RateKind::CacheRead,
            RateKind::CacheWrite,
            RateKind::CacheWrite1h,
            RateKind::InputImage,
            RateKind::InputAudio,
        ];
        const OUTPUT: &[RateKind] =
            &[RateKind::Output, RateKind::Reasoning, RateKind::OutputImage, RateKind::OutputAudio];
        let reached = || self.brackets.iter().filter(|bracket| bracket.above == 0 || bracket.above < input_tokens);
        let highest = |kinds| reached().filter_map(|bracket| bracket.rates.highest(kinds)).max();
        let product = |tokens: u64, kinds| match (tokens, highest(kinds)) {
            (0, rate) => Some(rate.map_or(0, |_| 0)),
            (_, rate) => Some(u128::from(tokens) * u128::from(rate?)),
        };
        if highest(INPUT).is_none() && highest(OUTPUT).is_none() {
            return None;
        }
        let fee = u128::from(highest(&[RateKind::Request]).unwrap_or(0));
        let sum = product(input_tokens, INPUT)?.saturating_add(product(output_tokens, OUTPUT)?).saturating_add(fee);
        Some(Usd::from_nanos(u64::try_from(sum.div_ceil(UNITS_PER_RATE)).unwrap_or(u64::MAX)))
    }
}

/// Returns an error if a number of tokens is not known and each of them has a price above zero.
fn require_known(tokens: Option<u64>, rate: Option<u64>) -> Result<(), Unpriced> {
    if tokens.is_none() && rate.is_some_and(|rate| rate > 0) { Err(Unpriced::NoUsage) } else { Ok(()) }
}

/// The products of units and rates, by kind of cost.
struct Products<'a> {
    rates: &'a Rates,
    by_kind: [u128; CostKind::ALL.len()],
}

impl<'a> Products<'a> {
    const fn new(rates: &'a Rates) -> Self {
        Self { rates, by_kind: [0; CostKind::ALL.len()] }
    }

    /// Adds units at a rate; an error if there are units and no rate.
    fn add(&mut self, rate: RateKind, kind: CostKind, units: u64) -> Result<(), Unpriced> {
        if units == 0 {
            return Ok(());
        }
        let rate = self.rates.get(rate).ok_or(Unpriced::UnknownKind)?;
        let product = &mut self.by_kind[kind.index()];
        *product = product.saturating_add(u128::from(units) * u128::from(rate));
        Ok(())
    }

    /// Adds tokens of a modality if it has a price of its own, and returns how many it added.
    fn add_modality(&mut self, rate: RateKind, kind: CostKind, tokens: u64) -> u64 {
        if self.add(rate, kind, tokens).is_ok() { tokens } else { 0 }
    }

    /// Returns the parts in whole nano-dollars: each is rounded down, and the nano-dollars that are then missing from
    /// the rounded total go to the parts with the largest remainders.
    fn into_cost(self, source: CostSource, quality: CostQuality) -> Cost {
        let sum = self.by_kind.iter().fold(0_u128, |sum, product| sum.saturating_add(*product));
        let (total, _) = divide(sum.saturating_add(UNITS_PER_RATE / 2));
        let mut parts = self.by_kind.map(|product| divide(product).0);
        let mut remainders = self.by_kind.map(|product| divide(product).1);
        let mut missing = total.saturating_sub(parts.iter().sum());
        while missing > 0 {
            let mut largest = 0;
            for (index, remainder) in remainders.iter().enumerate() {
                if *remainder > remainders[largest] {
                    largest = index;
                }
            }
            parts[largest] += 1;
            remainders[largest] = 0;
            missing -= 1;
        }
        let mut cost = Cost::new(source, quality);
        for (kind, part) in CostKind::ALL.iter().zip(parts) {
            cost = cost.with(*kind, Usd::from_nanos(u64::try_from(part).unwrap_or(u64::MAX)));
        }
        cost
    }
}

/// Returns the quotient and the remainder of the division by the units of a rate.
fn divide(product: u128) -> (u128, u128) {
    // Products of requests fit into 64 bits, which are divided several times faster.
    match u64::try_from(product) {
        Ok(small) => ((small / UNITS_PER_RATE_U64).into(), (small % UNITS_PER_RATE_U64).into()),
        Err(_) => (product / UNITS_PER_RATE, product % UNITS_PER_RATE),
    }
}

#[cfg(test)]
mod tests;
