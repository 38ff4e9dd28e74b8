//! Tests the `async-openai` client example through the gateway: three observers, in client, gateway and server,
//! measure one operation.

use crate::support::ChatProcess;
use crate::support::FakeUpstream;
use crate::support::GatewayProcess;
use crate::support::Page;
use crate::support::eventually;
use crate::support::lock_shared;
use crate::support::run_client;

fn tokens(page: &Page) -> [u64; 2] {
    ["input", "output"].map(|direction| {
        let labels = [("llmobs_token_direction", direction), ("llmobs_token_source", "reported")];
        page.count("llmobs_token_processed_total", &labels)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn client_gateway_and_server_count_equal_tokens_and_see_the_first_token_in_order() {
    let _lock = lock_shared().await;
    let chat = ChatProcess::start(&["--synthetic-prefill", "20ms", "--synthetic-token", "2ms"]);
    let gateway = GatewayProcess::start(chat.address(), &[]);
    let (answer, client_page) = run_client(gateway.address(), "synthetic").await;
    assert_eq!(answer, "token ".repeat(64));
    let (gateway_page, server_page) = (gateway.scrape().await, chat.scrape().await);
    for page in [&client_page, &gateway_page, &server_page] {
        assert_eq!(page.ended_count("completed"), 1);
        assert_eq!(tokens(page), [4, 64]);
    }
    let first =
        [&server_page, &gateway_page, &client_page].map(|page| page.sum("llmobs_time_to_first_token_seconds_sum", &[]));
    assert!(first[0] >= 0.02 && first.is_sorted(), "{first:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_has_the_same_error_type_at_each_observer() {
    let _lock = lock_shared().await;
    let chat = ChatProcess::start(&[]);
    let gateway = GatewayProcess::start(chat.address(), &[]);
    let (_, client_page) = run_client(gateway.address(), "another").await;
    for page in [client_page, gateway.scrape().await, chat.scrape().await] {
        assert_eq!(page.ended_count("rejected/invalid_request"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_stream_fails_at_each_observer() {
    let _lock = lock_shared().await;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    let token = concat!(
        r#"data: {"id":"c1","object":"chat.completion.chunk","created":0,"model":"m","#,
        r#""choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#,
        "\n\n"
    );
    let upstream = FakeUpstream::start_with_response(format!("{head}{token}")).await;
    let gateway = GatewayProcess::start(upstream.address, &[]);
    let (answer, client_page) = run_client(gateway.address(), "m").await;
    assert_eq!((answer.as_str(), client_page.ended_count("failed/upstream")), ("a", 1));
    eventually("the end of the operation", async || {
        (gateway.scrape().await.ended_count("failed/upstream") == 1).then_some(())
    })
    .await;
}
