//! The prices and the budgets with which an operation, one model call, starts.

use std::sync::Arc;
use std::time::SystemTime;

use super::call::Call;
use crate::cardinality::truncate;
use crate::cost::BudgetExceeded;
use crate::cost::BudgetFacts;
use crate::cost::PriceSnapshot;
use crate::cost::Reservation;
use crate::observer::current::request_tenant;
use crate::observer::state::cost_account::CostAccount;
use crate::observer::state::observer_parts::ObserverParts;
use crate::observer::state::observer_state::ObserverState;
use crate::semconv::value::Provider;
use crate::series::OperationSeries;

/// The prices of an operation that is about to start, and its place in the budgets.
pub(crate) struct Admission {
    prices: Arc<PriceSnapshot>,
    date: SystemTime,
    tenant: Option<Box<str>>,
    reservation: Option<Reservation>,
}

/// Returns the current prices, and adds the operation to its budgets without asking them. Returns `None` without prices.
pub(crate) fn admit(observer: &ObserverParts, inner: &ObserverState, call: &Call<'_>) -> Option<Admission> {
    let books = inner.costs.as_deref()?;
    let date = inner.clock.date();
    let (tenant, reservation) = with_facts(observer, call, |facts| {
        (facts.tenant.map(Into::into), books.budgets.as_ref().map(|budgets| budgets.admit(facts, date)))
    });
    Some(Admission { prices: books.prices.pin(), date, tenant, reservation })
}

/// Returns the current prices, and reserves the highest possible cost of the operation in its budgets. If a budget rejects
/// the operation, also returns its error. Returns `None` without prices.
pub(crate) fn try_admit(
    observer: &ObserverParts,
    inner: &ObserverState,
    call: &Call<'_>,
) -> (Option<Admission>, Option<BudgetExceeded>) {
    let Some(books) = inner.costs.as_deref() else { return (None, None) };
    let (prices, date) = (books.prices.pin(), inner.clock.date());
    let (tenant, reserved) = with_facts(observer, call, |facts| {
        let reserved = books.budgets.as_ref().map(|budgets| {
            let tokens = call.expected_input_tokens.zip(call.request.max_tokens);
            let estimate =
                tokens.and_then(|(input, output)| prices.estimate(facts.provider, facts.model, input, output, date));
            budgets.reserve(facts, estimate, date)
        });
        (facts.tenant.map(Into::into), reserved)
    });
    let (reservation, exceeded) = match reserved {
        None => (None, None),
        Some(Ok(reservation)) => (Some(reservation), None),
        Some(Err(exceeded)) => (None, Some(exceeded)),
    };
    (Some(Admission { prices, date, tenant, reservation }), exceeded)
}

/// Calls `ask` with the facts by which budgets select the operation.
fn with_facts<T>(observer: &ObserverParts, call: &Call<'_>, ask: impl FnOnce(&BudgetFacts<'_>) -> T) -> T {
    let requested = if call.tenant.is_none() { request_tenant() } else { None };
    let tenant = call.tenant.as_deref().or(requested.as_deref()).filter(|name| !name.is_empty());
    let provider = call.provider.as_ref().unwrap_or(&observer.provider);
    ask(&BudgetFacts { tenant, model: call.model, provider: provider.as_str() })
}

/// Returns the account of an operation that starts in these series.
pub(crate) fn open_account(
    inner: &ObserverState,
    series: &OperationSeries,
    provider: &Provider,
    call: &Call<'_>,
    admission: Admission,
) -> Option<Box<CostAccount>> {
    let books = inner.costs.as_deref()?;
    let Admission { prices, date, tenant, reservation } = admission;
    let now = inner.clock.now().as_nanos();
    let gpu = if series.key.role.is_remote() { None } else { books.gpu(&prices, call.model, &series.model, now) };
    let account = CostAccount::new(prices, date, provider.clone(), truncate(call.model), tenant, gpu, reservation);
    if !call.prepares {
        account.run_gpu(now);
    }
    Some(Box::new(account))
}
