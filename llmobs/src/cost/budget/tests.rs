//! The rules of budgets.

mod clock;
mod ledger;
mod limits;
mod periods;
mod restart;
mod selectors;
mod state_file;
mod thresholds;

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use tracing::Metadata;
use tracing::Subscriber;
use tracing::span;

use super::Budget;
use super::BudgetBook;
use super::BudgetFacts;
use super::BudgetFault;
use super::BudgetThreshold;
use super::Budgets;
use super::Period;
use crate::clock::Clock;
use crate::cost::usd::Usd;

/// An operation without a tenant.
const FACTS: BudgetFacts<'static> = BudgetFacts { tenant: None, model: "gpt-5-mini", provider: "openai" };

/// Returns an amount in nano-dollars.
const fn usd(nanos: u64) -> Usd {
    Usd::from_nanos(nanos)
}

/// Returns the date of a moment in RFC 3339.
fn date(text: &str) -> SystemTime {
    let nanos = text.parse::<jiff::Timestamp>().unwrap().as_nanosecond();
    UNIX_EPOCH + Duration::from_nanos(nanos.try_into().unwrap())
}

/// Returns a book that expects no fault.
fn book(budgets: Budgets) -> BudgetBook {
    BudgetBook::new(budgets, Clock::system(), |fault| panic!("{fault:?}")).unwrap()
}

/// Returns a book of one budget, with reservation.
fn book_of(budget: Budget) -> BudgetBook {
    book(Budgets::new().add(budget))
}

/// Returns what the first budget of a book spent in the period of a date.
fn spent(book: &BudgetBook, at: SystemTime) -> u64 {
    book.readings(at)[0].spent.nanos()
}

/// Returns whether a book admits an operation that reserves an amount and does not use it.
fn admits(book: &BudgetBook, nanos: u64, at: SystemTime) -> bool {
    book.reserve(&FACTS, Some(usd(nanos)), at).is_ok()
}

/// Charges an operation that is not checked.
fn charge(book: &BudgetBook, nanos: u64, at: SystemTime) {
    book.admit(&FACTS, at).settle(usd(nanos));
}

/// A list to which the callbacks of a book append.
#[derive(Debug)]
struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Log<T> {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn add(&self, item: T) {
        self.0.lock().unwrap().push(item);
    }

    fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Returns a book and the faults that it reports.
fn book_and_faults(budgets: Budgets, clock: Clock) -> (BudgetBook, Log<BudgetFault>) {
    let faults = Log::new();
    let reported = faults.clone();
    (BudgetBook::new(budgets, clock, move |fault| reported.add(fault)).unwrap(), faults)
}

/// The levels of the log events of a thread.
#[derive(Debug, Clone)]
struct Events(Log<tracing::Level>);

impl Subscriber for Events {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        self.0.add(*event.metadata().level());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
