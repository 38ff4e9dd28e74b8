//! Tests the `async-openai` client example through the gateway: three observers measure one operation, each at a
//! different place.

use crate::support::Chat;
use crate::support::Gateway;
use crate::support::Page;
use crate::support::Upstream;
use crate::support::beside_others;
use crate::support::client;
use crate::support::eventually;

fn tokens(page: &Page) -> [u64; 2] {
    ["input", "output"].map(|direction| {
        let labels = [("llmobs_token_direction", direction), ("llmobs_token_source", "reported")];
        page.count("llmobs_token_processed_total", &labels)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn client_gateway_and_server_count_the_same_tokens_and_first_ones_in_the_order_of_their_places() {
    let _beside = beside_others().await;
    let chat = Chat::start(&["--synthetic-prefill", "20ms", "--synthetic-token", "2ms"]);
    let gateway = Gateway::before(chat.address(), &[]);
    let (answer, outer) = client(gateway.address(), "synthetic").await;
    assert_eq!(answer, "token ".repeat(64));
    let (middle, inner) = (gateway.page().await, chat.page().await);
    for page in [&outer, &middle, &inner] {
        assert_eq!(page.ended("completed"), 1);
        assert_eq!(tokens(page), [4, 64]);
    }
    let first = [&inner, &middle, &outer].map(|page| page.sum("llmobs_time_to_first_token_seconds_sum", &[]));
    assert!(first[0] >= 0.02 && first.is_sorted(), "{first:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_has_one_type_at_each_place() {
    let _beside = beside_others().await;
    let chat = Chat::start(&[]);
    let gateway = Gateway::before(chat.address(), &[]);
    let (_, outer) = client(gateway.address(), "another").await;
    for page in [outer, gateway.page().await, chat.page().await] {
        assert_eq!(page.ended("rejected/invalid_request"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_off_fails_at_each_place() {
    let _beside = beside_others().await;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let token = concat!(
        r#"data: {"id":"c1","object":"chat.completion.chunk","created":0,"model":"m","#,
        r#""choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#,
        "\n\n"
    );
    let upstream = Upstream::saying(format!("{head}{token}")).await;
    let gateway = Gateway::before(upstream.address, &[]);
    let (answer, outer) = client(gateway.address(), "m").await;
    assert_eq!((answer.as_str(), outer.ended("failed/upstream")), ("a", 1));
    eventually("its end", async || (gateway.page().await.ended("failed/upstream") == 1).then_some(())).await;
}
