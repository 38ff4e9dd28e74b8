//! Tests requests that are not admitted: the answers and the metrics.

use serde_json::json;

use crate::support::Server;
use crate::support::get;
use crate::support::lock_shared;
use crate::support::post;

#[tokio::test]
async fn every_invalid_request_has_its_status_and_is_counted_as_rejected() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&[]);
    let address = server.address;
    let chat = "/v1/chat/completions";
    let huge = format!(r#"{{"model":"synthetic","prompt":"{}"}}"#, "x".repeat(2 * 1024 * 1024));
    let wordy = json!({ "model": "synthetic", "prompt": "word ".repeat(8_192) }).to_string();
    let lengthy = json!({ "model": "synthetic", "prompt": "x".repeat(1_000_000) }).to_string();
    let served = "synthetic";
    let cases: [(&str, &str, u16, &str); 19] = [
        ("/v1/generate", "{", 400, "_OTHER"),
        ("/v1/generate", "", 400, "_OTHER"),
        ("/v1/generate", "\u{fffd}", 400, "_OTHER"),
        ("/v1/generate", "[]", 400, "_OTHER"),
        ("/v1/generate", r#"{"prompt":"hello"}"#, 400, "_OTHER"),
        ("/v1/generate", r#"{"model":"synthetic"}"#, 400, served),
        ("/v1/generate", r#"{"model":"gpt-7","prompt":"hello"}"#, 404, "_OTHER"),
        ("/v1/generate", r#"{"model":"synthetic","prompt":""}"#, 400, served),
        ("/v1/generate", r#"{"model":"synthetic","prompt":"hello","max_tokens":0}"#, 400, served),
        ("/v1/generate", r#"{"model":"synthetic","prompt":"hello","max_tokens":-1}"#, 400, served),
        ("/v1/generate", r#"{"model":"synthetic","prompt":"hello","stream":true}"#, 400, served),
        (chat, r#"{"model":"synthetic"}"#, 400, served),
        (chat, r#"{"model":"synthetic","messages":[]}"#, 400, served),
        (chat, r#"{"model":"synthetic","messages":[{"role":"king","content":"hello"}]}"#, 400, served),
        (chat, r#"{"model":"synthetic","messages":[{"role":"user","content":"hi"}],"temperature":9}"#, 400, served),
        (chat, r#"{"model":"synthetic","messages":[{"role":"user","content":"hi"}],"n":2}"#, 400, served),
        ("/v1/generate", &wordy, 400, served),
        ("/v1/generate", &lengthy, 400, served),
        ("/v1/generate", &huge, 413, "_OTHER"),
    ];
    for (path, body, status, model) in cases {
        let excerpt = &body[..body.len().min(100)];
        let before = server.scrape().await;
        let reply = post(address, path, body).await;
        assert_eq!(reply.status, status, "{excerpt}: {}", reply.body);
        let error = &reply.json()["error"];
        assert_eq!(error["type"], "invalid_request_error", "{excerpt}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{excerpt}");
        let rejected = [
            ("llmobs_operation_outcome", "rejected"),
            ("error_type", "invalid_request"),
            ("gen_ai_request_model", model),
        ];
        let page = server.scrape().await;
        let counted = |name, labels| page.count(name, labels) - before.count(name, labels);
        assert_eq!(counted("llmobs_operation_ended_total", &rejected), 1, "{excerpt}");
        assert_eq!(counted("llmobs_operation_started_total", &[]), 1, "{excerpt}");
        assert_eq!(counted("llmobs_token_processed_total", &[]), 0, "{excerpt}");
    }

    // The service keeps running and answers a valid request.
    let reply = post(address, "/v1/generate", r#"{"model":"synthetic","prompt":"hello","max_tokens":2}"#).await;
    assert_eq!(reply.status, 200);
    let page = server.scrape().await;
    assert_eq!(page.ended_count("completed"), 1);
    assert_eq!(page.ended_count("rejected"), cases.len() as u64);
    assert_eq!(page.started_count(), cases.len() as u64 + 1);
    assert_eq!(page.count("llmobs_operation_active", &[]), 0);
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_not_operations() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&[]);
    let address = server.address;
    for (reply, status) in [
        (get(address, "/v1/chat/completions", &[]).await, 405),
        (get(address, "/v1/generate", &[]).await, 405),
        (get(address, "/v2", &[]).await, 404),
        (post(address, "/v1/embeddings", "{}").await, 404),
    ] {
        assert_eq!(reply.status, status);
        assert_eq!(reply.json()["error"]["type"], "invalid_request_error");
    }
    assert_eq!(post(address, "/metrics", "{}").await.status, 405);
    assert_eq!(server.scrape().await.started_count(), 0);
}
