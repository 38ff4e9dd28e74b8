//! The import of LiteLLM's list of prices.

use llmobs::Usage;
use llmobs::cost::LitellmImport;
use llmobs::cost::PriceBook;
use llmobs::cost::Unpriced;
use llmobs::semconv::value::ServiceTier;

use super::at;
use super::nanos;

/// Entries in the form of `model_prices_and_context_window.json`, one for each rule.
const LIST: &str = r#"{
    "sample_spec": {"litellm_provider": "one of ...", "input_cost_per_token": 0.0, "max_tokens": "legacy"},
    "claude-x": {
        "litellm_provider": "anthropic", "mode": "chat", "max_tokens": 64000, "supports_vision": true,
        "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05,
        "cache_read_input_token_cost": 3e-07, "cache_creation_input_token_cost": 3.75e-06,
        "cache_creation_input_token_cost_above_1hr": 6e-06,
        "input_cost_per_token_above_200k_tokens": 6e-06, "output_cost_per_token_above_200k_tokens": 2.25e-05,
        "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 1.2e-05,
        "search_context_cost_per_query": {"search_context_size_low": 0.01}
    },
    "azure/gpt-x": {
        "litellm_provider": "azure", "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05,
        "input_cost_per_token_batches": 6.25e-07, "output_cost_per_token_batches": 5e-06,
        "input_cost_per_token_priority": 2.5e-06
    },
    "gemini/noise": {"litellm_provider": "gemini", "input_cost_per_token": 1.5000000000000002e-07, "output_cost_per_token": 6e-07},
    "embedding": {"litellm_provider": "openai", "mode": "embedding", "input_cost_per_token": 2e-08, "output_cost_per_token": 0.0},
    "no-cache-price": {"litellm_provider": "openai", "input_cost_per_token": 2e-06, "output_cost_per_token": 0.000004, "cache_read_input_token_cost": 0},
    "zero": {"litellm_provider": "github_copilot", "input_cost_per_token": 0, "output_cost_per_token": 0.0},
    "dynamic": {"litellm_provider": "openrouter", "input_cost_per_token": -1, "output_cost_per_token": 1e-06},
    "image": {"litellm_provider": "openai", "output_cost_per_image": 0.04},
    "list": {"litellm_provider": "dashscope", "tiered_pricing": [{"range": [0, 1]}]},
    "nobody": {"input_cost_per_token": 1e-06}
}"#;

fn import() -> LitellmImport {
    LitellmImport::from_json(LIST.as_bytes()).unwrap()
}

#[test]
fn entries_are_imported_exactly() {
    let date = at(0, 0);
    let book = PriceBook::empty().overlay(import().into_overlay().with_checked_at(date));
    assert_eq!(book.version(), "litellm 2026-11-20");
    let usage = Usage::new().input(10_000).cache_read(2_000).cache_write(5_000).cache_write_1h(1_000).output(500);
    assert_eq!(nanos(&book, "anthropic", "claude-x", usage), Ok(38_100_000));
    let large = Usage::new().input(250_000).cache_write(1_000).cache_write_1h(1_000).output(1_000);
    assert_eq!(nanos(&book, "anthropic", "claude-x", large), Ok(249_000 * 6_000 + 1_000 * 12_000 + 1_000 * 22_500));

    let usage = Usage::new().input(10_000).output(1_000);
    let azure = |tier| nanos(&book, "azure.ai.openai", "gpt-x", usage.service_tier(tier));
    assert_eq!(azure(ServiceTier::Default), Ok(22_500_000));
    assert_eq!(azure(ServiceTier::Batch), Ok(11_250_000));
    assert_eq!(azure(ServiceTier::Priority), Ok(35_000_000), "the output has its standard price");

    let million = Usage::new().input(1_000_000).output(0);
    assert_eq!(
        nanos(&book, "gcp.gemini", "noise", million),
        Ok(150_000_000),
        "rounded to 9 decimals per million tokens"
    );
    assert_eq!(nanos(&book, "openai", "embedding", million.output(5)), Ok(20_000_000));
    assert_eq!(nanos(&book, "openai", "no-cache-price", million), Ok(2_000_000_000));
    assert_eq!(nanos(&book, "openai", "no-cache-price", million.cache_read(1)), Err(Unpriced::UnknownKind));
}

#[test]
fn entries_that_cannot_be_represented_are_counted_by_reason() {
    let import = import();
    assert_eq!(import.prices(), 5);
    let skipped: Vec<_> = import.skipped().collect();
    let expected = [
        ("a price is negative, too large or not a number", 1),
        ("it describes the fields", 1),
        ("it has no price of tokens or requests", 1),
        ("it has no provider", 1),
        ("its prices are 0, which the list also has for unknown prices", 1),
        ("its tiers are a list", 1),
    ];
    assert_eq!(skipped, expected);
    let book = PriceBook::empty().overlay(import.into_overlay());
    let usage = Usage::new().input(1).output(0);
    assert_eq!(nanos(&book, "github_copilot", "zero", usage), Err(Unpriced::UnknownModel));
    assert!(LitellmImport::from_json(b"[]").is_err());
}
