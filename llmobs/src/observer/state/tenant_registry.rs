//! The tenants of an observer: declared names, and undeclared ones up to a limit. `engine::start` looks up the tenant of
//! each operation, one model call, here. Observers without tenants have no registry.

use std::sync::Arc;
use std::time::Duration;

use super::model_registry::count_folded;
use super::tenant::Tenant;
use super::tenant::TenantSeries;
use crate::cardinality::CardinalityLimiter;
use crate::catalog::llmobs_attribute;
use crate::clock::duration_to_nanos;
#[cfg(feature = "cost")]
use crate::cost::Usd;
use crate::semconv::value::OTHER;
use crate::sink::Sinks;
use crate::sync::AtomicU64;
use crate::sync::Ordering;

/// The label value of operations without a tenant.
pub(crate) const NONE: &str = "_NONE";

/// The names that no application can give a tenant.
pub(crate) const RESERVED: [&str; 2] = [OTHER, NONE];

/// The settings of tenants, as the builder of the observer collects them.
#[derive(Debug)]
pub(crate) struct TenantSettings {
    /// The declared names, which are never folded or retired.
    pub(crate) declared: Vec<String>,
    /// The maximum number of undeclared names with separate series.
    pub(crate) max_undeclared: usize,
    /// The time after the end of the last operation of an undeclared name, after which the name is retired.
    pub(crate) idle_ttl: Duration,
    /// Set if log events and the operations in flight contain the tenant.
    pub(crate) is_logged: bool,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            declared: Vec::new(),
            max_undeclared: 200,
            idle_ttl: Duration::from_secs(24 * 60 * 60),
            is_logged: false,
        }
    }
}

/// The tenants that have series, with a limit on the names that the application did not declare.
pub(crate) struct TenantRegistry {
    sinks: Arc<Sinks>,
    /// The declared names, and undeclared ones up to the limit.
    tenants: CardinalityLimiter<Tenant>,
    /// The tenant of operations without one.
    none: Arc<Tenant>,
    /// The series of `_OTHER`.
    other: Arc<TenantSeries>,
    /// Nanoseconds from the end of the last operation of an undeclared name to its retirement.
    idle_ttl: u64,
    /// The first moment, in nanoseconds, at which an undeclared name can be idle for that time.
    next_retirement: AtomicU64,
    /// Set if log events and the operations in flight contain the tenant.
    is_logged: bool,
}

impl TenantRegistry {
    /// Returns the registry with the declared names. Their series, and those of `_OTHER` and `_NONE`, start at zero.
    pub(crate) fn new(sinks: Arc<Sinks>, settings: &TenantSettings, now: u64) -> Self {
        let series = |name: &str| Arc::new(TenantSeries::new(&sinks, name.into()));
        let (none, other) = (series(NONE), series(OTHER));
        let tenants = CardinalityLimiter::new(settings.max_undeclared, Tenant::new(Arc::clone(&other), now));
        for name in &settings.declared {
            tenants.declare(name, |name| Arc::new(Tenant::new(series(&name), now)));
        }
        Self {
            tenants,
            none: Arc::new(Tenant::new(none, now)),
            other,
            idle_ttl: duration_to_nanos(settings.idle_ttl),
            next_retirement: AtomicU64::new(0),
            is_logged: settings.is_logged,
            sinks,
        }
    }

    /// Returns the tenant with this name for an operation that starts at `now`, in nanoseconds. Without a name, or with
    /// an empty one, returns that of `_NONE`. A name over the limit, with control characters or with the name of one of
    /// the two is counted as folded, and results in the tenant of `_OTHER`.
    #[inline]
    pub(crate) fn admit(&self, name: Option<&str>, now: u64) -> Arc<Tenant> {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return Arc::clone(&self.none) };
        // A text that no label has is folded.
        let name = if RESERVED.contains(&name) { "" } else { name };
        let make = |name| Arc::new(Tenant::new(Arc::new(TenantSeries::new(&self.sinks, name)), now));
        let admitted = self.tenants.admit(name, make);
        if admitted.is_folded {
            count_folded(&self.sinks, llmobs_attribute::TENANT_NAME);
        }
        admitted.entry
    }

    /// Forgets a name, declared or not. Its series are removed from the Prometheus page, and their values added to those
    /// of `_OTHER`, in which its operations in flight are recorded from now on.
    pub(crate) fn forget(&self, name: &str) {
        self.tenants.remove(name, |tenant| tenant.leave(&self.sinks, &self.other));
    }

    /// Retires the undeclared names that have been idle for the time to live at `now`, in nanoseconds, and that no
    /// operation in flight and no marker uses. Called before each collection.
    pub(crate) fn retire_idle(&self, now: u64) {
        if now < self.next_retirement.load(Ordering::Relaxed) {
            return;
        }
        // A name that is admitted from now on cannot be idle for this time before.
        let mut next = now.saturating_add(self.idle_ttl);
        self.tenants.retain_admitted(|tenant| {
            // Only the registry holds the tenant, and no other thread can get it while the registry is locked.
            let is_unused = Arc::strong_count(tenant) == 1;
            let idle_at = tenant.idle_at(self.idle_ttl);
            if is_unused && idle_at <= now {
                tenant.leave(&self.sinks, &self.other);
                return false;
            }
            next = next.min(idle_at);
            true
        });
        self.next_retirement.store(next, Ordering::Relaxed);
    }

    /// Returns the sum of the costs of each name. A name that is forgotten or retired meanwhile is counted once.
    #[cfg(feature = "cost")]
    pub(crate) fn costs(&self) -> Vec<(Arc<str>, Usd)> {
        let mut costs = self.tenants.map_all(Tenant::cost);
        costs.push(self.none.cost());
        costs
    }

    /// Returns whether log events and the operations in flight contain the tenant.
    pub(crate) const fn is_logged(&self) -> bool {
        self.is_logged
    }
}
