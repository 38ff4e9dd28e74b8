//! Counts of the items that a pipeline sent and dropped, stored as integers until an observer records them.
//!
//! The pipeline is created before any observer and drops items in code that must not block. It therefore only counts,
//! and an observer records the counts at each collection.

use std::array;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use super::SeriesHandle;
use super::Sinks;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::clock::Clock;
use crate::clock::nanos_to_seconds;
use crate::measurement::Label;
use crate::measurement::Observation;
use crate::number::count_to_f64;
use crate::semconv::attribute as a;
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
    /// Every signal, in the order in which the signals are shut down.
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

/// The reason for which an item did not reach the collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// The queue was full, because more items were created than the collector accepted.
    QueueFull,
    /// Too many spans waited for the end of their traces (tail sampling).
    TailFull,
    /// The collector could not be reached or did not respond in time, in every attempt of the export.
    Unreachable,
    /// The collector refused the whole request that contained the item.
    Refused,
    /// The collector accepted the request but rejected this item of it (partial success).
    Rejected,
    /// The item was still queued when the time for the shutdown ended, or arrived after the shutdown.
    Shutdown,
}

impl DropReason {
    /// Every drop reason.
    pub const ALL: [Self; 6] =
        [Self::QueueFull, Self::TailFull, Self::Unreachable, Self::Refused, Self::Rejected, Self::Shutdown];

    /// Returns the value of the label `llmobs.drop.reason`.
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

    /// Returns whether items of a signal can be dropped for this reason: only spans wait for their trace, and metrics
    /// have no queue.
    const fn applies_to(self, signal: Signal) -> bool {
        match self {
            Self::TailFull => matches!(signal, Signal::Traces),
            Self::QueueFull | Self::Shutdown => !matches!(signal, Signal::Metrics),
            Self::Unreachable | Self::Refused | Self::Rejected => true,
        }
    }
}

/// The maximum number of exports whose durations are stored until a collection.
const MAX_UNREPORTED_EXPORTS: usize = 1_024;

/// The export counts of one signal.
#[derive(Debug)]
pub(crate) struct ExportCounts {
    signal: Signal,
    /// The maximum number of queued items; `None` for a signal without a queue.
    queue_limit: Option<usize>,
    queued: AtomicUsize,
    dropped: [AtomicU64; DropReason::ALL.len()],
    /// The dropped items that an observer has already recorded, by reason.
    reported: [AtomicU64; DropReason::ALL.len()],
    sent: AtomicU64,
    /// The moment of the last successful export, initially the moment of creation, in nanoseconds.
    last_success_at: AtomicU64,
    /// The duration in nanoseconds and the error of each export since the last collection.
    unreported_exports: Mutex<Vec<(u64, Option<ErrorType>)>>,
    clock: Clock,
}

impl ExportCounts {
    pub(crate) fn new(signal: Signal, queue_limit: Option<usize>) -> Self {
        let clock = Clock::system();
        Self {
            signal,
            queue_limit,
            queued: AtomicUsize::new(0),
            dropped: array::from_fn(|_| AtomicU64::new(0)),
            reported: array::from_fn(|_| AtomicU64::new(0)),
            sent: AtomicU64::new(0),
            last_success_at: AtomicU64::new(clock.now().as_nanos()),
            unreported_exports: Mutex::default(),
            clock,
        }
    }

    pub(crate) const fn signal(&self) -> Signal {
        self.signal
    }

    /// Reserves a place in the queue for one item. Returns false if the queue is full.
    pub(crate) fn try_reserve(&self) -> bool {
        let limit = self.queue_limit.unwrap_or(usize::MAX);
        let reserve = |queued| (queued < limit).then_some(queued + 1);
        self.queued.fetch_update(Ordering::Relaxed, Ordering::Relaxed, reserve).is_ok()
    }

    /// Releases the places of `items` items.
    pub(crate) fn release(&self, items: usize) {
        self.queued.fetch_sub(items, Ordering::Relaxed);
    }

    pub(crate) fn add_dropped(&self, reason: DropReason, items: usize) {
        self.dropped[reason as usize].fetch_add(items as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_sent(&self, items: usize) {
        self.sent.fetch_add(items as u64, Ordering::Relaxed);
    }

    /// Records the duration of one export in nanoseconds, and its error if the export failed.
    pub(crate) fn record_export(&self, nanos: u64, error: Option<ErrorType>) {
        if error.is_none() {
            self.last_success_at.store(self.clock.now().as_nanos(), Ordering::Relaxed);
        }
        let mut exports = self.unreported_exports.lock();
        if exports.len() < MAX_UNREPORTED_EXPORTS {
            exports.push((nanos, error));
        }
    }

    pub(crate) fn now_nanos(&self) -> u64 {
        self.clock.now().as_nanos()
    }

    pub(crate) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize].load(Ordering::Relaxed)
    }

    /// Returns the number of items dropped since the previous call, and marks them as recorded.
    fn take_unreported(&self, reason: DropReason) -> u64 {
        let total = self.dropped(reason);
        total - self.reported[reason as usize].swap(total, Ordering::Relaxed)
    }

    pub(crate) fn total_dropped(&self) -> u64 {
        DropReason::ALL.iter().map(|reason| self.dropped(*reason)).sum()
    }
}

/// The export counts of a pipeline. Only one observer records them, because otherwise each dropped item would be
/// counted twice.
#[derive(Debug)]
pub(crate) struct PipelineCounts {
    counts: Vec<Arc<ExportCounts>>,
    is_reported: AtomicBool,
}

/// The counts of the pipeline that is installed for the whole process.
static GLOBAL_COUNTS: Mutex<Option<Arc<PipelineCounts>>> = Mutex::new(None);

impl PipelineCounts {
    pub(crate) const fn new(counts: Vec<Arc<ExportCounts>>) -> Self {
        Self { counts, is_reported: AtomicBool::new(false) }
    }

    pub(crate) fn counts(&self) -> &[Arc<ExportCounts>] {
        &self.counts
    }

    /// Makes the counts available to the observers that are built after this call.
    pub(crate) fn install_global(self: &Arc<Self>) {
        *GLOBAL_COUNTS.lock() = Some(Arc::clone(self));
    }

    /// Returns the counts of the pipeline that is installed for the process, if there is one.
    pub(crate) fn global() -> Option<Arc<Self>> {
        GLOBAL_COUNTS.lock().clone()
    }

    /// Starts to record the counts in these sinks. Returns `None` if another observer already records them.
    ///
    /// All instruments are created here and not later, because a collection holds a lock of the SDK that creating an
    /// instrument needs.
    pub(crate) fn report_to(self: &Arc<Self>, sinks: &Arc<Sinks>) -> Option<ExportReporter> {
        if self.is_reported.swap(true, Ordering::AcqRel) {
            return None;
        }
        let series = self.counts.iter().map(|counts| SignalSeries::new(counts, sinks)).collect();
        Some(ExportReporter { counts: Arc::clone(self), sinks: Arc::clone(sinks), series: Mutex::new(series) })
    }
}

/// Records export counts in the sinks of an observer, until it is dropped.
#[derive(Debug)]
pub(crate) struct ExportReporter {
    counts: Arc<PipelineCounts>,
    sinks: Arc<Sinks>,
    series: Mutex<Vec<SignalSeries>>,
}

/// The series of one signal.
#[derive(Debug)]
struct SignalSeries {
    counts: Arc<ExportCounts>,
    dropped: Vec<(DropReason, SeriesHandle)>,
    success_duration: SeriesHandle,
}

impl ExportReporter {
    /// Records the changes since the previous call.
    pub(crate) fn record_pending(&self) {
        // The lock prevents two concurrent collections from recording the same changes.
        for series in &*self.series.lock() {
            for (reason, handle) in &series.dropped {
                handle.add(series.counts.take_unreported(*reason));
            }
            for (nanos, error) in std::mem::take(&mut *series.counts.unreported_exports.lock()) {
                let error_duration = error
                    .map(|error| self.sinks.bind(RowId::ExportDuration, &export_labels(&series.counts, Some(error))));
                error_duration.as_ref().unwrap_or(&series.success_duration).record(nanos_to_seconds(nanos), None);
            }
        }
    }

    /// Returns the values of an observable row.
    pub(crate) fn read(&self, id: RowId) -> Vec<Observation> {
        let value = |counts: &ExportCounts| match id {
            RowId::ExportAge => Some(nanos_to_seconds(
                counts.now_nanos().saturating_sub(counts.last_success_at.load(Ordering::Relaxed)),
            )),
            RowId::ExportQueueUsage => counts.queue_limit.map(|_| count_to_f64(counts.queued())),
            _ => None,
        };
        let reading = |counts: &Arc<ExportCounts>| {
            Some(Observation { labels: export_labels(counts, None), value: value(counts)? })
        };
        self.counts.counts.iter().filter_map(reading).collect()
    }
}

impl Drop for ExportReporter {
    fn drop(&mut self) {
        self.counts.is_reported.store(false, Ordering::Release);
    }
}

impl SignalSeries {
    fn new(counts: &Arc<ExportCounts>, sinks: &Sinks) -> Self {
        if let Some(limit) = counts.queue_limit {
            sinks.bind(RowId::ExportQueueLimit, &export_labels(counts, None)).set(count_to_f64(limit));
        }
        let bind_dropped = |reason: DropReason| {
            let reason_label = Label::new(llmobs_attribute::DROP_REASON, reason.as_str());
            let handle = sinks.bind(RowId::DroppedItems, &[export_labels(counts, None), vec![reason_label]].concat());
            handle.add(0);
            (reason, handle)
        };
        Self {
            dropped: DropReason::ALL
                .into_iter()
                .filter(|reason| reason.applies_to(counts.signal))
                .map(bind_dropped)
                .collect(),
            success_duration: sinks.bind(RowId::ExportDuration, &export_labels(counts, None)),
            counts: Arc::clone(counts),
        }
    }
}

fn export_labels(counts: &ExportCounts, error: Option<ErrorType>) -> Vec<Label> {
    let signal = Label::new(llmobs_attribute::SIGNAL, counts.signal.as_str());
    [signal].into_iter().chain(error.map(|error| Label::new(a::ERROR_TYPE, error.as_str()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_admits_items_up_to_its_limit_and_again_after_a_release() {
        let counts = ExportCounts::new(Signal::Logs, Some(2));
        assert_eq!([counts.try_reserve(), counts.try_reserve(), counts.try_reserve()], [true, true, false]);
        counts.release(1);
        assert_eq!([counts.try_reserve(), counts.try_reserve()], [true, false]);
        assert_eq!(counts.queued(), 2);
    }

    #[test]
    fn the_number_of_unreported_exports_is_bounded() {
        let counts = ExportCounts::new(Signal::Metrics, None);
        (0..5_000).for_each(|_| counts.record_export(1, Some(ErrorType::Upstream)));
        assert_eq!(counts.unreported_exports.lock().len(), MAX_UNREPORTED_EXPORTS);
    }

    #[test]
    fn the_value_of_a_drop_reason_is_its_index() {
        assert!(DropReason::ALL.iter().enumerate().all(|(index, reason)| *reason as usize == index));
    }
}
