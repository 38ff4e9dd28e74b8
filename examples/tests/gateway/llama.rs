//! Tests the gateway in front of a real llama.cpp server, which reports its own usage and timings in the same answer.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::Compared;
use crate::support::Gateway;
use crate::support::Llama;
use crate::support::Page;
use crate::support::Raw;
use crate::support::alone;
use crate::support::assert_agree;
use crate::support::beside_others;
use crate::support::eventually;
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
async fn tokens_are_those_of_llama_cpp_and_times_agree_with_its_timings() {
    let _alone = alone().await;
    assert_agree(two_streams).await;
}

async fn two_streams() -> Vec<Compared> {
    let llama = Llama::start(None);
    let gateway = Gateway::before(llama.address, &MODEL);
    let mut compared = Vec::new();
    let long = "The first of all questions is what a question is. ".repeat(12);
    let mut before = gateway.page().await;
    // The second request finds its prompt in the cache.
    for (place, cached) in [(0, false), (1, true)] {
        let reply = post(gateway.address(), CHAT, &question(true, 48, &long).to_string()).await;
        let page = gateway.page().await;
        let since = |count: fn(&Page) -> u64| count(&page) - count(&before);
        let frames = frames(&reply.body);
        let end = frames.iter().find(|frame| frame["usage"].is_object()).expect("a report");
        let (usage, timings) = (&end["usage"], &end["timings"]);
        let predicted = timings["predicted_n"].as_f64().expect("a count");

        assert_eq!(since(|page| page.ended("completed")), 1);
        assert_eq!(since(|page| tokens(page, "text")), usage["completion_tokens"].as_u64().expect("a count"));
        assert_eq!(since(|page| tokens(page, "text")), timings["predicted_n"].as_u64().expect("a count"));
        assert_eq!(since(|page| tokens(page, "uncached")), timings["prompt_n"].as_u64().expect("a count"));
        assert_eq!(since(|page| tokens(page, "cache_read")), timings["cache_n"].as_u64().expect("a count"));
        assert_eq!(timings["cache_n"].as_u64() > Some(0), cached, "answer {place}");
        let input = since(|page| tokens(page, "uncached") + tokens(page, "cache_read"));
        assert_eq!(input, usage["prompt_tokens"].as_u64().expect("a count"));

        // llama.cpp parses, templates and tokenizes the request before it processes the prompt.
        let prompt = seconds(&timings["prompt_ms"]);
        let first = page.mean_since(&before, "llmobs_time_to_first_token_seconds");
        assert!(first > prompt, "{first} s, and the prompt alone took {prompt} s");
        compared.push(Compared { what: "prompt and TTFT", gateway: first, upstream: prompt, tolerance: 0.015 });
        let gap = page.mean_since(&before, "llmobs_inter_token_duration_seconds");
        let per_token = seconds(&timings["predicted_ms"]) / (predicted - 1.0);
        compared.push(Compared { what: "ITL", gateway: gap, upstream: per_token, tolerance: 0.0 });
        before = page;
    }
    compared
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_of_llama_cpp_has_its_tokens_and_its_time() {
    let _alone = alone().await;
    assert_agree(a_whole_answer).await;
}

async fn a_whole_answer() -> Vec<Compared> {
    let llama = Llama::start(None);
    let gateway = Gateway::before(llama.address, &MODEL);
    let reply = post(gateway.address(), CHAT, &question(false, 24, "Name a colour.").to_string()).await.json();
    let page = gateway.page().await;
    let timings = &reply["timings"];
    assert_eq!(tokens(&page, "text"), timings["predicted_n"].as_u64().expect("a count"));
    assert_eq!(tokens(&page, "uncached"), timings["prompt_n"].as_u64().expect("a count"));
    let computing = seconds(&timings["prompt_ms"]) + seconds(&timings["predicted_ms"]);
    let duration = page.sum("gen_ai_client_operation_duration_seconds_sum", &[]);
    assert!(duration > computing);
    vec![Compared { what: "duration", gateway: duration, upstream: computing, tolerance: 0.015 }]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_frees_llama_cpp() {
    let _beside = beside_others().await;
    let llama = Llama::start(None);
    let gateway = Gateway::before(llama.address, &MODEL);
    let long = question(true, 1_800, "Count to one thousand.").to_string();
    let mut client = Raw::post(gateway.address(), CHAT, &[], &long).await;
    client.until("\"content\":\"").await;
    drop(client);
    eventually("a cancelled operation", async || (gateway.page().await.ended("cancelled") == 1).then_some(())).await;
    // The server has one slot: if it continued the cancelled answer, this request would wait for a thousand tokens.
    let short = question(true, 2, "Hello").to_string();
    let next = tokio::time::timeout(Duration::from_secs(8), post(gateway.address(), CHAT, &short))
        .await
        .expect("its slot is free");
    assert_eq!(next.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_and_a_bad_request_have_their_types() {
    let _beside = beside_others().await;
    let llama = Llama::start(Some("of-the-test"));
    let gateway = Gateway::before(llama.address, &MODEL);
    let body = question(true, 2, "Hello").to_string();
    let ask = async |key: &str, body: &str| {
        let key = format!("authorization: Bearer {key}");
        Raw::post(gateway.address(), CHAT, &[&key, "connection: close"], body).await.rest().await
    };
    assert!(ask("of-somebody-else", &body).await.starts_with("HTTP/1.1 401 "));
    assert!(ask("of-the-test", r#"{"model":"smollm2","messages":3}"#).await.starts_with("HTTP/1.1 400 "));
    assert!(ask("of-the-test", &body).await.contains("data: [DONE]"));
    let page = gateway.page().await;
    let ends = ["rejected/authentication", "rejected/invalid_request", "completed"].map(|end| page.ended(end));
    assert_eq!(ends, [1, 1, 1]);
}
