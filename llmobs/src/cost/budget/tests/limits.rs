//! Limits under concurrent operations, with and without reservation.

use std::sync::Barrier;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[test]
fn a_thousand_concurrent_operations_never_exceed_the_limit_with_reservation() {
    // Each operation reserves 1,000 and costs from 0 to 1,000. 100 fit at once, so most are rejected at first.
    let now = date("2026-11-30T12:00:00Z");
    let budget = book_of(Budget::new("all", usd(100_000)).deny());
    let (barrier, admitted, costs) = (Barrier::new(1_000), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for number in 0..1_000_u64 {
            let (budget, barrier, admitted, costs) = (&budget, &barrier, &admitted, &costs);
            let body = move || {
                barrier.wait();
                for round in 0..20_000 {
                    if spent(budget, now) > 99_000 {
                        break;
                    }
                    let Ok(reservation) = budget.reserve(&FACTS, Some(usd(1_000)), now) else {
                        thread::yield_now();
                        continue;
                    };
                    admitted.fetch_add(1, Ordering::Relaxed);
                    thread::yield_now();
                    let cost = (number * 7 + round * 131) % 1_001;
                    reservation.settle(usd(cost));
                    costs.fetch_add(cost, Ordering::Relaxed);
                    assert!(spent(budget, now) <= 100_000);
                }
            };
            thread::Builder::new().stack_size(64 * 1024).spawn_scoped(scope, body).unwrap();
        }
    });
    let (admitted, costs) = (admitted.into_inner(), costs.into_inner());
    assert_eq!(spent(&budget, now), costs, "after {admitted} operations");
    assert!(costs <= 100_000 && costs > 99_000, "{costs}");
    let left = usd(100_000 - costs);
    drop(budget.reserve(&FACTS, Some(left), now).expect("nothing is reserved any more"));
    assert!(budget.reserve(&FACTS, Some(left.saturating_add(usd(1))), now).is_err());
}

#[test]
fn two_operations_never_hold_what_only_one_may_reserve() {
    let now = date("2026-11-30T12:00:00Z");
    let budget = book_of(Budget::new("all", usd(1_999)).deny());
    let held = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100_000 {
                    if let Ok(reservation) = budget.reserve(&FACTS, Some(usd(1_000)), now) {
                        assert_eq!(held.fetch_add(1, Ordering::SeqCst), 0);
                        held.fetch_sub(1, Ordering::SeqCst);
                        drop(reservation);
                    }
                }
            });
        }
    });
}

#[test]
fn without_reservation_the_limit_is_exceeded_by_at_most_what_is_in_flight() {
    let now = date("2026-11-30T12:00:00Z");
    let budgets = Budgets::new().add(Budget::new("all", usd(10_000)).deny()).with_reservation(false);
    let budget = book(budgets);
    let in_flight: Vec<_> = (0..1_000).map(|_| budget.reserve(&FACTS, Some(usd(100)), now).unwrap()).collect();
    for (number, reservation) in in_flight.into_iter().enumerate() {
        assert_eq!(budget.reserve(&FACTS, Some(usd(100)), now).is_err(), number >= 100, "{number}");
        reservation.settle(usd(100));
    }
    assert_eq!(spent(&budget, now), 100_000, "the 1,000 operations that were in flight, and no other");
}

#[test]
fn an_operation_is_rejected_if_its_estimate_exceeds_what_is_left() {
    let now = date("2026-11-30T12:00:00Z");
    let budget = book_of(Budget::new("all", usd(100)).deny());
    charge(&budget, 30, now);
    let held = budget.reserve(&FACTS, Some(usd(40)), now).unwrap();
    assert!(admits(&budget, 30, now), "30 + 40 + 30 is the limit");
    let error = budget.reserve(&FACTS, Some(usd(31)), now).unwrap_err();
    assert_eq!((error.budget(), error.period_end()), ("all", date("2026-12-01T00:00:00Z")));
    assert_eq!(error.retry_after(now + Duration::from_millis(1)), Duration::from_secs(12 * 3_600));
    assert_eq!(error.retry_after(date("2026-12-01T00:00:01Z")), Duration::ZERO);
    assert_eq!(error.to_string(), "the budget \"all\" is exhausted until 2026-12-01T00:00:00Z");
    held.settle(usd(0));
    assert!(admits(&budget, 70, now) && !admits(&budget, 71, now));
    assert!(!admits(&budget, u64::MAX, now), "the sum overflows");
}

#[test]
fn an_operation_with_an_unknown_estimate_is_rejected_once_the_limit_is_spent_or_reserved() {
    let now = date("2026-11-30T12:00:00Z");
    let budget = book_of(Budget::new("all", usd(100)).deny());
    let held = budget.reserve(&FACTS, Some(usd(99)), now).unwrap();
    let unknown = budget.reserve(&FACTS, None, now).unwrap();
    let other = budget.reserve(&FACTS, Some(usd(1)), now).unwrap();
    assert!(budget.reserve(&FACTS, None, now).is_err());
    unknown.settle(usd(500));
    drop((held, other));
    assert_eq!(spent(&budget, now), 500);
}

#[test]
fn a_free_operation_is_admitted_when_the_limit_is_spent_and_reservation_is_on() {
    let now = date("2026-11-30T12:00:00Z");
    let budget = book_of(Budget::new("all", usd(100)).deny());
    charge(&budget, 100, now);
    assert!(admits(&budget, 0, now) && !admits(&budget, 1, now));
    let budget = book(Budgets::new().add(Budget::new("all", usd(0)).deny()).with_reservation(false));
    assert!(budget.reserve(&FACTS, Some(usd(0)), now).is_err(), "a limit of zero rejects all");
}

#[test]
fn a_dropped_reservation_is_released_also_when_its_thread_panics() {
    let now = date("2026-11-30T12:00:00Z");
    let budget = book_of(Budget::new("all", usd(100)).deny());
    let result = thread::scope(|scope| {
        let operation = || {
            let _reservation = budget.reserve(&FACTS, Some(usd(100)), now).unwrap();
            assert!(!admits(&budget, 1, now));
            panic!("the operation panics");
        };
        scope.spawn(operation).join()
    });
    assert!(result.is_err());
    assert!(admits(&budget, 100, now));
}

#[test]
fn an_operation_is_admitted_by_all_its_budgets_or_reserves_in_none() {
    let now = date("2026-11-30T12:00:00Z");
    let budgets = Budgets::new()
        .add(Budget::new("wide", usd(1_000)).deny())
        .add(Budget::new("alert", usd(10)))
        .add(Budget::new("narrow", usd(100)).model("gpt-5*").deny());
    let budget = book(budgets);
    assert_eq!(budget.reserve(&FACTS, Some(usd(101)), now).unwrap_err().budget(), "narrow");
    let other = BudgetFacts { model: "claude-haiku-4-5", ..FACTS };
    let all = budget.reserve(&other, Some(usd(1_000)), now).expect("the rejected operation holds nothing");
    all.settle(usd(7));
    let spent: Vec<_> = budget.readings(now).iter().map(|reading| reading.spent.nanos()).collect();
    assert_eq!(spent, [7, 7, 0]);
}

#[test]
fn the_shares_of_all_replicas_never_exceed_the_limit() {
    for replicas in 1..=100_u32 {
        for limit in [1, 7, 100, 999_999_999, u64::MAX] {
            let budget = Budget::new("all", usd(limit)).share(1.0 / f64::from(replicas));
            let share = u128::from(budget.share_of_limit());
            assert!(share * u128::from(replicas) <= u128::from(limit), "{share} of {limit} for {replicas}");
        }
    }
    for (share, expected) in [(1.0, 1_000), (0.7, 700), (0.1, 100), (0.25, 250), (0.001, 1)] {
        assert_eq!(Budget::new("all", usd(1_000)).share(share).share_of_limit(), expected);
    }
    let now = date("2026-11-30T12:00:00Z");
    let budget = book_of(Budget::new("all", usd(100)).share(0.25).deny());
    assert!(admits(&budget, 25, now) && !admits(&budget, 26, now));
    assert_eq!(budget.readings(now)[0].limit, usd(100), "the limit of all replicas");
}

#[derive(Debug, Clone, Copy)]
enum Action {
    Start(Option<u64>),
    Settle(usize, u64),
    Drop(usize),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        (0..400_u64).prop_map(|estimate| Action::Start(Some(estimate))),
        (any::<usize>(), 0..=100_u64).prop_map(|(index, percent)| Action::Settle(index, percent)),
        any::<usize>().prop_map(Action::Drop),
    ];
    vec(action, 0..200)
}

proptest! {
    #[test]
    fn spent_and_reserved_amounts_never_exceed_the_limit_and_nothing_leaks(actions in actions()) {
        let now = date("2026-11-30T12:00:00Z");
        let budgets = Budgets::new()
            .add(Budget::new("small", usd(1_000)).deny())
            .add(Budget::new("large", usd(3_000)).deny())
            .add(Budget::new("alert", usd(5)));
        let budget = book(budgets);
        let (mut held, mut costs, mut rejected) = (Vec::new(), 0, 0);
        for action in actions {
            let reserved: u64 = held.iter().map(|(_, estimate)| estimate).sum();
            match action {
                Action::Start(estimate) => match budget.reserve(&FACTS, estimate.map(usd), now) {
                    Ok(reservation) => held.push((reservation, estimate.unwrap_or(0))),
                    Err(error) => {
                        prop_assert_eq!(error.budget(), "small");
                        prop_assert!(costs + reserved + estimate.unwrap_or(0) > 1_000);
                        rejected += 1;
                    }
                },
                Action::Settle(index, percent) if !held.is_empty() => {
                    let (reservation, estimate) = held.swap_remove(index % held.len());
                    costs += estimate * percent / 100;
                    reservation.settle(usd(estimate * percent / 100));
                }
                Action::Drop(index) if !held.is_empty() => drop(held.swap_remove(index % held.len())),
                Action::Settle(..) | Action::Drop(_) => {}
            }
            let reserved: u64 = held.iter().map(|(_, estimate)| estimate).sum();
            prop_assert!(costs + reserved <= 1_000, "{} {} after {} rejections", costs, reserved, rejected);
            for reading in budget.readings(now) {
                prop_assert_eq!(reading.spent.nanos(), costs);
            }
        }
        drop(held);
        prop_assert!(admits(&budget, 1_000 - costs, now), "nothing is reserved any more");
        prop_assert!(!admits(&budget, 1_001 - costs, now));
    }
}
