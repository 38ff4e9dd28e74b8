//! The input and output of a step, exported to its span if content is captured on spans.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use serde_json::Value;

use super::Step;
use crate::capture::GatePass;
use crate::capture::GatedValue;
use crate::content::Content;
use crate::content::Document;
use crate::content::Input;
use crate::content::Message;
use crate::observer::inner::Inner;
use crate::semconv::attribute as a;
use crate::semconv::value::FinishReason;

/// The export of a step's content to its span.
pub(super) struct StepContent {
    observer: Arc<Inner>,
    /// Number of bytes of content that may still be added to the span.
    remaining_bytes: Mutex<usize>,
}

impl StepContent {
    /// Returns `None` if content is not captured on spans.
    pub(super) fn of(inner: &Arc<Inner>) -> Option<Self> {
        let gate = &inner.gate;
        let remaining_bytes = gate.limits().span_bytes();
        gate.capture()
            .is_on_spans()
            .then(|| Self { observer: Arc::clone(inner), remaining_bytes: Mutex::new(remaining_bytes) })
    }
}

impl fmt::Debug for StepContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepContent").finish_non_exhaustive()
    }
}

/// Methods for content. Content passes the [gate](crate::capture) and is set on the span at once. The closures are
/// called only if content is captured on spans and this span is recorded. Call each method once.
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
    pub fn arguments<C: Into<Content<Value>>>(&self, arguments: impl FnOnce() -> C) {
        self.export_content(
            a::GEN_AI_TOOL_CALL_ARGUMENTS,
            || arguments().into(),
            |gate_pass, content| gate_pass.json(content),
        );
    }

    /// Sets the result of a tool call (`gen_ai.tool.call.result`).
    pub fn result<C: Into<Content<Value>>>(&self, result: impl FnOnce() -> C) {
        self.export_content(
            a::GEN_AI_TOOL_CALL_RESULT,
            || result().into(),
            |gate_pass, content| gate_pass.json(content),
        );
    }

    /// Sets the query of a search (`gen_ai.retrieval.query.text`).
    pub fn query<C: Into<Content<String>>>(&self, query: impl FnOnce() -> C) {
        self.export_content(
            a::GEN_AI_RETRIEVAL_QUERY_TEXT,
            || query().into(),
            |gate_pass, content| gate_pass.text(content),
        );
    }

    /// Sets the documents that a search found (`gen_ai.retrieval.documents`).
    pub fn documents<D: IntoIterator<Item = Document>>(&self, documents: impl FnOnce() -> D) {
        let collected = || documents().into_iter().collect::<Vec<_>>();
        self.export_content(a::GEN_AI_RETRIEVAL_DOCUMENTS, collected, |gate_pass, content| {
            gate_pass.documents(content)
        });
    }

    /// Sets the input of an agent or a workflow (`gen_ai.input.messages`, `gen_ai.system_instructions`,
    /// `gen_ai.tool.definitions`).
    pub fn input<I: Into<Input>>(&self, input: impl FnOnce() -> I) {
        if !self.is_capturing() {
            return;
        }
        let Input { system_instructions, messages, tools } = input().into();
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
    pub fn output<O: IntoIterator<Item = Message>>(&self, output: impl FnOnce() -> O) {
        let with_finish_reason = |message: Message| match message.finish_reason {
            None => message.finish_reason(FinishReason::Stop),
            Some(_) => message,
        };
        let messages = || output().into_iter().map(with_finish_reason).collect::<Vec<_>>();
        self.export_content(a::GEN_AI_OUTPUT_MESSAGES, messages, |gate_pass, content| gate_pass.output(content));
    }

    fn is_capturing(&self) -> bool {
        self.content.is_some() && self.recording_span().is_some()
    }

    fn export_content<T>(
        &self,
        name: &'static str,
        make: impl FnOnce() -> T,
        pass: impl FnOnce(&mut GatePass<'_>, &T) -> Option<GatedValue>,
    ) {
        let (Some(span), Some(step_content)) = (self.recording_span(), self.content.as_deref()) else { return };
        // Called before the lock is taken: the closure may run any code, including other methods of this step.
        let content = make();
        let mut remaining_bytes = step_content.remaining_bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gate_pass = step_content.observer.gate.pass_with_limit(*remaining_bytes);
        if let Some(text) = pass(&mut gate_pass, &content).as_ref().and_then(GatedValue::for_span) {
            span.set_string(name, text);
        }
        *remaining_bytes = gate_pass.remaining_bytes();
        drop(remaining_bytes);
        step_content.observer.record_content_metrics(gate_pass.report());
    }
}
