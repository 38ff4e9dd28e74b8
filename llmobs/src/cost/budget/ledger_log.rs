//! The log lines about ledgers: one when a ledger fails first, and one when it answers again.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::bits;
use super::ledger::LedgerError;

/// The indices of the budgets whose ledger failed at its last call.
#[derive(Debug, Default)]
pub(super) struct LedgerLog(AtomicU64);

impl LedgerLog {
    /// Notes the result of a call of the ledger of a budget, and logs a change.
    pub(super) fn note<T>(&self, index: usize, budget: &str, result: &Result<T, LedgerError>) {
        let failing = self.0.load(Ordering::Relaxed);
        let Err(error) = result else {
            if bits::contains(failing, index)
                && bits::contains(self.0.fetch_and(!(1 << index), Ordering::Relaxed), index)
            {
                tracing::info!(target: "llmobs", parent: None, budget, "the ledger of a budget answers again");
            }
            return;
        };
        if !bits::contains(self.0.fetch_or(1 << index, Ordering::Relaxed), index) {
            tracing::warn!(
                target: "llmobs",
                parent: None,
                budget,
                %error,
                "the ledger of a budget failed: its settlements wait, and operations are admitted as the budget decides"
            );
        }
    }
}
