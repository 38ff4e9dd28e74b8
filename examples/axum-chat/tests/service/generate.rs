//! Tests one call of `POST /v1/generate` as a client of a `FastAPI` service makes it: its span, its log line and its
//! numbers on the page describe the same call.

use serde_json::Value;
use serde_json::json;

use crate::support::Collector;
use crate::support::Page;
use crate::support::Server;
use crate::support::attributes;
use crate::support::get;
use crate::support::hex;
use crate::support::lock_shared;
use crate::support::post;

const SECRET: &str = "canary-3b1f77";
const OUTPUT_TOKENS: u64 = 4;

/// Returns how much a sample has grown between two scrapes, over the series with these labels.
fn growth([before, after]: [&Page; 2], name: &str, labels: &[(&str, &str)]) -> u64 {
    let of_call = [("gen_ai_operation_name", "chat"), ("gen_ai_request_model", "synthetic")];
    let labels = [&of_call[..], labels].concat();
    after.count(name, &labels) - before.count(name, &labels)
}

#[tokio::test]
async fn one_call_has_one_span_one_log_line_and_one_count_with_the_same_numbers() {
    let _lock = lock_shared().await;
    let collector = Collector::start();
    let server = Server::start_with(
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint())],
        &["--engine", "synthetic", "--synthetic-token", "1ms", "--log", "debug"],
    );
    let before = server.scrape().await;
    let body = json!({ "prompt": format!("Keep {SECRET} secret"), "model": "synthetic", "max_tokens": OUTPUT_TOKENS });
    let reply = post(server.address, "/v1/generate", &body.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let trace = reply.header("x-trace-id").expect("a trace id").to_owned();
    let page_text = get(server.address, "/metrics", &[]).await.body;
    let pages = [&before, &Page::parse(&page_text)];
    server.terminate();
    let (status, log) = server.wait();
    assert!(status.success(), "{log:?}");

    // The span.
    let spans = collector.inbox().spans();
    let calls: Vec<_> = spans.iter().map(|span| &span.item).filter(|span| span.name == "chat synthetic").collect();
    let [call] = calls[..] else { panic!("not one span of the call: {spans:?}") };
    let span = attributes(&call.attributes);
    assert_eq!(hex(&call.trace_id), trace);
    assert_eq!(span["gen_ai.operation.name"], "chat");
    assert_eq!(span["gen_ai.request.model"], "synthetic");
    let input_tokens = span["gen_ai.usage.input_tokens"].as_u64().expect("a number");
    assert_eq!((input_tokens, &span["gen_ai.usage.output_tokens"]), (4, &json!(OUTPUT_TOKENS)));

    // The log line.
    let lines = log.iter().filter(|line| line.contains("llm_request_complete"));
    let lines: Vec<Value> = lines.map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let [line] = &lines[..] else { panic!("not one line of the call: {lines:?}") };
    assert_eq!((&line["message"], &line["trace_id"]), (&json!("llm_request_complete"), &json!(trace)));
    assert_eq!(line["span_id"], hex(&call.span_id));
    for field in ["gen_ai.request.model", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"] {
        assert_eq!(line[field], span[field], "{field}");
    }
    assert!(line["llmobs.operation.duration"].as_f64().is_some_and(|seconds| seconds > 0.0), "{line}");

    // The page.
    assert_eq!(growth(pages, "llmobs_operation_started_total", &[]), 1);
    let completed = [("llmobs_operation_outcome", "completed"), ("llmobs_finish_reason", "length")];
    assert_eq!(growth(pages, "llmobs_operation_ended_total", &completed), 1);
    assert_eq!(growth(pages, "llmobs_operation_ended_total", &[]), 1, "in one outcome");
    assert_eq!(growth(pages, "gen_ai_server_request_duration_seconds_count", &[]), 1);
    assert_eq!(growth(pages, "gen_ai_server_time_to_first_token_seconds_count", &[]), 1);
    for (direction, tokens) in [("input", input_tokens), ("output", OUTPUT_TOKENS)] {
        let direction = [("llmobs_token_direction", direction)];
        assert_eq!(growth(pages, "llmobs_token_processed_total", &direction), tokens, "{direction:?}");
    }

    // The prompt is in none of them.
    let exported = format!("{spans:?} {:?} {:?}", collector.inbox().logs(), collector.inbox().metrics());
    assert!(exported.contains("chat synthetic") && !exported.contains(SECRET));
    assert!(page_text.contains("llmobs_operation_started_total") && !page_text.contains(SECRET));
    assert!(log.iter().all(|line| !line.contains(SECRET)));
}
