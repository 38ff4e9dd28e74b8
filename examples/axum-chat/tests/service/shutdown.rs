//! Tests the shutdown of the service: running answers are finished, or end with an error.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::support::Collector;
use crate::support::Server;
use crate::support::StreamedAnswer;
use crate::support::attributes;
use crate::support::eventually;
use crate::support::lock_shared;

const CHAT: &str = "/v1/chat/completions";

fn question(max_tokens: usize) -> Value {
    json!({ "model": "synthetic", "stream": true, "max_tokens": max_tokens,
        "messages": [{ "role": "user", "content": "Hello" }] })
}

/// Returns the log lines about requests.
fn request_lines(log: &[String]) -> impl DoubleEndedIterator<Item = Value> {
    let lines = log.iter().filter(|line| line.contains(r#""message":"llm_request_complete""#));
    lines.map(|line| serde_json::from_str(line).expect("a log line is JSON"))
}

/// Returns the last log line about a request.
fn last_request_line(log: &[String]) -> Value {
    request_lines(log).next_back().expect("a log line for the request")
}

#[tokio::test]
async fn a_shutdown_waits_for_admitted_answers() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--max-running", "1"]);
    let address = server.address;
    let mut running = StreamedAnswer::open(address, CHAT, &question(40)).await;
    assert!(running.read_token().await);
    let mut queued_stream = StreamedAnswer::open(address, CHAT, &question(5)).await;
    eventually("a queued operation", async || {
        let queued = [("llmobs_operation_state", "queued")];
        (server.scrape().await.count("llmobs_operation_active", &queued) == 1).then_some(())
    })
    .await;

    server.terminate();
    eventually("the service no longer accepts connections", async || {
        TcpStream::connect(address).await.is_err().then_some(())
    })
    .await;
    running.read_to_end(Duration::ZERO).await;
    queued_stream.read_to_end(Duration::ZERO).await;
    assert!(running.is_done && running.token_times.len() == 40, "the running answer is complete");
    assert!(queued_stream.is_done && queued_stream.token_times.len() == 5, "the queued answer is complete");

    let (status, log) = server.wait();
    assert!(status.success());
    assert_eq!(last_request_line(&log)["llmobs.operation.outcome"], "completed");
}

#[tokio::test]
async fn a_shutdown_aborts_answers_after_the_drain_limit() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--drain", "200ms"]);
    let mut stream = StreamedAnswer::open(server.address, CHAT, &question(2_000)).await;
    assert!(stream.read_token().await);
    server.terminate();
    stream.read_to_end(Duration::ZERO).await;
    assert_eq!(stream.error["message"], "the server is shutting down");
    let (status, log) = server.wait();
    assert!(status.success());
    let line = last_request_line(&log);
    assert_eq!(
        (line["llmobs.operation.outcome"].as_str(), line["error.type"].as_str()),
        (Some("failed"), Some("shutdown"))
    );
}

/// Sends SIGTERM, waits until the service drains, and sends SIGTERM again.
async fn terminate_twice(server: &Server) {
    server.terminate();
    eventually("the service no longer accepts connections", async || {
        TcpStream::connect(server.address).await.is_err().then_some(())
    })
    .await;
    server.terminate();
}

#[tokio::test]
async fn a_second_signal_aborts_running_and_queued_answers_at_once() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--max-running", "1", "--drain", "10m"]);
    let mut running = StreamedAnswer::open(server.address, CHAT, &question(8_000)).await;
    assert!(running.read_token().await);
    let mut queued = StreamedAnswer::open(server.address, CHAT, &question(8_000)).await;
    terminate_twice(&server).await;
    let second_signal = Instant::now();
    for stream in [&mut running, &mut queued] {
        stream.read_to_end(Duration::ZERO).await;
        assert_eq!(stream.error["message"], "the server is shutting down");
    }
    let (status, log) = server.wait();
    assert!(status.success());
    assert!(second_signal.elapsed() < Duration::from_secs(20), "{:?}", second_signal.elapsed());
    let lines: Vec<Value> = request_lines(&log).collect();
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert_eq!((&line["llmobs.operation.outcome"], &line["error.type"]), (&json!("failed"), &json!("shutdown")));
    }
}

/// The answer is large, because the kernel's buffers absorb small ones.
#[tokio::test]
async fn the_operation_of_a_client_that_stopped_reading_is_exported_at_shutdown() {
    let _lock = lock_shared().await;
    let collector = Collector::start();
    let server = Server::start_with(
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")],
        &["--engine", "synthetic", "--synthetic-bytes", "65536", "--synthetic-token", "1ms", "--drain", "10m"],
    );
    let mut stopped = StreamedAnswer::open(server.address, CHAT, &question(800)).await;
    assert!(stopped.read_token().await);
    eventually("a client that stopped reading", async || {
        let blocked = [("llmobs_operation_state", "blocked")];
        (server.scrape().await.count("llmobs_operation_active", &blocked) == 1).then_some(())
    })
    .await;
    terminate_twice(&server).await;
    let (status, _) = server.wait();
    assert!(status.success());
    drop(stopped);

    let received = collector.inbox().snapshot();
    let shutdown = [("llmobs.operation.outcome", "failed"), ("error.type", "shutdown")];
    assert_eq!(received.last_sum("llmobs.operation.ended", &shutdown), Some(1.0));
    assert_eq!(received.last_sum("llmobs.operation.ended", &[]), Some(1.0));
    assert_eq!(received.last_sum("llmobs.operation.started", &[]), Some(1.0));
    assert_eq!(received.last_sum("llmobs.operation.active", &[]), Some(0.0));
    let span = received.spans.iter().find(|span| span.item.name == "chat synthetic").expect("the operation's span");
    assert_eq!(attributes(&span.item.attributes)["error.type"], "shutdown");
}
