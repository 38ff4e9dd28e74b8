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
use crate::event::hex;
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
    message: Option<GatedValue>,
    references: ContentReferences,
}

/// The value of `llmobs.signal` for dropped content.
const SIGNAL: &str = "content";

impl ContentExport {
    /// Passes the captured content through the gate and to the hook. Only content with a destination was captured.
    pub(super) fn of(live: &OperationState, outcome: Outcome, span: Option<&OwnedSpan>) -> Self {
        let Some(kept) = live.captured_content() else { return Self(None) };
        // A custom detector may panic. The content is then dropped; if the operation ends because
        // its thread panics, a second panic would abort the process.
        let through = catch_unwind(AssertUnwindSafe(|| Box::new(GatedContent::of(live, kept, outcome, span))));
        if through.is_err() {
            live.core.lost_content("gate_panicked", 1);
        }
        Self(through.ok())
    }

    /// Returns the content attributes of the details event.
    pub(super) fn for_event(&self) -> ContentFields {
        self.0.as_ref().map_or_else(ContentFields::default, |through| through.for_event())
    }

    /// Returns the text of the error for the exception event.
    pub(super) fn message(&self) -> Option<&str> {
        self.0.as_ref()?.message.as_ref()?.for_event()?.as_str()
    }

    /// Sets the content attributes of the span.
    pub(super) fn set_span_attributes(&self, span: &OwnedSpan) {
        if let Some(through) = &self.0 {
            through.set_span_attributes(span);
        }
    }
}

impl GatedContent {
    fn of(live: &OperationState, kept: &CapturedContent, outcome: Outcome, span: Option<&OwnedSpan>) -> Self {
        let gate = &live.core.gate;
        let (output, mut report) = output(live, kept, outcome);
        let spent = live.noted().and_then(|notes| notes.spent.get()).map_or(0, |bytes| bytes.get());
        let mut passage = gate.pass_with_limit(gate.limits().span_bytes().saturating_sub(spent));
        // The answer first: if the limit is exceeded, the prompt is truncated, which the application usually still has.
        let mut through = Self { output: passage.output(&output), ..Self::default() };
        if let Some(input) = kept.take_input() {
            through.input = passage.input(&input.value.messages);
            through.system_instructions = passage.system_instructions(&input.value.system_instructions);
            through.tool_definitions = passage.tool_definitions(&input.value.tools);
        }
        if gate.capture().is_on_events() {
            through.message = kept.message.get().and_then(|message| passage.text(message));
        }
        report += *passage.report();
        report.is_over_budget |= kept.was_refused();
        if gate.has_hook() {
            let ids =
                span.and_then(OwnedSpan::ids).map(|ids| (hex(ids.trace_id).to_string(), hex(ids.span_id).to_string()));
            let captured = HookPayload::new()
                .with_trace(ids)
                .input(through.input.clone())
                .output(through.output.clone())
                .system_instructions(through.system_instructions.clone())
                .tool_definitions(through.tool_definitions.clone());
            through.references = gate.send_to_hook(captured);
        }
        live.core.record_content_metrics(&report);
        through
    }

    fn for_event(&self) -> ContentFields {
        let json =
            |passed: &Option<GatedValue>| passed.as_ref().and_then(GatedValue::for_event).map(ToString::to_string);
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
        for (name, passed) in attributes {
            if let Some(json) = passed.as_ref().and_then(GatedValue::for_span) {
                span.set_text(name, json);
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
                span.set_text(name, reference.clone());
            }
        }
    }
}

/// Returns the answer, and a report of the content that was dropped from it.
fn output(live: &OperationState, kept: &CapturedContent, outcome: Outcome) -> (Vec<Message>, CaptureReport) {
    let reasons = live.reasons_by_choice();
    // A completed answer did not end in an error, which a message without a finish reason would indicate.
    let otherwise = (outcome == Outcome::Completed).then_some(FinishReason::Stop);
    match (kept.take_output(), kept.take_streamed_output()) {
        (Some(content::Leased { value: mut messages, .. }), _) => {
            for (choice, message) in messages.iter_mut().enumerate() {
                let known = reasons.iter().find(|(of, _)| usize::from(*of) == choice).map(|(_, reason)| reason.clone());
                message.finish_reason = message.finish_reason.take().or(known).or_else(|| otherwise.clone());
            }
            (messages, CaptureReport::default())
        }
        (None, Some(mut gathered)) => {
            reasons.into_iter().for_each(|(choice, reason)| gathered.set_finish_reason(choice.into(), reason));
            if let Some(reason) = otherwise {
                gathered.set_missing_finish_reasons(&reason);
            }
            let report = *gathered.report();
            (gathered.into_messages(), report)
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
fn growth(told: &AtomicU64, total: u64) -> u64 {
    total.saturating_sub(told.fetch_max(total, Ordering::Relaxed))
}

impl Inner {
    /// Returns whether the content of an operation with this span has a destination.
    pub(super) fn captures(&self, span: Option<&OwnedSpan>) -> bool {
        let (gate, mode) = (&self.gate, self.gate.capture());
        mode.is_on()
            && (mode.is_on_events()
                || gate.has_hook()
                || mode.is_on_spans() && span.is_some_and(OwnedSpan::has_attributes))
    }

    /// Sets the stop sequences of the request on the span, if content is captured on spans. Returns the number of bytes
    /// that they use of the span's limit.
    pub(super) fn set_stop_sequences(&self, span: &OwnedSpan, texts: &[&str]) -> usize {
        if texts.is_empty() || !self.gate.capture().is_on_spans() || !span.is_recording() {
            return 0;
        }
        let mut passage = self.gate.pass();
        let passed = texts.iter().filter_map(|text| passage.text(&Content::from(*text))?.for_span());
        let passed: Vec<String> = passed.collect();
        span.set_list(a::GEN_AI_REQUEST_STOP_SEQUENCES, passed.iter().map(String::as_str));
        self.record_content_metrics(passage.report());
        self.gate.limits().span_bytes() - passage.remaining_bytes()
    }

    /// Records the redactions and drops of content.
    pub(super) fn record_content_metrics(&self, report: &CaptureReport) {
        for (kind, count) in report.redactions.iter() {
            let labels = [Label::new(llmobs_attribute::DETECTOR, kind.as_str())];
            self.sinks().bind(RowId::Redactions, &labels).add(count.into());
        }
        let hook = self.gate.hook_stats();
        let lost = [
            ("truncated", report.truncated_contents),
            ("limit", report.dropped_parts + report.dropped_messages),
            ("media", report.dropped_media),
            ("budget", u64::from(report.is_over_budget)),
            ("queue_full", growth(&self.reported_hook_drops.dropped, hook.dropped)),
            ("hook_panicked", growth(&self.reported_hook_drops.panicked, hook.panicked)),
        ];
        for (reason, count) in lost {
            if count > 0 {
                self.lost_content(reason, count);
            }
        }
    }

    /// Counts dropped content by its reason.
    fn lost_content(&self, reason: &'static str, count: u64) {
        let labels = [Label::new(llmobs_attribute::SIGNAL, SIGNAL), Label::new(llmobs_attribute::DROP_REASON, reason)];
        self.sinks().bind(RowId::DroppedItems, &labels).add(count);
    }
}
