//! The cost of an operation, one model call, at its end: that of its last attempt, with those of the attempts before.

use super::costing::Attempt;
use super::costing::add;
use super::costing::charge;
use super::costing::charge_hedge;
use super::costing::record_late;
use super::ended_operation::EndedOperation;
use super::ended_operation::ended_in_queue;
use super::routing::payee;
use crate::catalog::RowId;
use crate::clock::Moment;
use crate::cost::Cost;
use crate::cost::CostKind;
use crate::cost::CostQuality;
use crate::cost::CostSource;
use crate::cost::EndedCost;
use crate::observer::state::cost_account::CostAccount;
use crate::observer::state::cost_account::CostLedger;
use crate::observer::state::cost_account::LastAttempt;
use crate::observer::state::cost_account::Payee;
use crate::observer::state::ending::Ending;
use crate::semconv::value::TokenSource;
use crate::series::CostOutcome;
use crate::usage::Usage;

/// Adds the cost of the last attempt and of the hedges that lost, and settles the budgets. Returns the costs of the
/// operation; `None` if the observer has no prices.
#[inline]
pub(crate) fn record_end(end: &EndedOperation<'_>) -> Option<Box<EndedCost>> {
    end.state.cost_account().map(|account| settle(end, account))
}

#[cold]
fn settle(end: &EndedOperation<'_>, account: &CostAccount) -> Box<EndedCost> {
    let state = end.state;
    let payee = payee(state, account);
    let (cost, reservation) = {
        let mut ledger = account.ledger.lock();
        let usage = usage_of_end(end);
        let response_model = state.notes.get().and_then(|notes| notes.response().model);
        let cost = charge_last(end, account, &mut ledger, &payee, response_model.as_deref(), usage);
        for tokens in std::mem::take(&mut ledger.hedges) {
            charge_hedge(state, account, &mut ledger, &payee, usage, tokens);
        }
        let ended = ledger.ended(cost, account.prices.version());
        ledger.last = Some(LastAttempt { payee: payee.clone(), response_model, usage, cost });
        (ended, ledger.reservation.take())
    };
    if let Some(total) = cost.total()
        && let Some(handle) = payee.series.handle(RowId::OperationCost, 0)
    {
        handle.record(total.as_dollars(), None);
    }
    // Outside of the lock: a threshold of a budget calls the application.
    if let Some(reservation) = reservation {
        reservation.settle(cost.total().unwrap_or_default());
    }
    if end.ending == Ending::Cancelled {
        // The producer may have reported tokens since the end was counted.
        record_late(state);
    }
    if let Some(books) = &state.observer.costs {
        books.prices.reload_if_due(Moment::from_nanos(end.marks.now));
    }
    Box::new(cost)
}

/// Adds the cost of the last attempt: of the time of own GPUs, else of its tokens. A rejected operation, one that ended in
/// the engine's queue, and one that failed without any sign of an answer cost nothing.
fn charge_last(
    end: &EndedOperation<'_>,
    account: &CostAccount,
    ledger: &mut CostLedger,
    payee: &Payee,
    response_model: Option<&str>,
    usage: Usage,
) -> Option<Cost> {
    let (state, outcome) = (end.state, CostOutcome::Ended(end.ending.outcome()));
    if let Some(amount) = account.end_gpu(state.now()) {
        let cost = Cost::new(CostSource::Overlay, CostQuality::Exact).with(CostKind::GpuTime, amount);
        add(state, &payee.series, outcome, &cost);
        return Some(cost);
    }
    let has_answer = usage.input.is_some() || usage.output.is_some() || response_model.is_some();
    let is_charged = match end.ending {
        Ending::Rejected(_) => false,
        Ending::Failed(_) if !has_answer && end.marks.first_token.is_none() => false,
        ending => !ended_in_queue(&end.marks, ending),
    };
    if !is_charged {
        return None;
    }
    let is_reported = usage.output.is_some() && end.tokens.output_source != TokenSource::Counted;
    let attempt = Attempt {
        payee,
        response_model,
        usage,
        is_counted: usage.output.is_some() && !is_reported,
        is_cut: end.ending != Ending::Completed && !is_reported,
    };
    charge(state, account, ledger, &attempt, outcome)
}

/// Returns the usage of the last attempt, as reported or counted.
fn usage_of_end(end: &EndedOperation<'_>) -> Usage {
    let tokens = &end.tokens;
    let reasoning = tokens.output.map(|_| tokens.by_kind().reasoning);
    Usage { input: tokens.input, output: tokens.output, reasoning, ..end.state.usage() }
}
