//! Log events.

use llmobs::semconv::attribute as a;
use llmobs::semconv::definition::AttributeType;
use llmobs::semconv::definition::EventDefinition;
use llmobs::semconv::definition::Requirement;
use opentelemetry_proto::tonic::logs::v1::LogRecord;

use self::AttributeType::Boolean;
use self::AttributeType::Double;
use self::AttributeType::Int;
use self::AttributeType::String;
use super::Conventions;
use super::Findings;
use super::Violation;
use super::What;
use super::attributes::hold_type;
use super::attributes::text;
use super::attributes::value;

/// Our event at the end of an operation: its fields, their types, and whether every one has it. Those with dots are the
/// conventions'.
pub const WIDE_EVENT: (&str, &[(&str, AttributeType, bool)]) = (
    "llm_request_complete",
    &[
        ("attempts", Int, true),
        ("cached_tokens", Int, false),
        ("decode_ms", Double, false),
        ("e2e_ms", Double, true),
        ("energy_provisional_j", Double, false),
        ("finish_reasons", String, false),
        ("good", Boolean, false),
        ("input_tokens", Int, false),
        ("itl_max_ms", Double, false),
        ("keep_reason", String, true),
        ("max_tokens", Int, false),
        ("outcome", String, true),
        ("output_tokens", Int, false),
        ("preemptions", Int, true),
        ("prefill_ms", Double, false),
        ("queue_ms", Double, false),
        ("reader_away_ms", Double, false),
        ("reasoning_tokens", Int, false),
        ("role", String, true),
        ("sample_rate", Double, true),
        ("span_id", String, false),
        ("stall_count", Int, true),
        ("stream", Boolean, true),
        ("tokens_source", String, true),
        ("tpot_ms", Double, false),
        ("trace_id", String, false),
        ("ttft_ms", Double, false),
    ],
);

/// What the wide event has of the conventions.
const WIDE_STANDARD: &[(&str, Requirement)] = &[
    (a::ERROR_TYPE, Requirement::ConditionallyRequired),
    (a::GEN_AI_CONVERSATION_ID, Requirement::ConditionallyRequired),
    (a::GEN_AI_OPERATION_NAME, Requirement::Required),
    (a::GEN_AI_PROVIDER_NAME, Requirement::Required),
    (a::GEN_AI_REQUEST_MODEL, Requirement::Required),
    (a::GEN_AI_RESPONSE_ID, Requirement::Recommended),
    (a::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
];

/// OpenTelemetry's severity numbers.
const INFO: i32 = 9;
const WARN: i32 = 13;
const ERROR: i32 = 17;

/// Of inference alone.
const DETAILS: &str = "gen_ai.client.inference.operation.details";

impl Conventions {
    /// What is wrong with a log event.
    pub fn check_log(&self, record: &LogRecord) -> Vec<Violation> {
        let mut findings = Findings::new(&record.event_name);
        let defined = self.events().iter().find(|event| event.name == record.event_name);
        match defined {
            Some(definition) => self.check_event(&mut findings, record, definition),
            None if record.event_name == WIDE_EVENT.0 => self.check_wide(&mut findings, record),
            None => findings.add(What::UnknownSignal),
        }
        if record.time_unix_nano == 0 && record.observed_time_unix_nano == 0 {
            findings.add(What::Missing("time".to_owned()));
        }
        findings.list
    }

    fn check_event(&self, findings: &mut Findings, record: &LogRecord, definition: &EventDefinition) {
        self.check_attributes(findings, &record.attributes, definition.attributes);
        let operation = text(&record.attributes, a::GEN_AI_OPERATION_NAME);
        if definition.name == DETAILS && operation == Some("embeddings") {
            findings.add(What::WrongValue(a::GEN_AI_OPERATION_NAME.to_owned(), "embeddings".to_owned()));
        }
        if let Some(severity) = definition.severity {
            findings.hold("severity", severity, record.severity_number);
        }
        let has = |name: &str| value(&record.attributes, name).is_some();
        let is_exception = definition.attributes.iter().any(|(name, _)| *name == a::EXCEPTION_TYPE);
        if is_exception && !has(a::EXCEPTION_TYPE) && !has(a::EXCEPTION_MESSAGE) {
            findings.add(What::Missing(a::EXCEPTION_TYPE.to_owned()));
        }
    }

    fn check_wide(&self, findings: &mut Findings, record: &LogRecord) {
        let (fields, standard): (Vec<_>, Vec<_>) =
            record.attributes.iter().cloned().partition(|pair| WIDE_EVENT.1.iter().any(|(name, ..)| *name == pair.key));
        self.check_attributes(findings, &standard, WIDE_STANDARD);
        for pair in &fields {
            if let Some((_, kind, _)) = WIDE_EVENT.1.iter().find(|(name, ..)| *name == pair.key) {
                hold_type(findings, pair, *kind);
            }
        }
        for (name, _, always) in WIDE_EVENT.1 {
            if *always && value(&fields, name).is_none() {
                findings.add(What::Missing((*name).to_owned()));
            }
        }
        if ![INFO, WARN, ERROR].contains(&record.severity_number) {
            findings.hold("severity", "INFO, WARN or ERROR", record.severity_number);
        }
    }
}
