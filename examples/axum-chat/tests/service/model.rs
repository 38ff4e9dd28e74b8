//! Compares the metrics of the service with measurements of its clients, with the real model.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::Page;
use crate::support::Server;
use crate::support::StreamedAnswer;
use crate::support::do_agree;
use crate::support::lock_exclusive;
use llmobs_tests::http_client::gaps;

const CLIENTS: usize = 8;
const MODEL: &str = "smollm2-135m-instruct";

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_of_a_real_model_agree_with_its_clients() {
    let _lock = lock_exclusive().await;
    let server = Server::start(&["--max-running", "8"]);
    let before = server.scrape().await;
    eight_concurrent_clients(&server, &before).await;
    a_slow_and_a_fast_client(&server).await;
}

/// Eleven blocks are enough for one sequence, and not for four.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_model_recomputes_the_sequences_that_lose_their_blocks() {
    let _lock = lock_exclusive().await;
    let server = Server::start(&["--kv-blocks", "11", "--block-size", "8"]);
    let clients: Vec<_> = (0..4)
        .map(|client| {
            let (address, question) = (server.address, question(client, 24));
            tokio::spawn(async move {
                let mut stream = StreamedAnswer::open(address, "/v1/chat/completions", &question).await;
                stream.read_to_end(Duration::ZERO).await;
                stream
            })
        })
        .collect();
    let (mut generated, mut decoded, mut prompts) = (0, 0, 0);
    for client in clients {
        let stream = client.await.expect("a client does not panic");
        assert!(stream.is_done && stream.finish_reason.is_some());
        let tokens = stream.token_times.len() as u64;
        generated += tokens;
        // After the last token of a full answer, no step computes it.
        decoded += tokens - u64::from(stream.finish_reason.as_deref() == Some("length"));
        prompts += stream.usage["prompt_tokens"].as_u64().expect("the usage was requested");
    }
    let page = server.scrape().await;
    let counter = |name| page.count(name, &[]);
    let (preemptions, recomputed) =
        (counter("llmobs_engine_preemptions_total"), counter("llmobs_engine_recomputed_tokens_total"));
    println!("{generated} tokens, {preemptions} preemptions, {recomputed} tokens again");
    assert!(preemptions > 0 && recomputed > 0);
    assert_eq!(counter("llmobs_engine_step_tokens_sum"), prompts + decoded + recomputed);
    assert_eq!(page.count("llmobs_token_processed_total", &[("llmobs_token_direction", "output")]), generated);
    assert_eq!(page.count("llmobs_engine_info", &[("llmobs_engine_quantization", "q4_1")]), 1);
    assert!(page.sum("llmobs_model_load_duration_seconds", &[]) > 0.0);
}

async fn eight_concurrent_clients(server: &Server, before: &Page) {
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (address, question) = (server.address, question(client, 16 + client));
            tokio::spawn(async move {
                let mut stream = StreamedAnswer::open(address, "/v1/chat/completions", &question).await;
                stream.read_to_end(Duration::ZERO).await;
                stream
            })
        })
        .collect();
    let mut streams = Vec::new();
    for client in clients {
        streams.push(client.await.expect("a client does not panic"));
    }
    let page = server.scrape().await;

    assert!(streams.iter().all(|stream| stream.is_done && stream.finish_reason.is_some()));
    assert_eq!(page.started_count(), CLIENTS as u64);
    assert_eq!(page.ended_count("completed"), CLIENTS as u64);
    assert_eq!(page.count("llmobs_operation_active", &[]), 0);
    assert_eq!(page.count("llmobs_time_to_first_token_seconds_count", &[]), CLIENTS as u64);
    assert_eq!(
        page.count("llmobs_queue_duration_seconds_count", &[("llmobs_queue_exit", "scheduled")]),
        CLIENTS as u64
    );
    assert_eq!(page.count("llmobs_phase_duration_seconds_count", &[("llmobs_phase_name", "tokenize")]), CLIENTS as u64);
    let tokens: u64 = streams.iter().map(|stream| stream.token_times.len() as u64).sum();
    let prompt: u64 = streams.iter().filter_map(|stream| stream.usage["prompt_tokens"].as_u64()).sum();
    let completion: u64 = streams.iter().filter_map(|stream| stream.usage["completion_tokens"].as_u64()).sum();
    assert_eq!(completion, tokens, "each chunk is a token");
    let direction = |direction| page.count("llmobs_token_processed_total", &[("llmobs_token_direction", direction)]);
    assert_eq!(direction("output"), tokens);
    assert_eq!(direction("input"), prompt);
    assert_eq!(page.count("llmobs_token_wasted_total", &[]), 0);
    let gaps: Vec<f64> = streams.iter().flat_map(StreamedAnswer::gaps).collect();
    let unmeasured = page.count("llmobs_token_unmeasured_total", &[]);
    assert_eq!(page.count("llmobs_inter_token_duration_seconds_count", &[]) + unmeasured, gaps.len() as u64);
    println!("{CLIENTS} clients: {tokens} tokens in the metrics and at the clients");

    let first: Vec<f64> = streams.iter().map(StreamedAnswer::time_to_first_token).collect();
    assert_agree("TTFT", page.mean_since(before, "llmobs_time_to_first_token_seconds"), mean(&first));
    assert_agree(
        "TTFT of completed operations",
        page.mean_since(before, "gen_ai_server_time_to_first_token_seconds"),
        mean(&first),
    );
    assert_agree("ITL", page.mean_since(before, "llmobs_inter_token_duration_seconds"), mean(&gaps));
}

/// Reads one answer slowly and another fast. A slow client observes its own pace; the service must report the pace of
/// the model, which the fast client observes because the two sequences are decoded in turn.
async fn a_slow_and_a_fast_client(server: &Server) {
    let before = server.scrape().await;
    let story = json!({ "model": MODEL, "stream": true, "max_tokens": 80, "seed": 1, "prompt": "Once upon a time" });
    let mut fast = StreamedAnswer::open(server.address, "/v1/completions", &story).await;
    assert!(fast.read_token().await);
    let fast = tokio::spawn(async move {
        fast.read_to_end(Duration::ZERO).await;
        fast
    });
    let mut slow = StreamedAnswer::open(server.address, "/v1/chat/completions", &question(0, 24)).await;
    slow.read_to_end(Duration::from_millis(150)).await;
    let fast = fast.await.expect("a client does not panic");

    // For each token of the slow stream, the concurrent token of the fast stream.
    let concurrent =
        fast.token_times.iter().filter(|token| **token >= slow.token_times[0]).take(slow.token_times.len());
    let concurrent: Vec<_> = concurrent.copied().collect();
    assert_eq!(concurrent.len(), slow.token_times.len(), "the fast stream ends after the slow one");
    let model = gaps(&concurrent);
    let chat = [("gen_ai_operation_name", "chat")];
    let itl = server.scrape().await.mean_with_labels_since(&before, "llmobs_inter_token_duration_seconds", &chat);
    println!("the slow client received a token every {:.1} ms", mean(&slow.gaps()) * 1e3);
    assert_agree("ITL of the slow stream", itl, mean(&model));
}

/// Returns a request with a prompt so short that the prefill does not dominate the test's time.
fn question(client: usize, max_tokens: usize) -> Value {
    json!({
        "model": MODEL,
        "stream": true,
        "stream_options": { "include_usage": true },
        "max_tokens": max_tokens,
        "seed": client,
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": format!("Tell me about the number {client}.") },
        ],
    })
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred values")]
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Asserts that two measurements of one time agree.
fn assert_agree(what: &str, service: f64, client: f64) {
    assert!(do_agree(what, service, client), "{what}: {service} s by the service, {client} s by the client");
}
