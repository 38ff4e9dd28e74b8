//! The state that all handles of an admission share.

use std::fmt;
use std::sync::Arc;
use std::sync::OnceLock;

use super::decision::Decision;
use super::priority::Priority;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::measurement::Label;
use crate::semconv::value::OTHER;
use crate::sink::SeriesHandle;
use crate::sink::Sinks;

/// The state that all handles of an admission and the guards of its queue share. Exists until the last of them is dropped.
pub(super) struct AdmissionState {
    pub(super) model: Arc<str>,
    sinks: Arc<Sinks>,
    declared: Box<[Priority]>,
    /// That of all names that are not declared.
    other: Priority,
    /// The counter of names that were folded into `_OTHER`; bound at the first one.
    folded: OnceLock<SeriesHandle>,
}

impl AdmissionState {
    /// Returns the state of an admission without requests. The series of its priorities start at zero.
    pub(super) fn new(sinks: Arc<Sinks>, model: Arc<str>, priorities: &[String]) -> Self {
        let declared: Box<[_]> = priorities.iter().map(|name| Priority::new(&model, name.as_str().into())).collect();
        declared.iter().for_each(|priority| priority.init_to_zero(&sinks));
        Self { other: Priority::new(&model, OTHER.into()), model, sinks, declared, folded: OnceLock::new() }
    }

    /// Returns whether these are the declared priorities, in any order. `priorities` has no name twice.
    pub(super) fn has_priorities(&self, priorities: &[String]) -> bool {
        let is_declared = |name: &String| self.declared.iter().any(|priority| *priority.name == **name);
        priorities.len() == self.declared.len() && priorities.iter().all(is_declared)
    }

    /// Returns the number of label sets that the decisions can have.
    pub(super) fn label_sets(&self) -> usize {
        label_sets(self.declared.len())
    }

    /// Returns the index of a priority. A name that is not declared is counted as folded, and has the index of `_OTHER`.
    pub(super) fn index(&self, name: &str) -> usize {
        self.declared.iter().position(|priority| *priority.name == *name).unwrap_or_else(|| {
            let label = || Label::new(llmobs_attribute::LABEL, llmobs_attribute::ADMISSION_PRIORITY);
            self.folded.get_or_init(|| self.sinks.bind(RowId::FoldedLabels, &[label()])).add(1);
            self.declared.len()
        })
    }

    /// Returns the priority with an index from [`index`](Self::index).
    pub(super) fn priority(&self, index: usize) -> &Priority {
        self.declared.get(index).unwrap_or(&self.other)
    }

    /// Counts a decision about a request of the priority with this index.
    pub(super) fn record(&self, index: usize, decision: Decision) {
        self.priority(index).add(&self.sinks, decision, 1);
    }

    /// Returns the declared priorities, and `_OTHER` if a name was folded.
    pub(super) fn priorities(&self) -> impl Iterator<Item = &Priority> {
        self.declared.iter().chain(Some(&self.other).filter(|other| other.is_used()))
    }
}

/// Returns the number of label sets that the decisions of an admission with this number of priorities can have.
pub(super) const fn label_sets(priorities: usize) -> usize {
    (priorities + 1) * Decision::COUNT
}

impl fmt::Debug for AdmissionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdmissionState").field("model", &self.model).finish_non_exhaustive()
    }
}
