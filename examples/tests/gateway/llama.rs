//! Tests the gateway in front of a real llama.cpp server, which reports its own usage and timings in the same answer.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::GatewayProcess;
use crate::support::LlamaServer;
use crate::support::Measurement;
use crate::support::Page;
use crate::support::RawClient;
use crate::support::assert_agree;
use crate::support::eventually;
use crate::support::lock_exclusive;
use crate::support::lock_shared;
use crate::support::post;

const CHAT: &str = "/v1/chat/completions";
const MODEL: [&str; 2] = ["--model", "smollm2"];

fn question(stream: bool, max_tokens: u32, prompt: &str) -> Value {
    json!({
        "model": "smollm2", "stream": stream, "stream_options": { "include_usage": true },
        "max_tokens": max_tokens, "seed": 1, "temperature": 0,
        "messages": [{ "role": "user", "content": prompt }],
    })
}

/// Returns the frames of a streamed answer.
fn frames(body: &str) -> Vec<Value> {
    let data = body.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).expect("a frame is JSON")).collect()
}

/// Converts milliseconds to seconds.
fn seconds(milliseconds: &Value) -> f64 {
    milliseconds.as_f64().expect("a time") / 1e3
}

fn tokens(page: &Page, kind: &str) -> u64 {
    page.count("llmobs_token_processed_total", &[("llmobs_token_kind", kind), ("llmobs_token_source", "reported")])
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_equal_those_of_llama_cpp_and_times_agree_with_its_timings() {
    let _lock = lock_exclusive().await;
    assert_agree(two_streams).await;
}

async fn two_streams() -> Vec<Measurement> {
    let llama = LlamaServer::start(None);
    let gateway = GatewayProcess::start(llama.address, &MODEL);
    let mut measurements = Vec::new();
    let long = "The first of all questions is what a question is. ".repeat(12);
    let mut before = gateway.scrape().await;
    // The second request finds its prompt in the cache.
    for (index, cached) in [(0, false), (1, true)] {
        let reply = post(gateway.address(), CHAT, &question(true, 48, &long).to_string()).await;
        let page = gateway.scrape().await;
        let since = |count: fn(&Page) -> u64| count(&page) - count(&before);
        let frames = frames(&reply.body);
        let end = frames.iter().find(|frame| frame["usage"].is_object()).expect("a frame with usage");
        let (usage, timings) = (&end["usage"], &end["timings"]);
        let predicted = timings["predicted_n"].as_f64().expect("a count");

        assert_eq!(since(|page| page.ended_count("completed")), 1);
        assert_eq!(since(|page| tokens(page, "text")), usage["completion_tokens"].as_u64().expect("a count"));
        assert_eq!(since(|page| tokens(page, "text")), timings["predicted_n"].as_u64().expect("a count"));
        assert_eq!(since(|page| tokens(page, "uncached")), timings["prompt_n"].as_u64().expect("a count"));
        assert_eq!(since(|page| tokens(page, "cache_read")), timings["cache_n"].as_u64().expect("a count"));
        assert_eq!(timings["cache_n"].as_u64() > Some(0), cached, "answer {index}");
        let input = since(|page| tokens(page, "uncached") + tokens(page, "cache_read"));
        assert_eq!(input, usage["prompt_tokens"].as_u64().expect("a count"));

        // llama.cpp parses, templates and tokenizes the request before it processes the prompt.
        let prompt = seconds(&timings["prompt_ms"]);
        let first = page.mean_since(&before, "llmobs_time_to_first_token_seconds");
        assert!(first > prompt, "TTFT of {first} s, but the prompt alone took {prompt} s");
        measurements.push(Measurement { name: "prompt and TTFT", gateway: first, upstream: prompt, tolerance: 0.015 });
        let gap = page.mean_since(&before, "llmobs_inter_token_duration_seconds");
        let per_token = seconds(&timings["predicted_ms"]) / (predicted - 1.0);
        measurements.push(Measurement { name: "ITL", gateway: gap, upstream: per_token, tolerance: 0.0 });
        before = page;
    }
    measurements
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_answer_of_llama_cpp_has_its_tokens_and_its_duration() {
    let _lock = lock_exclusive().await;
    assert_agree(a_complete_answer).await;
}

async fn a_complete_answer() -> Vec<Measurement> {
    let llama = LlamaServer::start(None);
    let gateway = GatewayProcess::start(llama.address, &MODEL);
    let reply = post(gateway.address(), CHAT, &question(false, 24, "Name a colour.").to_string()).await.json();
    let page = gateway.scrape().await;
    let timings = &reply["timings"];
    assert_eq!(tokens(&page, "text"), timings["predicted_n"].as_u64().expect("a count"));
    assert_eq!(tokens(&page, "uncached"), timings["prompt_n"].as_u64().expect("a count"));
    let upstream_duration = seconds(&timings["prompt_ms"]) + seconds(&timings["predicted_ms"]);
    let duration = page.sum("gen_ai_client_operation_duration_seconds_sum", &[]);
    assert!(duration > upstream_duration);
    vec![Measurement { name: "duration", gateway: duration, upstream: upstream_duration, tolerance: 0.015 }]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_disconnects_frees_llama_cpp() {
    let _lock = lock_shared().await;
    let llama = LlamaServer::start(None);
    let gateway = GatewayProcess::start(llama.address, &MODEL);
    let long = question(true, 1_800, "Count to one thousand.").to_string();
    let mut client = RawClient::post(gateway.address(), CHAT, &[], &long).await;
    client.read_until("\"content\":\"").await;
    drop(client);
    eventually("a cancelled operation", async || (gateway.scrape().await.ended_count("cancelled") == 1).then_some(()))
        .await;
    // The server has one slot: if it continued the cancelled answer, this request would wait for a thousand tokens.
    let short = question(true, 2, "Hello").to_string();
    let next = tokio::time::timeout(Duration::from_secs(8), post(gateway.address(), CHAT, &short))
        .await
        .expect("the slot is free");
    assert_eq!(next.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_and_an_invalid_request_have_their_error_types() {
    let _lock = lock_shared().await;
    let llama = LlamaServer::start(Some("test-key"));
    let gateway = GatewayProcess::start(llama.address, &MODEL);
    let body = question(true, 2, "Hello").to_string();
    let send_with_key = async |key: &str, body: &str| {
        let key = format!("authorization: Bearer {key}");
        RawClient::post(gateway.address(), CHAT, &[&key, "connection: close"], body).await.read_to_end().await
    };
    assert!(send_with_key("another-key", &body).await.starts_with("HTTP/1.1 401 "));
    assert!(send_with_key("test-key", r#"{"model":"smollm2","messages":3}"#).await.starts_with("HTTP/1.1 400 "));
    assert!(send_with_key("test-key", &body).await.contains("data: [DONE]"));
    let page = gateway.scrape().await;
    let outcomes =
        ["rejected/authentication", "rejected/invalid_request", "completed"].map(|end| page.ended_count(end));
    assert_eq!(outcomes, [1, 1, 1]);
}
