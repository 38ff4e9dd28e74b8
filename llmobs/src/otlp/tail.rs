//! Tail sampling: finished spans wait until their part of the trace is over, and then what went wrong is kept whole and
//! of the rest a stated share.

mod buffer;
#[cfg(test)]
mod properties;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::Value;
use opentelemetry::trace::SpanContext;
use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::SpanData;

use self::buffer::TailBuffer;
use super::threshold::Threshold;
use super::threshold::randomness;
use crate::catalog::llmobs_attribute;
use crate::clock::Clock;
use crate::clock::nanos;
use crate::sink::export_counts::DropReason;
use crate::sink::export_counts::ExportCounts;

/// The share at which a span was kept, 1 for what is always kept: count it as one divided by this many.
pub(super) const RATIO: &str = "llmobs.sampling.ratio";

/// Which traces are kept once they are over.
///
/// A trace with an error (a span whose status is `Error`) or with a missed objective is kept whole; of the others a
/// share is. What one process knows of a trace is judged as one: from its first span here to the end of the last that
/// is open, at the latest a while after an operation in it has ended.
///
/// ```
/// use llmobs::otlp::TailSampling;
///
/// let tail = TailSampling::ratio(0.05).max_spans(20_000);
/// # let _ = tail;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "give it to `Builder::tail_sampling`"]
pub struct TailSampling {
    ratio: f64,
    max_spans: usize,
    max_traces: usize,
    linger: Duration,
}

impl TailSampling {
    /// Keeps this share, from 0 to 1, of the traces in which nothing went wrong. Which ones they are follows from the
    /// trace's id, so that every process that keeps the same share keeps the same traces.
    pub const fn ratio(ratio: f64) -> Self {
        Self { ratio, max_spans: 8_192, max_traces: 16_384, linger: Duration::from_secs(10) }
    }

    /// The most finished spans that wait at once. When more come, the trace that has waited longest is decided early:
    /// what is not in the share is lost, and counted as `tail_full`. Defaults to 8,192.
    pub const fn max_spans(mut self, spans: usize) -> Self {
        self.max_spans = spans;
        self
    }

    /// The most traces that are followed at once; each span of the others is judged alone. Defaults to 16,384.
    pub const fn max_traces(mut self, traces: usize) -> Self {
        self.max_traces = traces;
        self
    }

    /// How long after the end of an operation its trace is decided although a span of it is still open. Defaults to
    /// ten seconds.
    pub const fn linger(mut self, time: Duration) -> Self {
        self.linger = time;
        self
    }
}

/// Holds the finished spans of the traces that are not over.
#[derive(Debug)]
pub(super) struct TailSampler {
    settings: TailSampling,
    threshold: Threshold,
    buffer: Mutex<TailBuffer>,
    clock: Clock,
    tally: Arc<ExportCounts>,
}

impl TailSampler {
    pub(super) fn new(settings: TailSampling, clock: Clock, tally: Arc<ExportCounts>) -> Self {
        Self { settings, threshold: Threshold::from_ratio(settings.ratio), buffer: Mutex::default(), clock, tally }
    }

    /// A span began.
    pub(super) fn started(&self, span: &SpanContext) {
        if span.is_sampled() {
            self.lock_buffer().open(span.trace_id(), self.settings.max_traces);
        }
    }

    /// A span ended; what can be sent on now is returned.
    pub(super) fn ended(&self, span: SpanData) -> Vec<SpanData> {
        let trace = span.span_context.trace_id();
        let went_wrong =
            matches!(span.status, Status::Error { .. }) || has(&span, llmobs_attribute::OBJECTIVE_RESULT, Some("bad"));
        let is_operation = has(&span, llmobs_attribute::OUTCOME, None);
        let mut held = self.lock_buffer();
        let is_over = held.add(span);
        if went_wrong {
            held.keep_trace(trace);
        } else if is_operation {
            held.settled(trace, self.clock.now().as_nanos());
        }
        let mut out = Vec::new();
        if held.is_kept(trace) {
            out.extend(held.take_spans(trace).into_iter().map(with_head_ratio));
        } else if is_over {
            out.extend(self.decide(held.take_spans(trace)).0);
        }
        if is_over {
            held.forget(trace);
        }
        while held.spans() > self.settings.max_spans {
            let Some(oldest) = held.oldest() else { break };
            out.extend(self.evict(held.take_spans(oldest)));
        }
        out
    }

    /// Decides the traces whose operations ended a while ago; what can be sent on now is returned.
    pub(super) fn sweep(&self) -> Vec<SpanData> {
        let now = self.clock.now().as_nanos();
        let since = now.saturating_sub(nanos(self.settings.linger));
        let mut held = self.lock_buffer();
        let mut out = Vec::new();
        while let Some(trace) = held.pop_due(since) {
            out.extend(self.decide(held.take_spans(trace)).0);
        }
        out
    }

    /// Decides all that is held.
    pub(super) fn flush(&self) -> Vec<SpanData> {
        let mut held = self.lock_buffer();
        let mut out = Vec::new();
        while let Some(oldest) = held.oldest() {
            out.extend(self.decide(held.take_spans(oldest)).0);
        }
        out
    }

    /// The spans of the share, and how many others there were.
    fn decide(&self, spans: Vec<SpanData>) -> (Vec<SpanData>, usize) {
        let all = spans.len();
        let kept: Vec<_> = spans.into_iter().filter_map(|span| self.sample_span(span)).collect();
        let others = all - kept.len();
        (kept, others)
    }

    fn evict(&self, spans: Vec<SpanData>) -> Vec<SpanData> {
        let (kept, others) = self.decide(spans);
        self.tally.lose(DropReason::TailFull, others);
        kept
    }

    fn sample_span(&self, span: SpanData) -> Option<SpanData> {
        let threshold = sampled_at(&span.span_context).combine(self.threshold);
        let random = randomness(span.span_context.trace_id(), span.span_context.trace_state());
        threshold.should_keep(random).then(|| marked(span, threshold))
    }

    fn lock_buffer(&self) -> MutexGuard<'_, TailBuffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// At which share the trace was sampled when it began.
fn sampled_at(span: &SpanContext) -> Threshold {
    Threshold::of_state(span.trace_state()).unwrap_or(Threshold::KEEP_ALL)
}

fn with_head_ratio(span: SpanData) -> SpanData {
    let threshold = sampled_at(&span.span_context);
    marked(span, threshold)
}

/// A span with the share that it stands for.
fn marked(mut span: SpanData, threshold: Threshold) -> SpanData {
    let context = &span.span_context;
    let state = threshold.into_state(context.trace_state());
    let flags = context.trace_flags();
    span.span_context = SpanContext::new(context.trace_id(), context.span_id(), flags, context.is_remote(), state);
    span.attributes.push(KeyValue::new(RATIO, threshold.ratio()));
    span
}

fn has(span: &SpanData, name: &str, value: Option<&str>) -> bool {
    let is = |found: &Value| value.is_none_or(|value| matches!(found, Value::String(text) if text.as_str() == value));
    span.attributes.iter().any(|attribute| attribute.key.as_str() == name && is(&attribute.value))
}
