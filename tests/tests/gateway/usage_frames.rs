//! The option that makes an upstream report the usage of a stream.

use std::sync::Arc;
use std::sync::Mutex;

use llmobs::gateway::UsageFrames;

use crate::fixture::Fixture;
use crate::fixture::read;
use crate::fixture::response_of;

const TOKEN: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

/// Sends a request, and returns the body and the declared length that the upstream received, and the body that the client
/// received. The upstream splits its answer after this number of bytes.
async fn exchange(fixture: &Fixture, path: &str, body: &str, split: usize) -> (String, Option<usize>, String) {
    let layer = fixture.layer().request_usage(UsageFrames::Removed);
    let received = Arc::new(Mutex::new((String::new(), None)));
    let sink = Arc::clone(&received);
    let mut request = crate::fixture::post(path, body);
    request.headers_mut().insert("content-length", body.len().into());
    let answer = fixture.send(layer, request, move |request| {
        let sink = Arc::clone(&sink);
        async move {
            let length = request.headers()["content-length"].to_str().unwrap().parse().ok();
            let body = String::from_utf8(read(request.into_body()).await).unwrap();
            *sink.lock().unwrap() = (body, length);
            let text = [TOKEN, USAGE, DONE].concat().into_bytes();
            let (first, second) = text.split_at(split);
            let mut response = response_of(200, "text/event-stream", vec![Ok(first.to_vec()), Ok(second.to_vec())]);
            response.headers_mut().insert("content-length", text.len().into());
            response
        }
    });
    let answer = answer.await;
    let has_length = answer.headers().contains_key("content-length");
    let passed = String::from_utf8(read(answer.into_body()).await).unwrap();
    assert_eq!(has_length, passed.contains("usage"), "a shorter body has no declared length");
    let (body, length) = received.lock().unwrap().clone();
    (body, length, passed)
}

#[tokio::test]
async fn the_usage_is_requested_recorded_and_removed() {
    for split in [0, 1, TOKEN.len(), TOKEN.len() + 9, TOKEN.len() + USAGE.len(), TOKEN.len() + USAGE.len() + 3] {
        let fixture = Fixture::new();
        let body = r#"{"model":"m","stream":true}"#;
        let (received, length, passed) = exchange(&fixture, "/v1/chat/completions", body, split).await;
        assert_eq!(received, r#"{"stream_options":{"include_usage":true},"model":"m","stream":true}"#);
        assert_eq!(length, Some(received.len()));
        assert_eq!(passed, [TOKEN, DONE].concat(), "split after {split} bytes");
        assert_eq!(fixture.books().completed, 1);
        let reported = [("llmobs.token.source", "reported")];
        assert_eq!(fixture.readings().count("llmobs.token.processed", &reported), 12);
    }
}

#[tokio::test]
async fn a_client_that_requested_the_usage_receives_it_and_other_requests_are_not_changed() {
    for (path, body) in [
        ("/v1/chat/completions", r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#),
        ("/v1/chat/completions", r#"{"model":"m","stream":false}"#),
        ("/v1/responses", r#"{"model":"m","stream":true,"input":"hi"}"#),
        ("/v1/messages", r#"{"model":"m","stream":true}"#),
        ("/v1/chat/completions", r#"{"model":"m","stream":true"#),
        ("/v1/models", r#"{"model":"m","stream":true}"#),
    ] {
        let fixture = Fixture::new();
        let (received, length, passed) = exchange(&fixture, path, body, 30).await;
        assert_eq!((received.as_str(), length), (body, Some(body.len())));
        assert_eq!(passed, [TOKEN, USAGE, DONE].concat(), "{path} {body}");
    }
}
