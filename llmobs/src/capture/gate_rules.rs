//! The mode, redactor and limits of a gate.

use std::sync::OnceLock;

use llmobs_redact::Redactor;

use super::CaptureReport;
use super::ContentBudget;
use super::ContentCapture;
use super::ContentLimits;
use super::serialize::ContentSerializer;

/// The rules of a gate: what it captures, how it redacts, and how much it lets pass.
#[derive(Debug)]
pub(super) struct GateRules {
    pub(super) capture: ContentCapture,
    /// Set when the gate is built, unless capture is off and the application has set none; then built on first use.
    pub(super) redactor: OnceLock<Redactor>,
    pub(super) limits: ContentLimits,
    pub(super) budget: ContentBudget,
    /// Set if tool definitions include descriptions and parameters.
    pub(super) full_definitions: bool,
}

impl GateRules {
    pub(super) fn redactor(&self) -> &Redactor {
        self.redactor.get_or_init(Redactor::new)
    }

    /// Returns a serializer with the redactor and the limits of the gate, but without a limit on the number of parts.
    pub(super) fn serializer<'a>(&'a self, report: &'a mut CaptureReport) -> ContentSerializer<'a> {
        ContentSerializer {
            redactor: self.redactor(),
            limits: &self.limits,
            report,
            part_bytes: self.limits.part_bytes(),
            max_parts: usize::MAX,
            full_definitions: self.full_definitions,
        }
    }
}
