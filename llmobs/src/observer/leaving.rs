//! The content of an operation at its end: through the gate, and to where it may go.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::core::Core;
use super::kept;
use super::kept::Kept;
use super::live::Live;
use crate::capture::Captured;
use crate::capture::Passed;
use crate::capture::References;
use crate::capture::Report;
use crate::catalog::Id;
use crate::catalog::own;
use crate::content::Content;
use crate::content::Message;
use crate::event::Said;
use crate::event::hex;
use crate::record::Label;
use crate::semconv::attribute as a;
use crate::semconv::value::FinishReason;
use crate::semconv::value::Outcome;
use crate::span::Held;

/// What leaves of one operation; nothing where none was kept, which is where nobody captures it.
#[derive(Debug, Default)]
pub(super) struct Leaving(Option<Box<Through>>);

/// What passed the gate.
#[derive(Debug, Default)]
struct Through {
    input: Option<Passed>,
    output: Option<Passed>,
    system_instructions: Option<Passed>,
    tool_definitions: Option<Passed>,
    /// The text of the error.
    message: Option<Passed>,
    references: References,
}

/// The value of `llmobs.signal` of content that was left out.
const SIGNAL: &str = "content";

impl Leaving {
    /// Lets out what may leave. Only what goes somewhere was kept.
    pub(super) fn of(live: &Live, outcome: Outcome, span: Option<&Held>) -> Self {
        let Some(kept) = live.kept() else { return Self(None) };
        // A detector or hook of the application's own may panic. Its content then goes nowhere; where an operation ends
        // because its thread panics, a second panic would abort the process.
        let through = catch_unwind(AssertUnwindSafe(|| Box::new(Through::of(live, kept, outcome, span))));
        if through.is_err() {
            live.core.lost_content("gate_panicked", 1);
        }
        Self(through.ok())
    }

    /// The attributes of the details event.
    pub(super) fn for_event(&self) -> Said {
        self.0.as_ref().map_or_else(Said::default, |through| through.for_event())
    }

    /// The text of the error, for the event of it.
    pub(super) fn message(&self) -> Option<&str> {
        self.0.as_ref()?.message.as_ref()?.for_event()?.as_str()
    }

    /// The attributes of the span.
    pub(super) fn tell(&self, span: &Held) {
        if let Some(through) = &self.0 {
            through.tell(span);
        }
    }
}

impl Through {
    fn of(live: &Live, kept: &Kept, outcome: Outcome, span: Option<&Held>) -> Self {
        let gate = &live.core.gate;
        let (output, mut report) = output(live, kept, outcome);
        let spent = live.noted().and_then(|notes| notes.spent.get()).map_or(0, |bytes| bytes.get());
        let mut passage = gate.passage_of(gate.limits().span_bytes().saturating_sub(spent));
        // The answer first: of what is too long, the prompt is known best.
        let mut through = Self { output: passage.output(&output), ..Self::default() };
        if let Some(input) = kept.take_input() {
            through.input = passage.input(&input.value.messages);
            through.system_instructions = passage.system_instructions(&input.value.system_instructions);
            through.tool_definitions = passage.tool_definitions(&input.value.tools);
        }
        if gate.capture().on_events() {
            through.message = kept.message.get().and_then(|message| passage.text(message));
        }
        report += *passage.report();
        report.over_budget |= kept.was_refused();
        if gate.has_hook() {
            let ids = span.and_then(Held::ids).map(|ids| (hex(ids.trace_id).to_string(), hex(ids.span_id).to_string()));
            let captured = Captured::new()
                .in_trace(ids)
                .input(through.input.clone())
                .output(through.output.clone())
                .system_instructions(through.system_instructions.clone())
                .tool_definitions(through.tool_definitions.clone());
            through.references = gate.hand_over(captured);
        }
        live.core.left(&report);
        through
    }

    fn for_event(&self) -> Said {
        let json = |passed: &Option<Passed>| passed.as_ref().and_then(Passed::for_event).map(ToString::to_string);
        Said {
            input: json(&self.input),
            output: json(&self.output),
            system_instructions: json(&self.system_instructions),
            tool_definitions: json(&self.tool_definitions),
        }
    }

    fn tell(&self, span: &Held) {
        let attributes = [
            (a::GEN_AI_INPUT_MESSAGES, &self.input),
            (a::GEN_AI_OUTPUT_MESSAGES, &self.output),
            (a::GEN_AI_SYSTEM_INSTRUCTIONS, &self.system_instructions),
            (a::GEN_AI_TOOL_DEFINITIONS, &self.tool_definitions),
        ];
        for (name, passed) in attributes {
            if let Some(json) = passed.as_ref().and_then(Passed::for_span) {
                span.set_text(name, json);
            }
        }
        // The names that the conventions' own utilities have; the conventions have none yet.
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

/// The answer, and what was not kept of it.
fn output(live: &Live, kept: &Kept, outcome: Outcome) -> (Vec<Message>, Report) {
    let reasons = live.reasons_by_choice();
    // What was completed did not end in an error, which is what a message without a reason says.
    let otherwise = (outcome == Outcome::Completed).then_some(FinishReason::Stop);
    match (kept.take_output(), kept.take_gathered()) {
        (Some(kept::Held { value: mut messages, .. }), _) => {
            for (choice, message) in messages.iter_mut().enumerate() {
                let known = reasons.iter().find(|(of, _)| usize::from(*of) == choice).map(|(_, reason)| reason.clone());
                message.finish_reason = message.finish_reason.take().or(known).or_else(|| otherwise.clone());
            }
            (messages, Report::default())
        }
        (None, Some(mut gathered)) => {
            reasons.into_iter().for_each(|(choice, reason)| gathered.finish_reason(choice.into(), reason));
            if let Some(reason) = otherwise {
                gathered.finish_others(&reason);
            }
            let report = *gathered.report();
            (gathered.into_messages(), report)
        }
        (None, None) => (Vec::new(), Report::default()),
    }
}

/// What was told of the application's hook, whose own thread counts.
#[derive(Debug, Default)]
pub(super) struct HookTold {
    dropped: AtomicU64,
    panicked: AtomicU64,
}

/// How much a total has grown since it was asked for before.
fn growth(told: &AtomicU64, total: u64) -> u64 {
    total.saturating_sub(told.fetch_max(total, Ordering::Relaxed))
}

impl Core {
    /// Whether the content of an operation with this span goes anywhere.
    pub(super) fn captures(&self, span: Option<&Held>) -> bool {
        let (gate, mode) = (&self.gate, self.gate.capture());
        mode.is_on()
            && (mode.on_events() || gate.has_hook() || mode.on_spans() && span.is_some_and(Held::has_attributes))
    }

    /// The texts at which a caller wants the generation to stop, where spans have content. Gives how many bytes of what the
    /// span may have they are.
    pub(super) fn tell_stop_sequences(&self, span: &Held, texts: &[&str]) -> usize {
        if texts.is_empty() || !self.gate.capture().on_spans() || !span.is_recording() {
            return 0;
        }
        let mut passage = self.gate.passage();
        let passed = texts.iter().filter_map(|text| passage.text(&Content::from(*text))?.for_span());
        let passed: Vec<String> = passed.collect();
        span.set_list(a::GEN_AI_REQUEST_STOP_SEQUENCES, passed.iter().map(String::as_str));
        self.left(passage.report());
        self.gate.limits().span_bytes() - passage.left()
    }

    /// Counts what became of content on its way out.
    pub(super) fn left(&self, report: &Report) {
        for (kind, count) in report.redactions.iter() {
            let labels = [Label::new(own::DETECTOR, kind.as_str())];
            self.sinks().bind(Id::Redactions, &labels).add(count.into());
        }
        let hook = self.gate.hook_stats();
        let lost = [
            ("truncated", report.cut_contents),
            ("limit", report.dropped_parts + report.dropped_messages),
            ("media", report.left_media),
            ("budget", u64::from(report.over_budget)),
            ("queue_full", growth(&self.hook_told.dropped, hook.dropped)),
            ("hook_panicked", growth(&self.hook_told.panicked, hook.panicked)),
        ];
        for (reason, count) in lost {
            if count > 0 {
                self.lost_content(reason, count);
            }
        }
    }

    /// Counts content that was left out.
    fn lost_content(&self, reason: &'static str, count: u64) {
        let labels = [Label::new(own::SIGNAL, SIGNAL), Label::new(own::DROP_REASON, reason)];
        self.sinks().bind(Id::Dropped, &labels).add(count);
    }
}
