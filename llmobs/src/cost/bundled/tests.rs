//! The rates compared with the prices of the data itself, for every model.

use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use genai_prices::Calculator;
use genai_prices::ErrorKind;
use genai_prices::PriceRequest;
use genai_prices::Usage;
use genai_prices::UsageKey;

use super::Bundled;
use crate::cost::billable::Billable;
use crate::cost::date::Slot;
use crate::cost::price_book::PriceBook;
use crate::cost::provider_name::in_price_data;
use crate::cost::rate::RateKind;
use crate::cost::rate_card::RateCard;
use crate::cost::unpriced::Unpriced;
use crate::number::to_f64;
use crate::semconv::value::Provider;
use crate::semconv::value::ServiceTier;
use crate::semconv::value::TokenModality;

/// Dates from 2024 on, in seconds since 1970.
const FIRST_DATE: u64 = 1_704_067_200;

const TIERS: [Option<ServiceTier>; 5] =
    [None, Some(ServiceTier::Default), Some(ServiceTier::Flex), Some(ServiceTier::Priority), Some(ServiceTier::Batch)];

/// Numbers from a seed (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// Returns a number of up to 4 million tokens, and each border of the data and its neighbours often.
    fn tokens(&mut self) -> u64 {
        const BORDERS: [u64; 9] = [32_000, 100_000, 128_000, 199_999, 200_000, 256_000, 272_000, 512_000, 524_288];
        let index = usize::try_from(self.below(BORDERS.len() as u64)).unwrap();
        match self.below(3) {
            0 => BORDERS[index] + self.below(3) - 1,
            1 => self.below(4_000_000),
            _ => self.below(20_000),
        }
    }

    /// Returns a date from 2024 to 2027.
    fn date(&mut self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(FIRST_DATE + self.below(4 * 365 * 86_400))
    }
}

/// Returns the names of every provider and model of the data.
fn models() -> impl Iterator<Item = (&'static str, &'static str)> {
    Calculator::bundled()
        .providers()
        .flat_map(|provider| provider.models().map(move |model| (provider.id(), model.id())))
}

/// Returns the price of the data in nano-dollars.
fn direct(
    provider: &str,
    model: &str,
    tier: Option<ServiceTier>,
    at: SystemTime,
    usage: &[(UsageKey, u64)],
) -> Result<f64, ErrorKind> {
    let usage: Vec<_> = usage.iter().map(|(key, tokens)| (key.clone(), to_f64(*tokens))).collect();
    let usage = Usage::from_iter(usage);
    let request = PriceRequest::new(model, &usage).with_provider_id(provider).with_timestamp(at);
    let request = match tier {
        Some(ServiceTier::Batch) => request.with_price_context("processing", "batch"),
        Some(tier) => request.with_price_context("service_tier", tier.as_str()),
        None => request,
    };
    Calculator::bundled().calculate(&request).map(|price| price.total_price * 1e9).map_err(|error| error.kind())
}

/// A random usage, in both forms. Without cached tokens it can have tokens of images and audio.
fn usage(numbers: &mut Numbers, card: &RateCard) -> (crate::Usage, Vec<(UsageKey, u64)>) {
    let input = numbers.tokens();
    let rates = *card.rates(input);
    let mut part = |kind, limit| if rates.get(kind).is_some() { numbers.below(limit + 1) } else { 0 };
    let output = part(RateKind::Output, 100_000);
    let reasoning = part(RateKind::Output, output);
    let searches = part(RateKind::Search, 10);
    let (input_audio, input_image) = (part(RateKind::InputAudio, input / 2), part(RateKind::InputImage, input / 2));
    let is_cached = input_audio + input_image == 0;
    let cache_read = part(RateKind::CacheRead, if is_cached { input } else { 0 });
    let cache_write = part(RateKind::CacheWrite, if is_cached { input - cache_read } else { 0 });
    let write_1h = part(RateKind::CacheWrite1h, cache_write);
    let output_image = part(RateKind::OutputImage, output - reasoning);
    let output_audio = part(RateKind::OutputAudio, output - reasoning - output_image);
    let ours = crate::Usage::new()
        .input(input)
        .cache_read(cache_read)
        .cache_write(cache_write)
        .cache_write_1h(write_1h)
        .output(output)
        .reasoning(reasoning)
        .web_searches(searches)
        .input_modality(TokenModality::Image, input_image)
        .input_modality(TokenModality::Audio, input_audio)
        .output_modality(TokenModality::Image, output_image)
        .output_modality(TokenModality::Audio, output_audio);
    let theirs = vec![
        (UsageKey::INPUT_TOKENS, if rates.get(RateKind::Input).is_some() { input } else { 0 }),
        (UsageKey::CACHE_READ_TOKENS, cache_read),
        (UsageKey::CACHE_WRITE_TOKENS, cache_write),
        (UsageKey::CACHE_WRITE_1H_TOKENS, write_1h),
        (UsageKey::INPUT_IMAGE_TOKENS, input_image),
        (UsageKey::INPUT_AUDIO_TOKENS, input_audio),
        (UsageKey::OUTPUT_TOKENS, output),
        (UsageKey::OUTPUT_REASONING_TOKENS, reasoning),
        (UsageKey::OUTPUT_IMAGE_TOKENS, output_image),
        (UsageKey::OUTPUT_AUDIO_TOKENS, output_audio),
        // An image or audio token of the output could be one of reasoning too; here, none is.
        (UsageKey::OUTPUT_IMAGE_REASONING_TOKENS, 0),
        (UsageKey::OUTPUT_AUDIO_REASONING_TOKENS, 0),
        (UsageKey::WEB_SEARCHES, searches),
    ];
    (ours, theirs)
}

/// The price of every model equals that of the data, for random usages, dates and classes of service: to the half
/// nano-dollar of the total's rounding, and to the half unit of the rounding of each rate.
#[test]
fn every_model_has_the_prices_of_the_data_at_random_dates_and_numbers_of_tokens() {
    let book = PriceBook::bundled().pin();
    let mut numbers = Numbers(19);
    let (mut compared, mut empty) = (0_u32, 0_u32);
    for (provider, model) in models() {
        for _ in 0..3 {
            let tier = TIERS[usize::try_from(numbers.below(5)).unwrap()];
            let at = numbers.date();
            let card = match Bundled::load().card(provider, model, tier, Slot::of(at)) {
                Ok(card) => card,
                Err(reason) => {
                    let tokens = [(UsageKey::INPUT_TOKENS, 1_000), (UsageKey::OUTPUT_TOKENS, 1_000)];
                    let (expected, is_empty) = match direct(provider, model, tier, at, &tokens) {
                        Ok(price) => (Unpriced::NoPrices, price == 0.0),
                        // The names of some models are not names that requests have.
                        Err(kind) => (Unpriced::UnknownModel, kind == ErrorKind::ModelNotFound),
                    };
                    assert!(is_empty && reason == expected, "{provider}/{model}: {reason}");
                    empty += u32::from(reason == Unpriced::NoPrices);
                    continue;
                }
            };
            let (ours, theirs) = usage(&mut numbers, &card);
            let ours = tier.map_or(ours, |tier| ours.service_tier(tier));
            let attempt = Billable {
                provider,
                response_model: None,
                request_model: model,
                usage: ours,
                is_counted: false,
                is_cut: false,
                max_tokens: None,
                at,
            };
            let expected = direct(provider, model, tier, at, &theirs).unwrap();
            let case = || format!("{provider}/{model} {tier:?} {at:?} {ours:?} {card:?}");
            let cost = match book.price(&attempt).cost {
                Ok(cost) => cost,
                // The data has no price for the input, so it silently counts none.
                Err(Unpriced::UnknownKind) => {
                    assert!(card.rates(ours.input.unwrap()).get(RateKind::Input).is_none(), "{}", case());
                    continue;
                }
                Err(reason) => panic!("{reason}: {}", case()),
            };
            let units: u64 = theirs.iter().map(|(_, units)| *units).sum();
            let tolerance = 0.501 + to_f64(units) * 0.5e-6 + expected * 1e-14;
            let difference = (to_f64(cost.total().nanos()) - expected).abs();
            assert!(difference <= tolerance, "{difference}: {}", case());
            compared += 1;
        }
    }
    assert!(compared > 5_000 && empty > 100, "{compared} {empty}");
}

/// Prices by time of day change at the start of slots, and those by date at midnight in UTC.
#[test]
fn prices_change_by_time_of_day_and_by_date() {
    let tokens = [(UsageKey::INPUT_TOKENS, 1_000_000), (UsageKey::OUTPUT_TOKENS, 1_000_000)];
    let (mut by_time, mut by_date) = (0, 0);
    for (provider, model) in models().filter(|(provider, _)| *provider == "deepseek") {
        let mut last = None;
        for slot in 0..96 * 2 {
            let start = UNIX_EPOCH + Duration::from_secs(1_764_547_200 + slot * 900);
            let prices = [0, 450, 899]
                .map(|seconds| direct(provider, model, None, start + Duration::from_secs(seconds), &tokens));
            assert!(prices.iter().all(|price| *price == prices[0]), "{model} within slot {slot}");
            by_time += u32::from(last.as_ref().is_some_and(|last| *last != prices[0]));
            last = Some(prices[0]);
        }
    }
    // Prices by time of day are left out: they differ within a day.
    for (provider, model) in models().filter(|(provider, _)| *provider != "deepseek") {
        let price = |seconds| direct(provider, model, None, UNIX_EPOCH + Duration::from_secs(seconds), &tokens);
        for month in 0..48 {
            let (mut before, mut after) = (FIRST_DATE + month * 30 * 86_400, FIRST_DATE + (month + 1) * 30 * 86_400);
            let price_before = price(before);
            if price_before == price(after) {
                continue;
            }
            while after - before > 1 {
                let middle = before + (after - before) / 2;
                if price(middle) == price_before { before = middle } else { after = middle }
            }
            assert_eq!(after % 86_400, 0, "{provider}/{model} changes at {after}");
            by_date += 1;
        }
    }
    assert!(by_time > 0 && by_date > 50, "{by_time} {by_date}");
}

/// Reading from a cache never costs more than the input itself, with each exception named.
#[test]
fn cache_reads_cost_at_most_as_much_as_input() {
    const EXCEPTIONS: &[&str] = &["openrouter/~deepseek/deepseek-pro-latest"];
    let at = UNIX_EPOCH + Duration::from_secs(1_796_040_000);
    let mut found = Vec::new();
    let mut compared = 0;
    for (provider, model) in models() {
        for tier in TIERS {
            let Ok(card) = Bundled::load().card(provider, model, tier, Slot::of(at)) else { continue };
            for bracket in card.brackets() {
                let rates = [RateKind::CacheRead, RateKind::Input].map(|kind| bracket.rates.get(kind));
                let [Some(cache_read), Some(input)] = rates else { continue };
                compared += 1;
                if cache_read > input {
                    found.push(format!("{provider}/{model}"));
                }
            }
        }
    }
    found.dedup();
    assert_eq!(found, EXCEPTIONS);
    assert!(compared > 3_000, "{compared}");
}

/// The guide states the numbers of models.
#[test]
fn models_without_a_price_of_tokens_or_requests_have_no_card() {
    let slot = Slot::of(UNIX_EPOCH + Duration::from_secs(1_796_040_000));
    let reasons: Vec<_> =
        models().filter_map(|(provider, model)| Bundled::load().card(provider, model, None, slot).err()).collect();
    let count = |reason| reasons.iter().filter(|found| **found == reason).count();
    assert_eq!((count(Unpriced::NoPrices), models().count()), (202, 2_267));
    assert_eq!(count(Unpriced::UnknownKind), 0);
}

#[test]
fn the_providers_of_the_conventions_are_in_the_data() {
    const MISSING: &[Provider] = &[Provider::IbmWatsonxAi];
    let is_known = |name: &str| Calculator::bundled().providers().any(|provider| provider.id() == name);
    for provider in Provider::KNOWN {
        assert_ne!(is_known(in_price_data(provider.as_str())), MISSING.contains(provider), "{provider:?}");
    }
}
