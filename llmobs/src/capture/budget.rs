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
/// let mut permit = budget.permit();
/// assert!(permit.try_grow(80));
/// assert!(!budget.permit().try_grow(30), "there are 20 left");
/// drop(permit);
/// assert_eq!((budget.in_use(), budget.rejections()), (0, 1));
/// ```
#[derive(Debug, Clone)]
pub struct ContentBudget {
    state: Arc<BudgetState>,
}

#[derive(Debug)]
struct BudgetState {
    limit: usize,
    used_bytes: AtomicUsize,
    rejections: AtomicU64,
}

impl ContentBudget {
    /// Creates a budget of this size in bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self {
            state: Arc::new(BudgetState {
                limit: bytes,
                used_bytes: AtomicUsize::new(0),
                rejections: AtomicU64::new(0),
            }),
        }
    }

    /// Returns an empty permit for one operation.
    pub fn permit(&self) -> Permit {
        Permit { state: Arc::clone(&self.state), bytes: 0 }
    }

    /// Returns the number of bytes that operations hold now.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.state.used_bytes.load(Ordering::Relaxed)
    }

    /// Returns the size of the budget in bytes.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.state.limit
    }

    /// Returns how often [`Permit::try_grow`] returned `false` because too few bytes were free. One operation can be
    /// counted several times.
    #[must_use]
    pub fn rejections(&self) -> u64 {
        self.state.rejections.load(Ordering::Relaxed)
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
#[must_use = "a dropped permit returns its bytes to the budget"]
pub struct Permit {
    state: Arc<BudgetState>,
    bytes: usize,
}

impl Permit {
    /// Reserves further bytes. Reserves nothing and returns `false` if too few bytes are free.
    pub fn try_grow(&mut self, bytes: usize) -> bool {
        let limit = self.state.limit;
        let more = |used_bytes: usize| used_bytes.checked_add(bytes).filter(|total| *total <= limit);
        // ORDERING: the counter guards no other memory.
        let is_reserved = self.state.used_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok();
        if is_reserved {
            self.bytes += bytes;
        } else {
            self.state.rejections.fetch_add(1, Ordering::Relaxed);
        }
        is_reserved
    }

    /// Returns the number of reserved bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.state.used_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_never_exceed_the_budget_and_return_all_bytes() {
        let budget = ContentBudget::new(1_000);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for size in 0..2_000_usize {
                        let mut permit = budget.permit();
                        let is_reserved = permit.try_grow(size % 700);
                        assert!(budget.in_use() <= 1_000);
                        assert_eq!(permit.bytes(), if is_reserved { size % 700 } else { 0 });
                    }
                });
            }
        });
        assert_eq!(budget.in_use(), 0);
        assert!(!budget.permit().try_grow(usize::MAX), "the addition must not overflow");
    }
}
