//! The results and messages of `PipelineBuilder::check`.

use std::time::Duration;

use llmobs::otlp::CheckReport;
use llmobs::otlp::PipelineBuilder;
use llmobs::otlp::Protocol;
use llmobs::otlp::Signal;

use crate::kit::BOTH;
use crate::kit::nowhere;
use crate::support::collector::Behaviour;
use crate::support::collector::Collector;

fn builder(pairs: &[(&str, &str)]) -> PipelineBuilder {
    llmobs::otlp::builder().environment(pairs.iter().copied())
}

fn check(endpoint: String, protocol: Protocol) -> CheckReport {
    builder(&[]).endpoint(endpoint).protocol(protocol).check(Duration::from_millis(500)).unwrap()
}

#[test]
fn a_collector_that_takes_all_signals_is_well_and_gets_nothing() {
    for protocol in BOTH {
        let collector = Collector::start();
        let report = check(collector.endpoint(), protocol);
        assert!(report.is_ok(), "{report}");
        assert_eq!(report.to_string().matches("taken, in").count(), 3, "{report}");
        let seen = collector.inbox().seen();
        assert_eq!((seen.requests.len(), seen.spans.len(), seen.logs.len(), seen.metrics.len()), (3, 0, 0, 0));
    }
}

#[test]
fn every_way_to_fail_has_words_and_says_what_to_change() {
    for protocol in BOTH {
        for (behaviour, words) in [
            (Behaviour::Unauthenticated, "OTEL_EXPORTER_OTLP_HEADERS"),
            (Behaviour::Unavailable, "log knows more"),
            (Behaviour::Throttle(1), "takes no more at the moment"),
            (Behaviour::Hang, "said nothing"),
            (Behaviour::Page, "web server answers there"),
            (Behaviour::Endless, "no collector"),
            (Behaviour::Close, "closed before an answer"),
        ] {
            let collector = Collector::start();
            collector.behave(behaviour);
            let report = check(collector.endpoint(), protocol);
            let said = report.to_string();
            assert_eq!(report.failed(), Signal::ALL, "{said}");
            assert!(!report.is_ok() && said.contains("FAILED") && said.contains(words), "{behaviour:?}: {said}");
            assert!(!said.contains("secret"), "what the collector wrote stays unsaid: {said}");
        }
        let report = check(format!("http://{}", nowhere()), protocol);
        assert!(report.to_string().contains("Start a collector"), "{report}");
    }
}

#[test]
fn the_variables_are_shown_but_not_the_keys_in_them() {
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
    let said = report.to_string();
    assert!(report.is_ok(), "{said}");
    for words in ["(2 set, not shown)", "OTEL_SERVICE_NAME=assistant", "called `assistant`", "logs: not sent"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(said.contains("Not honoured: OTEL_PROPAGATORS"), "{said}");
    assert!(!said.contains("sesame") && !said.contains("HOME"), "{said}");
}

#[test]
fn a_disabled_sdk_is_said_and_not_well() {
    let report = builder(&[("OTEL_SDK_DISABLED", "true")]).check(Duration::from_secs(1)).unwrap();
    assert!(!report.is_ok());
    assert!(report.to_string().contains("nothing is sent"), "{report}");
}
