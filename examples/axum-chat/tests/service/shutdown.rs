//! Tests the shutdown of the service: running answers are finished, or end with an error.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tokio::net::TcpStream;

use crate::support::Server;
use crate::support::StreamedAnswer;
use crate::support::eventually;
use crate::support::lock_shared;

fn question(max_tokens: usize) -> Value {
    json!({ "model": "synthetic", "stream": true, "max_tokens": max_tokens,
        "messages": [{ "role": "user", "content": "Hello" }] })
}

/// Returns the last log line about a request.
fn last_request_line(log: &[String]) -> Value {
    let line = log
        .iter()
        .rev()
        .find(|line| line.contains(r#""message":"llm_request_complete""#))
        .expect("a log line for the request");
    serde_json::from_str(line).expect("a log line is JSON")
}

#[tokio::test]
async fn a_shutdown_waits_for_admitted_answers() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--max-running", "1"]);
    let address = server.address;
    let mut running = StreamedAnswer::open(address, "/v1/chat/completions", &question(40)).await;
    assert!(running.read_token().await);
    let mut queued_stream = StreamedAnswer::open(address, "/v1/chat/completions", &question(5)).await;
    eventually("a queued operation", async || {
        let queued = [("llmobs_operation_state", "queued")];
        (server.scrape().await.count("llmobs_operation_active", &queued) == 1).then_some(())
    })
    .await;

    server.terminate();
    eventually("the service no longer accepts connections", async || {
        TcpStream::connect(address).await.is_err().then_some(())
    })
    .await;
    running.read_to_end(Duration::ZERO).await;
    queued_stream.read_to_end(Duration::ZERO).await;
    assert!(running.is_done && running.token_times.len() == 40, "the running answer is complete");
    assert!(queued_stream.is_done && queued_stream.token_times.len() == 5, "the queued answer is complete");

    let (status, log) = server.wait();
    assert!(status.success());
    assert_eq!(last_request_line(&log)["llmobs.operation.outcome"], "completed");
}

#[tokio::test]
async fn a_shutdown_aborts_answers_after_the_drain_limit() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--drain", "200ms"]);
    let mut stream = StreamedAnswer::open(server.address, "/v1/chat/completions", &question(2_000)).await;
    assert!(stream.read_token().await);
    server.terminate();
    stream.read_to_end(Duration::ZERO).await;
    assert_eq!(stream.error["message"], "the server is shutting down");
    let (status, log) = server.wait();
    assert!(status.success());
    let line = last_request_line(&log);
    assert_eq!(
        (line["llmobs.operation.outcome"].as_str(), line["error.type"].as_str()),
        (Some("failed"), Some("shutdown"))
    );
}
