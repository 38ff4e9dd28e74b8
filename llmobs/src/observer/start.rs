//! What is known of a call of a model before it starts.

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

/// What is known of an operation before it starts.
#[derive(Clone)]
#[must_use = "nothing is observed before `start`"]
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

    /// Whose model it is. Defaults to the observer's provider.
    pub fn provider(mut self, provider: Provider) -> Self {
        self.provider = Some(provider);
        self
    }

    /// When it began. Defaults to the arrival of the request for the first operation of one that
    /// the tower layer saw, else to the call of `start`.
    pub fn started_at(mut self, moment: impl Into<Moment>) -> Self {
        self.started_at = Some(moment.into());
        self
    }

    /// How long after its beginning it is dropped as `failed` with `timeout`. llmobs ends nothing: whoever drops it
    /// does. Defaults to no deadline.
    pub const fn deadline(mut self, after: Duration) -> Self {
        self.deadline = Some(after);
        self
    }

    /// The token limit that the caller set. Defaults to none.
    pub const fn max_tokens(mut self, tokens: u64) -> Self {
        self.request.max_tokens = Some(tokens);
        self
    }

    /// The number of answers that the caller asked for. Defaults to none said.
    pub const fn choices(mut self, choices: u64) -> Self {
        self.request.choices = Some(choices);
        self
    }

    /// The conversation that it belongs to, if the application has an identifier of it; none should be made up. It
    /// goes on the span and the logs, never on metrics. Defaults to none.
    pub const fn conversation(mut self, id: &'a str) -> Self {
        self.request.conversation = Some(id);
        self
    }

    /// The host that the model is called at, and its port. Defaults to none.
    pub const fn server(mut self, address: &'a str, port: u16) -> Self {
        self.request.server = Some((address, port));
        self
    }

    /// The kind of content that the caller asked for. Defaults to none said.
    pub fn output_type(mut self, kind: OutputType) -> Self {
        self.request.output_type = Some(kind);
        self
    }

    /// The seed that the caller set. Defaults to none.
    pub const fn seed(mut self, seed: i64) -> Self {
        self.request.seed = Some(seed);
        self
    }

    /// The sampling temperature that the caller set. Defaults to none.
    pub const fn temperature(mut self, temperature: f64) -> Self {
        self.request.temperature = Some(temperature);
        self
    }

    /// The share of probability that the caller lets tokens be sampled from. Defaults to none.
    pub const fn top_p(mut self, share: f64) -> Self {
        self.request.top_p = Some(share);
        self
    }

    /// How many of the likeliest tokens the caller lets be sampled from. This is not OpenAI's `top_logprobs`. Defaults
    /// to none.
    pub const fn top_k(mut self, tokens: f64) -> Self {
        self.request.top_k = Some(tokens);
        self
    }

    /// The penalty that the caller set on tokens by how often they came. Defaults to none.
    pub const fn frequency_penalty(mut self, penalty: f64) -> Self {
        self.request.frequency_penalty = Some(penalty);
        self
    }

    /// The penalty that the caller set on tokens that came at all. Defaults to none.
    pub const fn presence_penalty(mut self, penalty: f64) -> Self {
        self.request.presence_penalty = Some(penalty);
        self
    }

    /// The texts at which the caller wants the generation to stop. They are the caller's words, so they are content: the
    /// span has them only where spans have content, redacted. Defaults to none.
    pub const fn stop_sequences(mut self, texts: &'a [&'a str]) -> Self {
        self.request.stop_sequences = texts;
        self
    }

    /// How much reasoning the caller asked for, in the provider's word. Profile `latest`. Defaults to none.
    pub const fn reasoning_level(mut self, level: &'a str) -> Self {
        self.request.reasoning_level = Some(level);
        self
    }

    /// The response that this one goes on from. Profile `latest`. Defaults to none.
    pub const fn previous_response(mut self, id: &'a str) -> Self {
        self.request.previous_response = Some(id);
        self
    }

    /// The name of the prompt template. Profile `latest`. Defaults to none.
    pub const fn prompt_name(mut self, name: &'a str) -> Self {
        self.request.prompt = Some(name);
        self
    }

    /// The version of the prompt template. Profile `latest`. Defaults to none.
    pub const fn prompt_version(mut self, version: &'a str) -> Self {
        self.request.prompt_version = Some(version);
        self
    }

    /// The encodings that the caller asked for embeddings in. Defaults to none said.
    pub const fn encoding_formats(mut self, formats: &'a [&'a str]) -> Self {
        self.request.encoding_formats = formats;
        self
    }

    /// How many dimensions the caller asked for embeddings in. Defaults to none said.
    pub const fn dimensions(mut self, dimensions: u64) -> Self {
        self.request.dimensions = Some(dimensions);
        self
    }

    /// Work precedes the queue: its state is `preparing`, not `prefill`, until it is enqueued or scheduled.
    pub const fn preparing(mut self) -> Self {
        self.prepares = true;
        self
    }

    /// Whether a report of the token usage will come. If so, nothing is counted from the stream before it. Defaults
    /// to yes in the gateway and client roles, where the upstream's report is what is billed, and to no in the server
    /// role.
    pub const fn reports_usage(mut self, reports: bool) -> Self {
        self.reports_usage = Some(reports);
        self
    }

    /// The value of a label that was declared with [`ObserverBuilder::label`](crate::ObserverBuilder::label). A name
    /// or value that was not declared is counted as folded and left out. Defaults to no value.
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

    /// Judges it by an objective of the function that it is the call of, too. The observer keeps the first of a name.
    #[cfg(feature = "macros")]
    pub(crate) fn objective(mut self, name: &'static str, make: impl FnOnce() -> Objective) -> Self {
        let Some(core) = &self.observer.core else { return self };
        let place = core.vocabulary().register_function_objective(name, make);
        if place.is_none() {
            core.folded(crate::catalog::llmobs_attribute::OBJECTIVE_NAME);
        }
        // One that was declared judges every operation anyway.
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
        // A server's caller may have made the name up; who calls a model chose it.
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

/// Without what the caller asked: model and stop sequences are words of his.
impl fmt::Debug for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").field("name", &self.name).finish_non_exhaustive()
    }
}
