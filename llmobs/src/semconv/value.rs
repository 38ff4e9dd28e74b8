//! Typed values of the attributes that llmobs records.
//!
//! Every enum has an open arm, so that a value the conventions do not know yet can be said. What an open arm carries
//! is bounded before it becomes a label: operation and provider names pass a guard, finish reasons become `_OTHER`.

use std::borrow::Cow;
use std::fmt;

/// What a value outside the known set is called in a label, as the conventions call it for `error.type`.
pub const OTHER: &str = "_OTHER";

macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident => $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
            /// A value that the conventions do not list.
            Other(Cow<'static, str>),
        }

        impl $name {
            /// Every value that the conventions list, in the order of the enum.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),*];

            /// A value that the conventions do not list. A listed one becomes its own variant.
            #[must_use]
            pub fn other(text: impl Into<Cow<'static, str>>) -> Self {
                let text = text.into();
                match text.as_ref() {
                    $($text => Self::$variant,)*
                    _ => Self::Other(text),
                }
            }

            /// The text that goes on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
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
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident => $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl $name {
            /// Every value, in the order of the enum.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The text that goes on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// The place of this value in [`Self::ALL`].
            #[allow(dead_code, reason = "not every word is a place in a table")]
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
    /// `gen_ai.operation.name`: what was asked of the model.
    OperationName {
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

open_enum! {
    /// `gen_ai.output.type`: the kind of content that was asked for.
    OutputType {
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
    /// `gen_ai.provider.name`: whose telemetry flavour this is. A self-hosted engine has no listed value: give its
    /// name to [`Provider::other`].
    Provider {
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
    /// Why generation of a choice ended, in the words of the conventions' message schema.
    FinishReason {
        /// The context was compacted.
        Compaction => "compaction",
        /// A filter stopped the generation.
        ContentFilter => "content_filter",
        /// An error stopped the generation.
        Error => "error",
        /// The token limit was reached.
        Length => "length",
        /// The model ended by itself or met a stop sequence.
        Stop => "stop",
        /// The model called a tool.
        ToolCall => "tool_call",
    }
}

impl FinishReason {
    /// How many labels finish reasons have: the known ones and `_OTHER`.
    pub(crate) const LABELS: usize = Self::KNOWN.len() + 1;

    /// The place of this reason among the labels.
    pub(crate) fn label_index(&self) -> usize {
        Self::KNOWN.iter().position(|known| known == self).unwrap_or(Self::KNOWN.len())
    }

    /// The label at a place: a known reason's text, else `_OTHER`.
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

    /// The reason behind a provider's own word for it: OpenAI's `tool_calls`, Anthropic's `end_turn`, Gemini's
    /// `MAX_TOKENS` and their like. An unknown word is kept in the open arm, 64 characters of it.
    #[must_use]
    pub fn from_provider(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "stop" | "end_turn" | "stop_sequence" | "eos" | "eos_token" | "complete" => Self::Stop,
            "length" | "max_tokens" | "max_output_tokens" | "max_length" | "model_context_window_exceeded" => {
                Self::Length
            }
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
            | "image_recitation" => Self::ContentFilter,
            "error" | "malformed_function_call" | "unexpected_tool_call" | "too_many_tool_calls" => Self::Error,
            "compaction" => Self::Compaction,
            _ => Self::Other(Cow::Owned(word.chars().take(64).collect())),
        }
    }
}

closed_enum! {
    /// `error.type`: the closed list of what can go wrong. The same value stands on metric and span.
    ErrorType {
        /// The caller's credentials were missing or refused. A client fault.
        Authentication => "authentication",
        /// The caller left.
        Cancelled => "cancelled",
        /// A filter refused the request before anything was generated.
        ContentFilter => "content_filter",
        /// The model failed while it computed.
        Inference => "inference",
        /// A bug or panic of the service itself.
        Internal => "internal",
        /// The request could not be understood or obeyed. A client fault.
        InvalidRequest => "invalid_request",
        /// Device or host memory ran out.
        OutOfMemory => "out_of_memory",
        /// The service had no room.
        Overloaded => "overloaded",
        /// The caller asked too often.
        RateLimited => "rate_limited",
        /// The service was shutting down.
        Shutdown => "shutdown",
        /// A deadline passed.
        Timeout => "timeout",
        /// A tool failed.
        Tool => "tool",
        /// The system behind this one failed.
        Upstream => "upstream",
        /// None of the others.
        Other => "_OTHER",
    }
}

impl ErrorType {
    /// Whether the caller is at fault; such an end never spends an error budget.
    #[must_use]
    pub const fn is_client_fault(self) -> bool {
        matches!(self, Self::Authentication | Self::InvalidRequest)
    }

    /// Whether it says that the service would not, and not that it could not: before anything was generated, such an
    /// operation is rejected and not failed.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::Authentication | Self::ContentFilter | Self::InvalidRequest | Self::Overloaded | Self::RateLimited
        )
    }

    /// What happened, in words for the status of a span: they name nobody and quote nothing.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Authentication => "the caller is not who may call",
            Self::Cancelled => "the caller left",
            Self::ContentFilter => "a filter refused the content",
            Self::Inference => "the model or its engine broke",
            Self::Internal => "this process broke",
            Self::InvalidRequest => "the request was not valid",
            Self::OutOfMemory => "the engine ran out of memory",
            Self::Overloaded => "there was no capacity",
            Self::RateLimited => "the caller asked too often",
            Self::Shutdown => "the service was going down",
            Self::Timeout => "it took too long",
            Self::Tool => "a tool broke",
            Self::Upstream => "the system behind this one broke",
            Self::Other => "it broke in a way that has no name",
        }
    }
}

closed_enum! {
    /// How an operation ended. Every started operation ends in exactly one.
    Outcome {
        /// It gave what was asked, with a finish reason.
        Completed => "completed",
        /// It broke; `error.type` says how.
        Failed => "failed",
        /// The caller left.
        Cancelled => "cancelled",
        /// It was never admitted: shed, rate-limited or invalid.
        Rejected => "rejected",
    }
}

closed_enum! {
    /// What an operation in flight is doing.
    State {
        /// Work before the queue: parsing, templates, tokenizing.
        Preparing => "preparing",
        /// In the queue of the engine.
        Queued => "queued",
        /// The engine has it; no token yet.
        Prefill => "prefill",
        /// Tokens flow.
        Decode => "decode",
        /// The reader has an item and has not come back for the next one.
        Blocked => "blocked",
        /// Gateway and client: the upstream has sent no token yet.
        Waiting => "waiting",
        /// Gateway and client: tokens flow.
        Streaming => "streaming",
    }
}

closed_enum! {
    /// How the time in the queue ended.
    QueueExit {
        /// The engine took it.
        Scheduled => "scheduled",
        /// The caller left.
        Cancelled => "cancelled",
        /// The deadline passed.
        Timeout => "timeout",
        /// It was thrown out, or failed in the queue for another reason.
        Shed => "shed",
    }
}

closed_enum! {
    /// Where the number of tokens came from.
    TokenSource {
        /// The engine or API said it.
        Reported => "reported",
        /// It was counted from the stream.
        Counted => "counted",
        /// It was estimated, by a tokenizer that may not be the model's own.
        Estimated => "estimated",
    }
}

closed_enum! {
    /// A try of one logical operation.
    AttemptKind {
        /// The first try.
        First => "first",
        /// The same request again.
        Retry => "retry",
        /// Another model or provider after a failure.
        Fallback => "fallback",
        /// A second try beside a slow first one.
        Hedge => "hedge",
    }
}

closed_enum! {
    /// Which kind of response cache was asked.
    CacheKind {
        /// Equal requests.
        Exact => "exact",
        /// Similar requests.
        Semantic => "semantic",
    }
}

closed_enum! {
    /// What a cache answered.
    CacheResult {
        /// Found.
        Hit => "hit",
        /// Not found.
        Miss => "miss",
    }
}

closed_enum! {
    /// Whose pause was long.
    StallCause {
        /// The engine gave no token.
        Engine => "engine",
        /// The reader did not come back.
        Consumer => "reader",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_word_given_to_other_becomes_its_variant() {
        assert_eq!(Provider::other("openai"), Provider::OpenAi);
        assert_eq!(Provider::other("candle").as_str(), "candle");
        assert_eq!(OperationName::other("chat"), OperationName::Chat);
    }

    #[test]
    fn every_finish_reason_has_its_own_label() {
        let labels: Vec<_> = (0..FinishReason::LABELS).map(FinishReason::label).collect();
        for (index, reason) in FinishReason::KNOWN.iter().enumerate() {
            assert_eq!(reason.label_index(), index);
            assert_eq!(labels[index], reason.as_str());
        }
        assert_eq!(FinishReason::other("tired").label_index(), FinishReason::KNOWN.len());
        assert_eq!(labels[FinishReason::KNOWN.len()], OTHER);
    }

    #[test]
    fn provider_words_for_finish_reasons_become_the_conventions_words() {
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
    fn closed_words_stand_at_their_index() {
        for (index, error) in ErrorType::ALL.iter().enumerate() {
            assert_eq!(error.index(), index);
        }
        assert!(ErrorType::InvalidRequest.is_client_fault());
        assert!(!ErrorType::Timeout.is_client_fault());
    }
}
