//! Shared test support: the program, and what its tests use of `llmobs_tests`.

mod otlp_json;
mod partial_request;
mod server;

pub(crate) use llmobs_tests::collector::Collector;
pub(crate) use llmobs_tests::http_client::Reply;
pub(crate) use llmobs_tests::http_client::StreamedAnswer;
pub(crate) use llmobs_tests::http_client::get;
pub(crate) use llmobs_tests::http_client::post;
pub(crate) use llmobs_tests::http_client::post_with;
pub(crate) use llmobs_tests::http_client::request;
pub(crate) use llmobs_tests::leaks;
pub(crate) use llmobs_tests::metrics_page::Page;
pub(crate) use llmobs_tests::waiting::eventually;
pub(crate) use llmobs_tests::waiting::lock_exclusive;
pub(crate) use llmobs_tests::waiting::lock_shared;
pub(crate) use otlp_json::attributes;
pub(crate) use otlp_json::hex;
pub(crate) use partial_request::PartialRequest;
pub(crate) use server::Server;
pub(crate) use server::command;

/// Returns whether two measurements of one time differ by at most a tenth plus 2 ms, and prints them.
pub(crate) fn do_agree(what: &str, service: f64, client: f64) -> bool {
    println!("{what}: {:.1} ms by the service, {:.1} ms by the client", service * 1e3, client * 1e3);
    (service - client).abs() <= 0.1 * client + 0.002
}
