//! The numbers of one priority of an admission.

use std::sync::Arc;
use std::sync::OnceLock;

use super::decision::Decision;
use crate::catalog::RowId;
use crate::catalog::SERIES_ATTRIBUTES;
use crate::catalog::llmobs_attribute;
use crate::measurement::Label;
use crate::measurement::Observation;
use crate::number::to_f64;
use crate::sink::SeriesHandle;
use crate::sink::Sinks;
use crate::sync::AtomicU64;
use crate::sync::Ordering;

/// The stored value of a limit that is not set.
const NO_LIMIT: u64 = u64::MAX;

/// The numbers of one priority: its decisions in bound series, and its queue and limit in atomics, which each collection
/// reads.
#[derive(Debug)]
pub(super) struct Priority {
    pub(super) name: Arc<str>,
    /// The model and the priority.
    labels: [Label; 2],
    queue_length: AtomicU64,
    limit: AtomicU64,
    /// By [`Decision::index`].
    decisions: [OnceLock<SeriesHandle>; Decision::COUNT],
}

impl Priority {
    /// Returns a priority without decisions, whose queue is empty and whose limit is not set.
    pub(super) fn new(model: &Arc<str>, name: Arc<str>) -> Self {
        let labels = [
            Label::new(SERIES_ATTRIBUTES[2], Arc::clone(model)),
            Label::new(llmobs_attribute::ADMISSION_PRIORITY, Arc::clone(&name)),
        ];
        Self {
            name,
            labels,
            queue_length: AtomicU64::new(0),
            limit: AtomicU64::new(NO_LIMIT),
            decisions: Default::default(),
        }
    }

    /// Creates the series of every decision with the value zero, if the level includes the row: OpenTelemetry exports a
    /// bound series without values.
    pub(super) fn init_to_zero(&self, sinks: &Sinks) {
        Decision::all().for_each(|decision| self.add(sinks, decision, 0));
    }

    /// Adds to the number of requests with this decision, if the level includes the row.
    pub(super) fn add(&self, sinks: &Sinks, decision: Decision, count: u64) {
        if sinks.is_enabled(RowId::AdmissionDecisions.row().level) {
            let bind = || {
                let labels: Vec<_> = self.labels.iter().cloned().chain(decision.labels()).collect();
                sinks.bind(RowId::AdmissionDecisions, &labels)
            };
            self.decisions[decision.index()].get_or_init(bind).add(count);
        }
    }

    /// Adds a request to the queue.
    pub(super) fn enter_queue(&self) {
        self.queue_length.fetch_add(1, Ordering::Relaxed);
    }

    /// Removes a request that entered the queue.
    pub(super) fn leave_queue(&self) {
        self.queue_length.fetch_sub(1, Ordering::Relaxed);
    }

    /// Sets the current limit.
    pub(super) fn set_limit(&self, operations: usize) {
        let limit = u64::try_from(operations).unwrap_or(NO_LIMIT).min(NO_LIMIT - 1);
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Returns whether a request or a limit had this priority.
    pub(super) fn is_used(&self) -> bool {
        self.queue_length.load(Ordering::Relaxed) > 0
            || self.limit().is_some()
            || self.decisions.iter().any(|series| series.get().is_some())
    }

    /// Returns the number of requests in the queue.
    pub(super) fn queue_length(&self) -> Observation {
        self.observe(self.queue_length.load(Ordering::Relaxed))
    }

    /// Returns the current limit; `None` until it is set.
    pub(super) fn limit(&self) -> Option<Observation> {
        let limit = self.limit.load(Ordering::Relaxed);
        (limit != NO_LIMIT).then(|| self.observe(limit))
    }

    fn observe(&self, number: u64) -> Observation {
        Observation { labels: self.labels.to_vec(), value: to_f64(number) }
    }
}
