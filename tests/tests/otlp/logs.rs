//! Log records: plain events of the application, and the events of the conventions with and without a logger provider.

use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::Observer;
use llmobs::capture::ContentCapture;
use llmobs::content::Message;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

use crate::fixture::MODEL;
use crate::fixture::PROTOCOLS;
use crate::fixture::TIMEOUT;
use crate::fixture::TestService;
use crate::fixture::pipeline_to;
use llmobs_tests::collector::Collector;
use llmobs_tests::collector::attribute;

const DETAILS: &str = "gen_ai.client.inference.operation.details";
const EXCEPTION: &str = "gen_ai.client.operation.exception";

/// Returns the log records of one service after it ran `code` and was shut down.
fn records(service: &TestService, collector: &Collector, code: impl FnOnce(&Observer)) -> Vec<LogRecord> {
    service.run(|| code(&service.observer));
    service.pipeline.shutdown(TIMEOUT).unwrap();
    collector.inbox().logs().into_iter().map(|log| log.item).collect()
}

fn named<'a>(records: &'a [LogRecord], name: &str) -> &'a LogRecord {
    let found: Vec<_> = records.iter().filter(|record| record.event_name == name).collect();
    assert_eq!(found.len(), 1, "{name}: {records:?}");
    found[0]
}

fn fail(observer: &Observer) {
    let operation = observer.chat(MODEL).start();
    operation.marker().input(|| Message::user("hello"));
    operation.fail(Failure::new(ErrorType::Upstream).message("the upstream is busy"));
}

#[test]
fn every_record_has_a_time_and_its_ids_once_and_only_an_event_has_a_name() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let service = TestService::connected(&collector, protocol);
        let records = records(&service, &collector, |observer| {
            tracing::info!(target: "llmobs_application", trace_id = "the application's own", "a log line");
            tracing::info!(name: "order.placed", target: "application", "an event");
            observer.chat(MODEL).start().complete();
        });
        assert_eq!(records.len(), 3);
        named(&records, "order.placed");
        let (line, complete) = (named(&records, ""), named(&records, "llm_request_complete"));
        for record in &records {
            assert!(record.time_unix_nano > 0 && record.observed_time_unix_nano >= record.time_unix_nano);
        }
        assert_eq!(attribute(&line.attributes, "trace_id").as_deref(), Some("the application's own"));
        assert_eq!((complete.trace_id.len(), complete.span_id.len()), (16, 8));
        assert_eq!(
            [attribute(&complete.attributes, "trace_id"), attribute(&complete.attributes, "span_id")],
            [None, None]
        );
        for attribute in &complete.attributes {
            let has_namespace = ["gen_ai.", "llmobs."].iter().any(|prefix| attribute.key.starts_with(prefix));
            assert!(has_namespace || attribute.key == "error.type", "{}", attribute.key);
        }
    }
}

#[test]
fn events_of_the_crates_that_export_are_no_log_records() {
    let collector = Collector::start();
    let service = TestService::connected(&collector, PROTOCOLS[0]);
    let records = records(&service, &collector, |_| {
        // The internal logs of OpenTelemetry have the name of the package as target.
        tracing::error!(target: "opentelemetry-otlp", "an export failed");
        tracing::error!(target: "opentelemetry_sdk::trace", "a span was dropped");
        tracing::error!(target: "tonic::transport", "a connection was closed");
        tracing::error!(target: "tower::buffer", "a buffer is full");
        tracing::error!(target: "opentelemetryish", "an event of the application");
    });
    assert_eq!(records.len(), 1, "{records:?}");
}

#[test]
fn events_with_content_go_to_the_logger_provider_whatever_the_filter() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let settings = pipeline_to(collector.endpoint(), protocol);
        let filter = Targets::new().with_target("llmobs", LevelFilter::OFF);
        let service = TestService::with_filter(settings, filter, |builder| builder.capture(ContentCapture::Events));
        let records = records(&service, &collector, fail);
        assert_eq!(records.len(), 2);
        let exception = named(&records, EXCEPTION);
        assert_eq!(attribute(&exception.attributes, "exception.message").as_deref(), Some("the upstream is busy"));
        assert_eq!((exception.severity_number, exception.severity_text.as_str()), (13, "WARN"));
        let details = named(&records, DETAILS);
        assert_eq!((details.severity_number, details.severity_text.as_str()), (5, "DEBUG"));
        let input = details.attributes.iter().find(|pair| pair.key == "gen_ai.input.messages").unwrap();
        assert!(matches!(input.value.as_ref().unwrap().value, Some(Value::ArrayValue(_))), "{input:?}");
        assert!(records.iter().all(|record| record.time_unix_nano > 0));
    }
}

#[test]
fn without_a_logger_provider_they_are_tracing_events_with_json_text() {
    let collector = Collector::start();
    let pipeline = pipeline_to(collector.endpoint(), PROTOCOLS[0]).build().unwrap();
    let registry = tracing_subscriber::registry().with(pipeline.layer()).with(LevelFilter::DEBUG);
    let observer = Observer::builder().model(MODEL).capture(ContentCapture::Events).build().unwrap();
    tracing::subscriber::with_default(registry, || fail(&observer));
    pipeline.shutdown(TIMEOUT).unwrap();
    let records: Vec<_> = collector.inbox().logs().into_iter().map(|log| log.item).collect();
    let exception = named(&records, EXCEPTION);
    assert_eq!(attribute(&exception.attributes, "exception.message").as_deref(), Some("the upstream is busy"));
    let input = attribute(&named(&records, DETAILS).attributes, "gen_ai.input.messages").unwrap();
    assert_eq!(input, r#"[{"parts":[{"content":"hello","type":"text"}],"role":"user"}]"#);
}

#[test]
fn the_finish_reasons_of_the_details_are_a_list() {
    let collector = Collector::start();
    let settings = pipeline_to(collector.endpoint(), PROTOCOLS[0]);
    let service = TestService::with(settings, |builder| builder.operation_details(true));
    let records = records(&service, &collector, |observer| {
        let operation = observer.chat(MODEL).start();
        operation.marker().finish_reason(llmobs::FinishReason::Length);
        operation.complete();
    });
    let details = named(&records, DETAILS);
    let reasons = details.attributes.iter().find(|pair| pair.key == "gen_ai.response.finish_reasons").unwrap();
    let Some(Value::ArrayValue(reasons)) = &reasons.value.as_ref().unwrap().value else { panic!("{reasons:?}") };
    assert_eq!(reasons.values[0].value, Some(Value::StringValue("length".to_owned())));
}
