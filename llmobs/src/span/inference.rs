//! The span of a model call: the attributes set at its start and at its end.

use std::fmt;

use tracing::Level;
use tracing::field::Empty;

use super::TARGET;
use super::owned::OwnedSpan;
use super::owned::is_in_unsampled_trace;
use super::request::RequestParams;
use crate::cardinality::cut;
use crate::catalog::Profile;
use crate::clock::seconds;
use crate::measurement::FinishReasons;
use crate::semconv::attribute as a;
use crate::semconv::value::ErrorType;
use crate::semconv::value::OperationName;
use crate::semconv::value::Outcome;
use crate::usage::Usage;

/// The data of a model call that is known at its start.
#[derive(Debug)]
pub(crate) struct InferenceStart<'a> {
    pub(crate) operation: &'a OperationName,
    pub(crate) provider: &'a str,
    pub(crate) model: &'a str,
    /// True if the model runs in another process.
    pub(crate) remote: bool,
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
    pub(crate) error: Option<ErrorType>,
    pub(crate) response_id: Option<&'a str>,
    pub(crate) response_model: Option<&'a str>,
    pub(crate) finish_reasons: &'a FinishReasons,
    pub(crate) streamed: bool,
    /// The time from the start to the first chunk, in nanoseconds.
    pub(crate) first_chunk: Option<u64>,
    /// The time from the start to the first token, in nanoseconds.
    pub(crate) first_token: Option<u64>,
    pub(crate) usage: Usage,
    /// True if every objective was met; `None` if no objective judged the call.
    pub(crate) good: Option<bool>,
}

impl InferenceStart<'_> {
    /// Starts the span as a child of the current span. Returns `None` if no subscriber receives the span. In a trace
    /// that is not sampled, the span has a name and a kind but no attributes.
    pub(crate) fn open(&self) -> Option<Box<OwnedSpan>> {
        if tracing::level_filters::LevelFilter::current() < Level::INFO {
            return None;
        }
        let told = !is_in_unsampled_trace();
        let request = self.request;
        // Generation requests and embedding requests have no parameters in common.
        let is_vector = *self.operation == OperationName::Embeddings;
        let (writes, embeds) = (told && !is_vector, told && is_vector);
        let whole = |value: Option<u64>| value.and_then(|value| i64::try_from(value).ok());
        let number = |value: Option<u64>| if writes { whole(value) } else { None };
        let real = |value: Option<f64>| value.filter(|value| writes && value.is_finite());
        let text = |value: Option<_>| value.filter(|_| writes).map(cut);
        let always = |value| if told { value } else { None };
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
            otel.name = display(self.name()),
            otel.kind = if self.remote { "client" } else { "internal" },
            gen_ai.operation.name = always(Some(self.operation.as_str())),
            gen_ai.provider.name = always(Some(self.provider)),
            gen_ai.request.model = always(Some(self.model)),
            server.address = always(request.server.map(|(address, _)| address)),
            server.port = request.server.filter(|_| told).map(|(_, port)| i64::from(port)),
            gen_ai.conversation.id = text(request.conversation),
            gen_ai.output.type = text(request.output_type.as_ref().map(|kind| kind.as_str())),
            gen_ai.request.choice.count = number(request.choices.filter(|choices| *choices != 1)),
            gen_ai.request.max_tokens = number(request.max_tokens),
            gen_ai.request.seed = request.seed.filter(|_| writes),
            gen_ai.request.temperature = real(request.temperature),
            gen_ai.request.top_p = real(request.top_p),
            gen_ai.request.top_k = Empty,
            gen_ai.request.frequency_penalty = real(request.frequency_penalty),
            gen_ai.request.presence_penalty = real(request.presence_penalty),
            gen_ai.request.reasoning.level = text(request.reasoning_level.filter(|_| self.is_latest())),
            gen_ai.request.previous_response.id = text(request.previous_response.filter(|_| self.is_latest())),
            gen_ai.prompt.name = text(request.prompt.filter(|_| self.is_latest())),
            gen_ai.prompt.version = text(request.prompt_version.filter(|_| self.is_latest())),
            gen_ai.embeddings.dimension.count = whole(request.dimensions.filter(|_| embeds)),
        );
        if let Some(top_k) = real(request.top_k) {
            self.top_k(&span, top_k);
        }
        let held = OwnedSpan::new(span)?;
        if is_vector && told && held.is_recording() && !request.encoding_formats.is_empty() {
            held.set_list(a::GEN_AI_REQUEST_ENCODING_FORMATS, request.encoding_formats.iter().copied().map(cut));
        }
        Some(held)
    }

    /// Sets `gen_ai.request.top_k`, whose type differs between the profiles: an integer in `latest`, a double in
    /// `v1_41`.
    fn top_k(&self, span: &tracing::Span, top_k: f64) {
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

    fn name(&self) -> impl fmt::Display {
        fmt::from_fn(|f| write!(f, "{} {}", self.operation, self.model))
    }
}

impl InferenceEnd<'_> {
    /// Sets the attributes that are known at the end. Each attribute is written once, because a span stores every
    /// written value.
    pub(crate) fn set_attributes(&self, held: &OwnedSpan) {
        if !held.is_recording() {
            return;
        }
        let number = |tokens: Option<u64>| tokens.and_then(|tokens| i64::try_from(tokens).ok());
        let (latest, usage) = (matches!(self.profile, Profile::Latest), &self.usage);
        if self.is_embedding {
            return self.set_embedding_attributes(held, number(usage.input));
        }
        let (created, written) =
            if latest { (None, number(usage.cache_write)) } else { (number(usage.cache_write), None) };
        tracing::record_all!(
            held.span(),
            gen_ai.request.stream = self.streamed.then_some(true),
            gen_ai.response.id = self.response_id,
            gen_ai.response.model = self.response_model,
            gen_ai.response.time_to_first_chunk = self.first_chunk.map(seconds),
            gen_ai.usage.input_tokens = number(usage.input),
            gen_ai.usage.output_tokens = number(usage.output),
            gen_ai.usage.cache_read.input_tokens = number(usage.cache_read),
            gen_ai.usage.cache_creation.input_tokens = created,
            gen_ai.usage.cache_write.input_tokens = written,
            gen_ai.usage.reasoning.output_tokens = number(usage.reasoning),
            error.type = self.error.map(ErrorType::as_str),
            llmobs.operation.outcome = self.outcome.as_str(),
            llmobs.objective.result = self.good.map(|good| if good { "good" } else { "bad" }),
            llmobs.time_to_first_token = self.first_token.map(seconds),
        );
        // A call that failed before any finish reason has the finish reason `error`, as the newer conventions define.
        let broke = latest && matches!(self.outcome, Outcome::Failed) && self.finish_reasons.is_empty();
        if broke {
            held.set_list(a::GEN_AI_RESPONSE_FINISH_REASONS, ["error"]);
        } else if !self.finish_reasons.is_empty() {
            held.set_list(a::GEN_AI_RESPONSE_FINISH_REASONS, self.finish_reasons.iter());
        }
        self.fail(held);
    }

    /// Sets the attributes that the conventions define for embeddings.
    fn set_embedding_attributes(&self, held: &OwnedSpan, input_tokens: Option<i64>) {
        tracing::record_all!(
            held.span(),
            gen_ai.response.model = self.response_model,
            gen_ai.usage.input_tokens = input_tokens,
            error.type = self.error.map(ErrorType::as_str),
            llmobs.operation.outcome = self.outcome.as_str(),
            llmobs.objective.result = self.good.map(|good| if good { "good" } else { "bad" }),
        );
        self.fail(held);
    }

    fn fail(&self, held: &OwnedSpan) {
        if let (Outcome::Failed | Outcome::Rejected, Some(error)) = (self.outcome, self.error) {
            held.fail(error);
        }
    }
}
