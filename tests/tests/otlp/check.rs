//! The results and messages of `PipelineBuilder::check`.

use std::time::Duration;

use llmobs::otlp::CheckReport;
use llmobs::otlp::PipelineBuilder;
use llmobs::otlp::Protocol;
use llmobs::otlp::Signal;

use crate::fixture::PROTOCOLS;
use crate::fixture::unused_address;
use llmobs_tests::collector::Behaviour;
use llmobs_tests::collector::Collector;

fn builder(pairs: &[(&str, &str)]) -> PipelineBuilder {
    llmobs::otlp::builder().environment(pairs.iter().copied())
}

fn check(endpoint: String, protocol: Protocol) -> CheckReport {
    builder(&[]).endpoint(endpoint).protocol(protocol).check(Duration::from_millis(500)).unwrap()
}

#[test]
fn the_check_of_a_working_collector_succeeds_and_sends_no_items() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let report = check(collector.endpoint(), protocol);
        assert!(report.is_ok(), "{report}");
        assert_eq!(report.to_string().matches("accepted after").count(), 3, "{report}");
        let seen = collector.inbox().snapshot();
        assert_eq!((seen.requests.len(), seen.spans.len(), seen.logs.len(), seen.metrics.len()), (3, 0, 0, 0));
    }
}

#[test]
fn every_failure_has_a_message_that_names_the_remedy() {
    for protocol in PROTOCOLS {
        for (behaviour, words) in [
            (Behaviour::Unauthenticated, "OTEL_EXPORTER_OTLP_HEADERS"),
            (Behaviour::Unavailable, "log of the collector"),
            (Behaviour::Throttle(1), "limits the rate"),
            (Behaviour::Hang, "did not answer in time"),
            (Behaviour::Page, "web server"),
            (Behaviour::Endless, "too large for a collector"),
            (Behaviour::Close, "closed before a response"),
        ] {
            let collector = Collector::start();
            collector.behave(behaviour);
            let report = check(collector.endpoint(), protocol);
            let text = report.to_string();
            assert_eq!(report.failed_signals(), Signal::ALL, "{text}");
            assert!(!report.is_ok() && text.contains("FAILED") && text.contains(words), "{behaviour:?}: {text}");
            assert!(!text.contains("secret"), "the collector's own text is not shown: {text}");
        }
        let report = check(format!("http://{}", unused_address()), protocol);
        assert!(report.to_string().contains("Start a collector"), "{report}");
    }
}

#[test]
fn the_variables_are_shown_without_the_secrets_in_them() {
    let collector = Collector::start();
    let report = builder(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("{}?key=sesame", collector.endpoint())),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=sesame,other=open"),
        ("OTEL_SERVICE_NAME", "assistant"),
        ("OTEL_LOGS_EXPORTER", "none"),
        ("OTEL_PROPAGATORS", "b3"),
        ("HOME", "/nobody"),
    ]);
    let report = report.check(Duration::from_secs(2)).unwrap();
    let text = report.to_string();
    assert!(report.is_ok(), "{text}");
    for words in ["(2 set, not shown)", "OTEL_SERVICE_NAME=assistant", "name is `assistant`", "logs: disabled"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.contains("Not applied: OTEL_PROPAGATORS"), "{text}");
    assert!(!text.contains("sesame") && !text.contains("HOME"), "{text}");
}

#[test]
fn a_disabled_sdk_is_reported_and_is_not_ok() {
    let report = builder(&[("OTEL_SDK_DISABLED", "true")]).check(Duration::from_secs(1)).unwrap();
    assert!(!report.is_ok());
    assert!(report.to_string().contains("nothing is sent"), "{report}");
}
