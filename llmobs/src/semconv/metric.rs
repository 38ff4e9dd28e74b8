// Do not edit: `cargo xtask semconv` writes this file from the data in `semconv/`.

//! The names of the conventions' metrics, and what the conventions say of each.
//!
//! A name belongs to both profiles unless its doc says otherwise.

use super::attribute;
use super::definition::Instrument;
use super::definition::MetricDefinition;
use super::definition::Number;
use super::definition::Requirement;

/// GenAI client embeddings operation duration.
///
/// Instrument: `Histogram` of `double`. Unit: `s`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `error.type`: conditionally required
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_EMBEDDINGS_DURATION: &str = "gen_ai.client.embeddings.duration";

/// The number of input tokens used per embeddings operation.
///
/// Instrument: `Histogram` of `int`. Unit: `{token}`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_EMBEDDINGS_OPERATION_INPUT_TOKENS: &str = "gen_ai.client.embeddings.operation.input_tokens";

/// GenAI client inference operation duration.
///
/// Instrument: `Histogram` of `double`. Unit: `s`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `error.type`: conditionally required
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_INFERENCE_DURATION: &str = "gen_ai.client.inference.duration";

/// The number of input (prompt) tokens used per inference operation.
///
/// Instrument: `Histogram` of `int`. Unit: `{token}`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_INFERENCE_OPERATION_INPUT_TOKENS: &str = "gen_ai.client.inference.operation.input_tokens";

/// The number of output (completion) tokens used per inference operation.
///
/// Instrument: `Histogram` of `int`. Unit: `{token}`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS: &str = "gen_ai.client.inference.operation.output_tokens";

/// Time per output chunk, recorded for each chunk received after the first one, measured as the time elapsed from the
/// end of the previous chunk to the end of the current chunk.
///
/// Instrument: `Histogram` of `double`. Unit: `s`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK: &str = "gen_ai.client.inference.time_per_output_chunk";

/// Time to receive the first chunk, measured from when the client issues the generation request to when the first chunk
/// is received in the response stream.
///
/// Instrument: `Histogram` of `double`. Unit: `s`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK: &str = "gen_ai.client.inference.time_to_first_chunk";

/// The number of input tokens served from a provider-managed cache.
///
/// Instrument: `Counter` of `int`. Unit: `{token}`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `gen_ai.token.modality`: required
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS: &str =
    "gen_ai.client.inference.usage.cache_read.input_tokens";

/// The number of input tokens written to a provider-managed cache.
///
/// Instrument: `Counter` of `int`. Unit: `{token}`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `gen_ai.token.modality`: required
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS: &str =
    "gen_ai.client.inference.usage.cache_write.input_tokens";

/// The number of input (prompt) tokens used, including cached tokens.
///
/// Instrument: `Counter` of `int`. Unit: `{token}`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `gen_ai.token.modality`: required
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS: &str = "gen_ai.client.inference.usage.input_tokens";

/// The number of output (completion) tokens used, including reasoning tokens.
///
/// Instrument: `Counter` of `int`. Unit: `{token}`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `gen_ai.token.modality`: required
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS: &str = "gen_ai.client.inference.usage.output_tokens";

/// The number of output tokens used for reasoning (e.g. chain-of-thought, extended thinking).
///
/// Instrument: `Counter` of `int`. Unit: `{token}`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `gen_ai.token.modality`: required
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS: &str =
    "gen_ai.client.inference.usage.reasoning.output_tokens";

/// GenAI operation duration.
///
/// Instrument: `Histogram` of `double`. Unit: `s`. Stability: development.
///
/// Attributes:
/// - `error.type`: conditionally required
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required in `v1_41`, conditionally required in `latest`
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_OPERATION_DURATION: &str = "gen_ai.client.operation.duration";

/// Time per output chunk, recorded for each chunk received after the first one, measured as the time elapsed from the
/// end of the previous chunk to the end of the current chunk.
///
/// Instrument: `Histogram` of `double`. Unit: `s`. Stability: development. Profile: `v1_41` only.
///
/// Attributes:
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK: &str = "gen_ai.client.operation.time_per_output_chunk";

/// Time to receive the first chunk, measured from when the client issues the generation request to when the first chunk
/// is received in the response stream.
///
/// Instrument: `Histogram` of `double`. Unit: `s`. Stability: development. Profile: `v1_41` only.
///
/// Attributes:
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK: &str = "gen_ai.client.operation.time_to_first_chunk";

/// Number of input and output tokens used.
///
/// Instrument: `Histogram` of `int`. Unit: `{token}`. Stability: development. Profile: `v1_41` only.
///
/// Attributes:
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `gen_ai.token.type`: required
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_CLIENT_TOKEN_USAGE: &str = "gen_ai.client.token.usage";

/// The duration of a single tool execution.
///
/// Instrument: `Histogram` of `double`. Unit: `s`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `error.type`: conditionally required
/// - `gen_ai.agent.name`: conditionally required
/// - `gen_ai.tool.name`: required
/// - `gen_ai.tool.type`: recommended
pub const GEN_AI_EXECUTE_TOOL_DURATION: &str = "gen_ai.execute_tool.duration";

/// The end-to-end duration of a single in-process agent invocation, from the moment the invocation starts until the
/// agent emits the last chunk of its final response or terminates with an error.
///
/// Instrument: `Histogram` of `double`. Unit: `s`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `error.type`: conditionally required
/// - `gen_ai.agent.name`: conditionally required
/// - `gen_ai.request.model`: recommended
pub const GEN_AI_INVOKE_AGENT_DURATION: &str = "gen_ai.invoke_agent.duration";

/// The number of inference (model) calls a GenAI agent makes during a single invocation.
///
/// Instrument: `Histogram` of `int`. Unit: `{inference_call}`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `gen_ai.agent.name`: recommended
pub const GEN_AI_INVOKE_AGENT_INFERENCE_CALLS: &str = "gen_ai.invoke_agent.inference_calls";

/// The number of tool calls a GenAI agent makes during a single invocation.
///
/// Instrument: `Histogram` of `int`. Unit: `{tool_call}`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `gen_ai.agent.name`: recommended
pub const GEN_AI_INVOKE_AGENT_TOOL_CALLS: &str = "gen_ai.invoke_agent.tool_calls";

/// Records duration of GenAI workflow.
///
/// Instrument: `Histogram` of `double`. Unit: `s`. Stability: development. Profile: `latest` only.
///
/// Attributes:
/// - `error.type`: conditionally required
/// - `gen_ai.workflow.name`: conditionally required
pub const GEN_AI_INVOKE_WORKFLOW_DURATION: &str = "gen_ai.invoke_workflow.duration";

/// Generative AI server request duration such as time-to-last byte or last output token.
///
/// Instrument: `Histogram` of `double`. Unit: `s`. Stability: development.
///
/// Attributes:
/// - `error.type`: conditionally required
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_SERVER_REQUEST_DURATION: &str = "gen_ai.server.request.duration";

/// Time per output token generated after the first token for successful responses.
///
/// Instrument: `Histogram` of `double`. Unit: `s`. Stability: development.
///
/// Attributes:
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_SERVER_TIME_PER_OUTPUT_TOKEN: &str = "gen_ai.server.time_per_output_token";

/// Time to generate first token for successful responses.
///
/// Instrument: `Histogram` of `double`. Unit: `s`. Stability: development.
///
/// Attributes:
/// - `gen_ai.operation.name`: required
/// - `gen_ai.provider.name`: required
/// - `gen_ai.request.model`: conditionally required
/// - `gen_ai.response.model`: recommended
/// - `server.address`: recommended
/// - `server.port`: conditionally required
pub const GEN_AI_SERVER_TIME_TO_FIRST_TOKEN: &str = "gen_ai.server.time_to_first_token";

/// The requests that an HTTP server has not answered to the end.
///
/// Instrument: `UpDownCounter` of `int`. Unit: `{request}`. Stability: development.
///
/// Attributes:
/// - `http.request.method`: required
/// - `server.address`: opt-in
/// - `server.port`: opt-in
/// - `url.scheme`: required
pub const HTTP_SERVER_ACTIVE_REQUESTS: &str = "http.server.active_requests";

/// The duration of the requests to an HTTP server.
///
/// Instrument: `Histogram` of `double`. Unit: `s`. Stability: stable.
///
/// Attributes:
/// - `error.type`: conditionally required
/// - `http.request.method`: required
/// - `http.response.status_code`: conditionally required
/// - `http.route`: conditionally required
/// - `network.protocol.name`: conditionally required
/// - `network.protocol.version`: recommended
/// - `server.address`: opt-in
/// - `server.port`: opt-in
/// - `url.scheme`: required
pub const HTTP_SERVER_REQUEST_DURATION: &str = "http.server.request.duration";

/// Energy consumed by the component.
///
/// Instrument: `Counter` of `double`. Unit: `J`. Stability: development.
///
/// Attributes:
/// - `hw.id`: required
/// - `hw.name`: recommended
/// - `hw.parent`: recommended
/// - `hw.type`: required
pub const HW_ENERGY: &str = "hw.energy";

/// Number of errors encountered by the component.
///
/// Instrument: `Counter` of `int`. Unit: `{error}`. Stability: development.
///
/// Attributes:
/// - `error.type`: conditionally required
/// - `hw.id`: required
/// - `hw.name`: recommended
/// - `hw.parent`: recommended
/// - `hw.type`: required
pub const HW_ERRORS: &str = "hw.errors";

/// Fan speed in revolutions per minute.
///
/// Instrument: `Gauge` of `int`. Unit: `rpm`. Stability: development.
///
/// Attributes:
/// - `hw.id`: required
/// - `hw.name`: recommended
/// - `hw.parent`: recommended
/// - `hw.sensor_location`: recommended
pub const HW_FAN_SPEED: &str = "hw.fan.speed";

/// Speed limit in rpm.
///
/// Instrument: `Gauge` of `int`. Unit: `rpm`. Stability: development.
///
/// Attributes:
/// - `hw.id`: required
/// - `hw.limit_type`: recommended
/// - `hw.name`: recommended
/// - `hw.parent`: recommended
/// - `hw.sensor_location`: recommended
pub const HW_FAN_SPEED_LIMIT: &str = "hw.fan.speed.limit";

/// Fan speed expressed as a fraction of its maximum speed.
///
/// Instrument: `Gauge` of `double`. Unit: `1`. Stability: development.
///
/// Attributes:
/// - `hw.id`: required
/// - `hw.name`: recommended
/// - `hw.parent`: recommended
/// - `hw.sensor_location`: recommended
pub const HW_FAN_SPEED_RATIO: &str = "hw.fan.speed_ratio";

/// Received and transmitted bytes by the GPU.
///
/// Instrument: `Counter` of `int`. Unit: `By`. Stability: development.
///
/// Attributes:
/// - `hw.driver_version`: recommended
/// - `hw.firmware_version`: recommended
/// - `hw.id`: required
/// - `hw.model`: recommended
/// - `hw.name`: recommended
/// - `hw.parent`: recommended
/// - `hw.serial_number`: recommended
/// - `hw.vendor`: recommended
/// - `network.io.direction`: required
pub const HW_GPU_IO: &str = "hw.gpu.io";

/// Size of the GPU memory.
///
/// Instrument: `UpDownCounter` of `int`. Unit: `By`. Stability: development.
///
/// Attributes:
/// - `hw.driver_version`: recommended
/// - `hw.firmware_version`: recommended
/// - `hw.id`: required
/// - `hw.model`: recommended
/// - `hw.name`: recommended
/// - `hw.parent`: recommended
/// - `hw.serial_number`: recommended
/// - `hw.vendor`: recommended
pub const HW_GPU_MEMORY_LIMIT: &str = "hw.gpu.memory.limit";

/// GPU memory used.
///
/// Instrument: `UpDownCounter` of `int`. Unit: `By`. Stability: development.
///
/// Attributes:
/// - `hw.driver_version`: recommended
/// - `hw.firmware_version`: recommended
/// - `hw.id`: required
/// - `hw.model`: recommended
/// - `hw.name`: recommended
/// - `hw.parent`: recommended
/// - `hw.serial_number`: recommended
/// - `hw.vendor`: recommended
pub const HW_GPU_MEMORY_USAGE: &str = "hw.gpu.memory.usage";

/// Fraction of GPU memory used.
///
/// Instrument: `Gauge` of `double`. Unit: `1`. Stability: development.
///
/// Attributes:
/// - `hw.driver_version`: recommended
/// - `hw.firmware_version`: recommended
/// - `hw.id`: required
/// - `hw.model`: recommended
/// - `hw.name`: recommended
/// - `hw.parent`: recommended
/// - `hw.serial_number`: recommended
/// - `hw.vendor`: recommended
pub const HW_GPU_MEMORY_UTILIZATION: &str = "hw.gpu.memory.utilization";

/// Fraction of time spent in a specific task.
///
/// Instrument: `Gauge` of `double`. Unit: `1`. Stability: development.
///
/// Attributes:
/// - `hw.driver_version`: recommended
/// - `hw.firmware_version`: recommended
/// - `hw.gpu.task`: recommended
/// - `hw.id`: required
/// - `hw.model`: recommended
/// - `hw.name`: recommended
/// - `hw.parent`: recommended
/// - `hw.serial_number`: recommended
/// - `hw.vendor`: recommended
pub const HW_GPU_UTILIZATION: &str = "hw.gpu.utilization";

/// Size of the memory module.
///
/// Instrument: `UpDownCounter` of `int`. Unit: `By`. Stability: development.
///
/// Attributes:
/// - `hw.id`: required
/// - `hw.memory.type`: recommended
/// - `hw.model`: recommended
/// - `hw.name`: recommended
/// - `hw.parent`: recommended
/// - `hw.serial_number`: recommended
/// - `hw.vendor`: recommended
pub const HW_MEMORY_SIZE: &str = "hw.memory.size";

/// Instantaneous power consumed by the component.
///
/// Instrument: `Gauge` of `double`. Unit: `W`. Stability: development.
///
/// Attributes:
/// - `hw.id`: required
/// - `hw.name`: recommended
/// - `hw.parent`: recommended
/// - `hw.type`: required
pub const HW_POWER: &str = "hw.power";

/// Operational status: `1` (true) or `0` (false) for each of the possible states.
///
/// Instrument: `UpDownCounter` of `int`. Unit: `1`. Stability: development.
///
/// Attributes:
/// - `hw.id`: required
/// - `hw.name`: recommended
/// - `hw.parent`: recommended
/// - `hw.state`: required
/// - `hw.type`: required
pub const HW_STATUS: &str = "hw.status";

/// Temperature in degrees Celsius.
///
/// Instrument: `Gauge` of `double`. Unit: `Cel`. Stability: development.
///
/// Attributes:
/// - `hw.id`: required
/// - `hw.name`: recommended
/// - `hw.parent`: recommended
/// - `hw.sensor_location`: recommended
pub const HW_TEMPERATURE: &str = "hw.temperature";

/// Temperature limit in degrees Celsius.
///
/// Instrument: `Gauge` of `double`. Unit: `Cel`. Stability: development.
///
/// Attributes:
/// - `hw.id`: required
/// - `hw.limit_type`: recommended
/// - `hw.name`: recommended
/// - `hw.parent`: recommended
/// - `hw.sensor_location`: recommended
pub const HW_TEMPERATURE_LIMIT: &str = "hw.temperature.limit";

/// The GenAI metrics of the profile `v1_41`, by name.
pub const V1_41: &[MetricDefinition] = &[
    MetricDefinition {
        name: GEN_AI_CLIENT_OPERATION_DURATION,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::ERROR_TYPE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_CLIENT_TOKEN_USAGE,
        instrument: Instrument::Histogram,
        unit: "{token}",
        number: Number::Int,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::GEN_AI_TOKEN_TYPE, Requirement::Required),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_SERVER_REQUEST_DURATION,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::ERROR_TYPE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_SERVER_TIME_PER_OUTPUT_TOKEN,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_SERVER_TIME_TO_FIRST_TOKEN,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
];

/// The GenAI metrics of the profile `latest`, by name.
pub const LATEST: &[MetricDefinition] = &[
    MetricDefinition {
        name: GEN_AI_CLIENT_EMBEDDINGS_DURATION,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::ERROR_TYPE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_CLIENT_EMBEDDINGS_OPERATION_INPUT_TOKENS,
        instrument: Instrument::Histogram,
        unit: "{token}",
        number: Number::Int,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_CLIENT_INFERENCE_DURATION,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::ERROR_TYPE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_CLIENT_INFERENCE_OPERATION_INPUT_TOKENS,
        instrument: Instrument::Histogram,
        unit: "{token}",
        number: Number::Int,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS,
        instrument: Instrument::Histogram,
        unit: "{token}",
        number: Number::Int,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS,
        instrument: Instrument::Counter,
        unit: "{token}",
        number: Number::Int,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::GEN_AI_TOKEN_MODALITY, Requirement::Required),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS,
        instrument: Instrument::Counter,
        unit: "{token}",
        number: Number::Int,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::GEN_AI_TOKEN_MODALITY, Requirement::Required),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS,
        instrument: Instrument::Counter,
        unit: "{token}",
        number: Number::Int,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::GEN_AI_TOKEN_MODALITY, Requirement::Required),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS,
        instrument: Instrument::Counter,
        unit: "{token}",
        number: Number::Int,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::GEN_AI_TOKEN_MODALITY, Requirement::Required),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS,
        instrument: Instrument::Counter,
        unit: "{token}",
        number: Number::Int,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::GEN_AI_TOKEN_MODALITY, Requirement::Required),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_CLIENT_OPERATION_DURATION,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::ERROR_TYPE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_EXECUTE_TOOL_DURATION,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::ERROR_TYPE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_AGENT_NAME, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_TOOL_NAME, Requirement::Required),
            (attribute::GEN_AI_TOOL_TYPE, Requirement::Recommended),
        ],
    },
    MetricDefinition {
        name: GEN_AI_INVOKE_AGENT_DURATION,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::ERROR_TYPE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_AGENT_NAME, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::Recommended),
        ],
    },
    MetricDefinition {
        name: GEN_AI_INVOKE_AGENT_INFERENCE_CALLS,
        instrument: Instrument::Histogram,
        unit: "{inference_call}",
        number: Number::Int,
        attributes: &[(attribute::GEN_AI_AGENT_NAME, Requirement::Recommended)],
    },
    MetricDefinition {
        name: GEN_AI_INVOKE_AGENT_TOOL_CALLS,
        instrument: Instrument::Histogram,
        unit: "{tool_call}",
        number: Number::Int,
        attributes: &[(attribute::GEN_AI_AGENT_NAME, Requirement::Recommended)],
    },
    MetricDefinition {
        name: GEN_AI_INVOKE_WORKFLOW_DURATION,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::ERROR_TYPE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_WORKFLOW_NAME, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_SERVER_REQUEST_DURATION,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::ERROR_TYPE, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_SERVER_TIME_PER_OUTPUT_TOKEN,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
    MetricDefinition {
        name: GEN_AI_SERVER_TIME_TO_FIRST_TOKEN,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::GEN_AI_OPERATION_NAME, Requirement::Required),
            (attribute::GEN_AI_PROVIDER_NAME, Requirement::Required),
            (attribute::GEN_AI_REQUEST_MODEL, Requirement::ConditionallyRequired),
            (attribute::GEN_AI_RESPONSE_MODEL, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::Recommended),
            (attribute::SERVER_PORT, Requirement::ConditionallyRequired),
        ],
    },
];

/// The hardware metrics, by name; both profiles share them.
pub const HARDWARE: &[MetricDefinition] = &[
    MetricDefinition {
        name: HW_ENERGY,
        instrument: Instrument::Counter,
        unit: "J",
        number: Number::Double,
        attributes: &[
            (attribute::HW_ID, Requirement::Required),
            (attribute::HW_NAME, Requirement::Recommended),
            (attribute::HW_PARENT, Requirement::Recommended),
            (attribute::HW_TYPE, Requirement::Required),
        ],
    },
    MetricDefinition {
        name: HW_ERRORS,
        instrument: Instrument::Counter,
        unit: "{error}",
        number: Number::Int,
        attributes: &[
            (attribute::ERROR_TYPE, Requirement::ConditionallyRequired),
            (attribute::HW_ID, Requirement::Required),
            (attribute::HW_NAME, Requirement::Recommended),
            (attribute::HW_PARENT, Requirement::Recommended),
            (attribute::HW_TYPE, Requirement::Required),
        ],
    },
    MetricDefinition {
        name: HW_FAN_SPEED,
        instrument: Instrument::Gauge,
        unit: "rpm",
        number: Number::Int,
        attributes: &[
            (attribute::HW_ID, Requirement::Required),
            (attribute::HW_NAME, Requirement::Recommended),
            (attribute::HW_PARENT, Requirement::Recommended),
            (attribute::HW_SENSOR_LOCATION, Requirement::Recommended),
        ],
    },
    MetricDefinition {
        name: HW_FAN_SPEED_LIMIT,
        instrument: Instrument::Gauge,
        unit: "rpm",
        number: Number::Int,
        attributes: &[
            (attribute::HW_ID, Requirement::Required),
            (attribute::HW_LIMIT_TYPE, Requirement::Recommended),
            (attribute::HW_NAME, Requirement::Recommended),
            (attribute::HW_PARENT, Requirement::Recommended),
            (attribute::HW_SENSOR_LOCATION, Requirement::Recommended),
        ],
    },
    MetricDefinition {
        name: HW_FAN_SPEED_RATIO,
        instrument: Instrument::Gauge,
        unit: "1",
        number: Number::Double,
        attributes: &[
            (attribute::HW_ID, Requirement::Required),
            (attribute::HW_NAME, Requirement::Recommended),
            (attribute::HW_PARENT, Requirement::Recommended),
            (attribute::HW_SENSOR_LOCATION, Requirement::Recommended),
        ],
    },
    MetricDefinition {
        name: HW_GPU_IO,
        instrument: Instrument::Counter,
        unit: "By",
        number: Number::Int,
        attributes: &[
            (attribute::HW_DRIVER_VERSION, Requirement::Recommended),
            (attribute::HW_FIRMWARE_VERSION, Requirement::Recommended),
            (attribute::HW_ID, Requirement::Required),
            (attribute::HW_MODEL, Requirement::Recommended),
            (attribute::HW_NAME, Requirement::Recommended),
            (attribute::HW_PARENT, Requirement::Recommended),
            (attribute::HW_SERIAL_NUMBER, Requirement::Recommended),
            (attribute::HW_VENDOR, Requirement::Recommended),
            (attribute::NETWORK_IO_DIRECTION, Requirement::Required),
        ],
    },
    MetricDefinition {
        name: HW_GPU_MEMORY_LIMIT,
        instrument: Instrument::UpDownCounter,
        unit: "By",
        number: Number::Int,
        attributes: &[
            (attribute::HW_DRIVER_VERSION, Requirement::Recommended),
            (attribute::HW_FIRMWARE_VERSION, Requirement::Recommended),
            (attribute::HW_ID, Requirement::Required),
            (attribute::HW_MODEL, Requirement::Recommended),
            (attribute::HW_NAME, Requirement::Recommended),
            (attribute::HW_PARENT, Requirement::Recommended),
            (attribute::HW_SERIAL_NUMBER, Requirement::Recommended),
            (attribute::HW_VENDOR, Requirement::Recommended),
        ],
    },
    MetricDefinition {
        name: HW_GPU_MEMORY_USAGE,
        instrument: Instrument::UpDownCounter,
        unit: "By",
        number: Number::Int,
        attributes: &[
            (attribute::HW_DRIVER_VERSION, Requirement::Recommended),
            (attribute::HW_FIRMWARE_VERSION, Requirement::Recommended),
            (attribute::HW_ID, Requirement::Required),
            (attribute::HW_MODEL, Requirement::Recommended),
            (attribute::HW_NAME, Requirement::Recommended),
            (attribute::HW_PARENT, Requirement::Recommended),
            (attribute::HW_SERIAL_NUMBER, Requirement::Recommended),
            (attribute::HW_VENDOR, Requirement::Recommended),
        ],
    },
    MetricDefinition {
        name: HW_GPU_MEMORY_UTILIZATION,
        instrument: Instrument::Gauge,
        unit: "1",
        number: Number::Double,
        attributes: &[
            (attribute::HW_DRIVER_VERSION, Requirement::Recommended),
            (attribute::HW_FIRMWARE_VERSION, Requirement::Recommended),
            (attribute::HW_ID, Requirement::Required),
            (attribute::HW_MODEL, Requirement::Recommended),
            (attribute::HW_NAME, Requirement::Recommended),
            (attribute::HW_PARENT, Requirement::Recommended),
            (attribute::HW_SERIAL_NUMBER, Requirement::Recommended),
            (attribute::HW_VENDOR, Requirement::Recommended),
        ],
    },
    MetricDefinition {
        name: HW_GPU_UTILIZATION,
        instrument: Instrument::Gauge,
        unit: "1",
        number: Number::Double,
        attributes: &[
            (attribute::HW_DRIVER_VERSION, Requirement::Recommended),
            (attribute::HW_FIRMWARE_VERSION, Requirement::Recommended),
            (attribute::HW_GPU_TASK, Requirement::Recommended),
            (attribute::HW_ID, Requirement::Required),
            (attribute::HW_MODEL, Requirement::Recommended),
            (attribute::HW_NAME, Requirement::Recommended),
            (attribute::HW_PARENT, Requirement::Recommended),
            (attribute::HW_SERIAL_NUMBER, Requirement::Recommended),
            (attribute::HW_VENDOR, Requirement::Recommended),
        ],
    },
    MetricDefinition {
        name: HW_MEMORY_SIZE,
        instrument: Instrument::UpDownCounter,
        unit: "By",
        number: Number::Int,
        attributes: &[
            (attribute::HW_ID, Requirement::Required),
            (attribute::HW_MEMORY_TYPE, Requirement::Recommended),
            (attribute::HW_MODEL, Requirement::Recommended),
            (attribute::HW_NAME, Requirement::Recommended),
            (attribute::HW_PARENT, Requirement::Recommended),
            (attribute::HW_SERIAL_NUMBER, Requirement::Recommended),
            (attribute::HW_VENDOR, Requirement::Recommended),
        ],
    },
    MetricDefinition {
        name: HW_POWER,
        instrument: Instrument::Gauge,
        unit: "W",
        number: Number::Double,
        attributes: &[
            (attribute::HW_ID, Requirement::Required),
            (attribute::HW_NAME, Requirement::Recommended),
            (attribute::HW_PARENT, Requirement::Recommended),
            (attribute::HW_TYPE, Requirement::Required),
        ],
    },
    MetricDefinition {
        name: HW_STATUS,
        instrument: Instrument::UpDownCounter,
        unit: "1",
        number: Number::Int,
        attributes: &[
            (attribute::HW_ID, Requirement::Required),
            (attribute::HW_NAME, Requirement::Recommended),
            (attribute::HW_PARENT, Requirement::Recommended),
            (attribute::HW_STATE, Requirement::Required),
            (attribute::HW_TYPE, Requirement::Required),
        ],
    },
    MetricDefinition {
        name: HW_TEMPERATURE,
        instrument: Instrument::Gauge,
        unit: "Cel",
        number: Number::Double,
        attributes: &[
            (attribute::HW_ID, Requirement::Required),
            (attribute::HW_NAME, Requirement::Recommended),
            (attribute::HW_PARENT, Requirement::Recommended),
            (attribute::HW_SENSOR_LOCATION, Requirement::Recommended),
        ],
    },
    MetricDefinition {
        name: HW_TEMPERATURE_LIMIT,
        instrument: Instrument::Gauge,
        unit: "Cel",
        number: Number::Double,
        attributes: &[
            (attribute::HW_ID, Requirement::Required),
            (attribute::HW_LIMIT_TYPE, Requirement::Recommended),
            (attribute::HW_NAME, Requirement::Recommended),
            (attribute::HW_PARENT, Requirement::Recommended),
            (attribute::HW_SENSOR_LOCATION, Requirement::Recommended),
        ],
    },
];

/// The metrics of the core conventions, by name; both profiles share them.
pub const CORE: &[MetricDefinition] = &[
    MetricDefinition {
        name: HTTP_SERVER_ACTIVE_REQUESTS,
        instrument: Instrument::UpDownCounter,
        unit: "{request}",
        number: Number::Int,
        attributes: &[
            (attribute::HTTP_REQUEST_METHOD, Requirement::Required),
            (attribute::SERVER_ADDRESS, Requirement::OptIn),
            (attribute::SERVER_PORT, Requirement::OptIn),
            (attribute::URL_SCHEME, Requirement::Required),
        ],
    },
    MetricDefinition {
        name: HTTP_SERVER_REQUEST_DURATION,
        instrument: Instrument::Histogram,
        unit: "s",
        number: Number::Double,
        attributes: &[
            (attribute::ERROR_TYPE, Requirement::ConditionallyRequired),
            (attribute::HTTP_REQUEST_METHOD, Requirement::Required),
            (attribute::HTTP_RESPONSE_STATUS_CODE, Requirement::ConditionallyRequired),
            (attribute::HTTP_ROUTE, Requirement::ConditionallyRequired),
            (attribute::NETWORK_PROTOCOL_NAME, Requirement::ConditionallyRequired),
            (attribute::NETWORK_PROTOCOL_VERSION, Requirement::Recommended),
            (attribute::SERVER_ADDRESS, Requirement::OptIn),
            (attribute::SERVER_PORT, Requirement::OptIn),
            (attribute::URL_SCHEME, Requirement::Required),
        ],
    },
];
