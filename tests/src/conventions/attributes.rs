//! Checks of attributes, for every signal.

use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::semconv::attribute as a;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::Conventions;
use super::Findings;
use super::ViolationKind;
use crate::semconv::definition::AttributeDefinition;
use crate::semconv::definition::AttributeType;
use crate::semconv::definition::Requirement;
use crate::semconv::llmobs as own;

/// Attributes with a closed list of values, closed by the conventions or by llmobs where llmobs makes the value. All
/// other lists are open.
const CLOSED_VALUES: &[&str] = &[
    a::GEN_AI_TOKEN_MODALITY,
    a::GEN_AI_TOKEN_TYPE,
    a::HTTP_REQUEST_METHOD,
    a::NETWORK_IO_DIRECTION,
    a::NETWORK_TRANSPORT,
    a::RPC_SYSTEM_NAME,
];

/// The names of the gRPC status codes.
const GRPC_CODES: &[&str] = &[
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// Attribute names of a definition, each with its requirement level.
pub(super) type Requirements<'a> = &'a [(&'static str, Requirement)];

/// Returns the value of an attribute.
pub(super) fn attribute_value<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a Value> {
    attributes.iter().find(|pair| pair.key == name)?.value.as_ref()?.value.as_ref()
}

/// Returns the value of an attribute if it is a string.
pub(super) fn attribute_text<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a str> {
    match attribute_value(attributes, name)? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

impl Conventions {
    /// Checks that each attribute is known, defined for this signal, of the defined type, a listed value, and present
    /// once, and that all required attributes are present.
    pub(super) fn check_attributes(
        &self,
        findings: &mut Findings,
        attributes: &[KeyValue],
        requirements: Requirements<'_>,
    ) {
        for (index, pair) in attributes.iter().enumerate() {
            if attributes[..index].iter().any(|other| other.key == pair.key) {
                findings.add(ViolationKind::Duplicate(pair.key.clone()));
            } else if pair.key.starts_with("llmobs.") {
                check_llmobs_attribute(findings, pair);
            } else {
                self.check_attribute(findings, pair, requirements);
            }
        }
        for (name, requirement) in requirements {
            if *requirement == Requirement::Required && attribute_value(attributes, name).is_none() {
                findings.add(ViolationKind::Missing((*name).to_owned()));
            }
        }
        for (name, implied) in [(a::SERVER_ADDRESS, a::SERVER_PORT), (a::GEN_AI_PROMPT_VERSION, a::GEN_AI_PROMPT_NAME)]
        {
            if attribute_value(attributes, name).is_some() && attribute_value(attributes, implied).is_none() {
                findings.add(ViolationKind::Missing(implied.to_owned()));
            }
        }
    }

    fn check_attribute(&self, findings: &mut Findings, pair: &KeyValue, requirements: Requirements<'_>) {
        let name = pair.key.as_str();
        let is = |definition: &&AttributeDefinition| match definition.kind {
            AttributeType::Template => name.strip_prefix(definition.name).is_some_and(|key| key.starts_with('.')),
            _ => definition.name == name,
        };
        let Some(definition) = self.attributes().find(is) else {
            return findings.add(ViolationKind::UnknownAttribute(name.to_owned()));
        };
        match requirements.iter().find(|(known, _)| *known == definition.name) {
            None => findings.add(ViolationKind::Misplaced(name.to_owned())),
            Some((_, Requirement::OptIn)) if !self.opt_in_attributes.contains(&definition.name) => {
                findings.add(ViolationKind::NotOptedIn(name.to_owned()));
            }
            Some(_) => {}
        }
        if check_type(findings, pair, definition.kind) {
            check_value(findings, pair, definition);
        }
    }
}

/// Checks an attribute that only llmobs defines.
pub(super) fn check_llmobs_attribute(findings: &mut Findings, pair: &KeyValue) {
    let Some(definition) = own::ATTRIBUTES.iter().find(|definition| definition.name == pair.key) else {
        return findings.add(ViolationKind::UnknownAttribute(pair.key.clone()));
    };
    if check_type(findings, pair, definition.kind)
        && let Some(Value::StringValue(text)) = value_of(pair)
        && !definition.values.is_empty()
        && !definition.values.contains(&text.as_str())
    {
        findings.add(ViolationKind::WrongValue(pair.key.clone(), format!("{text:?}")));
    }
}

/// Returns whether the value has the type `kind`, and adds a violation if not.
pub(super) fn check_type(findings: &mut Findings, pair: &KeyValue, kind: AttributeType) -> bool {
    let found = value_of(pair);
    let (expected, is_right) = match kind {
        AttributeType::Any => ("any structure", found.is_some_and(is_structure)),
        AttributeType::Boolean => ("a boolean", matches!(found, Some(Value::BoolValue(_)))),
        AttributeType::Double => ("a double", matches!(found, Some(Value::DoubleValue(number)) if number.is_finite())),
        AttributeType::Int => ("an int", matches!(found, Some(Value::IntValue(_)))),
        AttributeType::String | AttributeType::Template => {
            ("a string", matches!(found, Some(Value::StringValue(text)) if !text.is_empty()))
        }
        AttributeType::Strings => ("a list of strings", strings(found).is_some_and(|texts| !texts.is_empty())),
    };
    if !is_right {
        findings.add(ViolationKind::WrongType(pair.key.clone(), expected, format!("{found:?}")));
    }
    is_right
}

fn check_value(findings: &mut Findings, pair: &KeyValue, definition: &AttributeDefinition) {
    let name = definition.name;
    let is_wrong = match (name, value_of(pair)) {
        // For the metric `hw.errors` the conventions define the values of `error.type`.
        (a::ERROR_TYPE, Some(Value::StringValue(text))) if findings.signal == "hw.errors" => {
            !["corrected", "uncorrected"].contains(&text.as_str())
        }
        (a::ERROR_TYPE, Some(Value::StringValue(text))) => !is_known_error_type(text, &findings.signal),
        (a::RPC_RESPONSE_STATUS_CODE, Some(Value::StringValue(text))) => !GRPC_CODES.contains(&text.as_str()),
        // Wrong: a provider's own finish reason where the conventions define a value, such as `end_turn` for `stop`.
        (a::GEN_AI_RESPONSE_FINISH_REASONS, found) => strings(found).is_some_and(|reasons| {
            reasons.iter().any(|reason| FinishReason::from_provider(reason).as_str() != *reason)
        }),
        (a::GEN_AI_REQUEST_CHOICE_COUNT, found) => found == Some(&Value::IntValue(1)),
        (_, Some(Value::StringValue(text))) => {
            CLOSED_VALUES.contains(&name) && !definition.values.contains(&text.as_str())
        }
        (_, Some(Value::IntValue(number))) => *number < 0 && name != a::GEN_AI_REQUEST_SEED,
        _ => false,
    };
    if is_wrong {
        findings.add(ViolationKind::WrongValue(name.to_owned(), format!("{:?}", value_of(pair))));
    }
}

/// Returns whether `text` is an error type that llmobs documents, or, on HTTP and gRPC signals, a status code.
fn is_known_error_type(text: &str, signal: &str) -> bool {
    let is_status = text.len() == 3 && text.parse().is_ok_and(|status: u16| (400..600).contains(&status));
    let is_transport_signal = !signal.starts_with("gen_ai.") && !signal.starts_with("llmobs.");
    ErrorType::ALL.iter().any(|error| error.as_str() == text)
        || (is_transport_signal && (is_status || GRPC_CODES[1..].contains(&text)))
}

fn value_of(pair: &KeyValue) -> Option<&Value> {
    pair.value.as_ref()?.value.as_ref()
}

fn strings(value: Option<&Value>) -> Option<Vec<&str>> {
    let Some(Value::ArrayValue(array)) = value else { return None };
    let text = |value: &'_ AnyValue| matches!(value.value, Some(Value::StringValue(_)));
    array.values.iter().all(text).then(|| {
        let texts = array.values.iter().filter_map(|value| match &value.value {
            Some(Value::StringValue(text)) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    })
}

/// Returns whether the value is a list or a map, or JSON text of a list or an object.
fn is_structure(value: &Value) -> bool {
    match value {
        Value::ArrayValue(_) | Value::KvlistValue(_) => true,
        Value::StringValue(text) => {
            serde_json::from_str::<serde_json::Value>(text).is_ok_and(|json| json.is_array() || json.is_object())
        }
        _ => false,
    }
}
