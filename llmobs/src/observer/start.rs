//! The builder of an operation.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Observer;
use super::current;
use super::operation::Operation;
use super::operation_state::OperationState;
use super::operation_state::StartParams;
use crate::cardinality::sanitize;
use crate::catalog::RowId;
use crate::clock::Moment;
use crate::clock::duration_to_nanos;
use crate::companion::OperationInfo;
use crate::companion::OperationRef;
use crate::event::RequestDetails;
#[cfg(feature = "macros")]
use crate::objective::Objective;
use crate::semconv::value::AttemptKind;
use crate::semconv::value::OperationName;
use crate::semconv::value::OutputType;
use crate::semconv::value::Provider;
use crate::series::MAX_EXTRA_LABELS;
use crate::sink::otel::current_trace_link;
use crate::span::InferenceStart;
use crate::span::RequestParams;

/// The properties of an operation that are known before it starts.
#[derive(Clone)]
#[must_use = "a builder observes nothing until `start` is called"]
pub struct Start<'a> {
    observer: &'a Observer,
    name: OperationName,
    model: &'a str,
    provider: Option<Provider>,
    started_at: Option<Moment>,
    deadline: Option<Duration>,
    request: RequestParams<'a>,
    prepares: bool,
    reports_usage: Option<bool>,
    function_objective: Option<usize>,
    label_values: [u8; MAX_EXTRA_LABELS],
}

impl<'a> Start<'a> {
    pub(super) fn new(observer: &'a Observer, name: OperationName, model: &'a str) -> Self {
        Self {
            observer,
            name,
            model,
            provider: None,
            started_at: None,
            deadline: None,
            request: RequestParams::default(),
            prepares: false,
            reports_usage: None,
            function_objective: None,
            label_values: [0; MAX_EXTRA_LABELS],
        }
    }

    /// Sets the provider of the model: a [`Provider`], or the name of a self-hosted engine. Defaults to the observer's
    /// provider.
    pub fn provider(mut self, provider: impl Into<Provider>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Sets the moment at which the operation started. Defaults to the arrival of the request for the first operation
    /// of a request that passed the tower layer, else to the call of `start`.
    pub fn started_at(mut self, moment: impl Into<Moment>) -> Self {
        self.started_at = Some(moment.into());
        self
    }

    /// Sets a deadline, measured from the start of the operation: an operation that is dropped after it is `failed`
    /// with `error.type` `timeout`. llmobs does not stop the operation at the deadline; the application drops it.
    /// Defaults to no deadline.
    pub const fn deadline(mut self, after: Duration) -> Self {
        self.deadline = Some(after);
        self
    }

    /// Sets the maximum number of output tokens that the caller requested. Defaults to none.
    pub const fn max_tokens(mut self, tokens: u64) -> Self {
        self.request.max_tokens = Some(tokens);
        self
    }

    /// Sets the number of choices that the caller requested. Defaults to none.
    pub const fn choices(mut self, choices: u64) -> Self {
        self.request.choices = Some(choices);
        self
    }

    /// Sets the conversation that the operation belongs to. Use an identifier of the application, and do not generate
    /// one for this purpose. The identifier is set on the span and the log events, never on metrics. Defaults to none.
    pub const fn conversation(mut self, id: &'a str) -> Self {
        self.request.conversation_id = Some(id);
        self
    }

    /// Sets the host of the model, and its port. Defaults to none.
    pub const fn server(mut self, address: &'a str, port: u16) -> Self {
        self.request.server = Some((address, port));
        self
    }

    /// Sets the type of content that the caller requested. Defaults to none.
    pub fn output_type(mut self, kind: OutputType) -> Self {
        self.request.output_type = Some(kind);
        self
    }

    /// Sets the seed that the caller requested. Defaults to none.
    pub const fn seed(mut self, seed: i64) -> Self {
        self.request.seed = Some(seed);
        self
    }

    /// Sets the sampling temperature that the caller requested. Defaults to none.
    pub const fn temperature(mut self, temperature: f64) -> Self {
        self.request.temperature = Some(temperature);
        self
    }

    /// Sets the cumulative probability of the tokens to sample from, as the caller requested it. Defaults to none.
    pub const fn top_p(mut self, probability: f64) -> Self {
        self.request.top_p = Some(probability);
        self
    }

    /// Sets the number of most likely tokens to sample from, as the caller requested it. This is not OpenAI's
    /// `top_logprobs`. Defaults to none.
    pub const fn top_k(mut self, tokens: f64) -> Self {
        self.request.top_k = Some(tokens);
        self
    }

    /// Sets the penalty on tokens by their frequency in the text so far, as the caller requested it. Defaults to none.
    pub const fn frequency_penalty(mut self, penalty: f64) -> Self {
        self.request.frequency_penalty = Some(penalty);
        self
    }

    /// Sets the penalty on tokens that occur in the text so far, as the caller requested it. Defaults to none.
    pub const fn presence_penalty(mut self, penalty: f64) -> Self {
        self.request.presence_penalty = Some(penalty);
        self
    }

    /// Sets the texts at which the caller requested the generation to stop. They are content: they are set on the span,
    /// redacted, only if content is captured on spans. Defaults to none.
    pub const fn stop_sequences(mut self, texts: &'a [&'a str]) -> Self {
        self.request.stop_sequences = texts;
        self
    }

    /// Sets the amount of reasoning that the caller requested, as the provider names it. Recorded only in profile
    /// `latest`. Defaults to none.
    pub const fn reasoning_level(mut self, level: &'a str) -> Self {
        self.request.reasoning_level = Some(level);
        self
    }

    /// Sets the identifier of the response that this operation continues. Recorded only in profile `latest`. Defaults
    /// to none.
    pub const fn previous_response(mut self, id: &'a str) -> Self {
        self.request.previous_response_id = Some(id);
        self
    }

    /// Sets the name of the prompt template. Recorded only in profile `latest`. Defaults to none.
    pub const fn prompt_name(mut self, name: &'a str) -> Self {
        self.request.prompt_name = Some(name);
        self
    }

    /// Sets the version of the prompt template. Recorded only in profile `latest`. Defaults to none.
    pub const fn prompt_version(mut self, version: &'a str) -> Self {
        self.request.prompt_version = Some(version);
        self
    }

    /// Sets the encodings of embeddings that the caller requested. Defaults to none.
    pub const fn encoding_formats(mut self, formats: &'a [&'a str]) -> Self {
        self.request.encoding_formats = formats;
        self
    }

    /// Sets the number of dimensions of embeddings that the caller requested. Defaults to none.
    pub const fn dimensions(mut self, dimensions: u64) -> Self {
        self.request.dimensions = Some(dimensions);
        self
    }

    /// Declares that work precedes the engine's queue: until the operation is enqueued or scheduled, its state is
    /// `preparing`, not `prefill`.
    pub const fn preparing(mut self) -> Self {
        self.prepares = true;
        self
    }

    /// Sets whether a report of the token usage will follow. If so, no tokens of the stream are counted before the
    /// report. Defaults to `true` in the gateway and client roles, since the upstream bills by its report, and to
    /// `false` in the server role.
    pub const fn reports_usage(mut self, reports: bool) -> Self {
        self.reports_usage = Some(reports);
        self
    }

    /// Sets the value of a label that was declared with [`ObserverBuilder::label`](crate::ObserverBuilder::label). An
    /// undeclared name or value is counted as folded and omitted. Defaults to no value.
    pub fn label(mut self, name: &str, value: &str) -> Self {
        let Some(inner) = &self.observer.inner else { return self };
        let labels = &inner.declared_names().labels;
        let index = labels.iter().position(|label| label.name.as_ref() == name);
        let value = index.and_then(|index| labels[index].values.iter().position(|known| known.as_ref() == value));
        match (index, value.and_then(|value| u8::try_from(value + 1).ok())) {
            (Some(index), Some(value)) => self.label_values[index] = value,
            _ => inner.count_folded("label"),
        }
        self
    }

    /// Also judges the operation by an objective of the instrumented function. Of several objectives with one name, the
    /// observer keeps the first.
    #[cfg(feature = "macros")]
    pub(crate) fn objective(mut self, name: &'static str, make: impl FnOnce() -> Objective) -> Self {
        let Some(inner) = &self.observer.inner else { return self };
        let index = inner.declared_names().register_function_objective(name, make);
        if index.is_none() {
            inner.count_folded(crate::catalog::llmobs_attribute::OBJECTIVE_NAME);
        }
        // A declared objective judges every operation anyway.
        self.function_objective = index.filter(|index| *index >= inner.declared_names().objectives.len());
        self
    }

    /// Starts the operation.
    pub fn start(self) -> Operation {
        let Some(inner) = &self.observer.inner else { return Operation::disabled() };
        let role = self.observer.role;
        let provider = self.provider.as_ref().unwrap_or(&self.observer.provider);
        let series = inner.series(role, &self.name, provider, self.model, self.label_values);
        let t0 = match self.started_at {
            Some(moment) => inner.clamp_to_now(moment, inner.clock.now()),
            None => current::take_request_arrival().unwrap_or_else(|| inner.clock.now()),
        }
        .as_nanos();
        // A server's caller may send any name, so the folded name is used; a client or gateway selected the name
        // itself.
        let model = if role.is_remote() { sanitize(self.model) } else { (&*series.model).into() };
        let call = InferenceStart {
            operation: &series.key.operation,
            provider: series.key.provider.as_str(),
            model: &model,
            is_remote: role.is_remote(),
            profile: inner.declared_names().profile,
            request: &self.request,
        };
        let span = call.start_span();
        #[cfg(feature = "content")]
        let text_span = span.as_ref().filter(|_| self.name != OperationName::Embeddings);
        #[cfg(feature = "content")]
        let used_span_bytes = text_span.map_or(0, |span| inner.set_stop_sequences(span, self.request.stop_sequences));
        let params = StartParams {
            t0,
            deadline: self.deadline.map(|after| t0.saturating_add(duration_to_nanos(after))),
            prepares: self.prepares,
            reports_usage: self.reports_usage.unwrap_or_else(|| role.is_remote()),
            #[cfg(feature = "content")]
            is_capturing: inner.should_capture(span.as_deref()),
            #[cfg(feature = "content")]
            used_span_bytes,
            trace_link: match &span {
                Some(span) if span.context().is_some() => span.trace_link(),
                _ => current_trace_link(),
            },
            max_tokens: self.request.max_tokens,
            function_objective: self.function_objective,
            conversation_id: self.request.conversation_id.map(|id| sanitize(id).as_ref().into()),
            request_details: (inner.should_emit_details() && self.name != OperationName::Embeddings)
                .then(|| RequestDetails::from_params(&self.request)),
        };
        series.add(RowId::Started, 0, 1);
        if let Some(index) = self.function_objective {
            series.init_objective(index);
        }
        series.add(RowId::Attempts, AttemptKind::First.index(), 1);
        if let Some(tokens) = self.request.max_tokens {
            series.record_size(RowId::MaxTokens, 0, tokens);
        }
        if let Some(choices) = self.request.choices {
            series.record_size(RowId::Choices, 0, choices);
        }
        let state = Arc::new(OperationState::new(Arc::clone(inner), series, params));
        let slot = inner.in_flight_registry().insert(Arc::clone(&state));
        inner.attached().notify(|companion| {
            let context = span.as_ref().and_then(|span| span.context().cloned());
            let info: Arc<dyn OperationInfo> = Arc::<OperationState>::clone(&state);
            companion.on_start(OperationRef::new(info, context), Moment::from_nanos(t0));
        });
        Operation::new(state, slot, span)
    }
}

/// Omits the model and the request parameters: the model and the stop sequences are text from the caller.
impl fmt::Debug for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").field("name", &self.name).finish_non_exhaustive()
    }
}
