//! An observer with own prices and a manual clock, and the rows of costs as a scraper reads them.

use std::collections::BTreeMap;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Role;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::cost::Overlay;
use llmobs::cost::PriceBook;

use llmobs_tests::families::Labels;
use llmobs_tests::families::Value;
use llmobs_tests::prometheus_page;

/// Own prices in dollars per million tokens, so that 1 is 1,000 nano-dollars a token.
pub(crate) const PRICES: &str = r#"
    checked_on = 2026-11-20
    [[price]]
    provider = "openai"
    model = "small"
    input = 1
    cache_read = 0.1
    output = 4
    [[price]]
    provider = "anthropic"
    model = "large"
    input = 3
    cache_read = 0.3
    cache_write = 3.75
    output = 15
    [[price]]
    provider = "openai"
    model = "odd"
    input = 0.0333337
    output = 0.7777771
    [[price]]
    provider = "openai"
    model = "free"
    input = 0
    output = 0
    [[provider]]
    name = "anthropic"
    on_cut = "none"
"#;

/// Returns 2026-11-20, 12:00 UTC.
pub(crate) fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_176_000)
}

/// Returns a book of these prices only.
pub(crate) fn book(prices: &str) -> PriceBook {
    PriceBook::empty().overlay(Overlay::from_toml(prices).expect("the prices are valid"))
}

/// Returns the builder of an observer of a gateway at noon, without prices.
pub(crate) fn without_prices() -> (ObserverBuilder<'static>, ManualClock) {
    let (clock, manual_clock) = Clock::manual();
    manual_clock.set_date(noon());
    let builder = Observer::builder().role(Role::Gateway).provider("openai").models(["small", "odd"]).clock(clock);
    (builder, manual_clock)
}

/// Returns the builder of such an observer with the prices.
pub(crate) fn builder() -> ObserverBuilder<'static> {
    without_prices().0.prices(book(PRICES))
}

/// Returns the values of a row by its labels.
pub(crate) fn values(observer: &Observer, row: &str) -> BTreeMap<Labels, f64> {
    let name = row.replace('.', "_");
    let families = prometheus_page::families(observer);
    let family = families.iter().find(|(found, _)| **found == name || **found == format!("{name}_total"));
    let number =
        |value: &Value| if let Value::Number(number) = value { *number } else { panic!("{row} is a histogram") };
    family.map_or_else(BTreeMap::new, |(_, family)| {
        family.series.iter().map(|(labels, value)| (labels.clone(), number(value))).collect()
    })
}

/// Returns an amount of dollars in nano-dollars. A double holds each amount of these tests exactly enough.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small amount, not negative")]
pub(crate) fn to_nanos(dollars: f64) -> u64 {
    (dollars * 1e9).round() as u64
}

/// Returns the sum in nano-dollars of the series of a row that have these label values, by Prometheus names.
pub(crate) fn nanos(observer: &Observer, row: &str, labels: &[(&str, &str)]) -> u64 {
    let has_labels =
        |found: &Labels| labels.iter().all(|(name, value)| found.get(*name).is_some_and(|own| own == value));
    values(observer, row).iter().filter(|(found, _)| has_labels(found)).map(|(_, value)| to_nanos(*value)).sum()
}

/// Returns the sum of `llmobs.cost.usd` in nano-dollars over the series with these label values.
pub(crate) fn cost(observer: &Observer, labels: &[(&str, &str)]) -> u64 {
    nanos(observer, "llmobs.cost.usd", labels)
}

/// Returns the number of unpriced attempts.
pub(crate) fn unpriced(observer: &Observer, labels: &[(&str, &str)]) -> u64 {
    nanos(observer, "llmobs.pricebook.unpriced", labels) / 1_000_000_000
}
