//! Tests the second upstream: it gets the calls that the first one cannot answer, until that has recovered.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use tokio::io::AsyncWriteExt;

use crate::support::FakeUpstream;
use crate::support::GatewayProcess;
use crate::support::Page;
use crate::support::RawClient;
use crate::support::eventually;
use crate::support::lock_shared;
use crate::support::post;

const CHAT: &str = "/v1/chat/completions";

const REQUEST: &str = r#"{"model":"m","messages":[{"role":"user","content":"tide"}]}"#;

/// The results after which an upstream is judged.
const RESULTS: usize = 5;

/// Returns the response of an upstream whose answer is this text.
fn answer(text: &str) -> String {
    let choice = format!(r#"{{"index":0,"message":{{"content":"{text}"}},"finish_reason":"stop"}}"#);
    let body = format!(r#"{{"object":"chat.completion","choices":[{choice}]}}"#);
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// Starts an upstream that answers with `failure` while the flag is set, and otherwise with the text `first`.
async fn start_failing(failure: &'static str, is_failing: &Arc<AtomicBool>) -> FakeUpstream {
    let is_failing = Arc::clone(is_failing);
    FakeUpstream::start(move |mut socket| {
        let response = if is_failing.load(Ordering::Relaxed) { failure.to_owned() } else { answer("first") };
        async move {
            let _ = socket.write_all(response.replacen("\r\n", "\r\nconnection: close\r\n", 1).as_bytes()).await;
        }
    })
    .await
}

fn start_gateway(first: &FakeUpstream, second: &FakeUpstream) -> GatewayProcess {
    let fallback = format!("http://{}", second.address);
    GatewayProcess::start(first.address, &["--model", "m", "--fallback", &fallback, "--cool-down", "1"])
}

/// Returns the state of the model at a provider.
fn state(page: &Page, provider: &str) -> &'static str {
    let is_current = |state: &&str| {
        page.count("llmobs_backend_status", &[("gen_ai_provider_name", provider), ("llmobs_backend_state", state)]) == 1
    };
    ["healthy", "degraded", "open"].into_iter().find(is_current).expect("the backend has a state")
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_to_the_second_upstream_until_the_first_has_recovered() {
    let _lock = lock_shared().await;
    let is_failing = Arc::new(AtomicBool::new(true));
    let mut first = start_failing("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", &is_failing).await;
    let mut second = FakeUpstream::start_with_response(answer("second")).await;
    let gateway = start_gateway(&first, &second);
    let ask = async || post(gateway.address(), CHAT, REQUEST).await;

    // Each call that the first upstream refuses is an attempt of the kind fallback.
    for _ in 0..RESULTS {
        let reply = ask().await;
        assert!(reply.status == 200 && reply.body.contains("second"), "{}", reply.body);
    }
    assert_eq!((first.take_requests().len(), second.take_requests().len()), (RESULTS, RESULTS));
    let page = gateway.scrape().await;
    assert_eq!((state(&page, "openai"), state(&page, "fallback")), ("open", "healthy"));
    let fallbacks = [("llmobs_attempt_kind", "fallback"), ("gen_ai_provider_name", "fallback")];
    assert_eq!(page.count("llmobs_operation_attempts_total", &fallbacks), RESULTS as u64);
    assert_eq!(page.ended_count("completed"), RESULTS as u64, "the client saw no error");

    // The open upstream gets single probes, and no call waits for it.
    for _ in 0..2 * RESULTS {
        assert!(ask().await.body.contains("second"));
    }
    assert!(first.take_requests().len() < 2 * RESULTS, "an open upstream is spared");
    assert_eq!(second.take_requests().len(), 2 * RESULTS);

    is_failing.store(false, Ordering::Relaxed);
    eventually("a call that closes the first upstream", async || {
        ask().await;
        (state(&gateway.scrape().await, "openai") == "healthy").then_some(())
    })
    .await;
    second.take_requests();
    assert!(ask().await.body.contains("first"));
    assert_eq!(second.take_requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_break_off_open_an_upstream_too() {
    let _lock = lock_shared().await;
    let broken = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 999\r\n\r\n\
        data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"fir\"}}]}\n\n";
    let first = start_failing(broken, &Arc::new(AtomicBool::new(true))).await;
    let second = FakeUpstream::start_with_response(answer("second")).await;
    let gateway = start_gateway(&first, &second);
    // An answer that has begun cannot be taken back, so the client sees that it breaks off.
    for _ in 0..RESULTS {
        let client = RawClient::post(gateway.address(), CHAT, &["connection: close"], REQUEST).await;
        assert!(client.read_to_end().await.contains("fir"));
    }
    eventually("the first upstream is open", async || {
        (state(&gateway.scrape().await, "openai") == "open").then_some(())
    })
    .await;
    assert!(post(gateway.address(), CHAT, REQUEST).await.body.contains("second"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_upstream_the_last_one_is_tried() {
    let _lock = lock_shared().await;
    let refusal = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
    let mut first = FakeUpstream::start_with_response(refusal).await;
    let mut second = FakeUpstream::start_with_response(refusal).await;
    let gateway = start_gateway(&first, &second);
    for _ in 0..2 * RESULTS {
        assert_eq!(post(gateway.address(), CHAT, REQUEST).await.status, 503, "the answer of the last upstream");
    }
    let page = gateway.scrape().await;
    assert_eq!((state(&page, "openai"), state(&page, "fallback")), ("open", "open"));
    assert!(first.take_requests().len() < 2 * RESULTS, "an open upstream is spared");
    assert_eq!(second.take_requests().len(), 2 * RESULTS);
    assert_eq!(page.ended_count("rejected/overloaded"), 2 * RESULTS as u64);
}
