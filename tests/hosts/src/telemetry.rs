//! The assertions on the telemetry of a host, by signal.

use llmobs_tests::metrics_page::Page;
use llmobs_tests::text_buffer::TextBuffer;
use serde_json::Value;

use crate::caller::SPAN;
use crate::caller::TRACE;
use crate::spans::Spans;
use crate::upstream::INPUT_TOKENS;
use crate::upstream::OUTPUT_TOKENS;
use crate::upstream::TOKEN_TIME;

/// The outcome of each call of [`make_calls`](crate::caller::Caller::make_calls), with its error type and the
/// description on its span.
const OUTCOMES: [(&str, &str, &str); 4] = [
    ("completed", "", ""),
    ("rejected", "rate_limited", "the caller exceeded a rate limit"),
    ("failed", "upstream", "the upstream service failed"),
    ("cancelled", "cancelled", "the caller left before the end"),
];

/// Asserts that a page counts the four calls, their tokens and their requests to this route.
pub fn assert_page(page: &str, route: &str) {
    let page = Page::parse(page);
    for (outcome, error, _) in OUTCOMES {
        let labels = [("llmobs_operation_outcome", outcome), ("error_type", error)];
        let labels = if error.is_empty() { &labels[..1] } else { &labels };
        assert_eq!(page.count("llmobs_operation_ended_total", labels), 1, "{outcome}/{error}");
    }
    assert_eq!(page.count("llmobs_operation_active", &[]), 0);
    let tokens = |direction| {
        let labels = [("llmobs_token_direction", direction), ("llmobs_token_source", "reported")];
        page.count("llmobs_token_processed_total", &labels)
    };
    assert_eq!((tokens("input"), tokens("output")), (INPUT_TOKENS as u64, OUTPUT_TOKENS as u64));
    let requests = |labels: &[(&str, &str)]| page.count("http_server_request_duration_seconds_count", labels);
    assert_eq!(requests(&[("http_route", route)]), 4, "all requests have the route");
    assert_eq!(requests(&[("http_response_status_code", "429")]), 1);
    assert_eq!(requests(&[("error_type", "cancelled")]), 1);
    assert_eq!(requests(&[("error_type", "_OTHER")]), 1, "the answer that was cut");
}

/// Asserts that the log has one record for each of the four calls, in the trace of the caller.
pub fn assert_log(log: &TextBuffer) {
    let text = log.text();
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of the log is JSON"));
    let calls: Vec<Value> = records.filter(|record| record["message"] == "llm_request_complete").collect();
    assert_eq!(calls.len(), OUTCOMES.len(), "{text}");
    for (outcome, error, _) in OUTCOMES {
        let record = calls.iter().find(|record| record["llmobs.operation.outcome"] == outcome);
        let record = record.unwrap_or_else(|| panic!("{outcome} in {text}"));
        assert_eq!(record["error.type"].as_str().unwrap_or_default(), error, "{record}");
        assert_eq!(record["trace_id"], TRACE, "{record}");
        assert_eq!(record["level"], if outcome == "failed" { "ERROR" } else { "INFO" }, "{record}");
    }
    assert!(!text.contains("please") && !text.contains("a text of the provider"), "the log has no content: {text}");
}

/// Asserts that each of the four calls has a span with its error, its time and its place in the trace of the caller.
pub fn assert_spans(spans: &Spans, request: &str) {
    for (outcome, error, description) in OUTCOMES {
        let call = spans.call(outcome);
        assert_eq!(call.name, "chat tiny");
        assert_eq!(call.error.as_deref().unwrap_or_default(), description, "{call:#?}");
        assert_eq!(call.attributes.get("error.type").map_or("", String::as_str), error, "{call:#?}");
        let request_span = spans.with_id(&call.parent_id);
        assert_eq!(request_span.name, request);
        assert_eq!((&*request_span.trace_id, &*request_span.parent_id), (TRACE, SPAN), "{request_span:#?}");
        assert_eq!(call.trace_id, TRACE);
    }
    let complete = spans.call("completed");
    assert!(complete.duration >= TOKEN_TIME * 4, "the span ends with the stream: {complete:#?}");
    assert!(complete.attributes["gen_ai.response.finish_reasons"].contains("stop"));
}
