//! The parts of the rows add up to the sum of the records, to the nano-dollar, whatever happens to operations.

use llmobs::ErrorType;
use llmobs::Operation;
use llmobs::Usage;
use llmobs::catalog::Level;
use llmobs::cost::Budget;
use llmobs::cost::Budgets;
use llmobs::cost::Usd;
use llmobs::semconv::value::AttemptKind;
use llmobs::semconv::value::ServiceTier;
use proptest::prelude::*;

use llmobs_tests::random::Random;

use crate::fixture::builder;
use crate::fixture::cost;
use crate::fixture::nanos;
use crate::fixture::unpriced;

const MODELS: [&str; 5] = ["small", "large", "odd", "free", "unknown"];
const PROVIDERS: [&str; 2] = ["openai", "anthropic"];

fn random_usage(random: &mut Random) -> Usage {
    let (input, output) = (random.below(5_000), random.below(900));
    let mut usage = Usage::new().input(input).cache_read(random.below(input + 1)).output(output);
    if random.chance(30) {
        usage = usage.reasoning(random.below(output + 1));
    }
    if random.chance(10) {
        usage = usage.service_tier(ServiceTier::Flex);
    }
    if random.chance(15) {
        // Written as decimal dollars, so that the nano-dollars are exact.
        usage = usage.reported_cost_usd(f64::from(u32::try_from(random.below(3_000_000)).unwrap()) / 1e9);
    }
    usage
}

/// Does something at random to an operation, and then ends it.
fn run(operation: Operation, random: &mut Random) {
    let marker = operation.marker().clone();
    for _ in 0..random.below(3) {
        if random.chance(80) {
            marker.usage(random_usage(random));
        }
        if random.chance(40) {
            marker.response_model(random.word(&MODELS));
        }
        match random.below(4) {
            0 => operation
                .attempt(AttemptKind::Fallback)
                .provider(random.word(&PROVIDERS).to_owned())
                .model(random.word(&MODELS))
                .start()
                .complete(),
            1 => marker.record_attempt(AttemptKind::Retry),
            2 => marker.add_superseded_tokens(random.below(50)),
            _ => marker.provider(random.word(&PROVIDERS).to_owned()),
        }
    }
    if random.chance(70) {
        marker.usage(random_usage(random));
    }
    match random.below(5) {
        0 => operation.fail(ErrorType::Upstream),
        1 => operation.cancel(),
        2 => operation.reject(ErrorType::RateLimited),
        3 => drop(operation),
        _ => operation.complete(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_parts_of_the_row_add_up_to_the_records_the_tenants_and_the_budget(seed: u64) {
        let mut random = Random::new(seed);
        let budgets = Budgets::new().add(Budget::new("all", Usd::from_dollars(1_000)));
        let (builder, mut records) = builder()
            .level(Level::Full)
            .max_undeclared_models(8)
            .tenants(["a", "b"])
            .max_undeclared_tenants(2)
            .budgets(budgets)
            .on_end_channel(1_000);
        let observer = builder.build().unwrap();
        for _ in 0..random.below(40) {
            let tenant = ["a", "b", "c", "d", "e", ""][random.index(6)];
            let provider = random.word(&PROVIDERS).to_owned();
            let model = random.word(&MODELS).to_owned();
            run(observer.chat(&model).provider(provider).tenant(tenant).start(), &mut random);
            if random.chance(10) {
                observer.forget_tenant(random.word(&["a", "b", "c", "d"]));
            }
        }
        let (mut total, mut superseded, mut unknown) = (0, 0, 0);
        while let Some(record) = records.try_recv() {
            let of_record = record.cost().unwrap_or_default();
            let last = record.last_attempt_cost();
            let parts: Usd = last.into_iter().flat_map(|cost| cost.parts()).map(|(_, amount)| amount).sum();
            prop_assert_eq!(parts.saturating_add(record.superseded_cost()), of_record);
            total += of_record.nanos();
            superseded += record.superseded_cost().nanos();
            unknown += u64::from(record.unpriced().is_some());
            prop_assert!(record.cost().is_some() || record.unpriced().is_some() || last.is_none());
        }
        prop_assert_eq!(cost(&observer, &[]), total);
        prop_assert_eq!(cost(&observer, &[("llmobs_operation_outcome", "superseded")]), superseded);
        let outcomes = ["completed", "failed", "cancelled", "superseded"];
        let by_outcome = outcomes.map(|outcome| cost(&observer, &[("llmobs_operation_outcome", outcome)]));
        prop_assert_eq!(by_outcome.iter().sum::<u64>(), total);
        let by_direction = ["input", "output", "none"].map(|direction| cost(&observer, &[("llmobs_token_direction", direction)]));
        prop_assert_eq!(by_direction.iter().sum::<u64>(), total);
        prop_assert_eq!(nanos(&observer, "llmobs.tenant.cost.usd", &[]), total);
        prop_assert_eq!(nanos(&observer, "llmobs.budget.usage.usd", &[]), total);
        prop_assert!(unpriced(&observer, &[]) >= unknown);
    }
}
