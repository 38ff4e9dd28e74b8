//! Tests that slow or stopped clients do not distort the metrics of the service.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::support::Server;
use crate::support::StreamedAnswer;
use crate::support::do_agree;
use crate::support::eventually;
use crate::support::lock_exclusive;

#[tokio::test]
async fn a_slow_client_does_not_change_the_time_between_tokens() {
    let _lock = lock_exclusive().await;
    let server = Server::synthetic(&["--synthetic-prefill", "40ms", "--synthetic-token", "20ms"]);
    let question = json!({ "model": "synthetic", "stream": true, "max_tokens": 40,
        "messages": [{ "role": "user", "content": "Hello" }] });
    for pause in [Duration::ZERO, Duration::from_millis(50)] {
        // Up to three rounds: on a busy machine, the client or the service may wait for the processor.
        let mut agrees = false;
        for _ in 0..3 {
            let before = server.scrape().await;
            let mut stream = StreamedAnswer::open(server.address, "/v1/chat/completions", &question).await;
            stream.read_to_end(pause).await;
            assert_eq!(stream.token_times.len(), 40);
            let page = server.scrape().await;
            let mean = |name| page.mean_since(&before, name);
            let mean_gap: f64 = stream.gaps().iter().sum::<f64>() / 39.0;
            println!("the client received a token every {:.1} ms", mean_gap * 1e3);
            assert!(mean_gap >= pause.as_secs_f64(), "the client reads slowly");
            agrees = [
                ("ITL", mean("llmobs_inter_token_duration_seconds"), 0.020),
                ("TTFT", mean("llmobs_time_to_first_token_seconds"), stream.time_to_first_token()),
                ("TPOT", mean("gen_ai_server_time_per_output_token_seconds"), 0.020),
            ]
            .iter()
            .fold(true, |agrees, (what, service, client)| do_agree(what, *service, *client) && agrees);
            if agrees {
                break;
            }
        }
        assert!(agrees, "with a pause of {pause:?}, the times did not agree in any of three rounds");
    }
}

/// The kernel's buffers absorb small chunks, so these are large: tens of megabytes in total.
#[tokio::test]
async fn a_stopped_client_is_recorded_as_consumer_wait_and_not_as_latency() {
    let _lock = lock_exclusive().await;
    let server = Server::synthetic(&["--synthetic-bytes", "65536", "--synthetic-token", "1ms"]);
    let question = json!({ "model": "synthetic", "stream": true, "max_tokens": 800,
        "messages": [{ "role": "user", "content": "Hello" }] });
    let before = server.scrape().await;
    let mut stream = StreamedAnswer::open(server.address, "/v1/chat/completions", &question).await;
    assert!(stream.read_token().await);

    // The client stops reading. When the buffers are full, the operation is blocked.
    let blocked = [("llmobs_operation_state", "blocked")];
    eventually("a blocked operation", async || {
        (server.scrape().await.count("llmobs_operation_active", &blocked) == 1).then_some(())
    })
    .await;
    let stopped = Instant::now();
    tokio::time::sleep(Duration::from_millis(700)).await;
    let page = server.scrape().await;
    assert_eq!(page.count("llmobs_operation_active", &blocked), 1);
    let stopped = stopped.elapsed().as_secs_f64();

    stream.read_to_end(Duration::ZERO).await;
    assert!(stream.is_done);
    let page = eventually("the end of the operation", async || {
        let page = server.scrape().await;
        (page.ended_count("completed") == 1).then_some(page)
    })
    .await;
    let wait = page.mean_since(&before, "llmobs_consumer_wait_duration_seconds");
    assert!(wait >= stopped, "{wait} s of consumer wait, but the client had stopped for {stopped} s");
    assert!(page.sum("llmobs_operation_state_time_seconds_total", &blocked) >= stopped);
    let itl = page.mean_since(&before, "llmobs_inter_token_duration_seconds");
    assert!(itl < 0.010, "the engine does not wait for the client: {itl} s per token");
    println!("consumer wait {wait:.3} s, ITL {:.2} ms", itl * 1e3);
}
