//! The [`Profiler`], which samples the process and tags the samples with the phases and the spans of operations. Copy
//! this file.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use llmobs::Marker;
use opentelemetry::trace::TraceContextExt;
use pyroscope::PyroscopeError;
use pyroscope::backend::BackendConfig;
use pyroscope::backend::PprofConfig;
use pyroscope::backend::pprof_backend;
use pyroscope::pyroscope::PyroscopeAgent;
use pyroscope::pyroscope::PyroscopeAgentBuilder;
use pyroscope::pyroscope::PyroscopeAgentRunning;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The samples of a second of processor time. A phase needs some samples to show: at 100, a phase of less than 10 ms
/// often has none.
const SAMPLES_PER_SECOND: u32 = 100;

/// The tag of the samples of a phase. Pyroscope makes it a label, so its values must be few.
pub const PHASE_TAG: &str = "phase";

/// The tag of the samples of a span. Pyroscope does not make it a label: it stores the samples of each span separately.
pub const SPAN_TAG: &str = "span_id";

/// The attribute of a span that has a profile. Grafana shows the profile of a span only if the span has it.
pub const PROFILE_ATTRIBUTE: &str = "pyroscope.profile.id";

type SetTag = Box<dyn Fn(String, String) -> Result<(), PyroscopeError> + Send + Sync>;

/// Samples the stacks of the process and sends them to a Pyroscope server every ten seconds.
pub struct Profiler {
    agent: PyroscopeAgent<PyroscopeAgentRunning>,
    add_tag: SetTag,
    remove_tag: SetTag,
}

impl Profiler {
    /// Starts to sample. A server that does not answer is not an error: its profiles are lost, with a record of the
    /// crate `log`.
    ///
    /// # Errors
    ///
    /// Returns an error if the timer of the samples or a thread cannot be created.
    pub fn start(server: &str, service: &str) -> Result<Self, PyroscopeError> {
        let sampler =
            pprof_backend(PprofConfig { sample_rate: SAMPLES_PER_SECOND }, BackendConfig { ..Default::default() });
        let agent = PyroscopeAgentBuilder::new(server, service, SAMPLES_PER_SECOND, "pyroscope-rs", "2.1", sampler)
            .upload_interval(Duration::from_secs(10))
            .build()?
            .start()?;
        let (add_tag, remove_tag) = agent.tag_wrapper();
        Ok(Self { agent, add_tag: Box::new(add_tag), remove_tag: Box::new(remove_tag) })
    }

    /// Starts a phase of an operation on this thread. Until the guard is dropped, the samples of the thread have the tag
    /// `phase`. The time is recorded in `llmobs.phase.duration`, without that of changing the tag.
    ///
    /// # Errors
    ///
    /// Returns an error if the samples so far cannot be read.
    pub fn phase(&self, marker: &Marker, name: &'static str) -> Result<ProfiledPhase<'_>, PyroscopeError> {
        let tag = self.tag_thread(PHASE_TAG, name.to_owned())?;
        Ok(ProfiledPhase { _phase: marker.phase(name), _tag: tag })
    }

    /// Links a span to its profile: sets the attribute `pyroscope.profile.id` to the id of the span, and tags the samples
    /// of this thread with the id until the guard is dropped. Returns `None` if no tracer has given the span an id.
    ///
    /// # Errors
    ///
    /// Returns an error if the samples so far cannot be read.
    pub fn link(&self, span: &Span) -> Result<Option<ThreadTag<'_>>, PyroscopeError> {
        let ids = span.context().span().span_context().clone();
        if !ids.is_sampled() {
            return Ok(None);
        }
        let id = ids.span_id().to_string();
        span.set_attribute(PROFILE_ATTRIBUTE, id.clone());
        self.tag_thread(SPAN_TAG, id).map(Some)
    }

    /// Stops sampling, and waits until the samples so far are sent or refused.
    ///
    /// # Errors
    ///
    /// Returns an error if the thread of the agent has ended before.
    pub fn stop(self) -> Result<(), PyroscopeError> {
        self.agent.stop()?.shutdown();
        Ok(())
    }

    fn tag_thread(&self, name: &'static str, value: String) -> Result<ThreadTag<'_>, PyroscopeError> {
        (self.add_tag)(name.to_owned(), value.clone())?;
        Ok(ThreadTag { profiler: self, name, value, not_send: PhantomData })
    }
}

impl fmt::Debug for Profiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiler").finish_non_exhaustive()
    }
}

/// A guard that measures a phase of an operation and tags the samples of the thread with its name. Do not hold it across
/// an `.await`: another task runs on the thread then, and its samples have the tag.
#[must_use = "the phase ends when the guard is dropped"]
#[derive(Debug)]
pub struct ProfiledPhase<'a> {
    // Dropped in this order, so that the time to remove the tag is not part of the phase.
    _phase: llmobs::operation::Phase,
    _tag: ThreadTag<'a>,
}

/// A guard that tags the samples of its thread. It cannot be sent to another thread.
#[must_use = "the tag is removed when the guard is dropped"]
pub struct ThreadTag<'a> {
    profiler: &'a Profiler,
    name: &'static str,
    value: String,
    not_send: PhantomData<*const ()>,
}

impl Drop for ThreadTag<'_> {
    fn drop(&mut self) {
        // It fails only after a panic in the sampler. Then there is no tag to remove.
        let _ = (self.profiler.remove_tag)(self.name.to_owned(), std::mem::take(&mut self.value));
    }
}

impl fmt::Debug for ThreadTag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadTag").field("name", &self.name).field("value", &self.value).finish_non_exhaustive()
    }
}
