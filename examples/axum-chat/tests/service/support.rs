//! Shared test support: the program, a measuring client, and a parser of the metrics page.

mod client;
mod otlp_json;
mod page;
mod server;
#[path = "../../../../tests/support"]
#[expect(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "shared test support, of which other tests use more"
)]
mod shared {
    pub(super) mod collector;
    pub(crate) mod leaks;
    pub(super) mod random;
}

use std::time::Duration;

use tokio::sync::RwLock;
use tokio::sync::RwLockReadGuard;
use tokio::sync::RwLockWriteGuard;

pub(crate) use client::Reply;
pub(crate) use client::StreamedAnswer;
pub(crate) use client::gaps;
pub(crate) use client::get;
pub(crate) use client::post;
pub(crate) use client::post_with;
pub(crate) use client::request;
pub(crate) use otlp_json::attributes;
pub(crate) use otlp_json::hex;
pub(crate) use page::Page;
pub(crate) use server::Server;
pub(crate) use server::command;
pub(crate) use shared::collector::Collector;
pub(crate) use shared::leaks;

/// Write-locked by tests that measure times, which need the machine exclusively.
static MACHINE_LOCK: RwLock<()> = RwLock::const_new(());

/// Waits until no other test runs, and blocks others meanwhile.
pub(crate) async fn lock_exclusive() -> RwLockWriteGuard<'static, ()> {
    MACHINE_LOCK.write().await
}

/// Runs concurrently with other tests that do not measure times.
pub(crate) async fn lock_shared() -> RwLockReadGuard<'static, ()> {
    MACHINE_LOCK.read().await
}

/// Repeats `poll` until it returns `Some`, for at most about ten seconds.
pub(crate) async fn eventually<T>(what: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1_000 {
        if let Some(answer) = poll().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("timed out: {what}")
}

/// Asserts that two measurements of one time differ by at most a tenth plus 2 ms.
pub(crate) fn assert_agree(what: &str, service: f64, client: f64) {
    println!("{what}: {:.1} ms by the service, {:.1} ms by the client", service * 1e3, client * 1e3);
    let tolerance = 0.1 * client + 0.002;
    assert!((service - client).abs() <= tolerance, "{what}: {service} s by the service, {client} s by the client");
}
