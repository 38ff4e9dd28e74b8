//! Tests the ends of operations: clients that disconnect; upstreams that refuse, crash or hang; and the shutdown of the
//! gateway.

use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::ChatProcess;
use crate::support::FakeUpstream;
use crate::support::GatewayProcess;
use crate::support::Page;
use crate::support::RawClient;
use crate::support::StreamedAnswer;
use crate::support::eventually;
use crate::support::lock_shared;
use crate::support::post;
use crate::support::question;

const CHAT: &str = "/v1/chat/completions";

async fn wait_for_outcome(outcome: &str, page: impl AsyncFn() -> Page) -> Page {
    eventually(outcome, async || {
        let page = page().await;
        (page.ended_count(outcome) == 1 && page.count("llmobs_operation_active", &[]) == 0).then_some(page)
    })
    .await
}

#[tokio::test]
async fn a_client_that_disconnects_mid_stream_cancels_both_operations() {
    let _lock = lock_shared().await;
    let chat = ChatProcess::start(&[]);
    let gateway = GatewayProcess::start(chat.address(), &[]);
    let mut stream = StreamedAnswer::open(gateway.address(), CHAT, &question(true, 2_000)).await;
    for _ in 0..5 {
        assert!(stream.read_token().await);
    }
    drop(stream);
    let output = [("llmobs_token_direction", "output")];
    let gateway_page = wait_for_outcome("cancelled", async || gateway.scrape().await).await;
    let server_page = wait_for_outcome("cancelled", async || chat.scrape().await).await;
    let wasted = [&gateway_page, &server_page].map(|page| page.count("llmobs_token_wasted_total", &output));
    assert!(wasted[0] >= 5 && wasted[0] <= wasted[1] && wasted[1] < 100, "{wasted:?} of 2000 tokens were wasted");
    let counted = [output[0], ("llmobs_token_source", "counted")];
    assert_eq!(
        gateway_page.count("llmobs_token_processed_total", &counted),
        wasted[0],
        "without reported usage the tokens are counted"
    );
}

#[tokio::test]
async fn a_client_that_disconnects_before_a_complete_answer_cancels_both_operations() {
    let _lock = lock_shared().await;
    let chat = ChatProcess::start(&[]);
    let gateway = GatewayProcess::start(chat.address(), &[]);
    let client = RawClient::post(gateway.address(), CHAT, &[], &question(false, 2_000).to_string()).await;
    eventually("a first token", async || {
        (chat.scrape().await.count("llmobs_time_to_first_token_seconds_count", &[]) == 1).then_some(())
    })
    .await;
    drop(client);
    wait_for_outcome("cancelled", async || gateway.scrape().await).await;
    wait_for_outcome("cancelled", async || chat.scrape().await).await;
}

#[tokio::test]
async fn a_client_that_disconnects_during_its_upload_cancels_the_operation() {
    let _lock = lock_shared().await;
    let mut upstream = FakeUpstream::start_with_response("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let gateway = GatewayProcess::start(upstream.address, &[]);
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: here\r\n");
    let client = RawClient::send(gateway.address(), &format!("{head}content-length: 99\r\n\r\n{{")).await;
    eventually("the gateway reads the body", async || {
        (gateway.scrape().await.count("http_server_active_requests", &[]) == 1).then_some(())
    })
    .await;
    drop(client);
    wait_for_outcome("cancelled", async || gateway.scrape().await).await;

    let malformed = format!("{head}transfer-encoding: chunked\r\n\r\nno size\r\n");
    let answer = RawClient::send(gateway.address(), &malformed).await.read_to_end().await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    let page = wait_for_outcome("rejected/invalid_request", async || gateway.scrape().await).await;
    assert_eq!((page.started_count(), page.ended_count("cancelled")), (2, 1));
    assert!(upstream.take_requests().is_empty(), "the upstream received neither request");
}

#[tokio::test]
async fn an_upstream_that_crashes_mid_stream_fails_the_operation_and_truncates_the_answer() {
    let _lock = lock_shared().await;
    let chat = ChatProcess::start(&[]);
    let gateway = GatewayProcess::start(chat.address(), &[]);
    let body = question(true, 2_000).to_string();
    let mut client = RawClient::post(gateway.address(), CHAT, &["connection: close"], &body).await;
    client.read_until("token ").await;
    chat.kill();
    let answer = client.read_to_end().await;
    assert!(!answer.ends_with("0\r\n\r\n"), "a client can detect that the answer is incomplete");
    let page = wait_for_outcome("failed/upstream", async || gateway.scrape().await).await;
    assert_eq!(page.count("llmobs_time_to_first_token_seconds_count", &[]), 1, "the operation had its first token");
    assert!(page.count("llmobs_token_wasted_total", &[("llmobs_token_waste", "failed")]) >= 1);
}

#[tokio::test]
async fn an_upstream_that_truncates_a_stream_fails_the_operation() {
    let _lock = lock_shared().await;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\r\n";
    let token = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
    let upstream = FakeUpstream::start_with_response(format!("{head}{token}")).await;
    let gateway = GatewayProcess::start(upstream.address, &[]);
    assert_eq!(post(gateway.address(), CHAT, &question(true, 9).to_string()).await.body, token);
    wait_for_outcome("failed/upstream", async || gateway.scrape().await).await;
}

#[tokio::test]
async fn a_stream_with_a_content_length_and_no_finish_reason_fails_the_operation() {
    let _lock = lock_shared().await;
    let role = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
    for body in ["", role] {
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {length}\r\n\r\n");
        let upstream = FakeUpstream::start_with_response(head + body).await;
        let gateway = GatewayProcess::start(upstream.address, &[]);
        assert_eq!(post(gateway.address(), CHAT, &question(true, 9).to_string()).await.body, body);
        wait_for_outcome("failed/upstream", async || gateway.scrape().await).await;
    }
}

#[tokio::test]
async fn errors_of_the_upstream_have_their_types_and_reach_the_client_unchanged() {
    let _lock = lock_shared().await;
    let filtered = r#"{"error":{"message":"no","type":"invalid_request_error","code":"content_filter"}}"#;
    let memory = r#"{"error":{"message":"CUDA out of memory","type":"server_error"}}"#;
    for (status, body, expected) in [
        ("401 Unauthorized", r#"{"error":{"code":"invalid_api_key"}}"#, "rejected/authentication"),
        ("403 Forbidden", "", "rejected/authentication"),
        ("429 Too Many Requests", "slow down", "rejected/rate_limited"),
        ("503 Service Unavailable", "<html>busy</html>", "rejected/overloaded"),
        ("400 Bad Request", r#"{"error":{"type":"invalid_request_error"}}"#, "rejected/invalid_request"),
        ("400 Bad Request", filtered, "rejected/content_filter"),
        ("500 Internal Server Error", memory, "failed/out_of_memory"),
        ("502 Bad Gateway", "", "failed/upstream"),
        ("504 Gateway Timeout", "", "failed/timeout"),
        ("200 OK", r#"{"error":{"code":429}}"#, "rejected/rate_limited"),
    ] {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nretry-after: 7\r\n\r\n");
        let upstream = FakeUpstream::start_with_response(head + body).await;
        let gateway = GatewayProcess::start(upstream.address, &[]);
        let reply = post(gateway.address(), CHAT, &question(true, 9).to_string()).await;
        assert_eq!((reply.status.to_string().as_str(), reply.body.as_str()), (&status[..3], body));
        assert_eq!(reply.header("retry-after"), Some("7"));
        assert_eq!(gateway.scrape().await.ended_count(expected), 1, "{status} {body}");
    }
}

#[tokio::test]
async fn a_full_queue_has_the_error_type_that_the_server_records() {
    let _lock = lock_shared().await;
    let chat = ChatProcess::start(&["--max-running", "1", "--queue", "1"]);
    let gateway = GatewayProcess::start(chat.address(), &[]);
    let body = question(true, 2_000).to_string();
    let mut clients = Vec::new();
    for active in 1..=2 {
        clients.push(RawClient::post(gateway.address(), CHAT, &[], &body).await);
        eventually("an active operation", async || {
            (chat.scrape().await.count("llmobs_operation_active", &[]) == active).then_some(())
        })
        .await;
    }
    assert_eq!(post(gateway.address(), CHAT, &body).await.status, 429);
    let (gateway_page, server_page) = (gateway.scrape().await, chat.scrape().await);
    let rejected_counts =
        |page: &Page| ["rate_limited", "overloaded"].map(|error| page.ended_count(&format!("rejected/{error}")));
    assert_eq!(rejected_counts(&gateway_page), rejected_counts(&server_page));
    assert_eq!(rejected_counts(&gateway_page).iter().sum::<u64>(), 1);
}

#[tokio::test]
async fn an_unreachable_upstream_is_a_bad_gateway() {
    let _lock = lock_shared().await;
    let unused_address = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let gateway = GatewayProcess::start(unused_address, &[]);
    let reply = post(gateway.address(), CHAT, &question(true, 9).to_string()).await;
    assert_eq!((reply.status, &reply.json()["error"]["type"]), (502, &json!("upstream")));
    assert_eq!(gateway.scrape().await.ended_count("failed/upstream"), 1);
}

#[tokio::test]
async fn an_upstream_that_stops_sending_is_a_timeout() {
    let _lock = lock_shared().await;
    let silent = FakeUpstream::start(|socket| async move {
        let _socket = socket;
        std::future::pending::<()>().await;
    })
    .await;
    let gateway = GatewayProcess::start(silent.address, &["--answer-timeout", "0.2"]);
    let reply = post(gateway.address(), CHAT, &question(true, 9).to_string()).await;
    assert_eq!((reply.status, &reply.json()["error"]["type"]), (504, &json!("timeout")));
    assert_eq!(gateway.scrape().await.ended_count("failed/timeout"), 1);

    let stalled = FakeUpstream::start(|mut socket| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        let _ = socket.write_all(format!("{head}data: {{\"choices\":[]}}\n\n").as_bytes()).await;
        std::future::pending::<()>().await;
    })
    .await;
    let gateway = GatewayProcess::start(stalled.address, &["--pause-timeout", "0.2"]);
    let body = question(true, 9).to_string();
    let answer = RawClient::post(gateway.address(), CHAT, &["connection: close"], &body).await.read_to_end().await;
    assert!(answer.contains("choices") && !answer.ends_with("0\r\n\r\n"), "{answer}");
    wait_for_outcome("failed/timeout", async || gateway.scrape().await).await;
}

#[tokio::test]
async fn a_shutdown_waits_for_running_answers_and_aborts_them_after_the_drain_limit() {
    let _lock = lock_shared().await;
    let chat = ChatProcess::start(&[]);
    for (drain, tokens, is_complete) in [("30", 40, true), ("0.3", 2_000, false)] {
        let gateway = GatewayProcess::start(chat.address(), &["--drain", drain]);
        let body = question(true, tokens).to_string();
        let mut client = RawClient::post(gateway.address(), CHAT, &["connection: close"], &body).await;
        client.read_until("token ").await;
        gateway.terminate();
        let answer = client.read_to_end().await;
        assert_eq!(answer.ends_with("data: [DONE]\n\n\r\n0\r\n\r\n"), is_complete, "{answer}");
        let (status, log) = gateway.wait();
        assert!(status.success());
        let end = log.iter().find(|line| line["message"] == "llm_request_complete");
        let outcome = end.map(|end| end["llmobs.operation.outcome"].clone());
        let expected = if is_complete { "completed" } else { "failed" };
        assert_eq!(outcome, Some(Value::from(expected)), "{log:#?}");
    }
}
