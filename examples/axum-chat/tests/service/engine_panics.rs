//! Tests that a panic of the engine ends one request, and not the service.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::Page;
use crate::support::Server;
use crate::support::StreamedAnswer;
use crate::support::lock_shared;
use crate::support::post;

const CHAT: &str = "/v1/chat/completions";

fn question(stream: bool, max_tokens: u32) -> Value {
    json!({ "model": "synthetic", "stream": stream, "max_tokens": max_tokens,
        "messages": [{ "role": "user", "content": "Hello" }] })
}

/// Returns a service with one slot, which a request that does not leave its slot would block.
fn start_server(failure: &str) -> Server {
    Server::synthetic(&["--fail", failure, "--max-running", "1", "--queue", "1", "--synthetic-token", "1ms"])
}

async fn assert_answered_with_500(server: &Server, path: &str, body: &Value) {
    let reply = post(server.address, path, &body.to_string()).await;
    assert_eq!((reply.status, &reply.json()["error"]["type"]), (500, &json!("server_error")), "{path}");
}

fn assert_books_are_exact(page: &Page, failed: u64, completed: u64) {
    assert_eq!((page.ended_count("failed/internal"), page.ended_count("completed")), (failed, completed));
    assert_eq!(page.started_count(), failed + completed);
    assert_eq!(page.count("llmobs_operation_active", &[]), 0);
}

#[tokio::test]
async fn a_panic_of_the_engine_in_mid_answer_fails_its_request_only() {
    let _lock = lock_shared().await;
    let server = start_server("panic@3");
    for _ in 0..3 {
        let mut stream = StreamedAnswer::open(server.address, CHAT, &question(true, 10)).await;
        stream.read_to_end(Duration::ZERO).await;
        assert_eq!((stream.token_times.len(), stream.is_done), (2, true), "the tokens before the panic arrive");
        assert_eq!(stream.error["type"], "server_error");
        assert_answered_with_500(&server, CHAT, &question(false, 10)).await;
        let prompt = json!({ "model": "synthetic", "prompt": "Hello", "max_tokens": 10 });
        assert_answered_with_500(&server, "/v1/generate", &prompt).await;
        let reply = post(server.address, CHAT, &question(false, 2).to_string()).await;
        assert_eq!(reply.status, 200, "an answer of two tokens is complete before the panic: {}", reply.body);
    }
    let page = server.scrape().await;
    assert_books_are_exact(&page, 9, 3);
    let wasted = [("llmobs_token_direction", "output"), ("llmobs_token_waste", "failed")];
    assert_eq!(page.count("llmobs_token_wasted_total", &wasted), 18);
}

#[tokio::test]
async fn a_panic_of_the_engine_at_the_start_of_an_answer_fails_its_request_only() {
    let _lock = lock_shared().await;
    let server = start_server("panic@0");
    for _ in 0..3 {
        assert_answered_with_500(&server, CHAT, &question(false, 10)).await;
    }
    assert_books_are_exact(&server.scrape().await, 3, 0);
}
