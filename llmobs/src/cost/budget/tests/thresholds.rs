//! Thresholds: once for each threshold and period, outside of every lock.

use std::sync::OnceLock;
use std::thread;

use super::*;

/// Returns a set that logs the thresholds of a budget.
fn logged(budget: Budget) -> (Budgets, Log<(String, u32, u64)>) {
    let events = Log::new();
    let log = events.clone();
    let budgets = Budgets::new().add(budget).on_threshold(move |event: &BudgetThreshold| {
        log.add(((*event.budget).to_owned(), event.percent, event.spent.nanos()));
    });
    (budgets, events)
}

fn percents(events: &Log<(String, u32, u64)>) -> Vec<u32> {
    events.take().into_iter().map(|(_, percent, _)| percent).collect()
}

#[test]
fn each_threshold_is_reported_once_in_a_period() {
    let now = date("2026-11-30T12:00:00Z");
    let (budgets, events) = logged(Budget::new("all", usd(1_000)).thresholds([100, 50, 80, 50, 150]));
    let budget = book(budgets);
    charge(&budget, 499, now);
    assert_eq!(events.take(), []);
    charge(&budget, 1, now);
    assert_eq!(events.take(), [("all".to_owned(), 50, 500)]);
    charge(&budget, 400, now);
    assert_eq!(events.take(), [("all".to_owned(), 80, 900)]);
    charge(&budget, 99, now);
    assert_eq!(events.take(), []);
    charge(&budget, 1, now);
    charge(&budget, 499, now);
    assert_eq!(percents(&events), [100]);
    charge(&budget, 1_000_000, now);
    charge(&budget, 1, now);
    assert_eq!(percents(&events), [150]);
    let next = now + Duration::from_secs(86_400);
    charge(&budget, 5_000, next);
    assert_eq!(percents(&events), [50, 80, 100, 150], "one settlement that reaches all");
    charge(&budget, 1, now);
    assert_eq!(percents(&events), [0; 0], "the earlier period reported them");
}

#[test]
fn an_event_names_the_budget_the_amounts_and_the_period() {
    let events = Log::new();
    let log = events.clone();
    let budget = Budget::new("all", usd(1_000)).share(0.5).time_zone("Europe/Berlin").unwrap().period(Period::Month);
    let budget = book(Budgets::new().add(budget).on_threshold(move |event| log.add(event.clone())));
    charge(&budget, 500, date("2026-11-30T12:00:00Z"));
    let expected = BudgetThreshold {
        budget: "all".into(),
        percent: 100,
        spent: usd(500),
        limit: usd(500),
        period_start: date("2026-10-31T23:00:00Z"),
        period_end: date("2026-11-30T23:00:00Z"),
    };
    assert_eq!(events.take(), [expected]);
}

#[test]
fn reservations_reach_no_threshold() {
    let now = date("2026-11-30T12:00:00Z");
    let (budgets, events) = logged(Budget::new("all", usd(100)).thresholds([1]).deny());
    let budget = book(budgets);
    let held = budget.reserve(&FACTS, Some(usd(100)), now).unwrap();
    held.settle(usd(0));
    assert_eq!(percents(&events), [0; 0]);
}

#[test]
fn a_callback_may_use_the_budgets() {
    static BOOK: OnceLock<BudgetBook> = OnceLock::new();
    let now = date("2026-11-30T12:00:00Z");
    let events = Log::new();
    let log = events.clone();
    let budget = Budget::new("all", usd(100)).thresholds([50, 60]);
    let budgets = Budgets::new().add(budget).on_threshold(move |event| {
        log.add((event.percent, event.spent));
        let book = BOOK.get().unwrap();
        charge(book, 10, now);
        log.add((0, book.readings(now)[0].spent));
    });
    charge(BOOK.get_or_init(|| book(budgets)), 50, now);
    assert_eq!(events.take(), [(50, usd(50)), (60, usd(60)), (0, usd(70)), (0, usd(70))]);
}

#[test]
fn a_callback_that_panics_is_counted_and_called_again() {
    let now = date("2026-11-30T12:00:00Z");
    let budgets = Budgets::new()
        .add(Budget::new("all", usd(100)).thresholds([50, 60]))
        .on_threshold(|event| panic!("at {}", event.percent));
    let (budget, faults) = book_and_faults(budgets, Clock::system());
    charge(&budget, 50, now);
    assert_eq!(faults.take(), [BudgetFault::CallbackPanicked]);
    charge(&budget, 50, now);
    assert_eq!((spent(&budget, now), faults.take().len()), (100, 1));
}

#[test]
fn concurrent_operations_report_each_threshold_once() {
    let now = date("2026-11-30T12:00:00Z");
    let (budgets, events) = logged(Budget::new("all", usd(8_000)).thresholds(1..=64));
    let budget = book(budgets);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..1_000).for_each(|_| charge(&budget, 1, now)));
        }
    });
    let mut reported = percents(&events);
    reported.sort_unstable();
    assert_eq!(reported, (1..=64).collect::<Vec<_>>());
}
