// Do not edit: `cargo xtask semconv` writes this file from the data in `semconv/`.

//! The definition of each kind of span.
//!
//! Spans of a single provider or tool are left out: they specialize spans that are here.

use llmobs::semconv::attribute;

use super::definition::Requirement;
use super::definition::SpanAttribute;
use super::definition::SpanDefinition;
use super::definition::SpanKind;

/// The GenAI spans of the profile `v1_41`, by type.
pub const V1_41: &[SpanDefinition] = &[
    SpanDefinition {
        id: "gen_ai.create_agent.client",
        kind: SpanKind::Client,
        may_be_internal: false,
        operations: &["create_agent"],
        names: &["create_agent {gen_ai.agent.name}"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_DESCRIPTION,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_VERSION,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
            SpanAttribute { name: attribute::GEN_AI_PROVIDER_NAME, requirement: Requirement::Required, at_start: true },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MODEL,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_SYSTEM_INSTRUCTIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute { name: attribute::SERVER_ADDRESS, requirement: Requirement::Recommended, at_start: true },
            SpanAttribute {
                name: attribute::SERVER_PORT,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
        ],
    },
    SpanDefinition {
        id: "gen_ai.embeddings.client",
        kind: SpanKind::Client,
        may_be_internal: false,
        operations: &["embeddings"],
        names: &["{gen_ai.operation.name} {gen_ai.request.model}"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_EMBEDDINGS_DIMENSION_COUNT,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
            SpanAttribute { name: attribute::GEN_AI_PROVIDER_NAME, requirement: Requirement::Required, at_start: true },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_ENCODING_FORMATS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MODEL,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_MODEL,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute { name: attribute::SERVER_ADDRESS, requirement: Requirement::Recommended, at_start: true },
            SpanAttribute {
                name: attribute::SERVER_PORT,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
        ],
    },
    SpanDefinition {
        id: "gen_ai.execute_tool.internal",
        kind: SpanKind::Internal,
        may_be_internal: false,
        operations: &["execute_tool"],
        names: &["execute_tool {gen_ai.tool.name}"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_TOOL_CALL_ARGUMENTS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_TOOL_CALL_ID,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_TOOL_CALL_RESULT,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_TOOL_DESCRIPTION,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_TOOL_NAME, requirement: Requirement::Required, at_start: false },
            SpanAttribute { name: attribute::GEN_AI_TOOL_TYPE, requirement: Requirement::Recommended, at_start: false },
        ],
    },
    SpanDefinition {
        id: "gen_ai.inference.client",
        kind: SpanKind::Client,
        may_be_internal: true,
        operations: &[],
        names: &["{gen_ai.operation.name} {gen_ai.request.model}"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_CONVERSATION_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_INPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
            SpanAttribute { name: attribute::GEN_AI_OUTPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_OUTPUT_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_PROVIDER_NAME, requirement: Requirement::Required, at_start: true },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_CHOICE_COUNT,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_FREQUENCY_PENALTY,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MAX_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MODEL,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_PRESENCE_PENALTY,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_SEED,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_STOP_SEQUENCES,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_STREAM,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_TEMPERATURE,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_TOP_K,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_TOP_P,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_FINISH_REASONS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_ID,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_MODEL,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_SYSTEM_INSTRUCTIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_TOOL_DEFINITIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_OUTPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute { name: attribute::SERVER_ADDRESS, requirement: Requirement::Recommended, at_start: true },
            SpanAttribute {
                name: attribute::SERVER_PORT,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
        ],
    },
    SpanDefinition {
        id: "gen_ai.invoke_agent.client",
        kind: SpanKind::Client,
        may_be_internal: false,
        operations: &["invoke_agent"],
        names: &["invoke_agent {gen_ai.agent.name}", "invoke_agent"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_DESCRIPTION,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_VERSION,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_CONVERSATION_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_DATA_SOURCE_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_INPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
            SpanAttribute { name: attribute::GEN_AI_OUTPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_OUTPUT_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_PROVIDER_NAME, requirement: Requirement::Required, at_start: true },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_CHOICE_COUNT,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_FREQUENCY_PENALTY,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MAX_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MODEL,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_PRESENCE_PENALTY,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_SEED,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_STOP_SEQUENCES,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_TEMPERATURE,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_TOP_P,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_FINISH_REASONS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_SYSTEM_INSTRUCTIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_TOOL_DEFINITIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_OUTPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute { name: attribute::SERVER_ADDRESS, requirement: Requirement::Recommended, at_start: true },
            SpanAttribute {
                name: attribute::SERVER_PORT,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
        ],
    },
    SpanDefinition {
        id: "gen_ai.invoke_agent.internal",
        kind: SpanKind::Internal,
        may_be_internal: false,
        operations: &["invoke_agent"],
        names: &["invoke_agent {gen_ai.agent.name}", "invoke_agent"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_DESCRIPTION,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_VERSION,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_CONVERSATION_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_DATA_SOURCE_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_INPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
            SpanAttribute { name: attribute::GEN_AI_OUTPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_OUTPUT_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_PROVIDER_NAME, requirement: Requirement::Required, at_start: true },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_CHOICE_COUNT,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_FREQUENCY_PENALTY,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MAX_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MODEL,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_PRESENCE_PENALTY,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_SEED,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_STOP_SEQUENCES,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_TEMPERATURE,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_TOP_P,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_FINISH_REASONS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_SYSTEM_INSTRUCTIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_TOOL_DEFINITIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_OUTPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
        ],
    },
    SpanDefinition {
        id: "gen_ai.invoke_workflow.internal",
        kind: SpanKind::Internal,
        may_be_internal: false,
        operations: &["invoke_workflow"],
        names: &["invoke_workflow {gen_ai.workflow.name}"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_INPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
            SpanAttribute { name: attribute::GEN_AI_OUTPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_WORKFLOW_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
        ],
    },
    SpanDefinition {
        id: "gen_ai.retrieval.client",
        kind: SpanKind::Client,
        may_be_internal: false,
        operations: &["retrieval"],
        names: &["{gen_ai.operation.name} {gen_ai.data_source.id}"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_DATA_SOURCE_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_PROVIDER_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MODEL,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_TOP_K,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RETRIEVAL_DOCUMENTS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RETRIEVAL_QUERY_TEXT,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute { name: attribute::SERVER_ADDRESS, requirement: Requirement::Recommended, at_start: false },
            SpanAttribute {
                name: attribute::SERVER_PORT,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
        ],
    },
];

/// The GenAI spans of the profile `latest`, by type.
pub const LATEST: &[SpanDefinition] = &[
    SpanDefinition {
        id: "gen_ai.client.embeddings",
        kind: SpanKind::Client,
        may_be_internal: false,
        operations: &["embeddings"],
        names: &["{gen_ai.operation.name} {gen_ai.request.model}"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_EMBEDDINGS_DIMENSION_COUNT,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
            SpanAttribute { name: attribute::GEN_AI_PROVIDER_NAME, requirement: Requirement::Required, at_start: true },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_ENCODING_FORMATS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MODEL,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_MODEL,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute { name: attribute::SERVER_ADDRESS, requirement: Requirement::Recommended, at_start: true },
            SpanAttribute {
                name: attribute::SERVER_PORT,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
        ],
    },
    SpanDefinition {
        id: "gen_ai.client.inference",
        kind: SpanKind::Client,
        may_be_internal: true,
        operations: &[],
        names: &["{gen_ai.operation.name} {gen_ai.request.model}"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_CONVERSATION_COMPACTED,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_CONVERSATION_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_INPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
            SpanAttribute { name: attribute::GEN_AI_OUTPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_OUTPUT_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_PROMPT_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_PROMPT_VARIABLE, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_PROMPT_VERSION,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_PROVIDER_NAME, requirement: Requirement::Required, at_start: true },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_CHOICE_COUNT,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_FREQUENCY_PENALTY,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MAX_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MODEL,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_PRESENCE_PENALTY,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_REASONING_LEVEL,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_SEED,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_STOP_SEQUENCES,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_STREAM,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_TEMPERATURE,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_TOP_K,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_TOP_P,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_FINISH_REASONS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_ID,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_MODEL,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_SYSTEM_INSTRUCTIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_TOOL_DEFINITIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_AUDIO_CACHE_READ_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_AUDIO_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_IMAGE_CACHE_READ_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_IMAGE_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_OUTPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_TEXT_CACHE_READ_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_TEXT_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_TEXT_OUTPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute { name: attribute::SERVER_ADDRESS, requirement: Requirement::Recommended, at_start: true },
            SpanAttribute {
                name: attribute::SERVER_PORT,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
        ],
    },
    SpanDefinition {
        id: "gen_ai.create_agent.client",
        kind: SpanKind::Client,
        may_be_internal: false,
        operations: &["create_agent"],
        names: &["create_agent {gen_ai.agent.name}"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_DESCRIPTION,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_VERSION,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
            SpanAttribute { name: attribute::GEN_AI_PROVIDER_NAME, requirement: Requirement::Required, at_start: true },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MODEL,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_SYSTEM_INSTRUCTIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute { name: attribute::SERVER_ADDRESS, requirement: Requirement::Recommended, at_start: true },
            SpanAttribute {
                name: attribute::SERVER_PORT,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
        ],
    },
    SpanDefinition {
        id: "gen_ai.execute_tool.internal",
        kind: SpanKind::Internal,
        may_be_internal: false,
        operations: &["execute_tool"],
        names: &["execute_tool {gen_ai.tool.name}"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_CONVERSATION_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_TOOL_CALL_ARGUMENTS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_TOOL_CALL_ID,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_TOOL_CALL_RESULT,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_TOOL_DESCRIPTION,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_TOOL_NAME, requirement: Requirement::Required, at_start: true },
            SpanAttribute { name: attribute::GEN_AI_TOOL_TYPE, requirement: Requirement::Recommended, at_start: true },
        ],
    },
    SpanDefinition {
        id: "gen_ai.fetch_response.client",
        kind: SpanKind::Client,
        may_be_internal: false,
        operations: &["fetch_response"],
        names: &["{gen_ai.operation.name}"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
            SpanAttribute { name: attribute::GEN_AI_OUTPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute { name: attribute::GEN_AI_PROVIDER_NAME, requirement: Requirement::Required, at_start: true },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_STREAM_CURSOR,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_FINISH_REASONS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_RESPONSE_ID, requirement: Requirement::Required, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_MODEL,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_STATUS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_SYSTEM_INSTRUCTIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_TOOL_DEFINITIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute { name: attribute::SERVER_ADDRESS, requirement: Requirement::Recommended, at_start: true },
            SpanAttribute {
                name: attribute::SERVER_PORT,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
        ],
    },
    SpanDefinition {
        id: "gen_ai.invoke_agent.client",
        kind: SpanKind::Client,
        may_be_internal: false,
        operations: &["invoke_agent"],
        names: &["invoke_agent {gen_ai.agent.name}", "invoke_agent"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_DESCRIPTION,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_VERSION,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_CONVERSATION_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_DATA_SOURCE_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_INPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
            SpanAttribute { name: attribute::GEN_AI_OUTPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_OUTPUT_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_PROVIDER_NAME, requirement: Requirement::Required, at_start: true },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_CHOICE_COUNT,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_FREQUENCY_PENALTY,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MAX_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MODEL,
                requirement: Requirement::Recommended,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_PRESENCE_PENALTY,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_SEED,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_STOP_SEQUENCES,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_TEMPERATURE,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_TOP_P,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_FINISH_REASONS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_SYSTEM_INSTRUCTIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_TOOL_DEFINITIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_AUDIO_CACHE_READ_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_AUDIO_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_IMAGE_CACHE_READ_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_IMAGE_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_OUTPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_TEXT_CACHE_READ_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_TEXT_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_TEXT_OUTPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute { name: attribute::SERVER_ADDRESS, requirement: Requirement::Recommended, at_start: true },
            SpanAttribute {
                name: attribute::SERVER_PORT,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
        ],
    },
    SpanDefinition {
        id: "gen_ai.invoke_agent.internal",
        kind: SpanKind::Internal,
        may_be_internal: false,
        operations: &["invoke_agent"],
        names: &["invoke_agent {gen_ai.agent.name}", "invoke_agent"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_DESCRIPTION,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_CONVERSATION_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_DATA_SOURCE_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_INPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
            SpanAttribute { name: attribute::GEN_AI_OUTPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_OUTPUT_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_CHOICE_COUNT,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_FREQUENCY_PENALTY,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MAX_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MODEL,
                requirement: Requirement::Recommended,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_PRESENCE_PENALTY,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_SEED,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_STOP_SEQUENCES,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_TEMPERATURE,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_TOP_P,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RESPONSE_FINISH_REASONS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_SYSTEM_INSTRUCTIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_TOOL_DEFINITIONS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_INPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_USAGE_OUTPUT_TOKENS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
        ],
    },
    SpanDefinition {
        id: "gen_ai.invoke_workflow.internal",
        kind: SpanKind::Internal,
        may_be_internal: false,
        operations: &["invoke_workflow"],
        names: &["invoke_workflow {gen_ai.workflow.name}"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_CONVERSATION_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_INPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
            SpanAttribute { name: attribute::GEN_AI_OUTPUT_MESSAGES, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_WORKFLOW_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
        ],
    },
    SpanDefinition {
        id: "gen_ai.memory.client",
        kind: SpanKind::Client,
        may_be_internal: true,
        operations: &[
            "create_memory_store",
            "search_memory",
            "create_memory",
            "update_memory",
            "upsert_memory",
            "delete_memory",
            "delete_memory_store",
        ],
        names: &["{gen_ai.operation.name}"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_MEMORY_QUERY_TEXT,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_MEMORY_RECORD_COUNT,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_MEMORY_RECORD_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::GEN_AI_MEMORY_RECORDS, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::GEN_AI_MEMORY_STORE_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_PROVIDER_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::SERVER_ADDRESS, requirement: Requirement::Recommended, at_start: false },
            SpanAttribute {
                name: attribute::SERVER_PORT,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
        ],
    },
    SpanDefinition {
        id: "gen_ai.plan.internal",
        kind: SpanKind::Internal,
        may_be_internal: false,
        operations: &["plan"],
        names: &["plan {gen_ai.agent.name}", "plan"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_AGENT_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: true,
            },
        ],
    },
    SpanDefinition {
        id: "gen_ai.retrieval.client",
        kind: SpanKind::Client,
        may_be_internal: false,
        operations: &["retrieval"],
        names: &["{gen_ai.operation.name} {gen_ai.data_source.id}"],
        attributes: &[
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_DATA_SOURCE_ID,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_OPERATION_NAME,
                requirement: Requirement::Required,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_PROVIDER_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_REQUEST_MODEL,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RETRIEVAL_DOCUMENTS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RETRIEVAL_QUERY_TEXT,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::GEN_AI_RETRIEVAL_TOP_K,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute { name: attribute::SERVER_ADDRESS, requirement: Requirement::Recommended, at_start: false },
            SpanAttribute {
                name: attribute::SERVER_PORT,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
        ],
    },
];

/// The spans of the core conventions, by type; both profiles share them.
pub const CORE: &[SpanDefinition] = &[
    SpanDefinition {
        id: "db.client",
        kind: SpanKind::Client,
        may_be_internal: true,
        operations: &[],
        names: &[
            "{db.query.summary}",
            "{db.operation.name} {db.collection.name}",
            "{db.operation.name} {db.namespace}",
            "{db.operation.name} {server.address}:{server.port}",
            "{db.operation.name}",
            "{db.system.name}",
        ],
        attributes: &[
            SpanAttribute {
                name: attribute::DB_COLLECTION_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::DB_NAMESPACE,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::DB_OPERATION_BATCH_SIZE,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::DB_OPERATION_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute { name: attribute::DB_QUERY_SUMMARY, requirement: Requirement::Recommended, at_start: true },
            SpanAttribute { name: attribute::DB_QUERY_TEXT, requirement: Requirement::Recommended, at_start: true },
            SpanAttribute {
                name: attribute::DB_RESPONSE_RETURNED_ROWS,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::DB_RESPONSE_STATUS_CODE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::DB_STORED_PROCEDURE_NAME,
                requirement: Requirement::Recommended,
                at_start: true,
            },
            SpanAttribute { name: attribute::DB_SYSTEM_NAME, requirement: Requirement::Required, at_start: true },
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::NETWORK_PEER_ADDRESS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::NETWORK_PEER_PORT,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute { name: attribute::SERVER_ADDRESS, requirement: Requirement::Recommended, at_start: true },
            SpanAttribute {
                name: attribute::SERVER_PORT,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
        ],
    },
    SpanDefinition {
        id: "http.server",
        kind: SpanKind::Server,
        may_be_internal: false,
        operations: &[],
        names: &["{http.request.method} {http.route}", "{http.request.method}"],
        attributes: &[
            SpanAttribute { name: attribute::CLIENT_ADDRESS, requirement: Requirement::Recommended, at_start: true },
            SpanAttribute { name: attribute::CLIENT_PORT, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::HTTP_REQUEST_BODY_SIZE, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute { name: attribute::HTTP_REQUEST_METHOD, requirement: Requirement::Required, at_start: true },
            SpanAttribute {
                name: attribute::HTTP_REQUEST_METHOD_ORIGINAL,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::HTTP_RESPONSE_BODY_SIZE,
                requirement: Requirement::OptIn,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::HTTP_RESPONSE_STATUS_CODE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::HTTP_ROUTE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute { name: attribute::NETWORK_LOCAL_ADDRESS, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute { name: attribute::NETWORK_LOCAL_PORT, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute {
                name: attribute::NETWORK_PEER_ADDRESS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::NETWORK_PEER_PORT,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::NETWORK_PROTOCOL_NAME,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::NETWORK_PROTOCOL_VERSION,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute { name: attribute::NETWORK_TRANSPORT, requirement: Requirement::OptIn, at_start: false },
            SpanAttribute { name: attribute::SERVER_ADDRESS, requirement: Requirement::Recommended, at_start: true },
            SpanAttribute {
                name: attribute::SERVER_PORT,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute { name: attribute::URL_PATH, requirement: Requirement::Required, at_start: true },
            SpanAttribute {
                name: attribute::URL_QUERY,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute { name: attribute::URL_SCHEME, requirement: Requirement::Required, at_start: true },
            SpanAttribute {
                name: attribute::USER_AGENT_ORIGINAL,
                requirement: Requirement::Recommended,
                at_start: true,
            },
        ],
    },
    SpanDefinition {
        id: "rpc.server",
        kind: SpanKind::Server,
        may_be_internal: false,
        operations: &[],
        names: &["{rpc.method}", "{rpc.system.name}"],
        attributes: &[
            SpanAttribute { name: attribute::CLIENT_ADDRESS, requirement: Requirement::Recommended, at_start: false },
            SpanAttribute { name: attribute::CLIENT_PORT, requirement: Requirement::Recommended, at_start: false },
            SpanAttribute {
                name: attribute::ERROR_TYPE,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::NETWORK_PEER_ADDRESS,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::NETWORK_PEER_PORT,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::NETWORK_PROTOCOL_NAME,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::NETWORK_PROTOCOL_VERSION,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::NETWORK_TRANSPORT,
                requirement: Requirement::Recommended,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::RPC_METHOD,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
            SpanAttribute {
                name: attribute::RPC_METHOD_ORIGINAL,
                requirement: Requirement::ConditionallyRequired,
                at_start: false,
            },
            SpanAttribute {
                name: attribute::RPC_RESPONSE_STATUS_CODE,
                requirement: Requirement::Required,
                at_start: false,
            },
            SpanAttribute { name: attribute::RPC_SYSTEM_NAME, requirement: Requirement::Required, at_start: true },
            SpanAttribute { name: attribute::SERVER_ADDRESS, requirement: Requirement::Recommended, at_start: true },
            SpanAttribute {
                name: attribute::SERVER_PORT,
                requirement: Requirement::ConditionallyRequired,
                at_start: true,
            },
        ],
    },
];
