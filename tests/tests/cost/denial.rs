//! Budgets that reject operations.

use std::time::Duration;

use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Usage;
use llmobs::assert_books;
use llmobs::cost::Budget;
use llmobs::cost::Budgets;
use llmobs::cost::Usd;
use llmobs::testing::Readings;

use crate::fixture::PRICES;
use crate::fixture::book;
use crate::fixture::nanos;
use crate::fixture::noon;
use crate::fixture::values;
use crate::fixture::without_prices;

/// Returns the builder of an observer with a budget of one hundred thousandth of a dollar a day that denies.
fn builder(budget: impl FnOnce(Budget) -> Budget) -> ObserverBuilder<'static> {
    let budget = budget(Budget::new("day", Usd::from_nanos(1_000_000)).deny());
    without_prices().0.prices(book(PRICES)).tenants(["a"]).budgets(Budgets::new().add(budget))
}

fn spend(observer: &Observer, input: u64) {
    let operation = observer.chat("small").start();
    operation.marker().usage(Usage::new().input(input).output(0));
    operation.complete();
}

fn spent(observer: &Observer) -> u64 {
    nanos(observer, "llmobs.budget.usage.usd", &[("llmobs_budget_name", "day")])
}

#[test]
fn an_exhausted_budget_rejects_at_the_start_with_its_own_error_type() {
    let observer = builder(|budget| budget).build().unwrap();
    observer.chat("small").try_start().unwrap().complete();
    spend(&observer, 1_000);
    assert_eq!(spent(&observer), 1_000_000);
    let error = observer.chat("small").try_start().unwrap_err();
    assert_eq!(error.budget(), "day");
    let readings = Readings::new(&observer);
    let rejected = [("llmobs.operation.outcome", "rejected"), ("error.type", "budget_exceeded")];
    assert_eq!(readings.count("llmobs.operation.ended", &rejected), 1);
    assert_eq!(readings.count("llmobs.operation.started", &[]), 3);
    assert_books!(observer);
    assert!(ErrorType::BudgetExceeded.is_refusal());

    spend(&observer, 500);
    assert_eq!(spent(&observer), 1_500_000, "`start` asks no budget, and its cost counts");
}

#[test]
fn the_highest_possible_cost_is_reserved_until_the_end() {
    let observer = builder(|budget| budget).build().unwrap();
    // 100 input and 150 output tokens of at most 700,000 nano-dollars.
    let start = || observer.chat("small").expected_input_tokens(100).max_tokens(150).try_start();
    let first = start().unwrap();
    start().unwrap_err();
    assert_eq!(spent(&observer), 0);
    first.marker().usage(Usage::new().input(100).output(10));
    first.complete();
    assert_eq!(spent(&observer), 140_000);
    let second = start().unwrap();
    second.fail(ErrorType::Upstream);
    assert_eq!(spent(&observer), 140_000, "an operation without a cost releases its reservation");
    start().unwrap().cancel();
}

#[test]
fn a_budget_selects_by_tenant_model_and_provider() {
    let observer = builder(|budget| budget.tenant("a").model("small").provider("openai")).build().unwrap();
    let end = |model: &str, tenant: &str, provider: &str| {
        let operation = observer.chat(model).tenant(tenant).provider(provider.to_owned()).start();
        operation.marker().usage(Usage::new().input(10_000).output(1));
        operation.complete();
    };
    end("odd", "a", "openai");
    end("small", "b", "openai");
    end("small", "a", "other");
    assert_eq!(spent(&observer), 0);
    observer.chat("small").tenant("a").try_start().unwrap().complete();
    end("small", "a", "openai");
    observer.chat("small").tenant("a").try_start().unwrap_err();
    observer.chat("small").tenant("b").try_start().unwrap().complete();
}

#[test]
fn an_operation_counts_in_the_period_in_which_it_started() {
    let (builder, clock) = without_prices();
    let budget = Budget::new("day", Usd::from_nanos(1_000_000));
    let observer = builder.prices(book(PRICES)).budgets(Budgets::new().add(budget)).build().unwrap();
    let operation = observer.chat("small").start();
    let end = values(&observer, "llmobs.budget.period_end.timestamp_seconds");
    assert_eq!(end.into_values().collect::<Vec<_>>(), [1_795_219_200.0]);
    clock.set_date(noon() + Duration::from_secs(24 * 60 * 60));
    operation.marker().usage(Usage::new().input(100).output(10));
    operation.complete();
    assert_eq!(spent(&observer), 0);
    clock.set_date(noon());
    assert_eq!(spent(&observer), 140_000);
    assert_eq!(nanos(&observer, "llmobs.budget.limit.usd", &[]), 1_000_000);
}

#[test]
fn late_tokens_of_a_cancelled_operation_are_spent_too() {
    let observer = builder(|budget| budget).build().unwrap();
    let operation = observer.chat("small").start();
    let marker = operation.marker().clone();
    marker.usage(Usage::new().input(10).output(1));
    operation.cancel();
    marker.usage(Usage::new().input(10).output(3));
    assert_eq!(spent(&observer), 10_000 + 12_000);
}

#[test]
fn budgets_of_an_overlay_are_added() {
    let budget = "[[budget]]\nname = 'overlay'\nlimit_usd = 0.001\nperiod = 'day'\naction = 'deny'\n";
    let observer = without_prices().0.prices(book(&format!("{PRICES}{budget}"))).build().unwrap();
    spend(&observer, 1_000);
    assert_eq!(observer.chat("small").try_start().unwrap_err().budget(), "overlay");
}

#[test]
fn budgets_without_prices_are_an_error() {
    let budgets = Budgets::new().add(Budget::new("day", Usd::from_dollars(1)));
    let error = without_prices().0.budgets(budgets).build().unwrap_err();
    assert_eq!(error.to_string(), "`budgets`: without `prices`, nothing has a cost");
    let twice = Budgets::new().add(Budget::new("day", Usd::ZERO)).add(Budget::new("day", Usd::ZERO));
    assert!(without_prices().0.prices(book(PRICES)).budgets(twice).build().is_err());
}
