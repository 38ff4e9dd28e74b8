//! Tests that requests and answers pass unchanged and without delay.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use crate::support::ChatProcess;
use crate::support::FakeUpstream;
use crate::support::GatewayProcess;
use crate::support::RawClient;
use crate::support::get;
use crate::support::lock_shared;
use crate::support::post;
use crate::support::question;

const CHAT: &str = "/v1/chat/completions";
const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn encode_chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

#[tokio::test]
async fn a_stream_passes_unchanged_in_any_layout_and_fragmentation() {
    let _lock = lock_shared().await;
    let body = ": hello\r\n\r\nevent: x\ndata: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"h\u{e9}\u{1f600}\"}}]}\r\n\r\n\
        data: no json\n\ndata:{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":7}}\n\ndata: [DONE]\n\n: bye";
    for size in [1, 7, 4_096] {
        let mut answer = STREAM_HEAD.as_bytes().to_vec();
        body.as_bytes().chunks(size).for_each(|fragment| answer.extend(encode_chunk(fragment)));
        answer.extend(encode_chunk(b""));
        let upstream = FakeUpstream::start_with_response(answer).await;
        let gateway = GatewayProcess::start(upstream.address, &[]);
        let reply = post(gateway.address(), CHAT, &question(true, 9).to_string()).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/event-stream")));
        assert_eq!(reply.body, body, "in fragments of {size} bytes");
        let page = gateway.scrape().await;
        assert_eq!(page.ended_count("completed"), 1);
        assert_eq!(page.count("llmobs_token_processed_total", &[("llmobs_token_source", "reported")]), 10);
        assert_eq!(page.count("llmobs_self_anomalies_total", &[("llmobs_anomaly", "malformed_frame")]), 1);
    }
}

#[tokio::test]
async fn a_fragment_is_passed_on_before_the_next_one_arrives() {
    let _lock = lock_shared().await;
    let continue_signal = Arc::new(Notify::new());
    let upstream = {
        let continue_signal = Arc::clone(&continue_signal);
        FakeUpstream::start(move |mut socket| {
            let continue_signal = Arc::clone(&continue_signal);
            async move {
                let _ = socket.write_all(STREAM_HEAD.as_bytes()).await;
                // These fragments split a frame: a gateway that waited for complete frames would deadlock here.
                for fragment in ["data: {\"choi", "ces\":[]}\n\n", "data: [DONE]\n\n"] {
                    let _ = socket.write_all(&encode_chunk(fragment.as_bytes())).await;
                    continue_signal.notified().await;
                }
                let _ = socket.write_all(&encode_chunk(b"")).await;
            }
        })
        .await
    };
    let gateway = GatewayProcess::start(upstream.address, &[]);
    let mut client =
        RawClient::post(gateway.address(), CHAT, &["connection: close"], &question(true, 9).to_string()).await;
    for fragment in ["data: {\"choi", "ces\":[]}", "[DONE]"] {
        client.read_until(fragment).await;
        continue_signal.notify_one();
    }
    assert!(client.read_to_end().await.ends_with("0\r\n\r\n"));
}

#[tokio::test]
async fn responses_of_a_real_server_are_equal_with_and_without_the_gateway() {
    let _lock = lock_shared().await;
    let chat = ChatProcess::start(&["--synthetic-prefill", "5ms", "--synthetic-token", "1ms"]);
    let gateway = GatewayProcess::start(chat.address(), &[]);
    let completion = |stream| json!({ "model": "synthetic", "stream": stream, "max_tokens": 5, "prompt": "a b c" });
    for (path, body) in [
        (CHAT, question(true, 20).to_string()),
        (CHAT, question(false, 20).to_string()),
        ("/v1/completions", completion(true).to_string()),
        ("/v1/completions", completion(false).to_string()),
        (CHAT, json!({ "model": "another", "messages": [] }).to_string()),
        (CHAT, "no json".to_owned()),
    ] {
        let without = post(chat.address(), path, &body).await;
        let with = post(gateway.address(), path, &body).await;
        assert_eq!(with.status, without.status, "{path} {body}");
        assert_eq!(with.header("content-type"), without.header("content-type"), "{path} {body}");
        assert_eq!(normalize_body(&with.body), normalize_body(&without.body), "{path} {body}");
    }
    let (with, without) =
        (get(gateway.address(), "/v1/models", &[]).await, get(chat.address(), "/v1/models", &[]).await);
    assert_eq!((with.status, normalize_body(&with.body)), (without.status, normalize_body(&without.body)));
    assert_eq!(get(gateway.address(), "/v1/elsewhere", &[]).await.status, 404, "unknown paths are not forwarded");
    let page = gateway.scrape().await;
    assert_eq!(
        (page.started_count(), page.ended_count("completed"), page.ended_count("rejected/invalid_request")),
        (6, 4, 2)
    );
}

/// Removes the id and the date, which differ between two answers.
fn normalize_body(body: &str) -> String {
    let strip = |line: &str| {
        let (begin, json) = line.split_at(line.find('{').unwrap_or(line.len()));
        let Ok(mut value) = serde_json::from_str::<Value>(json) else { return line.to_owned() };
        for varies in ["id", "created"] {
            if let Some(field) = value.get_mut(varies) {
                *field = Value::Null;
            }
        }
        for model in value["data"].as_array_mut().into_iter().flatten() {
            model["created"] = Value::Null;
        }
        format!("{begin}{value}")
    };
    body.split('\n').map(strip).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_upstream_receives_the_request_without_hop_by_hop_headers() {
    let _lock = lock_shared().await;
    let mut upstream = FakeUpstream::start_with_response(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-served-by: it\r\nkeep-alive: timeout=5\r\n\r\n{}",
    )
    .await;
    let gateway = GatewayProcess::start(upstream.address, &[]);
    let body = "{ \"model\":\"m\",\t\"odd\": [1, 2.50, \"\\u00e9\"], \"messages\":[] }";
    let headers = [
        "authorization: Bearer of-the-client",
        "content-type: application/json",
        "openai-organization: org",
        "connection: close, x-hop",
        "x-hop: 1",
        "keep-alive: timeout=9",
        "te: trailers",
        "proxy-authorization: Basic of-the-proxy",
        "upgrade: h2c",
        "accept-encoding: gzip, br",
        "baggage: user.id=42",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "tracestate: vendor=1",
    ];
    let answer = RawClient::post(gateway.address(), "/v1/chat/completions?api-version=1", &headers, body)
        .await
        .read_to_end()
        .await;
    assert!(answer.contains("x-served-by: it") && !answer.contains("timeout=5"), "{answer}");
    let request = upstream.next_request().await;
    assert_eq!(request.body, body.as_bytes(), "the body is unchanged");
    assert_eq!(request.head[0], "POST /v1/chat/completions?api-version=1 HTTP/1.1");
    let mut names: Vec<_> = request.head[1..].iter().filter_map(|line| Some(line.split_once(':')?.0)).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["authorization", "content-length", "content-type", "host", "openai-organization", "traceparent", "tracestate"]
    );
    assert_eq!(request.header("authorization"), Some("Bearer of-the-client"));
    assert_eq!(request.header("host"), Some(upstream.address.to_string().as_str()));
    // Without a tracer, the client's trace context is passed on unchanged.
    assert_eq!(request.header("traceparent"), Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
}

#[tokio::test]
async fn a_trace_continues_under_the_span_of_the_operation_without_its_baggage() {
    let _lock = lock_shared().await;
    let mut upstream = FakeUpstream::start_with_response("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let mut collector = FakeUpstream::start_with_response("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let gateway = GatewayProcess::start_with_collector(upstream.address, collector.address);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("traceparent: 00-{trace}-b7ad6b7169203331-01");
    let headers = [&parent, "tracestate: vendor=1", "baggage: user.id=42", "connection: close"];
    RawClient::post(gateway.address(), CHAT, &headers, r#"{"model":"m"}"#).await.read_to_end().await;
    let request = upstream.next_request().await;
    assert_eq!((request.header("baggage"), request.header("tracestate")), (None, Some("vendor=1")));
    let context: Vec<_> = request.header("traceparent").expect("a trace").split('-').map(str::to_owned).collect();
    assert_eq!((context[1].as_str(), context[3].as_str()), (trace, "01"));
    assert_ne!(context[2], "b7ad6b7169203331", "the upstream's parent is a span of the gateway");

    gateway.terminate();
    assert!(tokio::task::spawn_blocking(|| gateway.wait()).await.expect("no task panics").0.success());
    let exported = collector.take_requests();
    let spans = exported.iter().find(|request| request.head[0].starts_with("POST /v1/traces")).expect("spans");
    let has = |bytes: &[u8]| spans.body.windows(bytes.len()).any(|fragment| fragment == bytes);
    assert!(has(&decode_hex(&context[2])), "that span was exported");
    assert!(has(&decode_hex(trace)) && has(b"chat m") && has(b"POST /v1/chat/completions"));
    assert!(!exported.iter().any(|request| String::from_utf8_lossy(&request.body).contains("user.id")));
}

fn decode_hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter_map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
    digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}

#[tokio::test]
async fn an_upstream_may_have_a_base_path_and_a_request_may_be_too_large() {
    let _lock = lock_shared().await;
    let mut upstream = FakeUpstream::start_with_response("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let gateway = GatewayProcess::start_with_url(&format!("http://{}/openai/", upstream.address), &[]);
    post(gateway.address(), CHAT, "{}").await;
    assert_eq!(upstream.next_request().await.head[0], "POST /openai/v1/chat/completions HTTP/1.1");

    let mut client = RawClient::post(gateway.address(), CHAT, &[], &" ".repeat(33 * 1024 * 1024)).await;
    tokio::time::timeout(Duration::from_secs(10), client.read_until("413 Payload Too Large"))
        .await
        .expect("a rejection before the timeout");
    assert_eq!(gateway.scrape().await.ended_count("rejected/invalid_request"), 1);
}
