//! The export of an operation's content at its end: content passes the gate and is sent to its destinations.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::content;
use super::content::CapturedContent;
use super::inner::Inner;
use super::operation_state::OperationState;
use crate::capture::CaptureReport;
use crate::capture::ContentReferences;
use crate::capture::GatedValue;
use crate::capture::HookPayload;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::content::Content;
use crate::content::Message;
use crate::event::ContentFields;
use crate::event::to_hex;
use crate::measurement::Label;
use crate::semconv::attribute as a;
use crate::semconv::value::FinishReason;
use crate::semconv::value::Outcome;
use crate::span::OwnedSpan;

/// The content of an operation to export; empty if no content was captured.
#[derive(Debug, Default)]
pub(super) struct ContentExport(Option<Box<GatedContent>>);

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

/// The value of `llmobs.signal` for dropped content.
const CONTENT_SIGNAL: &str = "content";

impl ContentExport {
    /// Passes the captured content through the gate and to the hook. Only content with a destination was captured.
    pub(super) fn of(state: &OperationState, outcome: Outcome, span: Option<&OwnedSpan>) -> Self {
        let Some(captured) = state.captured_content() else { return Self(None) };
        // A custom detector may panic. The content is then dropped; if the operation ends because
        // its thread panics, a second panic would abort the process.
        let gated = catch_unwind(AssertUnwindSafe(|| Box::new(GatedContent::of(state, captured, outcome, span))));
        if gated.is_err() {
            state.observer.count_dropped_content("gate_panicked", 1);
        }
        Self(gated.ok())
    }

    /// Returns the content attributes of the details event.
    pub(super) fn for_event(&self) -> ContentFields {
        self.0.as_ref().map_or_else(ContentFields::default, |gated| gated.for_event())
    }

    /// Returns the text of the error for the exception event.
    pub(super) fn error_message(&self) -> Option<&str> {
        self.0.as_ref()?.error_message.as_ref()?.for_event()?.as_str()
    }

    /// Sets the content attributes of the span.
    pub(super) fn set_span_attributes(&self, span: &OwnedSpan) {
        if let Some(gated) = &self.0 {
            gated.set_span_attributes(span);
        }
    }
}

impl GatedContent {
    fn of(state: &OperationState, captured: &CapturedContent, outcome: Outcome, span: Option<&OwnedSpan>) -> Self {
        let gate = &state.observer.gate;
        let (output, mut report) = take_output(state, captured, outcome);
        let used_bytes =
            state.existing_notes().and_then(|notes| notes.used_span_bytes.get()).map_or(0, |bytes| bytes.get());
        let mut gate_pass = gate.pass_with_limit(gate.limits().span_bytes().saturating_sub(used_bytes));
        // The answer first: if the limit is exceeded, the prompt is truncated, which the application usually still has.
        let mut gated = Self { output: gate_pass.output(&output), ..Self::default() };
        if let Some(input) = captured.take_input() {
            gated.input = gate_pass.input(&input.value.messages);
            gated.system_instructions = gate_pass.system_instructions(&input.value.system_instructions);
            gated.tool_definitions = gate_pass.tool_definitions(&input.value.tools);
        }
        if gate.capture().is_on_events() {
            gated.error_message = captured.error_message.get().and_then(|message| gate_pass.text(message));
        }
        report += *gate_pass.report();
        report.is_over_budget |= captured.is_over_budget();
        if gate.has_hook() {
            let ids = span
                .and_then(OwnedSpan::trace_ids)
                .map(|ids| (to_hex(ids.trace_id).to_string(), to_hex(ids.span_id).to_string()));
            let payload = HookPayload::new()
                .with_trace(ids)
                .input(gated.input.clone())
                .output(gated.output.clone())
                .system_instructions(gated.system_instructions.clone())
                .tool_definitions(gated.tool_definitions.clone());
            gated.references = gate.send_to_hook(payload);
        }
        state.observer.record_content_metrics(&report);
        gated
    }

    fn for_event(&self) -> ContentFields {
        let json = |value: &Option<GatedValue>| value.as_ref().and_then(GatedValue::for_event).map(ToString::to_string);
        ContentFields {
            input: json(&self.input),
            output: json(&self.output),
            system_instructions: json(&self.system_instructions),
            tool_definitions: json(&self.tool_definitions),
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
fn take_output(state: &OperationState, captured: &CapturedContent, outcome: Outcome) -> (Vec<Message>, CaptureReport) {
    let reasons = state.finish_reasons_by_choice();
    // A completed answer did not end in an error, which a message without a finish reason would indicate.
    let default_reason = (outcome == Outcome::Completed).then_some(FinishReason::Stop);
    match (captured.take_output(), captured.take_streamed_output()) {
        (Some(content::Budgeted { value: mut messages, .. }), _) => {
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

/// The drop counts of the application's hook that have been reported. The hook's thread keeps the totals.
#[derive(Debug, Default)]
pub(super) struct ReportedHookDrops {
    dropped: AtomicU64,
    panicked: AtomicU64,
}

/// Returns by how much a total has grown since the last call.
fn take_increase(reported: &AtomicU64, total: u64) -> u64 {
    total.saturating_sub(reported.fetch_max(total, Ordering::Relaxed))
}

impl Inner {
    /// Returns whether the content of an operation with this span has a destination.
    pub(super) fn should_capture(&self, span: Option<&OwnedSpan>) -> bool {
        let (gate, mode) = (&self.gate, self.gate.capture());
        mode.is_on()
            && (mode.is_on_events()
                || gate.has_hook()
                || mode.is_on_spans() && span.is_some_and(OwnedSpan::has_recording_context))
    }

    /// Sets the stop sequences of the request on the span, if content is captured on spans. Returns the number of bytes
    /// that they use of the span's limit.
    pub(super) fn set_stop_sequences(&self, span: &OwnedSpan, texts: &[&str]) -> usize {
        if texts.is_empty() || !self.gate.capture().is_on_spans() || !span.is_recording() {
            return 0;
        }
        let mut gate_pass = self.gate.pass();
        let gated = texts.iter().filter_map(|text| gate_pass.text(&Content::from(*text))?.for_span());
        let gated: Vec<String> = gated.collect();
        span.set_string_list(a::GEN_AI_REQUEST_STOP_SEQUENCES, gated.iter().map(String::as_str));
        self.record_content_metrics(gate_pass.report());
        self.gate.limits().span_bytes() - gate_pass.remaining_bytes()
    }

    /// Records the redactions and drops of content.
    pub(super) fn record_content_metrics(&self, report: &CaptureReport) {
        for (kind, count) in report.redactions.iter() {
            let labels = [Label::new(llmobs_attribute::DETECTOR, kind.as_str())];
            self.sinks().bind(RowId::Redactions, &labels).add(count.into());
        }
        let hook = self.gate.hook_stats();
        let dropped_contents = [
            ("truncated", report.truncated_contents),
            ("limit", report.dropped_parts + report.dropped_messages),
            ("media", report.dropped_media),
            ("budget", u64::from(report.is_over_budget)),
            ("queue_full", take_increase(&self.reported_hook_drops.dropped, hook.dropped)),
            ("hook_panicked", take_increase(&self.reported_hook_drops.panicked, hook.panicked)),
        ];
        for (reason, count) in dropped_contents {
            if count > 0 {
                self.count_dropped_content(reason, count);
            }
        }
    }

    /// Counts dropped content by its reason.
    fn count_dropped_content(&self, reason: &'static str, count: u64) {
        let labels =
            [Label::new(llmobs_attribute::SIGNAL, CONTENT_SIGNAL), Label::new(llmobs_attribute::DROP_REASON, reason)];
        self.sinks().bind(RowId::DroppedItems, &labels).add(count);
    }
}
