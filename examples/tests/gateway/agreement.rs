//! Compares the metrics of the gateway with those of the observed server behind it.

use std::time::Duration;

use serde_json::json;

use crate::support::ChatProcess;
use crate::support::GatewayProcess;
use crate::support::Measurement;
use crate::support::Page;
use crate::support::StreamedAnswer;
use crate::support::assert_agree;
use crate::support::lock_exclusive;
use crate::support::lock_shared;
use crate::support::post;
use crate::support::question;

const CHAT: &str = "/v1/chat/completions";
const TTFT: &str = "llmobs_time_to_first_token_seconds";
const ITL: &str = "llmobs_inter_token_duration_seconds";
const CLIENTS: u32 = 4;

fn tokens(page: &Page, direction: &str, source: &str) -> u64 {
    let labels = [("llmobs_token_direction", direction), ("llmobs_token_source", source)];
    page.count("llmobs_token_processed_total", &labels)
}

#[tokio::test(flavor = "multi_thread")]
async fn token_counts_equal_and_times_agree_with_those_of_the_server() {
    let _lock = lock_exclusive().await;
    assert_agree(four_clients).await;
}

async fn four_clients() -> Vec<Measurement> {
    let chat = ChatProcess::start(&["--max-running", "8"]);
    let gateway = GatewayProcess::start(chat.address(), &[]);
    let before = [gateway.scrape().await, chat.scrape().await];
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (address, mut question) = (gateway.address(), question(true, 20 + 5 * client));
            question["stream_options"] = json!({ "include_usage": true });
            tokio::spawn(async move {
                let mut stream = StreamedAnswer::open(address, CHAT, &question).await;
                // One client reads slowly, which must not appear as slowness of the model.
                stream.read_to_end(Duration::from_millis(if client == 0 { 30 } else { 0 })).await;
                stream
            })
        })
        .collect();
    let mut streams = Vec::new();
    for client in clients {
        streams.push(client.await.expect("a client does not panic"));
    }
    assert!(streams.iter().all(|stream| stream.is_done));
    let (gateway_page, server_page) = (gateway.scrape().await, chat.scrape().await);

    let received: u64 = streams.iter().map(|stream| stream.token_times.len() as u64).sum();
    assert_eq!(
        (tokens(&gateway_page, "output", "reported"), tokens(&server_page, "output", "reported")),
        (received, received)
    );
    assert_eq!(tokens(&gateway_page, "input", "reported"), tokens(&server_page, "input", "reported"));
    assert_eq!(
        (gateway_page.ended_count("completed"), server_page.ended_count("completed")),
        (u64::from(CLIENTS), u64::from(CLIENTS))
    );
    let gaps =
        |page: &Page| page.count(&format!("{ITL}_count"), &[]) + page.count("llmobs_token_unmeasured_total", &[]);
    let clients = u64::from(CLIENTS);
    assert_eq!(gaps(&server_page), received - clients);
    // Tokens that a delayed gateway reads together with the first token have no gap.
    assert!(
        (received - 2 * clients..=received - clients).contains(&gaps(&gateway_page)),
        "{} gaps of {received} tokens",
        gaps(&gateway_page)
    );

    // The gateway's time to first token includes the transfer of request and answer, and the server's queue.
    let mean = |name| [gateway_page.mean_since(&before[0], name), server_page.mean_since(&before[1], name)];
    let ([first, engine], [inter_token, decode]) = (mean(TTFT), mean(ITL));
    assert!(first > engine, "the TTFT of the gateway includes that of the server");
    vec![
        Measurement { name: "TTFT", gateway: first, upstream: engine, tolerance: 0.005 },
        Measurement { name: "ITL", gateway: inter_token, upstream: decode, tolerance: 0.0 },
    ]
}

#[tokio::test]
async fn without_reported_usage_the_deltas_are_counted() {
    let _lock = lock_shared().await;
    let chat = ChatProcess::start(&["--synthetic-prefill", "5ms", "--synthetic-token", "2ms"]);
    let gateway = GatewayProcess::start(chat.address(), &[]);
    let mut stream = StreamedAnswer::open(gateway.address(), CHAT, &question(true, 25)).await;
    stream.read_to_end(Duration::ZERO).await;
    let page = gateway.scrape().await;
    assert_eq!((tokens(&page, "output", "counted"), tokens(&page, "output", "reported")), (25, 0));
    assert_eq!(tokens(&page, "input", "reported") + tokens(&page, "input", "counted"), 0, "no usage was reported");
    assert_eq!(page.count("gen_ai_client_token_usage_count", &[]), 0, "deltas are not billed tokens");
}

#[tokio::test]
async fn a_complete_answer_has_usage_and_no_token_times() {
    let _lock = lock_shared().await;
    let chat = ChatProcess::start(&["--synthetic-prefill", "5ms", "--synthetic-token", "2ms"]);
    let gateway = GatewayProcess::start(chat.address(), &[]);
    let reply = post(gateway.address(), CHAT, &question(false, 25).to_string()).await;
    let (gateway_page, server_page) = (gateway.scrape().await, chat.scrape().await);
    assert_eq!(reply.json()["usage"]["completion_tokens"], 25);
    assert_eq!(tokens(&gateway_page, "output", "reported"), 25);
    assert_eq!(tokens(&gateway_page, "input", "reported"), tokens(&server_page, "input", "reported"));
    assert_eq!(gateway_page.count(&format!("{TTFT}_count"), &[]) + gateway_page.count(&format!("{ITL}_count"), &[]), 0);
    assert_eq!(gateway_page.count("gen_ai_client_operation_duration_seconds_count", &[]), 1);
}

#[tokio::test]
async fn the_log_has_the_response_id_and_no_content() {
    let _lock = lock_shared().await;
    let chat = ChatProcess::start(&["--synthetic-prefill", "5ms", "--synthetic-token", "2ms"]);
    let gateway = GatewayProcess::start(chat.address(), &[]);
    let mut stream = question(true, 5);
    stream["messages"][0]["content"] = "a secret text".into();
    let streamed = post(gateway.address(), CHAT, &stream.to_string()).await.body;
    let complete = post(gateway.address(), CHAT, &question(false, 5).to_string()).await.json();
    gateway.terminate();
    let (_, log) = gateway.wait();
    let events: Vec<_> = log.iter().filter(|line| line["message"] == "llm_request_complete").collect();
    assert_eq!(events.len(), 2, "{log:#?}");
    let first: serde_json::Value =
        streamed.lines().find_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).expect("a chunk");
    for (end, answer) in events.iter().zip([&first, &complete]) {
        assert_eq!(end["gen_ai.response.id"], answer["id"]);
        assert_eq!(end["gen_ai.response.model"], "synthetic");
    }
    let text = format!("{log:?}");
    assert!(!text.contains("secret") && !text.contains("token token"), "{text}");
}
