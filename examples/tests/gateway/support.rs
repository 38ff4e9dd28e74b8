//! Shared test support: programs, scripted servers and clients. Includes support modules of the `axum-chat` tests.

#[path = "../../axum-chat/tests/service/support/client.rs"]
#[allow(dead_code, reason = "the tests of axum-chat use all of it")]
mod http;
mod llama;
#[path = "../../axum-chat/tests/service/support/page.rs"]
#[allow(dead_code, reason = "the tests of axum-chat use all of it")]
mod page;
#[path = "../../../tests/support/pip.rs"]
#[allow(clippy::unwrap_used, unreachable_pub, reason = "as the tests of the library have it")]
mod pip;
mod process;
mod raw;
mod upstream;

use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tokio::sync::RwLock;
use tokio::sync::RwLockReadGuard;
use tokio::sync::RwLockWriteGuard;

pub(crate) use http::Stream;
pub(crate) use http::get;
pub(crate) use http::post;
pub(crate) use llama::Llama;
pub(crate) use page::Page;
pub(crate) use process::Chat;
pub(crate) use process::Gateway;
pub(crate) use process::client;
pub(crate) use raw::Raw;
pub(crate) use upstream::Upstream;

/// Write-locked by tests that measure times, which need the machine exclusively.
static MACHINE: RwLock<()> = RwLock::const_new(());

/// Waits until no other test runs, and blocks others meanwhile.
pub(crate) async fn alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().await
}

/// Runs concurrently with other tests that do not measure times.
pub(crate) async fn beside_others() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().await
}

/// Repeats `ask` until it returns `Some`, for at most about ten seconds.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1_000 {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}")
}

/// Returns a request for the synthetic engine of `axum-chat`.
pub(crate) fn question(stream: bool, max_tokens: u32) -> Value {
    json!({ "model": "synthetic", "stream": stream, "max_tokens": max_tokens,
        "messages": [{ "role": "user", "content": "one two three" }] })
}

/// Two measurements of one time, in seconds.
pub(crate) struct Compared {
    pub(crate) what: &'static str,
    pub(crate) gateway: f64,
    pub(crate) upstream: f64,
    /// Absolute tolerance in seconds, in addition to a tenth of the upstream's value.
    pub(crate) tolerance: f64,
}

impl Compared {
    fn agrees(&self) -> bool {
        let Self { what, gateway, upstream, tolerance } = self;
        println!("{what}: {:.2} ms by the gateway, {:.2} ms by the upstream", gateway * 1e3, upstream * 1e3);
        (gateway - upstream).abs() <= tolerance + 0.1 * upstream
    }
}

/// Measures up to three times until all values agree: on a busy machine, a single round may fail because the gateway
/// waits for the processor.
pub(crate) async fn assert_agree(round: impl AsyncFn() -> Vec<Compared>) {
    for _ in 0..3 {
        let compared = round().await;
        let disagree = compared.iter().filter(|compared| !compared.agrees()).count();
        if disagree == 0 && !compared.is_empty() {
            return;
        }
    }
    panic!("the times agreed in none of three rounds");
}
