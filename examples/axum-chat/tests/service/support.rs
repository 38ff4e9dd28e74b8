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
mod waiting;

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
pub(crate) use waiting::eventually;
pub(crate) use waiting::lock_exclusive;
pub(crate) use waiting::lock_shared;

/// Asserts that two measurements of one time differ by at most a tenth plus 2 ms.
pub(crate) fn assert_agree(what: &str, service: f64, client: f64) {
    println!("{what}: {:.1} ms by the service, {:.1} ms by the client", service * 1e3, client * 1e3);
    let tolerance = 0.1 * client + 0.002;
    assert!((service - client).abs() <= tolerance, "{what}: {service} s by the service, {client} s by the client");
}
