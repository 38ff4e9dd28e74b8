//! The buffer of the tail sampler, which decides at the end of a trace whether its spans are exported: the finished
//! spans of traces with open spans, the traces that must be kept, and the traces that wait for a decision.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::fmt;

use opentelemetry::trace::TraceId;
use opentelemetry_sdk::trace::SpanData;

use crate::otlp::queue_item::QueueItem;

/// The maximum number of finished traces that are remembered as kept.
const MAX_REMEMBERED_TRACES: usize = 4_096;

/// The traces that have open spans in this process, with their finished spans. Only the tail sampler uses the buffer,
/// under its lock; the limits on spans and traces are the tail sampler's.
#[derive(Default)]
pub(super) struct TailBuffer {
    traces: HashMap<TraceId, BufferedTrace>,
    /// The traces that have buffered spans, ordered by when their first buffered span was added.
    eviction_order: BTreeMap<u64, TraceId>,
    next_sequence: u64,
    span_count: usize,
    /// The estimated bytes of the buffered spans.
    span_bytes: usize,
    /// The traces in which an operation ended without an error or missed objective, with the moment of its end in
    /// nanoseconds.
    awaiting_decision: VecDeque<(u64, TraceId)>,
    /// The kept traces that ended most recently. Late spans of these traces are kept too.
    recently_kept: HashSet<TraceId>,
    /// The traces in `recently_kept`, the oldest first.
    recently_kept_order: VecDeque<TraceId>,
    is_closed: bool,
}

/// Prints no spans: they may contain content.
impl fmt::Debug for TailBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TailBuffer").field("span_count", &self.span_count).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct BufferedTrace {
    open_spans: usize,
    spans: Vec<SpanData>,
    /// The key of the trace in `eviction_order`, while the trace has buffered spans.
    sequence: u64,
    should_keep: bool,
    /// True if the trace is in `awaiting_decision`.
    is_awaiting_decision: bool,
}

impl TailBuffer {
    /// Counts a span that starts as an open span of its trace. The span is not counted if the trace is new and `limit`
    /// traces are in the buffer already; [`push_span`](Self::push_span) still buffers the span when it ends.
    pub(super) fn start_span(&mut self, trace: TraceId, limit: usize) {
        if self.traces.len() < limit || self.traces.contains_key(&trace) {
            self.traces.entry(trace).or_default().open_spans += 1;
        }
    }

    /// Buffers a finished span, of any trace. Returns true if the trace has ended: none of its counted spans is open.
    pub(super) fn push_span(&mut self, span: SpanData) -> bool {
        let id = span.span_context.trace_id();
        let should_keep = self.recently_kept.contains(&id);
        let trace = self.traces.entry(id).or_default();
        trace.should_keep |= should_keep;
        trace.open_spans = trace.open_spans.saturating_sub(1);
        if trace.spans.is_empty() {
            trace.sequence = self.next_sequence;
            self.eviction_order.insert(self.next_sequence, id);
            self.next_sequence += 1;
        }
        self.span_count += 1;
        self.span_bytes += span.estimated_bytes();
        trace.spans.push(span);
        trace.open_spans == 0
    }

    /// Marks a trace in the buffer to be kept completely, including its later spans. Called when a span with an error
    /// or a missed objective ends.
    pub(super) fn keep_trace(&mut self, id: TraceId) {
        if let Some(trace) = self.traces.get_mut(&id) {
            trace.should_keep = true;
        }
    }

    /// Returns whether a trace is in the buffer and is to be kept completely.
    pub(super) fn is_kept(&self, id: TraceId) -> bool {
        self.traces.get(&id).is_some_and(|trace| trace.should_keep)
    }

    /// Adds a trace to the queue of decisions, because an operation of the trace ended at `at`, in nanoseconds, without
    /// an error or missed objective. A trace that is in the queue keeps its earlier moment.
    pub(super) fn schedule_decision(&mut self, id: TraceId, at: u64) {
        if let Some(trace) = self.traces.get_mut(&id)
            && !trace.is_awaiting_decision
        {
            trace.is_awaiting_decision = true;
            self.awaiting_decision.push_back((at, id));
        }
        // Traces that have left the buffer are removed at the front, except behind a trace that stays open.
        if self.awaiting_decision.len() > 2 * self.traces.len() + 1_024 {
            let traces = &self.traces;
            self.awaiting_decision.retain(|(_, id)| traces.get(id).is_some_and(|trace| trace.is_awaiting_decision));
        }
    }

    /// Takes the first trace off the queue of decisions if its operation ended at `until` (nanoseconds) or earlier, and
    /// returns its id; `None` if no trace is due. The trace stays in the buffer. Traces that have left the buffer are
    /// skipped.
    pub(super) fn pop_due(&mut self, until: u64) -> Option<TraceId> {
        while let Some(&(at, id)) = self.awaiting_decision.front()
            && at <= until
        {
            self.awaiting_decision.pop_front();
            let trace = self.traces.get_mut(&id);
            if trace.is_some_and(|trace| std::mem::take(&mut trace.is_awaiting_decision)) {
                return Some(id);
            }
        }
        None
    }

    /// Removes and returns the buffered spans of a trace, in the order of their ends. The trace stays in the buffer.
    pub(super) fn take_spans(&mut self, id: TraceId) -> Vec<SpanData> {
        let Some(trace) = self.traces.get_mut(&id) else { return Vec::new() };
        let spans = std::mem::take(&mut trace.spans);
        if !spans.is_empty() {
            self.eviction_order.remove(&trace.sequence);
            self.span_count -= spans.len();
            self.span_bytes -= spans.iter().map(QueueItem::estimated_bytes).sum::<usize>();
        }
        spans
    }

    /// Removes a trace whose spans were taken. A kept trace is remembered, so that its late spans are kept too, until
    /// 4,096 later traces were kept.
    pub(super) fn remove_trace(&mut self, id: TraceId) {
        let was_kept = self.traces.remove(&id).is_some_and(|trace| trace.should_keep);
        if was_kept && self.recently_kept.insert(id) {
            self.recently_kept_order.push_back(id);
            if self.recently_kept_order.len() > MAX_REMEMBERED_TRACES
                && let Some(oldest) = self.recently_kept_order.pop_front()
            {
                self.recently_kept.remove(&oldest);
            }
        }
        // Most traces end together with their operation and need no later decision.
        while self.awaiting_decision.front().is_some_and(|(_, id)| !self.traces.contains_key(id)) {
            self.awaiting_decision.pop_front();
        }
    }

    /// Marks the buffer as closed: the tail sampler adds no more spans.
    pub(super) const fn close(&mut self) {
        self.is_closed = true;
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Returns the trace whose first buffered span has waited longest; `None` if no spans are buffered.
    pub(super) fn oldest_trace(&self) -> Option<TraceId> {
        self.eviction_order.first_key_value().map(|(_, id)| *id)
    }

    /// Returns the number of buffered spans of all traces.
    pub(super) const fn span_count(&self) -> usize {
        self.span_count
    }

    /// Returns the estimated bytes of the buffered spans of all traces.
    pub(super) const fn span_bytes(&self) -> usize {
        self.span_bytes
    }
}
