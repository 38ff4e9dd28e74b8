//! The errors of the set-up of budgets.

use std::fmt;
use std::path::PathBuf;

/// The reason for which budgets cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BudgetError {
    /// A name is not that of a time zone.
    UnknownTimeZone {
        /// The name.
        name: String,
    },
    /// A setting of a budget is not valid.
    InvalidBudget {
        /// The name of the budget.
        name: String,
        /// The reason for which the setting is not valid.
        reason: &'static str,
    },
    /// Two budgets have the same name.
    DuplicateName {
        /// The name.
        name: String,
    },
    /// There are more budgets than one observer can have.
    TooManyBudgets {
        /// The number of budgets.
        budgets: usize,
        /// The maximum number of budgets.
        limit: usize,
    },
    /// Another process, or another observer of this process, uses the state file.
    StateFileInUse {
        /// The path of the state file.
        path: PathBuf,
    },
    /// The state file is damaged, or is not the state of budgets of this version.
    InvalidStateFile {
        /// The path of the state file.
        path: PathBuf,
        /// The reason for which the file cannot be used.
        reason: String,
    },
    /// The state file cannot be read, or its lock file cannot be created.
    StateFileUnavailable {
        /// The path of the state file.
        path: PathBuf,
        /// The error of the operating system.
        reason: String,
    },
}

impl fmt::Display for BudgetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTimeZone { name } => {
                write!(f, "{name:?} is not a time zone; use a name of the IANA database, such as `Europe/Berlin`")
            }
            Self::InvalidBudget { name, reason } => write!(f, "the budget {name:?} is not valid: {reason}"),
            Self::DuplicateName { name } => write!(f, "two budgets have the name {name:?}; the names must differ"),
            Self::TooManyBudgets { budgets, limit } => {
                write!(f, "there are {budgets} budgets, more than the maximum of {limit} for one observer")
            }
            Self::StateFileInUse { path } => write!(
                f,
                "the state file of the budgets {} is in use by another process or observer; give each its own file",
                path.display()
            ),
            Self::InvalidStateFile { path, reason } => write!(
                f,
                "the state file of the budgets {} cannot be used: {reason}; move it away to start at zero",
                path.display()
            ),
            Self::StateFileUnavailable { path, reason } => {
                write!(f, "the state file of the budgets {} is not available: {reason}", path.display())
            }
        }
    }
}

impl std::error::Error for BudgetError {}
