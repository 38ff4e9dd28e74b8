//! The content (arguments, results, messages) of a step, which is a tool call, retrieval, agent or workflow around
//! operations. Content passes the gate at once and is set on the step's span, if content is exported on spans.

use crate::sync::Mutex;
use std::fmt;
use std::sync::Arc;

use super::gate::ContentGate;
use crate::capture::GatePass;
use crate::capture::GatedValue;
use crate::span::OwnedSpan;

/// The export of a step's content to its span; empty if content is not captured on spans.
pub(crate) struct StepContent(Option<Box<StepGate>>);

/// The gate of a step.
struct StepGate {
    gate: Arc<ContentGate>,
    /// Number of bytes of content that may still be added to the span.
    remaining_bytes: Mutex<usize>,
}

impl StepContent {
    /// Returns the export of a step whose content is not captured.
    pub(crate) const fn off() -> Self {
        Self(None)
    }

    /// Returns the export of a step whose span is recorded: on if the gate exports content on spans.
    pub(crate) fn of(gate: &Arc<ContentGate>) -> Self {
        let remaining_bytes = gate.gate().limits().span_bytes();
        let is_on = gate.gate().capture().is_on_spans();
        Self(is_on.then(|| Box::new(StepGate { gate: Arc::clone(gate), remaining_bytes: Mutex::new(remaining_bytes) })))
    }

    /// Returns whether content is exported to the span.
    pub(crate) const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Passes content through the gate and sets it on the span as the attribute `name`, up to the span's remaining
    /// bytes. `make` returns the content and is called only if content is exported on spans; `pass` passes it through
    /// the gate.
    pub(crate) fn export<T>(
        &self,
        span: &OwnedSpan,
        name: &'static str,
        make: impl FnOnce() -> T,
        pass: impl FnOnce(&mut GatePass<'_>, &T) -> Option<GatedValue>,
    ) {
        let Some(step_gate) = self.0.as_deref() else { return };
        // Called before the lock is taken: the closure may run any code, including other methods of this step.
        let content = make();
        let mut remaining_bytes = step_gate.remaining_bytes.lock();
        let mut gate_pass = step_gate.gate.gate().pass_with_limit(*remaining_bytes);
        if let Some(text) = pass(&mut gate_pass, &content).as_ref().and_then(GatedValue::for_span) {
            span.set_string(name, text);
        }
        *remaining_bytes = gate_pass.remaining_bytes();
        drop(remaining_bytes);
        step_gate.gate.record_metrics(gate_pass.report());
    }
}

impl fmt::Debug for StepContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepContent").finish_non_exhaustive()
    }
}
