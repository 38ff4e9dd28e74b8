//! The gate that all content passes before export.

use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use super::ContentAccumulator;
use super::ContentBudget;
use super::ContentCapture;
use super::ContentHook;
use super::ContentLimits;
use super::ContentReferences;
use super::GatePass;
use super::HookPayload;
use super::HookStats;
use super::gate_rules::GateRules;
use super::hook::HookWorker;
use super::serialize::strip_media;
use crate::content::Message;
use llmobs_redact::Redactor;

/// The only exit for content: redacts, then truncates. Cheap to clone; clones share all state.
///
/// ```
/// use llmobs::capture::ContentCapture;
/// use llmobs::capture::Gate;
/// use llmobs::content::Message;
///
/// let gate = Gate::builder().capture(ContentCapture::Spans).build();
/// let mut pass = gate.pass();
/// let gated = pass.input(&[Message::user("I am jane@example.org")]).unwrap();
/// let attribute = gated.for_span().unwrap();
/// assert_eq!(attribute, r#"[{"parts":[{"content":"I am [EMAIL]","type":"text"}],"role":"user"}]"#);
/// assert!(gated.for_event().is_none(), "it may go to spans only");
/// assert_eq!(pass.report().redactions.total(), 1);
///
/// let off = Gate::builder().capture(ContentCapture::Off).build();
/// assert!(off.pass().input(&[Message::user("I am jane@example.org")]).is_none());
/// ```
#[derive(Debug, Clone)]
pub struct Gate {
    inner: Arc<GateInner>,
}

#[derive(Debug)]
struct GateInner {
    rules: GateRules,
    hook: Option<HookWorker>,
}

impl Gate {
    /// Returns a builder of a gate.
    pub const fn builder() -> GateBuilder {
        GateBuilder {
            capture: None,
            redactor: None,
            limits: None,
            budget: None,
            full_definitions: false,
            hook: None,
            hook_queue_capacity: 20,
        }
    }

    /// Returns the capture mode.
    #[must_use]
    pub fn capture(&self) -> ContentCapture {
        self.inner.rules.capture
    }

    /// Returns the size limits.
    pub fn limits(&self) -> &ContentLimits {
        &self.inner.rules.limits
    }

    /// Returns the budget: the bytes of content that all operations in flight may hold together.
    #[must_use]
    pub fn budget(&self) -> &ContentBudget {
        &self.inner.rules.budget
    }

    /// Returns the redactor.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        self.inner.rules.redactor()
    }

    /// Returns whether the application has set a hook.
    pub(crate) fn has_hook(&self) -> bool {
        self.inner.hook.is_some()
    }

    /// Returns a pass, which redacts and truncates the content of one operation to [`ContentLimits::span_bytes`] in
    /// total. If capture is off, the pass returns no content.
    #[must_use]
    pub fn pass(&self) -> GatePass<'_> {
        self.pass_with_limit(self.limits().span_bytes())
    }

    /// Returns a pass for content that comes after the first pass of an operation, with this limit in bytes.
    pub(crate) fn pass_with_limit(&self, bytes: usize) -> GatePass<'_> {
        GatePass::new(&self.inner.rules, bytes)
    }

    /// Returns a buffer for streamed content, or `None` if capture is off.
    #[must_use]
    pub fn accumulator(&self) -> Option<ContentAccumulator> {
        self.capture().is_on().then(|| ContentAccumulator::new(&self.inner.rules))
    }

    /// Queues content for the application's hook, which runs on its own thread. The payload consists of values that
    /// passed a gate, so the hook receives redacted content only. Returns the references for the span, as the hook's
    /// [`reference`](ContentHook::reference) gives them. The references are empty if there is no hook, if its queue is
    /// full, if its thread cannot be started, if capture is off, or if the payload is empty.
    #[must_use]
    pub fn send_to_hook(&self, payload: HookPayload) -> ContentReferences {
        let hook = self.inner.hook.as_ref().filter(|_| self.capture().is_on() && !payload.is_empty());
        hook.map(|hook| hook.enqueue(payload)).unwrap_or_default()
    }

    /// Waits at most `at_most` for the hook to process all queued payloads. Returns whether it did, or `true` without a
    /// hook.
    #[must_use]
    pub fn flush(&self, at_most: Duration) -> bool {
        self.inner.hook.as_ref().is_none_or(|hook| hook.flush(at_most))
    }

    /// Returns the counts of payloads by result, including dropped ones. All are zero without a hook.
    #[must_use]
    pub fn hook_stats(&self) -> HookStats {
        self.inner.hook.as_ref().map(HookWorker::stats).unwrap_or_default()
    }

    /// Removes from messages the bytes of media that will not be exported: media over the limit, and `data:` URIs that
    /// are not base64. The parts remain. Frees the memory before the end of the operation.
    pub(crate) fn strip_media(&self, messages: &mut [Message]) {
        strip_media(messages, self.limits());
    }
}

/// A builder of a [`Gate`].
#[derive(Debug)]
#[must_use]
pub struct GateBuilder {
    capture: Option<ContentCapture>,
    redactor: Option<Redactor>,
    limits: Option<ContentLimits>,
    budget: Option<ContentBudget>,
    full_definitions: bool,
    hook: Option<Box<dyn ContentHook>>,
    hook_queue_capacity: usize,
}

impl GateBuilder {
    /// Sets the capture mode. Defaults to the value of the [environment variable](ContentCapture::VARIABLE), otherwise
    /// to off.
    pub const fn capture(mut self, capture: ContentCapture) -> Self {
        self.capture = Some(capture);
        self
    }

    /// Sets the redactor. Defaults to [`Redactor::new`].
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = Some(redactor);
        self
    }

    /// Sets the size limits. Defaults to [`ContentLimits::default`].
    pub const fn limits(mut self, limits: ContentLimits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Sets the bytes of content that all operations in flight may hold together; content beyond is not captured, and
    /// is counted. Defaults to [`ContentBudget::default`], 64 MiB.
    pub fn budget(mut self, budget: ContentBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Sets whether tool definitions include descriptions and parameters. Defaults to `false`, as the OpenTelemetry
    /// GenAI conventions recommend: descriptions and parameters are long and rarely change.
    pub const fn full_definitions(mut self, full: bool) -> Self {
        self.full_definitions = full;
        self
    }

    /// Sets the application's hook, which is called on a dedicated thread. Defaults to none. Not called if capture is
    /// off.
    pub fn hook(mut self, hook: impl ContentHook) -> Self {
        self.hook = Some(Box::new(hook));
        self
    }

    /// Sets the maximum number of payloads that wait for the hook. Further payloads are dropped and counted, with 0 all
    /// payloads. Defaults to 20.
    pub const fn hook_queue_capacity(mut self, payloads: usize) -> Self {
        self.hook_queue_capacity = payloads;
        self
    }

    /// Builds the gate. The hook's thread starts with the first payload.
    #[must_use]
    pub fn build(self) -> Gate {
        let capture = self.capture.unwrap_or_else(ContentCapture::from_environment);
        let rules = GateRules {
            capture,
            redactor: self.redactor.map_or_else(OnceLock::new, OnceLock::from),
            limits: self.limits.unwrap_or_default(),
            budget: self.budget.unwrap_or_default(),
            full_definitions: self.full_definitions,
        };
        let inner = GateInner { rules, hook: self.hook.map(|hook| HookWorker::new(hook, self.hook_queue_capacity)) };
        let gate = Gate { inner: Arc::new(inner) };
        if capture.is_on() {
            // Build the redactor now instead of during the first request.
            let _ = gate.redactor();
        }
        gate
    }
}

impl From<GateBuilder> for Gate {
    fn from(builder: GateBuilder) -> Self {
        builder.build()
    }
}

/// Creates a gate with this capture mode and default settings.
impl From<ContentCapture> for Gate {
    fn from(capture: ContentCapture) -> Self {
        Self::builder().capture(capture).build()
    }
}
