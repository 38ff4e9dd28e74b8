//! Tests the service when the queue is full and when an answer exceeds its deadline.

use serde_json::json;

use crate::support::Server;
use crate::support::Stream;
use crate::support::beside_others;
use crate::support::eventually;
use crate::support::post;

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn a_full_queue_says_when_to_come_back() {
    let _beside = beside_others().await;
    let server = Server::synthetic(&["--max-running", "1", "--queue", "1"]);
    let long = json!({ "model": "synthetic", "stream": true, "max_tokens": 2_000,
        "messages": [{ "role": "user", "content": "Hello" }] });
    let mut running = Stream::open(server.address, CHAT, &long).await;
    assert!(running.token().await);
    let waiting = Stream::open(server.address, CHAT, &long).await;
    eventually("one that waits", async || {
        let queued = [("llmobs_operation_state", "queued")];
        (server.page().await.count("llmobs_operation_active", &queued) == 1).then_some(())
    })
    .await;

    let reply = post(server.address, CHAT, &long.to_string()).await;
    assert_eq!(reply.status, 429);
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(reply.json()["error"]["type"], "overloaded_error");
    let page = server.page().await;
    assert_eq!(page.ended("rejected/overloaded"), 1);
    assert_eq!(page.count("llmobs_queue_duration_seconds_count", &[]), 1, "it was never in the queue");
    let limit = |state| page.count("llmobs_operation_limit", &[("llmobs_operation_state", state)]);
    assert_eq!((limit("queued"), limit("decode")), (1, 1));
    drop((running, waiting));
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_a_timeout() {
    let _beside = beside_others().await;
    let server = Server::synthetic(&["--max-running", "1", "--deadline", "400ms", "--synthetic-token", "50ms"]);
    let long = |stream: bool| {
        json!({ "model": "synthetic", "stream": stream, "max_tokens": 2_000,
            "messages": [{ "role": "user", "content": "Hello" }] })
    };

    // In a stream that has begun, the error is the last event.
    let mut stream = Stream::open(server.address, CHAT, &long(true)).await;
    stream.read_to_end(std::time::Duration::ZERO).await;
    assert_eq!(stream.error["type"], "timeout_error");
    assert!(stream.tokens.len() > 1 && stream.finish_reason.is_none());
    let page = server.page().await;
    assert_eq!(page.ended("failed/timeout"), 1);
    let wasted = [("llmobs_token_direction", "output"), ("llmobs_token_waste", "failed")];
    assert_eq!(page.count("llmobs_token_wasted_total", &wasted), stream.tokens.len() as u64);

    // Of two concurrent requests, one reaches its deadline while running, the other while queued.
    let body = long(false).to_string();
    let (one, other) = tokio::join!(post(server.address, CHAT, &body), post(server.address, CHAT, &body));
    assert_eq!((one.status, other.status), (504, 504));
    assert_eq!(one.json()["error"]["type"], "timeout_error");
    let page = server.page().await;
    assert_eq!(page.ended("failed/timeout"), 3);
    assert_eq!(page.count("llmobs_queue_duration_seconds_count", &[("llmobs_queue_exit", "timeout")]), 1);
}
