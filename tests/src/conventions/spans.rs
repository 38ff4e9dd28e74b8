//! Checks of spans.

use llmobs::semconv::attribute as a;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind as Kind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use super::Conventions;
use super::Findings;
use super::Violation;
use super::ViolationKind;
use super::attributes::attribute_text;
use super::attributes::attribute_value;
use super::attributes::check_llmobs_attribute;
use super::attributes::check_type;
use crate::semconv::attribute;
use crate::semconv::definition::AttributeDefinition;
use crate::semconv::definition::AttributeType;
use crate::semconv::definition::Requirement;
use crate::semconv::definition::SpanDefinition;
use crate::semconv::definition::SpanKind;

/// Operation names of inference spans. The conventions' definition of the inference span lists no operation names.
const INFERENCE_OPERATIONS: &[&str] = &["chat", "generate_content", "text_completion"];

/// Spans that only llmobs defines: the phases of a model call, and one attempt of a model call.
const PHASE_SPANS: &[&str] = &["queue", "prefill", "decode"];
const ATTEMPT_SPAN: &str = "attempt";

/// Events that the GPU sampler adds to spans of affected operations.
const GPU_EVENTS: &[&str] = &["gpu.throttle", "gpu.xid"];

impl Conventions {
    /// Returns all violations of one span.
    pub fn check_span(&self, span: &Span) -> Vec<Violation> {
        let mut findings = Findings::new(&span.name);
        self.check_times(&mut findings, span);
        if is_llmobs_span(span) {
            check_llmobs_span(&mut findings, span);
        } else {
            match self.definition(span) {
                Some(definition) => self.check_semconv_span(&mut findings, span, definition),
                None => findings.add(ViolationKind::UnknownSignal),
            }
        }
        findings.violations
    }

    /// Returns the definition that applies to a span: found by its attributes, and by its kind where both sides of a
    /// call have a definition. An operation name that no profile lists has the definition of inference. Returns `None`
    /// if no definition applies.
    pub fn definition(&self, span: &Span) -> Option<&'static SpanDefinition> {
        let by_id = |id: &str| self.spans().find(|definition| definition.id == id);
        for (attribute, id) in [
            (a::RPC_SYSTEM_NAME, "rpc.server"),
            (a::HTTP_REQUEST_METHOD, "http.server"),
            (a::DB_SYSTEM_NAME, "db.client"),
        ] {
            if attribute_value(&span.attributes, attribute).is_some() {
                return by_id(id);
            }
        }
        let operation = attribute_text(&span.attributes, a::GEN_AI_OPERATION_NAME)?;
        let mut listed: Vec<_> = self.spans().filter(|span| span.operations.contains(&operation)).collect();
        // One operation name can have a definition for each side of a call.
        if listed.len() > 1 {
            listed.retain(|definition| expected_kind(definition) == span.kind());
        }
        // An operation name that no profile lists is a custom model call, which is checked as inference.
        let lists_operation =
            |known: &AttributeDefinition| known.name == a::GEN_AI_OPERATION_NAME && known.values.contains(&operation);
        let is_inference = || {
            INFERENCE_OPERATIONS.contains(&operation)
                || !attribute::V1_41.iter().chain(attribute::LATEST).any(lists_operation)
        };
        listed.first().copied().or_else(|| {
            let inference = self.spans().find(|span| span.operations.is_empty() && span.id.contains("inference"));
            inference.filter(|_| is_inference())
        })
    }

    fn check_semconv_span(&self, findings: &mut Findings, span: &Span, definition: &SpanDefinition) {
        let requirements: Vec<_> =
            definition.attributes.iter().map(|attribute| (attribute.name, attribute.requirement)).collect();
        self.check_attributes(findings, &span.attributes, &requirements);
        let internal = definition.may_be_internal || runs_in_process(definition);
        if !(internal && span.kind() == Kind::Internal) {
            findings.expect_eq("kind", expected_kind(definition).as_str_name(), span.kind().as_str_name());
        }
        if let Some(name) = expected_name(definition, &span.attributes) {
            findings.expect_eq("name", name, &span.name);
        }
        self.check_conditions(findings, span, definition);
        for event in &span.events {
            check_span_event(findings, event);
        }
    }

    /// Checks conditional attributes whose condition is visible on the span itself.
    fn check_conditions(&self, findings: &mut Findings, span: &Span, definition: &SpanDefinition) {
        let has = |name: &str| attribute_value(&span.attributes, name).is_some();
        let failed = span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
        if failed && !has(a::ERROR_TYPE) {
            findings.add(ViolationKind::Missing(a::ERROR_TYPE.to_owned()));
        }
        if let Some(status) = span.status.as_ref().filter(|status| status.code() == StatusCode::Ok) {
            findings.expect_eq("status", "unset or an error", format!("{status:?}"));
        }
        let completed = attribute_text(&span.attributes, "llmobs.operation.outcome") == Some("completed");
        if completed && (has(a::ERROR_TYPE) || failed) {
            findings.add(ViolationKind::ConditionNotMet(a::ERROR_TYPE.to_owned()));
        } else if has(a::ERROR_TYPE) && !failed {
            findings.expect_eq("status", "an error, because of error.type", "unset".to_owned());
        }
        if has(a::GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK)
            && attribute_value(&span.attributes, a::GEN_AI_REQUEST_STREAM) != Some(&Value::BoolValue(true))
        {
            findings.add(ViolationKind::Missing(a::GEN_AI_REQUEST_STREAM.to_owned()));
        }
        // llmobs always knows the model and the provider of a model call.
        let model = definition.attributes.iter().find(|attribute| attribute.name == a::GEN_AI_REQUEST_MODEL);
        let calls_model = definition.id.contains("inference") || definition.id.contains("embeddings");
        if calls_model
            && model.is_some_and(|attribute| attribute.requirement == Requirement::ConditionallyRequired)
            && !has(a::GEN_AI_REQUEST_MODEL)
        {
            findings.add(ViolationKind::Missing(a::GEN_AI_REQUEST_MODEL.to_owned()));
        }
    }

    fn check_times(&self, findings: &mut Findings, span: &Span) {
        if span.start_time_unix_nano == 0 || span.end_time_unix_nano < span.start_time_unix_nano {
            findings.expect_eq("end", "after the start", format!("{}", span.end_time_unix_nano));
        }
    }
}

/// Returns the conventional name of the span: the first pattern whose attributes are all present, or else the last
/// pattern without the missing attributes.
fn expected_name(definition: &SpanDefinition, attributes: &[KeyValue]) -> Option<String> {
    let fill = |pattern: &str| {
        let (mut name, mut complete) = (String::new(), true);
        let mut rest = pattern;
        while let Some((before, found)) = rest.split_once('{') {
            let (attribute, after) = found.split_once('}')?;
            name += before;
            match attribute_value(attributes, attribute) {
                // The conventions name the span `HTTP` when the method is unknown.
                Some(Value::StringValue(text)) if attribute == a::HTTP_REQUEST_METHOD && text == "_OTHER" => {
                    name += "HTTP";
                }
                Some(Value::StringValue(text)) => name += text,
                Some(Value::IntValue(number)) => name += &number.to_string(),
                _ => complete = false,
            }
            rest = after;
        }
        name += rest;
        Some((name.trim_end().to_owned(), complete))
    };
    let filled: Vec<_> = definition.names.iter().filter_map(|pattern| fill(pattern)).collect();
    filled.iter().find(|(_, complete)| *complete).or(filled.last()).map(|(name, _)| name.clone())
}

fn expected_kind(definition: &SpanDefinition) -> Kind {
    match definition.kind {
        SpanKind::Client => Kind::Client,
        SpanKind::Internal => Kind::Internal,
        SpanKind::Server => Kind::Server,
    }
}

/// Returns whether an embeddings span may have the kind `INTERNAL`. The conventions allow `INTERNAL` for a model in the
/// same process only for inference; llmobs applies the same reason to embeddings, because `CLIENT` would be wrong for a
/// server's own model.
fn runs_in_process(definition: &SpanDefinition) -> bool {
    definition.id.contains("embeddings")
}

/// Returns whether only llmobs defines the span: no conventions cover phases inside a server, or attempts.
fn is_llmobs_span(span: &Span) -> bool {
    PHASE_SPANS.contains(&span.name.as_str()) || span.name == ATTEMPT_SPAN
}

fn check_llmobs_span(findings: &mut Findings, span: &Span) {
    findings.expect_eq("kind", Kind::Internal.as_str_name(), span.kind().as_str_name());
    for pair in &span.attributes {
        match pair.key.as_str() {
            name if name.starts_with("llmobs.") => check_llmobs_attribute(findings, pair),
            a::ERROR_TYPE => {}
            // The conventions have no span for an attempt; a fallback has the names of the attempt's destination.
            a::GEN_AI_PROVIDER_NAME | a::GEN_AI_REQUEST_MODEL if span.name == ATTEMPT_SPAN => {}
            name => findings.add(ViolationKind::Misplaced(name.to_owned())),
        }
    }
    if span.name == ATTEMPT_SPAN && attribute_text(&span.attributes, "llmobs.attempt.kind").is_none() {
        findings.add(ViolationKind::Missing("llmobs.attempt.kind".to_owned()));
    }
}

/// Checks a span event: a phase of a model call, or an event of the GPU. Exceptions are log events.
fn check_span_event(findings: &mut Findings, event: &Event) {
    let is_gpu_event = GPU_EVENTS.contains(&event.name.as_str());
    if !is_gpu_event && !PHASE_SPANS.contains(&event.name.as_str()) {
        return findings.expect_eq("event of the span", PHASE_SPANS.join(" or "), &event.name);
    }
    for pair in &event.attributes {
        match pair.key.as_str() {
            a::HW_ID if is_gpu_event => drop(check_type(findings, pair, AttributeType::String)),
            name if name.starts_with("llmobs.") => check_llmobs_attribute(findings, pair),
            name => findings.add(ViolationKind::Misplaced(name.to_owned())),
        }
    }
}
