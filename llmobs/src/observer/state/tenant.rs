//! A tenant, the plan, team or key on whose behalf operations (model calls) run, and its series on the tenant rows.

use std::mem;
use std::sync::Arc;

use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
#[cfg(feature = "cost")]
use crate::cost::Usd;
use crate::measurement::Label;
use crate::semconv::value::Outcome;
use crate::series::TOKEN_DIRECTIONS;
use crate::series::TokenDirection;
use crate::sink::SeriesHandle;
use crate::sink::Sinks;
use crate::sync::AtomicU64;
use crate::sync::Ordering;
use crate::sync::RwLock;

/// The number of series of a tenant on the row with the most.
pub(crate) const MAX_TENANT_VARIANTS: usize = Outcome::ALL.len();

/// A tenant. Its operations in flight, and the markers of those that ended, hold it.
#[derive(Debug)]
pub(crate) struct Tenant {
    /// The series that operations are recorded in; those of `_OTHER` once the name was forgotten or retired.
    series: RwLock<Arc<TenantSeries>>,
    /// The end of the last operation, or the admission of the name before, in nanoseconds.
    last_used: AtomicU64,
}

impl Tenant {
    /// Returns a tenant that records in these series, admitted at `now`, in nanoseconds.
    pub(crate) const fn new(series: Arc<TenantSeries>, now: u64) -> Self {
        Self { series: RwLock::new(series), last_used: AtomicU64::new(now) }
    }

    /// Counts an operation that ended at `now`, in nanoseconds.
    pub(crate) fn record_end(&self, outcome: Outcome, now: u64) {
        self.last_used.fetch_max(now, Ordering::Relaxed);
        self.series.read().operations[outcome.index()].add(1);
    }

    /// Adds tokens that `llmobs.token.processed` counts too.
    pub(crate) fn add_tokens(&self, direction: TokenDirection, tokens: u64) {
        if tokens > 0 {
            self.series.read().tokens[direction as usize].add(tokens);
        }
    }

    /// Adds a cost that `llmobs.cost.usd` counts too.
    #[cfg(feature = "cost")]
    pub(crate) fn add_cost(&self, cost: Usd) {
        self.series.read().cost_nanos.fetch_add(cost.nanos(), Ordering::Relaxed);
    }

    /// Returns the name and the sum of the costs.
    #[cfg(feature = "cost")]
    pub(crate) fn cost(&self) -> (Arc<str>, Usd) {
        let series = self.series.read();
        (Arc::clone(&series.name), Usd::from_nanos(series.cost_nanos.load(Ordering::Relaxed)))
    }

    /// Returns the value of the label `llmobs.tenant.name`.
    pub(crate) fn name(&self) -> Arc<str> {
        Arc::clone(&self.series.read().name)
    }

    /// Returns the moment, in nanoseconds, at which the tenant will have been idle for `ttl` nanoseconds if no further
    /// operation ends.
    pub(crate) fn idle_at(&self, ttl: u64) -> u64 {
        self.last_used.load(Ordering::Relaxed).saturating_add(ttl)
    }

    /// Removes the series of the tenant from the Prometheus page, and adds their values to those of `other`, in which
    /// the operations of the tenant are recorded from now on. The lock excludes a record between the two.
    pub(crate) fn leave(&self, sinks: &Sinks, other: &Arc<TenantSeries>) {
        let mut series = self.series.write();
        let own = mem::replace(&mut *series, Arc::clone(other));
        own.merge_on_page(sinks, other);
        #[cfg(feature = "cost")]
        other.cost_nanos.fetch_add(own.cost_nanos.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// The series of one name on the tenant rows.
#[derive(Debug)]
pub(crate) struct TenantSeries {
    name: Arc<str>,
    /// By `Outcome`.
    operations: [SeriesHandle; MAX_TENANT_VARIANTS],
    /// By `TokenDirection`.
    tokens: [SeriesHandle; TOKEN_DIRECTIONS.len()],
    /// The sum of the costs in nano-dollars, which collections read.
    #[cfg(feature = "cost")]
    cost_nanos: AtomicU64,
}

impl TenantSeries {
    /// Creates the series of a name, with the value zero. If the name had series before, OpenTelemetry continues them.
    pub(crate) fn new(sinks: &Sinks, name: Arc<str>) -> Self {
        let start_at_zero = |id, labels: [Label; 2]| {
            let handle = sinks.bind(id, &labels);
            handle.add(0);
            handle
        };
        Self {
            operations: std::array::from_fn(|index| {
                start_at_zero(RowId::TenantOperations, outcome_labels(&name, Outcome::ALL[index]))
            }),
            tokens: TOKEN_DIRECTIONS
                .map(|direction| start_at_zero(RowId::TenantTokens, direction_labels(&name, direction))),
            #[cfg(feature = "cost")]
            cost_nanos: AtomicU64::new(0),
            name,
        }
    }

    /// Removes these series from the Prometheus page, and adds their values to those of `other`.
    fn merge_on_page(&self, sinks: &Sinks, other: &Self) {
        for outcome in Outcome::ALL {
            let [own, others] = [&self.name, &other.name].map(|name| outcome_labels(name, *outcome));
            sinks.merge_counter_on_page(RowId::TenantOperations, &own, &others);
        }
        for direction in TOKEN_DIRECTIONS {
            let [own, others] = [&self.name, &other.name].map(|name| direction_labels(name, direction));
            sinks.merge_counter_on_page(RowId::TenantTokens, &own, &others);
        }
    }
}

fn outcome_labels(name: &Arc<str>, outcome: Outcome) -> [Label; 2] {
    [
        Label::new(llmobs_attribute::TENANT_NAME, Arc::clone(name)),
        Label::new(llmobs_attribute::OPERATION_OUTCOME, outcome.as_str()),
    ]
}

fn direction_labels(name: &Arc<str>, direction: &'static str) -> [Label; 2] {
    [
        Label::new(llmobs_attribute::TENANT_NAME, Arc::clone(name)),
        Label::new(llmobs_attribute::TOKEN_DIRECTION, direction),
    ]
}
