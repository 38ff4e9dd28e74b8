//! The names of providers in the price data.

use crate::semconv::value::Provider;

/// Returns the name of a provider in the data of `genai-prices`. Names that the conventions do not list are returned
/// unchanged, so that a provider of the data can be named by its name there, such as `openrouter`.
pub(super) fn in_price_data(name: &str) -> &str {
    match Provider::KNOWN.iter().find(|known| known.as_str() == name) {
        Some(Provider::AwsBedrock) => "aws",
        Some(Provider::AzureAiInference | Provider::AzureAiOpenAi) => "azure",
        Some(Provider::GcpGemini | Provider::GcpGenAi | Provider::GcpVertexAi) => "google",
        Some(Provider::MistralAi) => "mistral",
        Some(Provider::MoonshotAi) => "moonshotai",
        Some(Provider::XAi) => "x-ai",
        _ => name,
    }
}
