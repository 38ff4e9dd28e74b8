//! The buffer of finished spans of open traces, with the traces that must be kept.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;

use opentelemetry::trace::TraceId;
use opentelemetry_sdk::trace::SpanData;

/// The maximum number of finished traces that are remembered as kept.
const REMEMBERED: usize = 4_096;

#[derive(Debug, Default)]
pub(super) struct TailBuffer {
    traces: HashMap<TraceId, BufferedTrace>,
    /// The traces that have buffered spans, ordered by when their first buffered span was added.
    order: BTreeMap<u64, TraceId>,
    next: u64,
    spans: usize,
    /// The traces in which an operation ended without an error or missed objective, with the moment of its end in
    /// nanoseconds.
    settled: VecDeque<(u64, TraceId)>,
    /// The kept traces that ended most recently. Late spans of these traces are kept too.
    recently_kept: HashSet<TraceId>,
    recently_kept_order: VecDeque<TraceId>,
}

#[derive(Debug, Default)]
struct BufferedTrace {
    open: usize,
    spans: Vec<SpanData>,
    /// The key of the trace in `order`, while the trace has buffered spans.
    place: u64,
    should_keep: bool,
    /// True if the trace is in the list of traces in which an operation ended.
    is_awaiting_decision: bool,
}

impl TailBuffer {
    /// Registers the start of a span. New traces beyond `limit` are not tracked.
    pub(super) fn open(&mut self, trace: TraceId, limit: usize) {
        if self.traces.len() < limit || self.traces.contains_key(&trace) {
            self.traces.entry(trace).or_default().open += 1;
        }
    }

    /// Buffers a finished span. Returns whether no span of its trace is open.
    pub(super) fn add(&mut self, span: SpanData) -> bool {
        let id = span.span_context.trace_id();
        let must_be_kept = self.recently_kept.contains(&id);
        let trace = self.traces.entry(id).or_default();
        trace.should_keep |= must_be_kept;
        trace.open = trace.open.saturating_sub(1);
        if trace.spans.is_empty() {
            trace.place = self.next;
            self.order.insert(self.next, id);
            self.next += 1;
        }
        trace.spans.push(span);
        self.spans += 1;
        trace.open == 0
    }

    /// Marks the trace to be kept, including its later spans.
    pub(super) fn keep_trace(&mut self, id: TraceId) {
        if let Some(trace) = self.traces.get_mut(&id) {
            trace.should_keep = true;
        }
    }

    pub(super) fn is_kept(&self, id: TraceId) -> bool {
        self.traces.get(&id).is_some_and(|trace| trace.should_keep)
    }

    /// Records that an operation of the trace ended at `at`, in nanoseconds, without an error or missed objective.
    pub(super) fn settled(&mut self, id: TraceId, at: u64) {
        if let Some(trace) = self.traces.get_mut(&id)
            && !trace.is_awaiting_decision
        {
            trace.is_awaiting_decision = true;
            self.settled.push_back((at, id));
        }
    }

    /// Removes and returns the next trace in which an operation ended at `then` or earlier, in nanoseconds.
    pub(super) fn pop_due(&mut self, then: u64) -> Option<TraceId> {
        while let Some((_, id)) = self.settled.pop_front_if(|(at, _)| *at <= then) {
            let trace = self.traces.get_mut(&id);
            if trace.is_some_and(|trace| std::mem::take(&mut trace.is_awaiting_decision)) {
                return Some(id);
            }
        }
        None
    }

    /// Removes and returns the buffered spans of a trace.
    pub(super) fn take_spans(&mut self, id: TraceId) -> Vec<SpanData> {
        let Some(trace) = self.traces.get_mut(&id) else { return Vec::new() };
        let spans = std::mem::take(&mut trace.spans);
        if !spans.is_empty() {
            self.order.remove(&trace.place);
            self.spans -= spans.len();
        }
        spans
    }

    /// Removes a finished trace. A kept trace is remembered, so that its late spans are kept too.
    pub(super) fn forget(&mut self, id: TraceId) {
        let was_kept = self.traces.remove(&id).is_some_and(|trace| trace.should_keep);
        if was_kept && self.recently_kept.insert(id) {
            self.recently_kept_order.push_back(id);
            if self.recently_kept_order.len() > REMEMBERED
                && let Some(oldest) = self.recently_kept_order.pop_front()
            {
                self.recently_kept.remove(&oldest);
            }
        }
        // Most traces end together with their operation and need no later decision.
        while self.settled.front().is_some_and(|(_, id)| !self.traces.contains_key(id)) {
            self.settled.pop_front();
        }
    }

    /// Returns the trace whose buffered spans have waited longest.
    pub(super) fn oldest(&self) -> Option<TraceId> {
        self.order.first_key_value().map(|(_, id)| *id)
    }

    /// Returns the number of buffered spans.
    pub(super) const fn spans(&self) -> usize {
        self.spans
    }
}
