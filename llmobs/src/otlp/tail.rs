//! Tail sampling: buffers finished spans until their trace has ended in this process, then keeps traces with errors or
//! missed objectives (limits that an operation must meet) completely, and a configured ratio of the other traces. The
//! application configures `TailSampling`; `span_processor` passes the spans to `TailSampler`.

mod buffer;
#[cfg(test)]
mod properties;

use std::sync::Arc;
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
use crate::clock::duration_to_nanos;
use crate::semconv::attribute;
use crate::semconv::value::ErrorType;
use crate::sink::export_counts::DropReason;
use crate::sink::export_counts::ExportCounts;
use crate::sync::Mutex;

/// The span attribute with the ratio, from 0 to 1, at which an exported span was sampled: the product of the ratios of
/// the head sampler, which decides at the start of a trace, and of the tail sampler. The tail sampler's ratio is 1 for
/// a trace that is always kept. A back end weights each span by the reciprocal of this ratio.
pub(super) const SAMPLING_RATIO: &str = "llmobs.sampling.ratio";

/// The rule that decides at the end of a trace whether its spans are exported.
///
/// A trace with an error (a span with status `Error`) or a missed objective is kept completely; that a caller left is
/// not an error here. Of the other traces, the configured ratio is kept. A span that was decided before its trace had
/// the error or missed objective follows the ratio. The decision covers the spans of the trace in this process: from
/// the first span that starts here until no span is open, but at the latest the [`decision_wait`](Self::decision_wait)
/// time after an operation in the trace has ended.
///
/// ```
/// use llmobs::otlp::TailSampling;
///
/// let tail = TailSampling::ratio(0.05).max_spans(20_000);
/// # let _ = tail;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "pass it to `PipelineBuilder::tail_sampling`"]
pub struct TailSampling {
    ratio: f64,
    max_spans: usize,
    max_traces: usize,
    decision_wait: Duration,
}

impl TailSampling {
    /// Returns a rule that keeps this ratio, from 0 to 1, of the traces without an error or missed objective. Values
    /// outside are clamped; NaN counts as 0. The choice depends only on the random number of the trace, so processes
    /// with the same ratio keep the same traces.
    pub const fn ratio(ratio: f64) -> Self {
        Self { ratio, max_spans: 8_192, max_traces: 16_384, decision_wait: Duration::from_secs(10) }
    }

    /// Sets the maximum number of finished spans in the buffer. When this limit or the limit of bytes
    /// ([`queue_bytes`](super::PipelineBuilder::queue_bytes)) is exceeded, the trace that has waited longest is decided
    /// early; its spans that the ratio does not keep are dropped and counted as `tail_full`. Defaults to 8,192.
    pub const fn max_spans(mut self, spans: usize) -> Self {
        self.max_spans = spans;
        self
    }

    /// Sets the maximum number of traces with open spans that the sampler tracks. Each span of a further trace is
    /// decided by itself when it ends. Defaults to 16,384.
    pub const fn max_traces(mut self, traces: usize) -> Self {
        self.max_traces = traces;
        self
    }

    /// Sets the time after the end of an operation at which its trace is decided even if a span is still open. The
    /// pipeline looks for such traces once a second, so a decision can be a second late. Defaults to ten seconds.
    pub const fn decision_wait(mut self, time: Duration) -> Self {
        self.decision_wait = time;
        self
    }
}

/// The tail sampler of a pipeline: buffers the finished spans of traces with open spans, and decides at the end of a
/// trace which of them are exported. Spans that the ratio does not keep are discarded; only those of a trace that was
/// decided early, because the buffer was full, are counted as dropped.
#[derive(Debug)]
pub(super) struct TailSampler {
    settings: TailSampling,
    /// The maximum of the estimated bytes of the buffered spans.
    max_bytes: usize,
    threshold: Threshold,
    buffer: Mutex<TailBuffer>,
    clock: Clock,
    counts: Arc<ExportCounts>,
}

impl TailSampler {
    /// Creates a sampler with an empty buffer. `counts` receives the number of spans that are dropped as `tail_full`.
    pub(super) fn new(settings: TailSampling, max_bytes: usize, clock: Clock, counts: Arc<ExportCounts>) -> Self {
        let threshold = Threshold::from_ratio(settings.ratio);
        Self { settings, max_bytes, threshold, buffer: Mutex::default(), clock, counts }
    }

    /// Counts a span as an open span of its trace; called when the span starts. A span that the head sampler did not
    /// sample is ignored.
    pub(super) fn on_start(&self, span: &SpanContext) {
        if span.is_sampled() {
            self.buffer.lock().start_span(span.trace_id(), self.settings.max_traces);
        }
    }

    /// Buffers a sampled span; called when the span ends. Returns the spans, of this and of evicted traces, that are to
    /// be exported now.
    pub(super) fn on_end(&self, span: SpanData) -> Vec<SpanData> {
        let trace = span.span_context.trace_id();
        let failed = matches!(span.status, Status::Error { .. })
            && !has_attribute(&span, attribute::ERROR_TYPE, Some(ErrorType::Cancelled.as_str()));
        let must_keep = failed || has_attribute(&span, llmobs_attribute::OBJECTIVE_RESULT, Some("bad"));
        let is_operation = has_attribute(&span, llmobs_attribute::OPERATION_OUTCOME, None);
        let mut buffer = self.buffer.lock();
        if buffer.is_closed() {
            return match must_keep || buffer.is_kept(trace) {
                true => vec![with_head_ratio(span)],
                false => self.sample_span(span).into_iter().collect(),
            };
        }
        let is_over = buffer.push_span(span);
        if must_keep {
            buffer.keep_trace(trace);
        } else if is_operation {
            buffer.schedule_decision(trace, self.clock.now().as_nanos());
        }
        let mut exported = Vec::new();
        if buffer.is_kept(trace) {
            exported.extend(buffer.take_spans(trace).into_iter().map(with_head_ratio));
        } else if is_over {
            exported.extend(self.decide(buffer.take_spans(trace)).0);
        }
        if is_over {
            buffer.remove_trace(trace);
        }
        while buffer.span_count() > self.settings.max_spans || buffer.span_bytes() > self.max_bytes {
            let Some(oldest) = buffer.oldest_trace() else { break };
            exported.extend(self.evict(buffer.take_spans(oldest)));
        }
        exported
    }

    /// Decides the traces whose operation ended at least the decision wait ago; called once a second. Returns the spans
    /// that are to be exported now.
    pub(super) fn decide_expired(&self) -> Vec<SpanData> {
        let now = self.clock.now().as_nanos();
        let until = now.saturating_sub(duration_to_nanos(self.settings.decision_wait));
        let mut buffer = self.buffer.lock();
        let mut exported = Vec::new();
        while let Some(trace) = buffer.pop_due(until) {
            exported.extend(self.decide(buffer.take_spans(trace)).0);
        }
        exported
    }

    /// Decides the spans that are in the buffer, also those of traces with open spans; called when the pipeline shuts
    /// down. Returns the spans that the ratio keeps. Each later span is decided by itself when it ends.
    pub(super) fn close(&self) -> Vec<SpanData> {
        let mut buffer = self.buffer.lock();
        buffer.close();
        let mut exported = Vec::new();
        while let Some(oldest) = buffer.oldest_trace() {
            exported.extend(self.decide(buffer.take_spans(oldest)).0);
        }
        exported
    }

    /// Returns those of the spans that the ratio keeps, and the number of the others.
    fn decide(&self, spans: Vec<SpanData>) -> (Vec<SpanData>, usize) {
        let total = spans.len();
        let kept: Vec<_> = spans.into_iter().filter_map(|span| self.sample_span(span)).collect();
        let sampled_out = total - kept.len();
        (kept, sampled_out)
    }

    fn evict(&self, spans: Vec<SpanData>) -> Vec<SpanData> {
        let (kept, sampled_out) = self.decide(spans);
        self.counts.add_dropped(DropReason::TailFull, sampled_out);
        kept
    }

    fn sample_span(&self, span: SpanData) -> Option<SpanData> {
        let threshold = head_threshold(&span.span_context).combine(self.threshold);
        let random = randomness(span.span_context.trace_id(), span.span_context.trace_state());
        threshold.should_keep(random).then(|| with_sampling_ratio(span, threshold))
    }
}

/// Returns the threshold at which the head sampler recorded the trace; `KEEP_ALL` if the trace state contains none.
fn head_threshold(span: &SpanContext) -> Threshold {
    Threshold::from_trace_state(span.trace_state()).unwrap_or(Threshold::KEEP_ALL)
}

fn with_head_ratio(span: SpanData) -> SpanData {
    let threshold = head_threshold(&span.span_context);
    with_sampling_ratio(span, threshold)
}

/// Adds the sampling ratio to a span, as an attribute and in its trace state.
fn with_sampling_ratio(mut span: SpanData, threshold: Threshold) -> SpanData {
    let context = &span.span_context;
    let state = threshold.insert_into(context.trace_state());
    let flags = context.trace_flags();
    span.span_context = SpanContext::new(context.trace_id(), context.span_id(), flags, context.is_remote(), state);
    span.attributes.push(KeyValue::new(SAMPLING_RATIO, threshold.ratio()));
    span
}

fn has_attribute(span: &SpanData, name: &str, value: Option<&str>) -> bool {
    let matches_value =
        |found: &Value| value.is_none_or(|value| matches!(found, Value::String(text) if text.as_str() == value));
    span.attributes.iter().any(|attribute| attribute.key.as_str() == name && matches_value(&attribute.value))
}
