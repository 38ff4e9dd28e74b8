//! Compares the metrics of the gateway with those of the observed server behind it.

use std::time::Duration;

use serde_json::json;

use crate::support::Chat;
use crate::support::Compared;
use crate::support::Gateway;
use crate::support::Page;
use crate::support::Stream;
use crate::support::alone;
use crate::support::assert_agree;
use crate::support::beside_others;
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
async fn tokens_are_equal_and_times_agree_with_those_of_the_server_itself() {
    let _alone = alone().await;
    assert_agree(four_clients).await;
}

async fn four_clients() -> Vec<Compared> {
    let chat = Chat::start(&["--max-running", "8"]);
    let gateway = Gateway::before(chat.address(), &[]);
    let before = [gateway.page().await, chat.page().await];
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (address, mut question) = (gateway.address(), question(true, 20 + 5 * client));
            question["stream_options"] = json!({ "include_usage": true });
            tokio::spawn(async move {
                let mut stream = Stream::open(address, CHAT, &question).await;
                // One client reads slowly, which must not appear as slowness of the model.
                stream.read_to_end(Duration::from_millis(if client == 0 { 30 } else { 0 })).await;
                stream
            })
        })
        .collect();
    let mut streams = Vec::new();
    for client in clients {
        streams.push(client.await.expect("a client that is content"));
    }
    assert!(streams.iter().all(|stream| stream.done));
    let (ours, theirs) = (gateway.page().await, chat.page().await);

    let read: u64 = streams.iter().map(|stream| stream.tokens.len() as u64).sum();
    assert_eq!((tokens(&ours, "output", "reported"), tokens(&theirs, "output", "reported")), (read, read));
    assert_eq!(tokens(&ours, "input", "reported"), tokens(&theirs, "input", "reported"));
    assert_eq!((ours.ended("completed"), theirs.ended("completed")), (u64::from(CLIENTS), u64::from(CLIENTS)));
    let gaps =
        |page: &Page| page.count(&format!("{ITL}_count"), &[]) + page.count("llmobs_token_unmeasured_total", &[]);
    let clients = u64::from(CLIENTS);
    assert_eq!(gaps(&theirs), read - clients);
    // Tokens that a delayed gateway reads together with the first token have no gap.
    assert!((read - 2 * clients..=read - clients).contains(&gaps(&ours)), "{} gaps of {read} tokens", gaps(&ours));

    // The gateway's time to first token includes the transfer of request and answer, and the server's queue.
    let mean = |name| [ours.mean_since(&before[0], name), theirs.mean_since(&before[1], name)];
    let ([first, engine], [between, decode]) = (mean(TTFT), mean(ITL));
    assert!(first > engine, "the gateway stands before the server");
    vec![
        Compared { what: "TTFT", gateway: first, upstream: engine, tolerance: 0.005 },
        Compared { what: "ITL", gateway: between, upstream: decode, tolerance: 0.0 },
    ]
}

#[tokio::test]
async fn without_a_report_the_deltas_are_counted() {
    let _beside = beside_others().await;
    let chat = Chat::start(&["--synthetic-prefill", "5ms", "--synthetic-token", "2ms"]);
    let gateway = Gateway::before(chat.address(), &[]);
    let mut stream = Stream::open(gateway.address(), CHAT, &question(true, 25)).await;
    stream.read_to_end(Duration::ZERO).await;
    let page = gateway.page().await;
    assert_eq!((tokens(&page, "output", "counted"), tokens(&page, "output", "reported")), (25, 0));
    assert_eq!(
        tokens(&page, "input", "reported") + tokens(&page, "input", "counted"),
        0,
        "nobody said how long it was"
    );
    assert_eq!(page.count("gen_ai_client_token_usage_count", &[]), 0, "deltas are no billed tokens");
}

#[tokio::test]
async fn a_whole_answer_has_its_usage_and_no_times_of_tokens() {
    let _beside = beside_others().await;
    let chat = Chat::start(&["--synthetic-prefill", "5ms", "--synthetic-token", "2ms"]);
    let gateway = Gateway::before(chat.address(), &[]);
    let reply = post(gateway.address(), CHAT, &question(false, 25).to_string()).await;
    let (ours, theirs) = (gateway.page().await, chat.page().await);
    assert_eq!(reply.json()["usage"]["completion_tokens"], 25);
    assert_eq!(tokens(&ours, "output", "reported"), 25);
    assert_eq!(tokens(&ours, "input", "reported"), tokens(&theirs, "input", "reported"));
    assert_eq!(ours.count(&format!("{TTFT}_count"), &[]) + ours.count(&format!("{ITL}_count"), &[]), 0);
    assert_eq!(ours.count("gen_ai_client_operation_duration_seconds_count", &[]), 1);
}

#[tokio::test]
async fn the_log_names_the_answer_and_holds_nothing_of_it() {
    let _beside = beside_others().await;
    let chat = Chat::start(&["--synthetic-prefill", "5ms", "--synthetic-token", "2ms"]);
    let gateway = Gateway::before(chat.address(), &[]);
    let mut stream = question(true, 5);
    stream["messages"][0]["content"] = "a secret of mine".into();
    let streamed = post(gateway.address(), CHAT, &stream.to_string()).await.body;
    let whole = post(gateway.address(), CHAT, &question(false, 5).to_string()).await.json();
    gateway.terminate();
    let (_, log) = gateway.ended();
    let ends: Vec<_> = log.iter().filter(|line| line["message"] == "llm_request_complete").collect();
    assert_eq!(ends.len(), 2, "{log:#?}");
    let first: serde_json::Value =
        streamed.lines().find_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).expect("a chunk");
    for (end, answer) in ends.iter().zip([&first, &whole]) {
        assert_eq!(end["gen_ai.response.id"], answer["id"]);
        assert_eq!(end["gen_ai.response.model"], "synthetic");
    }
    let text = format!("{log:?}");
    assert!(!text.contains("secret") && !text.contains("token token"), "{text}");
}
