//! Ledgers: one limit for several processes, and stores that fail.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;

use super::*;
use crate::cost::budget::Ledger;
use crate::cost::budget::LedgerAccount;
use crate::cost::budget::LedgerError;
use crate::cost::budget::LedgerFailure;

/// The costs and reservations of an account.
type Sums = (u64, u64);

/// A store in the memory of one process, which can be made to fail.
#[derive(Debug, Default)]
struct Store {
    accounts: Mutex<HashMap<(String, SystemTime), Sums>>,
    is_failing: AtomicBool,
    is_panicking: AtomicBool,
    calls: AtomicU64,
}

impl Store {
    fn with<T>(&self, account: &LedgerAccount<'_>, change: impl FnOnce(&mut Sums) -> T) -> Result<T, LedgerError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        assert!(!self.is_panicking.load(Ordering::Relaxed), "the store panics");
        if self.is_failing.load(Ordering::Relaxed) {
            return Err(LedgerError::new("connection refused"));
        }
        let key = (account.budget.to_owned(), account.period_start);
        Ok(change(self.accounts.lock().unwrap().entry(key).or_default()))
    }

    /// Returns the sums of the only account.
    fn sums(&self) -> Sums {
        let accounts = self.accounts.lock().unwrap();
        assert_eq!(accounts.len(), 1, "{accounts:?}");
        *accounts.values().next().unwrap()
    }

    fn fail(&self, is_failing: bool) {
        self.is_failing.store(is_failing, Ordering::Relaxed);
    }
}

impl Ledger for Store {
    fn reserve(&self, account: &LedgerAccount<'_>, amount: Usd) -> Result<bool, LedgerError> {
        self.with(account, |(spent, reserved)| {
            let fits = *spent + *reserved + amount.nanos() <= account.limit.nanos();
            *reserved += if fits { amount.nanos() } else { 0 };
            fits
        })
    }

    fn settle(&self, account: &LedgerAccount<'_>, amount: Usd, cost: Usd) -> Result<Usd, LedgerError> {
        self.with(account, |(spent, reserved)| {
            *reserved = reserved.checked_sub(amount.nanos()).expect("only what was reserved is released");
            *spent += cost.nanos();
            usd(*spent)
        })
    }

    fn spent(&self, account: &LedgerAccount<'_>) -> Result<Usd, LedgerError> {
        self.with(account, |(spent, _)| usd(*spent))
    }
}

const NOON: &str = "2026-11-30T12:00:00Z";

fn shared(store: &Arc<Store>, limit: u64) -> Budget {
    Budget::new("shared", usd(limit)).ledger(Arc::<Store>::clone(store)).deny()
}

#[test]
fn two_books_with_one_ledger_never_exceed_the_limit_together() {
    let (store, now) = (Arc::new(Store::default()), date(NOON));
    let books = [book_of(shared(&store, 20_000)), book_of(shared(&store, 20_000))];
    thread::scope(|scope| {
        for (number, book) in (0..64_u64).zip(books.iter().cycle()) {
            scope.spawn(move || {
                for round in 0..100 {
                    if let Ok(reservation) = book.reserve(&FACTS, Some(usd(100)), now) {
                        reservation.settle(usd((number + round) % 101));
                    }
                }
            });
        }
    });
    let (spent_by_all, reserved) = store.sums();
    assert!(spent_by_all <= 20_000 && spent_by_all > 19_900, "{spent_by_all}");
    assert_eq!(reserved, 0);
    assert_eq!(spent(&books[0], now) + spent(&books[1], now), spent_by_all);
    assert_eq!(books[0].readings(now)[0].limit, usd(20_000));
}

#[test]
fn without_reservation_the_spending_of_all_processes_decides() {
    let (store, now) = (Arc::new(Store::default()), date(NOON));
    let new_book = || book(Budgets::new().add(shared(&store, 100)).with_reservation(false));
    let (first, second) = (new_book(), new_book());
    let in_flight = second.reserve(&FACTS, Some(usd(1)), now).unwrap();
    first.reserve(&FACTS, None, now).unwrap().settle(usd(100));
    assert!(second.reserve(&FACTS, None, now).is_err());
    in_flight.settle(usd(7));
    assert_eq!(store.sums(), (107, 0));
}

#[test]
fn a_reservation_is_released_in_the_ledger_if_it_is_dropped_or_another_budget_rejects() {
    let (store, other, now) = (Arc::new(Store::default()), Arc::new(Store::default()), date(NOON));
    let small = Budget::new("small", usd(10)).ledger(Arc::<Store>::clone(&other)).deny();
    let budget = book(Budgets::new().add(shared(&store, 100)).add(small));
    drop(budget.reserve(&FACTS, Some(usd(10)), now).unwrap());
    assert_eq!((store.sums(), other.sums()), ((0, 0), (0, 0)));
    other.accounts.lock().unwrap().values_mut().for_each(|sums| sums.0 = 9);
    assert_eq!(budget.reserve(&FACTS, Some(usd(2)), now).unwrap_err().budget(), "small");
    assert_eq!((store.sums(), other.sums()), ((0, 0), (9, 0)));
    assert!(budget.reserve(&FACTS, Some(usd(1)), now).is_ok());
}

#[test]
fn the_spending_of_all_processes_reaches_thresholds() {
    let (store, now) = (Arc::new(Store::default()), date(NOON));
    let events = Log::new();
    let log = events.clone();
    let watched = Budgets::new().add(shared(&store, 100)).on_threshold(move |event| log.add(event.spent));
    let (watched, other) = (book(watched), book_of(shared(&store, 100)));
    charge(&other, 60, now);
    charge(&watched, 39, now);
    assert_eq!(events.take(), []);
    charge(&watched, 1, now);
    assert_eq!(events.take(), [usd(100)]);
    assert_eq!(spent(&watched, now), 40, "the row has what this process spent");
}

#[test]
fn a_ledger_that_fails_leaves_the_share_of_this_process() {
    let (store, now) = (Arc::new(Store::default()), date(NOON));
    let budgets = Budgets::new().add(shared(&store, 100).share(0.2));
    let (budget, faults) = book_and_faults(budgets, Clock::system());
    assert!(admits(&budget, 100, now), "the share does not apply while the ledger answers");
    store.fail(true);
    assert!(admits(&budget, 20, now) && !admits(&budget, 21, now));
    let held = budget.reserve(&FACTS, Some(usd(15)), now).unwrap();
    assert!(!admits(&budget, 6, now));
    assert_eq!(faults.take(), [BudgetFault::LedgerFailed; 4]);
    held.settle(usd(12));
    assert_eq!((spent(&budget, now), faults.take().len()), (12, 1));
}

#[test]
fn a_ledger_that_fails_rejects_operations_if_so_decided() {
    let (store, now) = (Arc::new(Store::default()), date(NOON));
    let budgets = Budgets::new().add(shared(&store, 100).on_ledger_failure(LedgerFailure::Deny));
    let (budget, faults) = book_and_faults(budgets, Clock::system());
    store.fail(true);
    let error = budget.reserve(&FACTS, Some(usd(1)), now).unwrap_err();
    assert!(error.is_unchecked());
    assert_eq!(error.to_string(), "the budget \"shared\" cannot be checked: its ledger failed");
    store.fail(false);
    let error = budget.reserve(&FACTS, Some(usd(101)), now).unwrap_err();
    assert!(!error.is_unchecked());
    assert!(budget.reserve(&FACTS, Some(usd(100)), now).is_ok(), "the rejected operation holds nothing");
    assert_eq!(faults.take(), [BudgetFault::LedgerFailed]);
}

#[test]
fn what_a_ledger_did_not_take_is_settled_with_the_next_operation() {
    let (store, now) = (Arc::new(Store::default()), date(NOON));
    let (budget, faults) = book_and_faults(Budgets::new().add(shared(&store, 100)), Clock::system());
    let first = budget.reserve(&FACTS, Some(usd(30)), now).unwrap();
    let second = budget.reserve(&FACTS, Some(usd(30)), now).unwrap();
    let events = Events(Log::new());
    tracing::subscriber::with_default(events.clone(), || {
        store.fail(true);
        first.settle(usd(10));
        drop(second);
        assert_eq!((store.sums(), faults.take().len()), ((0, 60), 2));
        assert_eq!(events.0.take(), [tracing::Level::WARN], "one line");
        store.fail(false);
        charge(&budget, 1, now);
        assert_eq!(store.sums(), (11, 0));
        charge(&budget, 1, now);
        assert_eq!((store.sums(), faults.take().len()), ((12, 0), 0));
        assert_eq!(events.0.take(), [tracing::Level::INFO]);
    });
}

#[test]
fn a_ledger_that_panics_has_failed() {
    let (store, now) = (Arc::new(Store::default()), date(NOON));
    let (budget, faults) = book_and_faults(Budgets::new().add(shared(&store, 100)), Clock::system());
    store.is_panicking.store(true, Ordering::Relaxed);
    let held = budget.reserve(&FACTS, Some(usd(30)), now).unwrap();
    held.settle(usd(20));
    assert_eq!((spent(&budget, now), faults.take().len()), (20, 2));
    store.is_panicking.store(false, Ordering::Relaxed);
    charge(&budget, 1, now);
    assert_eq!(store.sums(), (21, 0), "nothing was reserved in the store, so nothing is released");
}

#[test]
fn a_budget_that_only_alerts_asks_its_ledger_at_the_end_alone() {
    let (store, now) = (Arc::new(Store::default()), date(NOON));
    let alert = Budget::new("alert", usd(1)).ledger(Arc::<Store>::clone(&store));
    let budget = book(Budgets::new().add(alert));
    let held = budget.reserve(&FACTS, Some(usd(1_000)), now).unwrap();
    assert_eq!(store.calls.load(Ordering::Relaxed), 0);
    held.settle(usd(5));
    drop(budget.reserve(&FACTS, Some(usd(1_000)), now).unwrap());
    assert_eq!((store.sums(), store.calls.load(Ordering::Relaxed)), ((5, 0), 1));
}
