//! Tests the prices of the answers that pass, and a budget that denies.

use std::fs;

use crate::support::FakeUpstream;
use crate::support::GatewayProcess;
use crate::support::Page;
use crate::support::eventually;
use crate::support::lock_shared;
use crate::support::post;
use llmobs_tests::temp_dir::TempDir;

/// Own prices in dollars per million tokens, and a budget that the fourth answer exceeds.
const PRICES: &str = r#"
    checked_on = 2026-11-20
    [[price]]
    model = "m"
    input = 1.25
    cache_read = 0.125
    output = 10.0000003
    [[budget]]
    name = "test"
    limit_usd = 0.004
    period = "month"
    action = "deny"
"#;

/// The frames of a stream: its answer has 1,201 input tokens, of which 1,024 were read from a cache, and 97 output tokens,
/// of which 64 are reasoning.
const FRAMES: [&str; 4] = [
    r#"{"id":"c1","object":"chat.completion.chunk","created":0,"model":"m","choices":[{"index":0,"delta":{"content":"No"},"finish_reason":null}]}"#,
    r#"{"id":"c1","object":"chat.completion.chunk","created":0,"model":"m","choices":[{"index":0,"delta":{"content":"on."},"finish_reason":"stop"}]}"#,
    r#"{"id":"c1","object":"chat.completion.chunk","created":0,"model":"m","choices":[],"usage":{"prompt_tokens":1201,"completion_tokens":97,"total_tokens":1298,"prompt_tokens_details":{"cached_tokens":1024},"completion_tokens_details":{"reasoning_tokens":64}}}"#,
    "[DONE]",
];

/// The cost of the answer in nano-dollars, by hand: 177 tokens at 1,250, 1,024 at 125, and 97 at 10,000.0003, whose parts
/// add up to the rounded total.
const COST: u64 = 177 * 1_250 + 1_024 * 125 + 970_000;

/// Returns the sum of a row in nano-dollars.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small amount, not negative")]
fn nanos(page: &Page, name: &str, labels: &[(&str, &str)]) -> u64 {
    (page.sum(name, labels) * 1e9).round() as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_of_the_gateway_equal_a_sum_by_hand_and_its_budget_denies() {
    let _lock = lock_shared().await;
    let folder = TempDir::new("gateway-prices");
    let file = folder.path().join("prices.toml");
    fs::write(&file, PRICES).expect("the folder is writable");
    let frames: String = FRAMES.iter().map(|frame| format!("data: {frame}\n\n")).collect();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    let mut upstream = FakeUpstream::start_with_response(format!("{head}{frames}")).await;
    let path = file.to_str().expect("the path is text");
    let gateway = GatewayProcess::start(upstream.address, &["--model", "m", "--prices", path]);

    let request = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"tide"}]}"#;
    let mut passed = 0;
    let denied = loop {
        let reply = post(gateway.address(), "/v1/chat/completions", request).await;
        if reply.status != 200 {
            break reply;
        }
        assert_eq!(reply.body, frames);
        passed += 1;
        eventually("the cost of the answer", async || {
            let cost = nanos(&gateway.scrape().await, "llmobs_cost_usd_total", &[]);
            (cost == passed * COST).then_some(())
        })
        .await;
    };
    // The limit is between the costs of three and of four answers, so the fifth request is denied.
    assert_eq!(passed, 4_000_000_u64.div_ceil(COST));
    assert_eq!(denied.status, 429);
    let wait: u64 = denied.header("retry-after").expect("a time to wait").parse().expect("a number of seconds");
    assert!(wait <= 31 * 24 * 60 * 60, "until the end of the month");
    assert_eq!(upstream.take_requests().len() as u64, passed, "the denied request did not reach the upstream");

    let page = gateway.scrape().await;
    let part = |direction, kind| {
        let labels = [("llmobs_token_direction", direction), ("llmobs_token_kind", kind)];
        nanos(&page, "llmobs_cost_usd_total", &labels)
    };
    assert_eq!(part("input", "uncached"), passed * 177 * 1_250);
    assert_eq!(part("input", "cache_read"), passed * 1_024 * 125);
    assert_eq!(part("output", "text") + part("output", "reasoning"), passed * 970_000);
    assert_eq!(nanos(&page, "llmobs_budget_usage_usd", &[("llmobs_budget_name", "test")]), passed * COST);
    assert_eq!(page.ended_count("rejected/budget_exceeded"), 1);
    assert_eq!(page.ended_count("completed"), passed);
}
