//! Tests the shutdown of the service: running answers are finished, or end with an error.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tokio::net::TcpStream;

use crate::support::Server;
use crate::support::Stream;
use crate::support::beside_others;
use crate::support::eventually;

fn question(max_tokens: usize) -> Value {
    json!({ "model": "synthetic", "stream": true, "max_tokens": max_tokens,
        "messages": [{ "role": "user", "content": "Hello" }] })
}

/// Returns the last log line about a request.
fn request_in(log: &[String]) -> Value {
    let line = log
        .iter()
        .rev()
        .find(|line| line.contains(r#""message":"llm_request_complete""#))
        .expect("a line for the request");
    serde_json::from_str(line).expect("JSON")
}

#[tokio::test]
async fn a_shutdown_lets_answers_come_to_their_end() {
    let _beside = beside_others().await;
    let server = Server::synthetic(&["--max-running", "1"]);
    let address = server.address;
    let mut running = Stream::open(address, "/v1/chat/completions", &question(40)).await;
    assert!(running.token().await);
    let mut waiting = Stream::open(address, "/v1/chat/completions", &question(5)).await;
    eventually("one that waits", async || {
        let queued = [("llmobs_operation_state", "queued")];
        (server.page().await.count("llmobs_operation_active", &queued) == 1).then_some(())
    })
    .await;

    server.terminate();
    eventually("nobody listens any more", async || TcpStream::connect(address).await.is_err().then_some(())).await;
    running.read_to_end(Duration::ZERO).await;
    waiting.read_to_end(Duration::ZERO).await;
    assert!(running.done && running.tokens.len() == 40, "the one that ran");
    assert!(waiting.done && waiting.tokens.len() == 5, "the one that waited");

    let (status, log) = server.ended();
    assert!(status.success());
    assert_eq!(request_in(&log)["outcome"], "completed");
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_ever() {
    let _beside = beside_others().await;
    let server = Server::synthetic(&["--drain", "200ms"]);
    let mut stream = Stream::open(server.address, "/v1/chat/completions", &question(2_000)).await;
    assert!(stream.token().await);
    server.terminate();
    stream.read_to_end(Duration::ZERO).await;
    assert_eq!(stream.error["message"], "the server is shutting down");
    let (status, log) = server.ended();
    assert!(status.success());
    let line = request_in(&log);
    assert_eq!((line["outcome"].as_str(), line["error.type"].as_str()), (Some("failed"), Some("shutdown")));
}
