//! A program that calls a model with reqwest. Its functions are those of the guide `reqwest`.

use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::TryStreamExt;
use llmobs::prelude::*;
use llmobs::semconv::value::AttemptKind;
use llmobs::sse;
use llmobs::sse::Dialect;
use llmobs::tower::inject;
use llmobs_hosts_tests::spans::Span;
use llmobs_hosts_tests::upstream::MODEL;
use llmobs_hosts_tests::upstream::Script;
use llmobs_hosts_tests::upstream::Upstream;
use llmobs_tests::metrics_page::Page;
use reqwest::Client;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::subscriber::Telemetry;
use crate::subscriber::subscribe;

/// Calls the model and returns the whole answer.
async fn whole(observer: &Observer, http: &Client, url: &str, body: &Value) -> reqwest::Result<(StatusCode, Bytes)> {
    let mut request = http.post(url).json(body).build()?;
    let operation = observer.chat("tiny").start(); // llmobs
    operation.in_scope(|| inject(request.headers_mut())); // llmobs
    let call = async {
        let answer = http.execute(request).await?;
        Ok::<_, reqwest::Error>((answer.status(), answer.bytes().await?))
    };
    let result = operation.run(call).await; // llmobs
    let (status, bytes) = result.inspect_err(|error| operation.marker().set_error(error_type(error)))?; // llmobs
    let summary = sse::parse_response(Dialect::OpenAi, &bytes).unwrap_or_default(); // llmobs
    operation.marker().usage(summary.usage.unwrap_or_default()); // llmobs
    summary.finish_reasons.into_iter().for_each(|reason| operation.marker().finish_reason(reason)); // llmobs
    match summary.error.or_else(|| ErrorType::from_http_status(status.as_u16())) {
        None => operation.complete(),                   // llmobs
        Some(error) => operation.end_with_error(error), // llmobs
    }
    Ok((status, bytes))
}

/// Calls the model and returns the bytes of its answer as they arrive. The operation ends with the stream.
async fn streamed(
    observer: &Observer,
    http: &Client,
    url: &str,
    body: &Value,
) -> reqwest::Result<impl Stream<Item = reqwest::Result<Bytes>> + use<>> {
    let mut request = http.post(url).json(body).build()?;
    let operation = observer.chat("tiny").start(); // llmobs
    operation.in_scope(|| inject(request.headers_mut())); // llmobs
    let answer = operation.run(http.execute(request)).await; // llmobs
    let answer = answer.inspect_err(|error| operation.marker().set_error(error_type(error)))?; // llmobs
    if let Err(error) = answer.error_for_status_ref() {
        operation.end_with_error(error_type(&error)); // llmobs
        return Err(error);
    }
    let marker = operation.marker().clone(); // llmobs
    let bytes = answer.bytes_stream().inspect_err(move |error| {
        if error.is_timeout() {
            marker.set_error(ErrorType::Timeout); // llmobs
        }
    });
    Ok(sse::observe(operation, Dialect::OpenAi, bytes))
}

/// Calls the model, and once more if the first attempt has failed for a reason that may pass.
async fn retried(
    observer: &Observer,
    http: &Client,
    url: &str,
    body: &Value,
) -> reqwest::Result<impl Stream<Item = reqwest::Result<Bytes>> + use<>> {
    let request = http.post(url).json(body).build()?;
    let operation = observer.chat("tiny").start(); // llmobs
    let mut kind = AttemptKind::First;
    loop {
        let attempt = operation.start_attempt(kind); // llmobs
        let mut request = request.try_clone().expect("the body is not a stream");
        attempt.in_scope(|| inject(request.headers_mut())); // llmobs
        let answer = attempt.run(http.execute(request)).await; // llmobs
        match answer.and_then(reqwest::Response::error_for_status) {
            Ok(answer) => {
                attempt.complete(); // llmobs
                return Ok(sse::observe(operation, Dialect::OpenAi, answer.bytes_stream())); // llmobs
            }
            Err(error) => {
                attempt.fail(error_type(&error)); // llmobs
                let may_pass = matches!(error_type(&error), ErrorType::Overloaded | ErrorType::RateLimited); // llmobs
                if kind == AttemptKind::Retry || !may_pass {
                    operation.end_with_error(error_type(&error)); // llmobs
                    return Err(error);
                }
                tokio::time::sleep(Duration::from_millis(200)).await; // or the time of `Retry-After`
                kind = AttemptKind::Retry;
            }
        }
    }
}

/// Returns the error type of an error of reqwest.
fn error_type(error: &reqwest::Error) -> ErrorType {
    let status = error.status().and_then(|status| ErrorType::from_http_status(status.as_u16())); // llmobs
    status.unwrap_or(if error.is_timeout() { ErrorType::Timeout } else { ErrorType::Upstream }) // llmobs
}

/// The calls of the program, with what it exports.
struct Program {
    observer: Observer,
    http: Client,
    upstream: Upstream,
    telemetry: Telemetry,
}

impl Program {
    async fn start() -> Self {
        let telemetry = subscribe();
        let observer = Observer::builder().role(Role::Client).provider("tiny-server").model(MODEL); // llmobs
        let observer = observer.build().expect("valid settings"); // llmobs
        let http = Client::builder().read_timeout(Duration::from_secs(1)).build().unwrap();
        Self { observer, http, upstream: Upstream::start().await, telemetry }
    }

    async fn stream(&self, script: Script) -> reqwest::Result<String> {
        let frames = streamed(&self.observer, &self.http, &self.upstream.url(), &script.request()).await?;
        let bytes: Vec<Bytes> = frames.try_collect().await?;
        Ok(bytes.iter().map(|bytes| String::from_utf8_lossy(bytes)).collect())
    }

    /// Returns whether these are all outcomes, each with the number of its calls.
    fn assert_ended(&self, expected: &[(&str, u64)]) {
        let page = Page::parse(&llmobs::prometheus::page(&self.observer, None).body);
        let ended: Vec<_> = expected.iter().map(|(outcome, _)| (*outcome, page.ended_count(outcome))).collect();
        assert_eq!(ended, expected);
        let all: u64 = expected.iter().map(|(_, calls)| calls).sum();
        assert_eq!(page.count("llmobs_operation_ended_total", &[]), all);
        let log = self.telemetry.log.text();
        assert_eq!(log.lines().filter(|line| line.contains("llm_request_complete")).count() as u64, all, "{log}");
    }

    fn only_span(&self) -> Span {
        let mut spans = self.telemetry.spans.named("chat tiny");
        assert_eq!(spans.len(), 1);
        spans.remove(0)
    }
}

#[tokio::test]
async fn a_stream_ends_its_operation_and_the_upstream_is_in_its_trace() {
    let program = Program::start().await;
    assert!(program.stream(Script::Complete).await.unwrap().ends_with("data: [DONE]\n\n"));
    program.assert_ended(&[("completed", 1)]);
    let span = program.only_span();
    assert_eq!(span.attributes["gen_ai.usage.output_tokens"], "4");
    let sent = program.upstream.headers("traceparent");
    assert_eq!(sent, [format!("00-{}-{}-01", span.trace_id, span.span_id)]);
}

#[tokio::test]
async fn a_whole_answer_ends_by_its_status_and_its_body() {
    let program = Program::start().await;
    for script in [Script::Whole, Script::Limited] {
        let url = program.upstream.url();
        let (_, body) = whole(&program.observer, &program.http, &url, &script.request()).await.unwrap();
        assert!(serde_json::from_slice::<Value>(&body).is_ok());
    }
    program.assert_ended(&[("completed", 1), ("rejected/rate_limited", 1)]);
    let completed = program.telemetry.spans.call("completed");
    assert_eq!(completed.attributes["gen_ai.usage.input_tokens"], "9");
    assert!(completed.attributes["gen_ai.response.finish_reasons"].contains("stop"));
}

#[tokio::test]
async fn a_refusal_a_cut_and_a_dropped_stream_have_their_outcomes() {
    let program = Program::start().await;
    assert!(program.stream(Script::Limited).await.unwrap_err().is_status());
    assert!(program.stream(Script::Cut).await.is_err());
    let request = Script::Endless.request();
    let endless = streamed(&program.observer, &program.http, &program.upstream.url(), &request).await.unwrap();
    let mut endless = Box::pin(endless);
    assert!(endless.next().await.is_some());
    drop(endless);
    program.assert_ended(&[("rejected/rate_limited", 1), ("failed/upstream", 1), ("cancelled", 1)]);
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_whole_answer_has_lost_nothing() {
    let program = Program::start().await;
    assert!(program.stream(Script::Unterminated).await.is_err());
    program.assert_ended(&[("completed", 1)]);
}

#[tokio::test]
async fn a_server_that_is_absent_or_silent_has_its_error_type() {
    let program = Program::start().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("http://{}/", silent.local_addr().unwrap());
    let absent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let absent_url = format!("http://{}/", absent.local_addr().unwrap());
    drop(absent);
    for url in [silent_url, absent_url] {
        let body = Script::Whole.request();
        assert!(whole(&program.observer, &program.http, &url, &body).await.is_err());
        assert!(streamed(&program.observer, &program.http, &url, &body).await.is_err());
    }
    program.assert_ended(&[("failed/timeout", 2), ("failed/upstream", 2)]);
}

#[tokio::test]
async fn a_stream_that_pauses_for_too_long_is_a_timeout() {
    let program = Program::start().await;
    let error = program.stream(Script::Pause).await.unwrap_err();
    assert!(error.is_timeout());
    program.assert_ended(&[("failed/timeout", 1)]);
}

#[tokio::test]
async fn a_retry_is_an_attempt_of_the_same_operation() {
    let program = Program::start().await;
    let request = Script::Busy.request();
    let frames = retried(&program.observer, &program.http, &program.upstream.url(), &request).await.unwrap();
    assert!(frames.try_collect::<Vec<_>>().await.is_ok());
    program.assert_ended(&[("completed", 1)]);
    let attempts = program.telemetry.spans.named("attempt");
    let errors: Vec<_> = attempts.iter().map(|span| span.error.as_deref()).collect();
    assert_eq!(errors, [Some("the service had no capacity"), None]);
    let call = program.only_span();
    assert!(attempts.iter().all(|attempt| attempt.parent_id == call.span_id));
    let parents: Vec<_> = attempts.iter().map(|span| format!("00-{}-{}-01", span.trace_id, span.span_id)).collect();
    assert_eq!(program.upstream.headers("traceparent"), parents, "each request is below its attempt");
    let page = Page::parse(&llmobs::prometheus::page(&program.observer, None).body);
    assert_eq!(page.count("llmobs_operation_attempts_total", &[("llmobs_attempt_kind", "retry")]), 1);
}

#[tokio::test]
async fn a_second_refusal_is_the_outcome_of_the_operation() {
    let program = Program::start().await;
    let request = Script::Limited.request();
    assert!(retried(&program.observer, &program.http, &program.upstream.url(), &request).await.is_err());
    program.assert_ended(&[("rejected/rate_limited", 1)]);
    assert_eq!(program.telemetry.spans.named("attempt").len(), 2);
}
