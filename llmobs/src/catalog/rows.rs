//! The rows of the catalog: one row for each metric.

use super::BucketShape;
use super::Group;
use super::Instrument;
use super::Level;
use super::Profile;
use super::Role;
use super::Row;
use crate::semconv::attribute as a;
use crate::semconv::metric as m;

/// Names of the attributes that llmobs defines, in the style of the OpenTelemetry conventions.
pub(crate) mod llmobs_attribute {
    pub(crate) const ANOMALY: &str = "llmobs.anomaly";
    pub(crate) const ATTEMPT_KIND: &str = "llmobs.attempt.kind";
    pub(crate) const CACHE_KIND: &str = "llmobs.cache.kind";
    pub(crate) const CACHE_RESULT: &str = "llmobs.cache.result";
    pub(crate) const COLLECTOR_STATE: &str = "llmobs.collector.state";
    pub(crate) const DETECTOR: &str = "llmobs.detector";
    pub(crate) const DROP_REASON: &str = "llmobs.drop.reason";
    pub(crate) const ENERGY_KIND: &str = "llmobs.energy.kind";
    pub(crate) const ENGINE_ID: &str = "llmobs.engine.id";
    pub(crate) const BUILD_FEATURES: &str = "llmobs.build.features";
    pub(crate) const FINISH_REASON: &str = "llmobs.finish_reason";
    pub(crate) const GPU_CALL: &str = "llmobs.gpu.call";
    pub(crate) const GPU_CLOCK_DOMAIN: &str = "llmobs.gpu.clock.domain";
    pub(crate) const GPU_REMAP_CAUSE: &str = "llmobs.gpu.remap.cause";
    pub(crate) const GPU_THROTTLE_REASON: &str = "llmobs.gpu.throttle.reason";
    pub(crate) const GPU_XID_CODE: &str = "llmobs.gpu.xid.code";
    pub(crate) const GPU_XID_SEVERITY: &str = "llmobs.gpu.xid.severity";
    pub(crate) const LABEL: &str = "llmobs.label";
    pub(crate) const BUILD_LEVEL: &str = "llmobs.build.level";
    pub(crate) const METRIC_GROUP: &str = "llmobs.metric.group";
    pub(crate) const OBJECTIVE_NAME: &str = "llmobs.objective.name";
    pub(crate) const OBJECTIVE_RESULT: &str = "llmobs.objective.result";
    pub(crate) const OPERATION_OUTCOME: &str = "llmobs.operation.outcome";
    pub(crate) const PHASE_DURATION: &str = "llmobs.phase.duration";
    pub(crate) const PHASE_NAME: &str = "llmobs.phase.name";
    pub(crate) const BUILD_PROFILE: &str = "llmobs.build.profile";
    pub(crate) const QUEUE_EXIT: &str = "llmobs.queue.exit";
    pub(crate) const RUNTIME_NAME: &str = "llmobs.runtime.name";
    pub(crate) const SIGNAL: &str = "llmobs.signal";
    pub(crate) const STARVED_CAUSE: &str = "llmobs.starved.cause";
    pub(crate) const STALL_CAUSE: &str = "llmobs.stall.cause";
    pub(crate) const OPERATION_STATE: &str = "llmobs.operation.state";
    pub(crate) const TOKEN_DIRECTION: &str = "llmobs.token.direction";
    pub(crate) const TOKEN_KIND: &str = "llmobs.token.kind";
    pub(crate) const TOKEN_SOURCE: &str = "llmobs.token.source";
    pub(crate) const TOKEN_WASTE: &str = "llmobs.token.waste";
    pub(crate) const BUILD_VERSION: &str = "llmobs.build.version";
}

/// The attributes of an operation's series, always first and in this order. The OpenTelemetry SDK finds an attribute
/// set twice as fast when the order is the order of its first use.
pub(crate) const SERIES_ATTRIBUTES: [&str; 3] =
    [a::GEN_AI_OPERATION_NAME, a::GEN_AI_PROVIDER_NAME, a::GEN_AI_REQUEST_MODEL];

const ALL: &[Role] = &[Role::Server, Role::Gateway, Role::Client];
const SERVER: &[Role] = &[Role::Server];
const REMOTE: &[Role] = &[Role::Gateway, Role::Client];

macro_rules! attributes {
    (S) => { &SERIES_ATTRIBUTES };
    (S $($more:expr)+) => { &[SERIES_ATTRIBUTES[0], SERIES_ATTRIBUTES[1], SERIES_ATTRIBUTES[2] $(, $more)+] };
    ($($only:expr)*) => { &[$($only),*] };
}

macro_rules! profile {
    (both) => {
        None
    };
    ($profile:ident) => {
        Some(Profile::$profile)
    };
}

macro_rules! shape {
    () => {
        None
    };
    ($shape:ident) => {
        Some(BucketShape::$shape)
    };
}

/// `RowId { name, Instrument(BucketShape), unit, [attributes], level, roles, profile, "description" }`
macro_rules! rows {
    ($group:ident: $($rest:tt)*) => { rows!(@ [] $group: $($rest)*); };
    (@ [$($done:tt)*] $group:ident: $($id:ident { $name:expr, $instrument:ident $(($shape:ident))?, $unit:literal,
        [$($attributes:tt)*], $level:ident, $roles:ident, $profile:ident, $description:literal })*
        ; $($rest:tt)*) => {
        rows!(@ [$($done)* $(($id, Row {
            name: $name,
            instrument: Instrument::$instrument,
            unit: $unit,
            description: $description,
            attributes: attributes!($($attributes)*),
            level: Level::$level,
            group: Group::$group,
            shape: shape!($($shape)?),
            roles: $roles,
            profile: profile!($profile),
        }))*] $($rest)*);
    };
    (@ [$(($id:ident, $row:expr))*]) => {
        /// The index of each row in [`ROWS`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum RowId { $($id),* }

        impl RowId {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$id),*];
        }

        /// Every metric, in the order of the documentation.
        pub const ROWS: &[Row] = &[$($row),*];
    };
}

impl RowId {
    pub(crate) const fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }
}

rows! {
GenAiServer:
    ServerDuration { m::GEN_AI_SERVER_REQUEST_DURATION, Histogram(Duration), "s", [S a::ERROR_TYPE], Core, SERVER, both,
        "Duration of an operation in seconds, from its start to the last item handed over, the error or the drop" }
    ServerFirstToken { m::GEN_AI_SERVER_TIME_TO_FIRST_TOKEN, Histogram(FirstToken), "s", [S], Core, SERVER, both,
        "Time to first token in seconds of completed operations, from the start of the operation to its first token" }
    ServerPerToken { m::GEN_AI_SERVER_TIME_PER_OUTPUT_TOKEN, Histogram(PerToken), "s", [S], Core, SERVER, both,
        "Mean seconds per token after the first, from first token to last exact moment, of completed operations with two or more tokens" }
;
GenAiClient:
    ClientTokenUsage { m::GEN_AI_CLIENT_TOKEN_USAGE, Histogram(Tokens), "{token}", [S a::GEN_AI_TOKEN_TYPE], Core, REMOTE, V1_41,
        "Number of input or output tokens of one operation, as the upstream reported them, recorded as one sample per direction" }
    ClientDuration { m::GEN_AI_CLIENT_OPERATION_DURATION, Histogram(Duration), "s", [S a::ERROR_TYPE], Core, REMOTE, both,
        "Duration of an operation in seconds, from its start to its end; in profile latest without inference and embeddings" }
    ClientFirstChunk { m::GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK, Histogram(Duration), "s", [S], Standard, REMOTE, V1_41,
        "Time to first chunk in seconds of a streamed operation, from the start of the operation to its first chunk of any kind" }
    ClientPerChunk { m::GEN_AI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK, Histogram(PerChunk), "s", [S], Standard, REMOTE, V1_41,
        "Time per output chunk in seconds, from one chunk of a stream to the next, one sample for each chunk after the first" }
    InferenceDuration { m::GEN_AI_CLIENT_INFERENCE_DURATION, Histogram(Duration), "s", [S a::ERROR_TYPE], Core, REMOTE, Latest,
        "Duration of an inference operation in seconds, from its start to its end" }
    InferenceFirstChunk { m::GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK, Histogram(Duration), "s", [S], Standard, REMOTE, Latest,
        "Time to first chunk in seconds of a streamed inference, from the start of the operation to its first chunk of any kind" }
    InferencePerChunk { m::GEN_AI_CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK, Histogram(PerChunk), "s", [S], Standard, REMOTE, Latest,
        "Time per output chunk in seconds, from one chunk of a stream to the next, one sample for each chunk after the first" }
    InferenceUsageInput { m::GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS, Counter, "{token}", [S a::GEN_AI_TOKEN_MODALITY], Core, REMOTE, Latest,
        "Number of input tokens of inference operations, as the upstream reported them, cached tokens included" }
    InferenceUsageOutput { m::GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS, Counter, "{token}", [S a::GEN_AI_TOKEN_MODALITY], Core, REMOTE, Latest,
        "Number of output tokens of inference operations, as the upstream reported them, reasoning tokens included" }
    InferenceUsageCacheRead { m::GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS, Counter, "{token}", [S a::GEN_AI_TOKEN_MODALITY], Standard, REMOTE, Latest,
        "Number of input tokens read from a prompt cache by inference operations, also part of the input tokens" }
    InferenceUsageCacheWrite { m::GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS, Counter, "{token}", [S a::GEN_AI_TOKEN_MODALITY], Standard, REMOTE, Latest,
        "Number of input tokens written to a prompt cache by inference operations, also part of the input tokens" }
    InferenceUsageReasoning { m::GEN_AI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS, Counter, "{token}", [S a::GEN_AI_TOKEN_MODALITY], Standard, REMOTE, Latest,
        "Number of reasoning tokens of inference operations, also part of the output tokens" }
    InferenceInputTokens { m::GEN_AI_CLIENT_INFERENCE_OPERATION_INPUT_TOKENS, Histogram(Tokens), "{token}", [S], Standard, REMOTE, Latest,
        "Number of input tokens of one inference operation, cached tokens included" }
    InferenceOutputTokens { m::GEN_AI_CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS, Histogram(Tokens), "{token}", [S], Standard, REMOTE, Latest,
        "Number of output tokens of one inference operation, reasoning tokens included" }
    EmbeddingsDuration { m::GEN_AI_CLIENT_EMBEDDINGS_DURATION, Histogram(Duration), "s", [S a::ERROR_TYPE], Core, REMOTE, Latest,
        "Duration of an embeddings operation in seconds, from its start to its end" }
    EmbeddingsInputTokens { m::GEN_AI_CLIENT_EMBEDDINGS_OPERATION_INPUT_TOKENS, Histogram(Tokens), "{token}", [S], Standard, REMOTE, Latest,
        "Number of input tokens of one embeddings operation" }
;
HttpServer:
    HttpDuration { m::HTTP_SERVER_REQUEST_DURATION, Histogram(Http), "s", [a::HTTP_REQUEST_METHOD a::URL_SCHEME a::HTTP_ROUTE a::HTTP_RESPONSE_STATUS_CODE a::ERROR_TYPE a::NETWORK_PROTOCOL_VERSION], Core, ALL, both,
        "Duration of an HTTP request in seconds, from the arrival of the request to the end of the response body" }
    HttpActiveRequests { m::HTTP_SERVER_ACTIVE_REQUESTS, UpDownCounter, "{request}", [a::HTTP_REQUEST_METHOD a::URL_SCHEME], Core, ALL, both,
        "Number of HTTP requests in progress, from the arrival of the request to the end of the response body" }
;
Operation:
    Started { "llmobs.operation.started", Counter, "{operation}", [S], Core, ALL, both,
        "Number of operations that started" }
    Ended { "llmobs.operation.ended", Counter, "{operation}", [S llmobs_attribute::OPERATION_OUTCOME llmobs_attribute::FINISH_REASON a::ERROR_TYPE], Core, ALL, both,
        "Number of operations that ended, each counted once by outcome, with a finish reason if completed and an error type otherwise" }
    Active { "llmobs.operation.active", ObservableUpDownCounter, "{operation}", [S llmobs_attribute::OPERATION_STATE], Core, ALL, both,
        "Number of operations in flight by state; the sum over all states is operations started minus operations ended" }
    StateTime { "llmobs.operation.state.time", ObservableCounter, "s", [S llmobs_attribute::OPERATION_STATE], Standard, ALL, both,
        "Time in seconds that operations spent in each state, operations in flight included; its rate is the mean concurrency" }
    OldestAge { "llmobs.operation.oldest.age", ObservableGauge, "s", [SERIES_ATTRIBUTES[2] llmobs_attribute::OPERATION_STATE], Core, ALL, both,
        "Age in seconds of the oldest operation in flight in each state, from the start of the operation to the collection" }
    OperationLimit { "llmobs.operation.limit", UpDownCounter, "{operation}", [SERIES_ATTRIBUTES[2] llmobs_attribute::OPERATION_STATE], Core, ALL, both,
        "Maximum number of operations that the service allows in a state at the same time" }
    Attempts { "llmobs.operation.attempts", Counter, "{attempt}", [S llmobs_attribute::ATTEMPT_KIND], Core, REMOTE, both,
        "Number of attempts of operations by kind (first, retry, fallback, hedge); one operation can have several attempts" }
    Abandoned { "llmobs.operation.abandoned", Counter, "{operation}", [S], Core, ALL, both,
        "Number of operations whose caller left before the first token and before any objective was missed" }
;
Time:
    FirstToken { "llmobs.time_to_first_token", Histogram(FirstToken), "s", [S], Standard, ALL, both,
        "Time to first token in seconds, from the start of the operation to its first token, whatever the outcome" }
    Queue { "llmobs.queue.duration", Histogram(Stage), "s", [S llmobs_attribute::QUEUE_EXIT], Core, SERVER, both,
        "Time in the queue in seconds, from enqueued to scheduled, or to the end of an operation that ended in the queue" }
    Prefill { "llmobs.prefill.duration", Histogram(Stage), "s", [S], Standard, SERVER, both,
        "Prefill time in seconds, from scheduled to the first token, or from the start if the operation was not marked as scheduled" }
    Decode { "llmobs.decode.duration", Histogram(Stage), "s", [S], Standard, SERVER, both,
        "Decode time in seconds, from the first token to the last exact moment of a token" }
    InterToken { "llmobs.inter_token.duration", Histogram(PerToken), "s", [S], Standard, ALL, both,
        "Inter-token latency in seconds, from one token to the next, one sample per token after the first chunk; a slow consumer has no effect" }
    TokensUnmeasured { "llmobs.token.unmeasured", Counter, "{token}", [S], Standard, ALL, both,
        "Number of tokens after the last exact moment of their stream, which have no inter-token latency sample" }
    LongestGap { "llmobs.operation.longest_gap.duration", Histogram(PerToken), "s", [S], Standard, ALL, both,
        "Longest time in seconds from a token to the next, one sample per operation, not divided by the tokens of a chunk" }
    ConsumerWait { "llmobs.consumer_wait.duration", Histogram(Stage), "s", [S], Standard, ALL, both,
        "Time in seconds that the consumer of a stream was away, from an item handed over to its next poll, summed over the stream" }
    Phase { "llmobs.phase.duration", Histogram(Stage), "s", [S llmobs_attribute::PHASE_NAME], Standard, ALL, both,
        "Duration in seconds of a declared phase of an operation, from the start to the end of the phase" }
    Stall { "llmobs.stall.events", Counter, "{stall}", [S llmobs_attribute::STALL_CAUSE], Full, ALL, both,
        "Number of pauses of one second or more within a stream, by the side that caused them (engine or consumer)" }
;
Token:
    TokensProcessed { "llmobs.token.processed", Counter, "{token}", [S llmobs_attribute::TOKEN_DIRECTION llmobs_attribute::TOKEN_KIND llmobs_attribute::TOKEN_SOURCE], Core, ALL, both,
        "Number of tokens processed, by direction, kind and source; the kinds do not overlap, so sums over them are correct" }
    TokensWasted { "llmobs.token.wasted", Counter, "{token}", [S llmobs_attribute::TOKEN_DIRECTION llmobs_attribute::TOKEN_WASTE], Core, ALL, both,
        "Number of processed tokens of operations that did not complete or of attempts that were superseded by another attempt" }
    InputTokens { "llmobs.operation.input_tokens", Histogram(Tokens), "{token}", [S], Standard, ALL, both,
        "Number of input tokens of one operation, cached tokens included" }
    OutputTokens { "llmobs.operation.output_tokens", Histogram(Tokens), "{token}", [S], Standard, ALL, both,
        "Number of output tokens of one operation, reasoning tokens included" }
;
Request:
    MaxTokens { "llmobs.request.max_tokens", Histogram(Tokens), "{token}", [S], Full, ALL, both,
        "Maximum number of output tokens that the caller requested for one operation" }
    Choices { "llmobs.request.choices", Histogram(SmallCount), "{choice}", [S], Full, ALL, both,
        "Number of choices (answers) that the caller requested for one operation" }
;
ResponseCache:
    CacheLookups { "llmobs.response_cache.lookups", Counter, "{lookup}", [S llmobs_attribute::CACHE_KIND llmobs_attribute::CACHE_RESULT], Standard, ALL, both,
        "Number of lookups in a cache of complete responses, by kind of cache and result" }
;
Evaluation:
    Evaluations { "llmobs.evaluation.results", Counter, "{result}", [S a::GEN_AI_EVALUATION_NAME a::GEN_AI_EVALUATION_SCORE_LABEL], Standard, ALL, both,
        "Number of evaluation results of answers, by declared evaluation name and score label" }
;
Objective:
    ObjectiveEvents { "llmobs.objective.events", Counter, "{event}", [S llmobs_attribute::OBJECTIVE_NAME llmobs_attribute::OBJECTIVE_RESULT], Core, ALL, both,
        "Number of operations that an objective judged good or bad; do not sum over the objective name" }
    ObjectiveTokens { "llmobs.objective.tokens", Counter, "{token}", [S llmobs_attribute::OBJECTIVE_NAME llmobs_attribute::OBJECTIVE_RESULT], Core, ALL, both,
        "Number of output tokens of operations that an objective judged good or bad; do not sum over the objective name" }
    ObjectiveTarget { "llmobs.objective.target", Gauge, "1", [SERIES_ATTRIBUTES[2] SERIES_ATTRIBUTES[0] llmobs_attribute::OBJECTIVE_NAME], Core, ALL, both,
        "Target of an objective: the ratio of good to judged operations that should be reached, from 0 to 1" }
    ObjectiveThreshold { "llmobs.objective.threshold", Gauge, "s", [SERIES_ATTRIBUTES[2] SERIES_ATTRIBUTES[0] llmobs_attribute::OBJECTIVE_NAME], Core, ALL, both,
        "Limit in seconds of one time of an objective; the objective name label has the form `objective.time`" }
;
Runtime:
    RuntimeLag { "llmobs.runtime.lag", Histogram(Lag), "s", [llmobs_attribute::RUNTIME_NAME], Standard, ALL, both,
        "Delay in seconds of a task of the async runtime, from the moment it should have woken to the moment it ran" }
;
SelfObservability:
    FoldedLabels { "llmobs.self.folded_labels", Counter, "{value}", [llmobs_attribute::LABEL], Core, ALL, both,
        "Number of label values that were replaced by _OTHER to limit the cardinality of a label" }
    Redactions { "llmobs.self.redactions", Counter, "{redaction}", [llmobs_attribute::DETECTOR], Core, ALL, both,
        "Number of matches in captured content that redaction replaced by placeholders, by detector" }
    Anomalies { "llmobs.self.anomalies", Counter, "{anomaly}", [llmobs_attribute::ANOMALY], Core, ALL, both,
        "Number of measurements that could not be true and were corrected or discarded, by kind of anomaly" }
    SeriesUsage { "llmobs.self.series.usage", ObservableUpDownCounter, "{series}", [llmobs_attribute::METRIC_GROUP], Core, ALL, both,
        "Number of series that exist on the Prometheus page, by metric group" }
    SeriesLimit { "llmobs.self.series.limit", UpDownCounter, "{series}", [llmobs_attribute::METRIC_GROUP], Core, ALL, both,
        "Maximum number of label sets that one metric may have" }
;
Pipeline:
    DroppedItems { "llmobs.self.dropped", Counter, "{item}", [llmobs_attribute::SIGNAL llmobs_attribute::DROP_REASON], Core, ALL, both,
        "Number of telemetry items that were dropped and did not reach the collector or hook, by signal and drop reason" }
    ExportDuration { "llmobs.self.export.duration", Histogram(Stage), "s", [llmobs_attribute::SIGNAL a::ERROR_TYPE], Core, ALL, both,
        "Duration of one export attempt in seconds, from sending the request to the response or the failure" }
    ExportAge { "llmobs.self.export.age", ObservableGauge, "s", [llmobs_attribute::SIGNAL], Core, ALL, both,
        "Time in seconds from the last successful export of a signal to the collection, or from the start of the pipeline if none" }
    ExportQueueUsage { "llmobs.self.export.queue.usage", ObservableUpDownCounter, "{item}", [llmobs_attribute::SIGNAL], Core, ALL, both,
        "Number of items in the export queue of a signal, including items of exports in progress" }
    ExportQueueLimit { "llmobs.self.export.queue.limit", UpDownCounter, "{item}", [llmobs_attribute::SIGNAL], Core, ALL, both,
        "Maximum number of items in the export queue of a signal" }
;
Build:
    BuildInfo { "llmobs.build.info", Gauge, "", [llmobs_attribute::BUILD_VERSION llmobs_attribute::BUILD_FEATURES llmobs_attribute::BUILD_LEVEL llmobs_attribute::BUILD_PROFILE], Core, ALL, both,
        "Constant 1, with labels for the version, the features, the level and the profile of the running llmobs" }
;
Gpu:
    HwStatus { m::HW_STATUS, ObservableUpDownCounter, "1", [a::HW_ID a::HW_NAME a::HW_PARENT a::HW_TYPE a::HW_STATE], Core, ALL, both,
        "State of a GPU: 1 for the state that the GPU is in, 0 for each other state" }
    HwErrors { m::HW_ERRORS, ObservableCounter, "{error}", [a::HW_ID a::HW_NAME a::HW_PARENT a::HW_TYPE a::ERROR_TYPE], Core, ALL, both,
        "Number of memory errors of a GPU since its driver was loaded, by error type (corrected or uncorrected)" }
    HwUtilization { m::HW_GPU_UTILIZATION, ObservableGauge, "1", [a::HW_ID a::HW_NAME a::HW_VENDOR a::HW_MODEL a::HW_PARENT a::HW_DRIVER_VERSION a::HW_FIRMWARE_VERSION a::HW_SERIAL_NUMBER a::HW_GPU_TASK], Core, ALL, both,
        "Ratio of time in which a GPU ran at least one kernel, from 0 to 1; a high ratio does not show efficient use" }
    HwMemoryUsage { m::HW_GPU_MEMORY_USAGE, ObservableUpDownCounter, "By", [a::HW_ID a::HW_NAME a::HW_VENDOR a::HW_MODEL a::HW_PARENT a::HW_DRIVER_VERSION a::HW_FIRMWARE_VERSION a::HW_SERIAL_NUMBER], Core, ALL, both,
        "Memory of a GPU in use in bytes, without the memory that the driver reserves" }
    HwMemoryLimit { m::HW_GPU_MEMORY_LIMIT, ObservableUpDownCounter, "By", [a::HW_ID a::HW_NAME a::HW_VENDOR a::HW_MODEL a::HW_PARENT a::HW_DRIVER_VERSION a::HW_FIRMWARE_VERSION a::HW_SERIAL_NUMBER], Core, ALL, both,
        "Total memory of a GPU in bytes, including the memory that the driver reserves" }
    HwMemoryUtilization { m::HW_GPU_MEMORY_UTILIZATION, ObservableGauge, "1", [a::HW_ID a::HW_NAME a::HW_VENDOR a::HW_MODEL a::HW_PARENT a::HW_DRIVER_VERSION a::HW_FIRMWARE_VERSION a::HW_SERIAL_NUMBER], Standard, ALL, both,
        "Ratio of memory in use to usable memory of a GPU (total minus reserved by the driver), from 0 to 1" }
    HwIo { m::HW_GPU_IO, ObservableCounter, "By", [a::HW_ID a::HW_NAME a::HW_VENDOR a::HW_MODEL a::HW_PARENT a::HW_DRIVER_VERSION a::HW_FIRMWARE_VERSION a::HW_SERIAL_NUMBER a::NETWORK_IO_DIRECTION], Standard, ALL, both,
        "Number of bytes that a GPU sent and received over the PCIe bus, by direction" }
    HwEnergy { m::HW_ENERGY, ObservableCounter, "J", [a::HW_ID a::HW_NAME a::HW_PARENT a::HW_TYPE], Core, ALL, both,
        "Energy in joules that a GPU used since its driver was loaded; implausible readings are discarded" }
    HwPower { m::HW_POWER, ObservableGauge, "W", [a::HW_ID a::HW_NAME a::HW_PARENT a::HW_TYPE], Standard, ALL, both,
        "Power draw of a GPU in watts, averaged by the device" }
    HwTemperature { m::HW_TEMPERATURE, ObservableGauge, "Cel", [a::HW_ID a::HW_NAME a::HW_PARENT a::HW_SENSOR_LOCATION], Standard, ALL, both,
        "Temperature of a GPU in degrees Celsius, by sensor (chip or memory)" }
    HwTemperatureLimit { m::HW_TEMPERATURE_LIMIT, ObservableGauge, "Cel", [a::HW_ID a::HW_NAME a::HW_PARENT a::HW_SENSOR_LOCATION a::HW_LIMIT_TYPE], Standard, ALL, both,
        "Temperature limit of a GPU in degrees Celsius, at which clocks are reduced or the GPU shuts down, by limit type" }
    OperationEnergy { "llmobs.operation.energy", Histogram(Energy), "J", [S], Standard, ALL, both,
        "Energy of one operation in joules: its share of the energy of the GPUs from start to end; known shortly after the end" }
    GpuEnergyAttributed { "llmobs.gpu.energy.attributed", Counter, "J", [a::HW_ID llmobs_attribute::ENERGY_KIND], Standard, ALL, both,
        "Measured energy of a GPU in joules by attribution (request, idle, unattributed); the sum is the measured energy" }
    GpuCollectorStatus { "llmobs.gpu.collector.status", ObservableUpDownCounter, "{collector}", [llmobs_attribute::COLLECTOR_STATE], Core, ALL, both,
        "State of the GPU sampler: 1 for the state that the sampler is in, 0 for each other state" }
    GpuSamplerAge { "llmobs.gpu.sampler.age", ObservableGauge, "s", [a::HW_ID], Standard, ALL, both,
        "Time in seconds from the last answer of a GPU to the sampler until the collection" }
    GpuCallDuration { "llmobs.gpu.sampler.call.duration", Histogram(DriverCall), "s", [llmobs_attribute::GPU_CALL], Standard, ALL, both,
        "Duration of one call of the GPU management library in seconds, from the call to its return" }
    GpuMemoryBusy { "llmobs.gpu.memory.busy", ObservableGauge, "1", [a::HW_ID], Standard, ALL, both,
        "Ratio of time in which the memory of a GPU was read or written, from 0 to 1" }
    GpuEngineActive { "llmobs.gpu.engine.active", ObservableGauge, "1", [a::HW_ID], Standard, ALL, both,
        "Ratio of time in which any engine of a GPU was active, from 0 to 1" }
    GpuSmActive { "llmobs.gpu.sm.active", ObservableGauge, "1", [a::HW_ID], Standard, ALL, both,
        "Ratio of streaming multiprocessors of a GPU that had work assigned, from 0 to 1" }
    GpuSmOccupancy { "llmobs.gpu.sm.occupancy", ObservableGauge, "1", [a::HW_ID], Standard, ALL, both,
        "Ratio of active warps to the maximum number of warps of a GPU, from 0 to 1" }
    GpuTensorActive { "llmobs.gpu.tensor.active", ObservableGauge, "1", [a::HW_ID], Standard, ALL, both,
        "Ratio of time in which the tensor cores of a GPU were active, from 0 to 1" }
    GpuDramActive { "llmobs.gpu.dram.active", ObservableGauge, "1", [a::HW_ID], Standard, ALL, both,
        "Ratio of used to available memory bandwidth of a GPU, from 0 to 1" }
    GpuMemoryReserved { "llmobs.gpu.memory.reserved", ObservableUpDownCounter, "By", [a::HW_ID], Standard, ALL, both,
        "Memory of a GPU in bytes that the driver reserves" }
    GpuPowerInstant { "llmobs.gpu.power.instant", ObservableGauge, "W", [a::HW_ID], Standard, ALL, both,
        "Instantaneous power draw of a GPU in watts" }
    GpuPowerLimit { "llmobs.gpu.power.limit", ObservableGauge, "W", [a::HW_ID], Standard, ALL, both,
        "Power limit of a GPU in watts, the most that the device draws" }
    GpuClock { "llmobs.gpu.clock.frequency", ObservableGauge, "Hz", [a::HW_ID llmobs_attribute::GPU_CLOCK_DOMAIN], Standard, ALL, both,
        "Clock frequency of a GPU in hertz, by clock domain (multiprocessors or memory)" }
    GpuThrottleStatus { "llmobs.gpu.throttle.status", ObservableUpDownCounter, "{gpu}", [a::HW_ID llmobs_attribute::GPU_THROTTLE_REASON], Standard, ALL, both,
        "Reasons for which the clocks of a GPU are reduced: 1 for each reason that applies now, 0 for the others" }
    GpuThrottleTime { "llmobs.gpu.throttle.time", ObservableCounter, "s", [a::HW_ID llmobs_attribute::GPU_THROTTLE_REASON], Standard, ALL, both,
        "Time in seconds in which the clocks of a GPU were reduced, by reason, as counted by the driver or else by the sampler" }
    GpuXidErrors { "llmobs.gpu.xid.errors", Counter, "{error}", [a::HW_ID llmobs_attribute::GPU_XID_CODE llmobs_attribute::GPU_XID_SEVERITY], Standard, ALL, both,
        "Number of XID errors that a GPU reported, by NVIDIA error code and severity" }
    GpuRemappedRows { "llmobs.gpu.remapped_rows", Counter, "{row}", [a::HW_ID llmobs_attribute::GPU_REMAP_CAUSE], Standard, ALL, both,
        "Number of memory rows of a GPU that were remapped to spare rows, by cause" }
    GpuPcieReplays { "llmobs.gpu.pcie.replays", Counter, "{replay}", [a::HW_ID], Standard, ALL, both,
        "Number of PCIe transfers of a GPU that had to be repeated" }
    GpuNvlinkIo { "llmobs.gpu.nvlink.io", ObservableCounter, "By", [a::HW_ID a::NETWORK_IO_DIRECTION], Standard, ALL, both,
        "Number of bytes that a GPU sent and received over NVLink, by direction" }
    EngineFlops { "llmobs.engine.flops.utilization", ObservableGauge, "1", [SERIES_ATTRIBUTES[2] llmobs_attribute::ENGINE_ID], Full, ALL, both,
        "Estimated ratio of the arithmetic that the model needs to the peak arithmetic rate of its GPUs" }
    EngineBandwidth { "llmobs.engine.memory_bandwidth.utilization", ObservableGauge, "1", [SERIES_ATTRIBUTES[2] llmobs_attribute::ENGINE_ID], Full, ALL, both,
        "Estimated ratio of the memory traffic that the model needs to the peak memory bandwidth of its GPUs" }
    EngineStarved { "llmobs.engine.starved.time", Counter, "s", [SERIES_ATTRIBUTES[2] llmobs_attribute::ENGINE_ID llmobs_attribute::STARVED_CAUSE], Standard, ALL, both,
        "Time in seconds in which operations waited while the GPU of the engine was nearly idle, by cause" }
;
}
