//! An observer, and readings of its admissions.

use llmobs::Observer;
use llmobs::testing::Readings;

pub(crate) const DECISIONS: &str = "llmobs.admission.decisions";
pub(crate) const LENGTH: &str = "llmobs.admission.queue.length";
pub(crate) const LIMIT: &str = "llmobs.admission.limit";

pub(crate) fn observer() -> Observer {
    Observer::builder().model("m").build().unwrap()
}

/// Returns a counter or gauge, summed over the series of a priority; over all series if the priority is empty.
pub(crate) fn of(observer: &Observer, name: &str, priority: &str) -> u64 {
    count(&Readings::new(observer), name, priority)
}

/// Returns the same number out of readings.
pub(crate) fn count(readings: &Readings, name: &str, priority: &str) -> u64 {
    readings.count(name, &priority_label(priority))
}

/// Returns the number of requests of a priority with this decision, with the reason after a slash.
pub(crate) fn decided(observer: &Observer, priority: &str, decision: &str) -> u64 {
    count_decided(&Readings::new(observer), priority, decision)
}

/// Returns the same number out of readings.
pub(crate) fn count_decided(readings: &Readings, priority: &str, decision: &str) -> u64 {
    let (decision, reason) = decision.split_once('/').unwrap_or((decision, ""));
    let mut labels = priority_label(priority);
    labels.push(("llmobs.admission.decision", decision));
    labels.extend((!reason.is_empty()).then_some(("llmobs.admission.reason", reason)));
    readings.count(DECISIONS, &labels)
}

/// Returns the priorities that have a series of a metric, in order.
pub(crate) fn priorities(observer: &Observer, name: &str) -> Vec<String> {
    let series = Readings::new(observer).series(name);
    let mut names: Vec<_> = series.iter().map(|labels| labels["llmobs_admission_priority"].clone()).collect();
    names.sort();
    names.dedup();
    names
}

fn priority_label(priority: &str) -> Vec<(&'static str, &str)> {
    (!priority.is_empty()).then_some(("llmobs.admission.priority", priority)).into_iter().collect()
}
