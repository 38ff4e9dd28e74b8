//! Ten shapes of requests with prices computed by hand from the price lists. The guide compares them with MLflow.

use llmobs::Usage;
use llmobs::cost::CostKind;
use llmobs::cost::CostSource;
use llmobs::cost::PriceBook;
use llmobs::cost::Unpriced;
use llmobs::semconv::value::ServiceTier;
use llmobs::semconv::value::TokenModality;

use super::at;
use super::nanos;

/// Micro-dollars in nano-dollars.
const MICRO: u64 = 1_000;

#[test]
fn a_cached_read() {
    let usage = Usage::new().input(10_000).cache_read(8_000).output(500);
    let expected = (2_000 * 1_250 + 8_000 * 125 + 500 * 10_000) * MICRO / 1_000;
    assert_eq!(nanos(&PriceBook::bundled(), "openai", "gpt-5", usage), Ok(expected));
    assert_eq!(expected, 8_500_000);
}

#[test]
fn cached_writes_of_five_minutes_and_an_hour() {
    let usage = Usage::new().input(10_000).cache_read(2_000).cache_write(5_000).cache_write_1h(1_000).output(500);
    let cost = PriceBook::bundled().cost("anthropic", "claude-sonnet-4-5", &usage, at(12, 0)).unwrap();
    assert_eq!(cost.part(CostKind::CacheWrite).nanos(), (4_000 * 3_750 + 1_000 * 6_000) * MICRO / 1_000);
    assert_eq!(cost.total().nanos(), 38_100_000);
}

#[test]
fn reasoning_costs_as_much_as_other_output() {
    let usage = Usage::new().input(1_000).output(2_000).reasoning(1_500);
    let cost = PriceBook::bundled().cost("openai", "gpt-5", &usage, at(12, 0)).unwrap();
    let part = |kind| cost.part(kind).nanos() / MICRO;
    assert_eq!([part(CostKind::Uncached), part(CostKind::Text), part(CostKind::Reasoning)], [1_250, 5_000, 15_000]);
}

#[test]
fn more_than_200_000_input_tokens_have_the_prices_of_their_tier() {
    let price =
        |input| nanos(&PriceBook::bundled(), "gcp.gemini", "gemini-2.5-pro", Usage::new().input(input).output(1_000));
    assert_eq!(price(200_000), Ok(260_000_000), "1.25 and 10 dollars per million tokens");
    assert_eq!(price(200_001), Ok(515_002_500), "2.50 and 15 dollars");
    assert_eq!(price(250_000), Ok(640_000_000));
}

#[test]
fn a_batch() {
    let usage = Usage::new().input(10_000).output(1_000);
    let price = |usage| nanos(&PriceBook::bundled(), "openai", "gpt-5", usage);
    assert_eq!(price(usage), Ok(22_500_000));
    assert_eq!(price(usage.service_tier(ServiceTier::Batch)), Ok(11_250_000));
}

#[test]
fn an_alias_of_a_model() {
    let usage = Usage::new().input(10_000).output(1_000);
    let price = |provider, model| nanos(&PriceBook::bundled(), provider, model, usage);
    assert_eq!(price("openai", "gpt-5-2025-08-07"), Ok(22_500_000));
    for alias in ["claude-sonnet-4-5", "claude-sonnet-4.5", "claude-sonnet-4-5-20250929"] {
        assert_eq!(price("anthropic", alias), Ok(45_000_000), "{alias}");
    }
    assert_eq!(price("azure.ai.openai", "gpt-5"), Ok(22_500_000), "the data of azure refers to that of openai");
}

#[test]
fn an_unknown_model_or_provider() {
    let usage = Usage::new().input(10_000).output(1_000);
    for (provider, model) in
        [("openai", "no-such-model"), ("no-such-provider", "gpt-5"), ("_OTHER", "gpt-5"), ("openai", "")]
    {
        assert_eq!(
            nanos(&PriceBook::bundled(), provider, model, usage),
            Err(Unpriced::UnknownModel),
            "{provider}/{model}"
        );
    }
}

#[test]
fn a_free_model_is_unpriced_until_the_overlay_states_its_price() {
    const FREE: &str = "agentica-org/deepcoder-14b-preview:free";
    let usage = Usage::new().input(10_000).output(1_000);
    assert_eq!(nanos(&PriceBook::bundled(), "openrouter", FREE, usage), Err(Unpriced::NoPrices));
    let own = "[[price]]\nprovider = 'openrouter'\nmodel = { ends_with = ':free' }\ninput = 0\noutput = 0\n";
    let book = PriceBook::bundled().overlay(llmobs::cost::Overlay::from_toml(own).unwrap());
    let cost = book.cost("openrouter", FREE, &usage, at(12, 0)).unwrap();
    assert_eq!((cost.total().nanos(), cost.source(), cost.parts().count()), (0, CostSource::Overlay, 0));
}

#[test]
fn a_generated_image() {
    let usage = Usage::new().input(1_000).output(1_290).output_modality(TokenModality::Image, 1_290);
    let cost = PriceBook::bundled().cost("gcp.gemini", "gemini-2.5-flash-image", &usage, at(12, 0)).unwrap();
    assert_eq!(cost.part(CostKind::OutputImage).nanos(), 1_290 * 30 * MICRO);
    assert_eq!(cost.total().nanos(), 39_000_000);
}

#[test]
fn peak_and_off_peak() {
    let usage = Usage::new().input(10_000).output(1_000);
    let book = PriceBook::bundled();
    let price = |hour, minute| {
        let cost = book.cost("deepseek", "deepseek-v4-pro", &usage, at(hour, minute));
        cost.unwrap().total().nanos()
    };
    let (off_peak, peak) = (8_580_000, 17_160_000);
    assert_eq!([price(0, 59), price(1, 0), price(3, 59), price(4, 0)], [off_peak, peak, peak, off_peak]);
    assert_eq!([price(5, 59), price(6, 0), price(9, 59), price(10, 0)], [off_peak, peak, peak, off_peak]);
}

#[test]
fn fees_per_request_and_search() {
    let usage = Usage::new().input(1_000).output(1_000);
    let cost = PriceBook::bundled().cost("perplexity", "sonar-pro", &usage, at(12, 0)).unwrap();
    assert!(cost.part(CostKind::Request).nanos() > 0);
    let searched = usage.web_searches(3);
    let cost = PriceBook::bundled().cost("openai", "gpt-5", &searched, at(12, 0)).unwrap();
    assert_eq!(cost.part(CostKind::Search).nanos(), 30_000_000, "10 dollars per thousand");
    assert_eq!(nanos(&PriceBook::bundled(), "groq", "llama-3.3-70b-versatile", searched), Err(Unpriced::UnknownKind));
}

#[test]
fn cache_reads_of_a_model_without_a_price_for_them_are_unpriced() {
    let usage = Usage::new().input(1_000).output(10);
    let price = |usage| nanos(&PriceBook::bundled(), "openai", "gpt-4", usage);
    assert_eq!(price(usage), Ok(30_600_000));
    assert_eq!(price(usage.cache_read(1)), Err(Unpriced::UnknownKind));
}

#[test]
fn the_version_is_that_of_the_lock_file() {
    let lock = include_str!("../../../Cargo.lock");
    let (_, after) = lock.split_once("name = \"genai-prices\"\nversion = \"").unwrap();
    let (version, _) = after.split_once('"').unwrap();
    assert_eq!(PriceBook::bundled().version(), format!("genai-prices {version}"));
}
