//! The builder of an operation, one model call: [`Observer::chat`](crate::Observer::chat) and its siblings return it,
//! and [`Start::start`] starts the operation.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

#[cfg(feature = "cost")]
use super::engine::admission::admit;
#[cfg(feature = "cost")]
use super::engine::admission::try_admit;
use super::engine::call::Call;
use super::engine::start::start;
use super::operation::Operation;
use super::state::observer_parts::ObserverParts;
#[cfg(any(feature = "macros", feature = "pseudonym"))]
use crate::catalog::llmobs_attribute;
use crate::clock::Moment;
#[cfg(feature = "cost")]
use crate::cost::BudgetExceeded;
use crate::number::OptionalInteger;
use crate::number::OptionalNumber;
#[cfg(feature = "macros")]
use crate::objective::Objective;
#[cfg(feature = "cost")]
use crate::semconv::value::ErrorType;
use crate::semconv::value::OperationName;
use crate::semconv::value::OutputType;
use crate::semconv::value::Provider;
use crate::series::MAX_EXTRA_LABELS;
use crate::span::RequestParams;

/// A builder of an operation, one model call, with the properties that are known before it starts.
#[derive(Clone)]
#[must_use = "a builder observes nothing until `start` is called"]
pub struct Start<'a> {
    observer: &'a ObserverParts,
    call: Call<'a>,
}

impl<'a> Start<'a> {
    /// Returns a builder of an operation of this kind and model, with the default properties.
    pub(super) fn new(observer: &'a ObserverParts, name: OperationName, model: &'a str) -> Self {
        let call = Call {
            name,
            model,
            provider: None,
            started_at: None,
            deadline: None,
            request: RequestParams::default(),
            prepares: false,
            reports_usage: None,
            late_provider: false,
            function_objective: None,
            tenant: None,
            #[cfg(feature = "cost")]
            expected_input_tokens: None,
            label_values: [0; MAX_EXTRA_LABELS],
        };
        Self { observer, call }
    }

    /// Sets the provider of the model: a [`Provider`], or the name of a self-hosted engine. Defaults to the observer's
    /// provider.
    pub fn provider(mut self, provider: impl Into<Provider>) -> Self {
        self.call.provider = Some(provider.into());
        self
    }

    /// Sets that the provider may change while the operation runs: a router chooses it, or a fallback goes to another
    /// one, as set with [`Marker::provider`](crate::operation::Marker::provider) or
    /// [`Operation::attempt`](crate::Operation::attempt). The span then carries the provider that answered; it is set
    /// at the end, so a sampler cannot read it. Otherwise the span carries that of the start. In the gateway and client
    /// roles, an operation without a provider is started so; in the server role, the setting has no effect.
    pub const fn late_provider(mut self) -> Self {
        self.call.late_provider = true;
        self
    }

    /// Sets the moment at which the operation started; a moment in the future is replaced by the current one, and
    /// counted in `llmobs.self.anomalies`. Defaults to the arrival of the request for the first operation of a request
    /// that passed the server layer of `llmobs::tower`, else to the call of `start`.
    pub fn started_at(mut self, moment: impl Into<Moment>) -> Self {
        self.call.started_at = Some(moment.into());
        self
    }

    /// Sets a deadline, measured from the start of the operation: an operation that is dropped after it, without an
    /// error and before its answer was complete, is `failed` with `error.type` `timeout`. llmobs does not stop the
    /// operation at the deadline; the application drops it. Defaults to no deadline.
    pub const fn deadline(mut self, after: Duration) -> Self {
        self.call.deadline = Some(after);
        self
    }

    /// Sets the maximum number of output tokens that the caller requested. Defaults to none.
    pub fn max_tokens(mut self, tokens: impl OptionalInteger) -> Self {
        self.call.request.max_tokens = tokens.optional_u64();
        self
    }

    /// Sets whether the caller requested a stream. Defaults to whether the operation observes a stream; set it if the
    /// application reads a stream itself to build a complete answer.
    pub fn stream(mut self, is_requested: impl Into<Option<bool>>) -> Self {
        self.call.request.stream = is_requested.into();
        self
    }

    /// Sets the number of choices that the caller requested. Defaults to none.
    pub fn choices(mut self, choices: impl OptionalInteger) -> Self {
        self.call.request.choices = choices.optional_u64();
        self
    }

    /// Sets the conversation that the operation belongs to. Use an identifier of the application, and do not generate
    /// one for this purpose. The identifier is set on the span and the log events, up to 128 bytes, never on metrics.
    /// Defaults to none.
    pub const fn conversation(mut self, id: &'a str) -> Self {
        self.call.request.conversation_id = Some(id);
        self
    }

    /// Sets the host name or address of the model's server, and its port. Defaults to none.
    pub const fn server(mut self, address: &'a str, port: u16) -> Self {
        self.call.request.server = Some((address, port));
        self
    }

    /// Sets the type of content that the caller requested. Defaults to none.
    pub fn output_type(mut self, kind: OutputType) -> Self {
        self.call.request.output_type = Some(kind);
        self
    }

    /// Sets the seed that the caller requested. Defaults to none.
    pub fn seed(mut self, seed: impl OptionalInteger) -> Self {
        self.call.request.seed = seed.optional_i64();
        self
    }

    /// Sets the sampling temperature that the caller requested. Defaults to none.
    pub fn temperature(mut self, temperature: impl OptionalNumber) -> Self {
        self.call.request.temperature = temperature.optional_f64();
        self
    }

    /// Sets the cumulative probability of the tokens to sample from, as the caller requested it. Defaults to none.
    pub fn top_p(mut self, probability: impl OptionalNumber) -> Self {
        self.call.request.top_p = probability.optional_f64();
        self
    }

    /// Sets the number of most likely tokens to sample from, as the caller requested it. This is not OpenAI's
    /// `top_logprobs`. Defaults to none.
    pub fn top_k(mut self, tokens: impl OptionalNumber) -> Self {
        self.call.request.top_k = tokens.optional_f64();
        self
    }

    /// Sets the penalty on tokens by their frequency in the text so far, as the caller requested it. Defaults to none.
    pub fn frequency_penalty(mut self, penalty: impl OptionalNumber) -> Self {
        self.call.request.frequency_penalty = penalty.optional_f64();
        self
    }

    /// Sets the penalty on tokens that occur in the text so far, as the caller requested it. Defaults to none.
    pub fn presence_penalty(mut self, penalty: impl OptionalNumber) -> Self {
        self.call.request.presence_penalty = penalty.optional_f64();
        self
    }

    /// Sets the texts at which the caller requested the generation to stop. They are content: they are set on the span,
    /// redacted, only if content is captured on spans. Defaults to none.
    pub const fn stop_sequences(mut self, texts: &'a [&'a str]) -> Self {
        self.call.request.stop_sequences = texts;
        self
    }

    /// Sets the amount of reasoning that the caller requested, as the provider names it. Recorded only in profile
    /// `latest`. Defaults to none.
    pub const fn reasoning_level(mut self, level: &'a str) -> Self {
        self.call.request.reasoning_level = Some(level);
        self
    }

    /// Sets the identifier of the response that this operation continues. Recorded only in profile `latest`. Defaults
    /// to none.
    pub const fn previous_response(mut self, id: &'a str) -> Self {
        self.call.request.previous_response_id = Some(id);
        self
    }

    /// Sets the name of the prompt template. Recorded only in profile `latest`. Defaults to none.
    pub const fn prompt_name(mut self, name: &'a str) -> Self {
        self.call.request.prompt_name = Some(name);
        self
    }

    /// Sets the version of the prompt template. Recorded only in profile `latest`. Defaults to none.
    pub const fn prompt_version(mut self, version: &'a str) -> Self {
        self.call.request.prompt_version = Some(version);
        self
    }

    /// Sets the encodings of embeddings that the caller requested. Defaults to none.
    pub const fn encoding_formats(mut self, formats: &'a [&'a str]) -> Self {
        self.call.request.encoding_formats = formats;
        self
    }

    /// Sets the number of dimensions of embeddings that the caller requested. Defaults to none.
    pub fn dimensions(mut self, dimensions: impl OptionalInteger) -> Self {
        self.call.request.dimensions = dimensions.optional_u64();
        self
    }

    /// Declares that work of the application precedes the engine's queue: until the operation is enqueued, is scheduled
    /// or has its first token, its state is `preparing`, not `prefill`. Has no effect on the state in the gateway and
    /// client roles.
    pub const fn preparing(mut self) -> Self {
        self.call.prepares = true;
        self
    }

    /// Sets whether a report of the token usage will follow and the tokens of the items are only an estimate. If so,
    /// `llmobs.token.processed` waits for the report, and for a running total takes it once a second;
    /// `llmobs.token.streamed` shows the tokens that pass. If not, the tokens of the items are exact and are processed
    /// while the stream runs. Defaults to `true` in the gateway and client roles, since the upstream bills by its
    /// report, and to `false` in the server role.
    pub const fn reports_usage(mut self, reports: bool) -> Self {
        self.call.reports_usage = Some(reports);
        self
    }

    /// Sets the value of a label of the metrics that was declared with
    /// [`ObserverBuilder::label`](crate::ObserverBuilder::label). An undeclared name or value is omitted, and counted
    /// in `llmobs.self.folded_labels`. Defaults to no value.
    pub fn label(mut self, name: &str, value: &str) -> Self {
        let Some(inner) = &self.observer.inner else { return self };
        let labels = &inner.declared_names().labels;
        let index = labels.iter().position(|label| label.name.as_ref() == name);
        let value = index.and_then(|index| labels[index].values.iter().position(|known| known.as_ref() == value));
        match (index, value.and_then(|value| u8::try_from(value + 1).ok())) {
            (Some(index), Some(value)) => self.call.label_values[index] = value,
            _ => inner.count_folded("label"),
        }
        self
    }

    /// Sets the tenant on whose behalf the operation runs: the name of a plan, a team or an API key, never that of a
    /// person. Its operations and tokens are counted in `llmobs.tenant.operations` and `llmobs.tenant.tokens`, if the
    /// [observer records tenants](crate::ObserverBuilder::tenants). A name over the limit and a name that cannot be a label
    /// are recorded as `_OTHER`, and counted in `llmobs.self.folded_labels`. An empty name is recorded as `_NONE`. Defaults
    /// to the tenant of the request, if the server layer determines it, else to `_NONE`
    /// ([guide](crate::guide::tenants)).
    ///
    /// ```
    /// use llmobs::Observer;
    ///
    /// let observer = Observer::builder().model("m").tenants(["free", "pro"]).build()?;
    /// observer.chat("m").tenant("pro").start().complete();
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    pub fn tenant(mut self, name: impl Into<Option<&'a str>>) -> Self {
        self.call.tenant = name.into().map(Cow::Borrowed);
        self
    }

    /// Sets the tenant to the [pseudonym](crate::Observer::pseudonym) of an identity, such as an account number: a keyed
    /// hash in the field `llmobs.tenant.name`. Without a key, and for an empty identity, the operation has no tenant, and
    /// is recorded as `_NONE`. A new key or epoch gives each tenant a new name.
    #[cfg(feature = "pseudonym")]
    pub fn tenant_pseudonym(mut self, identity: &str) -> Self {
        let inner = self.observer.inner.as_ref().filter(|inner| inner.tenants.is_some());
        let pseudonym = inner.and_then(|inner| inner.pseudonyms.pseudonymize(llmobs_attribute::TENANT_NAME, identity));
        self.call.tenant = Some(pseudonym.map_or(Cow::Borrowed(""), Cow::Owned));
        self
    }

    /// Also judges the operation by an objective, a set of limits, of the instrumented function. `make` is called if no
    /// objective has this name yet: of several with one name, the observer keeps the first. After eight objectives of
    /// functions, further ones are omitted, and counted in `llmobs.self.folded_labels`.
    #[cfg(feature = "macros")]
    pub(crate) fn objective(mut self, name: &'static str, make: impl FnOnce() -> Objective) -> Self {
        let Some(inner) = &self.observer.inner else { return self };
        let index = inner.declared_names().register_function_objective(name, make);
        if index.is_none() {
            inner.count_folded(llmobs_attribute::OBJECTIVE_NAME);
        }
        // A declared objective judges every operation anyway.
        self.call.function_objective = index.filter(|index| *index >= inner.declared_names().objectives.len());
        self
    }

    /// Starts the operation, and returns it to its owner, which ends it. The operation of a disabled observer records
    /// nothing.
    pub fn start(self) -> Operation {
        match &self.observer.inner {
            Some(inner) => Operation::new(start(
                self.observer,
                inner,
                &self.call,
                #[cfg(feature = "cost")]
                admit(self.observer, inner, &self.call),
            )),
            None => Operation::disabled(),
        }
    }

    /// Sets the number of input tokens that the caller expects, such as those that a tokenizer counted. With
    /// [`max_tokens`](Self::max_tokens), [`try_start`](Self::try_start) reserves the highest possible cost of the
    /// operation in its budgets. Defaults to none, and then nothing is reserved.
    #[cfg(feature = "cost")]
    pub fn expected_input_tokens(mut self, tokens: impl OptionalInteger) -> Self {
        self.call.expected_input_tokens = tokens.optional_u64();
        self
    }

    /// Starts the operation if its [budgets](crate::ObserverBuilder::budgets) permit it, and reserves its highest possible
    /// cost in them until it ends. [`start`](Self::start) asks no budget, and its cost is counted in them.
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::cost::{Budget, Budgets, PriceBook, Usd};
    ///
    /// let budgets = Budgets::new().add(Budget::new("all", Usd::from_dollars(0)).deny());
    /// let observer = Observer::builder().model("m").prices(PriceBook::bundled()).budgets(budgets).build()?;
    /// let error = observer.chat("m").max_tokens(64).expected_input_tokens(100).try_start().unwrap_err();
    /// assert_eq!(error.budget(), "all");
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the error of the first budget that rejects the operation. The operation is then counted as started and as
    /// rejected, with `error.type` `budget_exceeded`.
    #[cfg(feature = "cost")]
    pub fn try_start(self) -> Result<Operation, BudgetExceeded> {
        let Some(inner) = &self.observer.inner else { return Ok(Operation::disabled()) };
        let (admission, exceeded) = try_admit(self.observer, inner, &self.call);
        let operation = Operation::new(start(self.observer, inner, &self.call, admission));
        match exceeded {
            None => Ok(operation),
            Some(exceeded) => {
                operation.reject(ErrorType::BudgetExceeded);
                Err(exceeded)
            }
        }
    }
}

/// Omits the model and the request parameters: the model and the stop sequences are text from the caller.
impl fmt::Debug for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").field("name", &self.call.name).finish_non_exhaustive()
    }
}
