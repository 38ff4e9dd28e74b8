//! The own prices of an overlay.

use super::model_rule::ModelRule;
use super::section::Entry;
use super::section::Section;
use crate::cost::date::SLOTS_PER_DAY;
use crate::cost::date::Slot;
use crate::cost::price_book_error::PriceBookError;
use crate::cost::provider_name::in_price_data;
use crate::cost::rate::RateKind;
use crate::cost::rate::Rates;
use crate::cost::rate_card::Bracket;
use crate::semconv::value::ServiceTier;

/// The prices of some models for some time, in their own currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PriceRule {
    /// The provider's name in the price data; `None` for every provider.
    pub(super) provider: Option<String>,
    pub(super) model: ModelRule,
    /// The class of service to which the rule is limited.
    pub(super) service_tier: Option<ServiceTier>,
    /// The factors of other classes of service, in billionths.
    pub(super) multipliers: Vec<(ServiceTier, u64)>,
    /// The code of the currency of the rates, in upper case; `USD` by default.
    pub(super) currency: String,
    pub(super) validity: Validity,
    pub(super) rates: Rates,
    pub(super) higher: Vec<Bracket>,
}

/// The time for which a price applies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Validity {
    from: Option<Slot>,
    to: Option<Slot>,
    /// The slots of a day, each from the first to before the second; a window across midnight ends before it starts.
    windows: Vec<(u64, u64)>,
}

impl PriceRule {
    pub(super) fn parse(mut section: Section<'_>) -> Result<Self, PriceBookError> {
        let provider = section.text("provider")?.map(|name| in_price_data(&name).to_owned());
        let model = ModelRule::parse(section.require("model")?)?;
        let service_tier = section.get("service_tier").map(parse_service_tier).transpose()?;
        let mut multipliers = Vec::new();
        if let Some(entry) = section.get("multipliers") {
            let mut factors = entry.as_section("`multipliers`")?;
            for tier in ServiceTier::ALL {
                if let Some(factor) = factors.get(tier.as_str()) {
                    multipliers.push((*tier, factor.as_decimal(9)?));
                }
            }
            factors.finish()?;
            if service_tier.is_some() {
                return Err(section.error("has `service_tier` and `multipliers`"));
            }
        }
        let currency = section.text("currency")?.map_or_else(|| "USD".to_owned(), |code| code.to_uppercase());
        let validity = Validity::parse(&mut section)?;
        let rates = parse_rates(&mut section)?;
        let mut higher = Vec::new();
        for mut tier in section.tables("tiers", "`tiers`")? {
            let border = tier.require("above_input_tokens")?;
            let above = border.as_decimal(0)?;
            if above <= higher.last().map_or(0, |bracket: &Bracket| bracket.above) {
                return Err(border.error("must be above 0 and ascend"));
            }
            let own = parse_rates(&mut tier)?;
            tier.finish()?;
            higher.push(Bracket { above, rates: own.or(&rates) });
        }
        section.finish()?;
        if rates.is_empty() {
            return Err(section.error("has no price"));
        }
        Ok(Self { provider, model, service_tier, multipliers, currency, validity, rates, higher })
    }

    /// Creates the prices of one model in US dollars.
    pub(super) fn of_model(
        provider: &str,
        model: &str,
        service_tier: Option<ServiceTier>,
        rates: Rates,
        higher: Vec<Bracket>,
    ) -> Self {
        Self {
            provider: Some(provider.to_owned()),
            model: ModelRule::equals(model),
            service_tier,
            multipliers: Vec::new(),
            currency: "USD".to_owned(),
            validity: Validity::default(),
            rates,
            higher,
        }
    }

    /// Returns the factor of the rates for a class of service, in billionths; `None` if the rule does not apply to it.
    /// Without a factor of its own, a class has the standard price, except capacity that was bought in advance and
    /// classes that are not known.
    pub(super) fn factor(&self, tier: Option<ServiceTier>) -> Option<u64> {
        const ONE: u64 = 1_000_000_000;
        if self.service_tier.is_some() {
            return (self.service_tier == tier).then_some(ONE);
        }
        let tier = tier.unwrap_or(ServiceTier::Default);
        let own = self.multipliers.iter().find(|(known, _)| *known == tier).map(|(_, factor)| *factor);
        own.or_else(|| (!matches!(tier, ServiceTier::Reserved | ServiceTier::Other)).then_some(ONE))
    }
}

impl Validity {
    fn parse(section: &mut Section<'_>) -> Result<Self, PriceBookError> {
        let mut day = |key| section.get(key).map(|entry| entry.as_day().map(Slot::of_day)).transpose();
        let (from, to) = (day("effective_from")?, day("effective_to")?);
        if from.is_some_and(|from| to.is_some_and(|to| to <= from)) {
            return Err(section.error("has an `effective_to` that is not after `effective_from`"));
        }
        let mut windows = Vec::new();
        for mut window in section.tables("time_of_day", "`time_of_day`")? {
            let (start, end) = (parse_time(window.require("from")?)?, parse_time(window.require("to")?)?);
            if start == end {
                return Err(window.error("is empty"));
            }
            window.finish()?;
            windows.push((start, end));
        }
        Ok(Self { from, to, windows })
    }

    /// Returns true if the price applies during a slot.
    pub(super) fn contains(&self, slot: Slot) -> bool {
        let time = slot.within_day();
        let in_window = |(start, end): &(u64, u64)| {
            if start < end { (*start..*end).contains(&time) } else { time >= *start || time < *end }
        };
        self.from.is_none_or(|from| from <= slot)
            && self.to.is_none_or(|to| slot < to)
            && (self.windows.is_empty() || self.windows.iter().any(in_window))
    }
}

/// Reads a class of service by its name.
fn parse_service_tier(entry: Entry<'_>) -> Result<ServiceTier, PriceBookError> {
    let name = entry.as_text()?;
    let known = ServiceTier::ALL.iter().copied().find(|tier| tier.as_str() == name);
    known.ok_or_else(|| entry.error("is not a class of service: batch, default, flex, priority, reserved or _OTHER"))
}

/// Reads the prices of a table: those of tokens per million, and fees per request or search.
fn parse_rates(section: &mut Section<'_>) -> Result<Rates, PriceBookError> {
    let mut rates = Rates::default();
    for kind in RateKind::ALL {
        if let Some(entry) = section.get(kind.key()) {
            // Rates are nano-dollars per million units, so a fee has six more decimals.
            let rate =
                if kind.is_fee() { entry.as_decimal(9)?.checked_mul(1_000_000) } else { Some(entry.as_decimal(9)?) };
            rates.set(kind, Some(rate.ok_or_else(|| entry.error("is too large"))?));
        }
    }
    Ok(rates)
}

/// Reads a time of day such as `08:30`, as a slot of the day. `24:00` is the end of the day.
fn parse_time(entry: Entry<'_>) -> Result<u64, PriceBookError> {
    let text = entry.as_text()?;
    let parts = text.split_once(':').and_then(|(hours, minutes)| {
        let is_time = text.len() == 5 && hours.len() == 2;
        is_time.then_some((hours.parse::<u64>().ok()?, minutes.parse::<u64>().ok()?))
    });
    let slot = parts.and_then(|(hours, minutes)| {
        let is_valid = minutes < 60 && minutes % 15 == 0 && hours * 4 + minutes / 15 <= SLOTS_PER_DAY;
        is_valid.then_some(hours * 4 + minutes / 15)
    });
    slot.ok_or_else(|| entry.error("must be a time in UTC on a quarter of an hour, like \"08:30\""))
}
