//! Exchange rates of an overlay.

use super::section::Section;
use crate::cost::date::Slot;
use crate::cost::price_book_error::PriceBookError;

/// The price of a unit of a currency in US dollars from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExchangeRate {
    /// The code of the currency, in upper case.
    pub(super) currency: String,
    /// The price of one unit, in nano-dollars.
    nanos: u64,
    from: Slot,
}

impl ExchangeRate {
    pub(super) fn parse(mut section: Section<'_>) -> Result<Self, PriceBookError> {
        let currency = section.require("currency")?.as_text()?.to_uppercase();
        let usd = section.require("usd")?;
        let nanos = usd.as_decimal(9)?;
        if nanos == 0 {
            return Err(usd.error("must be above 0"));
        }
        let from = Slot::of_day(section.require("from")?.as_day()?);
        section.finish()?;
        Ok(Self { currency, nanos, from })
    }

    /// Returns the price of a unit of a currency in nano-dollars during a slot; `None` before its first rate.
    pub(super) fn at(rates: &[Self], currency: &str, slot: Slot) -> Option<u64> {
        let current = rates.iter().filter(|rate| rate.currency == currency && rate.from <= slot);
        current.max_by_key(|rate| rate.from).map(|rate| rate.nanos)
    }
}
