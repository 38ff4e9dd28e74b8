//! The span of a model call: the attributes set at its start and at its end.

use std::fmt;

use tracing::Level;
use tracing::field::Empty;

use super::TARGET;
use super::owned::OwnedSpan;
use super::owned::is_in_unsampled_trace;
use super::request::RequestParams;
use crate::cardinality::truncate;
use crate::catalog::Profile;
use crate::clock::nanos_to_seconds;
use crate::measurement::FinishReasons;
use crate::number::to_i64;
use crate::semconv::attribute as a;
use crate::semconv::value::ErrorType;
use crate::semconv::value::OperationName;
use crate::semconv::value::Outcome;
use crate::text::display_fn;
use crate::usage::Usage;

/// The data of a model call that is known at its start.
#[derive(Debug)]
pub(crate) struct InferenceStart<'a> {
    pub(crate) operation: &'a OperationName,
    /// `None` if the provider is set at the end.
    pub(crate) provider: Option<&'a str>,
    pub(crate) model: &'a str,
    /// True if the model runs in another process.
    pub(crate) is_remote: bool,
    pub(crate) profile: Profile,
    pub(crate) request: &'a RequestParams<'a>,
}

/// The data of a model call that is known at its end.
#[derive(Debug)]
pub(crate) struct InferenceEnd<'a> {
    pub(crate) profile: Profile,
    /// True if the call is an embedding, which has no finish reasons, chunks or output tokens.
    pub(crate) is_embedding: bool,
    pub(crate) outcome: Outcome,
    pub(crate) error_type: Option<ErrorType>,
    /// The provider that answered, if it was not set at the start.
    pub(crate) late_provider: Option<&'a str>,
    pub(crate) response_id: Option<&'a str>,
    pub(crate) response_model: Option<&'a str>,
    pub(crate) finish_reasons: &'a FinishReasons,
    pub(crate) is_streamed: bool,
    /// The time from the start to the first chunk, in nanoseconds.
    pub(crate) time_to_first_chunk: Option<u64>,
    /// The time from the start to the first token, in nanoseconds.
    pub(crate) time_to_first_token: Option<u64>,
    pub(crate) usage: Usage,
    /// True if every objective was met; `None` if no objective judged the call.
    pub(crate) is_good: Option<bool>,
}

impl InferenceStart<'_> {
    /// Starts the span as a child of the current span. Returns `None` if no subscriber receives the span. In a trace
    /// that is not sampled, the span has a name and a kind but no attributes.
    pub(crate) fn start_span(&self) -> Option<Box<OwnedSpan>> {
        if tracing::level_filters::LevelFilter::current() < Level::INFO {
            return None;
        }
        let with_attributes = !is_in_unsampled_trace();
        let request = self.request;
        // Generation requests and embedding requests have no parameters in common.
        let is_embedding = *self.operation == OperationName::Embeddings;
        let (has_generation_fields, has_embedding_fields) =
            (with_attributes && !is_embedding, with_attributes && is_embedding);
        let number = |value: Option<u64>| if has_generation_fields { value.and_then(to_i64) } else { None };
        let finite = |value: Option<f64>| value.filter(|value| has_generation_fields && value.is_finite());
        let text = |value: Option<_>| value.filter(|_| has_generation_fields).map(truncate);
        let any_kind = |value| if with_attributes { value } else { None };
        // The fields set at the end are declared first, because `tracing` searches the fields by name from the first
        // one.
        let span = tracing::info_span!(
            target: TARGET,
            "inference",
            gen_ai.request.stream = Empty,
            gen_ai.response.id = Empty,
            gen_ai.response.model = Empty,
            gen_ai.response.time_to_first_chunk = Empty,
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
            gen_ai.usage.cache_read.input_tokens = Empty,
            gen_ai.usage.cache_creation.input_tokens = Empty,
            gen_ai.usage.cache_write.input_tokens = Empty,
            gen_ai.usage.reasoning.output_tokens = Empty,
            error.type = Empty,
            llmobs.operation.outcome = Empty,
            llmobs.objective.result = Empty,
            llmobs.time_to_first_token = Empty,
            gen_ai.response.finish_reasons = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
            otel.status_message = Empty,
            otel.name = display(self.span_name()),
            otel.kind = if self.is_remote { "client" } else { "internal" },
            gen_ai.operation.name = any_kind(Some(self.operation.as_str())),
            gen_ai.provider.name = any_kind(self.provider),
            gen_ai.request.model = any_kind(Some(self.model).filter(|model| !model.is_empty())),
            server.address = any_kind(request.server.map(|(address, _)| address)),
            server.port = request.server.filter(|_| with_attributes).map(|(_, port)| i64::from(port)),
            gen_ai.conversation.id = text(request.conversation_id),
            gen_ai.output.type = text(request.output_type.as_ref().map(|kind| kind.as_str())),
            gen_ai.request.choice.count = number(request.choices.filter(|choices| *choices != 1)),
            gen_ai.request.max_tokens = number(request.max_tokens),
            gen_ai.request.seed = request.seed.filter(|_| has_generation_fields),
            gen_ai.request.temperature = finite(request.temperature),
            gen_ai.request.top_p = finite(request.top_p),
            gen_ai.request.top_k = Empty,
            gen_ai.request.frequency_penalty = finite(request.frequency_penalty),
            gen_ai.request.presence_penalty = finite(request.presence_penalty),
            gen_ai.request.reasoning.level = text(request.reasoning_level.filter(|_| self.is_latest())),
            gen_ai.request.previous_response.id = text(request.previous_response_id.filter(|_| self.is_latest())),
            gen_ai.prompt.name = text(request.prompt_name.filter(|_| self.is_latest())),
            gen_ai.prompt.version = text(request.prompt_version.filter(|_| self.is_latest())),
            gen_ai.embeddings.dimension.count = request.dimensions.filter(|_| has_embedding_fields).and_then(to_i64),
        );
        if let Some(top_k) = finite(request.top_k) {
            self.set_top_k(&span, top_k);
        }
        let owned_span = OwnedSpan::new(span)?;
        if is_embedding && with_attributes && owned_span.is_recording() && !request.encoding_formats.is_empty() {
            owned_span.set_string_list(
                a::GEN_AI_REQUEST_ENCODING_FORMATS,
                request.encoding_formats.iter().copied().map(truncate),
            );
        }
        Some(owned_span)
    }

    /// Sets `gen_ai.request.top_k`, whose type differs between the profiles: an integer in `latest`, a double in
    /// `v1_41`.
    fn set_top_k(&self, span: &tracing::Span, top_k: f64) {
        if self.is_latest() {
            #[expect(clippy::cast_possible_truncation, reason = "top_k is far below 2^53")]
            span.record(a::GEN_AI_REQUEST_TOP_K, top_k as i64);
        } else {
            span.record(a::GEN_AI_REQUEST_TOP_K, top_k);
        }
    }

    const fn is_latest(&self) -> bool {
        matches!(self.profile, Profile::Latest)
    }

    fn span_name(&self) -> impl fmt::Display {
        display_fn(|f| match self.model {
            "" => write!(f, "{}", self.operation),
            model => write!(f, "{} {model}", self.operation),
        })
    }
}

impl InferenceEnd<'_> {
    /// Sets the attributes that are known at the end. Each attribute is written once, because a span stores every
    /// written value.
    pub(crate) fn set_attributes(&self, span: &OwnedSpan) {
        if !span.is_recording() {
            return;
        }
        if let Some(provider) = self.late_provider {
            span.tracing_span().record(a::GEN_AI_PROVIDER_NAME, provider);
        }
        let number = |tokens: Option<u64>| tokens.and_then(to_i64);
        let (is_latest, usage) = (matches!(self.profile, Profile::Latest), &self.usage);
        if self.is_embedding {
            return self.set_embedding_attributes(span, number(usage.input));
        }
        let (cache_creation, cache_write) =
            if is_latest { (None, number(usage.cache_write)) } else { (number(usage.cache_write), None) };
        tracing::record_all!(
            span.tracing_span(),
            gen_ai.request.stream = self.is_streamed.then_some(true),
            gen_ai.response.id = self.response_id,
            gen_ai.response.model = self.response_model,
            gen_ai.response.time_to_first_chunk = self.time_to_first_chunk.map(nanos_to_seconds),
            gen_ai.usage.input_tokens = number(usage.input),
            gen_ai.usage.output_tokens = number(usage.output),
            gen_ai.usage.cache_read.input_tokens = number(usage.cache_read),
            gen_ai.usage.cache_creation.input_tokens = cache_creation,
            gen_ai.usage.cache_write.input_tokens = cache_write,
            gen_ai.usage.reasoning.output_tokens = number(usage.reasoning),
            error.type = self.error_type.map(ErrorType::as_str),
            llmobs.operation.outcome = self.outcome.as_str(),
            llmobs.objective.result = self.is_good.map(|good| if good { "good" } else { "bad" }),
            llmobs.time_to_first_token = self.time_to_first_token.map(nanos_to_seconds),
        );
        // A call that failed before any finish reason has the finish reason `error`, as the newer conventions define.
        let failed_without_reason =
            is_latest && matches!(self.outcome, Outcome::Failed) && self.finish_reasons.is_empty();
        if failed_without_reason {
            span.set_string_list(a::GEN_AI_RESPONSE_FINISH_REASONS, ["error"]);
        } else if !self.finish_reasons.is_empty() {
            span.set_string_list(a::GEN_AI_RESPONSE_FINISH_REASONS, self.finish_reasons.iter());
        }
        self.set_error_status(span);
    }

    /// Sets the attributes that the conventions define for embeddings.
    fn set_embedding_attributes(&self, span: &OwnedSpan, input_tokens: Option<i64>) {
        tracing::record_all!(
            span.tracing_span(),
            gen_ai.response.model = self.response_model,
            gen_ai.usage.input_tokens = input_tokens,
            error.type = self.error_type.map(ErrorType::as_str),
            llmobs.operation.outcome = self.outcome.as_str(),
            llmobs.objective.result = self.is_good.map(|good| if good { "good" } else { "bad" }),
        );
        self.set_error_status(span);
    }

    fn set_error_status(&self, span: &OwnedSpan) {
        if let Some(error) = self.error_type {
            span.set_error_status(error);
        }
    }
}
