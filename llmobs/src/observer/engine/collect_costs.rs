//! The values of the rows of costs at a collection: integers of nano-dollars, which are added before they become dollars.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::RowId;
use crate::catalog::SERIES_ATTRIBUTES;
use crate::catalog::llmobs_attribute;
use crate::cost::BudgetReading;
use crate::cost::Usd;
use crate::event::seconds_since_epoch;
use crate::measurement::Label;
use crate::measurement::Observation;
use crate::observer::state::cost_books::CostBooks;
use crate::observer::state::observer_state::ObserverState;

/// Returns the values of a row of costs; empty for an observer without prices, and for another row.
pub(super) fn read(observer: &ObserverState, id: RowId) -> Vec<Observation> {
    let Some(books) = observer.costs.as_deref() else { return Vec::new() };
    match id {
        RowId::Cost => costs(observer),
        RowId::TenantCost => tenant_costs(observer),
        RowId::CostIdle => idle_costs(observer, books),
        RowId::PricebookInfo => vec![info(books)],
        RowId::PricebookChecked => {
            let checked_at = books.prices.pin().checked_at();
            checked_at
                .into_iter()
                .map(|at| Observation { labels: Vec::new(), value: seconds_since_epoch(at) })
                .collect()
        }
        RowId::BudgetUsage => budgets(observer, books, |reading| reading.spent.as_dollars()),
        RowId::BudgetLimit => budgets(observer, books, |reading| reading.limit.as_dollars()),
        RowId::BudgetPeriodEnd => budgets(observer, books, |reading| seconds_since_epoch(reading.period_end)),
        _ => Vec::new(),
    }
}

/// Returns the costs by the labels of their series. Two series may have the same labels, for example those of two roles.
fn costs(observer: &ObserverState) -> Vec<Observation> {
    let mut sums: BTreeMap<Vec<Label>, Usd> = BTreeMap::new();
    for series in observer.models.every_series() {
        for (labels, sum) in series.cost_totals().into_iter().flat_map(|totals| totals.sums()) {
            let labels = series.labels().iter().cloned().chain(labels).collect();
            let total = sums.entry(labels).or_default();
            *total = total.saturating_add(sum);
        }
    }
    in_dollars(sums)
}

fn tenant_costs(observer: &ObserverState) -> Vec<Observation> {
    let costs = observer.tenants.as_ref().map(|tenants| tenants.costs()).unwrap_or_default();
    in_dollars(costs.into_iter().map(|(name, cost)| (vec![Label::new(llmobs_attribute::TENANT_NAME, name)], cost)))
}

fn idle_costs(observer: &ObserverState, books: &CostBooks) -> Vec<Observation> {
    let now = observer.clock.now().as_nanos();
    let idle = books.gpus().into_iter().map(|(model, gpu)| (model, gpu.idle(now)));
    in_dollars(idle.map(|(model, idle)| (vec![Label::new(SERIES_ATTRIBUTES[2], model)], idle)))
}

fn info(books: &CostBooks) -> Observation {
    let prices = books.prices.pin();
    let labels = vec![
        Label::new(llmobs_attribute::PRICEBOOK_VERSION, Arc::clone(prices.version())),
        Label::new(llmobs_attribute::PRICEBOOK_SOURCE, prices.source()),
    ];
    Observation { labels, value: 1.0 }
}

fn budgets(observer: &ObserverState, books: &CostBooks, value: impl Fn(&BudgetReading) -> f64) -> Vec<Observation> {
    let Some(budgets) = &books.budgets else { return Vec::new() };
    let readings = budgets.readings(observer.clock.date());
    let labels = |reading: &BudgetReading| vec![Label::new(llmobs_attribute::BUDGET_NAME, Arc::clone(&reading.name))];
    readings.iter().map(|reading| Observation { labels: labels(reading), value: value(reading) }).collect()
}

fn in_dollars(sums: impl IntoIterator<Item = (Vec<Label>, Usd)>) -> Vec<Observation> {
    sums.into_iter().map(|(labels, sum)| Observation { labels, value: sum.as_dollars() }).collect()
}
