//! The attributes of the cost of a model call on its span.

use super::owned::OwnedSpan;
use crate::catalog::Profile;
use crate::cost::Cost;
use crate::cost::CostSource;
use crate::cost::EndedCost;

/// The cost in dollars, as llmobs names it.
const COST: &str = "llmobs.cost.usd";
/// Names that the conventions have not released.
const AMOUNT: &str = "gen_ai.usage.cost.amount";
const CURRENCY: &str = "gen_ai.usage.cost.currency";
const SOURCE: &str = "gen_ai.usage.cost.source";

/// Sets the attributes of the cost, if it is known; those that the conventions have not released only in profile `latest`,
/// and if `has_usage_cost` is set.
pub(crate) fn set_cost_attributes(span: &OwnedSpan, cost: &EndedCost, profile: Profile, has_usage_cost: bool) {
    let Some(total) = cost.total().filter(|_| span.is_recording()) else { return };
    span.set_double(COST, total.as_dollars());
    if has_usage_cost && profile == Profile::Latest {
        let is_of_provider = cost.last.as_ref().map(Cost::source) == Some(CostSource::Provider);
        span.set_double(AMOUNT, total.as_dollars());
        span.set_string(CURRENCY, "USD".to_owned());
        span.set_string(SOURCE, if is_of_provider { "provider" } else { "local" }.to_owned());
    }
}
