//! Tests of the checks of log events and resources.

use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::OLD;
use super::pair;
use super::text;
use crate::support::conventions::WIDE_EVENT;
use crate::support::conventions::What;

#[test]
fn each_wrong_of_a_log_event_is_found() {
    let exception = LogRecord {
        event_name: "gen_ai.client.operation.exception".to_owned(),
        severity_number: 13,
        time_unix_nano: 1,
        attributes: vec![pair("exception.type", text("timeout"))],
        ..LogRecord::default()
    };
    let found = |record: &LogRecord| {
        let found = OLD.check_log(record);
        found.into_iter().map(|violation| violation.what).collect::<Vec<_>>()
    };
    assert_eq!(found(&exception), []);
    let loud = LogRecord { severity_number: 17, ..exception.clone() };
    assert!(matches!(&found(&loud)[..], [What::Wrong("severity", ..)]));
    let empty = LogRecord { attributes: Vec::new(), ..exception.clone() };
    assert_eq!(found(&empty), [What::Missing("exception.type".to_owned())]);
    assert_eq!(found(&LogRecord { time_unix_nano: 0, ..exception.clone() }).len(), 1);
    let renamed = LogRecord { event_name: "exception".to_owned(), ..exception };
    assert_eq!(found(&renamed), [What::UnknownSignal]);
    let judged = LogRecord { event_name: "gen_ai.evaluation.result".to_owned(), ..renamed };
    assert_eq!(
        found(&judged),
        [What::Misplaced("exception.type".to_owned()), What::Missing("gen_ai.evaluation.name".to_owned())]
    );
}

#[test]
fn each_field_of_the_wide_event_has_its_type_and_the_common_ones_are_there() {
    let (name, fields) = WIDE_EVENT;
    let empty = LogRecord { event_name: name.to_owned(), severity_number: 9, time_unix_nano: 1, ..Default::default() };
    let always = fields.iter().filter(|(_, _, always)| *always).count();
    let found = OLD.check_log(&empty);
    assert_eq!(found.len(), always + 3, "{found:?}");
    let odd = LogRecord { attributes: vec![pair("prompt", text("x")), pair("attempts", text("1"))], ..empty };
    let found: Vec<_> = OLD.check_log(&odd).into_iter().map(|violation| violation.what).collect();
    assert!(found.contains(&What::UnknownAttribute("prompt".to_owned())));
    assert!(found.iter().any(|what| matches!(what, What::WrongType(name, ..) if name == "attempts")));
    let odd = LogRecord { attributes: vec![pair("outcome", text("done"))], ..odd };
    let found: Vec<_> = OLD.check_log(&odd).into_iter().map(|violation| violation.what).collect();
    assert!(found.iter().any(|what| matches!(what, What::WrongValue(name, _) if name == "outcome")), "{found:?}");
}

#[test]
fn each_wrong_of_a_resource_is_found() {
    let mut resource = Resource {
        attributes: vec![
            pair("service.name", text("chat")),
            pair("service.instance.id", text("1")),
            pair("telemetry.sdk.language", text("rust")),
            pair("telemetry.sdk.name", text("opentelemetry")),
            pair("telemetry.sdk.version", text("0.33.1")),
        ],
        ..Resource::default()
    };
    assert_eq!(OLD.check_resource(&resource), []);
    resource.attributes.push(pair("service.port", text("x")));
    resource.attributes.push(pair("url.path", text("x")));
    resource.attributes.remove(0);
    let found: Vec<_> = OLD.check_resource(&resource).into_iter().map(|violation| violation.what).collect();
    assert_eq!(
        found,
        [
            What::UnknownAttribute("service.port".to_owned()),
            What::Misplaced("url.path".to_owned()),
            What::Missing("service.name".to_owned())
        ]
    );
}
