//! Waits for other tests and for conditions.

use std::time::Duration;

use tokio::sync::RwLock;
use tokio::sync::RwLockReadGuard;
use tokio::sync::RwLockWriteGuard;

/// Write-locked by tests that measure times, which need the machine exclusively.
static MACHINE_LOCK: RwLock<()> = RwLock::const_new(());

/// Waits until no other test of this process holds a guard of this module. Other tests that ask for one wait until the
/// returned guard is dropped.
pub async fn lock_exclusive() -> RwLockWriteGuard<'static, ()> {
    MACHINE_LOCK.write().await
}

/// Waits until no test of this process holds the guard of [`lock_exclusive`]. Tests that hold the returned guard run
/// concurrently.
pub async fn lock_shared() -> RwLockReadGuard<'static, ()> {
    MACHINE_LOCK.read().await
}

/// Repeats `poll` every 10 ms until it returns `Some`. Panics with `what` after 1,000 calls, which take ten seconds and
/// the time of the calls.
pub async fn eventually<T>(what: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1_000 {
        if let Some(answer) = poll().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("timed out: {what}")
}
