//! Tests the export of conversations and users: a collector receives only what is enabled.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::Collector;
use crate::support::Server;
use crate::support::StreamedAnswer;
use crate::support::attributes;
use crate::support::lock_shared;
use crate::support::post;

const CAPTURE: &str = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
const KEY: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const DETAILS: &str = "gen_ai.client.inference.operation.details";

/// The telemetry that a collector received for one request to each route.
struct CollectedTelemetry {
    /// The attributes of each operation's span, in order.
    spans: Vec<BTreeMap<String, Value>>,
    /// The attributes of each event with operation details.
    details: Vec<BTreeMap<String, Value>>,
    /// All spans and events, and the output of the program.
    all_output: String,
}

impl CollectedTelemetry {
    async fn collect(variables: &[(&str, &str)]) -> Self {
        let collector = Collector::start();
        let endpoint = collector.endpoint();
        let variables = [&[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())], variables].concat();
        let server = Server::start_with(&variables, &["--engine", "synthetic", "--synthetic-token", "1ms"]);
        let request = |body: Value| {
            let common = json!({ "model": "synthetic", "max_tokens": 3, "user": "jane-7" });
            let all = [common, body].map(|fields| fields.as_object().cloned().expect("an object"));
            Value::Object(all.into_iter().flatten().collect())
        };
        let chat = request(json!({ "stream": true, "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": [{ "type": "text", "text": "I am jane@example.org" }] },
            { "role": "assistant", "content": "And?" },
        ] }));
        StreamedAnswer::open(server.address, "/v1/chat/completions", &chat).await.read_to_end(Duration::ZERO).await;
        for path in ["/v1/completions", "/v1/generate"] {
            let body = request(json!({ "prompt": "Dear jane@example.org," })).to_string();
            assert_eq!(post(server.address, path, &body).await.status, 200, "{path}");
        }
        server.terminate();
        let (status, log) = server.wait();
        assert!(status.success(), "{log:?}");

        let (spans, logs) = (collector.inbox().spans(), collector.inbox().logs());
        let all_output = format!("{spans:?} {logs:?} {log:?}");
        let mut operations: Vec<_> = spans
            .iter()
            .map(|span| &span.item)
            .filter(|span| ["chat synthetic", "text_completion synthetic"].contains(&span.name.as_str()))
            .collect();
        operations.sort_by_key(|span| span.start_time_unix_nano);
        assert_eq!(operations.len(), 3, "{all_output}");
        let mut details: Vec<_> = logs.iter().map(|log| &log.item).filter(|log| log.event_name == DETAILS).collect();
        details.sort_by_key(|log| log.time_unix_nano);
        Self {
            spans: operations.into_iter().map(|span| attributes(&span.attributes)).collect(),
            details: details.into_iter().map(|log| attributes(&log.attributes)).collect(),
            all_output,
        }
    }
}

/// Returns the expected redacted input and output of each route.
fn expected_conversations() -> [[Value; 2]; 3] {
    let message = |role: &str, text: &str| json!({ "role": role, "parts": [{ "type": "text", "content": text }] });
    let mut answer = message("assistant", "token token token ");
    answer["finish_reason"] = json!("length");
    let chat = [message("system", "Be brief."), message("user", "I am [EMAIL]"), message("assistant", "And?")];
    let letter = [message("user", "Dear [EMAIL],")];
    [json!(chat), json!(letter), json!(letter)].map(|input| [input, json!([answer])])
}

const MESSAGE_ATTRIBUTES: [&str; 2] = ["gen_ai.input.messages", "gen_ai.output.messages"];

#[tokio::test]
async fn a_collector_receives_redacted_conversations_if_capture_is_enabled() {
    let _lock = lock_shared().await;
    for (mode, on_spans, in_events) in
        [("SPAN_AND_EVENT", true, true), ("span_only", true, false), ("EVENT_ONLY", false, true)]
    {
        let telemetry = CollectedTelemetry::collect(&[(CAPTURE, mode)]).await;
        for (span, conversation) in telemetry.spans.iter().zip(expected_conversations()) {
            let found = MESSAGE_ATTRIBUTES.map(|name| {
                let json = span.get(name).and_then(Value::as_str);
                json.map(|json| serde_json::from_str::<Value>(json).expect("the attribute is JSON"))
            });
            assert_eq!(found, conversation.map(|messages| on_spans.then_some(messages)), "{mode}");
        }
        assert_eq!(telemetry.details.len(), if in_events { 3 } else { 0 }, "{mode}");
        for (details, conversation) in telemetry.details.iter().zip(expected_conversations()) {
            assert_eq!(MESSAGE_ATTRIBUTES.map(|name| details[name].clone()), conversation, "{mode}");
        }
        assert!(!telemetry.all_output.contains("jane"), "{mode}: {}", telemetry.all_output);
    }
}

#[tokio::test]
async fn a_collector_receives_no_conversation_and_no_user_otherwise() {
    let _lock = lock_shared().await;
    for variables in [[].as_slice(), &[(CAPTURE, "NO_CONTENT")], &[(CAPTURE, "yes")]] {
        let CollectedTelemetry { spans, details, all_output } = CollectedTelemetry::collect(variables).await;
        assert!(details.is_empty());
        assert!(spans.iter().all(|span| MESSAGE_ATTRIBUTES.iter().all(|name| !span.contains_key(*name))));
        assert!(spans.iter().all(|span| !span.contains_key("user.id")));
        for text in ["jane", "[EMAIL]", "Be brief", "token token"] {
            assert!(!all_output.contains(text), "{text} with {variables:?}: {all_output}");
        }
    }
}

#[tokio::test]
async fn a_user_has_one_pseudonym_if_there_is_a_key() {
    let _lock = lock_shared().await;
    let CollectedTelemetry { spans, all_output, .. } =
        CollectedTelemetry::collect(&[("LLMOBS_PSEUDONYM_KEY", KEY)]).await;
    let pseudonym = spans[0]["user.id"].as_str().expect("the pseudonym is a string");
    assert!(pseudonym.starts_with("k1:"), "{pseudonym}");
    assert!(spans.iter().all(|span| span["user.id"] == pseudonym), "{spans:?}");
    assert!(!all_output.contains("jane") && !all_output.contains(KEY));
}
