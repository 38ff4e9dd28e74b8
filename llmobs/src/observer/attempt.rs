//! The builder of an attempt, one try of an operation (model call).

use std::fmt;

use opentelemetry::trace::TraceContextExt;

use super::engine::output_tokens::start_attempt;
use super::engine::routing::current_series;
use super::engine::routing::routed_model;
use super::engine::routing::set_route;
use super::state::operation_state::OperationState;
use super::step::Step;
use crate::semconv::value::AttemptKind;
use crate::semconv::value::Provider;
use crate::span::OwnedSpan;
use crate::span::StepSpan;

/// Builds an attempt, one try of an operation: the first, a retry, a fallback or a hedge.
/// [`Operation::attempt`](crate::Operation::attempt) returns it.
///
/// A fallback to another provider or model sets them here. The attempt, its span, the client metrics of the conventions
/// (`gen_ai.client.*`) and the record of the operation then carry the new ones. The metrics of llmobs except
/// `llmobs.operation.attempts` keep those of the start, so that operations started and ended balance for each model.
///
/// ```
/// use llmobs::Observer;
/// use llmobs::Provider;
/// use llmobs::Role;
/// use llmobs::semconv::value::AttemptKind;
///
/// let observer = Observer::builder().role(Role::Gateway).build()?;
/// let operation = observer.chat("gpt-4").provider(Provider::OpenAi).start();
/// // The first provider fails:
/// let attempt = operation.attempt(AttemptKind::Fallback).provider(Provider::Anthropic).model("claude-sonnet-4").start();
/// attempt.complete();
/// operation.complete();
/// # Ok::<(), llmobs::BuildError>(())
/// ```
#[must_use = "a builder observes nothing until `start` is called"]
pub struct Attempt<'a> {
    /// The state of the operation; `None` if it is disabled.
    operation: Option<&'a OperationState>,
    /// The span of the operation; `None` if no subscriber enables it.
    operation_span: Option<&'a OwnedSpan>,
    kind: AttemptKind,
    provider: Option<Provider>,
    model: Option<&'a str>,
}

impl<'a> Attempt<'a> {
    /// Returns the builder of an attempt of this kind. `operation` is `None` if the operation is disabled, and
    /// `operation_span` if no subscriber enables its span.
    pub(super) const fn new(
        operation: Option<&'a OperationState>,
        operation_span: Option<&'a OwnedSpan>,
        kind: AttemptKind,
    ) -> Self {
        Self { operation, operation_span, kind, provider: None, model: None }
    }

    /// Sets the provider to which the request is sent from now on, as
    /// [`Marker::provider`](crate::operation::Marker::provider) does. Defaults to the one before.
    pub fn provider(mut self, provider: impl Into<Provider>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Sets the model for which the request is sent from now on, as [`Marker::model`](crate::operation::Marker::model)
    /// does. Defaults to the one before.
    pub const fn model(mut self, model: &'a str) -> Self {
        self.model = Some(model);
        self
    }

    /// Starts the attempt. Counts it as [`Marker::record_attempt`](crate::operation::Marker::record_attempt) does,
    /// unless it is the first, which the start of the operation counted. Opens its span under the span of the
    /// operation, with a link to the span of the previous attempt. The returned step ends the span; the step is
    /// disabled if the operation is disabled or no subscriber enables its span.
    pub fn start(self) -> Step {
        let Self { operation, operation_span, kind, provider, model } = self;
        let Some(state) = operation else { return Step::disabled() };
        set_route(state, provider, model);
        if kind != AttemptKind::First {
            start_attempt(state, kind);
        }
        let routed = state.notes.get().and_then(|notes| notes.route.last()).map(|_| current_series(state));
        let model = routed_model(state);
        let attempt = StepSpan {
            name: ("attempt", None),
            attempt_kind: Some(kind.as_str()),
            provider: routed.map(|series| series.key.provider.as_str()),
            model: model.as_deref().or_else(|| routed.map(|series| &*series.model)),
            ..StepSpan::default()
        };
        let start_below = |span: &OwnedSpan| span.tracing_span().in_scope(|| attempt.start_span());
        let Some(span) = operation_span.and_then(start_below) else {
            return Step::disabled();
        };
        if let Some(context) = span.context() {
            let span_context = context.span().span_context().clone();
            if let Some(previous) = state.notes.get_or_init().replace_attempt_span(span_context) {
                span.add_link(previous);
            }
        }
        Step::new(Some(span), &state.observer)
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, provider, model, .. } = self;
        f.debug_struct("Attempt")
            .field("kind", kind)
            .field("provider", provider)
            .field("model", model)
            .finish_non_exhaustive()
    }
}
