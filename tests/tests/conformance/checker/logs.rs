//! Tests of the checks of log events and resources.

use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::V1_41;
use super::key_value;
use super::text;
use llmobs_tests::conventions::COMPLETE_EVENT;
use llmobs_tests::conventions::ViolationKind;
use llmobs_tests::semconv::definition::Requirement;
use llmobs_tests::semconv::llmobs as own;

#[test]
fn each_violation_of_a_log_event_is_found() {
    let exception = LogRecord {
        event_name: "gen_ai.client.operation.exception".to_owned(),
        severity_number: 13,
        time_unix_nano: 1,
        attributes: vec![key_value("exception.type", text("timeout"))],
        ..LogRecord::default()
    };
    let found = |record: &LogRecord| {
        let found = V1_41.check_log(record);
        found.into_iter().map(|violation| violation.kind).collect::<Vec<_>>()
    };
    assert_eq!(found(&exception), []);
    let wrong_severity = LogRecord { severity_number: 17, ..exception.clone() };
    assert!(matches!(&found(&wrong_severity)[..], [ViolationKind::Mismatch("severity", ..)]));
    let empty = LogRecord { attributes: Vec::new(), ..exception.clone() };
    assert_eq!(found(&empty), [ViolationKind::Missing("exception.type".to_owned())]);
    assert_eq!(found(&LogRecord { time_unix_nano: 0, ..exception.clone() }).len(), 1);
    let renamed = LogRecord { event_name: "exception".to_owned(), ..exception };
    assert_eq!(found(&renamed), [ViolationKind::UnknownSignal]);
    let evaluation = LogRecord { event_name: "gen_ai.evaluation.result".to_owned(), ..renamed };
    assert_eq!(
        found(&evaluation),
        [
            ViolationKind::Misplaced("exception.type".to_owned()),
            ViolationKind::Missing("gen_ai.evaluation.name".to_owned())
        ]
    );
}

#[test]
fn each_field_of_the_complete_event_has_its_type_and_the_required_ones_are_present() {
    let definition = own::EVENTS.iter().find(|event| event.name == COMPLETE_EVENT).unwrap();
    let event_name = COMPLETE_EVENT.to_owned();
    let empty = LogRecord { event_name, severity_number: 9, time_unix_nano: 1, ..Default::default() };
    let required = definition.attributes.iter().filter(|(_, level)| *level == Requirement::Required).count();
    let found = V1_41.check_log(&empty);
    assert_eq!(found.len(), required, "{found:?}");
    let invalid = LogRecord {
        attributes: vec![key_value("prompt", text("x")), key_value("llmobs.operation.attempts", text("1"))],
        ..empty
    };
    let found: Vec<_> = V1_41.check_log(&invalid).into_iter().map(|violation| violation.kind).collect();
    assert!(found.contains(&ViolationKind::UnknownAttribute("prompt".to_owned())));
    assert!(
        found
            .iter()
            .any(|kind| matches!(kind, ViolationKind::WrongType(name, ..) if name == "llmobs.operation.attempts"))
    );
    let invalid = LogRecord { attributes: vec![key_value("llmobs.operation.outcome", text("done"))], ..invalid };
    let found: Vec<_> = V1_41.check_log(&invalid).into_iter().map(|violation| violation.kind).collect();
    assert!(
        found
            .iter()
            .any(|kind| matches!(kind, ViolationKind::WrongValue(name, _) if name == "llmobs.operation.outcome")),
        "{found:?}"
    );
}

#[test]
fn each_violation_of_a_resource_is_found() {
    let mut resource = Resource {
        attributes: vec![
            key_value("service.name", text("chat")),
            key_value("service.instance.id", text("1")),
            key_value("telemetry.sdk.language", text("rust")),
            key_value("telemetry.sdk.name", text("opentelemetry")),
            key_value("telemetry.sdk.version", text("0.33.1")),
        ],
        ..Resource::default()
    };
    assert_eq!(V1_41.check_resource(&resource), []);
    resource.attributes.push(key_value("service.port", text("x")));
    resource.attributes.push(key_value("url.path", text("x")));
    resource.attributes.remove(0);
    let found: Vec<_> = V1_41.check_resource(&resource).into_iter().map(|violation| violation.kind).collect();
    assert_eq!(
        found,
        [
            ViolationKind::UnknownAttribute("service.port".to_owned()),
            ViolationKind::Misplaced("url.path".to_owned()),
            ViolationKind::Missing("service.name".to_owned())
        ]
    );
}
