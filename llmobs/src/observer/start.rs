//! The builder of an operation.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Observer;
use super::current;
use super::operation::Operation;
use super::operation_state::OperationState;
use super::operation_state::StartParams;
use crate::cardinality::clean;
use crate::catalog::RowId;
use crate::clock::Moment;
use crate::clock::nanos;
use crate::companion::OperationInfo;
use crate::companion::OperationRef;
use crate::event::RequestDetails;
#[cfg(feature = "macros")]
use crate::objective::Objective;
use crate::semconv::value::AttemptKind;
use crate::semconv::value::OperationName;
use crate::semconv::value::OutputType;
use crate::semconv::value::Provider;
use crate::series::EXTRA_LABELS;
use crate::sink::otel::current_link;
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
    extra: [u8; EXTRA_LABELS],
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
            extra: [0; EXTRA_LABELS],
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
        self.request.conversation = Some(id);
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
    pub const fn top_p(mut self, share: f64) -> Self {
        self.request.top_p = Some(share);
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
        self.request.previous_response = Some(id);
        self
    }

    /// Sets the name of the prompt template. Recorded only in profile `latest`. Defaults to none.
    pub const fn prompt_name(mut self, name: &'a str) -> Self {
        self.request.prompt = Some(name);
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
        let Some(core) = &self.observer.core else { return self };
        let labels = &core.vocabulary().labels;
        let place = labels.iter().position(|label| label.name.as_ref() == name);
        let value = place.and_then(|place| labels[place].values.iter().position(|known| known.as_ref() == value));
        match (place, value.and_then(|value| u8::try_from(value + 1).ok())) {
            (Some(place), Some(value)) => self.extra[place] = value,
            _ => core.folded("label"),
        }
        self
    }

    /// Also judges the operation by an objective of the instrumented function. Of several objectives with one name, the
    /// observer keeps the first.
    #[cfg(feature = "macros")]
    pub(crate) fn objective(mut self, name: &'static str, make: impl FnOnce() -> Objective) -> Self {
        let Some(core) = &self.observer.core else { return self };
        let place = core.vocabulary().register_function_objective(name, make);
        if place.is_none() {
            core.folded(crate::catalog::llmobs_attribute::OBJECTIVE_NAME);
        }
        // A declared objective judges every operation anyway.
        self.function_objective = place.filter(|place| *place >= core.vocabulary().objectives.len());
        self
    }

    /// Starts the operation.
    pub fn start(self) -> Operation {
        let Some(core) = &self.observer.core else { return Operation::disabled() };
        let role = self.observer.role;
        let provider = self.provider.as_ref().unwrap_or(&self.observer.provider);
        let series = core.series(role, &self.name, provider, self.model, self.extra);
        let t0 = match self.started_at {
            Some(moment) => core.clamp_to_now(moment, core.clock.now()),
            None => current::take_request_arrival().unwrap_or_else(|| core.clock.now()),
        }
        .as_nanos();
        // A server's caller may send any name, so the folded name is used; a client or gateway selected the name
        // itself.
        let model = if role.is_remote() { clean(self.model) } else { (&*series.model).into() };
        let call = InferenceStart {
            operation: &series.key.operation,
            provider: series.key.provider.as_str(),
            model: &model,
            remote: role.is_remote(),
            profile: core.vocabulary().profile,
            request: &self.request,
        };
        let span = call.open();
        #[cfg(feature = "content")]
        let spent = span.as_ref().filter(|_| self.name != OperationName::Embeddings);
        #[cfg(feature = "content")]
        let spent = spent.map_or(0, |span| core.set_stop_sequences(span, self.request.stop_sequences));
        let beginning = StartParams {
            t0,
            deadline: self.deadline.map(|after| t0.saturating_add(nanos(after))),
            prepares: self.prepares,
            reports_usage: self.reports_usage.unwrap_or_else(|| role.is_remote()),
            #[cfg(feature = "content")]
            captures: core.captures(span.as_deref()),
            #[cfg(feature = "content")]
            spent,
            link: match &span {
                Some(span) if span.context().is_some() => span.exemplar(),
                _ => current_link(),
            },
            max_tokens: self.request.max_tokens,
            function_objective: self.function_objective,
            conversation: self.request.conversation.map(|id| clean(id).as_ref().into()),
            request_details: (core.logs_details() && self.name != OperationName::Embeddings)
                .then(|| RequestDetails::of(&self.request)),
        };
        series.add(RowId::Started, 0, 1);
        if let Some(place) = self.function_objective {
            series.judge_by(place);
        }
        series.add(RowId::Attempts, AttemptKind::First.index(), 1);
        if let Some(tokens) = self.request.max_tokens {
            series.size(RowId::MaxTokens, 0, tokens);
        }
        if let Some(choices) = self.request.choices {
            series.size(RowId::Choices, 0, choices);
        }
        let live = Arc::new(OperationState::new(Arc::clone(core), series, beginning));
        let place = core.table().insert(Arc::clone(&live));
        core.attached().notify(|companion| {
            let context = span.as_ref().and_then(|span| span.context().cloned());
            let subject: Arc<dyn OperationInfo> = Arc::<OperationState>::clone(&live);
            companion.started(OperationRef::new(subject, context), Moment::from_nanos(t0));
        });
        Operation::new(live, place, span)
    }
}

/// Omits the model and the request parameters: the model and the stop sequences are text from the caller.
impl fmt::Debug for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").field("name", &self.name).finish_non_exhaustive()
    }
}
