//! The tenant rows as a scraper reads them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use llmobs::Observer;
use llmobs::testing::Readings;

pub(crate) const OPERATIONS: &str = "llmobs.tenant.operations";
pub(crate) const TOKENS: &str = "llmobs.tenant.tokens";

/// Returns the number of operations of each tenant that has series, over all outcomes.
pub(crate) fn operations_by_tenant(observer: &Observer) -> BTreeMap<String, u64> {
    let readings = Readings::new(observer);
    let names: BTreeSet<_> =
        readings.series(OPERATIONS).iter().map(|labels| labels["llmobs_tenant_name"].clone()).collect();
    names.into_iter().map(|name| (name.clone(), operations(&readings, &name))).collect()
}

fn operations(readings: &Readings, tenant: &str) -> u64 {
    readings.count(OPERATIONS, &[("llmobs.tenant.name", tenant)])
}

/// Checks that the sum over all tenants is that of the rows without tenants, for each outcome and each direction.
#[track_caller]
pub(crate) fn assert_sums(observer: &Observer) {
    let readings = Readings::new(observer);
    for outcome in ["completed", "failed", "cancelled", "rejected"] {
        let labels = [("llmobs.operation.outcome", outcome)];
        let (sum, all) = (readings.count(OPERATIONS, &labels), readings.count("llmobs.operation.ended", &labels));
        assert_eq!(sum, all, "operations {outcome}");
    }
    for direction in ["input", "output"] {
        let labels = [("llmobs.token.direction", direction)];
        let (sum, all) = (readings.count(TOKENS, &labels), readings.count("llmobs.token.processed", &labels));
        assert_eq!(sum, all, "{direction} tokens");
    }
}
