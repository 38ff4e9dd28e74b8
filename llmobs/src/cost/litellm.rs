//! The import of LiteLLM's list of prices, `model_prices_and_context_window.json`.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::decimal::parse_rounded;
use super::overlay::Overlay;
use super::price_book_error::PriceBookError;
use super::rate::RateKind;
use super::rate::Rates;
use super::rate_card::Bracket;
use crate::semconv::value::ServiceTier;

/// The fields of an entry with a price of one token or request, and the kinds of tokens.
const FIELDS: [(&str, RateKind); 11] = [
    ("input_cost_per_token", RateKind::Input),
    ("cache_read_input_token_cost", RateKind::CacheRead),
    ("cache_creation_input_token_cost", RateKind::CacheWrite),
    ("cache_creation_input_token_cost_above_1hr", RateKind::CacheWrite1h),
    ("input_cost_per_image_token", RateKind::InputImage),
    ("input_cost_per_audio_token", RateKind::InputAudio),
    ("output_cost_per_token", RateKind::Output),
    ("output_cost_per_reasoning_token", RateKind::Reasoning),
    ("output_cost_per_image_token", RateKind::OutputImage),
    ("output_cost_per_audio_token", RateKind::OutputAudio),
    ("input_cost_per_request", RateKind::Request),
];

/// The ends of the names of fields for other classes of service.
const TIERS: [(&str, ServiceTier); 3] =
    [("_batches", ServiceTier::Batch), ("_flex", ServiceTier::Flex), ("_priority", ServiceTier::Priority)];

/// The own prices in LiteLLM's list of prices, and the numbers of entries that were not imported.
///
/// ```
/// use llmobs::cost::LitellmImport;
/// use llmobs::cost::PriceBook;
///
/// let json = br#"{"my-model": {"litellm_provider": "vllm", "input_cost_per_token": 1e-07, "output_cost_per_token": 4e-07},
///                 "a-voice": {"litellm_provider": "vllm", "input_cost_per_character": 1e-05}}"#;
/// let import = LitellmImport::from_json(json)?;
/// assert_eq!(import.prices(), 1);
/// assert_eq!(import.skipped().collect::<Vec<_>>(), [("it has no price of tokens or requests", 1)]);
/// let book = PriceBook::bundled().overlay(import.into_overlay());
/// # Ok::<(), llmobs::cost::PriceBookError>(())
/// ```
#[derive(Debug, Clone)]
pub struct LitellmImport {
    overlay: Overlay,
    prices: usize,
    skipped: BTreeMap<&'static str, usize>,
}

/// The values of an entry by field.
type Entry = BTreeMap<String, Box<RawValue>>;

impl LitellmImport {
    /// Reads the list. Prices are parsed from their decimal text and rounded to 9 decimals of a dollar per million tokens.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a JSON object of objects.
    pub fn from_json(json: &[u8]) -> Result<Self, PriceBookError> {
        let entries: BTreeMap<String, Entry> = serde_json::from_slice(json)
            .map_err(|error| PriceBookError::new(format!("not the JSON of LiteLLM's prices: {error}")))?;
        let mut import = Self { overlay: Overlay::named("litellm"), prices: 0, skipped: BTreeMap::new() };
        for (name, entry) in &entries {
            match import.add(name, entry) {
                Ok(()) => import.prices += 1,
                Err(reason) => *import.skipped.entry(reason).or_default() += 1,
            }
        }
        Ok(import)
    }

    /// Returns the number of entries that were imported.
    #[must_use]
    pub const fn prices(&self) -> usize {
        self.prices
    }

    /// Returns the reasons for which entries were not imported, each with the number of entries.
    pub fn skipped(&self) -> impl Iterator<Item = (&'static str, usize)> + '_ {
        self.skipped.iter().map(|(reason, count)| (*reason, *count))
    }

    /// Returns the own prices.
    #[must_use]
    pub fn into_overlay(self) -> Overlay {
        self.overlay
    }

    /// Adds the prices of an entry, or returns the reason for which it has none.
    fn add(&mut self, name: &str, entry: &Entry) -> Result<(), &'static str> {
        if name == "sample_spec" {
            return Err("it describes the fields");
        }
        if entry.contains_key("tiered_pricing") {
            return Err("its tiers are a list");
        }
        let listed = entry.get("litellm_provider").and_then(|value| serde_json::from_str::<String>(value.get()).ok());
        let listed = listed.ok_or("it has no provider")?;
        let (rates, higher) = prices(entry, "")?;
        if rates.is_empty() {
            return Err("it has no price of tokens or requests");
        }
        if rates.highest(&RateKind::ALL) == Some(0) {
            return Err("its prices are 0, which the list also has for unknown prices");
        }
        let model =
            name.split_once('/').filter(|(prefix, _)| listed.starts_with(prefix)).map_or(name, |(_, rest)| rest);
        let provider = provider(&listed);
        for (suffix, tier) in TIERS {
            let (own, own_higher) = prices(entry, suffix)?;
            if !own.is_empty() {
                // A class of service has the standard price of kinds without a price of its own.
                let own_higher = own_higher.into_iter().map(|tier| {
                    let standard = higher.iter().rfind(|standard| standard.above <= tier.above);
                    let standard = standard.map_or(&rates, |standard| &standard.rates);
                    Bracket { above: tier.above, rates: tier.rates.or(standard) }
                });
                let own_higher = own_higher.collect();
                self.overlay.add_price(provider, model, Some(tier), own.or(&rates), own_higher);
            }
        }
        self.overlay.add_price(provider, model, None, rates, higher);
        Ok(())
    }
}

/// Returns the prices of an entry in the fields that end with `suffix`, and those above numbers of input tokens. A price
/// of 0 counts only for output tokens, which embeddings do not have: in other fields, the list has it for unknown prices.
fn prices(entry: &Entry, suffix: &str) -> Result<(Rates, Vec<Bracket>), &'static str> {
    let mut rates = Rates::default();
    let mut higher: BTreeMap<u64, Rates> = BTreeMap::new();
    for (field, value) in entry {
        let Some((name, border)) = field.strip_suffix(suffix).and_then(split_border) else { continue };
        let Some((_, kind)) = FIELDS.iter().find(|(known, _)| *known == name) else { continue };
        if value.get() == "null" {
            continue;
        }
        // The price of one token with 15 decimals is that of a million with 9; the same holds for a request.
        let text = value.get().trim_matches('"');
        let rate = parse_rounded(text, 15).map_err(|_| "a price is negative, too large or not a number")?;
        if rate > 0 || *kind == RateKind::Output {
            border.map_or(&mut rates, |border| higher.entry(border).or_default()).set(*kind, Some(rate));
        }
    }
    let mut brackets: Vec<Bracket> = Vec::new();
    for (above, own) in higher {
        let below = brackets.last().map_or(rates, |bracket| bracket.rates);
        brackets.push(Bracket { above, rates: own.or(&below) });
    }
    Ok((rates, brackets))
}

/// Divides the name of a field into that of the price and the number of input tokens above which it applies. Returns
/// `None` if the name has a number of another form.
fn split_border(field: &str) -> Option<(&str, Option<u64>)> {
    let Some(limited) = field.strip_suffix("_tokens") else { return Some((field, None)) };
    let (name, thousands) = limited.rsplit_once("_above_")?;
    let thousands: u64 = thousands.strip_suffix('k')?.parse().ok()?;
    Some((name, Some(thousands.checked_mul(1_000)?)))
}

/// Returns the name in the price data of a provider of LiteLLM's list.
fn provider(listed: &str) -> &str {
    match listed {
        "azure_ai" | "azure_text" => "azure",
        "codestral" | "text-completion-codestral" => "mistral",
        "cohere_chat" => "cohere",
        "gemini" => "google",
        "moonshot" => "moonshotai",
        "text-completion-openai" => "openai",
        "together_ai" => "together",
        "voyage" => "voyageai",
        "xai" => "x-ai",
        _ if listed.starts_with("bedrock") => "aws",
        _ if listed.starts_with("fireworks_ai") => "fireworks",
        _ if listed.starts_with("vertex_ai") => "google",
        _ => listed,
    }
}
