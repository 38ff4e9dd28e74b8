//! The sensitivity of text attributes.

use crate::semconv::attribute as a;

/// The sensitivity of an attribute whose value is free text.
///
/// Numbers, booleans and values of a closed list have no sensitivity. All other attributes that llmobs writes to spans,
/// events and metrics have one, and so do the text attributes of the OpenTelemetry conventions that llmobs knows.
///
/// ```
/// use llmobs::content::Sensitivity;
///
/// assert_eq!(Sensitivity::of_attribute("gen_ai.tool.name"), Some(Sensitivity::Safe));
/// assert_eq!(Sensitivity::of_attribute("gen_ai.conversation.id"), Some(Sensitivity::Identity));
/// assert_eq!(Sensitivity::of_attribute("gen_ai.input.messages"), Some(Sensitivity::Content));
/// assert_eq!(Sensitivity::of_attribute("gen_ai.usage.input_tokens"), None, "a number");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sensitivity {
    /// Text chosen by developers and operators: names of models, tools and services, declared labels, hardware. Allowed
    /// on every signal.
    Safe,
    /// Text that identifies one request, conversation or person, and other text from callers and providers, such as a
    /// path. Allowed on spans and logs, with a length limit; never on metrics. The id of a person is exported only as a
    /// pseudonym (feature `pseudonym`).
    Identity,
    /// Text that a person wrote or may read: messages, arguments, queries, documents, error messages. Exported only
    /// through the gate, redacted, while capture is on.
    Content,
}

impl Sensitivity {
    /// Returns the sensitivity of an attribute by its name. Returns `None` for an attribute that is not free text, and
    /// for a name that neither llmobs nor the conventions define.
    #[must_use]
    pub fn of_attribute(attribute: &str) -> Option<Self> {
        let index = SENSITIVITIES.binary_search_by_key(&attribute, |(name, _)| name).ok()?;
        SENSITIVITIES.get(index).map(|(_, class)| *class)
    }
}

use Sensitivity::Content;
use Sensitivity::Identity;
use Sensitivity::Safe;

/// Sorted by name for binary search.
const SENSITIVITIES: &[(&str, Sensitivity)] = &[
    (a::CLIENT_ADDRESS, Identity),
    (a::DB_COLLECTION_NAME, Safe),
    (a::DB_NAMESPACE, Safe),
    (a::DB_OPERATION_NAME, Safe),
    (a::DB_QUERY_SUMMARY, Content),
    (a::DB_QUERY_TEXT, Content),
    (a::DB_RESPONSE_STATUS_CODE, Safe),
    (a::DB_STORED_PROCEDURE_NAME, Safe),
    (a::DB_SYSTEM_NAME, Safe),
    (a::DEPLOYMENT_ENVIRONMENT_NAME, Safe),
    (a::ERROR_TYPE, Safe),
    (a::EXCEPTION_MESSAGE, Content),
    (a::EXCEPTION_STACKTRACE, Content),
    (a::EXCEPTION_TYPE, Safe),
    (a::GEN_AI_AGENT_DESCRIPTION, Safe),
    (a::GEN_AI_AGENT_ID, Identity),
    (a::GEN_AI_AGENT_NAME, Safe),
    (a::GEN_AI_AGENT_VERSION, Safe),
    (a::GEN_AI_CONVERSATION_ID, Identity),
    (a::GEN_AI_DATA_SOURCE_ID, Identity),
    (a::GEN_AI_EVALUATION_EXPLANATION, Content),
    (a::GEN_AI_EVALUATION_NAME, Safe),
    (a::GEN_AI_EVALUATION_SCORE_LABEL, Safe),
    (a::GEN_AI_INPUT_MESSAGES, Content),
    ("gen_ai.input.messages_ref", Identity),
    (a::GEN_AI_MAIN_AGENT_DESCRIPTION, Safe),
    (a::GEN_AI_MAIN_AGENT_ID, Identity),
    (a::GEN_AI_MAIN_AGENT_NAME, Safe),
    (a::GEN_AI_MEMORY_QUERY_TEXT, Content),
    (a::GEN_AI_MEMORY_RECORD_ID, Identity),
    (a::GEN_AI_MEMORY_RECORDS, Content),
    (a::GEN_AI_MEMORY_STORE_ID, Identity),
    (a::GEN_AI_OPERATION_NAME, Safe),
    (a::GEN_AI_OUTPUT_MESSAGES, Content),
    ("gen_ai.output.messages_ref", Identity),
    (a::GEN_AI_OUTPUT_TYPE, Identity),
    (a::GEN_AI_PROMPT_NAME, Safe),
    (a::GEN_AI_PROMPT_VARIABLE, Content),
    (a::GEN_AI_PROMPT_VERSION, Safe),
    (a::GEN_AI_PROVIDER_NAME, Safe),
    (a::GEN_AI_REQUEST_ENCODING_FORMATS, Identity),
    (a::GEN_AI_REQUEST_MODEL, Safe),
    (a::GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID, Identity),
    (a::GEN_AI_REQUEST_REASONING_LEVEL, Identity),
    (a::GEN_AI_REQUEST_STOP_SEQUENCES, Content),
    (a::GEN_AI_REQUEST_STREAM_CURSOR, Identity),
    (a::GEN_AI_RESPONSE_FINISH_REASONS, Identity),
    (a::GEN_AI_RESPONSE_ID, Identity),
    (a::GEN_AI_RESPONSE_MODEL, Identity),
    (a::GEN_AI_RETRIEVAL_DOCUMENTS, Content),
    (a::GEN_AI_RETRIEVAL_QUERY_TEXT, Content),
    (a::GEN_AI_SKILL_DESCRIPTION, Safe),
    (a::GEN_AI_SKILL_NAME, Safe),
    (a::GEN_AI_SKILL_RESOURCE_NAME, Identity),
    (a::GEN_AI_SKILL_SOURCE_URI, Identity),
    (a::GEN_AI_SYSTEM_INSTRUCTIONS, Content),
    ("gen_ai.system_instructions_ref", Identity),
    (a::GEN_AI_TOKEN_TYPE, Safe),
    (a::GEN_AI_TOOL_CALL_ARGUMENTS, Content),
    (a::GEN_AI_TOOL_CALL_ID, Identity),
    (a::GEN_AI_TOOL_CALL_RESULT, Content),
    (a::GEN_AI_TOOL_DEFINITIONS, Content),
    ("gen_ai.tool.definitions_ref", Identity),
    (a::GEN_AI_TOOL_DESCRIPTION, Safe),
    (a::GEN_AI_TOOL_NAME, Safe),
    (a::GEN_AI_TOOL_TYPE, Safe),
    (a::GEN_AI_WORKFLOW_NAME, Safe),
    (a::HTTP_REQUEST_METHOD_ORIGINAL, Identity),
    (a::HTTP_ROUTE, Safe),
    (a::HW_BATTERY_CAPACITY, Safe),
    (a::HW_BATTERY_CHEMISTRY, Safe),
    (a::HW_BIOS_VERSION, Safe),
    (a::HW_DRIVER_VERSION, Safe),
    (a::HW_ENCLOSURE_TYPE, Safe),
    (a::HW_FIRMWARE_VERSION, Safe),
    (a::HW_ID, Safe),
    (a::HW_LOGICAL_DISK_RAID_LEVEL, Safe),
    (a::HW_MEMORY_TYPE, Safe),
    (a::HW_MODEL, Safe),
    (a::HW_NAME, Safe),
    (a::HW_NETWORK_LOGICAL_ADDRESSES, Safe),
    (a::HW_NETWORK_PHYSICAL_ADDRESS, Safe),
    (a::HW_PARENT, Safe),
    (a::HW_PHYSICAL_DISK_SMART_ATTRIBUTE, Safe),
    (a::HW_PHYSICAL_DISK_TYPE, Safe),
    (a::HW_SENSOR_LOCATION, Safe),
    (a::HW_SERIAL_NUMBER, Safe),
    (a::HW_VENDOR, Safe),
    ("input.value", Content),
    ("llmobs.build.features", Safe),
    ("llmobs.build.version", Safe),
    ("llmobs.detector", Safe),
    ("llmobs.engine.id", Safe),
    ("llmobs.finish_reasons", Identity),
    ("llmobs.label", Safe),
    ("llmobs.metric.group", Safe),
    ("llmobs.objective.name", Safe),
    ("llmobs.phase.name", Safe),
    ("llmobs.runtime.name", Safe),
    ("llmobs.tenant.name", Safe),
    (a::NETWORK_LOCAL_ADDRESS, Identity),
    (a::NETWORK_PEER_ADDRESS, Identity),
    (a::NETWORK_PROTOCOL_NAME, Safe),
    (a::NETWORK_PROTOCOL_VERSION, Safe),
    ("output.value", Content),
    (a::RPC_METHOD, Safe),
    (a::RPC_METHOD_ORIGINAL, Identity),
    (a::RPC_RESPONSE_STATUS_CODE, Safe),
    (a::SERVER_ADDRESS, Identity),
    (a::SERVICE_INSTANCE_ID, Safe),
    (a::SERVICE_NAME, Safe),
    (a::SERVICE_NAMESPACE, Safe),
    (a::SERVICE_VERSION, Safe),
    ("session.id", Identity),
    (a::TELEMETRY_SDK_NAME, Safe),
    (a::TELEMETRY_SDK_VERSION, Safe),
    (a::URL_PATH, Identity),
    (a::URL_QUERY, Content),
    (a::URL_SCHEME, Safe),
    ("user.id", Identity),
    (a::USER_AGENT_ORIGINAL, Identity),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ROWS;

    #[test]
    fn names_are_unique_and_sorted() {
        for pair in SENSITIVITIES.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} must not be before {}", pair[0].0, pair[1].0);
        }
    }

    #[test]
    fn metric_attributes_are_safe() {
        for row in ROWS {
            for label in row.attributes {
                assert!(matches!(Sensitivity::of_attribute(label), None | Some(Safe)), "{} on {}", label, row.name);
            }
        }
    }
}
