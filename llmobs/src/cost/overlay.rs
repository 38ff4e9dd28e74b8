//! Own prices, exchange rates and budgets of an application, which win over the bundled data.

pub(crate) mod budget_config;
mod exchange_rate;
mod model_rule;
mod parse;
mod price_rule;
mod section;

use std::time::SystemTime;

use toml::de::DeTable;

use self::budget_config::BudgetConfig;
use self::exchange_rate::ExchangeRate;
use self::price_rule::PriceRule;
use self::section::Section;
use self::section::line_at;
use super::date::Slot;
use super::gpu_price::GpuPrice;
use super::on_cut::OnCut;
use super::price_book_error::PriceBookError;
use super::rate::Rates;
use super::rate_card::Bracket;
use super::rate_card::RateCard;
use super::unpriced::Unpriced;
use crate::semconv::value::CostSource;
use crate::semconv::value::ServiceTier;

/// Own prices, exchange rates and budgets, which win over the bundled data of a [`PriceBook`](super::PriceBook). The
/// [guide](crate::guide::cost) describes the format.
#[derive(Debug, Clone)]
pub struct Overlay {
    /// The name in the version of a book.
    name: &'static str,
    checked_at: Option<SystemTime>,
    prices: Vec<PriceRule>,
    exchange_rates: Vec<ExchangeRate>,
    on_cut: Vec<(String, OnCut)>,
    gpus: Vec<(String, GpuPrice)>,
    budgets: Vec<BudgetConfig>,
}

impl Overlay {
    /// Reads an overlay in TOML.
    ///
    /// # Errors
    ///
    /// Returns an error, with its line, for a text that is not TOML, an unknown key, a value against the schema, and a
    /// price in a currency without an exchange rate.
    pub fn from_toml(text: &str) -> Result<Self, PriceBookError> {
        let document = DeTable::parse(text).map_err(|error| {
            let message = error.message().to_owned();
            match error.span() {
                Some(span) => PriceBookError::at_line(line_at(text, span.start), message),
                None => PriceBookError::new(message),
            }
        })?;
        let mut root = Section::new(text, "the overlay", document.get_ref(), 0);
        let checked_on = root.get("checked_on").map(|entry| entry.as_day()).transpose()?;
        let mut overlay = Self::named("overlay");
        overlay.checked_at = checked_on.map(|day| Slot::of_day(day).start());
        for section in root.tables("exchange_rate", "[[exchange_rate]]")? {
            overlay.exchange_rates.push(ExchangeRate::parse(section)?);
        }
        for section in root.tables("price", "[[price]]")? {
            let error = section.error("is in a currency without an exchange rate");
            let price = PriceRule::parse(section)?;
            let has_rate = overlay.exchange_rates.iter().any(|rate| rate.currency == price.currency);
            if price.currency != "USD" && !has_rate {
                return Err(error);
            }
            overlay.prices.push(price);
        }
        for section in root.tables("provider", "[[provider]]")? {
            overlay.on_cut.push(parse::parse_provider(section)?);
        }
        for section in root.tables("gpu", "[[gpu]]")? {
            overlay.gpus.push(parse::parse_gpu(section)?);
        }
        for section in root.tables("budget", "[[budget]]")? {
            let error = section.error("has the name of another budget");
            let budget = parse::parse_budget(section)?;
            if overlay.budgets.iter().any(|other| other.name == budget.name) {
                return Err(error);
            }
            overlay.budgets.push(budget);
        }
        root.finish()?;
        Ok(overlay)
    }

    /// Sets the date on which the prices were checked, which is exported as their age.
    #[must_use]
    pub const fn with_checked_at(mut self, date: SystemTime) -> Self {
        self.checked_at = Some(date);
        self
    }

    /// Creates an overlay without prices.
    pub(super) const fn named(name: &'static str) -> Self {
        Self {
            name,
            checked_at: None,
            prices: Vec::new(),
            exchange_rates: Vec::new(),
            on_cut: Vec::new(),
            gpus: Vec::new(),
            budgets: Vec::new(),
        }
    }

    /// Adds the prices of one model in US dollars. `provider` is the name in the price data.
    pub(super) fn add_price(
        &mut self,
        provider: &str,
        model: &str,
        service_tier: Option<ServiceTier>,
        rates: Rates,
        higher: Vec<Bracket>,
    ) {
        self.prices.push(PriceRule::of_model(provider, model, service_tier, rates, higher));
    }

    /// Returns the prices of a model during a slot; `None` if the overlay has none. The first rule that applies wins.
    /// `provider` is the name in the price data.
    pub(super) fn card(
        &self,
        provider: &str,
        model: &str,
        tier: Option<ServiceTier>,
        slot: Slot,
    ) -> Option<Result<RateCard, Unpriced>> {
        let model = model.to_lowercase();
        let applies = |rule: &PriceRule| {
            rule.provider.as_deref().is_none_or(|name| name == provider)
                && rule.model.matches(&model)
                && rule.validity.contains(slot)
        };
        let (rule, factor) =
            self.prices.iter().filter(|rule| applies(rule)).find_map(|rule| Some((rule, rule.factor(tier)?)))?;
        let exchange = if rule.currency == "USD" {
            1_000_000_000
        } else {
            match ExchangeRate::at(&self.exchange_rates, &rule.currency, slot) {
                Some(nanos) => nanos,
                None => return Some(Err(Unpriced::NoExchangeRate)),
            }
        };
        let convert = |rates: &Rates| rates.with_token_factor(factor).exchanged(exchange);
        let higher = rule.higher.iter().map(|tier| Bracket { above: tier.above, rates: convert(&tier.rates) });
        Some(Ok(RateCard::new(CostSource::Overlay, convert(&rule.rates), higher.collect())))
    }

    /// Returns the rule for streams of a provider that break off, if the overlay has one. `provider` is the name in the
    /// price data.
    pub(super) fn on_cut(&self, provider: &str) -> Option<OnCut> {
        self.on_cut.iter().find(|(name, _)| name == provider).map(|(_, rule)| *rule)
    }

    /// Returns the price of the GPUs of a model, if the overlay has one.
    pub(super) fn gpu_price(&self, model: &str) -> Option<GpuPrice> {
        self.gpus.iter().find(|(name, _)| name == model).map(|(_, price)| *price)
    }

    pub(super) fn budgets(&self) -> &[BudgetConfig] {
        &self.budgets
    }

    /// Returns the name in the version of a book.
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the date on which the prices were checked, if the overlay states it.
    pub(super) const fn checked_at(&self) -> Option<SystemTime> {
        self.checked_at
    }
}
