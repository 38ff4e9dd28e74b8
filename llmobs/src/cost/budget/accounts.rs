//! The two accounts that a budget holds.

use super::account::Account;
use super::calendar::Calendar;

/// The accounts of a budget: that of the latest period in which an operation started, and that of an earlier period, for
/// operations that started in it and for a clock that is set back.
///
/// Each operation belongs to the account of the period in which it started. A period that is earlier than both accounts
/// has none: its operations, of a clock that was set back by more than a period or that lasted longer than a period,
/// belong to the earlier account, so that a wrong clock neither opens a second account for a period nor resets one.
#[derive(Debug, Clone, Default)]
pub(super) struct Accounts {
    latest: Option<Account>,
    earlier: Option<Account>,
}

impl Accounts {
    /// Returns the account of an operation that started at a second, which is opened if the period has none.
    pub(super) fn open<'a>(&'a mut self, second: i64, calendar: &Calendar) -> &'a mut Account {
        if !self.latest.is_some_and(|latest| latest.window.contains(second)) {
            return self.open_other(second, calendar);
        }
        self.latest.get_or_insert_with(|| Account::new(calendar.window(second)))
    }

    /// Returns the account of a second that is not in the latest period.
    #[cold]
    fn open_other<'a>(&'a mut self, second: i64, calendar: &Calendar) -> &'a mut Account {
        // A date outside of the years of the calendar is in the period of the nearest date inside.
        let window = calendar.window(second);
        let Some(latest) = self.latest else {
            return self.latest.insert(Account::new(window));
        };
        if window.start > latest.window.start {
            // Operations of the account that is given up belong to its successor, so their reservations do too.
            self.earlier = Some(with_reservations(latest, self.earlier));
            return self.latest.insert(Account::new(window));
        }
        if window.start == latest.window.start {
            return self.latest.get_or_insert(latest);
        }
        match self.earlier {
            Some(earlier) if window.start <= earlier.window.start => self.earlier.get_or_insert(earlier),
            earlier => self.earlier.insert(with_reservations(Account::new(window), earlier)),
        }
    }

    /// Returns the account of a second, if there is one.
    pub(super) fn get(&self, second: i64, calendar: &Calendar) -> Option<Account> {
        // The copy is two accounts of plain numbers.
        let mut copy = self.clone();
        let window = copy.open(second, calendar).window;
        self.all().find(|account| account.window == window)
    }

    /// Returns the accounts, the latest first.
    pub(super) fn all(&self) -> impl Iterator<Item = Account> {
        self.latest.into_iter().chain(self.earlier)
    }
}

/// Returns an account with the reservations of an account that is given up.
fn with_reservations(mut account: Account, given_up: Option<Account>) -> Account {
    if let Some(given_up) = given_up {
        account.reserve(given_up.reserved);
        account.unsent = account.unsent.and(given_up.unsent.reserved, given_up.unsent.cost);
    }
    account
}
