//! Tests clients that disconnect: their sequence stops, and the tokens produced for them are counted.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::Page;
use crate::support::PartialRequest;
use crate::support::Server;
use crate::support::StreamedAnswer;
use crate::support::eventually;
use crate::support::lock_shared;

fn slow_request(stream: bool) -> Value {
    json!({ "model": "synthetic", "stream": stream, "max_tokens": 2_000,
        "messages": [{ "role": "user", "content": "one two three" }] })
}

async fn wait_for_cancelled(server: &Server, count: u64) -> Page {
    eventually("a cancelled operation", async || {
        let page = server.scrape().await;
        (page.ended_count("cancelled") == count).then_some(page)
    })
    .await
}

#[tokio::test]
async fn a_client_that_disconnects_cancels_its_stream() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--max-running", "1"]);
    let mut stream = StreamedAnswer::open(server.address, "/v1/chat/completions", &slow_request(true)).await;
    for _ in 0..5 {
        assert!(stream.read_token().await);
    }
    drop(stream);
    let page = wait_for_cancelled(&server, 1).await;

    let output = [("llmobs_token_direction", "output")];
    let wasted = page.count("llmobs_token_wasted_total", &output);
    assert!((5..50).contains(&wasted), "{wasted} tokens were wasted");
    assert_eq!(page.count("llmobs_token_processed_total", &output), wasted, "wasted tokens are processed tokens");
    assert_eq!(page.count("llmobs_token_wasted_total", &[("llmobs_token_direction", "input")]), 4);
    assert_eq!(page.count("llmobs_time_to_first_token_seconds_count", &[]), 1, "the operation had its first token");
    assert_eq!(page.count("gen_ai_server_time_to_first_token_seconds_count", &[]), 0, "but did not complete");

    // The slot is free: the next request does not wait for two thousand tokens.
    let mut next = StreamedAnswer::open(server.address, "/v1/chat/completions", &slow_request(true)).await;
    assert!(tokio::time::timeout(Duration::from_secs(5), next.read_token()).await.expect("the sequence has stopped"));
}

#[tokio::test]
async fn a_client_that_disconnects_before_the_complete_answer_cancels_it() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&[]);
    let socket = send_without_reading(server.address).await;
    eventually("the first token", async || {
        (server.scrape().await.count("llmobs_time_to_first_token_seconds_count", &[]) == 1).then_some(())
    })
    .await;
    drop(socket);
    let page = wait_for_cancelled(&server, 1).await;
    assert!(page.count("llmobs_token_wasted_total", &[("llmobs_token_direction", "output")]) >= 1);
    assert_eq!(page.count("llmobs_operation_active", &[]), 0);
}

#[tokio::test]
async fn a_client_that_disconnects_while_queued_is_removed_from_the_queue() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--max-running", "1", "--queue", "1"]);
    let mut running = StreamedAnswer::open(server.address, "/v1/chat/completions", &slow_request(true)).await;
    assert!(running.read_token().await);
    let queued_client = send_without_reading(server.address).await;
    eventually("a queued operation", async || {
        let queued = [("llmobs_operation_state", "queued")];
        (server.scrape().await.count("llmobs_operation_active", &queued) == 1).then_some(())
    })
    .await;
    drop(queued_client);
    let page = wait_for_cancelled(&server, 1).await;
    assert_eq!(page.count("llmobs_queue_duration_seconds_count", &[("llmobs_queue_exit", "cancelled")]), 1);
    assert_eq!(page.count("llmobs_token_wasted_total", &[]), 0, "no tokens were generated for it");

    // The queue has room again.
    let _next = send_without_reading(server.address).await;
    eventually("the next queued operation", async || {
        let queued = [("llmobs_operation_state", "queued")];
        let page = server.scrape().await;
        assert_eq!(page.ended_count("rejected"), 0);
        (page.count("llmobs_operation_active", &queued) == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_client_that_disconnects_during_its_upload_cancels_its_operation() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&[]);
    let chunked = format!(
        "POST /v1/completions HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n{{",
        server.address
    );
    let uploads = [
        PartialRequest::upload(server.address, "/v1/chat/completions").await,
        PartialRequest::upload(server.address, "/v1/generate").await,
        PartialRequest::send(server.address, &chunked).await,
    ];
    eventually("the service reads the three bodies", async || {
        (server.scrape().await.count("http_server_active_requests", &[]) == 3).then_some(())
    })
    .await;
    drop(uploads);
    wait_for_cancelled(&server, 3).await;

    // A connection that is reset, and not closed.
    let reset = PartialRequest::upload(server.address, "/v1/generate").await;
    eventually("the service reads the body", async || {
        (server.scrape().await.count("http_server_active_requests", &[]) == 1).then_some(())
    })
    .await;
    reset.socket.set_zero_linger().expect("the socket is open");
    drop(reset);
    let page = wait_for_cancelled(&server, 4).await;
    assert_eq!((page.started_count(), page.ended_count("rejected")), (4, 0));
    assert_eq!(page.count("llmobs_operation_active", &[]), 0);
}

#[tokio::test]
async fn a_malformed_body_is_rejected_and_not_cancelled() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&[]);
    let head = "POST /v1/generate HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = PartialRequest::send(server.address, &format!("{head}no size\r\n")).await.read_to_end().await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    let page = server.scrape().await;
    assert_eq!((page.started_count(), page.ended_count("rejected/invalid_request")), (1, 1));
}

/// Sends a request for an answer that is not streamed, without waiting for the answer.
async fn send_without_reading(address: SocketAddr) -> TcpStream {
    let body = slow_request(false).to_string();
    let mut socket = TcpStream::connect(address).await.expect("the service accepts connections");
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.expect("the service reads the request");
    socket
}
