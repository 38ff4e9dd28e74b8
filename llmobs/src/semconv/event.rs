// Do not edit: `cargo xtask semconv` writes this file from the data in `semconv/`.

//! The names of the conventions' events, and what the conventions say of each.
//!
//! A name belongs to both profiles unless its doc says otherwise.

use super::attribute;
use super::definition::EventDefinition;
use super::definition::Requirement;

/// Describes the details of a GenAI completion request including chat history and parameters.
///
/// Level: opt-in. Severity number: none said in `v1_41`, 5 in `latest`.
pub const GEN_AI_CLIENT_INFERENCE_OPERATION_DETAILS: &str = "gen_ai.client.inference.operation.details";

/// This event represents an exception that occurred during a Generative AI client operation, such as API errors, rate
/// limiting, model errors, timeouts, or other errors that prevent the operation from completing successfully.
///
/// Level: recommended. Severity number: 13.
pub const GEN_AI_CLIENT_OPERATION_EXCEPTION: &str = "gen_ai.client.operation.exception";

/// This event captures the result of evaluating GenAI output for quality, accuracy, or other characteristics. This
/// event SHOULD be parented to GenAI operation span being evaluated when possible or set `gen_ai.response.id` when span
/// id is not available.
///
/// Level: recommended. Severity number: none said.
pub const GEN_AI_EVALUATION_RESULT: &str = "gen_ai.evaluation.result";

/// The GenAI events of the profile `v1_41`, by name.
pub const V1_41: &[EventDefinition] = &[
    EventDefinition {
        name: GEN_AI_CLIENT_INFERENCE_OPERATION_DETAILS,
        requirement: Requirement::OptIn,
        severity: None,
        attributes: &[
            (attribute::ERROR_TYPE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_CONVERSATION_ID, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_INPUT_MESSAGES, Requirement::OptIn),
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_OUTPUT_MESSAGES, Requirement::OptIn),
            (attribute::GEN_AI_OUTPUT_TYPE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_REQUEST_CHOICE_COUNT, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_REQUEST_FREQUENCY_PENALTY, Requirement::Recommended),
            (attribute::GEN_AI_REQUEST_MAX_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_REQUEST_PRESENCE_PENALTY, Requirement::Recommended),
            (attribute::GEN_AI_REQUEST_SEED, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_REQUEST_STOP_SEQUENCES, Requirement::Recommended),
            (attribute::GEN_AI_REQUEST_STREAM, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_REQUEST_TEMPERATURE, Requirement::Recommended),
            (attribute::GEN_AI_REQUEST_TOP_P, Requirement::Recommended),
            (attribute::GEN_AI_RESPONSE_FINISH_REASONS, Requirement::Recommended),
            (attribute::GEN_AI_RESPONSE_ID, Requirement::Recommended),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, Requirement::Recommended),
            (attribute::GEN_AI_SYSTEM_INSTRUCTIONS, Requirement::OptIn),
            (attribute::GEN_AI_TOOL_DEFINITIONS, Requirement::OptIn),
            (attribute::GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_INPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_OUTPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    EventDefinition {
        name: GEN_AI_CLIENT_OPERATION_EXCEPTION,
        requirement: Requirement::Recommended,
        severity: Some(13),
        attributes: &[
            (attribute::EXCEPTION_MESSAGE, Requirement::ConditionallyRequired),
            (attribute::EXCEPTION_STACKTRACE, Requirement::Recommended),
            (attribute::EXCEPTION_TYPE, Requirement::ConditionallyRequired),
        ],
    },
    EventDefinition {
        name: GEN_AI_EVALUATION_RESULT,
        requirement: Requirement::Recommended,
        severity: None,
        attributes: &[
            (attribute::ERROR_TYPE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_EVALUATION_EXPLANATION, Requirement::Recommended),
            (attribute::GEN_AI_EVALUATION_NAME, Requirement::Required),
            (attribute::GEN_AI_EVALUATION_SCORE_LABEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_EVALUATION_SCORE_VALUE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_ID, Requirement::Recommended),
        ],
    },
];

/// The GenAI events of the profile `latest`, by name.
pub const LATEST: &[EventDefinition] = &[
    EventDefinition {
        name: GEN_AI_CLIENT_INFERENCE_OPERATION_DETAILS,
        requirement: Requirement::OptIn,
        severity: Some(5),
        attributes: &[
            (attribute::ERROR_TYPE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_CONVERSATION_COMPACTED, Requirement::Recommended),
            (attribute::GEN_AI_CONVERSATION_ID, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_INPUT_MESSAGES, Requirement::OptIn),
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_OUTPUT_MESSAGES, Requirement::OptIn),
            (attribute::GEN_AI_OUTPUT_TYPE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_PROMPT_NAME, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_PROMPT_VARIABLE, Requirement::OptIn),
            (attribute::GEN_AI_PROMPT_VERSION, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_CHOICE_COUNT, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_REQUEST_FREQUENCY_PENALTY, Requirement::Recommended),
            (attribute::GEN_AI_REQUEST_MAX_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_REQUEST_PRESENCE_PENALTY, Requirement::Recommended),
            (attribute::GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID, Requirement::Recommended),
            (attribute::GEN_AI_REQUEST_REASONING_LEVEL, Requirement::Recommended),
            (attribute::GEN_AI_REQUEST_SEED, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_REQUEST_STOP_SEQUENCES, Requirement::Recommended),
            (attribute::GEN_AI_REQUEST_STREAM, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_REQUEST_TEMPERATURE, Requirement::Recommended),
            (attribute::GEN_AI_REQUEST_TOP_K, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_REQUEST_TOP_P, Requirement::Recommended),
            (attribute::GEN_AI_RESPONSE_FINISH_REASONS, Requirement::Recommended),
            (attribute::GEN_AI_RESPONSE_ID, Requirement::Recommended),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, Requirement::Recommended),
            (attribute::GEN_AI_SYSTEM_INSTRUCTIONS, Requirement::OptIn),
            (attribute::GEN_AI_TOOL_DEFINITIONS, Requirement::OptIn),
            (attribute::GEN_AI_USAGE_AUDIO_CACHE_READ_INPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_AUDIO_INPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_IMAGE_CACHE_READ_INPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_IMAGE_INPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_INPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_OUTPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_TEXT_CACHE_READ_INPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_TEXT_INPUT_TOKENS, Requirement::Recommended),
            (attribute::GEN_AI_USAGE_TEXT_OUTPUT_TOKENS, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    EventDefinition {
        name: GEN_AI_CLIENT_OPERATION_EXCEPTION,
        requirement: Requirement::Recommended,
        severity: Some(13),
        attributes: &[
            (attribute::EXCEPTION_MESSAGE, Requirement::ConditionallyRequired),
            (attribute::EXCEPTION_STACKTRACE, Requirement::Recommended),
            (attribute::EXCEPTION_TYPE, Requirement::ConditionallyRequired),
        ],
    },
    EventDefinition {
        name: GEN_AI_EVALUATION_RESULT,
        requirement: Requirement::Recommended,
        severity: None,
        attributes: &[
            (attribute::ERROR_TYPE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_EVALUATION_EXPLANATION, Requirement::Recommended),
            (attribute::GEN_AI_EVALUATION_NAME, Requirement::Required),
            (attribute::GEN_AI_EVALUATION_SCORE_LABEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_EVALUATION_SCORE_VALUE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_ID, Requirement::Recommended),
        ],
    },
];
