//! The rows.

use super::BucketShape;
use super::Group;
use super::Instrument;
use super::Level;
use super::Profile;
use super::Role;
use super::Row;
use crate::semconv::attribute as a;
use crate::semconv::metric as m;

/// Attributes of our own, in the conventions' way of writing.
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
    pub(crate) const FEATURES: &str = "llmobs.build.features";
    pub(crate) const FINISH_REASON: &str = "llmobs.finish_reason";
    pub(crate) const GPU_CALL: &str = "llmobs.gpu.call";
    pub(crate) const GPU_CLOCK_DOMAIN: &str = "llmobs.gpu.clock.domain";
    pub(crate) const GPU_REMAP_CAUSE: &str = "llmobs.gpu.remap.cause";
    pub(crate) const GPU_THROTTLE_REASON: &str = "llmobs.gpu.throttle.reason";
    pub(crate) const GPU_XID_CODE: &str = "llmobs.gpu.xid.code";
    pub(crate) const GPU_XID_SEVERITY: &str = "llmobs.gpu.xid.severity";
    pub(crate) const LABEL: &str = "llmobs.label";
    pub(crate) const LEVEL: &str = "llmobs.build.level";
    pub(crate) const METRIC_GROUP: &str = "llmobs.metric.group";
    pub(crate) const OBJECTIVE_NAME: &str = "llmobs.objective.name";
    pub(crate) const OBJECTIVE_RESULT: &str = "llmobs.objective.result";
    pub(crate) const OUTCOME: &str = "llmobs.operation.outcome";
    pub(crate) const PHASE_DURATION: &str = "llmobs.phase.duration";
    pub(crate) const PHASE_NAME: &str = "llmobs.phase.name";
    pub(crate) const PROFILE: &str = "llmobs.build.profile";
    pub(crate) const QUEUE_EXIT: &str = "llmobs.queue.exit";
    pub(crate) const RUNTIME_NAME: &str = "llmobs.runtime.name";
    pub(crate) const SIGNAL: &str = "llmobs.signal";
    pub(crate) const STARVED_CAUSE: &str = "llmobs.starved.cause";
    pub(crate) const STALL_CAUSE: &str = "llmobs.stall.cause";
    pub(crate) const STATE: &str = "llmobs.operation.state";
    pub(crate) const TOKEN_DIRECTION: &str = "llmobs.token.direction";
    pub(crate) const TOKEN_KIND: &str = "llmobs.token.kind";
    pub(crate) const TOKEN_SOURCE: &str = "llmobs.token.source";
    pub(crate) const TOKEN_WASTE: &str = "llmobs.token.waste";
    pub(crate) const VERSION: &str = "llmobs.build.version";
}

/// The attributes of an operation's series, always first and in this order: the OpenTelemetry SDK looks a set up
/// twice as fast when its order is the one that it saw first.
pub(crate) const SERIES: [&str; 3] = [a::GEN_AI_OPERATION_NAME, a::GEN_AI_PROVIDER_NAME, a::GEN_AI_REQUEST_MODEL];

const ALL: &[Role] = &[Role::Server, Role::Gateway, Role::Client];
const SERVER: &[Role] = &[Role::Server];
const REMOTE: &[Role] = &[Role::Gateway, Role::Client];
const NOW: Option<&str> = Some("0.1");

macro_rules! attributes {
    (S) => { &SERIES };
    (S $($more:expr)+) => { &[SERIES[0], SERIES[1], SERIES[2] $(, $more)+] };
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

/// `RowId { name, Instrument(BucketShape), unit, [attributes], level, roles, profile, since, "description" }`
macro_rules! rows {
    ($group:ident: $($rest:tt)*) => { rows!(@ [] $group: $($rest)*); };
    (@ [$($done:tt)*] $group:ident: $($id:ident { $name:expr, $instrument:ident $(($shape:ident))?, $unit:literal,
        [$($attributes:tt)*], $level:ident, $roles:ident, $profile:ident, $since:ident, $description:literal })*
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
            since: $since,
        }))*] $($rest)*);
    };
    (@ [$(($id:ident, $row:expr))*]) => {
        /// The place of each row.
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
    ServerDuration { m::GEN_AI_SERVER_REQUEST_DURATION, Histogram(Duration), "s", [S a::ERROR_TYPE], Core, SERVER, both, NOW,
        "From the start of the operation to the last item handed over, the error or the drop" }
    ServerFirstToken { m::GEN_AI_SERVER_TIME_TO_FIRST_TOKEN, Histogram(FirstToken), "s", [S], Core, SERVER, both, NOW,
        "From the start of the operation to its first token, of completed operations" }
    ServerPerToken { m::GEN_AI_SERVER_TIME_PER_OUTPUT_TOKEN, Histogram(PerToken), "s", [S], Core, SERVER, both, NOW,
        "From the first token to the last exact token moment, by the tokens after the first, of completed operations with at least two" }
;
GenAiClient:
    ClientTokenUsage { m::GEN_AI_CLIENT_TOKEN_USAGE, Histogram(Tokens), "{token}", [S a::GEN_AI_TOKEN_TYPE], Core, REMOTE, V1_41, NOW,
        "Tokens of an operation, input and output apart" }
    ClientDuration { m::GEN_AI_CLIENT_OPERATION_DURATION, Histogram(Duration), "s", [S a::ERROR_TYPE], Core, REMOTE, both, NOW,
        "From the start of the operation to its end; in profile latest neither of inference nor of embeddings" }
    ClientFirstChunk { m::GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK, Histogram(Duration), "s", [S], Standard, REMOTE, V1_41, NOW,
        "From the start of the operation to the first chunk of its stream" }
    ClientPerChunk { m::GEN_AI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK, Histogram(PerChunk), "s", [S], Standard, REMOTE, V1_41, NOW,
        "From one chunk to the next, one sample for each chunk after the first" }
    InferenceDuration { m::GEN_AI_CLIENT_INFERENCE_DURATION, Histogram(Duration), "s", [S a::ERROR_TYPE], Core, REMOTE, Latest, NOW,
        "From the start of the inference to its end" }
    InferenceFirstChunk { m::GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK, Histogram(Duration), "s", [S], Standard, REMOTE, Latest, NOW,
        "From the start of the inference to the first chunk of its stream" }
    InferencePerChunk { m::GEN_AI_CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK, Histogram(PerChunk), "s", [S], Standard, REMOTE, Latest, NOW,
        "From one chunk to the next, one sample for each chunk after the first" }
    InferenceUsageInput { m::GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS, Counter, "{token}", [S a::GEN_AI_TOKEN_MODALITY], Core, REMOTE, Latest, NOW,
        "Input tokens, cached ones included" }
    InferenceUsageOutput { m::GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS, Counter, "{token}", [S a::GEN_AI_TOKEN_MODALITY], Core, REMOTE, Latest, NOW,
        "Output tokens, reasoning included" }
    InferenceUsageCacheRead { m::GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS, Counter, "{token}", [S a::GEN_AI_TOKEN_MODALITY], Standard, REMOTE, Latest, NOW,
        "Input tokens read from a prompt cache; a part of the input tokens" }
    InferenceUsageCacheWrite { m::GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS, Counter, "{token}", [S a::GEN_AI_TOKEN_MODALITY], Standard, REMOTE, Latest, NOW,
        "Input tokens written to a prompt cache; a part of the input tokens" }
    InferenceUsageReasoning { m::GEN_AI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS, Counter, "{token}", [S a::GEN_AI_TOKEN_MODALITY], Standard, REMOTE, Latest, NOW,
        "Reasoning tokens; a part of the output tokens" }
    InferenceInputTokens { m::GEN_AI_CLIENT_INFERENCE_OPERATION_INPUT_TOKENS, Histogram(Tokens), "{token}", [S], Standard, REMOTE, Latest, NOW,
        "Input tokens of an inference" }
    InferenceOutputTokens { m::GEN_AI_CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS, Histogram(Tokens), "{token}", [S], Standard, REMOTE, Latest, NOW,
        "Output tokens of an inference" }
    EmbeddingsDuration { m::GEN_AI_CLIENT_EMBEDDINGS_DURATION, Histogram(Duration), "s", [S a::ERROR_TYPE], Core, REMOTE, Latest, NOW,
        "From the start of the embedding to its end" }
    EmbeddingsInputTokens { m::GEN_AI_CLIENT_EMBEDDINGS_OPERATION_INPUT_TOKENS, Histogram(Tokens), "{token}", [S], Standard, REMOTE, Latest, NOW,
        "Input tokens of an embedding" }
;
HttpServer:
    HttpDuration { m::HTTP_SERVER_REQUEST_DURATION, Histogram(Http), "s", [a::HTTP_REQUEST_METHOD a::URL_SCHEME a::HTTP_ROUTE a::HTTP_RESPONSE_STATUS_CODE a::ERROR_TYPE a::NETWORK_PROTOCOL_VERSION], Core, ALL, both, NOW,
        "From the arrival of a request to the end of the body of its response" }
    HttpActiveRequests { m::HTTP_SERVER_ACTIVE_REQUESTS, UpDownCounter, "{request}", [a::HTTP_REQUEST_METHOD a::URL_SCHEME], Core, ALL, both, NOW,
        "Requests whose response has not come to the end of its body" }
;
Operation:
    Started { "llmobs.operation.started", Counter, "{operation}", [S], Core, ALL, both, NOW,
        "Operations started" }
    Ended { "llmobs.operation.ended", Counter, "{operation}", [S llmobs_attribute::OUTCOME llmobs_attribute::FINISH_REASON a::ERROR_TYPE], Core, ALL, both, NOW,
        "Operations ended, each exactly once; a completed one with its finish reason, any other with its error" }
    Active { "llmobs.operation.active", ObservableUpDownCounter, "{operation}", [S llmobs_attribute::STATE], Core, ALL, both, NOW,
        "Operations in flight by what they are doing; the sum is started minus ended" }
    StateTime { "llmobs.operation.state.time", ObservableCounter, "s", [S llmobs_attribute::STATE], Standard, ALL, both, NOW,
        "Time spent in each state, operations in flight included; its rate is the mean concurrency" }
    OldestAge { "llmobs.operation.oldest.age", ObservableGauge, "s", [SERIES[2] llmobs_attribute::STATE], Core, ALL, both, NOW,
        "Age of the oldest operation in flight, since its start" }
    OperationLimit { "llmobs.operation.limit", UpDownCounter, "{operation}", [SERIES[2] llmobs_attribute::STATE], Core, ALL, both, NOW,
        "The most operations that the service lets into a state" }
    Attempts { "llmobs.operation.attempts", Counter, "{attempt}", [S llmobs_attribute::ATTEMPT_KIND], Core, REMOTE, both, NOW,
        "Tries of operations; an operation is one however often it is tried" }
    Abandoned { "llmobs.operation.abandoned", Counter, "{operation}", [S], Core, ALL, both, NOW,
        "Operations whose caller left before the first token and before it was late" }
;
Time:
    FirstToken { "llmobs.time_to_first_token", Histogram(FirstToken), "s", [S], Standard, ALL, both, NOW,
        "From the start of the operation to its first token, whatever comes later" }
    Queue { "llmobs.queue.duration", Histogram(Stage), "s", [S llmobs_attribute::QUEUE_EXIT], Core, SERVER, both, NOW,
        "From enqueued to scheduled, or to the end of an operation that ended queued" }
    Prefill { "llmobs.prefill.duration", Histogram(Stage), "s", [S], Standard, SERVER, both, NOW,
        "From scheduled (else the start) to the first token" }
    Decode { "llmobs.decode.duration", Histogram(Stage), "s", [S], Standard, SERVER, both, NOW,
        "From the first token to the last exact token moment" }
    InterToken { "llmobs.inter_token.duration", Histogram(PerToken), "s", [S], Standard, ALL, both, NOW,
        "Time from token to token, one sample for each token after the first chunk; a slow reader does not enter" }
    TokensUnmeasured { "llmobs.token.unmeasured", Counter, "{token}", [S], Standard, ALL, both, NOW,
        "Tokens after the last exact moment of their stream, which have no inter-token sample" }
    LongestGap { "llmobs.operation.longest_gap.duration", Histogram(PerToken), "s", [S], Standard, ALL, both, NOW,
        "The longest time that the engine was seen to give no token, one sample an operation, not divided by the tokens of a chunk" }
    ConsumerWait { "llmobs.consumer_wait.duration", Histogram(Stage), "s", [S], Standard, ALL, both, NOW,
        "All the time that the reader was away with an item, one sample a stream" }
    Phase { "llmobs.phase.duration", Histogram(Stage), "s", [S llmobs_attribute::PHASE_NAME], Standard, ALL, both, NOW,
        "Time in a declared phase of the operation" }
    Stall { "llmobs.stall.events", Counter, "{stall}", [S llmobs_attribute::STALL_CAUSE], Full, ALL, both, NOW,
        "Pauses of a second or more within a stream, by whose they were" }
;
Token:
    TokensProcessed { "llmobs.token.processed", Counter, "{token}", [S llmobs_attribute::TOKEN_DIRECTION llmobs_attribute::TOKEN_KIND llmobs_attribute::TOKEN_SOURCE], Core, ALL, both, NOW,
        "Tokens by direction and kind; the kinds do not overlap, so any sum is right" }
    TokensWasted { "llmobs.token.wasted", Counter, "{token}", [S llmobs_attribute::TOKEN_DIRECTION llmobs_attribute::TOKEN_WASTE], Core, ALL, both, NOW,
        "Tokens processed for nobody: of operations that did not complete, or superseded by a retry" }
    InputTokens { "llmobs.operation.input_tokens", Histogram(Tokens), "{token}", [S], Standard, ALL, both, NOW,
        "Input tokens of an operation" }
    OutputTokens { "llmobs.operation.output_tokens", Histogram(Tokens), "{token}", [S], Standard, ALL, both, NOW,
        "Output tokens of an operation" }
;
Request:
    MaxTokens { "llmobs.request.max_tokens", Histogram(Tokens), "{token}", [S], Full, ALL, both, NOW,
        "The token limit that the caller set" }
    Choices { "llmobs.request.choices", Histogram(SmallCount), "{choice}", [S], Full, ALL, both, NOW,
        "The number of answers that the caller asked for" }
;
ResponseCache:
    CacheLookups { "llmobs.response_cache.lookups", Counter, "{lookup}", [S llmobs_attribute::CACHE_KIND llmobs_attribute::CACHE_RESULT], Standard, ALL, both, NOW,
        "Questions to a cache of whole responses" }
;
Evaluation:
    Evaluations { "llmobs.evaluation.results", Counter, "{result}", [S a::GEN_AI_EVALUATION_NAME a::GEN_AI_EVALUATION_SCORE_LABEL], Standard, ALL, both, NOW,
        "Judgements of answers, by declared name and label" }
;
Objective:
    ObjectiveEvents { "llmobs.objective.events", Counter, "{event}", [S llmobs_attribute::OBJECTIVE_NAME llmobs_attribute::OBJECTIVE_RESULT], Core, ALL, both, NOW,
        "Operations judged against an objective; never sum over the objective's name" }
    ObjectiveTokens { "llmobs.objective.tokens", Counter, "{token}", [S llmobs_attribute::OBJECTIVE_NAME llmobs_attribute::OBJECTIVE_RESULT], Core, ALL, both, NOW,
        "Output tokens of the operations judged against an objective" }
    ObjectiveTarget { "llmobs.objective.target", Gauge, "1", [SERIES[2] SERIES[0] llmobs_attribute::OBJECTIVE_NAME], Core, ALL, both, NOW,
        "The share of operations that should be good" }
    ObjectiveThreshold { "llmobs.objective.threshold", Gauge, "s", [SERIES[2] SERIES[0] llmobs_attribute::OBJECTIVE_NAME], Core, ALL, both, NOW,
        "The limit of one time of an objective, named `objective.time`" }
;
Runtime:
    RuntimeLag { "llmobs.runtime.lag", Histogram(Lag), "s", [llmobs_attribute::RUNTIME_NAME], Standard, ALL, both, NOW,
        "How late a task of the async runtime was woken" }
;
SelfObservability:
    FoldedLabels { "llmobs.self.folded_labels", Counter, "{value}", [llmobs_attribute::LABEL], Core, ALL, both, NOW,
        "Label values that became _OTHER" }
    Redactions { "llmobs.self.redactions", Counter, "{redaction}", [llmobs_attribute::DETECTOR], Core, ALL, both, NOW,
        "Pieces of content that were replaced" }
    Anomalies { "llmobs.self.anomalies", Counter, "{anomaly}", [llmobs_attribute::ANOMALY], Core, ALL, both, NOW,
        "Measurements that could not be true and were mended or left out" }
    SeriesUsage { "llmobs.self.series.usage", ObservableUpDownCounter, "{series}", [llmobs_attribute::METRIC_GROUP], Core, ALL, both, NOW,
        "Series that exist on the Prometheus page" }
    SeriesLimit { "llmobs.self.series.limit", UpDownCounter, "{series}", [llmobs_attribute::METRIC_GROUP], Core, ALL, both, NOW,
        "Label sets that one metric may have" }
;
Pipeline:
    DroppedItems { "llmobs.self.dropped", Counter, "{item}", [llmobs_attribute::SIGNAL llmobs_attribute::DROP_REASON], Core, ALL, both, NOW,
        "Telemetry that was lost" }
    ExportDuration { "llmobs.self.export.duration", Histogram(Stage), "s", [llmobs_attribute::SIGNAL a::ERROR_TYPE], Core, ALL, both, NOW,
        "Time of an export" }
    ExportAge { "llmobs.self.export.age", ObservableGauge, "s", [llmobs_attribute::SIGNAL], Core, ALL, both, NOW,
        "Time since the last export that succeeded" }
    ExportQueueUsage { "llmobs.self.export.queue.usage", ObservableUpDownCounter, "{item}", [llmobs_attribute::SIGNAL], Core, ALL, both, NOW,
        "Items that wait for an export" }
    ExportQueueLimit { "llmobs.self.export.queue.limit", UpDownCounter, "{item}", [llmobs_attribute::SIGNAL], Core, ALL, both, NOW,
        "The most items that may wait for an export" }
;
Build:
    BuildInfo { "llmobs.build.info", Gauge, "", [llmobs_attribute::VERSION llmobs_attribute::FEATURES llmobs_attribute::LEVEL llmobs_attribute::PROFILE], Core, ALL, both, NOW,
        "One; the labels say what is running" }
;
Gpu:
    HwStatus { m::HW_STATUS, ObservableUpDownCounter, "1", [a::HW_ID a::HW_NAME a::HW_PARENT a::HW_TYPE a::HW_STATE], Core, ALL, both, NOW,
        "One for the state that the GPU is in, zero for the others" }
    HwErrors { m::HW_ERRORS, ObservableCounter, "{error}", [a::HW_ID a::HW_NAME a::HW_PARENT a::HW_TYPE a::ERROR_TYPE], Core, ALL, both, NOW,
        "Memory errors since the driver was loaded, corrected and uncorrected" }
    HwUtilization { m::HW_GPU_UTILIZATION, ObservableGauge, "1", [a::HW_ID a::HW_NAME a::HW_VENDOR a::HW_MODEL a::HW_PARENT a::HW_DRIVER_VERSION a::HW_FIRMWARE_VERSION a::HW_SERIAL_NUMBER a::HW_GPU_TASK], Core, ALL, both, NOW,
        "The share of time in which anything ran; one kernel is enough, so a full one says nothing of efficiency" }
    HwMemoryUsage { m::HW_GPU_MEMORY_USAGE, ObservableUpDownCounter, "By", [a::HW_ID a::HW_NAME a::HW_VENDOR a::HW_MODEL a::HW_PARENT a::HW_DRIVER_VERSION a::HW_FIRMWARE_VERSION a::HW_SERIAL_NUMBER], Core, ALL, both, NOW,
        "Memory in use, without what the driver reserves" }
    HwMemoryLimit { m::HW_GPU_MEMORY_LIMIT, ObservableUpDownCounter, "By", [a::HW_ID a::HW_NAME a::HW_VENDOR a::HW_MODEL a::HW_PARENT a::HW_DRIVER_VERSION a::HW_FIRMWARE_VERSION a::HW_SERIAL_NUMBER], Core, ALL, both, NOW,
        "Memory that is there" }
    HwMemoryUtilization { m::HW_GPU_MEMORY_UTILIZATION, ObservableGauge, "1", [a::HW_ID a::HW_NAME a::HW_VENDOR a::HW_MODEL a::HW_PARENT a::HW_DRIVER_VERSION a::HW_FIRMWARE_VERSION a::HW_SERIAL_NUMBER], Standard, ALL, both, NOW,
        "Memory in use by memory that can be used" }
    HwIo { m::HW_GPU_IO, ObservableCounter, "By", [a::HW_ID a::HW_NAME a::HW_VENDOR a::HW_MODEL a::HW_PARENT a::HW_DRIVER_VERSION a::HW_FIRMWARE_VERSION a::HW_SERIAL_NUMBER a::NETWORK_IO_DIRECTION], Standard, ALL, both, NOW,
        "Bytes over the bus" }
    HwEnergy { m::HW_ENERGY, ObservableCounter, "J", [a::HW_ID a::HW_NAME a::HW_PARENT a::HW_TYPE], Core, ALL, both, NOW,
        "Energy used since the driver was loaded; readings that cannot be true are left out" }
    HwPower { m::HW_POWER, ObservableGauge, "W", [a::HW_ID a::HW_NAME a::HW_PARENT a::HW_TYPE], Standard, ALL, both, NOW,
        "Power, as the GPU averages it" }
    HwTemperature { m::HW_TEMPERATURE, ObservableGauge, "Cel", [a::HW_ID a::HW_NAME a::HW_PARENT a::HW_SENSOR_LOCATION], Standard, ALL, both, NOW,
        "Temperature of the chip and of its memory" }
    HwTemperatureLimit { m::HW_TEMPERATURE_LIMIT, ObservableGauge, "Cel", [a::HW_ID a::HW_NAME a::HW_PARENT a::HW_SENSOR_LOCATION a::HW_LIMIT_TYPE], Standard, ALL, both, NOW,
        "Temperature from which clocks are held down, and at which the GPU shuts down" }
    OperationEnergy { "llmobs.operation.energy", Histogram(Energy), "J", [S], Standard, ALL, both, NOW,
        "Energy of an operation: its share of what the GPUs used while it ran; known shortly after its end" }
    GpuEnergyAttributed { "llmobs.gpu.energy.attributed", Counter, "J", [a::HW_ID llmobs_attribute::ENERGY_KIND], Standard, ALL, both, NOW,
        "What became of the measured energy; the sum of all kinds is what was measured" }
    GpuCollectorStatus { "llmobs.gpu.collector.status", ObservableUpDownCounter, "{collector}", [llmobs_attribute::COLLECTOR_STATE], Core, ALL, both, NOW,
        "One for the state that the sampler is in, zero for the others" }
    GpuSamplerAge { "llmobs.gpu.sampler.age", ObservableGauge, "s", [a::HW_ID], Standard, ALL, both, NOW,
        "Time since the GPU last answered" }
    GpuCallDuration { "llmobs.gpu.sampler.call.duration", Histogram(DriverCall), "s", [llmobs_attribute::GPU_CALL], Standard, ALL, both, NOW,
        "Time that the GPU's library took to answer a question" }
    GpuMemoryBusy { "llmobs.gpu.memory.busy", ObservableGauge, "1", [a::HW_ID], Standard, ALL, both, NOW,
        "The share of time in which memory was read or written" }
    GpuEngineActive { "llmobs.gpu.engine.active", ObservableGauge, "1", [a::HW_ID], Standard, ALL, both, NOW,
        "The share of time in which any engine was active" }
    GpuSmActive { "llmobs.gpu.sm.active", ObservableGauge, "1", [a::HW_ID], Standard, ALL, both, NOW,
        "The share of multiprocessors that had work" }
    GpuSmOccupancy { "llmobs.gpu.sm.occupancy", ObservableGauge, "1", [a::HW_ID], Standard, ALL, both, NOW,
        "The share of warps that were active" }
    GpuTensorActive { "llmobs.gpu.tensor.active", ObservableGauge, "1", [a::HW_ID], Standard, ALL, both, NOW,
        "The share of time in which the tensor cores worked" }
    GpuDramActive { "llmobs.gpu.dram.active", ObservableGauge, "1", [a::HW_ID], Standard, ALL, both, NOW,
        "The share of the memory's bandwidth that was used" }
    GpuMemoryReserved { "llmobs.gpu.memory.reserved", ObservableUpDownCounter, "By", [a::HW_ID], Standard, ALL, both, NOW,
        "Memory that the driver reserves" }
    GpuPowerInstant { "llmobs.gpu.power.instant", ObservableGauge, "W", [a::HW_ID], Standard, ALL, both, NOW,
        "Power of the moment" }
    GpuPowerLimit { "llmobs.gpu.power.limit", ObservableGauge, "W", [a::HW_ID], Standard, ALL, both, NOW,
        "The most power that the GPU takes" }
    GpuClock { "llmobs.gpu.clock.frequency", ObservableGauge, "Hz", [a::HW_ID llmobs_attribute::GPU_CLOCK_DOMAIN], Standard, ALL, both, NOW,
        "Clocks of the multiprocessors and of the memory" }
    GpuThrottleStatus { "llmobs.gpu.throttle.status", ObservableUpDownCounter, "{gpu}", [a::HW_ID llmobs_attribute::GPU_THROTTLE_REASON], Standard, ALL, both, NOW,
        "One for each reason for which clocks are held down" }
    GpuThrottleTime { "llmobs.gpu.throttle.time", ObservableCounter, "s", [a::HW_ID llmobs_attribute::GPU_THROTTLE_REASON], Standard, ALL, both, NOW,
        "Time in which clocks were held down: as the driver counts it, else as the sampler saw it" }
    GpuXidErrors { "llmobs.gpu.xid.errors", Counter, "{error}", [a::HW_ID llmobs_attribute::GPU_XID_CODE llmobs_attribute::GPU_XID_SEVERITY], Standard, ALL, both, NOW,
        "Errors that the GPU reported by itself, by NVIDIA's number" }
    GpuRemappedRows { "llmobs.gpu.remapped_rows", Counter, "{row}", [a::HW_ID llmobs_attribute::GPU_REMAP_CAUSE], Standard, ALL, both, NOW,
        "Rows of memory that were replaced" }
    GpuPcieReplays { "llmobs.gpu.pcie.replays", Counter, "{replay}", [a::HW_ID], Standard, ALL, both, NOW,
        "Transfers on the bus that had to be repeated" }
    GpuNvlinkIo { "llmobs.gpu.nvlink.io", ObservableCounter, "By", [a::HW_ID a::NETWORK_IO_DIRECTION], Standard, ALL, both, NOW,
        "Bytes over the links between GPUs" }
    EngineFlops { "llmobs.engine.flops.utilization", ObservableGauge, "1", [SERIES[2] llmobs_attribute::ENGINE_ID], Full, ALL, both, NOW,
        "Arithmetic that the model needs by what the GPUs can do at most: an estimate" }
    EngineBandwidth { "llmobs.engine.memory_bandwidth.utilization", ObservableGauge, "1", [SERIES[2] llmobs_attribute::ENGINE_ID], Full, ALL, both, NOW,
        "Memory that the model reads by what the GPUs can move at most: an estimate" }
    EngineStarved { "llmobs.engine.starved.time", Counter, "s", [SERIES[2] llmobs_attribute::ENGINE_ID llmobs_attribute::STARVED_CAUSE], Standard, ALL, both, NOW,
        "Time in which operations waited while the GPU had next to nothing to do" }
;
}
