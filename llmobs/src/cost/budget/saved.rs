//! The content of a state file.

use serde::Deserialize;
use serde::Serialize;

use super::account::Account;
use super::accounts::Accounts;
use super::bits;
use super::definition::Budget;

/// The value of `format`, by which a state file is recognised.
const FORMAT: &str = "llmobs-budgets";

/// The version of the content that this code reads and writes.
const VERSION: u64 = 1;

/// The accounts of all budgets. The size is bounded: each declared budget has at most two periods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Saved {
    format: String,
    version: u64,
    budgets: Vec<SavedBudget>,
}

/// The accounts of one budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SavedBudget {
    name: String,
    period: String,
    time_zone: String,
    periods: Vec<SavedPeriod>,
}

/// The account of one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SavedPeriod {
    /// The start, in seconds since 1970.
    start: i64,
    spent_nanodollars: u64,
    /// The thresholds that were reached, in percent.
    thresholds: Vec<u32>,
}

/// The fields that identify a state file, in all its versions.
#[derive(Debug, Deserialize)]
struct Header {
    format: Option<String>,
    version: Option<u64>,
}

impl Saved {
    /// Returns the content for the accounts of budgets.
    pub(super) fn new(budgets: &[Budget], accounts: &[Accounts]) -> Self {
        let budgets = budgets.iter().zip(accounts).map(|(budget, accounts)| SavedBudget {
            name: (**budget.name()).to_owned(),
            period: budget.calendar().period.as_str().to_owned(),
            time_zone: (*budget.calendar().zone_name).to_owned(),
            periods: accounts.all().map(|account| saved_period(budget, &account)).collect(),
        });
        Self { format: FORMAT.to_owned(), version: VERSION, budgets: budgets.collect() }
    }

    /// Reads the content of a file, or returns the reason for which it cannot be used.
    pub(super) fn from_json(json: &[u8]) -> Result<Self, String> {
        let header: Header = serde_json::from_slice(json).map_err(|error| format!("it is damaged: {error}"))?;
        if header.format.as_deref() != Some(FORMAT) {
            return Err("it is not a state file of budgets".to_owned());
        }
        if header.version != Some(VERSION) {
            let version = header.version.map_or_else(|| "none".to_owned(), |version| version.to_string());
            return Err(format!("its version is {version}, and this version of llmobs reads {VERSION}"));
        }
        let saved: Self = serde_json::from_slice(json).map_err(|error| format!("it is damaged: {error}"))?;
        let mut names: Vec<_> = saved.budgets.iter().map(|budget| budget.name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1])
            || saved.budgets.iter().any(|budget| budget.periods.len() > 2)
        {
            return Err("it is damaged: it has a budget twice, or more than two periods of one".to_owned());
        }
        Ok(saved)
    }

    pub(super) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Returns the accounts of budgets that were saved with the same period and time zone; a budget that is new or that
    /// changed starts at zero.
    pub(super) fn restore(&self, budgets: &[Budget]) -> Box<[Accounts]> {
        budgets
            .iter()
            .map(|budget| self.find(budget).map(|saved| accounts(budget, saved)).unwrap_or_default())
            .collect()
    }

    /// Returns the names of the saved budgets with costs that [`Self::restore`] does not use.
    pub(super) fn unused<'a>(&'a self, budgets: &[Budget]) -> Vec<&'a str> {
        let used: Vec<_> = budgets.iter().filter_map(|budget| self.find(budget)).map(|saved| &saved.name).collect();
        let with_costs =
            self.budgets.iter().filter(|saved| saved.periods.iter().any(|period| period.spent_nanodollars > 0));
        with_costs.map(|saved| &saved.name).filter(|name| !used.contains(name)).map(String::as_str).collect()
    }

    fn find(&self, budget: &Budget) -> Option<&SavedBudget> {
        let calendar = budget.calendar();
        self.budgets.iter().find(|saved| {
            saved.name == **budget.name()
                && saved.period == calendar.period.as_str()
                && saved.time_zone == *calendar.zone_name
        })
    }
}

fn saved_period(budget: &Budget, account: &Account) -> SavedPeriod {
    SavedPeriod {
        start: account.window.start,
        spent_nanodollars: account.spent,
        thresholds: bits::indices(account.crossed).filter_map(|index| budget.percents().get(index).copied()).collect(),
    }
}

fn accounts(budget: &Budget, saved: &SavedBudget) -> Accounts {
    let mut accounts = Accounts::default();
    let mut periods: Vec<_> = saved.periods.iter().collect();
    periods.sort_unstable_by_key(|period| period.start);
    for period in periods {
        // The rules of the time zone may have changed since: the account is that of the period with the saved start.
        let account = accounts.open(period.start, budget.calendar());
        account.settle(0, period.spent_nanodollars);
        account.crossed |= bits::select(budget.percents(), |percent| period.thresholds.contains(percent));
    }
    accounts
}
