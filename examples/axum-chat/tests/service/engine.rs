//! Tests the engine of the service: blocks of the KV cache, preemptions, the prefix cache, prefill beside decode.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::Page;
use crate::support::Server;
use crate::support::StreamedAnswer;
use crate::support::command;
use crate::support::eventually;
use crate::support::lock_exclusive;
use crate::support::lock_shared;
use crate::support::post;

const COMPLETIONS: &str = "/v1/completions";

fn question(prompt: &str, max_tokens: u32) -> Value {
    json!({ "model": "synthetic", "stream": true, "max_tokens": max_tokens, "prompt": prompt })
}

/// Returns a prompt of this many tokens, which begins with `first`.
fn words(first: &str, count: usize) -> String {
    std::iter::once(first).chain(std::iter::repeat_n("word", count - 1)).collect::<Vec<_>>().join(" ")
}

/// Reads an answer in a task.
async fn read(server: &Server, question: &Value) -> tokio::task::JoinHandle<StreamedAnswer> {
    let mut stream = StreamedAnswer::open(server.address, COMPLETIONS, question).await;
    tokio::spawn(async move {
        stream.read_to_end(Duration::ZERO).await;
        stream
    })
}

/// Waits until the engine has no sequence and no used block.
async fn wait_until_idle(server: &Server) -> Page {
    eventually("an idle engine", async || {
        let page = server.scrape().await;
        let is_idle = page.count("llmobs_engine_sequence_active", &[]) == 0;
        (is_idle && page.count("llmobs_engine_kv_cache_usage", &[]) == 0).then_some(page)
    })
    .await
}

#[tokio::test]
async fn sequences_that_lose_their_blocks_continue_where_they_were() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&[
        "--kv-blocks",
        "12",
        "--block-size",
        "4",
        "--synthetic-prefill",
        "1ms",
        "--synthetic-token",
        "1ms",
    ]);
    let mut readers = Vec::new();
    for _ in 0..8 {
        readers.push(read(&server, &question("one two three four five", 30)).await);
    }
    for reader in readers {
        let stream = reader.await.expect("a client does not panic");
        assert_eq!((stream.token_times.len(), stream.finish_reason.as_deref()), (30, Some("length")));
    }
    let page = wait_until_idle(&server).await;
    assert_eq!((page.started_count(), page.ended_count("completed")), (8, 8));
    let counter = |name| page.count(name, &[]);
    assert_eq!(counter("llmobs_engine_kv_cache_limit"), 12);
    assert_eq!(counter("llmobs_engine_sequence_limit"), 4);
    assert_eq!(counter("llmobs_engine_step_token_limit"), 32 + 3);
    let block_size = [("llmobs_engine_block_size", "4")];
    assert_eq!(page.count("llmobs_engine_info", &block_size), 1);
    let (preemptions, recomputed) =
        (counter("llmobs_engine_preemptions_total"), counter("llmobs_engine_recomputed_tokens_total"));
    // Four sequences of 35 tokens need 36 blocks.
    assert!(preemptions > 0 && recomputed >= 5 * preemptions, "{preemptions} and {recomputed}");
    assert_eq!(page.count("llmobs_operation_preemptions_sum", &[]), preemptions);
    // The last token of each answer is not computed.
    assert_eq!(counter("llmobs_engine_step_tokens_sum"), 8 * (5 + 29) + recomputed);
}

#[tokio::test]
async fn a_prompt_that_can_never_fit_is_rejected_and_an_answer_that_fills_the_cache_ends() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--kv-blocks", "4", "--block-size", "4", "--synthetic-token", "1ms"]);
    for (count, status) in [(15, 200), (16, 400), (17, 400)] {
        let body = json!({ "model": "synthetic", "prompt": words("first", count), "max_tokens": 1 });
        let reply = post(server.address, COMPLETIONS, &body.to_string()).await;
        assert_eq!(reply.status, status, "{count} tokens: {}", reply.body);
        if status == 400 {
            assert_eq!(reply.json()["error"]["code"], "context_length_exceeded");
        }
    }
    let stream = read(&server, &question(&words("first", 6), 100)).await.await.expect("a client does not panic");
    assert_eq!((stream.token_times.len(), stream.finish_reason.as_deref()), (10, Some("length")));
    let page = wait_until_idle(&server).await;
    assert_eq!((page.ended_count("rejected/invalid_request"), page.ended_count("completed")), (2, 2));
    assert_eq!(page.count("llmobs_engine_preemptions_total", &[]), 0);
}

#[tokio::test]
async fn equal_beginnings_share_blocks() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--prefix-cache", "--block-size", "4", "--synthetic-token", "1ms"]);
    // The second prompt is equal, the third one begins differently.
    for first in ["a", "a", "b"] {
        read(&server, &question(&words(first, 13), 2)).await.await.expect("a client does not panic");
    }
    let page = wait_until_idle(&server).await;
    let tokens = |result| page.count("llmobs_engine_prefix_cache_tokens_total", &[("llmobs_cache_result", result)]);
    assert_eq!((tokens("hit"), tokens("miss")), (12, 13 + 1 + 13));
    assert_eq!(page.count("llmobs_engine_step_tokens_sum", &[]), tokens("miss") + 3);
    server.terminate();
    let (_, log) = server.wait();
    let cached: Vec<Value> = log
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).expect("a log line is JSON"))
        .filter(|line| line["message"] == "llm_request_complete")
        .map(|line| line["gen_ai.usage.cache_read.input_tokens"].clone())
        .collect();
    assert_eq!(cached, [Value::Null, json!(12), Value::Null]);
}

/// A prefill of 640 tokens takes 20 times 20 ms.
#[tokio::test]
async fn a_chunked_prefill_delays_the_tokens_of_others_less() {
    let _lock = lock_exclusive().await;
    for (chunk, mixed_steps) in [("640", 1), ("32", 20)] {
        let arguments = ["--synthetic-prefill", "20ms", "--synthetic-token", "2ms", "--prefill-chunk", chunk];
        let server = Server::synthetic(&arguments);
        let mut decoding = StreamedAnswer::open(server.address, COMPLETIONS, &question("first", 400)).await;
        assert!(decoding.read_token().await);
        let long = read(&server, &question(&words("second", 640), 1)).await;
        decoding.read_to_end(Duration::ZERO).await;
        long.await.expect("a client does not panic");
        let page = wait_until_idle(&server).await;
        let mixed = [("llmobs_step_kind", "mixed")];
        assert_eq!(page.count("llmobs_engine_step_duration_seconds_count", &mixed), mixed_steps, "{chunk}");
        let longest = decoding.gaps().into_iter().fold(0.0, f64::max);
        println!("a chunk of {chunk} tokens: the longest gap is {:.0} ms", longest * 1e3);
        assert!(longest >= 0.4 || mixed_steps > 1, "{longest} s");
    }
}

#[tokio::test]
async fn a_step_that_does_not_end_has_an_age_and_the_service_can_be_stopped() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--synthetic-token", "60m", "--drain", "100ms"]);
    let mut hung = StreamedAnswer::open(server.address, COMPLETIONS, &question("one", 5)).await;
    assert!(hung.read_token().await);
    let waiting = StreamedAnswer::open(server.address, COMPLETIONS, &question("two three", 5)).await;
    eventually("a waiting sequence and an age of half a second", async || {
        let page = server.scrape().await;
        let active = |state| page.count("llmobs_engine_sequence_active", &[("llmobs_sequence_state", state)]);
        let age = page.sum("llmobs_engine_step_age_seconds", &[]);
        ((active("running"), active("waiting")) == (1, 1) && age > 0.5).then_some(())
    })
    .await;
    server.terminate();
    hung.read_to_end(Duration::ZERO).await;
    assert_eq!(hung.error["message"], "the server is shutting down");
    drop(waiting);
    assert!(server.wait().0.success());
}

#[test]
fn a_prefix_cache_of_the_real_model_is_refused() {
    let output = command().arg("--prefix-cache").output().expect("the program runs");
    assert!(!output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("--prefix-cache needs --engine synthetic"), "{errors}");
}
