//! Compares the metrics of the service with measurements of its clients, with the real model.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::Page;
use crate::support::Server;
use crate::support::Stream;
use crate::support::alone;
use crate::support::assert_agree;
use crate::support::gaps;

const CLIENTS: usize = 8;
const MODEL: &str = "smollm2-135m-instruct";

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_of_a_real_model_are_those_that_its_clients_measure() {
    let _alone = alone().await;
    let server = Server::start(&["--max-running", "8"]);
    let before = server.page().await;
    eight_concurrent_clients(&server, &before).await;
    a_slow_reader_beside_a_fast_one(&server).await;
}

async fn eight_concurrent_clients(server: &Server, before: &Page) {
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (address, question) = (server.address, question(client, 16 + client));
            tokio::spawn(async move {
                let mut stream = Stream::open(address, "/v1/chat/completions", &question).await;
                stream.read_to_end(Duration::ZERO).await;
                stream
            })
        })
        .collect();
    let mut streams = Vec::new();
    for client in clients {
        streams.push(client.await.expect("a client that is content"));
    }
    let page = server.page().await;

    assert!(streams.iter().all(|stream| stream.done && stream.finish_reason.is_some()));
    assert_eq!(page.started(), CLIENTS as u64);
    assert_eq!(page.ended("completed"), CLIENTS as u64);
    assert_eq!(page.count("llmobs_operation_active", &[]), 0);
    assert_eq!(page.count("llmobs_time_to_first_token_seconds_count", &[]), CLIENTS as u64);
    assert_eq!(
        page.count("llmobs_queue_duration_seconds_count", &[("llmobs_queue_exit", "scheduled")]),
        CLIENTS as u64
    );
    assert_eq!(page.count("llmobs_phase_duration_seconds_count", &[("llmobs_phase_name", "tokenize")]), CLIENTS as u64);
    let tokens: u64 = streams.iter().map(|stream| stream.tokens.len() as u64).sum();
    let prompt: u64 = streams.iter().filter_map(|stream| stream.usage["prompt_tokens"].as_u64()).sum();
    let completion: u64 = streams.iter().filter_map(|stream| stream.usage["completion_tokens"].as_u64()).sum();
    assert_eq!(completion, tokens, "a chunk is a token");
    let direction = |direction| page.count("llmobs_token_processed_total", &[("llmobs_token_direction", direction)]);
    assert_eq!(direction("output"), tokens);
    assert_eq!(direction("input"), prompt);
    assert_eq!(page.count("llmobs_token_wasted_total", &[]), 0);
    let gaps: Vec<f64> = streams.iter().flat_map(Stream::gaps).collect();
    let unmeasured = page.count("llmobs_token_unmeasured_total", &[]);
    assert_eq!(page.count("llmobs_inter_token_duration_seconds_count", &[]) + unmeasured, gaps.len() as u64);
    println!("{CLIENTS} clients: {tokens} tokens by the service and by the clients");

    let first: Vec<f64> = streams.iter().map(Stream::time_to_first_token).collect();
    assert_agree("TTFT", page.mean_since(before, "llmobs_time_to_first_token_seconds"), mean(&first));
    assert_agree(
        "TTFT of completed ones",
        page.mean_since(before, "gen_ai_server_time_to_first_token_seconds"),
        mean(&first),
    );
    assert_agree("ITL", page.mean_since(before, "llmobs_inter_token_duration_seconds"), mean(&gaps));
}

/// Reads one answer slowly and another fast. A slow reader observes its own pace; the service must report the pace of
/// the model, which the fast reader observes because the two sequences are decoded in turn.
async fn a_slow_reader_beside_a_fast_one(server: &Server) {
    let before = server.page().await;
    let story = json!({ "model": MODEL, "stream": true, "max_tokens": 80, "seed": 1, "prompt": "Once upon a time" });
    let mut fast = Stream::open(server.address, "/v1/completions", &story).await;
    assert!(fast.token().await);
    let fast = tokio::spawn(async move {
        fast.read_to_end(Duration::ZERO).await;
        fast
    });
    let mut slow = Stream::open(server.address, "/v1/chat/completions", &question(0, 24)).await;
    slow.read_to_end(Duration::from_millis(150)).await;
    let fast = fast.await.expect("a client that is content");

    // For each token of the slow stream, the concurrent token of the fast stream.
    let beside = fast.tokens.iter().filter(|token| **token >= slow.tokens[0]).take(slow.tokens.len());
    let beside: Vec<_> = beside.copied().collect();
    assert_eq!(beside.len(), slow.tokens.len(), "the fast one lasted longer");
    let model = gaps(&beside);
    let chat = [("gen_ai_operation_name", "chat")];
    let itl = server.page().await.mean_of_since(&before, "llmobs_inter_token_duration_seconds", &chat);
    println!("the slow reader saw a token every {:.1} ms", mean(&slow.gaps()) * 1e3);
    assert_agree("ITL of what it read", itl, mean(&model));
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
