//! The gate.

use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use super::CaptureReport;
use super::ContentAccumulator;
use super::ContentBudget;
use super::ContentCapture;
use super::ContentHook;
use super::ContentLimits;
use super::ContentReferences;
use super::GatePass;
use super::HookPayload;
use super::HookStats;
use super::hook::HookWorker;
use super::serialize::ContentSerializer;
use super::serialize::shed;
use crate::content::Message;
use crate::redact::Redactor;

/// The one way out for content. Cheap to clone; clones share everything.
///
/// ```
/// use llmobs::capture::ContentCapture;
/// use llmobs::capture::Gate;
/// use llmobs::content::Message;
///
/// let gate = Gate::builder().capture(ContentCapture::Spans).build();
/// let mut passage = gate.passage();
/// let passed = passage.input(&[Message::user("I am jane@example.org")]).unwrap();
/// let attribute = passed.for_span().unwrap();
/// assert_eq!(attribute, r#"[{"parts":[{"content":"I am [EMAIL]","type":"text"}],"role":"user"}]"#);
/// assert!(passed.for_event().is_none(), "it may go to spans only");
/// assert_eq!(passage.report().redactions.total(), 1);
///
/// let shut = Gate::builder().capture(ContentCapture::Off).build();
/// assert!(shut.passage().input(&[Message::user("I am jane@example.org")]).is_none());
/// ```
#[derive(Debug, Clone)]
pub struct Gate {
    inner: Arc<GateInner>,
}

#[derive(Debug)]
struct GateInner {
    capture: ContentCapture,
    /// Built when it is first needed: a gate that is shut has no use for it.
    redactor: OnceLock<Redactor>,
    limits: ContentLimits,
    budget: ContentBudget,
    full_definitions: bool,
    hook: Option<HookWorker>,
}

impl Gate {
    /// A gate with settings.
    pub const fn builder() -> GateBuilder {
        GateBuilder {
            capture: None,
            redactor: None,
            limits: None,
            budget: None,
            full_definitions: false,
            hook: None,
            queue: 20,
        }
    }

    /// Where content goes.
    #[must_use]
    pub fn capture(&self) -> ContentCapture {
        self.inner.capture
    }

    /// How much may leave.
    pub fn limits(&self) -> &ContentLimits {
        &self.inner.limits
    }

    /// What all operations in flight may hold together.
    #[must_use]
    pub fn budget(&self) -> &ContentBudget {
        &self.inner.budget
    }

    /// What redacts.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        self.inner.redactor.get_or_init(Redactor::new)
    }

    /// Whether the application has a sink of its own.
    pub(crate) fn has_hook(&self) -> bool {
        self.inner.hook.is_some()
    }

    /// The way out for the content of one operation.
    #[must_use]
    pub fn passage(&self) -> GatePass<'_> {
        self.passage_of(self.limits().span_bytes())
    }

    /// The way out for what comes later, of which so many bytes may leave.
    pub(crate) fn passage_of(&self, bytes: usize) -> GatePass<'_> {
        GatePass::new(self, bytes)
    }

    /// A buffer for what a stream brings; none where capture is off, so that nothing is kept.
    #[must_use]
    pub fn gather(&self) -> Option<ContentAccumulator> {
        self.inner.capture.is_on().then(|| ContentAccumulator::new(self))
    }

    /// Gives what passed to the application's hook, on its own thread. The references are for the span, and are none where
    /// there is no hook, its queue is full, or capture is off.
    #[must_use]
    pub fn send_to_hook(&self, captured: HookPayload) -> ContentReferences {
        let hook = self.inner.hook.as_ref().filter(|_| self.inner.capture.is_on() && !captured.is_empty());
        hook.map(|hook| hook.send(captured)).unwrap_or_default()
    }

    /// Whether the hook had everything that it was given, once so much time has passed at most.
    #[must_use]
    pub fn flush(&self, at_most: Duration) -> bool {
        self.inner.hook.as_ref().is_none_or(|hook| hook.flush(at_most))
    }

    /// What became of what the hook was given.
    #[must_use]
    pub fn hook_stats(&self) -> HookStats {
        self.inner.hook.as_ref().map(HookWorker::stats).unwrap_or_default()
    }

    /// Takes the media out of messages that will not go along, so that nobody keeps them until then.
    pub(crate) fn shed(&self, messages: &mut [Message]) {
        shed(messages, self.limits());
    }

    pub(super) fn shaper<'a>(&'a self, report: &'a mut CaptureReport) -> ContentSerializer<'a> {
        ContentSerializer {
            redactor: self.redactor(),
            limits: &self.inner.limits,
            report,
            part_bytes: self.inner.limits.part_bytes(),
            max_parts: usize::MAX,
            full_definitions: self.inner.full_definitions,
        }
    }
}

/// Settings of a [`Gate`].
#[derive(Debug)]
#[must_use]
pub struct GateBuilder {
    capture: Option<ContentCapture>,
    redactor: Option<Redactor>,
    limits: Option<ContentLimits>,
    budget: Option<ContentBudget>,
    full_definitions: bool,
    hook: Option<Box<dyn ContentHook>>,
    queue: usize,
}

impl GateBuilder {
    /// Where content goes. Defaults to what [the environment](ContentCapture::VARIABLE) says, else nowhere.
    pub const fn capture(mut self, capture: ContentCapture) -> Self {
        self.capture = Some(capture);
        self
    }

    /// What redacts. Defaults to [`Redactor::new`].
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = Some(redactor);
        self
    }

    /// How much may leave. Defaults to [`ContentLimits::default`].
    pub const fn limits(mut self, limits: ContentLimits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// What all operations in flight may hold together. Defaults to [`ContentBudget::default`].
    pub fn budget(mut self, budget: ContentBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Whether descriptions and parameters of tools go along with their names. Defaults to `false`, as the conventions
    /// advise: they are long and always the same.
    pub const fn full_definitions(mut self, full: bool) -> Self {
        self.full_definitions = full;
        self
    }

    /// The application's own sink, called on a thread of its own. Defaults to none. It is not called where capture is off.
    pub fn hook(mut self, hook: impl ContentHook) -> Self {
        self.hook = Some(Box::new(hook));
        self
    }

    /// How many captures may wait for the hook; what comes then is counted and dropped. Defaults to 20.
    pub const fn hook_queue(mut self, captures: usize) -> Self {
        self.queue = captures;
        self
    }

    /// Builds it. The thread of the hook is started with the first capture.
    #[must_use]
    pub fn build(self) -> Gate {
        let capture = self.capture.unwrap_or_else(ContentCapture::from_environment);
        let inner = GateInner {
            capture,
            redactor: self.redactor.map_or_else(OnceLock::new, OnceLock::from),
            limits: self.limits.unwrap_or_default(),
            budget: self.budget.unwrap_or_default(),
            full_definitions: self.full_definitions,
            hook: self.hook.map(|hook| HookWorker::new(hook, self.queue)),
        };
        let gate = Gate { inner: Arc::new(inner) };
        if capture.is_on() {
            // Now, and not while the first request waits.
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

/// A gate with the default settings that lets content out there.
impl From<ContentCapture> for Gate {
    fn from(capture: ContentCapture) -> Self {
        Self::builder().capture(capture).build()
    }
}
