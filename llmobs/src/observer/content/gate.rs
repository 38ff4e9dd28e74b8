//! The gate of an observer, the one place that all content (prompts, answers, error texts) passes before it is
//! exported, and the metrics of content that it redacts or drops.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::capture::CaptureReport;
use crate::capture::Gate;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::content::Content;
use crate::measurement::Label;
use crate::semconv::attribute as a;
use crate::sink::Sinks;
use crate::span::OwnedSpan;

/// The value of `llmobs.signal` for dropped content.
const CONTENT_SIGNAL: &str = "content";

/// The content settings of an observer's builder: the gate, if the application set one.
#[derive(Debug)]
pub(crate) struct ContentSettings(Option<Gate>);

impl ContentSettings {
    /// Returns settings without a gate: that of the environment is used.
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    /// Sets the gate, in place of an earlier one.
    pub(crate) fn set_gate(&mut self, gate: Gate) {
        self.0 = Some(gate);
    }
}

/// The decision on whether the content of an operation is captured, made at its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capturing(bool);

impl Capturing {
    /// Returns whether content is captured.
    #[inline]
    pub(crate) const fn is_on(self) -> bool {
        self.0
    }
}

/// The gate of an observer, with the sinks that record what it redacts and drops.
pub(crate) struct ContentGate {
    gate: Gate,
    sinks: Arc<Sinks>,
    reported_hook_drops: ReportedHookDrops,
}

/// The drop counts of the application's hook that have been reported. The hook's thread keeps the totals.
#[derive(Debug, Default)]
struct ReportedHookDrops {
    dropped: AtomicU64,
    panicked: AtomicU64,
}

/// Returns by how much a total has grown since the last call.
fn take_increase(reported: &AtomicU64, total: u64) -> u64 {
    total.saturating_sub(reported.fetch_max(total, Ordering::Relaxed))
}

impl ContentGate {
    /// Returns the gate of the settings, or a gate with the mode of the environment variable.
    pub(crate) fn new(settings: ContentSettings, sinks: Arc<Sinks>) -> Self {
        let gate = settings.0.unwrap_or_else(|| Gate::builder().build());
        Self { gate, sinks, reported_hook_drops: ReportedHookDrops::default() }
    }

    /// Returns the gate that redacts and truncates.
    pub(crate) const fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Returns whether content is exported on log events.
    pub(crate) fn is_on_events(&self) -> bool {
        self.gate.capture().is_on_events()
    }

    /// Returns whether the content of an operation with this span has a destination: events, a hook, or a span that is
    /// recorded.
    pub(crate) fn should_capture(&self, span: Option<&OwnedSpan>) -> Capturing {
        let (gate, mode) = (&self.gate, self.gate.capture());
        Capturing(
            mode.is_on()
                && (mode.is_on_events()
                    || gate.has_hook()
                    || mode.is_on_spans() && span.is_some_and(OwnedSpan::has_recording_context)),
        )
    }

    /// Sets the stop sequences of the request on the span, if content is exported on spans and the span is recorded.
    /// Returns the number of bytes that they use of the span's limit; `None` for zero.
    pub(crate) fn set_stop_sequences(&self, span: &OwnedSpan, texts: &[&str]) -> Option<NonZeroUsize> {
        if texts.is_empty() || !self.gate.capture().is_on_spans() || !span.is_recording() {
            return None;
        }
        let mut gate_pass = self.gate.pass();
        let gated = texts.iter().filter_map(|text| gate_pass.text(&Content::from(*text))?.for_span());
        let gated: Vec<String> = gated.collect();
        span.set_string_list(a::GEN_AI_REQUEST_STOP_SEQUENCES, gated.iter().map(String::as_str));
        self.record_metrics(gate_pass.report());
        NonZeroUsize::new(self.gate.limits().span_bytes() - gate_pass.remaining_bytes())
    }

    /// Records the redactions and drops of content in a report, and the drops of the hook since the last call.
    pub(crate) fn record_metrics(&self, report: &CaptureReport) {
        for (kind, count) in report.redactions.iter() {
            let labels = [Label::new(llmobs_attribute::DETECTOR, kind.as_str())];
            self.sinks.bind(RowId::Redactions, &labels).add(count.into());
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
        self.sinks.count_dropped(CONTENT_SIGNAL, reason, count);
    }

    /// Counts the content of one operation that was dropped because a detector of the application panicked.
    pub(crate) fn count_gate_panic(&self) {
        self.count_dropped_content("gate_panicked", 1);
    }
}

impl std::fmt::Debug for ContentGate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContentGate").field("gate", &self.gate).finish_non_exhaustive()
    }
}
