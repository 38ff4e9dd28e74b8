//! The export of an operation's content (prompt, answer, error text) at its end: content passes the gate, which redacts
//! and truncates it, and is sent to its destinations. `engine::emit` uses it.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use super::gate::ContentGate;
use super::slot::Budgeted;
use super::slot::ContentSlot;
use super::slot::TakenContent;
use crate::capture::CaptureReport;
use crate::capture::ContentReferences;
use crate::capture::GatedValue;
use crate::capture::HookPayload;
use crate::content::Message;
use crate::event::ContentFields;
use crate::event::ContentValue;
use crate::semconv::attribute as a;
use crate::semconv::value::FinishReason;
use crate::semconv::value::Outcome;
use crate::span::OwnedSpan;
use crate::span::ServedRequest;

/// The content of an operation after the gate, ready for its span and events; empty if no content was captured.
#[derive(Debug, Default)]
pub(crate) struct ContentExport(Option<Box<GatedContent>>);

/// The content after the gate.
#[derive(Debug, Default)]
struct GatedContent {
    input: Option<GatedValue>,
    output: Option<GatedValue>,
    system_instructions: Option<GatedValue>,
    tool_definitions: Option<GatedValue>,
    /// The text of the error.
    error_message: Option<GatedValue>,
    references: ContentReferences,
}

impl ContentExport {
    /// Takes the captured content from `slot`, passes it through the gate and queues it for the hook, the application's
    /// own storage. Only content with a destination was captured. `reasons` returns the finish reason of each choice
    /// that has one, with its index. The result is empty if nothing was captured or if a detector panicked.
    pub(crate) fn of(
        gate: &ContentGate,
        slot: Option<&ContentSlot>,
        reasons: impl FnOnce() -> Vec<(u16, FinishReason)>,
        outcome: Outcome,
        span: Option<&OwnedSpan>,
    ) -> Self {
        let Some((slot, captured)) = slot.and_then(|slot| Some((slot, slot.take()?))) else { return Self(None) };
        // A custom detector may panic. The content is then dropped; if the operation ends because
        // its thread panics, a second panic would abort the process.
        let gated = catch_unwind(AssertUnwindSafe(|| {
            let used_bytes = slot.used_span_bytes();
            Box::new(GatedContent::of(gate, captured, used_bytes, reasons(), outcome, span))
        }));
        if gated.is_err() {
            gate.count_gate_panic();
        }
        Self(gated.ok())
    }

    /// Returns the content attributes of the details event; a field is `None` if content is not exported on events.
    pub(crate) fn for_event(&self) -> ContentFields<'_> {
        self.0.as_ref().map_or_else(ContentFields::default, |gated| gated.for_event())
    }

    /// Returns the text of the error for the exception event; `None` if it was not captured or is not exported on
    /// events.
    pub(crate) fn error_message(&self) -> Option<&str> {
        self.0.as_ref()?.error_message.as_ref()?.for_event()?.as_str()
    }

    /// Sets the content attributes of the span, if content is exported on spans, and the references from the hook.
    pub(crate) fn set_span_attributes(&self, span: &OwnedSpan) {
        if let Some(gated) = &self.0 {
            gated.set_span_attributes(span);
        }
    }

    /// Sets the text of the last input message and of the answer on the span of the request that the operation serves,
    /// if content is exported on spans. Both are parts of the values on the operation's own span.
    pub(crate) fn set_request_attributes(&self, request: &ServedRequest) {
        let Some(gated) = &self.0 else { return };
        if let Some(text) = gated.input.as_ref().and_then(|messages| messages.message_for_span(<[_]>::last)) {
            request.set_input(text);
        }
        if let Some(text) = gated.output.as_ref().and_then(|messages| messages.message_for_span(<[_]>::first)) {
            request.set_output(text);
        }
    }
}

impl GatedContent {
    fn of(
        content_gate: &ContentGate,
        mut captured: TakenContent<'_>,
        used_bytes: usize,
        reasons: Vec<(u16, FinishReason)>,
        outcome: Outcome,
        span: Option<&OwnedSpan>,
    ) -> Self {
        let gate = content_gate.gate();
        let (output, mut report) = take_output(&mut captured, reasons, outcome);
        let mut gate_pass = gate.pass_with_limit(gate.limits().span_bytes().saturating_sub(used_bytes));
        // The answer first: if the limit is exceeded, the prompt is truncated, which the application usually still has.
        let mut gated = Self { output: gate_pass.output(&output), ..Self::default() };
        if let Some(input) = captured.input {
            gated.input = gate_pass.input(&input.value.messages);
            gated.system_instructions = gate_pass.system_instructions(&input.value.system_instructions);
            gated.tool_definitions = gate_pass.tool_definitions(&input.value.tools);
        }
        if gate.capture().is_on_events() {
            gated.error_message = captured.error_message.and_then(|message| gate_pass.text(message));
        }
        report += *gate_pass.report();
        report.is_over_budget |= captured.is_over_budget;
        if gate.has_hook() {
            let ids = span
                .and_then(OwnedSpan::trace_ids)
                .map(|ids| (ids.trace_id_hex().to_string(), ids.span_id_hex().to_string()));
            let payload = HookPayload::new()
                .with_trace(ids)
                .input(gated.input.clone())
                .output(gated.output.clone())
                .system_instructions(gated.system_instructions.clone())
                .tool_definitions(gated.tool_definitions.clone());
            gated.references = gate.send_to_hook(payload);
        }
        content_gate.record_metrics(&report);
        gated
    }

    fn for_event(&self) -> ContentFields<'_> {
        fn value(gated: Option<&GatedValue>) -> Option<ContentValue<'_>> {
            gated.and_then(GatedValue::for_event).map(ContentValue)
        }
        ContentFields {
            input: value(self.input.as_ref()),
            output: value(self.output.as_ref()),
            system_instructions: value(self.system_instructions.as_ref()),
            tool_definitions: value(self.tool_definitions.as_ref()),
        }
    }

    fn set_span_attributes(&self, span: &OwnedSpan) {
        let attributes = [
            (a::GEN_AI_INPUT_MESSAGES, &self.input),
            (a::GEN_AI_OUTPUT_MESSAGES, &self.output),
            (a::GEN_AI_SYSTEM_INSTRUCTIONS, &self.system_instructions),
            (a::GEN_AI_TOOL_DEFINITIONS, &self.tool_definitions),
        ];
        for (name, value) in attributes {
            if let Some(json) = value.as_ref().and_then(GatedValue::for_span) {
                span.set_string(name, json);
            }
        }
        // Names used by the conventions' own utilities; the conventions do not define names yet.
        let references = [
            ("gen_ai.input.messages_ref", &self.references.input),
            ("gen_ai.output.messages_ref", &self.references.output),
            ("gen_ai.system_instructions_ref", &self.references.system_instructions),
            ("gen_ai.tool.definitions_ref", &self.references.tool_definitions),
        ];
        for (name, reference) in references {
            if let Some(reference) = reference {
                span.set_string(name, reference.clone());
            }
        }
    }
}

/// Returns the answer, and a report of the content that was dropped from it.
fn take_output(
    captured: &mut TakenContent<'_>,
    reasons: Vec<(u16, FinishReason)>,
    outcome: Outcome,
) -> (Vec<Message>, CaptureReport) {
    // A message without a finish reason ended in an error. The conventions have no reason for an answer whose caller
    // left, and allow other reasons.
    let default_reason = match outcome {
        Outcome::Completed => Some(FinishReason::Stop),
        Outcome::Cancelled => Some(FinishReason::Other("cancelled".into())),
        Outcome::Failed | Outcome::Rejected => None,
    };
    match (captured.output.take(), captured.streamed_output.take()) {
        (Some(Budgeted { value: mut messages, .. }), _) => {
            for (choice, message) in messages.iter_mut().enumerate() {
                let streamed_reason =
                    reasons.iter().find(|(index, _)| usize::from(*index) == choice).map(|(_, reason)| reason.clone());
                message.finish_reason =
                    message.finish_reason.take().or(streamed_reason).or_else(|| default_reason.clone());
            }
            (messages, CaptureReport::default())
        }
        (None, Some(mut accumulator)) => {
            reasons.into_iter().for_each(|(choice, reason)| accumulator.set_finish_reason(choice.into(), reason));
            if let Some(reason) = default_reason {
                accumulator.set_missing_finish_reasons(&reason);
            }
            let report = *accumulator.report();
            (accumulator.into_messages(), report)
        }
        (None, None) => (Vec::new(), CaptureReport::default()),
    }
}
