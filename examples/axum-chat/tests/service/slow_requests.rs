//! Tests requests that arrive too slowly, and more connections than the limit.

use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::support::PartialRequest;
use crate::support::Server;
use crate::support::lock_shared;
use crate::support::post;

const ROUTES: [&str; 3] = ["/v1/chat/completions", "/v1/completions", "/v1/generate"];

#[tokio::test]
async fn a_connection_without_a_complete_head_is_closed_and_is_not_an_operation() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--head-timeout", "300ms"]);
    let part = "POST /v1/generate HTTP/1.1\r\nHost: here\r\nX-Slow:";
    let silent = PartialRequest::send(server.address, "").await;
    let stalled = PartialRequest::send(server.address, part).await;
    let trickling = PartialRequest::send(server.address, part).await;
    let answers = tokio::join!(silent.read_to_end(), stalled.read_to_end(), trickling.trickle_to_end());
    for answer in [answers.0, answers.1, answers.2] {
        assert!(!answer.contains("200 OK"), "{answer}");
    }
    assert_eq!(server.scrape().await.started_count(), 0);
    let body = json!({ "model": "synthetic", "prompt": "hello", "max_tokens": 1 }).to_string();
    assert_eq!(post(server.address, "/v1/generate", &body).await.status, 200, "the service still answers");
}

#[tokio::test]
async fn a_body_that_is_too_slow_is_answered_with_408_and_rejected() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--body-timeout", "300ms"]);
    for route in ROUTES {
        let stalled = PartialRequest::upload(server.address, route).await;
        let trickling = PartialRequest::upload(server.address, route).await;
        let answers = tokio::join!(stalled.read_to_end(), trickling.trickle_to_end());
        for answer in [answers.0, answers.1] {
            assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{route}: {answer}");
            assert!(answer.contains("\r\nconnection: close\r\n"), "{route}: {answer}");
            assert!(answer.contains("invalid_request_error"), "{route}: {answer}");
        }
    }
    let page = server.scrape().await;
    let count = 2 * ROUTES.len() as u64;
    assert_eq!((page.started_count(), page.ended_count("rejected/invalid_request")), (count, count));
    assert_eq!(page.count("llmobs_operation_active", &[]), 0);
}

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_until_another_one_ends() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--max-connections", "1"]);
    let health = |connection| format!("GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: {connection}\r\n\r\n");
    let mut first = PartialRequest::send(server.address, "GET").await;
    let waiting = PartialRequest::send(server.address, &health("close")).await;

    // While the first connection is served, the other one is not, however long that takes.
    first.socket.write_all(&health("keep-alive").as_bytes()[3..]).await.expect("the service reads");
    for _ in 0..20 {
        let answer = first.read_until("ok").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        first.socket.write_all(health("keep-alive").as_bytes()).await.expect("the service reads");
    }
    let early = waiting.socket.try_read(&mut [0; 1]);
    assert!(early.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "the connection waits");

    drop(first);
    let answer = waiting.read_to_end().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}
