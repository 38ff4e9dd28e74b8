//! Shared test support: programs, scripted servers and clients.

#[cfg(feature = "slow")]
mod llama_server;
mod process;
mod raw_client;
mod upstream;

use serde_json::Value;
use serde_json::json;

#[cfg(feature = "slow")]
pub(crate) use llama_server::LlamaServer;
pub(crate) use llmobs_tests::http_client::StreamedAnswer;
pub(crate) use llmobs_tests::http_client::get;
pub(crate) use llmobs_tests::http_client::post;
pub(crate) use llmobs_tests::metrics_page::Page;
pub(crate) use llmobs_tests::waiting::eventually;
pub(crate) use llmobs_tests::waiting::lock_exclusive;
pub(crate) use llmobs_tests::waiting::lock_shared;
pub(crate) use process::ChatProcess;
pub(crate) use process::GatewayProcess;
pub(crate) use process::run_client;
pub(crate) use raw_client::RawClient;
pub(crate) use upstream::FakeUpstream;

/// Returns a request for the synthetic engine of `axum-chat`.
pub(crate) fn question(stream: bool, max_tokens: u32) -> Value {
    json!({ "model": "synthetic", "stream": stream, "max_tokens": max_tokens,
        "messages": [{ "role": "user", "content": "one two three" }] })
}

/// Two measurements of one time, in seconds.
pub(crate) struct Measurement {
    pub(crate) name: &'static str,
    pub(crate) gateway: f64,
    pub(crate) upstream: f64,
    /// Absolute tolerance in seconds, in addition to a tenth of the upstream's value.
    pub(crate) tolerance: f64,
}

impl Measurement {
    fn is_within_tolerance(&self) -> bool {
        let Self { name, gateway, upstream, tolerance } = self;
        println!("{name}: {:.2} ms by the gateway, {:.2} ms by the upstream", gateway * 1e3, upstream * 1e3);
        (gateway - upstream).abs() <= tolerance + 0.1 * upstream
    }
}

/// Measures up to three times until all values agree: on a busy machine, a single round may fail because the gateway
/// waits for the processor.
pub(crate) async fn assert_agree(measure: impl AsyncFn() -> Vec<Measurement>) {
    for _ in 0..3 {
        let measurements = measure().await;
        let disagree = measurements.iter().filter(|measurement| !measurement.is_within_tolerance()).count();
        if disagree == 0 && !measurements.is_empty() {
            return;
        }
    }
    panic!("the times did not agree in any of three rounds");
}
