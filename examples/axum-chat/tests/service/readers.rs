//! Tests that slow or stopped readers do not distort the metrics of the service.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::support::Server;
use crate::support::Stream;
use crate::support::alone;
use crate::support::assert_agree;
use crate::support::eventually;

#[tokio::test]
async fn a_slow_reader_does_not_change_the_time_between_tokens() {
    let _alone = alone().await;
    let server = Server::synthetic(&["--synthetic-prefill", "40ms", "--synthetic-token", "20ms"]);
    let question = json!({ "model": "synthetic", "stream": true, "max_tokens": 40,
        "messages": [{ "role": "user", "content": "Hello" }] });
    for pause in [Duration::ZERO, Duration::from_millis(50)] {
        let before = server.page().await;
        let mut stream = Stream::open(server.address, "/v1/chat/completions", &question).await;
        stream.read_to_end(pause).await;
        assert_eq!(stream.tokens.len(), 40);
        let page = server.page().await;
        let itl = page.mean_since(&before, "llmobs_inter_token_duration_seconds");
        assert_agree(&format!("ITL with a pause of {pause:?}"), itl, 0.020);
        let ttft = page.mean_since(&before, "llmobs_time_to_first_token_seconds");
        assert_agree("TTFT", ttft, stream.time_to_first_token());
        assert_agree("TPOT", page.mean_since(&before, "gen_ai_server_time_per_output_token_seconds"), 0.020);
        let seen: f64 = stream.gaps().iter().sum::<f64>() / 39.0;
        println!("the client saw a token every {:.1} ms", seen * 1e3);
        assert!(seen >= pause.as_secs_f64(), "the client read slowly");
    }
}

/// The kernel's buffers absorb small chunks, so these are large: tens of megabytes in total.
#[tokio::test]
async fn a_reader_that_stops_shows_as_consumer_wait_and_not_as_latency() {
    let _alone = alone().await;
    let server = Server::synthetic(&["--synthetic-bytes", "65536", "--synthetic-token", "1ms"]);
    let question = json!({ "model": "synthetic", "stream": true, "max_tokens": 800,
        "messages": [{ "role": "user", "content": "Hello" }] });
    let before = server.page().await;
    let mut stream = Stream::open(server.address, "/v1/chat/completions", &question).await;
    assert!(stream.token().await);

    // The client reads no more. When the buffers are full, the operation is blocked.
    let blocked = [("llmobs_operation_state", "blocked")];
    eventually("a blocked operation", async || {
        (server.page().await.count("llmobs_operation_active", &blocked) == 1).then_some(())
    })
    .await;
    let stopped = Instant::now();
    tokio::time::sleep(Duration::from_millis(700)).await;
    let still = server.page().await;
    assert_eq!(still.count("llmobs_operation_active", &blocked), 1);
    let stopped = stopped.elapsed().as_secs_f64();

    stream.read_to_end(Duration::ZERO).await;
    assert!(stream.done);
    let page = eventually("its end", async || {
        let page = server.page().await;
        (page.ended("completed") == 1).then_some(page)
    })
    .await;
    let wait = page.mean_since(&before, "llmobs_consumer_wait_duration_seconds");
    assert!(wait >= stopped, "{wait} s, and the reader stood for {stopped} s");
    assert!(page.sum("llmobs_operation_state_time_seconds_total", &blocked) >= stopped);
    let itl = page.mean_since(&before, "llmobs_inter_token_duration_seconds");
    assert!(itl < 0.010, "the engine never waited for the reader: {itl} s a token");
    println!("consumer wait {wait:.3} s, ITL {:.2} ms", itl * 1e3);
}
