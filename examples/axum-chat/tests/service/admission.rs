//! Tests the decisions of the queue: admitted at once, admitted out of the queue, and shed, by priority.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::Page;
use crate::support::Server;
use crate::support::StreamedAnswer;
use crate::support::eventually;
use crate::support::lock_shared;
use crate::support::post;

const CHAT: &str = "/v1/chat/completions";
const DECISIONS: &str = "llmobs_admission_decisions_total";

fn question(tokens: u32, service_tier: &str) -> Value {
    json!({ "model": "synthetic", "stream": true, "max_tokens": tokens, "service_tier": service_tier,
        "messages": [{ "role": "user", "content": "Hello" }] })
}

async fn open(server: &Server, tokens: u32, service_tier: &str) -> StreamedAnswer {
    StreamedAnswer::open(server.address, CHAT, &question(tokens, service_tier)).await
}

/// Returns the number of requests of a priority with this decision, with the reason after a slash.
fn decided(page: &Page, priority: &str, decision: &str) -> u64 {
    let (decision, reason) = decision.split_once('/').unwrap_or((decision, ""));
    let mut labels = vec![("llmobs_admission_priority", priority), ("llmobs_admission_decision", decision)];
    labels.extend((!reason.is_empty()).then_some(("llmobs_admission_reason", reason)));
    page.count(DECISIONS, &labels)
}

fn waiting(page: &Page, priority: &str) -> u64 {
    page.count("llmobs_admission_queue_length", &[("llmobs_admission_priority", priority)])
}

/// Waits until this number of requests of each priority is in the queue.
async fn wait_for_queue(server: &Server, default: u64, flex: u64) -> Page {
    eventually("the length of the queue", async || {
        let page = server.scrape().await;
        ((waiting(&page, "default"), waiting(&page, "flex")) == (default, flex)).then_some(page)
    })
    .await
}

#[tokio::test]
async fn the_decisions_and_the_queue_add_up_to_the_requests_sent() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--max-running", "1", "--queue", "3"]);
    let page = server.scrape().await;
    assert_eq!((page.count(DECISIONS, &[]), waiting(&page, "default"), waiting(&page, "flex")), (0, 0, 0));
    let limit = |priority| page.count("llmobs_admission_limit", &[("llmobs_admission_priority", priority)]);
    assert_eq!((limit("default"), limit("flex")), (3, 2), "flex has half of the queue");

    let mut running = open(&server, 2_000, "default").await;
    assert!(running.read_token().await);
    let mut flex = open(&server, 3, "flex").await;
    wait_for_queue(&server, 0, 1).await;
    let leaving = open(&server, 3, "default").await;
    wait_for_queue(&server, 1, 1).await;
    assert_eq!(post(server.address, CHAT, &question(3, "flex").to_string()).await.status, 429);
    let mut default = open(&server, 3, "auto").await;
    wait_for_queue(&server, 2, 1).await;
    let shed = post(server.address, CHAT, &question(3, "default").to_string()).await;
    assert_eq!((shed.status, shed.json()["error"]["type"].as_str()), (429, Some("overloaded_error")));
    // Never in front of the queue, so without a decision.
    let invalid = post(server.address, CHAT, &question(3, "gold").to_string()).await;
    assert_eq!((invalid.status, invalid.json()["error"]["param"].as_str()), (400, Some("service_tier")));

    let page = server.scrape().await;
    let sent = 6;
    assert_eq!(page.count(DECISIONS, &[]) + waiting(&page, "default") + waiting(&page, "flex"), sent);
    assert_eq!(decided(&page, "default", "admitted"), 1);
    assert_eq!((decided(&page, "default", "shed/queue_full"), decided(&page, "flex", "shed/queue_full")), (1, 1));

    drop(leaving);
    wait_for_queue(&server, 1, 1).await;
    drop(running);
    tokio::join!(default.read_to_end(Duration::ZERO), flex.read_to_end(Duration::ZERO));
    let (last, first) = (default.token_times.last(), flex.token_times.first());
    assert!(last < first, "the lower priority waits behind the other one, which arrived later");
    let page = server.scrape().await;
    assert_eq!((decided(&page, "default", "admitted_queued"), decided(&page, "flex", "admitted_queued")), (1, 1));
    assert_eq!(decided(&page, "default", "shed/cancelled"), 1);
    assert_eq!((page.count(DECISIONS, &[]), waiting(&page, "default"), waiting(&page, "flex")), (sent, 0, 0));
    assert_eq!(page.ended_count("rejected/overloaded"), 2, "a request that was shed is a rejected operation");
    assert_eq!(page.count("llmobs_self_folded_labels_total", &[]), 0);
}
