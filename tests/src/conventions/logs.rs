//! Checks of log events.

use llmobs::semconv::attribute as a;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::LogRecord;

use super::Conventions;
use super::Findings;
use super::Violation;
use super::ViolationKind;
use super::attributes::attribute_text;
use super::attributes::attribute_value;
use crate::semconv::definition::EventDefinition;
use crate::semconv::llmobs as own;

/// The event at the end of an operation.
pub const COMPLETE_EVENT: &str = "llm_request_complete";

/// Fields of the events of llmobs that a bridge passes on as attributes. The pipeline's bridge sets the ids of the log
/// record instead.
const ID_FIELDS: [&str; 2] = ["span_id", "trace_id"];

/// Severity numbers of the OpenTelemetry log data model.
const INFO: i32 = 9;
const WARN: i32 = 13;
const ERROR: i32 = 17;

/// Event with the details of an operation; only inference has it.
const DETAILS: &str = "gen_ai.client.inference.operation.details";

impl Conventions {
    /// Returns all violations of one log event.
    pub fn check_log(&self, record: &LogRecord) -> Vec<Violation> {
        let mut findings = Findings::new(&record.event_name);
        match self.events().find(|event| event.name == record.event_name) {
            Some(definition) => self.check_event(&mut findings, record, definition),
            None => findings.add(ViolationKind::UnknownSignal),
        }
        if record.time_unix_nano == 0 && record.observed_time_unix_nano == 0 {
            findings.add(ViolationKind::Missing("time".to_owned()));
        }
        findings.violations
    }

    fn check_event(&self, findings: &mut Findings, record: &LogRecord, definition: &EventDefinition) {
        let is_id = |pair: &&KeyValue| ID_FIELDS.contains(&pair.key.as_str());
        let attributes: Vec<_> = record.attributes.iter().filter(|pair| !is_id(pair)).cloned().collect();
        self.check_attributes(findings, &attributes, definition.attributes);
        for pair in attributes.iter().filter(|pair| pair.key.starts_with("llmobs.")) {
            if !definition.attributes.iter().any(|(name, _)| *name == pair.key) {
                findings.add(ViolationKind::Misplaced(pair.key.clone()));
            }
        }
        let operation = attribute_text(&record.attributes, a::GEN_AI_OPERATION_NAME);
        if definition.name == DETAILS && operation == Some("embeddings") {
            findings.add(ViolationKind::WrongValue(a::GEN_AI_OPERATION_NAME.to_owned(), "embeddings".to_owned()));
        }
        match definition.severity {
            Some(severity) => findings.expect_eq("severity", severity, record.severity_number),
            None if own::EVENTS.contains(definition) && ![INFO, WARN, ERROR].contains(&record.severity_number) => {
                findings.expect_eq("severity", "INFO, WARN or ERROR", record.severity_number);
            }
            None => {}
        }
        let has = |name: &str| attribute_value(&record.attributes, name).is_some();
        let is_exception = definition.attributes.iter().any(|(name, _)| *name == a::EXCEPTION_TYPE);
        if is_exception && !has(a::EXCEPTION_TYPE) && !has(a::EXCEPTION_MESSAGE) {
            findings.add(ViolationKind::Missing(a::EXCEPTION_TYPE.to_owned()));
        }
    }
}
