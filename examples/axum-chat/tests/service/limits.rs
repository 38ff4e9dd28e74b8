//! Tests the service when the queue is full and when an answer exceeds its deadline.

use serde_json::json;

use crate::support::Server;
use crate::support::StreamedAnswer;
use crate::support::eventually;
use crate::support::lock_shared;
use crate::support::post;

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn a_full_queue_rejects_with_a_retry_time() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--max-running", "1", "--queue", "1"]);
    let long = json!({ "model": "synthetic", "stream": true, "max_tokens": 2_000,
        "messages": [{ "role": "user", "content": "Hello" }] });
    let mut running = StreamedAnswer::open(server.address, CHAT, &long).await;
    assert!(running.read_token().await);
    let queued_stream = StreamedAnswer::open(server.address, CHAT, &long).await;
    eventually("a queued operation", async || {
        let queued = [("llmobs_operation_state", "queued")];
        (server.scrape().await.count("llmobs_operation_active", &queued) == 1).then_some(())
    })
    .await;

    let reply = post(server.address, CHAT, &long.to_string()).await;
    assert_eq!(reply.status, 429);
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(reply.json()["error"]["type"], "overloaded_error");
    let page = server.scrape().await;
    assert_eq!(page.ended_count("rejected/overloaded"), 1);
    assert_eq!(
        page.count("llmobs_queue_duration_seconds_count", &[]),
        1,
        "the rejected request was never in the queue"
    );
    let limit = |state| page.count("llmobs_operation_limit", &[("llmobs_operation_state", state)]);
    assert_eq!((limit("queued"), limit("decode")), (1, 1));
    drop((running, queued_stream));
}

#[tokio::test]
async fn an_answer_after_its_deadline_is_a_timeout() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--max-running", "1", "--deadline", "400ms", "--synthetic-token", "50ms"]);
    let long = |stream: bool| {
        json!({ "model": "synthetic", "stream": stream, "max_tokens": 2_000,
            "messages": [{ "role": "user", "content": "Hello" }] })
    };

    // In a stream that has begun, the error is the last event.
    let mut stream = StreamedAnswer::open(server.address, CHAT, &long(true)).await;
    stream.read_to_end(std::time::Duration::ZERO).await;
    assert_eq!(stream.error["type"], "timeout_error");
    assert!(stream.token_times.len() > 1 && stream.finish_reason.is_none());
    let page = server.scrape().await;
    assert_eq!(page.ended_count("failed/timeout"), 1);
    let wasted = [("llmobs_token_direction", "output"), ("llmobs_token_waste", "failed")];
    assert_eq!(page.count("llmobs_token_wasted_total", &wasted), stream.token_times.len() as u64);

    // Of two concurrent requests, one reaches its deadline while running, the other while queued.
    let body = long(false).to_string();
    let (one, other) = tokio::join!(post(server.address, CHAT, &body), post(server.address, CHAT, &body));
    assert_eq!((one.status, other.status), (504, 504));
    assert_eq!(one.json()["error"]["type"], "timeout_error");
    let page = server.scrape().await;
    assert_eq!(page.ended_count("failed/timeout"), 3);
    assert_eq!(page.count("llmobs_queue_duration_seconds_count", &[("llmobs_queue_exit", "timeout")]), 1);
    assert_eq!(page.count("llmobs_admission_decisions_total", &[("llmobs_admission_reason", "deadline")]), 1);
    assert_eq!(page.count("llmobs_admission_decisions_total", &[]), 3, "one decision for each request");
}
