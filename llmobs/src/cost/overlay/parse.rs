//! The tables of an overlay besides prices and exchange rates.

use jiff::tz::TimeZone;

use super::budget_config::BudgetAction;
use super::budget_config::BudgetConfig;
use super::section::Entry;
use super::section::Section;
use crate::cost::budget::Period;
use crate::cost::gpu_price::GpuPrice;
use crate::cost::on_cut::OnCut;
use crate::cost::price_book_error::PriceBookError;
use crate::cost::provider_name::in_price_data;
use crate::cost::usd::Usd;

/// One, in billionths.
const ONE: u64 = 1_000_000_000;

/// Reads a `[[provider]]`: its name in the price data, and its rule for streams that break off.
pub(super) fn parse_provider(mut section: Section<'_>) -> Result<(String, OnCut), PriceBookError> {
    let name = in_price_data(section.require("name")?.as_text()?).to_owned();
    let rules = [("estimate", OnCut::Estimate), ("full", OnCut::Full), ("none", OnCut::Unpriced)];
    let on_cut = parse_choice(section.require("on_cut")?, &rules)?;
    section.finish()?;
    Ok((name, on_cut))
}

/// Reads a `[[gpu]]`: the model, and the price of all its GPUs.
pub(super) fn parse_gpu(mut section: Section<'_>) -> Result<(String, GpuPrice), PriceBookError> {
    let model = section.require("model")?.as_text()?.to_owned();
    let entry = section.require("usd_per_hour")?;
    let price = entry.as_decimal(9)?;
    let count = section.get("gpus").map_or(Ok(1), |gpus| gpus.as_decimal(0))?;
    let total = price.checked_mul(count).ok_or_else(|| entry.error("is too large"))?;
    section.finish()?;
    Ok((model, GpuPrice::per_hour(Usd::from_nanos(total))))
}

/// Reads a `[[budget]]`.
pub(super) fn parse_budget(mut section: Section<'_>) -> Result<BudgetConfig, PriceBookError> {
    let name = section.require("name")?.as_text()?.to_owned();
    let limit = Usd::from_nanos(section.require("limit_usd")?.as_decimal(9)?);
    let share_billionths = match section.get("share") {
        None => ONE,
        Some(entry) => match entry.as_decimal(9)? {
            share @ 1..=ONE => share,
            _ => return Err(entry.error("must be above 0 and at most 1")),
        },
    };
    let [provider, model, tenant] = [section.text("provider")?, section.text("model")?, section.text("tenant")?];
    let periods = [Period::Day, Period::Week, Period::Month].map(|period| (period.as_str(), period));
    let period = parse_choice(section.require("period")?, &periods)?;
    let time_zone = match section.get("time_zone") {
        None => "UTC".to_owned(),
        Some(entry) => {
            let name = entry.as_text()?;
            TimeZone::get(name).map_err(|_| entry.error("is not in the time zone database"))?;
            name.to_owned()
        }
    };
    let thresholds = match section.get("thresholds") {
        None => Vec::new(),
        Some(entry) => parse_thresholds(entry)?,
    };
    let actions = [("alert", BudgetAction::Alert), ("deny", BudgetAction::Deny)];
    let action = section.get("action").map_or(Ok(BudgetAction::Alert), |entry| parse_choice(entry, &actions))?;
    section.finish()?;
    Ok(BudgetConfig { name, limit, share_billionths, provider, model, tenant, period, time_zone, thresholds, action })
}

/// Reads ascending percentages.
fn parse_thresholds(entry: Entry<'_>) -> Result<Vec<u8>, PriceBookError> {
    let mut thresholds: Vec<u8> = Vec::new();
    for element in entry.elements() {
        let percent = u8::try_from(element.as_decimal(0)?).ok().filter(|percent| (1..=100).contains(percent));
        let percent = percent.ok_or_else(|| element.error("must be percentages from 1 to 100"))?;
        if thresholds.last().is_some_and(|last| *last >= percent) {
            return Err(element.error("must ascend"));
        }
        thresholds.push(percent);
    }
    Ok(thresholds)
}

/// Reads one of some words.
fn parse_choice<T: Copy>(entry: Entry<'_>, choices: &[(&str, T)]) -> Result<T, PriceBookError> {
    let word = entry.as_text()?;
    let choice = choices.iter().find(|(name, _)| *name == word).map(|(_, choice)| *choice);
    choice.ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        entry.error(format!("must be one of: {}", names.join(", ")))
    })
}
