//! The rows of the catalog: one row for each metric.

use super::BucketShape;
use super::Group;
use super::Instrument;
use super::Level;
use super::Profile;
use super::Role;
use super::Row;
use super::buckets::COSTS;
use super::buckets::PREEMPTIONS;
use super::buckets::SEQUENCES;
use super::buckets::STEP_TOKENS;
use crate::semconv::attribute as a;
use crate::semconv::metric as m;

/// Names of the attributes that llmobs defines, in the style of the OpenTelemetry conventions.
pub(crate) mod llmobs_attribute {
    pub(crate) const ADMISSION_DECISION: &str = "llmobs.admission.decision";
    pub(crate) const ADMISSION_PRIORITY: &str = "llmobs.admission.priority";
    pub(crate) const ADMISSION_REASON: &str = "llmobs.admission.reason";
    pub(crate) const ANOMALY: &str = "llmobs.anomaly";
    pub(crate) const ATTEMPT_KIND: &str = "llmobs.attempt.kind";
    pub(crate) const BACKEND_STATE: &str = "llmobs.backend.state";
    pub(crate) const BUDGET_NAME: &str = "llmobs.budget.name";
    pub(crate) const CACHE_KIND: &str = "llmobs.cache.kind";
    pub(crate) const CACHE_RESULT: &str = "llmobs.cache.result";
    pub(crate) const CACHE_TIER: &str = "llmobs.cache.tier";
    pub(crate) const COST_QUALITY: &str = "llmobs.cost.quality";
    pub(crate) const COST_SOURCE: &str = "llmobs.cost.source";
    pub(crate) const DETECTOR: &str = "llmobs.detector";
    pub(crate) const DRAFT_POSITION: &str = "llmobs.draft.position";
    pub(crate) const DRAFT_RESULT: &str = "llmobs.draft.result";
    pub(crate) const DROP_REASON: &str = "llmobs.drop.reason";
    pub(crate) const ENGINE_BLOCK_SIZE: &str = "llmobs.engine.block_size";
    pub(crate) const ENGINE_ID: &str = "llmobs.engine.id";
    pub(crate) const ENGINE_QUANTIZATION: &str = "llmobs.engine.quantization";
    pub(crate) const ENGINE_REVISION: &str = "llmobs.engine.revision";
    pub(crate) const BUILD_FEATURES: &str = "llmobs.build.features";
    pub(crate) const FINISH_REASON: &str = "llmobs.finish_reason";
    pub(crate) const LABEL: &str = "llmobs.label";
    pub(crate) const BUILD_LEVEL: &str = "llmobs.build.level";
    pub(crate) const METRIC_GROUP: &str = "llmobs.metric.group";
    pub(crate) const OBJECTIVE_NAME: &str = "llmobs.objective.name";
    pub(crate) const OBJECTIVE_RESULT: &str = "llmobs.objective.result";
    pub(crate) const OPERATION_OUTCOME: &str = "llmobs.operation.outcome";
    pub(crate) const PHASE_DURATION: &str = "llmobs.phase.duration";
    pub(crate) const PHASE_NAME: &str = "llmobs.phase.name";
    pub(crate) const PRICEBOOK_SOURCE: &str = "llmobs.pricebook.source";
    pub(crate) const PRICEBOOK_VERSION: &str = "llmobs.pricebook.version";
    pub(crate) const BUILD_PROFILE: &str = "llmobs.build.profile";
    pub(crate) const QUEUE_EXIT: &str = "llmobs.queue.exit";
    pub(crate) const RUNTIME_NAME: &str = "llmobs.runtime.name";
    pub(crate) const SEQUENCE_STATE: &str = "llmobs.sequence.state";
    pub(crate) const SIGNAL: &str = "llmobs.signal";
    pub(crate) const STALL_CAUSE: &str = "llmobs.stall.cause";
    pub(crate) const STEP_KIND: &str = "llmobs.step.kind";
    pub(crate) const OPERATION_STATE: &str = "llmobs.operation.state";
    pub(crate) const TENANT_NAME: &str = "llmobs.tenant.name";
    pub(crate) const TOKEN_DIRECTION: &str = "llmobs.token.direction";
    pub(crate) const TOKEN_KIND: &str = "llmobs.token.kind";
    pub(crate) const TOKEN_SOURCE: &str = "llmobs.token.source";
    pub(crate) const TOKEN_WASTE: &str = "llmobs.token.waste";
    pub(crate) const WAIT_REASON: &str = "llmobs.wait.reason";
    pub(crate) const WINDOW: &str = "llmobs.window";
    pub(crate) const BUILD_VERSION: &str = "llmobs.build.version";
}

/// The attributes of an operation's series, always first and in this order. The OpenTelemetry SDK finds an attribute
/// set twice as fast when the order is the order of its first use.
pub(crate) const SERIES_ATTRIBUTES: [&str; 3] =
    [a::GEN_AI_OPERATION_NAME, a::GEN_AI_PROVIDER_NAME, a::GEN_AI_REQUEST_MODEL];

/// The attributes of an engine's series, always first and in this order.
pub(crate) const ENGINE_ATTRIBUTES: [&str; 2] = [a::GEN_AI_REQUEST_MODEL, llmobs_attribute::ENGINE_ID];

const ALL: &[Role] = &[Role::Server, Role::Gateway, Role::Client];
const SERVER: &[Role] = &[Role::Server];
const REMOTE: &[Role] = &[Role::Gateway, Role::Client];

macro_rules! attributes {
    (S) => { &SERIES_ATTRIBUTES };
    (S $($more:expr)+) => { &[SERIES_ATTRIBUTES[0], SERIES_ATTRIBUTES[1], SERIES_ATTRIBUTES[2] $(, $more)+] };
    (E $($more:expr)*) => { &[ENGINE_ATTRIBUTES[0], ENGINE_ATTRIBUTES[1] $(, $more)*] };
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
    ($shape:ident $bounds:ident) => {
        Some(BucketShape::$shape($bounds))
    };
}

/// Defines the rows, by group: `RowId { name, Instrument(BucketShape), unit, [attributes], level, roles, profile,
/// "description" }`. The attribute `S` is all of `SERIES_ATTRIBUTES`, `E` all of `ENGINE_ATTRIBUTES`; the profile `both` is
/// every profile.
macro_rules! rows {
    ($group:ident: $($rest:tt)*) => { rows!(@ [] $group: $($rest)*); };
    (@ [$($done:tt)*] $group:ident: $($id:ident { $name:expr, $instrument:ident $(($shape:ident $($bounds:ident)?))?, $unit:literal,
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
            shape: shape!($($shape $($bounds)?)?),
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

    /// Returns whether this build has values of the row: rows of costs need the feature `cost`.
    pub(crate) const fn is_built(self) -> bool {
        cfg!(feature = "cost")
            || !matches!(
                self,
                Self::TenantCost
                    | Self::Cost
                    | Self::OperationCost
                    | Self::CostIdle
                    | Self::PricebookUnpriced
                    | Self::PricebookInfo
                    | Self::PricebookChecked
                    | Self::BudgetUsage
                    | Self::BudgetLimit
                    | Self::BudgetPeriodEnd
            )
    }
}

rows! {
GEN_AI_SERVER:
    ServerDuration { m::GEN_AI_SERVER_REQUEST_DURATION, Histogram(Duration), "s", [S a::ERROR_TYPE], Core, SERVER, both,
        "Duration of an operation in seconds, from its start to the last item handed over, the error or the drop" }
    ServerFirstToken { m::GEN_AI_SERVER_TIME_TO_FIRST_TOKEN, Histogram(FirstToken), "s", [S], Core, SERVER, both,
        "Time to first token in seconds of completed operations, from the start of the operation to its first token" }
    ServerPerToken { m::GEN_AI_SERVER_TIME_PER_OUTPUT_TOKEN, Histogram(PerToken), "s", [S], Core, SERVER, both,
        "Mean seconds per token after the first, up to the last token whose time is known exactly, of completed operations with two or more tokens" }
;
GEN_AI_CLIENT:
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
HTTP_SERVER:
    HttpDuration { m::HTTP_SERVER_REQUEST_DURATION, Histogram(Http), "s", [a::HTTP_REQUEST_METHOD a::URL_SCHEME a::HTTP_ROUTE a::HTTP_RESPONSE_STATUS_CODE a::ERROR_TYPE a::NETWORK_PROTOCOL_VERSION], Core, ALL, both,
        "Duration of an HTTP request in seconds, from the arrival of the request to the end of the response body" }
    HttpActiveRequests { m::HTTP_SERVER_ACTIVE_REQUESTS, UpDownCounter, "{request}", [a::HTTP_REQUEST_METHOD a::URL_SCHEME], Core, ALL, both,
        "Number of HTTP requests in progress, from the arrival of the request to the end of the response body" }
;
OPERATION:
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
    OldestSilence { "llmobs.operation.oldest.silence", ObservableGauge, "s", [SERIES_ATTRIBUTES[2] llmobs_attribute::OPERATION_STATE], Core, ALL, both,
        "Longest time in seconds since the last mark or token of an operation in flight in each state, without the time for which its consumer was away" }
    OperationLimit { "llmobs.operation.limit", UpDownCounter, "{operation}", [SERIES_ATTRIBUTES[2] llmobs_attribute::OPERATION_STATE], Core, ALL, both,
        "Maximum number of operations that the service allows in a state at the same time" }
    Attempts { "llmobs.operation.attempts", Counter, "{attempt}", [S llmobs_attribute::ATTEMPT_KIND], Core, REMOTE, both,
        "Number of attempts of operations by kind (first, retry, fallback, hedge); one operation can have several attempts" }
    Abandoned { "llmobs.operation.abandoned", Counter, "{operation}", [S], Core, ALL, both,
        "Number of operations whose caller left before the first token and before any objective was missed" }
    OperationPreemptions { "llmobs.operation.preemptions", Histogram(Custom PREEMPTIONS), "{preemption}", [S], Standard, SERVER, both,
        "Number of times that the engine scheduled an operation again after the first time, one sample for each operation that was scheduled" }
;
TIME:
    FirstToken { "llmobs.time_to_first_token", Histogram(FirstToken), "s", [S], Standard, ALL, both,
        "Time to first token in seconds, from the start of the operation to its first token, whatever the outcome" }
    Queue { "llmobs.queue.duration", Histogram(Stage), "s", [S llmobs_attribute::QUEUE_EXIT], Core, SERVER, both,
        "Time in the queue in seconds, from enqueued to scheduled, or to the end of an operation that ended in the queue" }
    Prefill { "llmobs.prefill.duration", Histogram(Stage), "s", [S], Standard, SERVER, both,
        "Prefill time in seconds, from scheduled to the first token, or from the start if the operation was not marked as scheduled" }
    Decode { "llmobs.decode.duration", Histogram(Stage), "s", [S], Standard, SERVER, both,
        "Decode time in seconds, from the first token to the last token whose time is known exactly" }
    InterToken { "llmobs.inter_token.duration", Histogram(PerToken), "s", [S], Standard, ALL, both,
        "Inter-token latency in seconds, from one token to the next, one sample per token after the first chunk; a slow consumer has no effect" }
    TokensUnmeasured { "llmobs.token.unmeasured", Counter, "{token}", [S], Standard, ALL, both,
        "Number of tokens without an inter-token latency sample: those after the last token of their stream whose time is known exactly" }
    LongestGap { "llmobs.operation.longest_gap.duration", Histogram(PerToken), "s", [S], Standard, ALL, both,
        "Longest time in seconds from a token to the next, one sample per operation, not divided by the tokens of a chunk" }
    ConsumerWait { "llmobs.consumer_wait.duration", Histogram(Stage), "s", [S], Standard, ALL, both,
        "Time in seconds that the consumer of a stream was away, from an item handed over to its next poll, summed over the stream" }
    Phase { "llmobs.phase.duration", Histogram(Stage), "s", [S llmobs_attribute::PHASE_NAME], Standard, ALL, both,
        "Duration in seconds of a declared phase of an operation, from the start to the end of the phase" }
    Stall { "llmobs.stall.events", Counter, "{stall}", [S llmobs_attribute::STALL_CAUSE], Full, ALL, both,
        "Number of pauses of one second or more within a stream, by cause: its reader, the engine, or a known reason for which the engine or the runtime was late" }
;
TOKEN:
    TokensProcessed { "llmobs.token.processed", Counter, "{token}", [S llmobs_attribute::TOKEN_DIRECTION llmobs_attribute::TOKEN_KIND llmobs_attribute::TOKEN_SOURCE], Core, ALL, both,
        "Number of tokens processed, by direction, kind and source; the kinds do not overlap, so sums over them are correct" }
    TokensStreamed { "llmobs.token.streamed", Counter, "{token}", [S], Core, ALL, both,
        "Number of output tokens counted as they pass in streams whose exact number a report gives; an estimate, no part of the processed tokens" }
    TokensWasted { "llmobs.token.wasted", Counter, "{token}", [S llmobs_attribute::TOKEN_DIRECTION llmobs_attribute::TOKEN_WASTE], Core, ALL, both,
        "Number of processed tokens of operations that did not complete or of attempts that were superseded by another attempt" }
    InputTokens { "llmobs.operation.input_tokens", Histogram(Tokens), "{token}", [S], Standard, ALL, both,
        "Number of input tokens of one operation, cached tokens included" }
    OutputTokens { "llmobs.operation.output_tokens", Histogram(Tokens), "{token}", [S], Standard, ALL, both,
        "Number of output tokens of one operation, reasoning tokens included" }
;
TENANT:
    TenantOperations { "llmobs.tenant.operations", Counter, "{operation}", [llmobs_attribute::TENANT_NAME llmobs_attribute::OPERATION_OUTCOME], Core, ALL, both,
        "Number of operations that ended, by tenant and outcome, if the observer records tenants; the sum over all tenants is that of all operations that ended" }
    TenantTokens { "llmobs.tenant.tokens", Counter, "{token}", [llmobs_attribute::TENANT_NAME llmobs_attribute::TOKEN_DIRECTION], Core, ALL, both,
        "Number of tokens processed, by tenant and direction, if the observer records tenants; the sum over all tenants is that of all tokens processed" }
    TenantCost { "llmobs.tenant.cost.usd", ObservableCounter, "{USD}", [llmobs_attribute::TENANT_NAME], Core, ALL, both,
        "Cost in US dollars by tenant, if the observer records tenants and has prices; the sum over all tenants is that of all costs of operations" }
;
COST:
    Cost { "llmobs.cost.usd", ObservableCounter, "{USD}", [S llmobs_attribute::TOKEN_DIRECTION llmobs_attribute::TOKEN_KIND llmobs_attribute::OPERATION_OUTCOME llmobs_attribute::COST_SOURCE llmobs_attribute::COST_QUALITY], Core, ALL, both,
        "Cost in US dollars of the attempts of operations, by the provider and model that were paid, direction, kind, outcome (superseded for an attempt that another one replaced), source and quality" }
    OperationCost { "llmobs.operation.cost.usd", Histogram(Custom COSTS), "{USD}", [S], Full, ALL, both,
        "Cost in US dollars of one operation, with its superseded attempts, one sample for each operation that has a cost" }
    CostIdle { "llmobs.cost.idle.usd", ObservableCounter, "{USD}", [SERIES_ATTRIBUTES[2]], Core, SERVER, both,
        "Cost in US dollars of the time in which no operation ran on the GPUs of a model whose price an overlay sets" }
    PricebookUnpriced { "llmobs.pricebook.unpriced", Counter, "{operation}", [SERIES_ATTRIBUTES[1] SERIES_ATTRIBUTES[2]], Core, ALL, both,
        "Number of operations whose cost is not known, counted once for each of their attempts that has no price" }
    PricebookInfo { "llmobs.pricebook.info", ObservableGauge, "", [llmobs_attribute::PRICEBOOK_VERSION llmobs_attribute::PRICEBOOK_SOURCE], Core, ALL, both,
        "Constant 1, with labels for the version and the source of the price book" }
    PricebookChecked { "llmobs.pricebook.checked.timestamp", ObservableGauge, "s", [], Core, ALL, both,
        "Date in seconds since 1970 up to which the prices of the price book are known to be current" }
    BudgetUsage { "llmobs.budget.usage.usd", ObservableUpDownCounter, "{USD}", [llmobs_attribute::BUDGET_NAME], Core, ALL, both,
        "Cost in US dollars of the operations of this process that started in the current period of a budget and have ended" }
    BudgetLimit { "llmobs.budget.limit.usd", ObservableGauge, "{USD}", [llmobs_attribute::BUDGET_NAME], Core, ALL, both,
        "Limit in US dollars of a budget, the same for all processes that share it" }
    BudgetPeriodEnd { "llmobs.budget.period_end.timestamp", ObservableGauge, "s", [llmobs_attribute::BUDGET_NAME], Core, ALL, both,
        "Date in seconds since 1970 at which the current period of a budget ends" }
;
REQUEST:
    MaxTokens { "llmobs.request.max_tokens", Histogram(Tokens), "{token}", [S], Full, ALL, both,
        "Maximum number of output tokens that the caller requested for one operation" }
    Choices { "llmobs.request.choices", Histogram(SmallCount), "{choice}", [S], Full, ALL, both,
        "Number of choices (answers) that the caller requested for one operation" }
;
RESPONSE_CACHE:
    CacheLookups { "llmobs.response_cache.lookups", Counter, "{lookup}", [S llmobs_attribute::CACHE_KIND llmobs_attribute::CACHE_RESULT], Standard, ALL, both,
        "Number of lookups in a cache of complete responses, by kind of cache and result" }
;
EVALUATION:
    Evaluations { "llmobs.evaluation.results", Counter, "{result}", [S a::GEN_AI_EVALUATION_NAME a::GEN_AI_EVALUATION_SCORE_LABEL], Standard, ALL, both,
        "Number of evaluation results of answers, by declared evaluation name and score label" }
;
OBJECTIVE:
    ObjectiveEvents { "llmobs.objective.events", Counter, "{event}", [S llmobs_attribute::OBJECTIVE_NAME llmobs_attribute::OBJECTIVE_RESULT], Core, ALL, both,
        "Number of operations that an objective judged good or bad; do not sum over the objective name" }
    ObjectiveTokens { "llmobs.objective.tokens", Counter, "{token}", [S llmobs_attribute::OBJECTIVE_NAME llmobs_attribute::OBJECTIVE_RESULT], Core, ALL, both,
        "Number of output tokens of operations that an objective judged good or bad; do not sum over the objective name" }
    ObjectiveTarget { "llmobs.objective.target", Gauge, "1", [SERIES_ATTRIBUTES[2] SERIES_ATTRIBUTES[0] llmobs_attribute::OBJECTIVE_NAME], Core, ALL, both,
        "Target of an objective: the ratio of good to judged operations that should be reached, from 0 to 1" }
    ObjectiveThreshold { "llmobs.objective.threshold", Gauge, "s", [SERIES_ATTRIBUTES[2] SERIES_ATTRIBUTES[0] llmobs_attribute::OBJECTIVE_NAME], Core, ALL, both,
        "Limit in seconds of one time of an objective; the objective name label has the form `objective.time`" }
    ObjectiveAttainment { "llmobs.objective.attainment", ObservableGauge, "1", [SERIES_ATTRIBUTES[2] SERIES_ATTRIBUTES[0] llmobs_attribute::OBJECTIVE_NAME llmobs_attribute::WINDOW], Standard, ALL, both,
        "Ratio of the operations that met an objective to those that it judged, over the last five minutes and the last hour of this process; absent without such an operation" }
    ObjectiveBurnRate { "llmobs.objective.burn_rate", ObservableGauge, "1", [SERIES_ATTRIBUTES[2] SERIES_ATTRIBUTES[0] llmobs_attribute::OBJECTIVE_NAME llmobs_attribute::WINDOW], Standard, ALL, both,
        "Ratio of the operations that missed an objective, divided by the ratio that its target permits, over the last five minutes and the last hour of this process; absent if the target is 1" }
;
BACKEND:
    BackendStatus { "llmobs.backend.status", ObservableUpDownCounter, "{backend}", [SERIES_ATTRIBUTES[1] SERIES_ATTRIBUTES[2] llmobs_attribute::BACKEND_STATE], Standard, ALL, both,
        "Constant 1 for the current state (healthy, degraded, open) of a backend, a provider of a model, and 0 for the other states" }
;
ENGINE:
    EngineSequenceActive { "llmobs.engine.sequence.active", ObservableUpDownCounter, "{sequence}", [E llmobs_attribute::SEQUENCE_STATE llmobs_attribute::WAIT_REASON], Core, ALL, both,
        "Number of sequences that an engine holds, by state (running, waiting, swapped); waiting ones by the reason" }
    EngineSequenceLimit { "llmobs.engine.sequence.limit", UpDownCounter, "{sequence}", [E], Core, ALL, both,
        "Maximum number of sequences that an engine runs at the same time" }
    EngineStepDuration { "llmobs.engine.step.duration", Histogram(Stage), "s", [E llmobs_attribute::STEP_KIND], Standard, ALL, both,
        "Duration of an engine step in seconds, from its start to the tokens of all its sequences, by kind (prefill, decode, mixed)" }
    EngineStepSequences { "llmobs.engine.step.sequences", Histogram(Custom SEQUENCES), "{sequence}", [E llmobs_attribute::STEP_KIND], Standard, ALL, both,
        "Number of sequences in one engine step, by kind (prefill, decode, mixed)" }
    EngineStepTokens { "llmobs.engine.step.tokens", Histogram(Custom STEP_TOKENS), "{token}", [E llmobs_attribute::STEP_KIND], Standard, ALL, both,
        "Number of prompt and generated tokens that one engine step processed, by kind (prefill, decode, mixed)" }
    EngineStepTokenLimit { "llmobs.engine.step.token_limit", UpDownCounter, "{token}", [E], Standard, ALL, both,
        "Maximum number of tokens that an engine processes in one step" }
    EngineStepAge { "llmobs.engine.step.age", ObservableGauge, "s", [E], Core, ALL, both,
        "Time in seconds from the end of an engine's last step to the collection, or from the moment when work arrived after idleness; an age that grows while sequences run is a hang" }
    EngineCacheUsage { "llmobs.engine.kv_cache.usage", ObservableUpDownCounter, "{block}", [E], Core, ALL, both,
        "Number of blocks of an engine's KV cache that sequences use" }
    EngineCacheLimit { "llmobs.engine.kv_cache.limit", UpDownCounter, "{block}", [E], Core, ALL, both,
        "Number of blocks of an engine's KV cache" }
    EngineCacheUtilization { "llmobs.engine.kv_cache.utilization", ObservableGauge, "1", [E], Core, ALL, both,
        "Ratio of used blocks to all blocks of an engine's KV cache, from 0 to 1" }
    EnginePrefixCacheTokens { "llmobs.engine.prefix_cache.tokens", Counter, "{token}", [E llmobs_attribute::CACHE_RESULT llmobs_attribute::CACHE_TIER], Standard, ALL, both,
        "Number of prompt tokens that an engine looked up in its prefix cache, by result; hits by the memory that contained them" }
    EnginePreemptions { "llmobs.engine.preemptions", Counter, "{preemption}", [E], Standard, ALL, both,
        "Number of times that an engine took a running sequence out of its batch before the sequence was finished" }
    EngineRecomputedTokens { "llmobs.engine.recomputed_tokens", Counter, "{token}", [E], Standard, ALL, both,
        "Number of tokens that an engine computed again because their KV cache was lost in a preemption" }
    EngineSpeculativeDrafts { "llmobs.engine.speculative.drafts", Counter, "{draft}", [E], Standard, ALL, both,
        "Number of drafts of speculative decoding that an engine verified, each for one sequence in one step" }
    EngineSpeculativeTokens { "llmobs.engine.speculative.tokens", Counter, "{token}", [E llmobs_attribute::DRAFT_RESULT llmobs_attribute::DRAFT_POSITION], Standard, ALL, both,
        "Number of drafted tokens of speculative decoding by result (accepted, rejected), at level full also by position in the draft" }
    EngineLoraActive { "llmobs.engine.lora.active", ObservableUpDownCounter, "{adapter}", [E llmobs_attribute::SEQUENCE_STATE], Standard, ALL, both,
        "Number of LoRA adapters that sequences of an engine use, by the state of the sequences (running, waiting)" }
    EngineInfo { "llmobs.engine.info", Gauge, "", [E llmobs_attribute::ENGINE_REVISION llmobs_attribute::ENGINE_QUANTIZATION llmobs_attribute::ENGINE_BLOCK_SIZE], Core, ALL, both,
        "Constant 1 while an engine exists, then 0, with labels for the model revision, the quantization and the tokens of a KV cache block" }
    ModelLoadDuration { "llmobs.model.load.duration", Gauge, "s", [E], Standard, ALL, both,
        "Time in seconds that an engine took to load its model, from the start of the last load until it could serve" }
    EngineQueueWork { "llmobs.engine.queue.work", ObservableGauge, "s", [E], Standard, ALL, both,
        "Time in seconds that an engine needs for the prompt tokens that wait, at the rate of its steps with prompt tokens in the last 30 seconds" }
    EngineCacheTimeToFull { "llmobs.engine.kv_cache.time_to_full", ObservableGauge, "s", [E], Standard, ALL, both,
        "Time in seconds until an engine's KV cache is full, at the rate of the last 30 seconds; absent while the usage does not grow" }
;
ADMISSION:
    AdmissionDecisions { "llmobs.admission.decisions", Counter, "{decision}", [SERIES_ATTRIBUTES[2] llmobs_attribute::ADMISSION_PRIORITY llmobs_attribute::ADMISSION_DECISION llmobs_attribute::ADMISSION_REASON], Standard, ALL, both,
        "Number of requests that the application's admission control decided about, by decision (admitted, admitted_queued, shed) and declared priority; shed ones by the reason" }
    AdmissionQueueLength { "llmobs.admission.queue.length", ObservableUpDownCounter, "{operation}", [SERIES_ATTRIBUTES[2] llmobs_attribute::ADMISSION_PRIORITY], Standard, ALL, both,
        "Number of requests in the queue of the application's admission control, by declared priority" }
    AdmissionLimit { "llmobs.admission.limit", ObservableUpDownCounter, "{operation}", [SERIES_ATTRIBUTES[2] llmobs_attribute::ADMISSION_PRIORITY], Standard, ALL, both,
        "Current limit, by declared priority, from which on the application's admission control admits no further operations" }
;
RUNTIME:
    RuntimeLag { "llmobs.runtime.lag", Histogram(Lag), "s", [llmobs_attribute::RUNTIME_NAME], Standard, ALL, both,
        "Delay in seconds of a task of the async runtime, from the moment it should have woken to the moment it ran" }
    RuntimeBusyTime { "llmobs.runtime.busy.time", ObservableCounter, "s", [llmobs_attribute::RUNTIME_NAME], Standard, ALL, both,
        "Time in seconds for which the worker threads of an async runtime were busy, added up; its rate divided by their number is the load" }
;
SELF_OBSERVABILITY:
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
PIPELINE:
    DroppedItems { "llmobs.self.dropped", Counter, "{item}", [llmobs_attribute::SIGNAL llmobs_attribute::DROP_REASON], Core, ALL, both,
        "Number of telemetry items that were dropped and did not reach the collector, the hook or the application, by signal and drop reason" }
    ExportDuration { "llmobs.self.export.duration", Histogram(Stage), "s", [llmobs_attribute::SIGNAL a::ERROR_TYPE], Core, ALL, both,
        "Duration of one export attempt in seconds, from sending the request to the response or the failure" }
    ExportAge { "llmobs.self.export.age", ObservableGauge, "s", [llmobs_attribute::SIGNAL], Core, ALL, both,
        "Time in seconds from the last successful export of a signal to the collection, or from the start of the pipeline if none" }
    ExportQueueUsage { "llmobs.self.export.queue.usage", ObservableUpDownCounter, "{item}", [llmobs_attribute::SIGNAL], Core, ALL, both,
        "Number of items in the export queue of a signal, including items of exports in progress" }
    ExportQueueLimit { "llmobs.self.export.queue.limit", UpDownCounter, "{item}", [llmobs_attribute::SIGNAL], Core, ALL, both,
        "Maximum number of items in the export queue of a signal" }
;
BUILD:
    BuildInfo { "llmobs.build.info", Gauge, "", [llmobs_attribute::BUILD_VERSION llmobs_attribute::BUILD_FEATURES llmobs_attribute::BUILD_LEVEL llmobs_attribute::BUILD_PROFILE], Core, ALL, both,
        "Constant 1, with labels for the version, the features, the level and the profile of the running llmobs" }
;
}
