//! Own prices in TOML: every key, and each rule of the schema.

use std::time::Duration;

use llmobs::Usage;
use llmobs::cost::Overlay;
use llmobs::cost::PriceBook;
use llmobs::cost::Unpriced;
use llmobs::semconv::value::ServiceTier;
use llmobs::semconv::value::TokenModality;

use super::at;
use super::nanos;

fn book(text: &str) -> PriceBook {
    PriceBook::empty().overlay(Overlay::from_toml(text).unwrap())
}

#[test]
fn every_kind_has_its_own_price() {
    let book = book(
        "[[price]]
        provider = 'candle'
        model = 'm'
        input = 1
        cache_read = '0.1'
        cache_write = 1.25
        cache_write_1h = 2.0
        input_image = 3
        input_audio = 4
        output = 5
        reasoning = 6
        output_image = 7
        output_audio = 8
        request = 0.000_001
        search = 0.01",
    );
    let price = |usage| nanos(&book, "candle", "m", usage).unwrap() - 1_000;
    let input = Usage::new().input(1_000).output(0);
    let output = Usage::new().input(0).output(1_000);
    let micros = 1_000_000;
    assert_eq!(price(input), micros);
    assert_eq!(price(input.cache_read(1_000)), micros / 10);
    assert_eq!(price(input.cache_write(1_000)), micros * 5 / 4);
    assert_eq!(price(input.cache_write(1_000).cache_write_1h(1_000)), 2 * micros);
    assert_eq!(price(input.input_modality(TokenModality::Image, 1_000)), 3 * micros);
    assert_eq!(price(input.input_modality(TokenModality::Audio, 1_000)), 4 * micros);
    assert_eq!(price(output), 5 * micros);
    assert_eq!(price(output.reasoning(1_000)), 6 * micros);
    assert_eq!(price(output.output_modality(TokenModality::Image, 1_000)), 7 * micros);
    assert_eq!(price(output.output_modality(TokenModality::Audio, 1_000)), 8 * micros);
    assert_eq!(price(Usage::new().input(0).output(0).web_searches(2)), 20_000_000);
}

#[test]
fn models_are_matched_by_name_and_by_parts_of_it() {
    let price = |rule: &str, model: &str| {
        let book = book(&format!("[[price]]\nmodel = {rule}\ninput = 1\noutput = 1\n"));
        nanos(&book, "any", model, Usage::new().input(1).output(0)).is_ok()
    };
    assert!(price("'Qwen3'", "qwen3") && price("'qwen3'", "QWEN3") && !price("'qwen3'", "qwen3-8b"));
    assert!(price("['a', 'b']", "b") && !price("['a', 'b']", "c"));
    assert!(price("{ equals = 'a' }", "a") && !price("{ equals = 'a' }", "ab"));
    assert!(price("{ starts_with = 'qwen' }", "Qwen3-8B") && !price("{ starts_with = 'qwen' }", "my-qwen"));
    assert!(price("{ contains = 'qwen', ends_with = '-8b' }", "my-qwen3-8b"));
    assert!(!price("{ contains = 'qwen', ends_with = '-8b' }", "my-qwen3-9b"));
}

#[test]
fn the_first_rule_that_applies_wins_and_a_later_overlay_wins_over_an_earlier_one() {
    let rule =
        |provider: &str, input: u32| format!("[[price]]\n{provider}\nmodel = 'm'\ninput = {input}\noutput = 0\n");
    let text = rule("provider = 'aws.bedrock'", 1) + &rule("", 2) + &rule("", 3);
    let first = book(&text);
    let price = |book: &PriceBook, provider| {
        nanos(book, provider, "m", Usage::new().input(1_000).output(0)).unwrap() / 1_000_000
    };
    assert_eq!([price(&first, "aws.bedrock"), price(&first, "aws"), price(&first, "openai")], [1, 1, 2]);
    let second = first.overlay(Overlay::from_toml(&rule("", 9)).unwrap());
    assert_eq!(price(&second, "aws.bedrock"), 9);
}

#[test]
fn prices_apply_from_their_first_day_to_before_their_last_one() {
    let book = book(
        "[[price]]
        model = 'm'
        effective_from = 2026-11-20
        effective_to = '2026-11-21'
        input = 1
        output = 0",
    );
    let usage = Usage::new().input(1_000).output(0);
    let is_priced = |date| book.cost("p", "m", &usage, date).is_ok();
    let second = Duration::from_secs(1);
    assert_eq!([at(0, 0) - second, at(0, 0), at(24, 0) - second, at(24, 0)].map(is_priced), [false, true, true, false]);
}

#[test]
fn prices_by_time_of_day_apply_within_their_windows() {
    let book = book(
        "[[price]]
        model = 'm'
        time_of_day = [{ from = '22:15', to = '06:00' }, { from = '12:00', to = '12:45' }]
        input = 1
        output = 0
        [[price]]
        model = 'm'
        input = 2
        output = 0",
    );
    let price = |hour, minute| {
        book.cost("p", "m", &Usage::new().input(1_000).output(0), at(hour, minute)).unwrap().total().nanos() / 1_000_000
    };
    assert_eq!([price(22, 14), price(22, 15), price(0, 0), price(5, 59), price(6, 0)], [2, 1, 1, 1, 2]);
    assert_eq!([price(11, 59), price(12, 0), price(12, 44), price(12, 45)], [2, 1, 1, 2]);
}

#[test]
fn tiers_price_all_tokens_and_inherit_what_they_do_not_state() {
    let book = book(
        "[[price]]
        model = 'm'
        input = 1
        output = 10
        [[price.tiers]]
        above_input_tokens = 1000
        input = 2
        [[price.tiers]]
        above_input_tokens = 2000
        input = 3
        output = 20",
    );
    let price = |input: u64| nanos(&book, "p", "m", Usage::new().input(input).output(1)).unwrap() / 1_000;
    assert_eq!([price(1_000), price(1_001), price(2_000), price(2_001)], [1_010, 2_012, 4_010, 6_023]);
}

#[test]
fn classes_of_service_have_factors_or_prices_of_their_own() {
    let book = book(
        "[[price]]
        model = 'm'
        service_tier = 'priority'
        input = 7
        output = 0
        [[price]]
        model = 'm'
        multipliers = { batch = 0.5, reserved = 0 }
        input = 3
        output = 0
        search = 1",
    );
    let price = |tier| {
        nanos(&book, "p", "m", Usage::new().input(1_000).output(0).service_tier(tier)).map(|nanos| nanos / 100_000)
    };
    assert_eq!(
        [price(ServiceTier::Default), price(ServiceTier::Flex), price(ServiceTier::Batch)],
        [Ok(30), Ok(30), Ok(15)]
    );
    assert_eq!([price(ServiceTier::Priority), price(ServiceTier::Reserved)], [Ok(70), Ok(0)]);
    assert_eq!(price(ServiceTier::Other), Err(Unpriced::UnknownModel));
    let search = Usage::new().input(0).output(0).web_searches(1).service_tier(ServiceTier::Batch);
    assert_eq!(nanos(&book, "p", "m", search), Ok(1_000_000_000), "a factor applies to tokens only");
}

#[test]
fn another_currency_needs_a_rate_of_the_date() {
    let prices = "[[price]]\nmodel = 'm'\ncurrency = 'eur'\ninput = 2\noutput = 0\n";
    let error = Overlay::from_toml(prices).unwrap_err();
    assert_eq!(error.to_string(), "line 1: [[price]] is in a currency without an exchange rate");
    let rates = "[[exchange_rate]]\ncurrency = 'EUR'\nusd = 1.0843\nfrom = 2026-11-20\n\
                 [[exchange_rate]]\ncurrency = 'EUR'\nusd = '1.2'\nfrom = 2026-11-21\n";
    let book = book(&format!("{rates}{prices}"));
    let price =
        |date| book.cost("p", "m", &Usage::new().input(1_000_000).output(0), date).map(|cost| cost.total().nanos());
    assert_eq!(price(at(0, 0) - Duration::from_secs(1)), Err(Unpriced::NoExchangeRate));
    assert_eq!([price(at(0, 0)), price(at(24, 0))], [Ok(2_168_600_000), Ok(2_400_000_000)]);
}

#[test]
fn errors_name_the_line_and_the_key() {
    let price = "[[price]]\nmodel = 'm'\ninput = 1\n";
    let budget = "[[budget]]\nname = 'b'\nlimit_usd = 10\nperiod = 'day'\n";
    let gpu = "[[gpu]]\nmodel = 'm'\n";
    let cases: &[(String, usize, &str)] = &[
        ("checked = 2026-11-20".to_owned(), 1, "the overlay has an unknown key `checked`"),
        ("checked_on = 2026-11-20T10:00:00Z".to_owned(), 1, "`checked_on` must be a date like 2026-11-20"),
        (format!("{price}prompt = 1"), 4, "[[price]] has an unknown key `prompt`"),
        ("[[price]]\ninput = 1".to_owned(), 1, "[[price]] has no `model`"),
        ("\n[[price]]\nmodel = 'm'".to_owned(), 2, "[[price]] has no price"),
        (format!("{price}output = -1"), 4, "`output` is not a decimal number of at least 0"),
        (format!("{price}output = nan"), 4, "`output` is not a decimal number of at least 0"),
        (format!("{price}output = 0.0000000001"), 4, "`output` has too many decimals"),
        (format!("{price}output = 99999999999"), 4, "`output` is too large"),
        (format!("{price}output = true"), 4, "`output` must be a decimal number"),
        (
            format!("{price}effective_from = 2026-11-20\neffective_to = 2026-11-20"),
            1,
            "[[price]] has an `effective_to`",
        ),
        (
            format!("{price}time_of_day = {{ from = '08:10', to = '09:00' }}"),
            4,
            "`from` must be a time in UTC on a quarter",
        ),
        (format!("{price}time_of_day = {{ from = '08:00', to = '08:00' }}"), 4, "`time_of_day` is empty"),
        (format!("{price}service_tier = 'cheap'"), 4, "`service_tier` is not a class of service"),
        (format!("{price}multipliers = {{ cheap = 1 }}"), 4, "`multipliers` has an unknown key `cheap`"),
        (
            format!("{price}tiers = [{{ above_input_tokens = 0, input = 1 }}]"),
            4,
            "`above_input_tokens` must be above 0",
        ),
        ("[[price]]\ninput = 1\nmodel = { like = 'm' }".to_owned(), 3, "`model` has an unknown key `like`"),
        ("[[price]]\ninput = 1\nmodel = []".to_owned(), 3, "`model` names no model"),
        (gpu.to_owned(), 1, "[[gpu]] has no `usd_per_hour`"),
        (format!("{budget}action = 'stop'"), 5, "`action` must be one of: alert, deny"),
        (format!("{budget}time_zone = 'Europe/Atlantis'"), 5, "`time_zone` is not in the time zone database"),
        (format!("{budget}thresholds = [80, 50]"), 5, "`thresholds` must ascend"),
        (format!("{budget}share = 1.5"), 5, "`share` must be above 0 and at most 1"),
        (format!("{budget}{budget}"), 5, "[[budget]] has the name of another budget"),
        (
            "[[provider]]\nname = 'openai'\non_cut = 'guess'".to_owned(),
            3,
            "`on_cut` must be one of: estimate, full, none",
        ),
        ("a = ".to_owned(), 1, ""),
    ];
    for (text, line, message) in cases {
        let error = Overlay::from_toml(text).unwrap_err();
        assert_eq!(error.line(), Some(*line), "{text}\n{error}");
        assert!(error.to_string().contains(message), "{text}\n{error}");
    }
    let valid = format!(
        "{price}{gpu}usd_per_hour = '2.50'\ngpus = 8\n{budget}tenant = 'pro'\nmodel = 'm'\nprovider = 'openai'\nshare = 0.25\n\
         time_zone = 'Europe/Berlin'\nthresholds = [50, 80, 100]\naction = 'deny'\n"
    );
    Overlay::from_toml(&valid).unwrap();
}
