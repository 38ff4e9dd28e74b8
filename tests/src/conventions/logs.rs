//! Checks of log events.

use llmobs::semconv::attribute as a;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::LogRecord;

use self::AttributeType::Boolean;
use self::AttributeType::Double;
use self::AttributeType::Int;
use self::AttributeType::String;
use super::Conventions;
use super::Findings;
use super::Violation;
use super::ViolationKind;
use super::attributes::Requirements;
use super::attributes::attribute_text;
use super::attributes::attribute_value;
use super::attributes::check_type;
use crate::semconv::definition::AttributeType;
use crate::semconv::definition::EventDefinition;
use crate::semconv::definition::Requirement;

/// Fields of an event that only llmobs defines: name, type, and whether every event of that name has the field.
pub type FieldDefinitions = &'static [(&'static str, AttributeType, bool)];

/// The event at the end of an operation, and its fields. Those of the conventions are `COMPLETE_EVENT_ATTRIBUTES`.
pub const COMPLETE_EVENT: (&str, FieldDefinitions) = (
    "llm_request_complete",
    &[
        ("llmobs.consumer_wait.duration", Double, false),
        ("llmobs.decode.duration", Double, false),
        ("llmobs.finish_reasons", String, false),
        ("llmobs.log.ratio", Double, true),
        ("llmobs.log.reason", String, true),
        ("llmobs.objective.result", String, false),
        ("llmobs.operation.attempts", Int, true),
        ("llmobs.operation.duration", Double, true),
        ("llmobs.operation.energy.provisional", Double, false),
        ("llmobs.operation.longest_gap.duration", Double, false),
        ("llmobs.operation.outcome", String, true),
        ("llmobs.operation.preemptions", Int, true),
        ("llmobs.operation.stalls", Int, true),
        ("llmobs.prefill.duration", Double, false),
        ("llmobs.queue.duration", Double, false),
        ("llmobs.role", String, true),
        ("llmobs.time_per_output_token", Double, false),
        ("llmobs.time_to_first_token", Double, false),
        ("llmobs.token.source", String, true),
        ("span_id", String, false),
        ("trace_id", String, false),
    ],
);

/// Events of the GPU sampler.
const GPU_EVENTS: &[(&str, FieldDefinitions, Requirements<'_>)] = &[
    (
        "gpu_shared",
        &[("hw.id", String, true), ("llmobs.gpu.other_processes", Int, true), ("llmobs.gpu.shared", Boolean, true)],
        &[],
    ),
    ("gpu_throttle", &[("hw.id", String, true), ("llmobs.gpu.throttle.reason", String, true)], &[]),
    (
        "gpu_xid",
        &[
            ("hw.id", String, true),
            ("llmobs.gpu.operations", Int, true),
            ("llmobs.gpu.xid.code", String, true),
            ("llmobs.gpu.xid.severity", String, true),
        ],
        &[],
    ),
    (
        "llm_request_energy",
        &[
            ("llmobs.operation.energy.attributed", Double, true),
            ("llmobs.operation.energy.complete", Boolean, true),
            ("llmobs.operation.energy.method", String, true),
            ("llmobs.operation.energy.per_token", Double, false),
            ("llmobs.operation.energy.shared", Boolean, true),
            ("llmobs.operation.energy.source", String, true),
            ("llmobs.operation.gpu.cost.usd", Double, false),
            ("llmobs.operation.gpu.throttled_time", Double, true),
            ("llmobs.operation.gpu.time", Double, true),
            ("span_id", String, false),
            ("trace_id", String, false),
        ],
        &[
            (a::GEN_AI_OPERATION_NAME, Requirement::Required),
            (a::GEN_AI_REQUEST_MODEL, Requirement::Required),
            (a::GEN_AI_USAGE_OUTPUT_TOKENS, Requirement::Required),
        ],
    ),
];

/// Fields with a closed list of values.
const CLOSED_FIELDS: &[(&str, &[&str])] = &[
    ("llmobs.operation.energy.method", &["time"]),
    ("llmobs.operation.energy.source", &["counter", "power_integral"]),
    ("llmobs.log.reason", &["all", "failed", "objective", "sampled"]),
    ("llmobs.operation.outcome", &["completed", "failed", "cancelled", "rejected"]),
    ("llmobs.role", &["server", "gateway", "client"]),
    ("llmobs.token.source", &["reported", "counted", "estimated"]),
];

/// Attributes of the conventions on the wide event.
const COMPLETE_EVENT_ATTRIBUTES: Requirements<'_> = &[
    (a::ERROR_TYPE, Requirement::ConditionallyRequired),
    (a::GEN_AI_CONVERSATION_ID, Requirement::ConditionallyRequired),
    (a::GEN_AI_OPERATION_NAME, Requirement::Required),
    (a::GEN_AI_PROVIDER_NAME, Requirement::Required),
    (a::GEN_AI_REQUEST_MAX_TOKENS, Requirement::Recommended),
    (a::GEN_AI_REQUEST_MODEL, Requirement::Required),
    (a::GEN_AI_REQUEST_STREAM, Requirement::Required),
    (a::GEN_AI_RESPONSE_ID, Requirement::Recommended),
    (a::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
    (a::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, Requirement::Recommended),
    (a::GEN_AI_USAGE_INPUT_TOKENS, Requirement::Recommended),
    (a::GEN_AI_USAGE_OUTPUT_TOKENS, Requirement::Recommended),
    (a::GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, Requirement::Recommended),
];

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
        let defined = self.events().iter().find(|event| event.name == record.event_name);
        match defined {
            Some(definition) => self.check_event(&mut findings, record, definition),
            None if record.event_name == COMPLETE_EVENT.0 => {
                self.check_llmobs_event(&mut findings, record, COMPLETE_EVENT.1, COMPLETE_EVENT_ATTRIBUTES)
            }
            None => match GPU_EVENTS.iter().find(|(name, ..)| *name == record.event_name) {
                Some((_, fields, standard)) => self.check_llmobs_event(&mut findings, record, fields, standard),
                None => findings.add(ViolationKind::UnknownSignal),
            },
        }
        if record.time_unix_nano == 0 && record.observed_time_unix_nano == 0 {
            findings.add(ViolationKind::Missing("time".to_owned()));
        }
        findings.violations
    }

    fn check_event(&self, findings: &mut Findings, record: &LogRecord, definition: &EventDefinition) {
        self.check_attributes(findings, &record.attributes, definition.attributes);
        let operation = attribute_text(&record.attributes, a::GEN_AI_OPERATION_NAME);
        if definition.name == DETAILS && operation == Some("embeddings") {
            findings.add(ViolationKind::WrongValue(a::GEN_AI_OPERATION_NAME.to_owned(), "embeddings".to_owned()));
        }
        if let Some(severity) = definition.severity {
            findings.expect_eq("severity", severity, record.severity_number);
        }
        let has = |name: &str| attribute_value(&record.attributes, name).is_some();
        let is_exception = definition.attributes.iter().any(|(name, _)| *name == a::EXCEPTION_TYPE);
        if is_exception && !has(a::EXCEPTION_TYPE) && !has(a::EXCEPTION_MESSAGE) {
            findings.add(ViolationKind::Missing(a::EXCEPTION_TYPE.to_owned()));
        }
    }

    /// Checks an event that only llmobs defines: its own fields, and its attributes of the conventions.
    fn check_llmobs_event(
        &self,
        findings: &mut Findings,
        record: &LogRecord,
        known: FieldDefinitions,
        standard: Requirements<'_>,
    ) {
        let is_field = |pair: &KeyValue| known.iter().any(|(name, ..)| *name == pair.key);
        let (fields, rest): (Vec<_>, Vec<_>) = record.attributes.iter().cloned().partition(is_field);
        self.check_attributes(findings, &rest, standard);
        for (name, kind, always) in known {
            match fields.iter().find(|pair| pair.key == *name) {
                Some(pair) => check_field(findings, pair, *kind),
                None if *always => findings.add(ViolationKind::Missing((*name).to_owned())),
                None => {}
            }
        }
        if ![INFO, WARN, ERROR].contains(&record.severity_number) {
            findings.expect_eq("severity", "INFO, WARN or ERROR", record.severity_number);
        }
    }
}

fn check_field(findings: &mut Findings, pair: &KeyValue, kind: AttributeType) {
    let closed = CLOSED_FIELDS.iter().find(|(name, _)| *name == pair.key);
    if check_type(findings, pair, kind)
        && let (Some((_, values)), Some(found)) = (closed, attribute_text(std::slice::from_ref(pair), &pair.key))
        && !values.contains(&found)
    {
        findings.add(ViolationKind::WrongValue(pair.key.clone(), format!("{found:?}")));
    }
}
