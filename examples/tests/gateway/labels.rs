//! Tests the limit on model labels, needed because model names come from clients.

use serde_json::json;

use crate::support::FakeUpstream;
use crate::support::GatewayProcess;
use crate::support::eventually;
use crate::support::lock_shared;
use crate::support::post;

#[tokio::test]
async fn clients_cannot_create_more_series_than_the_limit() {
    let _lock = lock_shared().await;
    let upstream = FakeUpstream::start_with_response("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}").await;
    let gateway = GatewayProcess::start(upstream.address, &["--model", "known", "--other-models", "3"]);
    for number in 0..20 {
        let body = json!({ "model": format!("made-up-{number}"), "messages": [] }).to_string();
        assert_eq!(post(gateway.address(), "/v1/chat/completions", &body).await.status, 404);
    }
    let page = gateway.scrape().await;
    let started = |model: &str| page.count("llmobs_operation_started_total", &[("gen_ai_request_model", model)]);
    assert_eq!((started("known"), started("made-up-0"), started("made-up-2"), started("made-up-3")), (0, 1, 1, 0));
    assert_eq!(started("_OTHER"), 17);
}

#[tokio::test]
async fn each_path_has_its_operation_name() {
    let _lock = lock_shared().await;
    let embedding =
        r#"{"object":"list","data":[{"embedding":[0.1]}],"model":"m","usage":{"prompt_tokens":8,"total_tokens":8}}"#;
    let length = embedding.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
    let upstream = FakeUpstream::start_with_response(head + embedding).await;
    let gateway = GatewayProcess::start(upstream.address, &["--model", "m"]);
    for path in ["embeddings", "completions", "chat/completions"] {
        assert_eq!(post(gateway.address(), &format!("/v1/{path}"), r#"{"model":"m"}"#).await.body, embedding);
    }
    let page = gateway.scrape().await;
    for operation in ["embeddings", "text_completion", "chat"] {
        let labels = [("gen_ai_operation_name", operation), ("gen_ai_provider_name", "openai")];
        assert_eq!(page.count("llmobs_operation_started_total", &labels), 1, "{operation}");
        assert_eq!(page.count("llmobs_token_processed_total", &[labels[0], ("llmobs_token_direction", "input")]), 8);
    }
    assert_eq!(page.count("llmobs_time_to_first_token_seconds_count", &[]), 0, "no response was streamed");
    eventually("three requests in the HTTP metrics", async || {
        let answered = [("http_response_status_code", "200")];
        (gateway.scrape().await.count("http_server_request_duration_seconds_count", &answered) == 3).then_some(())
    })
    .await;
}
