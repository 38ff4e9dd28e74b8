//! Tests content: bodies are passed on unchanged; a collector receives content only if capture is enabled, and
//! redacted.

use serde_json::json;

use crate::support::FakeUpstream;
use crate::support::GatewayProcess;
use crate::support::lock_shared;
use crate::support::post;

const CHAT: &str = "/v1/chat/completions";

/// Returns the data that a collector received about a call, and the body that the client received.
async fn exported_and_received(mode: &str, stream: bool) -> (String, String) {
    let text = "Write to ulla.unruh@example.org, kaperkanarie.";
    let (content_type, answer) = if stream {
        let frames = ["Write to ulla.unr", "uh@example.org, kaper", "kanarie."].map(|text_part| {
            format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": { "content": text_part } }] }))
        });
        let end = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
        ("text/event-stream", format!("{}data: {end}\n\ndata: [DONE]\n\n", frames.concat()))
    } else {
        let choice = json!({ "index": 0, "message": { "content": text }, "finish_reason": "stop" });
        ("application/json", json!({ "choices": [choice] }).to_string())
    };
    let length = answer.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n");
    let upstream = FakeUpstream::start_with_response(head + &answer).await;
    let mut collector = FakeUpstream::start_with_response("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let gateway = GatewayProcess::start_with_capture(upstream.address, collector.address, mode);
    let question = json!({ "model": "m", "stream": stream, "messages": [
        { "role": "system", "content": "You know otto.ofen@example.org, herzkanarie." },
        { "role": "user", "content": "Whom do I write to?" },
    ] });
    let reply = post(gateway.address(), CHAT, &question.to_string()).await;
    assert_eq!(reply.body, answer, "the body is passed on unchanged");
    gateway.terminate();
    assert!(tokio::task::spawn_blocking(|| gateway.wait()).await.expect("no task panics").0.success());
    let exported = collector.take_requests();
    assert!(exported.iter().any(|request| request.head[0].starts_with("POST /v1/traces")));
    let bodies = exported.iter().map(|request| String::from_utf8_lossy(&request.body).into_owned());
    (bodies.collect(), reply.body)
}

#[tokio::test]
async fn content_is_not_exported_unless_capture_is_enabled() {
    let _lock = lock_shared().await;
    for stream in [true, false] {
        let (exported, answer) = exported_and_received("", stream).await;
        assert!(answer.contains("kanarie"));
        for secret in ["kanarie", "kaper", "ulla", "otto", "Whom do I"] {
            assert!(!exported.contains(secret), "{secret}, streamed: {stream}");
        }
    }
}

#[tokio::test]
async fn with_capture_enabled_input_and_output_are_on_the_span_redacted() {
    let _lock = lock_shared().await;
    for stream in [true, false] {
        let (exported, _) = exported_and_received("SPAN_ONLY", stream).await;
        let input = json!([
            { "role": "system", "parts": [{ "type": "text", "content": "You know [EMAIL], herzkanarie." }] },
            { "role": "user", "parts": [{ "type": "text", "content": "Whom do I write to?" }] },
        ]);
        let output = json!([{
            "role": "assistant", "finish_reason": "stop",
            "parts": [{ "type": "text", "content": "Write to [EMAIL], kaperkanarie." }],
        }]);
        for (name, value) in [("gen_ai.input.messages", input), ("gen_ai.output.messages", output)] {
            assert!(exported.contains(name) && exported.contains(&value.to_string()), "{value}, streamed: {stream}");
        }
        assert!(!exported.contains("ulla") && !exported.contains("otto"));
    }
}
