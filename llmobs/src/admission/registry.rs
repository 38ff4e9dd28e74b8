//! The admissions of an observer, and the values of their observable rows.

use std::fmt;
use std::sync::Arc;
use std::sync::Weak;

use super::state::AdmissionState;
use super::state::label_sets;
use crate::catalog::RowId;
use crate::error::BuildError;
use crate::measurement::Observation;
use crate::sink::Sinks;
use crate::sync::Mutex;

/// The admissions of an observer, one for each model.
pub(crate) struct AdmissionRegistry {
    sinks: Arc<Sinks>,
    /// The maximum number of label sets of one metric that the backend keeps.
    series_limit: usize,
    admissions: Mutex<Vec<Weak<AdmissionState>>>,
}

impl AdmissionRegistry {
    /// Returns a registry without admissions.
    pub(crate) const fn new(sinks: Arc<Sinks>, series_limit: usize) -> Self {
        Self { sinks, series_limit, admissions: Mutex::new(Vec::new()) }
    }

    /// Returns the state of the admission of a model, new or shared with other handles. Returns an error if the model has
    /// other priorities, or if the decisions of all admissions can have more label sets than the backend keeps.
    pub(super) fn open(&self, model: &str, priorities: &[String]) -> Result<Arc<AdmissionState>, BuildError> {
        let invalid = |reason| BuildError::InvalidLabel { setter: "priorities", name: model.to_owned(), reason };
        let mut admissions = self.admissions.lock();
        admissions.retain(|admission| admission.strong_count() > 0);
        let open: Vec<_> = admissions.iter().filter_map(Weak::upgrade).collect();
        if let Some(known) = open.iter().find(|admission| *admission.model == *model) {
            return match known.has_priorities(priorities) {
                true => Ok(Arc::clone(known)),
                false => Err(invalid("the model has an admission with other priorities")),
            };
        }
        let used: usize = open.iter().map(|admission| admission.label_sets()).sum();
        if used.saturating_add(label_sets(priorities.len())) > self.series_limit {
            return Err(invalid("the admissions of the observer would have more label sets than `series_limit`"));
        }
        let state = Arc::new(AdmissionState::new(Arc::clone(&self.sinks), model.into(), priorities));
        admissions.push(Arc::downgrade(&state));
        Ok(state)
    }

    /// Returns whether the admission of this model has a handle or a queued request.
    pub(crate) fn has_model(&self, model: &str) -> bool {
        self.open_admissions().iter().any(|admission| *admission.model == *model)
    }

    /// Returns the values of an observable row of admissions; empty for any other row.
    pub(crate) fn read(&self, id: RowId) -> Vec<Observation> {
        let admissions = self.open_admissions();
        let priorities = admissions.iter().flat_map(|admission| admission.priorities());
        match id {
            RowId::AdmissionQueueLength => priorities.map(|priority| priority.queue_length()).collect(),
            RowId::AdmissionLimit => priorities.filter_map(|priority| priority.limit()).collect(),
            _ => Vec::new(),
        }
    }

    fn open_admissions(&self) -> Vec<Arc<AdmissionState>> {
        self.admissions.lock().iter().filter_map(Weak::upgrade).collect()
    }
}

impl fmt::Debug for AdmissionRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdmissionRegistry").field("admissions", &self.open_admissions().len()).finish_non_exhaustive()
    }
}
