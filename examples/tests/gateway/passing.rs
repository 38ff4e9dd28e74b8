//! Tests that requests and answers pass unchanged and without delay.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use crate::support::Chat;
use crate::support::Gateway;
use crate::support::Raw;
use crate::support::Upstream;
use crate::support::beside_others;
use crate::support::get;
use crate::support::post;
use crate::support::question;

const CHAT: &str = "/v1/chat/completions";
const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

#[tokio::test]
async fn a_stream_passes_byte_for_byte_however_it_is_laid_out_and_cut() {
    let _beside = beside_others().await;
    let odd = ": hello\r\n\r\nevent: x\ndata: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"h\u{e9}\u{1f600}\"}}]}\r\n\r\n\
        data: no json\n\ndata:{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":7}}\n\ndata: [DONE]\n\n: bye";
    for size in [1, 7, 4_096] {
        let mut answer = STREAM.as_bytes().to_vec();
        odd.as_bytes().chunks(size).for_each(|part| answer.extend(chunk(part)));
        answer.extend(chunk(b""));
        let upstream = Upstream::saying(answer).await;
        let gateway = Gateway::before(upstream.address, &[]);
        let reply = post(gateway.address(), CHAT, &question(true, 9).to_string()).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/event-stream")));
        assert_eq!(reply.body, odd, "in parts of {size} bytes");
        let page = gateway.page().await;
        assert_eq!(page.ended("completed"), 1);
        assert_eq!(page.count("llmobs_token_processed_total", &[("llmobs_token_source", "reported")]), 10);
    }
}

#[tokio::test]
async fn a_part_passes_before_the_next_one_is_made() {
    let _beside = beside_others().await;
    let go_on = Arc::new(Notify::new());
    let upstream = {
        let go_on = Arc::clone(&go_on);
        Upstream::start(move |mut socket| {
            let go_on = Arc::clone(&go_on);
            async move {
                let _ = socket.write_all(STREAM.as_bytes()).await;
                // These parts split a frame: a gateway that waited for complete frames would deadlock here.
                for part in ["data: {\"choi", "ces\":[]}\n\n", "data: [DONE]\n\n"] {
                    let _ = socket.write_all(&chunk(part.as_bytes())).await;
                    go_on.notified().await;
                }
                let _ = socket.write_all(&chunk(b"")).await;
            }
        })
        .await
    };
    let gateway = Gateway::before(upstream.address, &[]);
    let mut client = Raw::post(gateway.address(), CHAT, &["connection: close"], &question(true, 9).to_string()).await;
    for part in ["data: {\"choi", "ces\":[]}", "[DONE]"] {
        client.until(part).await;
        go_on.notify_one();
    }
    assert!(client.rest().await.ends_with("0\r\n\r\n"));
}

#[tokio::test]
async fn answers_of_a_real_server_are_the_same_with_and_without_the_gateway() {
    let _beside = beside_others().await;
    let chat = Chat::start(&["--synthetic-prefill", "5ms", "--synthetic-token", "1ms"]);
    let gateway = Gateway::before(chat.address(), &[]);
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
        assert_eq!(same(&with.body), same(&without.body), "{path} {body}");
    }
    let (with, without) =
        (get(gateway.address(), "/v1/models", &[]).await, get(chat.address(), "/v1/models", &[]).await);
    assert_eq!((with.status, same(&with.body)), (without.status, same(&without.body)));
    assert_eq!(get(gateway.address(), "/v1/elsewhere", &[]).await.status, 404, "what it does not know stays outside");
    let page = gateway.page().await;
    assert_eq!((page.started(), page.ended("completed"), page.ended("rejected/invalid_request")), (6, 4, 2));
}

/// Removes the id and the date, which differ between two answers.
fn same(body: &str) -> String {
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
async fn the_upstream_gets_the_request_without_what_ends_at_the_gateway() {
    let _beside = beside_others().await;
    let mut upstream =
        Upstream::saying("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-served-by: it\r\nkeep-alive: timeout=5\r\n\r\n{}")
            .await;
    let gateway = Gateway::before(upstream.address, &[]);
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
    let answer = Raw::post(gateway.address(), "/v1/chat/completions?api-version=1", &headers, body).await.rest().await;
    assert!(answer.contains("x-served-by: it") && !answer.contains("timeout=5"), "{answer}");
    let asked = upstream.asked().await;
    assert_eq!(asked.body, body.as_bytes(), "not a byte of it is another");
    assert_eq!(asked.head[0], "POST /v1/chat/completions?api-version=1 HTTP/1.1");
    let mut names: Vec<_> = asked.head[1..].iter().filter_map(|line| Some(line.split_once(':')?.0)).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["authorization", "content-length", "content-type", "host", "openai-organization", "traceparent", "tracestate"]
    );
    assert_eq!(asked.header("authorization"), Some("Bearer of-the-client"));
    assert_eq!(asked.header("host"), Some(upstream.address.to_string().as_str()));
    // Without a tracer, the client's trace context is passed on unchanged.
    assert_eq!(asked.header("traceparent"), Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
}

#[tokio::test]
async fn a_trace_goes_on_under_the_span_of_the_operation_and_its_baggage_does_not() {
    let _beside = beside_others().await;
    let mut upstream = Upstream::saying("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let mut collector = Upstream::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    let gateway = Gateway::traced(upstream.address, collector.address);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("traceparent: 00-{trace}-b7ad6b7169203331-01");
    let headers = [&parent, "tracestate: vendor=1", "baggage: user.id=42", "connection: close"];
    Raw::post(gateway.address(), CHAT, &headers, r#"{"model":"m"}"#).await.rest().await;
    let asked = upstream.asked().await;
    assert_eq!((asked.header("baggage"), asked.header("tracestate")), (None, Some("vendor=1")));
    let context: Vec<_> = asked.header("traceparent").expect("a trace").split('-').map(str::to_owned).collect();
    assert_eq!((context[1].as_str(), context[3].as_str()), (trace, "01"));
    assert_ne!(context[2], "b7ad6b7169203331", "the upstream's parent is a span of the gateway");

    gateway.terminate();
    assert!(tokio::task::spawn_blocking(|| gateway.ended()).await.expect("nobody panics").0.success());
    let exported = collector.all_asked();
    let spans = exported.iter().find(|asked| asked.head[0].starts_with("POST /v1/traces")).expect("spans");
    let has = |bytes: &[u8]| spans.body.windows(bytes.len()).any(|part| part == bytes);
    assert!(has(&hex(&context[2])), "and that span was exported");
    assert!(has(&hex(trace)) && has(b"chat m") && has(b"POST /v1/chat/completions"));
    assert!(!exported.iter().any(|asked| String::from_utf8_lossy(&asked.body).contains("user.id")));
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter_map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
    digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}

#[tokio::test]
async fn an_upstream_may_live_below_a_path_and_a_request_may_be_too_large() {
    let _beside = beside_others().await;
    let mut upstream = Upstream::saying("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let gateway = Gateway::at(&format!("http://{}/openai/", upstream.address), &[]);
    post(gateway.address(), CHAT, "{}").await;
    assert_eq!(upstream.asked().await.head[0], "POST /openai/v1/chat/completions HTTP/1.1");

    let mut client = Raw::post(gateway.address(), CHAT, &[], &" ".repeat(33 * 1024 * 1024)).await;
    tokio::time::timeout(Duration::from_secs(10), client.until("413 Payload Too Large")).await.expect("a refusal");
    assert_eq!(gateway.page().await.ended("rejected/invalid_request"), 1);
}
