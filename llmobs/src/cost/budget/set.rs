//! The budgets of an observer.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::definition::Budget;
use super::error::BudgetError;
use super::state_file::StateFile;
use super::threshold::BudgetThreshold;
use super::threshold::OnThreshold;

/// The maximum number of budgets of one observer, which are the bits of a word.
const MAX_BUDGETS: usize = 64;

/// The budgets of an observer, at most 64, with different names.
///
/// ```
/// use llmobs::cost::{Budget, Budgets, Usd};
///
/// let budgets = Budgets::new()
///     .add(Budget::new("all", Usd::from_dollars(100)).thresholds([80, 100]))
///     .add(Budget::new("large", Usd::from_dollars(20)).model("gpt-5*").deny())
///     .on_threshold(|event| eprintln!("{} spent {} percent", event.budget, event.percent));
/// # drop(budgets);
/// ```
#[must_use]
pub struct Budgets {
    budgets: Vec<Budget>,
    on_threshold: Option<OnThreshold>,
    has_reservation: bool,
    file: Option<StateFile>,
    interval: Duration,
}

/// The parts of a set, for the book.
pub(super) struct BudgetParts {
    pub(super) budgets: Vec<Budget>,
    pub(super) on_threshold: Option<OnThreshold>,
    pub(super) has_reservation: bool,
    pub(super) file: Option<StateFile>,
    pub(super) interval: Duration,
}

impl Budgets {
    /// Creates a set without budgets.
    pub const fn new() -> Self {
        Self {
            budgets: Vec::new(),
            on_threshold: None,
            has_reservation: true,
            file: None,
            interval: Duration::from_secs(1),
        }
    }

    /// Adds a budget.
    #[expect(clippy::should_implement_trait, reason = "`set + budget` would hide that it is a setter")]
    pub fn add(mut self, budget: Budget) -> Self {
        self.budgets.push(budget);
        self
    }

    /// Sets the callback for [thresholds](Budget::thresholds). It is called at the end of the operation that reaches a
    /// threshold, on its thread, outside of every lock, once for each threshold and period. A panic in it is caught and
    /// counted.
    pub fn on_threshold(mut self, callback: impl Fn(&BudgetThreshold) + Send + Sync + 'static) -> Self {
        self.on_threshold = Some(Box::new(callback));
        self
    }

    /// Sets whether an operation reserves its highest possible cost in the budgets that deny, until it ends: its input and
    /// the requested maximum of output tokens, at their prices. True unless set.
    ///
    /// With reservation, an operation is rejected if its highest possible cost no longer fits, and the limit is never
    /// exceeded. Without, operations are rejected once the limit is reached, which may then be exceeded by the costs of the
    /// operations that were in flight. An operation whose highest possible cost is not known, because it has no maximum of
    /// output tokens or no price, reserves nothing: it is rejected if all of the limit is spent or reserved.
    pub const fn with_reservation(mut self, has_reservation: bool) -> Self {
        self.has_reservation = has_reservation;
        self
    }

    /// Sets the file that holds the costs of the budgets over restarts, and reads it. The file need not exist; its folder
    /// must. The file belongs to one observer until that is dropped: a lock on the file `<path>.lock` rejects others.
    ///
    /// The file is replaced on the thread of an operation that ends or of a collection, at most once in a second (see
    /// [`state_interval`](Self::state_interval)), when a threshold is reached, and when the observer and its last operation
    /// are dropped. A process that is killed loses the costs of at most the operations that ended in one interval after the
    /// last write, and those of the operations in flight. If a write fails, the file keeps its old content, the failure is
    /// logged once and counted, and the budgets go on in memory.
    ///
    /// # Errors
    ///
    /// Returns an error if the file is in use, cannot be read, or is not a state file of this version.
    pub fn state_file(mut self, path: impl Into<PathBuf>) -> Result<Self, BudgetError> {
        self.file = Some(StateFile::open(path.into())?);
        Ok(self)
    }

    /// Sets the minimum time between two writes of the state file; one second unless set. Each write waits for the disk.
    pub const fn state_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Returns an error if the budgets cannot be used together.
    pub(super) fn validate(&self) -> Result<(), BudgetError> {
        if self.budgets.len() > MAX_BUDGETS {
            return Err(BudgetError::TooManyBudgets { budgets: self.budgets.len(), limit: MAX_BUDGETS });
        }
        for (index, budget) in self.budgets.iter().enumerate() {
            budget.validate()?;
            if self.budgets[..index].iter().any(|earlier| earlier.name() == budget.name()) {
                return Err(BudgetError::DuplicateName { name: (**budget.name()).to_owned() });
            }
        }
        Ok(())
    }

    /// Returns the parts.
    pub(super) fn into_parts(self) -> BudgetParts {
        let Self { budgets, on_threshold, has_reservation, file, interval } = self;
        BudgetParts { budgets, on_threshold, has_reservation, file, interval }
    }
}

impl Default for Budgets {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Budgets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budgets")
            .field("budgets", &self.budgets)
            .field("on_threshold", &self.on_threshold.is_some())
            .field("has_reservation", &self.has_reservation)
            .finish_non_exhaustive()
    }
}
