//! The prices and budgets of an observer, and the GPUs of its own models. An observer without prices has none.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clock::Clock;
use crate::cost::Budget;
use crate::cost::BudgetAction;
use crate::cost::BudgetBook;
use crate::cost::BudgetConfig;
use crate::cost::BudgetError;
use crate::cost::BudgetFault;
use crate::cost::Budgets;
use crate::cost::GpuTime;
use crate::cost::PriceBook;
use crate::cost::PriceSnapshot;
use crate::number::to_f64;
use crate::sink::Sinks;
use crate::sync::AtomicU64;
use crate::sync::Ordering;
use crate::sync::RwLock;

/// The settings of costs, as the builder of the observer collects them.
#[derive(Debug, Default)]
pub(crate) struct CostSettings {
    /// The prices of models; `None` records no costs.
    pub(crate) prices: Option<PriceBook>,
    /// The budgets of the application; those of overlays are added.
    pub(crate) budgets: Option<Budgets>,
    /// Set if spans have the attributes `gen_ai.usage.cost.*` in profile `latest`.
    pub(crate) has_usage_cost_attributes: bool,
}

/// The prices and budgets of an observer, and the accounts of the GPUs of its own models.
#[derive(Debug)]
pub(crate) struct CostBooks {
    pub(crate) prices: PriceBook,
    /// `None` without budgets.
    pub(crate) budgets: Option<BudgetBook>,
    pub(crate) has_usage_cost_attributes: bool,
    /// The accounts of GPUs by the label value of their model.
    gpus: RwLock<BTreeMap<Arc<str>, Arc<GpuTime>>>,
    /// The number of failed reloads of the price book that are counted.
    counted_failures: AtomicU64,
}

/// The value of `llmobs.signal` for price books.
const PRICEBOOK_SIGNAL: &str = "pricebook";

/// The drop reason of the changes in a file of prices that cannot be read.
const RELOAD_FAILED: &str = "reload_failed";

impl CostBooks {
    /// Creates the books; `None` without prices. Returns an error if the budgets are not valid. The budgets of an overlay
    /// are those of this moment: a reload changes prices only.
    pub(crate) fn new(
        settings: CostSettings,
        sinks: &Arc<Sinks>,
        clock: &Clock,
    ) -> Result<Option<Box<Self>>, BudgetError> {
        let Some(prices) = settings.prices else { return Ok(None) };
        sinks.count_dropped(PRICEBOOK_SIGNAL, RELOAD_FAILED, 0);
        let configured = prices.pin();
        let has_budgets = settings.budgets.is_some() || !configured.budgets().is_empty();
        let mut budgets = settings.budgets.unwrap_or_default();
        for config in configured.budgets() {
            budgets = budgets.add(budget(config)?);
        }
        Ok(Some(Box::new(Self {
            prices,
            budgets: if has_budgets { Some(budget_book(budgets, sinks, clock)?) } else { None },
            has_usage_cost_attributes: settings.has_usage_cost_attributes,
            gpus: RwLock::default(),
            counted_failures: AtomicU64::new(0),
        })))
    }

    /// Returns the account of the GPUs of a model, whose label value is `label`, and opens it at `now`, in nanoseconds;
    /// `None` if no overlay has a price of them.
    pub(crate) fn gpu(&self, prices: &PriceSnapshot, model: &str, label: &Arc<str>, now: u64) -> Option<Arc<GpuTime>> {
        let price = prices.gpu_price(model)?;
        if let Some(gpu) = self.gpus.read().get(label) {
            return Some(Arc::clone(gpu));
        }
        let mut gpus = self.gpus.write();
        let gpu = gpus.entry(Arc::clone(label)).or_insert_with(|| Arc::new(GpuTime::new(price.nanos_per_hour(), now)));
        Some(Arc::clone(gpu))
    }

    /// Returns the accounts of GPUs by the label value of their model.
    pub(crate) fn gpus(&self) -> Vec<(Arc<str>, Arc<GpuTime>)> {
        self.gpus.read().iter().map(|(model, gpu)| (Arc::clone(model), Arc::clone(gpu))).collect()
    }

    /// Reads changed files of the price book again, if that is due, counts failures in `llmobs.self.dropped`, and sets the
    /// prices of GPUs from now on. A model whose price was removed keeps the last one. Called before each collection.
    pub(crate) fn refresh(&self, sinks: &Sinks, clock: &Clock) {
        let now = clock.now();
        self.prices.reload_if_due(now);
        let failures = self.prices.reload_failures();
        let counted = self.counted_failures.fetch_max(failures, Ordering::Relaxed);
        if failures > counted {
            sinks.count_dropped(PRICEBOOK_SIGNAL, RELOAD_FAILED, failures - counted);
        }
        let prices = self.prices.pin();
        for (model, gpu) in self.gpus() {
            if let Some(price) = prices.gpu_price(&model) {
                gpu.set_price(price.nanos_per_hour(), now.as_nanos());
            }
        }
    }
}

/// Creates the book of budgets, whose faults are counted in `llmobs.self.dropped`.
fn budget_book(budgets: Budgets, sinks: &Arc<Sinks>, clock: &Clock) -> Result<BudgetBook, BudgetError> {
    let count = |sinks: &Sinks, fault: BudgetFault, count| sinks.count_dropped("budget", fault.as_str(), count);
    BudgetFault::ALL.iter().for_each(|fault| count(sinks, *fault, 0));
    let sinks = Arc::clone(sinks);
    BudgetBook::new(budgets, clock.clone(), move |fault| count(&sinks, fault, 1))
}

/// Returns the budget that an overlay defines.
fn budget(config: &BudgetConfig) -> Result<Budget, BudgetError> {
    let mut budget = Budget::new(&config.name, config.limit)
        .period(config.period)
        .time_zone(&config.time_zone)?
        .thresholds(config.thresholds.iter().map(|percent| u32::from(*percent)))
        .share(to_f64(config.share_billionths) / 1e9);
    if let Some(provider) = &config.provider {
        budget = budget.provider(provider);
    }
    if let Some(model) = &config.model {
        budget = budget.model(model);
    }
    if let Some(tenant) = &config.tenant {
        budget = budget.tenant(tenant);
    }
    Ok(match config.action {
        BudgetAction::Deny => budget.deny(),
        BudgetAction::Alert => budget,
    })
}
