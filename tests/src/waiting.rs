//! Waits for other tests and for conditions.

use std::time::Duration;

use tokio::sync::RwLock;
use tokio::sync::RwLockReadGuard;
use tokio::sync::RwLockWriteGuard;

/// Write-locked by tests that measure times, which need the machine exclusively.
static MACHINE_LOCK: RwLock<()> = RwLock::const_new(());

/// Waits until no other test runs, and blocks others meanwhile.
pub async fn lock_exclusive() -> RwLockWriteGuard<'static, ()> {
    MACHINE_LOCK.write().await
}

/// Runs concurrently with other tests that do not measure times.
pub async fn lock_shared() -> RwLockReadGuard<'static, ()> {
    MACHINE_LOCK.read().await
}

/// Repeats `poll` until it returns `Some`, for at most about ten seconds.
pub async fn eventually<T>(what: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1_000 {
        if let Some(answer) = poll().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("timed out: {what}")
}
