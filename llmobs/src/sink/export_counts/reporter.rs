//! Recording of the counts of a pipeline by observers: each on its own Prometheus page, one of them in OpenTelemetry.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::DropReason;
use super::ExportCounts;
use super::QueueLimit;
use super::attempts::ReaderId;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::clock::nanos_to_seconds;
use crate::measurement::Label;
use crate::measurement::Observation;
use crate::number::count_to_f64;
use crate::semconv::attribute as a;
use crate::semconv::value::ErrorType;
use crate::sink::Sinks;
use crate::sink::otel::BoundInstrument;
use crate::sink::prometheus::SeriesValue;
use crate::sync::Mutex;

/// The export counts of all signals of a pipeline. Each observer that reports them records all of them on its Prometheus
/// page. Only one at a time also records them in OpenTelemetry: the observers of a process usually have one meter
/// provider, which would add their values up.
#[derive(Debug)]
pub(crate) struct PipelineCounts {
    counts: Vec<Arc<ExportCounts>>,
    /// Set while an observer records these counts in OpenTelemetry.
    is_exported: AtomicBool,
    /// The number of the last page that reports these counts.
    last_page: AtomicU64,
}

/// The reader of the attempts that are recorded in OpenTelemetry; the pages have the numbers from 1.
const OTEL_READER: ReaderId = 0;

/// The counts of the pipeline that is installed for the whole process.
static GLOBAL_COUNTS: Mutex<Option<Arc<PipelineCounts>>> = Mutex::new(None);

impl PipelineCounts {
    /// Returns the counts of a pipeline, with one entry for each signal that it exports.
    pub(crate) const fn new(counts: Vec<Arc<ExportCounts>>) -> Self {
        Self { counts, is_exported: AtomicBool::new(false), last_page: AtomicU64::new(OTEL_READER) }
    }

    /// Returns the counts of each signal.
    pub(crate) fn counts(&self) -> &[Arc<ExportCounts>] {
        &self.counts
    }

    /// Makes the counts those of the process, in place of earlier ones: observers that are built after this call record
    /// them.
    pub(crate) fn install_global(self: &Arc<Self>) {
        *GLOBAL_COUNTS.lock() = Some(Arc::clone(self));
    }

    /// Returns the counts of the pipeline that is installed for the process, if there is one.
    pub(crate) fn global() -> Option<Arc<Self>> {
        GLOBAL_COUNTS.lock().clone()
    }

    /// Starts to record the counts in these sinks, until the returned reporter is dropped.
    ///
    /// All instruments are created here and not later, because a collection holds a lock of the SDK that creating an
    /// instrument needs.
    pub(crate) fn report_to(self: &Arc<Self>, sinks: &Arc<Sinks>) -> ExportReporter {
        for id in [RowId::DroppedItems, RowId::ExportDuration, RowId::ExportQueueLimit, RowId::Anomalies] {
            sinks.otel.create_in_advance(id, sinks.bounds(id));
        }
        let page = self.last_page.fetch_add(1, Ordering::Relaxed) + 1;
        let signals = self.counts.iter().map(|counts| SignalSeries::new(counts, sinks, page)).collect();
        let series = Mutex::new(ReportedSeries { page, signals, is_exporting: false });
        let reporter = ExportReporter { counts: Arc::clone(self), sinks: Arc::clone(sinks), series };
        reporter.start_export(&mut reporter.series.lock());
        reporter
    }
}

/// An object that records the export counts of a pipeline in the sinks of an observer, until it is dropped.
#[derive(Debug)]
pub(crate) struct ExportReporter {
    counts: Arc<PipelineCounts>,
    sinks: Arc<Sinks>,
    series: Mutex<ReportedSeries>,
}

#[derive(Debug)]
struct ReportedSeries {
    page: ReaderId,
    signals: Vec<SignalSeries>,
    /// Set if this reporter records in OpenTelemetry too.
    is_exporting: bool,
}

/// The series of one signal.
#[derive(Debug)]
struct SignalSeries {
    counts: Arc<ExportCounts>,
    /// The dropped items by reason, on the page: the reason, the series, and the number of items in it.
    dropped: Vec<(DropReason, SeriesValue, u64)>,
    /// `None` if another reporter records in OpenTelemetry.
    exported: Option<ExportedSeries>,
}

/// The series of one signal in OpenTelemetry, each `None` if the meter records nothing.
#[derive(Debug)]
struct ExportedSeries {
    dropped: Vec<(DropReason, Option<BoundInstrument>)>,
    /// `None` for a signal without a queue.
    queue_limit: Option<BoundInstrument>,
}

impl ExportReporter {
    /// Records the drops and the export durations since the previous call. Called before the values of each collection
    /// are read.
    pub(crate) fn record_pending(&self) {
        // The lock prevents two concurrent collections from recording the same changes.
        let mut series = self.series.lock();
        self.start_export(&mut series);
        let page = series.page;
        for signal in &mut series.signals {
            signal.record_page(&self.sinks, page);
            signal.record_exported(&self.sinks);
        }
    }

    /// Returns the current values of an observable row, one for each signal: the seconds since the last successful
    /// export (`ExportAge`) or the number of items in the queue or in flight (`ExportQueueUsage`). Empty for any other
    /// row.
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

    /// Returns whether this reporter records in OpenTelemetry too.
    pub(crate) fn is_exporting(&self) -> bool {
        self.series.lock().is_exporting
    }

    /// Starts to record in OpenTelemetry, unless another reporter does or the meter records nothing.
    fn start_export(&self, series: &mut ReportedSeries) {
        if series.is_exporting || self.sinks.otel.is_noop() || self.counts.is_exported.swap(true, Ordering::AcqRel) {
            return;
        }
        series.is_exporting = true;
        for signal in &mut series.signals {
            signal.counts.attempts.lock().add_reader(OTEL_READER);
            signal.exported = Some(ExportedSeries::new(&signal.counts, &self.sinks));
        }
    }
}

impl Drop for ExportReporter {
    fn drop(&mut self) {
        let series = self.series.get_mut();
        for signal in &mut series.signals {
            signal.counts.attempts.lock().remove_reader(series.page);
            // An up-down counter adds: the next reporter adds the limits again.
            if let Some(limit) = signal.exported.take().and_then(|exported| exported.queue_limit) {
                limit.set(0.0);
            }
        }
        if series.is_exporting {
            self.counts.is_exported.store(false, Ordering::Release);
        }
    }
}

impl SignalSeries {
    /// Returns the series on the page of an observer, whose number is `page`.
    fn new(counts: &Arc<ExportCounts>, sinks: &Sinks, page: ReaderId) -> Self {
        counts.attempts.lock().add_reader(page);
        let bind = |id, labels: &[Label]| sinks.prometheus.bind(id, labels, sinks.bounds(id));
        let bind_dropped = |reason| (reason, bind(RowId::DroppedItems, &drop_labels(counts, reason)), 0);
        bind(RowId::ExportDuration, &export_labels(counts, None));
        if let Some(QueueLimit { items, .. }) = counts.queue_limit {
            bind(RowId::ExportQueueLimit, &export_labels(counts, None)).set(count_to_f64(items));
        }
        let dropped = drop_reasons(counts).map(bind_dropped).collect();
        Self { counts: Arc::clone(counts), dropped, exported: None }
    }

    /// Records the drops and the attempts since the previous call on the page.
    fn record_page(&mut self, sinks: &Sinks, page: ReaderId) {
        for (reason, series, recorded) in &mut self.dropped {
            let total = self.counts.dropped(*reason);
            series.add(total - *recorded);
            *recorded = total;
        }
        let (attempts, discarded) = self.counts.take_attempts(page);
        let bind = |id, labels: &[Label]| sinks.prometheus.bind(id, labels, sinks.bounds(id));
        for (nanos, error) in attempts {
            bind(RowId::ExportDuration, &export_labels(&self.counts, error)).record(nanos_to_seconds(nanos), None);
        }
        if discarded > 0 {
            bind(RowId::Anomalies, &[skipped_label()]).add(discarded);
        }
    }

    /// Records the drops and the attempts since the previous call of any observer in OpenTelemetry, if this reporter
    /// does.
    fn record_exported(&self, sinks: &Sinks) {
        let Some(exported) = &self.exported else { return };
        for (reason, series) in &exported.dropped {
            if let Some(series) = series {
                series.add(self.counts.take_unexported(*reason));
            }
        }
        let (attempts, discarded) = self.counts.take_attempts(OTEL_READER);
        let bind = |id, labels: &[Label]| sinks.otel.bind(id, labels, sinks.bounds(id));
        for (nanos, error) in attempts {
            if let Some(series) = bind(RowId::ExportDuration, &export_labels(&self.counts, error)) {
                series.record(nanos_to_seconds(nanos));
            }
        }
        if discarded > 0
            && let Some(series) = bind(RowId::Anomalies, &[skipped_label()])
        {
            series.add(discarded);
        }
    }
}

impl ExportedSeries {
    fn new(counts: &ExportCounts, sinks: &Sinks) -> Self {
        let bind = |id, labels: &[Label]| sinks.otel.bind(id, labels, sinks.bounds(id));
        let bind_dropped = |reason| {
            let series = bind(RowId::DroppedItems, &drop_labels(counts, reason));
            if let Some(series) = &series {
                series.add(0);
            }
            (reason, series)
        };
        let queue_limit = counts.queue_limit.and_then(|limit| {
            let series = bind(RowId::ExportQueueLimit, &export_labels(counts, None))?;
            series.set(count_to_f64(limit.items));
            Some(series)
        });
        Self { dropped: drop_reasons(counts).map(bind_dropped).collect(), queue_limit }
    }
}

/// Returns the reasons for which items of a signal can be dropped.
fn drop_reasons(counts: &ExportCounts) -> impl Iterator<Item = DropReason> {
    DropReason::ALL.into_iter().filter(|reason| reason.applies_to(counts.signal))
}

/// Returns the labels of a signal's series: the signal, and the error type of a failed export.
fn export_labels(counts: &ExportCounts, error: Option<ErrorType>) -> Vec<Label> {
    let signal = Label::new(llmobs_attribute::SIGNAL, counts.signal.as_str());
    [signal].into_iter().chain(error.map(|error| Label::new(a::ERROR_TYPE, error.as_str()))).collect()
}

fn drop_labels(counts: &ExportCounts, reason: DropReason) -> Vec<Label> {
    [export_labels(counts, None), vec![Label::new(llmobs_attribute::DROP_REASON, reason.as_str())]].concat()
}

fn skipped_label() -> Label {
    Label::new(llmobs_attribute::ANOMALY, "skipped_export_duration")
}
