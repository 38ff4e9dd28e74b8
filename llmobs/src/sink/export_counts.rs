//! What a pipeline sent and lost, kept in integers until an observer's backends are told.
//!
//! The pipeline is set up before any observer, and loses things where nobody may wait: so it only counts, and an
//! observer carries the counts over whenever somebody collects.

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

/// One of the three kinds of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the pipeline carries these three")]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// Each of them, in the order in which they are shut down.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// The signal's name, also the value of `llmobs.signal`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }
}

/// Why an item never reached its collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// The queue was full: more was made than the collector took.
    QueueFull,
    /// Too many spans waited for the end of their traces.
    TailFull,
    /// The collector could not be reached, or took too long, for as long as was tried.
    Unreachable,
    /// The collector refused the request that it was in.
    Refused,
    /// The collector took the request, and refused this item of it.
    Rejected,
    /// It was still waiting when the time to shut down was over, or came after the shutdown.
    Shutdown,
}

impl DropReason {
    /// Each of them.
    pub const ALL: [Self; 6] =
        [Self::QueueFull, Self::TailFull, Self::Unreachable, Self::Refused, Self::Rejected, Self::Shutdown];

    /// The value of `llmobs.drop.reason`.
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

    /// Whether a signal can lose items so: only spans wait for their trace, metrics wait for nothing.
    const fn happens_to(self, signal: Signal) -> bool {
        match self {
            Self::TailFull => matches!(signal, Signal::Traces),
            Self::QueueFull | Self::Shutdown => !matches!(signal, Signal::Metrics),
            Self::Unreachable | Self::Refused | Self::Rejected => true,
        }
    }
}

/// How many exports are remembered until somebody collects.
const REMEMBERED: usize = 1_024;

/// What one signal's exports did.
#[derive(Debug)]
pub(crate) struct ExportCounts {
    signal: Signal,
    /// The most items that may wait; none where nothing waits.
    limit: Option<usize>,
    waiting: AtomicUsize,
    lost: [AtomicU64; DropReason::ALL.len()],
    /// How many of them backends were told of, by whichever observer.
    reported: [AtomicU64; DropReason::ALL.len()],
    sent: AtomicU64,
    /// The moment of the last success, before the first one that of the start.
    succeeded_at: AtomicU64,
    /// Time and error of each export since the last collection.
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

    /// Takes a place for one item, if there is one.
    pub(crate) fn admit(&self) -> bool {
        let limit = self.limit.unwrap_or(usize::MAX);
        let more = |waiting| (waiting < limit).then_some(waiting + 1);
        self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Gives the places of so many items back.
    pub(crate) fn release(&self, items: usize) {
        self.waiting.fetch_sub(items, Ordering::Relaxed);
    }

    pub(crate) fn lose(&self, why: DropReason, items: usize) {
        self.lost[why as usize].fetch_add(items as u64, Ordering::Relaxed);
    }

    pub(crate) fn send(&self, items: usize) {
        self.sent.fetch_add(items as u64, Ordering::Relaxed);
    }

    /// One export took this long, in nanoseconds, and failed in this way, if it did.
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

    /// What was lost since the last time that somebody asked.
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

/// The tallies of a pipeline. One observer tells the backends of them, or every loss would be counted twice.
#[derive(Debug)]
pub(crate) struct PipelineCounts {
    tallies: Vec<Arc<ExportCounts>>,
    is_reported: AtomicBool,
}

/// Those of the pipeline that serves the whole process.
static GLOBAL_COUNTS: Mutex<Option<Arc<PipelineCounts>>> = Mutex::new(None);

impl PipelineCounts {
    pub(crate) const fn new(tallies: Vec<Arc<ExportCounts>>) -> Self {
        Self { tallies, is_reported: AtomicBool::new(false) }
    }

    pub(crate) fn tallies(&self) -> &[Arc<ExportCounts>] {
        &self.tallies
    }

    /// Makes them known to the observers that are built from now on.
    pub(crate) fn serve_process(self: &Arc<Self>) {
        *GLOBAL_COUNTS.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(self));
    }

    /// Those of the pipeline that serves the process, if it has one.
    pub(crate) fn of_process() -> Option<Arc<Self>> {
        GLOBAL_COUNTS.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has these backends told of the tallies, unless others are told already.
    ///
    /// Every instrument is made here and none later: a collection holds a lock of the SDK that a new instrument takes.
    pub(crate) fn report_to(self: &Arc<Self>, sinks: &Arc<Sinks>) -> Option<ExportReporter> {
        if self.is_reported.swap(true, Ordering::AcqRel) {
            return None;
        }
        let books = self.tallies.iter().map(|tally| SignalSeries::new(tally, sinks)).collect();
        Some(ExportReporter { exports: Arc::clone(self), sinks: Arc::clone(sinks), books: Mutex::new(books) })
    }
}

/// Carries tallies over to an observer's backends, for as long as it lives.
#[derive(Debug)]
pub(crate) struct ExportReporter {
    exports: Arc<PipelineCounts>,
    sinks: Arc<Sinks>,
    books: Mutex<Vec<SignalSeries>>,
}

/// What the backends know of one signal.
#[derive(Debug)]
struct SignalSeries {
    tally: Arc<ExportCounts>,
    lost: Vec<(DropReason, SeriesHandle)>,
    succeeded: SeriesHandle,
}

impl ExportReporter {
    /// Tells what happened since the last time.
    pub(crate) fn settle(&self) {
        // Two collections at once would each tell the same.
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

    /// The values of an observable row.
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
