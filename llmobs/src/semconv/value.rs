//! Typed values of the attributes that llmobs records.
//!
//! [`OperationName`], [`OutputType`], [`Provider`] and [`FinishReason`] are open: their variant `Other` has the text of
//! a value that the conventions do not list. Not every such text becomes a label of a metric: after a limit of distinct
//! names, further operation and provider names are recorded as `_OTHER`; the label of every unlisted finish reason is
//! `_OTHER`; the output type is in spans and log events only.
//!
//! The other enums are closed lists. The variant `Other` of [`ErrorType`] and [`ServiceTier`] has no text of its own
//! and is recorded as `_OTHER`.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// The label value for a value that is not in the list of known values or exceeds the limit of distinct values, as the
/// conventions define it for `error.type`.
pub const OTHER: &str = "_OTHER";

macro_rules! open_enum {
    ($(#[$doc:meta])* enum $name:ident { $($(#[$vdoc:meta])* $variant:ident => $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
            /// A value that the conventions do not list. Create it with [`other`](Self::other), which returns the
            /// listed variant for a listed text.
            Other(Cow<'static, str>),
        }

        impl $name {
            /// Every value that the conventions list, in the order of the variants.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the value with this text: the listed variant if the conventions list the text, else `Other`.
            #[must_use]
            pub fn other(text: impl Into<Cow<'static, str>>) -> Self {
                let text = text.into();
                match text.as_ref() {
                    $($text => Self::$variant,)*
                    _ => Self::Other(text),
                }
            }

            /// Returns the text of the value as the conventions write it, or the text of `Other`. A label can have
            /// `_OTHER` instead of the text of `Other`.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        /// As [`other`](Self::other).
        impl From<&'static str> for $name {
            fn from(text: &'static str) -> Self {
                Self::other(text)
            }
        }

        /// As [`other`](Self::other).
        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::other(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

macro_rules! closed_enum {
    ($(#[$doc:meta])* enum $name:ident { $($(#[$vdoc:meta])* $variant:ident => $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl $name {
            /// Every value, in the order of the variants.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the text of the value, as recorded in attributes and labels.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// Returns the index of this value in [`Self::ALL`].
            #[allow(dead_code, reason = "the indices of some enums are not used")]
            pub(crate) const fn index(self) -> usize {
                self as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

open_enum! {
    /// `gen_ai.operation.name`: the kind of operation.
    enum OperationName {
        /// Chat completion.
        Chat => "chat",
        /// Creation of an agent.
        CreateAgent => "create_agent",
        /// Embeddings.
        Embeddings => "embeddings",
        /// Execution of a tool.
        ExecuteTool => "execute_tool",
        /// Multimodal content generation.
        GenerateContent => "generate_content",
        /// Invocation of an agent.
        InvokeAgent => "invoke_agent",
        /// Invocation of a workflow.
        InvokeWorkflow => "invoke_workflow",
        /// Retrieval of documents.
        Retrieval => "retrieval",
        /// Text completion.
        TextCompletion => "text_completion",
    }
}

impl OperationName {
    /// Returns whether the operation generates an answer that consists of choices with finish reasons.
    pub(crate) const fn generates(&self) -> bool {
        matches!(self, Self::Chat | Self::GenerateContent | Self::TextCompletion)
    }
}

open_enum! {
    /// `gen_ai.output.type`: the kind of content that the caller requested.
    enum OutputType {
        /// `image`
        Image => "image",
        /// `json`
        Json => "json",
        /// `speech`
        Speech => "speech",
        /// `text`
        Text => "text",
    }
}

open_enum! {
    /// `gen_ai.provider.name`: the provider whose API and telemetry format the operation uses. The conventions list no
    /// value for self-hosted engines: use the name of the engine, such as `"candle"`.
    enum Provider {
        /// Anthropic.
        Anthropic => "anthropic",
        /// AWS Bedrock.
        AwsBedrock => "aws.bedrock",
        /// Azure AI Inference.
        AzureAiInference => "azure.ai.inference",
        /// Azure OpenAI.
        AzureAiOpenAi => "azure.ai.openai",
        /// Cohere.
        Cohere => "cohere",
        /// DeepSeek.
        DeepSeek => "deepseek",
        /// Any Google generative AI endpoint.
        GcpGenAi => "gcp.gen_ai",
        /// Google AI Studio.
        GcpGemini => "gcp.gemini",
        /// Google Vertex AI.
        GcpVertexAi => "gcp.vertex_ai",
        /// Groq.
        Groq => "groq",
        /// IBM watsonx.ai.
        IbmWatsonxAi => "ibm.watsonx.ai",
        /// Mistral AI.
        MistralAi => "mistral_ai",
        /// Moonshot AI.
        MoonshotAi => "moonshot_ai",
        /// OpenAI.
        OpenAi => "openai",
        /// Perplexity.
        Perplexity => "perplexity",
        /// xAI.
        XAi => "x_ai",
    }
}

open_enum! {
    /// The reason for which the generation of a choice ended, as defined by the message schema of the conventions.
    enum FinishReason {
        /// The provider replaced the context by a summary (compaction).
        Compaction => "compaction",
        /// A filter stopped the generation, or the model refused to answer.
        ContentFilter => "content_filter",
        /// An error or an abort stopped the generation, or the model generated something invalid, such as a malformed
        /// tool call.
        Error => "error",
        /// A limit was reached: of tokens, of the context window or of messages.
        Length => "length",
        /// The model ended its answer or generated a stop sequence, or the provider stopped a repetition.
        Stop => "stop",
        /// The model called a tool.
        ToolCall => "tool_call",
    }
}

impl FinishReason {
    /// The number of label values of finish reasons: the listed reasons and `_OTHER`.
    pub(crate) const LABEL_COUNT: usize = Self::KNOWN.len() + 1;

    /// Returns the index of this reason among the label values; every unlisted reason has the last index.
    pub(crate) fn label_index(&self) -> usize {
        Self::KNOWN.iter().position(|known| known == self).unwrap_or(Self::KNOWN.len())
    }

    /// Returns the label value at an index of [`label_index`](Self::label_index): the text of a listed reason, else
    /// `_OTHER`.
    pub(crate) fn label(index: usize) -> &'static str {
        match Self::KNOWN.get(index) {
            Some(Self::Compaction) => "compaction",
            Some(Self::ContentFilter) => "content_filter",
            Some(Self::Error) => "error",
            Some(Self::Length) => "length",
            Some(Self::Stop) => "stop",
            Some(Self::ToolCall) => "tool_call",
            Some(Self::Other(_)) | None => OTHER,
        }
    }

    /// Returns the finish reason for a provider's term, for example: `tool_calls` (OpenAI) becomes
    /// [`FinishReason::ToolCall`], `end_turn` (Anthropic) [`FinishReason::Stop`], `MAX_TOKENS` (Gemini)
    /// [`FinishReason::Length`]. Case is ignored. An unknown term becomes `Other` with its first 64 characters.
    #[must_use]
    pub fn from_provider(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "stop" | "end_turn" | "stop_sequence" | "eos" | "eos_token" | "complete" | "generated_image"
            | "generated_speech" | "repetition" => Self::Stop,
            "length"
            | "max_tokens"
            | "max_output_tokens"
            | "max_length"
            | "max_messages"
            | "model_length"
            | "model_context_window_exceeded" => Self::Length,
            "tool_call" | "tool_calls" | "tool_use" | "function_call" => Self::ToolCall,
            "content_filter"
            | "safety"
            | "refusal"
            | "recitation"
            | "blocklist"
            | "prohibited_content"
            | "spii"
            | "image_safety"
            | "image_prohibited_content"
            | "image_recitation"
            | "content_filtered"
            | "guardrail_intervened"
            | "language"
            | "model_armor"
            | "sensitive" => Self::ContentFilter,
            "error"
            | "abort"
            | "aborted"
            | "canceled"
            | "cancelled"
            | "insufficient_system_resource"
            | "malformed_function_call"
            | "malformed_model_output"
            | "malformed_response"
            | "malformed_tool_use"
            | "missing_thought_signature"
            | "network_error"
            | "no_image"
            | "too_many_tool_calls"
            | "unexpected_tool_call" => Self::Error,
            "compaction" => Self::Compaction,
            _ => Self::Other(Cow::Owned(word.chars().take(64).collect())),
        }
    }
}

closed_enum! {
    /// `error.type`: the closed list of error types. An operation has the same value in its metrics and on its span.
    /// The caller is the sender of the request: a client of this process, or this process itself in a call of an
    /// upstream.
    enum ErrorType {
        /// The caller's credentials were missing or refused, or lack a permission. A client fault.
        Authentication => "authentication",
        /// A budget of this process did not admit the operation.
        BudgetExceeded => "budget_exceeded",
        /// The caller left before the end.
        Cancelled => "cancelled",
        /// A filter refused the request before anything was generated.
        ContentFilter => "content_filter",
        /// The model or its engine failed during the computation.
        Inference => "inference",
        /// A bug or panic in this process.
        Internal => "internal",
        /// The request was not valid, or named something that does not exist, such as a model. A client fault.
        InvalidRequest => "invalid_request",
        /// Device or host memory ran out.
        OutOfMemory => "out_of_memory",
        /// The service had no capacity, or was still loading the model.
        Overloaded => "overloaded",
        /// The caller exceeded a rate limit or a quota.
        RateLimited => "rate_limited",
        /// The service was shutting down.
        Shutdown => "shutdown",
        /// A deadline passed.
        Timeout => "timeout",
        /// A tool failed.
        Tool => "tool",
        /// The upstream that this process calls failed.
        Upstream => "upstream",
        /// An error that no other type describes.
        Other => "_OTHER",
    }
}

impl ErrorType {
    /// Returns whether the caller is at fault ([`Authentication`](Self::Authentication),
    /// [`InvalidRequest`](Self::InvalidRequest)). Objectives do not count operations that ended with a client fault.
    #[must_use]
    pub const fn is_client_fault(self) -> bool {
        matches!(self, Self::Authentication | Self::InvalidRequest)
    }

    /// Returns whether an error of this type is a refusal of the request by the service, and not a failure. If nothing
    /// was generated, an operation of `llm_span` or `sse::observe` that ends with a refusal is `rejected`, not
    /// `failed`. `Operation::fail` and `Operation::reject` accept every type.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::Authentication
                | Self::BudgetExceeded
                | Self::ContentFilter
                | Self::InvalidRequest
                | Self::Overloaded
                | Self::RateLimited
        )
    }

    /// Returns a fixed description of the error for the span status. The text contains no data of the caller.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Authentication => "the caller's credentials were missing or refused",
            Self::BudgetExceeded => "a budget was exhausted",
            Self::Cancelled => "the caller left before the end",
            Self::ContentFilter => "a content filter refused the request",
            Self::Inference => "the model or its engine failed",
            Self::Internal => "this process failed",
            Self::InvalidRequest => "the request was not valid",
            Self::OutOfMemory => "the engine ran out of memory",
            Self::Overloaded => "the service had no capacity",
            Self::RateLimited => "the caller exceeded a rate limit",
            Self::Shutdown => "the service was shutting down",
            Self::Timeout => "a deadline passed",
            Self::Tool => "a tool failed",
            Self::Upstream => "the upstream service failed",
            Self::Other => "an error that no other type describes",
        }
    }

    /// Returns the error type for the HTTP status of an upstream's response; `None` for a status below 400. A 500 is
    /// [`Upstream`](Self::Upstream); for a 500 of this process itself, use [`Internal`](Self::Internal).
    ///
    /// ```
    /// use llmobs::ErrorType;
    ///
    /// assert_eq!(ErrorType::from_http_status(429), Some(ErrorType::RateLimited));
    /// assert_eq!(ErrorType::from_http_status(200), None);
    /// ```
    #[must_use]
    pub const fn from_http_status(status: u16) -> Option<Self> {
        match status {
            0..=399 => None,
            401 | 403 => Some(Self::Authentication),
            408 | 504 => Some(Self::Timeout),
            429 => Some(Self::RateLimited),
            // 499 is the status with which nginx reports that the client closed the connection.
            499 => Some(Self::Cancelled),
            400..=498 => Some(Self::InvalidRequest),
            // 529 is the status with which Anthropic reports an overloaded service.
            503 | 529 => Some(Self::Overloaded),
            500..=599 => Some(Self::Upstream),
            _ => Some(Self::Other),
        }
    }

    /// Returns the error type for an error of the body of a request that this process receives:
    /// [`Cancelled`](Self::Cancelled) if the caller left before the end of the body, otherwise
    /// [`InvalidRequest`](Self::InvalidRequest), for example because the body is too long or not encoded correctly.
    ///
    /// The caller left if the error or one of its sources is an [`io::Error`] of a connection that ended. The HTTP/1
    /// server of hyper, on which axum is built, returns such an error.
    ///
    /// ```
    /// use std::io;
    ///
    /// use llmobs::ErrorType;
    ///
    /// let ended = io::Error::from(io::ErrorKind::UnexpectedEof);
    /// assert_eq!(ErrorType::from_request_body_error(&ended), ErrorType::Cancelled);
    /// let malformed = io::Error::from(io::ErrorKind::InvalidData);
    /// assert_eq!(ErrorType::from_request_body_error(&malformed), ErrorType::InvalidRequest);
    /// ```
    #[must_use]
    pub fn from_request_body_error(error: &(dyn Error + 'static)) -> Self {
        let mut errors = std::iter::successors(Some(error), |&error| error.source());
        let has_left = errors.any(|error| error.downcast_ref().is_some_and(is_end_of_connection));
        if has_left { Self::Cancelled } else { Self::InvalidRequest }
    }

    /// Returns the error type for an error text: an engine's message or a provider's JSON body. Only the first 2,000
    /// characters are searched, without regard to the case of ASCII letters, and the text is not stored. Returns `None`
    /// if they contain no known pattern.
    ///
    /// ```
    /// use llmobs::ErrorType;
    ///
    /// let engine = "CUDA out of memory. Tried to allocate 2.50 GiB";
    /// assert_eq!(ErrorType::from_text(engine), Some(ErrorType::OutOfMemory));
    /// let body = r#"{"error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    /// assert_eq!(ErrorType::from_text(body), Some(ErrorType::Overloaded));
    /// ```
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let head: String = text.chars().take(SCANNED_CHARS).collect::<String>().to_ascii_lowercase();
        PATTERNS
            .iter()
            .find(|(_, patterns)| patterns.iter().any(|pattern| head.contains(pattern)))
            .map(|(error_type, _)| *error_type)
    }
}

/// Returns whether the error says that the connection ended before the data was complete.
fn is_end_of_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::UnexpectedEof
    )
}

/// The number of characters that are searched. The error type is near the start of a text; later characters may be an
/// echo of the prompt.
const SCANNED_CHARS: usize = 2_000;

/// The patterns for each error type, in lower case. The first entry with a match decides, so the more specific error
/// types come first: "CUDA error: out of memory" contains patterns of `OutOfMemory` and of `Inference`, and is
/// `OutOfMemory`.
const PATTERNS: &[(ErrorType, &[&str])] = &[
    (
        ErrorType::OutOfMemory,
        &[
            "out of memory",
            "cuda_error_out_of_memory",
            "cublas_status_alloc_failed",
            "no available memory for the cache",
        ],
    ),
    (
        ErrorType::Authentication,
        &[
            "invalid_api_key",
            "api_key_invalid",
            "authentication_error",
            "permission_error",
            "permission_denied",
            "unauthenticated",
        ],
    ),
    (ErrorType::ContentFilter, &["content_filter", "content_policy_violation", "responsibleaipolicyviolation"]),
    (
        ErrorType::RateLimited,
        &[
            "rate_limit",
            "insufficient_quota",
            "resource_exhausted",
            "throttlingexception",
            "throttling_error",
            "too many requests",
            "too_many_requests",
        ],
    ),
    (ErrorType::Overloaded, &["overloaded", "model is currently loading", "queue is full", "at capacity"]),
    (
        ErrorType::InvalidRequest,
        &[
            "invalid_request",
            "context_length_exceeded",
            "invalid_argument",
            "validationexception",
            "model_not_found",
            "not_found_error",
        ],
    ),
    (ErrorType::Timeout, &["timed out", "timeout", "deadline exceeded", "deadline_exceeded"]),
    (
        ErrorType::Inference,
        &[
            "cuda error",
            "cublas_status",
            "device-side assert",
            "illegal memory access",
            "nccl error",
            "nan logits",
            "engine_dead",
            "enginedeaderror",
        ],
    ),
    (
        ErrorType::Upstream,
        &["api_error", "server_error", "bad gateway", "connection refused", "connection reset", "internalservererror"],
    ),
];

closed_enum! {
    /// The outcome of an operation. Every started operation has exactly one outcome.
    enum Outcome {
        /// The operation completed. The finish reason is recorded if it is known.
        Completed => "completed",
        /// The operation failed with the reason in `error.type`: an error, a timeout or a shutdown.
        Failed => "failed",
        /// The caller left before the end. The value of `error.type` is `cancelled`.
        Cancelled => "cancelled",
        /// The service did not admit the operation, for the reason in `error.type`: for example it was shed,
        /// rate-limited or invalid, its credentials were refused, or a filter refused it.
        Rejected => "rejected",
    }
}

closed_enum! {
    /// The state of an operation in flight. A server's operation is in `Preparing`, `Queued`, `Prefill`, `Decode` or
    /// `Blocked`; that of a gateway or client, which cannot observe the engine, in `Waiting`, `Streaming` or `Blocked`.
    enum State {
        /// The operation is prepared for the queue: parsing, templates, tokenizing. Only if declared at its start.
        Preparing => "preparing",
        /// The operation waits in the queue of the engine, or was preempted and waits to be scheduled again.
        Queued => "queued",
        /// The engine processes the operation and has produced no token yet. Also the state before the first token if
        /// neither a preparation nor the queue was marked.
        Prefill => "prefill",
        /// The engine has produced its first token.
        Decode => "decode",
        /// The consumer of the stream has an item and has not polled for the next one.
        Blocked => "blocked",
        /// The upstream of a gateway or client has sent no token yet.
        Waiting => "waiting",
        /// The upstream of a gateway or client has sent its first token.
        Streaming => "streaming",
    }
}

closed_enum! {
    /// The state of a [backend](crate::backend), the provider of a model, as its last results show it.
    enum BackendState {
        /// Calls succeed, or there are too few to judge.
        Healthy => "healthy",
        /// A share of the calls fails that is not yet sufficient to stop calling it.
        Degraded => "degraded",
        /// The calls failed; only probes are sent, single calls that find out if it has recovered.
        Open => "open",
    }
}

closed_enum! {
    /// The window over which the attainment of an objective is computed: the time before now.
    enum Window {
        /// The last five minutes, for an incident that starts now.
        FiveMinutes => "5m",
        /// The last hour, for the budget of errors.
        OneHour => "1h",
    }
}

impl Window {
    /// Returns the length of the window.
    #[must_use]
    pub const fn duration(self) -> Duration {
        match self {
            Self::FiveMinutes => Duration::from_secs(300),
            Self::OneHour => Duration::from_secs(3_600),
        }
    }
}

closed_enum! {
    /// The way in which an operation left the queue of the engine.
    enum QueueExit {
        /// The engine scheduled the operation.
        Scheduled => "scheduled",
        /// The caller left while the operation was in the queue.
        Cancelled => "cancelled",
        /// The operation failed in the queue with the error type `timeout`, as after its deadline.
        Timeout => "timeout",
        /// The operation was rejected while it was in the queue, or failed there with another error type.
        Shed => "shed",
    }
}

closed_enum! {
    /// `gen_ai.token.modality`: the kind of data that tokens represent.
    enum TokenModality {
        /// Text.
        Text => "text",
        /// Images.
        Image => "image",
        /// Audio.
        Audio => "audio",
        /// Data of another kind, such as video, or of a kind that was not reported.
        Unknown => "unknown",
    }
}

closed_enum! {
    /// The source of a cost.
    enum CostSource {
        /// The provider reported the cost of the request.
        Provider => "provider",
        /// The bundled data of the price book.
        Book => "book",
        /// The overlay file of the application, with its own prices.
        Overlay => "overlay",
    }
}

closed_enum! {
    /// The quality of a cost.
    enum CostQuality {
        /// Computed from tokens that the provider or engine reported, or reported itself.
        Exact => "exact",
        /// Computed from tokens that were counted or estimated, as after a stream that broke off before its report.
        Estimated => "estimated",
    }
}

closed_enum! {
    /// The class of service with which a request was processed. Providers price the classes differently.
    enum ServiceTier {
        /// Processed within hours, at a lower price.
        Batch => "batch",
        /// The provider's standard class.
        Default => "default",
        /// Processed when there is capacity, at a lower price.
        Flex => "flex",
        /// Processed before others, at a higher price.
        Priority => "priority",
        /// Processed with capacity that was bought in advance.
        Reserved => "reserved",
        /// A class that no other value describes.
        Other => "_OTHER",
    }
}

impl ServiceTier {
    /// Returns the class for a provider's term: `on_demand` (Groq) and `standard` (Anthropic) are
    /// [`ServiceTier::Default`], `scale` (OpenAI) is [`ServiceTier::Reserved`], an unknown term is
    /// [`ServiceTier::Other`]. Case is ignored.
    #[must_use]
    pub fn from_provider(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "batch" => Self::Batch,
            "default" | "on_demand" | "standard" => Self::Default,
            "flex" => Self::Flex,
            "fast" | "performance" | "priority" | "ultrafast" => Self::Priority,
            "provisioned_throughput" | "reserved" | "scale" => Self::Reserved,
            _ => Self::Other,
        }
    }
}

closed_enum! {
    /// The source of a number of tokens.
    enum TokenSource {
        /// The engine or the API reported the number.
        Reported => "reported",
        /// The number was counted from the items of the stream.
        Counted => "counted",
        /// The number was estimated, for example by a tokenizer that may differ from the model's tokenizer.
        Estimated => "estimated",
    }
}

closed_enum! {
    /// The kind of an attempt of an operation.
    enum AttemptKind {
        /// The first attempt.
        First => "first",
        /// The same request, sent again after a failure.
        Retry => "retry",
        /// A request to another model or provider after a failure.
        Fallback => "fallback",
        /// A further attempt in parallel to a slow one.
        Hedge => "hedge",
    }
}

closed_enum! {
    /// The kind of a response cache.
    enum CacheKind {
        /// A cache that matches equal requests.
        Exact => "exact",
        /// A cache that matches similar requests.
        Semantic => "semantic",
    }
}

closed_enum! {
    /// The result of a cache lookup.
    enum CacheResult {
        /// The cache contained the response, or the KV cache of a token.
        Hit => "hit",
        /// The cache did not contain it.
        Miss => "miss",
    }
}

closed_enum! {
    /// A decision of the application's admission control about a request.
    enum AdmissionDecision {
        /// The request was admitted without a wait.
        Admitted => "admitted",
        /// The request was admitted after it had waited in the queue.
        AdmittedQueued => "admitted_queued",
        /// The request was not admitted: at its arrival, or after it had waited in the queue.
        Shed => "shed",
    }
}

closed_enum! {
    /// The reason for which the application's admission control shed a request.
    enum ShedReason {
        /// The queue had no place.
        QueueFull => "queue_full",
        /// The limit of concurrent operations was reached, and the service queues no request.
        Concurrency => "concurrency",
        /// A rate limit or quota of the caller, the tenant or the service was reached.
        RateLimit => "rate_limit",
        /// A budget of costs or tokens was used up.
        Budget => "budget",
        /// The deadline of the request passed in the queue, or would pass before an answer.
        Deadline => "deadline",
        /// The place was kept for requests of a higher priority, or given to one.
        Priority => "priority",
        /// A signal of load was above its limit, such as the latency, the memory or the KV cache.
        Overload => "overload",
        /// The caller left while the request waited.
        Cancelled => "cancelled",
        /// The service was shutting down.
        Shutdown => "shutdown",
    }
}

impl ShedReason {
    /// Returns the error type with which the operation of a shed request ends.
    /// [`Operation::end_with_error`](crate::Operation::end_with_error) makes it `failed` for a deadline and a shutdown,
    /// `cancelled` for a caller that left, and `rejected` for every other reason.
    ///
    /// ```
    /// use llmobs::{ErrorType, Observer, admission::ShedReason};
    ///
    /// let observer = Observer::builder().model("m").build()?;
    /// let operation = observer.chat("m").start();
    /// assert_eq!(ShedReason::QueueFull.error_type(), ErrorType::Overloaded);
    /// operation.end_with_error(ShedReason::QueueFull.error_type()); // rejected
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    #[must_use]
    pub const fn error_type(self) -> ErrorType {
        match self {
            Self::QueueFull | Self::Concurrency | Self::Priority | Self::Overload => ErrorType::Overloaded,
            Self::RateLimit => ErrorType::RateLimited,
            Self::Budget => ErrorType::BudgetExceeded,
            Self::Deadline => ErrorType::Timeout,
            Self::Cancelled => ErrorType::Cancelled,
            Self::Shutdown => ErrorType::Shutdown,
        }
    }
}

closed_enum! {
    /// The cause of a stall, a pause of one second or more within a stream.
    enum StallCause {
        /// The engine or upstream produced no token, and none of the other causes explains half of the pause.
        Engine => "engine",
        /// The consumer did not poll for the next item for a second or more after it had received one.
        Consumer => "reader",
        /// The engine computed the prompts of other sequences.
        Prefill => "prefill",
        /// The engine had taken the operation out of its batch.
        Preemption => "preemption",
        /// Heat or a protection of the hardware made a GPU of the model slower.
        GpuThrottle => "gpu_throttle",
        /// A task of a watched async runtime was late, so its threads were busy with other work.
        RuntimeLag => "runtime_lag",
    }
}

closed_enum! {
    /// The state of a sequence in an engine. A sequence is one generation: a request for several choices has several.
    enum SequenceState {
        /// The sequence is in the batch of the engine's steps.
        Running => "running",
        /// The sequence waits to be scheduled.
        Waiting => "waiting",
        /// The sequence was preempted, and its KV cache was moved to the memory of the host.
        Swapped => "swapped",
    }
}

closed_enum! {
    /// The reason for which a sequence waits.
    enum WaitReason {
        /// The batch, the step or the KV cache has no room.
        Capacity => "capacity",
        /// The sequence waits for something else, such as a KV cache from another engine or a compiled grammar.
        Deferred => "deferred",
    }
}

closed_enum! {
    /// The kind of an engine step, by the tokens that it processed.
    enum StepKind {
        /// The step processed tokens of prompts only.
        Prefill => "prefill",
        /// The step generated tokens only.
        Decode => "decode",
        /// The step processed tokens of prompts and generated tokens.
        Mixed => "mixed",
    }
}

closed_enum! {
    /// The memory in which a prefix cache found the KV cache of prompt tokens.
    enum CacheTier {
        /// The memory of the engine's own GPU.
        Device => "device",
        /// The memory of the host.
        Host => "host",
        /// A disk or an object store.
        Storage => "storage",
        /// Another engine or a cache server.
        Remote => "remote",
    }
}

closed_enum! {
    /// The result of the verification of a drafted token in speculative decoding.
    enum DraftResult {
        /// The model accepted the token.
        Accepted => "accepted",
        /// The model rejected the token, or one before it.
        Rejected => "rejected",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_text_given_to_other_becomes_its_variant() {
        assert_eq!(Provider::other("openai"), Provider::OpenAi);
        assert_eq!(Provider::other("candle").as_str(), "candle");
        assert_eq!(Provider::from("openai"), Provider::OpenAi);
        assert_eq!(Provider::from("candle".to_owned()), Provider::other("candle"));
        assert_eq!(OperationName::other("chat"), OperationName::Chat);
    }

    #[test]
    fn every_finish_reason_has_its_own_label() {
        let labels: Vec<_> = (0..FinishReason::LABEL_COUNT).map(FinishReason::label).collect();
        for (index, reason) in FinishReason::KNOWN.iter().enumerate() {
            assert_eq!(reason.label_index(), index);
            assert_eq!(labels[index], reason.as_str());
        }
        assert_eq!(FinishReason::other("tired").label_index(), FinishReason::KNOWN.len());
        assert_eq!(labels[FinishReason::KNOWN.len()], OTHER);
    }

    #[test]
    fn provider_terms_become_finish_reasons_of_the_conventions() {
        assert_eq!(FinishReason::from_provider("tool_calls"), FinishReason::ToolCall);
        assert_eq!(FinishReason::from_provider("end_turn"), FinishReason::Stop);
        assert_eq!(FinishReason::from_provider("MAX_TOKENS"), FinishReason::Length);
        assert_eq!(FinishReason::from_provider("SAFETY"), FinishReason::ContentFilter);
        assert_eq!(FinishReason::from_provider("max_output_tokens"), FinishReason::Length);
        assert_eq!(FinishReason::from_provider("IMAGE_SAFETY"), FinishReason::ContentFilter);
        assert_eq!(FinishReason::from_provider("MALFORMED_FUNCTION_CALL"), FinishReason::Error);
        assert_eq!(FinishReason::from_provider("pause_turn").as_str(), "pause_turn");
    }

    #[test]
    fn the_index_of_a_value_is_its_position_in_the_list() {
        for (index, error) in ErrorType::ALL.iter().enumerate() {
            assert_eq!(error.index(), index);
        }
    }

    #[test]
    fn an_invalid_request_is_a_client_fault_and_a_timeout_is_not() {
        assert!(ErrorType::InvalidRequest.is_client_fault());
        assert!(!ErrorType::Timeout.is_client_fault());
    }

    #[test]
    fn http_statuses_from_400_have_an_error_type() {
        for (status, expected) in [
            (200, None),
            (400, Some(ErrorType::InvalidRequest)),
            (401, Some(ErrorType::Authentication)),
            (404, Some(ErrorType::InvalidRequest)),
            (408, Some(ErrorType::Timeout)),
            (429, Some(ErrorType::RateLimited)),
            (499, Some(ErrorType::Cancelled)),
            (500, Some(ErrorType::Upstream)),
            (503, Some(ErrorType::Overloaded)),
            (529, Some(ErrorType::Overloaded)),
            (700, Some(ErrorType::Other)),
        ] {
            assert_eq!(ErrorType::from_http_status(status), expected, "{status}");
        }
    }

    #[test]
    fn the_error_body_of_a_provider_has_an_error_type() {
        for (body, expected) in [
            (r#"{"error":{"code":"context_length_exceeded"}}"#, ErrorType::InvalidRequest),
            (r#"{"error":{"type":"rate_limit_error"}}"#, ErrorType::RateLimited),
            (r#"{"error":{"status":"RESOURCE_EXHAUSTED"}}"#, ErrorType::RateLimited),
            (r#"{"error":{"code":"invalid_api_key"}}"#, ErrorType::Authentication),
            (r#"{"error":{"code":"content_filter"}}"#, ErrorType::ContentFilter),
        ] {
            assert_eq!(ErrorType::from_text(body), Some(expected), "{body}");
        }
    }

    #[test]
    fn the_error_message_of_an_engine_has_an_error_type_if_it_is_known() {
        for (message, expected) in [
            ("torch.cuda.OutOfMemoryError: CUDA out of memory", Some(ErrorType::OutOfMemory)),
            ("CUDA error: device-side assert triggered", Some(ErrorType::Inference)),
            ("operation timed out after 30s", Some(ErrorType::Timeout)),
            ("the moon is full", None),
        ] {
            assert_eq!(ErrorType::from_text(message), expected, "{message}");
        }
    }

    #[test]
    fn only_the_start_of_a_text_is_searched() {
        let echo = format!("{}CUDA out of memory", "x".repeat(SCANNED_CHARS));
        assert_eq!(ErrorType::from_text(&echo), None);
    }
}
