//! The limit of content held by all operations in flight.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// A limit, in bytes, of the content that all operations in flight hold together. Clones share the budget.
///
/// ```
/// use llmobs::capture::ContentBudget;
///
/// let budget = ContentBudget::new(100);
/// let mut lease = budget.lease();
/// assert!(lease.grow(80));
/// assert!(!budget.lease().grow(30), "there are 20 left");
/// drop(lease);
/// assert_eq!((budget.in_use(), budget.refused()), (0, 1));
/// ```
#[derive(Debug, Clone)]
pub struct ContentBudget {
    shared: Arc<BudgetState>,
}

#[derive(Debug)]
struct BudgetState {
    limit: usize,
    used: AtomicUsize,
    refused: AtomicU64,
}

impl ContentBudget {
    /// Creates a budget of this size in bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self { shared: Arc::new(BudgetState { limit: bytes, used: AtomicUsize::new(0), refused: AtomicU64::new(0) }) }
    }

    /// Returns an empty permit for one operation.
    pub fn lease(&self) -> Permit {
        Permit { shared: Arc::clone(&self.shared), bytes: 0 }
    }

    /// Returns the number of bytes that operations hold now.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.shared.used.load(Ordering::Relaxed)
    }

    /// Returns the size of the budget in bytes.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.shared.limit
    }

    /// Returns the number of requests that were refused because too few bytes were free.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }
}

/// A budget of 64 MiB.
impl Default for ContentBudget {
    fn default() -> Self {
        Self::new(64 * 1024 * 1024)
    }
}

/// A reserved part of a [`ContentBudget`]. Dropping the permit returns its bytes to the budget.
#[derive(Debug)]
#[must_use = "a lease that is dropped is given back"]
pub struct Permit {
    shared: Arc<BudgetState>,
    bytes: usize,
}

impl Permit {
    /// Reserves further bytes. Reserves nothing and returns `false` if too few bytes are free.
    pub fn grow(&mut self, bytes: usize) -> bool {
        let limit = self.shared.limit;
        let more = |used: usize| used.checked_add(bytes).filter(|total| *total <= limit);
        // ORDERING: the counter guards no other memory.
        let taken = self.shared.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok();
        if taken {
            self.bytes += bytes;
        } else {
            self.shared.refused.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// Returns the number of reserved bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.shared.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_together_never_hold_more_than_the_budget_and_give_all_back() {
        let budget = ContentBudget::new(1_000);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for size in 0..2_000_usize {
                        let mut lease = budget.lease();
                        let held = lease.grow(size % 700);
                        assert!(budget.in_use() <= 1_000);
                        assert_eq!(lease.bytes(), if held { size % 700 } else { 0 });
                    }
                });
            }
        });
        assert_eq!(budget.in_use(), 0);
        assert!(!budget.lease().grow(usize::MAX), "no overflow");
    }
}
