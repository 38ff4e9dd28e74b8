//! The [`Step`], a part of the work around operations (model calls) such as a tool call, from its start to its end. The
//! builders in `step_builders` start it.

use std::fmt;
use std::future::Future;

use tracing::Instrument;
use tracing::Span;
use tracing::instrument::Instrumented;

use super::content::StepContent;
use super::state::observer_state::ObserverState;
#[cfg(feature = "content")]
use crate::capture;
use crate::catalog::llmobs_attribute;
use crate::clock::system_time_before_now;
#[cfg(feature = "content")]
use crate::content;
use crate::error::Failure;
#[cfg(feature = "content")]
use crate::semconv::attribute as a;
use crate::semconv::value::CacheResult;
use crate::semconv::value::ErrorType;
#[cfg(feature = "content")]
use crate::semconv::value::FinishReason;
use crate::span::OwnedSpan;
use crate::span::set_error;
use crate::span::set_usage;
use crate::usage::Usage;

/// A retrieval, tool call, agent, workflow, database query or attempt of a model call, with a separate span. A step has
/// no metrics; model calls are measured by [`Operation`](crate::Operation).
///
/// The owner ends a step with [`complete`](Self::complete) or [`fail`](Self::fail). A step that is dropped instead ends
/// with the error type `internal` during a panic, and `cancelled` otherwise. A step does nothing if no `tracing`
/// subscriber enables its span.
#[must_use = "a step that is dropped at once is recorded as cancelled"]
pub struct Step {
    span: Option<Box<OwnedSpan>>,
    #[cfg_attr(not(feature = "content"), expect(dead_code, reason = "used only with the feature `content`"))]
    content: StepContent,
}

impl Step {
    /// Returns a step that records nothing.
    pub(super) const fn disabled() -> Self {
        Self { span: None, content: StepContent::off() }
    }

    /// Returns a started step with its span; with `None`, the step records nothing.
    pub(super) fn new(span: Option<Box<OwnedSpan>>, inner: &ObserverState) -> Self {
        let content = if span.is_some() { StepContent::of(&inner.content) } else { StepContent::off() };
        Self { span, content }
    }

    /// Returns the span of this step, for the application's events and child spans. The span is disabled if no
    /// `tracing` subscriber enables it. Do not hold an entered guard across an `.await`; use [`run`](Self::run)
    /// instead.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span.as_ref().map_or_else(Span::none, |span| span.tracing_span().clone())
    }

    /// Runs code in the span of this step, and returns its result.
    pub fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        match &self.span {
            Some(span) => span.tracing_span().in_scope(code),
            None => code(),
        }
    }

    /// Runs a future in the span of this step at every poll.
    pub fn run<F: Future>(&self, future: F) -> Instrumented<F> {
        future.instrument(self.span())
    }

    /// Sets the tokens of all model calls within this step on the span. For a step that reports its tokens itself, such
    /// as a remote agent. Call this method once.
    pub fn usage(&self, usage: Usage) {
        if let Some(span) = self.recording_span() {
            set_usage(span, &usage);
        }
    }

    /// Sets the result of a cache lookup, such as a hit, on the span. Call it once.
    pub fn cache_result(&self, result: CacheResult) {
        if let Some(span) = self.recording_span() {
            span.tracing_span().record(llmobs_attribute::CACHE_RESULT, result.as_str());
        }
    }

    /// Ends the step as successful.
    pub fn complete(mut self) {
        self.end(None);
    }

    /// Ends the step with the error type of `failure`.
    pub fn fail(mut self, failure: impl Into<Failure>) {
        self.end(Some(failure.into().error_type()));
    }

    /// Returns the span of this step; `None` if no `tracing` subscriber enables it.
    #[cfg(feature = "macros")]
    pub(crate) fn owned_span(&self) -> Option<&OwnedSpan> {
        self.span.as_deref()
    }

    fn recording_span(&self) -> Option<&OwnedSpan> {
        self.span.as_deref().filter(|span| span.is_recording())
    }

    fn end(&mut self, error: Option<ErrorType>) {
        let Some(span) = self.span.take() else { return };
        if let Some(error) = error.filter(|_| span.is_recording()) {
            set_error(&span, error);
        }
        span.end_at(system_time_before_now(0));
    }
}

/// Methods for content. Content passes the [gate](crate::capture) and is set on the span at once. The closures are
/// called only if content is captured on spans and this span is recorded. Call each method once.
#[cfg(feature = "content")]
impl Step {
    /// Sets the arguments of a tool call (`gen_ai.tool.call.arguments`).
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::capture::ContentCapture;
    /// use serde_json::json;
    ///
    /// let observer = Observer::builder().capture(ContentCapture::Spans).build()?;
    /// let step = observer.execute_tool("weather").start();
    /// step.arguments(|| json!({"city": "Paris"}));
    /// step.result(|| json!({"rain": true}));
    /// step.complete();
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    pub fn arguments<C: Into<content::Content<serde_json::Value>>>(&self, arguments: impl FnOnce() -> C) {
        self.export_content(
            a::GEN_AI_TOOL_CALL_ARGUMENTS,
            || arguments().into(),
            |gate_pass, content| gate_pass.json(content),
        );
    }

    /// Sets the result of a tool call (`gen_ai.tool.call.result`).
    pub fn result<C: Into<content::Content<serde_json::Value>>>(&self, result: impl FnOnce() -> C) {
        self.export_content(
            a::GEN_AI_TOOL_CALL_RESULT,
            || result().into(),
            |gate_pass, content| gate_pass.json(content),
        );
    }

    /// Sets the query of a search (`gen_ai.retrieval.query.text`).
    pub fn query<C: Into<content::Content<String>>>(&self, query: impl FnOnce() -> C) {
        self.export_content(
            a::GEN_AI_RETRIEVAL_QUERY_TEXT,
            || query().into(),
            |gate_pass, content| gate_pass.text(content),
        );
    }

    /// Sets the documents that a search found (`gen_ai.retrieval.documents`).
    pub fn documents<D: IntoIterator<Item = content::Document>>(&self, documents: impl FnOnce() -> D) {
        let collected = || documents().into_iter().collect::<Vec<_>>();
        self.export_content(a::GEN_AI_RETRIEVAL_DOCUMENTS, collected, |gate_pass, content| {
            gate_pass.documents(content)
        });
    }

    /// Sets the input of an agent or a workflow (`gen_ai.input.messages`, `gen_ai.system_instructions`,
    /// `gen_ai.tool.definitions`).
    pub fn input<I: Into<content::Input>>(&self, input: impl FnOnce() -> I) {
        if !self.is_capturing() {
            return;
        }
        let content::Input { system_instructions, messages, tools } = input().into();
        let instructions = || system_instructions;
        self.export_content(a::GEN_AI_INPUT_MESSAGES, || messages, |gate_pass, content| gate_pass.input(content));
        self.export_content(a::GEN_AI_SYSTEM_INSTRUCTIONS, instructions, |gate_pass, content| {
            gate_pass.system_instructions(content)
        });
        self.export_content(
            a::GEN_AI_TOOL_DEFINITIONS,
            || tools,
            |gate_pass, content| gate_pass.tool_definitions(content),
        );
    }

    /// Sets the final output of an agent or a workflow (`gen_ai.output.messages`). A message without a finish reason is
    /// exported with `stop`.
    pub fn output<O: IntoIterator<Item = content::Message>>(&self, output: impl FnOnce() -> O) {
        let with_finish_reason = |message: content::Message| match message.finish_reason {
            None => message.finish_reason(FinishReason::Stop),
            Some(_) => message,
        };
        let messages = || output().into_iter().map(with_finish_reason).collect::<Vec<_>>();
        self.export_content(a::GEN_AI_OUTPUT_MESSAGES, messages, |gate_pass, content| gate_pass.output(content));
    }

    fn is_capturing(&self) -> bool {
        self.content.is_on() && self.recording_span().is_some()
    }

    fn export_content<T>(
        &self,
        name: &'static str,
        make: impl FnOnce() -> T,
        pass: impl FnOnce(&mut capture::GatePass<'_>, &T) -> Option<capture::GatedValue>,
    ) {
        if let Some(span) = self.recording_span() {
            self.content.export(span, name, make, pass);
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        let panicked = std::thread::panicking();
        self.end(Some(if panicked { ErrorType::Internal } else { ErrorType::Cancelled }));
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step").field("enabled", &self.span.is_some()).finish()
    }
}
