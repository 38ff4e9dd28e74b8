//! Tests the ends of operations: clients that disconnect; upstreams that refuse, crash or hang; and the shutdown of the
//! gateway.

use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::Chat;
use crate::support::Gateway;
use crate::support::Page;
use crate::support::Raw;
use crate::support::Stream;
use crate::support::Upstream;
use crate::support::beside_others;
use crate::support::eventually;
use crate::support::post;
use crate::support::question;

const CHAT: &str = "/v1/chat/completions";

async fn ended(outcome: &str, page: impl AsyncFn() -> Page) -> Page {
    eventually(outcome, async || {
        let page = page().await;
        (page.ended(outcome) == 1 && page.count("llmobs_operation_active", &[]) == 0).then_some(page)
    })
    .await
}

#[tokio::test]
async fn a_client_that_leaves_mid_stream_cancels_both_operations() {
    let _beside = beside_others().await;
    let chat = Chat::start(&[]);
    let gateway = Gateway::before(chat.address(), &[]);
    let mut stream = Stream::open(gateway.address(), CHAT, &question(true, 2_000)).await;
    for _ in 0..5 {
        assert!(stream.token().await);
    }
    drop(stream);
    let output = [("llmobs_token_direction", "output")];
    let ours = ended("cancelled", async || gateway.page().await).await;
    let theirs = ended("cancelled", async || chat.page().await).await;
    let wasted = [&ours, &theirs].map(|page| page.count("llmobs_token_wasted_total", &output));
    assert!(wasted[0] >= 5 && wasted[0] <= wasted[1] && wasted[1] < 100, "{wasted:?} of 2000 tokens for nobody");
    let counted = [output[0], ("llmobs_token_source", "counted")];
    assert_eq!(ours.count("llmobs_token_processed_total", &counted), wasted[0], "no report came: they are counted");
}

#[tokio::test]
async fn a_client_that_leaves_before_a_whole_answer_cancels_both_operations() {
    let _beside = beside_others().await;
    let chat = Chat::start(&[]);
    let gateway = Gateway::before(chat.address(), &[]);
    let client = Raw::post(gateway.address(), CHAT, &[], &question(false, 2_000).to_string()).await;
    eventually("a first token", async || {
        (chat.page().await.count("llmobs_time_to_first_token_seconds_count", &[]) == 1).then_some(())
    })
    .await;
    drop(client);
    ended("cancelled", async || gateway.page().await).await;
    ended("cancelled", async || chat.page().await).await;
}

#[tokio::test]
async fn an_upstream_that_dies_mid_stream_fails_the_operation_and_breaks_the_answer() {
    let _beside = beside_others().await;
    let chat = Chat::start(&[]);
    let gateway = Gateway::before(chat.address(), &[]);
    let body = question(true, 2_000).to_string();
    let mut client = Raw::post(gateway.address(), CHAT, &["connection: close"], &body).await;
    client.until("token ").await;
    chat.kill();
    let answer = client.rest().await;
    assert!(!answer.ends_with("0\r\n\r\n"), "a client can see that this is not the whole answer");
    let page = ended("failed/upstream", async || gateway.page().await).await;
    assert_eq!(page.count("llmobs_time_to_first_token_seconds_count", &[]), 1, "it had its first token");
    assert!(page.count("llmobs_token_wasted_total", &[("llmobs_token_waste", "failed")]) >= 1);
}

#[tokio::test]
async fn an_upstream_that_ends_a_stream_too_early_fails_it() {
    let _beside = beside_others().await;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n";
    let token = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
    let upstream = Upstream::saying(format!("{head}{token}")).await;
    let gateway = Gateway::before(upstream.address, &[]);
    assert_eq!(post(gateway.address(), CHAT, &question(true, 9).to_string()).await.body, token);
    ended("failed/upstream", async || gateway.page().await).await;
}

#[tokio::test]
async fn an_upstream_whose_answer_has_a_length_and_no_finish_reason_fails_it() {
    let _beside = beside_others().await;
    let role = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
    for body in ["", role] {
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {length}\r\n\r\n");
        let upstream = Upstream::saying(head + body).await;
        let gateway = Gateway::before(upstream.address, &[]);
        assert_eq!(post(gateway.address(), CHAT, &question(true, 9).to_string()).await.body, body);
        ended("failed/upstream", async || gateway.page().await).await;
    }
}

#[tokio::test]
async fn what_the_upstream_refuses_has_its_type_and_reaches_the_client_as_it_is() {
    let _beside = beside_others().await;
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
        let upstream = Upstream::saying(head + body).await;
        let gateway = Gateway::before(upstream.address, &[]);
        let reply = post(gateway.address(), CHAT, &question(true, 9).to_string()).await;
        assert_eq!((reply.status.to_string().as_str(), reply.body.as_str()), (&status[..3], body));
        assert_eq!(reply.header("retry-after"), Some("7"));
        assert_eq!(gateway.page().await.ended(expected), 1, "{status} {body}");
    }
}

#[tokio::test]
async fn a_real_server_whose_queue_is_full_is_typed_as_it_types_itself() {
    let _beside = beside_others().await;
    let chat = Chat::start(&["--max-running", "1", "--queue", "1"]);
    let gateway = Gateway::before(chat.address(), &[]);
    let body = question(true, 2_000).to_string();
    let mut clients = Vec::new();
    for active in 1..=2 {
        clients.push(Raw::post(gateway.address(), CHAT, &[], &body).await);
        eventually("a request that is in", async || {
            (chat.page().await.count("llmobs_operation_active", &[]) == active).then_some(())
        })
        .await;
    }
    assert_eq!(post(gateway.address(), CHAT, &body).await.status, 429);
    let (ours, theirs) = (gateway.page().await, chat.page().await);
    let of_type = |page: &Page| ["rate_limited", "overloaded"].map(|error| page.ended(&format!("rejected/{error}")));
    assert_eq!(of_type(&ours), of_type(&theirs));
    assert_eq!(of_type(&ours).iter().sum::<u64>(), 1);
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_a_bad_gateway() {
    let _beside = beside_others().await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let gateway = Gateway::before(nobody, &[]);
    let reply = post(gateway.address(), CHAT, &question(true, 9).to_string()).await;
    assert_eq!((reply.status, &reply.json()["error"]["type"]), (502, &json!("upstream")));
    assert_eq!(gateway.page().await.ended("failed/upstream"), 1);
}

#[tokio::test]
async fn an_upstream_that_falls_silent_runs_out_of_time() {
    let _beside = beside_others().await;
    let silent = Upstream::start(|socket| async move {
        let _kept = socket;
        std::future::pending::<()>().await;
    })
    .await;
    let gateway = Gateway::before(silent.address, &["--answer-timeout", "0.2"]);
    let reply = post(gateway.address(), CHAT, &question(true, 9).to_string()).await;
    assert_eq!((reply.status, &reply.json()["error"]["type"]), (504, &json!("timeout")));
    assert_eq!(gateway.page().await.ended("failed/timeout"), 1);

    let pausing = Upstream::start(|mut socket| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        let _ = socket.write_all(format!("{head}data: {{\"choices\":[]}}\n\n").as_bytes()).await;
        std::future::pending::<()>().await;
    })
    .await;
    let gateway = Gateway::before(pausing.address, &["--pause-timeout", "0.2"]);
    let body = question(true, 9).to_string();
    let answer = Raw::post(gateway.address(), CHAT, &["connection: close"], &body).await.rest().await;
    assert!(answer.contains("choices") && !answer.ends_with("0\r\n\r\n"), "{answer}");
    ended("failed/timeout", async || gateway.page().await).await;
}

#[tokio::test]
async fn a_shutdown_waits_for_what_is_under_way_and_cuts_off_what_takes_too_long() {
    let _beside = beside_others().await;
    let chat = Chat::start(&[]);
    for (drain, tokens, whole) in [("30", 40, true), ("0.3", 2_000, false)] {
        let gateway = Gateway::before(chat.address(), &["--drain", drain]);
        let body = question(true, tokens).to_string();
        let mut client = Raw::post(gateway.address(), CHAT, &["connection: close"], &body).await;
        client.until("token ").await;
        gateway.terminate();
        let answer = client.rest().await;
        assert_eq!(answer.ends_with("data: [DONE]\n\n\r\n0\r\n\r\n"), whole, "{answer}");
        let (status, log) = gateway.ended();
        assert!(status.success());
        let end = log.iter().find(|line| line["message"] == "llm_request_complete");
        let outcome = end.map(|end| end["outcome"].clone());
        let expected = if whole { "completed" } else { "failed" };
        assert_eq!(outcome, Some(Value::from(expected)), "{log:#?}");
    }
}
