//! A program whose client library makes `gen_ai` spans itself, as `genai` (feature `otel`) and `rig` do. llmobs leaves the
//! spans to the library, so that no backend adds up the tokens twice.

use bytes::Bytes;
use llmobs::BuildError;
use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Role;
use llmobs::sse;
use llmobs::sse::Dialect;
use llmobs_hosts_tests::upstream::MODEL;
use llmobs_hosts_tests::upstream::Script;
use llmobs_hosts_tests::upstream::Upstream;
use llmobs_tests::metrics_page::Page;
use serde_json::Value;
use tracing::Instrument;

use crate::subscriber::Telemetry;
use crate::subscriber::subscribe;

/// The library: one span for each call, with the usage.
mod library {
    use bytes::Bytes;
    use serde_json::Value;
    use tracing::Instrument;
    use tracing::field::Empty;

    pub(super) async fn chat(url: &str, body: &Value) -> reqwest::Result<(u16, Bytes)> {
        let span = tracing::info_span!("chat", gen_ai.request.model = "tiny", gen_ai.usage.output_tokens = Empty);
        let call = async {
            let answer = reqwest::Client::new().post(url).json(body).send().await?;
            Ok((answer.status().as_u16(), answer.bytes().await?))
        };
        let answer = call.instrument(span.clone()).await?;
        let document: Value = serde_json::from_slice(&answer.1).unwrap_or_default();
        span.record("gen_ai.usage.output_tokens", document["usage"]["completion_tokens"].as_i64());
        Ok(answer)
    }
}

fn observer() -> Result<Observer, BuildError> {
    let observer = Observer::builder().role(Role::Client).provider("tiny-server").model(MODEL); // llmobs
    observer.without_spans().build() // llmobs
}

async fn ask(observer: &Observer, url: &str, body: &Value) -> reqwest::Result<Bytes> {
    let operation = observer.chat(MODEL).start(); // llmobs
    let answer = operation.run(library::chat(url, body)).await; // llmobs
    let (status, bytes) = answer.inspect_err(|_| operation.marker().set_error(ErrorType::Upstream))?; // llmobs
    let summary = sse::parse_response(Dialect::OpenAi, &bytes).unwrap_or_default(); // llmobs
    operation.marker().usage(summary.usage.unwrap_or_default()); // llmobs
    match summary.error.or_else(|| ErrorType::from_http_status(status)) {
        None => operation.complete(),                   // llmobs
        Some(error) => operation.end_with_error(error), // llmobs
    }
    Ok(bytes)
}

async fn calls_of(observer: &Observer) -> Telemetry {
    let telemetry = subscribe();
    let upstream = Upstream::start().await;
    let job = async {
        for script in [Script::Whole, Script::Limited] {
            ask(observer, &upstream.url(), &script.request()).await.unwrap();
        }
    };
    job.instrument(tracing::info_span!("job")).await;
    telemetry
}

fn spans_with_usage(telemetry: &Telemetry) -> usize {
    let names = ["chat", "chat tiny"];
    let spans = names.iter().flat_map(|name| telemetry.spans.named(name));
    spans.filter(|span| span.attributes.contains_key("gen_ai.usage.output_tokens")).count()
}

#[tokio::test]
async fn the_usage_is_on_one_span_and_in_the_metrics_and_the_log() {
    let observer = observer().unwrap();
    let telemetry = calls_of(&observer).await;
    assert_eq!(spans_with_usage(&telemetry), 1);
    assert_eq!(telemetry.spans.named("chat").len(), 2, "the spans of the library");
    assert!(telemetry.spans.named("chat tiny").is_empty(), "no span of llmobs");
    let page = Page::parse(&llmobs::prometheus::page(&observer, None).body);
    assert_eq!((page.ended_count("completed"), page.ended_count("rejected/rate_limited")), (1, 1));
    let output = [("gen_ai_token_type", "output")];
    assert!((page.sum("gen_ai_client_token_usage_sum", &output) - 4.0).abs() < f64::EPSILON);
    let log = telemetry.log.text();
    let records: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let job = &telemetry.spans.named("job")[0].trace_id;
    let in_trace = |record: &&Value| record["message"] == "llm_request_complete" && record["trace_id"] == **job;
    assert_eq!(records.iter().filter(in_trace).count(), 2, "{log}");
}

#[tokio::test]
async fn without_the_setting_the_usage_is_on_two_spans() {
    let observer = Observer::builder().role(Role::Client).model(MODEL).build().unwrap();
    assert_eq!(spans_with_usage(&calls_of(&observer).await), 2);
}
