//! The cost of a request that a provider reports beside the usage.

use crate::sse::json::FromJson;
use crate::sse::json::Malformed;
use crate::sse::json::Reader;
use crate::sse::json::json_object;

/// A cost in US dollars: a number (OpenRouter, LiteLLM), or an object with the total (Perplexity). `None` if it is missing
/// or of another kind.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::sse) struct ReportedCost(pub(super) Option<f64>);

json_object! {
    /// The cost of Perplexity, with its total and its parts.
    pub(in crate::sse) struct CostByPart {
        total: Option<f64> = b"total_cost",
    }
}

impl<'a> FromJson<'a> for ReportedCost {
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<bool, Malformed> {
        if reader.peek() != Some(b'{') {
            return self.0.read(reader);
        }
        let mut by_part = CostByPart::default();
        by_part.read(reader)?;
        self.0 = by_part.total;
        Ok(self.0.is_some())
    }
}
