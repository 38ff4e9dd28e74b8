//! The prices of a price book at one time: a reload of the book does not change them.

use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use super::billable::Billable;
use super::bundled;
use super::bundled::Bundled;
use super::card_memo::CardKey;
use super::card_memo::CardMemo;
use super::card_memo::CardResult;
use super::date::Slot;
use super::gpu_price::GpuPrice;
use super::kind::CostKind;
use super::on_cut::OnCut;
use super::operation_cost::Cost;
use super::overlay::Overlay;
use super::overlay::budget_config::BudgetConfig;
use super::provider_name::in_price_data;
use super::unpriced::Unpriced;
use super::usd::Usd;
use crate::semconv::value::CostQuality;
use crate::semconv::value::CostSource;
use crate::semconv::value::ServiceTier;
use crate::usage::Usage;

/// A cost that a provider reports is implausible from this multiple of the price book's cost on.
const IMPLAUSIBLE_MULTIPLE: u64 = 1_000;

/// The prices of a price book, as they were when an operation started.
#[derive(Debug)]
pub(crate) struct PriceSnapshot {
    /// The last one wins.
    overlays: Vec<Arc<Overlay>>,
    bundled: Option<Bundled>,
    memo: CardMemo,
    version: Arc<str>,
    checked_at: Option<SystemTime>,
    budgets: Vec<BudgetConfig>,
}

/// The price of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Priced {
    /// The cost, or the reason for which the attempt has none.
    pub(crate) cost: Result<Cost, Unpriced>,
    /// Set if the provider reported a cost that was ignored: negative, not a number, or more than 1,000 times that of
    /// the price book.
    pub(crate) is_reported_cost_implausible: bool,
}

/// An overlay, with the name of its version and the day on which its prices were checked.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) overlay: Arc<Overlay>,
    pub(super) version: String,
    pub(super) checked_at: Option<SystemTime>,
}

impl PriceSnapshot {
    /// Creates the prices of overlays, of which the last one wins, and of the bundled data.
    pub(super) fn new(bundled: Option<Bundled>, layers: &[Layer]) -> Self {
        let of_layers = layers.iter().rev().map(|layer| layer.version.as_str());
        let versions: Vec<_> = of_layers.chain(bundled.map(|_| bundled::VERSION)).collect();
        let released = bundled.map(|_| UNIX_EPOCH + Duration::from_secs(bundled::RELEASED_SECONDS));
        let checked_at = layers.iter().filter_map(|layer| layer.checked_at).chain(released).min();
        let budgets = layers.iter().rev().flat_map(|layer| layer.overlay.budgets().iter().cloned()).collect();
        Self {
            overlays: layers.iter().map(|layer| Arc::clone(&layer.overlay)).collect(),
            bundled,
            memo: CardMemo::default(),
            version: versions.join(", ").into(),
            checked_at,
            budgets,
        }
    }

    /// Returns the cost of an attempt, at the prices of its date.
    pub(crate) fn price(&self, attempt: &Billable<'_>) -> Priced {
        let book = self.book_price(attempt);
        let Some(reported) = attempt.usage.details.reported_cost else {
            return Priced { cost: book, is_reported_cost_implausible: false };
        };
        // The largest number is the mark of a cost that does not fit.
        let reported = u64::try_from(reported).ok().filter(|nanos| *nanos < i64::MAX.unsigned_abs());
        let is_plausible = |nanos: &u64| match book {
            Ok(cost) if cost.total() > Usd::ZERO => *nanos <= cost.total().nanos().saturating_mul(IMPLAUSIBLE_MULTIPLE),
            _ => true,
        };
        match reported.filter(is_plausible) {
            Some(nanos) => {
                let cost =
                    Cost::new(CostSource::Provider, CostQuality::Exact).with(CostKind::Unknown, Usd::from_nanos(nanos));
                Priced { cost: Ok(cost), is_reported_cost_implausible: false }
            }
            None => Priced { cost: book, is_reported_cost_implausible: true },
        }
    }

    /// Returns the cost of an attempt by the price book, without regard to a cost that the provider reported.
    fn book_price(&self, attempt: &Billable<'_>) -> Result<Cost, Unpriced> {
        let provider = in_price_data(attempt.provider);
        let tier = attempt.usage.details.service_tier;
        let slot = Slot::of(attempt.at);
        let by_response = attempt.response_model.map(|model| self.card(provider, model, tier, slot));
        let card = match by_response {
            None | Some(Err(Unpriced::UnknownModel)) => self.card(provider, attempt.request_model, tier, slot),
            Some(card) => card,
        }?;
        let usage = self.usage_of(provider, attempt)?;
        let is_exact = !attempt.is_cut && !attempt.is_counted && !attempt.usage.is_estimated;
        card.cost(&usage, if is_exact { CostQuality::Exact } else { CostQuality::Estimated })
    }

    /// Returns the usage to price: that of the attempt, or the one that the rule for streams that break off chooses.
    fn usage_of(&self, provider: &str, attempt: &Billable<'_>) -> Result<Usage, Unpriced> {
        if !attempt.is_cut {
            return Ok(attempt.usage);
        }
        let rule = self.overlays.iter().rev().find_map(|overlay| overlay.on_cut(provider)).unwrap_or_default();
        match rule {
            OnCut::Estimate => Ok(attempt.usage),
            OnCut::Full => attempt.max_tokens.map(|tokens| attempt.usage.output(tokens)).ok_or(Unpriced::NoUsage),
            OnCut::Unpriced => Err(Unpriced::NoUsage),
        }
    }

    /// Returns the prices of a model during a slot. `provider` is the name in the price data.
    fn card(&self, provider: &str, model: &str, tier: Option<ServiceTier>, slot: Slot) -> CardResult {
        self.memo.get(CardKey { provider, model, tier, slot }, || {
            let own = self.overlays.iter().rev().find_map(|overlay| overlay.card(provider, model, tier, slot));
            let bundled = || self.bundled.map(|bundled| bundled.card(provider, model, tier, slot));
            own.or_else(bundled).unwrap_or(Err(Unpriced::UnknownModel))
        })
    }

    /// Returns an upper bound of the cost of a request in the standard class of service: every token at the highest price
    /// of its direction. Returns `None` if the book has no prices for it.
    pub(crate) fn estimate(
        &self,
        provider: &str,
        model: &str,
        input_tokens: u64,
        max_tokens: u64,
        at: SystemTime,
    ) -> Option<Usd> {
        let card = self.card(in_price_data(provider), model, None, Slot::of(at)).ok()?;
        card.highest_cost(input_tokens, max_tokens)
    }

    /// Returns the versions of the prices, those that win first.
    pub(crate) const fn version(&self) -> &Arc<str> {
        &self.version
    }

    /// Returns the source of the prices that win: `overlay`, or `book` without an overlay.
    pub(crate) fn source(&self) -> &'static str {
        if self.overlays.is_empty() { CostSource::Book } else { CostSource::Overlay }.as_str()
    }

    /// Returns the date of the oldest prices; `None` for a book without prices.
    pub(crate) const fn checked_at(&self) -> Option<SystemTime> {
        self.checked_at
    }

    /// Returns the budgets of the overlays.
    pub(crate) fn budgets(&self) -> &[BudgetConfig] {
        &self.budgets
    }

    /// Returns the price of the GPUs that serve a model, if an overlay has one.
    pub(crate) fn gpu_price(&self, model: &str) -> Option<GpuPrice> {
        self.overlays.iter().rev().find_map(|overlay| overlay.gpu_price(model))
    }
}

#[cfg(test)]
mod tests {
    use crate::cost::PriceBook;

    use super::*;

    /// Returns 2026-11-20, 12:00 UTC.
    fn noon() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_795_176_000)
    }

    fn attempt<'a>(provider: &'a str, model: &'a str, usage: Usage) -> Billable<'a> {
        Billable {
            provider,
            response_model: None,
            request_model: model,
            usage,
            is_counted: false,
            is_cut: false,
            max_tokens: None,
            at: noon(),
        }
    }

    fn nanos(book: &PriceBook, attempt: &Billable<'_>) -> Result<u64, Unpriced> {
        book.pin().price(attempt).cost.map(|cost| cost.total().nanos())
    }

    fn own(text: &str) -> PriceBook {
        PriceBook::empty().overlay(Overlay::from_toml(text).unwrap())
    }

    #[test]
    fn the_bundled_data_prices_a_cached_read_and_reasoning() {
        let book = PriceBook::bundled();
        // Claude Sonnet 4.5 in dollars per million tokens: input 3, cache read 0.30, cache write 3.75, output 15.
        let usage = Usage::new().input(10_000).cache_read(8_000).cache_write(1_000).output(500).reasoning(100);
        let cost = book.pin().price(&attempt("anthropic", "claude-sonnet-4-5", usage)).cost.unwrap();
        assert_eq!(cost.part(CostKind::Uncached), Usd::from_nanos(3_000_000));
        assert_eq!(cost.part(CostKind::CacheRead), Usd::from_nanos(2_400_000));
        assert_eq!(cost.part(CostKind::CacheWrite), Usd::from_nanos(3_750_000));
        assert_eq!(cost.part(CostKind::Text), Usd::from_nanos(6_000_000));
        assert_eq!(cost.part(CostKind::Reasoning), Usd::from_nanos(1_500_000));
        assert_eq!(cost.total(), Usd::from_nanos(16_650_000));
        assert_eq!((cost.source(), cost.quality()), (CostSource::Book, CostQuality::Exact));
    }

    #[test]
    fn an_overlay_wins_over_the_bundled_data() {
        let text = "[[price]]\nprovider = 'anthropic'\nmodel = 'claude-sonnet-4-5'\ninput = 1\noutput = 2.5\n";
        let book = PriceBook::bundled().overlay(Overlay::from_toml(text).unwrap());
        let usage = Usage::new().input(1_000).output(1_000);
        let cost = book.pin().price(&attempt("anthropic", "Claude-Sonnet-4-5", usage)).cost.unwrap();
        assert_eq!((cost.total().nanos(), cost.source()), (3_500_000, CostSource::Overlay));
        let other = attempt("anthropic", "claude-haiku-4-5", usage);
        assert_eq!(nanos(&book, &other), nanos(&PriceBook::bundled(), &other));
        assert!(nanos(&own(text), &other).is_err());
    }

    #[test]
    fn the_model_of_the_response_is_priced_before_that_of_the_request() {
        let book = own(
            "[[price]]\nmodel = 'dear'\ninput = 2\noutput = 0\n[[price]]\nmodel = 'cheap'\ninput = 1\noutput = 0\n",
        );
        let usage = Usage::new().input(1_000).output(1);
        let mut attempt = attempt("candle", "dear", usage);
        assert_eq!(nanos(&book, &attempt), Ok(2_000_000));
        attempt.response_model = Some("cheap");
        assert_eq!(nanos(&book, &attempt), Ok(1_000_000));
        attempt.response_model = Some("unknown");
        assert_eq!(nanos(&book, &attempt), Ok(2_000_000));
        attempt.request_model = "unknown";
        assert_eq!(nanos(&book, &attempt), Err(Unpriced::UnknownModel));
    }

    #[test]
    fn a_name_that_contains_that_of_a_provider_has_none_of_its_prices() {
        let book = PriceBook::bundled();
        let usage = Usage::new().input(1_000).output(1);
        assert!(nanos(&book, &attempt("anthropic", "claude-sonnet-4-5", usage)).is_ok());
        for provider in ["my-anthropic-proxy", "litellm", "_OTHER", ""] {
            assert_eq!(
                nanos(&book, &attempt(provider, "claude-sonnet-4-5", usage)),
                Err(Unpriced::UnknownModel),
                "{provider}"
            );
        }
    }

    #[test]
    fn classes_of_service_have_their_own_prices() {
        let book = PriceBook::bundled();
        let price = |tier: Option<ServiceTier>| {
            let usage = Usage::new().input(1_000_000).output(0);
            let usage = tier.map_or(usage, |tier| usage.service_tier(tier));
            nanos(&book, &attempt("openai", "gpt-5", usage))
        };
        // Dollars per million input tokens: 1.25, half with flex, double with priority.
        assert_eq!([price(None), price(Some(ServiceTier::Default))], [Ok(1_250_000_000); 2]);
        assert_eq!(price(Some(ServiceTier::Flex)), Ok(625_000_000));
        assert_eq!(price(Some(ServiceTier::Batch)), Ok(625_000_000));
        assert_eq!(price(Some(ServiceTier::Priority)), Ok(2_500_000_000));
        assert_eq!(price(Some(ServiceTier::Reserved)), Err(Unpriced::UnknownKind));
        assert_eq!(price(Some(ServiceTier::Other)), Err(Unpriced::UnknownKind));
    }

    #[test]
    fn a_stream_that_broke_off_follows_the_rule_of_its_provider() {
        let rule = |word: &str| {
            own(&format!(
                "[[price]]\nmodel = 'm'\ninput = 1\noutput = 1\n[[provider]]\nname = 'openai'\non_cut = '{word}'\n"
            ))
        };
        let usage = Usage::new().input(10).output(5);
        let cut = Billable { is_cut: true, is_counted: true, max_tokens: Some(100), ..attempt("openai", "m", usage) };
        let price = |book: &PriceBook, attempt: &Billable<'_>| {
            book.pin().price(attempt).cost.map(|cost| (cost.total().nanos() / 1_000, cost.quality()))
        };
        let estimated = |micros| Ok((micros, CostQuality::Estimated));
        assert_eq!(price(&rule("estimate"), &cut), estimated(15));
        assert_eq!(price(&rule("full"), &cut), estimated(110));
        assert_eq!(price(&rule("none"), &cut), Err(Unpriced::NoUsage));
        let other = Billable { provider: "groq", ..cut };
        assert_eq!(price(&rule("none"), &other), estimated(15), "the rule is that of another provider");
        let unlimited = Billable { max_tokens: None, ..cut };
        assert_eq!(price(&rule("full"), &unlimited), Err(Unpriced::NoUsage));
        let unknown_input = Billable { usage: Usage::new().output(5), ..cut };
        assert_eq!(price(&rule("estimate"), &unknown_input), Err(Unpriced::NoUsage));
        let counted = Billable { is_cut: false, ..cut };
        assert_eq!(price(&rule("none"), &counted), estimated(15));
        let whole = Billable { is_counted: false, ..counted };
        assert_eq!(price(&rule("none"), &whole), Ok((15, CostQuality::Exact)));
        let guessed = Billable { usage: usage.estimated(), ..whole };
        assert_eq!(price(&rule("none"), &guessed), estimated(15));
    }

    #[test]
    fn a_reported_cost_takes_precedence_unless_it_is_implausible() {
        let book =
            own("[[price]]\nmodel = 'm'\ninput = 1\noutput = 1\n[[price]]\nmodel = 'free'\ninput = 0\noutput = 0\n");
        let price = |model: &str, dollars: f64| {
            let usage = Usage::new().input(600_000).output(400_000).reported_cost_usd(dollars);
            let priced = book.pin().price(&attempt("openrouter", model, usage));
            let cost = priced.cost.map(|cost| (cost.total().nanos(), cost.source()));
            (cost, priced.is_reported_cost_implausible)
        };
        let reported = |nanos| (Ok((nanos, CostSource::Provider)), false);
        let ignored = (Ok((1_000_000_000, CostSource::Overlay)), true);
        assert_eq!(price("m", 0.25), reported(250_000_000));
        assert_eq!(price("m", 0.0), reported(0));
        assert_eq!(price("m", 1_000.0), reported(1_000_000_000_000));
        for implausible in [1_000.000_001, -0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(price("m", implausible), ignored, "{implausible}");
        }
        assert_eq!(price("free", 0.25), reported(250_000_000), "nothing to compare with");
        assert_eq!(price("unknown", 0.25), reported(250_000_000));
        assert_eq!(price("unknown", -0.25), (Err(Unpriced::UnknownModel), true));
        assert_eq!(price("unknown", f64::INFINITY), (Err(Unpriced::UnknownModel), true));
    }

    #[test]
    fn estimates_use_the_highest_price_of_each_direction() {
        let book = own(
            "[[price]]\nmodel = 'm'\ninput = 1\ncache_write = 1.25\ncache_read = 0.1\noutput = 4\nrequest = 0.001\n",
        );
        let estimate = |model| book.pin().estimate("candle", model, 1_000_000, 100_000, noon());
        assert_eq!(estimate("m"), Some(Usd::from_nanos(1_250_000_000 + 400_000_000 + 1_000_000)));
        assert_eq!(estimate("unknown"), None);
    }
}
