//! The costs of the attempts of an operation, one model call. Each attempt is priced under its own provider and model, with
//! the prices of the operation's start. `engine::end_cost` adds that of the last attempt.

use super::routing::payee;
use crate::catalog::RowId;
use crate::catalog::SERIES_ATTRIBUTES;
use crate::cost::Billable;
use crate::cost::BudgetFacts;
use crate::cost::Cost;
use crate::cost::Unpriced;
use crate::cost::Usd;
use crate::observer::state::cost_account::CostAccount;
use crate::observer::state::cost_account::CostLedger;
use crate::observer::state::cost_account::Payee;
use crate::observer::state::counted_tokens::CountedTokens;
use crate::observer::state::ending::Ending;
use crate::observer::state::operation_state::OperationState;
use crate::semconv::value::TokenSource;
use crate::series::CostOutcome;
use crate::series::OperationSeries;
use crate::usage::Usage;
use crate::usage::UsageDetails;

/// The facts of an attempt that determine its price, without those of the operation.
pub(super) struct Attempt<'a> {
    pub(super) payee: &'a Payee,
    pub(super) response_model: Option<&'a str>,
    pub(super) usage: Usage,
    /// Set if a number of the usage was counted and not reported.
    pub(super) is_counted: bool,
    /// Set if the answer broke off before the provider reported its usage.
    pub(super) is_cut: bool,
}

/// Adds the cost of the current attempt, which another one supersedes. `usage` is that which was reported for it, and
/// `output` its output tokens, which were counted unless `source` says otherwise. Called before the usage and the names of
/// the response are forgotten.
pub(crate) fn record_superseded(state: &OperationState, usage: Usage, output: CountedTokens, source: TokenSource) {
    let Some(account) = state.cost_account().filter(|account| !account.has_gpu()) else { return };
    let response = state.notes.get().and_then(|notes| notes.response().model);
    let mut ledger = account.ledger.lock();
    let payee = ledger.payee.take().unwrap_or_else(|| payee(state, account));
    let is_counted = source == TokenSource::Counted;
    let attempt = Attempt {
        payee: &payee,
        response_model: response.as_deref(),
        usage: Usage { output: Some(output.total()), reasoning: Some(output.reasoning), ..usage },
        is_counted,
        is_cut: is_counted,
    };
    if let Some(cost) = charge(state, account, &mut ledger, &attempt, CostOutcome::Superseded) {
        ledger.add_superseded(cost.total());
    }
}

/// Adds the cost of a hedge that lost, with this number of output tokens, to be priced at the end. After the end, it is
/// priced at once.
pub(crate) fn record_hedge(state: &OperationState, tokens: u64) {
    let Some(account) = state.cost_account().filter(|account| !account.has_gpu()) else { return };
    let mut ledger = account.ledger.lock();
    match &ledger.last {
        None => ledger.hedges.push(tokens),
        Some(last) => {
            let (payee, usage) = (last.payee.clone(), last.usage);
            charge_hedge(state, account, &mut ledger, &payee, usage, tokens);
        }
    }
}

/// Adds the cost of a hedge that lost: its input is that of the answer, and its output was counted.
pub(super) fn charge_hedge(
    state: &OperationState,
    account: &CostAccount,
    ledger: &mut CostLedger,
    payee: &Payee,
    answer: Usage,
    tokens: u64,
) {
    let usage = Usage { output: Some(tokens), reasoning: Some(0), details: UsageDetails::new(), ..answer };
    let attempt = Attempt { payee, response_model: None, usage, is_counted: true, is_cut: true };
    if let Some(cost) = charge(state, account, ledger, &attempt, CostOutcome::Superseded) {
        ledger.add_superseded(cost.total());
    }
}

/// Adds the cost of the output that the producer of a cancelled operation reported after the end. The budgets have it in
/// the period in which the operation started. Has no effect before the end is priced: the end then includes the output.
#[cold]
pub(crate) fn record_late(state: &OperationState) {
    let Some(account) = state.cost_account() else { return };
    let difference = {
        let mut ledger = account.ledger.lock();
        let recorded = state.tokens.recorded.get();
        let Some(last) = &mut ledger.last else { return };
        let Some(before) = last.cost.filter(|_| recorded.total() > last.usage.output.unwrap_or(0)) else { return };
        last.usage = Usage { output: Some(recorded.total()), reasoning: Some(recorded.reasoning), ..last.usage };
        let attempt = Attempt {
            payee: &last.payee,
            response_model: last.response_model.as_deref(),
            usage: last.usage,
            is_counted: true,
            is_cut: false,
        };
        let Ok(cost) = price(state, account, &attempt) else { return };
        last.cost = Some(cost);
        let difference = cost.since(&before);
        add(state, &last.payee.series, CostOutcome::Ended(Ending::Cancelled.outcome()), &difference);
        difference.total()
    };
    let budgets = state.observer.costs.as_deref().and_then(|books| books.budgets.as_ref());
    if let Some(budgets) = budgets.filter(|_| difference > Usd::ZERO) {
        let facts = BudgetFacts {
            tenant: account.tenant.as_deref(),
            model: &account.model,
            provider: account.provider.as_str(),
        };
        budgets.admit(&facts, account.started_on).settle(difference);
    }
}

/// Prices an attempt and adds its cost, or counts it as unpriced. Returns the cost.
pub(super) fn charge(
    state: &OperationState,
    account: &CostAccount,
    ledger: &mut CostLedger,
    attempt: &Attempt<'_>,
    outcome: CostOutcome,
) -> Option<Cost> {
    let series = &attempt.payee.series;
    match price(state, account, attempt) {
        Ok(cost) => {
            add(state, series, outcome, &cost);
            Some(cost)
        }
        Err(reason) => {
            ledger.unpriced.get_or_insert(reason);
            count_unpriced(state, series);
            None
        }
    }
}

/// Returns the cost of an attempt. Counts an implausible cost that the provider reported.
fn price(state: &OperationState, account: &CostAccount, attempt: &Attempt<'_>) -> Result<Cost, Unpriced> {
    let priced = account.prices.price(&Billable {
        provider: attempt.payee.provider.as_str(),
        response_model: attempt.response_model,
        request_model: &attempt.payee.model,
        usage: attempt.usage,
        is_counted: attempt.is_counted,
        is_cut: attempt.is_cut,
        max_tokens: state.request.max_tokens(),
        at: account.started_on,
    });
    if priced.is_reported_cost_implausible {
        state.observer.count_anomaly("implausible_cost");
    }
    priced.cost
}

/// Adds a cost to the sums of its series and of the tenant.
pub(super) fn add(state: &OperationState, series: &OperationSeries, outcome: CostOutcome, cost: &Cost) {
    series.add_cost(outcome, cost);
    if let Some(tenant) = &state.tenant {
        tenant.add_cost(cost.total());
    }
}

/// Counts an attempt that has no price.
fn count_unpriced(state: &OperationState, series: &OperationSeries) {
    if state.observer.sinks().is_enabled(RowId::PricebookUnpriced.row().level) {
        let labels = &series.labels()[1..SERIES_ATTRIBUTES.len()];
        state.observer.sinks().bind(RowId::PricebookUnpriced, labels).add(1);
    }
}
