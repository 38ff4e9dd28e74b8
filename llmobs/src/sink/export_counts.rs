//! Counts of the items that a pipeline sent and dropped, stored as integers until an observer records them.
//!
//! The pipeline is created before any observer and drops items in code that must not block. It therefore only counts,
//! and an observer records the counts at each collection.

use std::array;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use super::SeriesHandle;
use super::Sinks;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::clock::Clock;
use crate::clock::seconds;
use crate::measurement::Label;
use crate::measurement::Observation;
use crate::semconv::attribute as a;
use crate::semconv::value::ErrorType;

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
    const fn happens_to(self, signal: Signal) -> bool {
        match self {
            Self::TailFull => matches!(signal, Signal::Traces),
            Self::QueueFull | Self::Shutdown => !matches!(signal, Signal::Metrics),
            Self::Unreachable | Self::Refused | Self::Rejected => true,
        }
    }
}

/// The maximum number of exports whose durations are stored until a collection.
const REMEMBERED: usize = 1_024;

/// The export counts of one signal.
#[derive(Debug)]
pub(crate) struct ExportCounts {
    signal: Signal,
    /// The maximum number of queued items; `None` for a signal without a queue.
    limit: Option<usize>,
    waiting: AtomicUsize,
    lost: [AtomicU64; DropReason::ALL.len()],
    /// The dropped items that an observer has already recorded, by reason.
    reported: [AtomicU64; DropReason::ALL.len()],
    sent: AtomicU64,
    /// The moment of the last successful export, initially the moment of creation, in nanoseconds.
    succeeded_at: AtomicU64,
    /// The duration in nanoseconds and the error of each export since the last collection.
    exports: Mutex<Vec<(u64, Option<ErrorType>)>>,
    clock: Clock,
}

impl ExportCounts {
    pub(crate) fn new(signal: Signal, limit: Option<usize>) -> Self {
        let clock = Clock::system();
        Self {
            signal,
            limit,
            waiting: AtomicUsize::new(0),
            lost: array::from_fn(|_| AtomicU64::new(0)),
            reported: array::from_fn(|_| AtomicU64::new(0)),
            sent: AtomicU64::new(0),
            succeeded_at: AtomicU64::new(clock.now().as_nanos()),
            exports: Mutex::default(),
            clock,
        }
    }

    pub(crate) const fn signal(&self) -> Signal {
        self.signal
    }

    /// Reserves a place in the queue for one item. Returns false if the queue is full.
    pub(crate) fn admit(&self) -> bool {
        let limit = self.limit.unwrap_or(usize::MAX);
        let more = |waiting| (waiting < limit).then_some(waiting + 1);
        self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Releases the places of `items` items.
    pub(crate) fn release(&self, items: usize) {
        self.waiting.fetch_sub(items, Ordering::Relaxed);
    }

    pub(crate) fn lose(&self, why: DropReason, items: usize) {
        self.lost[why as usize].fetch_add(items as u64, Ordering::Relaxed);
    }

    pub(crate) fn send(&self, items: usize) {
        self.sent.fetch_add(items as u64, Ordering::Relaxed);
    }

    /// Records the duration of one export in nanoseconds, and its error if the export failed.
    pub(crate) fn exported(&self, nanos: u64, error: Option<ErrorType>) {
        if error.is_none() {
            self.succeeded_at.store(self.clock.now().as_nanos(), Ordering::Relaxed);
        }
        let mut exports = self.exports();
        if exports.len() < REMEMBERED {
            exports.push((nanos, error));
        }
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.now().as_nanos()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn lost(&self, why: DropReason) -> u64 {
        self.lost[why as usize].load(Ordering::Relaxed)
    }

    /// Returns the number of items dropped since the previous call, and marks them as recorded.
    fn untold(&self, why: DropReason) -> u64 {
        let lost = self.lost(why);
        lost - self.reported[why as usize].swap(lost, Ordering::Relaxed)
    }

    pub(crate) fn all_lost(&self) -> u64 {
        DropReason::ALL.iter().map(|why| self.lost(*why)).sum()
    }

    fn exports(&self) -> MutexGuard<'_, Vec<(u64, Option<ErrorType>)>> {
        self.exports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The export counts of a pipeline. Only one observer records them, because otherwise each dropped item would be
/// counted twice.
#[derive(Debug)]
pub(crate) struct PipelineCounts {
    tallies: Vec<Arc<ExportCounts>>,
    is_reported: AtomicBool,
}

/// The counts of the pipeline that is installed for the whole process.
static GLOBAL_COUNTS: Mutex<Option<Arc<PipelineCounts>>> = Mutex::new(None);

impl PipelineCounts {
    pub(crate) const fn new(tallies: Vec<Arc<ExportCounts>>) -> Self {
        Self { tallies, is_reported: AtomicBool::new(false) }
    }

    pub(crate) fn tallies(&self) -> &[Arc<ExportCounts>] {
        &self.tallies
    }

    /// Makes the counts available to the observers that are built after this call.
    pub(crate) fn serve_process(self: &Arc<Self>) {
        *GLOBAL_COUNTS.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(self));
    }

    /// Returns the counts of the pipeline that is installed for the process, if there is one.
    pub(crate) fn of_process() -> Option<Arc<Self>> {
        GLOBAL_COUNTS.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts to record the counts in these sinks. Returns `None` if another observer already records them.
    ///
    /// All instruments are created here and not later, because a collection holds a lock of the SDK that creating an
    /// instrument needs.
    pub(crate) fn report_to(self: &Arc<Self>, sinks: &Arc<Sinks>) -> Option<ExportReporter> {
        if self.is_reported.swap(true, Ordering::AcqRel) {
            return None;
        }
        let books = self.tallies.iter().map(|tally| SignalSeries::new(tally, sinks)).collect();
        Some(ExportReporter { exports: Arc::clone(self), sinks: Arc::clone(sinks), books: Mutex::new(books) })
    }
}

/// Records export counts in the sinks of an observer, until it is dropped.
#[derive(Debug)]
pub(crate) struct ExportReporter {
    exports: Arc<PipelineCounts>,
    sinks: Arc<Sinks>,
    books: Mutex<Vec<SignalSeries>>,
}

/// The series of one signal.
#[derive(Debug)]
struct SignalSeries {
    tally: Arc<ExportCounts>,
    lost: Vec<(DropReason, SeriesHandle)>,
    succeeded: SeriesHandle,
}

impl ExportReporter {
    /// Records the changes since the previous call.
    pub(crate) fn settle(&self) {
        // The lock prevents two concurrent collections from recording the same changes.
        for book in &*self.books.lock().unwrap_or_else(PoisonError::into_inner) {
            for (why, handle) in &book.lost {
                handle.add(book.tally.untold(*why));
            }
            for (nanos, error) in std::mem::take(&mut *book.tally.exports()) {
                let failed =
                    error.map(|error| self.sinks.bind(RowId::ExportDuration, &labels(&book.tally, Some(error))));
                failed.as_ref().unwrap_or(&book.succeeded).record(seconds(nanos), None);
            }
        }
    }

    /// Returns the values of an observable row.
    pub(crate) fn read(&self, id: RowId) -> Vec<Observation> {
        let value = |tally: &ExportCounts| match id {
            RowId::ExportAge => Some(seconds(tally.now().saturating_sub(tally.succeeded_at.load(Ordering::Relaxed)))),
            RowId::ExportQueueUsage => tally.limit.map(|_| count(tally.waiting())),
            _ => None,
        };
        let reading =
            |tally: &Arc<ExportCounts>| Some(Observation { labels: labels(tally, None), value: value(tally)? });
        self.exports.tallies.iter().filter_map(reading).collect()
    }
}

impl Drop for ExportReporter {
    fn drop(&mut self) {
        self.exports.is_reported.store(false, Ordering::Release);
    }
}

impl SignalSeries {
    fn new(tally: &Arc<ExportCounts>, sinks: &Sinks) -> Self {
        if let Some(limit) = tally.limit {
            sinks.bind(RowId::ExportQueueLimit, &labels(tally, None)).set(count(limit));
        }
        let of = |why: DropReason| {
            let reason = Label::new(llmobs_attribute::DROP_REASON, why.as_str());
            let handle = sinks.bind(RowId::DroppedItems, &[labels(tally, None), vec![reason]].concat());
            handle.add(0);
            (why, handle)
        };
        Self {
            lost: DropReason::ALL.into_iter().filter(|why| why.happens_to(tally.signal)).map(of).collect(),
            succeeded: sinks.bind(RowId::ExportDuration, &labels(tally, None)),
            tally: Arc::clone(tally),
        }
    }
}

fn labels(tally: &ExportCounts, error: Option<ErrorType>) -> Vec<Label> {
    let signal = Label::new(llmobs_attribute::SIGNAL, tally.signal.as_str());
    [signal].into_iter().chain(error.map(|error| Label::new(a::ERROR_TYPE, error.as_str()))).collect()
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
const fn count(items: usize) -> f64 {
    items as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_admits_as_many_as_its_limit_and_again_as_many_as_left() {
        let tally = ExportCounts::new(Signal::Logs, Some(2));
        assert_eq!([tally.admit(), tally.admit(), tally.admit()], [true, true, false]);
        tally.release(1);
        assert_eq!([tally.admit(), tally.admit()], [true, false]);
        assert_eq!(tally.waiting(), 2);
    }

    #[test]
    fn what_exports_are_remembered_is_bounded() {
        let tally = ExportCounts::new(Signal::Metrics, None);
        (0..5_000).for_each(|_| tally.exported(1, Some(ErrorType::Upstream)));
        assert_eq!(tally.exports().len(), REMEMBERED);
    }

    #[test]
    fn a_reason_stands_at_its_place() {
        assert!(DropReason::ALL.iter().enumerate().all(|(place, why)| *why as usize == place));
    }
}
