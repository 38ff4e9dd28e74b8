//! The finished spans of traces that are not over, and which traces must be kept.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;

use opentelemetry::trace::TraceId;
use opentelemetry_sdk::trace::SpanData;

/// How many traces are remembered that were kept although they are not in the share.
const REMEMBERED: usize = 4_096;

#[derive(Debug, Default)]
pub(super) struct TailBuffer {
    traces: HashMap<TraceId, BufferedTrace>,
    /// The traces that hold spans, by when they began to.
    order: BTreeMap<u64, TraceId>,
    next: u64,
    spans: usize,
    /// The traces in which an operation ended well, by when.
    settled: VecDeque<(u64, TraceId)>,
    /// The last traces that were kept and are over: a late span of theirs is kept too.
    recently_kept: HashSet<TraceId>,
    recently_kept_order: VecDeque<TraceId>,
}

#[derive(Debug, Default)]
struct BufferedTrace {
    open: usize,
    spans: Vec<SpanData>,
    /// Its place in the order, while it holds spans.
    place: u64,
    should_keep: bool,
    /// It stands among those in which an operation ended well.
    is_awaiting_decision: bool,
}

impl TailBuffer {
    /// A span of this trace began. Of more traces than this, none is followed.
    pub(super) fn open(&mut self, trace: TraceId, limit: usize) {
        if self.traces.len() < limit || self.traces.contains_key(&trace) {
            self.traces.entry(trace).or_default().open += 1;
        }
    }

    /// Holds a span that ended; tells whether nothing of its trace is open now.
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

    /// The trace must be kept, with all that still comes.
    pub(super) fn keep_trace(&mut self, id: TraceId) {
        if let Some(trace) = self.traces.get_mut(&id) {
            trace.should_keep = true;
        }
    }

    pub(super) fn is_kept(&self, id: TraceId) -> bool {
        self.traces.get(&id).is_some_and(|trace| trace.should_keep)
    }

    /// An operation of the trace ended well at this moment.
    pub(super) fn settled(&mut self, id: TraceId, at: u64) {
        if let Some(trace) = self.traces.get_mut(&id)
            && !trace.is_awaiting_decision
        {
            trace.is_awaiting_decision = true;
            self.settled.push_back((at, id));
        }
    }

    /// A trace in which an operation ended well by then.
    pub(super) fn pop_due(&mut self, then: u64) -> Option<TraceId> {
        while let Some((_, id)) = self.settled.pop_front_if(|(at, _)| *at <= then) {
            let trace = self.traces.get_mut(&id);
            if trace.is_some_and(|trace| std::mem::take(&mut trace.is_awaiting_decision)) {
                return Some(id);
            }
        }
        None
    }

    /// The spans that the trace holds.
    pub(super) fn take_spans(&mut self, id: TraceId) -> Vec<SpanData> {
        let Some(trace) = self.traces.get_mut(&id) else { return Vec::new() };
        let spans = std::mem::take(&mut trace.spans);
        if !spans.is_empty() {
            self.order.remove(&trace.place);
            self.spans -= spans.len();
        }
        spans
    }

    /// Forgets a trace that is over, but not that it was kept.
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
        // Most traces end together with their operation, and need not be looked at again.
        while self.settled.front().is_some_and(|(_, id)| !self.traces.contains_key(id)) {
            self.settled.pop_front();
        }
    }

    /// The trace that has held spans for the longest time.
    pub(super) fn oldest(&self) -> Option<TraceId> {
        self.order.first_key_value().map(|(_, id)| *id)
    }

    /// How many spans are held.
    pub(super) const fn spans(&self) -> usize {
        self.spans
    }
}
