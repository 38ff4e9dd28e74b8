//! Tests answers to valid requests: the formats of OpenAI's API, and one answer on the terminal.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::Reply;
use crate::support::Server;
use crate::support::StreamedAnswer;
use crate::support::command;
use crate::support::get;
use crate::support::lock_shared;
use crate::support::post;

async fn send_request(server: &Server, path: &str, body: &Value) -> Reply {
    let reply = post(server.address, path, &body.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply
}

#[tokio::test]
async fn each_route_answers_in_its_format() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--synthetic-token", "1ms"]);
    let parts = json!([{ "type": "text", "text": "Good" }, { "type": "text", "text": " day" }]);
    let chat = json!({ "model": "synthetic", "max_tokens": 3, "messages": [{ "role": "user", "content": parts }] });
    let reply = send_request(&server, "/v1/chat/completions", &chat).await.json();
    assert_eq!(reply["object"], "chat.completion");
    assert_eq!(reply["choices"][0]["message"], json!({ "role": "assistant", "content": "token token token " }));
    assert_eq!(reply["choices"][0]["finish_reason"], "length");
    assert_eq!(reply["usage"], json!({ "prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6 }));
    assert!(reply["id"].as_str().is_some_and(|id| id.starts_with("chatcmpl-")));

    let completion = json!({ "model": "synthetic", "max_completion_tokens": 2, "prompt": "Good day" });
    let reply = send_request(&server, "/v1/completions", &completion).await.json();
    assert_eq!(reply["object"], "text_completion");
    assert_eq!(reply["choices"][0]["text"], "token token ");
    assert_eq!(reply["usage"]["prompt_tokens"], 2);

    let generate = json!({ "model": "synthetic", "max_tokens": 1, "prompt": "Good day" });
    let reply = send_request(&server, "/v1/generate", &generate).await.json();
    assert_eq!((&reply["model"], &reply["output"]), (&json!("synthetic"), &json!("token ")));
    assert!(reply["latency_ms"].as_f64().is_some_and(|latency| latency >= 40.0), "the prefill alone takes 40 ms");

    let page = server.scrape().await;
    let ended_operations = |name| page.count("llmobs_operation_ended_total", &[("gen_ai_operation_name", name)]);
    assert_eq!((ended_operations("chat"), ended_operations("text_completion")), (2, 1));
    assert_eq!(
        page.count("llmobs_time_to_first_token_seconds_count", &[]),
        3,
        "also for responses that are not streamed"
    );
    assert_eq!(
        page.count("llmobs_token_processed_total", &[("llmobs_token_source", "reported")]),
        3 + 2 + 3 + 3 + 2 + 1
    );
}

#[tokio::test]
async fn streams_end_with_done_and_with_usage_if_requested() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&["--synthetic-token", "1ms"]);
    for (path, question) in [
        ("/v1/chat/completions", json!({ "messages": [{ "role": "user", "content": "Hello" }] })),
        ("/v1/completions", json!({ "prompt": "Hello" })),
    ] {
        for include_usage in [false, true] {
            let mut body = question.clone();
            body["model"] = json!("synthetic");
            body["stream"] = json!(true);
            body["max_tokens"] = json!(4);
            body["stream_options"] = json!({ "include_usage": include_usage });
            let mut stream = StreamedAnswer::open(server.address, path, &body).await;
            stream.read_to_end(Duration::ZERO).await;
            assert_eq!(stream.token_times.len(), 4, "{path}");
            assert_eq!(stream.finish_reason.as_deref(), Some("length"), "{path}");
            assert_eq!(stream.usage["completion_tokens"].as_u64(), include_usage.then_some(4), "{path}");
            assert!(stream.is_done, "{path}");
        }
    }
}

#[tokio::test]
async fn the_service_reports_its_model_and_health() {
    let _lock = lock_shared().await;
    let server = Server::synthetic(&[]);
    let models = get(server.address, "/v1/models", &[]).await.json();
    assert_eq!(models["data"][0]["id"], "synthetic");
    assert_eq!(models["data"][0]["owned_by"], "synthetic");
    assert!(models["data"][0]["description"].as_str().is_some_and(|text| text.starts_with("no model")));
    assert_eq!(get(server.address, "/healthz", &[]).await.json(), json!({ "status": "ok" }));
    let page = server.scrape().await;
    assert_eq!(page.count("llmobs_operation_started_total", &[("gen_ai_provider_name", "synthetic")]), 0);
}

#[tokio::test]
async fn one_answer_on_the_terminal_is_followed_by_a_table_of_timings() {
    let _lock = lock_shared().await;
    let output = command()
        .args(["--engine", "synthetic", "--once", "Good day"])
        .env("LLMOBS_CHAT_MAX_TOKENS", "5")
        .output()
        .expect("the program runs");
    assert!(output.status.success());
    let output_text = String::from_utf8(output.stdout).expect("text");
    assert!(output_text.starts_with("token token token token token \n\n"), "{output_text}");
    let names: Vec<_> = output_text.lines().skip(2).filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(names, ["tokens", "queue", "TTFT", "TPOT", "ITL p50", "ITL p99", "duration"], "{output_text}");
    assert!(output_text.contains("3 in, 5 out (length)"), "{output_text}");
}
