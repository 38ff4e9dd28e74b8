//! The ends of calls: the nine cases of an adoption trial, streamed and whole, on the span, on the page and in the log.

use std::io;

use futures_util::FutureExt;
use http::StatusCode;
use http_body_util::BodyExt;
use opentelemetry::trace::Status;
use tower::ServiceExt;
use tower_layer::Layer;

use crate::fixture::Fixture;
use crate::fixture::InnerRequest;
use crate::fixture::Items;
use crate::fixture::leave_after;
use crate::fixture::post;
use crate::fixture::read;
use crate::fixture::response_of;

const CHAT: &str = "/v1/chat/completions";

fn request(stream: bool) -> http::Request<crate::fixture::ScriptedBody> {
    post(CHAT, &format!(r#"{{"model":"gpt-4","stream":{stream},"messages":[]}}"#))
}

/// Returns the frames of a stream with this number of tokens.
fn tokens(count: usize) -> Items {
    (0..count).map(|_| Ok(b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n".to_vec())).collect()
}

fn frame(text: &str) -> Result<Vec<u8>, io::Error> {
    Ok(text.as_bytes().to_vec())
}

fn broken() -> Result<Vec<u8>, io::Error> {
    Err(io::Error::from(io::ErrorKind::ConnectionReset))
}

const FINISH: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":40}}\n\n";
const WHOLE: &str = r#"{"id":"c1","model":"gpt-4-0613","choices":[{"index":0,"message":{"content":"a"},
    "finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":40}}"#;

/// Asserts the end of the only operation on the page, on the span and in the log.
fn assert_end(fixture: &Fixture, case: &str, outcome: &str, error: Option<&str>) {
    let labels = [("llmobs.operation.outcome", outcome), ("error.type", error.unwrap_or_default())];
    let labels = &labels[..1 + usize::from(error.is_some())];
    assert_eq!(fixture.readings().count("llmobs.operation.ended", labels), 1, "{case}: {:?}", fixture.books());
    assert_eq!((fixture.books().started, fixture.books().ended), (1, 1), "{case}");
    let (span, attributes) = fixture.span("chat gpt-4");
    assert_eq!(attributes.get("error.type").map(|value| value.as_str()), error.map(Into::into), "{case}");
    assert_eq!(matches!(span.status, Status::Error { .. }), error.is_some(), "{case}");
    let log = fixture.log();
    assert_eq!(log["llmobs.operation.outcome"], outcome, "{case}");
    assert_eq!(log.get("error.type").and_then(|value| value.as_str()), error, "{case}");
}

#[tokio::test]
async fn a_complete_call_has_its_tokens_finish_reason_and_times() {
    let mut stream = tokens(40);
    stream.extend([frame(FINISH), frame(USAGE), frame("data: [DONE]\n\n")]);
    for (is_stream, response) in [
        (true, response_of(200, "text/event-stream; charset=utf-8", stream)),
        (false, response_of(200, "application/json", vec![frame(&WHOLE[..50]), frame(&WHOLE[50..])])),
    ] {
        let fixture = Fixture::new();
        let response = fixture.answer(fixture.layer(), request(is_stream), response).await;
        read(response.into_body()).await;
        assert_end(&fixture, "complete", "completed", None);
        let (_, attributes) = fixture.span("chat gpt-4");
        assert_eq!(attributes["gen_ai.usage.output_tokens"], opentelemetry::Value::I64(40));
        assert_eq!(attributes["gen_ai.response.finish_reasons"].to_string(), "[\"stop\"]");
        let source = [("llmobs.token.source", "reported")];
        assert_eq!(fixture.readings().count("llmobs.token.processed", &source), 49);
        assert_eq!(fixture.readings().histogram("llmobs.time_to_first_token", &[]).count, u64::from(is_stream));
    }
}

#[tokio::test]
async fn a_refused_or_failed_call_has_the_error_of_its_body_or_status() {
    for (status, body, outcome, error) in [
        (429, "slow down", "rejected", "rate_limited"),
        (400, r#"{"error":{"type":"invalid_request_error"}}"#, "rejected", "invalid_request"),
        (400, r#"{"error":{"message":"no","code":"content_filter"}}"#, "rejected", "content_filter"),
        (500, r#"{"error":{"message":"CUDA out of memory"}}"#, "failed", "out_of_memory"),
        (500, "", "failed", "upstream"),
        (401, "{}", "rejected", "authentication"),
        (502, "<html>", "failed", "upstream"),
        (200, r#"{"error":{"code":429}}"#, "rejected", "rate_limited"),
        (200, "<html>please log in</html>", "failed", "upstream"),
    ] {
        for (is_stream, content_type) in [(true, "text/event-stream"), (false, "application/json")] {
            let fixture = Fixture::new();
            let response = response_of(status, content_type, vec![frame(body)]);
            let response = fixture.answer(fixture.layer(), request(is_stream), response).await;
            assert_eq!(response.status(), status);
            assert_eq!(read(response.into_body()).await, body.as_bytes());
            assert_end(&fixture, &format!("{status} {body}"), outcome, Some(error));
        }
    }
}

#[tokio::test]
async fn a_response_that_breaks_off_or_ends_early_fails() {
    let mut cut = tokens(10);
    cut.push(broken());
    let mut error_frame = tokens(5);
    error_frame.push(frame("data: {\"error\":{\"message\":\"overloaded\",\"type\":\"overloaded_error\"}}\n\n"));
    for (case, content_type, items, error) in [
        ("cut", "text/event-stream", cut, "upstream"),
        ("no finish reason", "text/event-stream", tokens(10), "upstream"),
        ("error frame", "text/event-stream", error_frame, "overloaded"),
        ("cut before the first byte", "text/event-stream", vec![broken()], "upstream"),
        ("whole, cut", "application/json", vec![frame(&WHOLE[..50]), broken()], "upstream"),
        ("whole, incomplete", "application/json", vec![frame(&WHOLE[..50])], "upstream"),
        ("whole, empty", "application/json", vec![], "upstream"),
    ] {
        let fixture = Fixture::new();
        let is_stream = content_type == "text/event-stream";
        let response = fixture.answer(fixture.layer(), request(is_stream), response_of(200, content_type, items)).await;
        read(response.into_body()).await;
        assert_end(&fixture, case, "failed", Some(error));
    }
}

#[tokio::test]
async fn a_client_that_leaves_cancels_the_call_unless_its_outcome_is_known() {
    let mut whole_then_more = vec![frame(WHOLE)];
    whole_then_more.push(frame("\n"));
    for (case, status, content_type, items, frames, outcome, error) in [
        ("stream", 200, "text/event-stream", tokens(40), 5, "cancelled", Some("cancelled")),
        ("unread", 200, "text/event-stream", tokens(40), 0, "cancelled", Some("cancelled")),
        (
            "whole",
            200,
            "application/json",
            vec![frame(&WHOLE[..9]), frame(&WHOLE[9..])],
            1,
            "cancelled",
            Some("cancelled"),
        ),
        ("whole, read", 200, "application/json", whole_then_more, 1, "completed", None),
        ("error", 429, "application/json", tokens(2), 0, "rejected", Some("rate_limited")),
    ] {
        let fixture = Fixture::new();
        let response = response_of(status, content_type, items);
        let response = fixture.answer(fixture.layer(), request(true), response).await;
        leave_after(frames, response.into_body()).await;
        assert_end(&fixture, case, outcome, error);
    }
}

#[tokio::test]
async fn a_client_that_leaves_before_the_response_cancels_the_call() {
    let fixture = Fixture::new();
    let pending = fixture.send(fixture.layer(), request(true), |_| std::future::pending());
    assert!(tokio::time::timeout(std::time::Duration::from_millis(10), pending).await.is_err());
    assert_end(&fixture, "left", "cancelled", Some("cancelled"));
}

#[tokio::test]
async fn a_client_that_leaves_while_its_request_is_read_cancels_the_call() {
    let fixture = Fixture::new();
    let endless = http_body_util::StreamBody::new(futures_util::stream::pending()).boxed_unsync();
    let request = http::Request::post("/openai/deployments/gpt-4/chat/completions").body(endless).unwrap();
    let reading = fixture.send(fixture.layer(), request, |_| async { unreachable!("the request is not complete") });
    assert!(tokio::time::timeout(std::time::Duration::from_millis(10), reading).await.is_err());
    assert_end(&fixture, "reading", "cancelled", Some("cancelled"));
}

#[tokio::test]
async fn a_request_that_breaks_off_is_cancelled_and_an_invalid_one_rejected() {
    for (kind, outcome, error) in [
        (io::ErrorKind::UnexpectedEof, "cancelled", "cancelled"),
        (io::ErrorKind::InvalidData, "rejected", "invalid_request"),
    ] {
        let request = || {
            let items = vec![frame(r#"{"model":"gpt-4","#), Err(io::Error::from(kind))];
            http::Request::post(CHAT).body(crate::fixture::body_of(items)).unwrap()
        };
        let fixture = Fixture::new();
        let response = fixture
            .send(fixture.layer(), request(), |request| async move {
                let mut body = request.into_body();
                let read = read(&mut body).await;
                assert_eq!(read, br#"{"model":"gpt-4","#, "the bytes before the error");
                response_of(StatusCode::BAD_REQUEST.as_u16(), "text/plain", vec![])
            })
            .await;
        read(response.into_body()).await;
        assert_end(&fixture, "upload", outcome, Some(error));

        let fixture = Fixture::new();
        let failing = tower::service_fn(|request: InnerRequest| async move {
            request.into_body().collect().await.map(|_| response_of(200, "text/plain", vec![]))
        });
        let answer = fixture.layer().layer(failing).oneshot(request()).await;
        assert!(answer.is_err(), "the service passes the error of the body on");
        assert_end(&fixture, "upload and service", outcome, Some(error));
    }
}

#[tokio::test]
async fn a_panic_of_the_service_or_of_its_body_is_internal() {
    let fixture = Fixture::new();
    let panicking = fixture.send(fixture.layer(), request(true), |_| async { panic!("synthetic") });
    let panic = std::panic::AssertUnwindSafe(panicking).catch_unwind().await;
    assert!(panic.is_err());
    assert_end(&fixture, "service", "failed", Some("internal"));

    let fixture = Fixture::new();
    let frames = futures_util::stream::poll_fn(|_| -> std::task::Poll<Option<_>> { panic!("synthetic") });
    let body = http_body_util::StreamBody::new(frames).boxed_unsync();
    let response = http::Response::new(body);
    let mut body = fixture.answer(fixture.layer(), request(false), response).await.into_body();
    assert!(std::panic::AssertUnwindSafe(body.frame()).catch_unwind().await.is_err());
    // The panic was caught: the thread no longer unwinds.
    drop(body);
    assert_end(&fixture, "body", "failed", Some("internal"));
}

#[tokio::test]
async fn a_compressed_response_ends_by_its_status() {
    for (status, outcome, error) in [(200, "completed", None), (503, "rejected", Some("overloaded"))] {
        for content_type in ["text/event-stream", "application/json"] {
            let fixture = Fixture::new();
            let mut response = response_of(status, content_type, vec![Ok(vec![0x1f, 0x8b, b'{', b'}'])]);
            response.headers_mut().insert("content-encoding", http::HeaderValue::from_static("gzip"));
            let response = fixture.answer(fixture.layer(), request(false), response).await;
            assert_eq!(read(response.into_body()).await, [0x1f, 0x8b, b'{', b'}']);
            assert_end(&fixture, "compressed", outcome, error);
        }
    }
}

#[tokio::test]
async fn a_response_with_a_declared_length_ends_with_its_last_byte() {
    let embedding = r#"{"object":"list","data":[],"model":"e","usage":{"prompt_tokens":4,"total_tokens":4}}"#;
    for (encoding, tokens) in [("identity", 4), ("gzip", 0)] {
        let fixture = Fixture::new();
        let mut response = response_of(200, "application/json", vec![frame(embedding), frame("")]);
        response.headers_mut().insert("content-length", embedding.len().into());
        response.headers_mut().insert("content-encoding", http::HeaderValue::from_static(encoding));
        let response = fixture.answer(fixture.layer(), post("/v1/embeddings", r#"{"model":"e"}"#), response).await;
        leave_after(1, response.into_body()).await;
        assert_eq!(fixture.books().completed, 1, "{encoding}");
        assert_eq!(fixture.readings().count("llmobs.token.processed", &[]), tokens, "{encoding}");
    }
}
