//! The faults of budgets, which never fail an operation.

/// A fault of the budgets while the application runs. The budgets go on; the owner of the book counts the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BudgetFault {
    /// The callback for thresholds panicked.
    CallbackPanicked,
    /// A ledger returned an error or panicked.
    LedgerFailed,
    /// The state file could not be written.
    StateNotWritten,
}

impl BudgetFault {
    /// Every fault.
    pub(crate) const ALL: &'static [Self] = &[Self::CallbackPanicked, Self::LedgerFailed, Self::StateNotWritten];

    /// Returns the fault as text, for labels.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::CallbackPanicked => "on_threshold_panicked",
            Self::LedgerFailed => "ledger_failed",
            Self::StateNotWritten => "state_not_written",
        }
    }
}

/// The function that counts faults.
pub(super) type OnFault = Box<dyn Fn(BudgetFault) + Send + Sync>;
