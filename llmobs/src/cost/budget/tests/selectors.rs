//! The operations that a budget selects, and the settings that are not valid.

use super::*;
use crate::cost::budget::BudgetError;

/// Returns whether a budget is charged for an operation.
fn selects(budget: Budget, facts: BudgetFacts<'_>) -> bool {
    let now = date("2026-11-30T12:00:00Z");
    let book = book_of(budget);
    book.admit(&facts, now).settle(usd(1));
    spent(&book, now) == 1
}

#[test]
fn a_selector_is_a_name_or_a_prefix_and_all_selectors_must_match() {
    let budget = || Budget::new("b", usd(10));
    let team = BudgetFacts { tenant: Some("team-a"), ..FACTS };
    assert!(selects(budget(), FACTS) && selects(budget(), team));
    assert!(selects(budget().model("gpt-5-mini"), FACTS) && !selects(budget().model("gpt-5"), FACTS));
    assert!(selects(budget().model("gpt-5*"), FACTS) && selects(budget().model("gpt-5-mini*"), FACTS));
    assert!(!selects(budget().model("*mini"), FACTS), "a star elsewhere is a star");
    assert!(selects(budget().model("claude*").model("gpt*"), FACTS), "any of the models");
    assert!(selects(budget().tenant("team-*"), team) && !selects(budget().tenant("team-b"), team));
    assert!(!selects(budget().tenant("*"), FACTS) && selects(budget().tenant("*"), team), "no tenant is no name");
    assert!(selects(budget().provider("openai").model("gpt*").tenant("team-a"), team));
    assert!(!selects(budget().provider("anthropic").model("gpt*").tenant("team-a"), team));
}

#[test]
fn settings_that_are_not_valid_are_errors_of_the_book() {
    let error = |budgets| BudgetBook::new(budgets, Clock::system(), |_| {}).unwrap_err();
    let budget = |name: &str| Budget::new(name, usd(1));
    let invalid = [
        budget(""),
        budget("a\nb"),
        budget(&"x".repeat(129)),
        budget("b").share(0.0),
        budget("b").share(1.1),
        budget("b").share(f64::NAN),
        budget("b").thresholds([0]),
        budget("b").thresholds([1_001]),
        budget("b").thresholds(1..=65),
    ];
    for budget in invalid {
        let error = error(Budgets::new().add(budget.clone()));
        assert!(matches!(error, BudgetError::InvalidBudget { .. }), "{budget:?}: {error}");
    }
    let twice = error(Budgets::new().add(budget("b")).add(budget("b")));
    assert_eq!(twice, BudgetError::DuplicateName { name: "b".to_owned() });
    let many = (0..65).fold(Budgets::new(), |set, number| set.add(budget(&number.to_string())));
    assert_eq!(error(many), BudgetError::TooManyBudgets { budgets: 65, limit: 64 });
    let unknown = budget("b").time_zone("Europe/Atlantis").unwrap_err();
    assert_eq!(unknown, BudgetError::UnknownTimeZone { name: "Europe/Atlantis".to_owned() });
}

#[test]
fn sixty_four_budgets_are_all_charged() {
    let now = date("2026-11-30T12:00:00Z");
    let budgets = (0..64).fold(Budgets::new(), |set, n| set.add(Budget::new(n.to_string(), usd(10)).deny()));
    let book = book(budgets);
    book.reserve(&FACTS, Some(usd(9)), now).unwrap().settle(usd(3));
    assert!(book.readings(now).iter().all(|reading| reading.spent == usd(3)));
    assert!(admits(&book, 7, now) && !admits(&book, 8, now));
}
