//! Operations over the end of a period, and clocks that are wrong.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Returns a date at noon of a day of December 2026.
fn noon(day: u64) -> SystemTime {
    date("2026-12-01T12:00:00Z") + Duration::from_secs((day - 1) * 86_400)
}

fn budget_of_100() -> BudgetBook {
    book_of(Budget::new("all", usd(100)).deny())
}

#[test]
fn an_operation_is_charged_in_the_period_in_which_it_started() {
    let budget = budget_of_100();
    let held = budget.reserve(&FACTS, Some(usd(70)), noon(1)).unwrap();
    let unchecked = budget.admit(&FACTS, noon(1));
    assert!(admits(&budget, 100, noon(2)), "the reservation is in the account of the first day");
    charge(&budget, 5, noon(2));
    held.settle(usd(60));
    unchecked.settle(usd(3));
    assert_eq!((spent(&budget, noon(1)), spent(&budget, noon(2))), (63, 5));
    assert!(admits(&budget, 95, noon(2)) && !admits(&budget, 96, noon(2)));
}

#[test]
fn a_period_starts_at_zero_and_reports_its_end_before_its_first_operation() {
    let budget = budget_of_100();
    charge(&budget, 40, noon(1));
    let reading = &budget.readings(noon(2))[0];
    assert_eq!((reading.spent, reading.period_end), (usd(0), date("2026-12-03T00:00:00Z")));
    assert_eq!(spent(&budget, noon(1)), 40, "a reading opens no account");
}

#[test]
fn a_clock_set_back_over_midnight_continues_the_account_of_that_day() {
    let budget = budget_of_100();
    charge(&budget, 80, noon(1));
    charge(&budget, 10, noon(2));
    assert!(admits(&budget, 20, noon(1)) && !admits(&budget, 21, noon(1)));
    charge(&budget, 20, noon(1));
    assert!(!admits(&budget, 1, noon(1)));
    assert!(admits(&budget, 90, noon(2)) && !admits(&budget, 91, noon(2)), "the second day was not reset");
    assert_eq!((spent(&budget, noon(1)), spent(&budget, noon(2))), (100, 10));
}

#[test]
fn a_clock_set_back_further_uses_the_earlier_of_the_two_accounts() {
    let budget = budget_of_100();
    charge(&budget, 90, noon(10));
    charge(&budget, 30, noon(11));
    for day in [9, 5, 1] {
        assert!(!admits(&budget, 11, noon(day)), "the 10 that are left on the 10th");
    }
    charge(&budget, 10, noon(3));
    assert_eq!((spent(&budget, noon(10)), spent(&budget, noon(11))), (100, 30));
    assert!(!admits(&budget, 1, noon(3)) && !admits(&budget, 1, noon(10)) && admits(&budget, 70, noon(11)));
}

#[test]
fn a_clock_that_moves_back_and_forth_spends_at_most_the_limits_of_two_accounts() {
    let budget = budget_of_100();
    charge(&budget, 100, noon(20));
    for day in (1..20).rev().chain(1..20) {
        if let Ok(reservation) = budget.reserve(&FACTS, Some(usd(50)), noon(day)) {
            reservation.settle(usd(50));
        }
    }
    // From the 1st on, the days follow each other, and each has a limit of its own.
    let back = budget_of_100();
    charge(&back, 100, noon(20));
    let admitted = (1..20)
        .rev()
        .filter(|day| back.reserve(&FACTS, Some(usd(50)), noon(*day)).map(|held| held.settle(usd(50))).is_ok());
    assert_eq!(admitted.count(), 2, "all days before the 19th use its account");
    assert!(!admits(&budget, 1, noon(20)), "the latest account was not reset");
}

#[test]
fn a_clock_far_ahead_resets_nothing_when_it_is_right_again() {
    let budget = budget_of_100();
    charge(&budget, 80, noon(10));
    let far = date("2040-01-01T12:00:00Z");
    charge(&budget, 5, far);
    assert_eq!((spent(&budget, noon(10)), spent(&budget, far)), (80, 5));
    assert!(!admits(&budget, 21, noon(10)));
    // The days between have accounts of their own, as they come.
    let held = budget.reserve(&FACTS, Some(usd(20)), noon(10)).unwrap();
    charge(&budget, 1, noon(11));
    assert_eq!((spent(&budget, noon(11)), spent(&budget, far)), (1, 5));
    assert!(!admits(&budget, 80, noon(11)), "what is reserved of the 10th is settled in the 11th");
    held.settle(usd(20));
    assert_eq!(spent(&budget, noon(11)), 21);
    assert!(admits(&budget, 79, noon(11)) && !admits(&budget, 80, noon(11)), "nothing is reserved any more");
    assert!(admits(&budget, 95, far) && !admits(&budget, 96, far));
}

#[test]
fn an_operation_that_lasts_longer_than_a_period_is_charged_in_the_earlier_account() {
    let budget = budget_of_100();
    let held = budget.reserve(&FACTS, Some(usd(70)), noon(1)).unwrap();
    charge(&budget, 1, noon(2));
    charge(&budget, 2, noon(3));
    held.settle(usd(60));
    assert_eq!((spent(&budget, noon(2)), spent(&budget, noon(3))), (61, 2));
    assert!(admits(&budget, 39, noon(2)) && !admits(&budget, 40, noon(2)), "the reservation moved and was released");
    assert!(admits(&budget, 98, noon(3)) && !admits(&budget, 99, noon(3)));
}

#[derive(Debug, Clone, Copy)]
enum Action {
    /// Moves the clock by days, also back and far ahead.
    Move(i64),
    Start(u64),
    Settle(usize, u64),
    Drop(usize),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        prop_oneof![-3..4_i64, -40..4_i64, 0..40_i64].prop_map(Action::Move),
        (0..60_u64).prop_map(Action::Start),
        (any::<usize>(), 0..=100_u64).prop_map(|(index, percent)| Action::Settle(index, percent)),
        any::<usize>().prop_map(Action::Drop),
    ];
    vec(action, 0..100)
}

proptest! {
    #[test]
    fn however_the_clock_moves_the_latest_period_keeps_its_limit_and_nothing_stays_reserved(actions in actions()) {
        let budget = budget_of_100();
        let (mut day, mut latest, mut held) = (500_i64, None, Vec::new());
        for action in actions {
            match action {
                Action::Move(days) => day = (day + days).clamp(1, 1_000),
                Action::Start(estimate) => {
                    // A rejected operation opens the account of its period, too.
                    latest = latest.max(Some(day));
                    if let Ok(reservation) = budget.reserve(&FACTS, Some(usd(estimate)), noon(day.unsigned_abs())) {
                        held.push((reservation, estimate));
                    }
                }
                Action::Settle(index, percent) if !held.is_empty() => {
                    let (reservation, estimate) = held.swap_remove(index % held.len());
                    reservation.settle(usd(estimate * percent / 100));
                }
                Action::Drop(index) if !held.is_empty() => drop(held.swap_remove(index % held.len())),
                Action::Settle(..) | Action::Drop(_) => {}
            }
            if let Some(latest) = latest {
                prop_assert!(spent(&budget, noon(latest.unsigned_abs())) <= 100);
            }
        }
        drop(held);
        if let Some(latest) = latest {
            let at = noon(latest.unsigned_abs());
            let left = 100 - spent(&budget, at);
            prop_assert!(admits(&budget, left, at) && !admits(&budget, left + 1, at));
        }
    }
}
