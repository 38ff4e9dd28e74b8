//! The accounts of all budgets of an observer, behind one short lock: an operation that several budgets select is
//! admitted by all of them or by none.

use std::fmt;
use std::time::SystemTime;

use super::account::Account;
use super::accounts::Accounts;
use super::bits;
use super::calendar::to_date;
use super::claim::Claim;
use super::definition::Budget;
use super::exceeded::BudgetExceeded;
use super::fault::BudgetFault;
use super::fault::OnFault;
use super::ledger::Ledger;
use super::ledger::LedgerAccount;
use super::ledger::LedgerError;
use super::ledger::LedgerFailure;
use super::ledger_log::LedgerLog;
use super::pattern::BudgetFacts;
use super::persistence::Persistence;
use super::saved::Saved;
use super::set::BudgetParts;
use super::set::Budgets;
use super::state_file::StateFile;
use super::threshold::Crossing;
use super::threshold::OnThreshold;
use crate::clock::Clock;
use crate::cost::usd::Usd;
use crate::sync::Mutex;
use crate::unwind::catch_panic;

/// The budgets of an observer and their accounts.
pub(super) struct BudgetState {
    budgets: Box<[Budget]>,
    /// The part of each limit that this process may spend, in nano-dollars.
    shares: Box<[u64]>,
    /// The indices of the budgets that deny, and of those with a ledger.
    denying: u64,
    with_ledger: u64,
    has_reservation: bool,
    accounts: Mutex<Box<[Accounts]>>,
    persistence: Option<Persistence>,
    ledger_log: LedgerLog,
    on_threshold: Option<OnThreshold>,
    on_fault: OnFault,
}

impl BudgetState {
    /// Creates the state of validated budgets, with the accounts of their state file.
    pub(super) fn new(set: Budgets, clock: Clock, on_fault: OnFault) -> Self {
        let BudgetParts { budgets, on_threshold, has_reservation, file, interval } = set.into_parts();
        let saved = file.as_ref().and_then(StateFile::saved);
        let accounts = saved.map_or_else(
            || budgets.iter().map(|_| Accounts::default()).collect(),
            |saved| {
                warn_of_unused(saved, &budgets);
                saved.restore(&budgets)
            },
        );
        Self {
            shares: budgets.iter().map(Budget::share_of_limit).collect(),
            denying: bits::select(&budgets, Budget::is_denying),
            with_ledger: bits::select(&budgets, |budget| budget.shared_ledger().is_some()),
            has_reservation,
            accounts: Mutex::new(accounts),
            persistence: file.map(|file| Persistence::new(file, clock, interval)),
            budgets: budgets.into(),
            ledger_log: LedgerLog::default(),
            on_threshold,
            on_fault,
        }
    }

    pub(super) fn budgets(&self) -> &[Budget] {
        &self.budgets
    }

    /// Returns the account of a budget at a date, if the period has one.
    pub(super) fn account(&self, budget: usize, second: i64) -> Option<Account> {
        let calendar = self.budgets.get(budget)?.calendar();
        self.accounts.lock().get(budget)?.get(second, calendar)
    }

    /// Returns the budgets of an operation that is not checked.
    pub(super) fn admit(&self, facts: &BudgetFacts<'_>, second: i64) -> Claim {
        let budgets = bits::select(&self.budgets, |budget| budget.selects(facts));
        Claim { budgets, in_ledger: 0, amount: 0, second }
    }

    /// Checks an operation and reserves its estimate in all budgets that deny, or in none.
    pub(super) fn reserve(
        &self,
        facts: &BudgetFacts<'_>,
        estimate: Option<Usd>,
        second: i64,
    ) -> Result<Claim, BudgetExceeded> {
        let mut claim = self.admit(facts, second);
        let checked = claim.budgets & self.denying;
        if checked == 0 {
            return Ok(claim);
        }
        let estimate = estimate.filter(|_| self.has_reservation).map(Usd::nanos);
        claim.amount = estimate.unwrap_or(0);
        {
            let mut accounts = self.accounts.lock();
            for index in bits::indices(checked) {
                let account = accounts[index].open(second, self.budgets[index].calendar());
                if !account.admits(self.local_limit(index), estimate) {
                    return Err(self.exceeded(index, account));
                }
            }
            for index in bits::indices(checked) {
                accounts[index].open(second, self.budgets[index].calendar()).reserve(claim.amount);
            }
        }
        for index in bits::indices(checked & self.with_ledger) {
            if let Err(exceeded) = self.check_ledger(index, &mut claim, estimate) {
                self.settle(claim, Usd::ZERO);
                return Err(exceeded);
            }
        }
        Ok(claim)
    }

    /// Replaces the reservations of an operation by its cost.
    pub(super) fn settle(&self, claim: Claim, cost: Usd) {
        let cost = cost.nanos();
        if claim.budgets == 0 || (cost == 0 && claim.amount == 0) {
            return;
        }
        let mut crossings = Vec::new();
        {
            let mut accounts = self.accounts.lock();
            for index in bits::indices(claim.budgets) {
                let account = accounts[index].open(claim.second, self.budgets[index].calendar());
                let reserved = if bits::contains(self.denying, index) { claim.amount } else { 0 };
                account.settle(reserved, cost);
                if !bits::contains(self.with_ledger, index) {
                    let spent = account.spent;
                    crossings.extend(self.cross(index, account, spent));
                }
            }
        }
        for index in bits::indices(claim.budgets & self.with_ledger) {
            let reserved = if bits::contains(claim.in_ledger, index) { claim.amount } else { 0 };
            if reserved > 0 || cost > 0 {
                crossings.extend(self.settle_in_ledger(index, claim.second, reserved, cost));
            }
        }
        for crossing in &crossings {
            self.notify(crossing);
        }
        let Some(persistence) = self.persistence.as_ref().filter(|_| cost > 0) else { return };
        persistence.note_change();
        if crossings.is_empty() {
            self.write_if_due();
        } else {
            // At once, so that the thresholds are not reached a second time after a restart.
            self.write_now();
        }
    }

    /// Writes the state file if a write is due.
    pub(super) fn write_if_due(&self) {
        if let Some(persistence) = &self.persistence {
            self.report(persistence.write_if_due(|| self.snapshot()));
        }
    }

    /// Writes the state file if the accounts changed since.
    pub(super) fn write_now(&self) {
        if let Some(persistence) = &self.persistence {
            self.report(persistence.write_now(|| self.snapshot()));
        }
    }

    fn snapshot(&self) -> Saved {
        Saved::new(&self.budgets, &self.accounts.lock())
    }

    fn report(&self, result: Result<(), BudgetFault>) {
        if let Err(fault) = result {
            (self.on_fault)(fault);
        }
    }

    /// Returns the limit that the costs of this process alone must not exceed. With a ledger, the share applies only while
    /// the ledger fails.
    fn local_limit(&self, index: usize) -> u64 {
        if bits::contains(self.with_ledger, index) { self.budgets[index].limit().nanos() } else { self.shares[index] }
    }

    fn exceeded(&self, index: usize, account: &Account) -> BudgetExceeded {
        BudgetExceeded::new(self.budgets[index].name().clone(), to_date(account.window.end))
    }

    /// Asks the ledger of a budget whether an operation may start, after the accounts of this process admitted it.
    fn check_ledger(&self, index: usize, claim: &mut Claim, estimate: Option<u64>) -> Result<(), BudgetExceeded> {
        let budget = &self.budgets[index];
        let account = *self.accounts.lock()[index].open(claim.second, budget.calendar());
        let answer = self.ask_ledger(index, &account, |ledger, shared| match estimate {
            Some(amount) => ledger.reserve(shared, Usd::from_nanos(amount)),
            None => ledger.spent(shared).map(|spent| spent < shared.limit),
        });
        match answer {
            Some(true) => {
                claim.in_ledger |= 1 << index;
                Ok(())
            }
            Some(false) => Err(self.exceeded(index, &account)),
            None => match budget.ledger_failure() {
                LedgerFailure::Deny => {
                    Err(BudgetExceeded::unchecked(budget.name().clone(), to_date(account.window.end)))
                }
                LedgerFailure::CheckThisProcess => {
                    // The estimate is already reserved.
                    let reserved = Some(0).filter(|_| estimate.is_some());
                    let mut accounts = self.accounts.lock();
                    let account = accounts[index].open(claim.second, budget.calendar());
                    if account.admits(self.shares[index], reserved) {
                        Ok(())
                    } else {
                        Err(self.exceeded(index, account))
                    }
                }
            },
        }
    }

    /// Settles an operation in the ledger of a budget, with what an earlier failure left.
    fn settle_in_ledger(&self, index: usize, second: i64, reserved: u64, cost: u64) -> Option<Crossing> {
        let calendar = self.budgets[index].calendar();
        let (account, due) = {
            let mut accounts = self.accounts.lock();
            let account = accounts[index].open(second, calendar);
            let due = std::mem::take(&mut account.unsent).and(reserved, cost);
            (*account, due)
        };
        let total = self.ask_ledger(index, &account, |ledger, shared| {
            ledger.settle(shared, Usd::from_nanos(due.reserved), Usd::from_nanos(due.cost))
        });
        let mut accounts = self.accounts.lock();
        let account = accounts[index].open(second, calendar);
        match total {
            Some(total) => self.cross(index, account, total.nanos()),
            None => {
                account.unsent = account.unsent.and(due.reserved, due.cost);
                None
            }
        }
    }

    /// Returns the answer of a ledger; `None` after an error or a panic, which is counted.
    fn ask_ledger<T>(
        &self,
        index: usize,
        account: &Account,
        ask: impl FnOnce(&dyn Ledger, &LedgerAccount<'_>) -> Result<T, LedgerError>,
    ) -> Option<T> {
        let budget = &self.budgets[index];
        let ledger = budget.shared_ledger()?;
        let shared = LedgerAccount {
            budget: budget.name(),
            period_start: to_date(account.window.start),
            period_end: to_date(account.window.end),
            limit: budget.limit(),
        };
        let answer = catch_panic(|| ask(ledger, &shared)).unwrap_or_else(|| Err(LedgerError::new("it panicked")));
        self.ledger_log.note(index, budget.name(), &answer);
        if answer.is_err() {
            (self.on_fault)(BudgetFault::LedgerFailed);
        }
        answer.ok()
    }

    /// Returns the thresholds that an account reaches for the first time.
    fn cross(&self, index: usize, account: &mut Account, spent: u64) -> Option<Crossing> {
        let thresholds = account.cross(self.budgets[index].percents(), spent, self.local_limit(index));
        (thresholds != 0).then_some(Crossing { budget: index, thresholds, spent, window: account.window })
    }

    /// Passes thresholds on to the application.
    fn notify(&self, crossing: &Crossing) {
        let Some(on_threshold) = &self.on_threshold else { return };
        let budget = &self.budgets[crossing.budget];
        for threshold in bits::indices(crossing.thresholds) {
            let percent = budget.percents()[threshold];
            let event = crossing.event(budget.name().clone(), percent, self.local_limit(crossing.budget));
            if catch_panic(|| on_threshold(&event)).is_none() {
                (self.on_fault)(BudgetFault::CallbackPanicked);
            }
        }
    }

    /// Returns the end of the period of a budget that contains a second.
    pub(super) fn period_end(&self, budget: usize, second: i64) -> SystemTime {
        to_date(self.budgets[budget].calendar().window(second).end)
    }
}

impl Drop for BudgetState {
    fn drop(&mut self) {
        self.write_now();
    }
}

/// Logs that a state file has budgets that are not declared with the same name, period and time zone.
fn warn_of_unused(saved: &Saved, budgets: &[Budget]) {
    let unused = saved.unused(budgets);
    if !unused.is_empty() {
        tracing::warn!(
            target: "llmobs",
            parent: None,
            budgets = ?unused,
            "the state file has costs of budgets that are no longer declared with this name, period and time zone: dropped"
        );
    }
}

impl fmt::Debug for BudgetState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BudgetState")
            .field("budgets", &self.budgets)
            .field("accounts", &self.accounts)
            .finish_non_exhaustive()
    }
}
