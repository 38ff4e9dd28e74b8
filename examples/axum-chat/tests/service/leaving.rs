//! Tests clients that disconnect: their sequence stops, and the tokens produced for them are counted.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::Page;
use crate::support::Server;
use crate::support::Stream;
use crate::support::beside_others;
use crate::support::eventually;

fn long(stream: bool) -> Value {
    json!({ "model": "synthetic", "stream": stream, "max_tokens": 2_000,
        "messages": [{ "role": "user", "content": "one two three" }] })
}

async fn cancelled(server: &Server, count: u64) -> Page {
    eventually("a cancelled operation", async || {
        let page = server.page().await;
        (page.ended("cancelled") == count).then_some(page)
    })
    .await
}

#[tokio::test]
async fn a_client_that_hangs_up_cancels_its_stream() {
    let _beside = beside_others().await;
    let server = Server::synthetic(&["--max-running", "1"]);
    let mut stream = Stream::open(server.address, "/v1/chat/completions", &long(true)).await;
    for _ in 0..5 {
        assert!(stream.token().await);
    }
    drop(stream);
    let page = cancelled(&server, 1).await;

    let output = [("llmobs_token_direction", "output")];
    let wasted = page.count("llmobs_token_wasted_total", &output);
    assert!((5..50).contains(&wasted), "{wasted} tokens were made for nobody");
    assert_eq!(page.count("llmobs_token_processed_total", &output), wasted, "wasted ones are processed ones");
    assert_eq!(page.count("llmobs_token_wasted_total", &[("llmobs_token_direction", "input")]), 4);
    assert_eq!(page.count("llmobs_time_to_first_token_seconds_count", &[]), 1, "it had its first token");
    assert_eq!(page.count("gen_ai_server_time_to_first_token_seconds_count", &[]), 0, "and was no success");

    // The slot is free: the next request does not wait for two thousand tokens.
    let mut next = Stream::open(server.address, "/v1/chat/completions", &long(true)).await;
    assert!(tokio::time::timeout(Duration::from_secs(5), next.token()).await.expect("the sequence has stopped"));
}

#[tokio::test]
async fn a_client_that_hangs_up_before_the_whole_answer_cancels_it() {
    let _beside = beside_others().await;
    let server = Server::synthetic(&[]);
    let socket = ask_and_stay(server.address).await;
    eventually("its first token", async || {
        (server.page().await.count("llmobs_time_to_first_token_seconds_count", &[]) == 1).then_some(())
    })
    .await;
    drop(socket);
    let page = cancelled(&server, 1).await;
    assert!(page.count("llmobs_token_wasted_total", &[("llmobs_token_direction", "output")]) >= 1);
    assert_eq!(page.count("llmobs_operation_active", &[]), 0);
}

#[tokio::test]
async fn a_client_that_leaves_the_queue_is_seen_there() {
    let _beside = beside_others().await;
    let server = Server::synthetic(&["--max-running", "1", "--queue", "1"]);
    let mut running = Stream::open(server.address, "/v1/chat/completions", &long(true)).await;
    assert!(running.token().await);
    let waiting = ask_and_stay(server.address).await;
    eventually("one that waits", async || {
        let queued = [("llmobs_operation_state", "queued")];
        (server.page().await.count("llmobs_operation_active", &queued) == 1).then_some(())
    })
    .await;
    drop(waiting);
    let page = cancelled(&server, 1).await;
    assert_eq!(page.count("llmobs_queue_duration_seconds_count", &[("llmobs_queue_exit", "cancelled")]), 1);
    assert_eq!(page.count("llmobs_token_wasted_total", &[]), 0, "nothing was made for it");

    // The place in the queue is free again.
    let _next = ask_and_stay(server.address).await;
    eventually("the next one that waits", async || {
        let queued = [("llmobs_operation_state", "queued")];
        let page = server.page().await;
        assert_eq!(page.ended("rejected"), 0);
        (page.count("llmobs_operation_active", &queued) == 1).then_some(())
    })
    .await;
}

/// Sends a request for an answer that is not streamed, without waiting for the answer.
async fn ask_and_stay(address: SocketAddr) -> TcpStream {
    let body = long(false).to_string();
    let mut socket = TcpStream::connect(address).await.expect("the service listens");
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.expect("the service reads");
    socket
}
