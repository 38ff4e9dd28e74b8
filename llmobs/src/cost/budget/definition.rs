//! The declaration of a budget.

use std::fmt;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::calendar::Calendar;
use super::calendar::Period;
use super::error::BudgetError;
use super::ledger::Ledger;
use super::ledger::LedgerFailure;
use super::pattern::BudgetFacts;
use super::pattern::Pattern;
use super::pattern::selects;
use crate::cardinality::MAX_LABEL_BYTES;
use crate::cost::usd::Usd;

/// A limit of the costs in a period. A budget selects operations by model, tenant and provider; without a selector, it
/// applies to all. It only alerts, unless [`deny`](Self::deny) is called.
///
/// ```
/// use llmobs::cost::{Budget, Period, Usd};
///
/// let budget = Budget::new("research", Usd::from_dollars(500))
///     .tenant("research-*")
///     .period(Period::Month)
///     .time_zone("Europe/Berlin")?
///     .thresholds([50, 80, 100])
///     .deny();
/// # drop(budget);
/// # Ok::<(), llmobs::cost::BudgetError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Budget {
    name: Arc<str>,
    limit: Usd,
    models: Vec<Pattern>,
    tenants: Vec<Pattern>,
    providers: Vec<Pattern>,
    calendar: Calendar,
    thresholds: Vec<u32>,
    is_denying: bool,
    share: f64,
    ledger: Option<Arc<dyn Ledger>>,
    on_ledger_failure: LedgerFailure,
}

impl Budget {
    /// Creates a budget for all operations of a day in UTC. The name is a label of the rows `llmobs.budget.*`: it names a
    /// purpose or a team, never a person.
    pub fn new(name: impl AsRef<str>, limit: Usd) -> Self {
        Self {
            name: name.as_ref().into(),
            limit,
            models: Vec::new(),
            tenants: Vec::new(),
            providers: Vec::new(),
            calendar: Calendar { period: Period::Day, zone: TimeZone::UTC, zone_name: "UTC".into() },
            thresholds: vec![100],
            is_denying: false,
            share: 1.0,
            ledger: None,
            on_ledger_failure: LedgerFailure::default(),
        }
    }

    /// Selects the operations of a requested model; a final `*` stands for any text. A further call adds another model.
    pub fn model(mut self, pattern: impl AsRef<str>) -> Self {
        self.models.push(Pattern::new(pattern.as_ref()));
        self
    }

    /// Selects the operations of a tenant; a final `*` stands for any text. A further call adds another tenant. All selected
    /// tenants share the one limit. Operations without a tenant are not selected.
    pub fn tenant(mut self, pattern: impl AsRef<str>) -> Self {
        self.tenants.push(Pattern::new(pattern.as_ref()));
        self
    }

    /// Selects the operations of a provider; a final `*` stands for any text. A further call adds another provider.
    pub fn provider(mut self, pattern: impl AsRef<str>) -> Self {
        self.providers.push(Pattern::new(pattern.as_ref()));
        self
    }

    /// Sets the period after which the budget starts again at zero; a day unless set.
    pub const fn period(mut self, period: Period) -> Self {
        self.calendar.period = period;
        self
    }

    /// Sets the time zone of the days, weeks and months, by its name in the IANA database; UTC unless set. The database is
    /// that of the system, or the one that is compiled in if the system has none.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no time zone with this name.
    pub fn time_zone(mut self, name: &str) -> Result<Self, BudgetError> {
        let unknown = |_| BudgetError::UnknownTimeZone { name: name.to_owned() };
        self.calendar.zone = TimeZone::get(name).map_err(unknown)?;
        self.calendar.zone_name = self.calendar.zone.iana_name().unwrap_or(name).into();
        Ok(self)
    }

    /// Sets the thresholds of [`Budgets::on_threshold`](super::Budgets::on_threshold), in percent of the limit, from 1 to
    /// 1,000, at most 64; 100 alone unless set.
    pub fn thresholds(mut self, percents: impl IntoIterator<Item = u32>) -> Self {
        self.thresholds = percents.into_iter().collect();
        self.thresholds.sort_unstable();
        self.thresholds.dedup();
        self
    }

    /// Rejects operations at their start once the limit is reached, or as soon as it could be exceeded: see
    /// [`Budgets::with_reservation`](super::Budgets::with_reservation).
    pub const fn deny(mut self) -> Self {
        self.is_denying = true;
        self
    }

    /// Sets the part of the limit that this process may spend, above 0 and at most 1, for replicas that know nothing of each
    /// other; 1 unless set. Parts of a nano-dollar are rounded down, so the shares of all replicas never exceed the limit.
    /// With a [ledger](Self::ledger), the share applies only while the ledger fails.
    pub const fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// Sets the store that holds the costs of all processes. The limit then applies to all of them together.
    pub fn ledger(mut self, ledger: Arc<dyn Ledger>) -> Self {
        self.ledger = Some(ledger);
        self
    }

    /// Sets the decision about operations for which the ledger returns an error; [`LedgerFailure::CheckThisProcess`] unless
    /// set.
    pub const fn on_ledger_failure(mut self, decision: LedgerFailure) -> Self {
        self.on_ledger_failure = decision;
        self
    }

    /// Returns an error if a setting is not valid.
    pub(super) fn validate(&self) -> Result<(), BudgetError> {
        let invalid = |reason| Err(BudgetError::InvalidBudget { name: (*self.name).to_owned(), reason });
        if self.name.is_empty() || self.name.len() > MAX_LABEL_BYTES || self.name.contains(char::is_control) {
            return invalid("the name must have 1 to 128 bytes without control characters");
        }
        if !(self.share > 0.0 && self.share <= 1.0) {
            return invalid("the share must be above 0 and at most 1");
        }
        if self.thresholds.len() > 64 || self.thresholds.iter().any(|percent| !(1..=1_000).contains(percent)) {
            return invalid("there can be at most 64 thresholds, from 1 to 1,000 percent");
        }
        Ok(())
    }

    pub(super) fn selects(&self, facts: &BudgetFacts<'_>) -> bool {
        selects(&self.models, Some(facts.model))
            && selects(&self.tenants, facts.tenant)
            && selects(&self.providers, Some(facts.provider))
    }

    pub(super) const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Returns the limit of all processes together.
    pub(super) const fn limit(&self) -> Usd {
        self.limit
    }

    /// Returns the part of the limit that this process may spend, in nano-dollars.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a validated share is from 0 to 1")]
    pub(super) fn share_of_limit(&self) -> u64 {
        const WHOLE: u128 = 1_000_000_000;
        // Rounded down, except for the error of a decimal number such as 0.7 as a double.
        let billionths = (self.share * 1e9 + 1e-3) as u64;
        let nanos = u128::from(self.limit.nanos()) * u128::from(billionths) / WHOLE;
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }

    pub(super) const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    pub(super) fn percents(&self) -> &[u32] {
        &self.thresholds
    }

    pub(super) const fn is_denying(&self) -> bool {
        self.is_denying
    }

    pub(super) fn shared_ledger(&self) -> Option<&dyn Ledger> {
        self.ledger.as_deref()
    }

    pub(super) const fn ledger_failure(&self) -> LedgerFailure {
        self.on_ledger_failure
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("name", &self.name)
            .field("limit", &self.limit)
            .field("period", &self.calendar.period)
            .field("time_zone", &self.calendar.zone_name)
            .field("is_denying", &self.is_denying)
            .finish_non_exhaustive()
    }
}
