//! Counts of the items that a pipeline, the OTLP exporters of a process, sent and dropped, stored as integers until an
//! observer records them. An item is a span, a log record or a metric data point; a dropped item is lost. The module
//! `otlp` counts, and `ObserverState` holds the `ExportReporter` that records.
//!
//! The pipeline is created before any observer and drops items in code that must not block. It therefore only counts,
//! and observers record the counts at each collection.

mod attempts;
mod reporter;

use std::array;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use self::attempts::AttemptLog;
use self::attempts::ReaderId;
pub(crate) use self::reporter::ExportReporter;
pub(crate) use self::reporter::PipelineCounts;
use crate::clock::Clock;
use crate::semconv::value::ErrorType;
use crate::sync::Mutex;

/// A kind of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the pipeline exports only these three signals")]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// Every signal, in the order of the variants.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// Returns the name of the signal, which is also the value of the label `llmobs.signal`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }
}

/// The reason for which an item, such as a span, was lost: it did not reach the collector, or the collector refused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// The queue was full when the item was created, because more items were created than the collector accepted.
    QueueFull,
    /// Too many spans, or bytes of spans, waited for the end of their traces (tail sampling), so the oldest trace was
    /// decided early, and the sampling ratio did not keep it.
    TailFull,
    /// The collector could not be reached, did not respond in time or temporarily accepted no requests, in every
    /// attempt of the export.
    Unreachable,
    /// The collector refused the whole request that contained the item, the response was not an OTLP response, or the
    /// request could not be built.
    Refused,
    /// The collector accepted the request but rejected this item of it (partial success).
    Rejected,
    /// The item was not sent before the time for the shutdown ended, or arrived after the shutdown.
    Shutdown,
}

impl DropReason {
    /// Every drop reason, in the order of the variants.
    pub const ALL: [Self; 6] =
        [Self::QueueFull, Self::TailFull, Self::Unreachable, Self::Refused, Self::Rejected, Self::Shutdown];

    /// Returns the name of the reason, which is also the value of the label `llmobs.drop.reason`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::TailFull => "tail_full",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Shutdown => "shutdown",
        }
    }

    /// Returns whether dropped items of a signal have a series for this reason: only spans wait for their trace, and
    /// metrics have no queue. Delta metrics that a shutdown drops have no series.
    const fn applies_to(self, signal: Signal) -> bool {
        match self {
            Self::TailFull => matches!(signal, Signal::Traces),
            Self::QueueFull | Self::Shutdown => !matches!(signal, Signal::Metrics),
            Self::Unreachable | Self::Refused | Self::Rejected => true,
        }
    }
}

/// The limits of the items that wait to be sent or are in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueLimit {
    /// The maximum number of items.
    pub(crate) items: usize,
    /// The maximum of their estimated bytes in memory.
    pub(crate) bytes: usize,
}

impl QueueLimit {
    /// Returns the bytes in a queue with `queued` bytes after an item of `added` bytes was added; `None` if they exceed
    /// the maximum. An item of any size fits into an empty queue.
    fn bytes_with(self, queued: usize, added: usize) -> Option<usize> {
        let total = queued.checked_add(added)?;
        (queued == 0 || total <= self.bytes).then_some(total)
    }
}

/// The numbers of items of one signal that were queued, sent and dropped, and the durations of its exports.
#[derive(Debug)]
pub(crate) struct ExportCounts {
    signal: Signal,
    /// `None` for a signal without a queue.
    queue_limit: Option<QueueLimit>,
    /// The items in the queue now, reserved for it, or in flight.
    queued: AtomicUsize,
    /// The estimated bytes of the items in `queued`.
    queued_bytes: AtomicUsize,
    /// The number of items that were taken from the queue and are not yet sent or dropped.
    in_flight: AtomicUsize,
    /// The items dropped since the creation, by reason.
    dropped: [AtomicU64; DropReason::ALL.len()],
    /// The dropped items that an observer has already recorded in OpenTelemetry, by reason.
    exported: [AtomicU64; DropReason::ALL.len()],
    /// The items that the collector accepted since the creation.
    sent: AtomicU64,
    /// The moment of the last successful export on the monotonic clock, initially the moment of creation, in
    /// nanoseconds.
    last_success_at: AtomicU64,
    /// The attempts of exports that an observer has yet to record.
    attempts: Mutex<AttemptLog>,
    clock: Clock,
}

impl ExportCounts {
    /// Returns counts of zero. `queue_limit` is `None` for a signal without a queue.
    pub(crate) fn new(signal: Signal, queue_limit: Option<QueueLimit>) -> Self {
        let clock = Clock::system();
        Self {
            signal,
            queue_limit,
            queued: AtomicUsize::new(0),
            queued_bytes: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            dropped: array::from_fn(|_| AtomicU64::new(0)),
            exported: array::from_fn(|_| AtomicU64::new(0)),
            sent: AtomicU64::new(0),
            last_success_at: AtomicU64::new(clock.now().as_nanos()),
            attempts: Mutex::default(),
            clock,
        }
    }

    /// Returns the signal of these counts.
    pub(crate) const fn signal(&self) -> Signal {
        self.signal
    }

    /// Reserves a place in the queue for one item of this size in bytes. Returns `false`, and reserves none, if the
    /// queue contains the maximum number of items or the item would exceed the maximum of bytes. An item of any size
    /// fits into an empty queue. Always returns `true` for a signal without a queue.
    pub(crate) fn try_reserve(&self, bytes: usize) -> bool {
        let Some(limit) = self.queue_limit else { return true };
        let reserve_bytes = |queued| limit.bytes_with(queued, bytes);
        if self.queued_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, reserve_bytes).is_err() {
            return false;
        }
        let reserve_item = |queued| (queued < limit.items).then_some(queued + 1);
        let is_reserved = self.queued.fetch_update(Ordering::Relaxed, Ordering::Relaxed, reserve_item).is_ok();
        if !is_reserved {
            self.release_bytes(bytes);
        }
        is_reserved
    }

    /// Returns whether the queue has room for one item of this size in bytes; always `true` for a signal without a
    /// queue.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        let has_room = |limit: QueueLimit| {
            let queued = self.queued_bytes.load(Ordering::Relaxed);
            self.queued() < limit.items && limit.bytes_with(queued, bytes).is_some()
        };
        self.queue_limit.is_none_or(has_room)
    }

    /// Reserves a place for one item of this size in bytes, also if the queue is full.
    pub(crate) fn reserve(&self, bytes: usize) {
        self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.queued.fetch_add(1, Ordering::Relaxed);
    }

    /// Releases the places of this number of items, which must have been reserved.
    pub(crate) fn release(&self, items: usize) {
        self.queued.fetch_sub(items, Ordering::Relaxed);
    }

    /// Releases this number of bytes, which must have been reserved.
    pub(crate) fn release_bytes(&self, bytes: usize) {
        let release = |queued: usize| Some(queued.saturating_sub(bytes));
        let _ = self.queued_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, release);
    }

    /// Records that this number of items were taken from the queue to be sent. They keep their places.
    pub(crate) fn start(&self, items: usize) {
        self.in_flight.fetch_add(items, Ordering::Relaxed);
    }

    /// Records that this number of items in flight were sent or dropped, and releases their places, but not their
    /// bytes. Does nothing for a signal without a queue.
    pub(crate) fn finish(&self, items: usize) {
        if self.queue_limit.is_some() {
            self.in_flight.fetch_sub(items, Ordering::Relaxed);
            self.release(items);
        }
    }

    /// Returns the number of items in flight and sets it to zero. Called when no task sends them any longer.
    pub(crate) fn take_in_flight(&self) -> usize {
        self.in_flight.swap(0, Ordering::Relaxed)
    }

    /// Counts items that were dropped for a reason.
    pub(crate) fn add_dropped(&self, reason: DropReason, items: usize) {
        self.dropped[reason as usize].fetch_add(items as u64, Ordering::Relaxed);
    }

    /// Counts items that the collector accepted.
    pub(crate) fn add_sent(&self, items: usize) {
        self.sent.fetch_add(items as u64, Ordering::Relaxed);
    }

    /// Stores the duration in nanoseconds of one attempt of an export, and its error if the attempt failed. An attempt
    /// without an error is the last success.
    pub(crate) fn record_export(&self, nanos: u64, error: Option<ErrorType>) {
        if error.is_none() {
            self.last_success_at.store(self.clock.now().as_nanos(), Ordering::Relaxed);
        }
        self.attempts.lock().push((nanos, error));
    }

    /// Returns the current moment on the system's monotonic clock, in nanoseconds.
    pub(crate) fn now_nanos(&self) -> u64 {
        self.clock.now().as_nanos()
    }

    /// Returns the number of items that are in the queue, reserved for it, or in flight.
    pub(crate) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Returns the number of items that the collector accepted since the creation.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Returns the number of items dropped for a reason since the creation.
    pub(crate) fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize].load(Ordering::Relaxed)
    }

    /// Returns the number of items dropped that OpenTelemetry has not received, and marks them as received.
    fn take_unexported(&self, reason: DropReason) -> u64 {
        let total = self.dropped(reason);
        total - self.exported[reason as usize].swap(total, Ordering::Relaxed)
    }

    /// Returns the attempts that a reader has not read, and the number of those that were discarded before.
    fn take_attempts(&self, reader: ReaderId) -> (Vec<attempts::Attempt>, u64) {
        self.attempts.lock().take(reader)
    }

    /// Returns the number of items dropped for any reason since the creation.
    pub(crate) fn total_dropped(&self) -> u64 {
        DropReason::ALL.iter().map(|reason| self.dropped(*reason)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_admits_items_up_to_its_limit_and_again_after_a_release() {
        let counts = ExportCounts::new(Signal::Logs, Some(QueueLimit { items: 2, bytes: 10 }));
        assert_eq!([1, 1, 1].map(|bytes| counts.try_reserve(bytes)), [true, true, false]);
        counts.release(1);
        counts.release_bytes(1);
        assert_eq!([10, 9, 1].map(|bytes| counts.try_reserve(bytes)), [false, true, false]);
        assert_eq!(counts.queued(), 2);
    }

    #[test]
    fn the_value_of_a_drop_reason_is_its_index() {
        assert!(DropReason::ALL.iter().enumerate().all(|(index, reason)| *reason as usize == index));
    }
}
