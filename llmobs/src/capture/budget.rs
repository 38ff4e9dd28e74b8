//! What all operations in flight may hold together.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// The bytes of content that all operations in flight may hold together. Cheap to clone; clones share it.
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
    /// A budget of so many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self { shared: Arc::new(BudgetState { limit: bytes, used: AtomicUsize::new(0), refused: AtomicU64::new(0) }) }
    }

    /// A share of it for one operation, empty at first.
    pub fn lease(&self) -> Permit {
        Permit { shared: Arc::clone(&self.shared), bytes: 0 }
    }

    /// Bytes that operations hold now.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.shared.used.load(Ordering::Relaxed)
    }

    /// Bytes that they may hold.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.shared.limit
    }

    /// How often somebody asked for more than there was.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }
}

/// 64 MiB.
impl Default for ContentBudget {
    fn default() -> Self {
        Self::new(64 * 1024 * 1024)
    }
}

/// A share of a [`ContentBudget`], which goes back when it is dropped.
#[derive(Debug)]
#[must_use = "a lease that is dropped is given back"]
pub struct Permit {
    shared: Arc<BudgetState>,
    bytes: usize,
}

impl Permit {
    /// Takes so many bytes more; none of them if there are not enough.
    pub fn grow(&mut self, bytes: usize) -> bool {
        let limit = self.shared.limit;
        let more = |used: usize| used.checked_add(bytes).filter(|total| *total <= limit);
        // ORDERING: a count guards no other memory.
        let taken = self.shared.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok();
        if taken {
            self.bytes += bytes;
        } else {
            self.shared.refused.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// Bytes that it holds.
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
