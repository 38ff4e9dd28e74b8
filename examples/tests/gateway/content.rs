//! Tests content: bodies are passed on unchanged; a collector receives content only if capture is enabled, and
//! redacted.

use serde_json::json;

use crate::support::Gateway;
use crate::support::Upstream;
use crate::support::beside_others;
use crate::support::post;

const CHAT: &str = "/v1/chat/completions";

/// Returns the data that a collector received about a call, and the body that the client received.
async fn told(mode: &str, stream: bool) -> (String, String) {
    let text = "Write to ulla.unruh@example.org, kaperkanarie.";
    let (kind, answer) = if stream {
        let frames = ["Write to ulla.unr", "uh@example.org, kaper", "kanarie."].map(|piece| {
            format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": { "content": piece } }] }))
        });
        let end = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
        ("text/event-stream", format!("{}data: {end}\n\ndata: [DONE]\n\n", frames.concat()))
    } else {
        let choice = json!({ "index": 0, "message": { "content": text }, "finish_reason": "stop" });
        ("application/json", json!({ "choices": [choice] }).to_string())
    };
    let length = answer.len();
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let upstream = Upstream::saying(head + &answer).await;
    let mut collector = Upstream::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    let gateway = Gateway::capturing(upstream.address, collector.address, mode);
    let question = json!({ "model": "m", "stream": stream, "messages": [
        { "role": "system", "content": "You know otto.ofen@example.org, herzkanarie." },
        { "role": "user", "content": "Whom do I write to?" },
    ] });
    let reply = post(gateway.address(), CHAT, &question.to_string()).await;
    assert_eq!(reply.body, answer, "whatever is captured, this is not touched");
    gateway.terminate();
    assert!(tokio::task::spawn_blocking(|| gateway.ended()).await.expect("nobody panics").0.success());
    let exported = collector.all_asked();
    assert!(exported.iter().any(|asked| asked.head[0].starts_with("POST /v1/traces")));
    let bodies = exported.iter().map(|asked| String::from_utf8_lossy(&asked.body).into_owned());
    (bodies.collect(), reply.body)
}

#[tokio::test]
async fn what_is_said_goes_nowhere_unless_somebody_says_so() {
    let _beside = beside_others().await;
    for stream in [true, false] {
        let (exported, answer) = told("", stream).await;
        assert!(answer.contains("kanarie"));
        for secret in ["kanarie", "kaper", "ulla", "otto", "Whom do I"] {
            assert!(!exported.contains(secret), "{secret}, streamed: {stream}");
        }
    }
}

#[tokio::test]
async fn where_somebody_wants_it_both_ways_are_on_the_span_and_redacted() {
    let _beside = beside_others().await;
    for stream in [true, false] {
        let (exported, _) = told("SPAN_ONLY", stream).await;
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
