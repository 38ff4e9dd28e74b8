//! Tail sampling: finished spans wait until their part of the trace is over, and then what went wrong is kept whole and
//! of the rest a stated share.

mod held;
#[cfg(test)]
mod laws;

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

use self::held::Held;
use super::threshold::Threshold;
use super::threshold::randomness;
use crate::catalog::own;
use crate::clock::Clock;
use crate::clock::nanos;
use crate::sink::exports::Loss;
use crate::sink::exports::Tally;

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
/// let tail = TailSampling::share(0.05).max_spans(20_000);
/// # let _ = tail;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "give it to `Builder::tail_sampling`"]
pub struct TailSampling {
    share: f64,
    max_spans: usize,
    max_traces: usize,
    linger: Duration,
}

impl TailSampling {
    /// Keeps this share, from 0 to 1, of the traces in which nothing went wrong. Which ones they are follows from the
    /// trace's id, so that every process that keeps the same share keeps the same traces.
    pub const fn share(share: f64) -> Self {
        Self { share, max_spans: 8_192, max_traces: 16_384, linger: Duration::from_secs(10) }
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
pub(super) struct Tail {
    settings: TailSampling,
    share: Threshold,
    held: Mutex<Held>,
    clock: Clock,
    tally: Arc<Tally>,
}

impl Tail {
    pub(super) fn new(settings: TailSampling, clock: Clock, tally: Arc<Tally>) -> Self {
        Self { settings, share: Threshold::of_share(settings.share), held: Mutex::default(), clock, tally }
    }

    /// A span began.
    pub(super) fn started(&self, span: &SpanContext) {
        if span.is_sampled() {
            self.held().open(span.trace_id(), self.settings.max_traces);
        }
    }

    /// A span ended; what can be sent on now is returned.
    pub(super) fn ended(&self, span: SpanData) -> Vec<SpanData> {
        let trace = span.span_context.trace_id();
        let went_wrong = matches!(span.status, Status::Error { .. }) || has(&span, own::OBJECTIVE_RESULT, Some("bad"));
        let is_operation = has(&span, own::OUTCOME, None);
        let mut held = self.held();
        let is_over = held.add(span);
        if went_wrong {
            held.keep(trace);
        } else if is_operation {
            held.settled(trace, self.clock.now().as_nanos());
        }
        let mut out = Vec::new();
        if held.is_kept(trace) {
            out.extend(held.take(trace).into_iter().map(kept_always));
        } else if is_over {
            out.extend(self.decide(held.take(trace)).0);
        }
        if is_over {
            held.forget(trace);
        }
        while held.spans() > self.settings.max_spans {
            let Some(oldest) = held.oldest() else { break };
            out.extend(self.evict(held.take(oldest)));
        }
        out
    }

    /// Decides the traces whose operations ended a while ago; what can be sent on now is returned.
    pub(super) fn sweep(&self) -> Vec<SpanData> {
        let now = self.clock.now().as_nanos();
        let since = now.saturating_sub(nanos(self.settings.linger));
        let mut held = self.held();
        let mut out = Vec::new();
        while let Some(trace) = held.settled_before(since) {
            out.extend(self.decide(held.take(trace)).0);
        }
        out
    }

    /// Decides all that is held.
    pub(super) fn flush(&self) -> Vec<SpanData> {
        let mut held = self.held();
        let mut out = Vec::new();
        while let Some(oldest) = held.oldest() {
            out.extend(self.decide(held.take(oldest)).0);
        }
        out
    }

    /// The spans of the share, and how many others there were.
    fn decide(&self, spans: Vec<SpanData>) -> (Vec<SpanData>, usize) {
        let all = spans.len();
        let kept: Vec<_> = spans.into_iter().filter_map(|span| self.kept_by_share(span)).collect();
        let others = all - kept.len();
        (kept, others)
    }

    fn evict(&self, spans: Vec<SpanData>) -> Vec<SpanData> {
        let (kept, others) = self.decide(spans);
        self.tally.lose(Loss::TailFull, others);
        kept
    }

    fn kept_by_share(&self, span: SpanData) -> Option<SpanData> {
        let threshold = sampled_at(&span.span_context).and(self.share);
        let random = randomness(span.span_context.trace_id(), span.span_context.trace_state());
        threshold.keeps(random).then(|| marked(span, threshold))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// At which share the trace was sampled when it began.
fn sampled_at(span: &SpanContext) -> Threshold {
    Threshold::of_state(span.trace_state()).unwrap_or(Threshold::KEEP_ALL)
}

fn kept_always(span: SpanData) -> SpanData {
    let threshold = sampled_at(&span.span_context);
    marked(span, threshold)
}

/// A span with the share that it stands for.
fn marked(mut span: SpanData, threshold: Threshold) -> SpanData {
    let context = &span.span_context;
    let state = threshold.into_state(context.trace_state());
    let flags = context.trace_flags();
    span.span_context = SpanContext::new(context.trace_id(), context.span_id(), flags, context.is_remote(), state);
    span.attributes.push(KeyValue::new(RATIO, threshold.share()));
    span
}

fn has(span: &SpanData, name: &str, value: Option<&str>) -> bool {
    let is = |found: &Value| value.is_none_or(|value| matches!(found, Value::String(text) if text.as_str() == value));
    span.attributes.iter().any(|attribute| attribute.key.as_str() == name && is(&attribute.value))
}
